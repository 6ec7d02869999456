//! Reading: one record, or a page of them. Every statement carries the scope of who asks.

use uuid::Uuid;

use super::{Located, Query, Resource, Table};
use crate::core::access::{Caller, Verb, push_scope};
use crate::core::db::{Db, Hits, Statement};
use crate::core::page::Page;
use crate::core::{Error, Result};

/// From so many rows on, the first of an index are found sooner in the index's order than by what they have in common.
const MANY: i64 = 1000;

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
    require_ancestors(db, caller, &R::TABLE, ancestors, Verb::Read).await?;
    let mut index = Index { db, caller, ancestors, query: query.with_values::<R>(db).await?, many: false };
    let total = match query.hits() {
        Some(hits) => index.count::<R>(hits.as_ref()).await?,
        None => 0,
    };
    index.many = total > MANY;
    let mut rows = if total == 0 { Vec::new() } else { index.rows::<R>(query.per_page + 1, total).await? };

    let per_page = usize::try_from(query.per_page).unwrap_or(usize::MAX);
    let more = rows.len() > per_page;
    rows.truncate(per_page);
    let next_cursor = rows.last().filter(|_| more).map(|(rank, row)| query.cursor_behind(*rank, row)).transpose()?;
    let mut results: Vec<_> = rows.into_iter().map(|(_, row)| Located::new(row, caller, ancestors)).collect();
    R::embed(db, caller, &mut results).await?;
    let mut page = Page::new(results, total, query.page, query.per_page);
    if query.cursor.is_some() {
        page.next_page = next_cursor.is_some().then_some(query.page + 1);
    }
    Ok(Page { next_cursor, ..page })
}

/// Appends the condition that a row is one that an index of those without ancestors finds, on whichever page.
///
/// # Errors
/// When a value of the query does not parse.
pub fn push_found<R: Resource>(db: &Db, caller: &Caller, query: &Query, statement: &mut Statement) -> Result<()> {
    let Some(hits) = query.hits() else {
        statement.push("false");
        return Ok(());
    };
    let index = Index { db, caller, ancestors: &[], query: query.clone(), many: false };
    index.push_where::<R>(hits.as_ref(), statement)
}

/// An index: who asks whom for what.
struct Index<'a> {
    db: &'a Db,
    caller: &'a Caller,
    ancestors: &'a [Uuid],
    query: Query,
    /// Whether the first rows are soon found by walking in order.
    many: bool,
}

