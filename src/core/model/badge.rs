//! Badges: marks of distinction that products may carry.

use crate::core::field::{Name, Prose};
use crate::core::resource::{Resource, Table};
use crate::resource;

resource! {
    /// A mark of distinction that products may carry.
    pub struct Badge {
        /// Its name, unique.
        name: Name,
        /// What it stands for.
        description: Prose,
    }
}

impl Resource for Badge {
    const TABLE: Table = Table { name: "badge", plural: "badges", path: "/badges", sort: "name", ..Table::PLAIN };
    const UNIQUE: &'static [&'static [&'static str]] = &[&["name"]];
}
