//! Packages: `POST /packages` takes a marketplace.json and does all that publishing it means, or tells what it would.

use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::App;
use super::answer;
use super::asker::Asker;
use super::body;
use super::problem::Problem;
use crate::core::{Error, Result, package};

/// What is asked for.
#[derive(Deserialize)]
pub struct Parameters {
    #[serde(default)]
    dry_run: bool,
}

/// Publishes a package, or with `dry_run=true` only compares it with what is there.
pub async fn publish(
    State(app): State<App>,
    asker: Asker,
    parameters: Result<Query<Parameters>, axum::extract::rejection::QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Query(parameters) =
        parameters.map_err(|_| Error::bad_request("The parameter dry_run must be true or false."))?;
    let bytes = body::bytes(request, &app).await?;
    let text = String::from_utf8(bytes.into())
        .map_err(|_| Error::bad_request("The body must be a marketplace.json in UTF-8."))?;
    let outcome = if parameters.dry_run {
        package::plan(app.db(), &asker, text).await?
    } else {
        package::publish(app.db(), &asker, text).await?
    };
    answer::json(StatusCode::OK, &outcome)
}
