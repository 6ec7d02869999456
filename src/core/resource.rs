//! What all resources have in common. A resource is declared once, in [`resource!`](crate::resource): its fields, each
//! of a type that carries its rules. The generic verbs here, the routes, the filters, the API's description
//! follow from that declaration.

mod bulk;
mod checks;
mod cursor;
pub mod filter;
mod input;
mod located;
mod order;
pub mod query;
mod read;
mod record;
pub mod search;
mod table;
mod write;

use std::future::Future;

pub use bulk::{COUNT, create_many};
pub use input::{Given, Input};
pub use located::Located;
pub use query::Query;
pub use read::{find, is_changeable, is_readable, list, load, push_found};
pub use record::{Embed, FieldInfo, Mode, Record, parse};
pub use table::{Decides, Parent, Reference, Table};
pub use write::{
    Demand, Precondition, allow_create, allow_update, amend, changed_meanwhile, create, delete, draft, insert,
    insert_fresh, insert_under, replace, require, transition, update,
};

use super::Result;
use super::access::Caller;
use super::db::{Db, Statement, Tx};
use super::event::NewEvent;
use super::field::Shape;
use super::files::{FileKind, Stored};

/// A resource of the marketplace: its table, and what is particular to it. All has a default but the table.
pub trait Resource: Record {
    /// Names, place and relations.
    const TABLE: Table;
    /// Other names under which clients send fields: (theirs, ours).
    const ALIASES: &'static [(&'static str, &'static str)] = &[];
    /// Columns that refer to other resources, which must exist and be readable by whoever sets them.
    const REFERENCES: &'static [Reference] = &[];
    /// Sets of columns that no two rows have alike; the last of each is the field at fault.
    const UNIQUE: &'static [&'static [&'static str]] = &[];
    /// The fields that those see who may read and not change it; none means all.
    const SAFE: &'static [&'static str] = &[];
    /// The condition, in SQL with the id as `$1`, of the entitlements that go when it goes.
    const ENTITLEMENTS: Option<&'static str> = None;
    /// How many can be made in one call, by the field `count` of a creation; 0 where one at a time is all there is.
    const MOST_AT_ONCE: usize = 0;
    /// The files that it takes, by the names of their form fields.
    const FILES: &'static [(&'static str, FileKind)] = &[];
    /// Filters beyond the fields, each with the shape of its value and what it leaves; see [`filter`](Self::filter).
    const FILTERS: &'static [(&'static str, Shape, &'static str)] = &[];

    /// Text fields of few distinct values, with an index that begins with them.
    const FACETS: &'static [&'static str] = &[];

    /// Fills in what the caller left out of a creation.
    fn prepare(_caller: &Caller, _input: &mut Input) {}

    /// Fills in what only the server knows of a new row.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    fn complete(&mut self, _caller: &Caller, _input: &mut Input) -> Result<()> {
        Ok(())
    }

    /// Takes a file in, one of [`FILES`](Self::FILES) that is in the store by now, as columns of the row.
    fn attach(&mut self, _caller: &Caller, _name: &str, _file: Stored) {}

    /// Takes a file in as another row, once the row itself is written.
    fn attach_beside(
        _tx: &Tx,
        _caller: &Caller,
        _row: &Self,
        _name: &str,
        _file: Stored,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Changes in the row itself what a change of it entails.
    fn revise(&mut self, _old: &Self) {}

    /// Rules across fields: records what fails in the input's errors.
    fn validate(&self, _input: &mut Input) {}

    /// Adds the condition of one of [`FILTERS`](Self::FILTERS).
    ///
    /// # Errors
    /// When the value does not parse.
    fn filter(_name: &str, _value: &str, _caller: &Caller, _statement: &mut Statement) -> Result<()> {
        Ok(())
    }

    /// Rules across rows, such as what a reference must lead to: records what fails in the input's errors.
    fn check(
        _tx: &Tx,
        _caller: &Caller,
        _old: Option<&Self>,
        _new: &Self,
        _input: &mut Input,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
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
