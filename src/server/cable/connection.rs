//! A connection from its welcome to its end: the bytes, and what happens when.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use futures_util::SinkExt;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep, timeout};
use uuid::Uuid;

use super::frame::{self, Command, Dialect, Disconnect, Position};
use super::hub::Membership;
use super::member::{Ending, Told};
use super::parcel::Parcel;
use super::subscription::Subscription;
use super::{channel, spoken};
use crate::core::access::Caller;
use crate::core::clock;
use crate::core::event::Stream;
use crate::server::App;

/// How often the server shows that it is alive; clients give up after twice as long.
const PING: Duration = Duration::from_secs(3);
/// How long a client may take to accept a frame.
const SEND: Duration = Duration::from_secs(10);
/// How long the end of a connection may take.
const FAREWELL: Duration = Duration::from_secs(2);
/// How many subscriptions a connection may hold.
const SUBSCRIPTIONS: usize = 100;
/// Over how long the ends of all connections are spread when a server stops, for each of them and at most: those who come
/// back at once would be a storm.
const DRAIN: Duration = Duration::from_millis(1);
const LONGEST_DRAIN: Duration = Duration::from_secs(5);

/// Why a connection ends.
#[derive(Debug)]
pub enum End {
    /// The client went, or the network.
    Gone,
    /// What came is no WebSocket, or the network broke.
    Broken,
    /// The client has another connection by now.
    Replaced,
    /// The server ends it, and says why.
    Told(Disconnect),
}

impl From<Ending> for End {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Behind => Self::Told(Disconnect::SlowConsumer),
            Ending::Revoked => Self::Told(Disconnect::Remote),
            Ending::Expired => Self::Told(Disconnect::TokenExpired),
            Ending::Replaced => Self::Replaced,
        }
    }
}

/// What a client that has come back has again: its subscriptions, as far as it may still follow them.
pub type Restored = Option<Vec<(Arc<str>, Stream)>>;

/// A client, connected.
pub struct Connection {
    pub(super) app: App,
    pub(super) membership: Membership,
    dialect: Dialect,
    socket: WebSocket,
    pub(super) subscriptions: Vec<Subscription>,
    pings: Interval,
    /// Whether what may be followed is to be found out anew, before anything else is passed on.
    narrowed: bool,
}

/// Serves a client until either side ends it.
pub async fn serve(app: App, membership: Membership, dialect: Dialect, restored: Restored, socket: WebSocket) {
    let mut pings = interval_at(Instant::now() + first_ping(Uuid::new_v4()), PING);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let stopping = drain(app.clone());
    let subscriptions = Vec::new();
    let mut connection = Connection { app, membership, dialect, socket, subscriptions, pings, narrowed: false };
    let end = tokio::select! {
        Err(end) = connection.converse(restored) => end,
        () = stopping => End::Told(Disconnect::ServerRestart),
    };
    let Connection { app, membership, mut socket, .. } = connection;
    app.presence().gone(membership.sid);
    if dialect == Dialect::Extended && matches!(end, End::Gone | End::Broken) {
        app.lost().add(&membership);
    }
    drop(membership);
    match end {
        End::Gone | End::Replaced => part(&mut socket).await,
        // If the network broke, it goes nowhere.
        End::Broken => refuse(socket, Disconnect::InvalidRequest).await,
        End::Told(why) => refuse(socket, why).await,
    }
}

/// Waits for the server's end, and then for this connection's turn.
async fn drain(app: App) {
    app.shutdown().announced().await;
    let all = u32::try_from(app.hub().len()).unwrap_or(u32::MAX);
    sleep((DRAIN * all).min(LONGEST_DRAIN).mul_f64(fraction(Uuid::new_v4()))).await;
}

/// Ends a connection, telling why. What was sent arrives before the connection is dropped, unless the client stalls;
/// one that has stalled gets some more time, so as to learn why when it wakes.
pub async fn refuse(mut socket: WebSocket, why: Disconnect) {
    let told = async {
        socket.send(Message::Text(why.frame())).await?;
        let reason = Utf8Bytes::from_static(why.reason());
        socket.send(Message::Close(Some(CloseFrame { code: why.code(), reason }))).await
    };
    let patience = if why == Disconnect::SlowConsumer { SEND } else { FAREWELL };
    if let Ok(Ok(())) = timeout(patience, told).await {
        tracing::debug!(reason = why.reason(), "ended a WebSocket");
        part(&mut socket).await;
    }
}

/// Reads to the end: a connection dropped with something unread is reset, and takes what was last sent with it.
async fn part(socket: &mut WebSocket) {
    let silence = async { while let Some(Ok(_)) = socket.recv().await {} };
    // A client that does not end its side is left behind.
    let _ = timeout(FAREWELL, silence).await;
}

