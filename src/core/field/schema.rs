//! Fields described: the JSON Schema (2020-12) of what is sent and answered, as OpenAPI 3.1 has it.

use serde_json::{Map, Value, json};

use super::Shape;
use crate::core::resource::{Located, Resource};

/// What answers may embed.
pub trait Described {
    /// Its JSON Schema.
    fn schema() -> Value;
}

impl Shape {
    /// The JSON Schema of values of this shape.
    pub fn schema(self) -> Value {
        match self {
            Self::Text { max, format } => {
                let mut schema = json!({ "type": "string" });
                if max > 0 {
                    schema["maxLength"] = max.into();
                }
                if !format.is_empty() {
                    schema["format"] = format.into();
                }
                schema
            }
            Self::Integer { minimum: i64::MIN } => {
                json!({ "type": "integer", "minimum": i64::MIN, "maximum": i64::MAX })
            }
            Self::Integer { minimum } => json!({ "type": "integer", "minimum": minimum, "maximum": i32::MAX }),
            Self::Boolean => json!({ "type": "boolean" }),
            Self::Time => json!({ "type": "string", "format": "date-time" }),
            Self::Id => json!({ "type": "string", "format": "uuid" }),
            Self::Choice(words) => json!({ "type": "string", "enum": words }),
            Self::Object => json!({ "type": "object" }),
            Self::List => json!({ "type": "array" }),
        }
    }
}

/// The same schema with `null` allowed.
pub fn nullable(mut schema: Value) -> Value {
    let Some(kind) = schema.get("type").cloned() else { return json!({ "anyOf": [schema, { "type": "null" }] }) };
    if let Some(Value::Array(words)) = schema.get_mut("enum") {
        words.push(Value::Null);
    }
    schema["type"] = json!([kind, "null"]);
    schema
}

impl Described for String {
    fn schema() -> Value {
        json!({ "type": "string" })
    }
}

impl Described for bool {
    fn schema() -> Value {
        Shape::Boolean.schema()
    }
}

impl Described for Map<String, Value> {
    fn schema() -> Value {
        Shape::Object.schema()
    }
}

impl<T: Described> Described for Option<T> {
    fn schema() -> Value {
        nullable(T::schema())
    }
}

impl<T: Described> Described for Vec<T> {
    fn schema() -> Value {
        json!({ "type": "array", "items": T::schema() })
    }
}

/// A resource is described once, under the name of its type.
impl<R: Resource> Described for Located<R> {
    fn schema() -> Value {
        json!({ "$ref": format!("#/components/schemas/{}", R::TABLE.type_name()) })
    }
}
