//! Sessions over HTTP: how they end, and the keys to check their tokens with.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde_json::json;

use super::App;
use super::answer;
use super::asker::Asker;
use super::crud::{Answer, Ids};
use crate::core::model::{PublisherKey, Token};
use crate::core::{session, signing};

/// The routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/.well-known/jwks.json", get(keys))
        .route("/users/{user_id}/tokens/{token_id}/rotate", post(rotate))
        .route("/users/{user_id}/publisher_keys/{publisher_key_id}/revoke", post(revoke))
}

/// `DELETE /session`: the token that is sent ends, on every server.
pub async fn sign_out(State(app): State<App>, asker: Asker) -> Answer {
    session::close(app.db(), &asker).await?;
    answer::json(StatusCode::OK, &json!({ "message": "You are signed out." }))
}

async fn keys(State(app): State<App>) -> Answer {
    answer::json(StatusCode::OK, &signing::public_keys(app.db()).await?)
}

async fn rotate(State(app): State<App>, asker: Asker, ids: Ids) -> Answer {
    let [user, token] = ids.exactly()?;
    answer::json(StatusCode::OK, &Token::rotate(app.db(), &asker, user, token).await?)
}

async fn revoke(State(app): State<App>, asker: Asker, ids: Ids) -> Answer {
    let [user, key] = ids.exactly()?;
    answer::json(StatusCode::OK, &PublisherKey::revoke(app.db(), &asker, user, key).await?)
}
