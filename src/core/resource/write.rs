//! Writing. Every change of every resource goes the same way: permission, validation, transaction, guard, write,
//! events, commit.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::checks::{check_references, check_unique, quoted, require_create, require_no_entitlements};
use super::located::id_in;
use super::read::{push_item, require_ancestors};
use super::{Decides, Given, Input, Located, Resource, find, load, search};
use crate::core::access::{Caller, Verb, administrator};
use crate::core::audit::Entry;
use crate::core::db::{Db, Statement, Tx, again};
use crate::core::error::Kind;
use crate::core::files::Stored;
use crate::core::{Error, Result, event, idempotency};

/// What must hold of the present state for a change to go ahead.
pub type Demand<'a, R> = dyn Fn(&Located<R>) -> Result<()> + Send + Sync + 'a;
/// A demand on the present state, by whoever has it.
pub type Precondition<'a, R> = &'a Demand<'a, R>;

/// Creates a record under these ancestors (outermost first) and answers it.
///
/// # Errors
/// When an ancestor is not to be seen, the caller may not, or fields fail.
pub async fn create<R: Resource>(
    db: &Db,
    caller: &Caller,
    ancestors: &[Uuid],
    given: impl Into<Given> + Send,
) -> Result<Located<R>> {
    caller.require_signed_in()?;
    let tx = db.begin().await?;
    if let Some(answer) = idempotency::first_answer(&tx, caller).await? {
        return Ok(answer);
    }
    let row = insert::<R>(&tx, caller, ancestors, given).await?;
    answer_and_commit(tx, caller, ancestors, row).await
}

/// The part of [`create`] inside a transaction.
///
/// # Errors
/// As [`create`].
pub async fn insert<R: Resource>(tx: &Tx, caller: &Caller, ancestors: &[Uuid], given: impl Into<Given>) -> Result<R> {
    require_ancestors(tx, caller, &R::TABLE, ancestors, Verb::Create).await?;
    insert_under(tx, caller, ancestors, given, |_| ()).await
}

/// As [`insert`], under ancestors that the same transaction has found or made for the caller, with what clients can't set
/// filled in by `complete`.
///
/// # Errors
/// As [`create`].
pub async fn insert_under<R: Resource>(
    tx: &Tx,
    caller: &Caller,
    ancestors: &[Uuid],
    given: impl Into<Given>,
    complete: impl FnOnce(&mut R),
) -> Result<R> {
    let Given { fields, files } = given.into();
    let mut input = Input::default();
    let mut row = read::<R>(caller, ancestors, fields, &files, &mut input)?;
    complete(&mut row);
    require_create::<R>(tx, caller, |column| id_in(&row, column)).await?;
    check_references(tx, caller, ancestors, None, &row, &mut input).await?;
    R::check(tx, caller, None, &row, &mut input).await?;
    check_unique(tx, None, &row, &mut input).await?;
    input.finish()?;
    R::guard(tx, caller, None, Some(&row)).await?;
    add(tx, caller, &row).await?;
    for (name, file) in files {
        R::attach_beside(tx, caller, &row, &name, file).await?;
    }
    Ok(row)
}

/// As [`insert_under`], where the parent was made or emptied by the same transaction, and everything referred to was found by
/// it: to look for others like it, or whether the parent takes it, would find nothing. The database's constraints still hold.
///
/// # Errors
/// When the caller may not, or fields fail.
pub async fn insert_fresh<R: Resource>(
    tx: &Tx,
    caller: &Caller,
    ancestors: &[Uuid],
    fields: Map<String, Value>,
) -> Result<R> {
    let row = draft::<R>(caller, ancestors, fields)?;
    require_create::<R>(tx, caller, |column| id_in(&row, column)).await?;
    add(tx, caller, &row).await?;
    Ok(row)
}

/// Writes a new row, with what else changes with it.
async fn add<R: Resource>(tx: &Tx, caller: &Caller, row: &R) -> Result<()> {
    store(tx, std::slice::from_ref(row)).await?;
    R::settle(tx, caller, None, Some(row)).await?;
    record(tx, caller, None, Some(row)).await
}

/// How many values one statement binds at most: databases limit them.
const VALUES: usize = 16_000;

