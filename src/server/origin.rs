//! Where clients see the marketplace: scheme and host, as configured, as a trusted proxy says, or as they asked.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, header};
use ipnet::IpNet;

use super::{Settings, canonical};

/// Proxies whose word on the client's view is believed: an address or a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proxy(IpNet);

impl Proxy {
    /// Whether an address is its, or in its network.
    fn is_at(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }
}

impl FromStr for Proxy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network.map(Self).map_err(|_| format!("{text:?} is neither an IP address nor a network such as 10.0.0.0/8"))
    }
}

/// Whether an address is of one of these proxies.
pub(super) fn is_trusted(proxies: &[Proxy], address: IpAddr) -> bool {
    proxies.iter().any(|proxy| proxy.is_at(address))
}

/// A web origin that may call the API (RFC 6454), such as `https://market.example.org`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebOrigin(pub(super) HeaderValue);

impl FromStr for WebOrigin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let origin = url::Url::parse(text).ok().map(|url| url.origin()).filter(url::Origin::is_tuple);
        let origin = origin.and_then(|origin| HeaderValue::try_from(origin.ascii_serialization()).ok());
        origin.map(Self).ok_or_else(|| format!("{text:?} is no web origin such as https://market.example.org"))
    }
}

/// Scheme and host as the client sees them, without a slash at the end.
pub(super) fn origin(settings: &Settings, peer: SocketAddr, headers: &HeaderMap) -> Arc<str> {
    if let Some(url) = &settings.public_url {
        return url.as_str().trim_end_matches('/').into();
    }
    let (scheme, host) = if settings.trusts(canonical(peer)) { forwarded(headers) } else { (None, None) };
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

/// A name of 253 characters (RFC 1035) and a port. Every address in an answer repeats it.
const LONGEST_HOST: usize = 260;

fn valid_host(text: &str) -> Option<String> {
    let plausible = |host: &Authority| host.as_str().len() <= LONGEST_HOST && !host.as_str().contains('@');
    Authority::from_str(text).ok().filter(plausible).map(|host| host.to_string())
}
