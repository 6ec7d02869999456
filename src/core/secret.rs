//! Secrets: values that never print, are compared in constant time, and are derived from one key.

use ring::{digest, hmac, rand::SecureRandom};
use serde::{Deserialize, Deserializer};
use std::fmt;
use subtle::ConstantTimeEq;

use super::{Error, Result};

/// Crockford's base 32: no I, L, O or U to misread.
pub(super) const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A secret text. Its `Debug` shows only that it is one.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret, without the white space that files and shells leave around it.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(text.as_ref().trim().to_owned())
    }

    /// A new secret of 160 random bits in base 32.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn random() -> Result<Self> {
        let mut bytes = [0; 20];
        ring::rand::SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|_| Error::internal("the operating system gave no randomness"))?;
        Ok(Self(base32(&bytes)))
    }

    /// Another secret of 160 bits, derived from this one for a purpose (HMAC-SHA256, RFC 2104).
    pub fn derive(&self, purpose: &str) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_bytes());
        Self(base32(&hmac::sign(&key, purpose.as_bytes()).as_ref()[..20]))
    }

    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether a candidate is this secret, in time that does not depend on where they differ.
    pub fn matches(&self, candidate: &str) -> bool {
        let digest = |text: &str| digest::digest(&digest::SHA256, text.as_bytes());
        digest(&self.0).as_ref().ct_eq(digest(candidate).as_ref()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl std::str::FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::new(text))
    }
}

fn base32(bytes: &[u8]) -> String {
    let digit = |chunk: &[u8], index: usize| {
        let bits = chunk.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        char::from(ALPHABET[(bits >> (35 - 5 * index) & 31) as usize])
    };
    bytes.chunks_exact(5).flat_map(|chunk| (0..8).map(move |index| digit(chunk, index))).collect()
}
