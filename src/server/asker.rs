//! Who asks: the credentials of a request, made into a [`Caller`].

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, header};
use serde_json::{Value, json};

use super::App;
use super::address::{client_address, peer};
use super::origin::origin;
use super::problem::Problem;
use crate::core::access::Caller;
use crate::core::clock;
use crate::core::idempotency::IdempotencyKey;
use crate::core::resource::Given;
use crate::core::{Error, Kind, Result};

/// What clients tell repeats of a request by.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The caller of a request. Credentials that don't hold are refused; none at all make an anonymous caller.
pub struct Asker(pub Caller);

impl Deref for Asker {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl FromRequestParts<App> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let mut caller = identify(parts, app).await?;
        if let Some(key) = parts.headers.get(IDEMPOTENCY_KEY).filter(|_| repeats(&parts.method)) {
            let key = key.to_str().unwrap_or_default();
            caller.idempotency_key = Some(IdempotencyKey::new(key, &caller, parts.uri.path())?);
        }
        Ok(Self(caller))
    }
}

/// Whether to send a request of this method twice may do something twice.
fn repeats(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT)
}

/// Who sends a request. It is found out once and kept with the request.
///
/// # Errors
/// [`Kind::Unauthenticated`] when the credentials don't hold.
pub async fn identify(parts: &mut Parts, app: &App) -> Result<Caller> {
    if let Some(caller) = parts.extensions.get::<Caller>() {
        return Ok(caller.clone());
    }
    let origin = origin_of(parts, app);
    let caller = match bearer(&parts.headers)? {
        None => Caller::anonymous(origin),
        Some(token) => authenticate(app, token, origin).await?,
    };
    let address = Some(client_address(app.settings(), peer(&parts.extensions), &parts.headers));
    let (self_publishing, requires) = (app.settings().self_publishing, app.settings().requires);
    let caller = Caller { address, self_publishing, requires, ..caller };
    parts.extensions.insert(caller.clone());
    Ok(caller)
}

impl Asker {
    /// The same, who sends this.
    pub fn sending(self, given: &Given) -> Self {
        let files: Vec<_> = given.files.iter().map(|(name, file)| (name, file.sha256.as_str())).collect();
        self.sending_value(&json!([given.fields, files]))
    }

    /// The same, who sends this.
    pub fn sending_value(mut self, body: &Value) -> Self {
        self.0.idempotency_key = self.0.idempotency_key.take().map(|key| key.with_body(body));
        self
    }
}

/// Scheme and host as the client of this request sees them.
pub fn origin_of(parts: &Parts, app: &App) -> Arc<str> {
    origin(app.settings(), peer(&parts.extensions), &parts.headers)
}

/// The caller that a token stands for.
///
/// # Errors
/// [`Kind::Unauthenticated`] when it does not hold.
pub async fn authenticate(app: &App, token: &str, origin: Arc<str>) -> Result<Caller> {
    let principal = app.authenticator().principal(app.db(), token, clock::now()).await?;
    let unknown =
        || Error::new(Kind::Unauthenticated, "The token is unknown, has expired or was revoked. Sign in again.");
    let principal = principal.ok_or_else(unknown)?;
    app.throttle().held(token.as_bytes());
    Ok(Caller::new(principal, origin))
}

/// The token of `Authorization: Bearer …` (RFC 6750).
///
/// # Errors
/// [`Kind::Unauthenticated`] for another scheme.
pub fn bearer(headers: &HeaderMap) -> Result<Option<&str>> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let token = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let malformed =
        || Error::new(Kind::Unauthenticated, "The header Authorization must be Bearer, a space and a token.");
    token.map(|(_, token)| Some(token.trim())).ok_or_else(malformed)
}
