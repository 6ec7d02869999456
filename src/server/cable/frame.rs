//! The frames of `actioncable-v1-json` and of `actioncable-v1-ext-json`, which extends it: what clients say, read; what the
//! server says, written. No sockets here.

use std::collections::HashMap;

use axum::extract::ws::{CloseCode, Utf8Bytes};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::core::event::Delivery;

/// The largest frame that a client may send, in bytes.
pub const LIMIT: usize = 64 * 1024;

/// Which of the two protocols is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// That of Rails' ActionCable.
    Base,
    /// The extended one of AnyCable: whoever comes back gets what was missed.
    Extended,
}

/// What a client asks for. An identifier is opaque: the client's string, by which it knows its subscription.
#[derive(Debug, PartialEq)]
pub enum Command {
    /// To receive what a channel carries, and first what was missed of it.
    Subscribe(String, Option<Position>),
    /// To receive it no longer.
    Unsubscribe(String),
    /// What was missed.
    History(String, Position),
    /// Something for the channel: JSON, in a string.
    Message(String, String),
    /// Who is there.
    Presence(String),
    /// A sign of life.
    Ping,
    /// Something to be ignored: a command of another dialect, or one that lacks what it needs.
    Other,
}

/// Where a client stands.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Position {
    /// When it knew itself connected last, in seconds from the Unix epoch.
    pub since: Option<f64>,
    /// The last of each stream that it has, by the stream's id.
    pub streams: HashMap<String, Offset>,
}

/// A place in a stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Offset {
    /// What the offset counts in.
    pub epoch: String,
    /// The offset.
    pub offset: i64,
}

/// A frame that is not one of the protocol.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

#[derive(Deserialize)]
struct Raw<'a> {
    command: String,
    identifier: Option<Value>,
    data: Option<Value>,
    #[serde(borrow)]
    history: Option<&'a RawValue>,
}

impl Command {
    /// Reads a text frame.
    ///
    /// # Errors
    /// [`Malformed`] when it is too long, no object with a command, or lacks the identifier that its command needs.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if text.len() > LIMIT {
            return Err(Malformed);
        }
        let Raw { command, identifier, data, history } = serde_json::from_str(text).map_err(|_| Malformed)?;
        let identifier = match identifier {
            Some(Value::String(identifier)) => Ok(identifier),
            _ => Err(Malformed),
        };
        let position = |text: &RawValue| serde_json::from_str::<Option<Position>>(text.get()).map_err(|_| Malformed);
        match command.as_str() {
            "subscribe" => Ok(Self::Subscribe(identifier?, history.map(position).transpose()?.flatten())),
            "unsubscribe" => identifier.map(Self::Unsubscribe),
            "history" => {
                let position = history.map(position).transpose()?.flatten();
                Ok(Self::History(identifier?, position.unwrap_or_default()))
            }
            "presence" => identifier.map(Self::Presence),
            "message" => match (identifier, data) {
                (Ok(identifier), Some(Value::String(data))) => Ok(Self::Message(identifier, data)),
                _ => Ok(Self::Other),
            },
            "ping" => Ok(Self::Ping),
            _ => Ok(Self::Other),
        }
    }
}

/// Why the server ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disconnect {
    /// No credentials, or ones that don't hold.
    Unauthorized,
    /// The client does not speak the protocol.
    InvalidRequest,
    /// The client does not take its events as fast as they come.
    SlowConsumer,
    /// The server stops; another, or the next, will serve.
    ServerRestart,
    /// What the client signed in with was revoked.
    Remote,
    /// What the client signed in with has ended, as it was to. Clients of AnyCable know the word and get another.
    TokenExpired,
}

impl Disconnect {
    /// The reason in the protocol's word.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::InvalidRequest => "invalid_request",
            Self::SlowConsumer => "slow_consumer",
            Self::ServerRestart => "server_restart",
            Self::Remote => "remote",
            Self::TokenExpired => "token_expired",
        }
    }

    /// Whether the client may come back. Always said: clients differ in what they make of silence.
    fn reconnect(self) -> bool {
        matches!(self, Self::SlowConsumer | Self::ServerRestart)
    }

    /// The status of the close frame that follows (RFC 6455, 7.4, and its registry).
    pub fn code(self) -> CloseCode {
        match self {
            Self::Unauthorized | Self::Remote | Self::TokenExpired => 1008,
            Self::InvalidRequest => 1003,
            Self::SlowConsumer => 1013,
            Self::ServerRestart => 1012,
        }
    }

    /// The frame that announces the end.
    pub fn frame(self) -> Utf8Bytes {
        let (reason, reconnect) = (self.reason(), self.reconnect());
        format!(r#"{{"type":"disconnect","reason":"{reason}","reconnect":{reconnect}}}"#).into()
    }
}

