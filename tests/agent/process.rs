//! Products as processes: started, wired, updated, rolled back, stopped, and taken over by the next agent.

use std::time::Duration;

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
        let processes = std::fs::read_dir(ward.folder.join("state").join(&ward.platform).join("processes")).unwrap();
        for entry in processes.flatten().filter(|entry| entry.path().extension().is_some_and(|end| end == "json")) {
            let Ok(kept) = serde_json::from_str::<Value>(&std::fs::read_to_string(entry.path()).unwrap()) else { continue };
            if kept["key"]["instance"] == wrong.as_str() {
                let pid = rustix::process::Pid::from_raw(kept["pid"].as_i64().unwrap() as i32).unwrap();
                rustix::process::kill_process_group(pid, rustix::process::Signal::KILL).unwrap();
            }
        }
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
}
