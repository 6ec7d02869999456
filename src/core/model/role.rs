//! Roles: named sets of permissions.

use crate::core::access::Permissions;
use crate::core::db::Json;
use crate::core::field::{Name, Prose};
use crate::core::resource::{Resource, Table};
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
    const TABLE: Table = Table { name: "role", plural: "roles", path: "/roles", sort: "name", ..Table::PLAIN };
    const UNIQUE: &'static [&'static [&'static str]] = &[&["name"]];
}
