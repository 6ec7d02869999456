//! Attempts: the record of who asked to use what, and what came of it.

use uuid::Uuid;

use super::{Claim, Entitlement, PartyType, Product, period};
use crate::core::Result;
use crate::core::access::Caller;
use crate::core::db::Statement;
use crate::core::field::choice::choice;
use crate::core::field::{Line, Natural, Shape};
use crate::core::id::Id;
use crate::core::resource::{Resource, Table};
use crate::resource;

choice! {
    /// What came of an attempt.
    Outcome {
        /// The product may be used.
        Granted = "granted",
        /// It may not.
        Refused = "refused",
    }
}

resource! {
    /// An attempt to use a product. Written by the marketplace whenever somebody asks; it stays when all else is gone.
    pub struct Attempt {
        /// The product.
        product_id: Id<Product>,
        /// Whether it was for a user or a group.
        claimant_type: PartyType,
        /// The user or group.
        claimant_id: Uuid,
        /// The claim that counted.
        claim_id: Option<Id<Claim>>,
        /// The entitlement that the claim is for.
        entitlement_id: Option<Id<Entitlement>>,
        /// For how many uses it was.
        quantity: Natural = Natural(1),
        /// What came of it.
        outcome: Outcome,
        /// Why it was refused.
        reason: Option<Line>,
    }
}

impl Resource for Attempt {
    const TABLE: Table =
        Table { name: "attempt", plural: "attempts", path: "/attempts", owner: Some("user_id"), ..Table::PLAIN };
    const FILTERS: &'static [(&'static str, Shape, &'static str)] = period::FILTERS;

    fn filter(name: &str, value: &str, _: &Caller, statement: &mut Statement) -> Result<()> {
        period::push(&Self::TABLE, name, value, statement)
    }
}
