//! Every route on one screen, and the layers that each request passes, outermost last.

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::trace::TraceLayer;

use super::asker::IDEMPOTENCY_KEY;
use super::origin::WebOrigin;
use super::problem::{self, Problem};
use super::{
    App, answer, authorizations, body, cable, cache, crud, deadline, deployments, device, events, files, guard,
    identity_providers, labels, oauth, openapi, packages, parts, products, reports, reviews, sessions, sign_in, status,
    throttle, ui, vouchers,
};
use crate::core::Error;
use crate::core::model;
use crate::each_resource;

macro_rules! resource_routes {
    ($($resource:ident),+) => { Router::new()$(.merge(crud::routes::<model::$resource>()))+ };
}

/// The whole server.
pub fn router(app: App) -> Router {
    let resources = each_resource!(resource_routes)
        .merge(products::indexes())
        .layer(middleware::from_fn_with_state(app.clone(), cache::keep));
    let api = resources
        .merge(products::routes())
        .merge(identity_providers::routes())
        .merge(sessions::routes())
        .merge(authorizations::routes())
        .merge(vouchers::routes())
        .merge(reports::routes())
        .merge(deployments::routes())
        .merge(reviews::routes())
        .merge(status::routes())
        .route("/audit_events", get(crud::index::<model::AuditEvent>))
        .route("/audit_events/{audit_event_id}", get(crud::show::<model::AuditEvent>))
        .route("/events", get(events::index))
        .merge(packages::routes())
        .route("/openapi.json", get(openapi::show))
        .layer(middleware::from_fn(answer::unless_known))
        .layer(middleware::from_fn(require_json));
    let others = Router::new()
        .merge(sign_in::routes())
        .merge(oauth::routes())
        .merge(device::routes())
        .route("/docs", get(openapi::browse))
        .route("/websocket", get(cable::connect))
        .route("/websockets", get(cable::connect))
        .route("/cable", get(cable::connect));
    api.merge(others)
        .fallback(async || Problem::from(Error::not_found("address")))
        .layer(DefaultBodyLimit::max(body::LIMIT))
        .merge(files::routes())
        .merge(packages::files())
        .merge(labels::routes())
        .merge(ui::routes(app.ui().clone()))
        .layer(middleware::from_fn_with_state(app.clone(), throttle::limit))
        .layer(middleware::from_fn(deadline::keep))
        .layer(middleware::from_fn(problem::complete))
        .layer(CatchPanicLayer::custom(|_| Problem::from(Error::internal("a handler panicked")).into_response()))
        .layer(cors(&app.settings().cors_origins))
        .layer(middleware::from_fn_with_state(app.clone(), guard::answers))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(TraceLayer::new_for_http().make_span_with(span))
        .layer(SetRequestIdLayer::x_request_id(NewRequestId))
        .layer(middleware::from_fn(drop_unusable_request_id))
        .with_state(app)
}

/// Refuses clients that do not take JSON (RFC 9110, 12.5.1).
async fn require_json(request: Request, next: Next) -> Response {
    let accepts = |value: &HeaderValue| {
        value.to_str().is_ok_and(|list| {
            list.split(',').any(|range| {
                let range = range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
                matches!(range.as_str(), "*/*" | "application/*" | "") || range.ends_with("json")
            })
        })
    };
    let mut accept = request.headers().get_all(header::ACCEPT).iter().peekable();
    let page = request.uri().path() == "/";
    if page || accept.peek().is_none() || accept.any(accepts) {
        return next.run(request).await;
    }
    Problem::new(
        StatusCode::NOT_ACCEPTABLE,
        "This service answers in JSON only. Send the header Accept: application/json.",
    )
    .into_response()
}

/// Any origin may call, unless the operator names some. Cookies never count, so this gives nothing away.
fn cors(origins: &[WebOrigin]) -> CorsLayer {
    let allowed: Vec<HeaderValue> = origins.iter().map(|WebOrigin(origin)| origin.clone()).collect();
    let name = HeaderName::from_static;
    CorsLayer::new()
        .allow_origin(if allowed.is_empty() { AllowOrigin::any() } else { AllowOrigin::list(allowed) })
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            IDEMPOTENCY_KEY,
            packages::SIGNATURE,
            parts::OFFSET,
            parts::COMPLETE,
        ])
        .expose_headers([
            header::ETAG,
            header::LINK,
            header::LOCATION,
            header::RETRY_AFTER,
            name("x-request-id"),
            parts::OFFSET,
            parts::COMPLETE,
        ])
        .max_age(Duration::from_secs(3600))
}

/// Request ids of clients are echoed and logged, within reason.
async fn drop_unusable_request_id(mut request: Request, next: Next) -> Response {
    let usable = |id: &HeaderValue| id.len() <= 128 && id.to_str().is_ok_and(|id| !id.is_empty());
    if request.headers().get("x-request-id").is_some_and(|id| !usable(id)) {
        request.headers_mut().remove("x-request-id");
    }
    next.run(request).await
}

#[derive(Clone)]
struct NewRequestId;

impl MakeRequestId for NewRequestId {
    fn make_request_id<B>(&mut self, _: &axum::http::Request<B>) -> Option<RequestId> {
        HeaderValue::try_from(uuid::Uuid::new_v4().to_string()).ok().map(RequestId::new)
    }
}

/// The span of a request. Queries stay out: they may carry tokens.
fn span(request: &Request) -> tracing::Span {
    let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    tracing::info_span!("request", method = %request.method(), path = request.uri().path(), id)
}
