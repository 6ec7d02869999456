//! `marketplace.json`: the file at the root of a product's source that says what the product is and how it runs.
//! [`check`] reads one and tells everything that is wrong with it, at once.
//!
//! What the file may say is written down where it is read: one function for each of its objects, in `document`,
//! `product`, `facts`, `build`, `interfaces`, `image` and `configuration`. They ask for keys through
//! `reader` and read them through `field`, which report what is missing, mistyped or unknown; `text` has the
//! rules for texts. `source` makes a tree with positions of the file, and `diagnostic` puts the findings in the
//! file's order. `beside` is for whoever has the files that the manifest names.

mod beside;
mod build;
mod configuration;
mod diagnostic;
mod document;
mod facts;
mod field;
mod image;
mod interfaces;
mod product;
mod reader;
mod source;
mod text;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jsonc_parser::common::Range;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::files::{FileKind, Sha256};
pub use beside::{Fault, Look};
pub use diagnostic::{Diagnostic, Severity};
pub use source::LARGEST;

/// What editors on Windows put first. It shows nowhere and takes no column.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// What [`check`] found in a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The manifest: there exactly when no diagnostic is an error.
    pub manifest: Option<Manifest>,
    /// What is wrong, in the order of the document.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a `marketplace.json` and reports everything that is wrong with it.
///
/// Errors are what makes it impossible to publish; warnings are what the official schema or good practice asks for
/// beyond that.
pub fn check(text: &str) -> Checked {
    checked(text, None)
}

/// As [`check`], for a file as it is read, with a look at the files that it names: they are beside the manifest, where
/// that is known. Gives its text, too; what is not UTF-8 has one error, where that begins.
///
/// Of larger files than [`LARGEST`] a byte more is enough.
pub fn check_file(bytes: &[u8], look: Option<&Look>) -> (String, Checked) {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK.as_bytes()).unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes.get(..=LARGEST).unwrap_or(bytes));
    let checked = match std::str::from_utf8(bytes) {
        Err(error) if bytes.len() <= LARGEST => not_utf8(&text, error.valid_up_to()),
        _ => checked(&text, look),
    };
    (text.into_owned(), checked)
}

/// That a text is not UTF-8 from this byte on.
fn not_utf8(text: &str, at: usize) -> Checked {
    let report = diagnostic::Report::new(None);
    // What stands there now is the replacement character.
    let at = Range::new(at, at + char::REPLACEMENT_CHARACTER.len_utf8());
    let help = "Save it with the encoding UTF-8; a file that begins so may be in UTF-16, as some editors write it.";
    report.add(Severity::Error, at, "", "is not UTF-8 text here", help);
    Checked { manifest: None, diagnostics: report.finish(text) }
}

fn checked(text: &str, look: Option<&Look>) -> Checked {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let report = diagnostic::Report::new(look);
    let manifest = source::parse(text, &report).and_then(|source| document::read(source, &report));
    let diagnostics = report.finish(text);
    let refused = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    Checked { manifest: manifest.filter(|_| !refused), diagnostics }
}

/// A `marketplace.json`: what the marketplace reads of it, and the whole document as written.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The root of the marketplace that it is for, an `http` or `https` URL.
    pub marketplace_url: Option<String>,
    /// What is published.
    pub product: Product,
    /// The version of it that this manifest belongs to.
    pub build: Build,
    /// The ways to run the build; at least one.
    pub configurations: Vec<Configuration>,
    /// The whole document, including what the marketplace has no use for.
    pub content: Value,
}

/// The product: what is the same in all its builds, or shown with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    /// Its id, which its maker chose.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// What it is and does.
    pub description: Option<String>,
    /// Where to turn to for help: an `http`, `https`, `mailto` or `tel` URL.
    pub support_url: Option<String>,
    /// The language that it speaks, as a BCP 47 tag.
    pub locale: Option<String>,
    /// What kind of thing it is, when the manifest names a valid MIME type.
    pub mime_type: Option<String>,
    /// The licences that it is offered under: no name and no URL twice.
    pub licenses: Vec<LicenseRef>,
}

impl Manifest {
    /// The medical domains that it names, each once. Commas separate them, as they do in filters.
    pub fn domains(&self) -> BTreeSet<&str> {
        let named = self.content["product"]["facts"]["domain"].as_array().into_iter().flatten();
        named
            .filter_map(Value::as_str)
            .flat_map(|names| names.split(','))
            .map(str::trim)
            .filter(|name| (1..=255).contains(&name.chars().count()))
            .collect()
    }
}

/// A licence by its name and the address of its terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LicenseRef {
    /// Its name.
    pub name: String,
    /// Where its terms are, an `http` or `https` URL.
    pub url: String,
}

