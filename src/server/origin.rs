//! Where clients see the marketplace: scheme and host, as configured, as a trusted proxy says, or as they asked.

use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, header};
use ipnet::IpNet;

use super::{Settings, canonical};

/// Proxies whose word on the client's view is believed: an address or a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proxy(IpNet);

impl FromStr for Proxy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let network = text.parse().or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from));
        network.map(Self).map_err(|_| format!("{text:?} is neither an IP address nor a network such as 10.0.0.0/8"))
    }
}

/// Scheme and host as the client sees them, without a slash at the end.
pub(super) fn origin(settings: &Settings, peer: SocketAddr, headers: &HeaderMap) -> Arc<str> {
    if let Some(url) = &settings.public_url {
        return url.as_str().trim_end_matches('/').into();
    }
    let from = canonical(peer);
    let trusted = settings.trusted_proxies.iter().any(|Proxy(network)| network.contains(&from));
    let (scheme, host) = if trusted { forwarded(headers) } else { (None, None) };
    let asked = headers.get(header::HOST).and_then(|host| host.to_str().ok()).and_then(valid_host);
    let host = host.or(asked).unwrap_or_else(|| settings.listen.to_string());
    format!("{}://{host}", scheme.unwrap_or("http")).into()
}

/// What the nearest proxy says: `Forwarded` (RFC 7239), else `X-Forwarded-Proto` and `X-Forwarded-Host`.
fn forwarded(headers: &HeaderMap) -> (Option<&'static str>, Option<String>) {
    let last = |name: &str| headers.get_all(name).iter().next_back()?.to_str().ok()?.rsplit(',').next().map(str::trim);
    let scheme = |text: &str| match text.to_ascii_lowercase().as_str() {
        "https" => Some("https"),
        "http" => Some("http"),
        _ => None,
    };
    if let Some(element) = last("forwarded") {
        let value = |name: &str| {
            let mut pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
            pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim_matches('"'))
        };
        return (value("proto").and_then(scheme), value("host").and_then(valid_host));
    }
    (last("x-forwarded-proto").and_then(scheme), last("x-forwarded-host").and_then(valid_host))
}

fn valid_host(text: &str) -> Option<String> {
    Authority::from_str(text).ok().filter(|host| !host.as_str().contains('@')).map(|host| host.to_string())
}
