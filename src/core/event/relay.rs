//! The relay: reads the log as it grows, whoever wrote to it, and hands each event to every listener in this process.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;

use super::{Delivery, after, announce, newest_position};
use crate::core::Result;
use crate::core::db::{Db, Listener};

/// How long an event waits at most when nothing announces it.
const POLL: Duration = Duration::from_secs(1);
/// How many events are read at a time.
const BATCH: i64 = 500;
/// For how long attempts gather before they are told of together.
const GATHER: Duration = Duration::from_millis(20);
/// How many events a listener may fall behind.
const BACKLOG: usize = 4096;

/// Where listeners in this process get events from.
#[derive(Clone)]
pub struct Relay {
    deliveries: broadcast::Sender<Arc<Delivery>>,
}

impl Relay {
    /// Starts to read the log from its end, in a task that ends with the returned handle's abort.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn start(db: Db) -> Result<(Self, tokio::task::JoinHandle<()>)> {
        let (deliveries, _) = broadcast::channel(BACKLOG);
        let relay = Self { deliveries };
        let position = newest_position(&db).await?;
        let running = relay.clone().run(db.clone(), position);
        let task = tokio::spawn(async move {
            tokio::join!(running, tell_of_attempts(db));
        });
        Ok((relay, task))
    }

    /// Everything from now on. A listener that falls too far behind is told so.
    pub fn listen(&self) -> broadcast::Receiver<Arc<Delivery>> {
        self.deliveries.subscribe()
    }

    async fn run(self, db: Db, mut position: i64) {
        let mut listener = None;
        loop {
            if listener.is_none() {
                listener = db
                    .listen()
                    .await
                    .inspect_err(|error| tracing::warn!(%error, "events are only polled for"))
                    .ok()
                    .flatten();
            }
            // Announcements only hasten: the log is read whatever woke us, and from where we stopped.
            let mine = tokio::select! {
                () = db.committed() => true,
                () = heard(&mut listener) => {
                    db.changed_elsewhere();
                    false
                }
                () = tokio::time::sleep(POLL) => false,
            };
            if mine && let Err(error) = db.notify_others().await {
                tracing::warn!(%error, "other servers were not told of a change and will poll for it");
            }
            if let Err(error) = db.follow_access().await {
                tracing::warn!(%error, "changes to who may do what can't be followed for now");
            }
            if let Err(error) = self.forward(&db, &mut position).await {
                tracing::warn!(%error, "the log of events can't be read for now");
            }
        }
    }

    /// Hands on all that is new.
    async fn forward(&self, db: &Db, position: &mut i64) -> Result<()> {
        loop {
            let batch = after(db, *position, BATCH).await?;
            let Some(last) = batch.last() else { return Ok(()) };
            *position = last.position;
            for delivery in batch {
                // Nobody listening is no failure.
                let _ = self.deliveries.send(Arc::new(delivery));
            }
        }
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
