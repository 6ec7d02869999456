//! Texts that the database keeps encrypted (AES-256-GCM), so that a copy of it gives no secret away. The key is derived
//! from the marketplace's secret key.

use std::fmt;
use std::hash::{Hash, Hasher};

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Type};

use crate::core::secret::Secret;
use crate::core::{Error, Result};

/// A secret of a row: in the open when it was just given, closed as it is read from the database. It is never answered.
#[derive(Clone)]
pub enum Sealed {
    /// As it was given.
    Open(Secret),
    /// As it is stored.
    Closed(Vec<u8>),
}

impl PartialEq for Sealed {
    /// What was just given counts as new beside what is stored, for nobody can tell without opening that.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Open(one), Self::Open(other)) => one.matches(other.expose()),
            (Self::Closed(one), Self::Closed(other)) => one == other,
            _ => false,
        }
    }
}

impl Eq for Sealed {}

impl Hash for Sealed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Open(secret) => secret.expose().hash(state),
            Self::Closed(sealed) => sealed.hash(state),
        }
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(…)")
    }
}

impl Serialize for Sealed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_none()
    }
}

impl<'de> Deserialize<'de> for Sealed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::Open(Secret::new(text)))
    }
}

impl<D: Database> Type<D> for Sealed
where
    Vec<u8>: Type<D>,
{
    fn type_info() -> D::TypeInfo {
        <Vec<u8> as Type<D>>::type_info()
    }

    fn compatible(info: &D::TypeInfo) -> bool {
        <Vec<u8> as Type<D>>::compatible(info)
    }
}

impl<'r, D: Database> Decode<'r, D> for Sealed
where
    Vec<u8>: Decode<'r, D>,
{
    fn decode(value: D::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Vec::decode(value).map(Self::Closed)
    }
}

/// What closes and opens the secrets of a database.
pub(super) struct Seal(LessSafeKey);

impl Seal {
    /// The seal of a marketplace with this secret key.
    pub(super) fn new(secret_key: &Secret) -> Result<Self> {
        let key = digest(&SHA256, secret_key.derive("seal of stored secrets").expose().as_bytes());
        let key = UnboundKey::new(&AES_256_GCM, key.as_ref()).map_err(|_| Error::internal("no key of 256 bits"))?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Encrypts a text under a nonce of its own, which goes before it.
    pub(super) fn close(&self, text: &str) -> Result<Vec<u8>> {
        let failed = |_| Error::internal("a secret can't be sealed");
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(failed)?;
        let mut sealed = text.as_bytes().to_vec();
        let unique = Nonce::assume_unique_for_key(nonce);
        self.0.seal_in_place_append_tag(unique, Aad::empty(), &mut sealed).map_err(failed)?;
        Ok([&nonce, sealed.as_slice()].concat())
    }

    /// Decrypts what [`close`](Self::close) made.
    pub(super) fn open(&self, sealed: &[u8]) -> Result<String> {
        let failed = || Error::internal("a stored secret can't be opened: it was sealed under another secret key");
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or_else(failed)?;
        let (nonce, mut text) = (Nonce::try_assume_unique_for_key(nonce).map_err(|_| failed())?, text.to_vec());
        let text = self.0.open_in_place(nonce, Aad::empty(), &mut text).map_err(|_| failed())?;
        String::from_utf8(text.to_vec()).map_err(Error::internal)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_under_the_same_key_only() {
        let seal = |key: &str| Seal::new(&Secret::new(key)).unwrap();
        let sealed = seal("one key").close("swordfish").unwrap();
        assert!(!sealed.windows(9).any(|part| part == b"swordfish"));
        assert_ne!(sealed, seal("one key").close("swordfish").unwrap(), "each has a nonce of its own");
        assert_eq!(seal("one key").open(&sealed).unwrap(), "swordfish");
        let mut bent = sealed.clone();
        bent[NONCE_LEN] ^= 1;
        for (key, sealed) in
            [("another key", sealed.as_slice()), ("one key", &bent), ("one key", &sealed[..5]), ("one key", b"")]
        {
            assert!(seal(key).open(sealed).is_err());
        }
    }
}
