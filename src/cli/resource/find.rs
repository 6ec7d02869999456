//! Names as people type them, and the ids that they stand for.

use serde_json::Value;
use uuid::Uuid;

use super::noun::Noun;
use crate::cli::error::{Code, Failed};
use crate::cli::near::meant;
use crate::cli::output::cell;
use crate::client::Client;
use crate::core::field::Shape;

/// Among how many records names are looked for to suggest.
const OTHERS: usize = 1000;
/// How many ids a filter takes.
const MOST_IDS: usize = 100;
/// The longest value that a filter takes.
const LONGEST_FILTER: usize = 255;

/// The path of a noun's collection, given what it is nested in, outermost first.
pub async fn path(client: &Client, noun: &Noun, given: &[Option<String>]) -> Result<String, Failed> {
    if let (Some(flat), true) = (noun.flat_path(), given.iter().all(Option::is_none)) {
        return Ok(flat.to_owned());
    }
    let mut ancestors = Vec::new();
    for (above, text) in noun.ancestors().into_iter().zip(given) {
        let found = match text {
            Some(text) => id(client, above, &above.table.path_under(&ancestors), text).await?,
            None => yourself(client).await?,
        };
        ancestors.push(found);
    }
    Ok(noun.table.path_under(&ancestors))
}

/// The id of whoever asks.
async fn yourself(client: &Client) -> Result<Uuid, Failed> {
    let status = client.status().await?;
    let id = status["identity"]["user_id"].as_str().and_then(|id| id.parse().ok());
    id.ok_or_else(|| {
        Failed::with_code(Code::Refused, "You are not signed in, so the user must be named with --user.")
            .hint("Sign in with: mkt login")
    })
}

/// The id that a text stands for among the records at a path: itself, or that of the record of this name.
pub async fn id(client: &Client, noun: &Noun, path: &str, text: &str) -> Result<Uuid, Failed> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let Some(field) = noun.name_field() else {
        let message = format!("{text:?} is not an id, and a {} is known by no other name.", noun.kind());
        return Err(Failed::with_code(Code::Usage, message).hint(format!("Ids are in: {}", list(noun))));
    };
    let records = client.collection_at::<Value>(path.to_owned());
    // A comma would separate alternatives.
    let part = text.split(',').max_by_key(|part| part.len()).unwrap_or_default().trim();
    let like = records.list_all(&[(field, part.chars().take(LONGEST_FILTER).collect())]).await?.results;
    let named = |same: &dyn Fn(&str) -> bool| -> Vec<&Value> {
        like.iter().filter(|record| record[field].as_str().is_some_and(same)).collect()
    };
    let mut found = named(&|name| name == text);
    if found.is_empty() {
        found = named(&|name| name.to_lowercase() == text.to_lowercase());
    }
    match found.as_slice() {
        [one] => cell(&one["id"]).parse().map_err(|_| Failed::new("The marketplace answered a record without an id.")),
        [] if like.is_empty() => {
            let others = records.list(&[("per_page", OTHERS.to_string())]).await?.results;
            Err(unknown(noun, field, text, &others))
        }
        [] => Err(unknown(noun, field, text, &like)),
        several => Err(ambiguous(noun, field, text, several)),
    }
}

/// There is no record of this name; these may have been meant.
fn unknown(noun: &Noun, field: &str, text: &str, others: &[Value]) -> Failed {
    let message = format!("There is no {} with the {field} {text:?}, or you may not see it.", noun.kind());
    let names = others.iter().filter_map(|record| record[field].as_str());
    let hint = meant(names, text).unwrap_or_else(|| format!("What there is: {}", list(noun)));
    Failed::with_code(Code::NotFound, message).hint(hint)
}

/// These records all have this name.
fn ambiguous(noun: &Noun, field: &str, text: &str, several: &[&Value]) -> Failed {
    let message = format!("{} {} have the {field} {text:?}.", several.len(), noun.plural());
    let lines: Vec<_> = several.iter().map(|one| format!("  {}  {}", cell(&one["id"]), cell(&one[field]))).collect();
    Failed::with_code(Code::Usage, message).hint(format!("Give the id of one:\n{}", lines.join("\n")))
}

/// The id that a text stands for in a column, where that holds ids: names do there too.
pub async fn reference(
    client: &Client,
    noun: &Noun,
    column: &str,
    text: &str,
    kind: impl Fn(&str) -> Option<String>,
) -> Result<String, Failed> {
    let Some(referred) = noun.referred(column, kind) else { return Ok(text.to_owned()) };
    if text.split(',').all(|id| id.parse::<Uuid>().is_ok()) {
        return Ok(text.to_owned());
    }
    let Some(path) = referred.flat_path() else {
        let kind = referred.kind();
        let message = format!("{column} must be an id: {text:?} does not tell which {kind} of all is meant.");
        return Err(Failed::with_code(Code::Usage, message).hint(format!("Ids are in: {}", list(referred))));
    };
    Ok(id(client, referred, path, text).await?.to_string())
}

/// Puts names for the ids of others, as people read them, into records that have no names of their own.
pub async fn name_others(client: &Client, noun: &Noun, records: &mut [Value]) {
    let ids = noun.fields.iter().filter(|field| field.shape == Shape::Id && Some(field.name) != noun.place());
    for field in ids.filter(|_| noun.name_field().is_none()) {
        let Some(referred) = noun.referred(field.name, |_| None) else { continue };
        let (Some(path), Some(name)) = (referred.flat_path(), referred.name_field()) else { continue };
        let others = client.collection_at::<Value>(path.to_owned());
        for part in records.chunks_mut(MOST_IDS) {
            let ids: Vec<_> = part.iter().map(|record| cell(&record[field.name])).collect();
            // What may not be seen keeps its id.
            let Ok(page) = others.list(&[("id", ids.join(",")), ("per_page", MOST_IDS.to_string())]).await else {
                break;
            };
            for record in part {
                if let Some(other) = page.results.iter().find(|other| other["id"] == record[field.name]) {
                    record[field.name] = other[name].clone();
                }
            }
        }
    }
}

/// The command that lists what there is.
fn list(noun: &Noun) -> String {
    let flag = |above: &&Noun| format!(" --{} {}", above.name, above.name.to_uppercase());
    let flags: String = match noun.flat_path() {
        Some(_) => String::new(),
        None => noun.ancestors().iter().map(flag).collect(),
    };
    format!("mkt {} list{flags}", noun.name)
}
