//! Who is at the other end: the peer's address, or what a trusted proxy says of it.

use std::net::IpAddr;

use axum::http::HeaderMap;

/// A network in CIDR notation, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    bits: u8,
}

impl Network {
    /// Reads `10.0.0.0/8`, `2001:db8::/32` or one address; `None` where the text has another shape.
    pub fn parse(text: &str) -> Option<Self> {
        let (base, bits) = match text.split_once('/') {
            Some((base, bits)) => (base, Some(bits)),
            None => (text, None),
        };
        let base: IpAddr = base.trim().parse().ok()?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.trim().parse().ok().filter(|b| *b <= most)?,
            None => most,
        };
        Some(Self { base, bits })
    }

    pub fn holds(&self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(v4)) => same(u32::from(base).into(), u32::from(v4).into(), 32, self.bits),
            (IpAddr::V6(base), IpAddr::V6(v6)) => same(base.into(), v6.into(), 128, self.bits),
            _ => false,
        }
    }
}

fn same(a: u128, b: u128, width: u8, bits: u8) -> bool {
    let free = u32::from(width - bits);
    a.checked_shr(free).unwrap_or(0) == b.checked_shr(free).unwrap_or(0)
}

/// The client's address. `X-Forwarded-For` counts only when the peer is a trusted proxy, and then from the right: the
/// first address that no trusted proxy wrote for another.
pub fn address(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.holds(address));
    let mut client = peer;
    let lists: Vec<&str> = headers.get_all("x-forwarded-for").iter().filter_map(|v| v.to_str().ok()).collect();
    let mut hops = lists.iter().flat_map(|list| list.split(',')).collect::<Vec<_>>();
    while is_trusted(client) {
        let Some(hop) = hops.pop() else { break };
        let Ok(address) = hop.trim().parse() else { break };
        client = address;
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("the test writes an address")
    }

    fn forwarded(list: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", list.parse().expect("the test writes a header"));
        headers
    }

    #[test]
    fn only_a_trusted_proxy_may_speak_for_another() {
        let trusted = [Network::parse("10.0.0.0/8").expect("a network")];

        assert_eq!(address(ip("203.0.113.9"), &forwarded("1.2.3.4"), &trusted), ip("203.0.113.9"));
        assert_eq!(address(ip("10.0.0.2"), &forwarded("1.2.3.4"), &trusted), ip("1.2.3.4"));
        assert_eq!(address(ip("10.0.0.2"), &forwarded("6.6.6.6, 1.2.3.4, 10.9.9.9"), &trusted), ip("1.2.3.4"));
        assert_eq!(address(ip("10.0.0.2"), &forwarded("bukan"), &trusted), ip("10.0.0.2"));
    }

    #[test]
    fn networks_are_read_and_held_exactly() {
        assert!(Network::parse("2001:db8::/32").is_some_and(|n| n.holds(ip("2001:db8:1::1"))));
        assert!(Network::parse("0.0.0.0/0").is_some_and(|n| n.holds(ip("8.8.8.8")) && !n.holds(ip("::1"))));
        assert!(Network::parse("127.0.0.1").is_some_and(|n| !n.holds(ip("127.0.0.2"))));
        assert!(Network::parse("10.0.0.0/33").is_none() && Network::parse("x").is_none());
    }
}
