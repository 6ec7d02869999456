//! Parties: a user or a group, where either may stand.

use uuid::Uuid;

use super::{Group, User};
use crate::core::Result;
use crate::core::access::Caller;
use crate::core::db::Tx;
use crate::core::field::choice::choice;
use crate::core::resource::{Input, Resource, is_readable};

choice! {
    /// What kind of party it is.
    PartyType {
        /// One person.
        User = "User" or "user",
        /// All members of a group.
        Group = "Group" or "group",
    }
}

impl PartyType {
    /// Records an error for a field whose id is of no such party that the caller can see.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn check(self, tx: &Tx, caller: &Caller, field: &str, id: Uuid, input: &mut Input) -> Result<()> {
        let table = match self {
            Self::User => &User::TABLE,
            Self::Group => &Group::TABLE,
        };
        if !input.failed(field) && !is_readable(tx, caller, table, id).await? {
            input.fails(field, format!("must be the id of {} that exists", table.one()));
        }
        Ok(())
    }
}
