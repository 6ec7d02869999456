//! Publications on their way. On SQLite, which has one writer, they wait for one another anyway; so those who wait go together: in
//! one transaction with one flush, each of them done as a whole or not at all.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::{Outcome, Package, apply, check_aside};
use crate::core::access::Caller;
use crate::core::db::{Db, Dialect, Statement, Tx};
use crate::core::{Error, Kind, Result};

/// The most packages that are published together: others write in between.
const MOST: usize = 16;

/// All publications of a server.
#[derive(Clone, Default)]
pub struct Publications(Arc<Mutex<Line>>);

/// Those who wait.
#[derive(Default)]
struct Line {
    /// Whether some are under way.
    busy: bool,
    waiting: Vec<Waiting>,
}

/// One who waits.
struct Waiting {
    caller: Caller,
    package: Package,
    told: oneshot::Sender<Result<Outcome>>,
}

impl Publications {
    /// Publishes a package, with its publisher's signature if there is one.
    ///
    /// # Errors
    /// [`Kind::Invalid`] with the diagnostics as details, or with the files that are missing; [`Kind::Conflict`] with the
    /// differences when it was published already with other content; when the signature does not hold, or the caller may not.
    pub async fn publish(&self, db: &Db, caller: &Caller, text: String, signature: Option<String>) -> Result<Outcome> {
        caller.require_signed_in()?;
        let package = Package { signature, ..check_aside(text).await? };
        match db.dialect() {
            Dialect::Sqlite => self.queue(db, caller, package).await,
            Dialect::Postgres => match alone(db, caller, package.clone()).await {
                // Two that publish the same at once collide on what the other makes; a second look finds it made.
                Err(error) if matches!(error.kind(), Kind::Conflict | Kind::Invalid) => {
                    alone(db, caller, package).await
                }
                result => result,
            },
        }
    }

    async fn queue(&self, db: &Db, caller: &Caller, package: Package) -> Result<Outcome> {
        let (told, answer) = oneshot::channel();
        let free = {
            let mut line = self.line();
            line.waiting.push(Waiting { caller: caller.clone(), package, told });
            !std::mem::replace(&mut line.busy, true)
        };
        if free {
            // Nobody had a turn that could end.
            drop(Turn { publications: self.clone(), db: db.clone() });
        }
        let lost = |_| Err(Error::unavailable("The publication was cut off. Please try again in a moment."));
        answer.await.unwrap_or_else(lost)
    }

    /// The next who go together; with none, nobody is under way.
    fn next(&self) -> Vec<Waiting> {
        let mut line = self.line();
        let together = line.waiting.len().min(MOST);
        line.busy = together > 0;
        line.waiting.drain(..together).collect()
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn alone(db: &Db, caller: &Caller, package: Package) -> Result<Outcome> {
    let tx = db.begin().await?;
    let outcome = apply(&tx, caller, package).await?;
    tx.commit().await?;
    Ok(outcome)
}

/// The right to be under way. When it ends, however that comes, the next get theirs, in a task of their own: that somebody hangs
/// up does not cut off what has begun.
struct Turn {
    publications: Publications,
    db: Db,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let waiting = self.publications.next();
        if !waiting.is_empty() {
            let turn = Self { publications: self.publications.clone(), db: self.db.clone() };
            tokio::spawn(turn.go(waiting));
        }
    }
}

impl Turn {
    async fn go(self, waiting: Vec<Waiting>) {
        let (listening, packages): (Vec<_>, Vec<_>) =
            waiting.into_iter().map(|Waiting { caller, package, told }| (told, (caller, package))).unzip();
        // Who has left meanwhile is told nothing.
        match self.publish(packages).await {
            Ok(outcomes) => listening.into_iter().zip(outcomes).for_each(|(told, outcome)| drop(told.send(outcome))),
            Err(error) => {
                let error = Arc::new(error);
                listening.into_iter().for_each(|told| drop(told.send(Err(Error::shared(&error)))));
            }
        }
    }

    /// What became of each; an error if that is of all.
    async fn publish(&self, packages: Vec<(Caller, Package)>) -> Result<Vec<Result<Outcome>>> {
        let tx = self.db.begin().await?;
        // Many small statements, each of which waits for the one before.
        let steps = async move {
            let mut outcomes = Vec::with_capacity(packages.len());
            for (caller, package) in packages {
                outcomes.push(publish_whole(&tx, &caller, package).await?);
            }
            tx.commit().await?;
            Ok(outcomes)
        };
        self.db.at_a_stretch(steps).await
    }
}

/// Publishes a package within a transaction that goes on if that fails.
async fn publish_whole(tx: &Tx, caller: &Caller, package: Package) -> Result<Result<Outcome>> {
    let mark = tx.mark();
    tx.execute(Statement::new("savepoint publication")).await?;
    let outcome = apply(tx, caller, package).await;
    if outcome.is_err() {
        tx.execute(Statement::new("rollback to publication")).await?;
        tx.back_to(mark);
    }
    tx.execute(Statement::new("release publication")).await?;
    Ok(outcome)
}
