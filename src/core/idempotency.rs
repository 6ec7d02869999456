//! Repeats: a request that is sent again under the same `Idempotency-Key` is answered as the first time and does nothing
//! twice. Key and answer are written in the transaction of the change itself, so they hold exactly when the change does.

use chrono::Duration;
use ring::digest::{SHA256, digest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::access::{Actor, Caller};
use super::clock::Timestamp;
use super::db::{Db, Sealed, Tx};
use super::secret::Secret;
use super::{Error, Result};

/// For how many hours an answer is kept.
pub const HOURS: i64 = 24;
/// The most characters of a key.
const LONGEST: usize = 255;

/// A key that a client gave to a request, with what else makes it that request.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    /// Of the key, who sent it and what it was sent to, a hash: what is looked up.
    name: String,
    /// Of the body, a hash: the same key with another body is a mistake.
    fingerprint: String,
}

impl IdempotencyKey {
    /// The key of a request by this caller to this address, with no body.
    ///
    /// # Errors
    /// [`Kind::BadRequest`](super::Kind::BadRequest) when the key is empty, too long or has unprintable characters.
    pub fn new(key: &str, caller: &Caller, address: &str) -> Result<Self> {
        if key.is_empty() || key.len() > LONGEST || !key.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
            let message = format!("The header Idempotency-Key must have 1 to {LONGEST} printable characters.");
            return Err(Error::bad_request(message));
        }
        let asker = match caller.principal.actor {
            Actor::User(id) => id.to_string(),
            Actor::Platform(id) => format!("platform {id}"),
            Actor::Anonymous => String::new(),
        };
        Ok(Self { name: hash(&[&asker, address, key]), fingerprint: String::new() })
    }

    /// The same for a request with this body.
    pub fn with_body(self, body: &Value) -> Self {
        Self { fingerprint: hash(&[&body.to_string()]), ..self }
    }
}

fn hash(parts: &[&str]) -> String {
    // No part has a NUL in it, so no two lists of parts look alike.
    let digest = digest(&SHA256, parts.join("\0").as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first answer to this caller's request, if it is a repeat. Otherwise takes the key, which another transaction that
/// wants it waits for, and leaves it to [`keep`] to store the answer.
///
/// # Errors
/// [`Kind::Invalid`](super::Kind::Invalid) when the key was used with another body.
pub async fn first_answer<T: DeserializeOwned>(tx: &Tx, caller: &Caller) -> Result<Option<T>> {
    let Some(key) = &caller.idempotency_key else { return Ok(None) };
    let taken = tx
        .execute(crate::sql!(
            "insert into idempotency_keys (name, fingerprint, created_at) values ($1, $2, $3) on conflict (name) do update \
             set fingerprint = excluded.fingerprint, created_at = excluded.created_at, answer = null \
             where idempotency_keys.created_at <= $4",
            key.name.as_str(),
            key.fingerprint.as_str(),
            caller.now,
            oldest(caller.now)
        ))
        .await?;
    if taken == 1 {
        return Ok(None);
    }
    let select = crate::sql!("select fingerprint, answer from idempotency_keys where name = $1", key.name.as_str());
    let (fingerprint, answer): (String, Option<Sealed>) = tx.one(select).await?;
    if fingerprint != key.fingerprint {
        return Err(Error::invalid_field("Idempotency-Key", "must be a new one, for it was used with another body"));
    }
    let answer = answer.ok_or_else(|| Error::internal("a key was committed without its answer"))?;
    serde_json::from_str(tx.unseal(&answer)?.expose()).map(Some).map_err(Error::internal)
}

/// Stores the answer under the key that [`first_answer`] took, and under none that another request has. Answers may hold secrets that are shown once.
///
/// # Errors
/// When the database refuses.
pub async fn keep<T: Serialize>(tx: &Tx, caller: &Caller, answer: &T) -> Result<()> {
    let Some(key) = &caller.idempotency_key else { return Ok(()) };
    let answer = Sealed::Open(Secret::new(serde_json::to_string(answer).map_err(Error::internal)?));
    let update = crate::sql!(
        "update idempotency_keys set answer = $2 where name = $1 and answer is null",
        key.name.as_str(),
        Some(answer)
    );
    tx.execute(update).await.map(drop)
}

/// Forgets the answers that are no longer promised.
///
/// # Errors
/// When the database is away.
pub async fn forget_old(db: &Db, now: Timestamp) -> Result<u64> {
    let tx = db.begin().await?;
    let gone = tx.execute(crate::sql!("delete from idempotency_keys where created_at <= $1", oldest(now))).await?;
    tx.commit().await?;
    Ok(gone)
}

fn oldest(now: Timestamp) -> Timestamp {
    (now.datetime() - Duration::hours(HOURS)).into()
}
