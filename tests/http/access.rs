//! What nobody in particular sees: what is published, and not a trace of anything else.

use std::time::Duration;

use mkt::core::clock::{Timestamp, now};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Answer, Tree, column, first, id_in, post, text};
use crate::support::{Database, Manifest, Server, on_both};

/// One published product with a published and a hidden build, and two products that are hidden whole.
struct Shop {
    server: Server,
    shown: Tree,
    /// A build of the shown product with all below it, not published.
    coming: Vec<String>,
    /// Never published, though its build is.
    draft: Tree,
    /// Published, to be seen from the year 2100 on.
    future: Tree,
}

impl Shop {
    async fn open(database: &Database) -> Self {
        let server = Server::start(database).await;
        let shown = Tree::plant(&server, json!({ "name": "Shown", "description": "common" })).await;
        let draft = Tree::plant(&server, json!({ "name": "Draft", "description": "common secret" })).await;
        let future = json!({ "name": "Future", "description": "common secret", "visible_at": "2100-01-01" });
        let future = Tree::plant(&server, future).await;
        shown.publish(&server).await;
        future.publish(&server).await;
        post(&server, &format!("{}/publish", draft.build)).await;
        let interface = first(&server, "/interfaces").await;
        let create = async |path: &str, body: Value| text(&server.create(path, body).await, "path");
        let build = create(&format!("{}/builds", shown.product), json!({ "version": "2.0.0", "ordinal": 9 })).await;
        let configuration = create(&format!("{build}/configurations"), json!({ "name": "secret" })).await;
        let task = create(&format!("{configuration}/tasks"), json!({ "name": "secret" })).await;
        let exposure = create(&format!("{build}/exposures"), json!({ "interface_id": interface })).await;
        let parameter = create(&format!("{exposure}/parameters"), json!({ "name": "secret" })).await;
        Self { server, shown, coming: vec![build, configuration, task, exposure, parameter], draft, future }
    }

    async fn get(&self, path: &str) -> Answer {
        Answer::to(self.server.anonymous(Method::GET, path)).await
    }

    async fn total(&self, path: &str) -> i64 {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        let page = answer.json();
        assert_eq!(page["total_entries"], column(&page, "id").len(), "{path}: {page}");
        page["total_entries"].as_i64().unwrap()
    }
}

