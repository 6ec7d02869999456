//! Lines of text: broken where the language allows it (UAX 14), and inside words where nothing else helps.

use unicode_linebreak::linebreaks;
use unicode_width::UnicodeWidthChar;

/// The lines of a text, none wider than `width` as `measure` has it, but for a single character that is.
pub fn wrap(text: &str, width: usize, measure: impl Fn(&str) -> usize) -> Vec<&str> {
    let fits = |part: &str| measure(part.trim_end()) <= width;
    let (mut lines, mut start, mut end) = (Vec::new(), 0, 0);
    for (at, _) in linebreaks(text) {
        if end > start && !fits(&text[start..at]) {
            lines.push(text[start..end].trim());
            start = end;
        }
        while !fits(&text[start..at]) {
            let cut = start + prefix(&text[start..at], fits);
            if cut == at {
                break;
            }
            lines.push(&text[start..cut]);
            start = cut;
        }
        end = at;
    }
    let last = text[start..].trim();
    lines.extend((!last.is_empty()).then_some(last));
    lines
}

/// The length of the longest part of a word's beginning that fits. A letter and its marks stay together.
fn prefix(word: &str, fits: impl Fn(&str) -> bool) -> usize {
    let ends = word.char_indices().skip(1).filter(|(_, c)| c.width() != Some(0)).map(|(at, _)| at).chain([word.len()]);
    let mut longest = None;
    for end in ends {
        if longest.is_some() && !fits(&word[..end]) {
            break;
        }
        longest = Some(end);
    }
    longest.unwrap_or(word.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn lines_break_where_they_may() {
        let cases: [(&str, usize, &[&str]); 9] = [
            ("", 10, &[]),
            ("one", 10, &["one"]),
            ("one two three", 8, &["one two", "three"]),
            ("one two three", 3, &["one", "two", "thr", "ee"]),
            ("https://example.org/a/b", 14, &["https://", "example.org/a/", "b"]),
            ("日本語の文章です", 6, &["日本語", "の文章", "です"]),
            ("日本", 1, &["日", "本"]),
            ("e\u{301}e\u{301}e\u{301}", 2, &["e\u{301}e\u{301}", "e\u{301}"]),
            ("a\u{a0}b c", 4, &["a\u{a0}b", "c"]),
        ];
        for (text, width, lines) in cases {
            assert_eq!(wrap(text, width, UnicodeWidthStr::width), lines, "{text:?} in {width}");
        }
    }
}
