//! Signatures of packages: a detached JWS (RFC 7515, appendix F) with EdDSA (RFC 8037) over the manifest in its canonical form
//! (RFC 8785). The header has the public key, so that a signature can be checked without asking anybody; whose key it is, is
//! another question.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::core::signing::{Ed25519Key, SigningKey};
use crate::core::{Error, Kind, Result};

/// The most bytes of a signature.
const LONGEST: usize = 2048;

/// The header. What it may have besides could change what the rest means, so nothing else is taken.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    jwk: Value,
    kid: String,
}

const ALGORITHM: &str = "EdDSA";

/// The manifest in the one form that is signed.
///
/// # Errors
/// When it has numbers that JSON does not know.
pub fn canonical(manifest: &Value) -> Result<Vec<u8>> {
    serde_json_canonicalizer::to_vec(manifest).map_err(Error::internal)
}

/// The signature of a manifest.
///
/// # Errors
/// As [`canonical`].
pub fn sign(manifest: &Value, key: &SigningKey) -> Result<String> {
    let public = key.public();
    let header = Header { alg: ALGORITHM.to_owned(), jwk: public.jwk(), kid: public.fingerprint() };
    let header = base64url(&serde_json::to_vec(&header).map_err(Error::internal)?);
    let signature = key.sign(format!("{header}.{}", base64url(&canonical(manifest)?)).as_bytes());
    Ok(format!("{header}..{}", base64url(signature.as_ref())))
}

/// The key that a manifest was signed with.
///
/// # Errors
/// [`Kind::Invalid`] when the signature is none, or of something else.
pub fn verify(manifest: &Value, signature: &str) -> Result<Ed25519Key> {
    let (header, signature) =
        signature.split_once("..").filter(|_| signature.len() <= LONGEST).ok_or_else(malformed)?;
    let decoded = BASE64_URL_SAFE_NO_PAD.decode(header).map_err(|_| malformed())?;
    let Header { alg, jwk, kid } = serde_json::from_slice(&decoded).map_err(|_| malformed())?;
    let key = Ed25519Key::parse(&jwk.to_string()).filter(|key| alg == ALGORITHM && key.fingerprint() == kid);
    let key = key.ok_or_else(malformed)?;
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed())?;
    let message = format!("{header}.{}", base64url(&canonical(manifest)?));
    if !key.verifies(message.as_bytes(), &signature) {
        let message = "The signature is not of this manifest: one of them was changed after it was signed.";
        return Err(Error::new(Kind::Invalid, message));
    }
    Ok(key)
}

fn malformed() -> Error {
    let message = "The signature must be a detached JWS with alg EdDSA, the public key as jwk and its thumbprint as kid, \
                   as `mkt publish --sign` makes it.";
    Error::new(Kind::Invalid, message)
}

fn base64url(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The example of RFC 8785, 3.2, and what its appendix B says of numbers.
    #[test]
    fn the_canonical_form_is_that_of_the_rfc() {
        let example = r#"{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
            "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}"#;
        let expected = "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\
                        \"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}";
        let of = |text: &str| String::from_utf8(canonical(&serde_json::from_str(text).unwrap()).unwrap()).unwrap();
        assert_eq!(of(example), expected);
        // Names in order of their UTF-16 units (3.2.3).
        let names = r#"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}"#;
        assert_eq!(of(names), "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\u{fb33}\":3}");
        for (bits, expected) in [
            (0x0000_0000_0000_0000, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
            (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] {
            let value = json!(f64::from_bits(bits));
            assert_eq!(String::from_utf8(canonical(&value).unwrap()).unwrap(), expected, "{bits:x}");
        }
    }

    #[test]
    fn what_was_changed_is_found() {
        let key = SigningKey::from_pem(&SigningKey::generate().unwrap()).unwrap();
        let manifest = json!({ "product": { "name": "Wards", "build": { "ports": [80, 81.0] } } });
        let signature = sign(&manifest, &key).unwrap();
        assert_eq!(verify(&manifest, &signature).unwrap(), *key.public());
        // Another way to write the same is the same.
        let same = serde_json::from_str(r#"{"product":{"build":{"ports":[8e1,81]},"name":"\u0057ards"}}"#).unwrap();
        assert!(verify(&same, &signature).is_ok());
        let other = json!({ "product": { "name": "Wards", "build": { "ports": [80, 82] } } });
        assert!(verify(&other, &signature).unwrap_err().message().contains("changed"));
        let foreign = SigningKey::from_pem(&SigningKey::generate().unwrap()).unwrap();
        let forged = sign(&manifest, &foreign).unwrap();
        let (header, _) = signature.split_once("..").unwrap();
        let (_, other_bytes) = forged.split_once("..").unwrap();
        for broken in
            ["", "..", "a..b", header, &format!("{header}..{other_bytes}"), &signature.repeat(10), &signature[1..]]
        {
            assert!(verify(&manifest, broken).is_err(), "{broken}");
        }
        for header in [
            json!({ "alg": "none", "jwk": key.public().jwk(), "kid": key.public().fingerprint() }),
            json!({ "alg": "EdDSA", "jwk": key.public().jwk(), "kid": foreign.public().fingerprint() }),
            json!({ "alg": "EdDSA", "jwk": key.public().jwk(), "kid": key.public().fingerprint(), "crit": ["b64"], "b64": false }),
        ] {
            let bytes = signature.split_once("..").unwrap().1;
            assert!(verify(&manifest, &format!("{}..{bytes}", base64url(header.to_string().as_bytes()))).is_err());
        }
    }
}
