//! What stands in for a logo where drawings are taken: the first letters of a product's name, on a colour that stays its own.

use uuid::Uuid;

/// The colours, on each of which white letters have a contrast of 4.5 at least.
const COLOURS: [&str; 8] = ["#0a6570", "#2b5c9e", "#4a4fa3", "#6d4396", "#8a3a72", "#9a4032", "#80591a", "#2f6b3d"];
/// How many letters.
const LETTERS: usize = 2;

/// The drawing, as SVG.
pub fn monogram(name: &str, id: Uuid) -> String {
    // Letters and digits alone, so that nothing in a name is markup.
    let words = name.split(|c: char| !c.is_alphanumeric()).filter_map(|word| word.chars().next());
    let letters: String = words.take(LETTERS).flat_map(char::to_uppercase).collect();
    let colour = COLOURS[id.as_bytes().iter().map(|byte| usize::from(*byte)).sum::<usize>() % COLOURS.len()];
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><rect width="100" height="100" fill="{colour}"/><text x="50" y="65" text-anchor="middle" font-family="system-ui, sans-serif" font-size="42" font-weight="600" fill="#fff">{letters}</text></svg>"##
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_those_that_words_begin_with() {
        for (name, letters) in [
            ("Kestrel Renal Dosing Hooks", "KR"),
            ("mkt", "M"),
            ("<img src=x onerror=\"1\">", "IS"),
            ("& 'quoted' \"too\"", "QT"),
            ("病院 システム", "病シ"),
            ("ßharp", "SS"),
            ("4D-CT", "4C"),
            ("—", ""),
            ("", ""),
        ] {
            assert!(monogram(name, Uuid::nil()).ends_with(&format!(">{letters}</text></svg>")), "{name}");
        }
        let colours = |low| monogram("", Uuid::from_u128(low)).contains(COLOURS[low as usize % COLOURS.len()]);
        assert!((0..20).all(colours));
    }
}
