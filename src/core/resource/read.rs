//! Reading: one record, or a page of them. Every statement carries the scope of who asks.

use uuid::Uuid;

use super::{Located, Query, Resource, Table};
use crate::core::access::{Caller, Verb, push_scope};
use crate::core::db::{Db, Statement};
use crate::core::page::Page;
use crate::core::{Error, Result};

/// A page of the records that a caller may read, of those under the ancestors (outermost first).
///
/// # Errors
/// [`Kind::NotFound`](crate::core::Kind::NotFound) when an ancestor is not to be seen.
pub async fn list<R: Resource>(
    db: &Db,
    caller: &Caller,
    ancestors: &[Uuid],
    query: &Query,
) -> Result<Page<Located<R>>> {
    require_ancestors(db, caller, &R::TABLE, ancestors).await?;
    let mut count = Statement::new(format!("select count(*) from {} where ", R::TABLE.plural));
    push_where::<R>(db, caller, ancestors, query, &mut count)?;
    let total: i64 = db.scalar(count).await?;

    let mut select = select_from(&R::TABLE);
    push_where::<R>(db, caller, ancestors, query, &mut select)?;
    query.push_order::<R>(&mut select);
    let offset = (query.page - 1).saturating_mul(query.per_page);
    select.push(" limit ").push_arg(query.per_page).push(" offset ").push_arg(offset);
    let rows: Vec<R> = db.all(select).await?;

    let mut page: Vec<_> = rows.into_iter().map(|row| Located::new(row, caller, ancestors)).collect();
    R::embed(db, caller, &mut page).await?;
    Ok(Page::new(page, total, query.page, query.per_page))
}

/// The record with this id under these ancestors, if the caller may read it.
///
/// # Errors
/// [`Kind::NotFound`](crate::core::Kind::NotFound) when it is not to be seen.
pub async fn find<R: Resource>(db: &Db, caller: &Caller, ancestors: &[Uuid], id: Uuid) -> Result<Located<R>> {
    let row = load::<R>(db, caller, ancestors, id).await?;
    let mut page = [Located::new(row, caller, ancestors)];
    R::embed(db, caller, &mut page).await?;
    let [located] = page;
    Ok(located)
}

/// As [`find`], the bare row.
///
/// # Errors
/// As [`find`].
pub async fn load<R: Resource>(db: &Db, caller: &Caller, ancestors: &[Uuid], id: Uuid) -> Result<R> {
    let mut select = select_from(&R::TABLE);
    push_item(&R::TABLE, caller, ancestors, id, Verb::Read, &mut select);
    db.optional(select).await?.ok_or_else(|| Error::not_found(R::TABLE.name))
}

/// Whether there is such a row and the caller may read it.
///
/// # Errors
/// When the database is away.
pub async fn is_readable(db: &Db, caller: &Caller, table: &Table, id: Uuid) -> Result<bool> {
    let mut select = Statement::new(format!("select 1 from {} where ", table.plural));
    push_item(table, caller, &[], id, Verb::Read, &mut select);
    db.exists(select).await
}

/// Nothing, if the caller may read the direct parent and it is itself under the other ancestors.
///
/// # Errors
/// [`Kind::NotFound`](crate::core::Kind::NotFound) when it is not to be seen.
pub(super) async fn require_ancestors(db: &Db, caller: &Caller, table: &Table, ancestors: &[Uuid]) -> Result<()> {
    let (Some(parent), Some((id, above))) = (&table.parent, ancestors.split_last()) else { return Ok(()) };
    let mut select = Statement::new(format!("select 1 from {} where ", parent.table.plural));
    push_item(parent.table, caller, above, *id, Verb::Read, &mut select);
    if db.exists(select).await? { Ok(()) } else { Err(Error::not_found(parent.table.name)) }
}

/// Appends the condition that this is the item with the id, under the ancestors, and the caller may do this with it.
pub(super) fn push_item(
    table: &Table,
    caller: &Caller,
    ancestors: &[Uuid],
    id: Uuid,
    verb: Verb,
    statement: &mut Statement,
) {
    statement.push(&format!("{}.id = ", table.plural)).push_arg(id).push(" and ");
    push_ancestors(table, ancestors, statement);
    push_scope(table, caller, verb, statement);
}

fn select_from(table: &Table) -> Statement {
    Statement::new(format!("select {0}.* from {0} where ", table.plural))
}

fn push_where<R: Resource>(
    db: &Db,
    caller: &Caller,
    ancestors: &[Uuid],
    query: &Query,
    statement: &mut Statement,
) -> Result<()> {
    push_ancestors(&R::TABLE, ancestors, statement);
    push_scope(&R::TABLE, caller, Verb::Read, statement);
    query.push_conditions::<R>(db.dialect(), caller, statement)
}

/// Appends `child.parent_id = … and exists (…) and ` up to the outermost ancestor.
fn push_ancestors(table: &Table, ancestors: &[Uuid], statement: &mut Statement) {
    let (Some(parent), Some((id, above))) = (&table.parent, ancestors.split_last()) else { return };
    statement.push(&format!("{}.{} = ", table.plural, parent.column)).push_arg(*id).push(" and ");
    if !above.is_empty() {
        let name = parent.table.plural;
        statement.push(&format!("exists (select 1 from {name} where {name}.id = ")).push_arg(*id).push(" and ");
        push_ancestors(parent.table, above, statement);
        statement.push("true) and ");
    }
}
