//! What the specification says, over plain lists.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::{DAY, Expiry, Terms};

#[derive(Debug)]
pub struct License {
    pub id: Uuid,
    pub written: i64,
    pub terms: Terms,
}

#[derive(Debug)]
pub struct Offer {
    pub id: Uuid,
    pub product: Uuid,
    pub license: Uuid,
}

#[derive(Debug)]
pub struct Entitlement {
    pub id: Uuid,
    pub offer: Uuid,
    pub from: i64,
    pub count: i64,
}

#[derive(Debug)]
pub struct Claim {
    pub id: Uuid,
    pub entitlement: Uuid,
    pub claimant: Uuid,
    pub created: i64,
    pub count: i64,
}

/// What came of one ask.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    Granted {
        claim: Uuid,
        count: i64,
        in_grace: bool,
        until: Option<i64>,
        granted_until: Option<i64>,
        remaining: Option<i64>,
    },
    Refused {
        reason: &'static str,
        opens: Option<i64>,
        closed: Option<i64>,
    },
}

#[derive(Debug, Default)]
pub struct Oracle {
    pub licenses: Vec<License>,
    pub offers: Vec<Offer>,
    pub entitlements: Vec<Entitlement>,
    pub claims: Vec<Claim>,
    /// Row, group and user.
    pub members: Vec<(Uuid, Uuid, Uuid)>,
    /// Row, parent and child.
    pub edges: Vec<(Uuid, Uuid, Uuid)>,
}

impl Oracle {
    /// What is gone with what is gone.
    pub fn cascade(&mut self) {
        let ids = |ids: Vec<Uuid>| ids.into_iter().collect::<HashSet<_>>();
        let licenses = ids(self.licenses.iter().map(|license| license.id).collect());
        self.offers.retain(|offer| licenses.contains(&offer.license));
        let offers = ids(self.offers.iter().map(|offer| offer.id).collect());
        self.entitlements.retain(|entitlement| offers.contains(&entitlement.offer));
        let entitlements = ids(self.entitlements.iter().map(|entitlement| entitlement.id).collect());
        self.claims.retain(|claim| entitlements.contains(&claim.entitlement));
    }

    /// A right to a product is a right to all its descendants, cycles included.
    fn with_ancestors(&self, product: Uuid) -> HashSet<Uuid> {
        let (mut found, mut next) = (HashSet::from([product]), vec![product]);
        while let Some(child) = next.pop() {
            for (_, parent, _) in self.edges.iter().filter(|(_, _, below)| *below == child) {
                if found.insert(*parent) {
                    next.push(*parent);
                }
            }
        }
        found
    }

    pub fn decide(&mut self, now: i64, claimant: Uuid, product: Uuid, quantity: i64, consume: bool) -> Outcome {
        let family = self.with_ancestors(product);
        let groups: HashSet<Uuid> = self.members.iter().filter(|(_, _, user)| *user == claimant).map(|m| m.1).collect();
        let licenses: HashMap<Uuid, &License> = self.licenses.iter().map(|license| (license.id, license)).collect();
        let offers: HashMap<Uuid, &Offer> = self.offers.iter().map(|offer| (offer.id, offer)).collect();
        let (mut valid, mut reason, mut opens, mut closed) = (Vec::new(), "no_claim", None::<i64>, None::<i64>);
        let rank =
            |reason| ["no_claim", "expired", "not_yet_valid", "uses_exhausted"].iter().position(|r| *r == reason);
        for (place, claim) in self.claims.iter().enumerate() {
            let shared = claim.claimant != claimant;
            if shared && !groups.contains(&claim.claimant) {
                continue;
            }
            let entitlement = self.entitlements.iter().position(|right| right.id == claim.entitlement).unwrap();
            let right = &self.entitlements[entitlement];
            let offer = offers[&right.offer];
            if !family.contains(&offer.product) {
                continue;
            }
            let license = licenses[&offer.license];
            let end = match license.terms.expiry {
                Expiry::Indefinite => None,
                Expiry::Relative(days) => Some(right.from + days * DAY),
                Expiry::Absolute(offset) => Some(license.written + offset),
            };
            let close = end.map(|end| end + license.terms.grace_days * DAY);
            let left = (license.terms.uses > 0).then(|| license.terms.uses - right.count);
            let why = if close.is_some_and(|close| now >= close) {
                closed = closed.max(close);
                "expired"
            } else if now < right.from {
                opens = Some(opens.map_or(right.from, |opens| opens.min(right.from)));
                "not_yet_valid"
            } else if left.is_some_and(|left| left < quantity) {
                "uses_exhausted"
            } else {
                let in_grace = end.is_some_and(|end| now >= end);
                let key = (in_grace, shared, end.unwrap_or(i64::MAX), claim.count, claim.created, claim.id);
                valid.push((key, place, entitlement, end, close, left));
                continue;
            };
            if rank(why) > rank(reason) {
                reason = why;
            }
        }
        let best = valid.into_iter().min_by_key(|(key, ..)| *key);
        let Some(((in_grace, ..), place, entitlement, until, granted_until, left)) = best else {
            return Outcome::Refused { reason, opens, closed: closed.filter(|_| reason == "expired") };
        };
        let counted = if consume { quantity } else { 0 };
        self.entitlements[entitlement].count += counted;
        let claim = &mut self.claims[place];
        claim.count += counted;
        let (claim, count) = (claim.id, claim.count);
        let remaining = left.map(|left| left - counted);
        Outcome::Granted { claim, count, in_grace, until, granted_until, remaining }
    }
}
