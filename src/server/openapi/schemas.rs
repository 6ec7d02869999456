//! The schemas of a resource: what is answered, what is sent, and pages of it.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::examples;
use crate::core::access::Caller;
use crate::core::field::{Shape, nullable_schema};
use crate::core::files::FileKind;
use crate::core::resource::{COUNT, FieldInfo, Mode, Resource, draft};

/// The most alternatives of a filter, and the most characters of each.
const MAX_ALTERNATIVES: usize = 100;
const LONGEST_FILTER: usize = 255;

/// A reference to a schema.
pub fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// A schema with what it means.
pub fn about(mut schema: Value, text: &str) -> Value {
    schema["description"] = text.trim().into();
    schema
}

/// An object whose members are all there, always.
pub fn object(about: &str, members: Value) -> Value {
    let required: Vec<&String> = members.as_object().map(|members| members.keys().collect()).unwrap_or_default();
    json!({ "type": "object", "description": about, "required": required, "properties": members })
}

/// The schemas of a resource.
pub fn of<R: Resource>() -> Vec<(String, Value)> {
    let name = R::TABLE.type_name();
    let upload = (!R::FILES.is_empty()).then(|| (format!("{name}Upload"), upload::<R>()));
    let others = [
        (format!("{name}Input"), creation::<R>()),
        (format!("{name}Update"), update::<R>()),
        (format!("{name}Form"), form::<R>()),
        (format!("{name}Search"), search::<R>()),
        (format!("{name}Page"), page(&name)),
        (name, answer::<R>()),
    ];
    others.into_iter().chain(upload).collect()
}

/// The fields that a resource's path tells: they need not be sent, and can't be changed.
fn in_path<R: Resource>() -> Option<&'static str> {
    R::TABLE.parent.as_ref().filter(|_| R::TABLE.path.contains('{')).map(|parent| parent.column)
}

fn answer<R: Resource>() -> Value {
    let read_only = |mut schema: Value| {
        schema["readOnly"] = true.into();
        schema
    };
    let common = |shape: Shape, text: &str| read_only(about(shape.schema(), text));
    let text = Shape::Text { max: 0, format: "" };
    let mut properties = Map::from_iter([
        ("id".into(), about(Shape::Id.schema(), "Its id.")),
        ("created_at".into(), common(Shape::Time, "When it was made.")),
        ("updated_at".into(), common(Shape::Time, "When it last changed.")),
        ("path".into(), common(text, "Its address, relative to the root.")),
        ("url".into(), common(text, "Its absolute address.")),
    ]);
    for field in R::FIELDS.iter().filter(|field| !field.hidden) {
        let schema = about((field.schema)(), field.about);
        let schema = if field.mode == Mode::Server { read_only(schema) } else { schema };
        properties.insert(field.name.into(), schema);
    }
    for embed in R::EMBEDS {
        properties.insert(embed.name.into(), read_only(about((embed.schema)(), embed.about)));
    }
    // What not everybody may see is not always there.
    let shown = |name: &String| R::SAFE.is_empty() || R::SAFE.contains(&name.as_str());
    let required: Vec<String> = properties.keys().filter(|name| shown(name)).cloned().collect();
    json!({
        "type": "object",
        "description": R::ABOUT.trim(),
        "required": required,
        "properties": properties,
        "examples": [examples::answer::<R>()],
    })
}

/// The fields that may be sent, and their other names.
fn sent<R: Resource>(fields: impl Fn(&FieldInfo) -> bool, schema: impl Fn(&FieldInfo) -> Value) -> Map<String, Value> {
    let mut properties = Map::new();
    for field in R::FIELDS.iter().filter(|field| field.mode != Mode::Server && fields(field)) {
        let mut schema = about(schema(field), field.about);
        if field.hidden {
            schema["writeOnly"] = true.into();
        }
        for (theirs, _) in R::ALIASES.iter().filter(|(_, ours)| *ours == field.name) {
            properties.insert((*theirs).into(), about(schema.clone(), &format!("As {}.", field.name)));
        }
        properties.insert(field.name.into(), schema);
    }
    properties
}

fn with_default(field: &FieldInfo) -> Value {
    let mut schema = (field.schema)();
    if let Some(default) = (field.default)() {
        schema["default"] = default;
    }
    schema
}

