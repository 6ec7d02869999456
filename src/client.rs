//! A marketplace as its clients see it: typed calls over HTTP, and events over its WebSocket.

pub mod cable;
mod collection;
mod failure;
mod licensing;
mod package;
mod parts;
mod platform;
mod registry;
mod sign_in;
mod upload;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{ClientBuilder, Method, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

pub use collection::Collection;
pub use failure::{Cause, Failure, Party};
pub use package::{PackageFile, missing};
pub use registry::{Credentials, REQUIRED, Registries, Resolved, credentials_of};
pub use sign_in::{Confirmation, DeviceCode, Provider};
pub use upload::Upload;

use crate::core::secret::Secret;

/// The result of a call.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How often a call is tried that the server could not take for now.
const TRIES: usize = 4;

/// A client of one marketplace. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    server: Url,
    /// Shared by all clones, so that short tokens can follow one another.
    token: Arc<RwLock<Option<Secret>>>,
}

impl Client {
    /// A client of the marketplace at this address, with a token if there is one.
    ///
    /// # Errors
    /// When the system's certificates can't be read.
    pub fn new(server: Url, token: Option<Secret>) -> Result<Self> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let http = connections().default_headers(headers).timeout(TIMEOUT).build().map_err(Failure::from)?;
        Ok(Self { http, server, token: Arc::new(RwLock::new(token)) })
    }

    /// The marketplace's address.
    pub fn server(&self) -> &Url {
        &self.server
    }

    /// Has this and all its clones go on with another token.
    pub fn use_token(&self, token: Secret) {
        *self.token.write().unwrap_or_else(PoisonError::into_inner) = Some(token);
    }

    /// Whether the marketplace is well, and who asks; without the token itself, which is for no screen and no log.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn status(&self) -> Result<Value> {
        let mut status: Value = self.get("/status", &[]).await?;
        if let Some(token) = status["jwt"].as_object_mut() {
            token.remove("encoded");
        }
        Ok(status)
    }

    /// An answer of any kind to a `GET`.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn get<T: DeserializeOwned>(&self, path: &str, parameters: &[(&str, String)]) -> Result<T> {
        self.send(self.request(Method::GET, path).query(parameters)).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.request_at(method, self.address(path))
    }

    fn request_at(&self, method: Method, address: Url) -> RequestBuilder {
        let request = self.http.request(method, address);
        match &*self.token.read().unwrap_or_else(PoisonError::into_inner) {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        }
    }

    /// A request that carries no token.
    fn plain_request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.address(path))
    }

    /// The address of a path of the API.
    fn address(&self, path: &str) -> Url {
        let mut url = self.server.clone();
        url.set_path(&format!("{}{path}", self.server.path().trim_end_matches('/')));
        url
    }

    /// Sends a request and reads its answer.
    async fn send<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T> {
        self.answer(request).await?.json().await.map_err(Failure::from)
    }

    /// Sends a request, again after a pause where the server says that it can't take it for now.
    async fn answer(&self, request: RequestBuilder) -> Result<Response> {
        for _ in 1..TRIES {
            let Some(again) = request.try_clone() else { break };
            let response = again.send().await.map_err(Failure::from)?;
            match pause(&response) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return accepted(response).await,
            }
        }
        accepted(request.send().await.map_err(Failure::from)?).await
    }
}

/// What all connections to marketplaces have in common.
fn connections() -> ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("mkt/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        // A redirect would carry the token along.
        .redirect(reqwest::redirect::Policy::none())
}

/// How long to wait before a call is tried again, if it is worth it.
fn pause(response: &Response) -> Option<Duration> {
    let later = matches!(response.status().as_u16(), 429 | 503);
    let seconds =
        response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(|value| value.parse().ok());
    later.then(|| Duration::from_secs(seconds.unwrap_or(1u64).min(30)))
}

/// An answer, if it says that the request was done.
async fn accepted(response: Response) -> Result<Response> {
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status();
    let problem = response.json::<Value>().await.unwrap_or_default();
    Err(Failure::of_answer(status, problem))
}
