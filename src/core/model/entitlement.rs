//! Entitlements: the rights that users have acquired.

use super::{ProductLicense, User};
use crate::core::clock::Timestamp;
use crate::core::field::Count;
use crate::core::id::Id;
use crate::core::resource::{Parent, Reference, Resource, Table};
use crate::resource;

resource! {
    /// A user's acquired right to a product under a licence.
    pub struct Entitlement {
        /// The user.
        user_id: Id<User>,
        /// The offer that was taken: a product under a licence.
        [fixed] product_license_id: Id<ProductLicense>,
        /// From when on the right is valid.
        valid_from: Timestamp,
        /// How often all its claims were authorized, those included that are gone.
        [server] authorization_count: Count = Count(0),
    }
}

impl Resource for Entitlement {
    const TABLE: Table = Table {
        name: "entitlement",
        plural: "entitlements",
        path: "/entitlements",
        parent: Some(Parent { table: &ProductLicense::TABLE, column: "product_license_id" }),
        owner: Some("user_id"),
        ..Table::PLAIN
    };
    const REFERENCES: &'static [Reference] = &[
        Reference { column: "user_id", table: &User::TABLE },
        Reference { column: "product_license_id", table: &ProductLicense::TABLE },
    ];
}
