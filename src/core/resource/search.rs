//! Search by the beginnings of words: what is stored for it, and the conditions. Letters are compared without case and
//! accents, alike on both databases.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::Resource;
use crate::core::db::{Arg, Statement};
use crate::core::{Error, Result};

const MAX_WORDS: usize = 16;
const LONGEST_WORD: usize = 64;

/// What ends the words of the first text: hits before it come first.
const END_OF_FIRST: char = '\n';

/// The words of some texts as the column `search` keeps them, each behind a space.
pub fn document<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut document = String::new();
    for (index, text) in texts.into_iter().enumerate() {
        for word in words(text) {
            document.push(' ');
            document.push_str(&word);
        }
        if index == 0 {
            document.push(END_OF_FIRST);
        }
    }
    document
}

/// The [`document`] of a row.
pub(super) fn document_of<R: Resource>(row: &R) -> String {
    let values = row.values();
    let texts = R::TABLE.search.iter().map(|column| {
        let place = R::FIELDS.iter().position(|field| field.name == *column)?;
        match values.get(place + 1) {
            Some(Arg::Text(text)) => text.as_deref(),
            _ => None,
        }
    });
    document(texts.map(Option::unwrap_or_default))
}

/// The words that somebody searches for.
///
/// # Errors
/// When there are too many.
pub(super) fn query(text: &str) -> Result<Vec<String>> {
    let words: Vec<String> = words(text).take(MAX_WORDS + 1).collect();
    if words.len() > MAX_WORDS {
        return Err(Error::bad_request(format!("The parameter text may have at most {MAX_WORDS} words.")));
    }
    if words.iter().any(|word| word.chars().count() > LONGEST_WORD) {
        let message = format!("A word of the parameter text may have at most {LONGEST_WORD} characters.");
        return Err(Error::bad_request(message));
    }
    Ok(words)
}

/// Appends ` and …` for each word. Words are letters and digits only, so none has a wildcard in it.
pub(super) fn push_conditions(table: &str, words: &[String], statement: &mut Statement) {
    for word in words {
        statement.push(&format!(" and {table}.search like ")).push_arg(format!("% {word}%"));
    }
}

/// Appends an order in which hits in the first text come before others.
pub(super) fn push_order(table: &str, words: &[String], statement: &mut Statement) {
    for (index, word) in words.iter().enumerate() {
        statement.push(if index > 0 { " + case when " } else { "case when " });
        statement.push(&format!("{table}.search like ")).push_arg(format!("% {word}%{END_OF_FIRST}%"));
        statement.push(" then 0 else 1 end");
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let folded: String = text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect();
    let words: Vec<String> =
        folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(String::from).collect();
    words.into_iter()
}
