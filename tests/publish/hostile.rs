//! Registries that answer what no registry should: nobody is fooled, nothing is given away, and it ends.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Response, StatusCode};
use futures_util::stream::repeat;
use mkt::client::{Cause, Registries, Resolved};
use serde_json::json;

use crate::support::{Home, Manifest};

type Handler = Arc<dyn Fn(&Request) -> Response<Body> + Send + Sync>;

/// A path and the credentials that came with it.
type Asked = (String, Option<String>);

/// A registry that answers so, and what it was asked with which credentials.
struct Hostile {
    address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Hostile {
    async fn start(answer: impl Fn(&Request, &str) -> Response<Body> + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked: Arc<Mutex<Vec<_>>> = Arc::default();
        let (own, noted) = (address.clone(), asked.clone());
        let handler: Handler = Arc::new(move |request: &Request| {
            let authorization = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
            noted.lock().unwrap().push((request.uri().path().to_owned(), authorization));
            answer(request, &own)
        });
        let app = Router::new().fallback(move |request: Request| async move { handler(&request) });
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, asked }
    }

    async fn resolve(&self) -> Result<Resolved, mkt::client::Failure> {
        let image = format!("{}/tests/app:1.0.0", self.address).parse().unwrap();
        registries().resolve(&image).await
    }
}

fn registries() -> Registries {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Registries::new(Vec::new()).unwrap()
}

fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Body>) -> Response<Body> {
    let response = Response::builder().status(StatusCode::from_u16(status).unwrap());
    headers.iter().fold(response, |response, (name, value)| response.header(*name, *value)).body(body.into()).unwrap()
}

fn endless() -> Body {
    use futures_util::StreamExt;
    Body::from_stream(repeat(bytes::Bytes::from(vec![b' '; 65536])).map(Ok::<_, std::io::Error>))
}

fn token_service(own: &str) -> Response<Body> {
    let challenge = format!("Bearer realm=\"http://{own}/token\",service=\"tests\"");
    answer(401, &[("www-authenticate", &challenge)], "")
}

