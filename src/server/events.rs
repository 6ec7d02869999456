//! Events for those who poll: `GET /events?stream=…&after=…`, the twin of the WebSocket.

use axum::extract::{Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use uuid::Uuid;

use super::App;
use super::asker::Asker;
use super::problem::Problem;
use crate::core::access::{Caller, Verb};
use crate::core::event::{self, Delivery, Stream};
use crate::core::model::Attempt;
use crate::core::resource::Resource;
use crate::core::{Error, Result};

/// Instead of an event's id: the newest, to know where the stream stands.
const LATEST: &str = "latest";
const LIMIT: i64 = 100;
const MAX_LIMIT: i64 = 1000;

/// What is asked for.
#[derive(Deserialize)]
pub struct Parameters {
    stream: Option<String>,
    after: Option<String>,
    limit: Option<i64>,
}

/// The events of a stream after one of them, oldest first, as far as the caller may read them.
pub async fn index(
    State(app): State<App>,
    asker: Asker,
    parameters: Result<Query<Parameters>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let Query(parameters) =
        parameters.map_err(|_| Error::bad_request("The parameters are stream, after (an event's id) and limit."))?;
    let stream = stream(&asker, parameters.stream.as_deref(), app.settings().anonymous_events)?;
    let after: Option<Uuid> = match parameters.after.as_deref() {
        None | Some("" | LATEST) => None,
        Some(id) => Some(
            id.parse().map_err(|_| Error::bad_request("The parameter after must be the id of an event, a UUID."))?,
        ),
    };
    if parameters.after.as_deref() == Some(LATEST) {
        return answer(&[], event::newest(app.db(), &asker, stream).await?);
    }
    let limit = parameters.limit.unwrap_or(LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Error::bad_request(format!("The parameter limit must be from 1 to {MAX_LIMIT}.")).into());
    }
    let deliveries = event::since(app.db(), &asker, stream, after, limit).await?;
    answer(&deliveries, deliveries.last().map(|delivery| delivery.id).or(after))
}

/// The stream of this name, if the caller may follow it.
fn stream(caller: &Caller, name: Option<&str>, anonymous_events: bool) -> Result<Stream> {
    if !anonymous_events || !matches!(name, None | Some("catalog")) {
        caller.require_signed_in()?;
    }
    match name {
        None | Some("catalog") => Ok(Stream::Catalog),
        Some("account") => caller.user_id().map(Stream::Account).ok_or_else(|| Error::not_found("stream")),
        Some("audit") if caller.permits(Attempt::TABLE.permission(), Verb::Read) => Ok(Stream::Audit),
        Some("audit") => Err(caller.refusal(Attempt::TABLE.permission(), Verb::Read)),
        Some(_) => Err(Error::not_found("stream")),
    }
}

/// Bodies are JSON already, so they are joined rather than parsed and written again.
fn answer(deliveries: &[Delivery], last: Option<Uuid>) -> Result<Response, Problem> {
    let bodies: Vec<&str> = deliveries.iter().map(|delivery| &*delivery.body).collect();
    let last = serde_json::to_string(&last).map_err(Error::internal)?;
    let answer = format!(r#"{{"results":[{}],"last_id":{last}}}"#, bodies.join(","));
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], answer).into_response())
}
