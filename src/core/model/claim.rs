//! Claims: who uses an entitlement.

use std::collections::BTreeSet;

use serde_json::json;
use uuid::Uuid;

use super::{Entitlement, PartyType};
use crate::core::access::Caller;
use crate::core::clock::Timestamp;
use crate::core::db::Tx;
use crate::core::event::{EventType, NewEvent, Stream};
use crate::core::field::Count;
use crate::core::id::Id;
use crate::core::resource::{Input, Parent, Reference, Resource, Table};
use crate::core::{Error, Result};
use crate::resource;

resource! {
    /// The use of an entitlement by a user or a group.
    pub struct Claim {
        /// The entitlement.
        [fixed] entitlement_id: Id<Entitlement>,
        /// Whether a user or a group uses it.
        [fixed] claimant_type: PartyType,
        /// The user or group, unique for the entitlement.
        [fixed] claimant_id: Uuid,
        /// How often it was authorized.
        [server] authorization_count: Count = Count(0),
        /// When it was last authorized.
        [server] authorized_at: Option<Timestamp>,
    }
}

impl Resource for Claim {
    const TABLE: Table = Table {
        name: "claim",
        plural: "claims",
        path: "/entitlements/{entitlement_id}/claims",
        flat: Some("/claims"),
        parent: Some(Parent { table: &Entitlement::TABLE, column: "entitlement_id" }),
        owner: Some("user_id"),
        group: Some("group_id"),
        ..Table::PLAIN
    };
    const REFERENCES: &'static [Reference] = &[Reference { column: "entitlement_id", table: &Entitlement::TABLE }];
    const UNIQUE: &'static [&'static [&'static str]] = &[&["entitlement_id", "claimant_type", "claimant_id"]];

    async fn check(tx: &Tx, caller: &Caller, old: Option<&Self>, new: &Self, input: &mut Input) -> Result<()> {
        if old.is_some() || input.failed("claimant_type") {
            return Ok(());
        }
        new.claimant_type.check(tx, caller, "claimant_id", new.claimant_id, input).await
    }

    /// A licence may limit how many claims an entitlement has.
    async fn guard(tx: &Tx, _: &Caller, old: Option<&Self>, new: Option<&Self>) -> Result<()> {
        let (None, Some(new)) = (old, new) else { return Ok(()) };
        // Two who claim at once take turns.
        tx.lock_row("entitlements", new.entitlement_id.uuid()).await?;
        let select = crate::sql!(
            "select licenses.seats, (select count(*) from claims where entitlement_id = entitlements.id) from entitlements \
             join product_licenses on product_licenses.id = entitlements.product_license_id \
             join licenses on licenses.id = product_licenses.license_id where entitlements.id = $1",
            new.entitlement_id
        );
        // It may have been deleted since it was seen.
        let found = tx.optional::<(i64, i64)>(select).await?;
        match found.ok_or_else(|| Error::not_found(Entitlement::TABLE.name))? {
            (seats, taken) if seats > 0 && taken >= seats => {
                Err(Error::conflict(format!("All {seats} seats of this entitlement are taken.")))
            }
            _ => Ok(()),
        }
    }

    /// The user who may use it is told, and the one whose entitlement it is.
    async fn events(tx: &Tx, _: &Caller, old: Option<&Self>, new: Option<&Self>) -> Result<Vec<NewEvent>> {
        let Some(claim) = new.or(old) else { return Ok(Vec::new()) };
        let (kind, message) = match (old, new) {
            (None, _) => (EventType::Created, "An entitlement was claimed."),
            (_, Some(_)) => (EventType::Updated, "A claim was changed."),
            (_, None) => (EventType::Deleted, "A claim was withdrawn."),
        };
        let select = crate::sql!("select user_id from entitlements where id = $1", claim.entitlement_id);
        let owner: Option<(Uuid,)> = tx.optional(select).await?;
        let claimant = (claim.claimant_type == PartyType::User).then_some(claim.claimant_id);
        let users: BTreeSet<_> = owner.map(|(owner,)| owner).into_iter().chain(claimant).collect();
        let streams = users.into_iter().map(|user| Stream::Account(user.into())).collect();
        let model = json!({ "claim": {
            "id": claim.id,
            "entitlement": { "id": claim.entitlement_id },
            "claimant_type": claim.claimant_type,
            "claimant_id": claim.claimant_id,
        } });
        Ok(vec![NewEvent::of_right(kind, Self::TABLE.name, claim.id.uuid(), message.into(), model, streams)])
    }
}
