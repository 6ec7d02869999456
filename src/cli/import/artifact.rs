//! What is to be imported: a file, and the product that it becomes.

use std::path::PathBuf;

use uuid::Uuid;

use crate::core::field::{Line, MimeType, Name, Prose, Version};
use crate::core::files::Sha256;

/// The version of what names none.
const FIRST: &str = "1";

/// A file that becomes a product with a build.
#[derive(Debug)]
pub struct Artifact {
    /// Where it is, to be opened.
    pub path: PathBuf,
    pub about: About,
    /// The media type of the file, and so what kind of product it is.
    pub media_type: String,
    pub sha256: Sha256,
}

/// What a file tells of itself.
#[derive(Debug, Clone, Default)]
pub struct About {
    pub name: String,
    pub description: Option<String>,
    /// What identifies it wherever it is; products are found again by it.
    pub uri: String,
    /// Its id where it is from.
    pub external_id: Option<String>,
    pub version: Option<String>,
}

/// What a file of the folder is.
#[derive(Debug)]
pub enum Reading {
    Artifact(Box<Artifact>),
    /// Not for the marketplace, and why.
    Skipped(String),
    /// For the marketplace if it were not broken, and how it is.
    Broken(String),
}

/// A file of the folder, by its path there.
#[derive(Debug)]
pub struct Item {
    pub file: String,
    pub reading: Reading,
}

/// The product above all that are imported.
#[derive(Debug, Clone)]
pub struct Meta {
    pub name: String,
    pub description: Option<String>,
}

impl Artifact {
    /// The id of its product: the same wherever and whenever it is imported, so that it is found again.
    pub fn product_id(&self) -> Uuid {
        id_of("product", &self.about.uri)
    }

    /// The id of the build with this content.
    pub fn build_id(&self, product: Uuid) -> Uuid {
        Uuid::new_v5(&product, self.sha256.as_str().as_bytes())
    }

    /// The versions that its build may have, the best first: its own, and one that no other content has.
    pub fn versions(&self) -> [String; 2] {
        let own = self.about.version.as_deref().unwrap_or(FIRST);
        [own.to_owned(), format!("{own}+{}", &self.sha256.as_str()[..12])]
    }
}

impl Meta {
    /// The id of its product where there is none of its name yet.
    pub fn product_id(&self) -> Uuid {
        id_of("meta-product", &self.name)
    }
}

impl About {
    /// Nothing, if a product can be made of it; else what is wrong.
    pub fn check(&self, media_type: &str) -> Result<(), String> {
        fn lawful<T: std::str::FromStr<Err = String>>(what: &str, text: Option<&str>) -> Result<(), String> {
            let must = |must| format!("its {what} {must}");
            text.map_or(Ok(()), |text| text.parse::<T>().map(drop).map_err(must))
        }
        lawful::<Name>("name", Some(&self.name))?;
        lawful::<Prose>("description", self.description.as_deref())?;
        lawful::<Line>("identifier", Some(&self.uri))?;
        lawful::<Line>("id", self.external_id.as_deref())?;
        lawful::<Version>("version", self.version.as_deref())?;
        lawful::<MimeType>("media type", Some(media_type))
    }
}

fn id_of(kind: &str, text: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("mkt:import:{kind}:{text}").as_bytes())
}

/// A text without what surrounds it, if anything is left.
pub fn told(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
