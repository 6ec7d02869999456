//! What the database finds, and the decision that it comes to.

use uuid::Uuid;

use super::Request;
use super::decision::{Decision, Grant, Reason, Refusal, State};
use crate::core::access::{Caller, Verb};
use crate::core::clock::Timestamp;
use crate::core::db::FromRow;
use crate::core::field::Count;
use crate::core::model::{Claim, Group, PartyType, Product, User};
use crate::core::resource::{Located, Resource};
use crate::core::{Error, Result};

/// What the database finds.
#[derive(FromRow)]
pub struct Found {
    /// Whether the caller may read the product.
    product: bool,
    /// Whether there is such a claimant for whom the caller may ask.
    party: bool,
    /// Whether the caller may read the claimant.
    reads: bool,
    /// Whether families are as the question has them.
    pub current: bool,
    /// How many of the attempts are granted, by the claim that was chosen, if any was.
    pub number: Option<i64>,
    pub claim_id: Option<Uuid>,
    pub entitlement_id: Option<Uuid>,
    claimant_type: Option<PartyType>,
    claimant_id: Option<Uuid>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    authorized_at: Option<Timestamp>,
    /// How often the claim had been authorized before.
    authorization_count: Option<i64>,
    /// How often all claims of the entitlement had been.
    used: Option<i64>,
    uses: Option<i64>,
    /// When the right ends, and when it is no longer granted, in milliseconds.
    ends: Option<i64>,
    closes: Option<i64>,
    /// Why none was chosen.
    pub reason: Option<Reason>,
    /// When the next claim becomes valid.
    opens: Option<i64>,
    /// When the last claim was no longer granted.
    closed: Option<i64>,
}

impl Found {
    /// The same, if the caller may be told.
    pub fn seen(self, caller: &Caller, request: &Request) -> Result<Self> {
        let party = match request.claimant.party() {
            PartyType::User => User::TABLE.name,
            PartyType::Group => Group::TABLE.name,
        };
        match &self {
            Self { party: false, reads: false, .. } => Err(Error::not_found(party)),
            Self { product: false, .. } => Err(Error::not_found(Product::TABLE.name)),
            Self { party: false, .. } => Err(caller.refusal(Product::TABLE.permission(), Verb::Authorize)),
            _ => Ok(self),
        }
    }

    /// Whether the attempts are decided. They are not if families have changed, or if the claims that could have been
    /// counted were used up or deleted while the statement waited for them.
    pub fn is_settled(&self) -> bool {
        self.product && self.party && self.current && (self.number.is_some() || self.reason.is_some())
    }

    /// Those of the attempts that were decided.
    pub fn decided<'a>(&self, attempts: &'a [Uuid]) -> &'a [Uuid] {
        let granted = self.number.and_then(|number| usize::try_from(number).ok());
        &attempts[..granted.unwrap_or(attempts.len()).min(attempts.len())]
    }

    /// What came of the attempt at a place among those decided together; of none, what would.
    pub fn decision(
        &self,
        caller: &Caller,
        request: &Request,
        attempt: Option<Uuid>,
        place: usize,
    ) -> Result<Decision> {
        if self.number.is_none() {
            return self.refusal(caller, request, attempt).map(Decision::Refused);
        }
        let now = caller.now;
        let ordinal = i64::try_from(place).map_err(Error::internal)? + i64::from(attempt.is_some());
        let counted = ordinal * request.quantity.0;
        let remaining = match (self.uses, self.used) {
            (Some(uses @ 1..), Some(used)) => Some(uses - used - counted),
            _ => None,
        };
        let in_grace = self.ends.is_some_and(|end| end <= now.unix_millis());
        Ok(Decision::Granted(Box::new(Grant {
            claim: self.claim(caller, counted, attempt.is_some()),
            product_id: request.product,
            quantity: request.quantity,
            attempt_id: attempt.map(Into::into),
            evaluated_at: now,
            state: if in_grace { State::Grace } else { State::Active },
            conclusive: remaining.is_none() && !in_grace,
            valid_until: instant(self.ends),
            granted_until: instant(self.closes),
            remaining_uses: remaining,
            receipt: None,
        })))
    }

    fn refusal(&self, caller: &Caller, request: &Request, attempt: Option<Uuid>) -> Result<Refusal> {
        let reason = self.reason.ok_or_else(|| Error::internal("a refusal has no reason"))?;
        Ok(Refusal {
            product_id: request.product,
            claimant_type: request.claimant.party(),
            claimant_id: request.claimant.id(caller),
            quantity: request.quantity,
            attempt_id: attempt.map(Into::into),
            evaluated_at: caller.now,
            reason,
            state: (reason == Reason::Expired).then_some(State::Expired),
            conclusive: self.opens.is_none(),
            valid_from: instant(self.opens),
            ended_at: instant(self.closed).filter(|_| reason == Reason::Expired),
        })
    }

    /// The claim that was chosen: as it is once so many more uses are counted, or, if none is, as it is.
    fn claim(&self, caller: &Caller, counted: i64, counts: bool) -> Option<Located<Claim>> {
        let now = counts.then_some(caller.now);
        let claim = Claim {
            id: self.claim_id?.into(),
            entitlement_id: self.entitlement_id?.into(),
            claimant_type: self.claimant_type?,
            claimant_id: self.claimant_id?,
            authorization_count: Count(self.authorization_count? + counted),
            authorized_at: now.or(self.authorized_at),
            created_at: self.created_at?,
            updated_at: now.or(self.updated_at)?,
        };
        Some(Located::new(claim, caller, &[]))
    }
}

/// What passes all calendars is at no instant.
fn instant(millis: Option<i64>) -> Option<Timestamp> {
    millis.and_then(Timestamp::from_unix_millis)
}
