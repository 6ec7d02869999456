//! Sessions: whom a token stands for. There are three kinds: the marketplace's own JSON Web Tokens, given at sign-in;
//! those that users make for their programs, which start with `mkt_`; and what platforms get for their assertions.

pub mod assertion;
pub mod device;
mod renewal;
pub mod sign_in;

pub use renewal::renew;

use std::sync::Arc;

use chrono::Duration;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::access::{Actor, Caller, Credential, Principal, Scopes};
use super::audit::{Action, Entry};
use super::clock::Timestamp;
use super::db::{Db, FromRow, Json, Statement, Tx};
use super::field::{Field, Hashed};
use super::id::Id;
use super::model::{Identity, Platform, Token, User};
use super::resource::Resource;
use super::secret::Secret;
use super::signing::{Keys, TokenType};
use super::{Error, Result};

/// The name of tokens that are sessions.
pub const NAME: &str = "Session";
/// How many hours a session lasts.
const SESSION_HOURS: i64 = 24;
/// How many minutes somebody may take to sign in.
pub const SIGN_IN_MINUTES: i64 = 10;
/// How many days expired tokens are still shown to their users.
const EXPIRED_DAYS: i64 = 30;
/// For how many minutes a platform's token holds.
const PLATFORM_MINUTES: i64 = 5;

/// The claims of the marketplace's tokens (RFC 7519, 4.1).
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Claims {
    /// The marketplace.
    iss: String,
    /// The identity that signed in, else the user; or the platform.
    sub: Uuid,
    /// The token's id.
    jti: Uuid,
    /// Since when it holds, in seconds.
    iat: i64,
    /// When it ends, in seconds.
    exp: i64,
}

