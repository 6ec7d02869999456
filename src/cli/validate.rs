//! `mkt validate`

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::error::{Code, Failed};
use super::global::Output;
use super::output::Printer;
use super::package::{Found, Package, find, unreadable};
use crate::core::manifest::{Diagnostic, Manifest, Severity};

/// Check packages without a marketplace: each marketplace.json, and the files beside it that it names
///
/// Tells everything that is wrong at once, with its place and how to mend it. Errors keep a package from being published,
/// warnings do not. Ends with 1 when a manifest has errors, and with 5 when there is none where it should be.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Manifests, folders that have a marketplace.json, or trees of them; - reads a manifest from stdin
    #[arg(default_value = ".", value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Take warnings for errors
    #[arg(long)]
    strict: bool,
}

/// What was found in a manifest.
#[derive(Serialize)]
struct Report {
    path: String,
    valid: bool,
    errors: usize,
    warnings: usize,
    diagnostics: Vec<Diagnostic>,
    #[serde(skip)]
    manifest: Option<Manifest>,
}

pub fn run(args: &Args, printer: &Printer) -> Result<(), Failed> {
    let (mut reports, mut failures) = (Vec::new(), Vec::new());
    for path in &args.paths {
        for package in packages(path) {
            match package {
                Ok(package) => reports.push(report(if args.strict { package.strict() } else { package }, printer)),
                Err(failed) => failures.push(failed),
            }
        }
    }
    let build = |report: &Report| report.manifest.as_ref().map(|manifest| manifest.build.id.to_string());
    printer.value(&reports, |_| String::new(), |reports| reports.iter().filter_map(build).collect())?;
    if reports.is_empty()
        && failures.len() == 1
        && let Some(failed) = failures.pop()
    {
        return Err(failed);
    }
    failures.iter().for_each(|failed| printer.error(&failed.message));
    let invalid = reports.iter().any(|report| !report.valid).then_some(Code::Failed);
    let summary = summary(&reports);
    match failures.iter().map(|failed| failed.code).max().max(invalid) {
        Some(code) => Err(Failed::with_code(code, summary)),
        None => {
            printer.note(&summary);
            Ok(())
        }
    }
}

/// The packages at a path, each read, or why it can't be.
fn packages(path: &Path) -> Vec<Result<Package, Failed>> {
    if path == Path::new("-") {
        return vec![Package::read_stdin().map_err(|error| unreadable(Path::new("stdin"), &error))];
    }
    let read = |found: Found| {
        let path = found.map_err(|(_, failed)| failed)?;
        Package::read(&path).map_err(|error| unreadable(&path, &error))
    };
    find(path).into_iter().map(read).collect()
}

/// Shows what is wrong with a package to people, who get no data, and makes the data.
fn report(package: Package, printer: &Printer) -> Report {
    if printer.output == Output::Table {
        package.show(printer);
    }
    Report {
        valid: package.manifest.is_some(),
        errors: package.count(Severity::Error),
        warnings: package.count(Severity::Warning),
        path: package.name,
        diagnostics: package.diagnostics,
        manifest: package.manifest,
    }
}

/// One sentence on all.
fn summary(reports: &[Report]) -> String {
    let sum = |of: fn(&Report) -> usize| reports.iter().map(of).sum();
    let (errors, warnings) = (sum(|report| report.errors), sum(|report| report.warnings));
    let found = [(errors, "error"), (warnings, "warning")].into_iter().filter(|(number, _)| *number > 0);
    let found: Vec<_> = found.map(|(number, noun)| counted(number, noun)).collect();
    let invalid = reports.iter().filter(|report| !report.valid).count();
    let verdict = match reports {
        [] => return "Nothing was checked.".to_owned(),
        [only] => {
            format!("{} is {}valid", only.path.replace(char::is_control, "?"), if invalid == 0 { "" } else { "not " })
        }
        all if invalid == 0 => format!("{} manifests are valid", all.len()),
        all => format!("{invalid} of {} manifests are not valid", all.len()),
    };
    if found.is_empty() { format!("{verdict}.") } else { format!("{verdict}: {}.", found.join(", ")) }
}

fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
