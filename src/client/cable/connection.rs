//! One connection that is subscribed to events, from its handshake to its loss.

use std::borrow::Cow;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::header::{
    CONNECTION, HeaderMap, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use reqwest::{Method, Response, StatusCode, Upgraded};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{self, Message};

use super::{Followed, Place, Received};
use crate::client::{self, Cause, Client, Failure};

const PROTOCOL: &str = "actioncable-v1-ext-json";
/// How long the server may be silent: it pings every 3 s.
const SILENCE: Duration = Duration::from_secs(10);
/// How long it may take until the subscription is confirmed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why there is no connection.
#[derive(Debug)]
pub enum Lost {
    /// The network, or the server for reasons that pass.
    ForNow(String),
    /// What answers is no marketplace, or one that fails; if it was one before, it may be again.
    Perhaps(Failure),
    /// Trying again is senseless.
    ForGood(Failure),
}

impl From<Failure> for Lost {
    fn from(failure: Failure) -> Self {
        match failure.cause {
            Cause::Away => Self::ForNow(failure.message),
            Cause::Other => Self::Perhaps(failure),
            Cause::Refused | Cause::NotFound | Cause::Conflict | Cause::Invalid | Cause::Unlicensed => {
                Self::ForGood(failure)
            }
        }
    }
}

impl From<tungstenite::Error> for Lost {
    fn from(error: tungstenite::Error) -> Self {
        Self::ForNow(format!("The connection to the marketplace was lost: {error}."))
    }
}

/// A confirmed subscription.
pub struct Connection {
    socket: WebSocketStream<Upgraded>,
    identifier: String,
}

impl Connection {
    /// Connects and subscribes, to what happens after a place.
    pub async fn open(client: &Client, followed: Followed, after: &Place) -> Result<Self, Lost> {
        let open = async {
            let socket = WebSocketStream::from_raw_socket(shake_hands(client).await?, Role::Client, None).await;
            let mut connection = Self { socket, identifier: followed.identifier() };
            while !matches!(connection.read().await?, Read::Welcome) {}
            let mut streams = serde_json::Map::new();
            streams.insert(after.stream_id.clone(), json!({ "epoch": after.epoch, "offset": after.offset }));
            let history = json!({ "streams": streams });
            let subscribe = json!({ "command": "subscribe", "identifier": connection.identifier, "history": history });
            connection.socket.send(Message::text(subscribe.to_string())).await?;
            while !matches!(connection.read().await?, Read::Confirmation) {}
            Ok(connection)
        };
        let late = |_| Lost::ForNow("The marketplace did not confirm the subscription in time.".to_owned());
        timeout(PATIENCE, open).await.map_err(late)?
    }

    /// Waits for what comes next. May be dropped while waiting, and nothing is lost.
    pub async fn next(&mut self) -> Result<Read, Lost> {
        self.read().await
    }

    /// Says something on the channel.
    pub async fn say(&mut self, data: &Value) -> Result<(), Lost> {
        let message = json!({ "command": "message", "identifier": self.identifier, "data": data.to_string() });
        Ok(self.socket.send(Message::text(message.to_string())).await?)
    }

    /// Reads one frame.
    async fn read(&mut self) -> Result<Read, Lost> {
        let silent = |_| Lost::ForNow("The marketplace fell silent.".to_owned());
        match timeout(SILENCE, self.socket.next()).await.map_err(silent)? {
            Some(Ok(Message::Text(text))) => Read::parse(&text, &self.identifier),
            Some(Ok(Message::Close(_))) | None => {
                Err(Lost::ForNow("The marketplace closed the connection.".to_owned()))
            }
            Some(Ok(_)) => Ok(Read::Nothing),
            Some(Err(error)) => Err(error.into()),
        }
    }
}

/// What a frame says.
#[derive(Debug)]
pub enum Read {
    /// The server accepts the credentials.
    Welcome,
    /// The subscription holds.
    Confirmation,
    /// Something happened.
    Event(Box<Received>),
    /// All that was missed has been sent, unless it is not kept.
    History {
        /// Whether it was.
        kept: bool,
    },
    /// Only that the server is alive.
    Nothing,
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    identifier: Option<Cow<'a, str>>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    reason: Option<Cow<'a, str>>,
    reconnect: Option<bool>,
    #[serde(borrow)]
    stream_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    epoch: Option<Cow<'a, str>>,
    offset: Option<i64>,
}

impl Frame<'_> {
    fn place(&self) -> Option<Place> {
        let (stream_id, epoch) = (self.stream_id.as_ref()?.to_string(), self.epoch.as_ref()?.to_string());
        Some(Place { stream_id, epoch, offset: self.offset? })
    }
}

