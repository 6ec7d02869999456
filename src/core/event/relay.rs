//! The relay: reads the log as it grows, whoever wrote to it, and hands each event on, in order.

use std::sync::Arc;
use std::time::Duration;

use super::{Delivery, after, announce, newest_position};
use crate::core::Result;
use crate::core::db::{Db, Listener};

/// How long an event waits at most when nothing announces it.
const POLL: Duration = Duration::from_secs(1);
/// How many events are read at a time.
const BATCH: i64 = 500;
/// For how long attempts gather before they are told of together.
const GATHER: Duration = Duration::from_millis(20);

/// Who takes events from a relay.
pub trait Receive: Send + Sync + 'static {
    /// Finds out anew who may do what: something about that has changed.
    ///
    /// # Errors
    /// When the database is away. It is asked again before any event is handed on.
    fn recheck(&self) -> impl Future<Output = Result<()>> + Send;

    /// Takes the next events, on all their streams, in order. All changes to who may do what that were committed before
    /// the last of them have been followed by a [`recheck`](Self::recheck).
    fn receive(&self, deliveries: Vec<Delivery>);
}

/// Carries events from the log to who receives them in this process.
pub struct Relay<R> {
    db: Db,
    receiver: Arc<R>,
    /// How far the log was read.
    position: i64,
    /// The version of who may do what that the receiver knows.
    access: i64,
}

impl<R: Receive> Relay<R> {
    /// Starts to read the log from its end, in a task that ends with the returned handle's abort.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn start(db: Db, receiver: Arc<R>) -> Result<tokio::task::JoinHandle<()>> {
        db.follow_access().await?;
        let (position, access) = (newest_position(&db).await?, db.access_version());
        let relay = Self { db: db.clone(), receiver, position, access };
        Ok(tokio::spawn(async move {
            tokio::join!(relay.run(), tell_of_attempts(db));
        }))
    }

    async fn run(mut self) {
        let mut listener = None;
        loop {
            if listener.is_none() {
                listener = self
                    .db
                    .listen()
                    .await
                    .inspect_err(|error| tracing::warn!(%error, "events are only polled for"))
                    .ok()
                    .flatten();
            }
            // Announcements only hasten: the log is read whatever woke us, and from where we stopped.
            let mine = tokio::select! {
                () = self.db.committed() => true,
                () = heard(&mut listener) => {
                    self.db.changed_elsewhere();
                    false
                }
                () = tokio::time::sleep(POLL) => false,
            };
            if mine && let Err(error) = self.db.notify_others().await {
                tracing::warn!(%error, "other servers were not told of a change and will poll for it");
            }
            if let Err(error) = self.forward().await {
                tracing::warn!(%error, "the log of events can't be read for now");
            }
        }
    }

    /// Hands on all that is new.
    async fn forward(&mut self) -> Result<()> {
        loop {
            let batch = after(&self.db, self.position, BATCH).await?;
            // Only after the events were read, so that no revocation is overlooked that was there before one of them.
            self.follow_access().await?;
            let Some(last) = batch.last() else { return Ok(()) };
            let more = batch.len() as i64 >= BATCH;
            self.position = last.position;
            // Whatever is remembered of the log is old now, whether or not anybody announced it.
            self.db.changed_elsewhere();
            self.receiver.receive(batch);
            if !more {
                return Ok(());
            }
        }
    }

    async fn follow_access(&mut self) -> Result<()> {
        self.db.follow_access().await?;
        let version = self.db.access_version();
        if version != self.access {
            self.receiver.recheck().await?;
            self.access = version;
        }
        Ok(())
    }
}

/// Tells of attempts, those of this process soon, and in time those that another has left behind.
async fn tell_of_attempts(db: Db) {
    loop {
        tokio::select! {
            () = db.attempted() => tokio::time::sleep(GATHER).await,
            () = tokio::time::sleep(POLL) => {}
        }
        loop {
            match announce(&db).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(%error, "attempts can't be told of for now");
                    break;
                }
            }
        }
    }
}

/// Waits for an announcement; forever where there are none. A lost connection is dropped, to be opened anew.
async fn heard(listener: &mut Option<Listener>) {
    match listener {
        None => std::future::pending().await,
        Some(open) => {
            if let Err(error) = open.heard().await {
                tracing::warn!(%error, "the connection that announces events was lost");
                *listener = None;
            }
        }
    }
}
