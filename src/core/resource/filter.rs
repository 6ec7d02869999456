//! The filters of an index, as conditions.

use super::{FieldInfo, Query, Resource};
use crate::core::access::Caller;
use crate::core::db::{Db, Dialect, Statement};
use crate::core::field::Shape;
use crate::core::{Error, Result};

const MAX_ALTERNATIVES: usize = 100;
const LONGEST_VALUE: usize = 255;
/// The most values of a facet that are looked through.
const MOST_VALUES: i64 = 1000;

/// What a filter is about.
#[derive(Debug, Clone)]
pub(super) enum Filter {
    /// A field, by its name.
    Field(&'static FieldInfo),
    /// One of the resource's own.
    Named(&'static str),
    /// A facet, of which these values are meant.
    OneOf(&'static FieldInfo, Vec<String>),
}

impl Query {
    /// The same with the values that filters by facets leave: these few looked up in an index beat a look at each row.
    pub(super) async fn with_values<R: Resource>(&self, db: &Db) -> Result<Self> {
        let mut query = self.clone();
        for (filter, value) in &mut query.filters {
            let Filter::Field(field) = *filter else { continue };
            if R::FACETS.contains(&field.name)
                && let Some(values) = values_of(db, R::TABLE.plural, field, value).await?
            {
                *filter = Filter::OneOf(field, values);
            }
        }
        Ok(query)
    }

    /// Appends ` and …` for each filter. Of facets with `many` rows the index is left alone: on SQLite it would be taken
    /// for the one in the order of the rows, which finds the first of many sooner.
    ///
    /// # Errors
    /// When a value does not parse.
    pub fn push_conditions<R: Resource>(
        &self,
        dialect: Dialect,
        caller: &Caller,
        many: bool,
        statement: &mut Statement,
    ) -> Result<()> {
        let table = R::TABLE.plural;
        for (filter, value) in &self.filters {
            statement.push(" and (");
            match filter {
                Filter::Named(name) => R::filter(name, value, caller, statement)?,
                Filter::Field(field) => push_field(dialect, table, field, value, statement)?,
                Filter::OneOf(_, values) if values.is_empty() => {
                    statement.push("false");
                }
                Filter::OneOf(field, values) => {
                    let column = format!("{table}.\"{}\"", field.name);
                    let column = if many { dialect.unindexed(&column) } else { column };
                    statement.push(&column).push(" in (").push_args(values.iter().map(String::as_str)).push(")");
                }
            }
            statement.push(")");
        }
        Ok(())
    }
}

/// The values of a facet that a filter leaves, found by hopping from one to the next in its index; `None` when there
/// are too many to look through.
async fn values_of(db: &Db, table: &str, field: &FieldInfo, value: &str) -> Result<Option<Vec<String>>> {
    let name = field.name;
    let mut select = Statement::new(format!(
        "with recursive hop (\"{name}\", number) as (select min(\"{name}\"), 1 from {table} union all \
         select (select min(next.\"{name}\") from {table} next where next.\"{name}\" > hop.\"{name}\"), number + 1 \
         from hop where hop.\"{name}\" is not null and number <= {MOST_VALUES}) \
         select \"{name}\", cast(number as bigint) from hop where \"{name}\" is not null and (number > {MOST_VALUES} or "
    ));
    push_field(db.dialect(), "hop", field, value, &mut select)?;
    select.push(")");
    let values: Vec<(String, i64)> = db.all(select).await?;
    let too_many = values.iter().any(|(_, number)| *number > MOST_VALUES);
    Ok((!too_many).then(|| values.into_iter().map(|(value, _)| value).collect()))
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
