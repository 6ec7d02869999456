//! Files over HTTP: assets of builds, logos and screenshots, sent bare and got back. As parts of forms they are sent to
//! the resources themselves: see `body`.

use std::ops::Range;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::IntoResponse;
use axum::routing::get;
use futures_util::TryStreamExt;
use http_range_header::parse_range_header;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Deserialize;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_64;

use super::App;
use super::answer;
use super::asker::Asker;
use super::body::file_name;
use super::crud::{self, Answer, Ids};
use super::problem::Problem;
use crate::core::field::{Line, MimeType};
use crate::core::files::{Labels, Sha256, Size, monogram};
use crate::core::model::{Build, Logo, Product, Screenshot};
use crate::core::resource::{self, Given, Resource};
use crate::core::{Error, Result};

/// The media type of drawings.
const SVG: &str = "image/svg+xml";

/// The routes. They take and answer any media type, and may take as long as bytes keep coming.
pub fn routes() -> Router<App> {
    let build = "/products/{product_id}/builds/{build_id}";
    let screenshot = "/products/{product_id}/screenshots/{screenshot_id}";
    Router::new()
        .route(&format!("{build}/asset"), get(asset).put(put_asset).delete(delete_asset))
        .route("/products/{product_id}/logo", get(logo).put(put_logo))
        .route("/products/{product_id}/logo/{size}", get(sized_logo))
        .route(&format!("{screenshot}/image"), get(screenshot_image).put(put_screenshot))
        .route(&format!("{screenshot}/{{size}}"), get(sized_screenshot))
        .layer(middleware::from_fn(answer::unless_known))
}

/// What a file that is sent bare is called.
#[derive(Deserialize)]
struct Named {
    name: Option<String>,
}

async fn put_asset(State(app): State<App>, asker: Asker, ids: Ids, request: Request) -> Answer {
    let [product, build] = ids.exactly()?;
    resource::allow_update::<Build>(app.db(), &asker, &[product], build).await?;
    // Told before a large file is sent for nothing, and again when it is there.
    resource::load::<Build>(app.db(), &asker, &[product], build).await?.require_draft()?;
    put_file::<Build>(&app, &asker, &[product], build, request).await
}

async fn delete_asset(State(app): State<App>, asker: Asker, ids: Ids) -> Answer {
    let [product, build] = ids.exactly()?;
    answer::json(StatusCode::OK, &Build::remove_asset(app.db(), &asker, product, build).await?)
}

async fn put_screenshot(State(app): State<App>, asker: Asker, ids: Ids, request: Request) -> Answer {
    let [product, screenshot] = ids.exactly()?;
    resource::allow_update::<Screenshot>(app.db(), &asker, &[product], screenshot).await?;
    put_file::<Screenshot>(&app, &asker, &[product], screenshot, request).await
}

async fn put_logo(State(app): State<App>, asker: Asker, ids: Ids, request: Request) -> Answer {
    let [product] = ids.exactly()?;
    resource::allow_create::<Logo>(app.db(), &asker, &[product]).await?;
    let (_, given) = take::<Logo>(&app, request).await?;
    answer::json(StatusCode::OK, &resource::create::<Logo>(app.db(), &asker, &[product], given).await?)
}

/// Stores the body as the one file of a record that the caller may change.
async fn put_file<R: Resource>(app: &App, asker: &Asker, above: &[Uuid], id: Uuid, request: Request) -> Answer {
    let (headers, given) = take::<R>(app, request).await?;
    crud::change::<R>(app, asker, above, id, given, &headers).await
}

/// The body as the first of the files that a resource takes.
async fn take<R: Resource>(app: &App, request: Request) -> Result<(HeaderMap, Given), Problem> {
    let (field, kind) = R::FILES.first().ok_or_else(|| Error::internal("a resource without files was sent one"))?;
    let (mut parts, body) = request.into_parts();
    let chunks = body.into_data_stream().map_err(|_| Error::bad_request("The upload broke off."));
    let labels = labels(&mut parts).await;
    let file = app.files().receive(app.db(), *kind, labels, chunks).await?;
    Ok((parts.headers, Given { files: vec![((*field).to_owned(), file)], ..Given::default() }))
}

