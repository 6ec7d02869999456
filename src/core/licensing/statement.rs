//! The statement that decides. PostgreSQL runs all of it in one round trip; SQLite, which can't write inside a query, first
//! the question and then each change, in one transaction without a network between.

use uuid::Uuid;

use super::decision::{Decision, Grant, Reason, Refusal, State};
use super::families::Family;
use super::{Claimant, Request};
use crate::core::access::{Caller, Verb, push_scope};
use crate::core::clock::Timestamp;
use crate::core::db::{Db, Dialect, FAMILIES, FromRow, Statement};
use crate::core::field::Count;
use crate::core::model::{Claim, Group, PartyType, Product, User};
use crate::core::resource::{Located, Resource, Table};
use crate::core::{Error, Result};

/// Milliseconds in a day.
const DAY: i64 = 86_400_000;

/// A wish to use a product, as a question to the database.
pub struct Question<'a> {
    pub caller: &'a Caller,
    pub request: &'a Request,
    pub family: &'a Family,
    /// The attempts to decide; none to only look.
    pub attempts: &'a [Uuid],
}

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
    number: Option<i64>,
    claim_id: Option<Uuid>,
    entitlement_id: Option<Uuid>,
    claimant_type: Option<PartyType>,
    claimant_id: Option<Uuid>,
    created_at: Option<Timestamp>,
    /// How often the claim had been authorized before.
    authorization_count: Option<i64>,
    /// How often all claims of the entitlement had been.
    used: Option<i64>,
    uses: Option<i64>,
    /// When the right ends, and when it is no longer granted, in milliseconds.
    ends: Option<i64>,
    closes: Option<i64>,
    /// Why none was chosen.
    reason: Option<Reason>,
    /// When the next claim becomes valid.
    opens: Option<i64>,
    /// When the last claim was no longer granted.
    closed: Option<i64>,
}

impl Question<'_> {
    /// Asks, and does what follows from the answer.
    pub async fn ask(&self, db: &Db) -> Result<Found> {
        let mut statement = Statement::new("with ");
        self.push_gate(&mut statement);
        self.push_choice(db.dialect(), &mut statement);
        let writes = !self.attempts.is_empty();
        if writes && db.dialect() == Dialect::Postgres {
            for (name, change) in CHANGES {
                statement.push(&format!(", {name} as ("));
                change(self, db.dialect(), &mut statement);
                statement.push(if name == "attempt" { " returning id)" } else { ")" });
            }
        }
        statement.push(
            " select gate.product, gate.party, gate.reads, gate.current, chosen.*, verdict.reason, verdict.opens, \
             verdict.closed from gate cross join verdict left join chosen on 1 = 1",
        );
        match db.dialect() {
            Dialect::Postgres if writes && !db.in_transaction() => db.commit_one(statement).await,
            Dialect::Postgres => db.one(statement).await,
            Dialect::Sqlite if writes && !db.in_transaction() => {
                let tx = db.begin().await?;
                let found = self.change_after(&tx, statement).await?;
                tx.commit().await?;
                Ok(found)
            }
            Dialect::Sqlite if writes => self.change_after(db, statement).await,
            Dialect::Sqlite => db.one(statement).await,
        }
    }
}

