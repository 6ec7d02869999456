//! Who may not publish waits for those who may; and nothing happens without consent.

use std::process::Stdio;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::Vendor;
use crate::support::{Database, Manifest, Server, mkt, on_both};

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
        mkt(&arguments, &variables).await.ok();
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
    server.mkt(&["publish", "--yes", tree]).await.ok();
    let again = server.mkt(&["publish", tree]).await;
    assert!(again.stderr.contains("2 unchanged"), "{}", again.stderr);
    again.ok();
    // Looking takes no sign-in where the catalogue is public.
    let planned = mkt(&["publish", "--dry-run", tree], &[("MKT_SERVER", &server.url(""))]).await;
    assert!(planned.stdout.contains("unchanged"), "{}", planned.stdout);
    planned.ok();
    assert_eq!(mkt(&["publish", "--yes", tree], &[("MKT_SERVER", &server.url(""))]).await.code, 4);
}
