//! `mkt label`

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::Value;
use uuid::Uuid;

use super::error::{Code, Failed};
use super::global::{Global, Output};
use super::output::{Printer, cell};
use super::package::{MANIFEST, Package, unreadable};
use super::resource::{Noun, id};
use crate::client::Client;
use crate::core::label::{Label, Source, html, svg, text};
use crate::core::manifest::{Manifest, Severity};
use crate::core::model::{Build, Platform, Product};
use crate::core::resource::Resource;

/// Show the label of a build: what it is, who stands behind it, and what it needs to run
///
/// With --platform it tells of each requirement whether that platform meets it. The label of a marketplace.json takes no
/// marketplace.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The product by name or id, its newest build or that of a version; or the path of a manifest, such as ./marketplace.json
    #[arg(value_name = "PRODUCT[@VERSION]|PATH", required_unless_present = "manifest")]
    subject: Option<String>,

    /// A manifest, or a folder that has a marketplace.json
    #[arg(long, value_name = "PATH", conflicts_with = "subject")]
    manifest: Option<PathBuf>,

    /// The platform to compare with, by name or id
    #[arg(long, value_name = "NAME|ID", conflicts_with = "manifest")]
    platform: Option<String>,

    /// In which form [default: as the file's name ends, else text]
    #[arg(long, value_enum)]
    format: Option<Format>,

    /// Where to write it [default: stdout]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// A form of the label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// 80 columns of text.
    #[value(alias = "txt")]
    Text,
    /// A picture.
    Svg,
    /// A page.
    Html,
    /// As the API has it.
    Json,
}

pub async fn run(args: Args, global: &Global, printer: &Printer) -> Result<(), Failed> {
    let label = match args.manifest.clone().or_else(|| path_in(args.subject.as_deref()?)) {
        Some(_) if args.platform.is_some() => {
            let message = "A manifest can't be compared with a platform: publish it first, then name the product.";
            return Err(Failed::with_code(Code::Usage, message));
        }
        Some(path) => json(&Label::new(&Source::from(&read(&path, printer)?), None))?,
        None => fetch(&global.client()?, &args).await?,
    };
    print(&label, &args, printer)
}

/// The path that a subject is, as opposed to a product's name.
fn path_in(subject: &str) -> Option<PathBuf> {
    let path = Path::new(subject);
    let looks = path.is_absolute() || path.starts_with(".") || path.starts_with("..");
    (looks || path.extension().is_some_and(|extension| extension == "json")).then(|| path.to_owned())
}

/// The manifest in a file or folder, if nothing keeps it from being published.
fn read(path: &Path, printer: &Printer) -> Result<Manifest, Failed> {
    let path = if path.is_dir() { path.join(MANIFEST) } else { path.to_owned() };
    let package = Package::read(&path).map_err(|error| unreadable(&path, &error))?;
    if package.manifest.is_none() {
        package.show(printer);
    }
    let errors = package.count(Severity::Error);
    package.manifest.ok_or_else(|| Failed::new(format!("{} has {errors} errors.", path.display())))
}

/// The label of a build, as the marketplace has it.
async fn fetch(client: &Client, args: &Args) -> Result<Value, Failed> {
    let (product, build) = find(client, args.subject.as_deref().unwrap_or_default()).await?;
    let mut parameters = Vec::new();
    if let Some(platform) = &args.platform {
        let path = Platform::TABLE.flat.unwrap_or(Platform::TABLE.path);
        parameters.push(("platform", id(client, &Noun::of::<Platform>(), path, platform).await?.to_string()));
    }
    let path = format!("{}/{build}/label", Build::TABLE.path_under(&[product]));
    Ok(client.get(&path, &parameters).await?)
}

/// The product and the build that a subject names. Names may have an @ of their own.
async fn find(client: &Client, subject: &str) -> Result<(Uuid, Uuid), Failed> {
    let product = async |name: &str| id(client, &Noun::of::<Product>(), Product::TABLE.path, name).await;
    let Some((name, version)) =
        subject.rsplit_once('@').filter(|(name, version)| !name.is_empty() && !version.is_empty())
    else {
        return newest(client, product(subject).await?).await;
    };
    match product(name).await {
        Ok(product) => {
            let builds = Build::TABLE.path_under(&[product]);
            Ok((product, id(client, &Noun::of::<Build>(), &builds, version).await?))
        }
        Err(unknown) if unknown.code == Code::NotFound => match product(subject).await {
            Ok(product) => newest(client, product).await,
            Err(_) => Err(unknown),
        },
        Err(failed) => Err(failed),
    }
}

/// A product with its newest build: of those that are public, else of all that may be seen.
async fn newest(client: &Client, product: Uuid) -> Result<(Uuid, Uuid), Failed> {
    let found: Value = client.collection_at(Product::TABLE.path.to_owned()).find(product).await?;
    let public = found["latest_build"]["id"].as_str().and_then(|id| id.parse().ok());
    if let Some(build) = public {
        return Ok((product, build));
    }
    let order = [("sort", "ordinal".to_owned()), ("order", "descending".to_owned()), ("per_page", "1".to_owned())];
    let builds = client.collection_at::<Value>(Build::TABLE.path_under(&[product])).list(&order).await?.results;
    let build = builds.first().and_then(|build| build["id"].as_str()?.parse().ok());
    let none = || {
        Failed::with_code(Code::NotFound, format!("The product {} has no build, or you may not see it.", found["name"]))
    };
    build.map(|build| (product, build)).ok_or_else(none)
}

fn print(label: &Value, args: &Args, printer: &Printer) -> Result<(), Failed> {
    let by_name = args.file.as_deref().and_then(|file| Format::from_str(file.extension()?.to_str()?, true).ok());
    let format = args.format.or(by_name);
    match (&args.file, format) {
        (None, None) if printer.output != Output::Table => {
            printer.value(label, |_| String::new(), |label| vec![cell(&label["build"]["id"])])
        }
        (None, format) => printer.data(&drawn(label, format.unwrap_or(Format::Text), |text| printer.heading(text))?),
        (Some(file), format) => {
            let content = drawn(label, format.unwrap_or(Format::Text), str::to_owned)? + "\n";
            std::fs::write(file, content)
                .map_err(|error| Failed::new(format!("Can't write {}: {error}.", file.display())))?;
            printer.note(&format!("Written: {}", file.display()));
            Ok(())
        }
    }
}

fn drawn(label: &Value, format: Format, heading: impl Fn(&str) -> String) -> Result<String, Failed> {
    if format == Format::Json {
        return serde_json::to_string_pretty(label).map_err(|error| Failed::new(error.to_string()));
    }
    let label: Label = serde_json::from_value(label.clone())
        .map_err(|error| Failed::new(format!("The marketplace answered no label: {error}.")))?;
    Ok(match format {
        Format::Text | Format::Json => text::draw(&label, heading),
        Format::Svg => svg::draw(&label),
        Format::Html => html::draw(&label),
    })
}

fn json(label: &Label) -> Result<Value, Failed> {
    serde_json::to_value(label).map_err(|error| Failed::new(error.to_string()))
}
