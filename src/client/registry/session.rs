//! Questions to one registry about one repository: redirects, bounds, and who asks.

use futures_util::TryStreamExt;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Client, Response, StatusCode};
use tokio::sync::Mutex;
use url::Url;

use super::credentials::{self, Credentials};
use super::failure::{malformed, of_status, unreachable_at};
use super::{Registries, accept, challenge};
use crate::client::Result;
use crate::core::manifest::Image;

/// The most bytes of a reply: what the specification has registries take as a manifest.
pub const LARGEST: usize = 4 * 1024 * 1024;
/// How many redirects are followed.
const REDIRECTS: usize = 5;

/// A registry that is asked about a repository.
pub struct Session<'a> {
    pub(super) registries: &'a Registries,
    pub(super) host: &'a str,
    image: &'a Image,
    /// Where the repository is.
    repository: Url,
    /// The name of the repository, as scopes have it.
    pub(super) name: String,
    pub(super) credentials: Credentials,
    /// What was handed out for them.
    authorization: Mutex<Option<HeaderValue>>,
}

/// What a registry sent.
pub struct Reply {
    /// The content.
    pub bytes: Vec<u8>,
    /// The digest that it says that has.
    pub digest: Option<String>,
}

impl<'a> Session<'a> {
    /// Finds the credentials for a registry; it is asked nothing yet.
    pub async fn open(registries: &'a Registries, host: &'a str, image: &'a Image) -> Result<Self> {
        let full = image.name();
        let name = full.strip_prefix(&format!("{host}/")).unwrap_or(&image.repository).to_owned();
        let base = registries.address(host).and_then(|base| base.join(&format!("{name}/")).ok());
        let repository = base.ok_or_else(|| malformed(host, "has an address that is none"))?;
        let credentials = credentials::of(host).await?;
        Ok(Self { registries, host, image, repository, name, credentials, authorization: Mutex::default() })
    }

    /// Asks for something of the repository.
    pub async fn get(&self, path: &str, types: &[&str]) -> Result<Reply> {
        let mut address = self.repository.join(path).map_err(|_| malformed(self.host, "has no such address"))?;
        let mut signed_in = false;
        for _ in 0..=REDIRECTS + 1 {
            let response = self.send(&address, types).await?;
            match response.status() {
                StatusCode::OK => return self.read(response).await,
                StatusCode::UNAUTHORIZED if !signed_in && self.is_own(&address) => {
                    signed_in = true;
                    self.sign_in(response.headers()).await?;
                }
                status if status.is_redirection() => address = self.follow(&address, &response)?,
                status => return Err(of_status(self.host, &self.image.to_string(), status)),
            }
        }
        Err(malformed(self.host, "sends from one address to another without end"))
    }

    /// Sends a request, with credentials to nobody but the registry itself.
    async fn send(&self, address: &Url, types: &[&str]) -> Result<Response> {
        let (name, value) = accept(types);
        let mut request = self.http().get(address.clone()).header(name, value);
        if let Some(authorization) = self.authorization.lock().await.clone().filter(|_| self.is_own(address)) {
            request = request.header(AUTHORIZATION, authorization);
        }
        request.send().await.map_err(|error| unreachable_at(self.host, &error))
    }

    /// Whether an address is the registry's own, and not where it sends others for its content.
    fn is_own(&self, address: &Url) -> bool {
        address.origin() == self.repository.origin()
    }

    /// Where a redirect leads: never from TLS to none.
    fn follow(&self, from: &Url, response: &Response) -> Result<Url> {
        let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
        let next = location.and_then(|location| from.join(location).ok());
        let safe = |next: &Url| next.scheme() == "https" || next.scheme() == "http" && from.scheme() == "http";
        next.filter(safe).ok_or_else(|| malformed(self.host, "redirects to where nobody should follow"))
    }

    async fn sign_in(&self, headers: &HeaderMap) -> Result<()> {
        let mut authorization = challenge::answer(self, self.image, headers).await?;
        authorization.set_sensitive(true);
        *self.authorization.lock().await = Some(authorization);
        Ok(())
    }

    async fn read(&self, response: Response) -> Result<Reply> {
        let digest = response.headers().get("docker-content-digest");
        let digest = digest.and_then(|digest| digest.to_str().ok()).map(str::to_owned);
        Ok(Reply { bytes: bounded(self.host, response).await?, digest })
    }

    pub(super) fn http(&self) -> &Client {
        &self.registries.http
    }
}

/// All of a reply, if it is not too large.
pub async fn bounded(host: &str, response: Response) -> Result<Vec<u8>> {
    let (mut pieces, mut bytes) = (response.bytes_stream(), Vec::new());
    while let Some(piece) = pieces.try_next().await.map_err(|error| unreachable_at(host, &error))? {
        if bytes.len() + piece.len() > LARGEST {
            return Err(malformed(host, &format!("sends more than {} MiB", LARGEST / 1024 / 1024)));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}
