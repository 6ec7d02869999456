//! The README's tour: its commands are run as they stand there.

use std::process::Command;

use crate::support::{ADMIN_TOKEN, Database, Server};

#[tokio::test]
async fn every_command_of_the_tour_works() {
    let database = Database::sqlite();
    let server = Server::start_with(&database, &["--demo"], &[]).await;
    let folder = database.folder().join("tour");
    std::fs::create_dir(&folder).unwrap();
    assert!(Command::new("cp").args(["-r", "docs"]).arg(&folder).status().unwrap().success());
    let binaries = std::path::Path::new(env!("CARGO_BIN_EXE_mkt")).parent().unwrap();
    let path = format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap());
    let mut tour = Command::new("bash");
    tour.args(["-eux", "-c", &commands(&std::fs::read_to_string("README.md").unwrap())]).current_dir(&folder);
    tour.env_clear().env("PATH", path).env("HOME", &folder);
    tour.env("MKT_SERVER", server.url("")).env("MKT_TOKEN", ADMIN_TOKEN);
    let output = tokio::task::spawn_blocking(move || tour.output().unwrap()).await.unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert!(stdout.contains("Waiting Times 1.0.0: unchanged"), "{stdout}");
    assert!(stderr.contains("8080 → 9090"), "{stderr}");
    assert_eq!(stdout.matches("\"event_type\":\"published\"").count(), 2, "{stdout}");
}

/// What stands in blocks of `sh`; blocks of `console` need a person.
fn commands(readme: &str) -> String {
    readme.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).collect()
}
