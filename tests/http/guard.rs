//! What every answer tells browsers and caches.

use reqwest::Method;
use serde_json::json;

use super::{Answer, text};
use crate::support::{Database, Server};

const API: &str = "default-src 'none'; frame-ancestors 'none'";

#[tokio::test]
async fn every_answer_guards_itself() {
    let server = Server::start(&Database::sqlite()).await;
    let badge = server.create("/badges", json!({ "name": "Kept", "description": "Kept by those who ask." })).await;
    let (path, mine) = (text(&badge, "path"), "private, no-cache");
    let [get, post] = [Method::GET, Method::POST];
    let body = json!({ "name": "", "description": "" });
    for (request, status, caching) in [
        (server.anonymous(get.clone(), &path), 200, ""),
        (server.anonymous(get.clone(), "/products"), 200, ""),
        (server.anonymous(get.clone(), "/openapi.json"), 200, ""),
        (server.anonymous(get.clone(), "/nowhere"), 404, "no-store"),
        (server.anonymous(get.clone(), "/status"), 200, "no-store"),
        (server.anonymous(get.clone(), "/websocket"), 426, "no-store"),
        (
            server.anonymous(Method::OPTIONS, "/products").header("access-control-request-method", "GET"),
            200,
            "no-store",
        ),
        (server.anonymous(get.clone(), &path).bearer_auth("unknown"), 401, "no-store"),
        (server.request(get.clone(), &path), 200, mine),
        (server.request(Method::HEAD, &path), 200, mine),
        (server.request(get.clone(), "/products"), 200, mine),
        (server.request(get.clone(), "/nowhere"), 404, "no-store"),
        (server.request(Method::DELETE, "/products"), 405, "no-store"),
        (server.request(post.clone(), "/badges").json(&body), 422, "no-store"),
        (server.request(post.clone(), "/badges").body("{"), 400, "no-store"),
        (server.request(Method::PATCH, &path).json(&json!({})), 200, "no-store"),
    ] {
        let answer = Answer::to(request).await;
        let shown = format!("{:?} {}", answer.headers, answer.body);
        assert_eq!((answer.status, answer.header("cache-control")), (status, caching), "{shown}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("content-security-policy", API),
            ("cross-origin-resource-policy", "cross-origin"),
            ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
            ("strict-transport-security", ""),
        ] {
            assert_eq!(answer.header(name), value, "{name}: {shown}");
        }
    }
    // What is private is still not sent twice.
    let known = Answer::to(server.request(get.clone(), &path)).await;
    let again = Answer::to(server.request(get.clone(), &path).header("if-none-match", known.header("etag"))).await;
    assert_eq!((again.status, again.header("cache-control")), (304, mine));
    let docs = Answer::to(server.anonymous(get, "/docs")).await;
    let policy = docs.header("content-security-policy");
    assert!(policy.contains("script-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(docs.header("x-frame-options"), "DENY");
}

#[tokio::test]
async fn transport_is_strict_where_there_is_tls() {
    for (address, expected) in [("https://market.example.org", "max-age=31536000"), ("http://market.example.org", "")] {
        let server = Server::start_with(&Database::sqlite(), &["--public-url", address], &[]).await;
        let answer = Answer::to(server.anonymous(Method::GET, "/livez")).await;
        assert_eq!(answer.header("strict-transport-security"), expected, "{address}");
    }
}
