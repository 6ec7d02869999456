//! `mkt watch`

use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::error::{Code, Failed};
use super::global::{Global, Output};
use super::output::{Printer, printable};
use crate::client::cable::{Followed, Seen};
use crate::core::event::Event;

/// Follow what happens, in the catalogue unless told otherwise: a line each, or NDJSON with --json
///
/// Reconnects by itself, and misses and repeats nothing. Ctrl-C ends it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to follow
    #[arg(long, value_enum, default_value_t = Stream::Catalog)]
    stream: Stream,

    /// Start after the event with this id, not now
    #[arg(long, value_name = "ID")]
    since: Option<Uuid>,

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
    /// What concerns your rights: entitlements, claims, vouchers.
    Account,
    /// Who asked to use what; for those with attempts.read.
    Audit,
}

impl Stream {
    fn followed(self) -> Followed {
        match self {
            Self::Catalog => Followed::Catalog,
            Self::Account => Followed::Account,
            Self::Audit => Followed::Audit,
        }
    }
}

pub async fn run(args: Args, global: &Global, printer: &Printer) -> Result<(), Failed> {
    let mut watch = global.client()?.watch(args.stream.followed(), args.since);
    let timeout = args.timeout.map(|seconds| Instant::now() + Duration::from_secs(seconds));
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
                seen += 1;
                printer.data(&line(printer.output, &event, json))?;
            }
            Seen::Interrupted { why, pause } => {
                printer.warn(&format!("{why} Trying again in {:.1} s.", pause.as_secs_f32()));
            }
            Seen::Resumed if args.stream == Stream::Catalog => printer.note("Connected; following the catalogue."),
            Seen::Resumed => printer.note("Connected."),
        }
    }
    Ok(())
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
