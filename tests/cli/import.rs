//! `mkt import`

use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Database, Ran, Server, on_both};

/// A folder of knowledge artifacts, with a manifest that grows with them.
struct Knarts {
    folder: PathBuf,
    items: Vec<Value>,
}

const KNART: &str = "application/hl7-cds-knowledge-artifact-1.3+xml";

impl Knarts {
    fn new(database: &Database) -> Self {
        let folder = database.folder().join("knarts");
        std::fs::create_dir_all(folder.join("content")).unwrap();
        Self { folder, items: Vec::new() }
    }

    /// Lists a file, whether or not there is one.
    fn list(&mut self, name: &str, path: &str, kind: &str) {
        self.items.push(json!({ "name": name, "path": path, "mimeType": kind, "tags": ["t1", "t2"] }));
        self.describe("Made for tests.");
    }

    fn describe(&self, text: &str) {
        let groups = json!([{ "name": "Ward", "items": self.items }]);
        let manifest = json!({ "name": "Test Artifacts", "description": text, "groups": groups });
        std::fs::write(self.folder.join("manifest.json"), manifest.to_string()).unwrap();
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.folder.join(path), text).unwrap();
    }

    /// Lists a whole artifact that is called and identified by this.
    fn add(&mut self, name: &str) {
        let path = format!("content/{name}.xml");
        self.write(&path, artifact(name, ""));
        self.list(name, &path, KNART);
    }

    async fn import(&self, server: &Server, more: &[&str]) -> Ran {
        server.mkt(&[&["import", "knart", "--json", self.folder.to_str().unwrap()], more].concat()).await
    }
}

fn artifact(id: &str, more: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<k:knowledgeDocument xmlns:k="urn:hl7-org:knowledgeartifact:r1">
  <k:metadata>
    <k:identifiers>
      <k:identifier root="urn:example:tests" extension="{id}" version="1.0"/>
      <k:identifier root="urn:example:contract" extension="7"/>
    </k:identifiers>
    <k:title value="{id}"/>
    <k:description value="What {id} is for: &lt;tests&gt; &amp; such&#x2e;"/>
    <k:relatedResources><k:identifiers><k:identifier root="other" extension="other"/></k:identifiers></k:relatedResources>
  </k:metadata>{more}
</k:knowledgeDocument>"#
    )
}

/// How many there are of each.
fn counts(summary: &Value) -> [u64; 5] {
    ["created", "updated", "unchanged", "skipped", "failed"].map(|action| summary[action].as_u64().unwrap())
}

fn entry<'a>(summary: &'a Value, file: &str) -> &'a Value {
    summary["results"].as_array().unwrap().iter().find(|entry| entry["file"] == file).unwrap_or(&Value::Null)
}

fn summary(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}\n{}", ran.stdout, ran.stderr))
}

async fn count(server: &Server, path: &str) -> u64 {
    server.get(path).await["total_entries"].as_u64().unwrap()
}

