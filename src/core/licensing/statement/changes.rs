//! The changes that follow from a choice: what was used is counted, and each attempt written.

use super::Question;
use crate::core::Result;
use crate::core::db::{Db, Dialect, Statement};
use crate::core::licensing::found::Found;

/// Appends the text of a change.
type Push = fn(&Question<'_>, Dialect, &mut Statement);

/// The changes, by the names that they have in the statement.
const CHANGES: [(&str, Push); 4] = [
    ("spent", |question, _, statement| question.push_spending(statement)),
    ("counted", |question, _, statement| question.push_counting(statement)),
    ("attempt", |question, dialect, statement| question.push_attempts(dialect, statement)),
    ("queued", |question, dialect, statement| question.push_queueing(dialect, statement)),
];

impl Question<'_> {
    /// Appends the changes to the question itself.
    pub(super) fn push_changes(&self, statement: &mut Statement) {
        for (name, change) in CHANGES {
            statement.push(&format!(", {name} as ("));
            change(self, Dialect::Postgres, statement);
            statement.push(if name == "attempt" { " returning id)" } else { ")" });
        }
    }

    /// Asks, then does what the one statement of PostgreSQL does at once.
    pub(super) async fn ask_and_change(&self, db: &Db, question: Statement) -> Result<Found> {
        let found: Found = db.one(question).await?;
        if !found.is_settled() {
            return Ok(found);
        }
        for (_, change) in CHANGES {
            let mut statement = Statement::new(
                "with gate as (select true as product, true as party, true as current), verdict as (select ",
            );
            statement.push_arg(found.reason.map(|reason| reason.word().to_owned())).push(" as reason), ");
            statement.push("chosen as (select ").push_arg(found.claim_id).push(" as claim_id, ");
            statement.push_arg(found.entitlement_id).push(" as entitlement_id, ");
            statement.push_arg(found.number).push(" as number where ");
            statement.push_arg(found.number.is_some()).push(") ");
            change(self, Dialect::Sqlite, &mut statement);
            db.execute(statement).await?;
        }
        Ok(found)
    }

    fn push_spending(&self, statement: &mut Statement) {
        let (quantity, now) = (statement.place(self.request.quantity.0), statement.place(self.caller.now));
        statement.push(&format!(
            "update entitlements set authorization_count = entitlements.authorization_count + chosen.number * {quantity}, \
             updated_at = {now} from chosen where entitlements.id = chosen.entitlement_id"
        ));
    }

    fn push_counting(&self, statement: &mut Statement) {
        let (quantity, now) = (statement.place(self.request.quantity.0), statement.place(self.caller.now));
        statement.push(&format!(
            "update claims set authorization_count = claims.authorization_count + chosen.number * {quantity}, \
             authorized_at = {now}, updated_at = {now} from chosen where claims.id = chosen.claim_id"
        ));
    }

    /// One for each attempt that was decided.
    fn push_attempts(&self, dialect: Dialect, statement: &mut Statement) {
        let Self { caller, request, attempts, .. } = self;
        let product = statement.place(request.product);
        let party = statement.place(request.claimant.party().word());
        let claimant = statement.place(request.claimant.id(caller));
        let (quantity, now) = (statement.place(request.quantity.0), statement.place(caller.now));
        statement.push(&format!(
            "insert into attempts (id, product_id, claimant_type, claimant_id, claim_id, entitlement_id, outcome, reason, \
             quantity, created_at, updated_at) select asked.id, {product}, {party}, {claimant}, chosen.claim_id, \
             chosen.entitlement_id, case when chosen.number is null then 'refused' else 'granted' end, \
             case when chosen.number is null then verdict.reason end, {quantity}, {now}, {now} from "
        ));
        dialect.push_rows("asked", attempts, statement);
        statement.push(
            " cross join gate cross join verdict left join chosen on 1 = 1 where gate.product and gate.party \
             and gate.current and case when chosen.number is null then verdict.reason is not null \
             else asked.place <= chosen.number end",
        );
    }

    fn push_queueing(&self, dialect: Dialect, statement: &mut Statement) {
        statement.push("insert into unannounced_attempts (attempt_id) select id from ");
        match dialect {
            Dialect::Postgres => {
                statement.push("attempt");
            }
            Dialect::Sqlite => {
                statement.push("attempts where ");
                dialect.push_any("id", self.attempts, statement);
            }
        }
    }
}
