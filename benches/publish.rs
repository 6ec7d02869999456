//! A tree of packages published by `mkt publish`: how many a second, and what the server spends on each. Run with
//! `cargo bench --bench publish`; `MKT_BENCH_POSTGRES` names a PostgreSQL to measure besides.

#![allow(clippy::unwrap_used, clippy::print_stdout, dead_code, missing_docs)]

#[path = "support/process.rs"]
mod process;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use process::{Process, TOKEN};
use serde_json::{Value, json};
use uuid::Uuid;

/// How many packages the tree has.
const PACKAGES: usize = 1000;

fn main() {
    println!("{PACKAGES} packages\n{:<22}{:>8}{:>12}{:>14}", "", "seconds", "a second", "server ms each");
    let folder = tempfile::tempdir().unwrap();
    measure("SQLite", &format!("sqlite:{}", folder.path().join("bench.db").display()), folder.path());
    if let Ok(server) = std::env::var("MKT_BENCH_POSTGRES") {
        let base = server.rsplit_once('/').unwrap().0.to_owned();
        let folder = tempfile::tempdir().unwrap();
        measure("PostgreSQL", &format!("{base}/bench_{}", Uuid::new_v4().simple()), folder.path());
    }
}

fn measure(label: &str, url: &str, folder: &Path) {
    let tree = folder.join("tree");
    let example: Value = serde_json::from_str(include_str!("../docs/example/marketplace.json")).unwrap();
    for number in 0..PACKAGES {
        let mut manifest = example.clone();
        manifest["product"]["uuid"] = json!(Uuid::new_v4());
        manifest["product"]["build"]["uuid"] = json!(Uuid::new_v4());
        manifest["product"]["facts"]["name"] = json!(format!("Package {number}"));
        let package = tree.join(format!("{number:04}"));
        std::fs::create_dir_all(&package).unwrap();
        std::fs::write(package.join("marketplace.json"), manifest.to_string()).unwrap();
    }
    let server = Process::server(url, folder);
    for round in ["published", "unchanged"] {
        let (spent, begun) = (server.cpu(), Instant::now());
        let mut command = Command::new(env!("CARGO_BIN_EXE_mkt"));
        command.args(["publish", "--yes", "--quiet", "--no-resolve"]).arg(&tree);
        command.env("MKT_SERVER", &server.address).env("MKT_TOKEN", TOKEN).stdout(Stdio::null());
        let mut client = command.spawn().unwrap();
        let status = client.wait().unwrap();
        assert!(status.success());
        let took = begun.elapsed();
        let each = |time: Duration| time.as_secs_f64() * 1e3 / PACKAGES as f64;
        println!(
            "{:<22}{:>8.1}{:>12.0}{:>14.2}",
            format!("{label} {round}"),
            took.as_secs_f64(),
            PACKAGES as f64 / took.as_secs_f64(),
            each(server.cpu() - spent)
        );
    }
}
