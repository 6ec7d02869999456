//! Identity providers that lie, are slow, or make no sense: each is a clear refusal.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::Method;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use super::Answer;
use crate::support::{Database, Server, on_both, query, register};

/// How an answer is made wrong.
type Forge = fn(&mut Lie);

/// An answer in place of the right one.
type Instead = fn() -> Response;

/// What a provider answers, before it is made wrong.
struct Lie {
    header: Value,
    claims: Value,
    /// Signs what comes before the last dot.
    sign: fn(&Key, &[u8]) -> Vec<u8>,
    /// What the token's endpoint answers instead.
    instead: Option<Instead>,
}

/// The provider's key.
struct Key {
    pair: Ed25519KeyPair,
    public: Vec<u8>,
}

impl Key {
    fn new() -> Self {
        let pair =
            Ed25519KeyPair::from_pkcs8(Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap().as_ref()).unwrap();
        let public = pair.public_key().as_ref().to_vec();
        Self { pair, public }
    }
}

/// A provider that answers as a test wants.
#[derive(Clone)]
struct Forger {
    issuer: String,
    key: Arc<Key>,
    nonce: Arc<Mutex<String>>,
    forge: Arc<Mutex<Forge>>,
    discovery: Arc<Mutex<Option<Instead>>>,
}

impl Forger {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let forger = Self {
            issuer,
            key: Arc::new(Key::new()),
            nonce: Arc::default(),
            forge: Arc::new(Mutex::new(|_| {})),
            discovery: Arc::default(),
        };
        let [of_discovery, of_keys, of_tokens] = [forger.clone(), forger.clone(), forger.clone()];
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(async move || of_discovery.configuration()))
            .route("/jwks", get(async move || of_keys.keys()))
            .route("/token", post(async move || of_tokens.token()));
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        forger
    }

    fn configuration(&self) -> Response {
        if let Some(answer) = *self.discovery.lock().unwrap() {
            return answer();
        }
        let issuer = &self.issuer;
        axum::Json(json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/auth"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/jwks"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA", "HS256", "none"],
        }))
        .into_response()
    }

    fn keys(&self) -> Response {
        let x = BASE64_URL_SAFE_NO_PAD.encode(&self.key.public);
        axum::Json(json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "one", "use": "sig", "x": x }] }))
            .into_response()
    }

    fn token(&self) -> Response {
        let now = mkt::core::clock::now().unix_seconds();
        let mut lie = Lie {
            header: json!({ "alg": "EdDSA", "kid": "one" }),
            claims: json!({
                "iss": self.issuer, "aud": "market", "sub": "mallory", "nonce": *self.nonce.lock().unwrap(),
                "iat": now, "exp": now + 300, "name": "Mallory",
            }),
            sign: |key, message| key.pair.sign(message).as_ref().to_vec(),
            instead: None,
        };
        (self.forge.lock().unwrap())(&mut lie);
        if let Some(answer) = lie.instead {
            return answer();
        }
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&lie.header), part(&lie.claims));
        let signature = BASE64_URL_SAFE_NO_PAD.encode((lie.sign)(&self.key, message.as_bytes()));
        let token = format!("{message}.{signature}");
        axum::Json(json!({ "access_token": "a", "token_type": "Bearer", "id_token": token })).into_response()
    }
}