/// The changes that follow from a choice, by the names that they have in the statement.
const CHANGES: [(&str, fn(&Question<'_>, Dialect, &mut Statement)); 4] = [
    ("spent", |question, _, statement| question.push_spending(statement)),
    ("counted", |question, _, statement| question.push_counting(statement)),
    ("attempt", |question, dialect, statement| question.push_attempts(dialect, statement)),
    ("queued", |question, dialect, statement| question.push_queueing(dialect, statement)),
];

impl Question<'_> {
    /// What must hold to be answered at all.
    fn push_gate(&self, statement: &mut Statement) {
        let Self { caller, request, family, .. } = self;
        // Whoever's credential may be used to authorize takes no scope for what follows from it.
        let asker = &*caller.unlimited_for(Product::TABLE.permission(), Verb::Authorize);
        let push = |table: &Table, id: Uuid, verb: Verb, statement: &mut Statement| {
            let name = table.plural;
            statement.push(&format!("exists (select 1 from {name} where {name}.id = ")).push_arg(id).push(" and ");
            if verb == Verb::Authorize && asker.permits(Product::TABLE.permission(), verb) {
                statement.push("true");
            } else {
                push_scope(table, asker, verb, statement);
            }
            statement.push(")");
        };
        statement.push("gate as (select ");
        push(&Product::TABLE, request.product.uuid(), Verb::Read, statement);
        statement.push(" as product, ");
        let (party, id) = match request.claimant.party() {
            PartyType::User => (&User::TABLE, request.claimant.id(caller)),
            PartyType::Group => (&Group::TABLE, request.claimant.id(caller)),
        };
        push(party, id, Verb::Authorize, statement);
        statement.push(" as party, ");
        push(party, id, Verb::Read, statement);
        statement.push(" as reads, (select last_offset from streams where name = ").push_arg(FAMILIES);
        statement.push(") = ").push_arg(family.version).push(" as current), ");
    }

    /// The claims that may count, the one that does, and why none does.
    fn push_choice(&self, dialect: Dialect, statement: &mut Statement) {
        let (now, quantity) = (self.caller.now.unix_millis(), self.request.quantity.0);
        let wanted = i64::try_from(self.attempts.len().max(1)).unwrap_or(i64::MAX);
        if self.request.claimant == Claimant::Caller {
            statement.push(
                "chosen as (select cast(null as uuid) as claim_id, cast(null as uuid) as entitlement_id, \
                 cast(null as text) as claimant_type, cast(null as uuid) as claimant_id, \
                 cast(null as timestamptz) as created_at, cast(null as bigint) as authorization_count, \
                 cast(null as bigint) as used, cast(null as bigint) as uses, cast(null as bigint) as ends, \
                 cast(null as bigint) as closes, ",
            );
            statement
                .push_arg(wanted)
                .push(" as number from gate where gate.product and gate.party and gate.current), ");
            statement.push(
                "verdict as (select cast(null as text) as reason, cast(null as bigint) as opens, \
                 cast(null as bigint) as closed)",
            );
            return;
        }
        statement.push("mine as (");
        match self.request.claimant {
            Claimant::Group(id) => {
                statement.push("select id, 0 as shared from claims where group_id = ").push_arg(id);
            }
            Claimant::User(_) | Claimant::Caller => {
                let user = self.request.claimant.id(self.caller);
                statement.push("select id, 0 as shared from claims where user_id = ").push_arg(user);
                statement.push(
                    " union all select claims.id, 1 from members join claims on claims.group_id = members.group_id \
                     where members.user_id = ",
                );
                statement.push_arg(user);
            }
        }
        // The end of a right, and of its grace. From the claims of one claimant on: SQLite takes `cross join` at its word, and
        // left to itself it may begin with all entitlements to the product.
        let (from, until) = (dialect.millis("entitlements.valid_from"), dialect.millis("licenses.expires_at"));
        statement.push(&format!(
            "), terms as (select claims.id as claim_id, mine.shared, claims.entitlement_id, claims.claimant_type, \
             claims.claimant_id, claims.created_at, licenses.uses, {from} as starts, case licenses.expiry \
             when 'relative_date' then {from} + licenses.days_valid * {DAY} when 'absolute_date' then {until} end as ends, \
             licenses.grace_days * {DAY} as grace from gate cross join mine cross join claims cross join entitlements \
             cross join product_licenses cross join licenses where gate.product and gate.party and gate.current \
             and claims.id = mine.id and entitlements.id = claims.entitlement_id \
             and product_licenses.id = entitlements.product_license_id and licenses.id = product_licenses.license_id and "
        ));
        dialect.push_any("product_licenses.product_id", &self.family.above, statement);
        statement.push("), candidates as (select terms.*, ends + grace as closes, case when starts > ");
        statement.push_arg(now).push(" then 2 when ends + grace <= ").push_arg(now);
        statement.push(" then 1 else 3 end as standing from terms), chosen as (select candidates.claim_id, ");
        statement.push(
            "candidates.entitlement_id, candidates.claimant_type, candidates.claimant_id, candidates.created_at, \
             claims.authorization_count, entitlements.authorization_count as used, candidates.uses, candidates.ends, \
             candidates.closes, case when candidates.uses = 0 or (candidates.uses - entitlements.authorization_count) / ",
        );
        statement.push_arg(quantity).push(" >= ").push_arg(wanted).push(" then ").push_arg(wanted);
        statement.push(" else (candidates.uses - entitlements.authorization_count) / ").push_arg(quantity);
        statement.push(
            " end as number from candidates cross join entitlements cross join claims where candidates.standing = 3 \
             and entitlements.id = candidates.entitlement_id and claims.id = candidates.claim_id \
             and (candidates.uses = 0 or candidates.uses - entitlements.authorization_count >= ",
        );
        statement.push_arg(quantity).push(") order by case when candidates.ends <= ").push_arg(now);
        statement.push(
            " then 1 else 0 end, candidates.shared, case when candidates.ends is null then 1 else 0 end, candidates.ends, \
             claims.authorization_count, candidates.created_at, candidates.claim_id limit 1",
        );
        if dialect == Dialect::Postgres && !self.attempts.is_empty() {
            // Whoever waits here for another looks again at what that one has left, and passes on to the next claim.
            statement.push(" for update of entitlements, claims");
        }
        statement.push(
            "), verdict as (select case max(standing) when 3 then 'uses_exhausted' when 2 then 'not_yet_valid' \
             when 1 then 'expired' else 'no_claim' end as reason, min(case when standing = 2 then starts end) as opens, \
             max(case when standing = 1 then closes end) as closed from candidates)",
        );
    }

    fn push_spending(&self, statement: &mut Statement) {
        statement
            .push("update entitlements set authorization_count = entitlements.authorization_count + chosen.number * ");
        statement.push_arg(self.request.quantity.0).push(", updated_at = ").push_arg(self.caller.now);
        statement.push(" from chosen where entitlements.id = chosen.entitlement_id");
    }

    fn push_counting(&self, statement: &mut Statement) {
        let now = self.caller.now;
        statement.push("update claims set authorization_count = claims.authorization_count + chosen.number * ");
        statement.push_arg(self.request.quantity.0).push(", authorized_at = ").push_arg(now);
        statement.push(", updated_at = ").push_arg(now).push(" from chosen where claims.id = chosen.claim_id");
    }

    fn push_attempts(&self, dialect: Dialect, statement: &mut Statement) {
        let Self { caller, request, attempts, .. } = self;
        statement.push(
            "insert into attempts (id, product_id, claimant_type, claimant_id, claim_id, entitlement_id, outcome, reason, \
             quantity, created_at, updated_at) select asked.id, ",
        );
        statement.push_arg(request.product).push(", ").push_arg(request.claimant.party().word()).push(", ");
        statement.push_arg(request.claimant.id(caller)).push(", chosen.claim_id, chosen.entitlement_id, ");
        statement.push(
            "case when chosen.number is null then 'refused' else 'granted' end, \
             case when chosen.number is null then verdict.reason end, ",
        );
        statement.push_arg(request.quantity.0).push(", ").push_arg(caller.now).push(", ").push_arg(caller.now);
        statement.push(" from ");
        dialect.push_rows("asked", attempts, statement);
        statement.push(
            " cross join gate cross join verdict left join chosen on 1 = 1 where gate.product and gate.party \
             and gate.current and (chosen.number is null or asked.place <= chosen.number)",
        );
    }

    fn push_queueing(&self, dialect: Dialect, statement: &mut Statement) {
        statement.push("insert into unannounced_attempts (attempt_id) select id from ");
        match dialect {
            Dialect::Postgres => statement.push("attempt"),
            Dialect::Sqlite => {
                statement.push("attempts where ");
                dialect.push_any("id", self.attempts, statement);
                statement
            }
        };
    }

    /// Asks, then does what the one statement of PostgreSQL does at once.
    async fn change_after(&self, db: &Db, question: Statement) -> Result<Found> {
        let found: Found = db.one(question).await?;
        if !(found.product && found.party && found.current) {
            return Ok(found);
        }
        for (_, change) in CHANGES {
            let mut statement = Statement::new(
                "with gate as (select true as product, true as party, true as current), verdict as (select ",
            );
            statement
                .push_arg(found.reason.map(|reason| reason.word().to_owned()))
                .push(" as reason), chosen as (select ");
            statement.push_arg(found.claim_id).push(" as claim_id, ").push_arg(found.entitlement_id);
            statement.push(" as entitlement_id, ").push_arg(found.number).push(" as number where ");
            statement.push_arg(found.number.is_some()).push(") ");
            change(self, Dialect::Sqlite, &mut statement);
            db.execute(statement).await?;
        }
        Ok(found)
    }
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
        let Request { claimant, product, quantity } = *request;
        let (claimant_type, claimant_id) = (claimant.party(), claimant.id(caller));
        let now = caller.now;
        if self.number.is_none() {
            let reason = self.reason.ok_or_else(|| Error::internal("a refusal has no reason"))?;
            let instant = |millis: Option<i64>| millis.and_then(Timestamp::from_unix_millis);
            return Ok(Decision::Refused(Refusal {
                product_id: product,
                claimant_type,
                claimant_id,
                quantity,
                attempt_id: attempt.map(Into::into),
                evaluated_at: now,
                reason,
                state: (reason == Reason::Expired).then_some(State::Expired),
                conclusive: reason != Reason::NotYetValid,
                valid_from: instant(self.opens).filter(|_| reason == Reason::NotYetValid),
                ended_at: instant(self.closed).filter(|_| reason == Reason::Expired),
            }));
        }
        let ordinal = i64::try_from(place).map_err(Error::internal)? + i64::from(attempt.is_some());
        let counted = ordinal * quantity.0;
        let remaining = match (self.uses, self.used) {
            (Some(uses @ 1..), Some(used)) => Some(uses - used - counted),
            _ => None,
        };
        let in_grace = self.ends.is_some_and(|end| end <= now.unix_millis());
        Ok(Decision::Granted(Box::new(Grant {
            claim: self.claim(caller, counted, attempt.is_some()),
            product_id: product,
            quantity,
            attempt_id: attempt.map(Into::into),
            evaluated_at: now,
            state: if in_grace { State::Grace } else { State::Active },
            conclusive: remaining.is_none() && !in_grace,
            valid_until: self.ends.and_then(Timestamp::from_unix_millis),
            granted_until: self.closes.and_then(Timestamp::from_unix_millis),
            remaining_uses: remaining,
            receipt: None,
        })))
    }

    /// The claim that was chosen, as it is once so many more uses are counted.
    fn claim(&self, caller: &Caller, counted: i64, authorized: bool) -> Option<Located<Claim>> {
        let claim = Claim {
            id: self.claim_id?.into(),
            entitlement_id: self.entitlement_id?.into(),
            claimant_type: self.claimant_type?,
            claimant_id: self.claimant_id?,
            authorization_count: Count(self.authorization_count? + counted),
            authorized_at: authorized.then_some(caller.now),
            created_at: self.created_at?,
            updated_at: caller.now,
        };
        Some(Located::new(claim, caller, &[]))
    }
}
