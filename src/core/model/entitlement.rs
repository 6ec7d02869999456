//! Entitlements: the rights that users have acquired.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{ProductLicense, User};
use crate::core::Result;
use crate::core::access::Caller;
use crate::core::clock::Timestamp;
use crate::core::db::Tx;
use crate::core::event::{EventType, NewEvent, Stream};
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

impl Entitlement {
    /// What others are told of it.
    fn told(&self) -> Value {
        json!({ "entitlement": {
            "id": self.id,
            "user": { "id": self.user_id },
            "product_license": { "id": self.product_license_id },
            "valid_from": self.valid_from,
        } })
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

    /// Its user is told; both are, when it passes from one to another.
    async fn events(_: &Tx, _: &Caller, old: Option<&Self>, new: Option<&Self>) -> Result<Vec<NewEvent>> {
        let Some(told) = new.or(old) else { return Ok(Vec::new()) };
        let (kind, message) = match (old, new) {
            (None, _) => (EventType::Created, "An entitlement was acquired."),
            (_, Some(_)) => (EventType::Updated, "An entitlement was changed."),
            (_, None) => (EventType::Deleted, "An entitlement was withdrawn."),
        };
        let users: BTreeSet<_> = [old, new].into_iter().flatten().map(|row| row.user_id.uuid()).collect();
        let streams = users.into_iter().map(|user| Stream::Account(user.into())).collect();
        let id = told.id.uuid();
        Ok(vec![NewEvent::of_right(kind, Self::TABLE.name, id, message.into(), told.told(), streams)])
    }
}
