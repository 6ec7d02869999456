//! The marketplace about itself: what it is, whether it is well, and who asks.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Serialize;

use super::App;
use super::asker::Asker;
use super::problem::Problem;
use crate::core::access::Permissions;
use crate::core::clock::{self, Timestamp};
use crate::core::db::State as Migration;
use crate::core::model::User;
use crate::core::resource::{self, Located};
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
    ui: Option<String>,
    openapi: String,
    docs: String,
    status: String,
}

async fn root(State(app): State<App>, asker: Asker, headers: HeaderMap) -> Response {
    let ui = app.settings().ui_url.as_ref().map(ToString::to_string);
    let wants_page = headers.get(header::ACCEPT).is_some_and(|accept| {
        accept.to_str().is_ok_and(|accept| accept.contains("text/html") && !accept.contains("application/json"))
    });
    if wants_page {
        return Redirect::to(ui.as_deref().unwrap_or("/docs")).into_response();
    }
    let origin = &asker.origin;
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
    product: Clock,
    database: Clock,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<Principal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<Permissions>,
}

/// An instant.
#[derive(Serialize)]
pub struct Clock {
    datetime: Timestamp,
}

/// Who asks.
#[derive(Serialize)]
pub struct Principal {
    user_id: crate::core::id::Id<User>,
    user: Located<User>,
}

async fn status(State(app): State<App>, asker: Asker) -> Result<axum::Json<Status>, Problem> {
    let database: Timestamp = app.db().now().await?;
    let identity = match asker.user_id() {
        None => None,
        Some(user_id) => {
            let user = resource::find::<User>(app.db(), &asker, &[], user_id.uuid()).await?;
            Some(Principal { user_id, user })
        }
    };
    Ok(axum::Json(Status {
        message: "The marketplace and its database are healthy.".into(),
        product: Clock { datetime: clock::now() },
        database: Clock { datetime: database },
        permissions: identity.is_some().then(|| asker.permissions().in_full()),
        identity,
    }))
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
