//! `mkt validate`

use std::io::Cursor;
use std::path::Path;

use image::{ImageFormat, RgbImage};
use serde_json::{Value, json};

use crate::support::{Home, Manifest, mkt};

/// A manifest written by hand: two problems in a line, a tab, wide characters, a key that is missing.
const BROKEN: &str = include_str!("validate/broken.json");

/// What is told of it. `MKT_TEST_UPDATE=1` rewrites it.
const TOLD: &str = "tests/cli/validate/broken.txt";

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn every_problem_is_shown_in_its_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("marketplace.json"), BROKEN).unwrap();
    let ran = mkt(&["validate", text(folder.path())], &[]).await;
    let told = ran.stderr.replace(text(folder.path()), "folder");
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    if std::env::var_os("MKT_TEST_UPDATE").is_some() {
        std::fs::write(TOLD, &told).unwrap();
    }
    assert_eq!(told, std::fs::read_to_string(TOLD).unwrap());

    let colored = mkt(&["validate", "--color", "always", text(folder.path())], &[("NO_COLOR", "1")]).await;
    assert!(colored.stderr.contains("\x1b[1;31merror:\x1b[0m product.uuid"), "{}", colored.stderr);
    let quiet = mkt(&["validate", "-q", text(folder.path())], &[("CLICOLOR_FORCE", "0")]).await;
    assert!(quiet.stderr.contains("error: product.uuid") && !quiet.stderr.contains("warning:"), "{}", quiet.stderr);

    let reports = mkt(&["validate", "--json", text(folder.path())], &[]).await;
    let reports: Value = serde_json::from_str(&reports.stdout).unwrap();
    let diagnostics = reports[0]["diagnostics"].as_array().unwrap();
    assert_eq!(reports[0]["valid"], false);
    assert_eq!(
        reports[0]["errors"].as_u64().unwrap() + reports[0]["warnings"].as_u64().unwrap(),
        diagnostics.len() as u64
    );
    let first = json!({
        "severity": "error", "path": "product.uuid", "line": 4, "column": 13, "length": 10,
        "message": "must be a UUID, but is \"患者-board\"", "help": diagnostics[0]["help"],
    });
    assert_eq!(diagnostics[0], first);
}

#[tokio::test]
async fn warnings_are_errors_when_strict() {
    let folder = tempfile::tempdir().unwrap();
    let mut manifest = Manifest::new("Finch", "1.0.0");
    let file = manifest.write(folder.path());
    let id = mkt(&["validate", "--strict", "--output", "id", text(&file)], &[]).await.ok();
    assert_eq!(id.trim(), manifest.build().to_string());
    manifest.0["product"]["facts"]["technology_mime_type"] = json!("smart");
    manifest.write(folder.path());
    let ran = mkt(&["validate", text(&file)], &[]).await;
    assert_eq!((ran.code, ran.stderr.contains("is valid: 1 warning.")), (0, true), "{}", ran.stderr);
    let strict = mkt(&["validate", "--strict", "--json", text(&file)], &[]).await;
    let reports: Value = serde_json::from_str(&strict.stdout).unwrap();
    assert_eq!((strict.code, &reports[0]["errors"], &reports[0]["valid"]), (1, &json!(1), &json!(false)));
}

