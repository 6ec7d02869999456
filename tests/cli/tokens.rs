//! `mkt token create|rotate|revoke`: the secret once, and alone.

use chrono::{DateTime, Utc};

use crate::support::{Database, Ran, Server, mkt, on_both};

async fn whoami(server: &Server, token: &str) -> Ran {
    mkt(&["whoami"], &[("MKT_SERVER", &server.url("")), ("MKT_TOKEN", token)]).await
}

on_both! {
    async fn tokens_are_made_replaced_and_ended_in_few_words(database: Database) {
        let server = Server::start(&database).await;
        let made = server.mkt(&["token", "create", "ci", "--scope", "products.read"]).await;
        let secret = made.stdout.trim().to_owned();
        assert!(secret.starts_with("mkt_") && !secret.contains(char::is_whitespace), "{made:?}");
        assert!(made.stderr.contains("products.read") && !made.stderr.contains(&secret), "{made:?}");
        let me = whoami(&server, &secret).await.ok();
        assert!(me.contains("MKT_TOKEN") && me.contains("products.read"), "{me}");
        let shown = server.mkt(&["token", "show", "ci", "--json"]).await.json();
        let end: DateTime<Utc> = shown["expires_at"].as_str().unwrap().parse().unwrap();
        assert_eq!((end - Utc::now()).num_days(), 89);
        assert_eq!((&shown["token"], &shown["scopes"][0]), (&serde_json::Value::Null, &"products.read".into()));

        let rotated = server.mkt(&["token", "rotate", "ci"]).await.ok();
        assert_ne!(rotated.trim(), secret);
        assert_eq!(whoami(&server, &secret).await.code, 4);
        whoami(&server, rotated.trim()).await.ok();
        let revoked = server.mkt(&["token", "revoke", "CI"]).await;
        assert!(revoked.stderr.contains("Deleted the token ci"), "{}", revoked.stderr);
        assert_eq!(whoami(&server, rotated.trim()).await.code, 4);

        let nameless = server.mkt(&["token", "create", "--expires", "2999-01-31", "--json"]).await.json();
        assert_eq!(nameless["expires_at"], "2999-01-31T00:00:00.000Z");
        assert!(nameless["token"].is_string());
        server.mkt(&["token", "revoke", nameless["id"].as_str().unwrap()]).await.ok();
        assert_eq!(server.mkt(&["token", "list"]).await.ok().trim(), "No tokens.");
    }
}

#[tokio::test]
async fn mistakes_with_tokens_are_told() {
    let server = Server::start(&Database::sqlite()).await;
    let cases: [(&[&str], i32, &str); 5] = [
        (&["create", "x", "--expires", "soon"], 2, "30d"),
        (&["create", "x", "--expires", "2020-01-01"], 1, "must be in the future"),
        (&["create", "x", "--scope", "everything-there-is"], 1, "scopes"),
        (&["revoke", "x"], 5, "no token with the name"),
        (&["rotate", "x"], 5, "no token with the name"),
    ];
    for (arguments, code, message) in cases {
        let ran = server.mkt(&[&["token"], arguments].concat()).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(message), "{arguments:?}: {}", ran.stderr);
    }
}