fn creation<R: Resource>() -> Value {
    let mut properties = sent::<R>(|_| true, with_default);
    properties.insert("id".into(), about(Shape::Id.schema(), "Chosen by the client, if at all."));
    if R::MOST_AT_ONCE > 0 {
        let count = json!({ "type": "integer", "minimum": 1, "maximum": R::MOST_AT_ONCE });
        properties.insert(COUNT.into(), about(count, "How many to make; then a page of them is answered."));
    }
    json!({
        "type": "object",
        "description": "What makes one. Unknown and read-only fields are ignored.",
        "required": required::<R>(),
        "properties": properties,
        "examples": [examples::input::<R>()],
    })
}

/// What a creation must give: what one that gives nothing is refused for.
fn required<R: Resource>() -> Vec<String> {
    let parents = in_path::<R>().map(|_| Uuid::nil());
    let refusal = draft::<R>(&Caller::administrator("".into()), parents.as_slice(), Map::new()).err();
    let fields = refusal.map(|error| error.fields().clone()).unwrap_or_default();
    fields.into_iter().filter(|(_, must)| must.iter().any(|must| must == "is required")).map(|(name, _)| name).collect()
}

fn update<R: Resource>() -> Value {
    json!({
        "type": "object",
        "description": "What changes. Fields left out stay as they are; unknown, fixed and read-only ones are ignored.",
        "properties": sent::<R>(|field| field.mode == Mode::Open, |field| (field.schema)()),
        "examples": [examples::change::<R>()],
    })
}

/// Forms hold text only, and a blank for null.
fn form<R: Resource>() -> Value {
    let plain = |field: &FieldInfo| !matches!(field.shape, Shape::Object | Shape::List);
    let schema = |field: &FieldInfo| {
        let mut schema = (field.schema)();
        let kind = schema["type"].as_array().and_then(|kinds| kinds.first().cloned());
        if let Some(kind) = kind {
            schema["type"] = kind;
        }
        if let Some(Value::Array(words)) = schema.get_mut("enum") {
            words.retain(|word| !word.is_null());
        }
        schema
    };
    let name = R::TABLE.name;
    let how = format!(
        "The fields by name, or as {name}[field]. Parts of objects are named field[key], entries of lists field[]."
    );
    json!({
        "type": "object",
        "description": how,
        "properties": sent::<R>(plain, schema),
        // Names that are neither plain nor bracketed are refused.
        "additionalProperties": false,
    })
}

/// The form with its files, which forms of one media type only can have.
fn upload<R: Resource>() -> Value {
    let mut form = form::<R>();
    for (name, kind) in R::FILES {
        let text = match kind {
            FileKind::Image => "A picture: PNG, JPEG, GIF or WebP.",
            FileKind::Asset => "A file of any kind.",
        };
        form["properties"][*name] = about(json!({ "type": "string", "format": "binary" }), text);
    }
    form
}

fn search<R: Resource>() -> Value {
    let mut properties = Map::new();
    for (name, schema, text) in super::parameters::of_index::<R>() {
        let schema = match schema.get("items") {
            None => schema,
            Some(items) => {
                json!({ "anyOf": [items, { "type": "array", "items": items, "maxItems": MAX_ALTERNATIVES }] })
            }
        };
        properties.insert(name.into(), about(schema, &text));
    }
    json!({
        "type": "object",
        "description": "The parameters of the index.",
        "properties": properties,
        "examples": [{ "per_page": 2, "order": "descending" }],
    })
}

/// The values of a filter, which commas separate in a query.
pub fn alternatives(schema: Value) -> Value {
    let mut items = schema;
    if items["type"] == "string" && items["format"].is_null() && items["enum"].is_null() {
        // A part of what is looked for need not look like the whole.
        items = json!({ "type": "string", "maxLength": LONGEST_FILTER, "pattern": "^[^\\u0000]*$" });
    }
    json!({ "type": "array", "items": items, "maxItems": MAX_ALTERNATIVES })
}

fn page(name: &str) -> Value {
    let whole = |minimum: i64, text: &str| about(Shape::Integer { minimum }.schema(), text);
    let maybe = |text: &str| about(nullable_schema(Shape::Integer { minimum: 1 }.schema()), text);
    let mut page = object(
        "A page of an index.",
        json!({
            "total_pages": whole(1, "How many pages there are, at least 1."),
            "total_entries": whole(0, "How many entries there are on all pages."),
            "previous_page": maybe("The page before this one."),
            "next_page": maybe("The page after this one."),
            "current_page": whole(1, "This page."),
            "per_page": whole(1, "How many entries a full page has."),
            "results": { "type": "array", "items": reference(name) },
        }),
    );
    page["properties"]["next_cursor"] = json!({ "type": ["string", "null"], "description": "What the parameter cursor takes for the entries after these." });
    page
}
