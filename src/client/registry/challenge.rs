//! Signing in where a registry asks for it: with a user's name and password (RFC 7617), or with a token that its token service
//! hands out for those (the distribution project's token authentication).

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_auth::ChallengeRef;
use reqwest::RequestBuilder;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use serde::Deserialize;
use url::Url;

use super::credentials::Credentials;
use super::failure::{forbidden, malformed, of_status, unreachable_at};
use super::session::{Session, bounded};
use crate::client::Result;
use crate::core::manifest::Image;
use crate::core::secret::Secret;

/// What the registry wants to be told, for one of the ways that it knows.
pub async fn answer(session: &Session<'_>, image: &Image, headers: &HeaderMap) -> Result<HeaderValue> {
    let texts: Vec<&str> = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()).collect();
    let texts = texts.join(", ");
    let challenges = http_auth::parse_challenges(&texts).unwrap_or_default();
    let by = |scheme: &str| challenges.iter().find(|challenge| challenge.scheme.eq_ignore_ascii_case(scheme));
    if let Some(bearer) = by("Bearer") {
        return token(session, image, bearer).await;
    }
    match (by("Basic"), &session.credentials) {
        (Some(_), Credentials::Password(user, password)) => header(session, &basic(user, password)),
        _ => Err(forbidden(session.host, &image.to_string())),
    }
}

/// A token of the registry's token service, good for reading this repository.
async fn token(session: &Session<'_>, image: &Image, challenge: &ChallengeRef<'_>) -> Result<HeaderValue> {
    let value = |name: &str| {
        let found = challenge.params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_unescaped()).unwrap_or_default()
    };
    let service = realm(session, &value("realm"))?;
    let scope = format!("repository:{}:pull", session.name);
    let asked = [("service", Cow::from(value("service"))), ("scope", Cow::from(scope))];
    let request = ask(session, service, &asked);
    let response = request.send().await.map_err(|error| unreachable_at(session.host, &error))?;
    if !response.status().is_success() {
        return Err(of_status(session.host, &image.to_string(), response.status()));
    }
    #[derive(Deserialize)]
    struct Answer {
        token: Option<Secret>,
        access_token: Option<Secret>,
    }
    let answer: Option<Answer> = serde_json::from_slice(&bounded(session.host, response).await?).ok();
    let token = answer.and_then(|Answer { token, access_token }| token.or(access_token));
    let token = token.ok_or_else(|| malformed(session.host, "hands out no token where it says that there are some"))?;
    header(session, &format!("Bearer {}", token.expose()))
}

/// Where the token service is. Credentials are sent there, so it has TLS, or is spoken to without by the operator's own word.
fn realm(session: &Session, address: &str) -> Result<Url> {
    let refused =
        || malformed(session.host, "has its tokens handed out where there is no TLS, or at no address at all");
    let realm = Url::parse(address).map_err(|_| refused())?;
    let host = match (realm.host_str(), realm.port()) {
        (Some(name), Some(port)) => format!("{name}:{port}"),
        (name, _) => name.unwrap_or_default().to_owned(),
    };
    let both_plain = || session.registries.is_plain(session.host) && session.registries.is_plain(&host);
    let safe = realm.scheme() == "https" || realm.scheme() == "http" && both_plain();
    if safe { Ok(realm) } else { Err(refused()) }
}

fn ask(session: &Session, service: Url, asked: &[(&str, Cow<'_, str>)]) -> RequestBuilder {
    match &session.credentials {
        Credentials::None => session.http().get(service).query(asked),
        Credentials::Password(user, password) => {
            session.http().get(service).query(asked).header(AUTHORIZATION, basic(user, password))
        }
        Credentials::IdentityToken(token) => {
            let grant = [("grant_type", "refresh_token"), ("refresh_token", token.expose()), ("client_id", "mkt")];
            let asked = asked.iter().map(|(name, value)| (*name, value.as_ref()));
            session.http().post(service).form(&grant.into_iter().chain(asked).collect::<Vec<_>>())
        }
    }
}

fn basic(user: &str, password: &Secret) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.expose())))
}

fn header(session: &Session, text: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(text).map_err(|_| malformed(session.host, "hands out a token that can't be sent"))
}
