//! `mkt publish`: finds manifests, checks and seals each (`package`), shows what would be done (`plan`), asks, and
//! does it, sending the files that are missing first. Every step can be repeated; the marketplace does all of a package in one
//! transaction.

mod package;
mod plan;
mod send;
mod wait;

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::iter;
use serde_json::{Value, json};

use self::package::{Checked, Package};
use self::send::Sender;
use super::ask;
use super::error::{Code, Failed};
use super::global::{Global, Output, read_secret};
use super::output::{Printer, cell};
use super::registry::RegistryArgs;
use crate::cli;
use crate::client::{Client, REQUIRED, Registries};
use crate::core::package::Outcome;
use crate::core::signing::SigningKey;

/// How many packages are worked on at a time.
const AT_ONCE: usize = 16;

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

    /// A private key to sign with, as mkt keygen makes it
    #[arg(long, value_name = "FILE", env = "MKT_SIGNING_KEY_FILE")]
    sign: Option<PathBuf>,

    #[command(flatten)]
    registry: RegistryArgs,

    /// Wait until what was published is visible to everybody
    #[arg(long)]
    wait: bool,

    /// For how long to wait
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = humantime::parse_duration)]
    timeout: Duration,
}

/// What became of a manifest.
struct Done {
    path: PathBuf,
    result: Result<Outcome, Failed>,
}

pub async fn run(args: Args, global: &Global, printer: &Printer) -> Result<(), Failed> {
    let client = global.client()?;
    let key = args.sign.as_deref().map(read_key).transpose()?;
    let (mut manifests, mut astray) = (Vec::new(), Vec::new());
    for path in &args.paths {
        for found in cli::package::find(path) {
            match found {
                Ok(manifest) => manifests.push(manifest),
                Err((path, failed)) => astray.push(Done { path, result: Err(failed) }),
            }
        }
    }
    let alone = manifests.len() + astray.len() == 1;
    let registries = args.registry.registries()?;
    let publishing = Publishing { client: &client, args: &args, key, registries, printer, alone };
    let mut done: Vec<Done> = astray.into_iter().map(|astray| publishing.told(astray)).collect();
    let (packages, unsealed) = publishing.seal(manifests).await;
    done.extend(unsealed);
    if args.dry_run {
        done.extend(publishing.plan(packages).await?.into_iter().map(|(_, planned)| planned));
    } else if global.yes {
        done.extend(publishing.apply(packages).await?);
    } else {
        let (wanted, settled) = changing(publishing.plan(packages).await?);
        done.extend(settled);
        if !wanted.is_empty() {
            publishing.require_consent(&wanted, global).await?;
            done.extend(publishing.apply(wanted).await?);
        }
    }
    publishing.report(&done)?;
    verdict(done)
}

fn read_key(path: &Path) -> Result<SigningKey, Failed> {
    let pem = read_secret(path)?;
    let none =
        || Failed::new(format!("{} has no private key of Ed25519.", path.display())).hint("Make one with: mkt keygen");
    SigningKey::from_pem(&pem).ok_or_else(none)
}

/// Those of planned packages that would change something, and what became of the others already.
fn changing(planned: Vec<(Package, Done)>) -> (Vec<Package>, Vec<Done>) {
    let (wanted, settled): (Vec<_>, Vec<_>) =
        planned.into_iter().partition(|(_, done)| done.result.as_ref().is_ok_and(|plan| !plan.unchanged));
    (wanted.into_iter().map(|(package, _)| package).collect(), settled.into_iter().map(|(_, done)| done).collect())
}

/// A run of the command.
struct Publishing<'a> {
    client: &'a Client,
    args: &'a Args,
    key: Option<SigningKey>,
    registries: Option<Registries>,
    printer: &'a Printer,
    /// Whether there is but one package, which is told of at length.
    alone: bool,
}

