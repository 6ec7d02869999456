//! A way to a server that may become another, on which requests are counted by the second.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio::time::Instant;

/// What the first line of every request ends with. Frames of WebSockets are masked, so they don't have it.
const REQUEST: &[u8] = b" HTTP/1.1\r\n";

/// The way.
pub struct Gate {
    pub address: String,
    shared: Arc<Shared>,
}

struct Shared {
    server: Mutex<String>,
    since: Mutex<Instant>,
    /// Requests of each second since then.
    counts: Mutex<Vec<usize>>,
    connections: Mutex<Vec<AbortHandle>>,
}

impl Gate {
    pub async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            server: Mutex::new(host(server)),
            since: Mutex::new(Instant::now()),
            counts: Mutex::default(),
            connections: Mutex::default(),
        });
        let own = shared.clone();
        tokio::spawn(async move {
            loop {
                let Ok((client, _)) = listener.accept().await else { continue };
                let task = tokio::spawn(pass(client, own.clone()));
                let mut connections = own.connections.lock().unwrap();
                connections.retain(|connection| !connection.is_finished());
                connections.push(task.abort_handle());
            }
        });
        Self { address, shared }
    }

    /// Leads to another server from now on.
    pub fn turn_to(&self, server: &str) {
        *self.shared.server.lock().unwrap() = host(server);
    }

    /// Cuts all connections.
    pub fn cut(&self) {
        self.shared.connections.lock().unwrap().drain(..).for_each(|connection| connection.abort());
    }

    /// Counts anew from now on.
    pub fn count(&self) {
        *self.shared.since.lock().unwrap() = Instant::now();
        self.shared.counts.lock().unwrap().clear();
    }

    /// All requests since then, and the most of a second.
    pub fn counted(&self) -> (usize, usize) {
        let counts = self.shared.counts.lock().unwrap();
        (counts.iter().sum(), counts.iter().copied().max().unwrap_or_default())
    }
}

fn host(address: &str) -> String {
    address.trim_start_matches("http://").to_owned()
}

async fn pass(mut client: TcpStream, shared: Arc<Shared>) {
    let server = shared.server.lock().unwrap().clone();
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let up = async {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
            let requests = buffer[..read].windows(REQUEST.len()).filter(|window| *window == REQUEST).count();
            if requests > 0 {
                let second = shared.since.lock().unwrap().elapsed().as_secs() as usize;
                let mut counts = shared.counts.lock().unwrap();
                if counts.len() <= second {
                    counts.resize(second + 1, 0);
                }
                counts[second] += requests;
            }
            if to_server.write_all(&buffer[..read]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = up => {}
        _ = tokio::io::copy(&mut from_server, &mut to_client) => {}
    }
}
