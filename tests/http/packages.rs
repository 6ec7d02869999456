//! `POST /packages`: a marketplace.json becomes a published product, all of it or nothing.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Answer, column, first, post, text};
use crate::support::{Database, Manifest, Server, on_both};

on_both! {
    async fn a_package_is_published_whole_and_once(database: Database) {
        let server = Server::start(&database).await;
        let manifest = rich("Growth Charts", "1.0.0");
        let before = contents(&server, &manifest).await;

        // A dry run, which anybody may have, tells all and changes nothing.
        let dry = Answer::to(server.anonymous(Method::POST, "/packages?dry_run=true").json(&manifest.0)).await;
        assert_eq!(dry.status, 200, "{}", dry.body);
        let planned = send(&server, "/packages?dry_run=true", &manifest).await;
        assert_eq!(told(&planned), json!({ "dry_run": true, "published": true, "unchanged": false }));
        let created = "product product_license license product_license build configuration task configuration task \
                       interface exposure parameter dependency dependency";
        assert_eq!(steps(&planned, "create").join(" "), created);
        assert_eq!(steps(&planned, "publish"), ["build", "product"]);
        assert_eq!(contents(&server, &manifest).await, before);

        let outcome = send(&server, "/packages", &manifest).await;
        assert_eq!(told(&outcome), json!({ "dry_run": false, "published": true, "unchanged": false }));
        assert_eq!(steps(&outcome, "create"), steps(&planned, "create"));
        assert_eq!(text(&outcome["build"], "url"), server.url(&manifest.path()));
        let after = contents(&server, &manifest).await;
        assert_eq!(difference(&after, &before), ONE_MORE);
        let events = server.get("/events").await;
        assert_eq!(column(&events, "event_type"), ["published", "published"]);
        assert_eq!(column(&events, "resource_type"), ["build", "product"]);

        let (_, product) = server.get_anonymously(&format!("/products/{}", manifest.product())).await;
        assert_eq!([&product["name"], &product["mime_type"]], ["Growth Charts", "application/smart.v1"]);
        assert_eq!(product["latest_build"]["id"], json!(manifest.build()));
        assert_eq!(product["latest_build"]["container_repository"], "registry.example.org/tests/app");
        let build = server.get(&manifest.path()).await;
        assert_eq!((&build["marketplace"], &build["version"]), (&manifest.0, &json!("1.0.0")));
        let web = &server.get(&format!("{}/configurations?default=true", manifest.path())).await["results"][0];
        let task = &server.get(&format!("{}/tasks", text(web, "path"))).await["results"][0];
        assert_eq!((&task["name"], &task["memory"], &task["ports"]), (&json!("web"), &json!(128), &json!([8080])));

        // Again: nothing is doubled, and nobody is told anything.
        for path in ["/packages?dry_run=true", "/packages", "/packages"] {
            let again = send(&server, path, &manifest).await;
            assert_eq!(told(&again), json!({ "dry_run": path.contains('?'), "published": true, "unchanged": true }));
        }
        assert_eq!(contents(&server, &manifest).await, after);
    }

    async fn what_is_published_does_not_change(database: Database) {
        let server = Server::start(&database).await;
        let manifest = rich("Fixed", "1.0.0");
        send(&server, "/packages", &manifest).await;
        let before = (contents(&server, &manifest).await, server.get(&manifest.path()).await);

        let mut other = Manifest(manifest.0.clone());
        other.0["product"]["facts"]["name"] = json!("Renamed");
        other.0["configuration"][0]["task"][0]["ports"] = json!([9090]);
        for path in ["/packages", "/packages?dry_run=true"] {
            let refused = refuse(&server, path, &other, 409).await;
            let differences = json!([
                { "field": "configuration[0].task[0].ports[0]", "from": 8080, "to": 9090 },
                { "field": "product.facts.name", "from": "Fixed", "to": "Renamed" },
            ]);
            assert_eq!(refused["details"]["differences"], differences);

            let same_version = manifest.next_version("1.0.0");
            let refused = refuse(&server, path, &same_version, 409).await;
            let (from, to) = (manifest.build(), same_version.build());
            let difference = json!([{ "field": "product.build.uuid", "from": from, "to": to }]);
            assert_eq!(refused["details"]["differences"], difference);
            assert!(text(&refused, "message").contains("1.0.0"), "{refused}");
        }
        let build = manifest.path();
        let configuration = first_of(&server, &format!("{build}/configurations")).await;
        let task = first_of(&server, &format!("{configuration}/tasks")).await;
        let exposure = first_of(&server, &format!("{build}/exposures")).await;
        let parameter = first_of(&server, &format!("{exposure}/parameters")).await;
        let dependency = first_of(&server, &format!("{build}/dependencies")).await;
        let interface = first(&server, "/interfaces").await;
        let forbidden = [
            (Method::PATCH, build.clone(), json!({ "version": "1.0.1" })),
            (Method::PATCH, build.clone(), json!({ "container_tag": "latest" })),
            (Method::PATCH, build.clone(), json!({ "container_repository": "registry.example.org/other" })),
            (Method::PATCH, configuration.clone(), json!({ "name": "other" })),
            (Method::DELETE, configuration.clone(), json!({})),
            (Method::POST, format!("{build}/configurations"), json!({ "name": "more" })),
            (Method::PATCH, task.clone(), json!({ "memory": 4096 })),
            (Method::DELETE, task, json!({})),
            (Method::POST, format!("{configuration}/tasks"), json!({ "name": "more" })),
            (Method::PATCH, exposure.clone(), json!({ "interface_id": interface })),
            (Method::DELETE, exposure.clone(), json!({})),
            (Method::POST, format!("{build}/exposures"), json!({ "interface_id": interface })),
            (Method::DELETE, parameter, json!({})),
            (Method::POST, format!("{exposure}/parameters"), json!({ "name": "more" })),
            (Method::PATCH, dependency.clone(), json!({ "required": false })),
            (Method::DELETE, dependency, json!({})),
            (Method::POST, format!("{build}/dependencies"), json!({ "interface_id": interface })),
        ];
        for (method, path, body) in forbidden {
            let (status, answer) = server.send(method.clone(), &path, body).await;
            assert_eq!(status, StatusCode::CONFLICT, "{method} {path}: {answer}");
        }
        assert_eq!((contents(&server, &manifest).await, server.get(&build).await), before);
        // What is said of it may change.
        let (status, _) = server.send(Method::PATCH, &build, json!({ "release_notes": "Corrected." })).await;
        assert_eq!(status, StatusCode::OK);
        assert!(send(&server, "/packages", &manifest).await["unchanged"].as_bool().unwrap());
    }

    async fn the_next_version_takes_over_until_it_is_yanked(database: Database) {
        let server = Server::start(&database).await;
        let first = rich("Moving", "1.0.0");
        send(&server, "/packages", &first).await;
        let start = text(&server.get("/events").await, "last_id");
        let mut second = first.next_version("1.1.0");
        second.0["product"]["build"]["description"] = json!("It moves faster.");
        let product = format!("/products/{}", first.product());
        let latest = async || server.get(&product).await["latest_build"]["version"].clone();

        let outcome = send(&server, "/packages", &second).await;
        assert_eq!(steps(&outcome, "update"), ["product"]);
        let change = json!([{ "field": "description", "from": "Moving is made for tests.", "to": "It moves faster." }]);
        assert_eq!(outcome["steps"][0]["changes"], change);
        assert_eq!(steps(&outcome, "publish"), ["build"]);
        assert_eq!(latest().await, "1.1.0");

        let yanked = post(&server, &format!("{}/yank", second.path())).await;
        assert!(yanked["yanked_at"].is_string() && yanked["published_at"].is_string(), "{yanked}");
        assert_eq!(post(&server, &format!("{}/yank", second.path())).await, yanked);
        assert_eq!(latest().await, "1.0.0");
        assert_eq!(server.get_anonymously(&second.path()).await.0, 200, "those who run it still find it");
        let told = server.get(&format!("/events?after={start}")).await;
        assert_eq!(column(&told, "event_type"), ["published", "yanked"]);
        assert_eq!(told["results"][1]["model"]["build"]["id"], json!(second.build()));
    }

    async fn a_broken_manifest_is_refused_with_places(database: Database) {
        let server = Server::start(&database).await;
        let mut broken = rich("Broken", "1.0.0");
        broken.0["product"]["uuid"] = json!("not-a-uuid");
        broken.0["configuration"][0]["task"][0]["memory_minimum"] = json!("lots");
        let pretty = serde_json::to_string_pretty(&broken.0).unwrap();
        let before = contents(&server, &broken).await;
        for path in ["/packages", "/packages?dry_run=true"] {
            for manifest in [pretty.as_str(), "{", "", "[]", "{\"product\": {}}"] {
                let answer = Answer::to(server.request(Method::POST, path).body(manifest.to_owned())).await;
                let diagnostics = answer.json()["details"]["diagnostics"].as_array().cloned().unwrap_or_default();
                assert!(answer.status == 422 && !diagnostics.is_empty(), "{path} {manifest}: {}", answer.body);
                let placed = |found: &Value| found["line"].as_i64() > Some(0) && found["column"].as_i64() > Some(0);
                assert!(diagnostics.iter().all(placed), "{}", answer.body);
                if manifest == pretty {
                    let errors = diagnostics.iter().filter(|found| found["severity"] == "error");
                    let errors: Vec<_> = errors.map(|found| (text(found, "path"), found["line"].clone())).collect();
                    let line = |of: &str| json!(1 + pretty.lines().position(|line| line.contains(of)).unwrap());
                    let [memory, uuid] = ["configuration[0].task[0].memory_minimum", "product.uuid"].map(String::from);
                    assert_eq!(errors, [(memory, line("lots")), (uuid, line("not-a-uuid"))]);
                }
            }
        }
        assert_eq!(contents(&server, &broken).await, before);
    }

    async fn publishing_at_once_makes_one(database: Database) {
        let server = Server::start(&database).await;
        let manifest = rich("Contended", "1.0.0");
        let before = contents(&server, &manifest).await;
        let tries = (0..6).map(|_| Answer::to(server.request(Method::POST, "/packages").json(&manifest.0)));
        for answer in futures_util::future::join_all(tries).await {
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
        assert!(send(&server, "/packages", &manifest).await["unchanged"].as_bool().unwrap());
        assert_eq!(difference(&contents(&server, &manifest).await, &before), ONE_MORE);
    }
}

/// A manifest with something of everything.
fn rich(name: &str, version: &str) -> Manifest {
    let mut manifest = Manifest::new(name, version);
    let facts = &mut manifest.0["product"]["facts"];
    facts["licensing"] = json!([
        { "name": "MIT License", "url": "https://opensource.org/license/mit" },
        { "name": format!("{name} Terms"), "url": format!("https://example.org/{}", Uuid::new_v4()) },
    ]);
    facts["runtime_dependencies"] = json!([{ "uuid": Uuid::new_v4(), "build": [Uuid::new_v4()] }]);
    let build = &mut manifest.0["product"]["build"];
    let parameters = json!([{ "name": "base_url", "required": true }]);
    build["exposes"] = json!([{ "uri": "https://example.org/charts", "version": "1.0.0", "parameters": parameters }]);
    let mappings = json!({ "base_url": "FHIR_URL" });
    build["requires"] = json!([{ "uri": "http://hl7.org/fhir", "version": "4.0.1", "mappings": mappings }]);
    let task = json!({ "id": Uuid::new_v4(), "label": "batch", "cron": "0 3 * * *" });
    let nightly = json!({ "name": "nightly", "default": false, "task": [task] });
    manifest.0["configuration"].as_array_mut().unwrap().push(nightly);
    manifest
}

impl Manifest {
    /// The build's path.
    fn path(&self) -> String {
        format!("/products/{}/builds/{}", self.product(), self.build())
    }
}

/// How much there is of what a package makes.
async fn contents(server: &Server, manifest: &Manifest) -> Vec<i64> {
    let (build, builds) = (manifest.path(), format!("/products/{}/builds", manifest.product()));
    let below = ["configurations", "exposures", "dependencies"].map(|below| format!("{build}/{below}"));
    let mut contents = Vec::new();
    for path in ["/licenses", "/interfaces", "/products", &builds].into_iter().chain(below.iter().map(String::as_str)) {
        contents.push(server.get(path).await["total_entries"].as_i64().unwrap_or(0));
    }
    contents.push(server.get("/events").await["results"].as_array().unwrap().len() as i64);
    contents
}

/// What a rich package adds to [`contents`]: its own licence and interface, one product, build and exposure, two
/// configurations, dependencies and events.
const ONE_MORE: [i64; 8] = [1, 1, 1, 1, 2, 1, 2, 2];

fn difference(after: &[i64], before: &[i64]) -> Vec<i64> {
    after.iter().zip(before).map(|(after, before)| after - before).collect()
}

async fn send(server: &Server, path: &str, manifest: &Manifest) -> Value {
    let (status, outcome) = server.send(Method::POST, path, manifest.0.clone()).await;
    assert_eq!(status, StatusCode::OK, "{outcome}");
    outcome
}

async fn refuse(server: &Server, path: &str, manifest: &Manifest, expected: u16) -> Value {
    let (status, problem) = server.send(Method::POST, path, manifest.0.clone()).await;
    assert_eq!(status.as_u16(), expected, "{path}: {problem}");
    problem
}

/// The path of the first entry of an index.
async fn first_of(server: &Server, path: &str) -> String {
    text(&server.get(path).await["results"][0], "path")
}

/// What an outcome says of itself.
fn told(outcome: &Value) -> Value {
    json!({ "dry_run": outcome["dry_run"], "published": outcome["published"], "unchanged": outcome["unchanged"] })
}

/// The resources that steps of an outcome do this with, in order.
fn steps(outcome: &Value, action: &str) -> Vec<String> {
    let steps = outcome["steps"].as_array().unwrap().iter().filter(|step| step["action"] == action);
    steps.map(|step| text(step, "resource")).collect()
}
