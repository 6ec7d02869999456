//! `GET /events`, for those who poll.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Tree, column, id_in, post, text};
use crate::support::{Database, Server, on_both};

on_both! {
    async fn hiding_and_showing_a_product_is_told(database: Database) {
        let server = Server::start(&database).await;
        let tree = Tree::plant(&server, json!({ "name": "Told" })).await;
        tree.publish(&server).await;
        for visible_at in [json!(null), json!("2026-01-31T12:00:00Z")] {
            server.send(Method::PATCH, &tree.product, json!({ "visible_at": visible_at })).await;
        }
        let (_, events) = server.get_anonymously("/events").await;
        let of_product = events["results"].as_array().unwrap().iter().filter(|event| event["resource_type"] == "product");
        let told: Vec<_> = of_product.map(|event| event["event_type"].as_str().unwrap()).collect();
        assert_eq!(told, ["published", "unpublished", "published"]);
    }

    async fn events_tell_each_change_once_and_in_order(database: Database) {
        let server = Server::start(&database).await;
        let empty = server.get("/events").await;
        let epoch = empty["epoch"].as_str().unwrap();
        let position = json!({ "results": [], "last_id": null, "stream_id": "catalog", "epoch": epoch, "offset": 0 });
        assert_eq!(empty, position);
        assert_eq!(server.get("/events?after=latest").await, empty);

        let tree = Tree::plant(&server, json!({ "name": "Told" })).await;
        assert_eq!(server.get("/events").await, empty, "drafts are not told of");
        tree.publish(&server).await;
        tree.publish(&server).await;
        let start = text(&server.get("/events?after=latest").await, "last_id");
        server.send(Method::PATCH, &tree.product, json!({ "description": "No event." })).await;
        for step in ["yank", "yank"] {
            post(&server, &format!("{}/{step}", tree.build)).await;
        }
        for step in ["unpublish", "unpublish", "publish"] {
            post(&server, &format!("{}/{step}", tree.product)).await;
        }
        // A build that nobody saw goes quietly.
        let quiet = server.create(&format!("{}/builds", tree.product), json!({ "version": "2.0.0" })).await;
        for path in [&text(&quiet, "path"), &tree.build, &tree.product] {
            server.send(Method::DELETE, path, json!({})).await;
        }

        let (product, build) = (id_in(&tree.product), id_in(&tree.build));
        let expected = [
            "build published", "product published", "build yanked", "product unpublished", "product published",
            "build deleted", "product deleted",
        ];
        let all = server.get("/events").await["results"].as_array().unwrap().clone();
        let what = |event: &Value| format!("{} {}", text(event, "resource_type"), text(event, "event_type"));
        assert_eq!(all.iter().map(what).collect::<Vec<_>>(), expected);
        for event in &all {
            let resource = text(event, "resource_type");
            let model = &event["model"][&resource];
            assert_eq!(model["id"], if resource == "build" { build } else { product }, "{event}");
            assert!(resource == "product" || model["product"]["id"] == product, "{event}");
            assert!(text(event, "message").ends_with('.') && text(event, "occurred_at").ends_with('Z'), "{event}");
        }
        assert_eq!(server.get(&format!("/events?after={start}")).await["results"], json!(all[2..]));

        // Walking by two sees what one look sees.
        let (mut walked, mut after) = (Vec::new(), String::new());
        while walked.len() < all.len() {
            let page = server.get(&format!("/events?limit=2&after={after}")).await;
            after = text(&page, "last_id");
            walked.extend(page["results"].as_array().unwrap().clone());
        }
        assert_eq!(walked, all);
        let rest = server.get(&format!("/events?after={after}")).await;
        assert_eq!((&rest["results"], &rest["last_id"]), (&json!([]), &json!(after)));

        // Of what is gone, everybody hears only that it is gone.
        let (_, public) = server.get_anonymously("/events").await;
        assert_eq!(column(&public, "event_type"), ["unpublished", "deleted", "deleted"]);
        assert!(!public.to_string().contains("Told"), "{public}");
    }

    async fn a_change_that_fails_tells_nothing(database: Database) {
        let server = Server::start(&database).await;
        let tree = Tree::plant(&server, json!({ "name": "Kept" })).await;
        tree.publish(&server).await;
        let before = server.get("/events").await;
        for method in [Method::DELETE, Method::PUT] {
            let request = server.request(method, &tree.product).header("if-match", "\"stale\"");
            assert_eq!(Answer::to(request.json(&json!({ "name": "Lost" }))).await.status, 412);
        }
        assert_eq!(server.get("/events").await, before);
    }
}
