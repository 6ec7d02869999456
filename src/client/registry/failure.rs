//! What it means that a registry does not have, or does not give.

use oci_client::errors::{OciDistributionError, OciErrorCode};

use crate::client::{Cause, Failure};

/// A refusal or failure of a registry.
pub fn refused(host: &str, image: &str, error: &OciDistributionError) -> Failure {
    match error {
        OciDistributionError::RequestError(error) => unreachable_at(host, error),
        OciDistributionError::ImageManifestNotFoundError(_) => missing(image),
        OciDistributionError::AuthenticationFailure(_) | OciDistributionError::UnauthorizedError { .. } => {
            forbidden(host, image)
        }
        OciDistributionError::ServerError { code: 401 | 403, .. } => forbidden(host, image),
        OciDistributionError::ServerError { code: 404, .. } => missing(image),
        OciDistributionError::ServerError { code: code @ (429 | 500..=599), .. } => {
            Failure::new(Cause::Away, format!("The registry {host} answered {code}. Try again in a moment."))
        }
        OciDistributionError::RegistryError { envelope, .. } => {
            let of = |codes: &[OciErrorCode]| envelope.errors.iter().any(|error| codes.contains(&error.code));
            match () {
                () if of(&[OciErrorCode::ManifestUnknown, OciErrorCode::NameUnknown, OciErrorCode::NotFound]) => {
                    missing(image)
                }
                () if of(&[OciErrorCode::Unauthorized, OciErrorCode::Denied]) => forbidden(host, image),
                () if of(&[OciErrorCode::Toomanyrequests]) => Failure::new(
                    Cause::Away,
                    format!("The registry {host} has had too many requests. Try again later."),
                ),
                () => malformed(host, "refuses the image's name"),
            }
        }
        OciDistributionError::DigestError(_) => malformed(host, "sends content that its digest is not of"),
        _ => malformed(host, "does not speak as the OCI distribution specification has it"),
    }
}

/// The registry answers something that can't be.
pub fn malformed(host: &str, what: &str) -> Failure {
    Failure::new(Cause::Other, format!("The registry {host} {what}."))
}

/// The registry takes too long.
pub fn silent(host: &str) -> Failure {
    Failure::new(Cause::Away, format!("The registry {host} did not answer in time."))
}

fn missing(image: &str) -> Failure {
    let message = format!("There is no image {image} in its registry. Push it first, or look at its name.");
    Failure::new(Cause::NotFound, message)
}

fn forbidden(host: &str, image: &str) -> Failure {
    let message = format!(
        "The registry {host} does not let you read {image}, if there is such an image. Sign in with: docker login {host}"
    );
    Failure::new(Cause::Refused, message)
}

fn unreachable_at(host: &str, error: &(dyn std::error::Error + 'static)) -> Failure {
    let mut root = error;
    while let Some(source) = root.source() {
        root = source;
    }
    let message = format!(
        "The registry {host} can't be reached: {root}. If it has no TLS, name it with --insecure-registry {host}."
    );
    Failure::new(Cause::Away, message)
}
