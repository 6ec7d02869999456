//! What must hold in the database before a row is written or deleted: permission, references, uniqueness, rights.

use serde_json::json;
use uuid::Uuid;

use super::located::{id_in, value_in};
use super::{Input, Reference, Resource, is_readable};
use crate::core::access::{Caller, Verb, push_creation};
use crate::core::db::{Arg, Db, Statement, Tx};
use crate::core::error::TAKEN;
use crate::core::model::User;
use crate::core::{Error, Result};

/// Nothing, if the caller may create a row with these ids in its columns: by permission, or because of whose it is and
/// what it goes under.
pub(super) async fn require_create<R: Resource>(
    db: &Db,
    caller: &Caller,
    id_in: impl Fn(&str) -> Option<Uuid>,
) -> Result<()> {
    let table = &R::TABLE;
    if caller.permits(table.permission(), Verb::Create) {
        return Ok(());
    }
    let mut select = Statement::new("select 1 where ");
    push_creation(table, caller, id_in, &mut select);
    if db.exists(select).await? { Ok(()) } else { Err(caller.refusal(table.permission(), Verb::Create)) }
}

/// Records an error for each reference that is new and leads nowhere that the caller can see.
pub(super) async fn check_references<R: Resource>(
    tx: &Tx,
    caller: &Caller,
    ancestors: &[Uuid],
    old: Option<&R>,
    new: &R,
    input: &mut Input,
) -> Result<()> {
    // What the path names was looked up there.
    let nested_in = R::TABLE.parent.as_ref().filter(|_| !ancestors.is_empty()).map(|parent| parent.column);
    for Reference { column, table } in R::REFERENCES {
        let Some(id) = id_in(new, column) else { continue };
        let asks = std::ptr::eq(*table, &User::TABLE) && caller.user_id() == Some(id.into());
        let known = asks || nested_in == Some(column) || old.is_some_and(|old| id_in(old, column) == Some(id));
        if !known && !input.failed(column) && !is_readable(tx, caller, table, id).await? {
            input.fails(column, format!("must be the id of {} that exists", table.one()));
        }
    }
    Ok(())
}

/// Records an error for each unique set of columns that another row has the same values in. The database's own
/// constraints hold when two are written at once.
pub(super) async fn check_unique<R: Resource>(tx: &Tx, old: Option<&R>, new: &R, input: &mut Input) -> Result<()> {
    let table = R::TABLE.plural;
    let mut select = Statement::new("");
    let mut parts = 0;
    let mut push_taken = |field: &str| {
        parts += 1;
        format!(
            "{}select '{field}' where exists (select 1 from {table} where id ",
            if parts > 1 { " union all " } else { "" }
        )
    };
    // An id that nobody chose is nobody else's.
    if old.is_none() && !input.failed("id") && input.chosen_id().is_some() {
        select.push(&push_taken("id")).push("= ").push_arg(new.id()).push(")");
    }
    for columns in R::UNIQUE {
        let values: Option<Vec<Arg>> = columns.iter().map(|column| value_in(new, column)).collect();
        let (Some(values), Some(field)) = (values, columns.last()) else { continue };
        let before = old.and_then(|old| columns.iter().map(|column| value_in(old, column)).collect());
        if before.as_ref() == Some(&values) || columns.iter().any(|column| input.failed(column)) {
            continue;
        }
        select.push(&push_taken(field)).push("<> ").push_arg(new.id());
        for (column, value) in columns.iter().zip(values) {
            select.push(" and ").push(&quoted(column)).push(" = ").push_arg(value);
        }
        select.push(")");
    }
    if parts == 0 {
        return Ok(());
    }
    let taken: Vec<(String,)> = tx.all(select).await?;
    // Of all that may be taken, the id is told first.
    if taken.iter().any(|(field,)| field == "id") {
        return Err(Error::conflict("There is one with this id already."));
    }
    taken.iter().for_each(|(field,)| input.fails(field, TAKEN));
    Ok(())
}

/// Nothing, if nobody loses an entitlement when this record goes.
pub(super) async fn require_no_entitlements<R: Resource>(tx: &Tx, id: Uuid) -> Result<()> {
    let Some(condition) = R::ENTITLEMENTS else { return Ok(()) };
    let count = format!(
        "select count(*), count(distinct user_id), \
         (select count(*) from claims where entitlement_id in (select id from entitlements where {condition})) \
         from entitlements where {condition}"
    );
    let (entitlements, users, claims): (i64, i64, i64) = tx.one(Statement::new(count).bind(id)).await?;
    if entitlements == 0 {
        return Ok(());
    }
    let counts = json!({ "entitlements": entitlements, "users": users, "claims": claims });
    let message = format!(
        "With this {name}, {users} users would lose {entitlements} entitlements and {claims} claims. Add ?force=true to \
         delete it nevertheless.",
        name = R::TABLE.name
    );
    Err(Error::conflict(message).with_details(counts))
}

/// A column's name in quotes: some, such as `default`, are words of SQL.
pub(super) fn quoted(column: &str) -> String {
    format!("\"{column}\"")
}
