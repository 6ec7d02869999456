//! Signing in with an identity provider, over HTTP: to the provider, back from it, and on to whoever asked.

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use serde_json::json;
use url::Url;
use uuid::Uuid;

use super::App;
use super::answer;
use super::asker::Asker;
use super::body::Fields;
use super::crud::{Answer, Ids};
use super::oidc::is_loopback;
use super::problem::Problem;
use crate::core::access::Caller;
use crate::core::id::Id;
use crate::core::model::{Identity, IdentityProvider};
use crate::core::session::sign_in::{self, Pending, Purpose};
use crate::core::session::{self, SIGN_IN_MINUTES, Session};
use crate::core::{Error, Kind, Result};

/// What a browser keeps while it is at the provider. It signs nobody in: it only tells that the browser is the same.
const COOKIE: &str = "mkt_sign_in";

/// The routes.
pub fn routes() -> Router<App> {
    let sessions = get(come_back).post(create).delete(super::sessions::sign_out);
    Router::new()
        .route("/identity_providers/{identity_provider_id}/redirect", get(leave))
        .route("/session", sessions.clone())
        .route("/sessions", sessions)
}

/// The parameters of a query, unless they can't be read.
type Parameters<T> = Result<Query<T>, QueryRejection>;

fn readable<T>(parameters: Parameters<T>) -> Result<T> {
    parameters.map(|Query(read)| read).map_err(|error| Error::bad_request("The query can't be read.").because(error))
}

/// What a sign-in is for.
#[derive(Debug, Default, Deserialize)]
struct Wish {
    return_to: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
}

async fn leave(State(app): State<App>, asker: Asker, ids: Ids, wish: Parameters<Wish>) -> Answer {
    let [provider] = ids.exactly()?;
    let wish = readable(wish)?;
    send_away(&app, &asker, provider, wish).await
}

