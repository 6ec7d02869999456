//! `mkt NOUN list|show|create|update|delete` of every resource: by names, from files and pipes, and refused.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Database, Ran, Server, on_both};

/// A resource made and changed with `mkt`. `{noun}` stands for the id of what was made of that noun last.
struct Case {
    noun: &'static str,
    /// What it is in.
    within: &'static [&'static str],
    create: &'static [&'static str],
    /// How it is called; none means by id.
    name: Option<&'static str>,
    /// A change, and the field that tells it.
    update: Option<(&'static str, &'static str)>,
}

const fn case(
    noun: &'static str,
    within: &'static [&'static str],
    create: &'static [&'static str],
    name: Option<&'static str>,
    update: Option<(&'static str, &'static str)>,
) -> Case {
    Case { noun, within, create, name, update }
}

const BUILD: &[&str] = &["--product", "Sprout", "--build", "1.0.0"];
const CONFIGURATION: &[&str] = &["--product", "sprout", "--build", "1.0.0", "--configuration", "Default"];
const EXPOSURE: &[&str] = &["--product", "Sprout", "--build", "1.0.0", "--exposure", "{exposure}"];

/// In a file, as it has a secret.
const IDP: &str =
    r#"{ "name": "Hospital", "issuer": "https://id.example.org", "client_id": "mkt", "client_secret": "hush" }"#;

/// Each after what it needs.
const CASES: &[Case] = &[
    case("license", &[], &["name=MIT", "url=https://example.org/mit"], Some("mit"), Some(("uses=5", "uses"))),
    case("badge", &[], &["name=Safe", "description=Is safe"], Some("Safe"), Some(("description=So", "description"))),
    case("interface", &[], &["name=CDS", "uri=urn:cds", "version=2"], Some("CDS"), Some(("ordinal=2", "ordinal"))),
    case(
        "interface",
        &[],
        &["name=FHIR", "uri=urn:fhir", "version=4.0.1"],
        Some("FHIR"),
        Some(("ordinal=4", "ordinal")),
    ),
    case("surrogate", &["--interface", "FHIR"], &["substitute_id=CDS"], None, None),
    case("user", &[], &["name=Alice, RN"], Some("Alice, RN"), Some(("email=alice@example.org", "email"))),
    case("product", &[], &["name=Suite"], Some("Suite"), Some(("locale=de", "locale"))),
    case(
        "product",
        &[],
        &["name=Sprout", "user_id=alice, rn"],
        Some("sprout"),
        Some(("mime_type=text/cql", "mime_type")),
    ),
    case("sub-product", &[], &["parent_id=Suite", "child_id=Sprout"], None, None),
    case("offer", &["--product", "Sprout"], &["license_id=MIT"], None, Some(("external_id=7", "external_id"))),
    case("build", &["--product", "Sprout"], &["version=1.0.0"], Some("1.0.0"), Some(("ordinal=1", "ordinal"))),
    case("configuration", BUILD, &["name=Default"], Some("default"), Some(("default=true", "default"))),
    case("task", CONFIGURATION, &["name=web", "ports=[8080]"], Some("web"), Some(("memory=512", "memory"))),
    case("exposure", BUILD, &["interface_id=FHIR"], None, None),
    case("parameter", EXPOSURE, &["name=URL"], Some("URL"), Some(("required=true", "required"))),
    case("dependency", BUILD, &["interface_id=CDS"], None, Some(("mappings={\"URL\":\"FHIR_URL\"}", "mappings"))),
    case("group", &[], &["name=Nurses"], Some("nurses"), Some(("description=All of them", "description"))),
    case("member", &["--group", "Nurses"], &["user_id=Alice, RN"], None, None),
    case("role", &[], &["name=Reader", "permissions={}"], Some("Reader"), Some(("description=Reads", "description"))),
    case("appointment", &["--role", "Reader"], &["entity_type=Group", "entity_id=Nurses"], None, None),
    case("idp", &[], &[IDP], Some("Hospital"), None),
    case(
        "identity",
        &["--user", "Alice, RN"],
        &["identity_provider_id=Hospital", "sub=a1"],
        None,
        Some(("notify_via_sms=true", "notify_via_sms")),
    ),
    case("token", &[], &["name=Script", "expires_at=2999-01-01"], Some("script"), Some(("name=Robot", "name"))),
    case("publisher-key", &[], &["name=CI", KEY], Some("ci"), Some(("name=Robot", "name"))),
    case("platform", &[], &["name=Clinic"], Some("clinic"), None),
    case(
        "instance",
        &["--platform", "Clinic"],
        &["build_id={build}"],
        None,
        Some(("launch_bindings={\"A\":1}", "launch_bindings")),
    ),
    case("entitlement", &[], &["user_id=Alice, RN", "product_license_id={offer}", "valid_from=2026-01-01"], None, None),
    case("claim", &["--entitlement", "{entitlement}"], &["claimant_type=User", "claimant_id=Alice, RN"], None, None),
    case(
        "voucher",
        &[],
        &["product_license_id={offer}", "code=0000-1111-2222-3333"],
        Some("0000-1111-2222-3333"),
        None,
    ),
    case(
        "attempt",
        &[],
        &["product_id=Sprout", "claimant_type=User", "claimant_id=Alice, RN", "outcome=granted"],
        None,
        None,
    ),
];

