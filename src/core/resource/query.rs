//! The parameters of an index: page, order, filters, search.

use super::located::shown;
use super::{FieldInfo, Resource, search};
use crate::core::access::Caller;
use crate::core::clock::Timestamp;
use crate::core::db::{Dialect, Statement};
use crate::core::field::Shape;
use crate::core::id::Id;
use crate::core::{Error, Result};

const DEFAULT_PER_PAGE: i64 = 10;
const MAX_PER_PAGE: i64 = 1000;
const MAX_ALTERNATIVES: usize = 100;
const MAX_FILTERS: usize = 20;
const LONGEST_VALUE: usize = 255;

/// The fields that every resource has besides its own.
const COMMON: &[FieldInfo] = &[
    FieldInfo::common::<Id<()>>("id", "Its id."),
    FieldInfo::common::<Timestamp>("created_at", "When it was made."),
    FieldInfo::common::<Timestamp>("updated_at", "When it last changed."),
];

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
    Field(&'static FieldInfo),
    Named(&'static str),
}

impl Query {
    /// Reads the parameters of an index of `R`.
    ///
    /// # Errors
    /// [`Kind::BadRequest`](crate::core::Kind::BadRequest), naming the parameter that does not hold.
    pub fn parse<R: Resource>(caller: &Caller, parameters: &[(String, String)]) -> Result<Self> {
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
            if value.contains('\0') {
                return Err(Error::bad_request(format!("The parameter {name:?} must not contain NUL characters.")));
            }
            // Forms send blanks for what was left out.
            if value.trim_matches(',').is_empty() && !matches!(name.as_str(), "page" | "per_page") {
                continue;
            }
            let name = R::ALIASES.iter().find(|(theirs, _)| theirs == name).map_or(name.as_str(), |(_, ours)| ours);
            match name {
                "page" => query.page = number(name, value, i64::from(i32::MAX))?,
                "per_page" => query.per_page = number(name, value, MAX_PER_PAGE)?,
                "sort" => {
                    let field = field_of::<R>(caller, value).ok_or_else(|| unknown_sort::<R>(caller, value))?;
                    query.sort = Some(field.name);
                    query.sort_is_text = matches!(field.shape, Shape::Text { .. });
                }
                "order" => query.descending = descending(value)?,
                "text" if !R::TABLE.search.is_empty() => query.text = search::query(value)?,
                name => {
                    if let Some(filter) = R::FILTERS.iter().map(|(filter, _)| *filter).find(|filter| *filter == name) {
                        query.filters.push((Filter::Named(filter), value.clone()));
                    } else if let Some(field) = field_of::<R>(caller, name) {
                        query.filters.push((Filter::Field(field), value.clone()));
                    }
                }
            }
        }
        if query.filters.len() > MAX_FILTERS {
            return Err(Error::bad_request(format!("An index takes at most {MAX_FILTERS} filters.")));
        }
        Ok(query)
    }

    /// Appends ` and …` for each filter and word searched for.
    pub(super) fn push_conditions<R: Resource>(
        &self,
        dialect: Dialect,
        caller: &Caller,
        statement: &mut Statement,
    ) -> Result<()> {
        let table = R::TABLE.plural;
        for (filter, value) in &self.filters {
            statement.push(" and (");
            match filter {
                Filter::Named(name) => R::filter(name, value, caller, statement)?,
                Filter::Field(field) => push_field(dialect, table, field, value, statement)?,
            }
            statement.push(")");
        }
        search::push_conditions(table, &self.text, statement);
        Ok(())
    }

    /// Appends the `order by`, ties broken by id, so that walking all pages sees each row once.
    pub(super) fn push_order<R: Resource>(&self, statement: &mut Statement) {
        let table = R::TABLE.plural;
        statement.push(" order by ");
        if self.sort.is_none() && !self.text.is_empty() {
            search::push_order(table, &self.text, statement);
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

/// A field that the caller may filter and sort by: one that can be seen.
fn field_of<R: Resource>(caller: &Caller, name: &str) -> Option<&'static FieldInfo> {
    R::FIELDS
        .iter()
        .chain(COMMON)
        .find(|field| field.name == name)
        .filter(|field| !field.hidden && !matches!(field.shape, Shape::Object | Shape::List))
        .filter(|field| shown::<R>(caller).is_none_or(|shown| shown.contains(&field.name)))
}

fn unknown_sort<R: Resource>(caller: &Caller, value: &str) -> Error {
    let fields: Vec<_> =
        R::FIELDS.iter().filter_map(|field| field_of::<R>(caller, field.name)).map(|field| field.name).collect();
    let value: String = value.chars().take(64).collect();
    Error::bad_request(format!(
        "The parameter sort names no field that can be sorted by: {value}. There are id, created_at, updated_at, {}.",
        fields.join(", ")
    ))
}

/// Text matches a part whatever the case; all else exactly. Commas separate alternatives.
fn push_field(dialect: Dialect, table: &str, field: &FieldInfo, value: &str, statement: &mut Statement) -> Result<()> {
    let name = field.name;
    // A plus in a query string reads as a space, which no media type contains.
    let value = if name == "mime_type" { value.replace(' ', "+") } else { value.to_owned() };
    let alternatives = alternatives(name, &value)?;
    for (index, alternative) in alternatives.into_iter().enumerate() {
        statement.push(if index > 0 { " or " } else { "" });
        if matches!(field.shape, Shape::Text { .. }) {
            dialect.push_contains(&format!("{table}.\"{name}\""), alternative, statement);
        } else {
            let must = |must: String| Error::bad_request(format!("The parameter {name} {must}."));
            let arg = (field.parse)(&alternative.into()).map_err(must)?;
            statement.push(&format!("{table}.\"{name}\" = ")).push_arg(arg);
        }
    }
    Ok(())
}

/// The alternatives of a filter, which commas separate.
///
/// # Errors
/// When there are too many.
pub fn alternatives<'a>(name: &str, value: &'a str) -> Result<Vec<&'a str>> {
    let alternatives: Vec<_> = value.split(',').filter(|alternative| !alternative.is_empty()).collect();
    if alternatives.iter().any(|alternative| alternative.chars().count() > LONGEST_VALUE) {
        let message = format!("A value of the parameter {name} may have at most {LONGEST_VALUE} characters.");
        return Err(Error::bad_request(message));
    }
    if alternatives.len() > MAX_ALTERNATIVES {
        let message = format!("The parameter {name} may have at most {MAX_ALTERNATIVES} alternatives.");
        return Err(Error::bad_request(message));
    }
    Ok(alternatives)
}
