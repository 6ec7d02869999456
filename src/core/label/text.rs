//! The label as plain text, 80 columns wide.

use unicode_width::UnicodeWidthStr;

use super::wrap::wrap;
use super::{Label, Row, Section, TITLE};

/// How many columns a line has.
const WIDTH: usize = 80;
/// How far rows are in from their section's title, and details from their row's name.
const INDENT: usize = 2;

/// The label as text that ends without a line break. `heading` makes headings stand out, by characters of no width.
pub fn draw(label: &Label, heading: impl Fn(&str) -> String) -> String {
    let mut page = Page { lines: Vec::new(), heading };
    page.rule('━');
    page.headed(&TITLE.to_uppercase(), 0);
    page.headed(&label.product.name, 0);
    page.plain(&label.version(), 0);
    page.sections(&label.facts);
    page.rule('━');
    page.headed(&label.compatibility(), 0);
    page.sections(&label.requirements);
    page.rule('━');
    for line in label.small_print() {
        page.plain(&line, 0);
    }
    page.lines.join("\n")
}

struct Page<F> {
    lines: Vec<String>,
    heading: F,
}

impl<F: Fn(&str) -> String> Page<F> {
    fn rule(&mut self, line: char) {
        self.lines.push(String::from(line).repeat(WIDTH));
    }

    fn plain(&mut self, text: &str, indent: usize) {
        self.spread(text, None, indent, false);
    }

    fn headed(&mut self, text: &str, indent: usize) {
        self.spread(text, None, indent, true);
    }

    fn sections(&mut self, sections: &[Section]) {
        for section in sections {
            self.rule('─');
            self.section(section);
        }
    }

    fn section(&mut self, section: &Section) {
        self.spread(&section.title, section.in_short(), 0, true);
        if section.in_short().is_some() {
            return;
        }
        for row in &section.rows {
            self.row(row);
        }
        if let Some(rest) = section.rest() {
            self.plain(&rest, INDENT);
        }
    }

    /// What there is to say in one line is one.
    fn row(&mut self, row: &Row) {
        let fits = |end: &&str, most: usize| INDENT + row.name.width().min(most) + 2 + end.width() <= WIDTH;
        let only = row.details.first().map(String::as_str).filter(|_| row.details.len() == 1);
        let only = only.filter(|only| row.end().is_none() && fits(only, WIDTH));
        let beside = row.end().filter(|end| fits(end, WIDTH / 2)).or(only);
        self.spread(&row.name, beside, INDENT, false);
        let rest = row.end().into_iter().chain(row.details.iter().map(String::as_str));
        for line in rest.filter(|line| beside != Some(line)) {
            self.plain(line, 2 * INDENT);
        }
    }

    /// A text, with another at the end of its first line.
    fn spread(&mut self, text: &str, end: Option<&str>, indent: usize, headed: bool) {
        let room = WIDTH - indent - end.map_or(0, |end| end.width() + 2);
        for (index, line) in wrap(text, room, UnicodeWidthStr::width).into_iter().enumerate() {
            let shown = if headed { (self.heading)(line) } else { line.to_owned() };
            let end = end.filter(|_| index == 0).unwrap_or_default();
            let gap = WIDTH.saturating_sub(indent + line.width() + end.width());
            let line = format!("{}{shown}{}{end}", " ".repeat(indent), " ".repeat(gap));
            self.lines.push(line.trim_end().to_owned());
        }
    }
}