/// The media type and name that a request gives its body, or the query its name.
async fn labels(parts: &mut Parts) -> Labels {
    let query = Query::<Named>::from_request_parts(parts, &()).await.ok().and_then(|Query(named)| named.name);
    let name = query.or_else(|| disposed_name(&parts.headers));
    let media_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    Labels {
        media_type: media_type.and_then(|media_type| media_type.parse().ok()),
        name: name.as_deref().and_then(file_name),
    }
}

/// The name in `Content-Disposition` (RFC 6266), of which the encoded form goes first.
fn disposed_name(headers: &HeaderMap) -> Option<String> {
    let disposition = String::from_utf8_lossy(headers.get(header::CONTENT_DISPOSITION)?.as_bytes()).into_owned();
    let of = |name: &str| disposition.split(';').find_map(|part| part.trim().strip_prefix(name));
    let encoded = of("filename*=").and_then(|value| value.rsplit_once('\''));
    let encoded = encoded.map(|(_, name)| percent_decode_str(name).decode_utf8_lossy().into_owned());
    encoded.or_else(|| of("filename=").map(|name| name.trim_matches('"').to_owned()))
}

async fn asset(State(app): State<App>, asker: Asker, ids: Ids, headers: HeaderMap) -> Answer {
    let [product, id] = ids.exactly()?;
    let build = resource::load::<Build>(app.db(), &asker, &[product], id).await?;
    let sha256 = build.asset_sha256.ok_or_else(|| Error::not_found("asset"))?;
    let mut response = download(&app, &headers, &sha256, build.asset_media_type.as_ref()).await?;
    let name = build.asset_name.as_ref().map_or("asset", Line::as_str);
    let disposition = format!("attachment; filename*=UTF-8''{}", utf8_percent_encode(name, NON_ALPHANUMERIC));
    response.headers_mut().insert(header::CONTENT_DISPOSITION, text(disposition)?);
    Ok(response)
}

async fn logo(State(app): State<App>, asker: Asker, ids: Ids, headers: HeaderMap) -> Answer {
    let [product] = ids.exactly()?;
    let (sha256, media_type) = logo_of(&app, &asker, product).await?.ok_or_else(|| Error::not_found("logo"))?;
    download(&app, &headers, &sha256, Some(&media_type)).await
}

async fn screenshot_image(State(app): State<App>, asker: Asker, ids: Ids, headers: HeaderMap) -> Answer {
    let [product, id] = ids.exactly()?;
    let screenshot = resource::load::<Screenshot>(app.db(), &asker, &[product], id).await?;
    let sha256 = screenshot.image_sha256.ok_or_else(|| Error::not_found("picture"))?;
    download(&app, &headers, &sha256, screenshot.image_media_type.as_ref()).await
}

/// A logo made smaller. For a product without one, what stands in for it: a drawing of its own for those who say that they take
/// drawings, as browsers do where they show pictures; else a neutral picture.
async fn sized_logo(State(app): State<App>, asker: Asker, Sized(ids, size): Sized, headers: HeaderMap) -> Answer {
    let [product] = ids.exactly()?;
    if let Some((picture, _)) = logo_of(&app, &asker, product).await? {
        return rendition(&app, Some(&picture), size).await;
    }
    let mut response = if takes_drawings(&headers) {
        let Product { name, .. } = resource::load(app.db(), &asker, &[], product).await?;
        drawing(monogram(name.as_str(), product))?
    } else {
        rendition(&app, None, size).await?
    };
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

/// Whether SVG is among what a client names as what it takes.
fn takes_drawings(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|range| {
        let mut parts = range.split(';').map(str::trim);
        parts.next().is_some_and(|media_type| media_type.eq_ignore_ascii_case(SVG)) && parts.all(|part| part != "q=0")
    })
}

fn drawing(svg: String) -> Answer {
    let tag = format!("{:016x}", xxh3_64(svg.as_bytes()));
    let mut response = svg.into_response();
    harmless(response.headers_mut(), &tag)?;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(SVG));
    Ok(response)
}

async fn sized_screenshot(State(app): State<App>, asker: Asker, Sized(ids, size): Sized) -> Answer {
    let [product, id] = ids.exactly()?;
    let screenshot = resource::load::<Screenshot>(app.db(), &asker, &[product], id).await?;
    rendition(&app, screenshot.image_sha256.as_ref(), size).await
}

/// The ids in a path that ends with a size.
struct Sized(Ids, Size);

