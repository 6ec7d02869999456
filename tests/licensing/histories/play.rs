//! Plays a history on the marketplace and on the oracle.

use std::collections::BTreeMap;

use mkt::core::clock::Timestamp;
use mkt::core::db::Statement;
use mkt::core::idempotency::IdempotencyKey;
use mkt::core::licensing::{Claimant, Decision, State};
use mkt::core::model;
use serde_json::{Value, json};
use uuid::Uuid;

use super::oracle::{Claim, Entitlement, License, Offer, Oracle, Outcome};
use super::{Expiry, Step, Terms, Way};
use crate::licensing::core::{Core, at, caller, request};

/// One marketplace, twice.
struct World<'a> {
    core: &'a Core,
    now: Timestamp,
    oracle: Oracle,
    users: Vec<Uuid>,
    groups: Vec<Uuid>,
    products: Vec<Uuid>,
    /// What was asked and consumes: outcome or reason, claim, quantity, by the attempt's id.
    attempts: BTreeMap<Uuid, (String, Option<Uuid>, i64)>,
}

/// Plays all steps, then compares what is left of it.
pub async fn play(core: &Core, steps: &[Step]) -> Result<(), String> {
    let now = at("2024-02-27T12:00:00Z");
    let mut world = World {
        core,
        now,
        oracle: Oracle::default(),
        users: vec![core.user(now).await, core.user(now).await],
        groups: vec![core.group(now).await, core.group(now).await],
        products: vec![core.product(now).await, core.product(now).await, core.product(now).await],
        attempts: BTreeMap::new(),
    };
    for (place, step) in steps.iter().enumerate() {
        world.play(step).await.map_err(|why| format!("step {place}, {step:?}: {why}"))?;
    }
    world.compare().await
}

fn pick<T>(list: &[T], number: usize) -> Option<usize> {
    (!list.is_empty()).then(|| number % list.len())
}

