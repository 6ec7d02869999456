//! The keys that the marketplace signs with (EdDSA, RFC 8037), and the JSON Web Tokens made with them (RFC 7519). Keys are
//! in the database, so every server signs with the same and knows all others. A new one takes over in time; what older ones
//! signed stays good.

mod ed25519;
mod provider;

use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::Duration;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub use ed25519::{Ed25519Key, SigningKey};

use super::clock::Timestamp;
use super::db::{Db, FromRow, Sealed, Tx};
use super::secret::Secret;
use super::{Error, Result};

/// For how many days a key signs before another takes over.
const SIGNS_FOR: i64 = 30;

/// What a token is for. One is never taken for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenType {
    /// A user's session.
    Session,
    /// A platform's access (RFC 9068).
    Access,
    /// A receipt of an authorization.
    Receipt,
}

impl TokenType {
    /// Its word in the header `typ` (RFC 7515, 4.1.9).
    pub fn word(self) -> &'static str {
        match self {
            Self::Session => "JWT",
            Self::Access => "at+jwt",
            Self::Receipt => "receipt+jwt",
        }
    }
}

/// A key as it is stored.
#[derive(FromRow)]
struct Row {
    id: String,
    public_key: String,
    private_key: Option<Sealed>,
}

/// The keys that hold, as of a version of who may do what.
struct Known {
    version: i64,
    newest: Option<(String, EncodingKey)>,
    public: Vec<(String, DecodingKey)>,
}

/// The marketplace's keys, remembered while they stay the same. Cheap to clone.
#[derive(Clone)]
pub struct Keys(Arc<RwLock<Option<Arc<Known>>>>);

impl Default for Keys {
    fn default() -> Self {
        provider::install();
        Self(Arc::default())
    }
}

impl Keys {
    /// Makes the first key, and the next when the newest has signed for long enough; of several servers one does.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn renew(&self, db: &Db, now: Timestamp) -> Result<bool> {
        let recent = Timestamp::from(now.datetime() - Duration::days(SIGNS_FOR));
        let tx = db.begin().await?;
        // Two who find the newest too old take turns.
        super::event::advance(&tx, "access", 0).await?;
        let select = crate::sql!(
            "select 1 from signing_keys where revoked_at is null and private_key is not null and created_at > $1",
            recent
        );
        if tx.exists(select).await? {
            return Ok(false);
        }
        rotate(&tx, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// A token with these claims.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn sign(&self, db: &Db, kind: TokenType, claims: &impl Serialize) -> Result<Secret> {
        let known = self.known(db).await?;
        let (id, key) = known.newest.as_ref().ok_or_else(|| Error::internal("there is no key to sign with"))?;
        let header = Header { kid: Some(id.clone()), typ: Some(kind.word().into()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, claims, key).map(Secret::new).map_err(Error::internal)
    }

    /// The claims of a token of this kind that the marketplace signed and that has not ended.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn verify<T: DeserializeOwned + Clone>(
        &self,
        db: &Db,
        kind: TokenType,
        token: &str,
    ) -> Result<Option<T>> {
        let Ok(header) = jsonwebtoken::decode_header(token) else { return Ok(None) };
        let Some(id) = header.kid.filter(|_| header.typ.as_deref() == Some(kind.word())) else { return Ok(None) };
        let mut known = self.known(db).await?;
        if !known.public.iter().any(|(known, _)| *known == id) {
            // Another server may have made it a moment ago.
            known = self.read(db).await?;
        }
        let Some((_, key)) = known.public.iter().find(|(known, _)| *known == id) else { return Ok(None) };
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.validate_aud = false;
        validation.leeway = 0;
        Ok(jsonwebtoken::decode::<T>(token, key, &validation).ok().map(|token| token.claims))
    }

    async fn known(&self, db: &Db) -> Result<Arc<Known>> {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        match kept.filter(|known| known.version == db.access_version()) {
            Some(known) => Ok(known),
            None => self.read(db).await,
        }
    }

    async fn read(&self, db: &Db) -> Result<Arc<Known>> {
        let version = db.access_version();
        let select = "select id, public_key, private_key from signing_keys where revoked_at is null order by created_at desc, id";
        let rows: Vec<Row> = db.all(super::db::Statement::new(select)).await?;
        let mut known = Known { version, newest: None, public: Vec::new() };
        for Row { id, public_key, private_key } in rows {
            known.public.push((id.clone(), DecodingKey::from_ed_components(&public_key).map_err(Error::internal)?));
            if let Some(sealed) = private_key.filter(|_| known.newest.is_none()) {
                known.newest = Some((id, encoding_key(&db.unseal(&sealed)?)?));
            }
        }
        let known = Arc::new(known);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(known.clone());
        Ok(known)
    }
}

