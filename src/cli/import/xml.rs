//! XML read element by element, in bounded memory. Nothing of a document type is ever obeyed, and no entities but those of
//! XML itself are known, so none grow or reach out.

use std::io::BufRead;
use std::ops::ControlFlow;
use std::path::Path;

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

use super::folder::{Source, line_at};

/// The most elements in one another.
const DEEPEST: usize = 512;

const TYPED: &str = "it has a document type, through which files can do harm: remove <!DOCTYPE …>";

/// An element as it begins.
pub struct Element<'a> {
    /// The names of the elements that it is in, outermost first, and its own.
    pub path: &'a [String],
    pub namespace: &'a str,
    attributes: Vec<(String, String)>,
}

/// Why a document can't be read, and where, in bytes.
struct Broken {
    offset: u64,
    message: String,
}

impl Element<'_> {
    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// Shows each element of the file at a path to `visit` as it begins, to the end of the document, unless `visit` has seen
/// enough.
pub fn read(
    path: &Path,
    source: &mut Source,
    visit: impl FnMut(&Element<'_>) -> ControlFlow<()>,
) -> Result<(), String> {
    elements(source, visit).map_err(|Broken { offset, message }| match line_at(path, offset) {
        Some(line) => format!("in line {line}: {message}"),
        None => message,
    })
}

fn elements(source: impl BufRead, mut visit: impl FnMut(&Element<'_>) -> ControlFlow<()>) -> Result<(), Broken> {
    let mut reader = NsReader::from_reader(source);
    reader.config_mut().enable_all_checks(true);
    let mut document = Document::default();
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        let start = reader.buffer_position();
        let event = match reader.read_event_into(&mut buffer) {
            Ok(event) => event,
            Err(error) => return Err(Broken { offset: reader.error_position(), message: told(error) }),
        };
        let at = |message| Broken { offset: start, message };
        match event {
            Event::Start(element) => {
                let namespace = reader.resolver().resolve_element(element.name()).0;
                if document.begin(&element, namespace, &mut visit).map_err(at)?.is_break() {
                    return Ok(());
                }
            }
            Event::Empty(element) => {
                let namespace = reader.resolver().resolve_element(element.name()).0;
                if document.begin(&element, namespace, &mut visit).map_err(at)?.is_break() {
                    return Ok(());
                }
                document.end();
            }
            Event::End(_) => document.end(),
            Event::Text(text) => document.text(text.trim().is_empty()).map_err(at)?,
            Event::CData(_) => document.text(false).map_err(at)?,
            Event::GeneralRef(reference) => {
                document.text(false).and_then(|()| known(&reference)).map_err(at)?;
            }
            Event::DocType(_) => document.typed = true,
            Event::Decl(declaration) => in_utf8(&declaration).map_err(at)?,
            Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => return document.finish().map_err(at),
        }
    }
}

/// What is known of a document so far.
#[derive(Default)]
struct Document {
    path: Vec<String>,
    /// Whether its root has begun.
    rooted: bool,
    /// Whether it declares a type, with which entities could be declared.
    typed: bool,
}

impl Document {
    fn begin(
        &mut self,
        element: &BytesStart<'_>,
        namespace: ResolveResult<'_>,
        visit: &mut impl FnMut(&Element<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, String> {
        let name = element.local_name().as_ref().to_owned();
        if self.rooted && self.path.is_empty() {
            return Err(format!("there is a second root, <{name}>"));
        }
        if self.path.len() == DEEPEST {
            return Err(format!("more than {DEEPEST} elements are in one another"));
        }
        let namespace = match namespace {
            ResolveResult::Bound(namespace) => namespace.0.to_owned(),
            ResolveResult::Unbound => String::new(),
            ResolveResult::Unknown(prefix) => return Err(format!("the prefix {prefix}: is not declared")),
        };
        let attributes = attributes(element)?;
        self.path.push(name);
        let flow = visit(&Element { path: &self.path, namespace: &namespace, attributes });
        self.rooted = true;
        if flow.is_continue() && self.typed {
            return Err(TYPED.to_owned());
        }
        Ok(flow)
    }

    fn end(&mut self) {
        self.path.pop();
    }

    fn text(&self, blank: bool) -> Result<(), String> {
        if blank || !self.path.is_empty() {
            Ok(())
        } else {
            Err("there is text outside of the root element".to_owned())
        }
    }

    fn finish(&self) -> Result<(), String> {
        match self.path.last() {
            Some(open) => Err(format!("it ends before </{open}>")),
            None if self.rooted && self.typed => Err(TYPED.to_owned()),
            None if self.rooted => Ok(()),
            None => Err("it is empty".to_owned()),
        }
    }
}

fn attributes(element: &BytesStart<'_>) -> Result<Vec<(String, String)>, String> {
    let read = |attribute: Result<quick_xml::events::attributes::Attribute<'_>, _>| {
        let attribute = attribute.map_err(told)?;
        let value = attribute.normalized_value(XmlVersion::Explicit1_0).map_err(told)?;
        Ok((attribute.key.as_ref().to_owned(), value.into_owned()))
    };
    element.attributes().map(read).collect()
}

/// Nothing, if a reference stands for a character.
fn known(reference: &BytesRef<'_>) -> Result<(), String> {
    let character = reference.resolve_char_ref().map_err(told)?;
    match character {
        None if resolve_predefined_entity(reference).is_none() => {
            let name: &str = reference;
            Err(format!("the entity &{name}; is not known: write the character itself"))
        }
        _ => Ok(()),
    }
}

fn in_utf8(declaration: &BytesDecl<'_>) -> Result<(), String> {
    let Some(encoding) = declaration.encoding() else { return Ok(()) };
    let encoding = encoding.map_err(told)?;
    if ["utf-8", "utf8", "us-ascii"].iter().any(|known| encoding.eq_ignore_ascii_case(known)) {
        return Ok(());
    }
    Err(format!("its encoding is {encoding}: save it as UTF-8"))
}

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}
