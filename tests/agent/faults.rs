//! What goes wrong around agents: servers and networks away, clocks off, a second agent with the same key, and death at any time.

use std::time::Duration;

use serde_json::json;

use super::ward::{Ward, serving};
use crate::support::{Database, Server, on_both};

on_both! {
    async fn a_server_that_is_away_stops_nothing(database: Database) {
        let ward = Ward::open(&database).await;
        let app = serving("Steady");
        ward.publish(&app).await;
        let id = ward.deploy(&app, json!({})).await;
        let agent = ward.agent();
        let at = ward.address(&id).await;
        let address = ward.server.address();
        ward.server.kill_now();
        agent.logs("Trying again in").await;
        assert!(ward.ask(&at).await.is_some());
        let server = Server::start_with(&database, &["--listen", &address], &[]).await;
        // It comes back by itself, and takes what happened meanwhile.
        let path = format!("{}/instances/{id}", ward.path);
        server.send(reqwest::Method::PATCH, &path, json!({ "wanted": "stopped" })).await;
        let begun = std::time::Instant::now();
        while server.get(&path).await["state"] != "stopped" {
            assert!(begun.elapsed() < Duration::from_secs(90), "{}", agent.log());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(ward.ask(&at).await, None);
    }

    async fn of_two_agents_with_one_key_one_acts(database: Database) {
        let ward = Ward::open(&database).await;
        let app = serving("Single");
        ward.publish(&app).await;
        let id = ward.deploy(&app, json!({})).await;
        let mut first = ward.agent();
        ward.address(&id).await;
        let elsewhere = ward.folder.join("elsewhere");
        let mut second = ward.agent_with(&["--runner", "process"], &elsewhere, ward.server.url(""));
        second.logs("This agent waits. Another agent from 127.0.0.1 has kept this platform since").await;
        assert!(!elsewhere.join(&ward.platform).join("processes").read_dir().unwrap().any(|_| true), "it started nothing");
        // On one machine the folder itself keeps them apart.
        let mut third = ward.agent();
        third.logs("another agent uses it").await;
        assert_eq!(third.child.wait().unwrap().code(), Some(1));
        // The other takes over once the first lets go.
        ward.change(&id, json!({ "wanted": "stopped" })).await;
        ward.until(&id, "stopped").await;
        assert_eq!(first.stop().await, Some(0));
        second.logs("This agent keeps the platform").await;
        ward.change(&id, json!({ "wanted": "running" })).await;
        ward.until(&id, "running").await;
        assert_eq!(second.stop().await, Some(0));
    }
}