impl Connection {
    /// Welcomes, then pings, answers commands and passes events on. Never ends but by an [`End`].
    async fn converse(&mut self, restored: Restored) -> Result<Infallible, End> {
        self.welcome(restored).await?;
        loop {
            tokio::select! {
                message = self.socket.recv() => self.heed(message).await?,
                told = self.membership.next() => self.pass_on(told).await?,
                _ = self.pings.tick() => {
                self.ping().await?;
                self.wait_no_longer().await?;
            }
            }
            if std::mem::take(&mut self.narrowed) {
                self.narrow().await?;
            }
        }
    }

    async fn welcome(&mut self, restored: Restored) -> Result<(), End> {
        let frame = match self.dialect {
            Dialect::Base => frame::welcome(),
            Dialect::Extended => {
                let ids = restored.as_ref().map(|had| had.iter().map(|(identifier, _)| &**identifier).collect());
                frame::welcome_extended(self.membership.sid, ids)
            }
        };
        for (identifier, stream) in restored.unwrap_or_default() {
            let mut subscription = Subscription::live(identifier, stream);
            // The client says where it stands in a moment; until then nothing overtakes what it has missed.
            subscription.expect();
            let index = self.add(subscription);
            spoken::arrived(self, index);
        }
        self.send(frame).await
    }

    /// What a message changes, and its answer if it has one.
    async fn heed(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        let malformed = End::Told(Disconnect::InvalidRequest);
        let command = match message {
            Some(Ok(Message::Text(text))) => Command::parse(&text).map_err(|_| malformed)?,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(()),
            Some(Ok(Message::Binary(_))) => return Err(malformed),
            Some(Err(_)) => return Err(End::Broken),
            Some(Ok(Message::Close(_))) | None => return Err(End::Gone),
        };
        // Of the extended protocol, those who speak the other know nothing.
        let extended = self.dialect == Dialect::Extended;
        match command {
            Command::Subscribe(identifier, position) => {
                Box::pin(self.subscribe(&identifier, position.filter(|_| extended))).await
            }
            Command::Unsubscribe(identifier) => {
                self.remove(&identifier);
                Ok(())
            }
            Command::History(identifier, position) if extended => match self.index(&identifier) {
                Some(index) => Box::pin(self.replay(index, &position)).await,
                None => self.send(frame::reject_history(&identifier)).await,
            },
            Command::Message(identifier, data) => match self.index(&identifier) {
                Some(index) => Box::pin(spoken::heed(self, index, &data)).await,
                None => Ok(()),
            },
            Command::Presence(identifier) if extended => match self.index(&identifier) {
                Some(index) => Box::pin(spoken::tell_presence(self, index)).await,
                None => Ok(()),
            },
            Command::Ping => self.send(frame::pong()).await,
            Command::History(..) | Command::Presence(_) | Command::Other => Ok(()),
        }
    }

    /// Adds a subscription, or confirms the one of this identifier, and sends what was missed of it.
    async fn subscribe(&mut self, identifier: &str, position: Option<Position>) -> Result<(), End> {
        let index = match self.index(identifier) {
            Some(index) => index,
            None => {
                let caller = self.membership.caller();
                let stream = channel::named(identifier, &caller).filter(|_| self.subscriptions.len() < SUBSCRIPTIONS);
                let Some(stream) = stream else { return self.send(frame::reject(identifier)).await };
                let (app, anonymous) = (self.app.clone(), self.app.settings().anonymous_events);
                let open = self.meanwhile(stream.is_open_to(app.db(), &caller, anonymous)).await?;
                if !self.or_restart(open)? {
                    return self.send(frame::reject(identifier)).await;
                }
                let mut subscription = Subscription::live(identifier.into(), stream);
                if position.is_some() {
                    subscription.hold();
                }
                self.add(subscription)
            }
        };
        self.send(frame::confirm(identifier)).await?;
        spoken::arrived(self, index);
        match position {
            Some(position) => self.replay(index, &position).await,
            None => Ok(()),
        }
    }

    fn add(&mut self, subscription: Subscription) -> usize {
        self.membership.follow(subscription.stream);
        self.membership.note(subscription.identifier.clone(), subscription.stream);
        self.subscriptions.push(subscription);
        self.subscriptions.len() - 1
    }

    fn remove(&mut self, identifier: &str) {
        let Some(index) = self.index(identifier) else { return };
        let Subscription { stream, .. } = self.subscriptions.swap_remove(index);
        self.membership.forget(identifier);
        if self.subscriptions.iter().all(|other| other.stream != stream) {
            self.membership.leave(stream);
            spoken::left(self, stream);
        }
    }

