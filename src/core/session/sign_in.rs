//! Signing in with an identity provider: what is kept while somebody is there, and who it is that comes back.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::Duration;
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{SIGN_IN_MINUTES, Session, open};
use crate::core::access::{Caller, Permissions, Principal, Verb, administrator};
use crate::core::clock::Timestamp;
use crate::core::db::{Db, FromRow, Json, Sealed, Statement, Tx};
use crate::core::field::{Email, Field, Hashed, Locale, Name, Object};
use crate::core::id::Id;
use crate::core::model::{Identity, IdentityProvider, User};
use crate::core::resource;
use crate::core::secret::Secret;
use crate::core::signing::Keys;
use crate::core::{Error, Kind, Result};

/// What a sign-in is for.
#[derive(Debug, Clone)]
pub struct Purpose {
    /// Where the provider sends people back to.
    pub redirect_uri: String,
    /// Where they go from there.
    pub return_to: Option<String>,
    /// What a program there will prove that it is the one (RFC 7636, S256).
    pub code_challenge: Option<String>,
}

/// What goes along to the provider, and what stays in the browser.
#[derive(Debug)]
pub struct Started {
    /// Comes back as it went.
    pub state: Secret,
    /// Comes back in the ID token.
    pub nonce: Secret,
    /// Proves to the provider that the one who asked is the one who swaps the code (RFC 7636).
    pub code_verifier: Secret,
    /// Stays in the browser, so that nobody is signed in by another's address.
    pub browser: Secret,
}

/// Starts a sign-in.
///
/// # Errors
/// When the database is away.
pub async fn begin(db: &Db, provider: Id<IdentityProvider>, purpose: &Purpose, now: Timestamp) -> Result<Started> {
    let started = Started {
        state: Secret::random()?,
        nonce: Secret::random()?,
        // At least 43 characters.
        code_verifier: Secret::new(format!("{}{}", Secret::random()?.expose(), Secret::random()?.expose())),
        browser: Secret::random()?,
    };
    let tx = db.begin().await?;
    tx.execute(crate::sql!(
        "insert into sign_ins (state, identity_provider_id, nonce, code_verifier, redirect_uri, browser, return_to, \
         code_challenge, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        Hashed::of(&started.state).arg(),
        provider,
        Some(Sealed::Open(started.nonce.clone())),
        Some(Sealed::Open(started.code_verifier.clone())),
        purpose.redirect_uri.as_str(),
        Hashed::of(&started.browser).arg(),
        purpose.return_to.clone(),
        purpose.code_challenge.clone(),
        now
    ))
    .await?;
    tx.commit().await?;
    Ok(started)
}

/// A sign-in that somebody comes back from.
#[derive(Debug, FromRow)]
pub struct Pending {
    /// The provider that they were sent to.
    pub identity_provider_id: Id<IdentityProvider>,
    nonce: Sealed,
    code_verifier: Sealed,
    /// Where the provider was to send them back to.
    pub redirect_uri: String,
    browser: Hashed,
    /// Where they go from here.
    pub return_to: Option<String>,
    /// What a program there will prove.
    pub code_challenge: Option<String>,
    created_at: Timestamp,
}

impl Pending {
    /// What the ID token must have.
    ///
    /// # Errors
    /// When it was sealed under another secret key.
    pub fn nonce(&self, db: &Db) -> Result<Secret> {
        db.unseal(&self.nonce)
    }

    /// What proves to the provider who swaps the code.
    ///
    /// # Errors
    /// When it was sealed under another secret key.
    pub fn code_verifier(&self, db: &Db) -> Result<Secret> {
        db.unseal(&self.code_verifier)
    }

    /// Whether this is the browser that the sign-in was started in.
    pub fn is_of_browser(&self, browser: Option<&str>) -> bool {
        browser.is_some_and(|browser| Hashed::of(&Secret::new(browser)) == self.browser)
    }
}