impl Publishing<'_> {
    /// Checks and seals manifests, and answers what became of those that can't be published.
    async fn seal(&self, manifests: Vec<PathBuf>) -> (Vec<Package>, Vec<Done>) {
        let bar = self.printer.progress(manifests.len());
        let seal = async |path: PathBuf| {
            let sealed = async {
                let checked = bar.suspend(|| Checked::read(&path, self.args.strict, self.printer))?;
                let digest = self.resolve(&checked).await?;
                checked.seal(digest, self.key.as_ref()).await
            };
            let sealed = sealed.await;
            bar.inc(1);
            (path, sealed)
        };
        let (mut packages, mut failed) = (Vec::new(), Vec::new());
        let mut sealed = pin!(iter(manifests).map(seal).buffered(AT_ONCE));
        while let Some((path, sealed)) = sealed.next().await {
            match sealed {
                Ok(package) => packages.push(package),
                Err(error) => failed.push(self.told(Done { path, result: Err(error) })),
            }
        }
        bar.finish_and_clear();
        (packages, failed)
    }

    /// The digest of a package's image, as its registry has it.
    async fn resolve(&self, checked: &Checked) -> Result<Option<String>, Failed> {
        let Some(image) = checked.image() else { return Ok(None) };
        let Some(registries) = &self.registries else {
            if image.digest.is_none() {
                self.printer.note(&format!("{image} was not looked up: it may be another image tomorrow."));
            }
            return Ok(None);
        };
        let resolved = registries.resolve(image).await?;
        if !resolved.runs() {
            let platforms = resolved.platforms.join(", ");
            let message = format!("{image} is for {platforms}, and not for {REQUIRED}, which all platforms run.");
            if self.args.strict {
                return Err(Failed::new(message));
            }
            self.printer.warn(&message);
        }
        Ok(Some(resolved.digest))
    }

    /// Tells what would be done with packages.
    async fn plan(&self, packages: Vec<Package>) -> Result<Vec<(Package, Done)>, Failed> {
        let bar = self.printer.progress(packages.len());
        let plan = async |package: Package| {
            let planned = self.client.publish(&package.text, package.signature.as_deref(), true).await;
            bar.inc(1);
            let done =
                Done { path: package.path.clone(), result: planned.map_err(plan::refused).and_then(plan::settled) };
            (package, done)
        };
        let (mut all, mut planned) = (Vec::new(), pin!(iter(packages).map(plan).buffered(AT_ONCE)));
        while let Some((package, done)) = planned.next().await {
            let done = bar.suspend(|| self.told(done));
            bar.suspend(|| self.show(&done))?;
            all.push((package, done));
        }
        bar.finish_and_clear();
        Ok(all)
    }

    /// Publishes packages.
    async fn apply(&self, packages: Vec<Package>) -> Result<Vec<Done>, Failed> {
        let bar = self.printer.progress(packages.len());
        let sender = Sender { client: self.client, printer: self.printer, alone: self.alone };
        let apply = async |package: Package| {
            let mut result = sender.publish(&package).await.and_then(plan::settled);
            if let (Ok(outcome), true) = (&result, self.args.wait) {
                let waited = wait::until_visible(self.client, outcome, self.args.timeout, self.printer).await;
                result = waited.and(result);
            }
            bar.inc(1);
            Done { path: package.path, result }
        };
        let (mut all, mut applied) = (Vec::new(), pin!(iter(packages).map(apply).buffered(AT_ONCE)));
        while let Some(done) = applied.next().await {
            let done = bar.suspend(|| self.told(done));
            bar.suspend(|| self.show(&done))?;
            all.push(done);
        }
        bar.finish_and_clear();
        Ok(all)
    }

    /// Tells of a failure at once where others go on.
    fn told(&self, done: Done) -> Done {
        if let (Err(failed), false) = (&done.result, self.alone) {
            self.printer.error(&format!("{}: {failed}", done.path.display()));
        }
        done
    }

    fn show(&self, done: &Done) -> Result<(), Failed> {
        let (Ok(outcome), Output::Table) = (&done.result, self.printer.output) else { return Ok(()) };
        self.printer.data(&if self.alone { plan::table_of(outcome) } else { plan::line_of(outcome) })?;
        if self.alone && !outcome.dry_run {
            self.printer.note(&plan::ending_of(outcome));
        }
        Ok(())
    }

    /// Nothing, if somebody at the terminal wants these published.
    async fn require_consent(&self, wanted: &[Package], global: &Global) -> Result<(), Failed> {
        if !ask::possible(global) {
            let message = "Nothing was published: that takes your consent.";
            return Err(Failed::with_code(Code::Usage, message).hint("Look at the plan, and give it with --yes."));
        }
        let what = match wanted {
            [package] => package.title.clone(),
            several => format!("{} packages", several.len()),
        };
        match ask::confirmed(format!("Publish {what} to {}?", self.client.server()), true).await? {
            true => Ok(()),
            false => Err(Failed::with_code(Code::Interrupted, "Nothing was published.")),
        }
    }

    /// Sums up, and prints all where programs read it.
    fn report(&self, done: &[Done]) -> Result<(), Failed> {
        if self.printer.output != Output::Table {
            let result = |done: &Done| match &done.result {
                Ok(outcome) => json!({ "path": done.path, "outcome": outcome }),
                Err(failed) => json!({ "path": done.path, "error": failed.message, "code": failed.code as u8 }),
            };
            let results: Vec<Value> = done.iter().map(result).collect();
            let ids = |results: &Vec<Value>| {
                let ids = results.iter().map(|result| cell(&result["outcome"]["build"]["id"]));
                ids.filter(|id| !id.is_empty()).collect()
            };
            return self.printer.value(&results, |_| String::new(), ids);
        }
        if !self.alone {
            self.printer.note(&plan::counts_of(done.iter().map(|done| done.result.as_ref().ok()), self.args.dry_run));
        }
        Ok(())
    }
}

/// Nothing, if all went well, else the worst of the failures.
fn verdict(done: Vec<Done>) -> Result<(), Failed> {
    let all = done.len();
    let mut failed: Vec<Failed> = done.into_iter().filter_map(|done| done.result.err()).collect();
    failed.sort_by_key(|failed| failed.code);
    match (failed.len(), failed.pop()) {
        (_, None) => Ok(()),
        (_, Some(only)) if all == 1 => Err(only),
        (count, Some(worst)) => {
            Err(Failed::with_code(worst.code, format!("{count} of {all} packages were not published.")))
        }
    }
}
