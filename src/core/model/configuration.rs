//! Configurations: ways to run a build.

use super::Build;
use crate::core::Result;
use crate::core::access::Caller;
use crate::core::db::Tx;
use crate::core::field::Name;
use crate::core::id::Id;
use crate::core::resource::{Parent, Resource, Table};
use crate::resource;

resource! {
    /// A way to run a build: a set of tasks.
    pub struct Configuration {
        /// The build that it runs.
        [fixed] build_id: Id<Build>,
        /// Its name, unique in the build.
        name: Name,
        /// Whether it is the one to take when none is chosen.
        default: bool = false,
    }
}

impl Resource for Configuration {
    const TABLE: Table = Table {
        name: "configuration",
        plural: "configurations",
        path: "/products/{product_id}/builds/{build_id}/configurations",
        parent: Some(Parent { table: &Build::TABLE, column: "build_id" }),
        sort: "name",
        ..Table::PLAIN
    };
    const UNIQUE: &'static [&'static [&'static str]] = &[&["build_id", "name"]];

    async fn guard(tx: &Tx, caller: &Caller, old: Option<&Self>, new: Option<&Self>) -> Result<()> {
        match old.or(new) {
            Some(row) => Build::require_open(tx, caller, row.build_id).await,
            None => Ok(()),
        }
    }
}