impl World<'_> {
    fn millis(&self) -> i64 {
        self.now.unix_millis()
    }

    fn instant(&self, offset: i64) -> Timestamp {
        Timestamp::from_unix_millis(self.millis() + offset).unwrap()
    }

    fn body(&self, terms: &Terms) -> Value {
        let (expiry, days, end) = match terms.expiry {
            Expiry::Indefinite => ("indefinite", None, None),
            Expiry::Relative(days) => ("relative_date", Some(days), None),
            Expiry::Absolute(offset) => ("absolute_date", None, Some(self.instant(offset))),
        };
        json!({
            "expiry": expiry, "days_valid": days, "expires_at": end, "grace_days": terms.grace_days, "uses": terms.uses,
        })
    }

    async fn play(&mut self, step: &Step) -> Result<(), String> {
        self.try_play(step).await.unwrap_or(Ok(()))
    }

    /// None where there is nothing to do it with.
    async fn try_play(&mut self, step: &Step) -> Option<Result<(), String>> {
        let (core, now, written) = (self.core, self.now, self.millis());
        match step.clone() {
            Step::Pass(millis) => self.now = self.instant(millis),
            Step::License(terms) => {
                let id = core.license(now, self.body(&terms)).await;
                self.oracle.licenses.push(License { id, written, terms });
            }
            Step::ChangeLicense(number, terms) => {
                let place = pick(&self.oracle.licenses, number)?;
                let id = self.oracle.licenses[place].id;
                core.change::<model::License>(now, id, self.body(&terms)).await;
                self.oracle.licenses[place] = License { id, written, terms };
            }
            Step::DropLicense(number) => {
                let place = pick(&self.oracle.licenses, number)?;
                core.delete::<model::License>(now, &[], self.oracle.licenses.remove(place).id).await;
                self.oracle.cascade();
            }
            Step::Offer(product, license) => {
                let product = self.products[pick(&self.products, product)?];
                let license = self.oracle.licenses[pick(&self.oracle.licenses, license)?].id;
                if self.oracle.offers.iter().any(|offer| (offer.product, offer.license) == (product, license)) {
                    return None;
                }
                let id = core.offer(now, product, license).await;
                self.oracle.offers.push(Offer { id, product, license });
            }
            Step::DropOffer(number) => {
                let place = pick(&self.oracle.offers, number)?;
                let Offer { id, product, .. } = self.oracle.offers.remove(place);
                core.delete::<model::ProductLicense>(now, &[product], id).await;
                self.oracle.cascade();
            }
            Step::Entitle { user, offer, from } => {
                let user = self.users[pick(&self.users, user)?];
                let offer = self.oracle.offers[pick(&self.oracle.offers, offer)?].id;
                let from = self.instant(from);
                let id = core.entitlement(now, user, offer, from).await;
                self.oracle.entitlements.push(Entitlement { id, offer, from: from.unix_millis(), count: 0 });
            }
            Step::MoveEntitlement(number, from) => {
                let place = pick(&self.oracle.entitlements, number)?;
                let from = self.instant(from);
                let id = self.oracle.entitlements[place].id;
                core.change::<model::Entitlement>(now, id, json!({ "valid_from": from })).await;
                self.oracle.entitlements[place].from = from.unix_millis();
            }
            Step::DropEntitlement(number) => {
                let place = pick(&self.oracle.entitlements, number)?;
                core.delete::<model::Entitlement>(now, &[], self.oracle.entitlements.remove(place).id).await;
                self.oracle.cascade();
            }
            Step::Claim { entitlement, party } => {
                let entitlement = self.oracle.entitlements[pick(&self.oracle.entitlements, entitlement)?].id;
                let (claimant, party) = self.party(party);
                if self.oracle.claims.iter().any(|claim| (claim.entitlement, claim.claimant) == (entitlement, party)) {
                    return None;
                }
                let id = core.claim(now, entitlement, claimant).await;
                self.oracle.claims.push(Claim { id, entitlement, claimant: party, created: written, count: 0 });
            }
            Step::DropClaim(number) => {
                let place = pick(&self.oracle.claims, number)?;
                let Claim { id, entitlement, .. } = self.oracle.claims.remove(place);
                core.delete::<model::Claim>(now, &[entitlement], id).await;
            }
            Step::Join { user, group } => {
                let (user, group) = (self.users[pick(&self.users, user)?], self.groups[pick(&self.groups, group)?]);
                if self.oracle.members.iter().any(|(_, of, who)| (*of, *who) == (group, user)) {
                    return None;
                }
                self.oracle.members.push((core.member(now, group, user).await, group, user));
            }
            Step::Leave(number) => {
                let place = pick(&self.oracle.members, number)?;
                let (id, group, _) = self.oracle.members.remove(place);
                core.delete::<model::Member>(now, &[group], id).await;
            }
            Step::Above { parent, child } => {
                let (parent, child) =
                    (self.products[pick(&self.products, parent)?], self.products[pick(&self.products, child)?]);
                let known = self.oracle.edges.iter().any(|(_, above, below)| (*above, *below) == (parent, child));
                if known || parent == child {
                    return None;
                }
                self.oracle.edges.push((core.join(now, parent, child).await, parent, child));
            }
            Step::Apart(number) => {
                let place = pick(&self.oracle.edges, number)?;
                core.delete::<model::SubProduct>(now, &[], self.oracle.edges.remove(place).0).await;
            }
            Step::Ask { party, product, quantity, way } => {
                let product = self.products[pick(&self.products, product)?];
                return Some(self.ask(party, product, quantity, way).await);
            }
        }
        Some(Ok(()))
    }

    fn party(&self, number: usize) -> (Claimant, Uuid) {
        let number = number % (self.users.len() + self.groups.len());
        match number.checked_sub(self.users.len()) {
            None => (Claimant::User(self.users[number].into()), self.users[number]),
            Some(number) => (Claimant::Group(self.groups[number].into()), self.groups[number]),
        }
    }

    async fn ask(&mut self, party: usize, product: Uuid, quantity: i64, way: Way) -> Result<(), String> {
        let (claimant, party) = self.party(party);
        let (core, request) = (self.core, request(claimant, product, quantity));
        let mut caller = caller(self.now);
        let decisions = match way {
            Way::Once => vec![core.licensing.authorize(&core.db, &caller, request).await],
            Way::Look => vec![core.licensing.check(&core.db, &caller, request).await],
            Way::Batch => match core.licensing.authorize_all(&core.db, &caller, &[request, request]).await {
                Ok(decisions) => decisions.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error)],
            },
            Way::Keyed => {
                let key = IdempotencyKey::new(&Uuid::new_v4().to_string(), &caller, "/authorizations").unwrap();
                caller.idempotency_key = Some(key);
                let first = core.licensing.authorize(&core.db, &caller, request).await;
                let again = core.licensing.authorize(&core.db, &caller, request).await;
                match (&first, &again) {
                    (Ok(first), Ok(again)) if first == again => {}
                    _ => return Err(format!("{again:?}, but at first {first:?}")),
                }
                vec![first]
            }
        };
        for decision in decisions {
            let decision = decision.map_err(|error| format!("{error:?}"))?;
            let consume = !matches!(way, Way::Look);
            let expected = self.oracle.decide(self.millis(), party, product, quantity, consume);
            let found = outcome(&decision);
            if found != expected {
                return Err(format!("{found:?} instead of {expected:?}: {:#?}", self.oracle));
            }
            self.examine(&decision, quantity, consume)?;
        }
        Ok(())
    }

    /// What else the answer says.
    fn examine(&mut self, decision: &Decision, quantity: i64, consumes: bool) -> Result<(), String> {
        let (id, evaluated_at, conclusive, means, word, claim) = match decision {
            Decision::Granted(grant) => {
                let claim = grant.claim.as_ref().map(|claim| claim.record.id.uuid());
                let means = grant.remaining_uses.is_none() && grant.state == State::Active;
                (grant.attempt_id, grant.evaluated_at, grant.conclusive, means, "granted", claim)
            }
            Decision::Refused(refusal) => {
                let means = refusal.valid_from.is_none();
                (refusal.attempt_id, refusal.evaluated_at, refusal.conclusive, means, refusal.reason.word(), None)
            }
            Decision::Failed(failed) => return Err(format!("{failed:?}")),
        };
        if evaluated_at != self.now || conclusive != means || id.is_some() != consumes {
            return Err(format!("the answer is not of one piece: {decision:?}"));
        }
        if let Some(id) = id {
            self.attempts.insert(id.uuid(), (word.to_owned(), claim, quantity));
        }
        Ok(())
    }

    /// What is counted and recorded in the end.
    async fn compare(&self) -> Result<(), String> {
        let db = &self.core.db;
        let counts = async |table: &str| {
            let rows: Vec<(Uuid, i64)> =
                db.all(Statement::new(format!("select id, authorization_count from {table}"))).await.unwrap();
            rows.into_iter().collect::<BTreeMap<_, _>>()
        };
        let (claims, entitlements) = (counts("claims").await, counts("entitlements").await);
        for claim in &self.oracle.claims {
            if claims.get(&claim.id) != Some(&claim.count) {
                return Err(format!("{claim:?} is counted {:?}", claims.get(&claim.id)));
            }
        }
        for right in &self.oracle.entitlements {
            if entitlements.get(&right.id) != Some(&right.count) {
                return Err(format!("{right:?} is counted {:?}", entitlements.get(&right.id)));
            }
        }
        let mut select = Statement::new(
            "select id, coalesce(reason, outcome), claim_id, quantity from attempts where claimant_id in (",
        );
        select.push_args(self.users.iter().chain(&self.groups).copied()).push(")");
        let rows: Vec<(Uuid, String, Option<Uuid>, i64)> = db.all(select).await.unwrap();
        let attempts: BTreeMap<_, _> =
            rows.into_iter().map(|(id, word, claim, quantity)| (id, (word, claim, quantity))).collect();
        if attempts != self.attempts {
            return Err(format!("{attempts:?} are recorded, and not {:?}", self.attempts));
        }
        Ok(())
    }
}

fn outcome(decision: &Decision) -> Outcome {
    let millis = |instant: Option<Timestamp>| instant.map(Timestamp::unix_millis);
    match decision {
        Decision::Granted(grant) => {
            let claim = &grant.claim.as_ref().unwrap().record;
            Outcome::Granted {
                claim: claim.id.uuid(),
                count: claim.authorization_count.0,
                in_grace: grant.state == State::Grace,
                until: millis(grant.valid_until),
                granted_until: millis(grant.granted_until),
                remaining: grant.remaining_uses,
            }
        }
        Decision::Refused(refusal) => Outcome::Refused {
            reason: refusal.reason.word(),
            opens: millis(refusal.valid_from),
            closed: millis(refusal.ended_at),
        },
        Decision::Failed(failed) => panic!("{failed:?}"),
    }
}
