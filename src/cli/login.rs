//! `mkt login`

mod browser;
mod callback;
mod device;
mod provider;

use std::io::IsTerminal;

use dialoguer::console::Term;
use serde_json::Value;

use super::error::{Code, Failed};
use super::global::Global;
use super::marketplace::{Config, Credential, Credentials, Folder, Marketplace, Profile, Source};
use super::output::Printer;
use crate::core::secret::Secret;

/// Sign in through the browser, and keep the token for the commands that follow
///
/// On a machine without a browser, use --device: it is confirmed in the browser of any other. For scripts, make a token with
/// mkt token create and set MKT_TOKEN.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The identity provider to sign in with
    #[arg(long, value_name = "NAME|ID")]
    provider: Option<String>,

    /// Show a code to confirm in a browser on any device
    #[arg(long, conflicts_with_all = ["provider", "no_browser"])]
    device: bool,

    /// Take a token from the standard input
    #[arg(long, conflicts_with_all = ["provider", "no_browser", "device"])]
    with_token: bool,

    /// Open no browser, only print the address to open
    #[arg(long)]
    no_browser: bool,
}

pub async fn run(args: Args, global: &Global, printer: &Printer) -> Result<(), Failed> {
    let folder = Folder::required()?;
    let marketplace = Marketplace::of(global)?;
    may_sign_in(&marketplace)?;
    // A folder that can't be written to is told of before anybody signs in for nothing.
    drop(folder.lock()?);
    let client = marketplace.client_with(None)?;
    let token = if args.with_token {
        typed(printer)?
    } else if args.device {
        unless_interrupted(device::sign_in(&client, printer)).await?
    } else {
        let provider = provider::choose(&client, args.provider.as_deref(), global).await?;
        unless_interrupted(browser::sign_in(&client, &provider, !args.no_browser, printer)).await?
    };
    let status =
        unless_interrupted(async { Ok(marketplace.client_with(Some(token.clone()))?.status().await?) }).await?;
    keep(&folder, &marketplace, token, &status)?;
    printer.note(&greeting(&marketplace, &status));
    if let Some(given) = marketplace.token.filter(|token| token.source != Source::Login) {
        printer.warn(&format!("Commands use the token of {} as long as it is set.", given.source));
    }
    Ok(())
}

/// Nothing, unless the profile is that of another marketplace: its token would take the place of the other's.
fn may_sign_in(marketplace: &Marketplace) -> Result<(), Failed> {
    let Marketplace { profile, server, home, .. } = marketplace;
    match home {
        Some(home) if home.origin() != server.origin() => {
            let message = format!("The profile {profile} is for {home}, not for {server}.");
            Err(Failed::with_code(Code::Usage, message).hint(format!(
                "Add one with mkt profile add NAME --server {server}, and sign in with mkt login --profile NAME"
            )))
        }
        _ => Ok(()),
    }
}

/// The token on the standard input. On a terminal it is not shown.
fn typed(printer: &Printer) -> Result<Secret, Failed> {
    let stdin = std::io::stdin();
    let text = if stdin.is_terminal() {
        printer.instruct("Paste the token:");
        Term::stderr().read_secure_line()?
    } else {
        std::io::read_to_string(stdin)?
    };
    let token = Secret::new(text);
    if token.expose().is_empty() || !token.expose().chars().all(|c| c.is_ascii_graphic()) {
        return Err(Failed::with_code(Code::Usage, "The standard input is not a token: it is empty or has blanks."));
    }
    Ok(token)
}

/// Keeps the token for the profile, which is that of this marketplace from now on.
fn keep(folder: &Folder, marketplace: &Marketplace, token: Secret, status: &Value) -> Result<(), Failed> {
    let server = marketplace.server.clone();
    if marketplace.home.is_none() {
        Config::change(folder, |config| {
            config.profiles.insert(marketplace.profile.clone(), Profile { server: server.clone() });
            Ok(())
        })?;
    }
    let expires_at = status["jwt"]["expires_at"].as_str().and_then(|instant| instant.parse().ok());
    Credentials::keep(folder, &marketplace.profile, Credential { server, token, expires_at })
}

fn greeting(marketplace: &Marketplace, status: &Value) -> String {
    let told = |word: &str, value: &Value| value.as_str().map(|text| format!(" {word} {text}")).unwrap_or_default();
    let (who, end) = (told("as", &status["identity"]["user"]["name"]), told("until", &status["jwt"]["expires_at"]));
    format!("You are signed in to {}{who}{end} (profile {}).", marketplace.server, marketplace.profile)
}

/// Does something that Ctrl-C ends.
async fn unless_interrupted<T>(work: impl Future<Output = Result<T, Failed>>) -> Result<T, Failed> {
    tokio::select! {
        result = work => result,
        _ = tokio::signal::ctrl_c() => Err(Failed::with_code(Code::Interrupted, "Interrupted.")),
    }
}
