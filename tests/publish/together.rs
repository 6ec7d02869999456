//! Many publications at once: each is done as a whole or not at all, whoever it goes together with.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::http::Answer;
use crate::support::{Database, Manifest, Server, on_both};

on_both! {
    async fn what_fails_among_others_leaves_nothing(database: Database) {
        let server = Server::start(&database).await;
        let first = Manifest::new("First", "1.0.0");
        let publish = async |manifest: Value| Answer::to(server.request(Method::POST, "/packages").json(&manifest)).await;
        assert_eq!(publish(first.0.clone()).await.status, 200);

        let mut packages: Vec<(Value, u16)> = Vec::new();
        for number in 0..20 {
            packages.push((Manifest::new(&format!("Good {number}"), "1.0.0").0, 200));
            let mut other = first.0.clone();
            other["configuration"][0]["task"][0]["ports"] = json!([9000 + number]);
            packages.push((other, 409));
            // Its product is made, and its file found missing only then.
            let mut missing = Manifest::new(&format!("Missing {number}"), "1.0.0");
            missing.0["product"]["build"]["asset"] = json!("guide.pdf");
            missing.0["product"]["build"]["digests"] = json!({ "guide.pdf": format!("sha256:{number:064x}") });
            packages.push((missing.0, 422));
            // A name that is taken is found out once other things are made.
            let mut taken = Manifest::new(&format!("Taken {number}"), "1.0.0");
            taken.0["product"]["facts"]["name"] = json!("First");
            packages.push((taken.0, 422));
            packages.push((first.0.clone(), 200));
        }
        let answers = join_all(packages.iter().map(|(manifest, _)| publish(manifest.clone()))).await;
        for ((manifest, status), answer) in packages.iter().zip(&answers) {
            assert_eq!(answer.status, *status, "{}: {}", manifest["product"]["facts"]["name"], answer.body);
        }
        assert_eq!(server.get("/products?per_page=1").await["total_entries"], 21);
        // What is told, and what the audit log has, is of those that were published, once.
        let events = server.get("/events?stream=catalog&per_page=1000").await;
        let told = events["results"].as_array().unwrap().iter().filter(|event| event["event_type"] == "published");
        assert_eq!(told.count(), 2 * 21, "{events}");
        let audited = server.get("/audit_events?resource_type=product&action=create&per_page=1").await;
        // Products and offers: the filter is of a part of the word.
        assert_eq!(audited["total_entries"], 2 * 21, "{audited}");
    }
}
