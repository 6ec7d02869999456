//! A bad network: connections through it go to any of several servers, and are cut at will.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// A way to servers. Dropping it closes it.
pub struct Proxy {
    pub address: SocketAddr,
    connections: Arc<Mutex<Vec<AbortHandle>>>,
    toll: Arc<Toll>,
    listening: AbortHandle,
}

/// What has passed, and what may.
#[derive(Default)]
struct Toll {
    /// How many bytes may still come from servers; none means as many as there are.
    left: Mutex<Option<usize>>,
    /// How many bytes have come from clients.
    sent: AtomicUsize,
    /// After how many of those connections are cut.
    cuts: Mutex<VecDeque<usize>>,
}

impl Toll {
    /// Whether so many more bytes from a client are the last of its connection.
    fn cuts_after(&self, bytes: usize) -> bool {
        let sent = self.sent.fetch_add(bytes, Ordering::SeqCst) + bytes;
        let mut cuts = self.cuts.lock().unwrap();
        let due = cuts.front().is_some_and(|cut| *cut <= sent);
        if due {
            cuts.pop_front();
        }
        due
    }
}

impl Proxy {
    /// Opens a way to these servers, taken in turn; one that is away is passed over.
    pub async fn to(servers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections: Arc<Mutex<Vec<AbortHandle>>> = Arc::default();
        let (kept, toll) = (connections.clone(), Arc::<Toll>::default());
        let bound = toll.clone();
        let listening = tokio::spawn(async move {
            for turn in 0.. {
                let Ok((mut client, _)) = listener.accept().await else { continue };
                let (servers, bound) = (servers.clone(), bound.clone());
                let connection = tokio::spawn(async move {
                    for place in 0..servers.len() {
                        if let Ok(server) = TcpStream::connect(&servers[(turn + place) % servers.len()]).await {
                            return pass(&mut client, server, &bound).await;
                        }
                    }
                });
                let mut kept = kept.lock().unwrap();
                kept.retain(|connection: &AbortHandle| !connection.is_finished());
                kept.push(connection.abort_handle());
            }
        });
        Self { address, connections, toll, listening: listening.abort_handle() }
    }

    /// Lets so many more bytes come from servers, then nothing any more; with `None` all again.
    pub fn let_through(&self, bytes: Option<usize>) {
        *self.toll.left.lock().unwrap() = bytes;
    }

    /// Cuts each connection on which the bytes of clients, counted over all of them, come to the next of these numbers.
    pub fn cut_after(&self, bytes: impl IntoIterator<Item = usize>) {
        *self.toll.cuts.lock().unwrap() = bytes.into_iter().collect();
    }

    /// How many bytes have come from clients.
    pub fn sent(&self) -> usize {
        self.toll.sent.load(Ordering::SeqCst)
    }

    /// Cuts one of the connections that are open, of which `random` tells which.
    pub fn cut(&self, random: usize) {
        let mut connections = self.connections.lock().unwrap();
        connections.retain(|connection| !connection.is_finished());
        if !connections.is_empty() {
            let unlucky = random % connections.len();
            connections.swap_remove(unlucky).abort();
        }
    }
}

/// Passes on what both say, for as long as servers may say anything.
async fn pass(client: &mut TcpStream, mut server: TcpStream, toll: &Toll) {
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let up = async {
        let mut piece = vec![0; 16 * 1024];
        while let Ok(read @ 1..) = from_client.read(&mut piece).await {
            if toll.cuts_after(read) {
                return;
            }
            if to_server.write_all(&piece[..read]).await.is_err() {
                break;
            }
        }
        let _ = to_server.shutdown().await;
        std::future::pending::<()>().await
    };
    let down = async {
        let mut piece = vec![0; 16 * 1024];
        while let Ok(read @ 1..) = from_server.read(&mut piece).await {
            if let Some(left) = toll.left.lock().unwrap().as_mut() {
                if *left < read {
                    *left = 0;
                    break;
                }
                *left -= read;
            }
            if to_client.write_all(&piece[..read]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = up => {}
        () = down => {}
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
        self.connections.lock().unwrap().iter().for_each(AbortHandle::abort);
    }
}
