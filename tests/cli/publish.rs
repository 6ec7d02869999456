//! `mkt publish`

use serde_json::json;

use crate::support::{Database, Manifest, Server, on_both};

on_both! {
    async fn a_package_is_planned_published_and_then_unchanged(database: Database) {
        let server = Server::start(&database).await;
        let manifest = Manifest::new("Sparrow", "1.0.0");
        let file = manifest.write(&database.folder().join("sparrow"));
        let file = file.to_str().unwrap();

        let plan = server.mkt(&["publish", "--dry-run", file]).await.ok();
        assert!(plan.contains("create") && plan.contains("Sparrow"), "{plan}");
        assert_eq!(server.get("/products").await["total_entries"], 0);

        let published = server.mkt(&["publish", "--yes", file]).await;
        assert!(published.stderr.contains(&server.url(&format!("/products/{}", manifest.product()))), "{}", published.stderr);
        published.ok();
        let product = server.get(&format!("/products/{}", manifest.product())).await;
        assert_eq!(product["latest_build"]["container_repository"], "registry.example.org/tests/app");

        let again = server.mkt(&["publish", "--yes", "--json", file]).await.json();
        assert_eq!(again[0]["outcome"]["unchanged"], true);
        let folder = database.folder().join("sparrow");
        assert!(server.mkt(&["publish", folder.to_str().unwrap()]).await.ok().contains("unchanged"));

        let mut changed = manifest.next_version("1.0.0");
        changed.0["product"]["build"]["uuid"] = json!(manifest.build());
        changed.0["configuration"][0]["task"][0]["ports"] = json!([9090]);
        let refused = server.mkt(&["publish", "--yes", changed.write(&database.folder().join("changed")).to_str().unwrap()]).await;
        assert_eq!(refused.code, 6, "{}", refused.stderr);
        assert!(refused.stderr.contains("configuration[0].task[0].ports[0]: 8080 → 9090"), "{}", refused.stderr);

        let next = manifest.next_version("1.1.0").write(&database.folder().join("next"));
        server.mkt(&["publish", "--yes", next.to_str().unwrap()]).await.ok();
        let product = server.get(&format!("/products/{}", manifest.product())).await;
        assert_eq!(product["latest_build"]["version"], "1.1.0");
    }
}

on_both! {
    async fn of_many_who_publish_the_same_at_once_one_makes_it(database: Database) {
        let server = Server::start(&database).await;
        let mut manifest = Manifest::new("Starling", "1.0.0");
        manifest.0["product"]["facts"]["licensing"] = json!([{ "name": "New", "url": "https://example.org/new" }]);
        let file = manifest.write(database.folder());
        let arguments = ["publish", "--yes", "--json", file.to_str().unwrap()];
        let all = (0..8).map(|_| server.mkt(&arguments));
        let outcomes: Vec<_> = futures_util::future::join_all(all).await.into_iter().map(|ran| ran.json()).collect();
        let unchanged = outcomes.iter().filter(|outcome| outcome[0]["outcome"]["unchanged"] == true).count();
        assert_eq!(unchanged, 7, "{outcomes:?}");
        assert_eq!(server.get("/events").await["results"].as_array().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn every_problem_is_told_with_its_place() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let mut manifest = Manifest::new("Broken", "1.0.0");
    manifest.0["product"]["uuid"] = json!("not a uuid");
    manifest.0["configuration"][0]["task"][0]["ports"] = json!(["http"]);
    manifest.0["product"]["facts"]["technology_mime_type"] = json!("smart");
    let file = manifest.write(database.folder());
    let ran = server.mkt(&["publish", "--yes", file.to_str().unwrap()]).await;
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    for (key, severity) in [("\"uuid\": \"not", "error"), ("\"http\"", "error"), ("technology_mime_type", "warning")] {
        let text = std::fs::read_to_string(&file).unwrap();
        let line = 1 + text.lines().position(|line| line.contains(key)).unwrap();
        let told = ran
            .stderr
            .lines()
            .any(|told| told.contains(&format!("marketplace.json:{line}:")) && told.contains(severity));
        assert!(told, "{key} in line {line}: {}", ran.stderr);
    }
    assert_eq!(server.get("/products").await["total_entries"], 0);
}

#[tokio::test]
async fn of_a_tree_all_that_can_be_is_published() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let tree = database.folder().join("tree");
    for name in ["Ant", "Bee"] {
        Manifest::new(name, "1.0.0").write(&tree.join(name));
    }
    std::fs::create_dir(tree.join("Cat")).unwrap();
    std::fs::write(tree.join("Cat/marketplace.json"), "{").unwrap();
    let ran = server.mkt(&["publish", "--yes", tree.to_str().unwrap()]).await;
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("1 of 3 packages"), "{}", ran.stderr);
    assert_eq!(server.get("/products").await["total_entries"], 2);
    let strict = server.mkt(&["publish", "--strict", tree.join("Ant").to_str().unwrap()]).await;
    assert_eq!(strict.code, 0, "{}", strict.stderr);
}

/// The official examples, where they are at hand.
#[tokio::test]
async fn the_official_examples_are_published_as_far_as_they_are_valid() {
    let folder = std::path::Path::new("../shared/reference/packaging");
    if !folder.is_dir() {
        return;
    }
    for name in ["cds-hooks", "content", "cql", "smart"] {
        let server = Server::start(&Database::sqlite()).await;
        let file = folder.join(format!("{name}.product.build.json"));
        let published = server.mkt(&["publish", "--yes", file.to_str().unwrap()]).await;
        assert!(published.stderr.contains("warning"), "{name}: {}", published.stderr);
        published.ok();
        assert!(server.mkt(&["publish", "-q", file.to_str().unwrap()]).await.ok().contains("unchanged"), "{name}");
    }
}
