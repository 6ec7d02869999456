//! What is to run on a platform: who gives whom what, updates by hand and by themselves, going back, output, and who keeps it.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::licensing::market::{Market, User};
use crate::support::cable::{Cable, channel_of};
use crate::support::{Database, Manifest, on_both};

/// For how long what the server does by itself may be waited for.
const PATIENCE: Duration = Duration::from_secs(30);

struct Ward {
    market: Market,
    owner: User,
    agent: User,
    /// The path of the platform.
    path: String,
    platform: String,
}

impl Ward {
    async fn open(database: &Database) -> Self {
        let market = Market::open(database).await;
        let owner = market.user("Owner").await;
        let agent = market.platform(&owner).await;
        let page = market.server.get(&format!("/users/{}/platforms", owner.id)).await;
        let platform = page["results"][0]["id"].as_str().unwrap().to_owned();
        let path = format!("/users/{}/platforms/{platform}", owner.id);
        Self { market, owner, agent, path, platform }
    }

    async fn publish(&self, manifest: &Manifest) {
        let (status, outcome) = self.market.server.send(Method::POST, "/packages", manifest.0.clone()).await;
        assert_eq!(status, StatusCode::OK, "{outcome}");
    }

    async fn deploy(&self, manifest: &Manifest, more: Value) -> String {
        let mut body = json!({ "build_id": manifest.build() });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.market.id(&format!("{}/instances", self.path), body).await
    }

