//! `config.toml`: the profiles, each a marketplace with a name, and the one in use.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use url::Url;

use super::folder::{Folder, place};
use crate::cli::error::{Code, Failed};
use crate::cli::near::meant;

/// The profile that is there without being added.
pub const DEFAULT_PROFILE: &str = "default";
/// The file's name.
const FILE: &str = "config.toml";

/// What is set.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The profile in use where none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub profiles: BTreeMap<String, Profile>,
}

/// A marketplace with a name.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    pub server: Url,
}

impl Config {
    /// What is set; nothing where there is no such file.
    pub fn read(folder: Option<&Folder>) -> Result<Self, Failed> {
        let Some(folder) = folder else { return Ok(Self::default()) };
        let Some(file) = folder.open(FILE)? else { return Ok(Self::default()) };
        let path = folder.path(FILE);
        let text = std::io::read_to_string(file)
            .map_err(|error| Failed::new(format!("Can't read {}: {error}.", path.display())))?;
        toml::from_str(&text).map_err(|error| {
            let (line, column) = place(&text, error.span().map_or(0, |span| span.start));
            let message = format!("{}:{line}:{column}: {}.", path.display(), error.message());
            Failed::with_code(Code::Usage, message)
                .hint("Mend that line, or remove the file and add what was in it with: mkt profile add")
        })
    }

    /// Changes what is set.
    pub fn change<T>(folder: &Folder, change: impl FnOnce(&mut Self) -> Result<T, Failed>) -> Result<T, Failed> {
        let _lock = folder.lock()?;
        let mut config = Self::read(Some(folder))?;
        let answer = change(&mut config)?;
        folder.write(FILE, &toml::to_string(&config).map_err(|error| Failed::new(error.to_string()))?)?;
        Ok(answer)
    }

    /// The profile in use: the one named, else the one chosen, else the default.
    pub fn chosen(&self, named: Option<&str>) -> Result<String, Failed> {
        let profile = named.or(self.profile.as_deref()).unwrap_or(DEFAULT_PROFILE);
        self.require(profile)?;
        Ok(profile.to_owned())
    }

    /// Nothing, if there is a profile of this name.
    pub fn require(&self, name: &str) -> Result<(), Failed> {
        if self.names().any(|known| known == name) {
            return Ok(());
        }
        let add = || format!("Add it with: mkt profile add {name} --server URL");
        let hint = meant(self.names(), name).unwrap_or_else(add);
        Err(Failed::with_code(Code::Usage, format!("There is no profile {name:?}.")).hint(hint))
    }

    /// The names of all profiles.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let implied = (!self.profiles.contains_key(DEFAULT_PROFILE)).then_some(DEFAULT_PROFILE);
        implied.into_iter().chain(self.profiles.keys().map(String::as_str))
    }

    /// The server of a profile, if it has one.
    pub fn server(&self, profile: &str) -> Option<&Url> {
        self.profiles.get(profile).map(|profile| &profile.server)
    }
}
