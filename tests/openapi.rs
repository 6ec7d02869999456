//! The API's description, held against the standard, and the server against the description: what schemathesis makes
//! up from it must never be answered with a 5xx or in a way that it does not describe.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{ADMIN_TOKEN, Database, Server, mkt, on_both};

/// Where `tests/run` installs the tools.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemathesis")
}

/// Runs one of the tools, which must be content.
async fn holds(tool: &str, arguments: &[&str]) {
    // What the tools keep for themselves goes with this.
    let scratch = tempfile::tempdir().unwrap();
    let path = folder().join("venv/bin").join(tool);
    assert!(path.exists(), "{} is missing: run tests/run, or tests/schemathesis/install", path.display());
    let mut command = Command::new(path);
    command.args(arguments).current_dir(&scratch);
    let ran = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{tool}:\n{text}\n{}", String::from_utf8_lossy(&ran.stderr));
}

#[tokio::test]
async fn the_description_is_openapi() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("openapi.json");
    std::fs::write(&file, mkt(&["openapi"], &[]).await.ok()).unwrap();
    holds("openapi-spec-validator", &[file.to_str().unwrap()]).await;
}

/// What is asked in depth on PostgreSQL; the rest is on SQLite. All on both would take minutes.
const PRODUCTS: &str = "^/(products|users|vouchers|tasks|packages|events)";

on_both! {
    async fn the_server_answers_as_described(database: Database) {
        let server = Server::start_with(&database, &["--rate-limit", "0"], &[]).await;
        let (address, token) = (server.url("/openapi.json"), format!("Authorization: Bearer {ADMIN_TOKEN}"));
        let half = if database.url.starts_with("postgres") { "--include-path-regex" } else { "--exclude-path-regex" };
        let config = folder().join("schemathesis.toml").display().to_string();
        let run = ["--config-file", &config, "run", &address, "--no-color", "--generation-deterministic"];
        // Health checks of its generators measure time, and fail on a busy machine.
        let run = [&run[..], &["--suppress-health-check", "all"]].concat();
        holds("schemathesis", &[&run[..], &["--phases", "examples"]].concat()).await;
        let signed_in = ["--phases", "examples,coverage", "--max-time", "60", half, PRODUCTS, "--header", &token];
        holds("schemathesis", &[&run[..], &signed_in].concat()).await;
        let signed_in = ["--phases", "fuzzing", "--max-time", "15", "--header", &token];
        let some = "^/(products|badges|licenses|roles|packages|events)(/\\{[a-z_]+\\}|/search)?$";
        let some = ["--include-path-regex", some];
        holds("schemathesis", &[&run[..], &signed_in, &some].concat()).await;
        assert!(!server.log().contains("ERROR"), "{}", server.log());
    }
}
