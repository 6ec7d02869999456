//! What products and builds can do beyond the common verbs.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use serde::Serialize;

use super::App;
use super::answer;
use super::asker::Asker;
use super::crud::Ids;
use super::problem::Problem;
use crate::core::model::{Build, Product};
use crate::core::{Error, Result};

/// The routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/products/{product_id}/publish", post(publish))
        .route("/products/{product_id}/unpublish", post(unpublish))
        .route("/products/{product_id}/builds/{build_id}/publish", post(publish_build))
        .route("/products/{product_id}/builds/{build_id}/yank", post(yank_build))
}

async fn publish(State(app): State<App>, asker: Asker, ids: Ids) -> Result<Response, Problem> {
    let [product] = exactly(&ids)?;
    done(&Product::publish(app.db(), &asker, product).await?)
}

async fn unpublish(State(app): State<App>, asker: Asker, ids: Ids) -> Result<Response, Problem> {
    let [product] = exactly(&ids)?;
    done(&Product::unpublish(app.db(), &asker, product).await?)
}

async fn publish_build(State(app): State<App>, asker: Asker, ids: Ids) -> Result<Response, Problem> {
    let [product, build] = exactly(&ids)?;
    done(&Build::publish(app.db(), &asker, product, build).await?)
}

async fn yank_build(State(app): State<App>, asker: Asker, ids: Ids) -> Result<Response, Problem> {
    let [product, build] = exactly(&ids)?;
    done(&Build::yank(app.db(), &asker, product, build).await?)
}

fn exactly<const N: usize>(Ids(ids): &Ids) -> Result<[uuid::Uuid; N]> {
    ids.as_slice().try_into().map_err(Error::internal)
}

fn done(changed: &impl Serialize) -> Result<Response, Problem> {
    answer::json(StatusCode::OK, changed)
}
