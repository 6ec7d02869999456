//! A bad network: connections through it go to any of several servers, and are cut at will.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// A way to servers. Dropping it closes it.
pub struct Proxy {
    pub address: SocketAddr,
    connections: Arc<Mutex<Vec<AbortHandle>>>,
    /// How many bytes may still come from servers; none means as many as there are.
    left: Arc<Mutex<Option<usize>>>,
    listening: AbortHandle,
}

impl Proxy {
    /// Opens a way to these servers, taken in turn; one that is away is passed over.
    pub async fn to(servers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections: Arc<Mutex<Vec<AbortHandle>>> = Arc::default();
        let (kept, left) = (connections.clone(), Arc::<Mutex<Option<usize>>>::default());
        let bound = left.clone();
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
        Self { address, connections, left, listening: listening.abort_handle() }
    }

    /// Lets so many more bytes come from servers, then nothing any more; with `None` all again.
    pub fn let_through(&self, bytes: Option<usize>) {
        *self.left.lock().unwrap() = bytes;
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
async fn pass(client: &mut TcpStream, mut server: TcpStream, left: &Mutex<Option<usize>>) {
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let up = async {
        let _ = tokio::io::copy(&mut from_client, &mut to_server).await;
        let _ = to_server.shutdown().await;
        std::future::pending::<()>().await
    };
    let down = async {
        let mut piece = vec![0; 16 * 1024];
        while let Ok(read @ 1..) = from_server.read(&mut piece).await {
            if let Some(left) = left.lock().unwrap().as_mut() {
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
