//! Large files, sent in parts: after an interruption, be it of the command itself, from where the marketplace has them.

use std::time::Duration;

use backon::Retryable;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use reqwest::{Method, StatusCode};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};

use super::package::{PackageFile, is_passing, pauses, streamed};
use super::{Cause, Client, Failure, Result, accepted};
use crate::core::files::LARGEST_PART;

/// At which byte a part begins, or the next one would.
const OFFSET: &str = "Upload-Offset";
/// Whether a file ends with a part, or has arrived as a whole.
const COMPLETE: &str = "Upload-Complete";
/// How long a part may take: on the slowest connection that the marketplace bears with, and to put the file together.
const TRANSFER: Duration = Duration::from_secs(15 * 60);
/// How often a file may stand no further after a part than before.
const SETBACKS: usize = 8;

/// How far a file has come.
struct Place {
    offset: u64,
    complete: bool,
}

impl Place {
    /// What an answer says.
    fn of(headers: &HeaderMap) -> Option<Self> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        Some(Self { offset: text(OFFSET)?.parse().ok()?, complete: text(COMPLETE)? == "?1" })
    }

    fn required(headers: &HeaderMap) -> Result<Self> {
        Self::of(headers).ok_or_else(|| {
            Failure::new(
                Cause::Other,
                format!("The marketplace takes no parts of files: it answered without {OFFSET}."),
            )
        })
    }
}

impl Client {
    /// Sends a file in parts, from where it stands, telling how many of its bytes are there with each piece.
    pub(super) async fn send_in_parts(
        &self,
        file: PackageFile<'_>,
        size: u64,
        sent: impl Fn(u64) + Clone + Send + 'static,
    ) -> Result<()> {
        let look = || self.place_of(file);
        let (mut place, mut setbacks) = (look.retry(pauses()).when(is_passing).await?, 0);
        while !place.complete {
            let from = place.offset;
            let send = || async {
                sent(from);
                let failure = match self.send_part(file, size, from, sent.clone()).await {
                    Err(failure) if is_passing(&failure) => failure,
                    done => return done,
                };
                // Its answer may have been lost, or this part be another's by now.
                let place = self.place_of(file).await.ok().filter(|place| place.complete || place.offset != from);
                place.ok_or(failure)
            };
            let next = send.retry(pauses()).when(is_passing).await?;
            setbacks += usize::from(!next.complete && next.offset <= from);
            if setbacks > SETBACKS {
                let message = "The marketplace does not keep the parts of the file. Try again later.";
                return Err(Failure::new(Cause::Other, message));
            }
            place = next;
        }
        sent(size);
        Ok(())
    }

    /// How far a file has come.
    async fn place_of(&self, file: PackageFile<'_>) -> Result<Place> {
        let request = self.request(Method::HEAD, &file.address()).query(&[("kind", file.kind.word())]);
        Place::required(self.answer(request).await?.headers())
    }

    /// Sends the part of a file that begins at this offset. Answers how far the file has come, be it by other means.
    async fn send_part(
        &self,
        file: PackageFile<'_>,
        size: u64,
        offset: u64,
        sent: impl Fn(u64) + Send + 'static,
    ) -> Result<Place> {
        let unreadable = |error| file.unreadable(&error);
        let length = size.saturating_sub(offset).min(LARGEST_PART);
        let mut open = File::open(file.path).await.map_err(unreadable)?;
        open.seek(SeekFrom::Start(offset)).await.map_err(unreadable)?;
        let query = [("kind", file.kind.word()), ("media_type", file.media_type)];
        let request = self.request(Method::PATCH, &file.address()).query(&query).timeout(TRANSFER);
        let request = request.header(CONTENT_TYPE, "application/partial-upload").header(CONTENT_LENGTH, length);
        let last = if offset + length >= size { "?1" } else { "?0" };
        let request = request.header(OFFSET, offset).header(COMPLETE, last);
        let request = request.body(streamed(open.take(length), offset, sent));
        let response = request.send().await.map_err(Failure::from)?;
        match Place::of(response.headers()).filter(|_| response.status() == StatusCode::CONFLICT) {
            Some(place) => Ok(place),
            None => Place::required(accepted(response).await?.headers()),
        }
    }
}
