//! A member of the hub: somebody who follows streams, with what has yet to be taken.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use uuid::Uuid;

use super::parcel::Parcel;
use crate::core::access::{Caller, Principal};
use crate::core::clock;
use crate::core::event::Stream;

/// How many events may wait. Whoever falls further behind comes back for the rest.
const CAPACITY: usize = 1024;

/// Somebody who follows streams.
pub struct Member {
    /// The id by which a client may come back for what it had.
    pub sid: Uuid,
    state: Mutex<State>,
    news: Notify,
}

struct State {
    caller: Arc<Caller>,
    mailbox: VecDeque<Arc<Parcel>>,
    ending: Option<Ending>,
    /// Whether what may be followed is to be found out anew.
    narrowed: bool,
    subscriptions: Vec<(Arc<str>, Stream)>,
}

/// Why somebody may follow nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Too much has not been taken.
    Behind,
    /// What they signed in with holds no longer.
    Revoked,
    /// What they signed in with has ended, as it was to.
    Expired,
    /// The client has another connection by now.
    Replaced,
}

/// What a member is told.
pub enum Told {
    /// What has happened.
    Parcels {
        /// Who is told, with the rights of now.
        caller: Arc<Caller>,
        /// What happened.
        parcels: VecDeque<Arc<Parcel>>,
    },
    /// Rights have changed: what may be followed is to be found out anew, before anything else is passed on.
    Narrowed,
    /// That is all.
    End(Ending),
}

impl Member {
    /// Somebody who follows nothing yet.
    pub fn new(caller: Caller) -> Self {
        let state = State {
            caller: Arc::new(caller),
            mailbox: VecDeque::new(),
            ending: None,
            narrowed: false,
            subscriptions: Vec::new(),
        };
        Self { sid: Uuid::new_v4(), state: Mutex::new(state), news: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whatever panicked while it held the lock left nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who it is, with the rights of now. What they ask, they ask now, and not when they came.
    pub fn caller(&self) -> Caller {
        Caller { now: clock::now(), ..Caller::clone(&self.state().caller) }
    }

    /// Waits for what is to be told. May be dropped while waiting, and nothing is lost.
    pub async fn next(&self) -> Told {
        loop {
            if let Some(told) = self.state().take() {
                return told;
            }
            self.news.notified().await;
        }
    }

    /// Puts an event into the mailbox.
    pub fn put(&self, parcel: Arc<Parcel>) {
        {
            let mut state = self.state();
            if state.mailbox.len() == CAPACITY {
                state.mailbox = VecDeque::new();
                state.ending.get_or_insert(Ending::Behind);
            } else {
                state.mailbox.push_back(parcel);
            }
        }
        self.news.notify_one();
    }

    /// Ends it.
    pub fn end(&self, ending: Ending) {
        self.state().ending = Some(ending);
        self.news.notify_one();
    }

    /// Has what may be followed found out anew.
    pub fn narrow(&self) {
        self.state().narrowed = true;
        self.news.notify_one();
    }

    /// Gives it the rights of now.
    pub fn renew(&self, principal: Principal) {
        let mut state = self.state();
        if state.caller.principal.permissions != principal.permissions {
            state.caller = Arc::new(Caller { principal, ..Caller::clone(&state.caller) });
            state.narrowed = true;
            drop(state);
            self.news.notify_one();
        }
    }

    /// Notes a subscription, for whoever comes back.
    pub fn note(&self, identifier: Arc<str>, stream: Stream) {
        self.state().subscriptions.push((identifier, stream));
    }

    /// Forgets a subscription.
    pub fn forget(&self, identifier: &str) {
        self.state().subscriptions.retain(|(known, _)| **known != *identifier);
    }

    /// The identifiers of what it is subscribed to.
    pub fn identifiers(&self) -> Vec<String> {
        self.state().subscriptions.iter().map(|(identifier, _)| identifier.to_string()).collect()
    }

    /// The streams that it follows, to leave them all.
    pub fn take_streams(&self) -> Vec<Stream> {
        self.state().subscriptions.drain(..).map(|(_, stream)| stream).collect()
    }
}

impl State {
    fn take(&mut self) -> Option<Told> {
        if let Some(ending) = self.ending {
            return Some(Told::End(ending));
        }
        if std::mem::take(&mut self.narrowed) {
            return Some(Told::Narrowed);
        }
        if self.mailbox.is_empty() {
            return None;
        }
        Some(Told::Parcels { caller: self.caller.clone(), parcels: std::mem::take(&mut self.mailbox) })
    }
}
