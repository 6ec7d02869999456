//! Offers: products under licences.

use super::{License, Product};
use crate::core::Result;
use crate::core::access::Caller;
use crate::core::db::Tx;
use crate::core::field::Line;
use crate::core::id::Id;
use crate::core::resource::{Parent, Reference, Resource, Table};
use crate::resource;

resource! {
    /// An offer: a product under a licence.
    pub struct ProductLicense {
        /// The product offered.
        [fixed] product_id: Id<Product>,
        /// The licence that it is offered under, unique in the product.
        license_id: Id<License>,
        /// Its id in another system.
        external_id: Option<Line>,
    }
}

impl Resource for ProductLicense {
    const TABLE: Table = Table {
        name: "product_license",
        plural: "product_licenses",
        path: "/products/{product_id}/licenses",
        parent: Some(Parent { table: &Product::TABLE, column: "product_id" }),
        ..Table::PLAIN
    };
    const UNIQUE: &'static [&'static [&'static str]] = &[&["product_id", "license_id"]];
    const ENTITLEMENTS: Option<&'static str> = Some("product_license_id = $1");
    const REFERENCES: &'static [Reference] = &[Reference { column: "license_id", table: &License::TABLE }];

    async fn settle(tx: &Tx, _: &Caller, old: Option<&Self>, _: Option<&Self>) -> Result<()> {
        if old.is_none() {
            tx.changes_families();
        }
        Ok(())
    }
}
