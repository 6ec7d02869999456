//! The listener: takes connections in while there are seats, and serves each until it ends.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use futures_util::FutureExt;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};
use tower::ServiceExt;

use super::canonical;
use super::limits::ConnectionLimits;
use super::origin::{Proxy, is_trusted};
use super::seats::{Full, Seats};
use super::shutdown::Shutdown;
use super::socket::Socket;
use crate::core::{Error, Result};

/// The most bytes of a request's head, and of what else a connection buffers. Hyper takes at most 100 headers.
const HEAD: usize = 64 * 1024;
/// How long to wait when the system has no more files or memory to give.
const PAUSE: Duration = Duration::from_millis(200);

/// How connections are treated.
pub struct Terms {
    /// What clients may take.
    pub limits: ConnectionLimits,
    /// Proxies, which speak for many clients.
    pub trusted_proxies: Vec<Proxy>,
    /// The end of the server.
    pub shutdown: Shutdown,
}

/// Takes an address to listen on.
///
/// # Errors
/// When it is taken.
pub async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        Error::conflict(format!("Can't listen on {address}: {error}. Choose another address with --listen."))
            .because(error)
    })
}

/// Takes connections in until the server's end is announced.
pub async fn serve(listener: TcpListener, seats: Seats, routes: Router, terms: Terms) {
    let Terms { limits, trusted_proxies, shutdown } = terms;
    let mut http = Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.idle_timeout).max_header_size(HEAD).max_buf_size(HEAD);
    let connections = Connections { http, routes, head_timeout: limits.head_timeout, shutdown: shutdown.clone() };
    let mut complaint = Complaint::default();
    let mut announced = pin!(shutdown.announced());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut announced => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Small frames are sent at once, not gathered.
                drop(stream.set_nodelay(true));
                let client = Some(canonical(peer)).filter(|address| !is_trusted(&trusted_proxies, *address));
                match seats.take(client) {
                    Ok(seat) => connections.begin(Socket::new(stream, seat), peer),
                    Err(full) => turn_away(&stream, peer, &full, &mut complaint),
                }
            }
            // The client has gone before it was taken in.
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                complaint.make(|| tracing::error!("can't take connections in: {error}"));
                sleep(PAUSE).await;
            }
        }
    }
}

/// Resets a connection, so that neither side keeps anything of it.
fn turn_away(stream: &TcpStream, peer: SocketAddr, full: &Full, complaint: &mut Complaint) {
    drop(stream.set_zero_linger());
    complaint.make(|| match full {
        Full::All => tracing::warn!("connections are turned away: all that --max-connections allows are open"),
        Full::Client => {
            let client = canonical(peer);
            tracing::warn!(%client, "connections of a client are turned away. If it is a proxy, name it in --trusted-proxies");
        }
    });
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// What is logged once a minute at most, however often it happens.
#[derive(Default)]
struct Complaint(Option<Instant>);

impl Complaint {
    fn make(&mut self, log: impl FnOnce()) {
        if self.0.is_none_or(|last| last.elapsed() >= Duration::from_secs(60)) {
            self.0 = Some(Instant::now());
            log();
        }
    }
}

/// How connections are served.
struct Connections {
    http: Builder,
    routes: Router,
    head_timeout: Duration,
    shutdown: Shutdown,
}

impl Connections {
    /// Serves a connection in a task of its own.
    fn begin(&self, socket: Socket<TcpStream>, peer: SocketAddr) {
        let begun = Arc::new(AtomicBool::new(false));
        let asked = begun.clone();
        let routes = self.routes.clone().map_request(move |mut request: Request<Incoming>| {
            asked.store(true, Ordering::Relaxed);
            request.extensions_mut().insert(ConnectInfo(peer));
            request.map(Body::new)
        });
        let connection = self.http.serve_connection(TokioIo::new(socket), TowerToHyperService::new(routes));
        let (head_timeout, shutdown) = (self.head_timeout, self.shutdown.clone());
        tokio::spawn(async move {
            let _hold = shutdown.hold();
            let mut connection = pin!(connection.with_upgrades());
            // Hyper's limit is as long as a connection may be idle. One that has not asked for anything yet gets less; for
            // one that has, a head in small pieces gains nothing over silence.
            let mut first_head = pin!(sleep(head_timeout).fuse());
            let mut announced = pin!(shutdown.announced().fuse());
            loop {
                tokio::select! {
                    biased;
                    ended = connection.as_mut() => {
                        if let Err(error) = ended {
                            tracing::trace!(%peer, "a connection broke: {error}");
                        }
                        return;
                    }
                    () = &mut first_head => {}
                    () = &mut announced => connection.as_mut().graceful_shutdown(),
                }
                if !begun.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
    }
}
