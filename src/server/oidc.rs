//! The marketplace as a relying party of OpenID Connect: it sends people to identity providers and checks what these say of
//! them. What a provider says of itself is kept in its row, so that all servers know it.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet,
    CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreTokenResponse,
};
use openidconnect::{
    AsyncHttpClient, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken,
    HttpRequest, HttpResponse, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError,
    Scope, SignatureVerificationError, TokenResponse,
};
use url::{Host, Url};
use uuid::Uuid;

use crate::core::clock::Timestamp;
use crate::core::db::{Db, Json};
use crate::core::model::IdentityProvider;
use crate::core::session::sign_in::{Claims, Pending, Purpose, Started};
use crate::core::{Error, Kind, Result};

/// How long a provider may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much it may answer.
const LARGEST: usize = 1024 * 1024;
/// For how many minutes what it says of itself is believed.
const BELIEVED: i64 = 60;
/// How often it is asked again for keys that are missing.
const PAUSE: Duration = Duration::from_secs(60);
/// How many seconds its clock may differ.
const SKEW: i64 = 60;
/// What is asked for where the provider's row says nothing.
const SCOPES: &str = "openid profile email";

/// The signatures that count. None that is made with a shared secret, and not none at all.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// What talks to identity providers.
pub struct RelyingParty {
    http: Http,
    /// When each was last asked for keys that were missing.
    asked: Mutex<HashMap<Uuid, Instant>>,
}

