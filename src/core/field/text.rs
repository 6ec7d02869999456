//! Fields of text, each a type with its own rule.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Field, Shape, nullable};
use crate::core::db::{self, Arg};
use crate::core::schedule;

/// Most characters of names and other single lines.
const LINE: usize = 255;
/// Most bytes of descriptions and other prose.
const PROSE: usize = 64 * 1024;
/// Most characters of reasons and other remarks.
const REMARK: usize = 4096;

/// The [`MimeType`]s, as a regular expression.
const MIME_TYPE: &str = concat!(
    "^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*",
    r"\s*(;[^\u0000-\u001f\u007f-\u009f]*)?$"
);

macro_rules! text {
    ($($(#[$doc:meta])* $type:ident: $max:expr, $format:literal $(matching $pattern:expr)?, $check:expr;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, db::Type)]
            #[serde(transparent)]
            #[sqlx(transparent)]
            pub struct $type(String);

            impl $type {
                /// The text.
                pub fn as_str(&self) -> &str {
                    &self.0
                }
            }

            impl std::str::FromStr for $type {
                type Err = String;

                fn from_str(text: &str) -> Result<Self, String> {
                    let check: fn(&str) -> Result<(), String> = $check;
                    check(text)?;
                    Ok(Self(text.to_owned()))
                }
            }

            impl std::fmt::Display for $type {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str(&self.0)
                }
            }

            impl Field for $type {
                const SHAPE: Shape = Shape::Text { max: $max, format: $format };

                fn parse(value: &Value) -> Result<Self, String> {
                    match value {
                        Value::String(text) => text.parse(),
                        // Version numbers and external ids often arrive as numbers.
                        Value::Number(number) => number.to_string().parse(),
                        _ => Err("must be text".into()),
                    }
                }

                fn schema() -> Value {
                    #[allow(unused_mut)]
                    let mut schema = Self::SHAPE.schema();
                    $(schema["pattern"] = $pattern.into();)?
                    schema
                }

                fn arg(&self) -> Arg {
                    self.0.as_str().into()
                }

                fn blank() -> Self {
                    Self(String::new())
                }
            }

            nullable!($type => Text by |text: $type| text.0);
        )+
    };
}

text! {
    /// A name: one line that is not blank.
    Name: LINE, "" matching r"^[^\u0000-\u001f\u007f-\u009f]*\S[^\u0000-\u001f\u007f-\u009f]*$", |text| filled(text).and_then(|()| line(text));
    /// One line, such as an id in another system.
    Line: LINE, "" matching r"^[^\u0000-\u001f\u007f-\u009f]*$", line;
    /// Text of several lines, at most 64 KiB.
    Prose: PROSE, "" matching r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$", prose;
    /// Why somebody decided something: text of several lines that is not blank, at most 4,096 characters.
    Remark: REMARK, "" matching r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$", remark;
    /// The version of a build or an interface: one line, no white space.
    Version: LINE, "" matching r"^[^\s\u0000-\u001f\u007f-\u009f]+$", |text| filled(text).and_then(|()| line(text)).and_then(|()| {
        if text.contains(char::is_whitespace) { Err("must not contain white space".into()) } else { Ok(()) }
    });
    /// An `http` or `https` URL.
    HttpUrl: 2048, "uri", |text| url(text, &["http", "https"], "must be an http or https URL");
    /// Where to turn to: a web page or a mail address.
    Link: 2048, "uri", |text| url(text, &["http", "https", "mailto", "tel"], "must be an http, https, mailto or tel URL");
    /// A media type (RFC 6838), such as `application/smart.v1`.
    MimeType: LINE, "" matching MIME_TYPE, mime_type;
    /// A language tag (BCP 47), such as `en-US`.
    Locale: 35, "" matching "^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$", locale;
    /// A mail address.
    Email: 254, "email", email;
    /// When something happens: the five fields of cron, in UTC.
    Schedule: LINE, "", |text| schedule::read(text).map(drop);
    /// A public key, as PEM (RFC 7468) or JWK (RFC 7517).
    PublicKey: 16384, "", public_key;
}

fn filled(text: &str) -> Result<(), String> {
    if text.trim().is_empty() { Err("must not be blank".into()) } else { Ok(()) }
}

fn line(text: &str) -> Result<(), String> {
    if text.chars().count() > LINE {
        return Err(format!("must have at most {LINE} characters"));
    }
    if text.contains(char::is_control) {
        return Err("must be one line without control characters".into());
    }
    Ok(())
}

fn prose(text: &str) -> Result<(), String> {
    if text.len() > PROSE {
        return Err("must be at most 64 KiB long".into());
    }
    if text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err("must not contain control characters other than newline and tab".into());
    }
    Ok(())
}

fn remark(text: &str) -> Result<(), String> {
    if text.chars().count() > REMARK {
        return Err(format!("must have at most {REMARK} characters"));
    }
    filled(text).and_then(|()| prose(text))
}

fn url(text: &str, schemes: &[&str], must: &str) -> Result<(), String> {
    let known = url::Url::parse(text).is_ok_and(|url| {
        // The standard forgives http:host and http:///host; people who read them do not.
        let written = |scheme: &str| {
            text.get(scheme.len()..).is_some_and(|rest| rest.starts_with("://") && !rest.starts_with(":///"))
        };
        schemes.contains(&url.scheme()) && (!url.scheme().starts_with("http") || written(url.scheme()))
    });
    if known && text.len() <= 2048 && !text.contains(|c: char| c.is_control() || c.is_whitespace()) {
        Ok(())
    } else {
        Err(must.into())
    }
}

fn mime_type(text: &str) -> Result<(), String> {
    // RFC 6838 section 4.2, restricted names, with parameters allowed behind them.
    let name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c))
    };
    let essence = text.split(';').next().unwrap_or_default().trim_end();
    match essence.split_once('/') {
        Some((kind, subtype)) if name(kind) && name(subtype) => line(text),
        _ => Err("must be a media type such as application/smart.v1".into()),
    }
}

fn locale(text: &str) -> Result<(), String> {
    let mut subtags = text.split(['-', '_']);
    let language = subtags.next().unwrap_or_default();
    let known = (2..=8).contains(&language.len())
        && language.chars().all(|c| c.is_ascii_alphabetic())
        && subtags.all(|tag| (1..=8).contains(&tag.len()) && tag.chars().all(|c| c.is_ascii_alphanumeric()))
        && text.len() <= 35;
    if known { Ok(()) } else { Err("must be a language tag such as en or en-US".into()) }
}

fn email(text: &str) -> Result<(), String> {
    let known = matches!(text.rsplit_once('@'), Some((local, domain))
        if !local.is_empty() && domain.contains('.') && !domain.starts_with('.') && !domain.ends_with('.'));
    if known && text.len() <= 254 && !text.contains(|c: char| c.is_control() || c.is_whitespace()) {
        Ok(())
    } else {
        Err("must be a mail address".into())
    }
}

fn public_key(text: &str) -> Result<(), String> {
    let jwk = || serde_json::from_str::<Value>(text).is_ok_and(|key| key["kty"].is_string() && key["d"].is_null());
    let pem =
        text.trim().starts_with("-----BEGIN PUBLIC KEY-----") && text.trim().ends_with("-----END PUBLIC KEY-----");
    if (pem || jwk()) && text.len() <= 16384 {
        prose(text)
    } else {
        Err("must be a public key as PEM (-----BEGIN PUBLIC KEY-----) or JWK, and no private one".into())
    }
}
