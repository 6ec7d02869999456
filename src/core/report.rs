//! Reports: what a platform's agent tells of the instances that it keeps. The last one is the instance's state.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::access::Caller;
use super::clock::Timestamp;
use super::db::{Db, FromRow, Json};
use super::event::EventType;
use super::field::{Object, Prose};
use super::model::{Instance, InstanceState};
use super::resource::{Input, Mode, load};
use super::{Error, Kind, Result};

/// How many reports of an instance are kept.
pub const KEPT: i64 = 100;
/// How many bytes the details of a report may have.
const DETAIL: usize = 16 * 1024;

/// What an agent tells of an instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, FromRow)]
pub struct Report {
    /// How far the instance is.
    pub state: InstanceState,
    /// Why it is no further, or whatever else people should know.
    pub message: Option<Prose>,
    /// What programs may want to know: containers, ports.
    pub detail: Option<Json<Object>>,
    /// When it was told.
    pub created_at: Timestamp,
}

/// Nothing, if it is the agent of an instance's platform who asks.
///
/// # Errors
/// [`Kind::Forbidden`] for all others.
pub fn require_own_agent(caller: &Caller, instance: &Instance) -> Result<()> {
    if caller.platform_id() == Some(instance.platform_id) {
        return Ok(());
    }
    caller.require_signed_in()?;
    let message = "Only the platform's agent tells of its instances. Sign in with the platform's key.";
    Err(Error::new(Kind::Forbidden, message))
}

impl Report {
    /// Reads `state`, `message` and `detail`.
    ///
    /// # Errors
    /// [`Kind::Invalid`] with every field that fails.
    pub fn read(fields: Map<String, Value>, now: Timestamp) -> Result<Self> {
        let mut input = Input::new::<Instance>(fields);
        let report = Self {
            state: input.initial("state", Mode::Open, None),
            message: input.initial("message", Mode::Open, None),
            detail: input.initial("detail", Mode::Open, None),
            created_at: now,
        };
        if report.detail.as_ref().is_some_and(|Json(detail)| Value::from(detail.clone()).to_string().len() > DETAIL) {
            input.fails("detail", format!("must have at most {} KiB", DETAIL / 1024));
        }
        input.finish()?;
        Ok(report)
    }

    /// Keeps a report: it is the instance's state from now on, and whoever follows the platform hears of it if it says
    /// anything new.
    ///
    /// # Errors
    /// [`Kind::NotFound`] when the instance is not to be seen, [`Kind::Forbidden`] for all but the platform's own agent.
    pub async fn keep(&self, db: &Db, caller: &Caller, ancestors: &[Uuid], instance: Uuid) -> Result<()> {
        let tx = db.begin().await?;
        tx.lock_row("instances", instance).await?;
        let mut row = load::<Instance>(&tx, caller, ancestors, instance).await?;
        require_own_agent(caller, &row)?;
        row.last_seen_at = Some(self.created_at);
        let last: Option<Self> = tx
            .optional(crate::sql!(
                "select state, message, detail, created_at from reports where instance_id = $1 \
                 order by created_at desc, id limit 1",
                instance
            ))
            .await?;
        let news = last.is_none_or(|last| Self { created_at: self.created_at, ..last } != *self);
        row.state = self.state;
        row.state_message = self.message.clone();
        tx.execute(crate::sql!(
            "update instances set state = $2, state_message = $3, last_seen_at = $4 where id = $1",
            instance,
            row.state.word(),
            row.state_message.as_ref().map(|message| message.as_str().to_owned()),
            self.created_at
        ))
        .await?;
        if news {
            tx.execute(crate::sql!(
                "insert into reports (id, instance_id, state, message, detail, created_at) values ($1, $2, $3, $4, $5, $6)",
                Uuid::new_v4(),
                instance,
                self.state.word(),
                self.message.as_ref().map(|message| message.as_str().to_owned()),
                self.detail.as_ref().map(|Json(detail)| Value::from(detail.clone())),
                self.created_at
            ))
            .await?;
            tx.execute(crate::sql!(
                "delete from reports where instance_id = $1 and id not in (select id from reports \
                 where instance_id = $1 order by created_at desc, id limit $2)",
                instance,
                KEPT
            ))
            .await?;
            let event = row.event(&tx, EventType::Updated, &format!("is {}", self.state.word())).await?;
            tx.announce(vec![event.reported()]);
        }
        tx.commit().await
    }

    /// The last reports of an instance, the newest first.
    ///
    /// # Errors
    /// [`Kind::NotFound`] when the instance is not to be seen.
    pub async fn list(db: &Db, caller: &Caller, ancestors: &[Uuid], instance: Uuid) -> Result<Vec<Self>> {
        load::<Instance>(db, caller, ancestors, instance).await?;
        db.all(crate::sql!(
            "select state, message, detail, created_at from reports where instance_id = $1 order by created_at desc, id limit $2",
            instance,
            KEPT
        ))
        .await
    }
}