/// A token that was just made.
#[derive(Debug)]
pub struct Session {
    /// The token itself.
    pub token: Secret,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Opens a session for a user, who signed in by this identity unless it was by the first administrator's token.
///
/// # Errors
/// When the database is away.
pub async fn open(
    tx: &Tx,
    keys: &Keys,
    caller: &Caller,
    user: Id<User>,
    identity: Option<Id<Identity>>,
) -> Result<Session> {
    let (id, expires_at) = (Uuid::new_v4(), Timestamp::from(caller.now.datetime() + Duration::hours(SESSION_HOURS)));
    let claims = claims(caller, identity.map_or(user.uuid(), Id::uuid), id, expires_at);
    let token = keys.sign(tx, TokenType::Session, &claims).await?;
    tx.execute(crate::sql!(
        "insert into tokens (id, user_id, identity_id, name, expires_at, scopes, secret, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        id,
        user,
        identity.map(Id::uuid),
        NAME,
        expires_at,
        Value::Array(Vec::new()),
        Hashed::of(&token).arg(),
        caller.now
    ))
    .await?;
    let credential = Credential { token: Some(id.into()), identity, ..Credential::default() };
    let principal = Principal { actor: Actor::User(user), credential: Arc::new(credential), ..Principal::anonymous() };
    tx.audit(Entry::new(&Caller { principal, ..caller.clone() }, Action::SignIn, &User::TABLE, user.uuid()));
    Ok(Session { token, expires_at })
}

/// A token for a platform, which nothing is kept of.
///
/// # Errors
/// When the database is away.
pub async fn for_platform(db: &Db, keys: &Keys, caller: &Caller, platform: Id<Platform>) -> Result<Session> {
    let expires_at = Timestamp::from(caller.now.datetime() + Duration::minutes(PLATFORM_MINUTES));
    let claims = claims(caller, platform.uuid(), Uuid::new_v4(), expires_at);
    Ok(Session { token: keys.sign(db, TokenType::Access, &claims).await?, expires_at })
}

fn claims(caller: &Caller, sub: Uuid, jti: Uuid, expires_at: Timestamp) -> Claims {
    let seconds = |instant: Timestamp| instant.unix_seconds();
    Claims { iss: caller.origin.to_string(), sub, jti, iat: seconds(caller.now), exp: seconds(expires_at) }
}

/// Ends the session that a caller is signed in by.
///
/// # Errors
/// [`Kind::Conflict`](super::Kind::Conflict) when that is no token that is kept.
pub async fn close(db: &Db, caller: &Caller) -> Result<()> {
    caller.require_signed_in()?;
    let Some(token) = caller.principal.credential.token else {
        return Err(Error::conflict("This token can't be revoked: it ends by itself."));
    };
    let tx = db.begin().await?;
    tx.execute(crate::sql!("delete from tokens where id = $1", token)).await?;
    tx.audit(Entry::new(caller, Action::SignOut, &Token::TABLE, token.uuid()));
    tx.changes_access();
    tx.commit().await
}

/// Whom a token stands for; nobody when it was not given here, has ended or was revoked.
///
/// # Errors
/// When the database is away.
pub async fn principal(db: &Db, keys: &Keys, token: &str, now: Timestamp) -> Result<Option<Principal>> {
    if token.starts_with(Token::PREFIX) {
        return of_user(db, token, now).await;
    }
    if keys.verify::<Claims>(db, TokenType::Session, token).await?.is_some() {
        return of_user(db, token, now).await;
    }
    match keys.verify::<Claims>(db, TokenType::Access, token).await? {
        Some(claims) => of_platform(db, &claims, now).await,
        None => Ok(None),
    }
}

#[derive(FromRow)]
struct Kept {
    id: Id<Token>,
    user_id: Id<User>,
    identity_id: Option<Id<Identity>>,
    scopes: Json<Scopes>,
    expires_at: Timestamp,
    secret: Hashed,
}

/// What must hold of a token, at the instant `$1`, for it to be one that signs somebody in.
const HOLDS: &str = "expires_at > $1 and (identity_id is null or exists (select 1 from identities \
                     join identity_providers on identity_providers.id = identities.identity_provider_id \
                     where identities.id = tokens.identity_id and identity_providers.enabled_at <= $1))";

/// The user whose token this is, by its hash: a copy of the database gives none away.
async fn of_user(db: &Db, token: &str, now: Timestamp) -> Result<Option<Principal>> {
    let select = format!(
        "select id, user_id, identity_id, scopes, expires_at, secret from tokens where secret = $2 and {HOLDS}"
    );
    let kept: Option<Kept> =
        db.optional(Statement::new(select).bind(now).bind(Hashed::of(&Secret::new(token)).arg())).await?;
    let Some(Kept { id, user_id, identity_id, scopes: Json(scopes), expires_at, secret }) = kept else {
        return Ok(None);
    };
    let credential = Credential {
        token: Some(id),
        secret: Some(secret),
        identity: identity_id,
        scopes,
        expires_at: Some(expires_at),
    };
    Principal::user(db, user_id, credential).await.map(Some)
}

async fn of_platform(db: &Db, claims: &Claims, now: Timestamp) -> Result<Option<Principal>> {
    let platform: Id<Platform> = claims.sub.into();
    // A platform that has been given another key since has to sign in anew.
    let select = "select 1 from platforms where id = $1 and public_key is not null and updated_at <= $2";
    let given_at = Timestamp::from_unix_seconds(claims.iat + 1);
    if !db.exists(Statement::new(select).bind(platform).bind(given_at)).await? {
        return Ok(None);
    }
    let expires_at = Some(Timestamp::from_unix_seconds(claims.exp)).filter(|end| *end > now);
    let credential = Credential { expires_at, ..Credential::default() };
    Ok(expires_at.is_some().then(|| Principal::platform(platform, credential)))
}

/// Forgets what has ended: sign-ins that nobody finished, codes, assertions, tokens that expired a while ago.
///
/// # Errors
/// When the database is away.
pub async fn forget_old(db: &Db, now: Timestamp) -> Result<u64> {
    let tx = db.begin().await?;
    let started = Timestamp::from(now.datetime() - Duration::minutes(2 * SIGN_IN_MINUTES));
    let expired = Timestamp::from(now.datetime() - Duration::days(EXPIRED_DAYS));
    let mut gone = 0;
    for (what, before) in [
        ("sign_ins where created_at", started),
        ("session_codes where created_at", started),
        ("device_codes where created_at", started),
        ("used_assertions where expires_at", now),
        ("tokens where expires_at", expired),
    ] {
        gone += tx.execute(Statement::new(format!("delete from {what} < $1")).bind(before)).await?;
    }
    tx.commit().await?;
    Ok(gone)
}
