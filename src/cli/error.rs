//! Failures of commands: a sentence, how to go on, and the exit code.

use std::fmt;

use crate::client::{Cause, Failure, Party};
use crate::core::{Error, Kind};

/// Exit codes, as the manual lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Code {
    /// Something failed.
    Failed = 1,
    /// The command was used wrongly.
    Usage = 2,
    /// Not signed in, or not allowed.
    Refused = 4,
    /// There is no such thing.
    NotFound = 5,
    /// The state forbids it.
    Conflict = 6,
    /// No licence allows it.
    Unlicensed = 7,
    /// The network, a server that is away, a time-out: worth retrying.
    Away = 8,
    /// Ended by Ctrl-C.
    Interrupted = 130,
}

/// Why a command failed.
#[derive(Debug)]
pub struct Failed {
    pub code: Code,
    pub message: String,
    pub hint: Option<String>,
}

impl Failed {
    pub fn new(message: impl Into<String>) -> Self {
        Self::with_code(Code::Failed, message)
    }

    pub fn with_code(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None }
    }

    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        let code = match error.kind() {
            Kind::Unauthenticated | Kind::Forbidden => Code::Refused,
            Kind::NotFound => Code::NotFound,
            Kind::Conflict | Kind::PreconditionFailed => Code::Conflict,
            Kind::Refused => Code::Unlicensed,
            Kind::Unavailable => Code::Away,
            Kind::BadRequest | Kind::Invalid | Kind::TooLarge | Kind::Internal => Code::Failed,
        };
        let failed = Self::with_code(code, error.message());
        // Here the person who asked is the operator, who may see the cause.
        match std::error::Error::source(&error) {
            Some(cause) if matches!(error.kind(), Kind::Internal | Kind::Unavailable) => {
                failed.hint(format!("Cause: {cause}"))
            }
            _ => failed,
        }
    }
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        let (code, hint) = match failure.cause {
            Cause::Refused => {
                (Code::Refused, Some("Sign in with mkt login, or set MKT_TOKEN to a token of somebody who may."))
            }
            Cause::NotFound => (Code::NotFound, None),
            Cause::Conflict => (Code::Conflict, None),
            Cause::Unlicensed => (Code::Unlicensed, None),
            Cause::Away => (Code::Away, Some("Is the server running? Name another with --server or MKT_SERVER.")),
            Cause::Invalid | Cause::Other => (Code::Failed, None),
        };
        // What to do about a registry is in its message.
        let hint = hint.filter(|_| failure.party == Party::Marketplace);
        Self { code, message: failure.message, hint: hint.map(str::to_owned) }
    }
}

impl From<std::io::Error> for Failed {
    fn from(error: std::io::Error) -> Self {
        Self::new(error.to_string())
    }
}
