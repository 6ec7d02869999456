//! Signatures: by registered keys, of everything that a build is, and found out when anything was changed.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{Rich, Vendor};
use crate::http::Answer;
use crate::support::{Database, Manifest, Server, mkt, on_both};

on_both! {
    async fn a_signed_build_is_verified_from_outside(database: Database) {
        let server = Server::start(&database).await;
        let folder = database.folder();
        let (key, public) = (folder.join("key"), folder.join("key.pub"));
        let (key, public) = (key.to_str().unwrap(), public.to_str().unwrap());
        let made = server.mkt(&["keygen", key, "--json"]).await.json();
        assert_eq!(std::fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(server.mkt(&["keygen", key]).await.code, 6, "a key is never overwritten");

        let package = Rich::new("Lark", 5000, &folder.join("lark"));
        let unknown = server.mkt(&["publish", "--yes", "--sign", key, package.path()]).await;
        assert!(unknown.code == 1 && unknown.stderr.contains("not one of your publisher keys"), "{}", unknown.stderr);
        assert_eq!(server.get("/products").await["total_entries"], 0, "all of it or nothing");
        let text = std::fs::read_to_string(public).unwrap();
        server.mkt(&["publisher-key", "create", "--set", "name=CI", "--set", &format!("public_key={text}")]).await.ok();
        server.mkt(&["publish", "--yes", "--sign", key, package.path()]).await.ok();
        let build = server.get(&package.build()).await;
        assert_eq!((&build["signed_by"]["name"], &build["signed_by"]["fingerprint"]), (&json!("CI"), &made["fingerprint"]));
        let again = server.mkt(&["publish", "--yes", "--json", "--sign", key, package.path()]).await.json();
        assert_eq!(again[0]["outcome"]["unchanged"], true);

        let fingerprint = made["fingerprint"].as_str().unwrap();
        for arguments in [&["verify", "Lark@1.0.0"][..], &["verify", "lark"], &["verify", "Lark@1.0.0", "--key", public], &["verify", "Lark", "--key", fingerprint]] {
            let verified = mkt(arguments, &[("MKT_SERVER", &server.url(""))]).await;
            assert!(verified.stdout.contains("Made for a test."), "the chain is shown: {}", verified.stdout);
            verified.ok();
        }
        let other = folder.join("other");
        server.mkt(&["keygen", other.to_str().unwrap()]).await.ok();
        let other = format!("{}.pub", other.display());
        assert_eq!(server.mkt(&["verify", "Lark", "--key", &other]).await.code, 1);
        assert_eq!(server.mkt(&["verify", "Lark@9"]).await.code, 5);

        // A key that was revoked signs nothing new, and what it signed says so.
        server.mkt(&["publisher-key", "revoke", "CI"]).await.ok();
        let next = Rich { manifest: package.manifest.next_version("1.1.0"), folder: package.folder.clone() };
        next.save();
        let revoked = server.mkt(&["publish", "--yes", "--sign", key, next.path()]).await;
        assert!(revoked.code == 1 && revoked.stderr.contains("revoked"), "{}", revoked.stderr);
        let stale = server.mkt(&["verify", "Lark@1.0.0"]).await;
        assert!(stale.code == 1 && stale.stdout.contains("revoked"), "{}", stale.stdout);
        server.mkt(&["verify", "Lark@1.0.0", "--key", public]).await.ok();
    }

    async fn what_was_tampered_with_is_found(database: Database) {
        let server = Server::start(&database).await;
        let key = database.folder().join("key");
        server.mkt(&["keygen", key.to_str().unwrap(), "--register", "CI"]).await.ok();
        let key = key.to_str().unwrap();
        let unsigned = Rich::new("Unsigned", 10, &database.folder().join("unsigned"));
        server.mkt(&["publish", "--yes", unsigned.path()]).await.ok();
        let found = server.mkt(&["verify", "Unsigned"]).await;
        assert!(found.code == 1 && found.stdout.contains("not signed"), "{}", found.stdout);
        // What is published already can be signed later.
        let signed = server.mkt(&["publish", "--yes", "--sign", key, unsigned.path()]).await.ok();
        assert!(signed.contains("signature"), "{signed}");
        server.mkt(&["verify", "Unsigned"]).await.ok();

        let tampering = [
            ("update builds set container_repository = 'evil.example.org/app' where id = $1", "container_repository"),
            ("update builds set container_tag = 'latest' where id = $1", "container_tag"),
            ("update builds set container_digest = 'sha256:00' where id = $1", "container_digest"),
            ("update builds set version = '2.0.0' where id = $1", "version"),
            ("update builds set asset_sha256 = (select image_sha256 from logos limit 1) where id = $1", "asset"),
            ("update builds set marketplace = (select marketplace from builds where version = '0.0.1') where id = $1", "changed"),
            ("update tasks set options = '[\"--evil\"]' where configuration_id in (select id from configurations where build_id = $1)", "options"),
            ("update tasks set environment = '[]' where configuration_id in (select id from configurations where build_id = $1)", "environment"),
            ("update tasks set memory = 9000 where configuration_id in (select id from configurations where build_id = $1)", "memory"),
            ("delete from tasks where configuration_id in (select id from configurations where build_id = $1)", "task web"),
            ("delete from configurations where build_id = $1", "configuration default"),
        ];
        let mut other = Manifest::new("Other", "0.0.1");
        other.0["product"]["facts"]["name"] = json!("Other");
        server.mkt(&["publish", "--yes", other.write(&database.folder().join("other")).to_str().unwrap()]).await.ok();
        let mut tampered = Vec::new();
        for (number, (statement, told)) in tampering.into_iter().enumerate() {
            let package = Rich::new(&format!("Package {number}"), 3000 + number, &database.folder().join(format!("{number}")));
            server.mkt(&["publish", "--yes", "--sign", key, package.path()]).await.ok();
            server.mkt(&["verify", &package.manifest.product()]).await.ok();
            database.tamper(statement, &package.manifest.build()).await;
            tampered.push((statement, told, package.manifest.product()));
        }
        // What nobody has changed through the server, it remembers for a second.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        for (statement, told, product) in tampered {
            let found = server.mkt(&["verify", &product]).await;
            assert_eq!(found.code, 1, "{statement}: {}", found.stdout);
            let is_told = |line: &str| line.trim_start().starts_with("FAILED") && line.contains(told);
            assert!(found.stdout.lines().any(is_told), "{statement}: {}", found.stdout);
        }
    }

    async fn signatures_of_others_are_refused(database: Database) {
        let server = Server::start(&database).await;
        let [mine, theirs] = ["mine", "theirs"].map(|name| database.folder().join(name));
        server.mkt(&["keygen", mine.to_str().unwrap(), "--register", "mine"]).await.ok();
        let vendor = Vendor::new(&server, "vendor").await;
        let package = Rich::new("Kite", 10, &database.folder().join("kite"));
        server.mkt(&["publish", "--yes", "--sign", mine.to_str().unwrap(), package.path()]).await.ok();
        let signature = server.get(&package.build()).await["signature"].as_str().unwrap().to_owned();

        let manifest = Manifest::new("Other", "1.0.0");
        let send = |signature: String, of: &Value| {
            Answer::to(server.request(Method::POST, "/packages").header("Package-Signature", signature).json(of))
        };
        let mut broken = signature.clone();
        broken.replace_range(signature.len() - 5..signature.len() - 4, if signature.contains("A") { "B" } else { "A" });
        for (signature, told) in [(signature.clone(), "not of this manifest"), (String::new(), "detached JWS"), ("a..b".into(), "detached JWS"), ("x".repeat(5000), "detached JWS")] {
            let refused = send(signature, &manifest.0).await;
            assert!(refused.status == 422 && refused.body.contains(told), "{told}: {}", refused.body);
        }
        // The same key, registered by somebody else, signs for neither.
        let public = std::fs::read_to_string(format!("{}.pub", mine.display())).unwrap();
        let keys = format!("/users/{}/publisher_keys", vendor.id);
        let registered = Answer::to(vendor.request(&server, Method::POST, &keys).json(&json!({ "name": "x", "public_key": public }))).await;
        assert_eq!(registered.status, 201, "{}", registered.body);
        let stolen = server.get(&package.build()).await["marketplace"].clone();
        let refused = Answer::to(vendor.request(&server, Method::POST, "/packages").header("Package-Signature", signature).json(&stolen)).await;
        assert!(!refused.status.to_string().starts_with('2') || refused.json()["unchanged"] == true, "{}", refused.body);
        for (key, told) in [("{}", "public_key"), ("-----BEGIN PUBLIC KEY-----", "public_key")] {
            let refused = Answer::to(vendor.request(&server, Method::POST, &keys).json(&json!({ "name": "y", "public_key": key }))).await;
            assert!(refused.status == 422 && refused.body.contains(told), "{}", refused.body);
        }
        assert_eq!(server.mkt(&["publish", "--yes", "--sign", theirs.to_str().unwrap(), package.path()]).await.code, 1);
    }
}
