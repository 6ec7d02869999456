//! Request bodies: JSON, form or multipart, bare or wrapped in the resource's name, all into the same fields.

use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{StatusCode, header};
use serde_json::{Map, Value};

use super::App;
use super::problem::Problem;
use crate::core::Error;

/// The most bytes of a body, files apart.
pub const LIMIT: usize = 2 * 1024 * 1024;

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
        let declared =
            request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "" | "application/json" => json(&bytes(request, app).await?),
            kind if kind.starts_with("application/") && kind.ends_with("+json") => json(&bytes(request, app).await?),
            "application/x-www-form-urlencoded" => form(&bytes(request, app).await?),
            "multipart/form-data" => form(multipart(request, app).await?.as_bytes()),
            _ => Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Send application/json, application/x-www-form-urlencoded or multipart/form-data.",
            )),
        }
    }
}

/// The whole body, if it is not too large.
///
/// # Errors
/// 413 when it is, 400 when the connection breaks.
pub async fn bytes(request: Request, app: &App) -> Result<Bytes, Problem> {
    Bytes::from_request(request, app).await.map_err(|rejection| match rejection.into_response_status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(LIMIT),
        status => Problem::new(status, "The body broke off."),
    })
}

/// The status of a rejection, whose text is axum's and not ours.
trait Rejected {
    fn into_response_status(self) -> StatusCode;
}

impl<T: axum::response::IntoResponse> Rejected for T {
    fn into_response_status(self) -> StatusCode {
        self.into_response().status()
    }
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

/// The text parts of a multipart form, as a form.
async fn multipart(request: Request, app: &App) -> Result<String, Problem> {
    let malformed = |error: axum::extract::multipart::MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(LIMIT),
        status => Problem::new(status, "The multipart form is malformed."),
    };
    let mut parts = Multipart::from_request(request, app)
        .await
        .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "The multipart form names no boundary."))?;
    let mut pairs = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(malformed)? {
        if let (Some(name), None) = (part.name().map(str::to_owned), part.file_name()) {
            pairs.push((name, part.text().await.map_err(malformed)?));
        }
    }
    Ok(form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
}