#[tokio::test]
async fn files_beside_the_manifest_are_looked_at() {
    let outside = tempfile::tempdir().unwrap();
    let folder = outside.path().join("package");
    std::fs::create_dir_all(folder.join("pictures")).unwrap();
    let mut png = Cursor::new(Vec::new());
    RgbImage::new(2, 2).write_to(&mut png, ImageFormat::Png).unwrap();
    std::fs::write(folder.join("pictures/good.png"), png.get_ref()).unwrap();
    std::fs::write(folder.join("pictures/cut.png"), &png.get_ref()[..40]).unwrap();
    std::fs::write(folder.join("pictures/text.png"), "no picture").unwrap();
    std::fs::write(outside.path().join("secret"), "secret").unwrap();
    std::os::unix::fs::symlink("../../secret", folder.join("pictures/out.png")).unwrap();
    std::os::unix::fs::symlink("good.png", folder.join("pictures/in.png")).unwrap();
    std::fs::File::create(folder.join("pictures/large.png")).unwrap().set_len(11 * 1024 * 1024).unwrap();
    let mut manifest = Manifest::new("Wren", "1.0.0");
    manifest.0["product"]["build"]["asset"] = json!("pictures");
    manifest.0["product"]["build"]["logo"] = json!("pictures/in.png");
    let names = ["good", "missing", "cut", "text", "out", "large"];
    let screenshots = names.map(|name| json!({ "path": format!("pictures/{name}.png"), "caption": name }));
    manifest.0["product"]["build"]["screenshots"] = json!(screenshots);
    let file = manifest.write(&folder);
    let ran = mkt(&["validate", "--json", text(&file)], &[]).await;
    let reports: Value = serde_json::from_str(&ran.stdout).unwrap();
    let told: Vec<_> = reports[0]["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| {
            let field = |field: &str| found[field].as_str().unwrap().trim_start_matches("product.build.").to_owned();
            format!("{} {}: {}", field("severity"), field("path"), field("message"))
        })
        .collect();
    let expected = [
        "error asset: names what is no regular file",
        "error screenshots[1].path: names a file that is not there",
        "error screenshots[2].path: must be a PNG, JPEG, GIF or WebP that can be shown: this does not decode",
        "error screenshots[3].path: must be a PNG, JPEG, GIF or WebP that can be shown: this is none of them",
        "error screenshots[4].path: names a link that leads out of the manifest's folder",
        "warning screenshots[5].path: names a file of 11.0 MiB, and marketplaces take 10.0 MiB unless set otherwise",
    ];
    assert_eq!(told, expected);

    // On stdin nobody knows what is beside it.
    let home = Home::new();
    let piped = home.piped(&["validate", "--strict", "-"], &[], &manifest.0.to_string()).await;
    assert_eq!((piped.code, piped.stderr.as_str()), (0, "<stdin> is valid.\n"));
}

#[tokio::test]
async fn of_a_tree_each_manifest_is_checked() {
    let tree = tempfile::tempdir().unwrap();
    Manifest::new("Ant", "1.0.0").write(&tree.path().join("a"));
    Manifest::new("Bee", "1.0.0").write(&tree.path().join("b/c"));
    for (name, bytes) in
        [("empty", b"".as_slice()), ("latin", b"{\"name\": \"\xe4\x1b[31m\x9b\"}"), ("large", &[b' '; 1 << 21])]
    {
        std::fs::create_dir(tree.path().join(name)).unwrap();
        std::fs::write(tree.path().join(name).join("marketplace.json"), bytes).unwrap();
    }
    std::fs::create_dir_all(tree.path().join("folder/marketplace.json")).unwrap();
    let none = tree.path().join("none");
    let ran = mkt(&["validate", text(tree.path()), text(&none)], &[]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (5, ""));
    for part in [
        "empty/marketplace.json:1:1: error: is empty",
        "latin/marketplace.json:1:11: error: is not UTF-8 text here",
        "large/marketplace.json:1:1: error: has more than 1048576 bytes",
        &format!("Can't read {}", none.display()),
        "error: 3 of 5 manifests are not valid: 3 errors.",
    ] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    assert!(!ran.stderr.contains(['\x1b', '\u{9b}']), "{:?}", ran.stderr);
    let none = mkt(&["validate", text(&tree.path().join("folder"))], &[]).await;
    assert_eq!((none.code, none.stderr.contains("There is no marketplace.json in ")), (5, true), "{}", none.stderr);
}

#[tokio::test]
async fn of_a_long_line_only_a_part_is_shown() {
    let mut manifest = Manifest::new("Lark", "1.0.0");
    manifest.0["product"]["uuid"] = json!("none");
    manifest.0["remarks"] = json!("長い".repeat(150_000));
    manifest.0["product"]["facts"]["domain"] = json!(vec![0; 900]);
    let ran = Home::new().piped(&["validate", "-"], &[], &manifest.0.to_string()).await;
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("901 errors"), "{}", ran.stderr.lines().last().unwrap());
    assert!(ran.stderr.lines().all(|line| line.chars().count() < 200), "{}", ran.stderr);
}

/// The official examples, where they are at hand: they are valid, and each has something to warn of.
#[tokio::test]
async fn the_official_examples_are_valid() {
    let folder = Path::new("../shared/reference/packaging");
    if !folder.is_dir() {
        return;
    }
    for (name, warnings) in [("cds-hooks", 13), ("content", 5), ("cql", 5), ("smart", 4)] {
        let file = folder.join(format!("{name}.product.build.json"));
        let report = mkt(&["validate", "--json", text(&file)], &[]).await.json();
        assert_eq!(report[0]["warnings"], warnings, "{name}");
        assert_eq!(mkt(&["validate", "--strict", text(&file)], &[]).await.code, 1, "{name}");
    }
}
