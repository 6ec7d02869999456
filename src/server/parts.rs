//! Files of packages in parts, in the words of Resumable Uploads for HTTP (draft-ietf-httpbis-resumable-upload): `HEAD` tells
//! how far a file has come, `PATCH` appends a part.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::TryStreamExt;

use super::App;
use super::asker::Asker;
use super::crud::Answer;
use super::deadline::Pace;
use super::packages::{self, Use};
use super::problem::Problem;
use crate::core::files::Labels;
use crate::core::package::parts::{Appended, Incoming, Part, Place};
use crate::core::package::uploads;
use crate::core::{Error, Result};

/// At which byte a part begins, or the next one would.
pub const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
/// Whether a file ends with a part, or has arrived as a whole.
pub const COMPLETE: HeaderName = HeaderName::from_static("upload-complete");
/// The media type of parts.
const PART: &str = "application/partial-upload";

/// How far a file of the caller's has come.
pub async fn place(
    State(app): State<App>,
    asker: Asker,
    Path(digest): Path<String>,
    of: Result<Query<Use>, QueryRejection>,
) -> Answer {
    uploads::allow(app.db(), &asker).await?;
    let (sha256, of) = packages::addressed(&digest, of)?;
    let place = Incoming::new(app.db(), app.files(), &asker, of.kind, sha256)?.place().await?;
    Ok(at(place, StatusCode::NO_CONTENT.into_response()))
}

/// Appends a part to a file of the caller's.
pub async fn append(
    State(app): State<App>,
    asker: Asker,
    Path(digest): Path<String>,
    of: Result<Query<Use>, QueryRejection>,
    request: Request,
) -> Answer {
    uploads::allow(app.db(), &asker).await?;
    let (sha256, of) = packages::addressed(&digest, of)?;
    if request.headers().get(header::CONTENT_TYPE).is_none_or(|given| given != PART) {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("Send {PART}.")));
    }
    let part = part(request.headers())?;
    let media_type = of.media_type.and_then(|media_type| media_type.parse().ok());
    let pace = request.extensions().get::<Pace>().cloned();
    let passed = |bytes| pace.iter().for_each(|pace| pace.note(bytes));
    let chunks = request.into_body().into_data_stream().map_err(|_| Error::bad_request("The upload broke off."));
    let incoming = Incoming::new(app.db(), app.files(), &asker, of.kind, sha256)?;
    match incoming.append(part, Labels { media_type, name: None }, chunks, passed).await? {
        Appended::Kept(place) => Ok(at(place, StatusCode::NO_CONTENT.into_response())),
        Appended::Whole(file) => {
            let place = Place { offset: file.size.unsigned_abs(), complete: true };
            packages::kept(&file).map(|answer| at(place, answer))
        }
        Appended::Misplaced(place) => {
            let message = match place.complete {
                true => "The file has arrived already, so there is no part to send.".to_owned(),
                false => format!("The next part begins at byte {}. Send the file from there.", place.offset),
            };
            Ok(at(place, Problem::from(Error::conflict(message)).into_response()))
        }
    }
}

/// What the headers say of a part.
fn part(headers: &HeaderMap) -> Result<Part> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let offset = text(OFFSET).filter(|offset| offset.bytes().all(|byte| byte.is_ascii_digit()));
    let offset = offset.and_then(|offset| offset.parse().ok()).ok_or_else(|| {
        Error::bad_request(
            "The header Upload-Offset must be the number of the byte with which the part begins, from 0.",
        )
    })?;
    let last = match text(COMPLETE) {
        Some("?0") => false,
        Some("?1") => true,
        _ => {
            let message = "The header Upload-Complete must be ?1 with the last part, and ?0 with those before.";
            return Err(Error::bad_request(message));
        }
    };
    Ok(Part { offset, last })
}

/// An answer that tells how far the file has come.
fn at(place: Place, mut answer: Response) -> Response {
    answer.headers_mut().insert(OFFSET, HeaderValue::from(place.offset));
    answer.headers_mut().insert(COMPLETE, HeaderValue::from_static(if place.complete { "?1" } else { "?0" }));
    answer
}
