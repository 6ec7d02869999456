//! What a file is called by: the SHA-256 of its content.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::digest::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::core::db::{self, Arg};
use crate::core::field::{Field, Shape, nullable};

/// The SHA-256 of a file's content, as 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, db::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct Sha256(String);

impl Sha256 {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first two digits, by which files are spread over folders.
    pub(super) fn folder(&self) -> &str {
        &self.0[..2]
    }

    /// The bytes in base 64, as `Repr-Digest` has them (RFC 9530).
    pub fn base64(&self) -> String {
        let byte = |index| u8::from_str_radix(self.0.get(index..index + 2).unwrap_or_default(), 16).unwrap_or_default();
        let bytes: Vec<u8> = (0..self.0.len()).step_by(2).map(byte).collect();
        BASE64_STANDARD.encode(bytes)
    }
}

impl From<Digest> for Sha256 {
    fn from(digest: Digest) -> Self {
        Self(digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl FromStr for Sha256 {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let lawful = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if lawful { Ok(Self(text.into())) } else { Err("must be 64 hexadecimal digits".into()) }
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Field for Sha256 {
    const SHAPE: Shape = Shape::Text { max: 64, format: "" };

    fn parse(value: &Value) -> Result<Self, String> {
        value.as_str().unwrap_or_default().parse()
    }

    fn arg(&self) -> Arg {
        self.0.as_str().into()
    }

    fn blank() -> Self {
        Self(String::new())
    }
}

nullable!(Sha256 => Text by |sha256: Sha256| sha256.0);
