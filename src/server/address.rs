//! Where requests come from: the client's address, behind proxies whose word is believed.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};

use super::{Settings, canonical};

/// Who is at the other end of a request's connection.
pub fn peer(extensions: &Extensions) -> SocketAddr {
    let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
    extensions.get::<ConnectInfo<SocketAddr>>().map_or(unknown, |ConnectInfo(peer)| *peer)
}

/// The address of a request's client: of the nearest who is no trusted proxy. Headers of anybody else say nothing.
///
/// `Forwarded` and `X-Forwarded-For` are read from their ends, where the nearest proxy writes. A proxy sets one of them and
/// may pass the other on as the client sent it, so where they disagree neither is believed.
pub fn client_address(settings: &Settings, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
    client_behind(&|address| settings.trusts(address), canonical(peer), headers)
}

fn client_behind(trusts: &impl Fn(IpAddr) -> bool, nearest: IpAddr, headers: &HeaderMap) -> IpAddr {
    if !trusts(nearest) {
        return nearest;
    }
    let forwarded = farthest(trusts, nearest, elements(headers, "forwarded").map_while(forwarded_for));
    let listed = farthest(trusts, nearest, elements(headers, "x-forwarded-for"));
    match (forwarded, listed) {
        (Some(one), Some(other)) if one != other => nearest,
        (one, other) => one.or(other).unwrap_or(nearest),
    }
}

/// An address as limits see it: networks give each of their IPv6 hosts more addresses than it has limits, so the /64 that
/// it is in counts as one.
pub fn site(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

/// Follows the proxies as far as they are trusted; nowhere if they say nothing. Behind one that names nobody, such as
/// `unknown` or `_hidden`, the client is whoever is known last.
fn farthest<'a>(
    trusts: &impl Fn(IpAddr) -> bool,
    nearest: IpAddr,
    nodes: impl Iterator<Item = &'a str>,
) -> Option<IpAddr> {
    let mut farthest = None;
    for node in nodes {
        let before = farthest.unwrap_or(nearest);
        let Some(address) = address_of(node) else { return Some(before) };
        farthest = Some(address);
        if !trusts(address) {
            break;
        }
    }
    farthest
}

/// The elements of a list in headers of this name, the last one first.
fn elements<'a>(headers: &'a HeaderMap, name: &'static str) -> impl Iterator<Item = &'a str> {
    // What is no text is an element that can't be read.
    let values = headers.get_all(name).iter().rev().map(|value| value.to_str().unwrap_or_default());
    values.flat_map(|value| value.rsplit(unquoted(',')).map(str::trim))
}

