//! The runner that does nothing: what it starts is said to run. For trying out what a marketplace would have an agent do.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Launch, Unit, UnitState};
use crate::core::clock;

/// What is said to run.
#[derive(Debug, Default)]
pub struct Idle(Mutex<Vec<Unit>>);

impl Idle {
    pub(super) fn units(&self) -> Vec<Unit> {
        self.all().clone()
    }

    pub(super) fn start(&self, launch: &Launch) -> Unit {
        let unit = Unit {
            key: launch.key.clone(),
            id: format!("{}-{}-{}", launch.key.instance, launch.key.task, launch.key.replica),
            state: UnitState::Running,
            address: None,
            published: None,
            started_at: clock::now(),
        };
        self.all().push(unit.clone());
        unit
    }

    pub(super) fn stop(&self, unit: &Unit) {
        self.all().retain(|known| known.key != unit.key);
    }

    fn all(&self) -> MutexGuard<'_, Vec<Unit>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