on_both! {
    async fn knowledge_artifacts_become_products_once(database: Database) {
        let server = Server::start(&database).await;
        server.create("/licenses", json!({ "name": "Free", "url": "https://example.org/free" })).await;
        server.create("/licenses", json!({ "name": "All", "url": "https://example.org/all" })).await;
        let owner = server.create("/users", json!({ "name": "Vera" })).await;
        let mut knarts = Knarts::new(&database);
        ["Alpha", "Beta"].iter().for_each(|name| knarts.add(name));
        knarts.list("Paper", "content/paper.docx", "application/pdf");
        let options =
            ["--owner", "Vera", "--license", "Free", "--meta-license", "All", "--support-url", "mailto:help@example.org"];

        let plan = knarts.import(&server, &[&options[..], &["--dry-run"]].concat()).await.json();
        assert_eq!(counts(&plan), [3, 0, 0, 1, 0], "{plan}");
        assert_eq!(count(&server, "/products").await, 0);

        let made = knarts.import(&server, &options).await.json();
        assert_eq!(counts(&made), [3, 0, 0, 1, 0], "{made}");
        let id = entry(&made, "content/Alpha.xml")["product_id"].as_str().unwrap();
        let (_, product) = server.get_anonymously(&format!("/products/{id}")).await;
        assert_eq!(product["name"], "Ward: Alpha (t1, t2)");
        assert_eq!(product["description"], "What Alpha is for: <tests> & such.");
        assert_eq!(product["uri"], "urn:example:tests:Alpha");
        assert_eq!(product["external_id"], "Alpha");
        assert_eq!(product["mime_type"], KNART);
        assert_eq!(product["user_id"], owner["id"]);
        assert_eq!(product["support_url"], "mailto:help@example.org");
        assert_eq!(product["latest_build"]["version"], "1.0");
        assert_eq!(product["product_licenses"].as_array().unwrap().len(), 1);
        let build = product["latest_build"]["id"].as_str().unwrap();
        let asset = server.request(Method::GET, &format!("/products/{id}/builds/{build}/asset")).send().await.unwrap();
        assert_eq!(asset.headers()["content-type"], KNART);
        assert_eq!(asset.text().await.unwrap(), artifact("Alpha", ""));
        let meta = entry(&made, "manifest.json")["product_id"].as_str().unwrap();
        let (_, children) = server.get_anonymously(&format!("/products/{meta}/children")).await;
        assert_eq!(children["total_entries"], 2);
        let (_, meta) = server.get_anonymously(&format!("/products/{meta}")).await;
        assert_eq!(meta["description"], "Made for tests.");
        assert_eq!(meta["product_licenses"][0]["license_id"], server.get("/licenses?name=All").await["results"][0]["id"]);

        let (events, audit) = (server.get("/events").await, count(&server, "/audit_events").await);
        let again = knarts.import(&server, &options).await.json();
        assert_eq!(counts(&again), [0, 0, 3, 1, 0], "{again}");
        assert_eq!(server.get("/events").await["results"], events["results"]);
        assert_eq!(count(&server, "/audit_events").await, audit);
    }
}

on_both! {
    async fn what_has_changed_becomes_a_new_build(database: Database) {
        let server = Server::start(&database).await;
        let mut knarts = Knarts::new(&database);
        ["Alpha", "Beta"].iter().for_each(|name| knarts.add(name));
        knarts.import(&server, &[]).await.json();
        let latest = async || {
            let product = server.get("/products?name=Alpha").await["results"][0].clone();
            product["latest_build"]["version"].as_str().unwrap().to_owned()
        };
        assert_eq!(latest().await, "1.0");

        knarts.write("content/Alpha.xml", artifact("Alpha", "<!-- changed -->"));
        knarts.describe("Described anew.");
        let plan = knarts.import(&server, &["--dry-run"]).await.json();
        assert_eq!(counts(&plan), [0, 2, 1, 0, 0], "{plan}");
        let changed = knarts.import(&server, &[]).await.json();
        assert_eq!(counts(&changed), [0, 2, 1, 0, 0], "{changed}");
        assert!(latest().await.starts_with("1.0+"), "{}", latest().await);
        assert_eq!(server.get("/products?name=Test").await["results"][0]["description"], "Described anew.");

        // A version of its own keeps its name, and what was there before is found again.
        knarts.write("content/Alpha.xml", artifact("Alpha", "").replace("\"1.0\"/>", "\"2.0\"/>"));
        assert_eq!(counts(&knarts.import(&server, &[]).await.json()), [0, 1, 2, 0, 0]);
        assert_eq!(latest().await, "2.0");
        knarts.write("content/Alpha.xml", artifact("Alpha", ""));
        assert_eq!(counts(&knarts.import(&server, &[]).await.json()), [0, 1, 2, 0, 0]);
        assert_eq!(latest().await, "1.0");
        assert_eq!(counts(&knarts.import(&server, &[]).await.json()), [0, 0, 3, 0, 0]);

        // Somebody withdrew it.
        let product = server.get("/products?name=Alpha").await["results"][0].clone();
        let build = format!("{}/builds/{}", product["path"].as_str().unwrap(), product["latest_build"]["id"].as_str().unwrap());
        server.send(Method::POST, &format!("{build}/yank"), json!({})).await;
        let skipped = knarts.import(&server, &[]).await.json();
        assert_eq!(entry(&skipped, "content/Alpha.xml")["reason"], "its build 1.0 was yanked");
        assert_eq!(count(&server, &format!("{}/builds", product["path"].as_str().unwrap())).await, 3);
    }
}

