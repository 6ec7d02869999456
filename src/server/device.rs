//! Devices that show a code: how somebody comes to approve one.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Redirect;
use axum::routing::get;
use serde_json::json;
use url::Url;

use super::App;
use super::answer;
use super::asker::Asker;
use super::body::Fields;
use super::crud::Answer;
use super::ui;
use crate::core::Error;
use crate::core::field::Field;
use crate::core::session::device;

/// The routes.
pub fn routes() -> Router<App> {
    Router::new().route("/device", get(page).post(decide))
}

/// The short address that devices show leads to the web application.
async fn page(State(app): State<App>, RawQuery(query): RawQuery) -> Redirect {
    let home = app.settings().ui_url.as_ref().map_or(ui::HOME, Url::as_str).trim_end_matches('/');
    let query = query.map_or_else(String::new, |query| format!("?{query}"));
    Redirect::to(&format!("{home}/device{query}"))
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
