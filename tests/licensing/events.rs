//! What is told of rights, to whom, and that every attempt is told of once.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use mkt::client::Client;
use mkt::client::cable::{Followed, Position, Seen, Watch};
use mkt::core::secret::Secret;
use reqwest::Method;
use serde_json::{Value, json};

use super::market::{Market, User};
use crate::support::{ADMIN_TOKEN, Database, Server, on_both};

/// What has been told on a stream, as kinds and types.
async fn told(market: &Market, user: &User, stream: &str) -> Vec<String> {
    let (status, page) = market.ask(user, Method::GET, &format!("/events?stream={stream}&limit=1000")).await;
    assert_eq!(status, 200, "{page}");
    let what = |event: &Value| {
        format!("{} {}", event["resource_type"].as_str().unwrap(), event["event_type"].as_str().unwrap())
    };
    page["results"].as_array().unwrap().iter().map(what).collect()
}

/// The ids of the attempts that were told of.
async fn announced(server: &Server) -> Vec<String> {
    let page = server.get("/events?stream=audit&limit=1000").await;
    let events = page["results"].as_array().unwrap().clone();
    events.iter().map(|event| event["model"]["attempt"]["id"].as_str().unwrap().to_owned()).collect()
}

/// Waits until so many attempts were told of.
async fn announces(server: &Server, number: usize) -> Vec<String> {
    let begun = Instant::now();
    loop {
        let told = announced(server).await;
        if told.len() >= number {
            return told;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{} of {number} attempts are told of", told.len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn watch(server: &Server, token: &str, followed: Followed) -> Watch {
    Client::new(server.url("").parse().unwrap(), Some(Secret::new(token))).unwrap().watch(followed, Position::default())
}

/// The kinds of the next events.
async fn next(watch: &mut Watch, number: usize) -> Vec<String> {
    let mut events = Vec::new();
    while events.len() < number {
        if let Seen::Event { event, .. } = watch.next().await.unwrap() {
            events.push(format!("{} {}", event.resource_type, event.event_type));
        }
    }
    events
}

on_both! {
    async fn changes_of_rights_are_told_to_whom_they_concern(database: Database) {
        let market = Market::open(&database).await;
        let (ann, bob, eve) = (market.user("Ann").await, market.user("Bob").await, market.user("Eve").await);
        let mut live = watch(&market.server, &ann.token, Followed::Account);
        assert!(matches!(live.next().await.unwrap(), Seen::Resumed));
        let product = market.product("Planner").await;
        let offer = market.offer(&product, json!({})).await;
        let entitlement = market.entitlement(&ann, &offer, "2026-01-31").await;
        let claim = market.claim(&entitlement, "User", &bob.id).await;
        let path = format!("/entitlements/{entitlement}");
        market.server.send(Method::PATCH, &path, json!({ "valid_from": "2026-02-28" })).await;
        market.server.send(Method::PATCH, &path, json!({ "valid_from": "2026-02-28" })).await;
        market.server.send(Method::DELETE, &format!("{path}/claims/{claim}"), json!({})).await;
        let voucher = market.server.create("/vouchers", json!({ "product_license_id": offer })).await;
        market.ask(&bob, Method::POST, &format!("/vouchers/{}/redeem", voucher["code"].as_str().unwrap())).await;
        market.server.send(Method::PATCH, &path, json!({ "user_id": bob.id })).await;
        market.server.send(Method::DELETE, &path, json!({})).await;

        let expected = ["entitlement created", "claim created", "entitlement updated", "claim deleted", "entitlement updated"];
        let with_token = |expected: &[&'static str]| [&["token created"], expected].concat();
        assert_eq!(told(&market, &ann, "account").await, with_token(&expected));
        assert_eq!(next(&mut live, expected.len()).await, expected);
        let expected = ["claim created", "claim deleted", "entitlement created", "voucher redeemed", "entitlement updated", "entitlement deleted"];
        assert_eq!(told(&market, &bob, "account").await, with_token(&expected));
        assert_eq!(told(&market, &eve, "account").await, with_token(&[]));
        assert_eq!(told(&market, &eve, "catalog").await, ["product published"]);
        // A token hears what it may read.
        let tokens = format!("/users/{}/tokens", bob.id);
        let token = market.server.create(&tokens, json!({ "expires_at": "2999-01-01", "scopes": ["vouchers.read"] })).await;
        let limited = User { id: bob.id.clone(), token: token["token"].as_str().unwrap().to_owned() };
        assert_eq!(told(&market, &limited, "account").await, ["voucher redeemed"]);

        for (user, stream, status) in [(Some(&eve), "audit", 403), (None, "audit", 401), (None, "account", 401), (Some(&eve), "x", 404)] {
            let request = market.server.anonymous(Method::GET, &format!("/events?stream={stream}"));
            let request = user.iter().fold(request, |request, user| request.bearer_auth(&user.token));
            assert_eq!(request.send().await.unwrap().status(), status, "{stream}");
        }
        let refused = watch(&market.server, &eve.token, Followed::Audit).next().await.unwrap_err();
        assert!(refused.message.contains("attempts.read"), "{}", refused.message);
    }

    async fn every_attempt_is_told_of_once(database: Database) {
        let market = Market::open(&database).await;
        let other = if database.url.starts_with("sqlite") { None } else { Some(Server::start(&database).await) };
        let servers = [&market.server, other.as_ref().unwrap_or(&market.server)];
        let mut live = watch(servers[1], ADMIN_TOKEN, Followed::Audit);
        assert!(matches!(live.next().await.unwrap(), Seen::Resumed));
        let product = market.product("Planner").await;
        let offer = market.offer(&product, json!({ "uses": 100 })).await;
        let mut people = Vec::new();
        for number in 0..4 {
            let user = market.user(&format!("Person {number}")).await;
            let entitlement = market.entitlement(&user, &offer, "2026-01-31").await;
            market.claim(&entitlement, "User", &user.id).await;
            people.push(user);
        }
        let ask = |turn: usize| {
            let user = &people[turn % 4];
            let path = format!("/authorizations/users/{}/products/{product}", user.id);
            servers[turn / 4 % 2].anonymous(Method::PUT, &path).bearer_auth(&user.token).send()
        };
        let answers = join_all((0..480).map(ask)).await;
        let mut attempts = HashSet::new();
        for answer in answers {
            let answer: Value = answer.unwrap().json().await.unwrap();
            attempts.insert(answer["attempt_id"].as_str().unwrap().to_owned());
        }
        assert_eq!(attempts.len(), 480);
        let told = announces(servers[0], 480).await;
        assert_eq!((told.len(), told.into_iter().collect::<HashSet<_>>()), (480, attempts));
        assert_eq!(next(&mut live, 480).await, vec!["attempt created"; 480]);
    }

    async fn a_server_that_is_killed_leaves_no_attempt_untold(database: Database) {
        let mut market = Market::open(&database).await;
        let user = market.user("Ann").await;
        let product = market.product("Planner").await;
        let mut attempts = HashSet::new();
        for _ in 0..30 {
            attempts.insert(market.authorize(&user, &product).await.1["attempt_id"].as_str().unwrap().to_owned());
        }
        market.server.kill();
        let server = Server::start(&database).await;
        let told = announces(&server, 30).await;
        assert_eq!((told.len(), told.into_iter().collect::<HashSet<_>>()), (30, attempts));
    }
}
