//! What was missed comes back, frame by frame: by position, by time, by session; and what is no frame at all.

use std::time::{Duration, Instant};

use mkt::core::clock;
use mkt::core::event::prune;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::http::sessions::user_with_token;
use crate::support::cable::{BASE, Cable, EXTENDED, PATIENCE, beside, channel, channel_of, chat};
use crate::support::{ADMIN_TOKEN, Database, Server, on_both};

/// A subscription with a position.
fn since(identifier: &str, history: &Value) -> Value {
    json!({ "command": "subscribe", "identifier": identifier, "history": history })
}

fn at(epoch: &str, offset: i64) -> Value {
    json!({ "streams": { "chat": { "epoch": epoch, "offset": offset } } })
}

/// The numbers of the events up to the frame that says whether the history was kept, and whether it was.
async fn replayed(cable: &mut Cable) -> (Vec<i64>, bool) {
    let mut numbers = Vec::new();
    loop {
        let frame = cable.frame().await;
        match frame["type"].as_str() {
            Some("confirm_history") => return (numbers, true),
            Some("reject_history") => return (numbers, false),
            Some("confirm_subscription") => assert!(numbers.is_empty(), "data before the confirmation"),
            _ => numbers.push(frame["message"]["n"].as_i64().unwrap_or_else(|| panic!("{frame}"))),
        }
    }
}

