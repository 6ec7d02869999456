//! Events, live: an ActionCable subscription, and `GET /events` for what happened while there was none.

mod connection;
mod recent;

use std::collections::VecDeque;
use std::pin::pin;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use self::connection::{Connection, Lost};
use self::recent::Recent;
use super::{Cause, Client, Failure};
use crate::core::event::Event;

/// How many events are fetched at a time.
const PAGE: usize = 1000;
/// The shortest pause before another connection.
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What can be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// What is published in and withdrawn from the catalogue.
    Catalog,
    /// What concerns one's own rights.
    Account,
    /// Who asked to use what.
    Audit,
}

impl Followed {
    /// Its name in `GET /events`.
    fn stream(self) -> &'static str {
        match self {
            Self::Catalog => "catalog",
            Self::Account => "account",
            Self::Audit => "audit",
        }
    }

    /// The identifier of its subscription.
    fn identifier(self) -> &'static str {
        match self {
            Self::Catalog => r#"{"channel":"CatalogChannel"}"#,
            Self::Account => r#"{"channel":"AccountChannel"}"#,
            Self::Audit => r#"{"channel":"AuditChannel"}"#,
        }
    }
}

/// What a [`Watch`] sees.
#[derive(Debug)]
pub enum Seen {
    /// Something happened.
    Event {
        /// The event.
        event: Event,
        /// The event as the server sent it, byte for byte.
        json: String,
    },
    /// The marketplace can't be heard for now.
    Interrupted {
        /// What happened, as a sentence.
        why: String,
        /// How long it will be until the next attempt.
        pause: Duration,
    },
    /// The marketplace can be heard, for the first time or again. What was missed follows first.
    Resumed,
}

/// Where a watch stands: what comes next is what is newer.
#[derive(Debug, Clone, Copy)]
enum Position {
    /// At the newest event there is, whichever it is.
    Latest,
    /// Before the first event.
    Oldest,
    /// After the event with this id.
    After(Uuid),
}

/// Follows events of a marketplace, through lost connections, each once and in order.
pub struct Watch {
    client: Client,
    followed: Followed,
    position: Position,
    /// What comes next, read but not yet handed out.
    due: VecDeque<Received>,
    recent: Recent,
    /// A confirmed subscription.
    connection: Option<Connection>,
    progress: Progress,
    /// What happened while the past was fetched.
    waiting: VecDeque<Received>,
    /// When to connect.
    not_before: Instant,
    pauses: ExponentialBackoff,
    /// Whether a connection has stood, so that what fails now has worked before and may again.
    proven: bool,
}

/// How much of what was missed before the subscription has been fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Nothing,
    Some,
    All,
}

impl Client {
    /// Follows events from now on, or from the event with this id, which is not among them.
    pub fn watch(&self, followed: Followed, since: Option<Uuid>) -> Watch {
        Watch {
            client: self.clone(),
            followed,
            position: since.map_or(Position::Latest, Position::After),
            due: VecDeque::new(),
            recent: Recent::default(),
            connection: None,
            progress: Progress::Nothing,
            waiting: VecDeque::new(),
            not_before: Instant::now(),
            pauses: pauses(),
            proven: false,
        }
    }
}

impl Watch {
    /// Waits for what comes next. May be dropped while waiting, and nothing is lost.
    ///
    /// # Errors
    /// When trying again is senseless: refused, not a marketplace, or an event to start after that it does not keep.
    pub async fn next(&mut self) -> Result<Seen, Failure> {
        loop {
            while let Some(Received { event, json }) = self.due.pop_front() {
                if self.recent.add(event.id) {
                    self.position = Position::After(event.id);
                    return Ok(Seen::Event { event, json });
                }
            }
            match self.advance().await {
                Ok(None) => {}
                Ok(Some(seen)) => return Ok(seen),
                Err(Lost::ForNow(why)) => return Ok(self.interrupt(why)),
                Err(Lost::Perhaps(failure)) if self.proven => return Ok(self.interrupt(failure.message)),
                Err(Lost::Perhaps(failure) | Lost::ForGood(failure)) => return Err(failure),
            }
        }
    }

