//! `Idempotency-Key`: a creation sent twice happens once.

use mkt::core::db::{Db, Wait};
use mkt::core::{clock, idempotency};
use reqwest::Method;
use serde_json::{Value, json};

use super::cases::{World, cases};
use super::{Answer, Tree, column, text};
use crate::support::{Database, Server, on_both};

on_both! {
    async fn every_creation_can_be_repeated(database: Database) {
        let server = Server::start(&database).await;
        let world = World::make(&server, "Here").await;
        for case in cases() {
            let (name, collection, body) = (case.name, world.path(case.path), world.body(&case.body));
            let send = async |key: &str, body: &Value| {
                Answer::to(case.creation(&server, &collection, body).header("idempotency-key", key)).await
            };
            let first = send("one", &body).await;
            assert_eq!(first.status, 201, "{name}: {}", first.body);
            let again = send("one", &body).await;
            assert_eq!((again.status, again.json()), (201, first.json()), "{name}");
            assert_eq!(again.header("location"), first.header("location"), "{name}");
            assert_eq!(again.header("etag"), first.header("etag"), "{name}");
            let mut other = body.clone();
            other["external_id"] = json!("another body");
            let other = send("one", &other).await;
            assert_eq!(other.status, 422, "{name}: {}", other.body);
            server.send(Method::DELETE, &text(&first.json(), "path"), json!({})).await;
            // The answer of the first time, though the record is gone.
            assert_eq!(send("one", &body).await.json(), first.json(), "{name}");
            assert_eq!(send("two", &body).await.status, 201, "{name}: another key is another request");
        }
    }

    async fn repeats_at_the_same_time_on_two_servers_happen_once(database: Database) {
        let (one, two) = (Server::start(&database).await, Server::start(&database).await);
        for round in 0..5 {
            let body = json!({ "name": format!("Round {round}") });
            let key = format!("round-{round}");
            let tries = (0..8).map(|index| keyed(if index % 2 == 0 { &one } else { &two }, "/products", &key, &body));
            let answers = futures_util::future::join_all(tries).await;
            for answer in &answers {
                assert_eq!(answer.status, 201, "{}", answer.body);
                assert_eq!(answer.json()["id"], answers[0].json()["id"]);
            }
        }
        assert_eq!(one.get("/products?name=Round").await["total_entries"], 5);
    }

    async fn keys_hold_for_one_caller_address_and_body(database: Database) {
        let server = Server::start(&database).await;
        let tree = Tree::plant(&server, json!({ "name": "Keyed" })).await;
        let name = |name: &str| json!({ "name": name });
        // What failed did nothing, so it may be mended under the same key.
        assert_eq!(keyed(&server, "/groups", "k", &name("")).await.status, 422);
        assert_eq!(keyed(&server, "/groups", "k", &name("A")).await.status, 201);
        assert_eq!(keyed(&server, "/badges", "k", &json!({ "name": "A", "description": "B" })).await.status, 201);
        let wrapped = keyed(&server, "/groups", "k", &json!({ "group": { "name": "A" } })).await;
        assert_eq!(wrapped.status, 201, "the same fields in another form: {}", wrapped.body);
        assert_eq!(column(&server.get("/groups").await, "name"), ["A"]);

        let publish = format!("{}/publish", tree.product);
        let first = keyed(&server, &publish, "p", &Value::Null).await;
        server.send(Method::POST, &format!("{}/unpublish", tree.product), json!({})).await;
        assert_eq!(keyed(&server, &publish, "p", &Value::Null).await.json(), first.json());
        assert_eq!(server.get(&tree.product).await["published_at"], Value::Null, "nothing was done again");

        // After a day a key is free again.
        let db = Db::open(&database.url.parse().unwrap(), Wait::No).await.unwrap();
        let in_hours = |hours| (clock::now().datetime() + chrono::Duration::hours(hours)).into();
        assert_eq!(idempotency::forget_old(&db, in_hours(23)).await.unwrap(), 0);
        assert_eq!(idempotency::forget_old(&db, in_hours(25)).await.unwrap(), 3);
        assert_eq!(keyed(&server, "/groups", "k", &name("A")).await.status, 422, "it is done, and finds its own doing");

        for bad in ["", &"k".repeat(256), "caf\u{e9}"] {
            let answer = keyed(&server, "/groups", bad, &name("B")).await;
            assert_eq!(answer.status, 400, "{bad:?}: {}", answer.body);
            assert!(text(&answer.json(), "message").contains("Idempotency-Key"));
        }
        let stranger = server.anonymous(Method::POST, "/groups").header("idempotency-key", "k").json(&name("A"));
        assert_eq!(Answer::to(stranger).await.status, 401);
    }
}

async fn keyed(server: &Server, path: &str, key: &str, body: &Value) -> Answer {
    let request = server.request(Method::POST, path).header("idempotency-key", key.as_bytes());
    Answer::to(if body.is_null() { request } else { request.json(body) }).await
}
