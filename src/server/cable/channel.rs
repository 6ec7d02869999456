//! Channels: who may subscribe, and what of each event goes to which subscription.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::ws::Utf8Bytes;
use serde::Deserialize;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use uuid::Uuid;

use super::frame;
use crate::core::access::{Caller, Verb};
use crate::core::event::{Delivery, Relay, Stream};
use crate::core::id::Id;
use crate::core::model::{Attempt, User};
use crate::core::resource::Resource;

/// How many subscriptions a connection may hold.
const SUBSCRIPTIONS: usize = 100;
/// How long an identifier may be, in bytes: every event repeats it.
const IDENTIFIER: usize = 1024;

/// What can be subscribed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Channel {
    /// What is published in and withdrawn from the catalogue.
    Catalog,
    /// What concerns the rights of a user: of whoever asks, unless told.
    Account(Option<Id<User>>),
    /// Who asked to use what.
    Audit,
}

impl Channel {
    /// The channel that an identifier names: a JSON object in a string, with the channel's name and its parameters.
    fn named(identifier: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Name {
            channel: String,
            user_id: Option<Id<User>>,
        }
        if identifier.len() > IDENTIFIER {
            return None;
        }
        let Name { channel, user_id } = serde_json::from_str(identifier).ok()?;
        match channel.as_str() {
            "CatalogChannel" => Some(Self::Catalog),
            "AccountChannel" => Some(Self::Account(user_id)),
            "AuditChannel" => Some(Self::Audit),
            _ => None,
        }
    }

    /// The stream that it carries to a caller, if it is for one like that.
    fn stream(self, caller: &Caller, anonymous_events: bool) -> Option<Stream> {
        let user = caller.user_id();
        match self {
            Self::Catalog => (anonymous_events || user.is_some()).then_some(Stream::Catalog),
            Self::Account(asked) => user.filter(|user| asked.is_none_or(|asked| asked == *user)).map(Stream::Account),
            Self::Audit => caller.permits(Attempt::TABLE.permission(), Verb::Read).then_some(Stream::Audit),
        }
    }
}

/// The connection fell too far behind what happens.
#[derive(Debug)]
pub struct Behind;

/// The subscriptions of one connection.
pub struct Subscriptions {
    relay: Relay,
    caller: Caller,
    anonymous_events: bool,
    held: Vec<(Arc<str>, Stream)>,
    /// Open while there is a subscription, so that those without one never fall behind.
    deliveries: Option<Receiver<Arc<Delivery>>>,
}

impl Subscriptions {
    /// None yet, for a caller.
    pub fn new(relay: Relay, caller: Caller, anonymous_events: bool) -> Self {
        Self { relay, caller, anonymous_events, held: Vec::new(), deliveries: None }
    }

    /// Adds a subscription, or keeps the one of this identifier, and tells whether it holds.
    pub fn add(&mut self, identifier: &str) -> bool {
        if self.held.iter().any(|(held, _)| **held == *identifier) {
            return true;
        }
        let stream = Channel::named(identifier).and_then(|channel| channel.stream(&self.caller, self.anonymous_events));
        let Some(stream) = stream.filter(|_| self.held.len() < SUBSCRIPTIONS) else { return false };
        self.held.push((identifier.into(), stream));
        self.deliveries.get_or_insert_with(|| self.relay.listen());
        true
    }

    /// Ends the subscription of this identifier, if there is one.
    pub fn remove(&mut self, identifier: &str) {
        self.held.retain(|(held, _)| **held != *identifier);
        if self.held.is_empty() {
            self.deliveries = None;
        }
    }

    /// The frames of the next event that concerns this connection. Waits for ever where nothing is subscribed to.
    ///
    /// # Errors
    /// [`Behind`] when events passed unread.
    pub async fn next(&mut self) -> Result<Vec<Utf8Bytes>, Behind> {
        let Some(deliveries) = &mut self.deliveries else { return std::future::pending().await };
        loop {
            let delivery = match deliveries.recv().await {
                Ok(delivery) => delivery,
                Err(RecvError::Lagged(_)) => return Err(Behind),
                // Nothing will happen any more: the server ends, and says so elsewhere.
                Err(RecvError::Closed) => return std::future::pending().await,
            };
            let concerned = |(_, stream): &&(Arc<str>, Stream)| *stream == delivery.stream;
            let mut concerned = self.held.iter().filter(concerned).peekable();
            if concerned.peek().is_some() && delivery.is_for(&self.caller) {
                return Ok(concerned.map(|(identifier, _)| FRAMES.of(&delivery, identifier)).collect());
            }
        }
    }
}

/// How many events' frames are kept for the connections that have yet to send them.
const EVENTS: usize = 64;
/// How many identifiers are kept for an event: clients are free in how they write them, but most write alike.
const VARIANTS: usize = 32;

/// Frames of late, so that an event becomes bytes once and not once for each connection. One for the whole process: an
/// event's id and an identifier determine the frame.
static FRAMES: Frames = Frames(Mutex::new(VecDeque::new()));

struct Frames(Mutex<VecDeque<Frame>>);

/// An event, as written for each identifier.
struct Frame {
    event: Uuid,
    variants: HashMap<Arc<str>, Utf8Bytes>,
}

impl Frames {
    fn of(&self, delivery: &Delivery, identifier: &Arc<str>) -> Utf8Bytes {
        // Whatever panicked while it held the lock left nothing half done.
        let mut frames = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = frames.iter().rposition(|frame| frame.event == delivery.id).unwrap_or_else(|| {
            if frames.len() == EVENTS {
                frames.pop_front();
            }
            frames.push_back(Frame { event: delivery.id, variants: HashMap::new() });
            frames.len() - 1
        });
        let variants = &mut frames[index].variants;
        if let Some(text) = variants.get(identifier) {
            return text.clone();
        }
        let text = frame::event(identifier, &delivery.body);
        if variants.len() < VARIANTS {
            variants.insert(identifier.clone(), text.clone());
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_name_channels() {
        for (identifier, expected) in [
            (r#"{"channel":"CatalogChannel"}"#, Some(Channel::Catalog)),
            (r#"{"channel":"AuditChannel"}"#, Some(Channel::Audit)),
            (r#"{"channel":"AccountChannel"}"#, Some(Channel::Account(None))),
            (r#"{"channel":"AccountChannel","user_id":1}"#, None),
            (r#" {"x":[1], "channel":"CatalogChannel"}"#, Some(Channel::Catalog)),
            (r#"{"channel":"catalogchannel"}"#, None),
            (r#"{"channel":["CatalogChannel"]}"#, None),
            (r#""CatalogChannel""#, None),
            ("CatalogChannel", None),
            ("{}", None),
            ("", None),
        ] {
            assert_eq!(Channel::named(identifier), expected, "{identifier}");
        }
        let long = |length: usize| format!("{:<length$}", r#"{"channel":"CatalogChannel"}"#);
        assert_eq!(Channel::named(&long(IDENTIFIER)), Some(Channel::Catalog));
        assert_eq!(Channel::named(&long(IDENTIFIER + 1)), None);
    }
}