/// Writes new rows.
pub(super) async fn store<R: Resource>(tx: &Tx, rows: &[R]) -> Result<()> {
    let searched = !R::TABLE.search.is_empty();
    for rows in rows.chunks(VALUES / (R::FIELDS.len() + 4)) {
        let mut statement = Statement::new(format!("insert into {} (id, ", R::TABLE.plural));
        for field in R::FIELDS {
            statement.push(&quoted(field.name)).push(", ");
        }
        statement.push("created_at, updated_at").push(if searched { ", search" } else { "" }).push(") values ");
        for (place, row) in rows.iter().enumerate() {
            let mut values = row.values();
            values.extend(searched.then(|| search::document_of(row).into()));
            statement.push(if place > 0 { ", (" } else { "(" }).push_args(values).push(")");
        }
        tx.execute(statement).await?;
    }
    Ok(())
}

/// The row that a creation would make, by its fields alone: nothing is looked up or written.
///
/// # Errors
/// [`Kind::Invalid`] with every field that fails.
pub fn draft<R: Resource>(caller: &Caller, ancestors: &[Uuid], given: impl Into<Given>) -> Result<R> {
    let mut input = Input::default();
    let Given { fields, files } = given.into();
    let row = read::<R>(caller, ancestors, fields, &files, &mut input)?;
    input.finish()?;
    Ok(row)
}

pub(super) fn read<R: Resource>(
    caller: &Caller,
    ancestors: &[Uuid],
    fields: Map<String, Value>,
    files: &[(String, Stored)],
    input: &mut Input,
) -> Result<R> {
    *input = Input::new::<R>(fields);
    if let (Some(parent), Some(id)) = (&R::TABLE.parent, ancestors.last()) {
        input.set(parent.column, id.to_string());
    }
    R::prepare(caller, input);
    let id = input.chosen_id().unwrap_or_else(Uuid::new_v4);
    let mut row = R::from_input(input, id, caller.now);
    files.iter().for_each(|(name, file)| row.attach(caller, name, file.clone()));
    row.complete(caller, input)?;
    row.validate(input);
    Ok(row)
}

/// Changes the fields given of a record and answers it.
///
/// # Errors
/// When it is not to be seen, the caller may not, the precondition does not hold, or fields fail.
pub async fn update<R: Resource>(
    db: &Db,
    caller: &Caller,
    ancestors: &[Uuid],
    id: Uuid,
    given: impl Into<Given> + Send,
    precondition: Option<Precondition<'_, R>>,
) -> Result<Located<R>> {
    caller.require_signed_in()?;
    let tx = db.begin().await?;
    let row = amend::<R>(&tx, caller, ancestors, id, given, precondition).await?;
    answer_and_commit(tx, caller, ancestors, row).await
}

/// The part of [`update`] inside a transaction.
///
/// # Errors
/// As [`update`].
pub async fn amend<R: Resource>(
    tx: &Tx,
    caller: &Caller,
    ancestors: &[Uuid],
    id: Uuid,
    given: impl Into<Given> + Send,
    precondition: Option<Precondition<'_, R>>,
) -> Result<R> {
    let old = require::<R>(tx, caller, ancestors, id, Verb::Update, precondition).await?;
    let Given { fields, files } = given.into();
    let mut input = Input::for_update(fields, &old);
    let mut new = old.clone();
    new.apply(&mut input);
    files.iter().for_each(|(name, file)| new.attach(caller, name, file.clone()));
    new.validate(&mut input);
    check_references(tx, caller, ancestors, Some(&old), &new, &mut input).await?;
    R::check(tx, caller, Some(&old), &new, &mut input).await?;
    check_unique(tx, Some(&old), &new, &mut input).await?;
    input.finish()?;
    let row = replace(tx, caller, &old, new).await?;
    for (name, file) in files {
        R::attach_beside(tx, caller, &row, &name, file).await?;
    }
    Ok(row)
}

