//! `mkt whoami`

use serde_json::Value;

use super::error::{Code, Failed};
use super::global::Global;
use super::marketplace::{Marketplace, Token};
use super::output::{Printer, cell, table};

/// Tell who you are, by which token, and what you may do
#[derive(Debug, clap::Args)]
pub struct Args {}

pub async fn run(_: &Args, global: &Global, printer: &Printer) -> Result<(), Failed> {
    let marketplace = Marketplace::of(global)?;
    let Some(token) = &marketplace.token else {
        let message = format!("You are not signed in to {}.", marketplace.server);
        return Err(Failed::with_code(Code::Refused, message).hint("Sign in with: mkt login"));
    };
    let status = marketplace.client()?.status().await?;
    printer.value(
        &status,
        |status| described(&marketplace, token, status),
        |status| vec![cell(&status["identity"]["user_id"])],
    )
}

fn described(marketplace: &Marketplace, token: &Token, status: &Value) -> String {
    let (identity, jwt) = (&status["identity"], &status["jwt"]);
    let rows = [
        ("user", cell(&identity["user"]["name"])),
        ("id", cell(&identity["user_id"])),
        ("provider", cell(&identity["provider"]["name"])),
        ("server", marketplace.server.to_string()),
        ("profile", marketplace.profile.clone()),
        ("token", format!("of {}", token.source)),
        ("ends", cell(&jwt["expires_at"])),
        ("scopes", words(&jwt["scopes"])),
        ("may", permitted(&status["permissions"])),
    ];
    let told = rows.into_iter().filter(|(_, value)| !value.is_empty());
    table(&[], told.map(|(name, value)| vec![name.to_owned(), value]))
}

fn words(list: &Value) -> String {
    list.as_array().into_iter().flatten().map(cell).collect::<Vec<_>>().join(", ")
}

/// What is permitted, a line for each resource.
fn permitted(permissions: &Value) -> String {
    let line = |(resource, verbs): (&String, &Value)| {
        let granted = verbs.as_object()?.iter().filter(|(_, granted)| **granted == Value::Bool(true));
        let verbs: Vec<_> = granted.map(|(verb, _)| verb.as_str()).collect();
        (!verbs.is_empty()).then(|| format!("{resource}: {}", verbs.join(", ")))
    };
    let lines: Vec<_> = permissions.as_object().into_iter().flatten().filter_map(line).collect();
    if lines.is_empty() { "read what is public".to_owned() } else { lines.join("\n") }
}
