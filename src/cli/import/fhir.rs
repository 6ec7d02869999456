//! FHIR: each StructureDefinition becomes a product.

use std::fmt;
use std::ops::ControlFlow;
use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::artifact::{About, Artifact, Item, Reading, told};
use super::folder::{Folder, Found, Source};
use super::xml;

const KIND: &str = "StructureDefinition";
const NAMESPACE: &str = "http://hl7.org/fhir";
/// What is read of a resource, all of it at its top.
const FIELDS: [&str; 7] = ["resourceType", "id", "url", "version", "name", "title", "description"];

/// What the files of a folder are.
pub fn read(folder: &Folder, each: impl Fn(usize, &str)) -> Vec<Item> {
    let found = folder.walk();
    let count = found.len();
    let item = |(file, located): Found| {
        each(count, &file);
        let reading = match (format_of(&file), located) {
            _ if folder.ignores(&file) => Reading::Skipped("ignored".to_owned()),
            (None, _) => Reading::Skipped("neither XML nor JSON".to_owned()),
            (_, Err(reason)) => Reading::Broken(reason),
            (Some(format), Ok(path)) => resource(&path, format).unwrap_or_else(Reading::Broken),
        };
        Item { file, reading }
    };
    found.into_iter().map(item).collect()
}

#[derive(Clone, Copy)]
enum Format {
    Xml,
    Json,
}

fn format_of(file: &str) -> Option<Format> {
    match Path::new(file).extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "xml" => Some(Format::Xml),
        "json" => Some(Format::Json),
        _ => None,
    }
}

fn resource(path: &Path, format: Format) -> Result<Reading, String> {
    let mut source = Source::open(path)?;
    let (resource, media_type) = match format {
        Format::Xml => (of_xml(path, &mut source)?, "application/fhir+xml"),
        Format::Json => (of_json(&mut source)?, "application/fhir+json"),
    };
    let Some(resource) = resource else {
        return Ok(Reading::Skipped(format!("not a {KIND}")));
    };
    let about = resource.about()?;
    about.check(media_type)?;
    let sha256 = source.finish()?;
    let media_type = media_type.to_owned();
    Ok(Reading::Artifact(Box::new(Artifact { path: path.to_owned(), about, media_type, sha256 })))
}

/// What stands at the top of a resource, in the order of [`FIELDS`].
#[derive(Default)]
struct Head([Option<String>; FIELDS.len()]);

impl Head {
    fn about(self) -> Result<About, String> {
        let [_, external_id, url, version, name, title, description] = self.0;
        let uri = url.ok_or_else(|| format!("it has no url, by which a {KIND} is known"))?;
        let name = title.or(name).ok_or("it has neither a title nor a name")?;
        Ok(About { name, description, uri, external_id, version })
    }
}

fn of_xml(path: &Path, source: &mut Source) -> Result<Option<Head>, String> {
    let (mut head, mut twice, mut other) = (Head::default(), None, false);
    xml::read(path, source, |element| {
        match element.path {
            [root] if root != KIND || element.namespace != NAMESPACE => {
                other = true;
                return ControlFlow::Break(());
            }
            [_, field] => {
                let place = FIELDS.iter().position(|known| known == field);
                if let (Some(place), Some(value)) = (place, element.attribute("value")) {
                    let before = std::mem::replace(&mut head.0[place], told(value));
                    twice = twice.take().or(before.map(|_| field.clone()));
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    })?;
    match twice {
        Some(field) => Err(format!("it has two fields {field}")),
        None => Ok((!other).then_some(head)),
    }
}

fn of_json(source: &mut Source) -> Result<Option<Head>, String> {
    skip_mark(source)?;
    let mut json = serde_json::Deserializer::from_reader(source);
    let read = Top::deserialize(&mut json).and_then(|top| json.end().map(|()| top));
    let top = match read {
        Ok(top) => top,
        // Lists and texts are lawful, and no resources.
        Err(error) if error.is_data() => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    if top.head.0[0].as_deref() != Some(KIND) {
        return Ok(None);
    }
    match top.wrong {
        Some(field) => Err(format!("its {field} must be one text")),
        None => Ok(Some(top.head)),
    }
}

/// Passes over the byte order mark that some programs write.
fn skip_mark(source: &mut Source) -> Result<(), String> {
    use std::io::BufRead;
    const MARK: &[u8] = b"\xef\xbb\xbf";
    let marked = source.fill_buf().map_err(|error| error.to_string())?.starts_with(MARK);
    if marked {
        source.consume(MARK.len());
    }
    Ok(())
}

/// A resource, of which only the head is kept.
struct Top {
    head: Head,
    /// A field that is not what it must be in what we look for; in others it may be.
    wrong: Option<String>,
}

impl<'de> Deserialize<'de> for Top {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Top;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a FHIR resource")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Top, A::Error> {
        let mut top = Top { head: Head::default(), wrong: None };
        while let Some(field) = fields.next_key::<String>()? {
            let Some(place) = FIELDS.iter().position(|known| *known == field) else {
                fields.next_value::<IgnoredAny>()?;
                continue;
            };
            match (fields.next_value::<Value>()?, &mut top.head.0[place]) {
                (Value::String(text), empty @ None) => *empty = told(&text),
                _ => top.wrong = Some(field),
            }
        }
        Ok(top)
    }
}
