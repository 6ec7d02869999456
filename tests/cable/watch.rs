//! `mkt watch` follows the catalogue: on this server or another, through restarts, each event once.

use std::io::{BufRead, BufReader, Read};
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::kept;
use crate::support::{ADMIN_TOKEN, Database, Manifest, Server, bare, mkt, on_both};

on_both! {
    async fn what_is_published_arrives(database: Database) {
        let server = Server::start(&database).await;
        let watch = Watcher::start(&server, &["--json", "--count", "3"]);
        watch.connected();
        let manifest = Manifest::new("Heron", "2.0.0");
        server.mkt(&["publish", "--yes", manifest.write(database.folder()).to_str().unwrap()]).await.ok();
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
        assert_eq!(seen, kept(&back).await);
    }

    async fn a_server_killed_again_and_again_loses_and_repeats_nothing(database: Database) {
        let server = Server::start(&database).await;
        let address = server.url("").replace("http://", "");
        let count = EVENTS.to_string();
        let watch = Watcher::start(&server, &["--output", "id", "--count", &count]);
        watch.connected();
        let product = server.create("/products", json!({ "name": "Kingfisher" })).await["id"].as_str().unwrap().to_owned();
        let mut servers = vec![server];
        for killed in 0..=KILLS {
            let server = servers.last().unwrap();
            // From nobody's to everybody's and back: an event each.
            for turn in 0..EVENTS / (KILLS + 1) {
                let verb = if turn % 2 == 0 { "publish" } else { "unpublish" };
                let done = server.request(Method::POST, &format!("/products/{product}/{verb}")).send().await.unwrap();
                assert!(done.status().is_success(), "{}", done.status());
            }
            if killed < KILLS {
                servers.remove(0).kill();
                servers.push(Server::start_with(&database, &["--listen", &address], &[]).await);
            }
        }
        let seen = watch.finished();
        assert_eq!(seen, kept(&servers[0]).await);
    }

    async fn it_goes_on_where_it_was_and_hands_events_to_a_command_in_order(database: Database) {
        let server = Server::start(&database).await;
        let note = |name: &str| database.folder().join(name).display().to_string();
        let (home, told) = (note("home"), note("told"));
        let watch = async |command: &str, count: &str| {
            let address = server.url("");
            let arguments = ["watch", "--resume", "deploy", "--exec", command, "--count", count, "--timeout", "30"];
            mkt(&arguments, &[("MKT_SERVER", &address), ("XDG_STATE_HOME", &home)]).await
        };
        // From now on, and now there is nothing.
        let address = server.url("");
        let begun = ["watch", "--resume", "deploy", "--timeout", "2"];
        mkt(&begun, &[("MKT_SERVER", &address), ("XDG_STATE_HOME", &home)]).await.ok();
        publish(&server, &database, 0..3).await;
        let append = format!("cat >> {told}; echo $MKT_EVENT_TYPE $MKT_EVENT_RESOURCE >> {told}.kinds");
        watch(&append, "2").await.ok();
        // What fails is the first of the next time.
        let failed = watch("exit 3", "1").await;
        assert!(failed.code == 1 && failed.stderr.contains("exit status: 3"), "{} {}", failed.code, failed.stderr);
        watch(&append, "4").await.ok();
        let lines = std::fs::read_to_string(&told).unwrap();
        let seen: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let seen: Vec<_> = seen.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(seen, kept(&server).await);
        let kinds = std::fs::read_to_string(format!("{told}.kinds")).unwrap();
        assert_eq!(kinds, "published build\npublished product\n".repeat(3));

        // A name is of one watch at a time, and of what it follows.
        let held = [("MKT_SERVER", address.as_str()), ("XDG_STATE_HOME", &home), ("MKT_TOKEN", ADMIN_TOKEN)];
        let mut other = bare();
        other.args(["watch", "--resume", "deploy", "--timeout", "20"]).envs(held);
        let mut other = other.stderr(std::process::Stdio::piped()).spawn().unwrap();
        let mut note = String::new();
        BufReader::new(other.stderr.as_mut().unwrap()).read_line(&mut note).unwrap();
        let refused = mkt(&begun, &held).await;
        assert_eq!(refused.code, 6, "{}", refused.stderr);
        other.kill().unwrap();
        other.wait().unwrap();
        let refused = mkt(&["watch", "--stream", "account", "--resume", "deploy"], &held).await;
        assert!(refused.code == 2 && refused.stderr.contains("follows catalog, not account"), "{}", refused.stderr);
    }

    async fn only_what_is_asked_for_is_shown(database: Database) {
        let server = Server::start(&database).await;
        publish(&server, &database, 0..1).await;
        let first = kept(&server).await.remove(0);
        publish(&server, &database, 1..3).await;
        for (arguments, expected) in [
            (["--resource", "product", "--count", "2"].as_slice(), vec!["product published"; 2]),
            (&["--event", "published", "--resource", "product,build", "--count", "3"], vec!["product published", "build published", "product published"]),
            (&["--event", "deleted", "--timeout", "2"], vec![]),
        ] {
            let all = [&["watch", "--since", &first, "--json"], arguments].concat();
            let printed = server.mkt(&all).await.ok();
            let events: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let told = |event: &Value| format!("{} {}", event["resource_type"].as_str().unwrap(), event["event_type"].as_str().unwrap());
            assert_eq!(events.iter().map(told).collect::<Vec<_>>(), expected, "{arguments:?}");
        }
        // One product, by its name.
        let product = Watcher::start(&server, &["--product", "Bird 1", "--json", "--count", "1"]);
        product.connected();
        let id = server.get("/products?name=Bird%201").await["results"][0]["id"].as_str().unwrap().to_owned();
        server.send(Method::PATCH, &format!("/products/{id}"), json!({ "description": "It sings." })).await;
        let event: Value = serde_json::from_str(&product.finished()[0]).unwrap();
        assert_eq!((event["event_type"].as_str(), event["model"]["product"]["id"].as_str()), (Some("updated"), Some(&*id)));
        let unknown = server.mkt(&["watch", "--platform", "nowhere", "--timeout", "2"]).await;
        assert_eq!(unknown.code, 5, "{}", unknown.stderr);
    }
}

/// How many events there are while the server is killed so many times.
const EVENTS: usize = 2100;
const KILLS: usize = 20;

#[tokio::test]
async fn an_event_of_one_server_reaches_the_watchers_of_another() {
    let database = Database::postgres();
    let (one, other) = tokio::join!(Server::start(&database), Server::start(&database));
    let watch = Watcher::start(&other, &["--count", "2"]);
    watch.connected();
    let manifest = Manifest::new("Swift", "1.0.0");
    one.mkt(&["publish", "--yes", manifest.write(database.folder()).to_str().unwrap()]).await.ok();
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
        server.mkt(&["publish", "--yes", "-q", file.to_str().unwrap()]).await.ok();
    }
}

/// A running `mkt watch`.
struct Watcher {
    child: Child,
    notes: Receiver<String>,
}

impl Watcher {
    fn start(server: &Server, arguments: &[&str]) -> Self {
        let mut child = server.spawn_mkt(&[&["watch", "--timeout", "240"], arguments].concat());
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
