//! `mkt agent doctor`

use std::path::Path;

use chrono::{TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use super::AgentArgs;
use crate::cli::error::Failed;
use crate::cli::global::Global;
use crate::cli::output::{Printer, table};
use crate::client::{Client, Failure};
use crate::core::signing::SigningKey;

/// Look whether an agent could work here: its key, its marketplace, the clocks, what it runs tasks with
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    agent: AgentArgs,
}

/// What was looked at, and what came of it.
type Finding = (&'static str, Result<String, String>);

pub async fn run(args: Args, global: &Global, printer: &Printer) -> Result<(), Failed> {
    let findings = examine(&args.agent, global).await;
    let rows = findings.iter().map(|(what, found)| {
        let (verdict, text) = match found {
            Ok(text) => ("ok", text.clone()),
            Err(why) => ("failed", why.clone()),
        };
        json!({ "check": what, "verdict": verdict, "evidence": text })
    });
    let rows: Vec<_> = rows.collect();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let described = |rows: &Vec<serde_json::Value>| {
        let lines = rows.iter().map(|row| vec![text(&row["check"]), text(&row["verdict"]), text(&row["evidence"])]);
        table(&["CHECK", "VERDICT", "EVIDENCE"], lines)
    };
    printer.value(&rows, described, |rows| rows.iter().map(|row| text(&row["verdict"])).collect())?;
    match findings.iter().all(|(_, found)| found.is_ok()) {
        true => Ok(()),
        false => Err(Failed::new("An agent could not work here.")),
    }
}

async fn examine(args: &AgentArgs, global: &Global) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let (platform, key) = (args.platform(), args.key());
    let client = match global.client_of_nobody() {
        Ok(client) => client,
        Err(failed) => return vec![("marketplace", Err(failed.message))],
    };
    let ahead = client.clock_ahead().await;
    findings.push(match &ahead {
        Ok(_) => ("marketplace", Ok(format!("{} answers", client.server()))),
        Err(failure) => ("marketplace", Err(failure.message.clone())),
    });
    let ahead = ahead.unwrap_or_default();
    let clocks = match ahead.abs() <= TimeDelta::seconds(30) {
        true => "within half a minute of the marketplace's".to_owned(),
        false => format!("{} s behind the marketplace's, which the agent allows for", ahead.num_seconds()),
    };
    findings.push(("clock", Ok(clocks)));
    findings.push(("key", key.as_ref().map(|key| key.public().fingerprint()).map_err(|failed| failed.message.clone())));
    findings.push(match (platform, key) {
        (Err(failed), _) | (_, Err(failed)) => ("platform", Err(failed.message)),
        (Ok(platform), Ok(key)) => {
            ("platform", read_plan(&client, platform, &key, ahead).await.map_err(|failure| failure.message))
        }
    });
    findings.push(("state", args.folder().map_err(|failed| failed.message).and_then(|folder| writable(&folder))));
    let path = args.operator.as_ref().map_or_else(|| "none".to_owned(), |path| path.display().to_string());
    findings.push(("operator's file", args.operator().map(|_| path).map_err(|failed| failed.message)));
    findings.push(("runner", tasks_here(args).await.map_err(|failed| failed.message)));
    findings
}

/// What the marketplace says of the platform to whoever has this key.
async fn read_plan(client: &Client, platform: Uuid, key: &SigningKey, ahead: TimeDelta) -> Result<String, Failure> {
    client.sign_in_as(platform, key, Utc::now() + ahead).await?;
    let plan = client.plan(platform).await?;
    Ok(format!("{}, with {} instances", plan.platform.name, plan.instances.len()))
}

/// The folder, if an agent could keep something there.
fn writable(folder: &Path) -> Result<String, String> {
    let tried = std::fs::create_dir_all(folder).and_then(|()| tempfile::tempfile_in(folder));
    match tried {
        Ok(_) => Ok(folder.display().to_string()),
        Err(error) => Err(format!("{} can't be written to: {error}.", folder.display())),
    }
}

/// What of the platform runs here.
async fn tasks_here(args: &AgentArgs) -> Result<String, Failed> {
    let units = args.runner().await?.units().await?;
    Ok(format!("answers, with {} tasks of this platform", units.len()))
}
