//! What lost connections had subscribed to, kept for a while so that whoever comes back, to whichever server, has it again.

use chrono::Duration;
use serde_json::Value;
use uuid::Uuid;

use crate::core::Result;
use crate::core::access::Actor;
use crate::core::clock::Timestamp;
use crate::core::db::{Db, FromRow, Json, Statement};

/// For how many minutes it is kept.
pub const MINUTES: i64 = 5;
/// How many one statement writes.
const AT_ONCE: usize = 1000;

/// A connection that was lost.
#[derive(Debug, Clone)]
pub struct Lost {
    /// The id that the client knows it by.
    pub sid: Uuid,
    /// Who it was.
    pub actor: Actor,
    /// The identifiers of its subscriptions.
    pub identifiers: Vec<String>,
    /// When it was lost.
    pub ended_at: Timestamp,
}

/// Keeps what lost connections had.
///
/// # Errors
/// When the database is away.
pub async fn keep(db: &Db, lost: &[Lost]) -> Result<()> {
    for lost in lost.chunks(AT_ONCE) {
        let tx = db.begin().await?;
        let mut insert = Statement::new("insert into cable_sessions (id, principal, identifiers, ended_at) values ");
        for (place, lost) in lost.iter().enumerate() {
            insert.push(if place > 0 { ", (" } else { "(" }).push_arg(lost.sid).push(", ");
            insert.push_arg(name(lost.actor)).push(", ");
            insert.push_arg(Value::from(lost.identifiers.clone())).push(", ").push_arg(lost.ended_at).push(")");
        }
        insert.push(" on conflict (id) do nothing");
        tx.execute(insert).await?;
        tx.commit().await?;
    }
    Ok(())
}

#[derive(FromRow)]
struct Row {
    identifiers: Json<Vec<String>>,
}

/// What a connection of this id had, if it was of the same actor and was lost a short while ago.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &Db, sid: Uuid, actor: Actor, now: Timestamp) -> Result<Option<Vec<String>>> {
    let select = crate::sql!(
        "select identifiers from cable_sessions where id = $1 and principal = $2 and ended_at > $3",
        sid,
        name(actor),
        Timestamp::from(now.datetime() - Duration::minutes(MINUTES))
    );
    let row: Option<Row> = db.optional(select).await?;
    Ok(row.map(|row| row.identifiers.0))
}

/// Forgets what nobody came back for.
///
/// # Errors
/// When the database is away.
pub async fn forget_old(db: &Db, now: Timestamp) -> Result<()> {
    let before = Timestamp::from(now.datetime() - Duration::minutes(MINUTES));
    if !db.exists(crate::sql!("select 1 from cable_sessions where ended_at <= $1 limit 1", before)).await? {
        return Ok(());
    }
    let tx = db.begin().await?;
    tx.execute(crate::sql!("delete from cable_sessions where ended_at <= $1", before)).await?;
    tx.commit().await
}

fn name(actor: Actor) -> String {
    match actor {
        Actor::Anonymous => "anonymous".to_owned(),
        Actor::User(id) => format!("user:{id}"),
        Actor::Platform(id) => format!("platform:{id}"),
    }
}