/// The sign-in of a state, once: it is forgotten by this.
///
/// # Errors
/// [`Kind::Unauthenticated`] when there is none, or it has taken too long.
pub async fn take(db: &Db, state: &str, now: Timestamp) -> Result<Pending> {
    let unknown = || {
        let message = "This sign-in is unknown, was used before or has taken too long. Please start again.";
        Error::new(Kind::Unauthenticated, message)
    };
    let tx = db.begin().await?;
    let delete =
        Statement::new("delete from sign_ins where state = $1 returning *").bind(Hashed::of(&Secret::new(state)).arg());
    let pending: Pending = tx.optional(delete).await?.ok_or_else(unknown)?;
    tx.commit().await?;
    let oldest = now.datetime() - Duration::minutes(SIGN_IN_MINUTES);
    if pending.created_at.datetime() < oldest { Err(unknown()) } else { Ok(pending) }
}

/// What a provider says of somebody, checked.
#[derive(Debug, Clone)]
pub struct Claims(pub Object);

impl Claims {
    fn text(&self, name: &str) -> Option<String> {
        let text: String = self.0.get(name)?.as_str()?.chars().filter(|c| !c.is_control()).take(255).collect();
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// All of them, if they can be kept.
    fn kept(&self) -> Json<Object> {
        Json::parse(&Value::Object(self.0.clone())).unwrap_or_default()
    }

    /// Who it is, to the provider. As it is: two that differ are two people.
    fn sub(&self) -> Result<String> {
        let sub = self.0.get("sub").cloned().unwrap_or_default();
        Name::parse(&sub).map_err(|must| Error::invalid_field("sub", must))?;
        Ok(sub.as_str().unwrap_or_default().to_owned())
    }

    /// The mail address that the provider has verified.
    fn verified_email(&self) -> Option<String> {
        // Some providers have the flag as text.
        let verified = self.0.get("email_verified").is_some_and(|flag| bool::parse(flag) == Ok(true));
        self.text("email").filter(|_| verified)
    }

    /// The user's fields that they tell.
    fn of_user(&self) -> Map<String, Value> {
        let name = ["name", "preferred_username", "email", "sub"].into_iter().find_map(|claim| self.text(claim));
        let email = self.text("email").filter(|email| Email::parse(&json!(email)).is_ok());
        let fields = [
            ("name", name),
            ("first_name", self.text("given_name")),
            ("middle_name", self.text("middle_name")),
            ("last_name", self.text("family_name")),
            ("email", email),
        ];
        fields.into_iter().filter_map(|(field, value)| Some((field.to_owned(), value?.into()))).collect()
    }
}

/// The identity that claims are of, made with its user when it is new. Names follow what the provider says now. Whoever has
/// one of the administrators' mail addresses becomes an administrator.
///
/// # Errors
/// When the claims don't do, or the database refuses.
pub async fn admit(
    tx: &Tx,
    caller: &Caller,
    provider: Id<IdentityProvider>,
    claims: &Claims,
    administrators: &[Email],
) -> Result<Identity> {
    // The marketplace does this of itself.
    let caller = &Caller { principal: Principal::marketplace(), ..caller.clone() };
    let sub = claims.sub()?;
    let select =
        crate::sql!("select * from identities where identity_provider_id = $1 and sub = $2", provider, sub.as_str());
    let identity = match tx.optional::<Identity>(select).await? {
        Some(identity) => {
            rename(tx, caller, identity.user_id, claims).await?;
            identity
        }
        None => {
            let user = resource::insert::<User>(tx, caller, &[], claims.of_user()).await?;
            let fields = json!({ "identity_provider_id": provider, "sub": sub });
            let fields = fields.as_object().cloned().unwrap_or_default();
            resource::insert::<Identity>(tx, caller, &[user.id.uuid()], fields).await?
        }
    };
    note(tx, caller, &identity, claims).await?;
    let email = claims.verified_email().map(|email| email.to_lowercase());
    if email.is_some_and(|email| administrators.iter().any(|named| named.as_str().to_lowercase() == email)) {
        make_administrator(tx, caller, identity.user_id).await?;
    }
    Ok(identity)
}

/// Gives a user the names that the provider has now.
async fn rename(tx: &Tx, caller: &Caller, user: Id<User>, claims: &Claims) -> Result<()> {
    resource::amend::<User>(tx, caller, &[], user.uuid(), claims.of_user(), None).await.map(drop)
}

/// Keeps what the provider said last. That decides about nothing, so nobody has to hear of it.
async fn note(tx: &Tx, caller: &Caller, identity: &Identity, claims: &Claims) -> Result<()> {
    let iat = claims.0.get("iat").and_then(Value::as_i64).map(Timestamp::from_unix_seconds);
    let locale = claims.text("locale").filter(|locale| Locale::parse(&json!(locale)).is_ok());
    let email = claims.text("email").filter(|email| Email::parse(&json!(email)).is_ok());
    tx.execute(crate::sql!(
        "update identities set iat = $2, hd = $3, locale = $4, email = $5, jwt = $6, updated_at = $7 where id = $1",
        identity.id,
        iat,
        claims.text("hd"),
        locale,
        email,
        claims.kept().arg(),
        caller.now
    ))
    .await
    .map(drop)
}

/// Appoints a user to a role that permits everything.
async fn make_administrator(tx: &Tx, caller: &Caller, user: Id<User>) -> Result<()> {
    if Permissions::of_user(tx, user).await?.permit("everything", Verb::Manage) {
        return Ok(());
    }
    let roles: Vec<(Uuid, Json<Permissions>)> =
        tx.all(crate::sql!("select id, permissions from roles order by created_at, id")).await?;
    let role = roles.into_iter().find(|(_, Json(permissions))| permissions.permit("everything", Verb::Manage));
    let Some((role, _)) = role else {
        tracing::warn!("somebody should be made an administrator, but no role permits everything");
        return Ok(());
    };
    administrator::appoint(tx, role, user.uuid(), caller.now).await?;
    tx.changes_access();
    Ok(())
}

/// A code for a program on the user's machine to swap for a session.
///
/// # Errors
/// When the database refuses.
pub async fn give_code(tx: &Tx, identity: &Identity, code_challenge: &str, now: Timestamp) -> Result<Secret> {
    let code = Secret::random()?;
    tx.execute(crate::sql!(
        "insert into session_codes (code, identity_id, code_challenge, created_at) values ($1, $2, $3, $4)",
        Hashed::of(&code).arg(),
        identity.id,
        code_challenge,
        now
    ))
    .await?;
    Ok(code)
}

/// Swaps a code for a session, once, for whoever knows what was promised.
///
/// # Errors
/// [`Kind::Unauthenticated`] when the code or its proof does not hold.
pub async fn swap_code(db: &Db, keys: &Keys, caller: &Caller, code: &str, code_verifier: &str) -> Result<Session> {
    let refused =
        || Error::new(Kind::Unauthenticated, "This code is unknown, was used before or is too old. Sign in again.");
    let tx = db.begin().await?;
    let oldest = Timestamp::from(caller.now.datetime() - Duration::minutes(1));
    let delete =
        Statement::new("delete from session_codes where code = $1 returning identity_id, code_challenge, created_at");
    let taken: Option<(Id<Identity>, String, Timestamp)> =
        tx.optional(delete.bind(Hashed::of(&Secret::new(code)).arg())).await?;
    let (identity, code_challenge, created_at) = taken.ok_or_else(refused)?;
    let proof = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, code_verifier.as_bytes()));
    if created_at < oldest || !Secret::new(code_challenge).matches(&proof) {
        // A code that was tried is spent.
        tx.commit().await?;
        return Err(refused());
    }
    let identity: Identity = tx.one(crate::sql!("select * from identities where id = $1", identity)).await?;
    let session = open(&tx, keys, caller, identity.user_id, Some(identity.id)).await?;
    tx.commit().await?;
    Ok(session)
}
