//! What goes wrong around agents: servers and networks away, clocks off, a second agent with the same key, and death at any time.

use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};
use serde_json::json;

use super::ward::{Agent, PATIENCE, Ward, serving};
use crate::support::{Database, Server, on_both};

/// Where Debian has libfaketime.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

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
        let begun = Instant::now();
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

    async fn a_clock_that_is_an_hour_off_does_no_harm(database: Database) {
        let ward = Ward::open(&database).await;
        let app = serving("Timeless");
        ward.publish(&app).await;
        let id = ward.deploy(&app, json!({})).await;
        for offset in ["+1h", "-1h"] {
            let arguments = ["--runner", "process"];
            let mut command = ward.agent_command(&arguments, &ward.folder.join("state"), ward.server.url(""));
            // The agent and what it starts see another time of the day (libfaketime).
            command.env("LD_PRELOAD", FAKETIME).env("FAKETIME", offset).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
            let mut agent = Agent::start(command);
            ward.change(&id, json!({ "wanted": "running" })).await;
            let at = ward.address(&id).await;
            assert!(ward.ask(&at).await.is_some());
            agent.logs("clock differs from the marketplace's by").await;
            ward.change(&id, json!({ "wanted": "stopped" })).await;
            ward.until(&id, "stopped").await;
            assert_eq!(agent.stop().await, Some(0), "{}", agent.log());
        }
    }

    async fn five_hundred_instances_are_kept(database: Database) {
        let ward = Ward::open(&database).await;
        let app = serving("Many");
        ward.publish(&app).await;
        let ids: Vec<String> = stream::iter(0..500).map(|_| ward.deploy(&app, json!({}))).buffered(16).collect().await;
        let idle = || ward.agent_with(&["--runner", "idle"], &ward.folder.join("state"), ward.server.url(""));
        let all = async |state: &str| {
            let path = format!("{}/instances?state={state}&per_page=1", ward.path);
            let begun = Instant::now();
            while ward.server.get(&path).await["total_entries"] != 500 {
                assert!(begun.elapsed() < PATIENCE * 2, "{}", ward.server.get(&path).await["total_entries"]);
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        let mut agent = idle();
        all("running").await;
        agent.kill();
        stream::iter(&ids).map(|id| ward.change(id, json!({ "wanted": "stopped" }))).buffered(16).collect::<Vec<()>>().await;
        let _agent = idle();
        all("stopped").await;
    }
}
