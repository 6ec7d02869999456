//! `mkt review`, and `mkt build submit|yank`.

use crate::support::{Database, Manifest, Person, Server, on_both};

on_both! {
    async fn a_vendor_submits_and_reviewers_decide(database: Database) {
        let server = Server::start(&database).await;
        let vendor = Person::new(&server, "Vendor", &["products.create"]).await;
        let reviewer = Person::new(&server, "Reviewer", &["builds.validate", "builds.publish", "products.publish", "users.read"]).await;
        let stranger = Person::new(&server, "Stranger", &["products.read"]).await;
        let manifest = Manifest::new("Wren", "1.0.0");
        let file = manifest.write(&database.folder().join("wren"));
        let file = file.to_str().unwrap();

        assert!(reviewer.mkt(&server, &["review", "list"]).await.ok().contains("No builds wait"));
        vendor.mkt(&server, &["publish", "--yes", file]).await.ok();
        let list = reviewer.mkt(&server, &["review", "list"]).await.ok();
        assert!(["Wren", "1.0.0", "Vendor"].iter().all(|word| list.contains(word)), "{list}");
        assert_eq!(reviewer.mkt(&server, &["review", "list", "--output", "id"]).await.ok().trim(), manifest.build());
        assert!(stranger.mkt(&server, &["review", "list"]).await.ok().contains("No builds wait"));
        let waiting = vendor.mkt(&server, &["review", "list", "--json"]).await.json();
        assert_eq!(waiting["results"][0]["build"]["product_name"], "Wren");

        for (person, arguments, code, said) in [
            (&reviewer, &["review", "reject", "Wren@1.0.0"][..], 2, "--reason"),
            (&reviewer, &["review", "reject", "Wren@1.0.0", "--reason", " "], 2, "blank"),
            (&reviewer, &["review", "show", "Wren"], 2, "PRODUCT@VERSION"),
            (&reviewer, &["review", "show", "Wern@1.0.0"], 5, "Did you mean: Wren?"),
            (&reviewer, &["review", "show", "Wren@1.0"], 5, "Did you mean: 1.0.0?"),
            (&vendor, &["review", "validate", "Wren@1.0.0"], 4, "builds.validate"),
            (&vendor, &["review", "reject", "Wren@1.0.0", "--reason", "No."], 4, "builds.validate"),
            (&vendor, &["review", "publish", "Wren@1.0.0"], 4, "builds.publish"),
            (&stranger, &["review", "publish", "Wren@1.0.0"], 5, "Wren"),
        ] {
            let ran = person.mkt(&server, arguments).await;
            assert!(ran.code == code && ran.stderr.contains(said), "{arguments:?}: {ran:?}");
        }

        reviewer.mkt(&server, &["review", "reject", "wren@1.0.0", "--reason", "It never sleeps."]).await.ok();
        let shown = vendor.mkt(&server, &["review", "show", "Wren@1.0.0"]).await.ok();
        assert!(["rejected", "It never sleeps.", "submitted", "Example Health"].iter().all(|word| shown.contains(word)), "{shown}");
        vendor.mkt(&server, &["build", "submit", "--product", "Wren", "1.0.0"]).await.ok();
        // A decision on what has been seen is none on what came after.
        let seen = reviewer.mkt(&server, &["review", "show", "Wren@1.0.0", "--json"]).await.json();
        let revision = seen["revision"].as_str().unwrap();
        let mut swapped = Manifest(manifest.0.clone());
        swapped.0["configuration"][0]["task"][0]["options"] = serde_json::json!(["--evil"]);
        vendor.mkt(&server, &["publish", "--yes", swapped.write(&database.folder().join("wren")).to_str().unwrap()]).await.ok();
        for decision in [&["validate"][..], &["publish"], &["reject", "--reason", "No."]] {
            let ran = reviewer.mkt(&server, &[&["review"], decision, &["Wren@1.0.0", "--revision", revision]].concat()).await;
            assert!(ran.code == 6 && ran.stderr.contains("has changed since the revision"), "{decision:?}: {ran:?}");
        }
        vendor.mkt(&server, &["publish", "--yes", manifest.write(&database.folder().join("wren")).to_str().unwrap()]).await.ok();
        let seen = reviewer.mkt(&server, &["review", "show", "Wren@1.0.0", "--json"]).await.json();
        let revision = seen["revision"].as_str().unwrap();
        reviewer.mkt(&server, &["review", "validate", "Wren@1.0.0", "--revision", revision]).await.ok();
        assert!(reviewer.mkt(&server, &["review", "list"]).await.ok().contains("yes"));
        let published = reviewer.mkt(&server, &["review", "publish", "Wren@1.0.0", "--json"]).await.json();
        assert_eq!(published["state"], "published");
        let (status, product) = server.get_anonymously(&format!("/products/{}", manifest.product())).await;
        assert_eq!((status.as_u16(), &product["latest_build"]["version"]), (200, &published["version"]));

        // The next version is shown with what is new in it.
        let mut next = manifest.next_version("1.1.0");
        next.0["configuration"][0]["task"][0]["ports"] = serde_json::json!([9090]);
        vendor.mkt(&server, &["publish", "--yes", next.write(&database.folder().join("next")).to_str().unwrap()]).await.ok();
        let shown = reviewer.mkt(&server, &["review", "show", "Wren@1.1.0"]).await.ok();
        let told = ["configuration[0].task[0].ports[0]", "8080", "9090", "IN 1.0.0", "Vendor", "signature"];
        assert!(told.iter().all(|word| shown.contains(word)), "{shown}");
        let shown = reviewer.mkt(&server, &["review", "show", "Wren@1.1.0", "--json"]).await.json();
        assert_eq!(shown["previous"], "1.0.0");

        let yank = ["build", "yank", "--product", "Wren", "1.0.0", "--reason", "It leaks."];
        let yanked = reviewer.mkt(&server, &[&yank[..], &["--json"]].concat()).await.json();
        assert_eq!((&yanked["yank_reason"], &yanked["state"]), (&"It leaks.".into(), &"yanked".into()));
        reviewer.mkt(&server, &yank[..5]).await.ok();
    }
}
