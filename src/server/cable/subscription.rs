//! A subscription of one connection: how far its client has been told what its stream tells.

use std::sync::Arc;

use crate::core::event::Stream;

/// What a client has subscribed to.
pub struct Subscription {
    /// The client's name for it.
    pub identifier: Arc<str>,
    /// What it carries.
    pub stream: Stream,
    /// The offset of the last event that was passed on, or was not for this client.
    pub sent: i64,
    /// Whether events are held back, and which were.
    held: Option<Held>,
    /// Whether the client has yet to say where it stands.
    expecting: bool,
}

/// The first and the last event that were held back.
type Held = Option<(i64, i64)>;

impl Subscription {
    /// One that gets what happens from now on.
    pub fn live(identifier: Arc<str>, stream: Stream) -> Self {
        Self { identifier, stream, sent: 0, held: None, expecting: false }
    }

    /// Has what happens wait: what was missed comes first.
    pub fn hold(&mut self) {
        self.held.get_or_insert(None);
        self.expecting = false;
    }

    /// Has what happens wait for a client that has come back to say where it stands.
    pub fn expect(&mut self) {
        self.hold();
        self.expecting = true;
    }

    /// Whether what happens waits for the client, rather than for what it has missed.
    pub fn is_expecting(&self) -> bool {
        self.expecting
    }

    /// Whether an event is to be passed on now. One that waits is read from the log again when its turn comes.
    pub fn takes(&mut self, offset: i64) -> bool {
        match &mut self.held {
            Some(held) => {
                let (first, last) = held.get_or_insert((offset, offset));
                (*first, *last) = (offset.min(*first), offset.max(*last));
                false
            }
            None if offset <= self.sent => false,
            None => {
                self.sent = offset;
                true
            }
        }
    }

    /// Whether all has been read from the log that was held back.
    pub fn is_caught_up(&self) -> bool {
        self.held.flatten().is_none_or(|(_, last)| last <= self.sent)
    }

    /// The offset before what was held back, if anything was.
    pub fn before_held(&self) -> Option<i64> {
        self.held.flatten().map(|(first, _)| first - 1)
    }

    /// Lets what happens through again.
    pub fn release(&mut self) {
        self.held = None;
        self.expecting = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_back_is_neither_lost_nor_repeated() {
        let mut subscription = Subscription::live("x".into(), Stream::Catalog);
        assert!(subscription.takes(5));
        assert!(!subscription.takes(5), "a repeat");
        subscription.expect();
        assert!(subscription.is_expecting() && subscription.is_caught_up());
        assert!(!subscription.takes(6) && !subscription.takes(7));
        assert_eq!((subscription.is_caught_up(), subscription.before_held()), (false, Some(5)));
        subscription.hold();
        assert!(!subscription.is_expecting(), "once it catches up, no ping lets anything through");
        subscription.sent = 7;
        assert!(subscription.is_caught_up());
        subscription.release();
        assert!(!subscription.takes(7));
        assert!(subscription.takes(8));
    }
}
