//! Request bodies: JSON, form or multipart, bare or wrapped in the resource's name, all into the same fields. Files of
//! a multipart form go to the store of files as they arrive.

use axum::body::Bytes;
use axum::extract::multipart::Field;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde_json::{Map, Value};

use super::App;
use super::multipart::Form;
use super::problem::Problem;
use crate::core::Error;
use crate::core::field::Line;
use crate::core::files::{FileKind, Labels, Stored};
use crate::core::resource::{Given, Resource};

/// The most bytes of a body, files apart.
pub const LIMIT: usize = 2 * 1024 * 1024;

/// The files that are taken, by the names of their fields.
type Accepted = &'static [(&'static str, FileKind)];

/// The fields of a body, still wrapped if they were.
pub struct Fields(Map<String, Value>);

impl Fields {
    /// The fields, out of the wrapper of this name if there is one.
    pub fn unwrapped(mut self, name: &str) -> Map<String, Value> {
        match self.0.get_mut(name) {
            Some(Value::Object(fields)) => std::mem::take(fields),
            _ => self.0,
        }
    }
}

impl FromRequest<App> for Fields {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        match essence(&request).as_str() {
            "" | "application/json" => json(&bytes(request, app).await?),
            kind if kind.starts_with("application/") && kind.ends_with("+json") => json(&bytes(request, app).await?),
            "application/x-www-form-urlencoded" => form(&bytes(request, app).await?),
            MULTIPART => Ok(multipart(request, app, &[]).await?.0),
            _ => Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Send application/json, application/x-www-form-urlencoded or multipart/form-data.",
            )),
        }
    }
}

/// The media type of the bodies that can have files in them.
const MULTIPART: &str = "multipart/form-data";

/// Whether the body of a request can have files in it.
pub fn may_have_files(request: &Request) -> bool {
    essence(request) == MULTIPART
}

fn essence(request: &Request) -> String {
    let declared = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    declared.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// What a request sends for an `R`: fields and files. Ask before whether the caller may send any, for it takes all in.
///
/// # Errors
/// When the body is malformed or too large, or a file is not what it must be.
pub async fn given<R: Resource>(request: Request, app: &App) -> Result<Given, Problem> {
    if !may_have_files(&request) {
        let fields = Fields::from_request(request, app).await?;
        return Ok(fields.unwrapped(R::TABLE.name).into());
    }
    let (fields, files) = multipart(request, app, R::FILES).await?;
    Ok(Given { fields: fields.unwrapped(R::TABLE.name), files })
}

/// The whole body, if it is not too large.
///
/// # Errors
/// 413 when it is, 400 when the connection breaks.
pub async fn bytes(request: Request, app: &App) -> Result<Bytes, Problem> {
    // The status of a rejection is axum's, the words are ours.
    Bytes::from_request(request, app).await.map_err(|rejection| match rejection.into_response().status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(LIMIT),
        status => Problem::new(status, "The body broke off."),
    })
}

fn json(body: &[u8]) -> Result<Fields, Problem> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Fields(Map::new()));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(Fields(fields)),
        Ok(_) => Err(Error::bad_request("The body must be a JSON object.").into()),
        Err(error) => Err(Error::bad_request(format!("The body is not valid JSON: {error}.")).into()),
    }
}

/// Bracketed names make objects and lists: `product[name]=…`, `task[ports][]=…`.
fn form(body: &[u8]) -> Result<Fields, Problem> {
    let config = serde_qs::Config::new().max_depth(6).use_form_encoding(true);
    match config.deserialize_bytes::<Map<String, Value>>(body) {
        Ok(fields) => Ok(Fields(fields)),
        Err(_) => {
            Err(Error::bad_request("The form can't be read: names must be plain or bracketed, such as product[name].")
                .into())
        }
    }
}

/// The text parts of a multipart form as a form, and its files.
async fn multipart(
    request: Request,
    app: &App,
    accepted: Accepted,
) -> Result<(Fields, Vec<(String, Stored)>), Problem> {
    let mut form = Form::open(request, app).await?;
    let (mut pairs, mut files) = (Vec::new(), Vec::new());
    while let Some((part, budget)) = form.next().await? {
        let name = part.name().unwrap_or_default().to_owned();
        match accepted.iter().find(|(field, _)| is_field(&name, field) && is_file(&part)) {
            Some((field, kind)) => {
                let labels = Labels {
                    media_type: part.content_type().and_then(|kind| kind.parse().ok()),
                    name: part.file_name().and_then(file_name),
                };
                let stored = app.files().receive(app.db(), *kind, labels, budget.bytes(part)).await?;
                files.push(((*field).to_owned(), stored));
            }
            // Files that nobody asked for are passed over, as unknown fields are.
            None if part.file_name().is_some() => budget.skip(part).await?,
            None => pairs.push((name, budget.text(part).await?)),
        }
    }
    let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    Ok((self::form(text.as_bytes())?, files))
}

/// Whether a part is of this field: `image`, or `screenshot[image]`.
fn is_field(name: &str, field: &str) -> bool {
    name == field
        || name.strip_suffix(']').and_then(|name| name.rsplit_once('[')).is_some_and(|(_, name)| name == field)
}

/// Browsers send an empty name where no file was chosen.
fn is_file(part: &Field<'_>) -> bool {
    part.file_name().is_some_and(|name| !name.is_empty())
}

/// The name of a file without the folders that some clients put before it.
pub fn file_name(given: &str) -> Option<Line> {
    given.rsplit(['/', '\\']).next().filter(|name| !name.is_empty()).and_then(|name| name.parse().ok())
}
