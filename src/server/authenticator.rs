//! Whom tokens stand for, remembered: in the steady state a request's token costs no query. What is remembered holds until
//! who may do what changes, on whichever server, which every server hears of as it is committed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use moka::sync::Cache;
use ring::digest::{SHA256, digest};

use crate::core::access::{Principal, administrator};
use crate::core::clock::Timestamp;
use crate::core::db::{Db, Statement};
use crate::core::id::Id;
use crate::core::model::Token;
use crate::core::secret::Secret;
use crate::core::signing::Keys;
use crate::core::{Result, session};

/// How many tokens are remembered.
const CAPACITY: u64 = 20_000;
/// For how long one is remembered that nobody sends.
const IDLE: Duration = Duration::from_secs(600);
/// For how long the first administrator's token holds without another look whether somebody else is one by now.
const UNCONFIRMED: Duration = Duration::from_secs(1);

/// A token that was found to hold.
struct Known {
    principal: Principal,
    /// The version of who may do what that this was found in.
    version: i64,
    until: Option<Timestamp>,
    /// Whether it was used since that was last written down.
    used: AtomicBool,
}

/// Finds out whom tokens stand for.
pub struct Authenticator {
    keys: Keys,
    admin_token: Secret,
    /// By the hash of the token: what is kept in memory signs nobody in.
    known: Cache<[u8; 32], Arc<Known>>,
}

impl Authenticator {
    /// One that remembers nothing yet.
    pub fn new(keys: Keys, admin_token: Secret) -> Self {
        Self { keys, admin_token, known: Cache::builder().max_capacity(CAPACITY).time_to_idle(IDLE).build() }
    }

    /// The keys that the marketplace signs with.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Whom a token stands for; nobody when it does not hold.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn principal(&self, db: &Db, token: &str, now: Timestamp) -> Result<Option<Principal>> {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        // The version is read before the database is, so that a change in between is not overlooked.
        let version = db.access_version();
        let holds = |known: &Arc<Known>| known.version == version && known.until.is_none_or(|until| until > now);
        if let Some(known) = self.known.get(&hash).filter(holds) {
            known.used.store(true, Ordering::Relaxed);
            return Ok(Some(known.principal.clone()));
        }
        let Some((principal, until)) = self.find(db, token, now).await? else {
            self.known.invalidate(&hash);
            return Ok(None);
        };
        let known = Known { principal: principal.clone(), version, until, used: AtomicBool::new(true) };
        self.known.insert(hash, Arc::new(known));
        Ok(Some(principal))
    }

    async fn find(&self, db: &Db, token: &str, now: Timestamp) -> Result<Option<(Principal, Option<Timestamp>)>> {
        if self.admin_token.matches(token) {
            let ended = administrator::exists(db, now).await?;
            let until = Timestamp::from(now.datetime() + UNCONFIRMED);
            return Ok((!ended).then(|| (administrator::principal(), Some(until))));
        }
        let principal = session::principal(db, &self.keys, token, now).await?;
        Ok(principal.map(|principal| {
            let until = principal.credential.expires_at;
            (principal, until)
        }))
    }

    /// Writes down which tokens were used since the last time, all at once: a write for each request would cost more than
    /// the requests.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn note_use(&self, db: &Db, now: Timestamp) -> Result<usize> {
        let used = self.known.iter().filter(|(_, known)| known.used.swap(false, Ordering::Relaxed));
        let tokens: Vec<Id<Token>> = used.filter_map(|(_, known)| known.principal.credential.token).collect();
        for tokens in tokens.chunks(500) {
            let mut update = Statement::new("update tokens set last_used_at = ");
            update.push_arg(now).push(" where id in (").push_args(tokens.iter().copied()).push(")");
            let tx = db.begin().await?;
            tx.execute(update).await?;
            tx.commit().await?;
        }
        Ok(tokens.len())
    }
}
