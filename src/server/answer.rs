//! Answers: JSON with a weak `ETag`, and the conditions that clients put on them.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_128;

use super::problem::Problem;
use crate::core::page::Page;
use crate::core::resource::{Located, Resource, changed_meanwhile};
use crate::core::{Error, Result};

/// A JSON answer with its `ETag`, or 304 when the client has it already.
///
/// # Errors
/// When the value can't be written as JSON.
pub fn json(status: StatusCode, value: &impl Serialize, request: &HeaderMap) -> Result<Response, Problem> {
    let body = serde_json::to_vec(value).map_err(Error::internal)?;
    let etag = etag_of(&body);
    if status == StatusCode::OK && names(request, header::IF_NONE_MATCH, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, text(etag)?)]).into_response());
    }
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json")), (header::ETAG, text(etag)?)];
    Ok((status, headers, body).into_response())
}

/// A page of an index, with the addresses of its neighbours in `Link` (RFC 8288).
///
/// # Errors
/// When the page can't be written as JSON.
pub fn page<T: Serialize>(
    page: &Page<T>,
    address: &str,
    query: &[(String, String)],
    request: &HeaderMap,
) -> Result<Response, Problem> {
    let link = |relation: &str, number: i64| {
        let others =
            query.iter().filter(|(name, _)| name != "page").map(|(name, value)| (name.as_str(), value.as_str()));
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(others)
            .append_pair("page", &number.to_string())
            .finish();
        format!("<{address}?{query}>; rel=\"{relation}\"")
    };
    let mut links = vec![link("first", 1)];
    links.extend(page.previous_page.map(|number| link("prev", number)));
    links.extend(page.next_page.map(|number| link("next", number)));
    links.push(link("last", page.total_pages));
    let mut response = json(StatusCode::OK, page, request)?;
    response.headers_mut().insert(header::LINK, text(links.join(", "))?);
    Ok(response)
}

/// A record just made, with its address in `Location`.
///
/// # Errors
/// When the record can't be written as JSON.
pub fn created<R: Resource>(located: &Located<R>, origin: &str) -> Result<Response, Problem> {
    let mut response = json(StatusCode::CREATED, located, &HeaderMap::new())?;
    response.headers_mut().insert(header::LOCATION, text(format!("{origin}{}", located.path))?);
    Ok(response)
}

/// What the client's `If-Match` demands of the present state.
pub fn precondition<R: Resource>(request: &HeaderMap) -> Option<impl Fn(&Located<R>) -> Result<()> + Sync + '_> {
    request.contains_key(header::IF_MATCH).then_some(move |located: &Located<R>| {
        let body = serde_json::to_vec(located).map_err(Error::internal)?;
        if names(request, header::IF_MATCH, &etag_of(&body)) { Ok(()) } else { Err(changed_meanwhile()) }
    })
}

fn etag_of(body: &[u8]) -> String {
    format!("W/\"{:032x}\"", xxh3_128(body))
}

/// Whether a list of entity tags names this one, by weak comparison (RFC 9110, 8.8.3.2), or is `*`.
fn names(headers: &HeaderMap, name: header::HeaderName, etag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|tag| tag.trim() == "*" || opaque(tag) == opaque(etag))
}

fn text(value: String) -> Result<HeaderValue, Problem> {
    HeaderValue::try_from(value).map_err(|error| Error::internal(error).into())
}
