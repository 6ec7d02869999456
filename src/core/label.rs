//! Product labels: what a build is, who stands behind it and what it needs, in the manner of nutrition facts; and, where
//! a platform is given, whether that has what it needs.
//!
//! `source` is what a label is made from, `find` fetches that from the database, `facts` and `requirements` make the
//! sections of it. [`text`], [`svg`] and [`html`] draw the finished label. All texts of others pass through `words`
//! once, so that every drawing of them is harmless and has its bounds.

mod facts;
mod find;
pub mod html;
mod markup;
mod requirements;
mod source;
mod supply;
pub mod svg;
pub mod text;
mod widths;
mod words;
mod wrap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use self::words::clean;
pub use find::find;
pub use source::Source;
use supply::Supply;

/// What all labels are headed by.
pub const TITLE: &str = "Product Facts";

/// A product label. Its texts are of one line, without control characters, and not long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// The product.
    pub product: Subject,
    /// The build, by its version.
    pub build: Subject,
    /// The platform that was asked about.
    pub platform: Option<Subject>,
    /// What it is and who stands behind it.
    pub facts: Vec<Section>,
    /// What it needs to run.
    pub requirements: Vec<Section>,
    /// What to know about all of this.
    pub notes: Vec<String>,
}

/// What something is known by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Its id.
    pub id: Uuid,
    /// Its name or version.
    pub name: String,
}

/// A part of a label: one question, with its answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// What programs know it by, such as `data_access`.
    pub id: String,
    /// What people read.
    pub title: String,
    /// Whether anything is said about it. A section that is stated and has no rows says that there are none.
    pub stated: bool,
    /// The answers.
    pub rows: Vec<Row>,
    /// How many more there are than rows.
    pub more: usize,
}

/// One of the answers of a section.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// What it is.
    pub name: String,
    /// What stands beside it, such as a price.
    pub value: Option<String>,
    /// More of it, a line each.
    pub details: Vec<String>,
    /// Where it leads: an `http`, `https`, `mailto` or `tel` URL.
    pub url: Option<String>,
    /// Of a requirement, when a platform was asked about: whether that meets it.
    pub met: Option<Verdict>,
}

/// Whether a platform meets a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// The marketplace can't know.
    PleaseVerify,
}

impl Verdict {
    /// As people read it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Yes => "Yes",
            Self::No => "No",
            Self::PleaseVerify => "please verify",
        }
    }
}

impl Section {
    /// What there is to say in one short line: nothing, or a single short answer.
    pub fn in_short(&self) -> Option<&str> {
        match self.rows.as_slice() {
            [] if self.more == 0 => Some(if self.stated { "None" } else { "Not stated" }),
            [row] if self.more == 0 && row.is_plain() => Some(&row.name),
            _ => None,
        }
    }

    /// That there are more answers than rows.
    pub fn rest(&self) -> Option<String> {
        (self.more > 0).then(|| format!("and {} more", self.more))
    }
}

impl Row {
    /// The longest name that stands beside its section's title.
    const SHORT: usize = 32;

    /// A name, and nothing else.
    pub fn plain(name: &str) -> Self {
        Self { name: clean(name), ..Self::default() }
    }

    fn is_plain(&self) -> bool {
        let alone = self.details.is_empty() && self.value.is_none() && self.met.is_none() && self.url.is_none();
        alone && self.name.chars().count() <= Self::SHORT
    }

    /// What stands at its end.
    pub fn end(&self) -> Option<&str> {
        self.met.map(Verdict::words).or(self.value.as_deref())
    }
}

impl Label {
    /// The label of what is known, with verdicts where a platform is given.
    pub fn new(source: &Source, platform: Option<(Subject, Supply)>) -> Self {
        let (platform, supply) = platform.unzip();
        let mut notes = vec![if source.has_manifest {
            "Stated by the maker of the product. The marketplace does not vouch for it.".to_owned()
        } else {
            "This build has no manifest: only what the marketplace knows of it is stated.".to_owned()
        }];
        if supply.is_some() {
            notes.push(
                "Yes and No are judged by what runs, or is about to run, on the platform. What that can't tell, please \
                 verify."
                    .to_owned(),
            );
        }
        Self {
            product: Subject { id: source.product_id, name: clean(&source.product) },
            build: Subject { id: source.build_id, name: clean(&source.version) },
            platform,
            facts: facts::sections(source),
            requirements: requirements::sections(source, supply.as_ref()),
            notes,
        }
    }

    /// What the requirements are headed by.
    pub fn compatibility(&self) -> String {
        match &self.platform {
            Some(platform) => format!("Compatibility with {}", platform.name),
            None => "Compatibility requirements".to_owned(),
        }
    }

    /// The version as people read it.
    pub fn version(&self) -> String {
        format!("Version {}", self.build.name)
    }

    /// The last lines: what to know about the label, and what it is of.
    pub fn small_print(&self) -> Vec<String> {
        let ids = [format!("Product {}", self.product.id), format!("Build {}", self.build.id)];
        self.notes.iter().cloned().chain(ids).collect()
    }
}
