//! One value of a document, read as what it has to be. Each way to read it reports what is wrong with it, with the
//! field's example as help, and gives none, so that reading goes on and one run finds everything.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::ops::RangeInclusive;

use jsonc_parser::ast::Value;
use jsonc_parser::common::{Range, Ranged};
use serde::Serialize;
use serde_json::Map;
use uuid::Uuid;

use super::beside::Fault;
use super::diagnostic::{Report, Severity, shown};
use super::reader::Object;
use super::text::{self, FILE, NAME, Text};
use crate::core::files::FileKind;

/// The most bytes of a list or object that the marketplace stores as JSON.
const LARGEST: usize = 64 * 1024;

/// The value of a key, or an entry of a list, which may be absent.
pub(super) struct Field<'a> {
    pub(super) key: &'static str,
    pub(super) path: String,
    pub(super) at: Range,
    pub(super) value: Option<&'a Value<'a>>,
    pub(super) example: &'static str,
    pub(super) severity: Severity,
    pub(super) report: &'a Report<'a>,
}

impl<'a> Field<'a> {
    /// The document itself.
    pub(super) fn root(value: &'a Value<'a>, report: &'a Report<'a>) -> Self {
        let severity = Severity::Error;
        Self { key: "", path: String::new(), at: value.range(), value: Some(value), example: "", severity, report }
    }

    /// Whether there is a value.
    pub(super) fn given(&self) -> bool {
        self.value.is_some()
    }

    /// The field, which has to be there.
    pub(super) fn present(self) -> Self {
        if !self.given() {
            self.report(self.severity, "is missing", format!("Add {:?}: {}.", self.key, self.example));
        }
        self
    }

    /// The field, whose malformed value only merits a warning.
    pub(super) fn leniently(self) -> Self {
        Self { severity: Severity::Warning, ..self }
    }

    /// The field, whose list needs an entry.
    pub(super) fn not_empty(self) -> Self {
        if matches!(self.value, Some(Value::Array(list)) if list.elements.is_empty()) {
            self.breaks(self.severity, "must not be empty");
        }
        self
    }

    /// Reports what is wrong with the field.
    pub(super) fn report(&self, severity: Severity, message: impl Into<String>, help: impl Into<String>) {
        self.report.add(severity, self.at, &self.path, message, help);
    }

    /// Reports that the field breaks a rule, with its example for help.
    pub(super) fn breaks(&self, severity: Severity, message: impl Into<String>) {
        self.report(severity, message, self.help());
    }

    fn help(&self) -> String {
        match self.key {
            "" => "Start with { and end with }.".into(),
            key => format!("Write it as {key:?}: {}.", self.example),
        }
    }

    /// Reports a value of another type than `wanted`.
    fn mistyped(&self, wanted: &str) {
        let found = match self.value {
            None => return,
            Some(Value::StringLit(_)) => "text",
            Some(Value::NumberLit(_)) => "a number",
            Some(Value::BooleanLit(_)) => "true or false",
            Some(Value::Object(_)) => "an object",
            Some(Value::Array(_)) => "a list",
            Some(Value::NullKeyword(_)) => "null",
        };
        self.breaks(Severity::Error, format!("must be {wanted}, but is {found}"));
    }

