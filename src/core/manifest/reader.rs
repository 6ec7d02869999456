//! How a document is read. An [`Object`] is asked for its keys with [`must`](Object::must), [`should`](Object::should)
//! and [`may`](Object::may), which say how bad it is when a key is missing or malformed; the [`Field`] that each gives
//! is then read as what it has to be.

use std::cell::RefCell;

use jsonc_parser::ast;
use jsonc_parser::common::Ranged;

use super::diagnostic::{Report, Severity, below};
use super::field::Field;

/// An object of the document. When it goes out of scope, keys that nobody asked for are reported.
pub(super) struct Object<'a> {
    pub(super) node: &'a ast::Object<'a>,
    pub(super) path: String,
    pub(super) asked: RefCell<Vec<&'static str>>,
    pub(super) report: &'a Report<'a>,
}

impl<'a> Object<'a> {
    /// A key that has to be there, and well-formed, for the manifest to be published.
    pub(super) fn must(&self, key: &'static str, example: &'static str) -> Field<'a> {
        self.ask(key, example, Severity::Error).present()
    }

    /// A key that the official schema asks for; without it, or with a malformed value, there is a warning.
    pub(super) fn should(&self, key: &'static str, example: &'static str) -> Field<'a> {
        self.ask(key, example, Severity::Warning).present()
    }

    /// A key that may be absent, but must not be malformed.
    pub(super) fn may(&self, key: &'static str, example: &'static str) -> Field<'a> {
        self.ask(key, example, Severity::Error)
    }

    /// Keys that are lawful here and of no use to the marketplace.
    pub(super) fn ignores(&self, keys: &[&'static str]) {
        self.asked.borrow_mut().extend(keys);
    }

    /// Reports an error of the object as a whole.
    pub(super) fn error(&self, message: impl Into<String>, help: impl Into<String>) {
        self.report.add(Severity::Error, self.node.range(), &self.path, message, help);
    }

    fn ask(&self, key: &'static str, example: &'static str, severity: Severity) -> Field<'a> {
        self.asked.borrow_mut().push(key);
        let value = self.node.get(key).map(|property| &property.value);
        let at = value.map_or(self.node.range(), Ranged::range);
        Field { key, path: below(&self.path, key), at, value, example, severity, report: self.report }
    }
}

impl Drop for Object<'_> {
    fn drop(&mut self) {
        let asked = self.asked.borrow();
        let absent: Vec<_> = asked.iter().copied().filter(|key| self.node.get(key).is_none()).collect();
        for property in &self.node.properties {
            let key = property.name.as_str();
            if !asked.contains(&key) {
                let help = match meant(key, &absent) {
                    Some(meant) => format!("Did you mean {meant:?}?"),
                    None => "Remove it: it has no effect here.".into(),
                };
                let path = below(&self.path, key);
                self.report.add(Severity::Warning, property.name.range(), &path, "is not a key of this format", help);
            }
        }
    }
}

/// The key that a writer of `unknown` may have meant, of those that are absent.
fn meant(unknown: &str, absent: &[&'static str]) -> Option<&'static str> {
    let near = absent.iter().map(|key| (strsim::jaro_winkler(unknown, key), *key));
    near.filter(|(nearness, _)| *nearness > 0.85).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, key)| key)
}
