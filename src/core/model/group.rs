//! Groups: users who are given roles and rights together.

use crate::core::field::{Name, Prose};
use crate::core::resource::{Decides, Resource, Table};
use crate::resource;

resource! {
    /// Users who are given roles and rights together.
    pub struct Group {
        /// Its name, unique.
        name: Name,
        /// Who they are.
        description: Option<Prose>,
    }
}

impl Resource for Group {
    const TABLE: Table = Table {
        name: "group",
        plural: "groups",
        path: "/groups",
        group: Some("id"),
        sort: "name",
        decides: Decides::Rights,
        ..Table::PLAIN
    };
    const UNIQUE: &'static [&'static [&'static str]] = &[&["name"]];
}