    /// What somebody is answered.
    async fn ask(&self, who: &User, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = self.market.server.anonymous(method.clone(), path).bearer_auth(&who.token);
        let request = if method == Method::GET { request } else { request.json(&body) };
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    /// The plan as the platform's agent reads it.
    async fn plan(&self) -> Vec<Value> {
        let path = format!("/platforms/{}/plan", self.platform);
        let (status, plan) = self.ask(&self.agent, Method::GET, &path, Value::Null).await;
        assert_eq!((status, &plan["platform"]["id"]), (200, &json!(self.platform)), "{plan}");
        plan["instances"].as_array().unwrap().clone()
    }

    async fn planned(&self, id: &str) -> Value {
        self.plan().await.into_iter().find(|planned| planned["id"] == id).unwrap()
    }
}

/// A product that offers an interface.
fn offering(name: &str, uri: &str, version: &str) -> Manifest {
    let mut manifest = Manifest::new(name, "1.0.0");
    manifest.0["product"]["build"]["exposes"] =
        json!([{ "uri": uri, "version": version, "parameters": [{ "name": "url" }] }]);
    manifest.0["configuration"][0]["task"][0]["environment"] = json!([]);
    manifest
}

on_both! {
    async fn needs_are_met_by_what_is_there(database: Database) {
        let ward = Ward::open(&database).await;
        let mut app = Manifest::new("App", "1.0.0");
        app.0["product"]["build"]["requires"] =
            json!([{ "uri": "http://example.org/fhir", "version": "4.0.1", "mappings": { "url": "FHIR_URL" } }]);
        let (exact, newer) = (offering("Exact", "http://example.org/fhir", "4.0.1"), offering("Newer", "http://example.org/fhir", "5.0.0"));
        for manifest in [&exact, &newer, &app] {
            ward.publish(manifest).await;
        }
        let app_id = ward.deploy(&app, json!({})).await;
        let blocked = ward.planned(&app_id).await;
        let reason = blocked["blocked"].as_str().unwrap();
        assert!(reason.contains("4.0.1") && reason.contains("which nothing on this platform offers"), "{reason}");

        // Another version is another interface, until somebody says that it may stand in.
        let newer_id = ward.deploy(&newer, json!({})).await;
        assert!(ward.planned(&app_id).await["blocked"].is_string());
        let interfaces = ward.market.server.get("/interfaces?per_page=100").await;
        let interface = |version: &str| {
            let all = interfaces["results"].as_array().unwrap();
            all.iter().find(|one| one["version"] == version && one["uri"] == "http://example.org/fhir").unwrap()["id"].as_str().unwrap().to_owned()
        };
        let surrogates = format!("/interfaces/{}/surrogates", interface("4.0.1"));
        ward.market.id(&surrogates, json!({ "substitute_id": interface("5.0.0") })).await;
        let wired = ward.planned(&app_id).await;
        assert_eq!((&wired["blocked"], &wired["needs"][0]["provider"]), (&Value::Null, &json!(newer_id)));
        assert_eq!((&wired["needs"][0]["parameters"], &wired["problems"]), (&json!(["url"]), &json!([])));
        // The very interface is better.
        let exact_id = ward.deploy(&exact, json!({})).await;
        assert_eq!(ward.planned(&app_id).await["needs"][0]["provider"], json!(exact_id));
        // What is to rest offers nothing.
        let stopped = ward.ask(&ward.owner, Method::PATCH, &format!("{}/instances/{exact_id}", ward.path), json!({ "wanted": "stopped" })).await;
        assert_eq!(stopped.0, 200, "{}", stopped.1);
        assert_eq!(ward.planned(&app_id).await["needs"][0]["provider"], json!(newer_id));

        // Before anything is deployed, one can look what would be.
        let propose = format!("{}/plan", ward.path);
        let (status, proposed) = ward.ask(&ward.owner, Method::POST, &propose, json!({ "product_id": app.product() })).await;
        let last = proposed["instances"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((status, &last["deployed"], &last["build"]["version"]), (200, &json!(false), &json!("1.0.0")), "{proposed}");
        assert_eq!(last["needs"][0]["provider"], json!(newer_id));
        assert_eq!(ward.plan().await.len(), 3, "nothing was deployed");
        for body in [json!({}), json!({ "product_id": Uuid::new_v4() }), json!({ "build_id": 7 })] {
            assert_eq!(ward.ask(&ward.owner, Method::POST, &propose, body.clone()).await.0, 422, "{body}");
        }
        // Strangers see no plan, and nobody writes by it.
        let stranger = ward.market.user("Stranger").await;
        for path in [propose.clone(), format!("/platforms/{}/plan", ward.platform)] {
            assert_eq!(ward.ask(&stranger, Method::GET, &path, Value::Null).await.0, 404);
            assert_eq!(ward.market.server.get_anonymously(&path).await.0, StatusCode::NOT_FOUND);
        }
    }

    async fn two_that_need_each_other_are_told_so(database: Database) {
        let ward = Ward::open(&database).await;
        let mut pair = [offering("Hen", "http://example.org/egg", "1.0.0"), offering("Egg", "http://example.org/hen", "1.0.0")];
        pair[0].0["product"]["build"]["requires"] = json!([{ "uri": "http://example.org/hen", "version": "1.0.0" }]);
        pair[1].0["product"]["build"]["requires"] = json!([{ "uri": "http://example.org/egg", "version": "1.0.0" }]);
        for manifest in &pair {
            ward.publish(manifest).await;
            ward.deploy(manifest, json!({})).await;
        }
        for planned in ward.plan().await {
            assert!(planned["blocked"].as_str().unwrap().contains("none can start before the other"), "{planned}");
        }
    }

    async fn instances_move_from_build_to_build(database: Database) {
        let ward = Ward::open(&database).await;
        let first = Manifest::new("Mover", "1.0.0");
        ward.publish(&first).await;
        let environment = json!({ "launch_bindings": { "FHIR_URL": "http://fhir.example" } });
        let id = ward.deploy(&first, environment.clone()).await;
        let instance = format!("{}/instances/{id}", ward.path);
        let post = async |end: &str, body: Value| ward.ask(&ward.owner, Method::POST, &format!("{instance}/{end}"), body).await;
        assert_eq!(post("rollback", json!({})).await.0, 409);
        assert_eq!(post("update", json!({})).await.1["build_id"], json!(first.build()), "there is no newer one");
        let second = first.next_version("2.0.0");
        ward.publish(&second).await;
        assert_eq!(ward.planned(&id).await["update"]["name"], "2.0.0");
        let (status, updated) = post("update", json!({})).await;
        assert_eq!((status, &updated["build_id"], &updated["previous_build_id"]), (200, &json!(second.build()), &json!(first.build())), "{updated}");
        assert_eq!(ward.planned(&id).await["update"], Value::Null);
        let (_, back) = post("rollback", json!({})).await;
        assert_eq!(back["build_id"], json!(first.build()));
        let (_, named) = post("update", json!({ "build_id": second.build() })).await;
        assert_eq!(named["build_id"], json!(second.build()));
        let other = Manifest::new("Other", "1.0.0");
        ward.publish(&other).await;
        assert_eq!(post("update", json!({ "build_id": other.build() })).await.0, 422);

        // By themselves: one does so at once, one never, and one not before its window opens.
        let automatic = ward.deploy(&second, json!({ "updates": "automatic" })).await;
        let pinned = ward.deploy(&second, json!({ "updates": "pinned" })).await;
        // A minute in half a year from now.
        let month = (chrono::Utc::now() + chrono::Duration::days(180)).format("0 0 1 %-m *").to_string();
        let closed = json!({ "updates": "automatic", "maintenance": month, "maintenance_minutes": 1 });
        let closed = ward.deploy(&second, closed).await;
        let third = first.next_version("3.0.0");
        ward.publish(&third).await;
        let begun = Instant::now();
        while ward.planned(&automatic).await["build"]["version"] != "3.0.0" {
            assert!(begun.elapsed() < PATIENCE);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        for id in [&pinned, &closed, &id] {
            assert_eq!(ward.planned(id).await["build"]["version"], "2.0.0");
        }
        // Who goes back stays there.
        let (_, back) = ward.ask(&ward.owner, Method::POST, &format!("{}/instances/{automatic}/rollback", ward.path), json!({})).await;
        assert_eq!((&back["build_id"], &back["updates"]), (&json!(second.build()), &json!("approve")));
    }

    async fn output_is_kept_for_the_owner(database: Database) {
        let ward = Ward::open(&database).await;
        let manifest = Manifest::new("Talker", "1.0.0");
        ward.publish(&manifest).await;
        let id = ward.deploy(&manifest, json!({})).await;
        let logs = format!("{}/instances/{id}/logs", ward.path);
        assert_eq!(ward.ask(&ward.owner, Method::GET, &logs, Value::Null).await.1, json!({ "content": "", "updated_at": null }));
        let output = channel_of("OutputChannel", "instance_id", &id);
        let mut watching = Cable::open(&ward.market.server, &ward.owner.token).await;
        watching.subscribe(&output).await;
        assert!(!Cable::open(&ward.market.server, &ward.agent.token).await.asks(&output).await);
        let tell = async |who: &User, content: Value| ward.ask(who, Method::PUT, &logs, json!({ "content": content })).await.0;
        assert_eq!(tell(&ward.agent, json!("[web] one\u{0}\n")).await, 204);
        assert_eq!(tell(&ward.agent, json!("[web] two\n")).await, 204);
        let (status, kept) = ward.ask(&ward.owner, Method::GET, &logs, Value::Null).await;
        assert_eq!((status, &kept["content"]), (200, &json!("[web] two\n")));
        // Who looks is told that there is more, until they have not looked for a while.
        for _ in 0..2 {
            let event = watching.event_of("output", "updated").await;
            assert_eq!(event["model"], json!({ "output": { "instance": { "id": id } } }));
        }
        database.tamper("update log_watches set watched_until = '2020-01-01T00:00:00Z' where instance_id = $1", &id).await;
        assert_eq!(tell(&ward.agent, json!("[web] three\n")).await, 204);
        assert_eq!(ward.ask(&ward.owner, Method::GET, &logs, Value::Null).await.1["content"], "[web] three\n");
        assert_eq!(tell(&ward.agent, json!("[web] four\n")).await, 204);
        watching.event_of("output", "updated").await;
        let page = ward.ask(&ward.owner, Method::GET, &format!("/events?stream=output:{id}"), Value::Null).await.1;
        assert_eq!(page["results"].as_array().unwrap().len(), 3, "{page}");
        assert_eq!(tell(&ward.owner, json!("mine")).await, 403);
        assert_eq!(tell(&ward.agent, json!("x".repeat(64 * 1024 + 1))).await, 422);
        assert_eq!(tell(&ward.agent, json!(null)).await, 422);
        let stranger = ward.market.user("Stranger").await;
        assert_eq!(tell(&stranger, json!("theirs")).await, 404);
        assert_eq!(ward.ask(&stranger, Method::GET, &logs, Value::Null).await.0, 404);
        // It may have secrets: to see that there is an instance is not enough.
        let reader = ward.market.user("Reader").await;
        ward.market.appoint(&reader, json!({ "instances": { "read": true }, "platforms": { "read": true } })).await;
        assert_eq!(ward.ask(&reader, Method::GET, &logs, Value::Null).await.0, 403);
        for who in [&stranger, &reader] {
            assert!(!Cable::open(&ward.market.server, &who.token).await.asks(&output).await);
            assert_eq!(ward.ask(who, Method::GET, &format!("/events?stream=output:{id}"), Value::Null).await.0, 404);
        }
    }

    async fn one_agent_keeps_a_platform(database: Database) {
        let ward = Ward::open(&database).await;
        let [one, two] = [Uuid::new_v4(), Uuid::new_v4()];
        let keeper = |agent: Uuid| format!("/platforms/{}/keepers/{agent}", ward.platform);
        let keep = async |agent: Uuid| ward.ask(&ward.agent, Method::PUT, &keeper(agent), json!({})).await;
        let (status, kept) = keep(one).await;
        assert_eq!((status, &kept["agent_id"]), (200, &json!(one)), "{kept}");
        let (status, refused) = keep(two).await;
        let message = refused["message"].as_str().unwrap();
        assert!(status == 409 && message.starts_with("Another agent from 127.0.0.1 has kept this platform since"), "{refused}");
        assert_eq!(keep(one).await.1["since"], kept["since"]);
        // Letting go of what somebody else keeps changes nothing.
        assert_eq!(ward.ask(&ward.agent, Method::DELETE, &keeper(two), json!({})).await.0, 204);
        assert_eq!(keep(two).await.0, 409);
        assert_eq!(ward.ask(&ward.agent, Method::DELETE, &keeper(one), json!({})).await.0, 204);
        assert_eq!(keep(two).await.0, 200);
        // Who falls silent loses it.
        database.tamper("update platform_keepers set seen_at = '2020-01-01T00:00:00Z' where platform_id = $1", &ward.platform).await;
        assert_eq!(keep(one).await.0, 200);
        assert_eq!(ward.ask(&ward.owner, Method::PUT, &keeper(one), json!({})).await.0, 403);
        let elsewhere = format!("/platforms/{}/keepers/{one}", Uuid::new_v4());
        assert_eq!(ward.ask(&ward.agent, Method::PUT, &elsewhere, json!({})).await.0, 404);
    }
}
