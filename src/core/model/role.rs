//! Roles: named sets of permissions.

use crate::core::Result;
use crate::core::access::{Caller, Permissions, require_no_more_than_own};
use crate::core::db::{Json, Tx};
use crate::core::field::{Name, Prose};
use crate::core::resource::{Decides, Resource, Table};
use crate::resource;

resource! {
    /// A named set of permissions, to which users and groups are appointed.
    pub struct Role {
        /// Its name, unique.
        name: Name,
        /// What it is for.
        description: Option<Prose>,
        /// Whether every new user is appointed to it.
        default: bool = false,
        /// Resources, their verbs, and whether each is permitted.
        permissions: Json<Permissions>,
    }
}

impl Resource for Role {
    const TABLE: Table =
        Table { name: "role", plural: "roles", path: "/roles", sort: "name", decides: Decides::Rights, ..Table::PLAIN };
    const UNIQUE: &'static [&'static [&'static str]] = &[&["name"]];

    async fn guard(_: &Tx, caller: &Caller, old: Option<&Self>, new: Option<&Self>) -> Result<()> {
        match (old, new) {
            (Some(old), Some(new)) if old.permissions == new.permissions && old.default == new.default => Ok(()),
            (_, Some(new)) => require_no_more_than_own(caller, &new.permissions.0),
            (_, None) => Ok(()),
        }
    }
}
