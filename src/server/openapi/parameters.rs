//! Parameters: of paths, of indexes, and the headers of requests.

use serde_json::{Value, json};

use super::schemas::{about, alternatives};
use crate::core::field::Shape;
use crate::core::resource::Resource;

/// A parameter of the query.
pub fn query(name: &str, schema: Value, text: &str) -> Value {
    let mut parameter = json!({ "name": name, "in": "query", "description": text, "schema": schema });
    if parameter["schema"]["type"] == "array" {
        parameter["style"] = "form".into();
        parameter["explode"] = false.into();
    }
    parameter
}

/// The parameters of a path.
pub fn of_path(path: &str) -> Vec<Value> {
    let names = path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let schema = |name| match name {
        "size" => json!({ "type": "string", "enum": ["small", "medium", "large"] }),
        "digest" => json!({ "type": "string", "pattern": "^sha256:[0-9a-f]{64}$" }),
        _ => Shape::Id.schema(),
    };
    names.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": schema(name) })).collect()
}

/// The parameters of an index: name, schema, meaning.
pub fn of_index<R: Resource>() -> Vec<(&'static str, Value, String)> {
    let fields = || {
        let seen = |shape| !matches!(shape, Shape::Object | Shape::List);
        R::FIELDS.iter().filter(move |field| !field.hidden && seen(field.shape))
    };
    let own = ["id", "created_at", "updated_at"];
    let sortable: Vec<&str> = own.into_iter().chain(fields().map(|field| field.name)).collect();
    let whole =
        |maximum: i64, default: i64| json!({ "type": "integer", "minimum": 1, "maximum": maximum, "default": default });
    let mut parameters = vec![
        ("page", whole(i32::MAX.into(), 1), "The page, from 1.".to_owned()),
        ("per_page", whole(1000, 10), "Entries on a page.".into()),
        (
            "cursor",
            json!({ "type": "string" }),
            "Instead of page: next_cursor of the page before, or empty to begin. A walk sees each row once.".into(),
        ),
        ("sort", json!({ "type": "string", "enum": sortable }), "The field to sort by.".into()),
        (
            "order",
            json!({ "type": "string", "enum": ["ascending", "descending", "asc", "desc"] }),
            "In which direction.".into(),
        ),
    ];
    if !R::TABLE.search.is_empty() {
        let words = json!({ "type": "string", "maxLength": 64, "pattern": "^([^\\u0000 ]+( [^\\u0000 ]+){0,3})?$" });
        parameters.push((
            "text",
            words,
            "Words, or starts of words, to search for; sixteen count. Unless sorted, the best hits come first.".into(),
        ));
    }
    let common = [("id", Shape::Id), ("created_at", Shape::Time), ("updated_at", Shape::Time)];
    let filters = common.into_iter().chain(fields().map(|field| (field.name, field.shape)));
    for (name, shape) in filters {
        let how = match shape {
            Shape::Text { .. } => "contains one of these, whatever the case",
            _ => "is one of these",
        };
        let text = format!("Only those whose {name} {how}.");
        // What it filters by need not be valid: text matches a part.
        let shape = if matches!(shape, Shape::Text { .. }) { Shape::Text { max: 0, format: "" } } else { shape };
        parameters.push((name, alternatives(shape.schema()), text));
    }
    for (name, shape, text) in R::FILTERS {
        let schema = if text.contains("Commas") { alternatives(shape.schema()) } else { shape.schema() };
        parameters.push((name, schema, text.trim().to_owned()));
    }
    parameters
}

/// A reference to one of the [`components`].
pub fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/parameters/{name}") })
}

/// The headers that requests may have.
pub fn components() -> Value {
    let header = |name: &str, schema: Value, text: &str| json!({ "name": name, "in": "header", "description": text, "schema": schema });
    let required = |name: &str, schema: Value, text: &str| {
        let mut parameter = header(name, schema, text);
        parameter["required"] = true.into();
        parameter
    };
    let printable =
        |longest: usize| json!({ "type": "string", "maxLength": longest, "pattern": "^[!-~]([ -~]*[!-~])?$" });
    let tag = || about(json!({ "type": "string", "examples": ["W/\"0123456789abcdef0123456789abcdef\""] }), "");
    json!({
        "IfMatch": header("If-Match", tag(), "The ETag that must still hold, else nothing is changed (412)."),
        "IfNoneMatch": header("If-None-Match", tag(), "The ETag of what is known: if it still holds, the answer is 304."),
        "IdempotencyKey": header(
            "Idempotency-Key",
            printable(255),
            "Repeats with the same key and body are answered as the first time, for 24 hours.",
        ),
        "PackageSignature": header(
            "Package-Signature",
            printable(2048),
            "A detached JWS (EdDSA, with jwk and kid) over the manifest in its canonical form (RFC 8785).",
        ),
        "UploadComplete": required(
            "Upload-Complete",
            json!({ "type": "string", "enum": ["?0", "?1"] }),
            "?1 with the last part, ?0 with those before.",
        ),
        "UploadOffset": required(
            "Upload-Offset",
            json!({ "type": "integer", "minimum": 0, "maximum": 999_999_999_999_999_u64 }),
            "With which byte of the file the part begins.",
        ),
        "RequestId": header("X-Request-Id", printable(128), "An id for the log; the answer has it too."),
    })
}
