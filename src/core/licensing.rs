//! Licensing: who may use what, now. Of the claims that give a user or a group a right to a product, one is chosen and
//! counted, and the attempt is written, all in one statement: what is answered has been counted, and nothing is twice.

mod decision;
mod families;
mod found;
mod lanes;
mod receipt;
mod redeem;
mod request;
mod statement;
mod summary;

use std::sync::Arc;

use uuid::Uuid;

pub use decision::{Decision, Grant, Reason, Refusal, State};
pub use receipt::{Receipt, verify};
pub use redeem::redeem;
pub use request::{Claimant, Request};
pub use summary::{By, Summary, summary};

use super::access::{Caller, Verb};
use super::db::{Db, again};
use super::error::Kind;
use super::model::Product;
use super::resource::Resource;
use super::signing::Keys;
use super::{Error, Result, idempotency};
use families::Families;
use found::Found;
use lanes::Lanes;
use statement::Question;

/// The most authorizations in one batch.
pub const BATCH: usize = 100;

/// What decides who may use what. Cheap to clone.
#[derive(Clone)]
pub struct Licensing(Arc<Inner>);

struct Inner {
    keys: Keys,
    families: Families,
    lanes: Lanes,
}

impl Licensing {
    /// One that signs receipts with these keys.
    pub fn new(keys: Keys) -> Self {
        Self(Arc::new(Inner { keys, families: Families::default(), lanes: Lanes::default() }))
    }

    /// Decides whether a claimant may use a product now, counts the use if so, and records the attempt. A repeat under the
    /// same `Idempotency-Key` gets the first answer.
    ///
    /// # Errors
    /// [`Kind::NotFound`] when the product or the claimant is not to be seen, [`Kind::Forbidden`] when the caller may not
    /// ask for this claimant.
    pub async fn authorize(&self, db: &Db, caller: &Caller, request: Request) -> Result<Decision> {
        require_may_ask(caller, &request)?;
        if caller.idempotency_key.is_none() {
            let decision = self.queue(db, caller, request).await;
            db.note_attempts();
            return decision;
        }
        again(|| self.authorize_once(db, caller, request)).await
    }

    async fn authorize_once(&self, db: &Db, caller: &Caller, request: Request) -> Result<Decision> {
        let tx = db.begin().await?;
        if let Some(first) = idempotency::first_answer(&tx, caller).await? {
            return Ok(first);
        }
        let decision = self.decide_one(&tx, caller, request).await?;
        idempotency::keep(&tx, caller, &decision).await?;
        tx.commit().await?;
        db.note_attempts();
        Ok(decision)
    }

    /// As [`authorize`](Self::authorize) for several, in their order and in one transaction: all that is counted is
    /// counted, or nothing. One that fails does not keep the others from their decision.
    ///
    /// # Errors
    /// When there are too many, or the database is away.
    pub async fn authorize_all(&self, db: &Db, caller: &Caller, requests: &[Request]) -> Result<Vec<Decision>> {
        caller.require_signed_in()?;
        if requests.len() > BATCH {
            return Err(Error::bad_request(format!("A batch may have {BATCH} authorizations at most.")));
        }
        again(|| self.authorize_all_once(db, caller, requests)).await
    }

    async fn authorize_all_once(&self, db: &Db, caller: &Caller, requests: &[Request]) -> Result<Vec<Decision>> {
        let tx = db.begin().await?;
        if let Some(first) = idempotency::first_answer(&tx, caller).await? {
            return Ok(first);
        }
        let mut decisions = Vec::with_capacity(requests.len());
        for request in requests {
            let decided = match require_may_ask(caller, request) {
                Ok(()) => self.decide_one(&tx, caller, *request).await,
                Err(error) => Err(error),
            };
            decisions.push(match decided {
                Ok(decision) => decision,
                Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Forbidden) => Decision::failed(&error),
                Err(error) => return Err(error),
            });
        }
        idempotency::keep(&tx, caller, &decisions).await?;
        tx.commit().await?;
        db.note_attempts();
        Ok(decisions)
    }

    /// What [`authorize`](Self::authorize) would decide now: nothing is counted or recorded, and there is no receipt.
    ///
    /// # Errors
    /// As [`authorize`](Self::authorize).
    pub async fn check(&self, db: &Db, caller: &Caller, request: Request) -> Result<Decision> {
        require_may_ask(caller, &request)?;
        let found = self.find(db, caller, &request, &[]).await?;
        found.decision(caller, &request, None, 0)
    }

    async fn decide_one(&self, db: &Db, caller: &Caller, request: Request) -> Result<Decision> {
        let decisions = self.decide(db, caller, &request, &[Uuid::new_v4()]).await?;
        decisions.into_iter().next().ok_or_else(|| Error::internal("an attempt was not decided"))
    }

    /// Decides the first of these attempts, all for the same, and as many more as come out alike.
    async fn decide(&self, db: &Db, caller: &Caller, request: &Request, attempts: &[Uuid]) -> Result<Vec<Decision>> {
        let found = self.find(db, caller, request, attempts).await?;
        let mut decisions = Vec::with_capacity(attempts.len());
        for (place, attempt) in found.decided(attempts).iter().enumerate() {
            let mut decision = found.decision(caller, request, Some(*attempt), place)?;
            if let Decision::Granted(grant) = &mut decision {
                let claimant = (request.claimant.party(), request.claimant.id(caller));
                let receipt = Receipt::of(caller, claimant, grant, (*attempt).into());
                grant.receipt = Some(receipt.sign(db, &self.0.keys).await?);
            }
            decisions.push(decision);
        }
        Ok(decisions)
    }

    /// What the database finds, and does about these attempts, if there are any.
    async fn find(&self, db: &Db, caller: &Caller, request: &Request, attempts: &[Uuid]) -> Result<Found> {
        loop {
            let family = self.0.families.of(db, request.product).await?;
            let question = Question { caller, request, family: &family, attempts };
            let found = question.ask(db).await?;
            if !found.current {
                self.0.families.forget(request.product);
                continue;
            }
            let found = found.seen(caller, request)?;
            if found.is_settled() {
                return Ok(found);
            }
        }
    }
}

/// Nothing, if the caller may ask at all. Whether it may for this claimant, the database tells.
fn require_may_ask(caller: &Caller, request: &Request) -> Result<()> {
    caller.require_signed_in()?;
    let (products, verb) = (Product::TABLE.permission(), Verb::Authorize);
    let by_permission = matches!(request.claimant, Claimant::Caller);
    let may = caller.covers(products, verb)
        && (!by_permission || caller.permits(products, verb) && caller.user_id().is_some());
    if may { Ok(()) } else { Err(caller.refusal(products, verb)) }
}
