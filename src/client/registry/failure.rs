//! What it means that a registry does not have, or does not give.

use reqwest::StatusCode;

use crate::client::{Cause, Failure, Party};

/// A failure of a registry.
pub fn failed(cause: Cause, message: impl Into<String>) -> Failure {
    Failure { party: Party::Registry, ..Failure::new(cause, message) }
}

/// What a refusing answer means.
pub fn of_status(host: &str, image: &str, status: StatusCode) -> Failure {
    match status.as_u16() {
        401 | 403 => forbidden(host, image),
        404 => {
            let message = format!("There is no image {image} in its registry. Push it first, or look at its name.");
            failed(Cause::NotFound, message)
        }
        408 | 429 | 500..=599 => {
            failed(Cause::Away, format!("The registry {host} answered {status}. Try again in a moment."))
        }
        _ => malformed(host, &format!("answered {status}, which is no answer to a question for an image")),
    }
}

/// The registry answers something that can't be.
pub fn malformed(host: &str, what: &str) -> Failure {
    failed(Cause::Other, format!("The registry {host} {what}."))
}

/// The registry takes too long.
pub fn silent(host: &str) -> Failure {
    failed(Cause::Away, format!("The registry {host} did not answer in time."))
}

/// The registry wants somebody else, or does not tell that there is nothing.
pub fn forbidden(host: &str, image: &str) -> Failure {
    let message = format!(
        "The registry {host} does not let you read {image}, if there is such an image. Sign in with: docker login {host}"
    );
    failed(Cause::Refused, message)
}

/// No connection is to be had, or it breaks.
pub fn unreachable_at(host: &str, error: &reqwest::Error) -> Failure {
    if error.is_timeout() {
        return silent(host);
    }
    let mut root: &(dyn std::error::Error + 'static) = error;
    while let Some(source) = root.source() {
        root = source;
    }
    let message = format!(
        "The registry {host} can't be reached: {root}. If it has no TLS, name it with --insecure-registry {host}."
    );
    failed(Cause::Away, message)
}
