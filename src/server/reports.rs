//! What agents tell over plain HTTP: `…/instances/{instance}/reports`, the twin of what they say over the WebSocket; and who of
//! them is there, `…/platforms/{platform}/agents`.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::json;
use uuid::Uuid;

use super::App;
use super::answer;
use super::asker::Asker;
use super::body::Fields;
use super::crud::Answer;
use crate::core::clock;
use crate::core::id::Id;
use crate::core::model::Platform;
use crate::core::presence;
use crate::core::report::Report;
use crate::core::resource;

/// The routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/users/{user_id}/platforms/{platform_id}/instances/{instance_id}/reports", get(index).post(create))
        .route("/users/{user_id}/platforms/{platform_id}/agents", get(agents))
}

type Instance = Path<(Uuid, Uuid, Uuid)>;

async fn index(State(app): State<App>, asker: Asker, Path((user, platform, instance)): Instance) -> Answer {
    let reports = Report::list(app.db(), &asker, &[user, platform], instance).await?;
    answer::json(StatusCode::OK, &json!({ "results": reports }))
}

async fn create(
    State(app): State<App>,
    asker: Asker,
    Path((user, platform, instance)): Instance,
    fields: Fields,
) -> Answer {
    let report = Report::read(fields.unwrapped("report"), clock::now())?;
    report.keep(app.db(), &asker, &[user, platform], instance).await?;
    if let Some(platform) = asker.platform_id() {
        let beat = presence::Beat::over_http(platform, asker.address, clock::now());
        presence::note(app.db(), &[beat], &[]).await?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn agents(State(app): State<App>, asker: Asker, Path((user, platform)): Path<(Uuid, Uuid)>) -> Answer {
    let id: Id<Platform> = platform.into();
    resource::load::<Platform>(app.db(), &asker, &[user], platform).await?;
    let agents = presence::agents(app.db(), id, clock::now()).await?;
    answer::json(StatusCode::OK, &json!({ "results": agents }))
}
