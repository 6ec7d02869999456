//! The review of builds: the deeds that move one on its way to the public, and the history of who decided what.

use axum::Router;
use axum::extract::{OriginalUri, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use serde_json::Value;

use super::App;
use super::answer;
use super::asker::Asker;
use super::body::Fields;
use super::crud::{self, Answer, Ids};
use crate::core::field::{Field, Remark};
use crate::core::model::{Build, Review};
use crate::core::resource::{self, Resource};
use crate::core::{Error, Result};

/// The routes.
pub fn routes() -> Router<App> {
    let of_build = |end: &str| format!("/products/{{product_id}}/builds/{{build_id}}/{end}");
    Router::new()
        .route(&of_build("submit"), post(submit))
        .route(&of_build("validate"), post(validate))
        .route(&of_build("reject"), post(reject))
        .route(&of_build("publish"), post(publish))
        .route(&of_build("yank"), post(yank))
        .route(&of_build("reviews"), get(history))
        .route("/reviews", get(crud::index::<Review>))
        .route("/reviews/{review_id}", get(crud::show::<Review>))
}

async fn submit(State(app): State<App>, asker: Asker, ids: Ids) -> Answer {
    let [product, build] = ids.exactly()?;
    answer::json(StatusCode::OK, &Build::submit(app.db(), &asker, product, build).await?)
}

async fn validate(State(app): State<App>, asker: Asker, ids: Ids, headers: HeaderMap) -> Answer {
    let [product, build] = ids.exactly()?;
    let seen = answer::precondition(&headers);
    answer::json(StatusCode::OK, &Build::vouch(app.db(), &asker, product, build, seen.as_deref()).await?)
}

async fn reject(State(app): State<App>, asker: Asker, ids: Ids, headers: HeaderMap, fields: Fields) -> Answer {
    let [product, build] = ids.exactly()?;
    let (asker, reason) = with_reason(asker, fields)?;
    let reason = reason.ok_or_else(|| Error::invalid_field("reason", "must say why"))?;
    let seen = answer::precondition(&headers);
    answer::json(StatusCode::OK, &Build::reject(app.db(), &asker, product, build, seen.as_deref(), reason).await?)
}

async fn publish(State(app): State<App>, asker: Asker, ids: Ids, headers: HeaderMap) -> Answer {
    let [product, build] = ids.exactly()?;
    let seen = answer::precondition(&headers);
    answer::json(StatusCode::OK, &Build::publish(app.db(), &asker, product, build, seen.as_deref()).await?)
}

async fn yank(State(app): State<App>, asker: Asker, ids: Ids, fields: Fields) -> Answer {
    let [product, build] = ids.exactly()?;
    let (asker, reason) = with_reason(asker, fields)?;
    answer::json(StatusCode::OK, &Build::yank(app.db(), &asker, product, build, reason).await?)
}

/// Who asks, and why.
fn with_reason(asker: Asker, fields: Fields) -> Result<(Asker, Option<Remark>)> {
    let fields = fields.unwrapped(Build::TABLE.name);
    let reason = fields.get("reason").map_or(Ok(None), Option::parse);
    let reason = reason.map_err(|must| Error::invalid_field("reason", must))?;
    Ok((asker.sending_value(&Value::Object(fields)), reason))
}

async fn history(
    State(app): State<App>,
    asker: Asker,
    ids: Ids,
    OriginalUri(uri): OriginalUri,
    RawQuery(query): RawQuery,
) -> Answer {
    let [product, build] = ids.exactly()?;
    resource::load::<Build>(app.db(), &asker, &[product], build).await?;
    crud::related::<Review>(&app, &asker, &uri, query, ("build_id", build)).await
}