/// Who the element of a `Forwarded` header is for (RFC 7239, 4), if it says.
fn forwarded_for(element: &str) -> Option<&str> {
    let mut pairs = element.split(unquoted(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| name.eq_ignore_ascii_case("for")).map(|(_, node)| node.trim_matches('"'))
}

/// Finds a separator, but not in quotes.
fn unquoted(separator: char) -> impl FnMut(char) -> bool {
    let mut quoted = false;
    move |character| {
        quoted ^= character == '"';
        character == separator && !quoted
    }
}

/// An address with or without a port; IPv6 in brackets or, as `X-Forwarded-For` has it, without.
fn address_of(node: &str) -> Option<IpAddr> {
    let plain = || node.parse::<IpAddr>().ok();
    let with_port = || node.parse::<SocketAddr>().ok().map(|address| address.ip());
    let bracketed = || node.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::from);
    plain().or_else(with_port).or_else(bracketed).map(|address| address.to_canonical())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use axum::http::HeaderValue;

    use super::super::Proxy;
    use super::super::origin::is_trusted;
    use super::*;

    /// Who connects, with which headers, and who the client is.
    type Case = (&'static str, &'static [(&'static str, &'static str)], &'static str);

    #[test]
    fn clients_are_found_behind_trusted_proxies_only() {
        const PROXY: &str = "10.0.0.1:9";
        const STRANGER: &str = "192.0.2.66:9";
        const FORWARDED: &str = "forwarded";
        const LISTED: &str = "x-forwarded-for";
        let proxies: [Proxy; 2] = ["10.0.0.0/8", "fd00::1"].map(|proxy| proxy.parse().unwrap());
        let trusts = |address| is_trusted(&proxies, address);
        let cases: &[Case] = &[
            // Nobody is believed but trusted proxies.
            (STRANGER, &[], "192.0.2.66"),
            (STRANGER, &[(LISTED, "198.51.100.7")], "192.0.2.66"),
            (STRANGER, &[(FORWARDED, "for=198.51.100.7")], "192.0.2.66"),
            ("[::ffff:192.0.2.66]:9", &[(LISTED, "198.51.100.7")], "192.0.2.66"),
            (PROXY, &[], "10.0.0.1"),
            ("[::ffff:10.0.0.1]:9", &[(LISTED, "198.51.100.7")], "198.51.100.7"),
            // What clients put before what proxies add says nothing.
            (PROXY, &[(LISTED, "198.51.100.7")], "198.51.100.7"),
            (PROXY, &[(LISTED, "1.1.1.1, 198.51.100.7")], "198.51.100.7"),
            (PROXY, &[(LISTED, "1.1.1.1, 198.51.100.7, 10.9.9.9 ,10.0.0.2")], "198.51.100.7"),
            (PROXY, &[(LISTED, "1.1.1.1"), (LISTED, "198.51.100.7,10.0.0.2")], "198.51.100.7"),
            (PROXY, &[(LISTED, "10.0.0.3, 10.0.0.2")], "10.0.0.3"),
            (PROXY, &[(LISTED, "1.1.1.1, nonsense, 10.0.0.2")], "10.0.0.2"),
            (PROXY, &[(LISTED, "")], "10.0.0.1"),
            (PROXY, &[(LISTED, "1.1.1.1,")], "10.0.0.1"),
            // Forms of addresses.
            (PROXY, &[(LISTED, "198.51.100.7:4711")], "198.51.100.7"),
            (PROXY, &[(LISTED, "2001:db8::7")], "2001:db8::7"),
            (PROXY, &[(LISTED, "[2001:db8::7]:4711")], "2001:db8::7"),
            (PROXY, &[(LISTED, "::ffff:198.51.100.7")], "198.51.100.7"),
            ("[fd00::1]:9", &[(FORWARDED, "for=\"[2001:db8::7]:4711\"")], "2001:db8::7"),
            (PROXY, &[(FORWARDED, "For=\"[2001:DB8::7]\";proto=https")], "2001:db8::7"),
            (PROXY, &[(FORWARDED, "proto=https; by=10.0.0.1 ;FOR=198.51.100.7")], "198.51.100.7"),
            (PROXY, &[(FORWARDED, "for=1.1.1.1;host=\"a,for=2.2.2.2\", for=198.51.100.7")], "198.51.100.7"),
            (PROXY, &[(FORWARDED, "for=198.51.100.7;host=\"a,for=2.2.2.2;for=3.3.3.3\"")], "198.51.100.7"),
            (PROXY, &[(FORWARDED, "for=1.1.1.1;host=\"a, for=198.51.100.7")], "198.51.100.7"),
            // Who is not named can't be looked past.
            (PROXY, &[(FORWARDED, "for=1.1.1.1, for=unknown, for=10.0.0.2")], "10.0.0.2"),
            (PROXY, &[(FORWARDED, "for=1.1.1.1, for=_hidden")], "10.0.0.1"),
            (PROXY, &[(FORWARDED, "for=1.1.1.1, for=\"_hidden:_port\"")], "10.0.0.1"),
            (PROXY, &[(FORWARDED, "for=1.1.1.1, proto=https")], "10.0.0.1"),
            // Two that tell the same, one that tells nothing, and one that a client made up.
            (PROXY, &[(FORWARDED, "for=198.51.100.7"), (LISTED, "198.51.100.7")], "198.51.100.7"),
            (PROXY, &[(FORWARDED, "proto=https"), (LISTED, "198.51.100.7")], "198.51.100.7"),
            (PROXY, &[(FORWARDED, "for=1.1.1.1"), (LISTED, "198.51.100.7")], "10.0.0.1"),
            (PROXY, &[(FORWARDED, "for=unknown"), (LISTED, "1.1.1.1")], "10.0.0.1"),
        ];
        for (peer, sent, expected) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in *sent {
                headers.append(*name, HeaderValue::from_static(value));
            }
            let found = client_behind(&trusts, canonical(peer.parse().unwrap()), &headers);
            assert_eq!(found.to_string(), *expected, "{peer} {sent:?}");
        }
    }

    #[test]
    fn sites_are_what_limits_count() {
        for (address, expected) in [
            ("198.51.100.7", "198.51.100.7"),
            ("::ffff:198.51.100.7", "198.51.100.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2::", "2001:db8:1:2::"),
            ("::1", "::1"),
        ] {
            assert_eq!(site(address.parse().unwrap()).to_string(), expected, "{address}");
        }
    }
}
