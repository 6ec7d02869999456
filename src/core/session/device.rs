//! Signing in on a device without a browser (RFC 8628): it shows a code, somebody who is signed in elsewhere approves it.

use chrono::Duration;
use serde::Serialize;

use super::{SIGN_IN_MINUTES, Session, open};
use crate::core::access::Caller;
use crate::core::clock::Timestamp;
use crate::core::db::{Db, FromRow, Statement};
use crate::core::field::{Field, Hashed, Line};
use crate::core::id::Id;
use crate::core::model::{Identity, User};
use crate::core::secret::Secret;
use crate::core::signing::Keys;
use crate::core::{Error, Kind, Result};

/// How many seconds a device waits between two questions.
pub const INTERVAL: i64 = 5;
/// How many seconds codes hold.
pub const LIFETIME: i64 = SIGN_IN_MINUTES * 60;

/// The codes of a device that wants to be signed in.
#[derive(Debug)]
pub struct Codes {
    /// What the device asks with.
    pub device_code: Secret,
    /// What its user reads from it and types in elsewhere.
    pub user_code: String,
}

/// Gives a device its codes.
///
/// # Errors
/// When the database is away.
pub async fn begin(db: &Db, client: &Line, now: Timestamp) -> Result<Codes> {
    let (device_code, random) = (Secret::random()?, Secret::random()?);
    let user_code = format!("{}-{}", &random.expose()[..4], &random.expose()[4..8]);
    let tx = db.begin().await?;
    tx.execute(crate::sql!(
        "insert into device_codes (device_code, user_code, client, denied, created_at) values ($1, $2, $3, $4, $5)",
        Hashed::of(&device_code).arg(),
        user_code.as_str(),
        client.as_str(),
        false,
        now
    ))
    .await?;
    tx.commit().await?;
    Ok(Codes { device_code, user_code })
}

/// A device that waits for somebody.
#[derive(Debug, Serialize, FromRow)]
pub struct Waiting {
    /// What it says that it is.
    pub client: String,
    /// Since when it waits.
    pub created_at: Timestamp,
}

/// The device that shows a code, for a user who may sign it in.
///
/// # Errors
/// [`Kind::NotFound`] when none waits with it.
pub async fn find(db: &Db, caller: &Caller, user_code: &str) -> Result<Waiting> {
    require_user(caller)?;
    let select = "select client, created_at from device_codes where user_code = $1 and created_at > $2 \
                  and user_id is null and not denied";
    let select = Statement::new(select).bind(written(user_code)).bind(oldest(caller.now));
    db.optional(select).await?.ok_or_else(|| Error::not_found("device"))
}

/// Signs a device in as the caller, or refuses it.
///
/// # Errors
/// [`Kind::NotFound`] when none waits with this code.
pub async fn decide(db: &Db, caller: &Caller, user_code: &str, approve: bool) -> Result<()> {
    let user = require_user(caller)?;
    let tx = db.begin().await?;
    let decided = tx
        .execute(crate::sql!(
            "update device_codes set user_id = $3, identity_id = $4, denied = $5 where user_code = $1 and created_at > $2 \
             and user_id is null and not denied",
            written(user_code),
            oldest(caller.now),
            approve.then_some(user.uuid()),
            caller.principal.credential.identity.map(Id::uuid).filter(|_| approve),
            !approve
        ))
        .await?;
    tx.commit().await?;
    if decided == 1 { Ok(()) } else { Err(Error::not_found("device")) }
}

/// The user, if it is one who is not limited to some scopes.
fn require_user(caller: &Caller) -> Result<Id<User>> {
    caller.require_signed_in()?;
    let unlimited = caller.principal.credential.scopes.are_all();
    let refused = || Error::new(Kind::Forbidden, "Only users sign devices in, and not by a token with scopes.");
    caller.user_id().filter(|_| unlimited).ok_or_else(refused)
}

/// What a device is told.
#[derive(Debug)]
pub enum Told {
    /// Nobody has decided yet.
    Pending,
    /// The same, and that it asks too often.
    SlowDown,
    /// Somebody refused it.
    Denied,
    /// Its codes hold no longer.
    Expired,
    /// It is signed in.
    SignedIn(Session),
}

#[derive(FromRow)]
struct Row {
    user_id: Option<Id<User>>,
    identity_id: Option<Id<Identity>>,
    denied: bool,
    polled_at: Option<Timestamp>,
    created_at: Timestamp,
}

/// Tells a device how it stands. Who is told that it is signed in, or never will be, is told so once.
///
/// # Errors
/// When the database is away.
pub async fn ask(db: &Db, keys: &Keys, caller: &Caller, device_code: &str) -> Result<Told> {
    let code = Hashed::of(&Secret::new(device_code));
    let tx = db.begin().await?;
    // The write comes first: it holds the row against another who asks with the same code.
    let touch = Statement::new("update device_codes set denied = denied where device_code = $1").bind(code.arg());
    tx.execute(touch).await?;
    let select = "select user_id, identity_id, denied, polled_at, created_at from device_codes where device_code = $1";
    let Some(row) = tx.optional::<Row>(Statement::new(select).bind(code.arg())).await? else {
        return Ok(Told::Expired);
    };
    let waits = row.user_id.is_none() && !row.denied && row.created_at > oldest(caller.now);
    let told = if waits {
        let update = "update device_codes set polled_at = $2 where device_code = $1";
        tx.execute(Statement::new(update).bind(code.arg()).bind(caller.now)).await?;
        let soon = Timestamp::from(caller.now.datetime() - Duration::seconds(INTERVAL) + Duration::milliseconds(500));
        if row.polled_at.is_some_and(|polled| polled > soon) { Told::SlowDown } else { Told::Pending }
    } else {
        tx.execute(Statement::new("delete from device_codes where device_code = $1").bind(code.arg())).await?;
        match row {
            Row { created_at, .. } if created_at <= oldest(caller.now) => Told::Expired,
            Row { denied: true, .. } => Told::Denied,
            Row { user_id: Some(user), identity_id, .. } => {
                Told::SignedIn(open(&tx, keys, caller, user, identity_id).await?)
            }
            Row { user_id: None, .. } => Told::Expired,
        }
    };
    tx.commit().await?;
    Ok(told)
}

fn oldest(now: Timestamp) -> Timestamp {
    (now.datetime() - Duration::seconds(LIFETIME)).into()
}

/// A code as it was given, whatever people make of it: case, blanks, a missing hyphen, O for 0, I or L for 1.
fn written(user_code: &str) -> String {
    let symbol = |c: char| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let symbols: String = user_code.chars().filter(char::is_ascii_alphanumeric).take(9).map(symbol).collect();
    match symbols.split_at_checked(4) {
        Some((first, second)) => format!("{first}-{second}"),
        None => symbols,
    }
}
