//! Texts of others on their way into a label: on one line, harmless, and not long.

use serde_json::Value;
use unicode_width::UnicodeWidthChar;
use url::Url;

use super::{Row, Section};

/// The most characters of a text.
const LONGEST: usize = 300;
/// The most rows of a section, and details of a row.
const MOST_ROWS: usize = 20;
/// The longest address that is linked to.
const LONGEST_URL: usize = 2048;
/// The most characters without a width in a row: marks of letters and joiners of emoji need no more, and more of them
/// would cover what is above and below.
const MOST_MARKS: usize = 6;

/// A text as labels have it: white space and line breaks are single spaces, control characters and those that turn the
/// direction of others are gone, what is too long ends in an ellipsis.
pub fn clean(text: &str) -> String {
    let mut line = String::new();
    let (mut length, mut marks) = (0, 0);
    for word in text.split_whitespace() {
        let mut start = true;
        for c in word.chars().filter(|c| is_harmless(*c)) {
            marks = if c.width() == Some(0) { marks + 1 } else { 0 };
            if marks > MOST_MARKS {
                continue;
            }
            let space = usize::from(start && !line.is_empty());
            if length + space + 1 >= LONGEST {
                line.push('…');
                return line;
            }
            line.push_str(if space == 1 { " " } else { "" });
            line.push(c);
            length += space + 1;
            start = false;
        }
    }
    line
}

/// Whether a character is safe in XML, on terminals, and among others that are read from left to right.
fn is_harmless(c: char) -> bool {
    let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let deprecated = matches!(c, '\u{206a}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}' | '\u{feff}');
    let no_character = u32::from(c) & 0xfffe == 0xfffe || matches!(c, '\u{fdd0}'..='\u{fdef}');
    !c.is_control() && !turns && !deprecated && !no_character
}

/// A text in a key of an object, cleaned, if there is one.
pub fn text(object: &Value, key: &str) -> Option<String> {
    let text = match &object[key] {
        Value::String(text) => clean(text),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// The address in a key of an object, if it is one that can be followed without harm.
pub fn url(object: &Value, key: &str) -> Option<String> {
    let text = object[key].as_str().filter(|text| text.len() <= LONGEST_URL)?;
    let url = Url::parse(text).ok()?;
    matches!(url.scheme(), "http" | "https" | "mailto" | "tel").then(|| url.into())
}

/// A word of the manifest's, such as `cpu_core`, for people.
pub fn spoken(word: &str) -> String {
    word.replace('_', " ")
}

/// The same at the start of a line.
pub fn titled(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// A section of what is said about something, if anything is. Rows without a name say nothing.
pub fn section(id: &str, title: &str, rows: Option<Vec<Row>>) -> Section {
    let stated = rows.is_some();
    let mut rows: Vec<Row> = rows.unwrap_or_default().into_iter().filter(|row| !row.name.is_empty()).collect();
    let more = rows.len().saturating_sub(MOST_ROWS);
    rows.truncate(MOST_ROWS);
    Section { id: id.to_owned(), title: title.to_owned(), stated, rows, more }
}

/// The rows of a list, if it is one.
pub fn rows(list: &Value, row: impl Fn(&Value) -> Row) -> Option<Vec<Row>> {
    Some(list.as_array()?.iter().map(row).collect())
}