impl RelyingParty {
    /// One that has asked nobody yet.
    ///
    /// # Errors
    /// When no TLS can be had.
    pub fn new() -> Result<Self> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("mkt/", env!("CARGO_PKG_VERSION")))
            .timeout(PATIENCE)
            // A redirect could lead anywhere, with the client's secret.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(Error::internal)?;
        Ok(Self { http: Http(http), asked: Mutex::default() })
    }

    /// Where a browser goes to sign in.
    ///
    /// # Errors
    /// [`Kind::Unavailable`] when the provider is away or makes no sense.
    pub async fn address(
        &self,
        db: &Db,
        provider: &IdentityProvider,
        purpose: &Purpose,
        started: &Started,
        audience: &str,
    ) -> Result<Url> {
        let metadata = self.metadata(db, provider).await?;
        let client = CoreClient::from_provider_metadata(metadata, ClientId::new(provider.client_id.to_string()), None)
            .set_redirect_uri(RedirectUrl::new(purpose.redirect_uri.clone()).map_err(Error::internal)?);
        let (state, nonce) = (started.state.expose().to_owned(), started.nonce.expose().to_owned());
        let verifier = PkceCodeVerifier::new(started.code_verifier.expose().to_owned());
        let scopes = provider.scopes.as_ref().map_or(SCOPES, |scopes| scopes.as_str());
        let scopes = scopes.split([' ', ',']).filter(|scope| !matches!(*scope, "" | "openid"));
        let (address, ..) = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, || CsrfToken::new(state), || Nonce::new(nonce))
            .add_scopes(scopes.map(|scope| Scope::new(scope.to_owned())))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            // As SMART on FHIR asks.
            .add_extra_param("aud", audience)
            .url();
        Ok(address)
    }

    /// What the provider says of whoever came back with this code.
    ///
    /// # Errors
    /// [`Kind::Unauthenticated`] when the code or the ID token does not hold, [`Kind::Unavailable`] when the provider is away
    /// or makes no sense.
    pub async fn claims(
        &self,
        db: &Db,
        provider: &IdentityProvider,
        pending: &Pending,
        code: &str,
        now: Timestamp,
    ) -> Result<Claims> {
        let metadata = self.metadata(db, provider).await?;
        let token = self.exchange(db, provider, &metadata, pending, code).await?;
        let nonce = Nonce::new(pending.nonce(db)?.expose().to_owned());
        let mut checked = verify(provider, &metadata, &token, &nonce, now);
        // It may have been signed with a key that was not there when the keys were last asked for.
        if matches!(
            checked,
            Err(ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey))
        ) && self.may_ask_again(provider)
        {
            checked = verify(provider, &self.discover(db, provider).await?, &token, &nonce, now);
        }
        checked.map_err(|error| {
            let cause = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            let cause: String = cause.chars().filter(|c| !c.is_control()).take(200).collect();
            let message = format!("The ID token of the identity provider {} does not hold: {cause}.", provider.name);
            Error::new(Kind::Unauthenticated, message).because(error)
        })?;
        payload(&token).ok_or_else(|| garbage(provider, "its ID token can't be read"))
    }

    async fn exchange(
        &self,
        db: &Db,
        provider: &IdentityProvider,
        metadata: &CoreProviderMetadata,
        pending: &Pending,
        code: &str,
    ) -> Result<CoreIdToken> {
        let secret = provider.client_secret.as_ref().map(|secret| db.unseal(secret)).transpose()?;
        let secret = secret.map(|secret| ClientSecret::new(secret.expose().to_owned()));
        let methods = metadata.token_endpoint_auth_methods_supported();
        let posts = methods.is_some_and(|methods| {
            methods.contains(&CoreClientAuthMethod::ClientSecretPost)
                && !methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
        });
        let client =
            CoreClient::from_provider_metadata(metadata.clone(), ClientId::new(provider.client_id.to_string()), secret)
                .set_auth_type(if posts { AuthType::RequestBody } else { AuthType::BasicAuth })
                .set_redirect_uri(RedirectUrl::new(pending.redirect_uri.clone()).map_err(Error::internal)?);
        let verifier = PkceCodeVerifier::new(pending.code_verifier(db)?.expose().to_owned());
        let request = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|_| garbage(provider, "it names no token endpoint"))?
            .set_pkce_verifier(verifier);
        let response: CoreTokenResponse = request.request_async(&self.http).await.map_err(|error| match error {
            RequestTokenError::ServerResponse(refusal) => {
                let message =
                    format!("The identity provider {} refused the sign-in: {}.", provider.name, refusal.error());
                Error::new(Kind::Unauthenticated, message)
            }
            RequestTokenError::Request(error) => away(provider, &error),
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => garbage(provider, "its answer is no token"),
        })?;
        response.id_token().cloned().ok_or_else(|| garbage(provider, "it gave no ID token"))
    }

    /// What the provider says of itself, as it is known or else asked for.
    async fn metadata(&self, db: &Db, provider: &IdentityProvider) -> Result<CoreProviderMetadata> {
        let known = known(provider);
        let oldest = crate::core::clock::now().datetime() - TimeDelta::minutes(BELIEVED);
        match known {
            Some((metadata, at)) if at.datetime() > oldest => Ok(metadata),
            // What was true an hour ago is better than nothing.
            Some((metadata, _)) => Ok(self.discover(db, provider).await.unwrap_or(metadata)),
            None => self.discover(db, provider).await,
        }
    }

    /// Asks the provider for its configuration and keys, and keeps them.
    ///
    /// # Errors
    /// [`Kind::Unavailable`] when it is away or makes no sense.
    pub async fn discover(&self, db: &Db, provider: &IdentityProvider) -> Result<CoreProviderMetadata> {
        let issuer =
            IssuerUrl::new(provider.issuer.to_string()).map_err(|_| garbage(provider, "its issuer is no URL"))?;
        let metadata = CoreProviderMetadata::discover_async(issuer, &self.http).await.map_err(|error| match error {
            openidconnect::DiscoveryError::Request(error) => away(provider, &error),
            error => garbage(provider, &error.to_string()),
        })?;
        let as_object = |value: serde_json::Result<serde_json::Value>| {
            value.ok().and_then(|value| value.as_object().cloned()).map(Json)
        };
        let tx = db.begin().await?;
        tx.execute(crate::sql!(
            "update identity_providers set configuration = $2, public_keys = $3, discovered_at = $4 where id = $1",
            provider.id,
            as_object(serde_json::to_value(&metadata)),
            as_object(serde_json::to_value(metadata.jwks())),
            crate::core::clock::now()
        ))
        .await?;
        tx.commit().await?;
        Ok(metadata)
    }

    /// Asks all enabled providers anew, so that nobody who signs in has to wait for that. What fails is only logged.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn refresh(&self, db: &Db, now: Timestamp) -> Result<()> {
        let providers: Vec<IdentityProvider> =
            db.all(crate::sql!("select * from identity_providers where enabled_at <= $1", now)).await?;
        let asked = providers.iter().map(|provider| self.discover(db, provider));
        futures_util::future::join_all(asked).await;
        Ok(())
    }

    /// Whether the provider may be asked for its keys again, which counts as asked.
    fn may_ask_again(&self, provider: &IdentityProvider) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.retain(|_, at| at.elapsed() < PAUSE);
        asked.insert(provider.id.uuid(), Instant::now()).is_none()
    }
}

