//! Killed in the middle of a thousand publishes: nothing is half there, nothing is there twice, and events tell exactly
//! what happened.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Database, Manifest, Server, on_both};

const PACKAGES: usize = 1000;

on_both! {
    async fn a_server_killed_while_publishing_leaves_nothing_half_done(database: Database) {
        let tree = database.folder().join("packages");
        let manifests: Vec<_> = (0..PACKAGES).map(|number| Manifest::new(&format!("Package {number}"), "1.0.0")).collect();
        for (number, manifest) in manifests.iter().enumerate() {
            manifest.write(&tree.join(format!("{number:04}")));
        }
        let tree = tree.to_str().unwrap();

        let mut server = Server::start(&database).await;
        let mut publishing = server.spawn_mkt(&["publish", "--yes", "--quiet", "--json", tree]);
        while server.get("/products?per_page=1").await["total_entries"].as_u64().unwrap() < 300 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server.kill();
        publishing.kill().unwrap();
        publishing.wait().unwrap();

        let server = Server::start(&database).await;
        let interrupted = server.get("/products?per_page=1").await["total_entries"].as_u64().unwrap();
        assert!((300..PACKAGES as u64).contains(&interrupted), "{interrupted}");
        check(&server, interrupted).await;

        let again = server.mkt(&["publish", "--yes", "--quiet", "--json", tree]).await.json();
        let unchanged = again.as_array().unwrap().iter().filter(|result| result["outcome"]["unchanged"] == true).count();
        assert_eq!(unchanged as u64, interrupted);
        check(&server, PACKAGES as u64).await;
    }
}

/// Every product is whole, and there are exactly the events of these.
async fn check(server: &Server, products: u64) {
    let mut published = HashSet::new();
    for page in 1..=PACKAGES / 500 {
        let listed = server.get(&format!("/products?per_page=500&page={page}")).await;
        assert_eq!(listed["total_entries"], products);
        for product in listed["results"].as_array().unwrap() {
            assert_eq!(product["latest_build"]["version"], "1.0.0", "{product}");
            assert_eq!(product["product_licenses"].as_array().unwrap().len(), 1, "{product}");
            published.insert(product["id"].as_str().unwrap().to_owned());
            published.insert(product["latest_build"]["id"].as_str().unwrap().to_owned());
        }
    }
    for product in server.get("/products?per_page=20&sort=created_at&order=desc").await["results"].as_array().unwrap() {
        let builds = format!("{}/builds", product["path"].as_str().unwrap());
        let build = server.get(&builds).await["results"][0].clone();
        let configurations = format!("{builds}/{}/configurations", build["id"].as_str().unwrap());
        let configuration = server.get(&configurations).await["results"][0].clone();
        let tasks = format!("{configurations}/{}/tasks", configuration["id"].as_str().unwrap());
        assert_eq!(server.get(&tasks).await["total_entries"], 1);
    }
    let events = all_events(server).await;
    assert_eq!(events.len(), 2 * products as usize);
    let told: HashSet<_> = events.iter().map(subject).collect();
    assert_eq!(told, published);
}

async fn all_events(server: &Server) -> Vec<Value> {
    let (mut events, mut last) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/events?stream=catalog&limit=1000&after={last}")).await;
        let results = page["results"].as_array().unwrap();
        if results.is_empty() {
            return events;
        }
        events.extend(results.iter().cloned());
        last = page["last_id"].as_str().unwrap().to_owned();
    }
}

/// The id of what an event is about.
fn subject(event: &Value) -> String {
    assert_eq!(event["event_type"], "published");
    event["model"][event["resource_type"].as_str().unwrap()]["id"].as_str().unwrap().to_owned()
}
