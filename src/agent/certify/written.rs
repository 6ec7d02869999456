//! What a container has written outside of its volumes.

use super::rule::{Findings, Rule, counted, shown};
use crate::agent::runner::docker::Changes;

/// How many paths are named.
const NAMED: usize = 3;
/// What engines themselves put into containers. Podman adds the user to the lists of users.
const ENGINES: &[&str] = &[
    "/etc/passwd",
    "/etc/group",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/hostname",
    "/etc/mtab",
    "/.dockerenv",
    "/run",
    "/var/run",
    "/dev",
    "/proc",
    "/sys",
];
/// What everybody takes for places that are gone tomorrow.
const TEMPORARY: &[&str] = &["/tmp", "/var/tmp", "/dev/shm"];

/// Looks through the changes of a container whose image has these volumes.
pub(super) fn examine(changes: Option<Changes>, volumes: &[String], printed: &str, findings: &mut Findings) {
    let paths = match changes {
        Some(Changes::These(paths)) => paths,
        Some(Changes::TooMany) => {
            findings.failed(Rule::Writes, "It has written so many files that they can't be listed.");
            return of_logs(&[], printed, findings);
        }
        None => {
            findings.look(Rule::Writes, "The container engine does not tell what it has written.");
            return of_logs(&[], printed, findings);
        }
    };
    let written = leaves(paths);
    let written: Vec<String> = written
        .into_iter()
        .filter(|path| {
            !is_in(path, ENGINES) && !volumes.iter().any(|volume| is_in(path, &[volume.trim_end_matches('/')]))
        })
        .collect();
    let (logs, others): (Vec<String>, Vec<String>) = written.into_iter().partition(|path| is_log(path));
    let (temporary, lasting): (Vec<String>, Vec<String>) = others.into_iter().partition(|path| is_in(path, TEMPORARY));
    // Logs are told of by their own rule.
    match (lasting.as_slice(), temporary.as_slice()) {
        ([], []) => findings.ok(Rule::Writes, "It wrote nothing elsewhere."),
        ([], temporary) => {
            findings.ok(Rule::Writes, format!("It wrote to temporary places only: {}.", named(temporary)))
        }
        (lasting, _) => {
            findings.failed(Rule::Writes, format!("It wrote {}. Declare a VOLUME for what is to last.", named(lasting)))
        }
    }
    of_logs(&logs, printed, findings);
}

fn of_logs(logs: &[String], printed: &str, findings: &mut Findings) {
    let lines = printed.lines().count();
    match (logs, lines) {
        ([], 0) => findings.look(Rule::Logs, "It wrote no log files, but printed nothing either."),
        ([], lines) => {
            findings.ok(Rule::Logs, format!("It printed {} and wrote no log files.", counted(lines, "line")))
        }
        (logs, _) => findings.failed(Rule::Logs, format!("It wrote {}. Have it print its log.", named(logs))),
    }
}

/// The paths that have no others in them: folders change with what they contain.
fn leaves(mut paths: Vec<String>) -> Vec<String> {
    paths.sort();
    let has_inner = |index: usize, path: &str| {
        let inner = format!("{path}/");
        let from = index + 1 + paths[index + 1..].partition_point(|other| *other < inner);
        paths.get(from).is_some_and(|other| other.starts_with(&inner))
    };
    let leaf = paths.iter().enumerate().filter(|(index, path)| !has_inner(*index, path));
    leaf.map(|(_, path)| path.clone()).collect()
}

fn is_in(path: &str, folders: &[&str]) -> bool {
    folders.iter().any(|folder| path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

fn is_log(path: &str) -> bool {
    path.starts_with("/var/log/") || path.ends_with(".log")
}

fn named(paths: &[String]) -> String {
    let names: Vec<String> = paths.iter().take(NAMED).map(|path| shown(path)).collect();
    let more = paths.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::certify::rule::{Verdict, rows};

    #[test]
    fn what_was_written_is_told_by_where() {
        use Verdict::{Failed, Look, Ok};
        let all = |paths: &[&str]| Some(Changes::These(paths.iter().map(|path| (*path).to_owned()).collect()));
        let cases = [
            (all(&["/etc", "/etc/hosts", "/run/x", "/proc", "/data", "/data/file"]), "one\n", Ok, Ok, "nothing"),
            (all(&["/tmp", "/tmp/a", "/tmp/b"]), "one\n", Ok, Ok, "/tmp/a, /tmp/b"),
            (all(&["/var", "/var/log", "/var/log/x"]), "one\n", Ok, Failed, "nothing"),
            (all(&["/app", "/app/app.log", "/app/cache"]), "", Failed, Failed, "wrote /app/cache."),
            (all(&["/database", "/a", "/a-b", "/a/c\u{1b}[1m"]), "", Failed, Look, "/a-b, /a/c [1m, /database"),
            (all(&["/1", "/2", "/3", "/4", "/5"]), "", Failed, Look, "/1, /2, /3 and 2 more"),
            (Some(Changes::TooMany), "one\n", Failed, Ok, "so many"),
            (None, "one\n", Look, Ok, "does not tell"),
        ];
        for (changes, printed, writes, logs, told) in cases {
            let mut findings = Findings::default();
            examine(changes, &["/data/".to_owned()], printed, &mut findings);
            let rows = rows(&[findings]);
            let row = |rule: Rule| rows.iter().find(|row| row.what == rule.what());
            let (found, log) = (row(Rule::Writes).expect("a row"), row(Rule::Logs).expect("a row"));
            assert!(found.verdict == writes && found.evidence.contains(told), "{found:?}");
            assert_eq!(log.verdict, logs, "{log:?}");
        }
    }
}