on_both! {
    async fn of_many_imports_at_once_one_makes_each_product(database: Database) {
        let server = Server::start(&database).await;
        let mut knarts = Knarts::new(&database);
        ["Alpha", "Beta", "Gamma"].iter().for_each(|name| knarts.add(name));
        let all = (0..4).map(|_| knarts.import(&server, &[]));
        for ran in futures_util::future::join_all(all).await {
            let made = ran.json();
            assert_eq!(made["failed"], 0, "{made}");
        }
        assert_eq!(count(&server, "/products?published=true").await, 4);
        assert_eq!(count(&server, "/sub_products").await, 3);
        for product in server.get("/products?child_of=").await["results"].as_array().unwrap() {
            let builds = count(&server, &format!("{}/builds", product["path"].as_str().unwrap())).await;
            assert_eq!(builds, u64::from(product["name"] != "Test Artifacts"), "{product}");
        }
    }
}

on_both! {
    async fn who_may_not_publish_leaves_drafts_that_are_completed(database: Database) {
        let server = Server::start(&database).await;
        let token = server.mkt(&["user", "create", "--set", "name=Vera", "--output", "id"]).await.ok();
        let permissions = r#"permissions={"products":{"create":true}}"#;
        server.mkt(&["role", "create", "--set", "name=Vendor", "--set", permissions]).await.ok();
        server.mkt(&["appointment", "create", "--role", "Vendor", "--set", "entity_type=User", "--set", &format!("entity_id={}", token.trim())]).await.ok();
        let token = server.mkt(&["token", "create", "vera", "--user", "Vera"]).await.ok();
        let mut knarts = Knarts::new(&database);
        ["Alpha", "Beta"].iter().for_each(|name| knarts.add(name));
        let folder = knarts.folder.to_str().unwrap();
        let vendor = [("MKT_SERVER", &*server.url("")), ("MKT_TOKEN", token.trim())];
        let ran = crate::support::mkt(&["import", "knart", folder, "--json"], &vendor).await;
        assert!(ran.stderr.contains("3 are not public yet"), "{}", ran.stderr);
        let made = ran.json();
        assert_eq!(counts(&made), [3, 0, 0, 0, 0], "{made}");
        assert_eq!(server.get_anonymously("/products").await.1["total_entries"], 0);
        let again = crate::support::mkt(&["import", "knart", folder, "--json"], &vendor).await.json();
        assert_eq!(counts(&again), [0, 0, 3, 0, 0], "{again}");
        assert_eq!(server.get("/products?name=Alpha").await["results"][0]["published_at"], Value::Null);

        // Whoever may completes what is there.
        let published = knarts.import(&server, &[]).await.json();
        assert_eq!(counts(&published), [0, 3, 0, 0, 0], "{published}");
        let (_, public) = server.get_anonymously("/products?name=Alpha").await;
        assert_eq!(public["results"][0]["latest_build"]["version"], "1.0");
        assert_eq!(count(&server, "/products").await, 3);

        // What is somebody else's stays so.
        knarts.write("content/Alpha.xml", artifact("Alpha", "<!-- changed -->"));
        let other = server.mkt(&["user", "create", "--set", "name=Otto", "--output", "id"]).await.ok();
        server.mkt(&["appointment", "create", "--role", "Vendor", "--set", "entity_type=User", "--set", &format!("entity_id={}", other.trim())]).await.ok();
        let token = server.mkt(&["token", "create", "otto", "--user", "Otto"]).await.ok();
        let ran = crate::support::mkt(&["import", "knart", folder, "--json"], &[("MKT_SERVER", &*server.url("")), ("MKT_TOKEN", token.trim())]).await;
        assert_eq!(ran.code, 4, "{}", ran.stderr);
        assert_eq!(counts(&summary(&ran)), [0, 0, 2, 0, 1], "{}", ran.stdout);
    }
}

