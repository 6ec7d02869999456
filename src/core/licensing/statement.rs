//! The statement that decides. PostgreSQL runs all of it in one round trip; SQLite, which can't write inside a query, first
//! the question and then each change, in one transaction without a network between.

mod changes;

use uuid::Uuid;

use super::families::Family;
use super::found::Found;
use super::{Claimant, Request};
use crate::core::Result;
use crate::core::access::{Caller, Verb, push_scope};
use crate::core::db::{Db, Dialect, FAMILIES, Statement};
use crate::core::model::{Group, PartyType, Product, User};
use crate::core::resource::{Resource, Table};

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

impl Question<'_> {
    /// Asks, and does what follows from the answer.
    pub async fn ask(&self, db: &Db) -> Result<Found> {
        let dialect = db.dialect();
        let mut statement = Statement::new("with ");
        self.push_gate(&mut statement);
        match self.request.claimant {
            Claimant::Caller => self.push_permission(&mut statement),
            Claimant::User(_) | Claimant::Group(_) => self.push_choice(dialect, &mut statement),
        }
        let writes = !self.attempts.is_empty();
        if writes && dialect == Dialect::Postgres {
            self.push_changes(&mut statement);
        }
        statement.push(
            " select gate.product, gate.party, gate.reads, gate.current, chosen.*, verdict.reason, verdict.opens, \
             verdict.closed from gate cross join verdict left join chosen on 1 = 1",
        );
        match dialect {
            _ if !writes => db.one(statement).await,
            Dialect::Postgres if db.in_transaction() => db.one(statement).await,
            Dialect::Postgres => db.commit_one(statement).await,
            Dialect::Sqlite if db.in_transaction() => self.ask_and_change(db, statement).await,
            Dialect::Sqlite => {
                let tx = db.begin().await?;
                let found = self.ask_and_change(&tx, statement).await?;
                tx.commit().await?;
                Ok(found)
            }
        }
    }

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

    /// The grant by permission, in which no claim counts.
    fn push_permission(&self, statement: &mut Statement) {
        let wanted = statement.place(self.wanted());
        statement.push(&format!(
            "chosen as (select {wanted} as number, cast(null as uuid) as claim_id, cast(null as uuid) as entitlement_id, \
             cast(null as text) as claimant_type, cast(null as uuid) as claimant_id, cast(null as timestamptz) as created_at, \
             cast(null as timestamptz) as updated_at, cast(null as timestamptz) as authorized_at, \
             cast(null as bigint) as authorization_count, cast(null as bigint) as used, cast(null as bigint) as uses, \
             cast(null as bigint) as ends, cast(null as bigint) as closes from gate \
             where gate.product and gate.party and gate.current), \
             verdict as (select cast(null as text) as reason, cast(null as bigint) as opens, cast(null as bigint) as closed)"
        ));
    }

    /// The claims that may count, the one that does, and why none does.
    fn push_choice(&self, dialect: Dialect, statement: &mut Statement) {
        statement.push("mine as (");
        self.push_claims(statement);
        let now = statement.place(self.caller.now.unix_millis());
        let (quantity, wanted) = (statement.place(self.request.quantity.0), statement.place(self.wanted()));
        // From the claims of one claimant on: SQLite takes `cross join` at its word, and left to itself it may begin with all
        // entitlements to the product.
        let (from, until) = (dialect.millis("entitlements.valid_from"), dialect.millis("licenses.expires_at"));
        statement.push(&format!(
            "), terms as (select claims.id as claim_id, mine.shared, claims.entitlement_id, licenses.uses, {from} as starts, \
             case licenses.expiry when 'relative_date' then {from} + licenses.days_valid * {DAY} \
             when 'absolute_date' then {until} end as ends, licenses.grace_days * {DAY} as grace, \
             licenses.uses = 0 or licenses.uses - entitlements.authorization_count >= {quantity} as enough \
             from gate cross join mine cross join claims cross join entitlements cross join product_licenses \
             cross join licenses where gate.product and gate.party and gate.current and claims.id = mine.id \
             and entitlements.id = claims.entitlement_id and product_licenses.id = entitlements.product_license_id \
             and licenses.id = product_licenses.license_id and "
        ));
        dialect.push_any("product_licenses.product_id", &self.family.above, statement);
        // How a claim stands: it is over (1), to come (2), used up (3), or can be counted (4).
        statement.push(&format!(
            "), candidates as (select terms.*, ends + grace as closes, case when ends + grace <= {now} then 1 \
             when starts > {now} then 2 when enough then 4 else 3 end as standing from terms)"
        ));
        let left = "candidates.uses - entitlements.authorization_count";
        statement.push(&format!(
            ", chosen as (select case when candidates.uses = 0 or ({left}) / {quantity} >= {wanted} then {wanted} \
             else ({left}) / {quantity} end as number, candidates.claim_id, candidates.entitlement_id, \
             claims.claimant_type, claims.claimant_id, claims.created_at, claims.updated_at, claims.authorized_at, \
             claims.authorization_count, entitlements.authorization_count as used, candidates.uses, candidates.ends, \
             candidates.closes from candidates cross join entitlements cross join claims \
             where entitlements.id = candidates.entitlement_id and claims.id = candidates.claim_id \
             and candidates.standing = 4 and (candidates.uses = 0 or {left} >= {quantity}) \
             order by case when candidates.ends <= {now} then 1 else 0 end, candidates.shared, \
             case when candidates.ends is null then 1 else 0 end, candidates.ends, claims.authorization_count, \
             claims.created_at, candidates.claim_id limit 1"
        ));
        if dialect == Dialect::Postgres && !self.attempts.is_empty() {
            // Whoever waits here for another looks again at what that one has left, and passes on to the next claim.
            statement.push(" for no key update of entitlements, claims");
        }
        // If one could be counted, and none was after such a wait, why is found out by asking anew.
        statement.push(
            "), verdict as (select case max(standing) when 4 then cast(null as text) when 3 then 'uses_exhausted' \
             when 2 then 'not_yet_valid' when 1 then 'expired' else 'no_claim' end as reason, \
             min(case when standing = 2 then starts end) as opens, max(case when standing = 1 then closes end) as closed \
             from candidates)",
        );
    }

    /// The claimant's claims, those that it has by a group apart.
    fn push_claims(&self, statement: &mut Statement) {
        let id = statement.place(self.request.claimant.id(self.caller));
        statement.push(&match self.request.claimant.party() {
            PartyType::Group => format!("select id, 0 as shared from claims where group_id = {id}"),
            PartyType::User => format!(
                "select id, 0 as shared from claims where user_id = {id} union all select claims.id, 1 from members \
                 join claims on claims.group_id = members.group_id where members.user_id = {id}"
            ),
        });
    }

    /// How many attempts wait for a grant.
    fn wanted(&self) -> i64 {
        i64::try_from(self.attempts.len().max(1)).unwrap_or(i64::MAX)
    }
}
