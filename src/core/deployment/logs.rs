//! What the tasks of an instance last printed, as its agent keeps it. That there is more is told while somebody looks, and
//! not otherwise: most output is never looked at, and there is more of it than of all else that happens.

use chrono::Duration;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use crate::core::access::Caller;
use crate::core::clock::Timestamp;
use crate::core::db::{Db, FromRow};
use crate::core::event::{EventType, NewEvent, OUTPUT, Stream};
use crate::core::model::Instance;
use crate::core::report::require_own_agent;
use crate::core::resource::{allow_update, load};
use crate::core::{Error, Kind, Result};

/// How many bytes of an instance's output are kept.
pub const KEPT: usize = 64 * 1024;
/// For how many seconds somebody who has looked is told of more.
const WATCHED: i64 = 120;

/// A text that says what it says and moves no terminal: line ends in one form, no control characters but those and tabs.
pub fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.replace(|c: char| c.is_control() && !matches!(c, '\n' | '\t'), "\u{fffd}")
}

/// What an instance last printed.
#[derive(Debug, Default, Serialize, FromRow)]
pub struct Logs {
    /// The output: lines, each with its task and replica before it.
    pub content: String,
    /// When it was last told of; none if nothing was.
    pub updated_at: Option<Timestamp>,
}

/// Keeps what an instance last printed, in place of what was kept.
///
/// # Errors
/// [`Kind::Invalid`] when it is too much, [`Kind::NotFound`] when the instance is not to be seen, [`Kind::Forbidden`] for all but
/// the platform's own agent.
pub async fn keep(db: &Db, caller: &Caller, ancestors: &[Uuid], instance: Uuid, content: String) -> Result<()> {
    if content.len() > KEPT {
        let message = format!("At most the last {} KiB of an instance's output are kept. Send less.", KEPT / 1024);
        return Err(Error::new(Kind::Invalid, message));
    }
    let row = load::<Instance>(db, caller, ancestors, instance).await?;
    require_own_agent(caller, &row)?;
    let tx = db.begin().await?;
    tx.execute(crate::sql!(
        "insert into instance_logs (instance_id, content, updated_at) values ($1, $2, $3) \
         on conflict (instance_id) do update set content = excluded.content, updated_at = excluded.updated_at",
        instance,
        clean(&content),
        caller.now
    ))
    .await?;
    let watched =
        crate::sql!("select 1 from log_watches where instance_id = $1 and watched_until > $2", instance, caller.now);
    if tx.exists(watched).await? {
        let (message, model) =
            ("There is more output.".to_owned(), json!({ OUTPUT: { "instance": { "id": instance } } }));
        let streams = vec![Stream::Output(row.id)];
        tx.announce(vec![NewEvent::of_right(EventType::Updated, OUTPUT, instance, message, model, streams)]);
    }
    tx.commit().await
}

/// What an instance last printed. Only those who may change it see that: it may have secrets. For two minutes from then on
/// the stream of its output tells of more.
///
/// # Errors
/// [`Kind::NotFound`] when the instance is not to be seen, [`Kind::Forbidden`] for who may see but not change it.
pub async fn find(db: &Db, caller: &Caller, ancestors: &[Uuid], instance: Uuid) -> Result<Logs> {
    allow_update::<Instance>(db, caller, ancestors, instance).await?;
    watch(db, caller.now, instance).await?;
    let select = crate::sql!("select content, updated_at from instance_logs where instance_id = $1", instance);
    Ok(db.optional(select).await?.unwrap_or_default())
}

/// Has it told of for a while that there is more. Before it is read: what comes in between is told.
async fn watch(db: &Db, now: Timestamp, instance: Uuid) -> Result<()> {
    let after = |seconds| Timestamp::from(now.datetime() + Duration::seconds(seconds));
    // Most of those who look are told for long enough already: nothing is written for them.
    let told = crate::sql!(
        "select 1 from log_watches where instance_id = $1 and watched_until > $2",
        instance,
        after(WATCHED / 2)
    );
    if db.exists(told).await? {
        return Ok(());
    }
    let tx = db.begin().await?;
    tx.execute(crate::sql!(
        "insert into log_watches (instance_id, watched_until) values ($1, $2) \
         on conflict (instance_id) do update set watched_until = excluded.watched_until",
        instance,
        after(WATCHED)
    ))
    .await?;
    tx.commit().await
}