/// Stores a changed row, if it is one, inside a transaction that has locked it.
///
/// # Errors
/// When the guard or the database refuses.
pub async fn replace<R: Resource>(tx: &Tx, caller: &Caller, old: &R, mut new: R) -> Result<R> {
    if new == *old {
        return Ok(new);
    }
    new.revise(old);
    R::guard(tx, caller, Some(old), Some(&new)).await?;
    let administered = administered::<R>(tx, caller).await?;
    new.touch(caller.now);
    // Only what differs is set: every index and trigger on a column that is set costs its work, even if the value is the same.
    let mut statement = Statement::new(format!("update {} set ", R::TABLE.plural));
    let (before, after) = (old.values().into_iter().skip(1), new.values().into_iter().skip(1));
    for (field, (before, after)) in R::FIELDS.iter().zip(before.zip(after)) {
        if before != after {
            statement.push(&quoted(field.name)).push(" = ").push_arg(after).push(", ");
        }
    }
    if !R::TABLE.search.is_empty() {
        let document = search::document_of(&new);
        if document != search::document_of(old) {
            statement.push("search = ").push_arg(document).push(", ");
        }
    }
    statement.push("updated_at = ").push_arg(new.updated_at()).push(" where id = ").push_arg(new.id());
    tx.execute(statement).await?;
    R::settle(tx, caller, Some(old), Some(&new)).await?;
    record(tx, caller, Some(old), Some(&new)).await?;
    require_administrator(tx, caller, administered).await?;
    Ok(new)
}

/// Deletes a record with all that it is composed of, and answers what it was. People's entitlements go with it only if
/// `force` says so.
///
/// # Errors
/// When it is not to be seen, the caller may not, the precondition does not hold, or people would lose entitlements.
pub async fn delete<R: Resource>(
    db: &Db,
    caller: &Caller,
    ancestors: &[Uuid],
    id: Uuid,
    precondition: Option<Precondition<'_, R>>,
    force: bool,
) -> Result<Located<R>> {
    caller.require_signed_in()?;
    // What goes with it may be in use by others, in another order.
    again(|| delete_once::<R>(db, caller, ancestors, id, precondition, force)).await
}

async fn delete_once<R: Resource>(
    db: &Db,
    caller: &Caller,
    ancestors: &[Uuid],
    id: Uuid,
    precondition: Option<Precondition<'_, R>>,
    force: bool,
) -> Result<Located<R>> {
    let tx = db.begin().await?;
    let old = require::<R>(&tx, caller, ancestors, id, Verb::Delete, precondition).await?;
    let answer = find::<R>(&tx, caller, ancestors, id).await?;
    if !force {
        require_no_entitlements::<R>(&tx, id).await?;
    }
    R::guard(&tx, caller, Some(&old), None).await?;
    let administered = administered::<R>(&tx, caller).await?;
    tx.execute(Statement::new(format!("delete from {} where id = $1", R::TABLE.plural)).bind(id)).await?;
    R::settle(&tx, caller, Some(&old), None).await?;
    record(&tx, caller, Some(&old), None).await?;
    require_administrator(&tx, caller, administered).await?;
    tx.commit().await?;
    Ok(answer)
}

/// What the rest of the marketplace is to know of a change: its events, its entry in the audit log, and whether who may do
/// what is to be found out anew.
pub(super) async fn record<R: Resource>(tx: &Tx, caller: &Caller, old: Option<&R>, new: Option<&R>) -> Result<()> {
    tx.announce(event::also_administered(R::events(tx, caller, old, new).await?, old, new));
    if let Some(entry) = Entry::of_change(caller, old, new) {
        tx.audit(entry);
    }
    match R::TABLE.decides {
        Decides::Nothing => {}
        Decides::WhoSignsIn if old.is_none() => {}
        Decides::WhoSignsIn | Decides::Rights => tx.changes_access(),
    }
    Ok(())
}

/// Whether somebody can sign in as an administrator, where a change of an `R` may end that.
async fn administered<R: Resource>(tx: &Tx, caller: &Caller) -> Result<bool> {
    Ok(R::TABLE.decides == Decides::Rights && administrator::exists(tx, caller.now).await?)
}

/// Nothing, if somebody still can after the change.
async fn require_administrator(tx: &Tx, caller: &Caller, before: bool) -> Result<()> {
    if before && !administrator::exists(tx, caller.now).await? {
        let message = "This would leave nobody who can sign in as an administrator. Make another administrator first.";
        return Err(Error::conflict(message));
    }
    Ok(())
}

