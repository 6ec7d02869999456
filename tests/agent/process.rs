//! Products as processes: started, wired, updated, rolled back, stopped, and taken over by the next agent.

use std::time::Duration;

use mkt::core::secret::Secret;
use mkt::core::signing::SigningKey;
use reqwest::Method;
use serde_json::{Value, json};

use super::ward::{PATIENCE, Ward, serving};
use crate::support::{Database, on_both};

/// What a product that needs another is given of it.
fn needing(name: &str, uri: &str) -> crate::support::Manifest {
    let mut manifest = serving(name);
    manifest.0["product"]["build"]["requires"] =
        json!([{ "uri": uri, "version": "1.0.0", "mappings": { "url": "FHIR_URL" } }]);
    let variable = json!({ "key": "FHIR_URL", "description": "The server.", "required": true, "pattern": "http://.+" });
    manifest.0["configuration"][0]["task"][0]["environment"].as_array_mut().unwrap().push(variable);
    manifest
}

on_both! {
    async fn what_is_deployed_runs(database: Database) {
        let ward = Ward::open(&database).await;
        let (provider, app) = (serving("Provider"), needing("App", "http://example.org/records"));
        let mut provider = provider;
        provider.0["product"]["build"]["exposes"] =
            json!([{ "uri": "http://example.org/records", "version": "1.0.0", "parameters": [{ "name": "url" }] }]);
        ward.publish(&provider).await;
        ward.publish(&app).await;
        let app_id = ward.deploy(&app, json!({ "NAME": "bound" })).await;
        let mut agent = ward.agent();
        let blocked = ward.until(&app_id, "blocked").await;
        assert!(blocked["message"].as_str().unwrap().contains("nothing on this platform offers"), "{blocked}");
        // The event has the agent look at once.
        let provider_id = ward.deploy(&provider, json!({})).await;
        let at = ward.address(&provider_id).await;
        assert_eq!(ward.ask(&at).await.unwrap(), "Provider ");
        let app_at = ward.address(&app_id).await;
        assert_eq!(ward.ask(&app_at).await.unwrap(), format!("bound http://{at}"));
        let instance = ward.instance(&app_id).await;
        assert_eq!((&instance["state"], &instance["state_message"]), (&json!("running"), &Value::Null));
        let begun = std::time::Instant::now();
        while !ward.logs(&app_id).await.contains(&format!("[web] starts bound http://{at}\n")) {
            assert!(begun.elapsed() < PATIENCE, "{}", ward.logs(&app_id).await);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }

        // The agent dies, everything runs on, and the next one takes over what runs without touching it.
        agent.kill();
        assert_eq!(ward.ask(&app_at).await.unwrap(), format!("bound http://{at}"));
        let mut agent = ward.agent();
        agent.logs("running").await;
        assert_eq!((ward.address(&app_id).await, ward.address(&provider_id).await), (app_at.clone(), at.clone()));
        assert_eq!(agent.stop().await, Some(0));
        assert_eq!(ward.ask(&app_at).await.unwrap(), format!("bound http://{at}"));

        // What is to rest rests; what is deleted is gone; who needed it goes on with what there is.
        let _agent = ward.agent();
        ward.change(&app_id, json!({ "wanted": "stopped" })).await;
        ward.until(&app_id, "stopped").await;
        assert_eq!(ward.ask(&app_at).await, None);
        ward.change(&app_id, json!({ "wanted": "running" })).await;
        ward.address(&app_id).await;
        ward.server.request(Method::DELETE, &format!("{}/instances/{provider_id}", ward.path)).send().await.unwrap();
        let begun = std::time::Instant::now();
        while ward.ask(&at).await.is_some() {
            assert!(begun.elapsed() < PATIENCE);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        ward.until(&app_id, "blocked").await;
    }

    async fn builds_replace_one_another_or_not_at_all(database: Database) {
        let ward = Ward::open(&database).await;
        let first = serving("Mover");
        ward.publish(&first).await;
        let id = ward.deploy(&first, json!({})).await;
        let _agent = ward.agent();
        let at = ward.address(&id).await;
        let mut second = first.next_version("2.0.0");
        second.0["configuration"][0]["task"][0]["environment"][0]["default"] = json!("Second");
        ward.publish_build(&second).await;
        let update = format!("{}/instances/{id}/update", ward.path);
        ward.server.send(Method::POST, &update, json!({})).await;
        let moved = ward.until_report(&id, |report| report["state"] == "running" && report["detail"]["version"] == "2.0.0").await;
        let new_at = moved["detail"]["tasks"][0]["address"].as_str().unwrap().to_owned();
        assert_eq!((ward.ask(&new_at).await.unwrap(), ward.ask(&at).await), ("Second ".to_owned(), None));

        // One that does not come up leaves the other where it is.
        let mut third = first.next_version("3.0.0");
        third.0["configuration"][0]["task"][0]["environment"][1]["default"] = json!("dies");
        ward.publish_build(&third).await;
        ward.server.send(Method::POST, &update, json!({})).await;
        let failed = ward.until(&id, "failed").await;
        let message = failed["message"].as_str().unwrap();
        assert!(message.starts_with("Task web ended with code 3.") && message.ends_with("What ran before runs on."), "{message}");
        assert_eq!(ward.ask(&new_at).await.unwrap(), "Second ");
        ward.server.send(Method::POST, &format!("{}/instances/{id}/rollback", ward.path), json!({})).await;
        ward.until(&id, "running").await;
        assert_eq!(ward.ask(&new_at).await.unwrap(), "Second ", "it was never stopped");
    }

    async fn what_is_wrong_is_told_and_nothing_starts(database: Database) {
        let ward = Ward::open(&database).await;
        let app = serving("Picky");
        ward.publish(&app).await;
        let wrong = ward.deploy(&app, json!({ "MODE": "NOT SMALL" })).await;
        let dying = ward.deploy(&app, json!({ "MODE": "dies" })).await;
        let stranger = serving("Stranger");
        ward.publish_build(&stranger).await;
        let unlicensed = ward.deploy(&stranger, json!({})).await;
        let _agent = ward.agent();
        let told = ward.until(&wrong, "failed").await;
        assert_eq!(told["message"], "MODE does not match its pattern [a-z]*.");
        let told = ward.until(&dying, "failed").await;
        assert!(told["message"].as_str().unwrap().starts_with("Task web ended with code 3."), "{told}");
        assert!(ward.logs(&dying).await.contains("starts"), "its last words are kept");
        ward.until(&unlicensed, "unauthorized").await;
        // What is mended starts.
        ward.change(&wrong, json!({ "launch_bindings": { "MODE": "fine" } })).await;
        ward.until(&wrong, "running").await;
        // What a test kills comes back.
        let at = ward.address(&wrong).await;
        ward.kill_processes(&wrong);
        let again = ward.until_report(&wrong, |report| {
            report["state"] == "running" && report["detail"]["tasks"][0]["address"] != at.as_str()
        });
        again.await;
    }

    async fn operators_have_the_last_word(database: Database) {
        let ward = Ward::open(&database).await;
        let app = serving("Local");
        ward.publish(&app).await;
        let id = ward.deploy(&app, json!({ "NAME": "bound" })).await;
        ward.operate("[environment]\nNAME = \"everywhere\"\n[products.\"Local\".environment]\nNAME = \"here\"");
        let _agent = ward.agent();
        let at = ward.address(&id).await;
        assert_eq!(ward.ask(&at).await.unwrap(), "here ");
    }

    async fn deaf_tasks_are_stopped_too_and_schedules_kept(database: Database) {
        let ward = Ward::open(&database).await;
        let app = serving("Deaf");
        ward.publish(&app).await;
        let mut timed = serving("Timed");
        timed.0["configuration"][0]["task"][0]["cron"] = json!("* * * * *");
        timed.0["configuration"][0]["task"][0]["environment"][1]["default"] = json!("once");
        ward.publish(&timed).await;
        let deaf = ward.deploy(&app, json!({ "MODE": "deaf" })).await;
        let timed = ward.deploy(&timed, json!({})).await;
        let _agent = ward.agent();
        let at = ward.address(&deaf).await;
        let told = ward.until(&timed, "running").await;
        assert_eq!(told["detail"]["schedules"][0]["schedule"], "* * * * *");
        ward.change(&deaf, json!({ "wanted": "stopped" })).await;
        let begun = std::time::Instant::now();
        ward.until(&deaf, "stopped").await;
        assert!(begun.elapsed() > Duration::from_secs(14) && begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
        assert_eq!(ward.ask(&at).await, None);
        let begun = std::time::Instant::now();
        while !ward.logs(&timed).await.contains("ran") {
            assert!(begun.elapsed() < Duration::from_secs(75), "{}", ward.logs(&timed).await);
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    async fn only_what_its_publisher_signed_runs(database: Database) {
        let ward = Ward::open(&database).await;
        let keys = ["mine", "gone"].map(|name| ward.folder.join(name).display().to_string());
        let mut ids = Vec::new();
        let pinned = |name: &str| {
            let mut manifest = serving(name);
            let image = format!("tests/app:1.0.0@sha256:{}", "0".repeat(64));
            manifest.0["product"]["build"]["binary"]["image"] = json!(image);
            manifest
        };
        for key in &keys {
            ward.server.mkt(&["keygen", key, "--register", key.rsplit('/').next().unwrap()]).await.ok();
        }
        for (name, key) in [("Signed", Some(&keys[0])), ("Plain", None), ("Tampered", Some(&keys[0])), ("Revoked", Some(&keys[1]))] {
            let manifest = pinned(name);
            let path = manifest.write(&ward.folder.join(name));
            let signing = key.map(|key| vec!["--sign", key.as_str()]).unwrap_or_default();
            ward.server.mkt(&[&["publish", "--yes", path.to_str().unwrap()], &signing[..]].concat()).await.ok();
            ward.license(&manifest).await;
            ids.push(ward.deploy(&manifest, json!({})).await);
            if name == "Tampered" {
                let options = "update tasks set options = '[\"--evil\"]' where configuration_id in (select id from configurations where build_id = $1)";
                database.tamper(options, &manifest.build()).await;
            }
        }
        ward.server.mkt(&["publisher-key", "revoke", "gone"]).await.ok();
        let trusting = |more: &[&str]| {
            let arguments = [&["--runner", "process"], more].concat();
            ward.agent_with(&arguments, &ward.folder.join("state"), ward.server.url(""))
        };
        let agent = trusting(&["--require-signature", "--require-digest"]);
        ward.until(&ids[0], "running").await;
        for (id, told) in [(&ids[1], "it is not signed"), (&ids[2], "task web is not as its publisher has signed it"), (&ids[3], "has revoked")] {
            let message = ward.until(id, "failed").await["message"].as_str().unwrap().to_owned();
            assert!(message.contains("is not trusted here") && message.contains(told), "{told}: {message}");
        }
        drop(agent);
        // Of the keys that the marketplace knows, this operator trusts but one.
        ward.change(&ids[0], json!({ "wanted": "stopped" })).await;
        let agent = trusting(&[]);
        ward.until(&ids[0], "stopped").await;
        drop(agent);
        ward.change(&ids[0], json!({ "wanted": "running" })).await;
        let _agent = trusting(&["--trusted-key", &format!("{}.pub", keys[1])]);
        let message = ward.until(&ids[0], "failed").await["message"].as_str().unwrap().to_owned();
        assert!(message.contains("none of the keys trusted here"), "{message}");
    }

    async fn who_has_lost_a_right_or_a_key_starts_nothing(database: Database) {
        let ward = Ward::open(&database).await;
        let app = serving("Lost");
        ward.publish(&app).await;
        let id = ward.deploy(&app, json!({})).await;
        let agent = ward.agent();
        let at = ward.address(&id).await;
        let entitlements = ward.server.get("/entitlements").await;
        let entitlement = entitlements["results"][0]["id"].as_str().unwrap();
        let delete = ward.server.request(Method::DELETE, &format!("/entitlements/{entitlement}?force=true"));
        assert!(delete.send().await.unwrap().status().is_success());
        assert!(ward.ask(&at).await.is_some(), "what runs is not torn down");
        ward.kill_processes(&id);
        ward.until(&id, "unauthorized").await;
        ward.license(&app).await;
        ward.address(&id).await;

        // Another key: this agent is out, and what it has started stays as it is.
        let pem = SigningKey::generate().unwrap();
        let public = SigningKey::from_pem(&Secret::new(pem.expose())).unwrap().public().pem();
        ward.server.send(Method::PATCH, &ward.path, json!({ "public_key": public })).await;
        agent.logs("This agent acts no more").await;
        ward.kill_processes(&id);
        tokio::time::sleep(Duration::from_secs(4)).await;
        let started = agent.log().matches(" starting").count();
        assert_eq!(started, 2, "{}", agent.log());
    }

    async fn what_ran_before_is_kept_up_while_its_successor_fails(database: Database) {
        let ward = Ward::open(&database).await;
        let first = serving("Lasting");
        ward.publish(&first).await;
        let id = ward.deploy(&first, json!({})).await;
        let _agent = ward.agent();
        ward.address(&id).await;
        let mut second = first.next_version("2.0.0");
        second.0["configuration"][0]["task"][0]["environment"][1]["default"] = json!("dies");
        ward.publish_build(&second).await;
        ward.server.send(Method::POST, &format!("{}/instances/{id}/update", ward.path), json!({})).await;
        ward.until(&id, "failed").await;
        let old = ward.processes(&id);
        ward.kill_processes(&id);
        let begun = std::time::Instant::now();
        // What fails is gone at once; what ran before stays.
        loop {
            let before = ward.processes(&id);
            tokio::time::sleep(Duration::from_millis(1500)).await;
            if ward.processes(&id).iter().any(|pid| before.contains(pid) && !old.contains(pid)) {
                break;
            }
            assert!(begun.elapsed() < PATIENCE);
        }
    }

    async fn children_go_with_their_task(database: Database) {
        let ward = Ward::open(&database).await;
        let app = serving("Parent");
        ward.publish(&app).await;
        let seconds = format!("{}", 100_000 + uuid::Uuid::new_v4().as_fields().0 % 1_000_000);
        let id = ward.deploy(&app, json!({ "MODE": "forks", "NAME": seconds })).await;
        let _agent = ward.agent();
        ward.address(&id).await;
        let sleeps = || {
            let listed = std::process::Command::new("pgrep").args(["-fx", &format!("sleep {seconds}")]).output().unwrap();
            String::from_utf8(listed.stdout).unwrap().lines().count()
        };
        assert_eq!(sleeps(), 1);
        ward.kill_processes(&id);
        let begun = std::time::Instant::now();
        // Its leader died, it was started again, and has one child as before.
        while ward.processes(&id).is_empty() || sleeps() != 1 {
            assert!(begun.elapsed() < PATIENCE, "{}", sleeps());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        ward.address(&id).await;
        ward.change(&id, json!({ "wanted": "stopped" })).await;
        ward.until(&id, "stopped").await;
        assert_eq!(sleeps(), 0);
    }
}
