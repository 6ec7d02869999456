//! What all resources have in common. A resource is declared once, in [`resource!`](crate::resource): its fields, each
//! of a type that carries its rules. The generic verbs here, the routes, the filters, the API's description
//! follow from that declaration.

mod cursor;
pub mod filter;
mod input;
mod order;
pub mod query;
mod read;
mod record;
pub mod search;
mod table;
mod write;

use std::future::Future;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use input::Input;
pub use query::Query;
pub use read::{find, list, load};
pub use record::{FieldInfo, Mode, Record, parse};
pub use table::{Parent, Reference, Table};
pub use write::{
    Precondition, amend, changed_meanwhile, create, delete, draft, insert, replace, require, transition, update,
};

use super::Result;
use super::access::Caller;
use super::db::{Db, Statement, Tx};
use super::event::NewEvent;

/// A resource of the marketplace: its table, and what is particular to it. All has a default but the table.
pub trait Resource: Record {
    /// Names, place and relations.
    const TABLE: Table;
    /// Other names under which clients send fields: (theirs, ours).
    const ALIASES: &'static [(&'static str, &'static str)] = &[];
    /// Columns that refer to other resources, which must exist and be readable by whoever sets them.
    const REFERENCES: &'static [Reference] = &[];
    /// Filters beyond the fields, each with what it leaves; see [`filter`](Self::filter).
    const FILTERS: &'static [(&'static str, &'static str)] = &[];

    /// Text fields of few distinct values, with an index that begins with them.
    const FACETS: &'static [&'static str] = &[];

    /// Fills in what the caller left out of a creation.
    fn prepare(_caller: &Caller, _input: &mut Input) {}

    /// Rules across fields: records what fails in the input's errors.
    fn validate(&self, _input: &mut Input) {}

    /// Adds the condition of one of [`FILTERS`](Self::FILTERS).
    ///
    /// # Errors
    /// When the value does not parse.
    fn filter(_name: &str, _value: &str, _caller: &Caller, _statement: &mut Statement) -> Result<()> {
        Ok(())
    }

    /// Refuses a change that the state forbids. `None` stands for "not there" before a creation, after a deletion.
    fn guard(
        _tx: &Tx,
        _caller: &Caller,
        _old: Option<&Self>,
        _new: Option<&Self>,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// What else changes with it, in the same transaction.
    fn settle(
        _tx: &Tx,
        _caller: &Caller,
        _old: Option<&Self>,
        _new: Option<&Self>,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// The events that a change is worth.
    fn events(
        _tx: &Tx,
        _caller: &Caller,
        _old: Option<&Self>,
        _new: Option<&Self>,
    ) -> impl Future<Output = Result<Vec<NewEvent>>> + Send {
        async { Ok(Vec::new()) }
    }

    /// Fills in what answers embed of other resources, for a whole page at once.
    fn embed(_db: &Db, _caller: &Caller, _page: &mut [Located<Self>]) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }
}

/// A record together with where it is found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Located<R> {
    /// The record itself.
    #[serde(flatten)]
    pub record: R,
    /// Its address, relative to the marketplace's root.
    #[serde(default)]
    pub path: String,
    /// Its absolute address, where the record has no `url` of its own.
    #[serde(default, rename = "url", skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl<R: Resource> Located<R> {
    /// Finds out where a record is, given the ids of what it is nested in, outermost first.
    pub fn new(record: R, caller: &Caller, ancestors: &[Uuid]) -> Self {
        let path = format!("{}/{}", R::TABLE.path_under(ancestors), record.id());
        let has_own_url = R::FIELDS.iter().any(|field| field.name == "url");
        let address = (!has_own_url).then(|| format!("{}{path}", caller.origin));
        Self { record, path, address }
    }
}
