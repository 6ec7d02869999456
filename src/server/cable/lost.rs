//! Connections that were lost here: kept in memory at once, and in the database soon after for the other servers.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::sync::Cache;
use uuid::Uuid;

use super::member::Member;
use crate::core::Result;
use crate::core::access::Actor;
use crate::core::clock;
use crate::core::db::Db;
use crate::core::event::resume::{self, MINUTES};

/// How many are remembered, and how many wait to be written down.
const CAPACITY: u64 = 50_000;

/// What lost connections had.
pub struct Lost {
    remembered: Cache<Uuid, Arc<resume::Lost>>,
    unwritten: Mutex<Vec<Arc<resume::Lost>>>,
}

impl Default for Lost {
    fn default() -> Self {
        let kept_for = Duration::from_secs(60 * MINUTES.unsigned_abs());
        let remembered = Cache::builder().max_capacity(CAPACITY).time_to_live(kept_for).build();
        Self { remembered, unwritten: Mutex::default() }
    }
}

impl Lost {
    /// A connection was lost.
    pub fn add(&self, member: &Member) {
        let identifiers = member.identifiers();
        if identifiers.is_empty() {
            return;
        }
        let actor = member.caller().principal.actor;
        let lost = Arc::new(resume::Lost { sid: member.sid, actor, identifiers, ended_at: clock::now() });
        self.remembered.insert(member.sid, lost.clone());
        let mut unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        if (unwritten.len() as u64) < CAPACITY {
            unwritten.push(lost);
        }
    }

    /// What a connection of this id had, here or on another server, if it was of the same actor.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn find(&self, db: &Db, sid: Uuid, actor: Actor) -> Result<Option<Vec<String>>> {
        match self.remembered.get(&sid) {
            Some(lost) if lost.actor == actor => {
                self.remembered.invalidate(&sid);
                Ok(Some(lost.identifiers.clone()))
            }
            // Whoever else knows the id takes nothing from whom it belongs to.
            Some(_) => Ok(None),
            None => resume::find(db, sid, actor, clock::now()).await,
        }
    }

    /// Writes down what was lost.
    ///
    /// # Errors
    /// When the database is away. What is not written is remembered here all the same.
    pub async fn write_down(&self, db: &Db) -> Result<()> {
        let unwritten = std::mem::take(&mut *self.unwritten.lock().unwrap_or_else(PoisonError::into_inner));
        let unwritten: Vec<resume::Lost> = unwritten.iter().map(|lost| resume::Lost::clone(lost)).collect();
        resume::keep(db, &unwritten).await
    }
}