/// The claims of a token of this kind, if one of these keys (RFC 7517) signed it. Whether it has ended is not looked at.
///
/// # Errors
/// When none of the keys has signed it, with why.
pub fn verify_with<T: DeserializeOwned + Clone>(keys: &Value, kind: TokenType, token: &str) -> Result<T> {
    provider::install();
    let refused = |why: &str| Error::bad_request(why);
    let keys: JwkSet = serde_json::from_value(keys.clone())
        .map_err(|error| refused(&format!("the keys are not as /.well-known/jwks.json has them ({error}).")))?;
    let header = jsonwebtoken::decode_header(token).map_err(|_| refused("it is no signed text (JWS)."))?;
    if header.typ.as_deref() != Some(kind.word()) {
        return Err(refused("it is something else that the marketplace signed."));
    }
    let unknown = || refused("it was signed with a key that the marketplace does not have, or has revoked.");
    let key = header.kid.as_deref().and_then(|id| keys.find(id)).ok_or_else(unknown)?;
    let key = DecodingKey::from_jwk(key).map_err(|_| unknown())?;
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let verified = jsonwebtoken::decode::<T>(token, &key, &validation);
    verified.map(|token| token.claims).map_err(|_| refused("it was changed after it was signed."))
}

/// The public keys, for whoever checks what the marketplace signed (RFC 7517).
///
/// # Errors
/// When the database is away.
pub async fn public_keys(db: &Db) -> Result<Value> {
    let select =
        crate::sql!("select id, public_key from signing_keys where revoked_at is null order by created_at desc, id");
    let rows: Vec<(String, String)> = db.all(select).await?;
    let key = |(id, x): (String, String)| json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": id, "x": x });
    Ok(json!({ "keys": rows.into_iter().map(key).collect::<Vec<_>>() }))
}

/// A key, for whoever looks after them.
#[derive(Debug, FromRow, Serialize)]
pub struct KeyState {
    /// Its id, as tokens name it.
    pub id: String,
    /// Whether it is the one that signs.
    pub signs: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when what it signed holds no longer.
    pub revoked_at: Option<Timestamp>,
}

/// All keys, the newest first.
///
/// # Errors
/// When the database is away.
pub async fn list(db: &Db) -> Result<Vec<KeyState>> {
    db.all(crate::sql!(
        "select id, private_key is not null as signs, created_at, revoked_at from signing_keys order by created_at desc, id"
    ))
    .await
}

/// Has what a key signed hold no longer, and answers whether there was such a key. If it was the one that signs, another
/// takes over.
///
/// # Errors
/// When the database is away.
pub async fn revoke(tx: &Tx, id: &str, now: Timestamp) -> Result<bool> {
    let revoke = crate::sql!("update signing_keys set revoked_at = $2 where id = $1 and revoked_at is null", id, now);
    if tx.execute(revoke).await? == 0 {
        return Ok(false);
    }
    let signs = crate::sql!("select 1 from signing_keys where revoked_at is null and private_key is not null");
    if tx.exists(signs).await? {
        tx.changes_access();
    } else {
        rotate(tx, now).await?;
    }
    Ok(true)
}

/// Makes a new key that signs from now on. The others sign no more, and what they signed stays good.
///
/// # Errors
/// When the database is away.
pub async fn rotate(tx: &Tx, now: Timestamp) -> Result<String> {
    let failed = |_| Error::internal("no key can be made");
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(failed)?;
    let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).map_err(Error::internal)?;
    let private = Secret::new(base64url(document.as_ref()));
    let public = base64url(pair.public_key().as_ref());
    let id = ed25519::thumbprint(pair.public_key().as_ref());
    tx.execute(crate::sql!("update signing_keys set private_key = null")).await?;
    tx.execute(crate::sql!(
        "insert into signing_keys (id, public_key, private_key, created_at) values ($1, $2, $3, $4)",
        id.as_str(),
        public,
        Some(Sealed::Open(private)),
        now
    ))
    .await?;
    tx.changes_access();
    Ok(id)
}

fn base64url(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn encoding_key(private: &Secret) -> Result<EncodingKey> {
    let document = BASE64_URL_SAFE_NO_PAD.decode(private.expose()).map_err(Error::internal)?;
    Ok(EncodingKey::from_ed_der(&document))
}
