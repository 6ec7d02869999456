//! Who may follow what, and that each socket loses what its caller loses: at once, on every server.

use std::time::{Duration, Instant};

use mkt::core::clock::{self, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::licensing::market::{Market, User};
use crate::support::cable::{Cable, EXTENDED, PATIENCE, channel, channel_of};
use crate::support::{ADMIN_TOKEN, Database, Server, on_both};

/// Another key of a platform, from RFC 8037.
const KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

/// The id of a user's platform.
async fn platform_of(market: &Market, user: &User) -> String {
    let page = market.server.get(&format!("/users/{}/platforms", user.id)).await;
    page["results"][0]["id"].as_str().unwrap().to_owned()
}

/// Waits for the end of a socket, which must be for this reason.
async fn ends(cable: &mut Cable, reason: &str) {
    let (told, code) = cable.ended().await;
    assert_eq!(told, json!({ "type": "disconnect", "reason": reason, "reconnect": false }));
    assert_eq!(code, 1008);
}

on_both! {
    async fn channels_are_for_those_who_may(database: Database) {
        let market = Market::open(&database).await;
        let (owner, stranger) = (market.user("Owner").await, market.user("Stranger").await);
        let agent = market.platform(&owner).await;
        let limited = market.token(&owner, json!(["products.read"])).await;
        let platform = platform_of(&market, &owner).await;
        let product = market.product("Public").await;
        let draft = market.id("/products", json!({ "name": "Draft", "user_id": owner.id })).await;
        let callers = [&*owner.token, &*agent.token, &*stranger.token, ADMIN_TOKEN, &*limited.token, ""];
        for (identifier, expected) in [
            (channel("CatalogChannel"), [true, true, true, true, true, true]),
            (channel_of("ProductChannel", "product_id", &product), [true, true, true, true, true, true]),
            (channel_of("ProductChannel", "product_id", &draft), [true, false, false, true, true, false]),
            (channel_of("ProductChannel", "product_id", &platform), [false; 6]),
            (channel("ProductChannel"), [false; 6]),
            (channel_of("PlatformChannel", "platform_id", &platform), [true, true, false, true, false, false]),
            (channel_of("PlatformChannel", "platform_id", &product), [false; 6]),
            (channel("PlatformChannel"), [false, true, false, false, false, false]),
            (channel("AccountChannel"), [true, false, true, true, true, false]),
            (channel_of("AccountChannel", "user_id", &owner.id), [true, false, false, false, true, false]),
            (channel("AuditChannel"), [false, false, false, true, false, false]),
            (channel("ReviewChannel"), [false, false, false, true, false, false]),
            (channel("AdministrationChannel"), [true, true, true, true, true, false]),
            (channel_of("OutputChannel", "instance_id", &product), [false; 6]),
            (channel("ChatChannel"), [true, true, true, true, true, false]),
            (channel("NoChannel"), [false; 6]),
        ] {
            for (token, expected) in callers.iter().zip(expected) {
                let place = callers.iter().position(|caller| caller == token);
                let asked = Cable::open(&market.server, token).await.asks(&identifier).await;
                assert_eq!(asked, expected, "{identifier} by caller {place:?}");
            }
        }
        // Who is connected already may follow what becomes public then.
        let mut early = Cable::open(&market.server, "").await;
        let of_draft = channel_of("ProductChannel", "product_id", &draft);
        assert!(!early.asks(&of_draft).await);
        assert_eq!(market.server.send(Method::POST, &format!("/products/{draft}/publish"), json!({})).await.0, 200);
        assert!(early.asks(&of_draft).await);

        // What a token may not be used for, its events do not tell.
        let mut limited = Cable::open(&market.server, &limited.token).await;
        limited.subscribe(&channel("AccountChannel")).await;
        limited.subscribe(&channel("ChatChannel")).await;
        market.token(&owner, json!([])).await;
        limited.say(&channel("ChatChannel"), json!({ "said": 1.50 })).await;
        assert_eq!(limited.frame().await["identifier"], channel("ChatChannel"));

        // Where the operator wants a token from everybody.
        let closed = Server::start_with(&database, &["--anonymous-events", "false"], &[]).await;
        for token in ["", "mkt_wrong", "a.b.c"] {
            ends_at_once(&closed, token).await;
        }
        ends_at_once(&market.server, "mkt_wrong").await;
        Cable::open(&closed, &stranger.token).await.subscribe(&channel("CatalogChannel")).await;
    }

    async fn what_is_revoked_ends_its_sockets_on_every_server(database: Database) {
        let market = Market::open(&database).await;
        let other = Server::start_with(&database, &["--rate-limit", "0"], &[]).await;
        let owner = market.user("Owner").await;
        let agent = market.platform(&owner).await;
        let user = format!("/users/{}", owner.id);
        let platform = format!("{user}/platforms/{}", platform_of(&market, &owner).await);
        // A key that is changed within the second ends nothing that was signed in before in the same.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let doomed = market.user("Doomed").await;
        let doomed_agent = market.platform(&doomed).await;
        let doomed_platform = format!("/users/{}/platforms/{}", doomed.id, platform_of(&market, &doomed).await);
        let make = async || {
            let body = json!({ "expires_at": "2999-01-01" });
            let token = market.server.create(&format!("{user}/tokens"), body).await;
            (token["path"].as_str().unwrap().to_owned(), token["token"].as_str().unwrap().to_owned())
        };
        let ((revoked, first), (rotated, second)) = (make().await, make().await);
        let renamed = json!({ "public_key": KEY });
        for (token, method, path, body) in [
            (&first, Method::DELETE, &revoked, json!({})),
            (&second, Method::POST, &format!("{rotated}/rotate"), json!({})),
            (&agent.token, Method::PATCH, &platform, renamed),
            (&doomed_agent.token, Method::DELETE, &doomed_platform, json!({})),
        ] {
            let [mut here, mut there] = [Cable::open(&market.server, token).await, Cable::open(&other, token).await];
            let mut bystander = Cable::open(&other, &owner.token).await;
            for cable in [&mut here, &mut there, &mut bystander] {
                cable.subscribe(&channel("CatalogChannel")).await;
            }
            let (status, answer) = market.server.send(method, path, body).await;
            assert!(status.is_success(), "{path}: {answer}");
            let waiting = Instant::now();
            tokio::join!(ends(&mut here, "remote"), ends(&mut there, "remote"));
            assert!(waiting.elapsed() < Duration::from_secs(10), "{path}: {:?}", waiting.elapsed());
            ends_at_once(&other, token).await;
            assert!(bystander.asks(&channel("ChatChannel")).await, "nobody else is disturbed");
        }
        let soon = Timestamp::from(clock::now().datetime() + Duration::from_secs(2));
        let brief = market.server.create(&format!("{user}/tokens"), json!({ "expires_at": soon })).await;
        let mut brief = Cable::open(&other, brief["token"].as_str().unwrap()).await;
        ends(&mut brief, "token_expired").await;
    }

    async fn a_role_that_is_taken_takes_its_events(database: Database) {
        let market = Market::open(&database).await;
        let other = Server::start_with(&database, &["--rate-limit", "0"], &[]).await;
        let auditor = market.user("Auditor").await;
        market.appoint(&auditor, json!({ "attempts": { "read": true } })).await;
        let product = market.product("Watched").await;
        let mut cables = [Cable::open(&market.server, &auditor.token).await, Cable::open(&other, &auditor.token).await];
        for cable in &mut cables {
            cable.subscribe(&channel("AuditChannel")).await;
            cable.subscribe(&channel("AccountChannel")).await;
        }
        market.authorize(&auditor, &product).await;
        for cable in &mut cables {
            let event = cable.event_of("attempt", "created").await;
            assert_eq!(event["model"]["attempt"]["product_id"], product.as_str(), "{event}");
        }
        let appointments = market.server.get("/roles?per_page=100").await["results"].as_array().unwrap().clone();
        for role in appointments {
            let path = format!("{}/appointments", role["path"].as_str().unwrap());
            for appointment in market.server.get(&path).await["results"].as_array().unwrap() {
                if appointment["entity_id"] == auditor.id.as_str() {
                    market.server.send(Method::DELETE, appointment["path"].as_str().unwrap(), json!({})).await;
                }
            }
        }
        market.authorize(&auditor, &product).await;
        // By now the attempt has been told of to those who may hear it.
        let mut admin = Cable::open(&market.server, ADMIN_TOKEN).await;
        admin.send(json!({ "command": "subscribe", "identifier": channel("AuditChannel"), "history": { "since": 0 } })).await;
        while admin.frame().await["offset"] != 2 {}
        market.token(&auditor, json!([])).await;
        for cable in &mut cables {
            let rejected = json!({ "type": "reject_subscription", "identifier": channel("AuditChannel") });
            assert_eq!(cable.frame().await, rejected);
            assert_eq!(cable.event().await["message"]["resource_type"], "token", "nothing of the second attempt");
        }
    }

    async fn what_is_hidden_is_told_to_none_but_those_who_see_it(database: Database) {
        let market = Market::open(&database).await;
        let (owner, stranger) = (market.user("Owner").await, market.user("Stranger").await);
        let since = "2020-01-01T00:00:00Z";
        let body = json!({ "name": "Hidden", "visible_at": since, "user_id": owner.id });
        let product = format!("/products/{}", market.id("/products", body).await);
        let post = async |step: &str| {
            let (status, answer) = market.server.send(Method::POST, &format!("{product}/{step}"), json!({})).await;
            assert_eq!(status, 200, "{answer}");
        };
        post("publish").await;
        let identifier = channel_of("ProductChannel", "product_id", product.rsplit('/').next().unwrap());
        let mut told = Vec::new();
        for token in [&*owner.token, ADMIN_TOKEN, &*stranger.token, ""] {
            let mut cable = Cable::open(&market.server, token).await;
            cable.subscribe(&identifier).await;
            told.push(cable);
        }
        post("unpublish").await;
        market.server.send(Method::PATCH, &product, json!({ "description": "A secret draft." })).await;
        let build = market.server.create(&format!("{product}/builds"), json!({ "version": "1.0.0" })).await;
        let build = build["path"].as_str().unwrap();
        post("publish").await;
        // The build is still a draft, of a product that all may see.
        market.server.send(Method::PATCH, build, json!({ "container_tag": "two" })).await;
        post("unpublish").await;
        let all = ["product unpublished", "product updated", "build created", "product published", "build updated", "product unpublished"];
        let public = ["product unpublished", "product published", "product unpublished"];
        for (cable, expected) in told.iter_mut().zip([&all[..], &all[..], &public[..], &public[..]]) {
            for expected in expected {
                let event = cable.event().await;
                let message = &event["message"];
                let what = [&message["resource_type"], &message["event_type"]].map(|what| what.as_str().unwrap());
                assert_eq!(what.join(" "), *expected, "{event}");
            }
        }
    }

    async fn nobody_has_all_the_sockets(database: Database) {
        let server = Server::start_with(&database, &["--max-sockets", "2"], &[]).await;
        let market = Market { server };
        let (greedy, other) = (market.user("Greedy").await, market.user("Other").await);
        let more = market.token(&greedy, json!([])).await;
        let open = async |token: &str| Cable::with(&market.server, token, EXTENDED, "", &[]).await;
        let (_first, second) = (open(&greedy.token).await.unwrap(), open(&more.token).await.unwrap());
        for token in [&greedy.token, &more.token] {
            assert_eq!(open(token).await.err(), Some(429));
        }
        let (status, problem) = market.ask(&greedy, Method::GET, "/events?wait=1").await;
        assert_eq!(status, 429, "{problem}");
        open(&other.token).await.unwrap();
        for _ in 0..3 {
            assert_eq!(open("").await.unwrap().welcome["type"], "welcome");
        }
        second.cut();
        let begun = Instant::now();
        while open(&greedy.token).await.is_err() {
            assert!(begun.elapsed() < PATIENCE, "a place that was left is not given again");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// That a server does not take these credentials.
async fn ends_at_once(server: &Server, token: &str) {
    let mut cable = Cable::open(server, token).await;
    let told: Value = json!({ "type": "disconnect", "reason": "unauthorized", "reconnect": false });
    let closed = cable.frame().await;
    assert_eq!((&cable.welcome, closed), (&told, json!({ "closed": 1008 })));
}
