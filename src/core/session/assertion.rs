//! How platforms sign in: by an assertion that their agent signs with the platform's key (`private_key_jwt`, RFC 7523, as
//! SMART Backend Services has it).

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Validation};
use serde::Deserialize;
use uuid::Uuid;

use super::{Session, for_platform};
use crate::core::access::Caller;
use crate::core::clock::Timestamp;
use crate::core::db::Db;
use crate::core::field::{Field, Hashed};
use crate::core::id::Id;
use crate::core::model::Platform;
use crate::core::secret::Secret;
use crate::core::signing::Keys;
use crate::core::{Error, Kind, Result};

/// How many seconds ahead an assertion may end.
const LONGEST: i64 = 300;
/// How many seconds the clocks of the two may differ.
const SKEW: i64 = 60;
/// How many characters the id of an assertion may have.
const LONGEST_ID: usize = 255;

/// The claims of an assertion.
#[derive(Debug, Clone, Deserialize)]
struct Claims {
    iss: Uuid,
    sub: Uuid,
    exp: i64,
    jti: String,
}

/// Signs a platform in.
///
/// # Errors
/// [`Kind::Unauthenticated`] when the assertion does not hold, or was used before.
pub async fn sign_in(db: &Db, keys: &Keys, caller: &Caller, assertion: &str) -> Result<Session> {
    let (platform, key) = platform_of(db, assertion).await?;
    let claims = verify(assertion, &key, caller)?;
    if claims.sub != platform.uuid() || claims.iss != claims.sub {
        return Err(refused("iss and sub must both be the platform's id"));
    }
    if claims.exp > caller.now.unix_seconds() + LONGEST + SKEW {
        return Err(refused("exp must be at most five minutes ahead"));
    }
    if claims.jti.is_empty() || claims.jti.len() > LONGEST_ID {
        return Err(refused("jti must have 1 to 255 characters"));
    }
    spend(db, &claims).await?;
    for_platform(db, keys, caller, platform).await
}

/// The platform that an assertion says it is of, with its key. Nothing of it is believed yet.
async fn platform_of(db: &Db, assertion: &str) -> Result<(Id<Platform>, DecodingKey)> {
    let unknown = || refused("its sub must be the id of a platform that has a public key");
    let claims: Claims = jsonwebtoken::dangerous::insecure_decode_claims(assertion)
        .map_err(|_| refused("it must be a JWT with iss, sub, exp, jti and aud"))?;
    let select = crate::sql!("select public_key from platforms where id = $1 and public_key is not null", claims.sub);
    let (key,): (String,) = db.optional(select).await?.ok_or_else(unknown)?;
    Ok((claims.sub.into(), decoding_key(&key).ok_or_else(|| refused("the platform's public key can't be used"))?))
}

/// The key in a PEM or JWK text.
fn decoding_key(text: &str) -> Option<DecodingKey> {
    if let Ok(jwk) = serde_json::from_str::<Jwk>(text) {
        return DecodingKey::from_jwk(&jwk).ok().filter(|key| key.family() != AlgorithmFamily::Hmac);
    }
    let pem = text.as_bytes();
    [DecodingKey::from_ed_pem, DecodingKey::from_ec_pem, DecodingKey::from_rsa_pem]
        .iter()
        .find_map(|read| read(pem).ok())
}

fn verify(assertion: &str, key: &DecodingKey, caller: &Caller) -> Result<Claims> {
    let algorithms: &[Algorithm] = match key.family() {
        AlgorithmFamily::Rsa => &[
            Algorithm::RS256,
            Algorithm::RS384,
            Algorithm::RS512,
            Algorithm::PS256,
            Algorithm::PS384,
            Algorithm::PS512,
        ],
        AlgorithmFamily::Ec => &[Algorithm::ES256, Algorithm::ES384],
        AlgorithmFamily::Ed => &[Algorithm::EdDSA],
        AlgorithmFamily::Hmac => &[],
    };
    let mut validation = Validation::default();
    validation.algorithms = algorithms.to_vec();
    validation.leeway = SKEW.unsigned_abs();
    validation.validate_nbf = true;
    validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    validation.set_audience(&[&*caller.origin, &format!("{}/oauth/token", caller.origin)]);
    let verified = jsonwebtoken::decode::<Claims>(assertion, key, &validation);
    verified.map(|token| token.claims).map_err(|error| refused(&format!("{error}")))
}

/// Notes that an assertion was used. Every server sees it.
async fn spend(db: &Db, claims: &Claims) -> Result<()> {
    let id = Hashed::of(&Secret::new(format!("{} {}", claims.sub, claims.jti)));
    let until = Timestamp::from_unix_seconds(claims.exp + SKEW);
    let tx = db.begin().await?;
    let insert = "insert into used_assertions (id, expires_at) values ($1, $2) on conflict (id) do nothing";
    let new = tx.execute(crate::core::db::Statement::new(insert).bind(id.arg()).bind(until)).await?;
    tx.commit().await?;
    if new == 1 { Ok(()) } else { Err(refused("it was used before; each needs a jti of its own")) }
}

fn refused(why: &str) -> Error {
    Error::new(Kind::Unauthenticated, format!("The assertion does not hold: {why}."))
}
