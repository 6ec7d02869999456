//! A connection from its welcome to its end: the bytes, and what happens when.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use uuid::Uuid;

use super::channel::{Behind, Subscriptions};
use super::frame::{self, Command, Disconnect};
use crate::core::access::Caller;
use crate::core::clock;
use crate::server::App;

/// How often the server shows that it is alive; clients give up after twice as long.
const PING: Duration = Duration::from_secs(3);
/// How long a client may take to accept a frame.
const SEND: Duration = Duration::from_secs(10);
/// How long the end of a connection may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// Why a connection ends.
enum End {
    /// The client went, or the network.
    Gone,
    /// The server ends it, and says why.
    Told(Disconnect),
}

impl From<Behind> for End {
    fn from(_: Behind) -> Self {
        Self::Told(Disconnect::SlowConsumer)
    }
}

/// Serves a client until either side ends it.
pub async fn serve(app: App, caller: Caller, mut socket: WebSocket) {
    let anonymous_events = app.settings().anonymous_events;
    let subscriptions = Subscriptions::new(app.relay().clone(), caller, anonymous_events);
    let end = tokio::select! {
        Err(end) = converse(&mut socket, subscriptions) => end,
        () = app.shutdown().announced() => End::Told(Disconnect::ServerRestart),
    };
    match end {
        End::Gone => part(&mut socket).await,
        End::Told(why) => refuse(socket, why).await,
    }
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

/// Welcomes, then pings, answers commands and passes events on. Never ends but by an [`End`].
async fn converse(socket: &mut WebSocket, mut subscriptions: Subscriptions) -> Result<std::convert::Infallible, End> {
    send(socket, frame::welcome()).await?;
    let mut pings = interval_at(Instant::now() + first_ping(Uuid::new_v4()), PING);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            message = socket.recv() => {
                if let Some(answer) = heed(message, &mut subscriptions)? {
                    send(socket, answer).await?;
                }
            }
            frames = subscriptions.next() => {
                for frame in frames? {
                    send(socket, frame).await?;
                }
            }
            _ = pings.tick() => send(socket, frame::ping(clock::now().unix_seconds())).await?,
        }
    }
}

/// What a message changes, and its answer if it has one.
fn heed(
    message: Option<Result<Message, axum::Error>>,
    subscriptions: &mut Subscriptions,
) -> Result<Option<Utf8Bytes>, End> {
    let malformed = End::Told(Disconnect::InvalidRequest);
    match message {
        Some(Ok(Message::Text(text))) => match Command::parse(&text) {
            Ok(Command::Subscribe(identifier)) if subscriptions.add(&identifier) => {
                Ok(Some(frame::confirm(&identifier)))
            }
            Ok(Command::Subscribe(identifier)) => Ok(Some(frame::reject(&identifier))),
            Ok(Command::Unsubscribe(identifier)) => {
                subscriptions.remove(&identifier);
                Ok(None)
            }
            Ok(Command::Other) => Ok(None),
            Err(_) => Err(malformed),
        },
        Some(Ok(Message::Binary(_))) => Err(malformed),
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(None),
        // What breaks the rules of WebSocket gets the answer of what breaks ours; if the network broke, it goes nowhere.
        Some(Err(_)) => Err(malformed),
        Some(Ok(Message::Close(_))) | None => Err(End::Gone),
    }
}

/// Sends a frame to a client that takes it in time.
async fn send(socket: &mut WebSocket, frame: Utf8Bytes) -> Result<(), End> {
    match timeout(SEND, socket.send(Message::Text(frame))).await {
        Ok(sent) => sent.map_err(|_| End::Gone),
        Err(_) => Err(End::Told(Disconnect::SlowConsumer)),
    }
}

/// When to ping first: after 1.5 to 4.5 s, so that clients are not pinged in step.
fn first_ping(random: Uuid) -> Duration {
    let (random, ..) = random.as_fields();
    PING / 2 + Duration::from_millis(u64::from(random % 3001))
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
