//! Exposures: the interfaces that a build offers to others.

use super::{Build, Interface};
use crate::core::Result;
use crate::core::access::Caller;
use crate::core::db::Tx;
use crate::core::id::Id;
use crate::core::resource::{Parent, Reference, Resource, Table};
use crate::resource;

resource! {
    /// An interface that a build offers to others.
    pub struct Exposure {
        /// The build that offers it.
        [fixed] build_id: Id<Build>,
        /// The interface, unique in the build.
        interface_id: Id<Interface>,
    }
}

impl Resource for Exposure {
    const TABLE: Table = Table {
        name: "exposure",
        plural: "exposures",
        path: "/products/{product_id}/builds/{build_id}/exposures",
        parent: Some(Parent { table: &Build::TABLE, column: "build_id" }),
        ..Table::PLAIN
    };
    const UNIQUE: &'static [&'static [&'static str]] = &[&["build_id", "interface_id"]];
    const REFERENCES: &'static [Reference] = &[Reference { column: "interface_id", table: &Interface::TABLE }];

    async fn guard(tx: &Tx, caller: &Caller, old: Option<&Self>, new: Option<&Self>) -> Result<()> {
        match old.or(new) {
            Some(row) => Build::require_open(tx, caller, row.build_id).await,
            None => Ok(()),
        }
    }
}
