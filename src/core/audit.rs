//! The audit log: who did what to what, when and from where. An entry is written in the transaction of its change, and
//! never changed or deleted.

use serde_json::Value;
use uuid::Uuid;

use super::Result;
use super::access::Caller;
use super::clock::Timestamp;
use super::db::{Db, Statement};
use super::field::Object;
use super::id::Id;
use super::model::{Platform, Token, User};
use super::resource::{Decides, Resource, Table};

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Something was made.
    Create,
    /// It was changed.
    Update,
    /// It was deleted, with all that it is composed of.
    Delete,
    /// Somebody signed in.
    SignIn,
    /// Somebody signed out.
    SignOut,
}

impl Action {
    fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::SignIn => "sign_in",
            Self::SignOut => "sign_out",
        }
    }
}

/// An entry about to be written.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its id.
    pub id: Uuid,
    action: Action,
    resource_type: &'static str,
    resource_id: Uuid,
    user: Option<Id<User>>,
    platform: Option<Id<Platform>>,
    token: Option<Id<Token>>,
    address: Option<String>,
    before: Option<Value>,
    after: Option<Value>,
    at: Timestamp,
}

impl Entry {
    /// That a caller did this.
    pub fn new(caller: &Caller, action: Action, table: &Table, resource_id: Uuid) -> Self {
        Self {
            id: Uuid::new_v4(),
            action,
            resource_type: table.name,
            resource_id,
            user: caller.user_id(),
            platform: caller.platform_id(),
            token: caller.principal.credential.token,
            address: caller.address.map(|address| address.to_string()),
            before: None,
            after: None,
            at: caller.now,
        }
    }

    /// That a caller changed a record from one state to another; `None` stands for "not there".
    pub fn of_change<R: Resource>(caller: &Caller, old: Option<&R>, new: Option<&R>) -> Option<Self> {
        let (action, id) = match (old, new) {
            (None, Some(new)) => (Action::Create, new.id()),
            (Some(_), Some(new)) => (Action::Update, new.id()),
            (Some(old), None) => (Action::Delete, old.id()),
            (None, None) => return None,
        };
        let (mut before, mut after) = (old.map(relevant::<R>), new.map(relevant::<R>));
        if let (Some(before), Some(after)) = (&mut before, &mut after) {
            let same: Vec<String> = before
                .iter()
                .filter(|(name, value)| after.get(*name) == Some(*value))
                .map(|(name, _)| name.clone())
                .collect();
            for name in &same {
                before.remove(name);
                after.remove(name);
            }
        }
        let told = |fields: Option<Object>| fields.filter(|fields| !fields.is_empty()).map(Value::Object);
        Some(Self { before: told(before), after: told(after), ..Self::new(caller, action, &R::TABLE, id) })
    }
}

/// The fields of a record that bear on who may do what: all of what decides about that, of others whose it is and since when
/// it is public. Secrets are not among them.
fn relevant<R: Resource>(row: &R) -> Object {
    let table = &R::TABLE;
    let bears =
        |name: &str| table.decides != Decides::Nothing || table.owner == Some(name) || table.published.contains(&name);
    let all = serde_json::to_value(row).ok().and_then(|value| value.as_object().cloned()).unwrap_or_default();
    let shown = R::FIELDS.iter().filter(|field| !field.hidden && bears(field.name));
    shown.filter_map(|field| Some((field.name.to_owned(), all.get(field.name)?.clone()))).collect()
}

/// How many entries one statement writes: databases limit its arguments.
const BATCH: usize = 500;

/// Writes entries, in the transaction of what they tell.
///
/// # Errors
/// When the database refuses or is away.
pub async fn write(db: &Db, entries: Vec<Entry>) -> Result<()> {
    let mut entries = entries.into_iter().peekable();
    while entries.peek().is_some() {
        let mut insert = Statement::new(
            "insert into audit_events (id, action, resource_type, resource_id, user_id, platform_id, token_id, address, \
             before, after, created_at, updated_at) values ",
        );
        for (index, entry) in entries.by_ref().take(BATCH).enumerate() {
            insert.push(if index > 0 { ", (" } else { "(" }).push_arg(entry.id);
            insert.push(", ").push_arg(entry.action.word()).push(", ").push_arg(entry.resource_type);
            insert.push(", ").push_arg(entry.resource_id).push(", ").push_arg(entry.user);
            insert.push(", ").push_arg(entry.platform).push(", ").push_arg(entry.token);
            insert.push(", ").push_arg(entry.address).push(", ").push_arg(entry.before);
            insert
                .push(", ")
                .push_arg(entry.after)
                .push(", ")
                .push_arg(entry.at)
                .push(", ")
                .push_arg(entry.at)
                .push(")");
        }
        db.execute(insert).await?;
    }
    Ok(())
}
