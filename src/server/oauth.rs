//! `POST /oauth/token` (RFC 6749): how devices and platforms get their tokens, with the errors that OAuth has for it.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Map, Value, json};

use super::App;
use super::asker::Asker;
use super::body::Fields;
use super::problem::Problem;
use crate::core::clock::Timestamp;
use crate::core::field::{Field, Line};
use crate::core::session::device::{self, Told};
use crate::core::session::{Session, assertion};
use crate::core::{Error, Kind, Result};

/// What a device asks with (RFC 8628, 3.4).
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// What a platform proves itself with (RFC 7523, 2.2).
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The routes.
pub fn routes() -> Router<App> {
    Router::new().route("/oauth/token", post(token)).route("/device/code", post(device_code))
}

/// A refusal in OAuth's words (RFC 6749, 5.2).
struct Refusal(StatusCode, &'static str, String);

impl Refusal {
    fn bad(error: &'static str, message: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, error, message.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, error, message) = self;
        let body = json!({ "error": error, "error_description": message, "message": message });
        (status, [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], axum::Json(body)).into_response()
    }
}

async fn token(State(app): State<App>, asker: Asker, fields: Fields) -> Result<Response, Problem> {
    let fields = fields.unwrapped("token");
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let given = match text("grant_type") {
        DEVICE => for_device(&app, &asker, text("device_code")).await?,
        "client_credentials" => for_platform(&app, &asker, &fields).await?,
        _ => Err(Refusal::bad(
            "unsupported_grant_type",
            format!("The grant_type must be client_credentials or {DEVICE}."),
        )),
    };
    Ok(match given {
        Ok(session) => granted(&session, asker.now),
        Err(refusal) => refusal.into_response(),
    })
}

fn granted(session: &Session, now: Timestamp) -> Response {
    let seconds = (session.expires_at.datetime() - now.datetime()).num_seconds();
    let body = json!({ "access_token": session.token.expose(), "token_type": "Bearer", "expires_in": seconds });
    ([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], axum::Json(body)).into_response()
}

async fn for_device(app: &App, asker: &Asker, device_code: &str) -> Result<Result<Session, Refusal>> {
    let told = device::ask(app.db(), app.authenticator().keys(), asker, device_code).await?;
    Ok(match told {
        Told::SignedIn(session) => Ok(session),
        Told::Pending => Err(Refusal::bad("authorization_pending", "Nobody has approved this device yet.")),
        Told::SlowDown => Err(Refusal::bad("slow_down", "Nobody has approved this device yet. Ask less often.")),
        Told::Denied => Err(Refusal::bad("access_denied", "This device was refused.")),
        Told::Expired => {
            Err(Refusal::bad("expired_token", "This device code is unknown or holds no longer. Start again."))
        }
    })
}

async fn for_platform(app: &App, asker: &Asker, fields: &Map<String, Value>) -> Result<Result<Session, Refusal>> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("client_assertion_type") != ASSERTION {
        let message = format!("The client_assertion_type must be {ASSERTION}.");
        return Ok(Err(Refusal::bad("invalid_request", message)));
    }
    let keys = app.authenticator().keys();
    match assertion::sign_in(app.db(), keys, asker, text("client_assertion")).await {
        Ok(session) => Ok(Ok(session)),
        Err(error) if error.kind() == Kind::Unauthenticated => {
            Ok(Err(Refusal(StatusCode::UNAUTHORIZED, "invalid_client", error.message().to_owned())))
        }
        Err(error) => Err(error),
    }
}

/// `POST /device/code` (RFC 8628, 3.1).
async fn device_code(State(app): State<App>, asker: Asker, fields: Fields) -> Result<Response, Problem> {
    let fields = fields.unwrapped("device");
    let client = fields.get("client").cloned().unwrap_or_else(|| "A device".into());
    let client = Line::parse(&client).map_err(|must| Error::invalid_field("client", must))?;
    let codes = device::begin(app.db(), &client, asker.now).await?;
    let page = format!("{}/device", asker.origin);
    let body = json!({
        "device_code": codes.device_code.expose(),
        "user_code": codes.user_code,
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={}", codes.user_code),
        "expires_in": device::LIFETIME,
        "interval": device::INTERVAL,
    });
    Ok(([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], axum::Json(body)).into_response())
}
