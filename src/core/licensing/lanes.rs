//! Lanes: those who ask for the same at the same time go together. Each grant locks its claim until it is on disk, so one
//! claim would be counted as often a second as a disk can write, were each a statement of its own; now the more wait, the
//! more are counted at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;
use uuid::Uuid;

use super::{Claimant, Decision, Licensing, Request};
use crate::core::access::{Actor, Caller, Scopes};
use crate::core::db::Db;
use crate::core::error::{Error, Result};

/// The most attempts that are decided together.
const MOST: usize = 64;

/// What those who go together have in common: all that the decision depends on but the instant.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Lane {
    actor: Actor,
    scopes: Scopes,
    origin: Arc<str>,
    claimant: Claimant,
    product: Uuid,
    quantity: i64,
}

/// One who waits.
struct Waiting {
    caller: Caller,
    attempt: Uuid,
    told: oneshot::Sender<Result<Decision>>,
}

/// The lanes in which a statement is under way, with those who wait for the next.
#[derive(Default)]
pub struct Lanes(Mutex<HashMap<Lane, Vec<Waiting>>>);

impl Lanes {
    /// Takes a place, and tells whether the lane was free.
    fn enter(&self, lane: &Lane, caller: &Caller) -> (oneshot::Receiver<Result<Decision>>, bool) {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let free = !lanes.contains_key(lane);
        let (told, answer) = oneshot::channel();
        let waiting = Waiting { caller: caller.clone(), attempt: Uuid::new_v4(), told };
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
    /// Decides for one caller, together with others who ask for the same meanwhile.
    pub(super) async fn queue(&self, db: &Db, caller: &Caller, request: Request) -> Result<Decision> {
        let lane = Lane {
            actor: caller.principal.actor,
            scopes: caller.principal.credential.scopes.clone(),
            origin: caller.origin.clone(),
            claimant: request.claimant,
            product: request.product.uuid(),
            quantity: request.quantity.0,
        };
        let (answer, free) = self.0.lanes.enter(&lane, caller);
        if free {
            Turn { licensing: self.clone(), db: db.clone(), lane, request }.end();
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
    request: Request,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let waiting = self.licensing.0.lanes.next(&self.lane);
        if !waiting.is_empty() {
            let Self { licensing, db, lane, request } = self;
            let turn = Self { licensing: licensing.clone(), db: db.clone(), lane: lane.clone(), request: *request };
            tokio::spawn(turn.go(waiting));
        }
    }
}

impl Turn {
    fn end(self) {}

    async fn go(self, mut waiting: Vec<Waiting>) {
        while let Some(caller) = waiting.iter().map(|one| &one.caller).max_by_key(|caller| caller.now) {
            let attempts: Vec<_> = waiting.iter().map(|one| one.attempt).collect();
            match self.licensing.decide(&self.db, caller, &self.request, &attempts).await {
                Ok(decisions) => {
                    let decided = waiting.drain(..decisions.len());
                    // Who has left meanwhile is told nothing.
                    decided.zip(decisions).for_each(|(one, decision)| drop(one.told.send(Ok(decision))));
                }
                Err(error) => {
                    let error = Arc::new(error);
                    waiting.drain(..).for_each(|one| drop(one.told.send(Err(Error::shared(&error)))));
                }
            }
        }
    }
}
