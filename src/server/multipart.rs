//! Multipart forms read part by part, in bounded memory whatever their sender does.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use axum::http::StatusCode;
use futures_util::Stream;
use futures_util::stream::{StreamExt, try_unfold};

use super::App;
use super::body::LIMIT;
use super::problem::Problem;
use crate::core::{Error, Result};

/// The most parts of a form.
const PARTS: usize = 1000;
/// How many bytes of the limit on text the head of a part counts for.
const HEAD: usize = 256;
/// The most bytes that wait for the rest of a part's head, or of the form's preamble.
const WAITING: usize = 2 * LIMIT;

/// A form that is being read.
pub struct Form {
    parts: Multipart,
    budget: Budget,
}

/// What may still be taken in.
pub struct Budget {
    parts: usize,
    text: usize,
    waiting: Arc<AtomicUsize>,
}

impl Form {
    /// Starts to read a form.
    ///
    /// # Errors
    /// When it names no boundary.
    pub async fn open(request: Request, app: &App) -> Result<Self, Problem> {
        let waiting = Arc::new(AtomicUsize::new(0));
        let paced = |body: Body| {
            Body::from_stream(Paced { body: body.into_data_stream(), resting: false, waiting: waiting.clone() })
        };
        let mut request = request.map(paced);
        // What is too much is told here, part by part.
        DefaultBodyLimit::disable().apply(&mut request);
        let parts = Multipart::from_request(request, app)
            .await
            .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "The multipart form names no boundary."))?;
        Ok(Self { parts, budget: Budget { parts: PARTS, text: LIMIT, waiting } })
    }

    /// The next part.
    ///
    /// # Errors
    /// When the form is malformed, has too many parts or breaks off.
    pub async fn next(&mut self) -> Result<Option<(Field<'_>, &mut Budget)>, Problem> {
        let left = self.budget.parts.checked_sub(1);
        self.budget.parts = left.ok_or_else(|| Error::bad_request("The multipart form has too many parts."))?;
        let part = self.parts.next_field().await.map_err(malformed)?;
        if part.is_some() {
            self.budget.spend(HEAD)?;
        }
        Ok(part.map(|part| (part, &mut self.budget)))
    }
}

impl Budget {
    /// The text of a part.
    ///
    /// # Errors
    /// When all text together is too large, or it is not UTF-8.
    pub async fn text(&mut self, mut part: Field<'_>) -> Result<String, Problem> {
        let mut text = Vec::new();
        while let Some(piece) = self.piece(&mut part).await? {
            self.spend(piece.len())?;
            text.extend(piece);
        }
        String::from_utf8(text).map_err(|_| Error::bad_request("The multipart form has text that is not UTF-8.").into())
    }

    /// Reads a part to its end, for nothing.
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub async fn skip(&mut self, mut part: Field<'_>) -> Result<(), Problem> {
        while let Some(piece) = self.piece(&mut part).await? {
            self.spend(piece.len())?;
        }
        Ok(())
    }

    /// The bytes of a part that is a file.
    pub fn bytes<'a>(&'a mut self, part: Field<'a>) -> impl Stream<Item = Result<Bytes>> + Send + Unpin + 'a {
        let pieces = try_unfold((self, part), |(budget, mut part)| async move {
            let piece = budget.piece(&mut part).await?;
            Ok(piece.map(|piece| (piece, (budget, part))))
        });
        pieces.boxed()
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Problem> {
        self.text = self.text.checked_sub(bytes).ok_or_else(|| Problem::too_large(LIMIT))?;
        Ok(())
    }

    async fn piece(&mut self, part: &mut Field<'_>) -> Result<Option<Bytes>> {
        let piece = part.chunk().await.map_err(malformed)?;
        if let Some(piece) = &piece {
            self.waiting.fetch_sub(piece.len(), Ordering::Relaxed);
        }
        Ok(piece)
    }
}

fn malformed(_: MultipartError) -> Error {
    Error::bad_request("The multipart form is malformed or broke off.")
}

/// A body that rests after every piece. The parser takes all that is ready before it looks at any of it, which from a
/// fast sender would be everything.
struct Paced {
    body: BodyDataStream,
    resting: bool,
    waiting: Arc<AtomicUsize>,
}

impl Stream for Paced {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.resting) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let piece = ready!(self.body.poll_next_unpin(context));
        self.resting = true;
        if let Some(Ok(bytes)) = &piece {
            let waiting = self.waiting.fetch_add(bytes.len(), Ordering::Relaxed) + bytes.len();
            if waiting > WAITING {
                return Poll::Ready(Some(Err(axum::Error::new(Error::bad_request("the form has no parts")))));
            }
        }
        Poll::Ready(piece)
    }
}