#[tokio::test]
async fn nobody_is_fooled() {
    type Case = (&'static str, fn(&Request, &str) -> Response<Body>, Cause);
    let cases: [Case; 13] = [
        ("more than 4 MiB", |_, _| answer(200, &[], endless()), Cause::Other),
        ("answered 404", |_, _| answer(404, &[], endless()), Cause::NotFound),
        ("does not speak", |_, _| answer(200, &[], "{\"manifests\": 1}"), Cause::Other),
        ("does not speak", |_, _| answer(200, &[], "{}"), Cause::Other),
        (
            "does not speak",
            |_, _| answer(200, &[], json!({ "config": { "digest": "../../x" } }).to_string()),
            Cause::Other,
        ),
        (
            "is what it says that this is",
            |_, _| answer(200, &[("docker-content-digest", &format!("sha256:{}", "0".repeat(64)))], "{}"),
            Cause::Other,
        ),
        (
            "its digest is not of",
            |request, _| match request.uri().path().contains("/blobs/") {
                true => answer(200, &[], "{}"),
                false => answer(
                    200,
                    &[],
                    json!({ "config": { "digest": format!("sha256:{}", "0".repeat(64)) } }).to_string(),
                ),
            },
            Cause::Other,
        ),
        ("without end", |_, own| answer(307, &[("location", &format!("http://{own}/again"))], ""), Cause::Other),
        ("redirects to where nobody", |_, _| answer(307, &[("location", "file:///etc/passwd")], ""), Cause::Other),
        (
            "a token that can't be sent",
            |request, own| match request.uri().path() {
                "/token" => answer(200, &[], json!({ "token": "a\r\nb" }).to_string()),
                _ => token_service(own),
            },
            Cause::Other,
        ),
        (
            "more than 4 MiB",
            |request, own| match request.uri().path() {
                "/token" => answer(200, &[], endless()),
                _ => token_service(own),
            },
            Cause::Other,
        ),
        (
            "no TLS",
            |_, _| answer(401, &[("www-authenticate", "Bearer realm=\"http://registry.invalid/token\"")], ""),
            Cause::Other,
        ),
        ("does not let you read", |_, _| answer(401, &[("www-authenticate", "Basic realm=\"\\")], ""), Cause::Refused),
    ];
    for (told, respond, cause) in cases {
        let begun = Instant::now();
        let failure = Hostile::start(respond).await.resolve().await.unwrap_err();
        let expected = if told == "answered 404" { "There is no image" } else { told };
        assert!(failure.message.contains(expected) && failure.cause == cause, "{told}: {failure:?}");
        assert!(!failure.message.contains('\n') && begun.elapsed() < Duration::from_secs(10), "{told}");
    }
}

#[tokio::test]
async fn names_that_would_forge_lines_are_dropped() {
    let index = json!({ "manifests": [
        { "platform": { "os": "linux", "architecture": "amd64\nerror: forged" } },
        { "platform": { "os": "linux", "architecture": "arm64", "variant": "v8" } },
        { "platform": { "os": "unknown", "architecture": "unknown" } },
    ] });
    let registry = Hostile::start(move |_, _| answer(200, &[], index.to_string())).await;
    assert_eq!(registry.resolve().await.unwrap().platforms, ["linux/arm64/v8"]);
}

#[tokio::test]
async fn an_image_is_looked_up_once() {
    let registry = Hostile::start(|_, _| answer(200, &[], json!({ "manifests": [] }).to_string())).await;
    let image = format!("{}/tests/app:1.0.0", registry.address).parse().unwrap();
    let registries = registries();
    let looks = (0..50).map(|_| registries.resolve(&image));
    futures_util::future::join_all(looks).await.into_iter().for_each(|resolved| drop(resolved.unwrap()));
    assert_eq!(registry.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn credentials_are_for_the_registry_and_its_token_service_alone() {
    let (home, elsewhere) = (Home::new(), Hostile::start(|_, _| answer(200, &[], "{\"manifests\": []}")).await);
    let away = elsewhere.address.clone();
    let registry = Hostile::start(move |request, own| match request.uri().path() {
        "/token" => answer(200, &[], json!({ "access_token": "handed-out" }).to_string()),
        _ if request.headers().contains_key("authorization") => {
            answer(307, &[("location", &format!("http://{away}/content"))], "")
        }
        _ => token_service(own),
    })
    .await;
    // Whoever has an identity token of Docker's trades it in.
    for (auths, shown) in [
        (json!({ "auth": "YWxleDpzZWNyZXQ=" }), Some("Basic YWxleDpzZWNyZXQ=".to_owned())),
        (json!({ "identitytoken": "an-identity" }), None),
    ] {
        registry.asked.lock().unwrap().clear();
        home.docker(&json!({ "auths": { &registry.address: auths } }).to_string());
        let mut package = Manifest::new("App", "1.0.0");
        package.0["product"]["build"]["binary"] =
            json!({ "registry": format!("http://{}", registry.address), "image": "tests/app:1.0.0" });
        let folder = home.file("package");
        package.write(&folder);
        let path = folder.display().to_string();
        let ran = home.mkt(&["publish", "--yes", "--strict", &path], &[("MKT_NO_RESOLVE", "false")]).await;
        // The image is for no platform, so nothing more is asked of anybody.
        assert!(ran.code == 1 && ran.stderr.contains("not for linux/amd64"), "{}", ran.stderr);
        let asked = registry.asked.lock().unwrap().clone();
        let bearer = Some("Bearer handed-out".to_owned());
        let manifest = "/v2/tests/app/manifests/1.0.0".to_owned();
        assert_eq!(asked, [(manifest.clone(), None), ("/token".to_owned(), shown), (manifest, bearer)]);
    }
    assert!(elsewhere.asked.lock().unwrap().iter().all(|(path, shown)| path == "/content" && shown.is_none()));
    home.docker("{");
    let ran = home
        .mkt(&["publish", "--yes", &home.file("package").display().to_string()], &[("MKT_NO_RESOLVE", "false")])
        .await;
    assert!(ran.code == 4 && ran.stderr.contains("config.json, or from the helper"), "{}: {}", ran.code, ran.stderr);
    assert!(!ran.stderr.contains("mkt login"), "{}", ran.stderr);
}
