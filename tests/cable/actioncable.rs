//! The client of Rails, `@rails/actioncable` from npm, connects, subscribes and receives.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{ADMIN_TOKEN, Database, Manifest, Server, on_both};

on_both! {
    async fn the_client_of_rails_receives_what_is_published(database: Database) {
        let server = Server::start_with(&database, &["--anonymous-events", "false"], &[]).await;
        let url = format!("{}?jwt={ADMIN_TOKEN}", server.url("/cable").replace("http:", "ws:"));
        let mut client = Command::new("node").args(["tests/node/follow.mjs", &url, "2"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(client.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut told = [lines.next().unwrap(), lines.next().unwrap()];
        told.sort();
        assert_eq!(told, ["connected", "unknown channel rejected"]);

        let manifest = Manifest::new("Plover", "1.0.0");
        server.mkt(&["publish", "--yes", manifest.write(database.folder()).to_str().unwrap()]).await.ok();
        let events: Vec<Value> = lines.filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(&line).unwrap()).collect();
        assert_eq!(events[0]["model"]["build"]["product"]["id"], manifest.product().as_str());
        assert_eq!(events[1]["message"], "The product Plover was published.");
        assert!(client.wait().unwrap().success());
        assert!(!server.log().contains(ADMIN_TOKEN), "tokens stay out of the log");
    }
}
