//! Credentials for registries, as Docker and Podman keep them: in their configuration, or with the helpers that it names.

use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential, get_podman_credential};
use oci_client::secrets::RegistryAuth;

use super::ANONYMOUS;
use crate::client::{Cause, Failure, Result};

/// What Docker's configuration calls Docker Hub.
const HUB: &str = "https://index.docker.io/v1/";

/// The credentials for a registry; none where none are kept.
pub async fn of(host: &str) -> Result<RegistryAuth> {
    let host = host.to_owned();
    // Helpers are programs, which take their time.
    let found = tokio::task::spawn_blocking(move || find(&host)).await;
    found.map_err(|error| Failure::new(Cause::Other, error.to_string()))?
}

fn find(host: &str) -> Result<RegistryAuth> {
    let server = if host == "docker.io" { HUB } else { host };
    for get in [get_credential, get_podman_credential] {
        match get(server) {
            Ok(DockerCredential::UsernamePassword(user, password)) => return Ok(RegistryAuth::Basic(user, password)),
            Ok(DockerCredential::IdentityToken(_)) => {
                return Err(unusable(
                    host,
                    "are an identity token. Sign in with a user and a password or access token",
                ));
            }
            Err(
                CredentialRetrievalError::NoCredentialConfigured
                | CredentialRetrievalError::ConfigNotFound
                | CredentialRetrievalError::ConfigReadError,
            ) => {}
            // What helpers say may have secrets in it.
            Err(_) => return Err(unusable(host, "can't be read. Sign in anew")),
        }
    }
    Ok(ANONYMOUS)
}

fn unusable(host: &str, why: &str) -> Failure {
    let message =
        format!("The credentials for the registry {host} in Docker's configuration {why}: docker login {host}.");
    Failure::new(Cause::Refused, message)
}
