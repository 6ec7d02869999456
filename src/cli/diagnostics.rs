//! What is wrong with a manifest, shown as compilers do: the place, the line with the text at fault underlined, and how
//! to mend it.

use std::ops::Range;
use std::str::Chars;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::output::{Printer, printable};
use crate::core::manifest::{BYTE_ORDER_MARK, Diagnostic, Severity};

/// The most bytes of a line that is shown whole, and how many characters of others are shown on both sides of what is at
/// fault, and of that itself.
const LONGEST_LINE: usize = 160;
const ASIDE: usize = 40;
const AT_FAULT: usize = 60;

/// Wider than any line that is shown, so that none is cut a second time.
const WIDTH: usize = 1000;

/// Prints what is wrong with the manifest of this name and text. Those who want quiet hear of errors only.
pub fn show(name: &str, text: &str, diagnostics: &[Diagnostic], printer: &Printer) {
    let renderer = if printer.color { Renderer::styled() } else { Renderer::plain() }.term_width(WIDTH);
    let name = name.replace(char::is_control, "\u{fffd}");
    let mut lines = Lines::of(text);
    for diagnostic in diagnostics.iter().filter(|found| found.severity == Severity::Error || !printer.quiet) {
        let (level, severity) = match diagnostic.severity {
            Severity::Error => (Level::ERROR, printer.painted("error:", "31")),
            Severity::Warning => (Level::WARNING, printer.painted("warning:", "33")),
        };
        let Diagnostic { path, line, column, message, help, .. } = diagnostic;
        let subject = if path.is_empty() { String::new() } else { format!("{path}: ") };
        let place = format!("{name}:{line}:{column}:");
        let Excerpt { text, at_fault } = lines.excerpt(diagnostic);
        let report = Group::with_level(level)
            .element(Snippet::source(text).line_start(*line).annotation(AnnotationKind::Primary.span(at_fault)))
            .element(Level::HELP.message(printable(help)));
        let shown = renderer.render(&[report]);
        printer.rendered(&format!("{place} {severity} {}\n{shown}\n", printable(&format!("{subject}{message}"))));
    }
}

/// The lines of a text, in which places are looked up from the first to the last: even if all of it is one line, it is
/// walked through once.
struct Lines<'a> {
    lines: std::str::Lines<'a>,
    /// The line that the walk is in, from 1.
    number: usize,
    line: &'a str,
    /// The column that it is at, from 1, and what follows.
    column: usize,
    rest: Chars<'a>,
}

/// A line or a part of it, and which bytes of it are at fault.
struct Excerpt {
    text: String,
    at_fault: Range<usize>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let lines = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text).lines();
        Self { lines, number: 0, line: "", column: 1, rest: "".chars() }
    }

    fn excerpt(&mut self, &Diagnostic { line, column, length, .. }: &Diagnostic) -> Excerpt {
        while self.number < line {
            self.line = self.lines.next().unwrap_or_default();
            (self.number, self.column, self.rest) = (self.number + 1, 1, self.line.chars());
        }
        while self.column < column && self.rest.next().is_some() {
            self.column += 1;
        }
        let rest = self.rest.as_str();
        let before = &self.line[..self.line.len() - rest.len()];
        let long = self.line.len() > LONGEST_LINE;
        let (at_fault, after) = split(rest, if long { length.min(AT_FAULT) } else { length });
        let (start, end) = if long { (last(before, ASIDE), split(after, ASIDE).0) } else { (before, after) };
        let [mut start, at_fault, mut end] = [start, at_fault, end].map(printable);
        if start.len() < before.len() && long {
            start.insert(0, '…');
        }
        if end.len() < after.len() && long {
            end.push('…');
        }
        let range = start.len()..start.len() + at_fault.len();
        Excerpt { text: start + &at_fault + &end, at_fault: range }
    }
}

/// The first characters of a text, and the rest.
fn split(text: &str, characters: usize) -> (&str, &str) {
    text.split_at(text.char_indices().nth(characters).map_or(text.len(), |(at, _)| at))
}

/// The last characters of a text.
fn last(text: &str, characters: usize) -> &str {
    let start = characters.checked_sub(1).and_then(|before| text.char_indices().nth_back(before));
    start.map_or(text, |(at, _)| &text[at..])
}
