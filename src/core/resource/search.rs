//! Search by the beginnings of words: how texts are cut into words, what is stored of them, and how hits rank. Letters
//! are compared without case and accents, alike on both databases.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::Resource;
use crate::core::db::{Arg, Has, Hits, Lexeme};

/// The most words that are searched for; what follows them is left out, so that a pasted page still finds something.
const MAX_WORDS: usize = 16;
/// The most characters of a word that are looked at.
const LONGEST_WORD: usize = 64;
/// The most bytes that are kept of a text. PostgreSQL takes a mebibyte.
const LARGEST_DOCUMENT: usize = 256 * 1024;

/// What stands before each word that is kept, and again before those of the first text.
const ANYWHERE: char = '0';
const IN_FIRST: char = '1';

/// The words of some texts as the column `search` keeps them, each between spaces and once.
pub fn document<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut lexemes = BTreeSet::new();
    for (index, text) in texts.into_iter().enumerate() {
        for word in words(text) {
            if index == 0 {
                lexemes.insert(format!("{IN_FIRST}{word}"));
            }
            lexemes.insert(format!("{ANYWHERE}{word}"));
        }
    }
    let mut document = String::from(" ");
    for lexeme in lexemes.iter().rev() {
        if document.len() + lexeme.len() > LARGEST_DOCUMENT {
            break;
        }
        document.push_str(lexeme);
        document.push(' ');
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

/// The words that somebody searches for, none when the text has none.
pub(super) fn query(text: &str) -> Vec<String> {
    let mut wanted: Vec<String> = Vec::new();
    for word in words(text) {
        if wanted.len() == MAX_WORDS {
            break;
        }
        if !wanted.contains(&word) {
            wanted.push(word);
        }
    }
    wanted
}

/// What has all the words, wherever.
pub(super) fn hits(words: &[String]) -> Hits {
    Hits { has: Has { all: lexemes(words, ANYWHERE, false), ..Has::default() }, ..Hits::default() }
}

/// The same in ranks, the best first: those with all of them as whole words in the first text, those with all of them
/// there, those with some of them there, the others. Each hit is in one rank.
pub(super) fn ranks(words: &[String]) -> Vec<Hits> {
    let anywhere = lexemes(words, ANYWHERE, false);
    let whole = Has { all: lexemes(words, IN_FIRST, true), any: Vec::new() };
    let first = Has { all: lexemes(words, IN_FIRST, false), any: Vec::new() };
    let some = Has { all: anywhere.clone(), any: first.all.clone() };
    let rest = Has { all: anywhere, any: Vec::new() };
    // Of one word, some are all.
    let steps = if words.len() > 1 { vec![whole, first, some, rest] } else { vec![whole, first, rest] };
    let mut better = None;
    steps.into_iter().map(|has| Hits { but: better.replace(has.clone()), has, common: false }).collect()
}

fn lexemes(words: &[String], place: char, whole: bool) -> Vec<Lexeme> {
    words.iter().map(|word| Lexeme { text: format!("{place}{word}"), whole }).collect()
}

/// The words of a text, folded: letters and digits only.
fn words(text: &str) -> impl Iterator<Item = String> {
    let mut words = vec![String::new()];
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        if !c.is_alphanumeric() {
            words.push(String::new());
        } else if stands_alone(c) {
            words.extend([c.to_string(), String::new()]);
        } else if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    let cut = |word: String| word.chars().take(LONGEST_WORD).collect();
    words.into_iter().filter(|word| !word.is_empty()).map(cut)
}

/// Whether a letter is taken for a word: Chinese and Japanese put no spaces between theirs.
fn stands_alone(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}
