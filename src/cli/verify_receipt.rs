//! `mkt verify-receipt`

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;
use uuid::Uuid;

use super::error::{Code, Failed};
use super::global::Global;
use super::output::{Printer, cell, table};
use crate::core::clock::{self, Timestamp};
use crate::core::licensing::{self, Receipt};

/// The most bytes of a receipt, or of keys, that are read.
const LONGEST: u64 = 1024 * 1024;

/// Check that a receipt is the marketplace's, and that it still holds
///
/// Ends with 1 when the receipt was not signed by the marketplace, and with 7 when it is for something else or its time is
/// over. With --keys no network is needed.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The receipt; - reads it from stdin
    #[arg(default_value = "-")]
    receipt: String,

    /// A file with the marketplace's keys, as /.well-known/jwks.json has them [default: ask the marketplace]
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,

    /// The id of the product that it must be for
    #[arg(long, value_name = "ID")]
    product: Option<Uuid>,

    /// The id of the user or group that it must be for
    #[arg(long, value_name = "ID")]
    claimant: Option<Uuid>,

    /// When it must hold [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
}

pub async fn run(args: Args, global: &Global, printer: &Printer) -> Result<(), Failed> {
    let keys = match &args.keys {
        Some(file) => read_keys(file)?,
        None => global.client()?.public_keys().await?,
    };
    let text = if args.receipt == "-" { read_all(std::io::stdin().lock(), "stdin")? } else { args.receipt.clone() };
    let receipt = licensing::verify(&keys, text.trim())?;
    require_fits(&receipt, &args)?;
    let receipt = serde_json::to_value(&receipt).map_err(|error| Failed::new(error.to_string()))?;
    printer.value(&receipt, described, |receipt| vec![cell(&receipt["jti"])])
}

/// Nothing, if the receipt is for what it must be and holds when it must.
fn require_fits(receipt: &Receipt, args: &Args) -> Result<(), Failed> {
    let refused = |why: String| Err(Failed::with_code(Code::Unlicensed, why));
    if args.product.is_some_and(|product| product != receipt.aud.uuid()) {
        return refused(format!("The receipt is for another product, {}.", receipt.aud));
    }
    if args.claimant.is_some_and(|claimant| claimant != receipt.sub) {
        return refused(format!("The receipt is for another {}, {}.", receipt.claimant_type.word(), receipt.sub));
    }
    match receipt.exp {
        Some(end) if receipt.has_ended(args.at.unwrap_or_else(clock::now)) => {
            refused(format!("The receipt held until {}.", Timestamp::from_unix_seconds(end)))
        }
        _ => Ok(()),
    }
}

fn read_keys(file: &Path) -> Result<Value, Failed> {
    let failed = |error: std::io::Error| Failed::new(format!("Can't read {}: {error}.", file.display()));
    let text = read_all(std::fs::File::open(file).map_err(failed)?, &file.display().to_string())?;
    serde_json::from_str(&text).map_err(|error| Failed::new(format!("{} is not JSON: {error}.", file.display())))
}

fn read_all(from: impl Read, name: &str) -> Result<String, Failed> {
    let mut text = String::new();
    let read = from.take(LONGEST).read_to_string(&mut text);
    read.map_err(|error| Failed::new(format!("Can't read {name}: {error}.")))?;
    Ok(text)
}

fn described(receipt: &Value) -> String {
    let at = |field: &str| receipt[field].as_i64().map(|at| Timestamp::from_unix_seconds(at).to_string());
    let rows = [
        ("marketplace", cell(&receipt["iss"])),
        ("product", cell(&receipt["aud"])),
        ("claimant", format!("{} {}", cell(&receipt["claimant_type"]), cell(&receipt["sub"]))),
        ("granted_at", at("iat").unwrap_or_default()),
        ("granted_until", at("exp").unwrap_or_default()),
        ("valid_until", cell(&receipt["valid_until"])),
        ("state", cell(&receipt["state"])),
        ("quantity", cell(&receipt["quantity"])),
        ("remaining_uses", cell(&receipt["remaining_uses"])),
        ("entitlement_id", cell(&receipt["entitlement_id"])),
        ("claim_id", cell(&receipt["claim_id"])),
        ("attempt_id", cell(&receipt["jti"])),
    ];
    let told = rows.into_iter().filter(|(_, value)| !value.is_empty());
    table(&[], told.map(|(name, value)| vec![name.to_owned(), value]))
}
