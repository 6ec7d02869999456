//! Which events were seen of late.

use std::collections::{HashSet, VecDeque};

use uuid::Uuid;

/// How many ids are remembered to tell repeats: more than can be on their way twice.
const REMEMBERED: usize = 10_000;
/// The ids of the events seen last, to tell repeats.
#[derive(Default)]
pub struct Recent {
    ids: HashSet<Uuid>,
    order: VecDeque<Uuid>,
}

impl Recent {
    /// Adds an id, and tells whether it is new.
    pub fn add(&mut self, id: Uuid) -> bool {
        if !self.ids.insert(id) {
            return false;
        }
        self.order.push_back(id);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_are_told() {
        let mut recent = Recent::default();
        let ids: Vec<Uuid> = (0..=REMEMBERED as u128).map(Uuid::from_u128).collect();
        assert!(ids[..REMEMBERED].iter().all(|id| recent.add(*id)));
        assert!(!ids[..REMEMBERED].iter().any(|id| recent.add(*id)));
        assert!(recent.add(ids[REMEMBERED]));
        assert!(recent.add(ids[0]), "the oldest is forgotten");
        assert_eq!((recent.ids.len(), recent.order.len()), (REMEMBERED, REMEMBERED));
    }
}
