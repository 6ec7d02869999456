//! Families of products: a right to the parent is a right to the child.

use super::Product;
use crate::core::Result;
use crate::core::access::Caller;
use crate::core::db::Tx;
use crate::core::id::Id;
use crate::core::resource::{Input, Parent, Reference, Resource, Table};
use crate::resource;

resource! {
    /// A product's place under another: a right to the parent is a right to the child. Circles are lawful.
    pub struct SubProduct {
        /// The product above.
        parent_id: Id<Product>,
        /// The product below, unique under the parent.
        child_id: Id<Product>,
    }
}

impl Resource for SubProduct {
    const TABLE: Table = Table {
        name: "sub_product",
        plural: "sub_products",
        path: "/sub_products",
        parent: Some(Parent { table: &Product::TABLE, column: "parent_id" }),
        partner: Some(Parent { table: &Product::TABLE, column: "child_id" }),
        ..Table::PLAIN
    };
    const REFERENCES: &'static [Reference] = &[
        Reference { column: "parent_id", table: &Product::TABLE },
        Reference { column: "child_id", table: &Product::TABLE },
    ];
    const UNIQUE: &'static [&'static [&'static str]] = &[&["parent_id", "child_id"]];

    async fn settle(tx: &Tx, _: &Caller, _: Option<&Self>, _: Option<&Self>) -> Result<()> {
        tx.changes_families();
        Ok(())
    }

    fn validate(&self, input: &mut Input) {
        if self.parent_id == self.child_id && !input.failed("parent_id") {
            input.fails("child_id", "must be another product than the parent");
        }
    }
}
