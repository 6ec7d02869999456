//! Entity tags: reads that need no body, and writes that overwrite nothing unseen.

use reqwest::Method;
use serde_json::json;

use super::{Answer, Tree, post, text};
use crate::support::{Database, Server, on_both};

on_both! {
    async fn what_did_not_change_is_not_sent_again(database: Database) {
        let server = Server::start(&database).await;
        let tree = Tree::plant(&server, json!({ "name": "Cached" })).await;
        let pages = [
            "/products".to_owned(),
            "/products?page=2&per_page=1".into(),
            "/openapi.json".into(),
            format!("{}/builds", tree.product),
        ];
        for path in tree.items.iter().chain(&pages) {
            let get = async |tags: &str| {
                Answer::to(server.request(Method::GET, path).header("if-none-match", tags)).await
            };
            let first = Answer::to(server.request(Method::GET, path)).await;
            let tag = first.header("etag");
            assert!(first.status == 200 && tag.starts_with("W/\"") && tag.ends_with('"'), "{path}: {tag}");
            for tags in [tag, "*", &tag[2..], &format!("\"other\", {tag}"), &format!("W/\"x\",{tag} , \"y\"")] {
                let again = get(tags).await;
                assert_eq!((again.status, again.body.as_str(), again.header("etag")), (304, "", tag), "{path} {tags}");
            }
            for tags in ["\"other\"", "W/\"\"", "nonsense", ""] {
                let again = get(tags).await;
                assert_eq!((again.status, &again.body), (200, &first.body), "{path} {tags}");
            }
        }
    }

    async fn a_change_shows_in_the_tags_of_all_that_tell_of_it(database: Database) {
        let server = Server::start(&database).await;
        let tree = Tree::plant(&server, json!({ "name": "Changing" })).await;
        let tag = async |path: &str| Answer::to(server.request(Method::GET, path)).await.header("etag").to_owned();
        let builds = format!("{}/builds", tree.product);
        let before = [tag(&tree.build).await, tag(&builds).await, tag(&tree.product).await, tag("/products").await];
        assert_eq!(before[3], tag("/products").await);
        // The product's answers tell of its newest published build.
        post(&server, &format!("{}/publish", tree.build)).await;
        let after = [tag(&tree.build).await, tag(&builds).await, tag(&tree.product).await, tag("/products").await];
        for (before, after) in before.iter().zip(&after) {
            assert_ne!(before, after);
        }
    }

    async fn strangers_see_each_change_at_once(database: Database) {
        let server = Server::start(&database).await;
        let tree = Tree::plant(&server, json!({ "name": "Watched" })).await;
        tree.publish(&server).await;
        let stranger = async |path: &str| Answer::to(server.anonymous(Method::GET, path)).await;
        for round in 0..10 {
            let description = format!("Round {round}");
            server.send(Method::PATCH, &tree.product, json!({ "description": description })).await;
            assert_eq!(stranger(&tree.product).await.json()["description"], description);
            assert_eq!(stranger("/products").await.json()["results"][0]["description"], description);
            server.send(Method::PATCH, &tree.items[7], json!({ "memory": round + 1 })).await;
            assert_eq!(stranger(&tree.items[7]).await.json()["memory"], round + 1);
            post(&server, &format!("{}/unpublish", tree.product)).await;
            assert_eq!((stranger(&tree.product).await.status, stranger(&tree.items[7]).await.status), (404, 404));
            assert_eq!(stranger("/products").await.json()["total_entries"], 0);
            post(&server, &format!("{}/publish", tree.product)).await;
        }
        // What is answered depends on how it was asked for, too.
        let at_another_host = server.anonymous(Method::GET, &tree.product).header("host", "shop.example.org");
        assert_eq!(Answer::to(at_another_host).await.json()["url"], format!("http://shop.example.org{}", tree.product));
        assert_eq!(stranger(&tree.product).await.json()["url"], server.url(&tree.product));
        let page = stranger(&tree.product).await;
        let asked = server.anonymous(Method::GET, &tree.product).header("x-request-id", "mine");
        assert_eq!(Answer::to(asked.header("if-none-match", page.header("etag"))).await.status, 304);
        let (id, bad) = (page.header("x-request-id"), server.anonymous(Method::GET, &tree.product).bearer_auth("bad"));
        assert!(id != stranger(&tree.product).await.header("x-request-id") && Answer::to(bad).await.status == 401);
    }

    async fn writes_on_a_stale_state_are_refused(database: Database) {
        let server = Server::start(&database).await;
        let tree = Tree::plant(&server, json!({ "name": "Contended" })).await;
        for path in tree.items.iter().rev() {
            let write = async |method: Method, tag: &str| {
                // Something that each resource has, and that differs from write to write.
                let odd = tag.len() % 2 == 1;
                let body = json!({
                    "external_id": tag, "release_notes": tag, "memory": tag.len(), "required": odd, "default": odd,
                });
                Answer::to(server.request(method, path).header("if-match", tag).json(&body)).await
            };
            let before = Answer::to(server.request(Method::GET, path)).await;
            for method in [Method::PUT, Method::PATCH, Method::DELETE] {
                let refused = write(method.clone(), "W/\"stale\"").await;
                assert_eq!(refused.status, 412, "{method} {path}: {}", refused.body);
            }
            let tag = before.header("etag");
            assert_eq!(Answer::to(server.request(Method::GET, path)).await.body, before.body, "{path}");
            // An answer's tag is good for the next change, so changes can be chained.
            let first = write(Method::PUT, tag).await;
            assert_eq!(first.status, 200, "{path}: {}", first.body);
            let second = write(Method::PATCH, &format!("\"other\", {}", first.header("etag"))).await;
            assert_eq!(second.status, 200, "{path}: {}", second.body);
            assert_eq!(write(Method::PATCH, "*").await.status, 200, "{path}");
            if first.header("etag") != tag {
                assert_eq!(write(Method::DELETE, tag).await.status, 412, "{path}");
            }
            let last = Answer::to(server.request(Method::GET, path)).await;
            assert_eq!(write(Method::DELETE, last.header("etag")).await.status, 200, "{path}");
            assert_eq!(write(Method::DELETE, "*").await.status, 404, "{path}");
        }
    }

    async fn of_many_writers_who_read_the_same_one_wins(database: Database) {
        let server = Server::start(&database).await;
        let body = json!({ "name": "Race", "description": "Start" });
        let badge = Answer::to(server.request(Method::POST, "/badges").json(&body)).await;
        let path = text(&badge.json(), "path");
        let runners = (0..12).map(|runner| {
            let body = json!({ "description": format!("Runner {runner}") });
            Answer::to(server.request(Method::PATCH, &path).header("if-match", badge.header("etag")).json(&body))
        });
        let answers = futures_util::future::join_all(runners).await;
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [[200].as_slice(), &[412; 11]].concat());
    }
}
