//! Who may not publish waits for those who may; and nothing happens without consent.

use std::process::Stdio;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::Vendor;
use crate::support::{Database, Manifest, Person, Server, mkt, on_both};

on_both! {
    async fn a_vendor_waits_until_everybody_sees_it(database: Database) {
        let server = Server::start(&database).await;
        let vendor = Vendor::new(&server, "vendor").await;
        let permissions = json!({ "products": { "create": true }, "licenses": { "create": true } });
        let role = server.create("/roles", json!({ "name": "Vendors", "permissions": permissions })).await;
        let appointments = format!("/roles/{}/appointments", role["id"].as_str().unwrap());
        server.create(&appointments, json!({ "entity_type": "User", "entity_id": vendor.id })).await;
        let manifest = Manifest::new("Patience", "1.0.0");
        let file = manifest.write(database.folder());
        let arguments = ["publish", "--yes", "--wait", "--timeout", "2s", file.to_str().unwrap()];
        let (address, token) = (server.url(""), vendor.token.clone());
        let variables = [("MKT_SERVER", address.as_str()), ("MKT_TOKEN", token.as_str())];

        let late = mkt(&arguments, &variables).await;
        assert!(late.code == 8 && late.stderr.contains("not published yet"), "{}: {}", late.code, late.stderr);
        let (product, build) = (format!("/products/{}", manifest.product()), manifest.build());
        assert_eq!(server.get_anonymously(&product).await.0, 404);

        let mut command = server.command(&["publish", "--yes", "--wait", "--timeout", "30s", file.to_str().unwrap()]);
        let waiting = command.env("MKT_TOKEN", &token).stdout(Stdio::null()).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(1500)).await;
        for path in [format!("{product}/builds/{build}/publish"), format!("{product}/publish")] {
            assert!(server.send(Method::POST, &path, json!({})).await.0.is_success(), "{path}");
        }
        let ended = tokio::task::spawn_blocking(|| waiting.wait_with_output().unwrap()).await.unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        mkt(&["publish", "--yes", "--wait", "--timeout", "500000000000y", file.to_str().unwrap()], &variables).await.ok();
    }

    async fn what_was_turned_down_or_withdrawn_is_not_called_published(database: Database) {
        let server = Server::start(&database).await;
        let person = Person::new(&server, "vendor", &["products.create", "licenses.create"]).await;
        let manifest = Manifest::new("Turned", "1.0.0");
        let file = manifest.write(database.folder());
        let build = format!("/products/{}/builds/{}", manifest.product(), manifest.build());
        let publish = ["publish", "--yes", "--json", file.to_str().unwrap()];
        person.mkt(&server, &publish).await.ok();
        server.send(Method::POST, &format!("{build}/reject"), json!({ "reason": "It phones home." })).await;
        for arguments in [&publish[..], &["publish", "--dry-run", file.to_str().unwrap()]] {
            let again = person.mkt(&server, arguments).await;
            assert!(again.code == 4 && again.stderr.contains("rejected: It phones home."), "{again:?}");
        }
        for verb in ["submit", "publish", "yank"] {
            let (status, answer) = server.send(Method::POST, &format!("{build}/{verb}"), json!({})).await;
            assert!(status.is_success(), "{answer}");
        }
        for arguments in [&publish[..], &["publish", "--dry-run", file.to_str().unwrap()]] {
            let again = server.mkt(arguments).await;
            assert!(again.code == 6 && again.stderr.contains("was withdrawn on"), "{again:?}");
        }
    }

    async fn operators_may_want_no_warnings(database: Database) {
        let lax = Server::start(&database).await;
        let mut manifest = Manifest::new("Lax", "1.0.0");
        manifest.0["provenance"] = json!([]);
        manifest.0["product"]["build"].as_object_mut().unwrap().remove("dependency");
        let file = manifest.write(&database.folder().join("lax"));
        let publish = ["publish", "--yes", file.to_str().unwrap()];
        lax.mkt(&publish).await.ok();
        drop(lax);
        let server = Server::start_with(&database, &["--require-strict", "true"], &[]).await;
        server.mkt(&publish).await.ok();
        manifest.next_version("2.0.0").write(&database.folder().join("lax"));
        for consent in ["--yes", "--dry-run"] {
            let refused = server.mkt(&["publish", consent, file.to_str().unwrap()]).await;
            assert!(refused.code == 1 && refused.stderr.contains("without warnings only"), "{refused:?}");
        }
        let good = Manifest::new("Good", "1.0.0").write(&database.folder().join("good"));
        server.mkt(&["publish", "--yes", good.to_str().unwrap()]).await.ok();
    }
}

#[tokio::test]
async fn nothing_is_published_without_consent() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let tree = database.folder().join("tree");
    for name in ["Ant", "Bee"] {
        Manifest::new(name, "1.0.0").write(&tree.join(name));
    }
    let tree = tree.to_str().unwrap();
    for arguments in [&["publish", tree][..], &["publish", "--no-input", "--json", tree]] {
        let refused = server.mkt(arguments).await;
        assert!(refused.code == 2 && refused.stderr.contains("--yes"), "{}: {}", refused.code, refused.stderr);
    }
    assert_eq!(server.get("/products").await["total_entries"], 0);
    // One path that leads nowhere keeps none of the others.
    let astray = server.mkt(&["publish", "--yes", tree, "/nowhere"]).await;
    assert!(
        astray.code == 5 && astray.stderr.contains("2 published, 0 not public yet, 0 unchanged, 1 failed"),
        "{astray:?}"
    );
    let again = server.mkt(&["publish", tree]).await;
    assert!(again.stderr.contains("2 unchanged"), "{}", again.stderr);
    again.ok();
    // Looking takes no sign-in where the catalogue is public.
    let planned = mkt(&["publish", "--dry-run", tree], &[("MKT_SERVER", &server.url(""))]).await;
    assert!(planned.stdout.contains("unchanged"), "{}", planned.stdout);
    planned.ok();
    assert_eq!(mkt(&["publish", "--yes", tree], &[("MKT_SERVER", &server.url(""))]).await.code, 4);
}
