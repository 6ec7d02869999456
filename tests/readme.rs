//! The README's tour, and the pages beneath it: what stands there is run as it stands.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{ADMIN_TOKEN, Database, Server};

#[tokio::test]
async fn every_command_of_the_tour_works() {
    let database = Database::sqlite();
    let server = Server::start_with(&database, &["--demo"], &[]).await;
    let folder = database.folder().join("tour");
    std::fs::create_dir(&folder).unwrap();
    assert!(Command::new("cp").args(["-r", "docs"]).arg(&folder).status().unwrap().success());
    let output = run(&server, &folder, &blocks("README.md", "sh")).await;
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(stdout.contains("Waiting Times 1.0.0: unchanged"), "{stdout}");
    assert!(stderr.contains("8080 → 9090"), "{stderr}");
    assert_eq!(stdout.matches("\"event_type\":\"published\"").count(), 2, "{stdout}");
}

#[tokio::test]
async fn the_page_about_publishing_says_what_is() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let folder = database.folder().join("publishing");
    std::fs::create_dir(&folder).unwrap();
    assert!(Command::new("cp").args(["-r", "docs/example"]).arg(&folder).status().unwrap().success());
    let output = run(&server, &folder, &blocks("docs/publishing.md", "sh")).await;
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    for (told, text) in [
        (&stderr, "Did you mean \"image\"?"),
        (&stdout, "Waiting Times 1.0.0: unchanged"),
        (&stderr, "that takes your consent"),
        (&stderr, "8080 → 9090"),
        (&stdout, "The manifest is the one that was signed"),
        (&stderr, "3 published, 0 not public yet, 0 unchanged, 0 failed."),
    ] {
        assert!(told.contains(text), "{text}: {stdout}\n{stderr}");
    }
    let checked: Value = serde_json::from_slice(&std::fs::read(folder.join("checked.json")).unwrap()).unwrap();
    assert_eq!(checked[0]["valid"], true, "{checked}");
    let tree: Value = serde_json::from_slice(&std::fs::read(folder.join("published.json")).unwrap()).unwrap();
    assert!(tree.as_array().unwrap().iter().all(|done| done["outcome"]["unchanged"] == true), "{tree}");

    // The recipes, as far as a shell goes: what GitHub and GitLab would run, in the folder of a package.
    let page = std::fs::read_to_string("docs/publishing.md").unwrap();
    let recipes: Vec<&str> = each_block(&page, "yaml").collect();
    let (_, github) = recipes[0].split_once("run: |\n").unwrap();
    let (_, script) = recipes[1].split_once("script:\n").unwrap();
    let lines = script.lines().map_while(|line| line.strip_prefix("    "));
    let gitlab = lines.map(|line| line.trim_start_matches("- ")).collect::<Vec<_>>().join("\n");
    let secrets = "export MKT_NO_RESOLVE=true RUNNER_TEMP=$PWD MKT_SIGNING_KEY_FILE=$PWD/ci.key; set +x; \
                   export SIGNING_KEY=$(cat ci.key); cd new-board\n";
    for (recipe, told) in [(github, "Published: "), (gitlab.as_str(), "unchanged")] {
        let output = run(&server, &folder, &format!("{secrets}{recipe}")).await;
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
        assert!(said.contains(told), "{told}: {said}");
    }
}

#[tokio::test]
async fn the_page_about_agents_says_what_is() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let folder = database.folder().join("agent");
    std::fs::create_dir(&folder).unwrap();
    assert!(Command::new("cp").args(["-r", "docs/example"]).arg(&folder).status().unwrap().success());
    let commands = format!("trap 'kill %1' EXIT\n{}", blocks("docs/agent.md", "sh"));
    let output = run(&server, &folder, &commands).await;
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    for text in ["within half a minute", "FHIR_URL is required", "answers on", "running", "stopped"] {
        assert!(stdout.contains(text), "{text}: {stdout}\n{stderr}");
    }
}

