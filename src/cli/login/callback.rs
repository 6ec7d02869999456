//! The port of this machine that the browser comes back to.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use url::Url;

use crate::cli::error::{Code, Failed};
use crate::core::secret::Secret;

/// How long people may take to sign in.
const PATIENCE: Duration = Duration::from_secs(5 * 60);
/// How long the last page may take to be sent.
const FAREWELL: Duration = Duration::from_secs(2);

/// A listener for one browser, known by the state that it brings back.
pub struct Callback {
    listener: TcpListener,
    state: Secret,
}

/// What a browser brings.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
    message: Option<String>,
}

/// What is waited for.
struct Expected {
    state: Secret,
    outcome: mpsc::Sender<Result<String, Failed>>,
}

impl Callback {
    /// Listens on a free port that only this machine reaches.
    pub async fn listen() -> Result<Self, Failed> {
        Ok(Self { listener: TcpListener::bind("127.0.0.1:0").await?, state: Secret::random()? })
    }

    /// Where the browser is to come back to.
    pub fn address(&self) -> Result<Url, Failed> {
        let address = format!("http://{}/callback?state={}", self.listener.local_addr()?, self.state.expose());
        address.parse().map_err(|error| Failed::new(format!("{address}: {error}")))
    }

    /// The code that it comes back with.
    pub async fn code(self) -> Result<String, Failed> {
        let (outcome, mut outcomes) = mpsc::channel(1);
        let (stop, stopped) = oneshot::channel::<()>();
        let expected = Arc::new(Expected { state: self.state, outcome });
        let routes = Router::new().route("/callback", get(came_back)).with_state(expected);
        let serving = axum::serve(self.listener, routes).with_graceful_shutdown(async { drop(stopped.await) });
        let serving = tokio::spawn(serving.into_future());
        let first = timeout(PATIENCE, outcomes.recv()).await;
        drop(stop);
        // The page may still be on its way to the browser.
        drop(timeout(FAREWELL, serving).await);
        match first {
            Ok(Some(outcome)) => outcome,
            Ok(None) | Err(_) => Err(Failed::with_code(Code::Away, "Nobody signed in within five minutes.")
                .hint("Where the browser is on another machine, use: mkt login --device")),
        }
    }
}

async fn came_back(State(expected): State<Arc<Expected>>, Query(answer): Query<Answer>) -> Response {
    if !expected.state.matches(&answer.state) {
        return page(StatusCode::BAD_REQUEST, "This is not the answer that was waited for.");
    }
    let (outcome, text) = match (answer.code, answer.error) {
        (Some(code), None) => (Ok(code), "You are signed in. You can close this window."),
        (_, error) => (Err(refused(error, answer.message)), "Signing in failed. The terminal says why."),
    };
    // Only the first answer counts.
    let _ = expected.outcome.try_send(outcome);
    page(StatusCode::OK, text)
}

fn refused(error: Option<String>, message: Option<String>) -> Failed {
    let error = error.unwrap_or_else(|| "no code".to_owned());
    Failed::with_code(Code::Refused, message.unwrap_or_else(|| format!("Signing in was refused: {error}.")))
}

/// A page of one sentence. Nothing that the browser brought is in it.
fn page(status: StatusCode, text: &'static str) -> Response {
    let html =
        format!("<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>mkt</title><p>{text}</p></html>\n");
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONNECTION, "close"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (status, headers, Html(html)).into_response()
}
