//! The web application over HTTP: its page at every address under `/ui/`, and its files under a version of their own, so that
//! browsers may keep them for good. `mkt ui` serves it alone, for a marketplace that is elsewhere.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use url::Url;

use super::listener::{self, Terms};
use super::origin::Proxy;
use super::problem::Problem;
use super::seats::Seats;
use super::shutdown::Shutdown;
use super::{ConnectionLimits, answer, guard, wait_for};
use crate::core::{Error, Result};
use crate::ui::{Asset, Assets};

/// Where the application is.
pub const HOME: &str = "/ui/";
/// What is named by its content stays the same.
const FOR_GOOD: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// The page names the present files, so it is asked for each time.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// The application and what its page may do.
pub struct Ui {
    assets: Assets,
    policy: HeaderValue,
}

impl Ui {
    /// The application for the marketplace at this address; none is where the application itself is.
    ///
    /// # Errors
    /// When the address can't stand in a header.
    pub fn new(title: &str, marketplace: Option<&Url>) -> Result<Self> {
        let address = marketplace.map(|url| url.as_str().trim_end_matches('/').to_owned());
        let policy = HeaderValue::try_from(policy(marketplace)).map_err(Error::internal)?;
        Ok(Self { assets: Assets::new(title, address.as_deref()), policy })
    }
}

/// What the page may do: run and show its own files, and speak with the marketplace. Nothing that stands in data is ever run:
/// the page has no way to make markup of text (Trusted Types).
fn policy(marketplace: Option<&Url>) -> String {
    let origin = marketplace.map(|url| url.origin().ascii_serialization());
    let there = origin.map_or_else(String::new, |origin| format!(" {origin}"));
    let socket = there.replacen("http", "ws", 1);
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:{there}; connect-src 'self'{there}{socket}; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
}

/// The routes, within whatever else is served.
pub fn routes<S: Clone + Send + Sync + 'static>(ui: Arc<Ui>) -> Router<S> {
    Router::new()
        .route("/ui", get(async || Redirect::permanent(HOME)))
        .route(HOME, get(page))
        .route("/ui/{*path}", get(page))
        .route("/ui/-/{version}/{*path}", get(file))
        .layer(middleware::from_fn(answer::unless_known))
        .with_state(ui)
}

async fn page(State(ui): State<Arc<Ui>>, headers: HeaderMap) -> Response {
    let mut response = sent(ui.assets.page(), &headers, ASK_AGAIN);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, ui.policy.clone());
    response
}

async fn file(
    State(ui): State<Arc<Ui>>,
    Path((version, path)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    match ui.assets.file(&version, &path) {
        Some(asset) => sent(asset, &headers, FOR_GOOD),
        // Another task may have it in a moment, of a newer version.
        None => {
            let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
            (no_store, Problem::from(Error::not_found("file"))).into_response()
        }
    }
}

fn sent(asset: &Asset, request: &HeaderMap, caching: HeaderValue) -> Response {
    let accepted = request.get(header::ACCEPT_ENCODING).and_then(|list| list.to_str().ok()).unwrap_or_default();
    let takes_gzip = accepted.split(',').any(|one| matches!(one.trim(), "gzip" | "*"));
    let (Ok(media_type), Ok(tag)) = (HeaderValue::try_from(&asset.media_type), HeaderValue::try_from(&asset.tag))
    else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::ETAG, tag),
        (header::CACHE_CONTROL, caching),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
    ];
    if takes_gzip && asset.compressed.len() < asset.content.len() {
        return (headers, [(header::CONTENT_ENCODING, "gzip")], asset.compressed.clone()).into_response();
    }
    (headers, asset.content.clone()).into_response()
}

/// How the application is served alone.
#[derive(Debug, Clone)]
pub struct Alone {
    /// The address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where the marketplace is.
    pub marketplace: Url,
    /// What it is called.
    pub title: String,
    /// Proxies that speak for many clients.
    pub trusted_proxies: Vec<Proxy>,
    /// What clients may take.
    pub limits: ConnectionLimits,
}

/// The application alone, which listens, not yet serving.
pub struct UiServer {
    listener: TcpListener,
    terms: Terms,
    seats: Seats,
    routes: Router,
}

impl UiServer {
    /// Takes the address.
    ///
    /// # Errors
    /// When the address is taken.
    pub async fn bind(settings: Alone) -> Result<Self> {
        let listener = listener::bind(settings.listen).await?;
        let ui = Arc::new(Ui::new(&settings.title, Some(&settings.marketplace))?);
        let routes = routes(ui)
            .route("/", get(async || Redirect::temporary(HOME)))
            .route("/livez", get(async || "ok"))
            .fallback(async || Problem::from(Error::not_found("address")))
            .layer(middleware::map_response(async |mut response: Response| {
                guard::mark(response.headers_mut());
                response
            }));
        let (limits, trusted_proxies) = (settings.limits, settings.trusted_proxies);
        let terms = Terms { limits, trusted_proxies, shutdown: Shutdown::default() };
        Ok(Self { listener, seats: Seats::new(&limits), terms, routes })
    }

    /// The address that it listens on.
    ///
    /// # Errors
    /// When the operating system does not tell.
    pub fn address(&self) -> Result<SocketAddr> {
        self.listener.local_addr().map_err(Error::internal)
    }

    /// Serves until `stop` resolves, then finishes what is in flight, for 13 s at most.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) {
        let shutdown = self.terms.shutdown.clone();
        let listening = listener::serve(self.listener, self.seats, self.routes, self.terms);
        wait_for(listening, stop, &shutdown).await;
    }
}