/// The public key of RFC 8037.
const KEY: &str =
    "public_key={\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}";

/// The ids of what was made, newest last.
#[derive(Default)]
struct Made(Vec<(&'static str, String)>);

impl Made {
    fn fill(&self, text: &str) -> String {
        self.0.iter().rev().fold(text.to_owned(), |text, (noun, id)| text.replace(&format!("{{{noun}}}"), id))
    }

    /// Runs a verb of a case, with more arguments.
    async fn run(&self, server: &Server, case: &Case, verb: &str, more: &[&str]) -> Ran {
        let arguments = [&[case.noun, verb], case.within, more].concat();
        let arguments: Vec<String> = arguments.into_iter().map(|argument| self.fill(argument)).collect();
        server.mkt(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await
    }
}

on_both! {
    async fn every_resource_is_made_shown_changed_and_deleted_by_name(database: Database) {
        let server = Server::start(&database).await;
        let mut made = Made::default();
        for case in CASES {
            let file = database.folder().join("fields.json");
            std::fs::write(&file, IDP).unwrap();
            let field = |set: &&'static str| if *set == IDP { ["--file", file.to_str().unwrap()] } else { ["--set", *set] };
            let sets: Vec<&str> = case.create.iter().flat_map(field).collect();
            let created = made.run(&server, case, "create", &[&sets[..], &["--json"]].concat()).await.json();
            let id = created["id"].as_str().unwrap();
            let item = case.name.unwrap_or(id);
            let list = made.run(&server, case, "list", &["--all", "--output", "id"]).await.ok();
            assert!(list.lines().any(|line| line == id), "{}: {list}", case.noun);
            if let Some((set, field)) = case.update {
                let changed = made.run(&server, case, "update", &[item, "--set", set, "--json"]).await.json();
                assert_eq!(changed["id"], id, "{}", case.noun);
                assert_ne!(changed[field], created[field], "{}: {changed}", case.noun);
            } else {
                let shown = made.run(&server, case, "show", &[item]).await.ok();
                assert!(shown.contains(id), "{}: {shown}", case.noun);
            }
            made.0.push((case.noun, id.to_owned()));
        }
        for (case, (noun, id)) in CASES.iter().zip(made.0.clone()).rev() {
            let deleted = made.run(&server, case, "delete", &[&id, "--yes", "--force"]).await;
            assert!(deleted.stderr.contains("Deleted"), "{noun}: {}", deleted.stderr);
            assert_eq!(deleted.ok(), "", "{noun}");
        }
        assert_eq!(server.get("/products").await["total_entries"], 0);
    }
}

#[tokio::test]
async fn every_resource_has_a_noun() {
    let help = crate::support::mkt(&["--help"], &[]).await.ok();
    macro_rules! nouns {
        ($($resource:ident),+) => { [$(<mkt::core::model::$resource as mkt::core::resource::Resource>::TABLE.name),+] };
    }
    for resource in mkt::each_resource!(nouns) {
        let noun = match resource {
            "identity_provider" => "idp".to_owned(),
            "product_license" => "offer".to_owned(),
            name => name.replace('_', "-"),
        };
        assert!(help.lines().any(|line| line.split_whitespace().next() == Some(&noun)), "{noun}: {help}");
        let verbs = crate::support::mkt(&[&noun, "--help"], &[]).await.ok();
        assert!(verbs.contains("list") && verbs.contains("delete"), "{verbs}");
    }
}

#[tokio::test]
async fn what_is_published_by_name_is_public() {
    let server = Server::start(&Database::sqlite()).await;
    for arguments in [
        &["product", "create", "--set", "name=Sprout"][..],
        &[
            "build",
            "create",
            "--product",
            "Sprout",
            "--set",
            "version=1.0.0",
            "--set",
            "container_repository=example.org/a",
        ],
        &["build", "publish", "--product", "Sprout", "1.0.0"],
        &["product", "publish", "sprout"],
    ] {
        server.mkt(arguments).await.ok();
    }
    let (_, page) = server.get_anonymously("/products").await;
    assert_eq!(page["results"][0]["latest_build"]["version"], "1.0.0");
    let shown = server.mkt(&["product", "show", "Sprout"]).await.ok();
    assert!(shown.contains("container_repository: example.org/a") && !shown.contains("null"), "{shown}");
    server.mkt(&["build", "yank", "--product", "Sprout", "1.0.0"]).await.ok();
    let hidden = server.mkt(&["product", "unpublish", "Sprout", "--json"]).await.json();
    assert_eq!((&hidden["published_at"], &hidden["latest_build"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn lists_are_filtered_sorted_searched_and_walked() {
    let server = Server::start(&Database::sqlite()).await;
    let license = server.create("/licenses", json!({ "name": "MIT", "url": "https://example.org" })).await;
    for index in 0..25 {
        let product = server.create("/products", json!({ "name": format!("Product {index:02}") })).await;
        if index % 10 == 0 {
            let path = format!("/products/{}/licenses", product["id"].as_str().unwrap());
            server.create(&path, json!({ "license_id": license["id"] })).await;
        }
    }
    let lines = async |arguments: &[&str]| {
        let ran = server.mkt(&[&["product", "list"], arguments].concat()).await;
        (ran.stdout.lines().count(), ran)
    };
    let (count, first) = lines(&[]).await;
    assert_eq!(count, 21);
    assert!(first.stderr.contains("Page 1 of 2, 25 products"), "{}", first.stderr);
    assert_eq!(lines(&["--all", "--output", "id"]).await.0, 25);
    assert_eq!(lines(&["--page", "2", "--output", "id"]).await.0, 5);
    assert_eq!(lines(&["--where", "license_id=mit", "--output", "id"]).await.0, 3);
    assert_eq!(lines(&["--text", "product 07", "--output", "id"]).await.0, 1);
    let (_, last) = lines(&["--sort", "name", "--descending", "--per-page", "1", "--json"]).await;
    assert_eq!(last.json()["results"][0]["name"], "Product 24");
    assert_eq!(server.mkt(&["badge", "list"]).await.ok().trim(), "No badges.");
}

#[tokio::test]
async fn fields_come_from_files_and_pipes() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let piped = async |arguments: &[&str], text: &str| {
        let mut child = server.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        Ran::from(tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap())
    };
    let wrapped = r#"{"badge":{"name":"Safe","description":"Is safe","colour":"green"}}"#;
    let badge = piped(&["badge", "create", "--file", "-", "--set", "name=Sound", "--json"], wrapped).await.json();
    assert_eq!((&badge["name"], &badge["description"]), (&json!("Sound"), &json!("Is safe")));
    // What one command prints, another takes.
    let again = piped(&["badge", "update", "Sound", "--file", "-", "--json"], &badge.to_string()).await.json();
    assert_eq!(again, badge);
    let file = database.folder().join("idp.json");
    let fields = json!({ "name": "H", "issuer": "https://id.example.org", "client_id": "c", "client_secret": "hush" });
    std::fs::write(&file, fields.to_string()).unwrap();
    let idp = server.mkt(&["idp", "create", "--file", file.to_str().unwrap()]).await.ok();
    assert!(idp.contains("https://id.example.org") && !idp.contains("hush"), "{idp}");
    let broken = piped(&["badge", "create", "--file", "-"], "name: x").await;
    assert_eq!(broken.code, 2, "{}", broken.stderr);
    // Nothing empties a field.
    server.mkt(&["group", "create", "--set", "name=G", "--set", "description=Some"]).await.ok();
    let emptied = server.mkt(&["group", "update", "g", "--set", "description=", "--json"]).await.json();
    assert_eq!(emptied["description"], Value::Null);
}

#[tokio::test]
async fn mistakes_are_told_with_the_way_out() {
    let server = Server::start(&Database::sqlite()).await;
    for name in ["Alice", "Alice", "ALICE", "Bob"] {
        server.create("/users", json!({ "name": name })).await;
    }
    server.mkt(&["product", "create", "--set", "name=Growth Charts"]).await.ok();
    let cases: &[(&[&str], i32, &str)] = &[
        (&["user", "show", "Alice"], 2, "2 users have the name \"Alice\""),
        (&["user", "show", "alice"], 2, "3 users have the name \"alice\""),
        (&["user", "show", "Bo"], 5, "Did you mean: Bob?"),
        (&["user", "show", ",,"], 5, "no user with the name"),
        (&["product", "show", "Growht Charts"], 5, "Did you mean: Growth Charts?"),
        (&["build", "show", "--product", "Growth Charts", "9"], 5, "mkt build list --product PRODUCT"),
        (&["build", "list"], 2, "--product"),
        (&["task", "list", "--product", "Growth Charts"], 2, "--build"),
        (&["member", "show", "--group", "None", "x"], 5, "no group with the name"),
        (&["sub-product", "show", "x"], 2, "is not an id"),
        (&["product", "create"], 2, "--set"),
        (&["product", "create", "--set", "name"], 2, "FIELD=VALUE"),
        (&["product", "create", "--set", "descripton=x"], 2, "Did you mean description?"),
        (&["product", "create", "--set", "published_at=2026-01-01"], 2, "is set by the marketplace"),
        (&["product", "create", "--set", "description=x"], 1, "name is required"),
        (&["product", "create", "--set", "name=Growth Charts"], 1, "name"),
        (&["product", "create", "--set", "name=x", "--set", "user_id=Nobody"], 5, "no user with the name"),
        (&["product", "list", "--where", "colour=red"], 2, "There are: name"),
        (&["badge", "list", "--text", "x"], 2, "--where"),
        (&["product", "list", "--where", "name="], 2, "write a value"),
        (&["idp", "create", "--set", "client_secret=hush"], 2, "--file -"),
        (&["role", "create", "--set", "name=x", "--set", "permissions=all"], 2, "takes JSON"),
        (&["instance", "create", "--platform", "P", "--set", "build_id=1.0.0"], 5, "no platform"),
        (&["entitlement", "create", "--set", "product_license_id=MIT"], 2, "mkt offer list --product PRODUCT"),
        (&["product", "delete", "Growth Charts"], 2, "--yes"),
        (&["product", "delete", "Growth Charts", "--no-input"], 2, "--yes"),
        (&["product", "publish", "Nothing"], 5, "no product with the name"),
    ];
    for (arguments, code, message) in cases {
        let ran = server.mkt(arguments).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (*code, ""), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(message), "{arguments:?}: {}", ran.stderr);
    }
    let anonymous = crate::support::mkt(&["token", "list"], &[("MKT_SERVER", &server.url(""))]).await;
    assert_eq!(anonymous.code, 4, "{}", anonymous.stderr);
}

#[tokio::test]
async fn rights_are_lost_only_by_force() {
    let server = Server::start(&Database::sqlite()).await;
    server.mkt(&["product", "create", "--set", "name=Sprout"]).await.ok();
    server.mkt(&["license", "create", "--set", "name=MIT", "--set", "url=https://example.org"]).await.ok();
    let offer = ["offer", "create", "--product", "Sprout", "--set", "license_id=MIT", "--output", "id"];
    let offer = format!("product_license_id={}", server.mkt(&offer).await.ok().trim());
    let offers = server.mkt(&["offer", "list", "--product", "Sprout"]).await.ok();
    assert!(offers.contains("MIT"), "names stand for the ids of others: {offers}");
    let right =
        ["entitlement", "create", "--set", &offer, "--set", "user_id=administrator", "--set", "valid_from=2026-01-01"];
    server.mkt(&right).await.ok();
    let refused = server.mkt(&["product", "delete", "Sprout", "--yes"]).await;
    assert_eq!(refused.code, 6, "{}", refused.stderr);
    assert!(refused.stderr.contains("1 entitlements") && refused.stderr.contains("--force"), "{}", refused.stderr);
    server.mkt(&["product", "delete", "Sprout", "--yes", "--force"]).await.ok();
}

#[tokio::test]
async fn files_are_sent_from_the_shell() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let picture = database.folder().join("front.png");
    std::fs::write(&picture, crate::http::forms::picture(300, 150, [1, 2, 3])).unwrap();
    let [image, asset, none] = ["image", "asset", "asset"].map(|field| format!("{field}={}", picture.display()));
    let none = none.replace("front", "absent");
    let product = ["--product", "Shown"];
    server.mkt(&["product", "create", "--set", "name=Shown"]).await.ok();
    let shot = [&["screenshot", "create", "--set", "caption=Front, open", "--upload", &image, "--json"], &product[..]]
        .concat();
    assert_eq!(server.mkt(&shot).await.json()["caption"], "Front, open");
    let logo = [&["logo", "create", "--upload", &image, "--json"], &product[..]].concat();
    assert_eq!(server.mkt(&logo).await.json()["image_media_type"], "image/png");
    let build = [&["build", "create", "--set", "version=1", "--upload", &asset, "--json"], &product[..]].concat();
    let size = std::fs::metadata(&picture).unwrap().len();
    assert_eq!(server.mkt(&build).await.json()["asset_size"], size);
    let vouched = [&["build", "validate", "1", "--json"], &product[..]].concat();
    assert!(server.mkt(&vouched).await.json()["validated_at"].is_string());
    for (upload, code, message) in
        [(none, 1, "can't be read"), (image.replace("image", "asset"), 2, "There is no file")]
    {
        let wrong = match code {
            1 => [&["build", "update", "1", "--upload", &upload], &product[..]].concat(),
            _ => [&["logo", "create", "--upload", &upload], &product[..]].concat(),
        };
        let ran = server.mkt(&wrong).await;
        assert!(ran.code == code && ran.stderr.contains(message), "{ran:?}");
    }
}
