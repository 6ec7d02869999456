//! The kinds of text in a manifest, each with its length and its rule. They are those of the marketplace's own
//! fields, so that what passes here can be stored.

use chrono::DateTime;
use regex::Regex;
use url::Url;
use uuid::Uuid;

use crate::core::schedule;

/// A kind of text.
pub(super) struct Text {
    /// The most characters of a line, or bytes of prose.
    pub(super) most: usize,
    /// Whether line breaks and tabs are allowed.
    pub(super) prose: bool,
    /// What it must be, as the rest of a sentence.
    pub(super) must: &'static str,
    /// Whether a text is that.
    pub(super) holds: fn(&str) -> bool,
}

impl Text {
    const fn line(must: &'static str, holds: fn(&str) -> bool) -> Self {
        Self { most: 255, prose: false, must, holds }
    }

    const fn prose(must: &'static str, holds: fn(&str) -> bool) -> Self {
        Self { most: 64 * 1024, prose: true, must, holds }
    }

    const fn up_to(self, most: usize) -> Self {
        Self { most, ..self }
    }
}

/// One line.
pub(super) const LINE: Text = Text::line("must be one line", |_| true);
/// One line that is not blank.
pub(super) const NAME: Text = Text::line("must not be blank", filled);
/// Text of several lines.
pub(super) const PROSE: Text = Text::prose("must be text", |_| true);
/// Text of several lines that is not blank.
pub(super) const STATEMENT: Text = Text::prose("must not be blank", filled);
/// A version of a build or an interface.
pub(super) const VERSION: Text =
    Text::line("must be a version without white space", |text| filled(text) && !text.contains(char::is_whitespace));
/// An `http` or `https` URL.
pub(super) const WEB: Text =
    Text::line("must be an http or https URL", |text| url(text, &["http", "https"])).up_to(2048);
/// Where to turn to: a web page, a mail address or a telephone number.
pub(super) const LINK: Text =
    Text::line("must be an http, https, mailto or tel URL", |text| url(text, &["http", "https", "mailto", "tel"]))
        .up_to(2048);
/// A URI of any scheme.
pub(super) const URI: Text = Text::line("must be a URI", uri).up_to(2048);
/// What identifies an interface, which is kept with the length of a name.
pub(super) const INTERFACE_URI: Text = Text::line("must be a URI", uri);
/// A media type (RFC 6838).
pub(super) const MIME_TYPE: Text = Text::line("must be a MIME type", mime_type);
/// A language tag (BCP 47).
pub(super) const LOCALE: Text = Text::line("must be a language tag", locale).up_to(35);
/// The name of an environment variable.
pub(super) const VARIABLE: Text = Text::line("must consist of A-Z, 0-9 and _", |text| {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
});
/// A schedule of five fields.
pub(super) const CRON: Text = Text::line("must be a cron schedule of five fields", |text| schedule::read(text).is_ok());
/// What values of an environment variable must match. Look-around and back references are not known everywhere, so not here.
pub(super) const PATTERN: Text =
    Text::line("must be a regular expression without look-around and back references", |text| Regex::new(text).is_ok())
        .up_to(4096);
/// An instant (RFC 3339).
pub(super) const INSTANT: Text =
    Text::line("must be an RFC 3339 date and time", |text| DateTime::parse_from_rfc3339(text).is_ok());
/// A file beside the manifest. Publishing a manifest of unknown origin must not give away other files.
pub(super) const FILE: Text =
    Text::line("must be a path inside the manifest's folder, with / between its parts", |text| {
        filled(text) && !text.contains(['\\', ':']) && text.split('/').all(|part| !part.is_empty() && part != "..")
    });

/// The UUID that a text is, in its usual form. The nil UUID stands for none.
pub(super) fn uuid(text: &str) -> Option<Uuid> {
    let uuid = Uuid::try_parse(text).ok()?;
    (text.len() == 36 && !uuid.is_nil()).then_some(uuid)
}

fn filled(text: &str) -> bool {
    !text.trim().is_empty()
}

fn uri(text: &str) -> bool {
    Url::parse(text).is_ok() && !text.contains(char::is_whitespace)
}

fn url(text: &str, schemes: &[&str]) -> bool {
    uri(text) && Url::parse(text).is_ok_and(|url| schemes.contains(&url.scheme()))
}

fn mime_type(text: &str) -> bool {
    // RFC 6838 section 4.2: restricted names, with parameters allowed behind them.
    let name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c))
    };
    let essence = text.split(';').next().unwrap_or_default().trim_end();
    essence.split_once('/').is_some_and(|(kind, subtype)| name(kind) && name(subtype))
}

fn locale(text: &str) -> bool {
    let mut subtags = text.split(['-', '_']);
    let language = subtags.next().unwrap_or_default();
    (2..=8).contains(&language.len())
        && language.chars().all(|c| c.is_ascii_alphabetic())
        && subtags.all(|tag| (1..=8).contains(&tag.len()) && tag.chars().all(|c| c.is_ascii_alphanumeric()))
}
