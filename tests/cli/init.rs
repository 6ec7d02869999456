//! `mkt init`

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Home, bare, converse, mkt};

fn manifest(folder: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder.join("marketplace.json")).unwrap()).unwrap()
}

/// What it wrote has nothing wrong with it.
async fn assert_clean(folder: &Path) {
    let ran = mkt(&["validate", "--strict", folder.to_str().unwrap()], &[]).await;
    assert_eq!((ran.code, ran.stderr.lines().count()), (0, 1), "{}", ran.stderr);
}

#[tokio::test]
async fn flags_and_surroundings_make_a_valid_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("growth_charts");
    std::fs::create_dir(&folder).unwrap();
    let recipe = "FROM scratch\nEXPOSE 8080/tcp\nENV TITLE=\"Growth Charts\" API_TOKEN=hunter2\nCMD [\"app\"]\n";
    std::fs::write(folder.join("Dockerfile"), recipe).unwrap();
    let path = folder.to_str().unwrap();
    let written = mkt(&["init", path, "--json"], &[("USER", "robin")]).await.json();
    assert_clean(&folder).await;
    let made = manifest(&folder);
    assert_eq!(written["product_id"], made["product"]["uuid"]);
    assert_eq!(made["product"]["facts"]["name"], "Growth Charts");
    let image = json!({ "registry": "https://docker.io", "image": "growth-charts:0.1.0" });
    assert_eq!(made["product"]["build"]["binary"], image);
    let task = &made["configuration"][0]["task"][0];
    assert_eq!((&task["label"], &task["ports"]), (&json!("web"), &json!([8080])));
    assert_eq!(task["environment"][0]["default"], "Growth Charts");
    assert_eq!(
        (&task["environment"][1]["key"], &task["environment"][1]["default"]),
        (&json!("API_TOKEN"), &Value::Null)
    );

    // What is there stays, and nothing else is left behind.
    let again = mkt(&["init", path], &[]).await;
    assert!(again.code == 6 && again.stderr.contains("--force"), "{again:?}");
    assert_eq!(manifest(&folder), made);
    let flags = [
        "--force",
        "--name",
        "Grünes \"Blatt\"",
        "--description",
        "Shows it.",
        "--image",
        "ghcr.io/leaf/app:2.1",
        "--organization",
        "Leaf",
        "--contact",
        "leaf@example.org",
        "--license",
        "mit",
        "--license",
        "Own=https://example.org/terms",
        "--mime-type",
        "application/smart.v1",
        "--domain",
        "Nursing",
        "--domain",
        "Growth",
        "--task",
        "app",
        "--port",
        "80",
        "--marketplace-url",
        "https://me:secret@marketplace.example.org/",
    ];
    mkt(&[&["init", path], flags.as_slice()].concat(), &[]).await.ok();
    assert_clean(&folder).await;
    let made = manifest(&folder);
    assert_eq!(made["marketplace_url"], "https://marketplace.example.org");
    assert_eq!(made["product"]["facts"]["name"], "Grünes \"Blatt\"");
    let licenses = json!([
        { "name": "MIT License", "url": "https://opensource.org/license/mit" },
        { "name": "Own", "url": "https://example.org/terms" },
    ]);
    assert_eq!(made["product"]["facts"]["licensing"], licenses);
    assert_eq!(made["product"]["build"]["version"], "2.1");
    let image = json!({ "registry": "https://ghcr.io", "image": "leaf/app:2.1" });
    assert_eq!(made["product"]["build"]["binary"], image);
    assert_eq!(made["product"]["facts"]["domain"], json!(["Nursing", "Growth"]));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
}

#[tokio::test]
async fn what_would_not_be_valid_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/er");
    let path = path.to_str().unwrap();
    for (flag, value, must) in [
        ("--name", " ", "--name must not be blank"),
        ("--name", "a\nb", "--name must be one line"),
        ("--image", "Not An Image", "--image must be a repository"),
        ("--image", "app:latest", "--image has the tag \"latest\""),
        ("--asset", "guide.pdf", "--asset names a file that is not there"),
        ("--asset", "../guide.pdf", "--asset must be a path inside"),
        ("--version", "1 beta", "--version must be a version"),
        ("--license", "Beer", "--license must be NAME=URL or one of Apache-2.0"),
        ("--license", "Own=here", "--license must be an http or https URL"),
        ("--mime-type", "smart", "--mime-type must be a MIME type"),
        ("--port", "http", "--port must be a port from 1 to 65535"),
        ("--port", "0", "--port must be a whole number from 1 to 65535"),
        ("--marketplace-url", "ftp://example.org", "--marketplace-url must be an http or https URL"),
    ] {
        let ran = mkt(&["init", path, flag, value], &[]).await;
        assert_eq!((ran.code, ran.stderr.contains(must)), (2, true), "{flag} {value}: {}", ran.stderr);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    mkt(&["init", path], &[]).await.ok();
    assert_clean(Path::new(path)).await;
}

#[tokio::test]
async fn questions_are_asked_on_a_terminal() {
    let (home, folder) = (Home::new(), tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("guide.pdf"), "a guide").unwrap();
    let mut command = home.command(&["init", "--license", "MIT"], &[("TERM", "xterm"), ("USER", "robin")]);
    command.current_dir(&folder);
    let answers = [
        ("consist of", "\x1b[B\r"),
        ("Name of the product", "Guide\r"),
        ("in a sentence", "\r"),
        ("File", "gide.pdf\r"),
        ("not there", "\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7fguide.pdf\r"),
        ("Version", "2.0\r"),
        ("Organization", "\r"),
        ("reach", "\r"),
        ("MIME type", "application/pdf\r"),
        ("health care", "Nursing, Growth\r"),
        ("process", "\r"),
        ("ports", "\r"),
    ];
    let (code, shown) = converse(command, &answers).await;
    assert_eq!((code, shown.contains("Wrote")), (0, true), "{shown}");
    assert_clean(folder.path()).await;
    let made = manifest(folder.path());
    assert_eq!(
        (&made["product"]["build"]["asset"], &made["product"]["build"]["binary"]),
        (&json!("guide.pdf"), &Value::Null)
    );
    assert_eq!(made["product"]["facts"]["domain"], json!(["Nursing", "Growth"]));
    assert_eq!(made["product"]["facts"]["licensing"][0]["name"], "MIT License");

    // Ctrl-C writes nothing.
    let other = tempfile::tempdir().unwrap();
    let mut command = bare();
    command.args(["init", "--image", "app:1"]).env("TERM", "xterm").current_dir(&other);
    let (code, shown) = converse(command, &[("Name of the product", "\x03")]).await;
    assert_eq!((code, std::fs::read_dir(&other).unwrap().count()), (130, 0), "{shown}");
}
