//! Names that somebody who misspelt one may have meant.

/// How many names are suggested, and how near they must be.
const SUGGESTIONS: usize = 5;
const NEAR: f64 = 0.8;

/// The nearest first: those that contain the text, and those written much like it.
pub fn near<'a>(names: impl Iterator<Item = &'a str>, text: &str) -> Vec<&'a str> {
    let text = text.to_lowercase();
    let likeness = |name: &str| {
        let name = name.to_lowercase();
        if name.contains(&text) { 1.0 } else { strsim::jaro_winkler(&name, &text) }
    };
    let mut near: Vec<_> = names.map(|name| (likeness(name), name)).filter(|(likeness, _)| *likeness > NEAR).collect();
    near.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    near.truncate(SUGGESTIONS);
    near.into_iter().map(|(_, name)| name).collect()
}

/// A question whether one of them was meant, if any is near.
pub fn meant<'a>(names: impl Iterator<Item = &'a str>, text: &str) -> Option<String> {
    let near = near(names, text);
    (!near.is_empty()).then(|| format!("Did you mean: {}?", near.join(", ")))
}
