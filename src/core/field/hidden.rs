//! Fields that are kept and never answered.

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Field, Shape, nullable};
use crate::core::db::{self, Arg, Sealed};
use crate::core::secret::Secret;

/// Most characters of a secret that somebody else made.
const LONGEST: usize = 1024;

/// A secret that is needed again, such as a password for another service: encrypted where it is stored.
impl Field for Sealed {
    const SHAPE: Shape = Shape::Text { max: LONGEST, format: "password" };
    const HIDDEN: bool = true;

    fn parse(value: &Value) -> Result<Self, String> {
        let text = value.as_str().map(str::trim).filter(|text| !text.is_empty() && text.chars().count() <= LONGEST);
        let text = text.filter(|text| !text.contains(char::is_control));
        text.map(|text| Self::Open(Secret::new(text)))
            .ok_or_else(|| format!("must be one line of 1 to {LONGEST} characters"))
    }

    fn arg(&self) -> Arg {
        Some(self.clone()).into()
    }

    fn blank() -> Self {
        Self::Closed(Vec::new())
    }
}

/// A secret that is only ever compared, such as a token: its SHA-256 is stored. Made by the marketplace with enough
/// randomness that nothing slower is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, db::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct Hashed(String);

impl Hashed {
    /// The hash of a secret.
    pub fn of(secret: &Secret) -> Self {
        let digest = digest(&SHA256, secret.expose().as_bytes());
        Self(digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl Field for Hashed {
    const SHAPE: Shape = Shape::Text { max: 64, format: "password" };
    const HIDDEN: bool = true;

    fn parse(_: &Value) -> Result<Self, String> {
        Err("must not be given".into())
    }

    fn arg(&self) -> Arg {
        self.0.as_str().into()
    }

    fn blank() -> Self {
        Self(String::new())
    }
}

nullable!(Hashed => Text by |hash: Hashed| hash.0);
