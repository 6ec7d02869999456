//! The marketplace about itself: what it is, whether it is well, and who asks.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Serialize;

use super::App;
use super::asker::{Asker, bearer};
use super::problem::Problem;
use super::ui;
use crate::core::access::{Caller, Permissions, Scopes};
use crate::core::clock::{self, Timestamp};
use crate::core::db::{Db, FromRow, State as Migration};
use crate::core::id::Id;
use crate::core::model::{Identity, IdentityProvider, Platform, Token, User};
use crate::core::resource::{self, Located};
use crate::core::review::Requirements;
use crate::core::{Error, Result};

/// The routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/", get(root))
        .route("/status", get(status))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
}

/// What is at the root.
#[derive(Serialize)]
pub struct Root {
    message: String,
    title: String,
    ui: String,
    openapi: String,
    docs: String,
    status: String,
}

async fn root(State(app): State<App>, asker: Asker, headers: HeaderMap) -> Response {
    let elsewhere = app.settings().ui_url.as_ref().map(ToString::to_string);
    let wants_page = headers.get(header::ACCEPT).is_some_and(|accept| {
        accept.to_str().is_ok_and(|accept| accept.contains("text/html") && !accept.contains("application/json"))
    });
    if wants_page {
        return Redirect::to(elsewhere.as_deref().unwrap_or(ui::HOME)).into_response();
    }
    let origin = &asker.origin;
    let ui = elsewhere.unwrap_or_else(|| format!("{origin}{}", ui::HOME));
    axum::Json(Root {
        message: "This is the API of a marketplace, for programs. People use the web interface.".into(),
        title: app.settings().title.clone(),
        ui,
        openapi: format!("{origin}/openapi.json"),
        docs: format!("{origin}/docs"),
        status: format!("{origin}/status"),
    })
    .into_response()
}

/// Whether the marketplace is well, and who asks.
#[derive(Serialize)]
pub struct Status {
    message: String,
    version: &'static str,
    rules: Rules,
    product: Clock,
    database: Clock,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwt: Option<Jwt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<Principal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<Located<Platform>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<Permissions>,
}

/// What the operator lets people do, and requires of builds before they are published.
#[derive(Serialize)]
pub struct Rules {
    /// Whether owners publish what is theirs.
    self_publishing: bool,
    #[serde(flatten)]
    requires: Requirements,
}

/// An instant.
#[derive(Serialize)]
pub struct Clock {
    datetime: Timestamp,
}

/// What the request is signed in by.
#[derive(Serialize)]
pub struct Jwt {
    id: Option<Id<Token>>,
    encoded: String,
    scopes: Scopes,
    expires_at: Option<Timestamp>,
}

/// Who asks.
#[derive(Serialize)]
pub struct Principal {
    id: Option<Id<Identity>>,
    user_id: Id<User>,
    user: Located<User>,
    provider: Option<Provider>,
}

/// Who vouches for it.
#[derive(Serialize, FromRow)]
pub struct Provider {
    id: Id<IdentityProvider>,
    name: String,
}

async fn status(State(app): State<App>, asker: Asker, headers: HeaderMap) -> Result<axum::Json<Status>, Problem> {
    let database: Timestamp = app.db().now().await?;
    // Who one is can be asked with any token, whatever its scopes.
    let unlimited = asker.unlimited();
    let identity = match asker.user_id() {
        Some(user_id) => Some(identity(app.db(), &unlimited, user_id).await?),
        None => None,
    };
    let platform = match asker.platform_id() {
        Some(id) => Some(resource::find::<Platform>(app.db(), &unlimited, &[], id.uuid()).await?),
        None => None,
    };
    let credential = &asker.principal.credential;
    let jwt = bearer(&headers)?.map(|encoded| Jwt {
        id: credential.token,
        encoded: encoded.to_owned(),
        scopes: credential.scopes.clone(),
        expires_at: credential.expires_at,
    });
    Ok(axum::Json(Status {
        message: "The marketplace and its database are healthy.".into(),
        version: env!("CARGO_PKG_VERSION"),
        rules: Rules { self_publishing: asker.self_publishing, requires: asker.requires },
        product: Clock { datetime: clock::now() },
        database: Clock { datetime: database },
        permissions: identity.is_some().then(|| asker.permissions().in_full()),
        jwt,
        identity,
        platform,
    }))
}

async fn identity(db: &Db, caller: &Caller, user_id: Id<User>) -> Result<Principal> {
    let id = caller.principal.credential.identity;
    let provider = crate::sql!(
        "select identity_providers.id, identity_providers.name from identity_providers \
         join identities on identities.identity_provider_id = identity_providers.id where identities.id = $1",
        id.map(Id::uuid)
    );
    let user = resource::find::<User>(db, caller, &[], user_id.uuid()).await?;
    Ok(Principal { id, user_id, user, provider: db.optional(provider).await? })
}

async fn livez() -> Response {
    healthy()
}

async fn readyz(State(app): State<App>) -> Result<Response, Problem> {
    if app.shutdown().started() {
        return Err(Error::unavailable("The server is stopping.").into());
    }
    let migrations = app.db().migrations().await?;
    if migrations.iter().any(|migration| migration.state == Migration::Pending) {
        return Err(Error::unavailable("The database lacks migrations. Run mkt migrate.").into());
    }
    Ok(healthy())
}

fn healthy() -> Response {
    (StatusCode::OK, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], r#"{"message":"ok"}"#)
        .into_response()
}
