//! Scopes: what a token may be used for, of all that its user may do. Beyond its scopes a token counts for nothing, and
//! whoever sends it as a stranger.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Verb;
use super::permissions::is_known;
use crate::core::field::{Document, Shape};

/// What stands for every resource or every verb.
const ANY: &str = "*";

/// What a token may be used for, each a resource and a verb with a dot between; none means all that its user may do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scopes(Vec<String>);

impl Scopes {
    /// Whether there is no limit.
    pub fn are_all(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether they cover this verb on this resource.
    pub fn cover(&self, resource: &str, verb: Verb) -> bool {
        let covers = |scope: &String| {
            let (on, may) = parts(scope);
            (on == ANY || on == resource) && (may == ANY || may == verb.word())
        };
        self.are_all() || self.0.iter().any(covers)
    }

    /// Their texts.
    pub fn words(&self) -> &[String] {
        &self.0
    }
}

/// The resource and the verb of a scope.
fn parts(scope: &str) -> (&str, &str) {
    scope.split_once('.').unwrap_or((scope, if scope == ANY { ANY } else { "" }))
}

impl Document for Scopes {
    const SHAPE: Shape = Shape::List;
    const MUST: &'static str = "a list of scopes such as products.read, products.* or *.read";

    fn schema() -> Value {
        json!({ "type": "array", "items": { "type": "string" }, "examples": [["products.read", "builds.*"]] })
    }

    fn read(value: &Value) -> Option<Self> {
        match value {
            // As OAuth writes them (RFC 6749, 3.3), and as forms do.
            Value::String(text) => {
                Some(Self(text.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect()))
            }
            list => serde_json::from_value(list.clone()).ok(),
        }
    }

    fn fault(&self) -> Option<String> {
        let unknown = self.0.iter().find(|scope| {
            let (resource, verb) = parts(scope);
            !is_known((resource != ANY).then_some(resource), (verb != ANY).then_some(verb))
        })?;
        Some(format!("must not name the unknown scope {unknown:?}; write such as products.read, products.* or *.read"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::core::db::Json;
    use crate::core::field::Field;

    #[test]
    fn scopes_cover_what_they_name() {
        let (read, update) = (Verb::Read, Verb::Update);
        for (given, on, verb, covered) in [
            (json!([]), "products", update, true),
            (json!(["products.read"]), "products", read, true),
            (json!(["products.read"]), "products", update, false),
            (json!(["products.read"]), "builds", read, false),
            (json!(["products.*"]), "products", update, true),
            (json!(["*.read"]), "builds", read, true),
            (json!(["*.read"]), "builds", update, false),
            (json!(["*"]), "builds", update, true),
            (json!("products.read builds.update"), "builds", update, true),
        ] {
            assert_eq!(Json::<Scopes>::parse(&given).unwrap().cover(on, verb), covered, "{given} {on}");
        }
        for bad in [
            json!(["product.read"]),
            json!(["products"]),
            json!(["products.fly"]),
            json!(["products.read.all"]),
            json!([""]),
            json!([1]),
            json!({}),
        ] {
            Json::<Scopes>::parse(&bad).unwrap_err();
        }
    }
}
