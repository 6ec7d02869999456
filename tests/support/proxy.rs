//! A bad network: connections through it go to any of several servers, and are cut at will.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// A way to servers. Dropping it closes it.
pub struct Proxy {
    pub address: SocketAddr,
    connections: Arc<Mutex<Vec<AbortHandle>>>,
    listening: AbortHandle,
}

impl Proxy {
    /// Opens a way to these servers, taken in turn; one that is away is passed over.
    pub async fn to(servers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections: Arc<Mutex<Vec<AbortHandle>>> = Arc::default();
        let kept = connections.clone();
        let listening = tokio::spawn(async move {
            for turn in 0.. {
                let Ok((mut client, _)) = listener.accept().await else { continue };
                let servers = servers.clone();
                let connection = tokio::spawn(async move {
                    for place in 0..servers.len() {
                        if let Ok(mut server) = TcpStream::connect(&servers[(turn + place) % servers.len()]).await {
                            let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                            return;
                        }
                    }
                });
                let mut kept = kept.lock().unwrap();
                kept.retain(|connection: &AbortHandle| !connection.is_finished());
                kept.push(connection.abort_handle());
            }
        });
        Self { address, connections, listening: listening.abort_handle() }
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

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
        self.connections.lock().unwrap().iter().for_each(AbortHandle::abort);
    }
}
