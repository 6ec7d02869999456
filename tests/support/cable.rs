//! A WebSocket that speaks ActionCable frame by frame, and a cable that can be cut.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use mkt::core::db::{Db, Wait};
use mkt::core::event::NewEvent;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{Database, Server};

/// For how long something may be waited for that has to come: machines are busy.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub const EXTENDED: &str = "actioncable-v1-ext-json";
pub const BASE: &str = "actioncable-v1-json";

/// An open WebSocket.
pub struct Cable {
    socket: WebSocketStream<TcpStream>,
    /// The first frame.
    pub welcome: Value,
}

impl Cable {
    /// Opens one by somebody's token, none if it is empty, in the extended protocol.
    pub async fn open(server: &Server, token: &str) -> Self {
        Self::resume(server, token, "").await
    }

    /// Opens one in place of that which had this sid.
    pub async fn resume(server: &Server, token: &str, sid: &str) -> Self {
        let query = if sid.is_empty() { String::new() } else { format!("?sid={sid}") };
        Self::with(server, token, EXTENDED, &query, &[]).await.unwrap()
    }

    /// Opens one, or answers the status of the refusal.
    pub async fn with(
        server: &Server,
        token: &str,
        protocol: &str,
        query: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, u16> {
        let url = server.url(&format!("/cable{query}")).replace("http://", "ws://");
        let mut request = url.into_client_request().unwrap();
        let mut add =
            |name: &'static str, value: &str| request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
        add("sec-websocket-protocol", protocol);
        if !token.is_empty() {
            add("authorization", &format!("Bearer {token}"));
        }
        for (name, value) in headers {
            add(name, value);
        }
        let stream = TcpStream::connect(server.url("").trim_start_matches("http://")).await.unwrap();
        match tokio_tungstenite::client_async(request, stream).await {
            Ok((socket, _)) => {
                let mut cable = Self { socket, welcome: Value::Null };
                cable.welcome = cable.frame().await;
                Ok(cable)
            }
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// What a client comes back by.
    pub fn sid(&self) -> String {
        self.welcome["sid"].as_str().unwrap_or_else(|| panic!("{}", self.welcome)).to_owned()
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: impl ToString) {
        self.raw(Message::text(frame.to_string())).await;
    }

    /// Sends whatever this is.
    pub async fn raw(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    /// The next frame that is no ping; `{"closed": code}` for the one that closes, `null` at the end.
    pub async fn frame(&mut self) -> Value {
        timeout(PATIENCE, self.wait_for_frame()).await.expect("no frame comes")
    }

    async fn wait_for_frame(&mut self) -> Value {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    if frame["type"] != "ping" {
                        return frame;
                    }
                }
                Some(Ok(Message::Close(close))) => return json!({ "closed": close.map(|close| u16::from(close.code)) }),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Value::Null,
            }
        }
    }

    /// The next frame, a ping too.
    pub async fn any_frame(&mut self) -> Value {
        let message = timeout(PATIENCE, self.socket.next()).await.expect("no frame comes").unwrap().unwrap();
        serde_json::from_str(message.to_text().unwrap()).unwrap()
    }

    /// Subscribes, and answers whether that was confirmed.
    pub async fn asks(&mut self, identifier: &str) -> bool {
        self.send(json!({ "command": "subscribe", "identifier": identifier })).await;
        let answer = self.frame().await;
        assert_eq!(answer["identifier"], identifier, "{answer}");
        answer["type"] == "confirm_subscription"
    }

    /// Subscribes, which must be confirmed.
    pub async fn subscribe(&mut self, identifier: &str) {
        assert!(self.asks(identifier).await, "{identifier}");
    }

    /// Says something to a channel.
    pub async fn say(&mut self, identifier: &str, data: Value) {
        self.send(json!({ "command": "message", "identifier": identifier, "data": data.to_string() })).await;
    }

    /// The next frame, which must be an event, without its time and its id.
    pub async fn event(&mut self) -> Value {
        let frame = self.frame().await;
        assert!(frame["message"].is_object() && frame["type"].is_null(), "{frame}");
        frame
    }

    /// The next event of this kind.
    pub async fn event_of(&mut self, kind: &str, what: &str) -> Value {
        loop {
            let event = self.event().await["message"].take();
            if event["resource_type"] == kind && event["event_type"] == what {
                return event;
            }
        }
    }

    /// Waits for its end, and answers the announcement of it and the status that it is closed with.
    pub async fn ended(&mut self) -> (Value, Value) {
        loop {
            let frame = self.frame().await;
            assert!(!frame.is_null(), "it ended without a word");
            if frame["type"] == "disconnect" {
                return (frame, self.frame().await["closed"].take());
            }
        }
    }

    /// Breaks it, as a network does.
    pub fn cut(self) {
        drop(self.socket);
    }
}

/// The identifier of a channel.
pub fn channel(name: &str) -> String {
    json!({ "channel": name }).to_string()
}

/// The identifier of a channel about something.
pub fn channel_of(name: &str, parameter: &str, id: &str) -> String {
    json!({ "channel": name, parameter: id }).to_string()
}

/// A server's database, as another server writes to it.
pub async fn beside(database: &Database) -> Db {
    Db::open(&database.url.parse().unwrap(), Wait::No).await.unwrap()
}

/// Has these numbers said in the chat, each in a transaction of its own.
pub async fn chat(db: &Db, numbers: std::ops::RangeInclusive<u32>) {
    for number in numbers {
        let tx = db.begin().await.unwrap();
        tx.announce(vec![NewEvent::said(RawValue::from_string(json!({ "n": number }).to_string()).unwrap())]);
        tx.commit().await.unwrap();
    }
    db.notify_others().await.unwrap();
}

/// A way to a server that can be cut.
pub struct Line {
    pub address: String,
    open: Arc<Mutex<Vec<AbortHandle>>>,
    accepting: AbortHandle,
}

impl Line {
    /// A line to a server.
    pub async fn to(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (open, far): (Arc<Mutex<Vec<AbortHandle>>>, _) = (Arc::default(), server.url("").replace("http://", ""));
        let lines = open.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let far = far.clone();
                let line = tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(far).await else { return };
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                });
                lines.lock().unwrap().push(line.abort_handle());
            }
        });
        Self { address, open, accepting: accepting.abort_handle() }
    }

    /// Cuts all that is open.
    pub fn cut(&self) {
        self.open.lock().unwrap().drain(..).for_each(|line| line.abort());
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}
