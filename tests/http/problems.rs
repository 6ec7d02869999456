//! Bad requests: the status, the one form that all errors have, and what none of them may tell.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Answer, Tree};
use crate::support::{ADMIN_TOKEN, Database, Server, on_both};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const LIMIT: usize = 2 * 1024 * 1024;

/// What would tell of the inside.
const SECRETS: [&str; 9] =
    ["select ", "insert ", "sqlx", "sqlite", "postgres", ".rs:", "/tmp/", "panicked", "constraint"];

on_both! {
    async fn every_bad_request_gets_a_problem(database: Database) {
        let server = Server::start(&database).await;
        let tree = Tree::plant(&server, json!({ "name": "Target" })).await;
        let deep = "[".repeat(100_000);
        let brackets = format!("product{}=1", "[x]".repeat(10_000));
        let nobody = Uuid::new_v4();

        // As the administrator: method, path, content type, body, status.
        let requests: &[(&str, &str, &str, &[u8], u16)] = &[
            ("POST", "/products", JSON, b"{\"name\":", 400),
            ("POST", "/products", JSON, b"{\"name\":\"a\"} x", 400),
            ("POST", "/products", JSON, b"[1]", 400),
            ("POST", "/products", JSON, b"\"x\"", 400),
            ("POST", "/products", JSON, b"null", 400),
            ("POST", "/products", JSON, b"{\"name\":\"\xff\"}", 400),
            ("POST", "/products", JSON, b"{\"name\":1e400}", 400),
            ("POST", "/products", JSON, deep.as_bytes(), 400),
            ("POST", "/products", FORM, brackets.as_bytes(), 422),
            ("POST", "/products", FORM, b"product[name=x", 400),
            ("POST", "/products", "multipart/form-data", b"x", 400),
            ("POST", "/products", "multipart/form-data; boundary=cut", b"--cut\r\nbroken", 400),
            ("POST", "/products", "text/xml", b"<a/>", 415),
            ("POST", "/products", "application/jsonp", b"{}", 415),
            ("POST", "/products/search", "text/plain", b"{}", 415),
            ("PUT", "/products", JSON, b"{}", 400),
            ("PUT", "/products", JSON, b"{\"id\":\"x\"}", 400),
            ("PUT", &format!("/products/{nobody}"), JSON, b"{}", 404),
            ("POST", &format!("/products/{nobody}/publish"), JSON, b"", 404),
            ("POST", &format!("{}/builds/{nobody}/yank", tree.product), JSON, b"", 404),
            ("POST", "/packages?dry_run=maybe", JSON, b"{}", 400),
            ("POST", "/packages", JSON, b"\xff", 400),
            ("POST", "/packages", JSON, b"", 422),
            ("GET", "/products/x", "", b"", 400),
            ("GET", "/products/%00", "", b"", 400),
            ("GET", "/products/%ff", "", b"", 400),
            ("GET", "/products/x/builds", "", b"", 400),
            ("GET", &format!("{}/builds/x", tree.product), "", b"", 400),
            ("DELETE", "/licenses/x", "", b"", 400),
            ("POST", "/products/x/publish", "", b"", 400),
            ("GET", "/nowhere", "", b"", 404),
            ("GET", "/products/", "", b"", 404),
            ("GET", "//etc/passwd", "", b"", 404),
            ("GET", "/..%2f..%2fetc/passwd", "", b"", 404),
            ("GET", &format!("/products/{nobody}"), "", b"", 404),
            ("GET", "/events?stream=secrets", "", b"", 404),
            ("GET", &format!("/events?after={nobody}"), "", b"", 404),
            ("GET", "/events?after=x", "", b"", 400),
            ("GET", "/events?limit=0", "", b"", 400),
            ("GET", "/events?limit=many", "", b"", 400),
            ("DELETE", "/products", "", b"", 405),
            ("POST", "/status", "", b"", 405),
            ("PUT", &format!("{}/publish", tree.product), JSON, b"{}", 405),
            ("BREW", "/products", "", b"", 405),
        ];
        for (method, path, kind, body, status) in requests {
            let request = server.request(method.parse().unwrap(), path).body(body.to_vec());
            let request = if kind.is_empty() { request } else { request.header("content-type", *kind) };
            let context = format!("{method} {path} {:.60}", String::from_utf8_lossy(body));
            let problem = assert_problem(request, *status, &context).await;
            assert_eq!(problem.headers.contains_key("allow"), *status == 405, "{method} {path}");
        }
        let problem = assert_problem(server.request(Method::DELETE, "/products"), 405, "Allow").await;
        for method in ["GET", "POST", "PUT"] {
            assert!(problem.header("allow").contains(method), "{}", problem.header("allow"));
        }
        for accept in ["text/plain", "text/html", "image/png, text/*"] {
            for path in ["/products", "/status", &tree.build, "/products/x"] {
                assert_problem(server.request(Method::GET, path).header("accept", accept), 406, accept).await;
            }
        }
        for accept in ["application/json", "*/*", "text/html;q=0.5, a/problem+json", "text/plain, application/*;q=0.1"] {
            let answer = Answer::to(server.request(Method::GET, "/products").header("accept", accept)).await;
            assert_eq!(answer.status, 200, "{accept}");
        }
    }

    async fn credentials_that_do_not_hold_are_refused(database: Database) {
        let server = Server::start(&database).await;
        let tree = Tree::plant(&server, json!({ "name": "Target" })).await;
        tree.publish(&server).await;
        for credentials in ["Bearer wrong", "Bearer ", "Bearer", "Basic YTpi", ADMIN_TOKEN, "Bearer \u{fc}"] {
            for path in ["/products", "/status", &tree.build, "/events"] {
                let request = server.anonymous(Method::GET, path).header("authorization", credentials.as_bytes());
                assert_unauthenticated(request, &format!("{credentials} {path}")).await;
            }
        }
        // Who is nobody may write nothing, whether it is there or not.
        let absent = format!("/products/{}", Uuid::new_v4());
        let (publish, yank) = (format!("{}/publish", tree.product), format!("{}/yank", tree.build));
        let mut writes = vec![
            (Method::POST, "/licenses"), (Method::POST, "/roles"), (Method::POST, "/users"),
            (Method::POST, "/packages"), (Method::POST, &publish), (Method::POST, &yank), (Method::PUT, &absent),
            (Method::DELETE, &absent),
        ];
        for item in &tree.items {
            writes.extend([Method::PUT, Method::PATCH, Method::DELETE].map(|method| (method, item.as_str())));
            writes.push((Method::POST, item.rsplit_once('/').unwrap().0));
        }
        for (method, path) in writes {
            let request = server.anonymous(method.clone(), path).json(&json!({ "name": "x" }));
            assert_unauthenticated(request, &format!("{method} {path}")).await;
        }
    }

    async fn bodies_that_are_too_large_are_refused(database: Database) {
        let server = Server::start(&database).await;
        let filler = "x".repeat(LIMIT);
        let (json, form) = (format!("{{\"name\":\"{filler}\"}}"), format!("product[name]={filler}"));
        let head = "--cut\r\ncontent-disposition: form-data; name=\"name\"\r\n\r\n";
        let multipart = format!("{head}{filler}x\r\n--cut--\r\n");
        let bodies = [
            ("/products", JSON, &json),
            ("/products", FORM, &form),
            ("/products", "multipart/form-data; boundary=cut", &multipart),
            ("/products/search", JSON, &json),
            ("/packages?dry_run=true", JSON, &json),
        ];
        for (path, kind, body) in bodies {
            let request = server.request(Method::POST, path).header("content-type", kind).body(body.clone());
            assert_problem(request, 413, &format!("{path} {kind}")).await;
        }
        // One that just fits is read, and refused for what it says.
        let fits = format!("{{\"name\":\"{}\"}}", &filler[..LIMIT - 11]);
        let request = server.request(Method::POST, "/products").header("content-type", JSON).body(fits);
        assert_problem(request, 422, "fits").await;
    }

    async fn requests_have_ids_and_browsers_may_ask(database: Database) {
        let server = Server::start(&database).await;
        let (long, longer) = ("x".repeat(128), "x".repeat(200));
        for (given, echoed) in [("my-id.1", true), (&long, true), (&longer, false), ("\u{fc}", false), ("", false)] {
            for path in ["/products", "/nowhere", "/products/x", "/docs", "/livez"] {
                let request = server.anonymous(Method::GET, path).header("x-request-id", given.as_bytes());
                let answer = Answer::to(request).await;
                let id = answer.header("x-request-id");
                assert!(if echoed { id == given } else { id.parse::<Uuid>().is_ok() }, "{path} {given}: {id}");
            }
        }
        let origin = |request: RequestBuilder| Answer::to(request.header("origin", "https://ui.example.org"));
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let asked = "authorization, content-type, accept, if-match, idempotency-key";
            let preflight =
                server.anonymous(Method::OPTIONS, "/products/x").header("access-control-request-method", method);
            let answer = origin(preflight.header("access-control-request-headers", asked).bearer_auth("wrong")).await;
            assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, "*"), "{method}");
            assert!(answer.header("access-control-allow-methods").contains(method));
            let allowed = answer.header("access-control-allow-headers").to_lowercase();
            assert!(asked.split(", ").all(|name| allowed.contains(name)), "{allowed}");
        }
        for path in ["/products", "/nowhere", "/products/x"] {
            let answer = origin(server.anonymous(Method::GET, path)).await;
            assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
            assert!(answer.header("access-control-expose-headers").to_lowercase().contains("etag"), "{path}");
            assert!(!answer.headers.contains_key("access-control-allow-credentials"), "{path}");
        }
    }
}

/// Asserts that a request fails with this status, in the form that all errors have.
pub async fn assert_problem(request: RequestBuilder, status: u16, context: &str) -> Answer {
    let answer = Answer::to(request).await;
    assert_eq!(answer.status, status, "{context}: {}", answer.body);
    assert_eq!(answer.header("content-type"), "application/problem+json", "{context}");
    let problem = answer.json();
    assert_eq!(problem["status"], status, "{context}");
    for member in ["type", "title", "detail", "message"] {
        assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{context}: {member} in {problem}");
    }
    let has_fields = problem.get("errors").is_some_and(Value::is_object);
    assert_eq!(has_fields, status == 422 && problem.get("details").is_none(), "{context}: {problem}");
    assert!(!answer.header("x-request-id").is_empty(), "{context}");
    let told = answer.body.to_lowercase();
    for secret in SECRETS {
        assert!(!told.contains(secret), "{context}: {secret} in {problem}");
    }
    answer
}

async fn assert_unauthenticated(request: RequestBuilder, context: &str) {
    let answer = assert_problem(request, 401, context).await;
    assert!(answer.header("www-authenticate").starts_with("Bearer"), "{context}");
}
