//! Deployments: what is to run on a platform, moving instances from build to build, what they print, and which agent keeps the
//! platform.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post, put};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::App;
use super::answer;
use super::asker::Asker;
use super::body::Fields;
use super::crud::{Answer, Ids};
use super::problem::Problem;
use crate::core::deployment::{Plan, Proposal, logs, update};
use crate::core::{Error, keeper};

/// The routes.
pub fn routes() -> Router<App> {
    let of_instance =
        |end: &str| format!("/users/{{user_id}}/platforms/{{platform_id}}/instances/{{instance_id}}/{end}");
    Router::new()
        .route("/users/{user_id}/platforms/{platform_id}/plan", get(plan).post(propose))
        .route("/platforms/{platform_id}/plan", get(plan).post(propose))
        .route("/platforms/{platform_id}/keepers/{agent_id}", put(keep).delete(leave))
        .route(&of_instance("update"), post(move_on))
        .route(&of_instance("rollback"), post(move_back))
        .route(&of_instance("logs"), get(show_logs).put(keep_logs))
}

async fn plan(State(app): State<App>, asker: Asker, ids: Ids) -> Answer {
    let (ancestors, platform) = ids.split()?;
    answer::json(StatusCode::OK, &Plan::of(app.db(), &asker, ancestors, platform, None).await?)
}

async fn propose(State(app): State<App>, asker: Asker, ids: Ids, fields: Fields) -> Answer {
    let (ancestors, platform) = ids.split()?;
    let fields = fields.unwrapped("instance");
    let proposal = Proposal {
        product_id: optional(&fields, "product_id")?,
        build_id: optional(&fields, "build_id")?,
        configuration_id: optional(&fields, "configuration_id")?,
        launch_bindings: optional(&fields, "launch_bindings")?.unwrap_or_default(),
    };
    answer::json(StatusCode::OK, &Plan::of(app.db(), &asker, ancestors, platform, Some(proposal)).await?)
}

/// A field of a body that may be left out.
fn optional<T: serde::de::DeserializeOwned>(fields: &Map<String, Value>, name: &str) -> Result<Option<T>, Error> {
    let value = fields.get(name).cloned().unwrap_or_default();
    serde_json::from_value(value).map_err(|error| Error::invalid_field(name, format!("can't be read: {error}")))
}

async fn keep(State(app): State<App>, asker: Asker, ids: Ids) -> Answer {
    let agent = agent(&asker, &ids)?;
    let keeper = keeper::keep(app.db(), &asker, agent).await?;
    if let Some(platform) = asker.platform_id() {
        app.presence().beat(platform.uuid(), platform, asker.address);
    }
    answer::json(StatusCode::OK, &keeper)
}

async fn leave(State(app): State<App>, asker: Asker, ids: Ids) -> Answer {
    keeper::leave(app.db(), &asker, agent(&asker, &ids)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The agent in the path, which must be of the platform that asks.
fn agent(asker: &Asker, ids: &Ids) -> Result<Uuid, Problem> {
    let [platform, agent] = ids.exactly()?;
    match asker.platform_id() {
        Some(own) if own.uuid() != platform => Err(Error::not_found("platform").into()),
        _ => Ok(agent),
    }
}

async fn move_on(State(app): State<App>, asker: Asker, ids: Ids, fields: Fields) -> Answer {
    let (ancestors, instance) = ids.split()?;
    let build = optional(&fields.unwrapped("instance"), "build_id")?;
    answer::json(StatusCode::OK, &update::update(app.db(), &asker, ancestors, instance, build).await?)
}

async fn move_back(State(app): State<App>, asker: Asker, ids: Ids) -> Answer {
    let (ancestors, instance) = ids.split()?;
    answer::json(StatusCode::OK, &update::roll_back(app.db(), &asker, ancestors, instance).await?)
}

async fn show_logs(State(app): State<App>, asker: Asker, ids: Ids) -> Answer {
    let (ancestors, instance) = ids.split()?;
    answer::json(StatusCode::OK, &logs::find(app.db(), &asker, ancestors, instance).await?)
}

async fn keep_logs(State(app): State<App>, asker: Asker, ids: Ids, fields: Fields) -> Answer {
    let (ancestors, instance) = ids.split()?;
    let content = optional(&fields.unwrapped("logs"), "content")?
        .ok_or_else(|| Error::invalid_field("content", "is required"))?;
    logs::keep(app.db(), &asker, ancestors, instance, content).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
