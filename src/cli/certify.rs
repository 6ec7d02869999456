//! `mkt certify`

mod product;

use std::path::PathBuf;
use std::time::Duration;

use super::daemon::stop_signal;
use super::error::{Code, Failed};
use super::output::{Printer, table};
use super::registry::RegistryArgs;
use crate::agent::certify::{Row, Trouble, Verdict, certify};

/// Try a product before it is published: start it in containers, and see which packaging rules it keeps
///
/// Of each of the specification's sixteen rules for images, and of two more, it tells whether it is kept (ok), is not (FAILED), or no
/// program can tell (look), and by what. The product is started as agents start it, several times, and nothing of it is left behind.
/// Ends with 1 when a rule is not kept. With - it serves as the check of submissions of mkt serve.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// An image by its name; or a manifest, a folder that has a marketplace.json, or - for a manifest on stdin: of these each task
    /// of the default configuration is tried
    #[arg(value_name = "IMAGE|MANIFEST")]
    subject: String,

    #[command(flatten)]
    product: product::ProductArgs,

    /// The socket of the container engine
    #[arg(long, env = "MKT_DOCKER_SOCKET", value_name = "FILE", default_value = "/var/run/docker.sock")]
    docker_socket: PathBuf,

    /// How long a task may take to come up
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = humantime::parse_duration)]
    timeout: Duration,

    /// Take what a person should look at for failed
    #[arg(long)]
    strict: bool,

    #[command(flatten)]
    registry: RegistryArgs,
}

pub async fn run(args: Args, printer: &Printer) -> Result<(), Failed> {
    let Some(product) = args.product.read(&args.subject, &args.registry, printer).await? else {
        printer.note("The package has no image, so the rules for images do not apply.");
        return print(&[], printer);
    };
    // Until here there is nothing to clear up.
    let stop = stop_signal()?;
    let rows = certify(&args.docker_socket, &product, args.timeout, stop).await?;
    print(&rows, printer)?;
    let wrong = |row: &&Row| row.verdict == Verdict::Failed || args.strict && row.verdict == Verdict::Look;
    match rows.iter().filter(wrong).count() {
        0 => {
            printer.note(&format!("{} keeps the rules, as far as a program can tell.", product.image));
            Ok(())
        }
        wrong => {
            let message = format!("{wrong} of {} rules are not kept.", rows.len());
            let strict = args.strict.then_some("With --strict what a person should look at counts, too.");
            Err(Failed { hint: strict.map(str::to_owned), ..Failed::new(message) })
        }
    }
}

fn print(rows: &[Row], printer: &Printer) -> Result<(), Failed> {
    printer.value(&rows, |rows| described(rows), |rows| rows.iter().map(|row| row.what.to_owned()).collect())
}

/// What is wrong comes first: who is told why a package is rejected sees the first lines only.
fn described(rows: &[Row]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut rows: Vec<&Row> = rows.iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.verdict));
    let word = |verdict| match verdict {
        Verdict::Ok => "ok",
        Verdict::Failed => "FAILED",
        Verdict::Look => "look",
    };
    let number = |row: &Row| row.rule.map(|rule| rule.to_string()).unwrap_or_default();
    let line = |row: &&Row| vec![number(row), word(row.verdict).to_owned(), row.what.to_owned(), row.evidence.clone()];
    table(&["RULE", "VERDICT", "WHAT", "EVIDENCE"], rows.iter().map(line))
}

impl From<Trouble> for Failed {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Engine(fault) => Self::with_code(Code::Away, fault.0)
                .hint("Is Docker or Podman running? Name its socket with --docker-socket or MKT_DOCKER_SOCKET."),
            Trouble::Image(fault) => Self::with_code(Code::NotFound, fault.0),
            Trouble::Interrupted => Self::with_code(Code::Interrupted, "Interrupted."),
        }
    }
}
