//! How long a request may take: a minute, and as long as its body keeps coming.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt};
use tokio::time::{Instant, sleep_until, timeout};

/// How long a request may take without any of its body arriving.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many bytes of a body a second must bring on the whole, beyond the first minute.
const SLOWEST: u64 = 16 * 1024;
/// How much of a body that nobody wants is still taken from the wire, and for how long: clients that send before they
/// listen would else find the connection broken instead of the refusal.
const LINGER: (usize, Duration) = (4 * 1024 * 1024, Duration::from_secs(2));

/// How far a body has come.
struct Progress {
    begun: Instant,
    latest: Instant,
    bytes: u64,
}

impl Progress {
    fn deadline(&self) -> Instant {
        let earned = Duration::from_secs(self.bytes / SLOWEST);
        (self.latest + PATIENCE).min(self.begun + PATIENCE + earned)
    }
}

/// How far a request has come, for those who go on when its body has ended.
#[derive(Clone)]
pub struct Pace(Arc<Mutex<Progress>>);

impl Pace {
    /// Notes that so many bytes were dealt with.
    pub fn note(&self, bytes: usize) {
        let mut progress = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        progress.latest = Instant::now();
        progress.bytes += bytes as u64;
    }

    fn deadline(&self) -> Instant {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).deadline()
    }
}

/// Ends requests that take too long, with 503.
pub async fn keep(mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let pace = Pace(Arc::new(Mutex::new(Progress { begun, latest: begun, bytes: 0 })));
    request.extensions_mut().insert(pace.clone());
    let request = request.map(|body| match body.is_end_stream() {
        true => body,
        false => Body::from_stream(Watched { body: Some(body.into_data_stream()), pace: pace.clone() }),
    });
    let response = next.run(request);
    tokio::pin!(response);
    loop {
        tokio::select! {
            response = &mut response => return response,
            () = sleep_until(pace.deadline()) => {
                if pace.deadline() <= Instant::now() {
                    return StatusCode::SERVICE_UNAVAILABLE.into_response();
                }
            }
        }
    }
}

/// A body that notes its progress, and is taken a little further when it is dropped before its end.
struct Watched {
    body: Option<BodyDataStream>,
    pace: Pace,
}

impl Stream for Watched {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let piece = ready!(body.poll_next_unpin(context));
        match &piece {
            Some(Ok(piece)) => self.pace.note(piece.len()),
            Some(Err(_)) | None => self.body = None,
        }
        Poll::Ready(piece)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let Some(body) = self.body.take() else { return };
        tokio::spawn(timeout(LINGER.1, async move {
            let mut left = LINGER.0;
            let mut body = body;
            while let Some(Ok(piece)) = body.next().await {
                match left.checked_sub(piece.len()) {
                    Some(rest) => left = rest,
                    None => return,
                }
            }
        }));
    }
}
