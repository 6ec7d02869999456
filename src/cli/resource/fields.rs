//! The fields of a resource as people give them: `--set`, `--file`, `--where`.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::command::Body;
use super::find;
use super::noun::Noun;
use crate::cli::error::{Code, Failed};
use crate::cli::near::near;
use crate::cli::output::cell;
use crate::client::Client;
use crate::core::field::Shape;
use crate::core::resource::FieldInfo;

/// Files to send, with the fields that they are for.
type Uploads = Vec<(String, PathBuf)>;

/// The fields and files to send.
pub async fn of_body(
    client: &Client,
    noun: &Noun,
    body: &Body,
    creating: bool,
) -> Result<(Map<String, Value>, Uploads), Failed> {
    let files: Vec<_> = noun.files.iter().map(|(name, _)| *name).collect();
    if let Some((name, _)) = body.uploads.iter().find(|(name, _)| !files.contains(&name.as_str())) {
        return Err(unknown(noun, name, "file", &files));
    }
    let mut fields = match &body.file {
        Some(file) => unwrapped(read(file)?, noun.table.name),
        None => Map::new(),
    };
    for (name, text) in &body.sets {
        let field = settable(noun, name, creating)?;
        fields.insert(field.map_or("id", |field| field.name).to_owned(), value(field, text)?);
    }
    for (name, _) in &body.sets {
        let Some(field) = noun.field(name).filter(|field| field.shape == Shape::Id) else { continue };
        let Some(text) = fields[field.name].as_str() else { continue };
        let kind = |column: &str| fields.get(column).map(cell);
        let id = find::reference(client, noun, field.name, text, kind).await?;
        fields.insert(field.name.to_owned(), id.into());
    }
    Ok((fields, body.uploads.clone()))
}

/// The parameters of an index that leave only some.
pub async fn of_filters(
    client: &Client,
    noun: &Noun,
    filters: &[(String, String)],
) -> Result<Vec<(String, String)>, Failed> {
    let mut parameters = Vec::new();
    for (name, text) in filters {
        let names: Vec<_> = noun.filterable().collect();
        if !names.contains(&name.as_str()) {
            return Err(unknown(noun, name, "filter", &names));
        }
        let kind = |column: &str| filters.iter().find(|(name, _)| name == column).map(|(_, value)| value.clone());
        parameters.push((name.clone(), find::reference(client, noun, name, text, kind).await?));
    }
    Ok(parameters)
}

/// The field of this name, if it can be set; none stands for the id, which can be chosen at creation.
fn settable(noun: &Noun, name: &str, creating: bool) -> Result<Option<&'static FieldInfo>, Failed> {
    if name == "id" && creating {
        return Ok(None);
    }
    let names: Vec<_> = noun.settable(creating).map(|field| field.name).collect();
    match noun.field(name) {
        Some(field) if !names.contains(&field.name) => {
            let why = match noun.settable(true).any(|at_creation| at_creation.name == field.name) {
                true => "can be set at creation only",
                false => "is set by the marketplace",
            };
            Err(Failed::with_code(Code::Usage, format!("The field {name} {why}.")))
        }
        // Other users of a machine see arguments.
        Some(field) if field.hidden => {
            Err(Failed::with_code(Code::Usage, format!("The field {name} is secret, and arguments are not."))
                .hint("Give it in a file, or on the standard input, with: --file -"))
        }
        Some(field) => Ok(Some(field)),
        None => Err(unknown(noun, name, "field", &names)),
    }
}

fn unknown(noun: &Noun, name: &str, what: &str, names: &[&str]) -> Failed {
    let near = near(names.iter().copied(), name);
    let meant = near.first().map(|near| format!("Did you mean {near}? ")).unwrap_or_default();
    Failed::with_code(Code::Usage, format!("There is no {what} {name:?} in {}.", noun.plural()))
        .hint(format!("{meant}There are: {}.", names.join(", ")))
}

/// A value as it was typed, in the shape of its field. What does not fit is left for the marketplace to tell.
fn value(field: Option<&FieldInfo>, text: &str) -> Result<Value, Failed> {
    let Some(field) = field else { return Ok(text.into()) };
    if text.is_empty() {
        return Ok(Value::Null);
    }
    let json = || serde_json::from_str::<Value>(text);
    match field.shape {
        Shape::Integer { .. } | Shape::Boolean => Ok(json().unwrap_or_else(|_| text.into())),
        Shape::Object | Shape::List => json().map_err(|error| {
            let form = if field.shape == Shape::List {
                "a list such as [\"a\", \"b\"]"
            } else {
                "an object such as {\"a\": 1}"
            };
            Failed::with_code(Code::Usage, format!("The field {} takes JSON, {form}: {error}.", field.name))
        }),
        Shape::Text { .. } | Shape::Time | Shape::Id | Shape::Choice(_) => Ok(text.into()),
    }
}

/// The object in a file, or on the standard input.
fn read(file: &Path) -> Result<Map<String, Value>, Failed> {
    let (name, text) = if file == Path::new("-") {
        ("The standard input".to_owned(), std::io::read_to_string(std::io::stdin()))
    } else {
        (file.display().to_string(), std::fs::read_to_string(file))
    };
    let text = text.map_err(|error| Failed::new(format!("{name} can't be read: {error}.")))?;
    serde_json::from_str(&text)
        .map_err(|error| Failed::with_code(Code::Usage, format!("{name} is not a JSON object of fields: {error}.")))
}

/// The fields, out of the wrapper that bodies of the API may have.
fn unwrapped(mut fields: Map<String, Value>, name: &str) -> Map<String, Value> {
    let count = fields.len();
    match fields.get_mut(name) {
        Some(Value::Object(inner)) if count == 1 => std::mem::take(inner),
        _ => fields,
    }
}
