//! What every answer tells browsers and caches: to take it for nothing but what it is, and not to keep it for others.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;

use super::App;

/// Answers are data. Pages and files have policies of their own.
const ALWAYS: [(HeaderName, HeaderValue); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=()"),
    ),
    // Web interfaces on other origins show the logos.
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin")),
];
/// A year of nothing but TLS. Of other hosts under its domain the marketplace knows nothing.
const STRICT_TRANSPORT: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Adds to an answer what it does not say itself.
pub async fn answers(State(app): State<App>, request: Request, next: Next) -> Response {
    let personal = request.headers().contains_key(header::AUTHORIZATION);
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    mark(headers);
    if app.settings().public_url.as_ref().is_some_and(|url| url.scheme() == "https") {
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(STRICT_TRANSPORT);
    }
    if let Some(caching) = caching(headers, reads, personal) {
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static(caching));
    }
    response
}

/// Adds what holds for whatever is served.
pub fn mark(headers: &mut HeaderMap) {
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(value);
    }
}

/// What caches may do with an answer. One with a tag may be kept by who asked, to ask by the tag whether it still holds: not
/// to store it would take that away. All others are of the moment, and some of them are secrets, such as new tokens.
fn caching(headers: &HeaderMap, reads: bool, personal: bool) -> Option<&'static str> {
    match (reads && headers.contains_key(header::ETAG), personal) {
        (true, true) => Some("private, no-cache"),
        // The same for everybody.
        (true, false) => None,
        (false, _) => Some("no-store"),
    }
}
