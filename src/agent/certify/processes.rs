//! What runs in a container, and whether that is one program.

use super::rule::{Findings, Rule, shown};
use crate::agent::runner::docker::Running;

/// Looks through the processes of a container, as far as the engine tells of them. Its own init is not counted.
pub(super) fn examine(running: Option<&[Running]>, findings: &mut Findings) {
    let Some(running) = running.filter(|running| !running.is_empty()) else {
        return findings.look(Rule::Process, "The container engine does not list its processes.");
    };
    // Init is whom the others descend from.
    let is_inside = |id: i64| running.iter().any(|process| process.id == id);
    let has_children = |id: i64| running.iter().any(|process| process.parent == id);
    let is_init = |process: &Running| !is_inside(process.parent) && has_children(process.id);
    let own: Vec<&Running> = running.iter().filter(|process| !is_init(process)).collect();
    let mut names: Vec<String> = own.iter().map(|process| shown(&process.name)).collect();
    names.sort_unstable();
    names.dedup();
    match (own.len(), names.as_slice()) {
        (1, _) => findings.ok(Rule::Process, format!("One process runs: {}.", names.join(", "))),
        (several, [name]) => findings.ok(Rule::Process, format!("{several} processes run, all {name}.")),
        (several, names) => {
            let names = shown(&names.join(", "));
            findings.look(Rule::Process, format!("{several} processes run: {names}. Do they belong together?"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::certify::rule::{Verdict, rows};

    /// A process: its number, its parent's, its name.
    type Told = (i64, i64, &'static str);

    #[test]
    fn init_is_not_counted() {
        let init = (1, 0, "podman-init");
        let cases: [(&[Told], Verdict, &str); 5] = [
            (&[init, (2, 1, "httpd")], Verdict::Ok, "One process runs: httpd."),
            (&[init, (2, 1, "httpd"), (3, 2, "httpd")], Verdict::Ok, "2 processes run, all httpd."),
            (&[init, (2, 1, "sh"), (3, 2, "http\u{1b}d")], Verdict::Look, "2 processes run: http d, sh."),
            // As the machine numbers them.
            (&[(901, 7, "docker-init"), (950, 901, "app")], Verdict::Ok, "One process runs: app."),
            (&[], Verdict::Look, "does not list"),
        ];
        for (running, verdict, told) in cases {
            let process = |(id, parent, name): &Told| Running { id: *id, parent: *parent, name: (*name).to_owned() };
            let running: Vec<Running> = running.iter().map(process).collect();
            let mut findings = Findings::default();
            examine(Some(&running), &mut findings);
            let rows = rows(&[findings]);
            assert!(rows[6].verdict == verdict && rows[6].evidence.contains(told), "{:?}", rows[6]);
        }
    }
}
