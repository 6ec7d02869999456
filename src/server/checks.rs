//! The operator's check of submissions, a command or a webhook. Each submission is checked by one of the servers; after a crash
//! by another.

mod command;
mod webhook;

use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::join_all;
use url::Url;

use super::App;
use crate::core::access::{Caller, Principal};
use crate::core::review::check::{self, Submission};
use crate::core::secret::Secret;
use crate::core::{Result, clock};

/// How many checks one server makes at a time.
const AT_ONCE: usize = 4;
/// How often it looks for submissions.
const SECOND: Duration = Duration::from_secs(1);
/// How long it has to write a verdict down before another server makes the check again.
const MARGIN: Duration = Duration::from_secs(10);

/// What checks submissions.
#[derive(Debug, Clone)]
pub struct Check {
    /// How.
    pub by: By,
    /// How long it may take.
    pub timeout: Duration,
}

/// How submissions are checked.
#[derive(Debug, Clone)]
pub enum By {
    /// By a program with these arguments.
    Command(Vec<String>),
    /// By whoever is at this address, to whom the secret proves who asks.
    Webhook(Url, Secret),
}

/// What a check came to.
#[derive(Debug, PartialEq, Eq)]
struct Verdict {
    passed: bool,
    message: String,
}

/// Checks submissions until the server ends, if the operator has them checked.
pub async fn run(app: &App) {
    if let Some(check) = &app.settings().check {
        join_all((0..AT_ONCE).map(|_| work(app, check))).await;
    }
}

async fn work(app: &App, check: &Check) {
    loop {
        match next(app, check).await {
            Ok(true) => {}
            Ok(false) => tokio::time::sleep(SECOND).await,
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                tracing::warn!(%cause, "checking submissions failed: {error}");
                tokio::time::sleep(SECOND).await;
            }
        }
    }
}

/// Checks the submission that has waited longest, and answers whether there was any.
async fn next(app: &App, check: &Check) -> Result<bool> {
    let lease = TimeDelta::from_std(check.timeout + MARGIN).unwrap_or(TimeDelta::MAX);
    let Some(submission) = check::take(app.db(), clock::now(), lease).await? else { return Ok(false) };
    if !submission.has_passed() {
        match check.verdict(&submission).await {
            Ok(Verdict { passed: true, message }) => submission.pass(app.db(), &caller(app), &message).await?,
            Ok(Verdict { message, .. }) => {
                submission.fail(app.db(), &caller(app), &message).await?;
                return Ok(true);
            }
            Err(why) => {
                let build = submission.build.id;
                tracing::warn!(%build, "the check of a submission could not be made, and is tried again: {why}");
                submission.postpone(app.db(), clock::now()).await?;
                return Ok(true);
            }
        }
    }
    submission.conclude(app.db(), &caller(app)).await?;
    Ok(true)
}

/// The marketplace itself, acting now.
fn caller(app: &App) -> Caller {
    let settings = app.settings();
    Caller {
        self_publishing: settings.self_publishing,
        requires: settings.requires,
        ..Caller::new(Principal::marketplace(), "".into())
    }
}

impl Check {
    /// Makes the check.
    ///
    /// # Errors
    /// Why it could not be made.
    async fn verdict(&self, submission: &Submission) -> Result<Verdict, String> {
        match &self.by {
            By::Command(words) => command::verdict(words, self.timeout, submission).await,
            By::Webhook(url, secret) => webhook::verdict(url, secret, self.timeout, submission).await,
        }
    }
}
