//! Clients that keep a server busy and cost little beside it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How fast a server answered.
pub struct Measured {
    pub rate: f64,
    pub p50: f64,
    pub p99: f64,
}

/// A request: the bytes of the n-th.
pub type Requests = Arc<dyn Fn(usize) -> String + Send + Sync>;

/// The bytes of a GET.
pub fn get(path: &str, token: Option<&str>) -> String {
    let token = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    format!("GET {path} HTTP/1.1\r\nhost: bench\r\naccept: application/json\r\n{token}\r\n")
}

/// Keeps so many connections busy, each with one request at a time.
pub async fn load(address: &str, connections: usize, measured: Duration, requests: Requests) -> Measured {
    let host = address.strip_prefix("http://").unwrap().to_owned();
    let start = Instant::now() + measured / 4;
    let end = start + measured;
    let clients = (0..connections).map(|number| {
        let requests = requests.clone();
        tokio::spawn(client(host.clone(), move |turn| requests(turn * connections + number), start, end))
    });
    let clients: Vec<_> = clients.collect();
    let mut times = Vec::new();
    for client in clients {
        times.extend(client.await.unwrap());
    }
    // One that takes longer than all of this is not told of.
    times.sort_unstable();
    times.extend(times.is_empty().then_some(measured));
    let percentile = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1000.0;
    Measured { rate: times.len() as f64 / measured.as_secs_f64(), p50: percentile(0.5), p99: percentile(0.99) }
}

/// Writes requests and reads as many bytes of each answer as its header announces.
async fn client(host: String, requests: impl Fn(usize) -> String, start: Instant, end: Instant) -> Vec<Duration> {
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut buffer, mut times) = (vec![0; 256 * 1024], Vec::new());
    for turn in 0.. {
        let request = requests(turn);
        let sent = Instant::now();
        if sent >= end {
            break;
        }
        stream.write_all(request.as_bytes()).await.unwrap();
        let (mut filled, mut whole) = (0, usize::MAX);
        while filled < whole {
            let read = stream.read(&mut buffer[filled..]).await.unwrap();
            assert!(read > 0, "the server closed the connection");
            filled += read;
            if whole == usize::MAX {
                whole = length(&buffer[..filled]).unwrap_or(usize::MAX);
            }
        }
        assert!(buffer.starts_with(b"HTTP/1.1 20"), "{}", String::from_utf8_lossy(&buffer[..filled]));
        if sent >= start {
            times.push(sent.elapsed());
        }
    }
    times
}

/// How long an answer is in all, once its header is complete.
fn length(answer: &[u8]) -> Option<usize> {
    let header = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let text = std::str::from_utf8(&answer[..header]).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix("content-length: "))?;
    Some(header + 4 + value.parse::<usize>().ok()?)
}
