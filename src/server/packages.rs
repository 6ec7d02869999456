//! Packages: `POST /packages` takes a marketplace.json and does all that publishing it means, or tells what it would. The
//! files that it names are sent ahead, to `/packages/files/{digest}`.

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::Response;
use axum::routing::{post, put};
use futures_util::TryStreamExt;
use serde::Deserialize;
use serde_json::json;

use super::App;
use super::answer;
use super::asker::Asker;
use super::body;
use super::crud::Answer;
use super::parts;
use super::problem::Problem;
use crate::core::files::{FileKind, Labels, Sha256, Stored};
use crate::core::package::{self, uploads};
use crate::core::{Error, Result};

/// The publisher's signature of the manifest in the body.
pub const SIGNATURE: HeaderName = HeaderName::from_static("package-signature");

/// The routes.
pub fn routes() -> Router<App> {
    Router::new().route("/packages", post(publish))
}

/// The route of files, which may take as long as bytes keep coming.
pub fn files() -> Router<App> {
    let file = put(put_file).head(parts::place).patch(parts::append);
    Router::new().route("/packages/files/{digest}", file)
}

/// What is asked for.
#[derive(Deserialize)]
struct Parameters {
    #[serde(default)]
    dry_run: bool,
}

/// Publishes a package, or with `dry_run=true` only compares it with what is there.
async fn publish(
    State(app): State<App>,
    asker: Asker,
    parameters: Result<Query<Parameters>, axum::extract::rejection::QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Query(parameters) =
        parameters.map_err(|_| Error::bad_request("The parameter dry_run must be true or false."))?;
    let signature = signature(request.headers())?;
    let bytes = body::bytes(request, &app).await?;
    let text = String::from_utf8(bytes.into())
        .map_err(|_| Error::bad_request("The body must be a marketplace.json in UTF-8."))?;
    let outcome = if parameters.dry_run {
        package::plan(app.db(), &asker, text, signature).await?
    } else {
        app.publications().publish(app.db(), &asker, text, signature).await?
    };
    answer::json(StatusCode::OK, &outcome)
}

fn signature(headers: &HeaderMap) -> Result<Option<String>> {
    let text = |value: &header::HeaderValue| value.to_str().map(str::to_owned);
    let unreadable = |_| Error::bad_request("The header Package-Signature must be a detached JWS.");
    headers.get(SIGNATURE).map(text).transpose().map_err(unreadable)
}

/// What a file is for.
#[derive(Deserialize)]
pub struct Use {
    /// As what it will be used.
    pub kind: FileKind,
    /// What it is, where the header of the request says that it is a part.
    pub media_type: Option<String>,
}

/// Keeps a file for a package of the caller's.
async fn put_file(
    State(app): State<App>,
    asker: Asker,
    Path(digest): Path<String>,
    of: Result<Query<Use>, QueryRejection>,
    request: Request,
) -> Answer {
    uploads::allow(app.db(), &asker).await?;
    let (said, Use { kind, .. }) = addressed(&digest, of)?;
    let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let labels = Labels { media_type: media_type.and_then(|media_type| media_type.parse().ok()), name: None };
    let chunks = request.into_body().into_data_stream().map_err(|_| Error::bad_request("The upload broke off."));
    let file = app.files().receive(app.db(), kind, labels, chunks).await?;
    uploads::keep(app.db(), &asker, kind, &said, &file).await?;
    kept(&file)
}

/// Which file an address is of.
///
/// # Errors
/// When it is of none.
pub fn addressed(digest: &str, of: Result<Query<Use>, QueryRejection>) -> Result<(Sha256, Use)> {
    let Query(of) = of.map_err(|_| Error::bad_request("The parameter kind must be asset or image."))?;
    let said: Option<Sha256> = digest.strip_prefix("sha256:").and_then(|digest| digest.parse().ok());
    let said = said.ok_or_else(|| {
        Error::bad_request("The address must end with sha256: and the 64 hexadecimal digits of the file.")
    })?;
    Ok((said, of))
}

/// What is answered when a file has arrived.
///
/// # Errors
/// Never, as it can be written as JSON.
pub fn kept(file: &Stored) -> Answer {
    answer::json(
        StatusCode::OK,
        &json!({ "digest": format!("sha256:{}", file.sha256), "size": file.size, "media_type": file.media_type }),
    )
}