/// What carries requests to providers, and only over what nobody listens in on.
struct Http(reqwest::Client);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = Unanswered;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Unanswered>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

impl Http {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Unanswered> {
        let url = Url::parse(&request.uri().to_string()).map_err(|_| Unanswered("an address can't be read".into()))?;
        if url.scheme() != "https" && !is_loopback(&url) {
            return Err(Unanswered("an address is not https".into()));
        }
        let request = reqwest::Request::try_from(request).map_err(reason)?;
        let mut response = self.0.execute(request).await.map_err(reason)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(reason)? {
            if body.len() + chunk.len() > LARGEST {
                return Err(Unanswered("an answer is too long".into()));
            }
            body.extend_from_slice(&chunk);
        }
        let mut answer = HttpResponse::new(body);
        *answer.status_mut() = response.status();
        *answer.headers_mut() = response.headers().clone();
        Ok(answer)
    }
}

/// Why no answer was had.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unanswered(String);

fn reason(error: reqwest::Error) -> Unanswered {
    let mut root: &dyn std::error::Error = &error;
    while let Some(source) = root.source() {
        root = source;
    }
    Unanswered(if error.is_timeout() { "it did not answer in time".into() } else { root.to_string() })
}

fn away(provider: &IdentityProvider, error: &Unanswered) -> Error {
    let message = format!("The identity provider {} can't be reached. Please try again in a moment.", provider.name);
    tracing::warn!(provider = %provider.id, %error, "an identity provider can't be reached");
    Error::unavailable(message)
}

fn garbage(provider: &IdentityProvider, why: &str) -> Error {
    tracing::warn!(provider = %provider.id, why, "an identity provider makes no sense");
    Error::unavailable(format!(
        "The identity provider {} answers in a way that makes no sense. Its operator or that of this marketplace has to look.",
        provider.name
    ))
}

/// Whether an address is on this machine, where nobody listens in.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// What is kept of a provider's configuration and keys, and since when.
fn known(provider: &IdentityProvider) -> Option<(CoreProviderMetadata, Timestamp)> {
    let read = |document: &Option<Json<_>>| document.clone().map(|Json(document)| serde_json::Value::Object(document));
    let metadata: CoreProviderMetadata = serde_json::from_value(read(&provider.configuration)?).ok()?;
    let keys: CoreJsonWebKeySet = serde_json::from_value(read(&provider.public_keys)?).ok()?;
    let current = metadata.issuer().as_str() == provider.issuer.as_str();
    Some((metadata.set_jwks(keys), provider.discovered_at?)).filter(|_| current)
}

/// Checks an ID token (OpenID Connect Core, 3.1.3.7): for our client, or for the other one that counts.
fn verify(
    provider: &IdentityProvider,
    metadata: &CoreProviderMetadata,
    token: &CoreIdToken,
    nonce: &Nonce,
    now: Timestamp,
) -> Result<(), ClaimsVerificationError> {
    let clients = [Some(provider.client_id.as_str()), provider.alternate_client_id.as_ref().map(|id| id.as_str())];
    let clients: Vec<&str> = clients.into_iter().flatten().collect();
    let latest = now.datetime() + TimeDelta::seconds(SKEW);
    let check = |client: &str| {
        let verifier = CoreIdTokenVerifier::new_public_client(
            ClientId::new(client.to_owned()),
            metadata.issuer().clone(),
            metadata.jwks().clone(),
        )
        .set_allowed_algs(ALGORITHMS)
        .set_other_audience_verifier_fn(|audience| clients.contains(&audience.as_str()))
        .set_time_fn(|| now.datetime() - TimeDelta::seconds(SKEW))
        .set_issue_time_verifier_fn(|iat| if iat <= latest { Ok(()) } else { Err("issued in the future".into()) });
        match token.claims(&verifier, nonce)?.authorized_party() {
            Some(party) if !clients.contains(&party.as_str()) => {
                Err(ClaimsVerificationError::InvalidAudience(format!("its azp is {}", party.as_str())))
            }
            _ => Ok(()),
        }
    };
    let mine = check(provider.client_id.as_str());
    if mine.is_err() && clients.iter().skip(1).any(|other| check(other).is_ok()) { Ok(()) } else { mine }
}

/// All the claims of a token that was checked.
fn payload(token: &CoreIdToken) -> Option<Claims> {
    use base64::Engine;
    let token = token.to_string();
    let payload = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&payload).ok().map(Claims)
}