    /// Takes one step: connects, fetches a page of the past, or receives an event.
    async fn advance(&mut self) -> Result<Option<Seen>, Lost> {
        match &mut self.connection {
            None => {
                sleep_until(self.not_before).await;
                if matches!(self.position, Position::Latest) {
                    // Learnt before the subscription begins: otherwise what happens right after would be lost with its
                    // connection.
                    let page = fetch(&self.client, self.followed, self.position).await?;
                    self.position = page.last_id.map_or(Position::Oldest, Position::After);
                }
                self.connection = Some(Connection::open(&self.client, self.followed).await?);
                self.progress = Progress::Nothing;
                self.waiting.clear();
                Ok(None)
            }
            Some(connection) if self.progress == Progress::All => {
                self.due.push_back(connection.next().await?);
                Ok(None)
            }
            Some(connection) => {
                let page = {
                    let mut page = pin!(fetch(&self.client, self.followed, self.position));
                    loop {
                        tokio::select! {
                            page = &mut page => break page?,
                            received = connection.next() => self.waiting.push_back(received?),
                        }
                    }
                };
                // What can't be read now won't be next time either.
                self.catch_up(&page).map_err(Lost::ForGood)
            }
        }
    }

    /// Takes a page of the past, after the last of which comes what happened meanwhile.
    fn catch_up(&mut self, page: &Page) -> Result<Option<Seen>, Failure> {
        for body in &page.results {
            self.due.push_back(Received::read(body)?);
        }
        if let Some(last) = page.last_id {
            self.position = Position::After(last);
        }
        let first = self.progress == Progress::Nothing;
        if page.results.len() < PAGE {
            self.due.append(&mut self.waiting);
            self.progress = Progress::All;
        } else {
            self.progress = Progress::Some;
        }
        self.proven = true;
        self.pauses = pauses();
        Ok(first.then_some(Seen::Resumed))
    }

    fn interrupt(&mut self, why: String) -> Seen {
        self.connection = None;
        let ceiling = self.pauses.next().unwrap_or(LONGEST_PAUSE);
        let pause = jittered(ceiling, Uuid::new_v4());
        self.not_before = Instant::now() + pause;
        Seen::Interrupted { why, pause }
    }
}

/// The next page of what came after a position.
async fn fetch(client: &Client, followed: Followed, position: Position) -> Result<Page, Failure> {
    let mut parameters = vec![("stream", followed.stream().to_owned()), ("limit", PAGE.to_string())];
    match position {
        Position::Latest => parameters.push(("after", "latest".to_owned())),
        Position::Oldest => {}
        Position::After(id) => parameters.push(("after", id.to_string())),
    }
    client.get("/events", &parameters).await
}

/// Ceilings of the pauses between attempts: they double, and begin anew once events were received.
fn pauses() -> ExponentialBackoff {
    let pauses = ExponentialBuilder::new().with_min_delay(SHORTEST_PAUSE * 2).with_max_delay(LONGEST_PAUSE);
    pauses.without_max_times().build()
}

/// Any pause from the shortest to the ceiling (full jitter), so that the clients of a server that comes back don't all
/// knock at once.
fn jittered(ceiling: Duration, random: Uuid) -> Duration {
    let (random, ..) = random.as_fields();
    SHORTEST_PAUSE + ceiling.saturating_sub(SHORTEST_PAUSE).mul_f64(f64::from(random) / f64::from(u32::MAX))
}

/// An event as it came.
#[derive(Debug)]
struct Received {
    event: Event,
    json: String,
}

impl Received {
    fn read(body: &RawValue) -> Result<Self, Failure> {
        let json = body.get().to_owned();
        let unknown = |error| {
            Failure::new(
                Cause::Other,
                format!("The marketplace sent an event that this mkt does not understand: {error}."),
            )
        };
        Ok(Self { event: serde_json::from_str(&json).map_err(unknown)?, json })
    }
}

#[derive(Deserialize)]
struct Page {
    results: Vec<Box<RawValue>>,
    last_id: Option<Uuid>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_minute() {
        let ceilings: Vec<u64> = pauses().take(8).map(|pause| pause.as_secs()).collect();
        assert_eq!(ceilings, [1, 2, 4, 8, 16, 32, 60, 60]);
        for (ceiling, random, expected) in [(60, 0, 500), (60, u128::MAX, 60_000), (1, 0, 500), (1, u128::MAX, 1000)] {
            let pause = jittered(Duration::from_secs(ceiling), Uuid::from_u128(random));
            assert_eq!(pause, Duration::from_millis(expected));
        }
    }
}
