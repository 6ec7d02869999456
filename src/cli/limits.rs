//! What servers let clients take.

use std::time::Duration;

use clap::value_parser;

use crate::server::{ConnectionLimits, Limits};

#[derive(Debug, clap::Args)]
pub struct ConnectionArgs {
    /// How many connections are open at a time, as far as the limit of open files allows
    #[arg(long, env = "MKT_MAX_CONNECTIONS", value_name = "N", default_value_t = 10_240, value_parser = value_parser!(u32).range(1..))]
    max_connections: u32,

    /// How many of them one client has, by its address; trusted proxies have no limit
    /// [default: 1024, and no limit on this machine]
    #[arg(long, env = "MKT_MAX_CONNECTIONS_PER_CLIENT", value_name = "N", value_parser = value_parser!(u32).range(1..))]
    max_connections_per_client: Option<u32>,

    /// How many seconds a client may take to send the head of its first request
    #[arg(long, env = "MKT_HEAD_TIMEOUT", value_name = "SECONDS", default_value_t = 15, value_parser = value_parser!(u64).range(1..=3600))]
    head_timeout: u64,

    /// After how many seconds without a further request a connection is closed; longer than what proxies keep theirs for
    #[arg(long, env = "MKT_IDLE_TIMEOUT", value_name = "SECONDS", default_value_t = 75, value_parser = value_parser!(u64).range(1..=3600))]
    idle_timeout: u64,
}

impl ConnectionArgs {
    /// The limits.
    pub fn limits(&self) -> ConnectionLimits {
        ConnectionLimits {
            all: many(self.max_connections),
            per_client: self.max_connections_per_client.map(many),
            head_timeout: Duration::from_secs(self.head_timeout),
            idle_timeout: Duration::from_secs(self.idle_timeout),
        }
    }
}

#[derive(Debug, clap::Args)]
pub struct LimitArgs {
    #[command(flatten)]
    connections: ConnectionArgs,

    /// How many WebSockets one user or platform has open at a time
    #[arg(long, env = "MKT_MAX_SOCKETS", value_name = "N", default_value_t = 500, value_parser = value_parser!(u32).range(1..))]
    max_sockets: u32,

    /// How many requests a minute a client may send to sign in, redeem vouchers, make tokens, and check packages unsigned,
    /// by its address and by its token; 0 for any number, and to let clients try any number of tokens
    #[arg(long, env = "MKT_RATE_LIMIT", value_name = "N", default_value_t = 60, value_parser = value_parser!(u32).range(..=1_000_000))]
    rate_limit: u32,
}

impl LimitArgs {
    /// The limits.
    pub fn limits(&self) -> Limits {
        Limits { connections: self.connections.limits(), sockets: many(self.max_sockets), rate: self.rate_limit }
    }
}

fn many(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
