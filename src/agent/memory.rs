//! What an agent remembers of an instance while it runs. Nothing here is needed by the next agent.

use std::collections::HashMap;
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::runner::Launch;
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
    /// What is done with it now.
    pub(super) work: Option<Work>,
    /// The revision that was last found in good health, and since when.
    pub(super) healthy: Option<(String, Instant)>,
    /// What was last found in good health, to be run on while its successor can't be had.
    pub(super) good: Option<(String, Vec<Launch>)>,
    /// What its tasks printed before they ended.
    pub(super) last_words: String,
    /// What did not work out.
    failure: Option<Failure>,
    /// The build that the platform's user may use, as the marketplace said.
    pub(super) authorized: Option<String>,
    /// When tasks with a schedule were last due.
    pub(super) due: HashMap<String, Timestamp>,
    /// With which code tasks with a schedule last ended.
    pub(super) ended: HashMap<String, Option<i64>>,
}

/// What an instance is worked on for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To run this revision; an empty one is not known yet.
    Keep(String),
    /// To rest.
    Rest,
    /// To be gone.
    Remove,
}

/// Something that is done with an instance.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) purpose: Purpose,
    pub(super) task: AbortHandle,
}

impl Work {
    /// Whether it is to be given up for something else. What was stopped half-way is always stopped.
    pub(super) fn yields_to(&self, purpose: &Purpose) -> bool {
        matches!(self.purpose, Purpose::Keep(_)) && self.purpose != *purpose
    }
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

    /// Notes that a revision, made of these, is in good health.
    pub(super) fn recover(&mut self, revision: &str, launches: &[Launch]) {
        self.good = Some((revision.to_owned(), launches.to_vec()));
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
        memory.recover("two", &[]);
        assert_eq!(memory.fail("two").as_secs(), 2, "it failed again at once");
        memory.recover("two", &[]);
        memory.healthy = Instant::now().checked_sub(RECOVERED * 2).map(|since| ("two".to_owned(), since));
        assert_eq!(memory.fail("two").as_secs(), 1);
    }
}
