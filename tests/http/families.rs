//! Families of products, badges, surrogates, identity providers: what has paths of its own.

use mkt::core::db::{Db, Sealed, Wait};
use mkt::core::secret::Secret;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Tree, column, id_in, post, text};
use crate::support::{Database, Server, on_both};

on_both! {
    async fn families_may_be_circles_and_page_like_any_index(database: Database) {
        let server = Server::start(&database).await;
        let mut ids = Vec::new();
        for name in ["Alpha", "Beta", "Gamma", "Delta"] {
            let product = server.create("/products", json!({ "name": name })).await;
            if name != "Delta" {
                post(&server, &format!("{}/publish", text(&product, "path"))).await;
            }
            ids.push(text(&product, "id"));
        }
        for (parent, child) in [(0, 1), (0, 2), (0, 3), (1, 0), (2, 0)] {
            server.create("/sub_products", json!({ "parent_id": ids[parent], "child_id": ids[child] })).await;
        }
        let relatives = async |product: usize, which: &str| {
            let page = server.get(&format!("/products/{}/{which}", ids[product])).await;
            column(&page, "name").iter().map(|name| name.as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(relatives(0, "children").await, "Beta Delta Gamma");
        assert_eq!(relatives(0, "parents").await, "Beta Gamma");
        assert_eq!(relatives(1, "children").await, "Alpha");
        assert_eq!(relatives(3, "children").await, "");

        // Filters, order and pages; the draft shows only to those who may see it.
        let children = format!("/products/{}/children", ids[0]);
        let page = server.get(&format!("{children}?order=descending&per_page=2&name=a")).await;
        assert_eq!((column(&page, "name"), &page["total_pages"]), (vec![json!("Gamma"), json!("Delta")], &json!(2)));
        let stranger = Answer::to(server.anonymous(Method::GET, &format!("{children}?per_page=1"))).await;
        assert_eq!((column(&stranger.json(), "name"), &stranger.json()["total_entries"]), (vec![json!("Beta")], &json!(2)));
        // Its neighbours are found by the addresses that it gives.
        let next = stranger.header("link").split('>').find(|part| part.contains("page=2")).unwrap().split('<').nth(1).unwrap();
        let next = next.strip_prefix(&server.url("")).unwrap();
        assert_eq!(column(&Answer::to(server.anonymous(Method::GET, next)).await.json(), "name"), [json!("Gamma")]);
        for which in ["children", "parents", "surrogates"] {
            let hidden = Answer::to(server.anonymous(Method::GET, &format!("/products/{}/{which}", ids[3]))).await;
            assert_eq!(hidden.status, 404, "{which}");
        }
        // A deleted product leaves its family.
        server.send(Method::DELETE, &format!("/products/{}", ids[0]), json!({})).await;
        assert_eq!(server.get("/sub_products").await["total_entries"], 0);
    }

    async fn products_show_the_surrogates_that_concern_their_builds(database: Database) {
        let server = Server::start(&database).await;
        let tree = Tree::plant(&server, json!({ "name": "Touching" })).await;
        let exposed = server.get(&tree.items[4]).await["interface_id"].clone();
        let free: Vec<_> = column(&server.get("/interfaces").await, "id").into_iter().filter(|id| *id != exposed).collect();
        let create = async |interface: &Value, substitute: &Value| {
            let path = format!("/interfaces/{}/surrogates", interface.as_str().unwrap());
            server.create(&path, json!({ "substitute_id": substitute })).await
        };
        let touching = [create(&exposed, &free[0]).await, create(&free[1], &exposed).await];
        create(&free[0], &free[1]).await;
        let found = server.get(&format!("{}/surrogates", tree.product)).await;
        assert_eq!(found["results"], json!(touching));
        tree.publish(&server).await;
        let seen = Answer::to(server.anonymous(Method::GET, &format!("{}/surrogates", tree.product))).await;
        assert_eq!(seen.json()["total_entries"], 2);
    }

    async fn badges_are_given_and_taken(database: Database) {
        let server = Server::start(&database).await;
        let product = server.create("/products", json!({ "name": "Worn" })).await;
        let badge = server.create("/badges", json!({ "name": "Checked", "description": "It was." })).await;
        let path = format!("{}/badges/{}", text(&product, "path"), text(&badge, "id"));
        for _ in 0..2 {
            assert_eq!(post(&server, &path).await["badges"], json!([badge]));
        }
        assert_eq!(server.get(&text(&product, "path")).await["badges"], json!([badge]));
        assert_eq!(Answer::to(server.anonymous(Method::POST, &path)).await.status, 401);
        for _ in 0..2 {
            let (_, bare) = server.send(Method::DELETE, &path, json!({})).await;
            assert_eq!(bare["badges"], json!([]));
        }
        let nobody = path.replace(id_in(&path), "00000000-0000-4000-8000-000000000000");
        assert_eq!(Answer::to(server.request(Method::POST, &nobody)).await.status, 404);
    }

    async fn builds_are_vouched_for(database: Database) {
        let server = Server::start(&database).await;
        let tree = Tree::plant(&server, json!({ "name": "Vouched" })).await;
        let validated = post(&server, &format!("{}/validate", tree.build)).await["validated_at"].clone();
        assert!(validated.is_string());
        assert_eq!(post(&server, &format!("{}/validate", tree.build)).await["validated_at"], validated);
    }

    async fn identity_providers_keep_their_secrets(database: Database) {
        let server = Server::start(&database).await;
        let body = json!({
            "name": "Logica", "issuer": "https://id.example.org", "client_id": "mkt", "client_secret": "swordfish-7",
        });
        let provider = server.create("/identity_providers", body).await;
        let path = text(&provider, "path");
        assert_eq!(provider["redirect_url"], server.url(&format!("{path}/redirect")));
        let stranger = async |path: &str| Answer::to(server.anonymous(Method::GET, path)).await;
        assert_eq!(stranger(&path).await.status, 404, "not enabled yet");
        assert!(post(&server, &format!("{path}/enable")).await["enabled_at"].is_string());
        let seen = stranger(&path).await.json();
        let fields: Vec<_> = seen.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["id", "issuer", "name", "path", "redirect_url", "url"]);
        assert_eq!(stranger("/identity_providers").await.json()["results"], json!([seen]));
        // What is not shown can't be guessed by filters or order either.
        for guess in ["client_id=mkt", "client_id=other", "client_secret=swordfish-7", "scopes=x", "enabled_at=2001-01-01"] {
            let page = stranger(&format!("/identity_providers?{guess}")).await.json();
            assert_eq!(page["total_entries"], 1, "{guess}");
        }
        for field in ["client_id", "enabled_at", "client_secret"] {
            assert_eq!(stranger(&format!("/identity_providers?sort={field}")).await.status, 400, "{field}");
        }
        assert_eq!(server.get("/identity_providers?client_id=other").await["total_entries"], 0);
        // Clients post whole objects back, without the secret.
        let (status, _) = server.send(Method::PUT, &path, provider.clone()).await;
        assert_eq!(status, 200);
        assert_eq!(post(&server, &format!("{path}/disable")).await["enabled_at"], Value::Null);
        let all = [server.get(&path).await, server.get("/identity_providers").await].map(|answer| answer.to_string());
        assert!(all.iter().all(|answer| !answer.contains("swordfish") && !answer.contains("client_secret")));
        assert!(!server.log().contains("swordfish"));

        let key = Secret::new("a secret key for tests, long enough");
        let db = Db::open(&database.url.parse().unwrap(), Wait::No).await.unwrap().with_secret_key(&key).unwrap();
        let secret: Sealed = db.scalar(mkt::sql!("select client_secret from identity_providers")).await.unwrap();
        let Sealed::Closed(stored) = &secret else { panic!("it is read in the open") };
        assert!(!stored.windows(9).any(|part| part == b"swordfish"));
        assert_eq!(db.unseal(&secret).unwrap().expose(), "swordfish-7");
    }
}
