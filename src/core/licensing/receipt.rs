//! Receipts: signed proofs of grants (JWS, RFC 7515, with EdDSA, RFC 8037), which anybody can check with the keys at
//! `/.well-known/jwks.json` and without asking the marketplace. `docs/licensing.md` shows how.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{Grant, State};
use crate::core::access::Caller;
use crate::core::clock::Timestamp;
use crate::core::db::Db;
use crate::core::id::Id;
use crate::core::model::{Attempt, Claim, Entitlement, PartyType, Product};
use crate::core::signing::{self, Keys, TokenType};
use crate::core::{Error, Result};

/// The claims of a receipt (RFC 7519, 4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// The marketplace.
    pub iss: String,
    /// The user or group that may use the product.
    pub sub: Uuid,
    /// Which of the two it is.
    pub claimant_type: PartyType,
    /// The product.
    pub aud: Id<Product>,
    /// The attempt that this is the receipt of.
    pub jti: Id<Attempt>,
    /// When it was granted, in seconds.
    pub iat: i64,
    /// From when on it is granted no longer, in seconds; never, if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    /// The claim that counted; none when it is by permission.
    pub claim_id: Option<Id<Claim>>,
    /// The entitlement.
    pub entitlement_id: Option<Id<Entitlement>>,
    /// For how many uses.
    pub quantity: i64,
    /// Whether the right was valid or in its grace.
    pub state: State,
    /// When the right ends, its grace apart.
    pub valid_until: Option<Timestamp>,
    /// How many uses are left, where they are limited.
    pub remaining_uses: Option<i64>,
}

impl Receipt {
    /// Of a grant.
    pub(super) fn of(caller: &Caller, claimant: (PartyType, Uuid), grant: &Grant, attempt: Id<Attempt>) -> Self {
        let claim = grant.claim.as_ref().map(|claim| &claim.record);
        let (claimant_type, sub) = claimant;
        Self {
            iss: caller.origin.to_string(),
            sub,
            claimant_type,
            aud: grant.product_id,
            jti: attempt,
            iat: grant.evaluated_at.unix_seconds(),
            exp: grant.granted_until.map(Timestamp::unix_seconds),
            claim_id: claim.map(|claim| claim.id),
            entitlement_id: claim.map(|claim| claim.entitlement_id),
            quantity: grant.quantity.0,
            state: grant.state,
            valid_until: grant.valid_until,
            remaining_uses: grant.remaining_uses,
        }
    }

    /// Signs it with the newest of the marketplace's keys.
    pub(super) async fn sign(&self, db: &Db, keys: &Keys) -> Result<String> {
        let signed = keys.sign(db, TokenType::Receipt, self).await?;
        Ok(signed.expose().to_owned())
    }

    /// Whether what it grants is over.
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.exp.is_some_and(|end| end <= now.unix_seconds())
    }
}

/// The receipt in a text, if one of these keys (RFC 7517) signed it. Whether it still holds is another question.
///
/// # Errors
/// When it is none, or none of the keys has signed it.
pub fn verify(keys: &Value, text: &str) -> Result<Receipt> {
    signing::verify_with(keys, TokenType::Receipt, text)
        .map_err(|error| Error::bad_request(format!("The receipt does not hold: {}", error.message())))
}
