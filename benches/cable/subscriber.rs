//! A subscriber that costs little beside the server.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async};

/// How long nothing may come before a subscriber gives up: longer than between two pings, and than a broadcast takes.
const SILENCE: Duration = Duration::from_secs(10);

/// A connection that has subscribed.
pub struct Subscriber(WebSocketStream<TcpStream>);

/// What a subscriber has heard.
#[derive(Default)]
pub struct Heard {
    /// Which of the subscribers this is.
    pub number: usize,
    pub ids: Vec<String>,
    /// In milliseconds.
    pub latencies: Vec<f64>,
}

impl Subscriber {
    /// Connects, and waits until the subscription is confirmed.
    pub async fn open(address: &str, token: &str, identifier: String) -> Self {
        let mut request = address.into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
        headers.insert("sec-websocket-protocol", "actioncable-v1-json".parse().unwrap());
        let mut socket = Self::connect(request).await;
        let command = serde_json::json!({ "command": "subscribe", "identifier": identifier });
        socket.send(Message::text(command.to_string())).await.unwrap();
        while !text(&mut socket).await.contains("confirm_subscription") {}
        Self(socket)
    }

    /// Connects to the bare broadcast.
    pub async fn bare(address: &str) -> Self {
        Self(Self::connect(address.into_client_request().unwrap()).await)
    }

    async fn connect(request: tokio_tungstenite::tungstenite::http::Request<()>) -> WebSocketStream<TcpStream> {
        let host = request.uri().authority().unwrap().to_string();
        let stream = TcpStream::connect(host).await.unwrap();
        stream.set_nodelay(true).unwrap();
        client_async(request, stream).await.unwrap().0
    }

    /// Listens until so many events have come, or nothing more.
    pub async fn listen(mut self, number: usize, events: usize) -> Heard {
        let mut heard = Heard { number, ..Heard::default() };
        while heard.ids.len() < events {
            let Ok(frame) = timeout(SILENCE, text(&mut self.0)).await else { break };
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64() * 1e3;
            if let Some(at) = after(&frame, r#""occurred_at":""#) {
                heard.latencies.push(now - instant(at));
                heard.ids.push(after(&frame, r#""id":""#).unwrap()[..36].to_owned());
            }
            if frame.is_empty() {
                break;
            }
        }
        heard
    }
}

/// The next text; nothing at the end.
async fn text(socket: &mut WebSocketStream<TcpStream>) -> Utf8Bytes {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return text,
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return Utf8Bytes::default(),
        }
    }
}

fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    text.split_once(mark).map(|(_, rest)| rest)
}

/// Milliseconds of an instant as the server writes it: `2026-01-31T12:00:00.000Z`.
fn instant(text: &str) -> f64 {
    let instant: chrono::DateTime<chrono::Utc> = text[..24].parse().unwrap();
    instant.timestamp_millis() as f64
}

impl Heard {
    /// How many of the events in their order were lost, repeated, and out of order.
    pub fn faults(&self, expected: &[String]) -> [usize; 3] {
        let places: HashMap<&str, usize> =
            expected.iter().enumerate().map(|(place, id)| (id.as_str(), place)).collect();
        let order: Vec<usize> = self.ids.iter().filter_map(|id| places.get(id.as_str()).copied()).collect();
        let mut distinct = order.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let disordered = order.windows(2).filter(|pair| pair[1] < pair[0]).count();
        [expected.len() - distinct.len(), order.len() - distinct.len(), disordered]
    }
}
