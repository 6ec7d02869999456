//! What is to be done or was done, for people.

use serde_json::Value;

use crate::cli::error::{Code, Failed};
use crate::cli::output::{cell, excerpt, table};
use crate::client::Failure;
use crate::core::package::{Action, Outcome};

/// Every step, with each field that changes.
pub fn table_of(outcome: &Outcome) -> String {
    if outcome.unchanged {
        return line_of(outcome);
    }
    let rows = outcome.steps.iter().map(|step| {
        let changes = step.changes.iter().map(|change| {
            format!("{}: {} → {}", change.field, excerpt(&cell(&change.from), 40), excerpt(&cell(&change.to), 40))
        });
        vec![word(step.action).into(), step.resource.clone(), step.name.clone(), changes.collect::<Vec<_>>().join("\n")]
    });
    table(&["ACTION", "RESOURCE", "NAME", "CHANGES"], rows)
}

/// The whole package in a line.
pub fn line_of(outcome: &Outcome) -> String {
    format!("{} {}: {}", outcome.product.name, outcome.build.name, summary_of(outcome))
}

/// What is done with the package as a whole.
fn summary_of(outcome: &Outcome) -> &'static str {
    match (outcome.unchanged, outcome.published) {
        (true, _) => "unchanged",
        (false, true) if outcome.dry_run => "to be published",
        (false, true) => "published",
        (false, false) if outcome.submitted => "submitted for review",
        (false, false) => "not public yet",
    }
}

/// Where what was published is found, or what it still takes.
pub fn ending_of(outcome: &Outcome) -> String {
    if outcome.published {
        return format!("Published: {}", outcome.product.url);
    }
    if outcome.submitted {
        return format!("Submitted for review: {}", outcome.build.url);
    }
    format!("Not public yet: somebody who may publish has to do so: {}", outcome.build.url)
}

/// How many packages came to what; those that failed have no outcome.
pub fn counts_of<'a>(outcomes: impl Iterator<Item = Option<&'a Outcome>>, dry_run: bool) -> String {
    let (mut published, mut drafts, mut unchanged, mut failed) = (0, 0, 0, 0);
    for outcome in outcomes {
        match outcome {
            None => failed += 1,
            Some(outcome) if outcome.unchanged => unchanged += 1,
            Some(outcome) if outcome.published => published += 1,
            Some(_) => drafts += 1,
        }
    }
    let would_be = if dry_run { "Would be: " } else { "" };
    format!("{would_be}{published} published, {drafts} not public yet, {unchanged} unchanged, {failed} failed.")
}

fn word(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Submit => "submit",
        Action::Publish => "publish",
        Action::Unchanged => "unchanged",
    }
}

/// What a package comes to: one that was rejected, and is not changed, is not to be had by sending it again.
pub fn settled(outcome: Outcome) -> Result<Outcome, Failed> {
    let Some(rejection) = &outcome.rejection else { return Ok(outcome) };
    let message = format!("{} {} was rejected: {rejection}", outcome.product.name, outcome.build.name);
    Err(Failed::with_code(Code::Refused, message).hint("Mend what it was rejected for, and publish it again."))
}

/// A refusal with what differs from what is published.
pub fn refused(failure: Failure) -> Failed {
    let differences = failure.problem["details"]["differences"].as_array().cloned().unwrap_or_default();
    let failed = Failed::from(failure);
    if differences.is_empty() {
        return failed;
    }
    let line = |difference: &Value| {
        let side = |side: &str| excerpt(&difference[side].to_string(), 60);
        format!("  {}: {} → {}", cell(&difference["field"]), side("from"), side("to"))
    };
    failed.hint(format!("It differs here:\n{}", differences.iter().map(line).collect::<Vec<_>>().join("\n")))
}
