//! What has been committed: counted, and made known within the process and among the servers on one database.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use sqlx::postgres::PgListener;
use tokio::sync::Notify;

use super::counts::Counts;
use super::{Db, Dialect, Handle, failure};
use crate::core::{Result, event};

/// The name under which changes to who may do what are counted, as streams count their events.
const ACCESS: &str = "access";
/// The name under which changes to families of products and to their offers are counted.
pub const FAMILIES: &str = "families";

/// What is known of the commits to the database.
#[derive(Default)]
pub(super) struct Commits {
    /// Wakes the relay.
    made: Notify,
    /// Wakes what tells of attempts.
    attempted: Notify,
    /// Counts commits, of this process and as far as they are heard of those of others.
    generation: AtomicU64,
    /// The newest version of who may do what that is known here.
    pub(super) access: AtomicI64,
    /// What was counted a moment ago.
    pub(super) counts: Counts,
}

impl Commits {
    /// Has all hear of a commit of this process.
    pub(super) fn tell(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.made.notify_one();
    }
}

impl Db {
    /// Waits until attempts of this process are to be told of.
    pub async fn attempted(&self) {
        self.commits.attempted.notified().await;
    }

    /// Notes that attempts are to be told of.
    pub fn note_attempts(&self) {
        self.commits.attempted.notify_one();
    }

    /// Waits until a transaction of this process has committed.
    pub async fn committed(&self) {
        self.commits.made.notified().await;
    }

    /// A number that grows with every change to the database that this process has made or heard of: what was read
    /// while it stays the same still holds.
    pub fn generation(&self) -> u64 {
        self.commits.generation.load(Ordering::SeqCst)
    }

    /// The version of who may do what, as far as it is known here: what was found out about that holds while it stays
    /// the same.
    pub fn access_version(&self) -> i64 {
        self.commits.access.load(Ordering::SeqCst)
    }

    /// Takes note of changes to who may do what that other servers have made.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn follow_access(&self) -> Result<()> {
        let version = event::last_offset(self, ACCESS).await?;
        self.commits.access.fetch_max(version, Ordering::SeqCst);
        Ok(())
    }

    /// Notes that the database was changed otherwise than by a transaction of this handle's.
    pub fn changed_elsewhere(&self) {
        self.commits.generation.fetch_add(1, Ordering::SeqCst);
    }

    /// Takes the next version of which product is under which, and what is offered.
    pub(super) async fn advance_families(&self) -> Result<()> {
        event::advance(self, FAMILIES, 1).await.map(drop)
    }

    /// Takes the next version of who may do what, and tells other servers, who hear it when the transaction commits.
    pub(super) async fn advance_access(&self) -> Result<i64> {
        let version = event::advance(self, ACCESS, 1).await?;
        self.notify_others().await?;
        Ok(version)
    }

    /// Tells other servers on the same database that it has changed. Nothing to do on SQLite.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn notify_others(&self) -> Result<()> {
        match self.dialect() {
            Dialect::Postgres if self.notify => {
                self.execute(crate::sql!("select pg_notify('mkt_events', '')")).await.map(drop)
            }
            Dialect::Postgres | Dialect::Sqlite => Ok(()),
        }
    }

    /// A dedicated connection that hears [`notify_others`](Self::notify_others), or `None` where there is none.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn listen(&self) -> Result<Option<Listener>> {
        let Handle::Postgres(pool) = &self.handle else { return Ok(None) };
        if !self.notify {
            return Ok(None);
        }
        let mut listener = PgListener::connect_with(pool).await.map_err(failure::classify)?;
        listener.listen("mkt_events").await.map_err(failure::classify)?;
        Ok(Some(Listener(listener)))
    }
}

/// A connection on which other servers announce new events.
pub struct Listener(PgListener);

impl Listener {
    /// Waits for the next announcement.
    ///
    /// # Errors
    /// When the connection is lost; take a new one.
    pub async fn heard(&mut self) -> Result<()> {
        self.0.recv().await.map(drop).map_err(failure::classify)
    }
}