impl Index<'_> {
    async fn count<R: Resource>(&self, hits: Option<&Hits>) -> Result<i64> {
        let mut count = Statement::new(format!("select count(*) from {} where ", R::TABLE.plural));
        self.push_where::<R>(hits, &mut count)?;
        self.db.count(count, self.caller.now).await
    }

    /// At most so many rows of the page, each with its rank. `total` is how many there are on all pages.
    async fn rows<R: Resource>(&self, limit: i64, total: i64) -> Result<Vec<(usize, R)>> {
        let Query { page, per_page, cursor, .. } = &self.query;
        let mut skip = if cursor.is_some() { 0 } else { (page - 1).saturating_mul(*per_page) };
        let mut rows: Vec<(usize, R)> = Vec::new();
        if skip >= total {
            return Ok(rows);
        }
        let mut ranks = self.query.ranks();
        let last = ranks.len().saturating_sub(1);
        for (rank, hits) in ranks.iter_mut().enumerate() {
            let missing = limit - i64::try_from(rows.len()).unwrap_or(limit);
            if missing == 0 || cursor.as_ref().is_some_and(|cursor| rank < cursor.rank) {
                continue;
            }
            if skip > 0 && rank < last {
                let passed = self.count::<R>(hits.as_ref()).await?;
                if passed <= skip {
                    skip -= passed;
                    continue;
                }
            }
            match hits.as_mut().filter(|_| self.many) {
                // All that is found is of this rank, and known to be many.
                Some(hits) if last == 0 => hits.common = true,
                Some(hits) => self.db.weigh(R::TABLE.plural, hits).await?,
                None => {}
            }
            let found = self.rows_of_rank::<R>(rank, hits.as_ref(), missing, skip).await?;
            rows.extend(found.into_iter().map(|row| (rank, row)));
            skip = 0;
        }
        Ok(rows)
    }

    async fn rows_of_rank<R: Resource>(
        &self,
        rank: usize,
        hits: Option<&Hits>,
        limit: i64,
        skip: i64,
    ) -> Result<Vec<R>> {
        let Query { cursor, order, .. } = &self.query;
        let (dialect, table) = (self.db.dialect(), R::TABLE.plural);
        let mut select = select_from::<R>();
        // The rows before a late page are counted off in the index, and only those of the page are looked at.
        let late = skip > 0;
        if late {
            select.push(&format!("{table}.id in (select {table}.id from {table} where "));
        }
        self.push_where::<R>(hits, &mut select)?;
        if let Some(cursor) = cursor.as_ref().filter(|cursor| cursor.rank == rank) {
            let key = order.read_key(&cursor.key).flatten();
            order.push_after(dialect, table, key, cursor.id.into(), &mut select);
        }
        order.push(dialect, table, &mut select);
        select.push(" limit ").push_arg(limit).push(" offset ").push_arg(skip);
        if late {
            select.push(")");
            order.push(dialect, table, &mut select);
        }
        self.db.all(select).await
    }

    fn push_where<R: Resource>(&self, hits: Option<&Hits>, statement: &mut Statement) -> Result<()> {
        push_ancestors(&R::TABLE, self.ancestors, statement);
        push_scope(&R::TABLE, self.caller, Verb::Read, statement);
        self.query.push_conditions::<R>(self.db.dialect(), self.caller, self.many, statement)?;
        if let Some(hits) = hits {
            statement.push(" and ");
            self.db.dialect().push_hits(R::TABLE.plural, hits, statement);
        }
        Ok(())
    }
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
    let mut select = select_from::<R>();
    push_item(&R::TABLE, caller, ancestors, id, Verb::Read, &mut select);
    db.optional(select).await?.ok_or_else(|| Error::not_found(R::TABLE.name))
}

/// Whether there is such a row and the caller may read it.
///
/// # Errors
/// When the database is away.
pub async fn is_readable(db: &Db, caller: &Caller, table: &Table, id: Uuid) -> Result<bool> {
    is_allowed(db, caller, table, id, Verb::Read).await
}

/// Whether there is such a row and the caller may change it.
///
/// # Errors
/// When the database is away.
pub async fn is_changeable(db: &Db, caller: &Caller, table: &Table, id: Uuid) -> Result<bool> {
    is_allowed(db, caller, table, id, Verb::Update).await
}

async fn is_allowed(db: &Db, caller: &Caller, table: &Table, id: Uuid, verb: Verb) -> Result<bool> {
    let mut select = Statement::new(format!("select 1 from {} where ", table.plural));
    push_item(table, caller, &[], id, verb, &mut select);
    db.exists(select).await
}

/// Nothing, if the caller, who wants to do this with what is nested there, may read the direct parent and it is itself under
/// the other ancestors.
///
/// # Errors
/// [`Kind::NotFound`](crate::core::Kind::NotFound) when it is not to be seen.
pub(super) async fn require_ancestors(
    db: &Db,
    caller: &Caller,
    table: &Table,
    ancestors: &[Uuid],
    verb: Verb,
) -> Result<()> {
    let caller = &*caller.unlimited_for(table.permission(), verb);
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

/// Names the columns of the resource: some tables have others, that only the database looks at.
fn select_from<R: Resource>() -> Statement {
    let table = R::TABLE.plural;
    let mut select = Statement::new(format!("select {table}.id, "));
    for field in R::FIELDS {
        select.push(&format!("{table}.\"{}\", ", field.name));
    }
    select.push(&format!("{table}.created_at, {table}.updated_at from {table} where "));
    select
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
