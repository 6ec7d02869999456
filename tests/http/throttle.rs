//! Who asks too often for what lets one guess, or tries credentials, has to wait.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};

use super::Answer;
use crate::support::{ADMIN_TOKEN, Database, Server};

async fn server(rate: &str, arguments: &[&str]) -> Server {
    Server::start_with(&Database::sqlite(), arguments, &[("MKT_RATE_LIMIT", rate)]).await
}

fn sign_in(server: &Server) -> RequestBuilder {
    server.anonymous(Method::GET, "/sessions")
}

fn from(server: &Server, address: &str) -> RequestBuilder {
    sign_in(server).header("x-forwarded-for", address)
}

/// How many requests are heard before one is refused.
async fn heard(most: usize, request: impl Fn(usize) -> RequestBuilder) -> usize {
    for count in 0..most {
        if Answer::to(request(count)).await.status == 429 {
            return count;
        }
    }
    most
}

/// After how many seconds a refused request may come again.
fn wait(refused: &Answer) -> u64 {
    assert_eq!((refused.status, refused.header("content-type")), (429, "application/problem+json"));
    let seconds: u64 = refused.header("retry-after").parse().unwrap();
    let message = refused.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains(&format!("try again in {seconds} second")), "{message}");
    seconds
}

#[tokio::test]
async fn who_asks_too_often_waits() {
    let server = server("60", &[]).await;
    let count = heard(100, |_| sign_in(&server)).await;
    assert!((60..80).contains(&count), "{count}");
    let refused = Answer::to(sign_in(&server).header("origin", "https://elsewhere.example.org")).await;
    assert_eq!((wait(&refused), refused.header("access-control-allow-origin")), (1, "*"));
    // All that counts, counts together; what doesn't is answered.
    let package = server.anonymous(Method::POST, "/packages").json(&serde_json::json!({}));
    assert_eq!(Answer::to(package).await.status, 429);
    assert_eq!(Answer::to(server.anonymous(Method::GET, "/products")).await.status, 200);
    let signed_in = server.request(Method::POST, "/packages").json(&serde_json::json!({}));
    assert_ne!(Answer::to(signed_in).await.status, 429);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_ne!(Answer::to(sign_in(&server)).await.status, 429);
}

#[tokio::test]
async fn clients_are_told_apart_behind_trusted_proxies_only() {
    let trusting = server("5", &["--trusted-proxies", "127.0.0.1,10.0.0.0/8"]).await;
    for client in ["198.51.100.1", "198.51.100.2", "6.6.6.6, 198.51.100.3, 10.0.0.1", "2001:db8::1"] {
        assert_eq!(heard(10, |_| from(&trusting, client)).await, 5, "{client}");
    }
    // A network's many addresses are one client, and what clients claim makes them no other.
    for client in ["2001:db8::2", "7.7.7.7, 198.51.100.3"] {
        assert_eq!(heard(10, |_| from(&trusting, client)).await, 0, "{client}");
    }
    let suspicious = server("5", &[]).await;
    assert_eq!(heard(10, |count| from(&suspicious, &format!("198.51.100.{count}"))).await, 5);
}

#[tokio::test]
async fn who_signs_in_counts_as_one_from_anywhere() {
    let server = server("5", &["--trusted-proxies", "127.0.0.1"]).await;
    let signed_in = |count: usize| from(&server, &format!("198.51.100.{count}")).bearer_auth(ADMIN_TOKEN);
    assert_eq!(heard(10, signed_in).await, 5);
    assert_eq!(heard(1, |_| from(&server, "198.51.100.9")).await, 1);
}

#[tokio::test]
async fn who_guesses_tokens_waits_and_those_who_are_known_do_not() {
    let server = server("60", &["--trusted-proxies", "127.0.0.1"]).await;
    let status = |address: &str, token: &str| {
        let request = server.anonymous(Method::GET, "/status").header("x-forwarded-for", address);
        if token.is_empty() { request } else { request.bearer_auth(token) }
    };
    assert_eq!(Answer::to(status("198.51.100.1", ADMIN_TOKEN)).await.status, 200);
    // A program that repeats itself is no guesser.
    assert_eq!(heard(50, |_| status("198.51.100.1", "expired")).await, 50);
    assert_eq!(heard(50, |count| status("198.51.100.1", &format!("guess-{count}"))).await, 19);
    let refused = Answer::to(status("198.51.100.1", "one more")).await;
    assert!((50..=60).contains(&wait(&refused)), "{:?}", refused.headers);
    for (address, token, expected) in [
        ("198.51.100.1", ADMIN_TOKEN, 200),
        ("198.51.100.1", "", 200),
        ("198.51.100.1", "expired", 429),
        ("198.51.100.2", "one more", 401),
    ] {
        assert_eq!(Answer::to(status(address, token)).await.status, expected, "{address} {token}");
    }
    let websocket = |address: &str, token: usize| {
        let request = server.anonymous(Method::GET, &format!("/websocket?jwt=guess-{token}"));
        request
            .header("x-forwarded-for", address)
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    };
    assert!(wait(&Answer::to(websocket("198.51.100.1", 99)).await) <= 60);
    // Tokens tried there count like others; those answers end in the socket, so only the heads are read.
    for guess in 0..20 {
        assert_eq!(websocket("198.51.100.3", guess).send().await.unwrap().status(), 101);
    }
    assert_eq!(Answer::to(status("198.51.100.3", "one more")).await.status, 429);
}

#[tokio::test]
async fn the_throttle_can_be_off() {
    let server = server("0", &[]).await;
    assert_eq!(heard(100, |_| sign_in(&server)).await, 100);
    assert_eq!(heard(30, |count| server.anonymous(Method::GET, "/status").bearer_auth(count)).await, 30);
}
