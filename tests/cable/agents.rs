//! Agents talk back: they are there or not, and what they report is told.

use std::time::{Duration, Instant};

use mkt::core::clock::{self, Timestamp};
use mkt::core::db::Statement;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::licensing::market::{Market, User};
use crate::support::cable::{Cable, PATIENCE, beside, channel, channel_of};
use crate::support::{Database, Server, on_both};

/// A platform with an agent, its owner, and an instance.
struct Ward {
    market: Market,
    owner: User,
    agent: User,
    /// The path of the platform, and its id.
    path: String,
    platform: String,
    product: String,
    build: String,
}

impl Ward {
    async fn open(database: &Database, arguments: &[&str]) -> Self {
        let market = Market { server: Server::start_with(database, arguments, &[]).await };
        let owner = market.user("Owner").await;
        let agent = market.platform(&owner).await;
        let page = market.server.get(&format!("/users/{}/platforms", owner.id)).await;
        let platform = page["results"][0]["id"].as_str().unwrap().to_owned();
        let path = format!("/users/{}/platforms/{platform}", owner.id);
        let product = market.product("Planner").await;
        let body = json!({ "version": "1.0.0", "container_repository": "example/planner", "container_tag": "one" });
        let build = market.id(&format!("/products/{product}/builds"), body).await;
        market.server.send(Method::POST, &format!("/products/{product}/builds/{build}/publish"), json!({})).await;
        Self { market, owner, agent, path, platform, product, build }
    }

    async fn deploy(&self) -> String {
        let bindings = json!({ "PASSWORD": "hunter2 is nobody's business" });
        let body = json!({ "build_id": self.build, "launch_bindings": bindings });
        self.market.id(&format!("{}/instances", self.path), body).await
    }

    fn channel(&self) -> String {
        channel_of("PlatformChannel", "platform_id", &self.platform)
    }

    /// The owner's socket, which follows the platform.
    async fn watcher(&self) -> Cable {
        let mut owner = Cable::open(&self.market.server, &self.owner.token).await;
        owner.subscribe(&self.channel()).await;
        owner
    }

    /// The agent's socket, which follows the platform.
    async fn agent(&self) -> Cable {
        let mut agent = Cable::open(&self.market.server, &self.agent.token).await;
        agent.subscribe(&channel("PlatformChannel")).await;
        agent
    }

    async fn agents(&self) -> Vec<Value> {
        self.market.server.get(&format!("{}/agents", self.path)).await["results"].as_array().unwrap().clone()
    }