on_both! {
    async fn what_was_cut_off_is_completed_and_nothing_half_is_seen(database: Database) {
        let mut server = Server::start(&database).await;
        let mut knarts = Knarts::new(&database);
        for number in 0..24 {
            knarts.add(&format!("Number{number}"));
        }
        let arguments = ["import", "knart", knarts.folder.to_str().unwrap()];
        let mut before = 0;
        for pause in [40, 80, 120, 160, 200] {
            let mut child = server.spawn_mkt(&arguments);
            tokio::time::sleep(std::time::Duration::from_millis(pause)).await;
            child.kill().unwrap();
            child.wait().unwrap();
            let (_, seen) = server.get_anonymously("/products?per_page=100").await;
            let seen = seen["results"].as_array().unwrap();
            for product in seen.iter().filter(|product| product["name"] != "Test Artifacts") {
                assert_eq!(product["latest_build"]["version"], "1.0", "{product}");
            }
            assert!(seen.len() >= before);
            before = seen.len();
        }
        let made = knarts.import(&server, &[]).await.json();
        assert_eq!(made["failed"], 0, "{made}");
        assert_eq!(counts(&knarts.import(&server, &[]).await.json()), [0, 0, 25, 0, 0]);
        assert_eq!(count(&server, "/products?published=true").await, 25);
        assert_eq!(count(&server, "/sub_products").await, 24);
        for product in server.get("/products?name=Number&per_page=100").await["results"].as_array().unwrap() {
            assert_eq!(count(&server, &format!("{}/builds", product["path"].as_str().unwrap())).await, 1);
        }

        let address = server.url("");
        server.kill();
        let ran = crate::support::mkt(&arguments, &[("MKT_SERVER", &address)]).await;
        assert_eq!(ran.code, 8, "{}", ran.stderr);
    }
}

#[tokio::test]
async fn broken_artifacts_are_told_and_left_out() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let mut knarts = Knarts::new(&database);
    knarts.add("Whole");
    std::fs::write(database.folder().join("outside.xml"), artifact("Outside", "")).unwrap();
    std::os::unix::fs::symlink(database.folder().join("outside.xml"), knarts.folder.join("content/link.xml")).unwrap();
    let whole = artifact("Bad", "");
    let bomb = "<!DOCTYPE k [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;\">]>";
    let outside = "<!DOCTYPE k [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>";
    let typed = |declared: &str| whole.replacen("<k:know", &format!("{declared}<k:know"), 1);
    let large = vec![b' '; 64 * 1024 * 1024 + 1];
    let broken = [
        ("cut", whole[..whole.len() - 9].to_owned(), "in line "),
        ("unclosed", whole.replace("</k:knowledgeDocument>", ""), "it ends before </knowledgeDocument>"),
        ("crossed", whole.replace("</k:metadata>", "</k:other>"), "in line 11: "),
        ("late", artifact("Bad", "<k:a x='1' x='2'/>"), "in line 11: "),
        ("entity", artifact("Bad", "&nbsp;"), "the entity &nbsp; is not known"),
        ("bomb", typed(bomb), "it has a document type"),
        ("external", typed(outside), "it has a document type"),
        ("deep", artifact("Bad", &"<k:a>".repeat(600)), "more than 512 elements"),
        ("twice", format!("{whole}{}", &whole[whole.find("<k:know").unwrap()..]), "a second root"),
        ("trailing", format!("{whole}text"), "text outside"),
        ("encoded", whole.replace("UTF-8", "UTF-16"), "save it as UTF-8"),
        ("prefix", whole.replace("xmlns:k=", "xmlns:j="), "is not declared"),
        ("empty", String::new(), "it is empty"),
        ("other", "<html/>".to_owned(), "not a knowledge artifact: its root element is <html>"),
        ("nameless", whole.replace("k:metadata", "k:nothing"), "no <identifier>"),
        ("control", whole.replace("extension=\"Bad\"", "extension=\"B&#9;d&#x85;\""), "one line"),
    ];
    for (name, text, _) in &broken {
        let path = format!("content/{name}.xml");
        knarts.write(&path, text);
        knarts.list(name, &path, KNART);
    }
    knarts.write("content/latin.xml", whole.replace("What", "Wh\u{e4}t").chars().map(|c| c as u8).collect::<Vec<_>>());
    knarts.write("content/large.xml", large);
    let misplaced = [
        ("content/latin.xml", "UTF-8"),
        ("content/large.xml", "it is larger than 64"),
        ("content/absent.xml", "there is no such file"),
        ("../outside.xml", "leads out of the folder"),
        ("../../../../../../etc/passwd", "leads out of the folder"),
        ("/etc/passwd", "leads out of the folder"),
        ("content/link.xml", "a symbolic link that leads out of the folder"),
        ("content", "it is not a file"),
    ];
    misplaced.iter().for_each(|(path, _)| knarts.list("Misplaced", path, KNART));
    knarts.items.push(json!({ "name": "No path", "mimeType": KNART }));
    std::fs::copy(knarts.folder.join("content/Whole.xml"), knarts.folder.join("content/copy.xml")).unwrap();
    knarts.list(&"long".repeat(80), "content/copy.xml", KNART);
    knarts.list("Twice", "content/copy.xml", KNART);

    let ran = knarts.import(&server, &[]).await;
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let made = summary(&ran);
    let reasons = broken.iter().map(|(name, _, reason)| (format!("content/{name}.xml"), *reason));
    let reasons = reasons.chain(misplaced.iter().map(|(path, reason)| ((*path).to_owned(), *reason))).chain([
        ("manifest.json: groups[0].items[25]".to_owned(), "missing field `path`"),
        ("content/copy.xml".to_owned(), "its name must have at most 255 characters"),
    ]);
    let mut number = 0;
    for (file, reason) in reasons {
        let told = entry(&made, &file)["reason"].as_str().unwrap_or_default();
        assert!(told.contains(reason), "{file}: {told:?} is not {reason:?}");
        assert!(ran.stderr.contains(&format!("error: {file}: {told}")), "{}", ran.stderr);
        number += 1;
    }
    assert_eq!(counts(&made), [2, 0, 0, 1, number], "{}", ran.stdout);
    assert!(ran.stdout.contains("the same artifact as content/Whole.xml"), "{}", ran.stdout);
    assert_eq!(count(&server, "/products").await, 2);

    // Without a whole manifest there is nothing to go by.
    knarts.write("manifest.json", "{");
    assert_eq!(knarts.import(&server, &[]).await.code, 1);
    std::fs::remove_file(knarts.folder.join("manifest.json")).unwrap();
    assert_eq!(knarts.import(&server, &[]).await.code, 5);
    assert_eq!(server.mkt(&["import", "fhir", "/nowhere"]).await.code, 5);
}

