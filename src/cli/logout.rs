//! `mkt logout`

use super::error::Failed;
use super::global::Global;
use super::marketplace::{Credentials, Folder, Marketplace, Source};
use super::output::Printer;
use crate::client::{Cause, Failure};

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
    if token.source != Source::Login {
        ended?;
        printer.note(&format!("The token of {} has ended. Nothing else was signed out.", token.source));
        return Ok(());
    }
    Credentials::forget(&Folder::required()?, &marketplace.profile)?;
    match ended {
        Ok(()) => {}
        // Some tokens are not the marketplace's to end.
        Err(failure) if failure.cause == Cause::Conflict => printer.warn(&failure.message),
        Err(failure) => {
            printer
                .warn("The token is forgotten here, but the server did not end it: it is good until its time is over.");
            return Err(failure.into());
        }
    }
    printer.note(&format!("You are signed out of {}.", marketplace.server));
    Ok(())
}

/// Whether the server knows no such token, any more or at all.
fn is_gone(failure: &Failure) -> bool {
    failure.problem["status"] == 401
}
