//! What is particular to tokens: flags of their own to make one, and when one ends unless somebody says so.

use std::time::Duration;

use chrono::TimeDelta;
use clap::{Args as _, Command};
use serde_json::{Map, Value, json};

use super::command::Body;
use crate::core::clock::{Timestamp, now};

/// How long a token is good unless somebody says so.
const USUAL_LIFE: Duration = Duration::from_secs(90 * 24 * 3600);

// Without a doc comment, which would be the help text of the verb.
#[derive(Debug, clap::Args)]
pub struct Short {
    /// What it is for
    name: Option<String>,

    /// When it ends: after a span such as 30d, or at a time such as 2027-01-31 [default: 90d]
    #[arg(long, value_name = "SPAN|TIME", value_parser = end)]
    expires: Option<Timestamp>,

    /// What it may be used for, such as products.read; may be repeated [default: all that its user may do]
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
}

impl Short {
    /// A command with these arguments, which make it do without others.
    pub fn augment(command: Command) -> Command {
        Self::augment_args(command.mut_group("Body", |body| body.required(false)))
    }

    /// Adds them to the fields that are set.
    pub fn add_to(self, body: &mut Body) {
        let mut set = |field: &str, value: String| body.sets.push((field.to_owned(), value));
        if let Some(name) = self.name {
            set("name", name);
        }
        if let Some(end) = self.expires {
            set("expires_at", end.to_string());
        }
        if !self.scopes.is_empty() {
            set("scopes", json!(self.scopes).to_string());
        }
    }
}

/// Completes the fields of a new token.
pub fn complete(fields: &mut Map<String, Value>) {
    if let (false, Some(end)) = (fields.contains_key("expires_at"), after(USUAL_LIFE)) {
        fields.insert("expires_at".to_owned(), json!(end));
    }
}

/// The end that somebody typed.
fn end(text: &str) -> Result<Timestamp, String> {
    let span = humantime::parse_duration(text).ok().and_then(after);
    span.or_else(|| text.parse().ok())
        .ok_or_else(|| "write a span of time such as 30d, or a time such as 2027-01-31".to_owned())
}

fn after(span: Duration) -> Option<Timestamp> {
    now().datetime().checked_add_signed(TimeDelta::from_std(span).ok()?).map(Timestamp::from)
}
