//! Records for people: as rows of a table, and one in full.

use serde_json::Value;

use super::noun::Noun;
use crate::cli::error::Failed;
use crate::cli::global::Output;
use crate::cli::output::{Printer, cell, excerpt, table};
use crate::core::field::Shape;
use crate::core::page::Page;

/// How many fields a table shows besides the name and the id.
const MOST_COLUMNS: usize = 4;
/// The longest text in a table.
const LONGEST_CELL: usize = 60;
/// What all records have besides their id.
const COMMON: [&str; 4] = ["created_at", "updated_at", "path", "url"];
/// The most lines of a nested value.
const MOST_LINES: usize = 20;
/// Where the rule for columns leaves out what matters: the columns, as JSON pointers.
const CHOSEN: &[(&str, &[(&str, &str)])] = &[
    (
        "product",
        &[("NAME", "/name"), ("VERSION", "/latest_build/version"), ("TYPE", "/mime_type"), ("ABOUT", "/description")],
    ),
    (
        "instance",
        &[
            ("STATE", "/state"),
            ("WANTED", "/wanted"),
            ("BUILD", "/build_id"),
            ("SEEN", "/last_seen_at"),
            ("MESSAGE", "/state_message"),
        ],
    ),
    (
        "audit_event",
        &[
            ("WHEN", "/created_at"),
            ("ACTION", "/action"),
            ("RESOURCE", "/resource_type"),
            ("OF", "/resource_id"),
            ("USER", "/user_id"),
            ("FROM", "/address"),
        ],
    ),
];

/// Prints a page of records.
pub fn page(noun: &Noun, page: &Page<Value>, printer: &Printer) -> Result<(), Failed> {
    printer.value(page, |page| rows(noun, &page.results), |page| page.results.iter().map(id).collect())?;
    if printer.output == Output::Table && page.total_pages > 1 {
        printer.note(&format!(
            "Page {} of {}, {} {} in all.",
            page.current_page,
            page.total_pages,
            page.total_entries,
            noun.plural()
        ));
    }
    Ok(())
}

/// Prints a record.
pub fn record(noun: &Noun, record: &Value, printer: &Printer) -> Result<(), Failed> {
    if let (Output::Table, true, Some(secret)) = (printer.output, noun.is_token(), record["token"].as_str()) {
        // Alone, so that a shell can put it into a variable.
        printer.note(&described(noun, &without(record, "token")));
        return printer.data(secret);
    }
    printer.value(record, |record| described(noun, record), |record| vec![id(record)])
}

fn without(record: &Value, field: &str) -> Value {
    let mut rest = record.clone();
    rest[field].take();
    rest
}

fn id(record: &Value) -> String {
    cell(&record["id"])
}

fn rows(noun: &Noun, records: &[Value]) -> String {
    if records.is_empty() {
        return format!("No {}.", noun.plural());
    }
    let chosen = CHOSEN.iter().find(|(resource, _)| *resource == noun.table.name);
    let columns = match chosen {
        Some((_, columns)) => columns.iter().map(|(title, at)| (title.to_string(), at.to_string())).collect(),
        None => columns(noun, records),
    };
    let header: Vec<&str> = columns.iter().map(|(title, _)| title.as_str()).chain(["ID"]).collect();
    let shown = |record: &Value, at: &str| excerpt(&record.pointer(at).map(cell).unwrap_or_default(), LONGEST_CELL);
    let row = |record| columns.iter().map(|(_, at)| shown(record, at)).chain([id(record)]).collect();
    table(&header, records.iter().map(row))
}

/// The columns that tell the most: the name, then short fields before links and texts, of which any record has a value.
/// Ids of others are for what has no name of its own.
fn columns(noun: &Noun, records: &[Value]) -> Vec<(String, String)> {
    let name = noun.name_field();
    let rank = |shape: Shape| match shape {
        Shape::Id if name.is_none() => Some(0),
        Shape::Text { max, format } if format == "uri" || max > 1000 => Some(2),
        Shape::Text { .. } | Shape::Integer { .. } | Shape::Boolean | Shape::Time | Shape::Choice(_) => Some(1),
        Shape::Id | Shape::Object | Shape::List => None,
    };
    let told = |field: &str| records.iter().any(|record| !is_blank(&record[field]));
    let mut others: Vec<_> = noun
        .fields
        .iter()
        .filter(|field| Some(field.name) != name && Some(field.name) != noun.place() && told(field.name))
        .filter_map(|field| Some((rank(field.shape)?, field.name)))
        .collect();
    others.sort_by_key(|(rank, _)| *rank);
    let title = |field: &str| match noun.field(field).map(|field| field.shape) {
        Some(Shape::Id) => field.trim_end_matches("_id").to_uppercase(),
        _ => field.to_uppercase(),
    };
    let others = others.into_iter().map(|(_, field)| field).take(MOST_COLUMNS);
    name.into_iter().chain(others).map(|field| (title(field), format!("/{field}"))).collect()
}

/// All that is known of a record: its own fields, what it embeds, and at last what all records have.
fn described(noun: &Noun, record: &Value) -> String {
    let Some(all) = record.as_object() else { return cell(record) };
    let own = noun.name_field().into_iter().chain(["id"]).chain(noun.fields.iter().map(|field| field.name));
    let others = all.keys().map(String::as_str).filter(|field| !COMMON.contains(field));
    let mut order: Vec<&str> = Vec::with_capacity(all.len());
    for field in own.chain(others).chain(COMMON) {
        if all.get(field).is_some_and(|value| !is_blank(value)) && !order.contains(&field) {
            order.push(field);
        }
    }
    table(&[], order.into_iter().map(|field| vec![field.to_owned(), in_full(&record[field])]))
}

/// A value as a cell of several lines: nested ones as YAML.
fn in_full(value: &Value) -> String {
    if !value.is_array() && !value.is_object() {
        return cell(value);
    }
    let text = serde_saphyr::to_string(&essence(value)).unwrap_or_else(|_| value.to_string());
    let mut lines: Vec<_> = text.lines().take(MOST_LINES + 1).collect();
    if lines.len() > MOST_LINES {
        lines[MOST_LINES] = "… (all of it: --json)";
    }
    lines.join("\n")
}

/// A nested value without what is blank, and without what all records have.
fn essence(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(essence).collect(),
        Value::Object(fields) => {
            let told = |(name, value): &(&String, &Value)| !is_blank(value) && !COMMON.contains(&name.as_str());
            fields.iter().filter(told).map(|(name, value)| (name.clone(), essence(value))).collect()
        }
        other => other.clone(),
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
