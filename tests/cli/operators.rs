//! What operators look after: the keys that sign, and the log of who did what.

use reqwest::Method;
use serde_json::json;

use crate::support::Browser;
use crate::support::{Database, Provider, SECRET_KEY, Server, mkt, on_both, query};

on_both! {
    async fn keys_take_turns_and_end_what_they_signed(database: Database) {
        let server = Server::start(&database).await;
        let provider = Provider::start(&[&server]);
        let redirect = server.url(&format!("{}/redirect", provider.register(&server, "EdDSA").await));
        let sign_in = async || {
            let back = Browser::new().sign_in(&redirect, "ada", &server.url("/sessions")).await;
            let path = format!("/sessions?{}", back.split_once('?').unwrap().1);
            assert!(query(&back)["code"].is_string());
            let session = server.get_anonymously(&path).await.1;
            session["jwt"].as_str().unwrap().to_owned()
        };
        let holds = async |token: &str| {
            let answer = server.anonymous(Method::GET, "/status").bearer_auth(token).send().await.unwrap();
            answer.status() == 200
        };
        let keys = async |arguments: &[&str]| {
            let arguments = [&["signing-key"], arguments, &["--database-url", &database.url]].concat();
            mkt(&arguments, &[("MKT_SECRET_KEY", SECRET_KEY)]).await
        };
        let old = sign_in().await;
        let listed = keys(&["list", "--json"]).await.json();
        let first = listed[0]["id"].as_str().unwrap().to_owned();
        assert_eq!((listed.as_array().unwrap().len(), &listed[0]["signs"]), (1, &json!(true)));
        let second = keys(&["rotate"]).await.ok().trim().to_owned();
        assert!(keys(&["list"]).await.ok().contains("checks"));
        // The server hears of it: at once on PostgreSQL, within a second on SQLite.
        tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
        let new = sign_in().await;
        assert!(holds(&old).await && holds(&new).await, "nobody is signed out by it");
        keys(&["revoke", &first]).await.ok();
        tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
        assert!(!holds(&old).await && holds(&new).await);
        assert_eq!(keys(&["revoke", &first]).await.code, 5, "once");
        keys(&["revoke", &second]).await.ok();
        tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
        assert!(!holds(&new).await);
        assert!(holds(&sign_in().await).await, "another has taken over");
    }

    async fn the_log_is_read_from_the_shell(database: Database) {
        let server = Server::start(&database).await;
        let role = server.create("/roles", json!({ "name": "Badgers", "permissions": {} })).await;
        server.send(Method::DELETE, role["path"].as_str().unwrap(), json!({})).await;
        let log = server.mkt(&["audit", "--of", role["id"].as_str().unwrap()]).await.ok();
        let lines: Vec<&str> = log.lines().collect();
        assert_eq!(lines.len(), 3, "{log}");
        assert!(lines[1].contains("delete") && lines[2].contains("create") && lines[1].contains("127.0.0.1"), "{log}");
        let log = server.mkt(&["audit", "--resource", "role", "--action", "delete", "--json"]).await.json();
        assert_eq!(log["results"][0]["before"]["name"], "Badgers");
        let stranger = mkt(&["audit"], &[("MKT_SERVER", &server.url(""))]).await;
        assert_eq!((stranger.code, stranger.stdout.trim()), (0, "No audit events."));
    }
}
