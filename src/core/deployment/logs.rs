//! What the tasks of an instance last printed, as its agent keeps it.

use serde::Serialize;
use uuid::Uuid;

use crate::core::access::Caller;
use crate::core::clock::Timestamp;
use crate::core::db::{Db, FromRow};
use crate::core::model::Instance;
use crate::core::report::require_own_agent;
use crate::core::resource::load;
use crate::core::{Error, Kind, Result};

/// How many bytes of an instance's output are kept.
pub const KEPT: usize = 64 * 1024;

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
    tx.commit().await
}

/// What an instance last printed. Only those who may change it see that: it may have secrets.
///
/// # Errors
/// [`Kind::NotFound`] when the instance is not to be seen.
pub async fn find(db: &Db, caller: &Caller, ancestors: &[Uuid], instance: Uuid) -> Result<Logs> {
    load::<Instance>(db, caller, ancestors, instance).await?;
    let select = crate::sql!("select content, updated_at from instance_logs where instance_id = $1", instance);
    Ok(db.optional(select).await?.unwrap_or_default())
}
