//! The marketplace that a command talks to, and the token that it sends there: as flags, the environment and the profile
//! say, in this order.

mod config;
mod credentials;
mod folder;

use std::fmt;
use std::path::PathBuf;

use url::Url;

pub use config::{Config, Profile};
pub use credentials::{Credential, Credentials};
pub use folder::Folder;

use super::error::{Code, Failed};
use super::global::Global;
use crate::client::Client;
use crate::core::secret::Secret;

/// Where a marketplace is that nobody named: the one that `mkt serve` serves.
const DEFAULT_SERVER: &str = "http://127.0.0.1:3000";

/// A marketplace as one command sees it.
pub struct Marketplace {
    /// The profile in use.
    pub profile: String,
    pub server: Url,
    /// The server of the profile, whatever flags say.
    pub home: Option<Url>,
    pub token: Option<Token>,
}

/// A token and where it is from.
pub struct Token {
    pub secret: Secret,
    pub source: Source,
}

/// Where a token is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Environment,
    File(PathBuf),
    Login,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => f.write_str("MKT_TOKEN"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Login => f.write_str("mkt login"),
        }
    }
}

impl Marketplace {
    /// The marketplace of this command.
    pub fn of(global: &Global) -> Result<Self, Failed> {
        let folder = Folder::find();
        let config = Config::read(folder.as_ref())?;
        let profile = config.chosen(global.profile())?;
        let home = config.server(&profile).cloned();
        let server = match global.server.clone().or_else(|| home.clone()) {
            Some(server) => checked(server)?,
            None => default_server()?,
        };
        let token = match global.token()? {
            Some(token) => Some(token),
            None => kept(folder.as_ref(), &profile, &server)?,
        };
        Ok(Self { profile, server, home, token })
    }

    /// A client of it, with the token if there is one.
    pub fn client(&self) -> Result<Client, Failed> {
        self.client_with(self.token.as_ref().map(|token| token.secret.clone()))
    }

    /// A client of it with another token, or none.
    pub fn client_with(&self, token: Option<Secret>) -> Result<Client, Failed> {
        Ok(Client::new(self.server.clone(), token)?)
    }
}

/// The token of the profile's login, unless it is for another server than the command talks to.
fn kept(folder: Option<&Folder>, profile: &str, server: &Url) -> Result<Option<Token>, Failed> {
    let Some(folder) = folder else { return Ok(None) };
    let credential = Credentials::read(folder)?.take(profile);
    let ours = credential.filter(|credential| credential.is_for(server));
    Ok(ours.map(|credential| Token { secret: credential.token, source: Source::Login }))
}

/// The address of the marketplace that nobody named.
pub fn default_server() -> Result<Url, Failed> {
    DEFAULT_SERVER.parse().map_err(|error| Failed::new(format!("{DEFAULT_SERVER}: {error}")))
}

/// An address that a marketplace can have.
pub fn checked(server: Url) -> Result<Url, Failed> {
    if matches!(server.scheme(), "http" | "https") && server.host().is_some() {
        return Ok(server);
    }
    let message = format!("The server's address must be an http or https URL, not {server}.");
    Err(Failed::with_code(Code::Usage, message))
}