on_both! {
    async fn what_was_missed_is_sent_from_where_the_client_stands(database: Database) {
        let server = Server::start(&database).await;
        let (db, chatting) = (beside(&database).await, channel("ChatChannel"));
        chat(&db, 1..=5).await;
        let begun = clock::now().unix_seconds();
        let mut cable = Cable::open(&server, ADMIN_TOKEN).await;
        cable.send(since(&chatting, &json!({ "since": 0 }))).await;
        assert_eq!(cable.frame().await, json!({ "type": "confirm_subscription", "identifier": chatting }));
        let first = cable.frame().await;
        let epoch = first["epoch"].as_str().unwrap().to_owned();
        let expected = json!({
            "identifier": chatting, "message": { "n": 1 }, "stream_id": "chat", "epoch": epoch, "offset": 1,
        });
        assert_eq!(first, expected);
        assert_eq!(replayed(&mut cable).await, (vec![2, 3, 4, 5], true));

        // Of five, all are kept, and then the last two.
        let cases = |oldest: i64| {
            let after = |offset: i64| (offset + 1..=5).collect::<Vec<_>>();
            [
                (at(&epoch, oldest), after(oldest), true),
                (at(&epoch, oldest - 1), after(oldest - 1), true),
                (at(&epoch, oldest - 2), vec![], false),
                (at(&epoch, 5), vec![], true),
                (at(&epoch, 6), vec![], false),
                (at(&epoch, i64::MAX), vec![], false),
                (at("other", 4), vec![], false),
                (json!({ "since": begun + 100_000 }), vec![], true),
                (json!({ "since": 1e300 }), vec![], false),
                (json!({ "since": 0 }), if oldest == 1 { after(0) } else { vec![] }, oldest == 1),
                (json!({}), vec![], false),
            ]
        };
        for oldest in [1, 4] {
            prune(&db, clock::now(), 7, if oldest == 1 { 100 } else { 2 }).await.unwrap();
            for (history, numbers, kept) in cases(oldest) {
                let mut cable = Cable::open(&server, ADMIN_TOKEN).await;
                cable.send(since(&chatting, &history)).await;
                assert_eq!(replayed(&mut cable).await, (numbers.clone(), kept), "{history}, from {oldest}");
                // The same by its own command, for a subscription that stands; and of none.
                cable.send(json!({ "command": "history", "identifier": chatting, "history": history })).await;
                assert_eq!(replayed(&mut cable).await, (numbers, kept), "{history}, from {oldest}");
                cable.send(json!({ "command": "history", "identifier": "other", "history": history })).await;
                assert_eq!(cable.frame().await, json!({ "type": "reject_history", "identifier": "other" }));
            }
        }
        // One stream that is refused is no reason to refuse another, and what happens next arrives all the same.
        let catalog = channel("CatalogChannel");
        cable.send(json!({ "command": "history", "identifier": chatting, "history": at("other", 1) })).await;
        assert!(!replayed(&mut cable).await.1);
        cable.send(since(&catalog, &json!({ "streams": { "catalog": { "epoch": epoch, "offset": 0 }, "chat": { "epoch": "other", "offset": 1 } } }))).await;
        assert_eq!(replayed(&mut cable).await, (vec![], true));
        chat(&db, 6..=6).await;
        assert_eq!(cable.frame().await["offset"], 6);
    }

    async fn nothing_overtakes_a_replay(database: Database) {
        let server = Server::start(&database).await;
        let (db, chatting) = (beside(&database).await, channel("ChatChannel"));
        chat(&db, 1..=600).await;
        let writer = tokio::spawn(async move {
            for first in (601..1200).step_by(25) {
                chat(&db, first..=first + 24).await;
            }
        });
        let follow = async || {
            let mut cable = Cable::open(&server, ADMIN_TOKEN).await;
            cable.send(since(&chatting, &json!({ "since": 0 }))).await;
            let mut offsets = Vec::new();
            while offsets.len() < 1200 {
                let frame = cable.frame().await;
                assert_ne!(frame["type"], "reject_history");
                offsets.extend(frame["offset"].as_i64());
            }
            assert!(offsets.into_iter().eq(1..=1200), "a gap, a repeat or another order");
        };
        tokio::join!(follow(), follow(), follow(), follow());
        writer.await.unwrap();
    }

    async fn a_connection_that_was_cut_is_restored(database: Database) {
        let server = Server::start(&database).await;
        let other = Server::start(&database).await;
        let (db, chatting) = (beside(&database).await, channel("ChatChannel"));
        let (_, _, stranger) = user_with_token(&server, "Stranger", json!([])).await;
        let (_, _, token) = user_with_token(&server, "Robin", json!([])).await;
        let mut cable = Cable::open(&server, &token).await;
        cable.subscribe(&channel("CatalogChannel")).await;
        cable.subscribe(&chatting).await;
        cable.subscribe(&channel("AccountChannel")).await;
        cable.send(json!({ "command": "unsubscribe", "identifier": channel("AccountChannel") })).await;
        chat(&db, 1..=1).await;
        let event = cable.frame().await;
        let epoch = event["epoch"].as_str().unwrap().to_owned();
        let mut sid = cable.sid();
        cable.cut();
        chat(&db, 2..=2).await;
        let theirs = Cable::resume(&server, &stranger, &sid).await;
        assert_eq!(theirs.welcome["restored"], Value::Null, "{}", theirs.welcome);
        for header in [false, true] {
            let headers = [("x-anycable-restore-sid", sid.as_str())];
            let (query, headers) = if header { (String::new(), &headers[..]) } else { (format!("?sid={sid}"), &[][..]) };
            let mut cable = Cable::with(&server, &token, EXTENDED, &query, headers).await.unwrap();
            let expected = json!({
                "type": "welcome", "sid": cable.sid(), "restored": true,
                "restored_ids": [channel("CatalogChannel"), chatting],
            });
            assert_eq!(cable.welcome, expected);
            assert_ne!(cable.sid(), sid);
            // What happens now waits for what was missed.
            chat(&db, 3..=3).await;
            cable.send(json!({ "command": "history", "identifier": chatting, "history": at(&epoch, 1) })).await;
            let (numbers, kept) = replayed(&mut cable).await;
            assert!(kept && numbers.starts_with(&[2]), "{numbers:?}");
            sid = cable.sid();
            cable.cut();
        }
        // Whichever server it comes back to, once that is written down.
        let begun = Instant::now();
        let mut back = loop {
            let cable = Cable::resume(&other, &token, &sid).await;
            if cable.welcome["restored"] == true {
                break cable;
            }
            assert!(begun.elapsed() < PATIENCE, "{}", cable.welcome);
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        assert_eq!(Cable::resume(&other, &stranger, &sid).await.welcome["restored"], Value::Null);
        // A client that does not say where it stands is not kept waiting for long.
        chat(&db, 5..=5).await;
        // A server that polls may have had some of what was before as news, too.
        while back.frame().await["message"]["n"] != 5 {}
        // Those who speak the other protocol know nothing of all this.
        let mut plain = Cable::with(&other, &token, BASE, &format!("?sid={sid}"), &[]).await.unwrap();
        assert_eq!(plain.welcome, json!({ "type": "welcome" }));
        plain.send(since(&chatting, &at(&epoch, 1))).await;
        assert_eq!(plain.frame().await["type"], "confirm_subscription");
        chat(&db, 6..=6).await;
        assert_eq!(plain.frame().await, json!({ "identifier": chatting, "message": { "n": 6 } }));
    }
}

#[tokio::test]
async fn frames_that_are_none_end_the_connection() {
    let server = Server::start(&Database::sqlite()).await;
    let padded = |length: usize| Message::text(r#"{"command":"ping"}"#.to_owned() + &" ".repeat(length - 18));
    for frame in [
        Message::text("hello"),
        Message::text("[]"),
        Message::text(r#"{"command":"subscribe"}"#),
        Message::text(r#"{"command":"subscribe","identifier":{}}"#),
        Message::binary(br#"{"command":"ping"}"#.to_vec()),
        padded(64 * 1024 + 1),
    ] {
        let mut cable = Cable::open(&server, ADMIN_TOKEN).await;
        cable.raw(frame.clone()).await;
        let told = json!({ "type": "disconnect", "reason": "invalid_request", "reconnect": false });
        assert_eq!(cable.ended().await, (told, json!(1003)), "{:.50}", frame.to_text().unwrap_or("binary"));
    }
    let mut cable = Cable::open(&server, ADMIN_TOKEN).await;
    // What is unknown is passed over, and so is what lacks something.
    for ignored in [
        json!({ "command": "whisper", "identifier": "x", "data": {} }),
        json!({ "command": "pong" }),
        json!({ "command": "message", "identifier": "x" }),
        json!({ "command": "unsubscribe", "identifier": "x" }),
        json!({ "command": "message", "identifier": "x", "data": "{}" }),
    ] {
        cable.send(ignored).await;
    }
    cable.raw(padded(64 * 1024)).await;
    assert_eq!(cable.frame().await, json!({ "type": "pong" }));
    // Identifiers are the client's; a repeat is confirmed again.
    for identifier in [" {\"channel\":\"CatalogChannel\", \"x\":\"ü\"}", "{\"channel\":\"CatalogChannel\"}"] {
        for _ in 0..3 {
            cable.subscribe(identifier).await;
        }
    }
    for number in 2..100 {
        cable.subscribe(&channel_of("CatalogChannel", "number", &number.to_string())).await;
    }
    assert!(!cable.asks(&channel("ChatChannel")).await, "100 are enough");
    cable.send(json!({ "command": "unsubscribe", "identifier": "{\"channel\":\"CatalogChannel\"}" })).await;
    cable.subscribe(&channel("ChatChannel")).await;
    let ping = cable.any_frame().await;
    assert_eq!(ping["type"], "ping");
    assert!((ping["message"].as_i64().unwrap() - clock::now().unix_seconds()).abs() < 60, "{ping}");
}
