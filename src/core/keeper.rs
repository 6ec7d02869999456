//! Keepers: which of a platform's agents acts. Two agents with one key would start everything twice, so one of them keeps the
//! platform for as long as it is heard of, and the others wait.

use chrono::Duration;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::access::Caller;
use super::clock::Timestamp;
use super::db::{Db, FromRow};
use super::id::Id;
use super::model::Platform;
use super::presence::SILENCE;
use super::{Error, Kind, Result};

/// Who keeps a platform.
#[derive(Debug, Clone, Serialize, Deserialize, FromRow)]
pub struct Keeper {
    /// The agent, by the id that it gave itself and keeps.
    pub agent_id: Uuid,
    /// Where it asked from.
    pub address: Option<String>,
    /// Since when it has kept the platform.
    pub since: Timestamp,
    /// When it last said so.
    pub seen_at: Timestamp,
}

/// Makes an agent its platform's keeper, or has it stay that.
///
/// # Errors
/// [`Kind::Forbidden`] for all but platforms, [`Kind::Conflict`] while another agent keeps it.
pub async fn keep(db: &Db, caller: &Caller, agent: Uuid) -> Result<Keeper> {
    let platform = require_platform(caller)?;
    let silent = Timestamp::from(caller.now.datetime() - Duration::seconds(SILENCE));
    let address = caller.address.map(|address| address.to_string());
    let tx = db.begin().await?;
    let keeper: Option<Keeper> = tx
        .optional(crate::sql!(
            "insert into platform_keepers (platform_id, agent_id, address, since, seen_at) values ($1, $2, $3, $4, $4) \
             on conflict (platform_id) do update set \
             since = case when platform_keepers.agent_id = excluded.agent_id then platform_keepers.since else excluded.since end, \
             agent_id = excluded.agent_id, address = excluded.address, seen_at = excluded.seen_at \
             where platform_keepers.agent_id = excluded.agent_id or platform_keepers.seen_at < $5 \
             returning agent_id, address, since, seen_at",
            platform,
            agent,
            address,
            caller.now,
            silent
        ))
        .await?;
    if let Some(keeper) = keeper {
        tx.commit().await?;
        return Ok(keeper);
    }
    let other: Keeper = tx
        .one(crate::sql!(
            "select agent_id, address, since, seen_at from platform_keepers where platform_id = $1",
            platform
        ))
        .await?;
    let from = other.address.as_ref().map(|address| format!(" from {address}")).unwrap_or_default();
    let message = format!(
        "Another agent{from} has kept this platform since {}. Stop it, or give each agent a platform and a key of its own.",
        other.since
    );
    Err(Error::conflict(message).with_details(json!({ "keeper": other })))
}

/// Lets go of a platform, for the next agent to take it up at once.
///
/// # Errors
/// [`Kind::Forbidden`] for all but platforms.
pub async fn leave(db: &Db, caller: &Caller, agent: Uuid) -> Result<()> {
    let platform = require_platform(caller)?;
    let tx = db.begin().await?;
    tx.execute(crate::sql!("delete from platform_keepers where platform_id = $1 and agent_id = $2", platform, agent))
        .await?;
    tx.commit().await
}

fn require_platform(caller: &Caller) -> Result<Id<Platform>> {
    let refusal = || Error::new(Kind::Forbidden, "Only a platform's agent keeps it. Sign in with the platform's key.");
    caller.platform_id().map_or_else(|| caller.require_signed_in().and(Err(refusal())), Ok)
}
