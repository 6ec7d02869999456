//! Errors as answers: `application/problem+json` (RFC 9457), with the `message` that clients of the reference server show.

use std::num::NonZeroU32;

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::core::{Error, Kind};

/// An error on its way to the client. What caused it is logged here, and goes no further.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    error: Error,
    /// After how many seconds to try again.
    retry_after: Option<NonZeroU32>,
}

impl Problem {
    /// A problem of HTTP itself, which the core has no word for.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self::of(status, Error::bad_request(message))
    }

    fn of(status: StatusCode, error: Error) -> Self {
        let retry_after = NonZeroU32::new(2).filter(|_| status == StatusCode::SERVICE_UNAVAILABLE);
        Self { status, error, retry_after }
    }

    /// A request that comes too early, by so many seconds.
    pub fn too_many(message: impl Into<String>, seconds: NonZeroU32) -> Self {
        Self { retry_after: Some(seconds), ..Self::new(StatusCode::TOO_MANY_REQUESTS, message) }
    }

    /// A request that can't be served for so many seconds.
    pub fn unavailable(message: impl Into<String>, seconds: NonZeroU32) -> Self {
        Self { retry_after: Some(seconds), ..Self::from(Error::unavailable(message)) }
    }

    /// The error again.
    pub fn into_error(self) -> Error {
        self.error
    }

    /// A body larger than what is taken.
    pub fn too_large(limit: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, format!("The body is larger than {} KiB.", limit / 1024))
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let status = match error.kind() {
            Kind::BadRequest => StatusCode::BAD_REQUEST,
            Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
            Kind::Forbidden => StatusCode::FORBIDDEN,
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::Conflict => StatusCode::CONFLICT,
            Kind::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Kind::Invalid | Kind::Refused => StatusCode::UNPROCESSABLE_ENTITY,
            Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::of(status, error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self { status, error, retry_after } = self;
        if status.is_server_error() {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(%status, cause, "{error}");
        }
        let mut body = json!({
            "type": "about:blank",
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "detail": error.message(),
            "message": error.message(),
        });
        if !error.fields().is_empty() {
            body["errors"] = json!(error.fields());
        }
        match (error.kind(), error.details()) {
            // Members of the problem itself (RFC 9457, 3.2).
            (Kind::Refused, Some(Value::Object(members))) => {
                members.iter().for_each(|(name, value)| body[name] = value.clone());
            }
            (_, Some(details)) => body["details"] = details.clone(),
            (_, None) => {}
        }
        let mut response = (status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.get()));
        }
        response
    }
}

/// Gives the bare refusals of the HTTP layers the same form as all others.
pub async fn complete(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let bare = !response.headers().contains_key(header::CONTENT_TYPE) || is_plain(&response);
    let message = match response.status() {
        StatusCode::METHOD_NOT_ALLOWED => {
            "This address does not take that method. The header Allow lists those that it takes."
        }
        StatusCode::PAYLOAD_TOO_LARGE => "The body is larger than this server takes.",
        StatusCode::SERVICE_UNAVAILABLE => "The request took too long. Please try again in a moment.",
        StatusCode::INTERNAL_SERVER_ERROR => "The marketplace failed to do this. The operator's log says why.",
        status if status.is_client_error() => "The request can't be understood.",
        _ => return response,
    };
    if !bare {
        return response;
    }
    let (parts, _) = response.into_parts();
    let mut problem = Problem::new(parts.status, message).into_response();
    if let Some(allow) = parts.headers.get(header::ALLOW) {
        problem.headers_mut().insert(header::ALLOW, allow.clone());
    }
    problem
}

fn is_plain(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/plain"))
}