on_both! {
    async fn structure_definitions_become_products_once(database: Database) {
        let server = Server::start(&database).await;
        let folder = database.folder().join("fhir");
        std::fs::create_dir_all(folder.join("deep/er")).unwrap();
        let definition = |name: &str| json!({
            "resourceType": "StructureDefinition", "id": name, "url": format!("https://example.org/fhir/{name}"),
            "version": "1.2.3", "name": name, "title": format!("The {name}"), "description": "A *profile*.",
            "differential": { "element": [{ "id": "Patient", "url": [1, 2] }] },
        });
        let write = |path: &str, text: String| std::fs::write(folder.join(path), text).unwrap();
        let xml = |name: &str, more: &str| format!(
            "<StructureDefinition xmlns=\"http://hl7.org/fhir\"><url value=\"https://example.org/fhir/{name}\"/>\
             <name value=\"{name}\"/><contact><name value=\"other\"/></contact>{more}</StructureDefinition>"
        );
        write("one.json", format!("\u{feff}{}", definition("One")));
        write("deep/er/two.xml", xml("Two", ""));
        write("two.XML", xml("Two", ""));
        write("patient.json", json!({ "resourceType": "Patient", "name": [{ "family": "Doe" }] }).to_string());
        write("list.json", "[1, 2]".into());
        write("page.xml", "<!DOCTYPE html><html><p>not closed</html>".into());
        write("readme.txt", "StructureDefinition".into());
        write(".hidden.json", "{".into());
        write("deep/old.json", "{".into());
        std::os::unix::fs::symlink(&folder, folder.join("deep/circle")).unwrap();

        let broken = [
            ("cut.json", definition("Cut").to_string().replace("}]", ""), "line 1"),
            ("trailing.json", format!("{} {{", definition("Trailing")), "line 1"),
            ("twice.json", definition("Twice").to_string().replacen('{', "{\"url\":\"https://example.org\",", 1), "one text"),
            ("number.json", definition("Number").to_string().replace("\"1.2.3\"", "1"), "one text"),
            ("nowhere.json", definition("Nowhere").to_string().replace("\"url\":\"", "\"uri\":\""), "no url"),
            ("nameless.json", definition("Nameless").to_string().replace("name\"", "n\"").replace("title", "t"), "neither"),
            ("double.xml", xml("Double", "<url value='https://example.org'/>"), "two fields url"),
            ("typed.xml", format!("<!DOCTYPE x [<!ENTITY a 'b'>]>{}", xml("Typed", "")), "document type"),
            ("entity.xml", xml("Entity", "<title value='&a;'/>"), "entity"),
        ];
        broken.iter().for_each(|(path, text, _)| write(path, text.clone()));
        let arguments =
            ["import", "fhir", folder.to_str().unwrap(), "--json", "--meta", "Profiles", "--ignore", "old.json"];
        let ran = server.mkt(&arguments).await;
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        let made = summary(&ran);
        for (file, _, reason) in &broken {
            let told = entry(&made, file)["reason"].as_str().unwrap_or_default();
            assert!(told.contains(reason), "{file}: {told:?} is not {reason:?}");
        }
        assert_eq!(counts(&made), [3, 0, 0, 6, broken.len() as u64], "{}", ran.stdout);
        assert_eq!(entry(&made, "deep/old.json")["reason"], "ignored");
        assert_eq!(entry(&made, "two.XML")["reason"], "the same artifact as deep/er/two.xml");
        let one = server.get("/products?name=The").await["results"][0].clone();
        assert_eq!((&one["name"], &one["mime_type"]), (&json!("The One"), &json!("application/fhir+json")));
        assert_eq!((&one["uri"], &one["external_id"]), (&json!("https://example.org/fhir/One"), &json!("One")));
        assert_eq!(one["latest_build"]["version"], "1.2.3");
        let two = server.get("/products?name=Two").await["results"][0].clone();
        assert_eq!((&two["mime_type"], &two["latest_build"]["version"]), (&json!("application/fhir+xml"), &json!("1")));

        // A meta-product that is there already is found by its name, and stays as it is.
        server.create("/products", json!({ "name": "Present" })).await;
        let whole = [&arguments[..5], &["Present", "--ignore", "*.json", "--ignore", "*.xml", "--ignore", "deep"]].concat();
        let linked = server.mkt(&whole).await.json();
        assert_eq!(counts(&linked)[..3], [0, 2, 0], "{linked}");
        assert_eq!(counts(&server.mkt(&whole).await.json())[..3], [0, 0, 2]);
        assert_eq!(count(&server, "/products").await, 4);

        // A name that is somebody else's is told, with what can be done.
        write("three.xml", xml("Present", ""));
        let taken = server.mkt(&["import", "fhir", folder.to_str().unwrap(), "--ignore", "*.json", "--ignore", "deep"]).await;
        assert_eq!(taken.code, 1, "{}", taken.stderr);
        assert!(taken.stderr.contains("three.xml: ") && taken.stderr.contains("has been taken"), "{}", taken.stderr);
        assert_eq!(count(&server, "/products").await, 4);
    }
}

/// The real artifacts, where they are at hand.
#[tokio::test]
async fn the_real_artifacts_are_imported() {
    let folder = Path::new("../shared/reference");
    if !folder.is_dir() {
        return;
    }
    let server = Server::start(&Database::sqlite()).await;
    for (kind, more, number, skipped) in [("knart", &[][..], 24, 10), ("fhir", &["--meta", "US Core"], 30, 1)] {
        let folder = folder.join(kind);
        let arguments = [&["import", kind, "--json", folder.to_str().unwrap()], more].concat();
        let made = server.mkt(&arguments).await.json();
        assert_eq!(counts(&made), [number + 1, 0, 0, skipped, 0], "{made}");
        let again = server.mkt(&arguments).await.json();
        assert_eq!(counts(&again), [0, 0, number + 1, skipped, 0], "{again}");
    }
    assert_eq!(count(&server, "/products?published=true").await, 56);
    assert_eq!(count(&server, "/sub_products").await, 54);
}
