//! Sign-ins that failed, counted by address, so that credentials can't be guessed.
//!
//! Many may share an address, and one of them guess. So what counts is how many *different* credentials fail: a program that
//! repeats one that has expired holds up nobody. And while an address guesses, those that have held before still do: only
//! who is new there has to wait, for a minute at most.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use moka::policy::EvictionPolicy;
use moka::sync::Cache;

/// How many credentials may fail in a [`WINDOW`].
const MOST: usize = 20;
/// For how long failures count, from the first one on.
const WINDOW: Duration = Duration::from_secs(60);
/// How many addresses are watched; beyond, those are forgotten that failed longest ago.
const ADDRESSES: u64 = 16_384;
/// How many credentials are known to have held, and for how long.
const KNOWN: (u64, Duration) = (20_000, Duration::from_secs(3600));

/// Which sign-ins failed lately, and which did not. Credentials are here as keyed hashes, which sign nobody in.
pub struct SignIns {
    failures: Cache<IpAddr, Arc<Failures>>,
    known: Cache<u64, ()>,
}

/// What failed from one address.
struct Failures {
    since: Instant,
    credentials: Mutex<HashSet<u64>>,
}

impl Default for SignIns {
    fn default() -> Self {
        let failures =
            Cache::builder().max_capacity(ADDRESSES).eviction_policy(EvictionPolicy::lru()).time_to_live(WINDOW);
        Self { failures: failures.build(), known: Cache::builder().max_capacity(KNOWN.0).time_to_live(KNOWN.1).build() }
    }
}

impl SignIns {
    /// Whether a client may try this credential.
    ///
    /// # Errors
    /// How long to wait when it may not.
    pub fn admit(&self, client: IpAddr, credential: u64) -> Result<(), Duration> {
        match self.failures.get(&client) {
            Some(failures) if failures.credentials().len() >= MOST && !self.known.contains_key(&credential) => {
                Err(WINDOW.saturating_sub(failures.since.elapsed()))
            }
            _ => Ok(()),
        }
    }

    /// Notes that a credential did not hold.
    pub fn failed(&self, client: IpAddr, credential: u64) {
        self.known.invalidate(&credential);
        let first = || Arc::new(Failures { since: Instant::now(), credentials: Mutex::default() });
        let failures = self.failures.get_with(client, first);
        let mut credentials = failures.credentials();
        if credentials.len() < MOST {
            credentials.insert(credential);
        }
    }

    /// Notes that a credential held.
    pub fn held(&self, credential: u64) {
        if !self.known.contains_key(&credential) {
            self.known.insert(credential, ());
        }
    }
}

impl Failures {
    fn credentials(&self) -> MutexGuard<'_, HashSet<u64>> {
        self.credentials.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn who_guesses_waits_and_others_do_not() {
        let sign_ins = SignIns::default();
        let [guesser, other]: [IpAddr; 2] = ["192.0.2.1", "192.0.2.2"].map(|address| address.parse().unwrap());
        sign_ins.held(1000);
        sign_ins.held(2000);
        // One that has expired, over and over.
        for _ in 0..1000 {
            sign_ins.admit(guesser, 0).unwrap();
            sign_ins.failed(guesser, 0);
        }
        for guess in 1..20 {
            sign_ins.admit(guesser, guess).unwrap();
            sign_ins.failed(guesser, guess);
        }
        let wait = sign_ins.admit(guesser, 20).unwrap_err();
        assert!(wait > Duration::from_secs(50) && wait <= WINDOW, "{wait:?}");
        sign_ins.admit(guesser, 1000).unwrap();
        sign_ins.admit(other, 20).unwrap();
        // What has held until it was revoked is a guess like any other.
        sign_ins.failed(other, 2000);
        assert!(sign_ins.admit(guesser, 2000).is_err());
    }
}
