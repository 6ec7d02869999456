//! `mkt openapi`

use super::error::Failed;
use super::global::Output;
use super::output::Printer;
use crate::server;

/// Print the description of the API (OpenAPI 3.1)
#[derive(Debug, clap::Args)]
pub struct Args {}

pub fn run(_: &Args, printer: &Printer) -> Result<(), Failed> {
    let json = |document: &_| serde_json::to_string_pretty(document).unwrap_or_default();
    let ids = |_: &_| Vec::new();
    match printer.output {
        Output::Table | Output::Csv | Output::Id => printer.data(&json(&server::openapi())),
        Output::Json | Output::Yaml => printer.value(&server::openapi(), json, ids),
    }
}
