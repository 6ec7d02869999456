//! Seats: the connections that are open, counted in all and by client. Who finds none free is turned away.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::address::site;
use super::limits::ConnectionLimits;

/// How many connections a client has unless the operator says otherwise.
const PER_CLIENT: usize = 1024;
/// The open files that are left for all else: the database, the store of files, other servers.
const RESERVE: u64 = 256;

/// The seats of a server. Clones share them.
#[derive(Clone)]
pub struct Seats(Arc<Room>);

struct Room {
    all: usize,
    per_client: Option<usize>,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    by_client: HashMap<IpAddr, usize>,
}

/// Why there is no seat.
#[derive(Debug, PartialEq, Eq)]
pub enum Full {
    /// All are taken.
    All,
    /// The client has its share.
    Client,
}

impl Seats {
    /// As many as the limits and the operating system allow.
    pub fn new(limits: &ConnectionLimits) -> Self {
        let all = limits.all.min(affordable(limits.all));
        if all < limits.all {
            tracing::warn!("the limit of open files allows {all} connections, not {}", limits.all);
        }
        Self(Arc::new(Room { all, per_client: limits.per_client, taken: Mutex::default() }))
    }

    /// A seat, for as long as it is kept. Nobody in particular is a proxy, who speaks for many.
    ///
    /// # Errors
    /// When none is free for this client.
    pub fn take(&self, client: Option<IpAddr>) -> Result<Seat, Full> {
        let client = client.map(site);
        let mut taken = self.0.taken();
        if taken.all >= self.0.all {
            return Err(Full::All);
        }
        if let Some(client) = client {
            let has = taken.by_client.get(&client).copied().unwrap_or_default();
            if has >= self.0.share(client) {
                return Err(Full::Client);
            }
            taken.by_client.insert(client, has + 1);
        }
        taken.all += 1;
        Ok(Seat { room: self.0.clone(), client })
    }
}

impl Room {
    /// Who connects from the machine itself is its operator, or a proxy that nobody named.
    fn share(&self, client: IpAddr) -> usize {
        self.per_client.unwrap_or(if client.is_loopback() { self.all } else { PER_CLIENT })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's seat.
pub struct Seat {
    room: Arc<Room>,
    client: Option<IpAddr>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.room.taken();
        taken.all -= 1;
        let Some(client) = self.client else { return };
        if let Entry::Occupied(mut entry) = taken.by_client.entry(client) {
            match entry.get() {
                1 => drop(entry.remove()),
                has => *entry.get_mut() = has - 1,
            }
        }
    }
}

/// How many connections the limit of open files leaves room for, raised as far as it takes and is allowed: many systems
/// start processes with 1,024 and let them ask for more.
fn affordable(connections: usize) -> usize {
    let wanted = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(RESERVE);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let enough = |limit: Option<u64>| limit.is_none_or(|limit| limit >= wanted);
    let granted = if enough(current) {
        wanted
    } else {
        let asked = if enough(maximum) { wanted } else { maximum.unwrap_or(wanted) };
        let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(asked), maximum });
        if raised.is_ok() { asked } else { current.unwrap_or(wanted) }
    };
    usize::try_from(granted.saturating_sub(RESERVE)).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn seats(all: usize, per_client: Option<usize>) -> Seats {
        let timeout = Duration::from_secs(1);
        let (head_timeout, idle_timeout) = (timeout, timeout);
        let limits = ConnectionLimits { all, per_client, head_timeout, idle_timeout };
        Seats::new(&limits)
    }

    fn from(address: &str) -> Option<IpAddr> {
        Some(address.parse().unwrap())
    }

    #[test]
    fn each_client_has_its_share_and_all_have_theirs() {
        let seats = seats(5, Some(2));
        let mut kept = Vec::new();
        for (client, expected) in [
            (from("192.0.2.1"), None),
            (from("192.0.2.1"), None),
            (from("192.0.2.1"), Some(Full::Client)),
            (from("2001:db8::1"), None),
            (from("2001:db8::2"), None),
            (from("2001:db8::3"), Some(Full::Client)),
            (None, None),
            (None, Some(Full::All)),
            (from("192.0.2.2"), Some(Full::All)),
        ] {
            match seats.take(client) {
                Ok(seat) if expected.is_none() => kept.push(seat),
                taken => assert_eq!(taken.err(), expected, "{client:?}"),
            }
        }
        kept.remove(0);
        kept.push(seats.take(from("192.0.2.1")).ok().unwrap());
        assert_eq!(seats.take(from("192.0.2.1")).err(), Some(Full::All));
        kept.clear();
        let taken = seats.0.taken();
        assert_eq!((taken.all, taken.by_client.len()), (0, 0));
    }

    #[test]
    fn the_machine_itself_has_no_share_unless_told() {
        let all = PER_CLIENT + 2;
        for (client, share, expected) in [
            ("127.0.0.1", None, all),
            ("::1", None, all),
            ("192.0.2.1", None, PER_CLIENT),
            ("127.0.0.1", Some(3), 3),
            ("192.0.2.1", Some(3), 3),
        ] {
            let seats = seats(all, share);
            let taken: Vec<_> = std::iter::from_fn(|| seats.take(from(client)).ok()).collect();
            assert_eq!(taken.len(), expected, "{client} {share:?}");
        }
    }
}
