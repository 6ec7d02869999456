//! `mkt watch` follows the catalogue: on this server or another, through restarts, each event once.

use std::io::{BufRead, BufReader, Read};
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use crate::support::{Database, Manifest, Server, mkt, on_both};

on_both! {
    async fn what_is_published_arrives(database: Database) {
        let server = Server::start(&database).await;
        let watch = Watcher::start(&server, &["--json", "--count", "3"]);
        watch.connected();
        let manifest = Manifest::new("Heron", "2.0.0");
        server.mkt(&["publish", manifest.write(database.folder()).to_str().unwrap()]).await.ok();
        let unpublish = format!("/products/{}/unpublish", manifest.product());
        assert!(server.request(Method::POST, &unpublish).send().await.unwrap().status().is_success());
        let events: Vec<Value> = watch.finished().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let told: Vec<_> = events.iter().map(|event| (event["resource_type"].as_str().unwrap(), event["event_type"].as_str().unwrap())).collect();
        assert_eq!(told, [("build", "published"), ("product", "published"), ("product", "unpublished")]);
        assert_eq!(events[1]["model"]["product"]["id"], manifest.product().as_str());

        let since = events[0]["id"].as_str().unwrap();
        let address = server.url("");
        let stranger = mkt(&["watch", "--json", "--since", since, "--count", "1"], &[("MKT_SERVER", &address)]).await.ok();
        assert!(stranger.contains("unpublished"), "what was withdrawn since is not told to strangers: {stranger}");
    }

    async fn a_restart_loses_and_repeats_nothing(database: Database) {
        let server = Server::start(&database).await;
        let port = server.url("").rsplit_once(':').unwrap().1.to_owned();
        let address = format!("127.0.0.1:{port}");
        let watch = Watcher::start(&server, &["--output", "id", "--count", "20"]);
        watch.connected();
        publish(&server, &database, 0..4).await;
        server.terminate();
        server.ended().await;
        let meanwhile = Server::start(&database).await;
        publish(&meanwhile, &database, 4..7).await;
        drop(meanwhile);
        let back = Server::start_with(&database, &["--listen", &address], &[]).await;
        publish(&back, &database, 7..10).await;
        let seen = watch.finished();
        let kept = back.get("/events?limit=1000").await["results"].as_array().unwrap().clone();
        let kept: Vec<_> = kept.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(seen, kept);
    }
}

#[tokio::test]
async fn an_event_of_one_server_reaches_the_watchers_of_another() {
    let database = Database::postgres();
    let (one, other) = tokio::join!(Server::start(&database), Server::start(&database));
    let watch = Watcher::start(&other, &["--count", "2"]);
    watch.connected();
    let manifest = Manifest::new("Swift", "1.0.0");
    one.mkt(&["publish", manifest.write(database.folder()).to_str().unwrap()]).await.ok();
    let lines = watch.finished();
    assert!(lines[1].contains("product published") && lines[1].contains("Swift"), "{lines:?}");
}

#[tokio::test]
async fn it_ends_as_asked_or_says_why_not() {
    let server = Server::start_with(&Database::sqlite(), &["--anonymous-events", "false"], &[]).await;
    server.mkt(&["watch", "--timeout", "1"]).await.ok();
    let too_few = server.mkt(&["watch", "--timeout", "1", "--count", "1"]).await;
    assert_eq!(too_few.code, 8, "{}", too_few.stderr);
    let unknown = server.mkt(&["watch", "--since", "5ceded00-0000-4000-8000-00000000000f", "--timeout", "5"]).await;
    assert_eq!(unknown.code, 5, "{}", unknown.stderr);
    assert_eq!(server.get_anonymously("/events").await.0, 401);
    let address = server.url("");
    for token in ["wrong", ""] {
        let refused = mkt(&["watch", "--timeout", "5"], &[("MKT_SERVER", &address), ("MKT_TOKEN", token)]).await;
        assert_eq!(refused.code, 4, "{token:?}: {}", refused.stderr);
    }
}

async fn publish(server: &Server, database: &Database, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let manifest = Manifest::new(&format!("Bird {number}"), "1.0.0");
        let file = manifest.write(&database.folder().join(number.to_string()));
        server.mkt(&["publish", "-q", file.to_str().unwrap()]).await.ok();
    }
}

/// A running `mkt watch`.
struct Watcher {
    child: Child,
    notes: Receiver<String>,
}

impl Watcher {
    fn start(server: &Server, arguments: &[&str]) -> Self {
        let mut child = server.spawn_mkt(&[&["watch", "--timeout", "60"], arguments].concat());
        let (sender, notes) = channel();
        let lines = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || lines.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, notes }
    }

    /// Waits until it follows the catalogue.
    fn connected(&self) {
        let note = self.notes.recv_timeout(Duration::from_secs(20)).unwrap();
        assert!(note.starts_with("Connected"), "{note}");
    }

    /// Waits for its success and answers what it printed.
    fn finished(mut self) -> Vec<String> {
        let mut printed = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
        let status = self.child.wait().unwrap();
        let notes: Vec<_> = self.notes.iter().collect();
        assert!(status.success(), "{printed}\n{notes:?}");
        printed.lines().map(str::to_owned).collect()
    }
}
