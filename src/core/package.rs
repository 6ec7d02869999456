//! Packages: a marketplace.json on its way into the catalogue. Everything that one asks for happens in one
//! transaction, so half a release is never to be seen; done again, it changes nothing.

mod deviations;
mod differences;
pub mod parts;
mod publications;
mod publisher;
mod records;
pub mod signature;
pub mod uploads;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::access::Caller;
use super::db::{Db, Tx};
use super::files::FileKind;
use super::manifest::{self, Diagnostic, Manifest, Severity};
use super::{Error, Kind, Result};
use publisher::Publisher;

pub use deviations::{Present, departures, deviations};
pub use differences::{Difference, differences};
pub use publications::Publications;

/// The most records that one package may make: it holds up all other writers meanwhile on SQLite.
const MOST_RECORDS: usize = 500;

/// What is done to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed.
    Update,
    /// It is handed in for review.
    Submit,
    /// It is made public.
    Publish,
    /// It is as it should be.
    Unchanged,
}

/// One step of a plan.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Step {
    /// What is done.
    pub action: Action,
    /// To what kind of record, by its singular name.
    pub resource: String,
    /// To which: its name for people.
    pub name: String,
    /// Its id. In a dry run that of something to be made is not final, unless the manifest gives it.
    pub id: Uuid,
    /// With [`Action::Update`], each field that changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Difference>,
}

/// Where a record can be found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Address {
    /// Its id.
    pub id: Uuid,
    /// Its name or version.
    pub name: String,
    /// Its absolute address.
    pub url: String,
}

/// A file that a package needs and that is not here yet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Missing {
    /// Its path, as the manifest has it.
    pub path: String,
    /// What it consists of: `sha256:` and 64 hexadecimal digits.
    pub digest: String,
    /// What it must be.
    pub kind: FileKind,
}

/// A package to publish.
#[derive(Debug, Clone)]
pub struct Package {
    manifest: Manifest,
    warnings: Vec<Diagnostic>,
    signature: Option<String>,
}

/// What publishing a package did or, in a dry run, would do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outcome {
    /// Whether nothing was written.
    pub dry_run: bool,
    /// Whether everything was as the package wants it already.
    pub unchanged: bool,
    /// Whether product and build are public now. Otherwise somebody who may publish has to do so.
    pub published: bool,
    /// Whether the build waits for a decision.
    #[serde(default)]
    pub submitted: bool,
    /// Why the build was rejected, if it was and this package does not change it.
    #[serde(default)]
    pub rejection: Option<String>,
    /// The product.
    pub product: Address,
    /// The build.
    pub build: Address,
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// In a dry run, the files that are to be sent first.
    #[serde(default)]
    pub missing: Vec<Missing>,
    /// What the manifest could do better.
    pub warnings: Vec<Diagnostic>,
}

/// Tells what [publishing](Publications::publish) would do, and does nothing. Needs no more rights than to read.
///
/// # Errors
/// As that, but for missing files.
pub async fn plan(db: &Db, caller: &Caller, text: String, signature: Option<String>) -> Result<Outcome> {
    let package = Package { signature, ..check_aside(text).await? };
    Publisher::dry(db, caller).run(package).await
}

/// Publishes a package inside a transaction.
pub(super) async fn apply(tx: &Tx, caller: &Caller, package: Package) -> Result<Outcome> {
    Publisher::wet(tx, caller).run(package).await
}

/// As [`check`], on a thread of its own: a large manifest takes a while, and other requests go on.
async fn check_aside(text: String) -> Result<Package> {
    tokio::task::spawn_blocking(move || check(&text)).await.map_err(Error::internal)?
}

/// The package that a marketplace.json is.
pub(super) fn check(text: &str) -> Result<Package> {
    let checked = manifest::check(text);
    if let Some(manifest) = &checked.manifest
        && records(manifest) > MOST_RECORDS
    {
        let message = format!(
            "A package may ask for at most {MOST_RECORDS} licences, tasks, interfaces, dependencies and pictures."
        );
        return Err(Error::new(Kind::Invalid, message));
    }
    let Some(manifest) = checked.manifest else {
        let errors = checked.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
        let first = errors.clone().next().map(ToString::to_string).unwrap_or_default();
        let message =
            format!("The manifest has {} errors that keep it from being published. The first: {first}", errors.count());
        return Err(Error::new(Kind::Invalid, message).with_details(json!({ "diagnostics": checked.diagnostics })));
    };
    Ok(Package { manifest, warnings: checked.diagnostics, signature: None })
}

/// Nothing, if a manifest has no warnings, which the operator wants of what is published here.
fn require_no_warnings(warnings: &[Diagnostic]) -> Result<()> {
    let Some(first) = warnings.first() else { return Ok(()) };
    let message = format!(
        "This marketplace takes manifests without warnings only, and this one has {}. The first: {first} Look with: mkt \
         validate --strict",
        warnings.len()
    );
    Err(Error::new(Kind::Invalid, message).with_details(json!({ "diagnostics": warnings })))
}

/// How many records a manifest asks for.
fn records(manifest: &Manifest) -> usize {
    let tasks: usize = manifest.configurations.iter().map(|configuration| 1 + configuration.tasks.len()).sum();
    let exposed: usize = manifest.build.exposes.iter().map(|exposed| 1 + exposed.parameters.len()).sum();
    let needs = manifest.build.requires.len() + manifest.build.dependencies.len();
    manifest.product.licenses.len() + tasks + exposed + needs + manifest.build.screenshots.len()
}

/// The refusal of other content under what is published.
fn immutable(message: String, differences: &[Difference]) -> Error {
    Error::conflict(message).with_details(json!({ "differences": differences }))
}

/// A value as an object's entries.
fn fields(value: Value) -> serde_json::Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => serde_json::Map::new(),
    }
}