#[tokio::test]
async fn the_page_about_importing_says_what_is() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let folder = database.folder().join("importing");
    std::fs::create_dir(&folder).unwrap();
    let output = run(&server, &folder, &blocks("docs/importing.md", "sh")).await;
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    for count in
        ["Would be: 2 created", "\n2 created", "0 created, 0 updated, 2 unchanged", "0 created, 1 updated", "1 failed"]
    {
        assert!(stdout.contains(count), "{count}: {stdout}\n{stderr}");
    }
    assert!(stdout.contains("1.0.0+") && stderr.contains("error: broken.json: EOF"), "{stdout}\n{stderr}");
}

#[tokio::test]
async fn the_page_about_events_says_what_is() {
    let database = Database::sqlite();
    let server = Server::start_with(&database, &["--demo"], &[]).await;
    let folder = database.folder().join("events");
    std::fs::create_dir(&folder).unwrap();
    let output = run(&server, &folder, &blocks("docs/events.md", "sh")).await;
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(
        stdout.contains("\"event_type\":\"published\"") && stdout.contains("\"stream_id\":\"catalog\""),
        "{stdout}"
    );
}

#[tokio::test]
async fn the_page_about_licensing_says_what_is() {
    let database = Database::sqlite();
    let server = Server::start_with(&database, &["--demo"], &[]).await;
    let folder = database.folder().join("licensing");
    std::fs::create_dir(&folder).unwrap();
    let output = run(&server, &folder, &blocks("docs/licensing.md", "sh")).await;
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    for (told, text) in
        [(&stderr, "(uses_exhausted)"), (&stderr, "All 1 seats"), (&stdout, "GRANTED"), (&stdout, "claimant")]
    {
        assert!(told.contains(text), "{text}: {stdout}\n{stderr}");
    }

    // The checks of receipts in other languages.
    let receipt = std::fs::read_to_string(folder.join("receipt")).unwrap();
    let answer: Value = serde_json::from_slice(&std::fs::read(folder.join("answer.json")).unwrap()).unwrap();
    let product = answer["product_id"].as_str().unwrap();
    std::fs::write(folder.join("check.mjs"), blocks("docs/licensing.md", "js")).unwrap();
    std::fs::write(folder.join("check.py"), blocks("docs/licensing.md", "python")).unwrap();
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::os::unix::fs::symlink(home.join("tests/node/node_modules"), folder.join("node_modules")).unwrap();
    let python = home.join("tests/schemathesis/venv/bin/python");
    let other = "c0ffee00-0000-4000-8000-000000000000";
    let (head, signature) = receipt.trim().rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
    for (program, script) in [(Path::new("node"), "check.mjs"), (&python, "check.py")] {
        for (receipt, product, holds) in
            [(receipt.trim(), product, true), (receipt.trim(), other, false), (&forged, product, false)]
        {
            let output = Command::new(program).args([script, receipt, product]).current_dir(&folder).output().unwrap();
            let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert_eq!(output.status.success(), holds, "{script} {receipt} {product}: {stdout}{stderr}");
            assert!(
                !holds || stdout.contains(answer["claimant_id"].as_str().unwrap()) && stdout.contains("active"),
                "{stdout}"
            );
        }
    }
}

/// Runs commands as an administrator of the server would, which must all be right.
async fn run(server: &Server, folder: &Path, commands: &str) -> Output {
    let binaries = Path::new(env!("CARGO_BIN_EXE_mkt")).parent().unwrap();
    let path = format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap());
    let mut tour = Command::new("bash");
    tour.args(["-euxo", "pipefail", "-c", commands]).current_dir(folder);
    tour.env_clear().env("PATH", path).env("HOME", folder);
    tour.env("MKT_SERVER", server.url("")).env("MKT_TOKEN", ADMIN_TOKEN);
    let output = tokio::task::spawn_blocking(move || tour.output().unwrap()).await.unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    output
}

/// What stands on a page in blocks of a language; blocks of `console` need a person.
fn blocks(page: &str, language: &str) -> String {
    each_block(&std::fs::read_to_string(page).unwrap(), language).collect()
}

fn each_block<'a>(page: &'a str, language: &str) -> impl Iterator<Item = &'a str> {
    let fence = format!("```{language}\n");
    page.split(&fence).skip(1).filter_map(|rest| rest.split("```").next()).collect::<Vec<_>>().into_iter()
}
