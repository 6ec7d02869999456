//! From the log to the sockets: between servers, through restarts of the database, at a server's end, to those who are slow.

use std::time::{Duration, Instant};

use mkt::core::clock::{self, Timestamp};
use mkt::core::event::NewEvent;
use reqwest::Method;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::licensing::market::Market;
use crate::support::cable::{Cable, PATIENCE, beside, channel, chat};
use crate::support::{ADMIN_TOKEN, Cluster, Database, Server, on_both};

on_both! {
    async fn a_server_that_stops_tells_every_socket(database: Database) {
        let server = Server::start(&database).await;
        let mut cables = Vec::new();
        for number in 0..50 {
            let mut cable = Cable::open(&server, ADMIN_TOKEN).await;
            if number % 2 == 0 {
                cable.subscribe(&channel("CatalogChannel")).await;
            }
            cables.push(cable);
        }
        let poller = tokio::spawn(server.request(Method::GET, "/events?wait=50").send());
        server.terminate();
        let told = json!({ "type": "disconnect", "reason": "server_restart", "reconnect": true });
        for cable in &mut cables {
            assert_eq!(cable.ended().await, (told.clone(), json!(1012)));
        }
        // Whoever polls is answered, too, or never came in.
        if let Ok(answer) = poller.await.unwrap() {
            assert!([200, 503].contains(&answer.status().as_u16()));
        }
        assert_eq!(server.ended().await, Some(0));
    }

    async fn whoever_polls_may_wait_for_an_event(database: Database) {
        let market = Market::open(&database).await;
        let server = &market.server;
        let begun = Instant::now();
        let nothing = server.get("/events?wait=1").await;
        assert_eq!((&nothing["results"], &nothing["last_id"]), (&json!([]), &Value::Null));
        assert!(begun.elapsed() >= Duration::from_secs(1));
        for wrong in ["wait=51", "wait=-1", "wait=x"] {
            assert_eq!(server.request(Method::GET, &format!("/events?{wrong}")).send().await.unwrap().status(), 400);
        }
        let begun = Instant::now();
        let waiting = tokio::spawn(server.request(Method::GET, "/events?wait=50").send());
        // Drafts are told of on no stream that is waited for.
        market.id("/products", json!({ "name": "Draft" })).await;
        let product = market.product("Awaited").await;
        let page: Value = waiting.await.unwrap().unwrap().json().await.unwrap();
        assert_eq!(page["results"][0]["model"]["product"]["id"], product.as_str(), "{page}");
        assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
        // At the end of the server, at once.
        let last = page["last_id"].as_str().unwrap();
        let waiting = tokio::spawn(server.request(Method::GET, &format!("/events?wait=50&after={last}")).send());
        // It has to have come in before the server ends.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let begun = Instant::now();
        server.terminate();
        let page: Value = waiting.await.unwrap().unwrap().json().await.unwrap();
        assert_eq!((&page["results"], &page["last_id"]), (&json!([]), &json!(last)));
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }

    async fn what_becomes_visible_later_is_told_of_then_and_once(database: Database) {
        let market = Market::open(&database).await;
        let other = Server::start(&database).await;
        let at_once = market.product("At once").await;
        let body = json!({ "name": "Now" });
        let now = market.id("/products", body).await;
        market.server.send(Method::POST, &format!("/products/{now}/publish"), json!({})).await;
        let soon = Timestamp::from(clock::now().datetime() + Duration::from_secs(2));
        let later = market.id("/products", json!({ "name": "Later", "visible_at": soon })).await;
        market.server.send(Method::POST, &format!("/products/{later}/publish"), json!({})).await;
        let mut stranger = Cable::open(&other, "").await;
        let catalog = channel("CatalogChannel");
        stranger.send(json!({ "command": "subscribe", "identifier": catalog, "history": { "since": 0 } })).await;
        stranger.frame().await;
        let mut told = Vec::new();
        while !told.contains(&json!(later)) {
            let frame = stranger.frame().await;
            if frame["type"].is_null() {
                told.push(frame["message"]["model"]["product"]["id"].clone());
            }
        }
        // Time for every server to look around once more.
        let second = Timestamp::from(clock::now().datetime() + Duration::from_secs(1));
        let last = market.id("/products", json!({ "name": "Last", "visible_at": second })).await;
        market.server.send(Method::POST, &format!("/products/{last}/publish"), json!({})).await;
        while !told.contains(&json!(last)) {
            told.push(stranger.event().await["message"]["model"]["product"]["id"].clone());
        }
        // The publication of what is visible later was told before, to those who might see it.
        let seen: Vec<_> = told.iter().map(|id| id.as_str().unwrap()).collect();
        for product in [&at_once, &now, &last] {
            assert_eq!(seen.iter().filter(|id| *id == product).count(), 1, "{seen:?}");
        }
    }

    async fn one_who_is_slow_delays_nobody(database: Database) {
        let server = Server::start(&database).await;
        let db = beside(&database).await;
        let (mut slow, mut quick) = (Cable::open(&server, ADMIN_TOKEN).await, Cable::open(&server, ADMIN_TOKEN).await);
        for cable in [&mut slow, &mut quick] {
            cable.subscribe(&channel("ChatChannel")).await;
        }
        let text = "x".repeat(256 * 1024);
        let begun = Instant::now();
        // More than a connection buffers, and then for longer than the server waits.
        for number in 1.. {
            let said = if number <= 64 { json!({ "n": number, "text": text }) } else { json!({ "n": number }) };
            let tx = db.begin().await.unwrap();
            tx.announce(vec![NewEvent::said(RawValue::from_string(said.to_string()).unwrap())]);
            tx.commit().await.unwrap();
            db.notify_others().await.unwrap();
            if number >= 64 && begun.elapsed() > Duration::from_secs(12) {
                break;
            }
            if number >= 64 {
                let sent = Instant::now();
                while quick.frame().await["message"]["n"] != number {}
                assert!(sent.elapsed() < Duration::from_secs(5), "{:?}", sent.elapsed());
            }
        }
        let (told, code) = slow.ended().await;
        assert_eq!(told, json!({ "type": "disconnect", "reason": "slow_consumer", "reconnect": true }));
        assert_eq!(code, 1013);
    }
}

