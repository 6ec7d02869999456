//! The page on which somebody approves a device that shows a code.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

use super::App;
use super::answer;
use super::asker::Asker;
use super::body::Fields;
use super::crud::Answer;
use crate::core::Error;
use crate::core::field::Field;
use crate::core::session::device;

/// Nothing but its own: the page holds a token while it is open.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// The routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/device", get(page).post(decide))
        .route("/device/page.js", get(async || file("text/javascript; charset=utf-8", include_str!("device/page.js"))))
        .route("/device/page.css", get(async || file("text/css; charset=utf-8", include_str!("device/page.css"))))
}

async fn page() -> Response {
    file("text/html; charset=utf-8", include_str!("device/page.html"))
}

fn file(media_type: &'static str, content: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (headers, content).into_response()
}

/// `POST /device`: what waits with a code, or with `approve` the decision about it.
async fn decide(State(app): State<App>, asker: Asker, fields: Fields) -> Answer {
    let fields = fields.unwrapped("device");
    let user_code = fields.get("user_code").and_then(|code| code.as_str());
    let user_code = user_code.ok_or_else(|| Error::invalid_field("user_code", "is required"))?;
    let Some(approve) = fields.get("approve") else {
        return answer::json(StatusCode::OK, &device::find(app.db(), &asker, user_code).await?);
    };
    let approve = bool::parse(approve).map_err(|must| Error::invalid_field("approve", must))?;
    device::decide(app.db(), &asker, user_code, approve).await?;
    let message = if approve { "The device is signed in." } else { "The device was refused." };
    answer::json(StatusCode::OK, &json!({ "message": message }))
}