impl FromRequestParts<App> for Sized {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let unknown = |_| Error::not_found("size: there are small, medium and large");
        let Path(params) = Path::<Vec<(String, String)>>::from_request_parts(parts, app).await.map_err(unknown)?;
        let size = params.iter().find(|(name, _)| name == "size").and_then(|(_, word)| Size::named(word));
        let ids = params.iter().filter(|(name, _)| name != "size").map(|(name, text)| crud::id(name, text));
        let ids = Ids(ids.collect::<Result<_, Problem>>()?);
        Ok(Self(ids, size.ok_or(()).map_err(|()| Error::not_found("size: there are small, medium and large"))?))
    }
}

/// The logo of a product that the caller may read.
async fn logo_of(app: &App, asker: &Asker, product: Uuid) -> Result<Option<(Sha256, MimeType)>> {
    if !resource::is_readable(app.db(), asker, &Product::TABLE, product).await? {
        return Err(Error::not_found(Product::TABLE.name));
    }
    let select = crate::sql!("select image_sha256, image_media_type from logos where product_id = $1", product);
    app.db().optional(select).await
}

async fn rendition(app: &App, picture: Option<&Sha256>, size: Size) -> Answer {
    let made = app.files().rendition(picture, size).await?;
    let mut response = made.bytes.into_response();
    harmless(response.headers_mut(), &made.tag)?;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("image/png"));
    Ok(response)
}

/// A file, or the part of it that is asked for (RFC 9110, 14).
async fn download(app: &App, headers: &HeaderMap, sha256: &Sha256, media_type: Option<&MimeType>) -> Answer {
    let size = app.files().size(app.db(), sha256).await?;
    let part = match asked_part(headers, sha256, size) {
        Asked::Whole => None,
        Asked::Part(part) => Some(part),
        Asked::Nothing => {
            let mut response =
                Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "The file has no such part.").into_response();
            response.headers_mut().insert(header::CONTENT_RANGE, text(format!("bytes */{size}"))?);
            return Ok(response);
        }
    };
    let length = part.as_ref().map_or(size, |part| part.end - part.start);
    let wanted = part.clone().unwrap_or(0..size);
    let mut response = Body::from_stream(app.files().read(sha256, wanted).await?).into_response();
    let answered = response.headers_mut();
    harmless(answered, sha256.as_str())?;
    let media_type = media_type.map_or("application/octet-stream", MimeType::as_str);
    answered.insert(header::CONTENT_TYPE, text(media_type.into())?);
    answered.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    answered.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    answered.insert("repr-digest", text(format!("sha-256=:{}:", sha256.base64()))?);
    if let Some(part) = part {
        answered.insert(header::CONTENT_RANGE, text(format!("bytes {}-{}/{size}", part.start, part.end - 1))?);
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// Which part of a file a request asks for.
enum Asked {
    Whole,
    Part(Range<u64>),
    /// One that is not there.
    Nothing,
}

/// The one range asked for. Several, malformed ones, and such as were meant for other content are answered with the whole.
fn asked_part(headers: &HeaderMap, sha256: &Sha256, size: u64) -> Asked {
    let meant = headers.get(header::IF_RANGE).is_none_or(|tag| tag.as_bytes() == format!("\"{sha256}\"").as_bytes());
    let asked = headers.get(header::RANGE).filter(|_| meant).and_then(|range| range.to_str().ok());
    let Some(asked) = asked else { return Asked::Whole };
    let Ok(ranges) = parse_range_header(asked) else { return Asked::Whole };
    let suffix = asked.strip_prefix("bytes=-").and_then(|length| length.parse::<u64>().ok());
    match ranges.validate(size).as_deref() {
        Ok([part]) => Asked::Part(*part.start()..part.end() + 1),
        Ok(_) => Asked::Whole,
        // The last bytes of what has not so many are all of them.
        Err(_) if suffix.is_some_and(|suffix| suffix > size) => Asked::Whole,
        Err(_) => Asked::Nothing,
    }
}

/// What others sent may be shown and never run.
fn harmless(headers: &mut HeaderMap, tag: &str) -> Result<(), Problem> {
    headers.insert(header::ETAG, text(format!("\"{tag}\""))?);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    Ok(())
}

fn text(value: String) -> Result<HeaderValue, Problem> {
    HeaderValue::try_from(value).map_err(|error| Error::internal(error).into())
}
