//! Completions, manual pages and the variables of mkt's own package are committed, and as the binary makes them. `MKT_TEST_UPDATE=1` rewrites them.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::mkt;

const COMPLETIONS: [(&str, &str); 5] =
    [("bash", "mkt.bash"), ("zsh", "_mkt"), ("fish", "mkt.fish"), ("powershell", "_mkt.ps1"), ("elvish", "mkt.elv")];

#[tokio::test]
async fn completions_are_fresh() {
    for (shell, file) in COMPLETIONS {
        let script = mkt(&["completions", shell], &[]).await.ok();
        compare(&Path::new("completions").join(file), &script);
    }
}

#[tokio::test]
async fn manual_pages_are_fresh() {
    let folder = tempfile::tempdir().unwrap();
    mkt(&["man", folder.path().to_str().unwrap()], &[]).await.ok();
    let made = pages(folder.path());
    for page in &made {
        compare(&Path::new("man").join(page), &std::fs::read_to_string(folder.path().join(page)).unwrap());
    }
    assert_eq!(made, pages(Path::new("man")), "man/ has pages that nothing makes any more");
}

/// Variables that have no flag, or that belong to all commands.
const OTHERS: [(&str, &[(&str, &str)]); 3] = [
    (
        "serve",
        &[
            ("MKT_SECRET_KEY", "The key that secrets are derived from: at least 32 random characters."),
            ("MKT_ADMIN_TOKEN", "The token of the first administrator."),
            ("MKT_CHECK_SECRET", "The secret that what is sent to the webhook is signed with."),
            ("AWS_ACCESS_KEY_ID", "The key of an S3 bucket."),
            ("AWS_SECRET_ACCESS_KEY", "Its secret."),
            ("AWS_REGION", "Its region."),
            ("AWS_ENDPOINT_URL", "Where the bucket is, if not with Amazon."),
        ],
    ),
    (
        "agent",
        &[
            ("MKT_SERVER", "The marketplace's address."),
            ("MKT_PLATFORM_KEY", "The platform's private key, in PEM."),
            ("DOCKER_CONFIG", "The folder with config.json, which has the credentials of registries."),
        ],
    ),
    ("ui", &[]),
];

/// mkt is a product of its own: its package declares every variable that its tasks know.
#[tokio::test]
async fn the_own_package_declares_all_variables() {
    let path = Path::new("marketplace.json");
    let text = std::fs::read_to_string(path).unwrap();
    let mut manifest: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(manifest["product"]["build"]["version"], env!("CARGO_PKG_VERSION"));
    for (place, (command, others)) in OTHERS.into_iter().enumerate() {
        let help = mkt(&[command, "--help"], &[]).await.ok();
        let options = help.split_once("\nOptions:\n").unwrap().1.split("\nGlobal options:\n").next().unwrap();
        let declared = options.split("\n      --").filter_map(variable);
        let others = others.iter().map(|(key, description)| json!({ "key": key, "description": description }));
        let mut all: Vec<Value> = declared.chain(others).collect();
        all.iter_mut().for_each(complete);
        manifest["configuration"][place]["task"][0]["environment"] = json!(all);
    }
    compare(path, &format!("{}\n", serde_json::to_string_pretty(&manifest).unwrap()));
    mkt(&["validate", "--strict", "marketplace.json"], &[]).await.ok();
}

/// The variable of an option, as its help tells of it.
fn variable(option: &str) -> Option<Value> {
    let between = |start: &str| Some(option.split_once(start)?.1.split_once(']')?.0);
    let key = between("[env: ")?.split('=').next()?;
    let (_, told) = option.split_once('\n')?;
    let description: Vec<&str> = told.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let mut variable =
        json!({ "key": key, "description": format!("{}.", description.join(" ").trim_end_matches('.')) });
    // One in the description is for people; one behind the variable is the program's.
    let (_, behind) = option.split_once("[env: ")?;
    if let Some(default) = behind.lines().find_map(|line| line.trim().strip_prefix("[default: ")?.strip_suffix(']')) {
        variable["default"] = json!(default.trim_matches('"'));
    }
    if option.starts_with(|c: char| c.is_ascii_lowercase()) && option.lines().next()?.contains("<BOOL>") {
        variable["pattern"] = json!("true|false");
    }
    Some(variable)
}

/// What is particular to a container: its state is elsewhere.
fn complete(variable: &mut Value) {
    let more = match variable["key"].as_str().unwrap() {
        "MKT_LISTEN" => json!({ "default": "0.0.0.0:3000" }),
        "MKT_DATABASE_URL" => json!({ "required": true, "pattern": "(postgres|postgresql|sqlite):.+" }),
        "MKT_SECRET_KEY" => json!({ "required": true, "pattern": ".{32,}" }),
        "MKT_SERVER" | "MKT_SERVER_URL" => json!({ "required": true, "pattern": "https?://.+" }),
        "MKT_PLATFORM_ID" => json!({ "required": true, "pattern": "[0-9a-fA-F-]{36}" }),
        _ => return,
    };
    variable.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
}

fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into()).collect();
    names.sort();
    names
}

fn compare(path: &Path, made: &str) {
    if std::env::var_os("MKT_TEST_UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, made).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == made, "{} is stale: run MKT_TEST_UPDATE=1 cargo test generated", path.display());
}
