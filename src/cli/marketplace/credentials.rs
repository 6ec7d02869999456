//! `credentials.toml`: the tokens that people signed in for, by profile. Each goes to the server that it is of and to no
//! other.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::PermissionsExt;

use serde::{Deserialize, Serialize, Serializer};
use url::Url;

use super::folder::{Folder, place};
use crate::cli::error::Failed;
use crate::core::clock::Timestamp;
use crate::core::secret::Secret;

/// The file's name.
const FILE: &str = "credentials.toml";
/// What others may do with the file: nothing.
const OTHERS: u32 = 0o077;

/// The tokens, by profile.
#[derive(Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Credentials(BTreeMap<String, Credential>);

/// A token, the server that it is of, and when it ends.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    pub server: Url,
    #[serde(serialize_with = "expose")]
    pub token: Secret,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl Credential {
    /// Whether it may be sent to this server.
    pub fn is_for(&self, server: &Url) -> bool {
        self.server.origin() == server.origin()
    }
}

impl Credentials {
    /// What is kept.
    pub fn read(folder: &Folder) -> Result<Self, Failed> {
        let Some(file) = folder.open(FILE)? else { return Ok(Self::default()) };
        let path = folder.path(FILE);
        let unreadable = |error| Failed::new(format!("Can't read {}: {error}.", path.display()));
        let mode = mode(&file).map_err(unreadable)?;
        if mode & OTHERS != 0 {
            let message =
                format!("{} has tokens in it, and others may read or change it (mode {mode:o}).", path.display());
            return Err(Failed::new(message).hint(format!("Make it yours alone with: chmod 600 {}", path.display())));
        }
        let text = std::io::read_to_string(file).map_err(unreadable)?;
        // What the reader says of a mistake may quote a token.
        toml::from_str(&text).map_err(|error| {
            let (line, column) = place(&text, error.span().map_or(0, |span| span.start));
            Failed::new(format!("{}:{line}:{column}: That is not as mkt writes it.", path.display()))
                .hint("Remove the file, and sign in anew with: mkt login")
        })
    }

    /// Keeps a token for a profile, in place of another.
    pub fn keep(folder: &Folder, profile: &str, credential: Credential) -> Result<(), Failed> {
        Self::change(folder, |kept| drop(kept.insert(profile.to_owned(), credential)))
    }

    /// Forgets the token of a profile, and tells whether there was one.
    pub fn forget(folder: &Folder, profile: &str) -> Result<bool, Failed> {
        match Self::read(folder)?.0.contains_key(profile) {
            true => Self::change(folder, |kept| kept.remove(profile).is_some()),
            false => Ok(false),
        }
    }

    /// What is kept for a profile.
    pub fn take(mut self, profile: &str) -> Option<Credential> {
        self.0.remove(profile)
    }

    fn change<T>(folder: &Folder, change: impl FnOnce(&mut BTreeMap<String, Credential>) -> T) -> Result<T, Failed> {
        let _lock = folder.lock()?;
        let mut credentials = Self::read(folder)?;
        let answer = change(&mut credentials.0);
        folder.write(FILE, &toml::to_string(&credentials).map_err(|error| Failed::new(error.to_string()))?)?;
        Ok(answer)
    }
}

fn mode(file: &File) -> std::io::Result<u32> {
    Ok(file.metadata()?.permissions().mode() & 0o777)
}

fn expose<S: Serializer>(token: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(token.expose())
}
