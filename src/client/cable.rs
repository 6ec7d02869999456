//! Events, live: an ActionCable subscription in the extended protocol, which sends what was missed before what happens.

mod connection;
mod followed;

use std::collections::VecDeque;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

pub use self::followed::Followed;

use self::connection::{Connection, Lost, Read};
use super::{Cause, Client, Failure};
use crate::core::event::Event;

/// How many events are fetched at a time.
const PAGE: usize = 1000;
/// The shortest pause before another connection.
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

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
    /// The marketplace can be heard, for the first time or again, and all that was missed has been seen.
    Resumed,
}

/// Where a watch stands: what comes next is what is newer. Kept by whoever wants to go on another day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The last event that was seen.
    pub id: Option<Uuid>,
    /// Its place in its stream.
    pub place: Option<Place>,
}

/// A place in a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The stream.
    pub stream_id: String,
    /// What the offset counts in.
    pub epoch: String,
    /// The offset.
    pub offset: i64,
}

/// Follows events of a marketplace, through lost connections, each once and in order.
pub struct Watch {
    client: Client,
    followed: Followed,
    position: Position,
    /// What comes next, read but not yet handed out.
    due: VecDeque<Received>,
    /// Where in the stream it stands once that is handed out, when it was fetched.
    fetched: Option<Place>,
    /// A confirmed subscription.
    connection: Option<Connection>,
    /// When to connect.
    not_before: Instant,
    pauses: ExponentialBackoff,
    /// Whether a connection has stood, so that what fails now has worked before and may again.
    proven: bool,
}

impl Client {
    /// Follows events from a position on, or from now on.
    pub fn watch(&self, followed: Followed, since: Position) -> Watch {
        Watch {
            client: self.clone(),
            followed,
            position: since,
            due: VecDeque::new(),
            fetched: None,
            connection: None,
            not_before: Instant::now(),
            pauses: pauses(),
            proven: false,
        }
    }
}

impl Watch {
    /// Where it stands: after the event that was seen last.
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// Waits for what comes next. May be dropped while waiting, and nothing is lost.
    ///
    /// # Errors
    /// When trying again is senseless: refused, not a marketplace, or an event to start after that it does not keep.
    pub async fn next(&mut self) -> Result<Seen, Failure> {
        loop {
            while let Some(Received { event, json, place }) = self.due.pop_front() {
                if self.is_new(&place) {
                    self.position.id = Some(event.id);
                    self.position.place = place;
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

    /// Says something to the marketplace on the channel followed, if it can be heard. Whether it was sent.
    pub async fn say(&mut self, data: &serde_json::Value) -> bool {
        let Some(connection) = &mut self.connection else { return false };
        // A connection that takes nothing tells so when it is read from, too.
        connection.say(data).await.is_ok()
    }

    /// Whether an event has not been seen: a server may send one twice, and tells so by its place.
    fn is_new(&self, place: &Option<Place>) -> bool {
        match (place, &self.position.place) {
            (Some(new), Some(last)) => new.epoch != last.epoch || new.offset > last.offset,
            _ => true,
        }
    }

    /// Takes one step: fetches a page of what there was since an event, connects, or receives something.
    async fn advance(&mut self) -> Result<Option<Seen>, Lost> {
        let Some(connection) = &mut self.connection else {
            sleep_until(self.not_before).await;
            if let Some(place) = self.fetched.take() {
                self.position.place = Some(place);
            }
            match &self.position.place {
                None => self.fetch().await?,
                Some(place) => self.connection = Some(Connection::open(&self.client, self.followed, place).await?),
            }
            return Ok(None);
        };
        match connection.next().await? {
            Read::Event(received) => {
                self.due.push_back(*received);
                Ok(None)
            }
            Read::History { kept: true } => {
                self.proven = true;
                self.pauses = pauses();
                Ok(Some(Seen::Resumed))
            }
            Read::History { kept: false } => {
                self.connection = None;
                // Perhaps only offsets count from elsewhere now, and the event is still known.
                match (self.position.place.take(), self.position.id) {
                    (_, Some(_)) => Ok(None),
                    (_, None) => Err(Lost::ForGood(expired())),
                }
            }
            Read::Welcome | Read::Confirmation | Read::Nothing => Ok(None),
        }
    }

    /// Fetches a page of what came after an event; after the last page it is known where in the stream that is.
    async fn fetch(&mut self) -> Result<(), Lost> {
        let after = self.position.id.map_or_else(|| LATEST.to_owned(), |id| id.to_string());
        let stream = self.followed.stream();
        let parameters = [("stream", stream), ("limit", PAGE.to_string()), ("after", after)];
        let Page { results, stream_id, epoch, offset } = self.client.get("/events", &parameters).await?;
        for body in &results {
            // What can't be read now won't be next time either.
            self.due.push_back(Received::read(body, None).map_err(Lost::ForGood)?);
        }
        if results.len() < PAGE {
            self.fetched = Some(Place { stream_id, epoch, offset });
        }
        Ok(())
    }

    fn interrupt(&mut self, why: String) -> Seen {
        self.connection = None;
        let ceiling = self.pauses.next().unwrap_or(LONGEST_PAUSE);
        let pause = jittered(ceiling, Uuid::new_v4());
        self.not_before = Instant::now() + pause;
        Seen::Interrupted { why, pause }
    }
}

/// Instead of an event's id: the newest, whichever it is.
const LATEST: &str = "latest";

fn expired() -> Failure {
    let message =
        "The marketplace does not keep what happened since then. Look at the whole state, and follow from now on.";
    Failure::new(Cause::NotFound, message)
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
    place: Option<Place>,
}

impl Received {
    fn read(body: &RawValue, place: Option<Place>) -> Result<Self, Failure> {
        let json = body.get().to_owned();
        let unknown = |error| {
            Failure::new(
                Cause::Other,
                format!("The marketplace sent an event that this mkt does not understand: {error}."),
            )
        };
        Ok(Self { event: serde_json::from_str(&json).map_err(unknown)?, json, place })
    }
}

#[derive(Deserialize)]
struct Page {
    results: Vec<Box<RawValue>>,
    stream_id: String,
    epoch: String,
    offset: i64,
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
