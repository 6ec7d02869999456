//! The parameters of an index: page, order, filters, search.

use std::str::FromStr;

use serde_json::Value;

use super::{FieldInfo, Resource};
use crate::core::access::Caller;
use crate::core::clock::Timestamp;
use crate::core::db::{Arg, Statement};
use crate::core::field::{Field, Shape};
use crate::core::{Error, Result};

const DEFAULT_PER_PAGE: i64 = 10;
const MAX_PER_PAGE: i64 = 1000;
const MAX_SEARCH_WORDS: usize = 16;

/// The fields that every resource has besides its own.
const COMMON: [(&str, Shape); 3] = [("id", Shape::Id), ("created_at", Shape::Time), ("updated_at", Shape::Time)];

/// What an index is asked for. Parameters that no resource knows are ignored, as unknown fields are.
#[derive(Debug, Clone)]
pub struct Query {
    /// The page, from 1.
    pub page: i64,
    /// Entries on a page, 1 to 1000.
    pub per_page: i64,
    sort: Option<&'static str>,
    sort_is_text: bool,
    descending: bool,
    text: Vec<String>,
    filters: Vec<(Filter, String)>,
}

#[derive(Debug, Clone, Copy)]
enum Filter {
    Field(&'static str, Shape),
    Named(&'static str),
}

impl Query {
    /// Reads the parameters of an index of `R`.
    ///
    /// # Errors
    /// [`Kind::BadRequest`](crate::core::Kind::BadRequest), naming the parameter that does not hold.
    pub fn parse<R: Resource>(parameters: &[(String, String)]) -> Result<Self> {
        let mut query = Self {
            page: 1,
            per_page: DEFAULT_PER_PAGE,
            sort: None,
            sort_is_text: false,
            descending: false,
            text: Vec::new(),
            filters: Vec::new(),
        };
        for (name, value) in parameters {
            let name = R::ALIASES.iter().find(|(theirs, _)| theirs == name).map_or(name.as_str(), |(_, ours)| ours);
            match name {
                "page" => query.page = number(name, value, i64::from(i32::MAX))?,
                "per_page" => query.per_page = number(name, value, MAX_PER_PAGE)?,
                "sort" => {
                    let (field, shape) = field_of::<R>(value).ok_or_else(|| unknown_sort::<R>(value))?;
                    query.sort = Some(field);
                    query.sort_is_text = matches!(shape, Shape::Text { .. });
                }
                "order" => query.descending = descending(value)?,
                "text" if !R::TABLE.search.is_empty() => query.text = words(value)?,
                name => {
                    if let Some(filter) = R::FILTERS.iter().find(|filter| **filter == name) {
                        query.filters.push((Filter::Named(filter), value.clone()));
                    } else if let Some((field, shape)) = field_of::<R>(name) {
                        query.filters.push((Filter::Field(field, shape), value.clone()));
                    }
                }
            }
        }
        Ok(query)
    }

    /// Appends ` and …` for each filter and word searched for.
    pub(super) fn push_conditions<R: Resource>(&self, caller: &Caller, statement: &mut Statement) -> Result<()> {
        let table = R::TABLE.plural;
        for (filter, value) in &self.filters {
            statement.push(" and (");
            match filter {
                Filter::Named(name) => R::filter(name, value, caller, statement)?,
                Filter::Field(field, shape) => push_field(table, field, *shape, value, statement)?,
            }
            statement.push(")");
        }
        for word in &self.text {
            statement.push(" and (");
            for (index, column) in R::TABLE.search.iter().enumerate() {
                statement.push(if index > 0 { " or " } else { "" });
                push_word(table, column, word, statement);
            }
            statement.push(")");
        }
        Ok(())
    }

    /// Appends the `order by`, ties broken by id, so that walking all pages sees each row once.
    pub(super) fn push_order<R: Resource>(&self, statement: &mut Statement) {
        let table = R::TABLE.plural;
        statement.push(" order by ");
        if self.sort.is_none() && !self.text.is_empty() {
            for (rank, word) in self.text.iter().enumerate() {
                // Hits in the name come before hits elsewhere.
                statement.push(if rank > 0 { " + case when " } else { "case when " });
                push_word(table, "name", word, statement);
                statement.push(" then 0 else 1 end");
            }
            statement.push(", ");
        }
        let sort = self.sort.unwrap_or(R::TABLE.sort);
        let folded = self.sort_is_text || self.sort.is_none() && sort == "name";
        let direction = if self.descending { "desc" } else { "asc" };
        let column = if folded { format!("lower({table}.\"{sort}\")") } else { format!("{table}.\"{sort}\"") };
        statement.push(&format!("{column} {direction} nulls last, {table}.id {direction}"));
    }
}

fn number(name: &str, value: &str, maximum: i64) -> Result<i64> {
    let number = value.parse().ok().filter(|number| (1..=maximum).contains(number));
    number
        .ok_or_else(|| Error::bad_request(format!("The parameter {name} must be a whole number from 1 to {maximum}.")))
}

fn descending(value: &str) -> Result<bool> {
    match value {
        "ascending" | "asc" => Ok(false),
        "descending" | "desc" => Ok(true),
        _ => Err(Error::bad_request("The parameter order must be ascending or descending.")),
    }
}

fn words(text: &str) -> Result<Vec<String>> {
    let words: Vec<_> = text
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(String::from)
        .collect();
    if words.len() > MAX_SEARCH_WORDS {
        return Err(Error::bad_request(format!("The parameter text may have at most {MAX_SEARCH_WORDS} words.")));
    }
    Ok(words)
}

fn field_of<R: Resource>(name: &str) -> Option<(&'static str, Shape)> {
    let own = R::FIELDS.iter().map(|field: &FieldInfo| (field.name, field.shape));
    own.chain(COMMON)
        .find(|(field, _)| *field == name)
        .filter(|(_, shape)| !matches!(shape, Shape::Object | Shape::List))
}

fn unknown_sort<R: Resource>(value: &str) -> Error {
    let fields: Vec<_> =
        R::FIELDS.iter().map(|field| field.name).filter_map(field_of::<R>).map(|(name, _)| name).collect();
    let value: String = value.chars().take(64).collect();
    Error::bad_request(format!(
        "The parameter sort names no field that can be sorted by: {value}. There are id, created_at, updated_at, {}.",
        fields.join(", ")
    ))
}

/// Text matches a part whatever the case; all else exactly. Commas separate alternatives.
fn push_field(table: &str, field: &str, shape: Shape, value: &str, statement: &mut Statement) -> Result<()> {
    // A plus in a query string reads as a space, which no media type contains.
    let value = if field == "mime_type" { value.replace(' ', "+") } else { value.to_owned() };
    for (index, alternative) in value.split(',').enumerate() {
        statement.push(if index > 0 { " or " } else { "" });
        match exact(field, shape, alternative)? {
            Some(arg) => statement.push(&format!("{table}.\"{field}\" = ")).push_arg(arg),
            None => statement
                .push(&format!("lower({table}.\"{field}\") like "))
                .push_arg(format!("%{}%", escaped(&alternative.to_lowercase())))
                .push(r" escape '\'"),
        };
    }
    Ok(())
}

fn exact(field: &str, shape: Shape, value: &str) -> Result<Option<Arg>> {
    let bad = |must: String| Error::bad_request(format!("The parameter {field} {must}."));
    let json = Value::String(value.to_owned());
    Ok(Some(match shape {
        Shape::Text { .. } => return Ok(None),
        Shape::Choice(words) if words.contains(&value) => value.into(),
        Shape::Choice(words) => return Err(bad(format!("must be one of {}", words.join(", ")))),
        Shape::Integer { .. } => i64::parse(&json).map_err(bad)?.into(),
        Shape::Boolean => bool::parse(&json).map_err(bad)?.into(),
        Shape::Time => Timestamp::parse(&json).map_err(bad)?.into(),
        Shape::Id => uuid::Uuid::from_str(value).map_err(|_| bad("must be a UUID".into()))?.into(),
        Shape::Object | Shape::List => return Err(bad("can't be a filter".into())),
    }))
}

/// A word matches where a word of the text starts with it.
fn push_word(table: &str, column: &str, word: &str, statement: &mut Statement) {
    statement
        .push(&format!("' ' || lower(coalesce({table}.\"{column}\", '')) like "))
        .push_arg(format!("% {}%", escaped(word)))
        .push(r" escape '\'");
}

fn escaped(text: &str) -> String {
    text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_")
}
