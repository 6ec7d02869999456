//! Why a call failed, as far as the command line's exit code needs to know.

use std::fmt;

use reqwest::StatusCode;
use serde_json::Value;

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Not signed in, or not allowed.
    Refused,
    /// There is no such thing, or it may not be seen.
    NotFound,
    /// The state forbids it.
    Conflict,
    /// The request itself is wrong.
    Invalid,
    /// No licence allows it.
    Unlicensed,
    /// The network, or a server that is away: worth trying again.
    Away,
    /// Anything else.
    Other,
}

/// Who failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    /// The marketplace.
    Marketplace,
    /// A registry of images.
    Registry,
}

/// A failed call: its cause, a sentence, and what the server told beside it.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What kind of failure it is.
    pub cause: Cause,
    /// Who failed.
    pub party: Party,
    /// What happened.
    pub message: String,
    /// The server's answer (RFC 9457), or null.
    pub problem: Value,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(cause: Cause, message: impl Into<String>) -> Self {
        Self { cause, party: Party::Marketplace, message: message.into(), problem: Value::Null }
    }

    /// What a refusing answer means.
    pub(super) fn of_answer(status: StatusCode, problem: Value) -> Self {
        let cause = match status.as_u16() {
            401 | 403 => Cause::Refused,
            404 => Cause::NotFound,
            409 | 412 => Cause::Conflict,
            422 if problem["outcome"] == "refused" => Cause::Unlicensed,
            400 | 406 | 413 | 415 | 422 => Cause::Invalid,
            408 | 429 | 502..=504 => Cause::Away,
            _ => Cause::Other,
        };
        // OAuth has another word for it (RFC 6749).
        let told = problem["message"].as_str().or_else(|| problem["error_description"].as_str());
        let message = told.map_or_else(|| format!("The server answered {status}."), str::to_owned);
        Self { problem, ..Self::new(cause, message) }
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        let host = error.url().map(|url| url.origin().ascii_serialization()).unwrap_or_default();
        let mut root: &dyn std::error::Error = &error;
        while let Some(source) = root.source() {
            root = source;
        }
        if error.is_timeout() {
            return Self::new(Cause::Away, format!("The marketplace at {host} did not answer in time."));
        }
        if error.is_decode() {
            return Self::new(
                Cause::Other,
                format!("What answered at {host} is not a marketplace that this mkt understands: {root}."),
            );
        }
        Self::new(Cause::Away, format!("The marketplace at {host} can't be reached: {root}."))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
