//! The frames of `actioncable-v1-json`: what clients say, read; what the server says, written. No sockets here.

use axum::extract::ws::{CloseCode, Utf8Bytes};
use serde::Deserialize;
use serde_json::Value;

/// The largest frame that a client may send, in bytes.
pub const LIMIT: usize = 64 * 1024;

/// What a client asks for. An identifier is opaque: the client's string, by which it knows its subscription.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// To receive what a channel carries.
    Subscribe(String),
    /// To receive it no longer.
    Unsubscribe(String),
    /// Something to be ignored: a message on a channel that takes none, or a command of another dialect.
    Other,
}

/// A frame that is not one of the protocol.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

#[derive(Deserialize)]
struct Raw {
    command: String,
    identifier: Option<Value>,
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
        let Raw { command, identifier } = serde_json::from_str(text).map_err(|_| Malformed)?;
        let identifier = match identifier {
            Some(Value::String(identifier)) => Ok(identifier),
            _ => Err(Malformed),
        };
        match command.as_str() {
            "subscribe" => identifier.map(Self::Subscribe),
            "unsubscribe" => identifier.map(Self::Unsubscribe),
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
}

impl Disconnect {
    /// The reason in the protocol's word.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::InvalidRequest => "invalid_request",
            Self::SlowConsumer => "slow_consumer",
            Self::ServerRestart => "server_restart",
        }
    }

    /// Whether the client may come back. Always said: clients differ in what they make of silence.
    fn reconnect(self) -> bool {
        matches!(self, Self::SlowConsumer | Self::ServerRestart)
    }

    /// The status of the close frame that follows (RFC 6455, 7.4, and its registry).
    pub fn code(self) -> CloseCode {
        match self {
            Self::Unauthorized => 1008,
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

/// The sign of life.
pub fn ping(unix_seconds: i64) -> Utf8Bytes {
    format!(r#"{{"type":"ping","message":{unix_seconds}}}"#).into()
}

/// A subscription holds.
pub fn confirm(identifier: &str) -> Utf8Bytes {
    format!(r#"{{"type":"confirm_subscription","identifier":{}}}"#, quote(identifier)).into()
}

/// A subscription is refused.
pub fn reject(identifier: &str) -> Utf8Bytes {
    format!(r#"{{"type":"reject_subscription","identifier":{}}}"#, quote(identifier)).into()
}

/// An event for a subscription. The body is JSON already and stays as it is, to the last digit.
pub fn event(identifier: &str, body: &str) -> Utf8Bytes {
    format!(r#"{{"identifier":{},"message":{body}}}"#, quote(identifier)).into()
}

fn quote(text: &str) -> Value {
    Value::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CATALOG: &str = r#"{"channel":"CatalogChannel"}"#;

    #[test]
    fn commands_are_read() {
        let id = || CATALOG.to_owned();
        for (text, expected) in [
            (
                r#"{"command":"subscribe","identifier":"{\"channel\":\"CatalogChannel\"}"}"#,
                Ok(Command::Subscribe(id())),
            ),
            (
                r#"{"identifier":"{\u0022channel\":\"CatalogChannel\"}","command":"subscribe","x":1}"#,
                Ok(Command::Subscribe(id())),
            ),
            (
                r#"{"command":"unsubscribe","identifier":"{\"channel\":\"CatalogChannel\"}"}"#,
                Ok(Command::Unsubscribe(id())),
            ),
            (r#"{"command":"subscribe","identifier":""}"#, Ok(Command::Subscribe(String::new()))),
            (r#"{"command":"message","identifier":"x","data":"{}"}"#, Ok(Command::Other)),
            (r#"{"command":"message"}"#, Ok(Command::Other)),
            (r#"{"command":"history","identifier":"x","history":{"since":1}}"#, Ok(Command::Other)),
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
        let body = r#"{"id":9007199254740993,"b":1.50,"a":"é"}"#;
        for (frame, expected) in [
            (welcome(), r#"{"type":"welcome"}"#),
            (ping(1_700_000_000), r#"{"type":"ping","message":1700000000}"#),
            (confirm(CATALOG), r#"{"type":"confirm_subscription","identifier":"{\"channel\":\"CatalogChannel\"}"}"#),
            (reject("ü\n\"\u{0}"), r#"{"type":"reject_subscription","identifier":"ü\n\"\u0000"}"#),
            (event("x", body), r#"{"identifier":"x","message":{"id":9007199254740993,"b":1.50,"a":"é"}}"#),
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