    fn index(&self, identifier: &str) -> Option<usize> {
        self.subscriptions.iter().position(|held| *held.identifier == *identifier)
    }

    pub(super) fn subscription(&self, index: usize) -> &Subscription {
        &self.subscriptions[index]
    }

    /// Waits for something, and pings and passes events on in the meantime. Commands wait.
    pub(super) async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> Result<T, End> {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return Ok(done),
                told = self.membership.next(), if !self.narrowed => self.pass_on(told).await?,
                _ = self.pings.tick() => self.ping().await?,
            }
        }
    }

    /// What the database answered. Without it there is nothing to do here: the client comes back to another server, or later.
    pub(super) fn or_restart<T>(&self, answer: crate::core::Result<T>) -> Result<T, End> {
        answer.map_err(|error| {
            tracing::warn!(%error, "a WebSocket can't be served for now");
            End::Told(Disconnect::ServerRestart)
        })
    }

    async fn pass_on(&mut self, told: Told) -> Result<(), End> {
        match told {
            Told::End(ending) => Err(ending.into()),
            Told::Narrowed => {
                self.narrowed = true;
                Ok(())
            }
            Told::Parcels { caller, parcels } => {
                require_credential(&caller)?;
                for parcel in parcels {
                    for index in 0..self.subscriptions.len() {
                        let subscription = &mut self.subscriptions[index];
                        if subscription.stream == parcel.delivery.stream && subscription.takes(parcel.delivery.offset) {
                            self.deliver(index, &parcel, &caller).await?;
                        }
                    }
                }
                self.flush().await
            }
        }
    }

    /// Ends subscriptions that the caller has no right to any more.
    async fn narrow(&mut self) -> Result<(), End> {
        let caller = self.membership.caller();
        let mut index = 0;
        while let Some(Subscription { stream, identifier, .. }) = self.subscriptions.get(index) {
            let open = stream.is_open_to(self.app.db(), &caller, self.app.settings().anonymous_events).await;
            if self.or_restart(open)? {
                index += 1;
                continue;
            }
            let identifier = identifier.clone();
            self.remove(&identifier);
            self.send(frame::reject(&identifier)).await?;
        }
        Ok(())
    }

    async fn ping(&mut self) -> Result<(), End> {
        require_credential(&self.membership.caller())?;
        self.send(frame::ping(clock::now().unix_seconds())).await
    }

    /// Lets what was held back through for a client that has come back and did not say where it stands: those that do say so
    /// at once.
    async fn wait_no_longer(&mut self) -> Result<(), End> {
        for index in 0..self.subscriptions.len() {
            if self.subscriptions[index].is_expecting() {
                Box::pin(self.release(index)).await?;
            }
        }
        Ok(())
    }

    /// Sends an event for a subscription, unless it is not for this client.
    pub(super) async fn deliver(&mut self, index: usize, parcel: &Parcel, caller: &Caller) -> Result<(), End> {
        if !parcel.delivery.is_for(caller) {
            return Ok(());
        }
        let frame = parcel.frame(self.dialect, &self.subscriptions[index].identifier, self.app.hub().epoch());
        in_time(self.socket.feed(Message::Text(frame))).await
    }

    /// Sends a frame to a client that takes it in time.
    pub(super) async fn send(&mut self, frame: Utf8Bytes) -> Result<(), End> {
        in_time(self.socket.send(Message::Text(frame))).await
    }

    pub(super) async fn flush(&mut self) -> Result<(), End> {
        in_time(self.socket.flush()).await
    }
}

/// Nothing, while what the client signed in with has not ended.
fn require_credential(caller: &Caller) -> Result<(), End> {
    match caller.principal.credential.expires_at {
        Some(end) if end <= clock::now() => Err(End::Told(Disconnect::TokenExpired)),
        _ => Ok(()),
    }
}

async fn in_time(sending: impl Future<Output = Result<(), axum::Error>>) -> Result<(), End> {
    match timeout(SEND, sending).await {
        Ok(sent) => sent.map_err(|_| End::Gone),
        Err(_) => Err(End::Told(Disconnect::SlowConsumer)),
    }
}

/// When to ping first: after 1.5 to 4.5 s, so that clients are not pinged in step.
fn first_ping(random: Uuid) -> Duration {
    PING / 2 + PING.mul_f64(fraction(random))
}

/// A number from 0 to 1.
fn fraction(random: Uuid) -> f64 {
    let (random, ..) = random.as_fields();
    f64::from(random) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_pings_are_spread() {
        for _ in 0..1000 {
            let pause = first_ping(Uuid::new_v4());
            assert!((Duration::from_millis(1500)..=Duration::from_millis(4500)).contains(&pause), "{pause:?}");
        }
    }
}
