//! Examples: what fields hold in a believable marketplace, told by their names and shapes.

use serde_json::{Map, Value, json};
use uuid::Builder;
use xxhash_rust::xxh3::xxh3_128;

use crate::core::field::Shape;
use crate::core::resource::{FieldInfo, Mode, Resource};

const PAST: &str = "2026-01-31T12:00:00.000Z";
const FUTURE: &str = "2099-12-31T23:59:59.000Z";

/// An id that is always the same for a name.
pub fn id(name: &str) -> Value {
    let bytes = xxh3_128(name.as_bytes()).to_be_bytes();
    Builder::from_random_bytes(bytes).into_uuid().to_string().into()
}

/// The body of a creation.
pub fn input<R: Resource>() -> Value {
    sent::<R>(|field| field.mode != Mode::Server)
}

/// The body of an update: the first fields.
pub fn change<R: Resource>() -> Value {
    let mut left = 2;
    sent::<R>(|field| {
        let taken = field.mode == Mode::Open && left > 0;
        left -= i32::from(taken);
        taken
    })
}

fn sent<R: Resource>(mut fields: impl FnMut(&FieldInfo) -> bool) -> Value {
    R::FIELDS.iter().filter(|field| fields(field)).map(|field| (field.name.to_owned(), value(field))).collect()
}

/// An answer.
pub fn answer<R: Resource>() -> Value {
    let (table, own) = (&R::TABLE, id(R::TABLE.name));
    let path = table.path.split('/').skip(1).map(|segment| {
        let name = segment.strip_prefix('{').and_then(|segment| segment.strip_suffix("_id}"));
        name.map_or_else(|| segment.to_owned(), |name| id(name).as_str().unwrap_or_default().to_owned())
    });
    let path = format!("/{}/{}", path.collect::<Vec<_>>().join("/"), own.as_str().unwrap_or_default());
    let mut answer = Map::from_iter([
        ("id".to_owned(), own),
        ("created_at".into(), PAST.into()),
        ("updated_at".into(), PAST.into()),
        ("url".into(), format!("https://marketplace.example.org{path}").into()),
        ("path".into(), path.into()),
    ]);
    for embed in R::EMBEDS {
        answer.insert(embed.name.into(), empty(&(embed.schema)()));
    }
    answer.extend(R::FIELDS.iter().filter(|field| !field.hidden).map(|field| (field.name.to_owned(), value(field))));
    answer.into()
}

/// Nothing, as far as a schema allows it.
fn empty(schema: &Value) -> Value {
    match schema["type"].as_str() {
        Some("array") => json!([]),
        Some("boolean") => json!(false),
        Some("string") => json!("https://marketplace.example.org/"),
        _ => Value::Null,
    }
}

fn value(field: &FieldInfo) -> Value {
    if let Some(example) = (field.schema)()["examples"].get_mut(0) {
        return example.take();
    }
    match field.shape {
        Shape::Text { format, .. } => text(field.name, format).into(),
        Shape::Integer { minimum } => (field.default)().unwrap_or_else(|| minimum.max(1).into()),
        Shape::Boolean => (field.default)().unwrap_or_else(|| true.into()),
        Shape::Time if field.name.contains("expires") || field.name.contains("until") => FUTURE.into(),
        Shape::Time => PAST.into(),
        Shape::Id => id(field.name.strip_suffix("_id").unwrap_or(field.name)),
        Shape::Choice(words) => words.first().copied().into(),
        Shape::Object => json!({}),
        Shape::List => json!([]),
    }
}

fn text(name: &str, format: &str) -> &'static str {
    match (name, format) {
        ("first_name" | "middle_name", _) => "Alex",
        ("last_name", _) => "Example",
        ("salutation", _) => "Dr",
        ("locale", _) => "en-GB",
        ("mime_type", _) => "application/smart.v1",
        ("uri", _) => "http://hl7.org/fhir",
        ("version", _) => "2.1.0",
        ("build_version" | "external_id", _) => "4711",
        ("container_repository", _) => "registry.example.org/ward/board",
        ("container_tag", _) => "2.1.0",
        ("container_digest", _) => "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        ("code", _) => "0123-4567-89AB-CDEF-GHJK",
        ("cron" | "maintenance", _) => "30 2 * * 1-5",
        ("client_id", _) => "marketplace",
        ("scopes", _) => "openid email",
        ("hd", _) => "example.org",
        ("public_key", _) => {
            "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----"
        }
        ("sub", _) => "248289761001",
        ("description" | "release_notes" | "terms" | "caption" | "remark", _) => "Shows the beds of a ward.",
        (_, "uri") => "https://example.org/ward",
        (_, "email") => "alex@example.org",
        (_, "password") => "correct horse battery staple",
        _ => "Ward Board",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::core::access::Caller;
    use crate::core::model;
    use crate::core::resource::{Resource, draft};

    #[test]
    fn examples_hold() {
        macro_rules! check {
            ($($resource:ident),+) => {$(
                let given = input::<model::$resource>().as_object().unwrap().clone();
                let refusal = draft::<model::$resource>(&Caller::administrator("".into()), &[], given).err();
                let fields = refusal.map(|error| error.fields().clone()).unwrap_or_default();
                // Files are no part of JSON.
                let wrong = fields.keys().find(|field| model::$resource::FILES.iter().all(|(file, _)| file != field));
                assert_eq!(wrong, None, "{}: {fields:?}", stringify!($resource));
            )+};
        }
        crate::each_resource!(check);
    }
}