impl Read {
    fn parse(text: &str, identifier: &str) -> Result<Self, Lost> {
        let Ok(frame) = serde_json::from_str::<Frame>(text) else {
            return Err(foreign("sent what is no ActionCable frame"));
        };
        let ours = frame.identifier.as_deref() == Some(identifier);
        match (frame.kind.as_deref(), frame.message) {
            (Some("welcome"), _) => Ok(Self::Welcome),
            (Some("confirm_subscription"), _) if ours => Ok(Self::Confirmation),
            (Some("confirm_history"), _) if ours => Ok(Self::History { kept: true }),
            (Some("reject_history"), _) if ours => Ok(Self::History { kept: false }),
            (Some("reject_subscription"), _) if ours => {
                Err(Lost::ForGood(Failure::new(Cause::Refused, "The marketplace does not let you follow this.")))
            }
            (Some("disconnect"), _) => {
                Err(dismissal(frame.reason.as_deref().unwrap_or_default(), frame.reconnect != Some(false)))
            }
            // An event that can't be read now won't be next time either.
            (None, Some(body)) if ours => {
                Received::read(body, frame.place()).map(Box::new).map(Self::Event).map_err(Lost::ForGood)
            }
            _ => Ok(Self::Nothing),
        }
    }
}

/// What it means that the server ended the connection.
fn dismissal(reason: &str, reconnect: bool) -> Lost {
    let failure = |cause, message: &str| Lost::ForGood(Failure::new(cause, message));
    match reason {
        _ if !reconnect && reason == "unauthorized" => failure(
            Cause::Refused,
            "The marketplace does not accept these credentials for its events. Sign in, or check the token.",
        ),
        _ if !reconnect => {
            failure(Cause::Refused, &format!("The marketplace ended the connection for good: {reason}."))
        }
        "server_restart" => Lost::ForNow("The marketplace restarts.".to_owned()),
        "slow_consumer" => Lost::ForNow("Events came faster than they were taken.".to_owned()),
        _ => Lost::ForNow(format!("The marketplace ended the connection: {reason}.")),
    }
}

/// The handshake of RFC 6455, through the HTTP client, so that certificates and proxies are the same for all calls.
async fn shake_hands(client: &Client) -> Result<Upgraded, Lost> {
    let http = client::connections().http1_only().build().map_err(Failure::from)?;
    let key = generate_key();
    let request = client
        .request(Method::GET, "/websocket")
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(SEC_WEBSOCKET_KEY, &key)
        .header(SEC_WEBSOCKET_PROTOCOL, PROTOCOL)
        .build()
        .map_err(Failure::from)?;
    let response = http.execute(request).await.map_err(Failure::from)?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(refusal(response).await);
    }
    if !agrees(response.headers(), &key) {
        return Err(foreign("does not speak ActionCable at /websocket"));
    }
    Ok(response.upgrade().await.map_err(Failure::from)?)
}

/// What an answer other than an agreement means.
async fn refusal(response: Response) -> Lost {
    match client::accepted(response).await {
        Ok(_) => foreign("has no WebSocket at /websocket"),
        Err(failure) => failure.into(),
    }
}

/// Whether the answer to a handshake agrees to what was asked for.
fn agrees(headers: &HeaderMap, key: &str) -> bool {
    let value = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value(UPGRADE).eq_ignore_ascii_case("websocket")
        && value(SEC_WEBSOCKET_ACCEPT) == derive_accept_key(key.as_bytes())
        && value(SEC_WEBSOCKET_PROTOCOL) == PROTOCOL
}

