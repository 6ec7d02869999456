//! The codes of vouchers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Field, Shape, nullable};
use crate::core::Result;
use crate::core::db::{self, Arg};
use crate::core::secret::{ALPHABET, Secret};

/// How many characters a code has at least: 80 bits, so that nobody guesses one.
const SHORTEST: usize = 16;
const LONGEST: usize = 64;
/// How many characters the marketplace's own codes have: 100 bits.
const OWN: usize = 20;

/// A code in Crockford's base 32, in groups of four. Case, hyphens, and O for 0, I or L for 1 are forgiven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, db::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct VoucherCode(String);

impl VoucherCode {
    /// A new code.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn random() -> Result<Self> {
        Ok(Self::grouped(&Secret::random()?.expose()[..OWN]))
    }

    fn grouped(symbols: &str) -> Self {
        let symbols: Vec<char> = symbols.chars().collect();
        Self(symbols.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-"))
    }
}

impl std::str::FromStr for VoucherCode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let symbol = |c: char| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let symbols: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).take(LONGEST + 1).map(symbol).collect();
        let known = symbols.bytes().all(|symbol| ALPHABET.contains(&symbol));
        if known && (SHORTEST..=LONGEST).contains(&symbols.len()) {
            Ok(Self::grouped(&symbols))
        } else {
            Err(format!(
                "must be {SHORTEST} to {LONGEST} digits and letters other than U; leave it out to have one made"
            ))
        }
    }
}

impl Field for VoucherCode {
    const SHAPE: Shape = Shape::Text { max: LONGEST + LONGEST / 4, format: "" };

    fn parse(value: &Value) -> Result<Self, String> {
        value.as_str().ok_or("must be text")?.parse()
    }

    fn arg(&self) -> Arg {
        self.0.as_str().into()
    }

    fn blank() -> Self {
        Self(String::new())
    }
}

nullable!(VoucherCode => Text by |code: VoucherCode| code.0);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn codes_forgive_what_people_misread() {
        for (written, meant) in [
            ("0123-4567-89AB-CDEF", Ok("0123-4567-89AB-CDEF")),
            ("o l i 2 3 4 5 6 7 8 9 a b c d e", Ok("0112-3456-789A-BCDE")),
            ("0123456789abcdefg", Ok("0123-4567-89AB-CDEF-G")),
            ("0123-4567-89AB-CDE", Err(())),
            ("UUUU-UUUU-UUUU-UUUU", Err(())),
            ("0123-4567-89AB-CDE\0", Err(())),
            ("", Err(())),
        ] {
            assert_eq!(
                written.parse::<VoucherCode>().as_ref().map(|code| code.0.as_str()).map_err(|_| ()),
                meant,
                "{written}"
            );
        }
        assert!("0".repeat(LONGEST).parse::<VoucherCode>().is_ok());
        assert!("0".repeat(LONGEST + 1).parse::<VoucherCode>().is_err());
        let [one, other] = [VoucherCode::random().unwrap(), VoucherCode::random().unwrap()];
        assert_ne!(one, other);
        assert_eq!(one.0.parse::<VoucherCode>(), Ok(one));
    }
}
