//! `mkt ui`

use std::net::SocketAddr;

use url::Url;

use super::daemon::{LogArgs, listen, stop_signal};
use super::error::Failed;
use super::limits::ConnectionArgs;
use crate::server::{Alone, Proxy, UiServer};

/// Serve the web interface alone, for a marketplace that is elsewhere. The marketplace must know of it by --ui-url
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the marketplace is, as browsers reach it
    #[arg(long, env = "MKT_SERVER_URL", value_name = "URL", value_parser = server)]
    server_url: Url,

    /// The address to listen on; port 0 takes a free one. PORT alone works too and listens on all addresses
    /// [default: 127.0.0.1:3000]
    #[arg(long, env = "MKT_LISTEN", value_name = "ADDR")]
    listen: Option<SocketAddr>,

    /// What the marketplace is called
    #[arg(long, env = "MKT_TITLE", default_value = "Marketplace")]
    title: String,

    /// Addresses or networks of proxies, which speak for many clients
    #[arg(long, env = "MKT_TRUSTED_PROXIES", value_name = "NET", value_delimiter = ',')]
    trusted_proxies: Vec<Proxy>,

    #[command(flatten)]
    connections: ConnectionArgs,

    #[command(flatten)]
    log: LogArgs,
}

/// An address that a browser can reach.
fn server(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| format!("{text:?} is no address such as https://market.example.org"))
}

pub async fn run(args: Args) -> Result<(), Failed> {
    args.log.start()?;
    let stop = stop_signal()?;
    let settings = Alone {
        listen: listen(args.listen)?,
        marketplace: args.server_url,
        title: args.title,
        trusted_proxies: args.trusted_proxies,
        limits: args.connections.limits(),
    };
    let marketplace = settings.marketplace.clone();
    let server = UiServer::bind(settings).await?;
    tracing::info!(%marketplace, "listening on http://{}", server.address()?);
    server.run(stop).await;
    Ok(())
}
