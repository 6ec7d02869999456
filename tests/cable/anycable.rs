//! The clients of AnyCable and of Rails, from npm, through interruptions.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use mkt::core::clock;
use mkt::core::db::Statement;
use mkt::core::event::prune;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use crate::support::cable::{Line, PATIENCE, beside, chat};
use crate::support::{ADMIN_TOKEN, Database, Manifest, Server, on_both};

on_both! {
    async fn it_gets_each_event_once_and_in_order(database: Database) {
        let server = Server::start(&database).await;
        let db = beside(&database).await;
        let (address, line) = (server.address(), Line::to(&server).await);
        let mut client = Client::follow("anycable.mjs", &line.address, 9);
        client.says("connected").await;
        client.says("history_received").await;
        chat(&db, 1..=3).await;
        client.hears(1..=3).await;
        // The network breaks, and the session stands.
        line.cut();
        chat(&db, 4..=5).await;
        client.says("connected again, restored").await;
        client.hears(4..=5).await;
        client.says("history_received").await;
        // The server is killed, and another takes its place.
        drop(server);
        chat(&db, 6..=8).await;
        let _back = Server::start_with(&database, &["--listen", &address], &[]).await;
        client.says("connected again").await;
        client.hears(6..=8).await;
        client.says("history_received").await;
        chat(&db, 9..=9).await;
        client.hears(9..=9).await;
        assert!(client.child.wait().unwrap().success());
    }

    async fn it_is_told_when_what_it_missed_is_gone(database: Database) {
        let server = Server::start(&database).await;
        let db = beside(&database).await;
        let address = server.address();
        let mut client = Client::follow("anycable.mjs", &address, 3);
        client.says("connected").await;
        client.says("history_received").await;
        chat(&db, 1..=1).await;
        client.hears(1..=1).await;
        drop(server);
        chat(&db, 2..=4).await;
        prune(&db, clock::now(), 7, 1).await.unwrap();
        let server = Server::start_with(&database, &["--listen", &address], &[]).await;
        client.says("connected again").await;
        client.says("history_not_found").await;
        chat(&db, 5..=5).await;
        client.hears(5..=5).await;
        // An old copy of the database is put in place.
        drop(server);
        let tx = db.begin().await.unwrap();
        tx.execute(Statement::new("delete from settings where name = 'epoch'")).await.unwrap();
        tx.commit().await.unwrap();
        let _server = Server::start_with(&database, &["--listen", &address], &[]).await;
        client.says("connected again").await;
        client.says("history_not_found").await;
        chat(&db, 6..=6).await;
        client.hears(6..=6).await;
        assert!(client.child.wait().unwrap().success());
    }

    async fn the_client_of_rails_comes_back_by_itself(database: Database) {
        let server = Server::start(&database).await;
        let address = server.address();
        let mut client = Client::follow("follow.mjs", &address, 4);
        let mut first = [client.line().await, client.line().await];
        first.sort();
        assert_eq!(first, ["connected", "unknown channel rejected"]);
        let publish = async |server: &Server, name: &str| {
            let manifest = Manifest::new(name, "1.0.0");
            let file = manifest.write(&database.folder().join(name));
            server.mkt(&["publish", "--yes", "-q", file.to_str().unwrap()]).await.ok();
        };
        publish(&server, "Dipper").await;
        assert!(client.line().await.contains("build") && client.line().await.contains("Dipper"));
        drop(server);
        client.says("disconnected").await;
        let back = Server::start_with(&database, &["--listen", &address], &[]).await;
        while client.line().await != "connected" {}
        publish(&back, "Wheatear").await;
        while !client.line().await.contains("The product Wheatear was published.") {}
        assert!(client.child.wait().unwrap().success());
    }
}

/// A script that follows events with a client from npm.
struct Client {
    child: Child,
    lines: UnboundedReceiver<String>,
}

impl Client {
    fn follow(script: &str, address: &str, count: u32) -> Self {
        let script = format!("{}/tests/node/{script}", env!("CARGO_MANIFEST_DIR"));
        let url = format!("ws://{address}/cable?jwt={ADMIN_TOKEN}");
        let mut child =
            Command::new("node").args([&script, &url, &count.to_string()]).stdout(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = unbounded_channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines }
    }

    /// The next line that it prints.
    async fn line(&mut self) -> String {
        timeout(PATIENCE, self.lines.recv()).await.expect("the client says nothing").expect("the client has ended")
    }

    async fn says(&mut self, expected: &str) {
        assert_eq!(self.line().await, expected);
    }

    /// The next events, by their numbers; offsets count along.
    async fn hears(&mut self, numbers: std::ops::RangeInclusive<u32>) {
        for number in numbers {
            let line = self.line().await;
            let event: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{number} is not {line}"));
            assert_eq!((&event["n"], &event["offset"]), (&number.into(), &number.into()));
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
