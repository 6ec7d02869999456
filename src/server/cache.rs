//! Answers kept for a moment: those to strangers, which are the same for all who ask the same, and those to everybody who
//! is signed in, for whoever has the same token. Any change made through this server shows at once, one made through another as soon as that server has
//! announced it, and the passing of an instant of publication within [`LIFETIME`].

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::App;
use super::asker::identify;
use super::problem::Problem;
use crate::core::access::{Actor, Scopes};

/// How long an answer is kept.
const LIFETIME: Duration = Duration::from_secs(1);
/// The most bytes that all kept answers take together.
const CAPACITY: u64 = 8 * 1024 * 1024;
/// The most bytes of an answer that is kept.
const LARGEST: u64 = 128 * 1024;
/// The longest address whose answer is kept.
const LONGEST_ADDRESS: usize = 1024;

/// What was asked, as of which state of the database.
#[derive(PartialEq, Eq, Hash)]
struct Question {
    generation: u64,
    /// Who asked, and within which scopes: what the answer depends on besides.
    asker: Actor,
    scopes: Scopes,
    origin: Arc<str>,
    address: String,
}

#[derive(Clone)]
struct Kept {
    headers: HeaderMap,
    body: Bytes,
}

/// The answers kept.
pub struct Cache(moka::sync::Cache<Question, Kept>);

impl Default for Cache {
    fn default() -> Self {
        let weigh = |question: &Question, kept: &Kept| {
            let headers: usize = kept.headers.values().map(|value| value.len()).sum();
            let all = question.address.len() + question.origin.len() + headers + kept.body.len() + 1024;
            u32::try_from(all).unwrap_or(u32::MAX)
        };
        Self(moka::sync::Cache::builder().max_capacity(CAPACITY).time_to_live(LIFETIME).weigher(weigh).build())
    }
}

/// Answers a `GET` as a moment ago, if nothing has changed since.
pub async fn keep(State(app): State<App>, request: Request, next: Next) -> Response {
    let address = request.uri().path_and_query().map(|address| address.as_str()).unwrap_or_default();
    if request.method() != Method::GET || address.len() > LONGEST_ADDRESS {
        return next.run(request).await;
    }
    let address = address.to_owned();
    let (mut parts, body) = request.into_parts();
    // The generation is read before the database is, so that a change in between makes this answer unreachable.
    let generation = app.db().generation();
    let caller = match identify(&mut parts, &app).await {
        Ok(caller) => caller,
        Err(error) => return Problem::from(error).into_response(),
    };
    let scopes = caller.principal.credential.scopes.clone();
    let question = Question { generation, asker: caller.principal.actor, scopes, origin: caller.origin, address };
    if let Some(Kept { headers, body }) = app.cache().0.get(&question) {
        return (headers, body).into_response();
    }
    let (parts, body) = next.run(Request::from_parts(parts, body)).await.into_parts();
    let small = body.size_hint().upper().is_some_and(|size| size <= LARGEST);
    if parts.status != StatusCode::OK || !small {
        return Response::from_parts(parts, body);
    }
    match axum::body::to_bytes(body, usize::MAX).await {
        Ok(body) => {
            app.cache().0.insert(question, Kept { headers: parts.headers.clone(), body: body.clone() });
            Response::from_parts(parts, Body::from(body))
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
