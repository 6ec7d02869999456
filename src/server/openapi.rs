//! The API described: OpenAPI 3.1, made from the same declarations that serve, and a page to browse it.

mod operations;
mod schemas;

use std::sync::LazyLock;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, License, OpenApi, OpenApiBuilder, PathsBuilder};

use super::answer;
use super::problem::Problem;
use crate::core::model;
use crate::each_resource;

macro_rules! describe {
    ($($resource:ident),+) => {
        (
            PathsBuilder::new()$(.apply(operations::paths::<model::$resource>))+,
            ComponentsBuilder::new()$(.apply(schemas::components::<model::$resource>))+,
        )
    };
}

/// Lets a builder pass through functions in a chain.
trait Apply: Sized {
    fn apply(self, step: impl FnOnce(Self) -> Self) -> Self {
        step(self)
    }
}

impl<T> Apply for T {}

/// The description of the API.
pub fn document() -> OpenApi {
    let (paths, components) = each_resource!(describe);
    let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Marketplace")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(env!("CARGO_PKG_DESCRIPTION")))
                .license(Some(License::new("Apache-2.0")))
                .build(),
        )
        .paths(paths.apply(operations::others).build())
        .components(Some(components.apply(schemas::others).security_scheme("bearer", bearer).build()))
        .build()
}

/// `GET /openapi.json`.
pub async fn show() -> Result<Response, Problem> {
    static DOCUMENT: LazyLock<OpenApi> = LazyLock::new(document);
    answer::json(StatusCode::OK, &*DOCUMENT)
}

/// `GET /docs`: the description to browse, in one page that asks nothing of the internet.
pub async fn browse() -> Response {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; \
                  form-action 'none'; frame-ancestors 'none'";
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
    ];
    (headers, include_str!("openapi/docs.html")).into_response()
}