on_both! {
    async fn what_is_published_shows_with_all_below_it(database: Database) {
        let shop = Shop::open(&database).await;
        for path in &shop.shown.items {
            let answer = shop.get(path).await;
            assert_eq!((answer.status, answer.json()), (200, shop.server.get(path).await), "{path}");
            assert_eq!(shop.total(path.rsplit_once('/').unwrap().0).await, 1, "{path}");
        }
        assert_eq!(shop.get(&shop.shown.product).await.json()["latest_build"]["id"], id_in(&shop.shown.build));
        for path in ["/licenses", "/interfaces"] {
            assert_eq!(shop.total(path).await, 8);
        }
        let badge = shop.server.create("/badges", json!({ "name": "Badge", "description": "Public." })).await;
        assert_eq!(shop.get(&text(&badge, "path")).await.json(), badge);

        // Withdrawn, it is as if it had never been.
        post(&shop.server, &format!("{}/unpublish", shop.shown.product)).await;
        assert_hidden(&shop, &shop.shown.items, "").await;
        assert_eq!(shop.total("/products").await, 0);
    }

    async fn what_is_hidden_answers_as_what_is_absent(database: Database) {
        let shop = Shop::open(&database).await;
        assert_hidden(&shop, &shop.draft.items, "").await;
        assert_hidden(&shop, &shop.future.items, "").await;
        assert_hidden(&shop, &shop.coming, id_in(&shop.shown.product)).await;
        let user = text(&shop.server.create("/users", json!({ "name": "Secret" })).await, "path");
        let role = format!("/roles/{}", first(&shop.server, "/roles").await.as_str().unwrap());
        assert_hidden(&shop, &[user, role], "").await;
    }

    async fn what_is_to_be_seen_later_shows_when_its_time_has_come(database: Database) {
        let server = Server::start(&database).await;
        let soon = Timestamp::from(now().datetime() + Duration::from_millis(400));
        let product = server.create("/products", json!({ "name": "Soon", "visible_at": soon })).await;
        post(&server, &format!("{}/publish", text(&product, "path"))).await;
        // Answers to strangers may be a second old.
        let late = Timestamp::from(soon.datetime() + Duration::from_secs(2));
        while server.get_anonymously("/products").await.1["total_entries"] == 0 {
            assert!(now() < late, "it does not show");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(now() >= soon, "it shows too early");
    }

    async fn no_index_tells_of_what_is_hidden(database: Database) {
        let shop = Shop::open(&database).await;
        let body = json!({ "name": "Secret terms", "url": "https://example.org/secret" });
        let license = shop.server.create("/licenses", body).await;
        let offer = json!({ "license_id": license["id"] });
        for product in [&shop.draft.product, &shop.future.product] {
            shop.server.create(&format!("{product}/licenses"), offer.clone()).await;
        }
        let [draft, future] = [id_in(&shop.draft.product), id_in(&shop.future.product)];
        let (license, seen) = (text(&license, "id"), text(&shop.server.get(&shop.draft.product).await, "created_at"));
        let nothing = [
            "/users", "/roles", "/users?text=admin", "/users?name=a", "/roles?default=true",
            "/users?sort=email&order=desc", "/products?name=draft", "/products?text=secret", "/products?text=fut",
            "/products?published=false", "/products?description=secret", "/products?visible_at=2100-01-01",
            &format!("/products?id={draft},{future}"), &format!("/products?license_id={license}"),
            &format!("/products?created_at={seen}"), &format!("{}/builds?ordinal=9", shop.shown.product),
            &format!("{}/builds?version=2", shop.shown.product),
        ];
        for path in nothing {
            assert_eq!(shop.total(path).await, 0, "{path}");
        }
        let one = [
            "/products", "/products?sort=visible_at&order=desc", "/products?sort=user_id", "/products?text=common",
            "/products?published=true", "/products?description=common", &format!("{}/builds", shop.shown.product),
            &format!("{}/builds?sort=ordinal", shop.shown.product),
        ];
        for path in one {
            assert_eq!(shop.total(path).await, 1, "{path}");
        }
        for (text, expected) in [("secret", 0), ("common", 1)] {
            let search = shop.server.anonymous(Method::POST, "/products/search").json(&json!({ "text": text }));
            assert_eq!(Answer::to(search).await.json()["total_entries"], expected, "{text}");
        }
        // Nor does what is embedded: the hidden build is the newer one.
        let product = &shop.get("/products").await.json()["results"][0];
        assert_eq!((&product["name"], &product["latest_build"]["version"]), (&json!("Shown"), &json!("1.0.0")));
    }

    async fn no_event_tells_of_what_is_hidden(database: Database) {
        let shop = Shop::open(&database).await;
        let published = shop.get("/events").await.json();
        assert_eq!(column(&published, "resource_type"), ["build", "product"]);
        assert_eq!(shop.server.get("/events").await["results"].as_array().unwrap().len(), 5);
        assert_eq!(published["results"][1]["model"]["product"]["id"], id_in(&shop.shown.product));

        // What was never to be seen goes as quietly as it came.
        post(&shop.server, &format!("{}/yank", shop.draft.build)).await;
        post(&shop.server, &format!("{}/unpublish", shop.future.product)).await;
        for path in [&shop.draft.build, &shop.draft.product, &shop.future.build, &shop.future.product] {
            let (status, _) = shop.server.send(Method::DELETE, path, json!({})).await;
            assert_eq!(status, 200);
        }
        assert_eq!(column(&shop.get("/events").await.json(), "message"), column(&published, "message"));
    }

    async fn a_dry_run_tells_nothing_of_what_is_hidden(database: Database) {
        let server = Server::start(&database).await;
        let manifest = Manifest::new("Hidden", "1.0.0");
        assert_eq!(server.send(Method::POST, "/packages", manifest.0.clone()).await.0, 200);
        post(&server, &format!("/products/{}/unpublish", manifest.product())).await;
        let mut absent = manifest.next_version("1.0.0");
        absent.0["product"]["uuid"] = json!(Uuid::new_v4());
        let steps = async |manifest: &Manifest| {
            let answer = Answer::to(server.anonymous(Method::POST, "/packages?dry_run=true").json(&manifest.0)).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            let mut steps = answer.json()["steps"].clone();
            steps.as_array_mut().unwrap().iter_mut().for_each(|step| step["id"] = Value::Null);
            steps
        };
        let mut changed = Manifest(manifest.0.clone());
        changed.0["provenance"][0]["remark"] = json!("Changed.");
        let expected = steps(&absent).await;
        assert_eq!(steps(&manifest).await, expected, "the same build");
        assert_eq!(steps(&manifest.next_version("1.0.0")).await, expected, "another build of the same version");
        assert_eq!(steps(&changed).await, expected, "other content");
    }
}

/// Asserts that paths answer to nobody in particular as they would if the ids in them were made up, byte for byte. One
/// id may be kept: that of what they are in.
async fn assert_hidden(shop: &Shop, paths: &[String], kept: &str) {
    let made_up = |path: &str| {
        let made_up = |segment: &str| match segment.parse::<Uuid>() {
            Ok(_) if segment != kept => Uuid::new_v4().to_string(),
            _ => segment.to_owned(),
        };
        path.split('/').map(made_up).collect::<Vec<_>>().join("/")
    };
    for path in paths {
        let (above, id) = path.rsplit_once('/').unwrap();
        let alias = path.replace("/builds/", "/build/");
        let [builds, page, nowhere] = ["/builds", "?per_page=1", "/nowhere"].map(|end| format!("{path}{end}"));
        for path in [path, &alias, &builds, above, &page, &nowhere] {
            let (hidden, absent) = (shop.get(path).await, shop.get(&made_up(path)).await);
            assert_eq!((hidden.status, &hidden.body), (absent.status, &absent.body), "{path}");
            assert_eq!(hidden.telling(), absent.telling(), "{path}");
        }
        assert_eq!(shop.get(path).await.status, 404, "{path}");
        let search = shop.server.anonymous(Method::POST, &format!("{above}/search")).json(&json!({ "id": id }));
        let found = Answer::to(search).await;
        assert!(found.status == 404 || found.json()["total_entries"] == 0, "{path}: {}", found.body);
    }
}
