//! People at a real browser: each journey is a script in `tests/node/ui`, and finds its view fit for all on its way (axe).

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{ADMIN_TOKEN, Database, Provider, Server, on_both};

/// Runs a journey, and shows what it said if it went wrong. On SQLite each view that it comes to is looked at in all widths and
/// themes, and a picture of each is kept beside what is built; a view does not know the database.
async fn walk(journey: &str, server: &Server, database: &Database) {
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ui").join(journey);
    let mut node = Command::new("node");
    node.arg(format!("tests/node/ui/{journey}.mjs")).env("MKT_SERVER", server.url("")).env("MKT_TOKEN", ADMIN_TOKEN);
    node.env("MKT", env!("CARGO_BIN_EXE_mkt")).env("MKT_FOLDER", database.folder()).stdin(Stdio::null());
    if database.url.starts_with("sqlite:") {
        node.env("MKT_PICTURES", &pictures);
    }
    let output = tokio::task::spawn_blocking(move || node.output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{journey}: {said}\nPictures are in {}", pictures.display());
}

#[tokio::test]
async fn the_types_of_its_scripts_hold() {
    let mut compiler = Command::new("node");
    compiler.args(["tests/node/node_modules/typescript/bin/tsc", "-p", "tests/node/tsconfig.json"]);
    let output = tokio::task::spawn_blocking(move || compiler.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[tokio::test]
async fn its_base_makes_what_is_described() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    walk("base", &server, &database).await;
}

on_both! {
    async fn a_visitor_looks_around(database: Database) {
        let server = Server::start_with(&database, &["--demo", "--rate-limit", "0"], &[]).await;
        walk("visitor", &server, &database).await;
    }

    async fn people_sign_in_and_are_signed_out(database: Database) {
        let server = Server::start_with(&database, &["--demo", "--rate-limit", "0"], &[]).await;
        let provider = Provider::start(&[&server]);
        provider.register(&server, "ES256").await;
        walk("signing", &server, &database).await;
    }

    async fn a_vendor_publishes_and_a_reviewer_decides(database: Database) {
        let rules = [("MKT_SELF_PUBLISHING", "true"), ("MKT_REQUIRE_REVIEW", "true")];
        let server = Server::start_with(&database, &["--demo", "--rate-limit", "0"], &rules).await;
        walk("publishing", &server, &database).await;
    }

    async fn an_owner_of_a_platform_deploys(database: Database) {
        let server = Server::start_with(&database, &["--demo", "--rate-limit", "0"], &[]).await;
        walk("owner", &server, &database).await;
    }

    async fn an_administrator_looks_after_everything(database: Database) {
        let variables = [("MKT_ADMIN_EMAILS", "boss@example.org")];
        let server = Server::start_with(&database, &["--demo", "--rate-limit", "0"], &variables).await;
        let provider = Provider::start(&[&server]);
        provider.register(&server, "ES256").await;
        walk("administration", &server, &database).await;
    }
}
