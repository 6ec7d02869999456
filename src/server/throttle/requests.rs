//! Requests counted by who sends them, as many a minute as there may be at once (a leaky bucket, by `governor`).

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

/// How many buckets there are, of 8 bytes each.
const BUCKETS: usize = 1 << 16;

/// How often whom was heard.
pub struct Requests {
    limiter: RateLimiter<u64, Buckets, DefaultClock>,
    clock: DefaultClock,
}

impl Requests {
    /// So many a minute.
    pub fn new(rate: NonZeroU32) -> Self {
        let (clock, buckets) = (DefaultClock::default(), Buckets::default());
        Self { limiter: RateLimiter::new(Quota::per_minute(rate), buckets, clock.clone()), clock }
    }

    /// Counts a request of whoever has this hash.
    ///
    /// # Errors
    /// How long to wait when it is one too many.
    pub fn spend(&self, hash: u64) -> Result<(), Duration> {
        self.limiter.check_key(&hash).map_err(|until| until.wait_time_from(self.clock.now()))
    }
}

/// All buckets there will ever be: a flood of addresses takes no memory, and there is nothing to tidy up. Those whose hashes
/// meet share one, which takes as many busy clients as there are buckets to be felt; which ones meet can't be foreseen
/// without the hasher's key.
struct Buckets(Box<[InMemoryState]>);

impl Default for Buckets {
    fn default() -> Self {
        Self(std::iter::repeat_with(InMemoryState::default).take(BUCKETS).collect())
    }
}

impl StateStore for Buckets {
    type Key = u64;

    fn measure_and_replace<T, F, E>(&self, hash: &u64, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let bucket = &self.0[(hash % BUCKETS as u64) as usize];
        bucket.measure_and_replace(&NotKeyed::NonKey, f)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_rate() {
        let rate = NonZeroU32::new(600).unwrap();
        let requests = Requests::new(rate);
        for hash in [1, 2] {
            let spent = (0..700).take_while(|_| requests.spend(hash).is_ok()).count();
            // The bucket leaks ten a second meanwhile.
            assert!((600..=620).contains(&spent), "{spent}");
            let wait = requests.spend(hash).unwrap_err();
            assert!(wait <= Duration::from_millis(100), "{wait:?}");
            std::thread::sleep(wait);
            requests.spend(hash).unwrap();
        }
    }
}