    fn string(&self) -> Option<&'a str> {
        match self.value {
            Some(Value::StringLit(text)) => Some(&text.value),
            _ => {
                self.mistyped("text");
                None
            }
        }
    }

    /// A text of this kind.
    pub(super) fn text(&self, kind: &Text) -> Option<String> {
        let text = self.string()?;
        let length = if kind.prose { text.len() } else { text.chars().count() };
        if length > kind.most {
            let unit = if kind.prose { "bytes" } else { "characters" };
            let message = format!("has {length} {unit}, but may have {} at most", kind.most);
            self.report(Severity::Error, message, "Shorten it.");
            return None;
        }
        if !kind.prose && text.contains(['\n', '\r', '\t']) {
            self.breaks(Severity::Error, "must be one line, but has a line break or a tab");
            return None;
        }
        if !(kind.holds)(text) {
            self.breaks(self.severity, format!("{}, but is {}", kind.must, shown(text)));
            return None;
        }
        Some(text.to_owned())
    }

    /// A file beside the manifest.
    pub(super) fn file(&self, kind: FileKind) -> Option<String> {
        let path = self.text(&FILE)?;
        if let Some(look) = self.report.look
            && let Err(Fault { severity, message, help }) = look(&path, kind)
        {
            self.report(severity, message, help);
        }
        Some(path)
    }

    /// A name that none of the others has.
    pub(super) fn name_unlike(&self, others: &mut HashSet<String>) -> Option<String> {
        let name = self.text(&NAME)?;
        if !others.insert(name.clone()) {
            let message = format!("must differ from the others, but {} is there already", shown(&name));
            self.report(self.severity, message, "Give each a name of its own.");
        }
        Some(name)
    }

    /// One of these words.
    pub(super) fn one_of(&self, words: &[&str]) {
        if let Some(text) = self.string()
            && !words.contains(&text)
        {
            self.breaks(self.severity, format!("must be one of {}, but is {}", words.join(", "), shown(text)));
        }
    }

    /// A UUID.
    pub(super) fn uuid(&self) -> Option<Uuid> {
        let text = self.string()?;
        let uuid = text::uuid(text);
        if uuid.is_none() {
            self.breaks(self.severity, format!("must be a UUID, but is {}", shown(text)));
        }
        uuid
    }

    /// True or false.
    pub(super) fn flag(&self) -> Option<bool> {
        match self.value {
            Some(Value::BooleanLit(flag)) => Some(flag.value),
            _ => {
                self.mistyped("true or false");
                None
            }
        }
    }

    /// A whole number in this range. The official schema says only "number", so that `128.0` is one too.
    pub(super) fn whole(&self, range: RangeInclusive<i64>) -> Option<i64> {
        let Some(Value::NumberLit(number)) = self.value else {
            self.mistyped("a whole number");
            return None;
        };
        let whole = number.value.parse().ok().or_else(|| {
            let number: f64 = number.value.parse().ok()?;
            (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64)
        });
        let whole = whole.filter(|whole| range.contains(whole));
        if whole.is_none() {
            let (least, most) = range.into_inner();
            let message = format!("must be a whole number from {least} to {most}, but is {}", Short(number.value));
            self.breaks(Severity::Error, message);
        }
        whole
    }

    /// An object.
    pub(super) fn object(&self) -> Option<Object<'a>> {
        match self.value {
            Some(Value::Object(node)) => {
                Some(Object { node, path: self.path.clone(), asked: RefCell::default(), report: self.report })
            }
            _ => {
                self.mistyped("an object");
                None
            }
        }
    }

    /// The entries of a list.
    pub(super) fn entries(&self) -> Vec<Field<'a>> {
        let Some(Value::Array(list)) = self.value else {
            self.mistyped("a list");
            return Vec::new();
        };
        let entry = |(place, value): (usize, &'a Value)| {
            let path = format!("{}[{place}]", self.path);
            Field { path, at: value.range(), value: Some(value), ..*self }
        };
        list.elements.iter().enumerate().map(entry).collect()
    }

    /// The objects of a list.
    pub(super) fn objects(&self) -> Vec<Object<'a>> {
        self.entries().iter().filter_map(Field::object).collect()
    }

    /// Any object, also one written as text, as the official schema has it.
    pub(super) fn map(&self) -> Map<String, serde_json::Value> {
        let map = match self.value {
            None => Map::new(),
            Some(Value::Object(object)) => match Value::Object(object.clone()).into() {
                serde_json::Value::Object(map) => map,
                _ => Map::new(),
            },
            Some(Value::StringLit(text)) if text.value.trim().is_empty() => Map::new(),
            Some(Value::StringLit(text)) => json_object(&text.value).unwrap_or_else(|| {
                self.breaks(Severity::Warning, "is text that is no JSON object, and so is ignored");
                Map::new()
            }),
            Some(_) => {
                self.mistyped("an object");
                Map::new()
            }
        };
        self.fitting(map)
    }

    /// A value read from the field, unless it takes too many bytes as JSON.
    pub(super) fn fitting<T: Serialize>(&self, value: T) -> T {
        let bytes = serde_json::to_string(&value).map_or(0, |json| json.len());
        if bytes > LARGEST {
            let message = format!("has {bytes} bytes of JSON, but may have {LARGEST} at most");
            self.report(Severity::Error, message, "Shorten it.");
        }
        value
    }
}

/// The object that a text holds as JSON. Databases refuse NUL, which the text may hide in an escape.
fn json_object(text: &str) -> Option<Map<String, serde_json::Value>> {
    serde_json::from_str(text).ok().filter(|_| !text.contains("\\u0000"))
}

/// A number of the document as a message may show it.
struct Short<'a>(&'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.get(..24) {
            Some(start) if self.0.len() > 24 => write!(f, "{start}…"),
            _ => f.write_str(self.0),
        }
    }
}
