//! What comes of a wish to use a product.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::core::clock::Timestamp;
use crate::core::error::{Error, Kind};
use crate::core::field::Natural;
use crate::core::field::choice::choice;
use crate::core::id::Id;
use crate::core::model::{Attempt, Claim, PartyType, Product};
use crate::core::resource::Located;

choice! {
    /// How a right stands.
    State {
        /// It is valid.
        Active = "active",
        /// It has ended, and is still granted for a while.
        Grace = "grace",
        /// It is granted no longer.
        Expired = "expired",
    }
}

choice! {
    /// Why a product may not be used. Of several claims, the one that comes nearest to a grant tells: the last of these.
    Reason {
        /// There is no claim to it.
        NoClaim = "no_claim",
        /// There was one, and its time is over.
        Expired = "expired",
        /// There is one that is valid from a later instant on.
        NotYetValid = "not_yet_valid",
        /// There is one, of which not so many uses are left.
        UsesExhausted = "uses_exhausted",
    }
}

/// What comes of a wish to use a product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Decision {
    /// It may be used.
    Granted(Box<Grant>),
    /// It may not.
    Refused(Refusal),
    /// In a batch: it could not be decided.
    Failed(Failed),
}

/// That a product may be used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grant {
    /// The claim that counts; none when it is by permission.
    #[serde(flatten)]
    pub claim: Option<Located<Claim>>,
    /// The product.
    pub product_id: Id<Product>,
    /// For how many uses.
    pub quantity: Natural,
    /// The record of this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt_id: Option<Id<Attempt>>,
    /// The instant as of which all this holds.
    pub evaluated_at: Timestamp,
    /// Whether the right is valid or in its grace.
    pub state: State,
    /// Whether the product need not ask again before `valid_until`: nothing is used up, and the end is not near.
    pub conclusive: bool,
    /// When the right ends; never, if there is none.
    pub valid_until: Option<Timestamp>,
    /// Until when it is granted, with the licence's grace.
    pub granted_until: Option<Timestamp>,
    /// How many uses are left, where they are limited.
    pub remaining_uses: Option<i64>,
    /// A proof of this, to be checked without the marketplace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
}

/// That a product may not be used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// The product.
    pub product_id: Id<Product>,
    /// For whom it was asked.
    pub claimant_type: PartyType,
    /// The user or group.
    pub claimant_id: Uuid,
    /// For how many uses.
    pub quantity: Natural,
    /// The record of this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt_id: Option<Id<Attempt>>,
    /// The instant as of which all this holds.
    pub evaluated_at: Timestamp,
    /// Why not.
    pub reason: Reason,
    /// How the right stands, where its time is over.
    pub state: Option<State>,
    /// Whether to ask again is of no use until somebody changes the rights: none is to come.
    pub conclusive: bool,
    /// When the next right becomes valid, where one is to come.
    pub valid_from: Option<Timestamp>,
    /// When the right was last granted, where its time is over.
    pub ended_at: Option<Timestamp>,
}

/// That one of a batch could not be decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failed {
    /// Whether it is that the caller may not ask, and not that there is no such product or claimant.
    pub forbidden: bool,
    /// Why, as a sentence.
    pub message: String,
}

impl Decision {
    pub(super) fn failed(error: &Error) -> Self {
        Self::Failed(Failed { forbidden: error.kind() == Kind::Forbidden, message: error.message().to_owned() })
    }
}

impl Refusal {
    /// Why, as a sentence that says what to do.
    pub fn message(&self) -> String {
        let instant = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
        match self.reason {
            Reason::NoClaim => "There is no claim to this product. Acquire an entitlement to it and claim that.".into(),
            Reason::NotYetValid => format!("The right to this product begins at {}.", instant(self.valid_from)),
            Reason::Expired => format!("The right to this product ended at {}. Renew it.", instant(self.ended_at)),
            Reason::UsesExhausted => {
                "The right to this product has not so many uses left. Acquire another entitlement.".into()
            }
        }
    }
}
