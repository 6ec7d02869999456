//! HL7 knowledge artifacts: a manifest lists them, and each tells of itself.

use std::io::BufReader;
use std::ops::ControlFlow;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::artifact::{About, Artifact, Item, Meta, Reading, told};
use super::folder::{Folder, Source};
use super::xml;
use crate::cli::error::{Code, Failed};

/// The file that lists the others.
pub const MANIFEST: &str = "manifest.json";
/// The media types of what becomes a product.
const KINDS: [&str; 2] =
    ["application/hl7-cds-knowledge-artifact-1.3+xml", "application/hl7-cds-knowledge-artifact-composite+xml"];
const ROOTS: [&str; 2] = ["knowledgeDocument", "compositeKnowledgeDocument"];
const NAMESPACES: &str = "urn:hl7-org:knowledgeartifact:";

#[derive(Deserialize)]
struct Manifest {
    name: String,
    description: Option<String>,
    #[serde(default)]
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    name: Option<String>,
    /// Each is read on its own, so that a broken one spoils no others.
    #[serde(default)]
    items: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    name: String,
    path: String,
    mime_type: String,
    #[serde(default)]
    tags: Vec<String>,
}

/// What the manifest of a folder lists.
pub fn read(folder: &Folder, each: impl Fn(usize, &str)) -> Result<(Meta, Vec<Item>), Failed> {
    let manifest = manifest(folder)?;
    let meta =
        Meta { name: manifest.name.trim().to_owned(), description: manifest.description.as_deref().and_then(told) };
    let count = manifest.groups.iter().map(|group| group.items.len()).sum();
    let mut items = Vec::with_capacity(count);
    for (number, group) in manifest.groups.into_iter().enumerate() {
        for (place, entry) in group.items.into_iter().enumerate() {
            items.push(match serde_json::from_value::<Entry>(entry) {
                Ok(entry) => {
                    each(count, &entry.path);
                    let reading = listed(folder, group.name.as_deref(), &entry).unwrap_or_else(Reading::Broken);
                    Item { file: entry.path, reading }
                }
                Err(error) => Item {
                    file: format!("{MANIFEST}: groups[{number}].items[{place}]"),
                    reading: Reading::Broken(error.to_string()),
                },
            });
        }
    }
    Ok((meta, items))
}

fn manifest(folder: &Folder) -> Result<Manifest, Failed> {
    let failed = |reason: String| Failed::new(format!("{MANIFEST}: {reason}."));
    let path = folder.locate(MANIFEST).map_err(|reason| {
        Failed::with_code(Code::NotFound, format!("{MANIFEST}: {reason}."))
            .hint("Name the folder whose manifest.json lists the artifacts.")
    })?;
    let file = std::fs::File::open(path).map_err(|error| failed(error.to_string()))?;
    let manifest: Manifest =
        serde_json::from_reader(BufReader::new(file)).map_err(|error| failed(error.to_string()))?;
    if manifest.name.trim().is_empty() {
        return Err(failed("its name is blank; the product above all artifacts is called so".to_owned()));
    }
    Ok(manifest)
}

/// What an entry of the manifest is.
fn listed(folder: &Folder, group: Option<&str>, entry: &Entry) -> Result<Reading, String> {
    if folder.ignores(&entry.path) {
        return Ok(Reading::Skipped("ignored".to_owned()));
    }
    if !KINDS.contains(&entry.mime_type.as_str()) {
        return Ok(Reading::Skipped(format!("another kind: {}", entry.mime_type)));
    }
    let path = folder.locate(&entry.path)?;
    let mut source = Source::open(&path)?;
    let about = About { name: name(group, entry), ..metadata(&path, &mut source)? };
    about.check(&entry.mime_type)?;
    let sha256 = source.finish()?;
    let media_type = entry.mime_type.clone();
    Ok(Reading::Artifact(Box::new(Artifact { path, about, media_type, sha256 })))
}

/// What people call an artifact: its group, its own name, and its tags.
fn name(group: Option<&str>, entry: &Entry) -> String {
    let names: Vec<&str> = group.into_iter().chain([entry.name.as_str()]).map(str::trim).collect();
    let name = names.join(": ");
    if entry.tags.is_empty() { name } else { format!("{name} ({})", entry.tags.join(", ")) }
}

/// What an artifact tells of itself, apart from its name. It is read to its end: one that is broken later is broken.
fn metadata(path: &Path, source: &mut Source) -> Result<About, String> {
    let (mut about, mut other) = (About::default(), None);
    xml::read(path, source, |element| {
        match element.path {
            [root] if !ROOTS.contains(&root.as_str()) || !element.namespace.starts_with(NAMESPACES) => {
                other = Some(root.clone());
                return ControlFlow::Break(());
            }
            [_, metadata, field] if metadata == "metadata" && field == "description" => {
                about.description = element.attribute("value").and_then(told);
            }
            [_, metadata, _, identifier] if metadata == "metadata" && identifier == "identifier" => {
                identify(&mut about, element);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    })?;
    match other {
        Some(root) => Err(format!("it is not a knowledge artifact: its root element is <{root}>")),
        None if about.uri.is_empty() => {
            Err("its metadata has no <identifier> with a root, by which it is known".to_owned())
        }
        None => Ok(about),
    }
}

/// Takes the first identifier: that is the artifact's, others are those of contracts and the like.
fn identify(about: &mut About, element: &xml::Element<'_>) {
    let get = |name| element.attribute(name).and_then(told);
    let (true, true, Some(root)) =
        (about.uri.is_empty(), element.path.get(2).is_some_and(|list| list == "identifiers"), get("root"))
    else {
        return;
    };
    about.external_id = get("extension");
    about.uri = about.external_id.as_ref().map_or_else(|| root.clone(), |extension| format!("{root}:{extension}"));
    about.version = get("version");
}
