//! What is wrong with a manifest, and where. A [`Report`] collects it while the document is read, in any order;
//! positions in lines and columns are worked out once, at the end.

use std::cell::RefCell;
use std::fmt;

use jsonc_parser::common::Range;
use serde::{Deserialize, Serialize};

use super::beside::Look;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The manifest can't be published.
    Error,
    /// It can, but the official schema or good practice asks for more.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// One thing that is wrong with a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Which part of the document it is about, such as `product.facts.data_access[3].uri`; empty for all of it.
    pub path: String,
    /// Its line, from 1.
    pub line: usize,
    /// Its column, from 1, in characters.
    pub column: usize,
    /// How many characters of the line it is about; none where something should be that is not there.
    #[serde(default)]
    pub length: usize,
    /// What is wrong, as the rest of a sentence that starts with the path.
    pub message: String,
    /// How to mend it.
    pub help: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: ", self.line, self.column, self.severity)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// The most that a report lists. A document made to be hostile could have one finding for every two bytes.
const MOST: usize = 1000;

/// Collects what is wrong with a document.
pub(super) struct Report<'a> {
    findings: RefCell<Findings>,
    /// How to look at the files that the document names, where they are at hand.
    pub(super) look: Option<&'a Look<'a>>,
}

#[derive(Default)]
struct Findings {
    listed: Vec<Finding>,
    unlisted: usize,
    unlisted_error: bool,
}

struct Finding {
    at: Range,
    severity: Severity,
    path: String,
    message: String,
    help: String,
}

impl<'a> Report<'a> {
    /// An empty one.
    pub(super) fn new(look: Option<&'a Look<'a>>) -> Self {
        Self { findings: RefCell::default(), look }
    }

    /// Notes what is wrong with `path`, which is at these bytes of the text.
    pub(super) fn add(
        &self,
        severity: Severity,
        at: Range,
        path: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let mut findings = self.findings.borrow_mut();
        if findings.listed.len() < MOST {
            let finding = Finding { at, severity, path: path.to_owned(), message: message.into(), help: help.into() };
            findings.listed.push(finding);
        } else {
            findings.unlisted += 1;
            findings.unlisted_error |= severity == Severity::Error;
        }
    }

    /// Everything noted, in the order of the text. What one place has several of stays in the order of notes.
    pub(super) fn finish(self, text: &str) -> Vec<Diagnostic> {
        let Findings { mut listed, unlisted, unlisted_error } = self.findings.into_inner();
        if unlisted > 0 {
            listed.push(Finding {
                at: Range::from_byte_index(text.len()),
                severity: if unlisted_error { Severity::Error } else { Severity::Warning },
                path: String::new(),
                message: format!("has {unlisted} more problems, which are not listed"),
                help: "Mend those that are listed and check again.".into(),
            });
        }
        listed.sort_by_key(|finding| finding.at.start);
        let mut characters = text.char_indices().peekable();
        let (mut line, mut column) = (1, 1);
        let locate = |finding: Finding| {
            while let Some((_, character)) = characters.next_if(|(at, _)| *at < finding.at.start) {
                (line, column) = if character == '\n' { (line + 1, 1) } else { (line, column + 1) };
            }
            let Finding { at, severity, path, message, help } = finding;
            Diagnostic { severity, path, line, column, length: length(text, at), message, help }
        };
        listed.into_iter().map(locate).collect()
    }
}

/// How many characters of a line something takes: what goes on below is shown by its first line.
fn length(text: &str, at: Range) -> usize {
    let extent = text.get(at.start..at.end).unwrap_or_default();
    extent.chars().take_while(|c| !matches!(c, '\r' | '\n')).count()
}

/// A text of the document as a message may show it: quoted, on one line, and short.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// `path` and the key below it.
pub(super) fn below(path: &str, key: &str) -> String {
    let plain =
        !key.is_empty() && key.len() <= 64 && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-$".contains(c));
    match (path, plain) {
        ("", true) => key.to_owned(),
        (path, true) => format!("{path}.{key}"),
        (path, false) => format!("{path}[{}]", shown(key)),
    }
}
