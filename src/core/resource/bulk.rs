//! Making many records alike in one call: all of them, or none.

use serde_json::Value;
use uuid::Uuid;

use super::checks::{check_references, require_create};
use super::located::id_in;
use super::read::require_ancestors;
use super::write::{read, record, store};
use super::{Given, Input, Located, Resource};
use crate::core::access::{Caller, Verb};
use crate::core::db::Db;
use crate::core::field::whole;
use crate::core::page::Page;
use crate::core::{Error, Result, idempotency};

/// The field of a creation that tells how many to make.
pub const COUNT: &str = "count";

/// Creates as many records under these ancestors as `count` says, alike in all but what is unique, and answers them.
///
/// # Errors
/// When an ancestor is not to be seen, the caller may not, or fields fail.
pub async fn create_many<R: Resource>(
    db: &Db,
    caller: &Caller,
    ancestors: &[Uuid],
    given: impl Into<Given>,
) -> Result<Page<Located<R>>> {
    caller.require_signed_in()?;
    let fields = given.into().fields;
    let number = number::<R>(fields.get(COUNT))?;
    // What tells one from the others can't be given for all.
    let own = R::UNIQUE.iter().filter_map(|columns| columns.last()).chain(&["id"]);
    if let Some(field) = own.copied().find(|field| fields.get(*field).is_some_and(|value| !value.is_null())) {
        return Err(Error::invalid_field(field, "can't be given together with count"));
    }
    let tx = db.begin().await?;
    if let Some(first) = idempotency::first_answer(&tx, caller).await? {
        return Ok(first);
    }
    require_ancestors(&tx, caller, &R::TABLE, ancestors, Verb::Create).await?;
    let mut input = Input::default();
    let mut rows = Vec::with_capacity(number);
    for _ in 0..number {
        rows.push(read::<R>(caller, ancestors, fields.clone(), &[], &mut input)?);
    }
    if let Some(row) = rows.first() {
        require_create::<R>(&tx, caller, |column| id_in(row, column)).await?;
        check_references(&tx, caller, ancestors, None, row, &mut input).await?;
        R::check(&tx, caller, None, row, &mut input).await?;
    }
    input.finish()?;
    store(&tx, &rows).await?;
    for row in &rows {
        record(&tx, caller, None, Some(row)).await?;
    }
    let results: Vec<_> = rows.into_iter().map(|row| Located::new(row, caller, ancestors).whole()).collect();
    let total = i64::try_from(number).map_err(Error::internal)?;
    let page = Page::new(results, total, 1, total);
    idempotency::keep(&tx, caller, &page).await?;
    tx.commit().await?;
    Ok(page)
}

fn number<R: Resource>(given: Option<&Value>) -> Result<usize> {
    let number = given.and_then(whole).and_then(|number| usize::try_from(number).ok());
    number
        .filter(|number| (1..=R::MOST_AT_ONCE).contains(number))
        .ok_or_else(|| Error::invalid_field(COUNT, format!("must be a whole number from 1 to {}", R::MOST_AT_ONCE)))
}
