//! What an agent remembers of an instance while it runs. Nothing here is needed by the next agent.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::core::clock::Timestamp;

/// The first pause after a failure.
const SHORTEST: Duration = Duration::from_secs(1);
/// The longest.
const LONGEST: Duration = Duration::from_secs(120);
/// After how long in good health earlier failures count no more.
const RECOVERED: Duration = Duration::from_secs(60);

/// What is remembered of an instance.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Whether something works on it.
    pub(super) busy: bool,
    /// The revision that was last found in good health, and since when.
    pub(super) healthy: Option<(String, Instant)>,
    /// What did not work out.
    failure: Option<Failure>,
    /// The build that the platform's user may use, as the marketplace said.
    pub(super) authorized: Option<String>,
    /// When tasks with a schedule were last due.
    pub(super) due: HashMap<String, Timestamp>,
    /// With which code tasks with a schedule last ended.
    pub(super) ended: HashMap<String, Option<i64>>,
}

#[derive(Debug)]
struct Failure {
    revision: String,
    times: u32,
    /// When to try again.
    until: Instant,
}

impl Memory {
    /// Notes that a revision could not be started or kept up, and answers how long it will be left alone.
    pub(super) fn fail(&mut self, revision: &str) -> Duration {
        let recovered = self.healthy.take().is_some_and(|(_, since)| since.elapsed() > RECOVERED);
        let earlier = self.failure.take().filter(|failure| failure.revision == revision && !recovered);
        let times = earlier.map_or(0, |failure| failure.times + 1);
        let pause = LONGEST.min(SHORTEST * 2_u32.saturating_pow(times));
        self.failure = Some(Failure { revision: revision.to_owned(), times, until: Instant::now() + pause });
        pause
    }

    /// Whether a revision is left alone for now.
    pub(super) fn pauses(&self, revision: &str) -> bool {
        self.failure.as_ref().is_some_and(|failure| failure.revision == revision && failure.until > Instant::now())
    }

    /// Notes that a revision is in good health.
    pub(super) fn recover(&mut self, revision: &str) {
        if self.healthy.as_ref().is_none_or(|(healthy, _)| healthy != revision) {
            self.healthy = Some((revision.to_owned(), Instant::now()));
        }
    }

    /// Whether a revision was found in good health and has not failed since.
    pub(super) fn is_healthy(&self, revision: &str) -> bool {
        self.healthy.as_ref().is_some_and(|(healthy, _)| healthy == revision)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_begin_anew() {
        let mut memory = Memory::default();
        let seconds: Vec<u64> = (0..9).map(|_| memory.fail("one").as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 64, 120, 120]);
        assert!(memory.pauses("one") && !memory.pauses("two"));
        assert_eq!(memory.fail("two").as_secs(), 1);
        memory.recover("two");
        assert_eq!(memory.fail("two").as_secs(), 2, "it failed again at once");
        memory.recover("two");
        memory.healthy = Instant::now().checked_sub(RECOVERED * 2).map(|since| ("two".to_owned(), since));
        assert_eq!(memory.fail("two").as_secs(), 1);
    }
}
