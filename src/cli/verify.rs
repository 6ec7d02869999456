//! `mkt verify`: a published build against its publisher's signature, piece by piece.

mod checks;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use uuid::Uuid;

use self::checks::{Check, Verdict};
use super::error::{Code, Failed};
use super::global::{Global, read_secret};
use super::output::{Printer, cell, table};
use super::registry::RegistryArgs;
use super::resource::{Noun, id};
use crate::client::Client;
use crate::core::id::Id;
use crate::core::model::{Build, Configuration, Dependency, Exposure, Interface, Product};
use crate::core::package::Present;
use crate::core::resource::{Located, Resource};
use crate::core::signing::Ed25519Key;

/// Check a build against its publisher's signature
///
/// The manifest must be the one that was signed, and everything else what the manifest says: the version, the image, the tasks
/// and their settings, what it offers and needs, the asset to its last byte, the image in its registry. Ends with 1 when anything is not so, or the build is not signed. Without
/// --key the marketplace is believed whose key it is.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The product by name or id, and the version; without one the latest
    #[arg(value_name = "PRODUCT[@VERSION]")]
    build: String,

    /// The key that it must be signed with: its fingerprint, or a file with the public key
    #[arg(long, value_name = "FINGERPRINT|FILE")]
    key: Option<String>,

    #[command(flatten)]
    registry: RegistryArgs,
}

pub async fn run(args: Args, global: &Global, printer: &Printer) -> Result<(), Failed> {
    let client = global.client()?;
    let key = args.key.as_deref().map(fingerprint).transpose()?;
    let (product, build) = find(&client, &args.build).await?;
    let (present, is_newest) = present(&client, product, build.record).await?;
    let build = &present.build;
    let mut checks = checks::of_signature(build, key.as_deref());
    checks.extend(checks::of_records(&present, is_newest));
    if let Some(sha256) = &build.asset_sha256 {
        let found = client.digest_of_asset(product, build.id.uuid()).await?;
        checks.push(checks::of_asset(sha256, &found));
    }
    checks.extend(checks::of_image(args.registry.registries()?.as_ref(), build).await?);
    let failed = checks.iter().filter(|check| check.verdict == Verdict::Failed).count();
    let report = json!({
        "product_id": product,
        "build_id": build.id,
        "version": build.version,
        "verified": failed == 0,
        "checks": checks,
        "provenance": provenance(build),
    });
    printer.value(&report, described, |report| vec![cell(&report["build_id"])])?;
    match failed {
        0 => Ok(()),
        _ => Err(Failed::new(format!("The build is not what its publisher signed: {failed} checks failed."))),
    }
}

/// The fingerprint that a text is, or that of the public key in a file.
fn fingerprint(text: &str) -> Result<String, Failed> {
    let path = Path::new(text);
    if !path.is_file() {
        return Ok(text.to_owned());
    }
    let key = Ed25519Key::parse(read_secret(path)?.expose());
    key.map(|key| key.fingerprint())
        .ok_or_else(|| Failed::with_code(Code::Usage, format!("{} has no public key of Ed25519.", path.display())))
}

/// The build that people call so.
async fn find(client: &Client, text: &str) -> Result<(Uuid, Located<Build>), Failed> {
    let (name, version) = text.rsplit_once('@').map_or((text, None), |(name, version)| (name, Some(version)));
    let product = id(client, &Noun::of::<Product>(), Product::TABLE.path, name).await?;
    let builds = client.collection::<Build>(&[product]);
    let build = match version {
        Some(version) => id(client, &Noun::of::<Build>(), &Build::TABLE.path_under(&[product]), version).await?,
        None => {
            let product: Value = client.get(&format!("{}/{product}", Product::TABLE.path), &[]).await?;
            let latest = product["latest_build"]["id"].as_str().and_then(|id| id.parse().ok());
            latest.ok_or_else(|| Failed::with_code(Code::NotFound, format!("{name} has no published build.")))?
        }
    };
    Ok((product, builds.find(build).await?))
}

/// A build with all that belongs to it, and whether it is the newest that is public.
async fn present(client: &Client, product: Uuid, build: Build) -> Result<(Present, bool), Failed> {
    let place = [product, build.id.uuid()];
    let mut configurations = Vec::new();
    for configuration in all::<Configuration>(client, &place).await? {
        let tasks = all(client, &[product, build.id.uuid(), configuration.id.uuid()]).await?;
        configurations.push((configuration, tasks));
    }
    let mut exposures = Vec::new();
    for exposure in all::<Exposure>(client, &place).await? {
        let parameters = all(client, &[product, build.id.uuid(), exposure.id.uuid()]).await?;
        exposures.push((exposure, parameters));
    }
    let dependencies: Vec<Dependency> = all(client, &place).await?;
    let offered = exposures.iter().map(|(exposure, _)| exposure.interface_id);
    let named: BTreeSet<Uuid> =
        offered.chain(dependencies.iter().filter_map(|needs| needs.interface_id)).map(Id::uuid).collect();
    let mut interfaces = Vec::new();
    for id in named {
        interfaces.push(client.collection::<Interface>(&[]).find(id).await?.record);
    }
    let product = client.collection::<Product>(&[]).find(product).await?.record;
    let is_newest = product.latest_build.as_ref().is_some_and(|latest| latest.id == build.id);
    Ok((Present { product, build, configurations, exposures, dependencies, interfaces }, is_newest))
}

/// All records at a place.
async fn all<R: Resource>(client: &Client, place: &[Uuid]) -> Result<Vec<R>, Failed> {
    let page = client.collection::<R>(place).list_all(&[]).await?;
    Ok(page.results.into_iter().map(|located| located.record).collect())
}

/// Who has had the product in their hands, from the first to the marketplace.
fn provenance(build: &Build) -> Vec<Value> {
    let manifest = build.manifest().unwrap_or_default();
    let mut chain: Vec<Value> = manifest["provenance"].as_array().cloned().unwrap_or_default();
    chain.sort_by(|a, b| cell(&a["datetime"]).cmp(&cell(&b["datetime"])));
    if let Some(signer) = &build.signed_by {
        let remark = format!("Signed with the key {}", signer.fingerprint);
        chain.push(json!({ "attribution": signer.name, "remark": remark }));
    }
    if let Some(at) = build.published_at {
        chain.push(json!({ "datetime": at, "attribution": "Marketplace", "remark": "Published" }));
    }
    chain
}

fn described(report: &Value) -> String {
    let checks: Vec<Check> = serde_json::from_value(report["checks"].clone()).unwrap_or_default();
    let rows =
        checks.iter().map(|check| vec![check.verdict.word().to_owned(), check.what.clone(), check.detail.clone()]);
    let chain = report["provenance"].as_array().cloned().unwrap_or_default();
    let links =
        chain.iter().map(|link| vec![cell(&link["datetime"]), cell(&link["attribution"]), cell(&link["remark"])]);
    format!("{}\n\nProvenance\n{}", table(&["", "CHECK", "FOUND"], rows), table(&["WHEN", "WHO", "WHAT"], links))
}
