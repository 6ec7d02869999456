//! What clients may take of a server, each of them and all together.

use std::time::Duration;

/// What clients may take of a server.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Of its connections.
    pub connections: ConnectionLimits,
    /// How many WebSockets one user or platform has.
    pub sockets: usize,
    /// How many requests a minute a client sends to what lets it guess or costs much; 0 for any number.
    pub rate: u32,
}

/// What clients may take of a server's connections.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// How many are open at a time.
    pub all: usize,
    /// How many of them one client has. Unless told, clients on the server's own machine have as many as there are.
    pub per_client: Option<usize>,
    /// How long the head of a connection's first request may take.
    pub head_timeout: Duration,
    /// How long a connection may wait for the head of its next one.
    pub idle_timeout: Duration,
}
