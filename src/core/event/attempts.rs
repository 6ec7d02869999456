//! Attempts on their way into the log. An authorization does not take a place in it: all that do wait for one another. It
//! leaves a note instead, and soon after many notes become events at once.

use serde_json::json;
use uuid::Uuid;

use super::{EventType, NewEvent, Stream, advance};
use crate::core::Result;
use crate::core::db::{Db, FromRow};
use crate::core::model::{Attempt, Outcome};
use crate::core::resource::Resource;

/// How many become events in one transaction.
const BATCH: i64 = 500;

#[derive(FromRow)]
struct Noted {
    attempt_id: Uuid,
    #[sqlx(flatten)]
    attempt: Attempt,
}

/// Tells of the attempts that nobody was told of yet, and answers whether there may be more. Of several servers, and however
/// they end, each attempt is told of once.
///
/// # Errors
/// When the database is away.
pub async fn announce(db: &Db) -> Result<bool> {
    if !db.exists(crate::sql!("select 1 from unannounced_attempts limit 1")).await? {
        return Ok(false);
    }
    let tx = db.begin().await?;
    // Whoever else announces waits here, and finds what is left.
    advance(&tx, "events", 0).await?;
    let noted: Vec<Noted> = tx
        .all(crate::sql!(
            "select unannounced_attempts.attempt_id, attempts.* from unannounced_attempts \
             join attempts on attempts.id = unannounced_attempts.attempt_id \
             order by attempts.created_at, attempts.id limit $1",
            BATCH
        ))
        .await?;
    tx.announce(noted.iter().map(|noted| event(&noted.attempt)).collect());
    let told: Vec<Uuid> = noted.iter().map(|noted| noted.attempt_id).collect();
    let mut delete = crate::core::db::Statement::new("delete from unannounced_attempts where ");
    tx.dialect().push_any("attempt_id", &told, &mut delete);
    // What was deleted in between is told of no more.
    delete.push(" or not exists (select 1 from attempts where attempts.id = unannounced_attempts.attempt_id)");
    tx.execute(delete).await?;
    tx.commit().await?;
    Ok(told.len() as i64 == BATCH)
}

fn event(attempt: &Attempt) -> NewEvent {
    let who = format!("{} {}", attempt.claimant_type.word(), attempt.claimant_id);
    let message = match (attempt.outcome, &attempt.reason) {
        (Outcome::Granted, _) => format!("{who} may use the product {}.", attempt.product_id),
        (Outcome::Refused, Some(reason)) => format!("{who} may not use the product {}: {reason}.", attempt.product_id),
        (Outcome::Refused, None) => format!("{who} may not use the product {}.", attempt.product_id),
    };
    let model = json!({ "attempt": attempt });
    NewEvent::of_right(EventType::Created, Attempt::TABLE.name, attempt.id.uuid(), message, model, vec![Stream::Audit])
}
