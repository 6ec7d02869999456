//! `mkt status`

use serde_json::Value;

use super::error::Failed;
use super::global::Global;
use super::output::{Printer, cell, table};

/// Tell whether the marketplace is well, and who you are there
#[derive(Debug, clap::Args)]
pub struct Args {}

pub async fn run(_: &Args, global: &Global, printer: &Printer) -> Result<(), Failed> {
    let client = global.client()?;
    let status = client.status().await?;
    printer.value(
        &status,
        |status| describe(client.server().as_str(), status),
        |status| vec![cell(&status["identity"]["user_id"])],
    )
}

fn describe(server: &str, status: &Value) -> String {
    let user = &status["identity"]["user"];
    let who = if user.is_null() {
        "nobody: no token was sent".to_owned()
    } else {
        format!("{} ({})", cell(&user["name"]), cell(&user["id"]))
    };
    let granted = status["permissions"].as_object().into_iter().flatten().flat_map(|(resource, verbs)| {
        let verbs = verbs.as_object().into_iter().flatten().filter(|(_, granted)| **granted == Value::Bool(true));
        verbs.map(move |(verb, _)| format!("{resource}.{verb}"))
    });
    let granted: Vec<_> = granted.collect();
    table(
        &[],
        [
            vec!["server".into(), server.into()],
            vec!["state".into(), cell(&status["message"])],
            vec!["version".into(), cell(&status["version"])],
            vec!["server time".into(), cell(&status["product"]["datetime"])],
            vec!["database time".into(), cell(&status["database"]["datetime"])],
            vec!["publishing".into(), publishing(&status["rules"])],
            vec!["you are".into(), who],
            vec!["you may".into(), if granted.is_empty() { "read what is public".into() } else { granted.join(", ") }],
        ],
    )
}

/// Who publishes, and what the operator requires before.
fn publishing(rules: &Value) -> String {
    let holds = |rule: &str| rules[rule] == Value::Bool(true);
    let who = if holds("self_publishing") { "by owners" } else { "by those whom a role permits it" };
    let required =
        [("review", "a review"), ("check", "the marketplace's check"), ("strict", "a manifest without warnings")];
    let required: Vec<_> = required.into_iter().filter(|(rule, _)| holds(rule)).map(|(_, words)| words).collect();
    if required.is_empty() { who.to_owned() } else { format!("{who}; takes {}", required.join(", ")) }
}