/// One version of the product, with what it needs and offers. It has an image, an asset, or both.
#[derive(Debug, Clone, PartialEq)]
pub struct Build {
    /// Its id, which its maker chose.
    pub id: Uuid,
    /// Its version, without white space; the image's tag where the manifest states none.
    pub version: String,
    /// What is new in it.
    pub release_notes: Option<String>,
    /// The container image that it runs from.
    pub image: Option<Image>,
    /// The file that it consists of, as a path inside the manifest's folder.
    pub asset: Option<String>,
    /// The picture that stands for the product, as a path inside the manifest's folder.
    pub logo: Option<String>,
    /// Pictures of the product; no caption twice.
    pub screenshots: Vec<Screenshot>,
    /// What these files consist of, by their paths; who publishes the manifest adds what it does not say.
    pub digests: BTreeMap<String, Sha256>,
    /// The interfaces that it offers to others; none twice in the same version.
    pub exposes: Vec<Exposed>,
    /// The interfaces that it needs of others.
    pub requires: Vec<Required>,
    /// The products that it needs: those of `build.dependency` and of `facts.runtime_dependencies`.
    pub dependencies: Vec<RuntimeDependency>,
}

impl Build {
    /// The files that it names, each with what it must be.
    pub fn files(&self) -> impl Iterator<Item = (FileKind, &str)> {
        let image = |path| (FileKind::Image, path);
        let asset = self.asset.as_deref().map(|path| (FileKind::Asset, path));
        let pictures = self.screenshots.iter().map(|picture| picture.path.as_str());
        asset.into_iter().chain(self.logo.as_deref().into_iter().chain(pictures).map(image))
    }
}

/// A container image. [`Image::name`] and its `Display` give what a container runtime calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its registry as the manifest writes it: a URL, or the host that the image's name starts with.
    pub registry: Option<String>,
    /// Its repository in the registry, without the host.
    pub repository: String,
    /// Its tag.
    pub tag: Option<String>,
    /// The digest of its content, such as `sha256:…`.
    pub digest: Option<String>,
}

/// A picture of the product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screenshot {
    /// Its file, as a path inside the manifest's folder.
    pub path: String,
    /// What it shows.
    pub caption: String,
}

/// An interface that the build offers to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposed {
    /// What identifies the interface in all its versions.
    pub uri: String,
    /// The version offered.
    pub version: String,
    /// The values that those who depend on it get, such as its address; no name twice.
    pub parameters: Vec<ExposedParameter>,
}

/// A value that an exposed interface gives to those who depend on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExposedParameter {
    /// Its name.
    pub name: String,
    /// Whether it is always given.
    pub required: bool,
}

/// An interface that the build needs of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Required {
    /// What identifies the interface in all its versions.
    pub uri: String,
    /// The versions that will do, as written.
    pub version: String,
    /// Whether the build can't run without it; so unless the manifest says otherwise.
    pub required: bool,
    /// Which of its parameters go to which environment variables.
    pub mappings: Map<String, Value>,
}

/// A product that the build needs at run time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RuntimeDependency {
    /// The product, which need not be in this marketplace.
    pub product_id: Uuid,
    /// Those of its builds that will do; none means any.
    pub build_ids: Vec<Uuid>,
    /// What the manifest calls it.
    pub name: Option<String>,
    /// The interface of it that is used.
    pub interface_id: Option<Uuid>,
    /// Whether the build can't run without it; so unless the manifest says otherwise.
    pub required: bool,
    /// Which of its parameters go to which environment variables.
    pub mappings: Map<String, Value>,
}

/// A way to run the build.
#[derive(Debug, Clone, PartialEq)]
pub struct Configuration {
    /// Its name, unique in the manifest. One that has no `name` is called `default` if it is the default one, and
    /// otherwise `configuration N` after its place.
    pub name: String,
    /// Whether it is the one to take when none is chosen; at most one is.
    pub default: bool,
    /// The processes that it consists of; at least one.
    pub tasks: Vec<Task>,
}

/// A process that runs as part of a configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Its name, unique in the configuration.
    pub label: String,
    /// The least memory that an instance needs, in MiB.
    pub memory_minimum: Option<i64>,
    /// The most memory that an instance may take, in MiB.
    pub memory_maximum: Option<i64>,
    /// The fewest instances to run. 0 where the manifest says nothing: the official schema allows 0 and names no
    /// default, so that a task which states no minimum asks for none.
    pub instances_minimum: i64,
    /// The most instances to run; 0, also where the manifest says nothing, is without limit.
    pub instances_maximum: i64,
    /// Arguments of the command line.
    pub options: Vec<String>,
    /// TCP ports that it serves.
    pub ports: Vec<i64>,
    /// When it runs, as the five fields of cron; none means always.
    pub cron: Option<String>,
    /// The environment variables that it is configured by; no key twice.
    pub environment: Vec<Variable>,
}

/// An environment variable that a task is configured by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// Its name: capital letters, digits and underscores.
    pub key: String,
    /// What it does; empty where the manifest doesn't say.
    pub description: String,
    /// Whether the task can't start without a value.
    pub required: bool,
    /// The value when none is given.
    pub default: Option<String>,
    /// A regular expression that values must match.
    pub pattern: Option<String>,
}
