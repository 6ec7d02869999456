//! Lanes: those who would wait for one another go together. Each grant holds its claim until it is on disk, so one claim would
//! be counted as often a second as a disk can write, were each a transaction of its own; now the more wait, the more are
//! counted at once. On SQLite, which has one writer, all wait for one another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;
use uuid::Uuid;

use super::{Decision, Licensing, Request};
use crate::core::access::{Actor, Caller, Scopes};
use crate::core::db::{Db, Dialect};
use crate::core::error::{Error, Kind, Result};

/// The most attempts that are decided together.
const MOST: usize = 64;

/// All that a decision depends on but the instant and the database.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Wish {
    actor: Actor,
    scopes: Scopes,
    origin: Arc<str>,
    request: Request,
}

/// What those who go together have in common.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Lane {
    /// The database's one writer.
    Writer,
    /// That they ask for the same.
    Wish(Wish),
}

impl Lane {
    fn of(db: &Db, wish: &Wish) -> Self {
        match db.dialect() {
            Dialect::Sqlite => Self::Writer,
            Dialect::Postgres => Self::Wish(wish.clone()),
        }
    }
}

/// One who waits.
struct Waiting {
    wish: Wish,
    caller: Caller,
    attempt: Uuid,
    told: oneshot::Sender<Result<Decision>>,
}

/// The lanes in which somebody is under way, with those who wait.
#[derive(Default)]
pub struct Lanes(Mutex<HashMap<Lane, Vec<Waiting>>>);

impl Lanes {
    /// Takes a place, and tells whether the lane was free.
    fn enter(&self, lane: &Lane, wish: Wish, caller: &Caller) -> (oneshot::Receiver<Result<Decision>>, bool) {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let free = !lanes.contains_key(lane);
        let (told, answer) = oneshot::channel();
        let waiting = Waiting { wish, caller: caller.clone(), attempt: Uuid::new_v4(), told };
        lanes.entry(lane.clone()).or_default().push(waiting);
        (answer, free)
    }

    /// The next who go together; with none, the lane is free.
    fn next(&self, lane: &Lane) -> Vec<Waiting> {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(waiting) = lanes.get_mut(lane) else { return Vec::new() };
        let next: Vec<_> = waiting.drain(..waiting.len().min(MOST)).collect();
        if next.is_empty() {
            lanes.remove(lane);
        }
        next
    }
}

impl Licensing {
    /// Decides for one caller, together with others who would be in the way.
    pub(super) async fn queue(&self, db: &Db, caller: &Caller, request: Request) -> Result<Decision> {
        let wish = Wish {
            actor: caller.principal.actor,
            scopes: caller.principal.credential.scopes.clone(),
            origin: caller.origin.clone(),
            request,
        };
        let lane = Lane::of(db, &wish);
        let (answer, free) = self.0.lanes.enter(&lane, wish, caller);
        if free {
            // Nobody had a turn that could end.
            drop(Turn { licensing: self.clone(), db: db.clone(), lane });
        }
        let lost = |_| Err(Error::unavailable("The authorization was cut off. Please try again in a moment."));
        answer.await.unwrap_or_else(lost)
    }
}

/// The right to be under way in a lane. When it ends, however that comes, the next get theirs, in a task of their own: that
/// somebody hangs up does not cut off what has begun.
struct Turn {
    licensing: Licensing,
    db: Db,
    lane: Lane,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let waiting = self.licensing.0.lanes.next(&self.lane);
        if !waiting.is_empty() {
            let turn = Self { licensing: self.licensing.clone(), db: self.db.clone(), lane: self.lane.clone() };
            tokio::spawn(turn.go(waiting));
        }
    }
}

impl Turn {
    async fn go(self, waiting: Vec<Waiting>) {
        let mut groups: Vec<Vec<Waiting>> = Vec::new();
        for one in waiting {
            match groups.iter_mut().find(|group| group[0].wish == one.wish) {
                Some(group) => group.push(one),
                None => groups.push(vec![one]),
            }
        }
        let decided = match self.db.dialect() {
            // They are all of one wish here, and each statement is a transaction.
            Dialect::Postgres => Ok(self.decide(&self.db, &groups).await),
            Dialect::Sqlite => self.decide_in_one_transaction(&groups).await,
        };
        let waiting = groups.into_iter().flatten();
        // Who has left meanwhile is told nothing.
        match decided {
            Ok(decisions) => waiting.zip(decisions).for_each(|(one, decision)| drop(one.told.send(decision))),
            Err(error) => waiting.for_each(|one| drop(one.told.send(Err(Error::shared(&error))))),
        }
    }

    /// What comes of all of them, in their order.
    async fn decide(&self, db: &Db, groups: &[Vec<Waiting>]) -> Vec<Result<Decision>> {
        let mut decisions = Vec::new();
        for group in groups {
            decisions.extend(self.decide_group(db, group).await);
        }
        decisions
    }

    /// The same, where all that is counted is counted, or nothing.
    async fn decide_in_one_transaction(&self, groups: &[Vec<Waiting>]) -> Result<Vec<Result<Decision>>, Arc<Error>> {
        let tx = self.db.begin().await?;
        let mut decisions = self.decide(&tx, groups).await;
        let ends = |decision: &Result<Decision>| {
            decision.as_ref().is_err_and(|error| !matches!(error.kind(), Kind::NotFound | Kind::Forbidden))
        };
        if let Some(place) = decisions.iter().position(ends) {
            decisions.swap_remove(place)?;
        }
        tx.commit().await?;
        Ok(decisions)
    }

    /// What comes of those who ask for the same.
    async fn decide_group(&self, db: &Db, group: &[Waiting]) -> Vec<Result<Decision>> {
        let attempts: Vec<_> = group.iter().map(|one| one.attempt).collect();
        let mut decisions = Vec::with_capacity(group.len());
        // The last to come has the latest instant.
        let Some(Waiting { caller, wish, .. }) = group.iter().max_by_key(|one| one.caller.now) else {
            return decisions;
        };
        while decisions.len() < group.len() {
            match self.licensing.decide(db, caller, &wish.request, &attempts[decisions.len()..]).await {
                Ok(some) => decisions.extend(some.into_iter().map(Ok)),
                Err(error) => {
                    let error = Arc::new(error);
                    decisions.resize_with(group.len(), || Err(Error::shared(&error)));
                }
            }
        }
        decisions
    }
}
