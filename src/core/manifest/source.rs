//! From text to a tree with positions: strict JSON (RFC 8259) of a sane size, no key twice, no control characters.

use std::collections::HashSet;

use jsonc_parser::ast::{self, ObjectProp};
use jsonc_parser::common::{Range, Ranged};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::diagnostic::{Report, Severity, below, shown};

/// The most bytes of a manifest.
pub const LARGEST: usize = 1024 * 1024;

/// A document twice: with positions, to be read and checked, and as plain JSON, to be kept.
pub(super) struct Source<'a> {
    /// With positions.
    pub(super) tree: ast::Value<'a>,
    /// Without.
    pub(super) content: serde_json::Value,
}

/// Parses a text, or reports why it can't be.
pub(super) fn parse<'a>(text: &'a str, report: &Report) -> Option<Source<'a>> {
    if text.len() > LARGEST {
        let message = format!("has more than {LARGEST} bytes, which is the most that a manifest may have");
        report.add(
            Severity::Error,
            Range::from_byte_index(0),
            "",
            message,
            "Keep long texts and data in files of their own.",
        );
        return None;
    }
    // serde_json goes first: it is strict and refuses deep nesting, which makes what comes after it safe. It knows
    // no positions of values though, for which there is the other parser.
    let content = serde_json::from_str(text).map_err(|error| not_json(text, &error, report)).ok()?;
    let tree = match parse_to_ast(text, &CollectOptions::default(), &STRICT) {
        Ok(parsed) => parsed.value?,
        Err(error) => {
            let message = format!("is not JSON: {}", error.kind());
            report.add(Severity::Error, error.range(), "", message, LOOK);
            return None;
        }
    };
    walk(&tree, "", report);
    Some(Source { tree, content })
}

const LOOK: &str = "Look at the commas, quotes and brackets here and just before.";

const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Reports a syntax error in words that lead to its cause.
fn not_json(text: &str, error: &serde_json::Error, report: &Report) {
    let start = offset(text, error);
    let sentence = error.to_string();
    let what = sentence.rsplit_once(" at line ").map_or(sentence.as_str(), |(what, _)| what);
    let next = text.get(start..).and_then(|rest| rest.chars().next());
    let at = Range::new(start, start + next.map_or(0, char::len_utf8));
    let (message, help) = match (what, next) {
        _ if text.trim().is_empty() => ("is empty", "Start with { and end with }."),
        _ if error.is_eof() => ("ends too early", "Close the text, list or object that is still open."),
        ("recursion limit exceeded", _) => ("is nested too deeply", "A manifest needs no more than ten levels."),
        ("trailing comma", _) => ("has a comma after the last entry", "Remove the comma before this bracket."),
        ("trailing characters", _) => ("goes on after its end", "Remove everything after the last }."),
        (_, Some('/' | '#')) => ("has a comment, which JSON does not know", "Remove the comment."),
        (_, Some('\'' | '“' | '”' | '„' | '‘' | '’')) => {
            ("has a quote that JSON does not know", "Put texts in plain double quotes: \"…\".")
        }
        (what, Some('\n' | '\r' | '\t')) if what.starts_with("control character") => {
            ("has a line break or a tab inside a text", "Write a line break as \\n and a tab as \\t.")
        }
        (what, _) if what.starts_with("control character") => ("has a control character inside a text", "Remove it."),
        (what, _) => (what, LOOK),
    };
    let message = if message == what { format!("is not JSON: {what}") } else { message.to_owned() };
    report.add(Severity::Error, at, "", message, help);
}

/// The byte at which an error is. Its line and column, in bytes, are from 1; column 0 is the line break before, unless that
/// ends the text.
fn offset(text: &str, error: &serde_json::Error) -> usize {
    let before = error.line().saturating_sub(1);
    let start: usize = text.split_inclusive('\n').take(before).map(str::len).sum();
    if error.is_eof() { start + error.column().saturating_sub(1) } else { (start + error.column()).saturating_sub(1) }
}

/// Checks what holds for every part of a document, whether the marketplace reads it or not.
fn walk(value: &ast::Value, path: &str, report: &Report) {
    match value {
        ast::Value::Object(object) => {
            let mut keys = HashSet::new();
            for ObjectProp { name, value, .. } in &object.properties {
                let key = name.as_str();
                let path = below(path, key);
                if !keys.insert(key) {
                    let help = format!("Keep one {} and remove the others.", shown(key));
                    report.add(Severity::Error, name.range(), &path, "is written twice", help);
                }
                characters(key, name.range(), &path, report);
                walk(value, &path, report);
            }
        }
        ast::Value::Array(array) => {
            for (place, value) in array.elements.iter().enumerate() {
                walk(value, &format!("{path}[{place}]"), report);
            }
        }
        ast::Value::StringLit(text) => characters(&text.value, value.range(), path, report),
        ast::Value::NumberLit(_) | ast::Value::BooleanLit(_) | ast::Value::NullKeyword(_) => {}
    }
}

fn characters(text: &str, at: Range, path: &str, report: &Report) {
    let control = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
    if let Some(control) = control {
        let message = format!("has the control character U+{:04X}", u32::from(control));
        report.add(
            Severity::Error,
            at,
            path,
            message,
            "Remove it; only line breaks and tabs are allowed, in long texts.",
        );
    }
}
