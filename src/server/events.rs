//! Events for those who poll: `GET /events?stream=…&after=…&wait=…`, the twin of the WebSocket.

use std::time::Duration;

use std::num::NonZeroU32;

use axum::extract::{Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::time::sleep;
use uuid::Uuid;

use super::App;
use super::asker::Asker;
use super::cable::{Told, TooMany};
use super::problem::Problem;
use crate::core::access::{Caller, Verb};
use crate::core::event::{self, Delivery, Stream};
use crate::core::model::{Attempt, AuditEvent, Build};
use crate::core::resource::Resource;
use crate::core::{Error, Result};

/// Instead of an event's id: the newest, to know where the stream stands.
const LATEST: &str = "latest";
const LIMIT: i64 = 100;
const MAX_LIMIT: i64 = 1000;
/// For how many seconds somebody may wait for an event; less than a request may take.
const MAX_WAIT: u64 = 50;

/// What is asked for.
#[derive(Deserialize)]
pub struct Parameters {
    stream: Option<String>,
    after: Option<String>,
    limit: Option<i64>,
    wait: Option<u64>,
}

/// The events of a stream after one of them, oldest first, as far as the caller may read them.
pub async fn index(
    State(app): State<App>,
    asker: Asker,
    parameters: Result<Query<Parameters>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let Query(parameters) = parameters
        .map_err(|_| Error::bad_request("The parameters are stream, after (an event's id), limit and wait."))?;
    let stream = stream(&app, &asker, parameters.stream.as_deref()).await?;
    let after: Option<Uuid> = match parameters.after.as_deref() {
        None | Some("" | LATEST) => None,
        Some(id) => Some(
            id.parse().map_err(|_| Error::bad_request("The parameter after must be the id of an event, a UUID."))?,
        ),
    };
    if parameters.after.as_deref() == Some(LATEST) {
        // Before the newest is looked for: what happens in between comes after it.
        let offset = event::bounds(app.db(), stream).await?.last;
        return answer(&app, stream, &[], event::newest(app.db(), &asker, stream).await?, offset);
    }
    let limit = parameters.limit.unwrap_or(LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Error::bad_request(format!("The parameter limit must be from 1 to {MAX_LIMIT}.")).into());
    }
    let wait = parameters.wait.unwrap_or_default();
    if wait > MAX_WAIT {
        return Err(Error::bad_request(format!("The parameter wait must be from 0 to {MAX_WAIT} seconds.")).into());
    }
    let (deliveries, offset) = next(&app, &asker, stream, after, limit, Duration::from_secs(wait)).await?;
    answer(&app, stream, &deliveries, deliveries.last().map(|delivery| delivery.id).or(after), offset)
}

/// The next events after one, with the offset up to which the stream was read.
async fn page(
    app: &App,
    caller: &Caller,
    stream: Stream,
    after: Option<Uuid>,
    limit: i64,
) -> Result<(Vec<Delivery>, i64)> {
    // Before the events are: what happens in between comes after them.
    let last = event::bounds(app.db(), stream).await?.last;
    let deliveries = event::since(app.db(), caller, stream, after, limit).await?;
    let offset = deliveries.last().map_or(last, |delivery| delivery.offset);
    Ok((deliveries, offset))
}

/// The next events after one. Where there are none yet, waits for some.
async fn next(
    app: &App,
    asker: &Asker,
    stream: Stream,
    after: Option<Uuid>,
    limit: i64,
    wait: Duration,
) -> Result<(Vec<Delivery>, i64), Problem> {
    if wait.is_zero() {
        return Ok(page(app, asker, stream, after, limit).await?);
    }
    // From before the log is read, so that what happens in between is not missed.
    let membership = app.hub().join(Caller::clone(asker)).map_err(|TooMany| {
        let message = "Too many wait for events with these credentials already.";
        Problem::too_many(message, NonZeroU32::MIN.saturating_add(9))
    })?;
    membership.note("".into(), stream);
    membership.follow(stream);
    let over = sleep(wait);
    tokio::pin!(over);
    loop {
        let page = page(app, &membership.caller(), stream, after, limit).await?;
        if !page.0.is_empty() {
            return Ok(page);
        }
        tokio::select! {
            told = membership.next() => match told {
                // Somebody who has lost the right is told by the next request.
                Told::End(_) | Told::Narrowed => return Ok(page),
                Told::Parcels { .. } => {}
            },
            () = &mut over => return Ok(page),
            () = app.shutdown().announced() => return Ok(page),
        }
    }
}

/// The stream of this name, if the caller may follow it: one that is hidden is not there.
async fn stream(app: &App, caller: &Caller, name: Option<&str>) -> Result<Stream> {
    let unknown = || Error::not_found("stream");
    let stream = match name {
        None => Stream::Catalog,
        Some("account") => {
            caller.require_signed_in()?;
            Stream::Account(caller.user_id().ok_or_else(unknown)?)
        }
        Some(name) => name.parse().map_err(|()| unknown())?,
    };
    if stream != Stream::Chat && stream.is_open_to(app.db(), caller, app.settings().anonymous_events).await? {
        return Ok(stream);
    }
    caller.require_signed_in()?;
    match stream {
        Stream::Review => Err(caller.refusal(Build::TABLE.permission(), Verb::Validate)),
        Stream::Administration => Err(caller.refusal(AuditEvent::TABLE.permission(), Verb::Read)),
        Stream::Audit => Err(caller.refusal(Attempt::TABLE.permission(), Verb::Read)),
        _ => Err(unknown()),
    }
}

/// Bodies are JSON already, so they are joined rather than parsed and written again. With the epoch and the offset, a client
/// of the extended protocol goes on from here over the WebSocket.
fn answer(
    app: &App,
    stream: Stream,
    deliveries: &[Delivery],
    last: Option<Uuid>,
    offset: i64,
) -> Result<Response, Problem> {
    let bodies: Vec<&str> = deliveries.iter().map(|delivery| &*delivery.body).collect();
    let last = serde_json::to_string(&last).map_err(Error::internal)?;
    let (bodies, epoch) = (bodies.join(","), app.hub().epoch());
    let answer = format!(
        r#"{{"results":[{bodies}],"last_id":{last},"stream_id":"{stream}","epoch":"{epoch}","offset":{offset}}}"#
    );
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], answer).into_response())
}
