//! `mkt watch`

mod command;
mod resume;

use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use self::resume::Resume;
use super::error::{Code, Failed};
use super::global::{Global, Output};
use super::output::{Printer, printable};
use super::resource::{self, Noun};
use crate::client::Client;
use crate::client::cable::{Followed, Position, Seen, Watch};
use crate::core::event::Event;
use crate::core::model::{Platform, Product};
use crate::core::resource::Resource;

/// Follow what happens, in the catalogue unless told otherwise: a line each, or NDJSON with --json
///
/// Reconnects by itself, and misses and repeats nothing. Ctrl-C ends it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to follow
    #[arg(long, value_enum, default_value_t = Stream::Catalog)]
    stream: Stream,

    /// Follow one product and its builds, by its name or id
    #[arg(long, value_name = "PRODUCT", conflicts_with = "stream")]
    product: Option<String>,

    /// Follow what is to run on a platform of yours, and how far it is, by the platform's name or id
    #[arg(long, value_name = "PLATFORM", conflicts_with_all = ["stream", "product"])]
    platform: Option<String>,

    /// Only what happens to such resources, such as product, build or instance
    #[arg(long, value_name = "RESOURCE", value_delimiter = ',')]
    resource: Vec<String>,

    /// Only events of such types, such as published, updated or yanked
    #[arg(long, value_name = "TYPE", value_delimiter = ',')]
    event: Vec<String>,

    /// Start after the event with this id, not now
    #[arg(long, value_name = "ID")]
    since: Option<Uuid>,

    /// Remember under this name how far it came, and go on from there the next time
    #[arg(long, value_name = "NAME", value_parser = resume::name)]
    resume: Option<String>,

    /// Run this shell command for each event, one after another, with the event as JSON on its standard input. Ends if it
    /// fails; with --resume the event is the first of the next time
    #[arg(long, value_name = "COMMAND")]
    exec: Option<String>,

    /// End after so many events
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,

    /// End after so many seconds; with --count, having seen fewer by then is a failure
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    timeout: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Stream {
    /// What is published and withdrawn.
    Catalog,
    /// What concerns you: entitlements, claims, vouchers, tokens, platforms.
    Account,
    /// Builds submitted for review, and what becomes of them; for those with builds.validate or builds.publish.
    Review,
    /// Who asked to use what; for those with attempts.read.
    Audit,
    /// Users, roles, licenses, entitlements and whatever else is administered; each kind for those who may read all of it.
    Administration,
}

impl Args {
    async fn followed(&self, client: &Client) -> Result<Followed, Failed> {
        Ok(match (&self.product, &self.platform, self.stream) {
            (Some(product), ..) => {
                Followed::Product(resource::id(client, &Noun::of::<Product>(), Product::TABLE.path, product).await?)
            }
            (_, Some(platform), _) => {
                Followed::Platform(resource::id(client, &Noun::of::<Platform>(), "/platforms", platform).await?)
            }
            (_, _, Stream::Catalog) => Followed::Catalog,
            (_, _, Stream::Account) => Followed::Account,
            (_, _, Stream::Review) => Followed::Review,
            (_, _, Stream::Audit) => Followed::Audit,
            (_, _, Stream::Administration) => Followed::Administration,
        })
    }

    fn wants(&self, event: &Event) -> bool {
        let among = |words: &[String], word: &str| words.is_empty() || words.iter().any(|wanted| wanted == word);
        among(&self.resource, &event.resource_type) && among(&self.event, &event.event_type)
    }
}

pub async fn run(args: Args, global: &Global, printer: &Printer) -> Result<(), Failed> {
    let client = global.client()?;
    let followed = args.followed(&client).await?;
    let resume = args.resume.as_deref().map(|name| Resume::open(name, followed)).transpose()?;
    let kept = resume.as_ref().map(Resume::position).transpose()?.flatten();
    let since = kept.unwrap_or(Position { id: args.since, place: None });
    let mut watch = client.watch(followed, since);
    // One that is never reached is none.
    let timeout = args.timeout.and_then(|seconds| Instant::now().checked_add(Duration::from_secs(seconds)));
    let over = async {
        match timeout {
            Some(instant) => sleep_until(instant).await,
            None => std::future::pending().await,
        }
    };
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(over, interrupted);
    let mut seen = 0;
    while args.count.is_none_or(|count| seen < count) {
        let next = tokio::select! {
            next = watch.next() => next?,
            () = &mut over => return timed_out(args.count, seen),
            _ = &mut interrupted => return Err(Failed::with_code(Code::Interrupted, "Interrupted.")),
        };
        match next {
            Seen::Event { event, json } => {
                if args.wants(&event) {
                    seen += 1;
                    handle(&args, printer, &event, json).await?;
                }
                keep(resume.as_ref(), &watch)?;
            }
            Seen::Interrupted { why, pause } => {
                printer.warn(&format!("{why} Trying again in {:.1} s.", pause.as_secs_f32()));
            }
            Seen::Resumed => {
                // Whoever starts now and sees nothing goes on from now the next time.
                keep(resume.as_ref(), &watch)?;
                printer.note(if followed == Followed::Catalog {
                    "Connected; following the catalogue."
                } else {
                    "Connected."
                });
            }
        }
    }
    Ok(())
}

/// Prints an event, or hands it to the command.
async fn handle(args: &Args, printer: &Printer, event: &Event, json: String) -> Result<(), Failed> {
    match &args.exec {
        Some(command) => command::run(command, event, json).await,
        None => Ok(printer.data(&line(printer.output, event, json))?),
    }
}

fn keep(resume: Option<&Resume>, watch: &Watch) -> Result<(), Failed> {
    resume.map_or(Ok(()), |resume| resume.keep(watch.position()))
}

fn timed_out(count: Option<u64>, seen: u64) -> Result<(), Failed> {
    match count {
        Some(count) => Err(Failed::with_code(Code::Away, format!("Saw {seen} of {count} events in time."))),
        None => Ok(()),
    }
}

fn line(output: Output, event: &Event, json: String) -> String {
    match output {
        Output::Json | Output::Yaml | Output::Csv => json,
        Output::Id => event.id.to_string(),
        Output::Table => {
            let what = format!("{} {}", event.resource_type, event.event_type);
            printable(&format!("{}  {what:<20}  {}", event.occurred_at, event.message)).replace('\n', " ")
        }
    }
}