/// Sends a browser to a provider (OpenID Connect Core, 3.1.2.1).
async fn send_away(app: &App, caller: &Caller, provider: Uuid, wish: Wish) -> Answer {
    let provider = enabled(app, caller, provider.into()).await?;
    let purpose = purpose(app, caller, wish)?;
    let started = sign_in::begin(app.db(), provider.id, &purpose, caller.now).await?;
    let address = app.relying_party().address(app.db(), &provider, &purpose, &started, &caller.origin).await?;
    let secure = if caller.origin.starts_with("https:") { "; Secure" } else { "" };
    let cookie = format!(
        "{COOKIE}={}; Path=/sessions; HttpOnly; SameSite=Lax; Max-Age={}{secure}",
        started.browser.expose(),
        SIGN_IN_MINUTES * 60
    );
    let headers = [
        (header::LOCATION, text(address.as_str())?),
        (header::SET_COOKIE, text(&cookie)?),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((StatusCode::FOUND, headers).into_response())
}

/// The provider, if people can sign in with it.
async fn enabled(app: &App, caller: &Caller, id: Id<IdentityProvider>) -> Result<IdentityProvider> {
    let select = crate::sql!("select * from identity_providers where id = $1 and enabled_at <= $2", id, caller.now);
    app.db().optional(select).await?.ok_or_else(|| Error::not_found("identity provider"))
}

fn purpose(app: &App, caller: &Caller, wish: Wish) -> Result<Purpose> {
    let must = |field: &str, must: &str| Err(Error::invalid_field(field, must));
    let Wish { return_to, code_challenge, code_challenge_method } = wish;
    if code_challenge_method.is_some_and(|method| method != "S256") {
        return must("code_challenge_method", "must be S256");
    }
    if code_challenge.as_ref().is_some_and(|challenge| challenge.len() != 43) {
        return must("code_challenge", "must be the SHA-256 of a code verifier in base 64 for URLs, 43 characters");
    }
    if let Some(address) = &return_to {
        let url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let Some(url) = url.filter(|_| address.len() <= 2048) else {
            return must("return_to", "must be an http or https URL");
        };
        let ours = [Some(&*caller.origin), app.settings().ui_url.as_ref().map(Url::as_str)];
        let ours = ours.into_iter().flatten().filter_map(|ours| Url::parse(ours).ok());
        let home = ours.map(|ours| ours.origin()).any(|origin| origin == url.origin());
        if !home && !is_loopback(&url) {
            return must("return_to", "must be in the web interface or on the user's own machine");
        }
        if !home && code_challenge.is_none() {
            return must("code_challenge", "is required where return_to is a program on the user's machine");
        }
    }
    Ok(Purpose { redirect_uri: format!("{}/sessions", caller.origin), return_to, code_challenge })
}

/// What a provider sends people back with.
#[derive(Debug, Default, Deserialize)]
struct Return {
    state: Option<String>,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

async fn come_back(State(app): State<App>, asker: Asker, headers: HeaderMap, returned: Parameters<Return>) -> Answer {
    let mut returned = readable(returned)?;
    let state = returned.state.take().ok_or_else(|| Error::bad_request("The parameter state is missing."))?;
    let pending = sign_in::take(app.db(), &state, asker.now).await?;
    let destination = destination(&app, &headers, &pending);
    let arrived = match admit(&app, &asker, &headers, &pending, &destination, returned).await {
        Ok(identity) => hand_over(&app, &asker, &identity, &pending, &destination).await,
        Err(error) => Err(error),
    };
    match (arrived, destination) {
        (Ok(response), _) => Ok(response),
        (Err(error), Destination::Program(url) | Destination::Page(url)) if error.kind() != Kind::Internal => {
            redirect(url, &[("error", "access_denied"), ("message", error.message())])
        }
        (Err(error), _) => Err(error.into()),
    }
}

/// Where somebody goes who comes back.
enum Destination {
    /// To a program on their machine, with a code to swap.
    Program(Url),
    /// To the web interface, with the token.
    Page(Url),
    /// Nowhere: the client takes the token as JSON.
    Answer,
}

fn destination(app: &App, headers: &HeaderMap, pending: &Pending) -> Destination {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let (page, json) = (accept.contains("text/html"), accept.contains("application/json"));
    let return_to = pending.return_to.as_deref().and_then(|url| Url::parse(url).ok());
    match (return_to, &app.settings().ui_url) {
        (Some(url), _) if pending.code_challenge.is_some() => Destination::Program(url),
        (Some(url), _) if !json || page => Destination::Page(url),
        (None, Some(ui)) if page => Destination::Page(ui.clone()),
        _ => Destination::Answer,
    }
}

/// Who came back, checked.
async fn admit(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    pending: &Pending,
    destination: &Destination,
    returned: Return,
) -> Result<Identity> {
    let refused = |message: String| Error::new(Kind::Unauthenticated, message);
    // A page would be signed in as whoever made the address; a program proves that it asked, and JSON signs nothing in.
    if matches!(destination, Destination::Page(_)) && !pending.is_of_browser(cookie(headers)) {
        return Err(refused("This sign-in was started in another browser. Please start again.".into()));
    }
    let provider = enabled(app, caller, pending.identity_provider_id).await?;
    if returned.iss.as_deref().is_some_and(|iss| iss != provider.issuer.as_str()) {
        return Err(refused("This answer is of another identity provider. Please start again.".into()));
    }
    if let Some(error) = returned.error {
        let told: String =
            returned.error_description.unwrap_or(error).chars().filter(|c| !c.is_control()).take(200).collect();
        return Err(refused(format!("The identity provider {} refused the sign-in: {told}.", provider.name)));
    }
    let code = returned.code.ok_or_else(|| Error::bad_request("The parameter code is missing."))?;
    let claims = app.relying_party().claims(app.db(), &provider, pending, &code, caller.now).await?;
    let admit = async || {
        let tx = app.db().begin().await?;
        let identity = sign_in::admit(&tx, caller, provider.id, &claims, &app.settings().admin_emails).await?;
        tx.commit().await?;
        Ok::<_, Error>(identity)
    };
    match admit().await {
        // Somebody who signs in for the first time in two places at once is made in one of them.
        Err(error) if matches!(error.kind(), Kind::Invalid | Kind::Conflict) => admit().await,
        admitted => admitted,
    }
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    pairs.flat_map(|list| list.split(';')).find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// Gives what was asked for.
async fn hand_over(
    app: &App,
    caller: &Caller,
    identity: &Identity,
    pending: &Pending,
    destination: &Destination,
) -> Result<Response> {
    let tx = app.db().begin().await?;
    if let (Destination::Program(url), Some(challenge)) = (destination, &pending.code_challenge) {
        let code = sign_in::give_code(&tx, identity, challenge, caller.now).await?;
        tx.commit().await?;
        return redirect(url.clone(), &[("code", code.expose())]).map_err(Problem::into_error);
    }
    let keys = app.authenticator().keys();
    let session = session::open(&tx, keys, caller, identity.user_id, Some(identity.id)).await?;
    tx.commit().await?;
    match destination {
        Destination::Page(url) => {
            redirect(url.clone(), &[("jwt", session.token.expose())]).map_err(Problem::into_error)
        }
        Destination::Answer | Destination::Program(_) => granted(&session).map_err(Problem::into_error),
    }
}

/// A session as JSON.
fn granted(session: &Session) -> Answer {
    let token = session.token.expose();
    let body = json!({ "jwt": token, "authorization": format!("Bearer {token}"), "expires_at": session.expires_at });
    let mut response = answer::json(StatusCode::OK, &body)?;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn redirect(mut url: Url, parameters: &[(&str, &str)]) -> Answer {
    url.query_pairs_mut().extend_pairs(parameters);
    let headers = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::SET_COOKIE, text(&format!("{COOKIE}=; Path=/sessions; HttpOnly; SameSite=Lax; Max-Age=0"))?),
    ];
    let mut response = (headers, Redirect::to(url.as_str())).into_response();
    *response.status_mut() = StatusCode::FOUND;
    Ok(response)
}

/// `POST /sessions`: with a provider's id it starts a sign-in, with a code it ends one.
async fn create(State(app): State<App>, asker: Asker, fields: Fields) -> Answer {
    let fields = fields.unwrapped("session");
    let text = |name: &str| fields.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    if let Some(code) = text("code") {
        let verifier = text("code_verifier").ok_or_else(|| Error::invalid_field("code_verifier", "is required"))?;
        let keys = app.authenticator().keys();
        return granted(&sign_in::swap_code(app.db(), keys, &asker, &code, &verifier).await?);
    }
    let provider = text("provider_id").or_else(|| text("identity_provider_id"));
    let provider = provider.ok_or_else(|| Error::invalid_field("provider_id", "is required, or else code"))?;
    let provider = provider.parse().map_err(|_| Error::invalid_field("provider_id", "must be a UUID"))?;
    let wish = Wish {
        return_to: text("return_to"),
        code_challenge: text("code_challenge"),
        code_challenge_method: text("code_challenge_method"),
    };
    send_away(&app, &asker, provider, wish).await
}

fn text(value: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::try_from(value).map_err(|error| Error::internal(error).into())
}
