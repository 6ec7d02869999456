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
        let plan = server.mkt(&["publish", "--dry-run", "--sign", key, unsigned.path()]).await.ok();
        assert!(plan.contains("signature"), "{plan}");
        // So it is something to consent to.
        assert_eq!(server.mkt(&["publish", "--sign", key, unsigned.path()]).await.code, 2);
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
            ("update builds set release_notes = 'Trust me.' where id = $1", "release_notes"),
            ("delete from exposures where build_id = $1", "exposure http://example.org/offered"),
            ("update parameters set required = true where exposure_id in (select id from exposures where build_id = $1)", "parameter url"),
            ("update dependencies set required = false where build_id = $1 and interface_id is not null", "dependency on http://example.org/needed"),
            ("update dependencies set mappings = '{\"url\":\"EVIL\"}' where build_id = $1 and dependency_product_id is not null", "mappings"),
            // Another manifest that was signed as well, with its signature.
            ("update builds set (marketplace, signature) = (select marketplace, signature from builds where version = '0.0.2') where id = $1", "build: id"),
        ];
        let mut other = Manifest::new("Other", "0.0.1");
        other.0["product"]["facts"]["name"] = json!("Other");
        server.mkt(&["publish", "--yes", other.write(&database.folder().join("other")).to_str().unwrap()]).await.ok();
        let signed = Manifest::new("Signed", "0.0.2");
        server.mkt(&["publish", "--yes", "--sign", key, signed.write(&database.folder().join("signed")).to_str().unwrap()]).await.ok();
        let mut tampered = Vec::new();
        for (number, (statement, told)) in tampering.into_iter().enumerate() {
            let mut package = Rich::new(&format!("Package {number}"), 3000 + number, &database.folder().join(format!("{number}")));
            let build = &mut package.manifest.0["product"]["build"];
            build["exposes"] = json!([{ "uri": "http://example.org/offered", "version": "1.0.0", "parameters": [{ "name": "url" }] }]);
            build["requires"] = json!([{ "uri": "http://example.org/needed", "version": "1.0.0", "mappings": { "url": "FHIR_URL" } }]);
            package.manifest.0["product"]["facts"]["runtime_dependencies"] = json!([{ "uuid": uuid::Uuid::new_v4(), "build": [] }]);
            package.save();
            server.mkt(&["publish", "--yes", "--sign", key, package.path()]).await.ok();
            server.mkt(&["verify", &package.manifest.product()]).await.ok();
            database.tamper(statement, &package.manifest.build()).await;
            tampered.push((statement, told, package.manifest.product()));
        }
        // What an owner may change is told, and is no fault.
        server.send(Method::PATCH, &format!("/products/{}", signed.product()), json!({ "name": "Renamed" })).await;
        let renamed = server.mkt(&["verify", &signed.product()]).await.ok();
        assert!(renamed.contains("look") && renamed.contains("\"Renamed\""), "{renamed}");
        assert!(renamed.contains("was not looked up in its registry"), "{renamed}");
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
        for consent in ["--yes", "--dry-run"] {
            assert_eq!(server.mkt(&["publish", consent, "--sign", theirs.to_str().unwrap(), package.path()]).await.code, 1);
        }
        // A key that can't be registered is not in the way of the next try.
        let again = database.folder().join("again");
        for name in ["mine", "again"] {
            let made = server.mkt(&["keygen", again.to_str().unwrap(), "--register", name]).await;
            assert_eq!((made.code == 0, again.exists()), (name == "again", name == "again"), "{}", made.stderr);
        }
    }
}