#[tokio::test]
async fn without_announcements_events_are_polled_for() {
    let database = Database::postgres();
    let arguments = ["--notify", "false"];
    let (one, other) =
        (Server::start_with(&database, &arguments, &[]).await, Server::start_with(&database, &arguments, &[]).await);
    let mut cable = Cable::open(&other, ADMIN_TOKEN).await;
    cable.subscribe(&channel("CatalogChannel")).await;
    let market = Market { server: one };
    for name in ["One", "Two", "Three"] {
        let product = market.product(name).await;
        let begun = Instant::now();
        assert_eq!(cable.event().await["message"]["model"]["product"]["id"], product.as_str());
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_restart_of_the_database_loses_and_repeats_nothing() {
    let cluster = Cluster::start();
    let database = Database::at(cluster.database("relay"));
    let server = Server::start(&database).await;
    let address = server.address();
    let writer = tokio::spawn(async move {
        let db = beside(&database).await;
        let mut number = 0;
        let begun = Instant::now();
        while number < 300 {
            let tx = match db.begin().await {
                Ok(tx) => tx,
                Err(_) => {
                    assert!(begun.elapsed() < 2 * PATIENCE, "the database does not come back");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            tx.announce(vec![NewEvent::said(RawValue::from_string(json!({ "n": number }).to_string()).unwrap())]);
            match tx.commit().await {
                Ok(()) => number += 1,
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        chat(&db, 1_000_000..=1_000_000).await;
    });
    let restarts = tokio::task::spawn_blocking(move || {
        for _ in 0..2 {
            std::thread::sleep(Duration::from_millis(700));
            cluster.crash();
        }
        cluster
    });
    let (mut offsets, mut last, mut position) = (Vec::new(), 0, Value::Null);
    while last != 1_000_000 {
        assert_eq!(server.address(), address);
        let Ok(mut cable) = Cable::with(&server, ADMIN_TOKEN, crate::support::cable::EXTENDED, "", &[]).await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let history = match &position {
            Value::Null => json!({ "since": 0 }),
            position => json!({ "streams": { "chat": position } }),
        };
        let identifier = channel("ChatChannel");
        cable.send(json!({ "command": "subscribe", "identifier": identifier, "history": history })).await;
        while last != 1_000_000 {
            let frame = cable.frame().await;
            assert_ne!(frame["type"], "reject_history", "after {history}");
            if frame["type"] == "disconnect" || frame.is_null() {
                break;
            }
            if let Some(offset) = frame["offset"].as_i64() {
                offsets.push(offset);
                last = frame["message"]["n"].as_i64().unwrap();
                position = json!({ "epoch": frame["epoch"], "offset": offset });
            }
        }
    }
    writer.await.unwrap();
    assert!(offsets.len() > 300 && offsets.iter().copied().eq(1..=offsets.len() as i64), "a gap or a repeat");
    drop(restarts.await.unwrap());
}
