//! The API described: OpenAPI 3.1, made from the same declarations that serve, and a page to browse it.

mod answers;
mod authorizations;
mod deployments;
mod events;
mod examples;
mod files;
mod labels;
mod operations;
mod others;
mod parameters;
mod reviews;
mod schemas;
mod sign_in;

use std::sync::LazyLock;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};

use super::answer;
use super::problem::Problem;
use crate::core::model;
use crate::core::resource::{Record, Resource};
use crate::each_resource;

/// What the paths don't tell.
const NOTES: &str = "Bodies may be wrapped in the singular name of the resource, `{\"product\": {…}}`. Every item is found \
    under the singular too, `…/task/{id}`: not listed here, as nothing differs. `/websocket`, `/websockets` and `/cable` take \
    WebSockets that speak ActionCable, which OpenAPI has no words for.";

macro_rules! describe {
    ($($resource:ident),+) => {
        (
            [$(operations::paths::<model::$resource>()),+].concat(),
            [$(schemas::of::<model::$resource>()),+].concat(),
            vec![$((model::$resource::TABLE.plural, model::$resource::ABOUT.trim())),+],
        )
    };
}

/// The description of the API.
pub fn document() -> Value {
    let (paths, schemas, tags) = each_resource!(describe);
    let own = others::schemas()
        .into_iter()
        .chain(sign_in::schemas())
        .chain(authorizations::schemas())
        .chain(events::schemas())
        .chain(labels::schemas())
        .chain(deployments::schemas());
    let own = own.map(|(name, schema)| (name.to_owned(), schema)).chain(schemas::of::<model::AuditEvent>());
    let own = own.chain(schemas::of::<model::Review>());
    let schemas: Map<String, Value> = schemas.into_iter().chain(own).collect();
    let paths =
        paths.into_iter().chain(others::paths()).chain(files::paths()).chain(labels::paths()).chain(reviews::paths());
    let paths: Map<String, Value> = paths
        .chain(sign_in::paths())
        .chain(authorizations::paths())
        .chain(events::paths())
        .chain(deployments::paths())
        .collect();
    let own = [
        ("authorizations", "Whether products may be used."),
        ("events", "What happened, for those who poll."),
        ("reviews", model::Review::ABOUT.trim()),
        ("packages", "Publishing a marketplace.json."),
        ("sign-in", "Signing in and out, and who did what."),
        ("status", "The marketplace about itself."),
    ];
    let tags: Vec<Value> =
        tags.into_iter().chain(own).map(|(name, about)| json!({ "name": name, "description": about })).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Marketplace",
            "version": env!("CARGO_PKG_VERSION"),
            "description": format!("{}\n\n{NOTES}", env!("CARGO_PKG_DESCRIPTION")),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "tags": tags,
        "security": [{}, { "bearer": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": answers::components(),
            "headers": answers::headers(),
            "parameters": parameters::components(),
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer" } },
        },
    })
}

/// `GET /openapi.json`.
pub async fn show() -> Result<Response, Problem> {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(document);
    answer::json(StatusCode::OK, &*DOCUMENT)
}

/// The page to browse the description with.
const PAGE: &str = include_str!("openapi/docs.html");

/// `GET /docs`: the description to browse, in one page that asks nothing of the internet.
pub async fn browse() -> Response {
    static POLICY: LazyLock<String> = LazyLock::new(policy);
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, &*POLICY)];
    (headers, PAGE).into_response()
}

/// The page runs the one script that it came with, and shows the one style (CSP 3, 2.3.1).
fn policy() -> String {
    let hash = |element: &str| {
        let inside =
            PAGE.split_once(&format!("<{element}>")).and_then(|(_, rest)| rest.split_once(&format!("</{element}>")));
        let digest = digest(&SHA256, inside.map_or("", |(inside, _)| inside).as_bytes());
        format!("'sha256-{}'", STANDARD.encode(digest))
    };
    format!(
        "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
        hash("script"),
        hash("style")
    )
}
