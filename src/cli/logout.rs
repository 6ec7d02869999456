//! `mkt logout`

use super::error::{Code, Failed};
use super::global::Global;
use super::marketplace::{Credentials, Folder, Marketplace, Source};
use super::output::Printer;
use crate::client::Failure;

/// Sign out: end the token in use, and forget it
#[derive(Debug, clap::Args)]
pub struct Args {}

pub async fn run(_: &Args, global: &Global, printer: &Printer) -> Result<(), Failed> {
    let marketplace = Marketplace::of(global)?;
    let Some(token) = &marketplace.token else {
        printer.note(&format!("Nobody is signed in to {}.", marketplace.server));
        return Ok(());
    };
    let ended = match marketplace.client()?.sign_out().await {
        Err(failure) if is_gone(&failure) => Ok(()),
        ended => ended,
    };
    if token.source == Source::Login {
        Credentials::forget(&Folder::required()?, &marketplace.profile)?;
    }
    match (ended, &token.source) {
        (Ok(()), Source::Login) => printer.note(&format!("You are signed out of {}.", marketplace.server)),
        (Ok(()), source) => printer.note(&format!("The token of {source} has ended. Nothing else was signed out.")),
        (Err(failure), source) => return Err(goes_on(failure, source, printer)),
    }
    Ok(())
}

/// Whether the server knows no such token, any more or at all.
fn is_gone(failure: &Failure) -> bool {
    failure.problem["status"] == 401
}

/// The server did not end the token.
fn goes_on(failure: Failure, source: &Source, printer: &Printer) -> Failed {
    if *source == Source::Login {
        printer
            .warn("The token is forgotten here, but the server did not end it: it stays valid until its time is over.");
    }
    let failed = Failed::from(failure);
    match failed.code {
        Code::Away => failed,
        _ => failed.hint("A token that was not made by signing in ends with: mkt token revoke"),
    }
}