/// Changes a record in a way that needs a permission of its own, such as publishing it, and answers it.
///
/// # Errors
/// When it is not to be seen, the caller lacks the permission, or the guard refuses.
pub async fn transition<R: Resource>(
    db: &Db,
    caller: &Caller,
    ancestors: &[Uuid],
    id: Uuid,
    verb: Verb,
    precondition: Option<Precondition<'_, R>>,
    change: impl FnOnce(&mut R) + Send,
) -> Result<Located<R>> {
    caller.require_signed_in()?;
    let tx = db.begin().await?;
    if let Some(answer) = idempotency::first_answer(&tx, caller).await? {
        return Ok(answer);
    }
    let old = require::<R>(&tx, caller, ancestors, id, verb, precondition).await?;
    let mut new = old.clone();
    change(&mut new);
    let row = replace(&tx, caller, &old, new).await?;
    answer_and_commit(tx, caller, ancestors, row).await
}

/// The row, if the caller may see it, may do this with it, and the precondition holds. It stays locked until the
/// transaction ends.
///
/// # Errors
/// When one of these does not hold.
pub async fn require<R: Resource>(
    tx: &Tx,
    caller: &Caller,
    ancestors: &[Uuid],
    id: Uuid,
    verb: Verb,
    precondition: Option<Precondition<'_, R>>,
) -> Result<R> {
    // Two writers of one row take turns, so that neither overwrites what it has not seen.
    tx.lock_row(R::TABLE.plural, id).await?;
    let row = load::<R>(tx, caller, ancestors, id).await?;
    allow::<R>(tx, caller, ancestors, id, verb).await?;
    if let Some(holds) = precondition {
        holds(&find::<R>(tx, caller, ancestors, id).await?)?;
    }
    Ok(row)
}

async fn allow<R: Resource>(db: &Db, caller: &Caller, ancestors: &[Uuid], id: Uuid, verb: Verb) -> Result<()> {
    if caller.permits_all(&R::TABLE, verb) {
        return Ok(());
    }
    let mut select = Statement::new(format!("select 1 from {} where ", R::TABLE.plural));
    push_item(&R::TABLE, caller, ancestors, id, verb, &mut select);
    if db.exists(select).await? { Ok(()) } else { Err(caller.refusal(R::TABLE.permission(), verb)) }
}

/// Nothing, if the caller may change this record: to be asked before much is read that may be for nothing.
///
/// # Errors
/// When it is not to be seen, or the caller may not.
pub async fn allow_update<R: Resource>(db: &Db, caller: &Caller, ancestors: &[Uuid], id: Uuid) -> Result<()> {
    caller.require_signed_in()?;
    load::<R>(db, caller, ancestors, id).await?;
    allow::<R>(db, caller, ancestors, id, Verb::Update).await
}

/// Nothing, if the caller may create records here: to be asked before much is read that may be for nothing.
///
/// # Errors
/// When an ancestor is not to be seen, or the caller may not.
pub async fn allow_create<R: Resource>(db: &Db, caller: &Caller, ancestors: &[Uuid]) -> Result<()> {
    caller.require_signed_in()?;
    require_ancestors(db, caller, &R::TABLE, ancestors, Verb::Create).await?;
    let parent = R::TABLE.parent.as_ref().map(|parent| parent.column);
    require_create::<R>(db, caller, |column| ancestors.last().copied().filter(|_| parent == Some(column))).await
}

/// The answer to a change, which the caller gets even if it takes the row out of the caller's sight.
async fn answer_and_commit<R: Resource>(tx: Tx, caller: &Caller, ancestors: &[Uuid], row: R) -> Result<Located<R>> {
    let mut page = [Located::new(row, caller, ancestors).whole()];
    R::embed(&tx, caller, &mut page).await?;
    let [located] = page;
    idempotency::keep(&tx, caller, &located).await?;
    tx.commit().await?;
    Ok(located)
}

/// The refusal of a change whose `If-Match` did not hold.
pub fn changed_meanwhile() -> Error {
    Error::new(
        Kind::PreconditionFailed,
        "It has changed since you read it. Read it again and repeat your change on that.",
    )
}
