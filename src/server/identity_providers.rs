//! What identity providers can do beyond the common verbs.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;

use super::App;
use super::answer;
use super::asker::Asker;
use super::crud::{Answer, Ids};
use crate::core::model::IdentityProvider;

/// The routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/identity_providers/{identity_provider_id}/enable", post(enable))
        .route("/identity_providers/{identity_provider_id}/disable", post(disable))
}

async fn enable(State(app): State<App>, asker: Asker, ids: Ids) -> Answer {
    let [provider] = ids.exactly()?;
    answer::json(StatusCode::OK, &IdentityProvider::enable(app.db(), &asker, provider).await?)
}

async fn disable(State(app): State<App>, asker: Asker, ids: Ids) -> Answer {
    let [provider] = ids.exactly()?;
    answer::json(StatusCode::OK, &IdentityProvider::disable(app.db(), &asker, provider).await?)
}
