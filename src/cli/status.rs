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
            vec!["server time".into(), cell(&status["product"]["datetime"])],
            vec!["database time".into(), cell(&status["database"]["datetime"])],
            vec!["you are".into(), who],
            vec!["you may".into(), if granted.is_empty() { "read what is public".into() } else { granted.join(", ") }],
        ],
    )
}
