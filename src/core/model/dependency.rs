//! Dependencies: what a build needs of others at run time.

use super::{Build, Interface, Product};
use crate::core::Result;
use crate::core::access::Caller;
use crate::core::db::{Json, Tx};
use crate::core::field::{Object, Uuids};
use crate::core::id::Id;
use crate::core::resource::{Input, Parent, Reference, Resource, Table};
use crate::resource;

resource! {
    /// What a build needs at run time: an interface, or a certain product.
    pub struct Dependency {
        /// The build that needs it.
        [fixed] build_id: Id<Build>,
        /// The interface needed.
        interface_id: Option<Id<Interface>>,
        /// The product needed, which need not be in this marketplace.
        dependency_product_id: Option<Id<Product>>,
        /// The builds of that product that will do; none means any.
        dependency_build_ids: Json<Uuids> = Json(Vec::new()),
        /// Whether the build can't run without it.
        required: bool = true,
        /// Which of its parameters go to which environment variables.
        mappings: Json<Object> = Json(Object::new()),
    }
}

impl Resource for Dependency {
    const TABLE: Table = Table {
        name: "dependency",
        plural: "dependencies",
        path: "/products/{product_id}/builds/{build_id}/dependencies",
        parent: Some(Parent { table: &Build::TABLE, column: "build_id" }),
        ..Table::PLAIN
    };
    const ALIASES: &'static [(&'static str, &'static str)] =
        &[("uuid", "dependency_product_id"), ("build", "dependency_build_ids")];
    const REFERENCES: &'static [Reference] = &[Reference { column: "interface_id", table: &Interface::TABLE }];

    fn validate(&self, input: &mut Input) {
        if self.interface_id.is_none() && self.dependency_product_id.is_none() {
            input.fails("interface_id", "is required, or else dependency_product_id");
        }
    }

    async fn guard(tx: &Tx, caller: &Caller, old: Option<&Self>, new: Option<&Self>) -> Result<()> {
        match old.or(new) {
            Some(row) => Build::require_open(tx, caller, row.build_id).await,
            None => Ok(()),
        }
    }
}