/// The first frame: the credentials hold.
pub fn welcome() -> Utf8Bytes {
    Utf8Bytes::from_static(r#"{"type":"welcome"}"#)
}

/// The first frame of the extended protocol: the id to come back by, and what a client that has come back has again.
pub fn welcome_extended(sid: uuid::Uuid, restored: Option<Vec<&str>>) -> Utf8Bytes {
    match restored {
        None => format!(r#"{{"type":"welcome","sid":"{sid}"}}"#),
        Some(ids) => {
            let ids = Value::from(ids);
            format!(r#"{{"type":"welcome","sid":"{sid}","restored":true,"restored_ids":{ids}}}"#)
        }
    }
    .into()
}

/// The sign of life.
pub fn ping(unix_seconds: i64) -> Utf8Bytes {
    format!(r#"{{"type":"ping","message":{unix_seconds}}}"#).into()
}

/// The answer to a client's sign of life.
pub fn pong() -> Utf8Bytes {
    Utf8Bytes::from_static(r#"{"type":"pong"}"#)
}

/// A frame about a subscription: what it says is its type.
fn about(what: &str, identifier: &str) -> Utf8Bytes {
    format!(r#"{{"type":"{what}","identifier":{}}}"#, quote(identifier)).into()
}

/// A subscription holds.
pub fn confirm(identifier: &str) -> Utf8Bytes {
    about("confirm_subscription", identifier)
}

/// A subscription is refused, or ends.
pub fn reject(identifier: &str) -> Utf8Bytes {
    about("reject_subscription", identifier)
}

/// All that was missed has been sent.
pub fn confirm_history(identifier: &str) -> Utf8Bytes {
    about("confirm_history", identifier)
}

/// What was missed is not kept: look at the whole state.
pub fn reject_history(identifier: &str) -> Utf8Bytes {
    about("reject_history", identifier)
}

/// Who is there.
pub fn presence(identifier: &str, records: &[Value]) -> Utf8Bytes {
    let message = json!({ "type": "info", "total": records.len(), "records": records });
    format!(r#"{{"type":"presence","identifier":{},"message":{message}}}"#, quote(identifier)).into()
}

/// Something for one subscription alone, which has no place in any stream.
pub fn message(identifier: &str, body: &Value) -> Utf8Bytes {
    format!(r#"{{"identifier":{},"message":{body}}}"#, quote(identifier)).into()
}

/// An event for a subscription. The body is JSON already and stays as it is, to the last digit.
pub fn event(dialect: Dialect, identifier: &str, delivery: &Delivery, epoch: &str) -> Utf8Bytes {
    let (identifier, body) = (quote(identifier), &delivery.body);
    match dialect {
        Dialect::Base => format!(r#"{{"identifier":{identifier},"message":{body}}}"#),
        Dialect::Extended => {
            let (stream, offset) = (delivery.stream, delivery.offset);
            format!(
                r#"{{"identifier":{identifier},"message":{body},"stream_id":"{stream}","epoch":"{epoch}","offset":{offset}}}"#
            )
        }
    }
    .into()
}

fn quote(text: &str) -> Value {
    Value::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CATALOG: &str = r#"{"channel":"CatalogChannel"}"#;

    fn at(since: Option<f64>, streams: &[(&str, &str, i64)]) -> Position {
        let offset = |epoch: &str, offset| Offset { epoch: epoch.into(), offset };
        let streams = streams.iter().map(|(id, epoch, place)| ((*id).into(), offset(epoch, *place)));
        Position { since, streams: streams.collect() }
    }

    #[test]
    fn commands_are_read() {
        let id = || CATALOG.to_owned();
        for (text, expected) in [
            (
                r#"{"command":"subscribe","identifier":"{\"channel\":\"CatalogChannel\"}"}"#,
                Ok(Command::Subscribe(id(), None)),
            ),
            (
                r#"{"identifier":"{\u0022channel\":\"CatalogChannel\"}","command":"subscribe","x":1}"#,
                Ok(Command::Subscribe(id(), None)),
            ),
            (
                r#"{"command":"unsubscribe","identifier":"{\"channel\":\"CatalogChannel\"}"}"#,
                Ok(Command::Unsubscribe(id())),
            ),
            (r#"{"command":"subscribe","identifier":""}"#, Ok(Command::Subscribe(String::new(), None))),
            (
                r#"{"command":"subscribe","identifier":"x","history":{"since":1.5,"streams":{"catalog":{"epoch":"e","offset":7}}}}"#,
                Ok(Command::Subscribe("x".into(), Some(at(Some(1.5), &[("catalog", "e", 7)])))),
            ),
            (r#"{"command":"subscribe","identifier":"x","history":null}"#, Ok(Command::Subscribe("x".into(), None))),
            (r#"{"command":"subscribe","identifier":"x","history":1}"#, Err(Malformed)),
            (r#"{"command":"message","identifier":"x","data":"{}"}"#, Ok(Command::Message("x".into(), "{}".into()))),
            (r#"{"command":"message","identifier":"x","data":{}}"#, Ok(Command::Other)),
            (r#"{"command":"presence","identifier":"x"}"#, Ok(Command::Presence("x".into()))),
            (r#"{"command":"ping"}"#, Ok(Command::Ping)),
            (r#"{"command":"whisper","identifier":"x","data":{}}"#, Ok(Command::Other)),
            (r#"{"command":"message"}"#, Ok(Command::Other)),
            (
                r#"{"command":"history","identifier":"x","history":{"since":1}}"#,
                Ok(Command::History("x".into(), at(Some(1.0), &[]))),
            ),
            (r#"{"command":"history","identifier":"x"}"#, Ok(Command::History("x".into(), Position::default()))),
            (r#"{"command":"pong"}"#, Ok(Command::Other)),
            (r#"{"command":""}"#, Ok(Command::Other)),
            (r#"{"command":"subscribe"}"#, Err(Malformed)),
            (r#"{"command":"subscribe","identifier":null}"#, Err(Malformed)),
            (r#"{"command":"subscribe","identifier":{"channel":"CatalogChannel"}}"#, Err(Malformed)),
            (r#"{"command":"unsubscribe","identifier":1}"#, Err(Malformed)),
            (r#"{"command":1}"#, Err(Malformed)),
            (r#"{"command":"pong"} {"#, Err(Malformed)),
            ("{}", Err(Malformed)),
            ("[]", Err(Malformed)),
            ("", Err(Malformed)),
            ("hello", Err(Malformed)),
        ] {
            assert_eq!(Command::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn long_frames_are_refused() {
        let padded = |length: usize| r#"{"command":"pong"}"#.to_owned() + &" ".repeat(length - 18);
        assert_eq!(Command::parse(&padded(LIMIT)), Ok(Command::Other));
        assert_eq!(Command::parse(&padded(LIMIT + 1)), Err(Malformed));
    }

    #[test]
    fn frames_are_written() {
        let sid = uuid::Uuid::from_u128(1);
        for (frame, expected) in [
            (welcome(), r#"{"type":"welcome"}"#),
            (ping(1_700_000_000), r#"{"type":"ping","message":1700000000}"#),
            (confirm(CATALOG), r#"{"type":"confirm_subscription","identifier":"{\"channel\":\"CatalogChannel\"}"}"#),
            (reject("ü\n\"\u{0}"), r#"{"type":"reject_subscription","identifier":"ü\n\"\u0000"}"#),
            (welcome_extended(sid, None), r#"{"type":"welcome","sid":"00000000-0000-0000-0000-000000000001"}"#),
            (
                welcome_extended(sid, Some(vec!["x"])),
                r#"{"type":"welcome","sid":"00000000-0000-0000-0000-000000000001","restored":true,"restored_ids":["x"]}"#,
            ),
            (pong(), r#"{"type":"pong"}"#),
            (confirm_history("x"), r#"{"type":"confirm_history","identifier":"x"}"#),
            (reject_history("x"), r#"{"type":"reject_history","identifier":"x"}"#),
            (
                presence("x", &[json!({ "id": "a" })]),
                r#"{"type":"presence","identifier":"x","message":{"records":[{"id":"a"}],"total":1,"type":"info"}}"#,
            ),
            (message("x", &json!(1)), r#"{"identifier":"x","message":1}"#),
            (Disconnect::Remote.frame(), r#"{"type":"disconnect","reason":"remote","reconnect":false}"#),
            (Disconnect::TokenExpired.frame(), r#"{"type":"disconnect","reason":"token_expired","reconnect":false}"#),
            (Disconnect::Unauthorized.frame(), r#"{"type":"disconnect","reason":"unauthorized","reconnect":false}"#),
            (
                Disconnect::InvalidRequest.frame(),
                r#"{"type":"disconnect","reason":"invalid_request","reconnect":false}"#,
            ),
            (Disconnect::SlowConsumer.frame(), r#"{"type":"disconnect","reason":"slow_consumer","reconnect":true}"#),
            (Disconnect::ServerRestart.frame(), r#"{"type":"disconnect","reason":"server_restart","reconnect":true}"#),
        ] {
            assert_eq!(frame.as_str(), expected);
        }
    }
}
