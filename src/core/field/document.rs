//! Fields of structured JSON: objects and lists, at most 64 KiB each.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Field, Shape};
use crate::core::db::{Arg, Json};

const MAX_BYTES: usize = 64 * 1024;

/// A structured value that a field may hold, inside [`Json`].
pub trait Document: Serialize + DeserializeOwned + Clone + Default {
    /// [`Shape::Object`] or [`Shape::List`].
    const SHAPE: Shape;
    /// What it must be, as the rest of a sentence.
    const MUST: &'static str;
    /// The most bytes that it may take as JSON.
    const MAX_BYTES: usize = MAX_BYTES;

    /// Its JSON Schema.
    fn schema() -> Value {
        Self::SHAPE.schema()
    }

    /// What is wrong with a well-typed value, if anything.
    fn fault(&self) -> Option<String> {
        None
    }

    /// Reads the value; forms have text where JSON has numbers.
    fn read(value: &Value) -> Option<Self> {
        serde_json::from_value(value.clone()).ok()
    }
}

impl<T: Document> Field for Json<T> {
    const SHAPE: Shape = T::SHAPE;

    fn parse(value: &Value) -> Result<Self, String> {
        let document = T::read(value).ok_or_else(|| format!("must be {}", T::MUST))?;
        if let Some(fault) = document.fault() {
            return Err(fault);
        }
        if value.to_string().len() > T::MAX_BYTES {
            return Err(format!("must be at most {} KiB of JSON", T::MAX_BYTES / 1024));
        }
        if serde_json::to_value(&document).is_ok_and(|value| has_control(&value)) {
            return Err("must not contain control characters other than newline and tab".into());
        }
        Ok(Self(document))
    }

    fn schema() -> Value {
        T::schema()
    }

    fn arg(&self) -> Arg {
        serde_json::to_value(&self.0).unwrap_or_default().into()
    }

    fn blank() -> Self {
        Self(T::default())
    }
}

impl<T: Document> From<Option<Json<T>>> for Arg {
    fn from(value: Option<Json<T>>) -> Self {
        Self::Json(value.and_then(|value| serde_json::to_value(&value.0).ok()))
    }
}

fn has_control(value: &Value) -> bool {
    let bad = |text: &str| text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
    match value {
        Value::String(text) => bad(text),
        Value::Array(items) => items.iter().any(has_control),
        Value::Object(entries) => entries.iter().any(|(key, value)| bad(key) || has_control(value)),
        _ => false,
    }
}

/// Any JSON object.
pub type Object = Map<String, Value>;
/// A list of words, such as a command line's options.
pub type Words = Vec<String>;
/// A list of TCP ports.
pub type Ports = Vec<i64>;
/// A list of ids.
pub type Uuids = Vec<Uuid>;

impl Document for Object {
    const SHAPE: Shape = Shape::Object;
    const MUST: &'static str = "a JSON object";

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Object(object) => Some(object.clone()),
            Value::String(text) => serde_json::from_str(text).ok(),
            _ => None,
        }
    }
}

impl Document for Words {
    const SHAPE: Shape = Shape::List;
    const MUST: &'static str = "a list of texts";

    fn schema() -> Value {
        json!({ "type": "array", "items": { "type": "string" }, "examples": [["--verbose"]] })
    }
}

impl Document for Ports {
    const SHAPE: Shape = Shape::List;
    const MUST: &'static str = "a list of port numbers from 1 to 65535";

    fn schema() -> Value {
        let port = json!({ "type": "integer", "minimum": 1, "maximum": 65535 });
        json!({ "type": "array", "items": port, "examples": [[8080]] })
    }

    fn read(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(|port| i64::parse(port).ok()).collect()
    }

    fn fault(&self) -> Option<String> {
        let valid = self.iter().all(|port| (1..=65535).contains(port));
        (!valid).then(|| format!("must be {}", Self::MUST))
    }
}

impl Document for Uuids {
    const SHAPE: Shape = Shape::List;
    const MUST: &'static str = "a list of UUIDs";

    fn schema() -> Value {
        json!({ "type": "array", "items": Shape::Id.schema() })
    }
}