/// What is forged, the status that follows, and a part of what is said of it.
const FORGED: &[(&str, Forge, u16, &str)] = &[
    ("nothing", |_| {}, 200, "jwt"),
    ("the issuer", |lie| lie.claims["iss"] = json!("http://127.0.0.1:1"), 401, "issuer"),
    ("no issuer", |lie| lie.claims["iss"] = Value::Null, 503, "makes no sense"),
    ("the audience", |lie| lie.claims["aud"] = json!("another"), 401, "audience"),
    ("another audience beside ours", |lie| lie.claims["aud"] = json!(["market", "another"]), 401, "audience"),
    ("the other client that counts beside ours", |lie| lie.claims["aud"] = json!(["market", "market-app"]), 200, "jwt"),
    (
        "for the other client",
        |lie| {
            lie.claims["aud"] = json!(["market", "market-app"]);
            lie.claims["azp"] = json!("market-app");
        },
        200,
        "jwt",
    ),
    ("another party", |lie| lie.claims["azp"] = json!("another"), 401, "azp"),
    ("the nonce", |lie| lie.claims["nonce"] = json!("another"), 401, "nonce"),
    ("no nonce", |lie| lie.claims["nonce"] = Value::Null, 401, "nonce"),
    ("expired", |lie| lie.claims["exp"] = json!(lie.claims["iat"].as_i64().unwrap() - 70), 401, "xpired"),
    ("expired within the skew", |lie| lie.claims["exp"] = json!(lie.claims["iat"].as_i64().unwrap() - 30), 200, "jwt"),
    ("from the future", |lie| lie.claims["iat"] = json!(lie.claims["iat"].as_i64().unwrap() + 120), 401, "future"),
    (
        "alg none",
        |lie| {
            lie.header["alg"] = json!("none");
            lie.sign = |_, _| Vec::new();
        },
        401,
        "ignature",
    ),
    (
        "HS256 with the public key",
        |lie| {
            lie.header["alg"] = json!("HS256");
            lie.sign =
                |key, message| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key.public), message).as_ref().to_vec();
        },
        401,
        "algorithm",
    ),
    (
        "HS256 with the client's secret",
        |lie| {
            lie.header["alg"] = json!("HS256");
            lie.sign =
                |_, message| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"secret"), message).as_ref().to_vec();
        },
        401,
        "algorithm",
    ),
    ("an unknown algorithm", |lie| lie.header["alg"] = json!("ROT13"), 503, "makes no sense"),
    ("another's key", |lie| lie.sign = |_, message| Key::new().pair.sign(message).as_ref().to_vec(), 401, "rypto"),
    ("an unknown key", |lie| lie.header["kid"] = json!("two"), 401, "key"),
    ("no signature", |lie| lie.sign = |_, _| Vec::new(), 401, ""),
    ("no subject", |lie| lie.claims["sub"] = Value::Null, 503, "makes no sense"),
    ("a blank subject", |lie| lie.claims["sub"] = json!(" \u{1} "), 422, "sub"),
    ("a long subject", |lie| lie.claims["sub"] = json!("x".repeat(5000)), 422, "sub"),
    ("a hostile name", |lie| lie.claims["name"] = json!("<script>\u{0}\n".repeat(100)), 200, "jwt"),
    (
        "a refusal",
        |lie| {
            lie.instead = Some(|| {
                (axum::http::StatusCode::BAD_REQUEST, axum::Json(json!({ "error": "invalid_grant" }))).into_response()
            })
        },
        401,
        "invalid_grant",
    ),
    (
        "no ID token",
        |lie| lie.instead = Some(|| axum::Json(json!({ "access_token": "a", "token_type": "Bearer" })).into_response()),
        503,
        "makes no sense",
    ),
    ("garbage", |lie| lie.instead = Some(|| "<html>".into_response()), 503, "makes no sense"),
    (
        "a fault",
        |lie| lie.instead = Some(|| axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response()),
        503,
        "makes no sense",
    ),
    (
        "a redirect",
        |lie| lie.instead = Some(|| axum::response::Redirect::to("/jwks").into_response()),
        503,
        "makes no sense",
    ),
    ("too much", |lie| lie.instead = Some(|| " ".repeat(2 * 1024 * 1024).into_response()), 503, "can't be reached"),
    ("silence", |lie| lie.instead = Some(silence), 503, "can't be reached"),
];

/// An answer that begins and never ends.
fn silence() -> Response {
    let never = futures_util::stream::once(async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        Ok::<_, std::io::Error>("")
    });
    Body::from_stream(never).into_response()
}

on_both! {
    async fn what_a_provider_forges_is_refused(database: Database) {
        let server = Server::start_with(&database, &["--rate-limit", "0"], &[]).await;
        let forger = Forger::start().await;
        let provider = register(&server, "Forger", &forger.issuer, "market", "secret").await;
        server.send(Method::PUT, &provider, json!({ "alternate_client_id": "market-app" })).await;
        for (what, forge, expected, said) in FORGED {
            let start = Answer::to(server.anonymous(Method::GET, &format!("{provider}/redirect"))).await;
            let sent = query(start.header("location"));
            *forger.nonce.lock().unwrap() = sent["nonce"].as_str().unwrap().to_owned();
            *forger.forge.lock().unwrap() = *forge;
            let back = format!("/sessions?code=c&state={}", sent["state"].as_str().unwrap());
            let answer = Answer::to(server.anonymous(Method::GET, &back)).await;
            assert_eq!(answer.status, *expected, "{what}: {}", answer.body);
            assert!(answer.body.contains(said), "{what}: {}", answer.body);
            assert!(answer.status != 401 || answer.header("www-authenticate") == "Bearer", "{what}");
        }
        let people = server.get("/users?name=script").await;
        assert_eq!(people["total_entries"], 1, "one person, by the name that came last");
        assert!(!people["results"][0]["name"].as_str().unwrap().contains(char::is_control));
    }

    async fn a_provider_that_does_not_say_who_it_is_is_not_asked(database: Database) {
        let server = Server::start(&database).await;
        let forger = Forger::start().await;
        let provider = register(&server, "Forger", &forger.issuer, "market", "secret").await;
        let redirect = async || Answer::to(server.anonymous(Method::GET, &format!("{provider}/redirect"))).await;
        let wrong: [Instead; 4] = [
            || "garbage".into_response(),
            || axum::Json(json!({ "issuer": "https://another.example.org" })).into_response(),
            || axum::http::StatusCode::NOT_FOUND.into_response(),
            || axum::response::Redirect::to("/jwks").into_response(),
        ];
        for answer in wrong {
            *forger.discovery.lock().unwrap() = Some(answer);
            let answer = redirect().await;
            assert_eq!((answer.status, answer.body.contains("makes no sense")), (503, true), "{}", answer.body);
        }
        *forger.discovery.lock().unwrap() = None;
        assert_eq!(redirect().await.status, 302, "nothing of that was kept");
        // Nobody is there, or where anybody could listen in.
        for issuer in ["http://127.0.0.1:1", "http://10.255.255.1"] {
            let provider = register(&server, issuer, issuer, "market", "secret").await;
            let answer = Answer::to(server.anonymous(Method::GET, &format!("{provider}/redirect"))).await;
            assert_eq!((answer.status, answer.body.contains("can't be reached")), (503, true), "{}", answer.body);
        }
    }
}
