//! `mkt import`: folders of artifacts become products. What a file is, is read first (`knart`, `fhir`, of what `folder` and
//! `xml` let in); then `upsert` brings each into the catalogue, and `summary` tells what came of it.

mod artifact;
mod build;
mod fhir;
mod folder;
mod knart;
mod summary;
mod upsert;
mod xml;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Subcommand;
use futures_util::StreamExt;
use futures_util::stream::iter;
use glob::Pattern;
use indicatif::ProgressBar;

use self::artifact::{Artifact, Item, Meta, Reading};
use self::folder::Folder;
use self::summary::{Entry, Summary};
use self::upsert::Importer;
use super::error::{Code, Failed};
use super::global::Global;
use super::output::{Printer, printable};
use super::resource::{Noun, id as named};
use crate::client::{Cause, Client};
use crate::core::model::{License, User};
use crate::core::resource::Resource;

/// How many artifacts are sent at a time.
const AT_ONCE: usize = 8;

/// Import artifacts as products, each with its file as the asset of a build
///
/// Doing it again changes nothing; a file that has changed becomes a new build. A broken file is told and skipped.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    kind: Kind,
}

#[derive(Debug, Subcommand)]
enum Kind {
    /// Import the HL7 knowledge artifacts that the manifest.json of a folder lists
    Knart {
        #[command(flatten)]
        common: Common,
    },
    /// Import the FHIR StructureDefinitions of a folder and those in it, in XML or JSON
    Fhir {
        #[command(flatten)]
        common: Common,

        /// The product to put them under, by name or id; made if there is none of this name
        #[arg(long, value_name = "NAME")]
        meta: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
struct Common {
    /// The folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// The user whom the products belong to, by name or id [default: you]
    #[arg(long, value_name = "NAME|ID")]
    owner: Option<String>,

    /// The licence to offer the products under, by name or id
    #[arg(long, value_name = "NAME|ID")]
    license: Option<String>,

    /// The licence to offer the product above them under, by name or id
    #[arg(long, value_name = "NAME|ID")]
    meta_license: Option<String>,

    /// Where to turn to for help with them: a web page or a mail address
    #[arg(long, value_name = "URL")]
    support_url: Option<String>,

    /// Paths to skip, such as 'drafts/**' or '*-old.xml'; without a slash at any depth. May be repeated
    #[arg(long, value_name = "PATTERN", value_parser = Pattern::new)]
    ignore: Vec<Pattern>,

    /// Only tell what would be done
    #[arg(long, short = 'n')]
    dry_run: bool,
}

/// What a folder has.
struct Found {
    meta: Option<Meta>,
    /// The file that names the meta-product, if one does.
    meta_file: Option<String>,
    items: Vec<Item>,
}

pub async fn run(args: Args, global: &Global, printer: &Printer) -> Result<(), Failed> {
    let client = global.client()?;
    let (common, meta, is_knart) = match args.kind {
        Kind::Knart { common } => (common, None, true),
        Kind::Fhir { common, meta } => (common, meta, false),
    };
    let folder = Folder::open(&common.folder, common.ignore.clone())?;
    // One display for both: its length is told once it is known.
    let bar = printer.progress(usize::MAX);
    let reading = bar.clone();
    let read = move || read(&folder, is_knart, meta, &reading);
    let found = tokio::task::spawn_blocking(read).await.map_err(|error| Failed::new(error.to_string()))??;
    if found.items.is_empty() {
        let message = format!("There is nothing to import in {}.", common.folder.display());
        return Err(Failed::with_code(Code::NotFound, message));
    }
    let entries = bring(found, &common, &client, &bar).await?;
    bar.finish_and_clear();
    Summary::new(common.dry_run, entries).tell(printer)
}

fn read(folder: &Folder, is_knart: bool, meta: Option<String>, bar: &ProgressBar) -> Result<Found, Failed> {
    let each = |count, file: &str| {
        bar.set_length(count as u64);
        bar.set_message(format!("reading {}", printable(file)));
        bar.inc(1);
    };
    if is_knart {
        let (meta, items) = knart::read(folder, each)?;
        return Ok(Found { meta: Some(meta), meta_file: Some(knart::MANIFEST.to_owned()), items });
    }
    let items = fhir::read(folder, each);
    Ok(Found { meta: meta.map(|name| Meta { name, description: None }), meta_file: None, items })
}

/// Brings what was found into the catalogue, and answers what came of each file.
async fn bring(found: Found, common: &Common, client: &Client, bar: &ProgressBar) -> Result<Vec<Entry>, Failed> {
    let license = license(client, common.license.as_deref()).await?;
    let meta_license = self::license(client, common.meta_license.as_deref()).await?;
    let owner = match &common.owner {
        Some(owner) => Some(named(client, &Noun::of::<User>(), User::TABLE.path, owner).await?),
        None => None,
    };
    let (support_url, dry_run) = (common.support_url.clone(), common.dry_run);
    let mut importer = Importer { client, owner, support_url, license, meta: None, dry_run };
    let items = without_doubles(found.items);
    let any = items.iter().any(|item| matches!(item.reading, Reading::Artifact(_)));
    let mut above = None;
    if let (Some(meta), true) = (found.meta, any) {
        let done = importer.put_meta(&meta, meta_license).await?;
        importer.meta = Some(done.product);
        above = Some((meta.name, done));
    }
    let mut entries = all(items, &importer, bar).await;
    if let Some((name, mut done)) = above {
        if entries.iter().any(|entry| entry.published) {
            importer.publish_meta(&mut done).await?;
        }
        entries.insert(0, Entry::done(found.meta_file, name, &done));
    }
    Ok(entries)
}

async fn license(client: &Client, license: Option<&str>) -> Result<Option<uuid::Uuid>, Failed> {
    let Some(license) = license else { return Ok(None) };
    let id = named(client, &Noun::of::<License>(), License::TABLE.path, license).await;
    id.map(Some).map_err(|failed| match failed.code {
        Code::NotFound => failed.hint("Make it with: mkt license create --set name=NAME --set url=URL"),
        _ => failed,
    })
}

/// The same, where of several files that are the same artifact only the first one counts.
fn without_doubles(mut items: Vec<Item>) -> Vec<Item> {
    let mut firsts: HashMap<String, String> = HashMap::new();
    for item in &mut items {
        let Reading::Artifact(artifact) = &item.reading else { continue };
        match firsts.get(&artifact.about.uri) {
            Some(first) => item.reading = Reading::Skipped(format!("the same artifact as {first}")),
            None => drop(firsts.insert(artifact.about.uri.clone(), item.file.clone())),
        }
    }
    items
}

/// Imports several at a time, and answers in their order.
async fn all(items: Vec<Item>, importer: &Importer<'_>, bar: &ProgressBar) -> Vec<Entry> {
    bar.reset();
    bar.set_length(items.len() as u64);
    // Once the marketplace is away, waiting for it anew with each artifact would be of no use.
    let away = AtomicBool::new(false);
    let one = async |item: Item| {
        let Item { file, reading } = item;
        let entry = match reading {
            Reading::Skipped(reason) => Entry::skipped(file, reason),
            Reading::Broken(reason) => Entry::failed(file, format!("{reason}."), Code::Failed),
            Reading::Artifact(artifact) => {
                bar.set_message(artifact.about.name.clone());
                import(file, &artifact, importer, &away).await
            }
        };
        bar.inc(1);
        entry
    };
    iter(items).map(one).buffered(AT_ONCE).collect().await
}

async fn import(file: String, artifact: &Artifact, importer: &Importer<'_>, away: &AtomicBool) -> Entry {
    if away.load(Ordering::Relaxed) {
        return Entry::failed(file, "Not tried: the marketplace is away.".to_owned(), Code::Away);
    }
    match importer.import(artifact).await {
        Ok(done) => Entry::done(Some(file), artifact.about.name.clone(), &done),
        Err(failure) => {
            away.fetch_or(failure.cause == Cause::Away, Ordering::Relaxed);
            let failed = Failed::from(failure);
            Entry::failed(file, failed.message, failed.code)
        }
    }
}