fn foreign(what: &str) -> Lost {
    Lost::Perhaps(Failure::new(
        Cause::Other,
        format!("What answers is not a marketplace that this mkt understands: it {what}."),
    ))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    const EVENT: &str = r#"{"id":"0190163d-8694-739b-aea5-966c26f8ad90","event_type":"published","resource_type":"build","message":"m","occurred_at":"2026-01-02T03:04:05.678Z","model":{"n":9007199254740993,"x":1.50}}"#;

    fn said(text: &str) -> String {
        match Read::parse(text, &Followed::Catalog.identifier()) {
            Ok(Read::Welcome) => "welcome".to_owned(),
            Ok(Read::Confirmation) => "confirmation".to_owned(),
            Ok(Read::Event(received)) => received.json,
            Ok(Read::History { kept }) => format!("history {kept}"),
            Ok(Read::Nothing) => "nothing".to_owned(),
            Err(Lost::ForNow(_)) => "for now".to_owned(),
            Err(Lost::Perhaps(_)) => "perhaps".to_owned(),
            Err(Lost::ForGood(failure)) => format!("for good, {:?}", failure.cause),
        }
    }

    #[test]
    fn frames_are_read() {
        const ID: &str = r#""identifier":"{\"channel\":\"CatalogChannel\"}""#;
        for (text, expected) in [
            (r#"{"type":"welcome","sid":"x"}"#.to_owned(), "welcome"),
            (r#"{"type":"ping","message":1700000000}"#.to_owned(), "nothing"),
            (r#"{"type":"presence","message":{}}"#.to_owned(), "nothing"),
            (format!(r#"{{"type":"confirm_subscription",{ID}}}"#), "confirmation"),
            (r#"{"type":"confirm_subscription","identifier":"x"}"#.to_owned(), "nothing"),
            (format!(r#"{{"type":"confirm_history",{ID}}}"#), "history true"),
            (format!(r#"{{"type":"reject_history",{ID}}}"#), "history false"),
            (r#"{"type":"confirm_history","identifier":"x"}"#.to_owned(), "nothing"),
            (format!(r#"{{"type":"reject_subscription",{ID}}}"#), "for good, Refused"),
            (format!(r#"{{{ID},"message":{EVENT}}}"#), EVENT),
            (format!(r#"{{"message":{EVENT},"offset":1,{ID}}}"#), EVENT),
            (format!(r#"{{"identifier":"x","message":{EVENT}}}"#), "nothing"),
            (format!(r#"{{{ID},"message":{{}}}}"#), "for good, Other"),
            (r#"{"type":"disconnect","reason":"unauthorized","reconnect":false}"#.to_owned(), "for good, Refused"),
            (r#"{"type":"disconnect","reason":"remote","reconnect":false}"#.to_owned(), "for good, Refused"),
            (r#"{"type":"disconnect","reason":"server_restart","reconnect":true}"#.to_owned(), "for now"),
            (r#"{"type":"disconnect","reason":"slow_consumer","reconnect":true}"#.to_owned(), "for now"),
            (r#"{"type":"disconnect","reason":null}"#.to_owned(), "for now"),
            ("hello".to_owned(), "perhaps"),
        ] {
            assert_eq!(said(&text), expected, "{text}");
        }
    }

    #[test]
    fn handshakes_are_checked() {
        let answer = |upgrade: &'static str, accept: &'static str, protocol: &'static str| {
            HeaderMap::from_iter([
                (UPGRADE, HeaderValue::from_static(upgrade)),
                (SEC_WEBSOCKET_ACCEPT, HeaderValue::from_static(accept)),
                (SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol)),
            ])
        };
        // Key and answer of RFC 6455, 1.3.
        let (key, accept) = ("dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert!(agrees(&answer("WebSocket", accept, PROTOCOL), key));
        assert!(!agrees(&answer("h2c", accept, PROTOCOL), key));
        assert!(!agrees(&answer("websocket", key, PROTOCOL), key));
        assert!(!agrees(&answer("websocket", accept, "actioncable-unsupported"), key));
        assert!(!agrees(&HeaderMap::new(), key));
    }
}
