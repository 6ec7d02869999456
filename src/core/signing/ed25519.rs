//! Keys of Ed25519 (RFC 8032) that are not the marketplace's own: those that publishers sign with.

use std::fmt;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{AlgorithmFamily, DecodingKey, EncodingKey};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::core::secret::Secret;
use crate::core::{Error, Result};

/// What comes before the 32 bytes of a private key in PKCS #8 (RFC 8410, 7).
const PRIVATE: [u8; 16] = *b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
/// What comes before the 32 bytes of a public key (RFC 8410, 4).
const PUBLIC: [u8; 12] = *b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ed25519Key([u8; 32]);

impl Ed25519Key {
    /// The key in a PEM (RFC 7468) or JWK (RFC 7517) text; none if it is another kind of key, or none at all.
    pub fn parse(text: &str) -> Option<Self> {
        let key = match serde_json::from_str::<Jwk>(text) {
            Ok(jwk) => DecodingKey::from_jwk(&jwk),
            Err(_) => DecodingKey::from_ed_pem(text.as_bytes()),
        };
        let key = key.ok().filter(|key| key.family() == AlgorithmFamily::Ed)?;
        key.try_get_as_bytes().ok()?.try_into().ok().map(Self)
    }

    /// Its thumbprint (RFC 7638), by which signatures name it.
    pub fn fingerprint(&self) -> String {
        thumbprint(&self.0)
    }

    /// As a JWK (RFC 8037).
    pub fn jwk(&self) -> Value {
        json!({ "kty": "OKP", "crv": "Ed25519", "x": BASE64_URL_SAFE_NO_PAD.encode(self.0) })
    }

    /// As PEM.
    pub fn pem(&self) -> String {
        pem("PUBLIC KEY", &PUBLIC, &self.0)
    }

    /// Whether it is this message's signature, by this key.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(message, signature).is_ok()
    }
}

/// A private key.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: Ed25519Key,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey").field(&self.public).finish()
    }
}

impl SigningKey {
    /// A new key, as PEM.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn generate() -> Result<Secret> {
        let mut seed = [0; 32];
        SystemRandom::new().fill(&mut seed).map_err(|_| Error::internal("no key can be made"))?;
        Ok(Secret::new(pem("PRIVATE KEY", &PRIVATE, &seed)))
    }

    /// The key in a PEM text (PKCS #8), as [`generate`](Self::generate) or OpenSSL makes it.
    pub fn from_pem(text: &Secret) -> Option<Self> {
        let document = EncodingKey::from_ed_pem(text.expose().as_bytes()).ok()?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(document.as_bytes()).ok()?;
        let public = Ed25519Key(pair.public_key().as_ref().try_into().ok()?);
        Some(Self { pair, public })
    }

    /// Its public half.
    pub fn public(&self) -> &Ed25519Key {
        &self.public
    }

    /// The signature of a message.
    pub fn sign(&self, message: &[u8]) -> impl AsRef<[u8]> + use<> {
        self.pair.sign(message)
    }
}

/// The thumbprint (RFC 7638) of a public key.
pub(super) fn thumbprint(key: &[u8]) -> String {
    let key = BASE64_URL_SAFE_NO_PAD.encode(key);
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{key}"}}"#);
    BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, members.as_bytes()))
}

/// A key in the textual encoding of RFC 7468. Both kinds fit into one line.
fn pem(label: &str, start: &[u8], key: &[u8; 32]) -> String {
    let document = [start, key].concat();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64_STANDARD.encode(document))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The key of RFC 8037, appendix A, and its thumbprint there.
    #[test]
    fn keys_are_those_of_the_rfc() {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let key = Ed25519Key::parse(&json!({ "kty": "OKP", "crv": "Ed25519", "x": x }).to_string()).unwrap();
        assert_eq!(key.fingerprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert_eq!(Ed25519Key::parse(&key.pem()).as_ref(), Some(&key));
        let seed = BASE64_URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let pem = Secret::new(pem("PRIVATE KEY", &PRIVATE, &seed.try_into().unwrap()));
        let private = SigningKey::from_pem(&pem).unwrap();
        assert_eq!(private.public(), &key);
        let signature = private.sign(b"message");
        assert!(key.verifies(b"message", signature.as_ref()) && !key.verifies(b"messages", signature.as_ref()));
        assert!(!format!("{private:?}").contains("nWGx"));
    }

    #[test]
    fn keys_are_made_and_read_again() {
        let one = SigningKey::from_pem(&SigningKey::generate().unwrap()).unwrap();
        let other = SigningKey::from_pem(&SigningKey::generate().unwrap()).unwrap();
        assert_ne!(one.public(), other.public());
        for none in [
            "",
            "{}",
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
            "{\"kty\":\"oct\",\"k\":\"AAAA\"}",
        ] {
            assert_eq!(Ed25519Key::parse(none), None, "{none}");
        }
    }
}
