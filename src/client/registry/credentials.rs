//! Credentials for registries, as Docker and Podman keep them: in their files, or with the helpers that these name.

use std::fs::File;
use std::io::{BufReader, ErrorKind};
use std::path::{Path, PathBuf};

use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};

use super::failure::failed;
use crate::client::{Cause, Failure, Result};
use crate::core::secret::Secret;

/// What Docker's configuration calls Docker Hub.
const HUB: &str = "https://index.docker.io/v1/";
/// What helpers say who keep nothing for a registry.
const NONE_KEPT: &str = "credentials not found";

/// What a registry is shown.
pub enum Credentials {
    /// Nothing.
    None,
    /// A user's name and password.
    Password(String, Secret),
    /// What the token service takes instead of a password.
    IdentityToken(Secret),
}

/// The credentials for a registry; none where none are kept.
pub async fn of(host: &str) -> Result<Credentials> {
    let host = host.to_owned();
    // Helpers are programs, which take their time.
    let found = tokio::task::spawn_blocking(move || find(&host)).await;
    found.map_err(|error| failed(Cause::Other, error.to_string()))?
}

fn find(host: &str) -> Result<Credentials> {
    for path in files() {
        if let Some(found) = find_in(&path, host)? {
            return Ok(found);
        }
    }
    Ok(Credentials::None)
}

/// Where credentials may be: Docker's configuration, then what Podman keeps.
fn files() -> Vec<PathBuf> {
    let folder = |variable: &str| std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = |path: &str| folder("HOME").map(|home| home.join(path));
    let docker = folder("DOCKER_CONFIG").or_else(|| home(".docker")).map(|folder| folder.join("config.json"));
    let podman = match folder("REGISTRY_AUTH_FILE") {
        Some(file) => vec![file],
        None => {
            let running = folder("XDG_RUNTIME_DIR").map(|folder| folder.join("containers/auth.json"));
            running.into_iter().chain(home(".config/containers/auth.json")).collect()
        }
    };
    docker.into_iter().chain(podman).collect()
}

/// The credentials that a file has for a registry, itself or by a helper.
fn find_in(path: &Path, host: &str) -> Result<Option<Credentials>> {
    let file = match File::open(path) {
        Ok(file) => BufReader::new(file),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(_) => return Err(unreadable(path, host)),
    };
    match get_credential_from_reader(file, if host == "docker.io" { HUB } else { host }) {
        Ok(DockerCredential::UsernamePassword(user, password)) => {
            Ok(Some(Credentials::Password(user, Secret::new(password))))
        }
        Ok(DockerCredential::IdentityToken(token)) => Ok(Some(Credentials::IdentityToken(Secret::new(token)))),
        Err(CredentialRetrievalError::NoCredentialConfigured) => Ok(None),
        Err(CredentialRetrievalError::HelperFailure { stdout, .. }) if stdout.contains(NONE_KEPT) => Ok(None),
        // What helpers say may have secrets in it.
        Err(_) => Err(unreadable(path, host)),
    }
}

fn unreadable(path: &Path, host: &str) -> Failure {
    let path = path.display();
    let message = format!(
        "The credentials for the registry {host} can't be read from {path}, or from the helper that it names. Mend that, or \
         sign in anew with: docker login {host}"
    );
    failed(Cause::Refused, message)
}