    /// Waits until so many agents are there.
    async fn has(&self, agents: usize) -> Vec<Value> {
        let begun = Instant::now();
        loop {
            let there = self.agents().await;
            if there.len() == agents {
                return there;
            }
            assert!(begun.elapsed() < PATIENCE, "{there:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

on_both! {
    async fn many_that_fall_silent_at_once_are_offline(database: Database) {
        let ward = Ward::open(&database, &["--rate-limit", "0"]).await;
        let db = beside(&database).await;
        let long_ago: Timestamp = "2026-01-31".parse().unwrap();
        // More than one statement can tell of.
        for _ in 0..7 {
            let mut insert = Statement::new(
                "insert into platforms (id, user_id, name, created_at, updated_at, state, last_seen_at) values ",
            );
            for number in 0..1000 {
                let id = Uuid::new_v4();
                insert.push(if number > 0 { ", (" } else { "(" }).push_arg(id).push(", ").push_arg(ward.owner.id.parse::<Uuid>().unwrap());
                insert.push(", ").push_arg(id.to_string()).push(", ").push_arg(long_ago).push(", ").push_arg(long_ago);
                insert.push(", 'online', ").push_arg(long_ago).push(")");
            }
            let tx = db.begin().await.unwrap();
            tx.execute(insert).await.unwrap();
            tx.commit().await.unwrap();
        }
        let begun = Instant::now();
        while ward.market.server.get("/platforms?state=online").await["total_entries"] != 0 {
            assert!(begun.elapsed() < 2 * PATIENCE);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let (mut told, mut after) = (0, String::new());
        loop {
            let page = ward.market.server.get(&format!("/events?stream=administration&limit=1000&after={after}")).await;
            let events = page["results"].as_array().unwrap();
            let Some(last) = events.last() else { break };
            after = last["id"].as_str().unwrap().to_owned();
            told += events.iter().filter(|event| event["message"].as_str().unwrap().ends_with(" is offline.")).count();
        }
        assert_eq!(told, 7000, "each is told of once");
    }

    async fn a_platform_is_online_while_its_agent_is_heard_of(database: Database) {
        let logging = ["--log", "info,sqlx::query=debug", "--log-format", "json"];
        let ward = Ward::open(&database, &logging).await;
        let server = &ward.market.server;
        let before = server.get(&ward.path).await;
        assert_eq!((&before["state"], &before["last_seen_at"]), (&json!("offline"), &Value::Null));
        let mut owner = ward.watcher().await;
        owner.subscribe(&channel("AccountChannel")).await;
        let mut agent = ward.agent().await;
        for identifier in [channel("AccountChannel"), ward.channel()] {
            let event = owner.event().await;
            assert_eq!((&event["identifier"], &event["message"]["event_type"]), (&json!(identifier), &json!("updated")));
            assert_eq!(event["message"]["model"]["platform"]["state"], "online", "{event}");
        }
        assert_eq!(agent.event_of("platform", "updated").await["model"]["platform"]["id"], ward.platform.as_str());
        let online = server.get(&ward.path).await;
        assert_eq!(online["state"], "online");
        assert!(online["last_seen_at"].is_string(), "{online}");
        assert_eq!(online["updated_at"], before["updated_at"], "nobody has changed it");

        // Who is there, over HTTP and over the socket; for the owner, and nobody else.
        let there = ward.has(1).await;
        assert_eq!((&there[0]["id"], &there[0]["address"]), (&json!(agent.sid()), &json!("127.0.0.1")));
        owner.send(json!({ "command": "presence", "identifier": ward.channel(), "data": {} })).await;
        let presence = owner.frame().await;
        assert_eq!((&presence["type"], &presence["message"]["type"], &presence["message"]["total"]), (&json!("presence"), &json!("info"), &json!(1)));
        assert_eq!(presence["message"]["records"][0]["id"], agent.sid());
        let stranger = ward.market.user("Stranger").await;
        let agents = format!("{}/agents", ward.path);
        assert_eq!(ward.market.ask(&stranger, Method::GET, &agents).await.0, 404);
        assert_eq!(ward.market.ask(&ward.agent, Method::GET, &agents).await.0, 200);

        // Beats are gathered: some hundreds are a few writes.
        let writes = || server.log().matches("insert into agents").count();
        let earlier = writes();
        let beaten = Instant::now();
        for _ in 0..300 {
            agent.say(&channel("PlatformChannel"), json!({ "action": "heartbeat" })).await;
        }
        agent.send(json!({ "command": "ping" })).await;
        assert_eq!(agent.frame().await["type"], "pong");
        let begun = Instant::now();
        while ward.agents().await[0]["seen_at"] == there[0]["seen_at"] {
            assert!(begun.elapsed() < PATIENCE, "beats are never written down");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let most = 3 * (2 + beaten.elapsed().as_secs() as usize / 5);
        assert!(writes() - earlier <= most, "{} writes", writes() - earlier);

        // It comes back to its session and is there again; it leaves, and in a minute nothing is heard of it.
        let sid = agent.sid();
        agent.cut();
        ward.has(0).await;
        let mut agent = Cable::resume(server, &ward.agent.token, &sid).await;
        assert_eq!(agent.welcome["restored"], true);
        assert_eq!(ward.has(1).await[0]["id"], agent.sid());
        agent.send(json!({ "command": "unsubscribe", "identifier": channel("PlatformChannel") })).await;
        ward.has(0).await;
        let db = beside(&database).await;
        let tx = db.begin().await.unwrap();
        let past = Timestamp::from(clock::now().datetime() - Duration::from_secs(61));
        tx.execute(Statement::new("update platforms set last_seen_at = $1").bind(past)).await.unwrap();
        tx.commit().await.unwrap();
        for identifier in [channel("AccountChannel"), ward.channel()] {
            let event = owner.event().await;
            assert_eq!((&event["identifier"], &event["message"]["model"]["platform"]["state"]), (&json!(identifier), &json!("offline")));
        }
        assert_eq!(server.get(&ward.path).await["state"], "offline");
    }

    async fn what_agents_report_is_the_state_of_instances(database: Database) {
        let ward = Ward::open(&database, &["--rate-limit", "0"]).await;
        let server = &ward.market.server;
        let (mut agent, mut owner) = (ward.agent().await, ward.watcher().await);
        let instance = ward.deploy().await;
        for cable in [&mut agent, &mut owner] {
            let model = cable.event_of("instance", "created").await["model"].take();
            // What the reference sends is there to the letter.
            let build = json!({
                "id": ward.build, "container_repository": "example/planner", "container_tag": "one",
                "product": { "id": ward.product },
            });
            let platform = json!({ "id": ward.platform, "user": { "id": ward.owner.id } });
            contains(&model, &json!({ "instance": { "id": instance, "build": build, "platform": platform } }));
            assert_eq!(model["instance"]["state"], "pending");
        }
        let path = format!("{}/instances/{instance}", ward.path);
        let reports = format!("{path}/reports");
        let report = json!({ "state": "running", "message": "All is well.", "detail": { "port": 8080 } });
        let mut said = report.clone();
        (said["action"], said["instance_id"]) = (json!("report"), json!(instance));
        agent.say(&channel("PlatformChannel"), said.clone()).await;
        for cable in [&mut agent, &mut owner] {
            let event = cable.event_of("instance", "updated").await;
            let told = &event["model"]["instance"];
            assert_eq!((&told["state"], &told["state_message"]), (&json!("running"), &json!("All is well.")), "{event}");
            assert_eq!(event["message"].as_str().unwrap().split(" on ").next(), Some("Planner 1.0.0 is running"));
        }
        let row = server.get(&path).await;
        assert_eq!((&row["state"], row["last_seen_at"].is_string()), (&json!("running"), true), "{row}");
        // Nothing new: no event, and one entry of the history.
        agent.say(&channel("PlatformChannel"), said).await;
        let send = async |who: &User, body: &Value| {
            ward.market.send(who, Method::POST, &reports, None, Some(body)).await
        };
        assert_eq!(send(&ward.agent, &report).await.0, 204);
        assert_eq!(send(&ward.agent, &json!({ "report": { "state": "blocked" } })).await.0, 204);
        for cable in [&mut agent, &mut owner] {
            assert_eq!(cable.event_of("instance", "updated").await["model"]["instance"]["state"], "blocked");
        }
        let kept = server.get(&reports).await["results"].as_array().unwrap().clone();
        assert_eq!((kept.len(), &kept[1]["detail"], &kept[1]["message"]), (2, &json!({ "port": 8080 }), &json!("All is well.")));
        // Only the agent reports; and what is wrong is said to it alone.
        let (stranger, another) = (ward.market.user("Stranger").await, ward.market.user("Another").await);
        let foreign = ward.market.platform(&another).await;
        for (who, status) in [(&ward.owner, 403), (&stranger, 404), (&foreign, 404)] {
            assert_eq!(send(who, &report).await.0, status);
        }
        for wrong in [json!({ "state": "flying" }), json!({}), json!({ "state": "running", "detail": [] })] {
            assert_eq!(send(&ward.agent, &wrong).await.0, 422, "{wrong}");
        }
        let mut outsider = Cable::open(server, &foreign.token).await;
        outsider.subscribe(&channel("PlatformChannel")).await;
        outsider.event_of("platform", "updated").await;
        outsider.say(&channel("PlatformChannel"), json!({ "action": "report", "instance_id": instance, "state": "failed" })).await;
        assert_eq!(outsider.event().await["message"]["event_type"], "refused");
        let report_of = |id: &str| json!({ "action": "report", "instance_id": id, "state": "running" });
        for (data, field) in [
            (json!({ "action": "report", "instance_id": instance, "state": "flying" }), "state"),
            (json!({ "action": "report", "instance_id": instance }), "state"),
            (json!({ "action": "report", "state": "running" }), "instance_id"),
            (report_of("no id"), "instance_id"),
            (report_of(&ward.platform), ""),
            (json!({ "action": "dance" }), ""),
            (json!([]), ""),
            (json!("report"), ""),
        ] {
            agent.say(&channel("PlatformChannel"), data.clone()).await;
            let frame = agent.event().await;
            assert_eq!((&frame["message"]["event_type"], &frame["offset"]), (&json!("refused"), &Value::Null), "{frame}");
            assert_eq!(frame["identifier"], channel("PlatformChannel"));
            assert!(frame["message"]["model"]["errors"][field].is_array() || field.is_empty(), "{data}: {frame}");
        }
        // Of an owner nobody takes a report.
        owner.say(&ward.channel(), report_of(&instance)).await;
        owner.send(json!({ "command": "ping" })).await;
        assert_eq!(owner.frame().await["type"], "pong", "they heard nothing of it");
        // The history has its bounds, and keeps the newest.
        for number in 0..105 {
            let report = json!({ "state": "running", "message": format!("Number {number}.") });
            assert_eq!(send(&ward.agent, &report).await.0, 204);
        }
        let kept = server.get(&reports).await["results"].as_array().unwrap().clone();
        assert_eq!((kept.len(), &kept[0]["message"], &kept[99]["message"]), (100, &json!("Number 104."), &json!("Number 5.")));
        // What an instance is started with is in no event.
        let db = beside(&database).await;
        let bodies: Vec<(String,)> = db.all(Statement::new("select body from events")).await.unwrap();
        assert!(bodies.len() > 100 && bodies.iter().all(|(body,)| !body.contains("hunter2")));
        server.send(Method::DELETE, &path, json!({})).await;
        assert_eq!(owner.event_of("instance", "deleted").await["model"]["instance"]["id"], instance.as_str());
        assert_eq!(ward.market.ask(&ward.owner, Method::GET, &reports).await.0, 404);
    }
}

/// That all of one is in another.
fn contains(whole: &Value, part: &Value) {
    match part {
        Value::Object(part) => part.iter().for_each(|(name, part)| contains(&whole[name], part)),
        part => assert_eq!(whole, part),
    }
}
