//! Answers: JSON with a weak `ETag`, and the conditions that clients put on them.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_128;

use super::problem::Problem;
use crate::core::page::Page;
use crate::core::resource::{Demand, Located, Resource, changed_meanwhile};
use crate::core::{Error, Result};

/// A JSON answer with its `ETag`.
///
/// # Errors
/// When the value can't be written as JSON.
pub fn json(status: StatusCode, value: &impl Serialize) -> Result<Response, Problem> {
    let body = serde_json::to_vec(value).map_err(Error::internal)?;
    let mut response = document("application/json", body)?;
    *response.status_mut() = status;
    Ok(response)
}

/// An answer of this media type, with its `ETag`.
///
/// # Errors
/// Never, as tags are always lawful in headers.
pub fn document(media_type: &'static str, body: Vec<u8>) -> Result<Response, Problem> {
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(media_type)), (header::ETAG, text(etag_of(&body))?)];
    Ok((headers, body).into_response())
}

/// What tells of a body, and has no place where there is none.
const OF_BODIES: [HeaderName; 3] = [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_ENCODING];

/// Tells clients that already have the answer just that (`If-None-Match`, RFC 9110, 13.1.2). All else that the answer says they take
/// for what they have as well (RFC 9111, 4.3.4): what a page may do above all.
pub async fn unless_known(request: Request, next: Next) -> Response {
    let known = request.headers().get_all(header::IF_NONE_MATCH).iter().cloned().collect::<Vec<_>>();
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let response = next.run(request).await;
    if !reads || known.is_empty() || response.status() != StatusCode::OK {
        return response;
    }
    match response.headers().get(header::ETAG) {
        Some(etag) if etag.to_str().is_ok_and(|etag| names(known.iter(), etag)) => {
            let (mut parts, _) = response.into_parts();
            parts.status = StatusCode::NOT_MODIFIED;
            for name in &OF_BODIES {
                parts.headers.remove(name);
            }
            Response::from_parts(parts, Body::empty())
        }
        _ => response,
    }
}

/// The longest query that is repeated in `Link`.
const LONGEST_QUERY: usize = 1024;

/// A page of an index, with the addresses of its neighbours in `Link` (RFC 8288). Who walks by cursor has no way back
/// and does not know the end.
///
/// # Errors
/// When the page can't be written as JSON.
pub fn page<T: Serialize>(page: &Page<T>, address: &str, query: &[(String, String)]) -> Result<Response, Problem> {
    let mut response = json(StatusCode::OK, page)?;
    let others: Vec<_> = query.iter().filter(|(name, _)| !matches!(name.as_str(), "page" | "cursor")).collect();
    // Proxies refuse long headers.
    if others.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > LONGEST_QUERY {
        return Ok(response);
    }
    let link = |relation: &str, place: &str, value: &str| {
        let others = others.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut query = form_urlencoded::Serializer::new(String::new());
        let query = query.extend_pairs(others).append_pair(place, value).finish();
        format!("<{address}?{query}>; rel=\"{relation}\"")
    };
    let links = if query.iter().any(|(name, _)| name == "cursor") {
        let next = page.next_cursor.as_ref().map(|cursor| link("next", "cursor", cursor));
        std::iter::once(link("first", "cursor", "")).chain(next).collect::<Vec<_>>()
    } else {
        let numbered = |relation: &str, number: i64| link(relation, "page", &number.to_string());
        let mut links = vec![numbered("first", 1)];
        links.extend(page.previous_page.map(|number| numbered("prev", number)));
        links.extend(page.next_page.map(|number| numbered("next", number)));
        links.push(numbered("last", page.total_pages));
        links
    };
    response.headers_mut().insert(header::LINK, text(links.join(", "))?);
    Ok(response)
}

/// A record just made, with its address in `Location`.
///
/// # Errors
/// When the record can't be written as JSON.
pub fn created<R: Resource>(located: &Located<R>, origin: &str) -> Result<Response, Problem> {
    let mut response = json(StatusCode::CREATED, located)?;
    response.headers_mut().insert(header::LOCATION, text(format!("{origin}{}", located.path))?);
    Ok(response)
}

/// What the client's `If-Match` demands of the present state.
pub fn precondition<R: Resource>(request: &HeaderMap) -> Option<Box<Demand<'_, R>>> {
    let named = request.contains_key(header::IF_MATCH);
    named.then(|| -> Box<Demand<'_, R>> {
        Box::new(|located| {
            let body = serde_json::to_vec(located).map_err(Error::internal)?;
            let same = names(request.get_all(header::IF_MATCH).iter(), &etag_of(&body));
            if same { Ok(()) } else { Err(changed_meanwhile()) }
        })
    })
}

fn etag_of(body: &[u8]) -> String {
    format!("W/\"{:032x}\"", xxh3_128(body))
}

/// Whether lists of entity tags name this one, by weak comparison (RFC 9110, 8.8.3.2), or are `*`.
fn names<'a>(lists: impl Iterator<Item = &'a HeaderValue>, etag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let mut tags = lists.filter_map(|list| list.to_str().ok()).flat_map(|list| list.split(','));
    tags.any(|tag| tag.trim() == "*" || opaque(tag) == opaque(etag))
}

fn text(value: String) -> Result<HeaderValue, Problem> {
    HeaderValue::try_from(value).map_err(|error| Error::internal(error).into())
}
