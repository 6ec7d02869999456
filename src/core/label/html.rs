//! The label as a page of its own: no script, nothing from elsewhere, to be read on a telephone and on paper.

use unicode_width::UnicodeWidthStr;

use super::markup::Markup;
use super::{Label, Row, Section, TITLE, Verdict};

/// The most columns of a text that is not broken.
const SHORT: usize = 20;

/// The one style of the page, for whoever allows it by its hash.
pub const STYLE: &str = include_str!("label.css");

/// The page.
pub fn draw(label: &Label) -> String {
    let mut page = Markup::new("<!DOCTYPE html>\n");
    page.element("html", &[("lang", "en"), ("xmlns", "http://www.w3.org/1999/xhtml")], |page| {
        page.element("head", &[], |page| head(page, label));
        page.element("body", &[], |page| {
            page.element("main", &[], |page| main(page, label));
        });
    });
    page.finish()
}

fn head(page: &mut Markup, label: &Label) {
    page.empty("meta", &[("charset", "utf-8")]);
    page.empty("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
    page.empty("meta", &[("name", "color-scheme"), ("content", "light dark")]);
    page.text_element("title", &[], &format!("{TITLE}: {} {}", label.product.name, label.build.name));
    page.element("style", &[], |page| page.verbatim(STYLE));
}

/// Names of others may be in any script, so each finds its own direction.
fn main(page: &mut Markup, label: &Label) {
    page.element("header", &[], |page| {
        page.text_element("h1", &[], TITLE);
        page.text_element("p", &[("class", "name"), ("dir", "auto")], &label.product.name);
        page.text_element("p", &[], &label.version());
    });
    table(page, ["About this product", "heading hidden", "facts"], &label.facts);
    table(page, [&label.compatibility(), "heading", "requirements"], &label.requirements);
    page.element("footer", &[], |page| {
        for line in label.small_print() {
            page.text_element("p", &[], &line);
        }
    });
}

/// A table of sections, each a group of rows, under a heading of this class.
fn table(page: &mut Markup, [heading, class, id]: [&str; 3], sections: &[Section]) {
    page.text_element("h2", &[("id", id), ("class", class), ("dir", "auto")], heading);
    page.element("table", &[("aria-labelledby", id)], |page| {
        for section in sections {
            page.element("tbody", &[], |page| group(page, section));
        }
    });
}

fn group(page: &mut Markup, section: &Section) {
    page.element("tr", &[("class", "section")], |page| match section.in_short() {
        Some(short) => {
            page.text_element("th", &[("scope", "row")], &section.title);
            page.text_element("td", &[("class", kept(short)), ("dir", "auto")], short);
        }
        None => page.text_element("th", &[("scope", "rowgroup"), ("colspan", "2")], &section.title),
    });
    if section.in_short().is_some() {
        return;
    }
    for row in &section.rows {
        page.element("tr", &[], |page| self::row(page, row));
    }
    if let Some(rest) = section.rest() {
        page.element("tr", &[], |page| page.text_element("td", &[("colspan", "2")], &rest));
    }
}

fn row(page: &mut Markup, row: &Row) {
    let span = if row.end().is_some() { "1" } else { "2" };
    page.element("th", &[("scope", "row"), ("colspan", span)], |page| {
        page.element("span", &[("dir", "auto")], |page| match &row.url {
            // Where it leads, nobody has looked.
            Some(url) => page.text_element("a", &[("href", url), ("rel", "nofollow noopener noreferrer")], &row.name),
            None => page.text(&row.name),
        });
        for detail in &row.details {
            page.text_element("small", &[("dir", "auto")], detail);
        }
    });
    if let Some(end) = row.end() {
        let class = match row.met {
            Some(Verdict::Yes) => "short yes",
            Some(Verdict::No) => "short no",
            Some(Verdict::PleaseVerify) => "short verify",
            None => kept(end),
        };
        page.element("td", &[("class", class)], |page| page.text_element("span", &[("dir", "auto")], end));
    }
}

/// The class of what stands at the end of a row: what is short stays on one line, on telephones too.
fn kept(end: &str) -> &'static str {
    if end.width() <= SHORT { "short" } else { "long" }
}
