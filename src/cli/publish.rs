//! `mkt publish`

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::error::{Code, Failed};
use super::global::{Global, Output};
use super::output::{Printer, cell, excerpt, table};
use super::{ask, diagnostics, package};
use crate::client::Client;
use crate::core::manifest::{self, Severity};
use crate::core::package::{Action, Outcome};

/// Publish packages: validate each marketplace.json, compare it with the marketplace, and apply the difference
///
/// Doing it again changes nothing. What is published can't change: other content needs a new version.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Manifests, folders that have a marketplace.json, or trees of them
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,

    /// Only tell what would be done
    #[arg(long, short = 'n')]
    dry_run: bool,

    /// Take warnings for errors
    #[arg(long)]
    strict: bool,
}

pub async fn run(args: Args, global: &Global, printer: &Printer) -> Result<(), Failed> {
    let client = global.client()?;
    let mut manifests = Vec::new();
    for path in &args.paths {
        manifests.extend(package::find(path)?);
    }
    let bar = printer.progress(manifests.len());
    let mut results = Vec::new();
    let mut worst: Option<Failed> = None;
    for path in &manifests {
        bar.set_message(path.display().to_string());
        let result = bar.suspend(|| Package::read(path, args.strict, printer));
        let result = match result {
            Ok(package) => package.publish(&client, args.dry_run, global, printer).await,
            Err(failed) => Err(failed),
        };
        bar.inc(1);
        match result {
            Ok(outcome) => results.push(json!({ "path": path, "outcome": outcome })),
            Err(failed) => {
                results.push(json!({ "path": path, "error": failed.message }));
                if manifests.len() > 1 {
                    bar.suspend(|| printer.error(&format!("{}: {failed}", path.display())));
                }
                if worst.as_ref().is_none_or(|worst| worst.code < failed.code) {
                    worst = Some(failed);
                }
            }
        }
    }
    bar.finish_and_clear();
    match printer.output {
        Output::Table => {}
        Output::Json | Output::Yaml | Output::Csv | Output::Id => {
            let ids = |results: &Vec<Value>| {
                results
                    .iter()
                    .map(|result| cell(&result["outcome"]["build"]["id"]))
                    .filter(|id| !id.is_empty())
                    .collect()
            };
            printer.value(&results, |_| String::new(), ids)?;
        }
    }
    match worst {
        None => Ok(()),
        Some(failed) if manifests.len() == 1 => Err(failed),
        Some(failed) => {
            let count = results.iter().filter(|result| !result["error"].is_null()).count();
            Err(Failed::with_code(failed.code, format!("{count} of {} packages were not published.", manifests.len())))
        }
    }
}

/// A manifest that can be published.
struct Package<'a> {
    path: &'a Path,
    text: String,
}

impl<'a> Package<'a> {
    /// Reads and checks a manifest, and prints what is wrong with it.
    fn read(path: &'a Path, strict: bool, printer: &Printer) -> Result<Self, Failed> {
        let unreadable = |error: std::io::Error| Failed::new(format!("Can't read {}: {error}.", path.display()));
        let bytes = std::fs::read(path).map_err(unreadable)?;
        let text =
            String::from_utf8(bytes).map_err(|_| Failed::new(format!("{} is not UTF-8 text.", path.display())))?;
        let checked = manifest::check(&text);
        diagnostics::show(&path.display().to_string(), &text, &checked.diagnostics, printer);
        let of = |severity| checked.diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
        match (of(Severity::Error), of(Severity::Warning)) {
            (0, warnings) if strict && warnings > 0 => Err(Failed::new(format!(
                "{} has {warnings} warnings, which --strict takes for errors.",
                path.display()
            ))),
            (0, _) => Ok(Self { path, text }),
            (errors, warnings) => {
                Err(Failed::new(format!("{} has {errors} errors and {warnings} warnings.", path.display())))
            }
        }
    }

    /// Shows the plan and, unless it is a dry run, does it.
    async fn publish(
        self,
        client: &Client,
        dry_run: bool,
        global: &Global,
        printer: &Printer,
    ) -> Result<Outcome, Failed> {
        let asks = !dry_run && ask::possible(global);
        if dry_run || asks {
            let plan = client.publish(self.text.clone(), true).await.map_err(refused)?;
            self.show(&plan, printer)?;
            if dry_run || plan.unchanged {
                return Ok(plan);
            }
            let prompt = format!("Publish {} {} to {}?", plan.product.name, plan.build.name, client.server());
            if !ask::confirmed(prompt, true).await? {
                return Err(Failed::with_code(Code::Interrupted, "Nothing was published."));
            }
        }
        let outcome = client.publish(self.text.clone(), false).await.map_err(refused)?;
        if !asks {
            self.show(&outcome, printer)?;
        }
        if printer.output == Output::Table {
            if outcome.published {
                printer.note(&format!("Published: {}", outcome.product.url));
            } else {
                printer.note(&format!("Not public yet: somebody who may publish has to do so: {}", outcome.build.url));
            }
        }
        Ok(outcome)
    }

    fn show(&self, outcome: &Outcome, printer: &Printer) -> Result<(), Failed> {
        if printer.output != Output::Table {
            return Ok(());
        }
        printer.detail(&self.path.display().to_string());
        if outcome.unchanged {
            return printer.data(&format!("{} {}: unchanged", outcome.product.name, outcome.build.name));
        }
        let action = |action| match action {
            Action::Create => "create",
            Action::Update => "update",
            Action::Publish => "publish",
            Action::Unchanged => "unchanged",
        };
        let rows = outcome.steps.iter().map(|step| {
            let changes = step.changes.iter().map(|change| {
                format!("{}: {} → {}", change.field, excerpt(&cell(&change.from), 40), excerpt(&cell(&change.to), 40))
            });
            vec![
                action(step.action).into(),
                step.resource.clone(),
                step.name.clone(),
                changes.collect::<Vec<_>>().join("\n"),
            ]
        });
        printer.data(&table(&["ACTION", "RESOURCE", "NAME", "CHANGES"], rows))
    }
}

/// A refusal with what differs from what is published.
fn refused(failure: crate::client::Failure) -> Failed {
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
