//! The SQL that the server runs for a request, run by `pgbench` instead.

use std::process::Command;

use super::process::Cluster;

/// The statements that a request makes the server run, with their arguments: what PostgreSQL logs meanwhile.
pub async fn statements(cluster: &Cluster, request: impl AsyncFn()) -> Vec<String> {
    // What is kept of counts is kept already, as it is for most requests under load.
    request().await;
    cluster.run("alter system set log_statement = 'all'");
    cluster.run("select pg_reload_conf()");
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    request().await;
    let before = std::fs::read_to_string(cluster.log()).unwrap().len();
    request().await;
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let log = std::fs::read_to_string(cluster.log()).unwrap()[before..].to_owned();
    cluster.run("alter system reset log_statement");
    cluster.run("select pg_reload_conf()");
    parse(&log)
}

fn parse(log: &str) -> Vec<String> {
    let mut statements: Vec<String> = Vec::new();
    for entry in log.split(" LOG:  ").skip(1) {
        let Some((_, rest)) = entry.split_once("execute ").and_then(|(_, rest)| rest.split_once(": ")) else {
            continue;
        };
        let (text, detail) = rest.split_once(" DETAIL:  ").unwrap_or((rest, ""));
        // The next line's time and process.
        let text = text.rsplit_once('\n').map_or(text, |(text, _)| text);
        let mut text = text.trim().to_owned();
        // The relay polls on its own account.
        if text.starts_with("select last_offset from streams") || text.contains("from events") {
            continue;
        }
        let given = detail.split_once("arameters: ").map_or("", |(_, given)| given);
        let given = given.rsplit_once('\n').map_or(given, |(given, _)| given);
        let mut values: Vec<(String, String)> = Vec::new();
        for part in given.split(", $") {
            if let Some((place, value)) = part.trim_start_matches('$').split_once(" = ") {
                values.push((format!("${place}"), value.trim().to_owned()));
            }
        }
        // $12 before $1.
        values.sort_by_key(|(place, _)| std::cmp::Reverse(place.len()));
        for (place, value) in values {
            text = text.replace(&place, &value);
        }
        statements.push(text.replace('\n', " "));
    }
    statements
}

/// How many times a second so many clients get all the statements answered.
pub fn rate(cluster: &Cluster, statements: &[String], clients: usize, seconds: u64) -> f64 {
    let script = statements.iter().map(|statement| format!("{statement};\n")).collect::<String>();
    rate_of(cluster, &script, clients, seconds)
}

/// How many times a second so many clients get a script of pgbench's done.
pub fn rate_of(cluster: &Cluster, script: &str, clients: usize, seconds: u64) -> f64 {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), script).unwrap();
    let output = Command::new("pgbench")
        .args(["--no-vacuum", "--protocol", "prepared", "--jobs", "2", "--client", &clients.to_string()])
        .args(["--time", &seconds.to_string(), "--file"])
        .arg(file.path())
        .arg(cluster.database())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix("tps = ")).unwrap_or_else(|| panic!("{output:?}"));
    line.split_whitespace().next().unwrap().parse().unwrap()
}
