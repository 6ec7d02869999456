//! Which agents are heard of here. Gathered in memory, and written down together now and then: not for each beat.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use crate::core::Result;
use crate::core::clock;
use crate::core::db::Db;
use crate::core::id::Id;
use crate::core::model::Platform;
use crate::core::presence::{self, Beat};

/// The agents that are connected here.
#[derive(Default)]
pub struct Presence(Mutex<Gathered>);

#[derive(Default)]
struct Gathered {
    beats: HashMap<Uuid, Known>,
    gone: Vec<Uuid>,
}

struct Known {
    beat: Beat,
    written: Written,
}

/// What is written down of an agent.
#[derive(PartialEq, Eq)]
enum Written {
    Nothing,
    Earlier,
    All,
}

impl Presence {
    fn gathered(&self) -> MutexGuard<'_, Gathered> {
        // Whatever panicked while it held the lock left nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An agent was heard of.
    pub fn beat(&self, agent: Uuid, platform: Id<Platform>, address: Option<IpAddr>) {
        let now = clock::now();
        let mut gathered = self.gathered();
        match gathered.beats.get_mut(&agent) {
            Some(known) => {
                known.beat.seen_at = now;
                if known.written == Written::All {
                    known.written = Written::Earlier;
                }
            }
            None => {
                let beat = Beat { agent, platform, address, connected_at: now, seen_at: now };
                gathered.beats.insert(agent, Known { beat, written: Written::Nothing });
            }
        }
    }

    /// An agent's connection has ended.
    pub fn gone(&self, agent: Uuid) {
        let mut gathered = self.gathered();
        if gathered.beats.remove(&agent).is_some() {
            gathered.gone.push(agent);
        }
    }

    /// Writes down who has come and gone, and, if `all`, who was heard of.
    ///
    /// # Errors
    /// When the database is away; it is all written the next time.
    pub async fn write_down(&self, db: &Db, all: bool) -> Result<()> {
        let (beats, gone) = {
            let mut gathered = self.gathered();
            let due = |known: &Known| known.written == Written::Nothing || all && known.written == Written::Earlier;
            let mut beats = Vec::new();
            for known in gathered.beats.values_mut().filter(|known| due(known)) {
                known.written = Written::All;
                beats.push(known.beat.clone());
            }
            (beats, std::mem::take(&mut gathered.gone))
        };
        let Err(error) = presence::note(db, &beats, &gone).await else { return Ok(()) };
        let mut gathered = self.gathered();
        gathered.gone.extend(gone);
        for beat in beats {
            if let Some(known) = gathered.beats.get_mut(&beat.agent) {
                known.written = Written::Nothing;
            }
        }
        Err(error)
    }
}
