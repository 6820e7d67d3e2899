//! `[desk]`: where the web desk listens and how the world addresses it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::courier::is_this_machine;
use super::section::Section;

#[derive(Debug, Clone)]
pub struct DeskConfig {
    pub listen: SocketAddr,
    /// The only address that links are made from; without a slash at its end.
    pub base_url: String,
    /// `None`: plain HTTP, to this machine only.
    pub tls: Option<TlsFiles>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    pub max_connections: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificate chain in PEM; read anew when the file changes.
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// An address or a block of addresses, `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().ok()?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Some(longest), |p| p.parse().ok())?;
        (prefix <= longest).then_some(Self { address, prefix })
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                network.to_bits() & mask == other.to_bits() & mask
            }
            (IpAddr::V6(network), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                network.to_bits() & mask == other.to_bits() & mask
            }
            _ => false,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl DeskConfig {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, 8420));
        let listen = section
            .parsed("listen", "an address with a port, such as \"127.0.0.1:8420\"", |text| text.parse().ok())
            .unwrap_or(usual);
        let base_url =
            section.text("base_url", "the address people use, such as \"https://loket.karangmulia.example\"");
        let base_url = base_url.trim_end_matches('/').to_owned();
        if let Some(why) = unfit(&base_url) {
            section.find("base_url", why);
        }
        let tls = match (section.optional_path("tls_certificate"), section.optional_path("tls_key")) {
            (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
            (None, None) => None,
            (Some(_), None) => {
                section.find("tls_key", "is missing beside `tls_certificate`; add the private key's file");
                None
            }
            (None, Some(_)) => {
                section.find("tls_certificate", "is missing beside `tls_key`; add the certificate chain's file");
                None
            }
        };
        let half = section.is_given("tls_certificate") != section.is_given("tls_key");
        if tls.is_none() && !half && !listen.ip().is_loopback() {
            let message = format!(
                "is {listen}, where plain HTTP would show codes and passwords to the network; give `tls_certificate` and `tls_key`, \
                 or listen on 127.0.0.1 behind a proxy"
            );
            section.find("listen", message);
        }
        let mut trusted_proxies = Vec::new();
        for (index, text) in section.texts("trusted_proxies").iter().enumerate() {
            match Network::parse(text) {
                Some(network) => trusted_proxies.push(network),
                None => section.find(
                    &format!("trusted_proxies[{index}]"),
                    format!("is {text:?}; write an address or a block such as \"10.0.0.0/8\""),
                ),
            }
        }
        let max_connections = section.whole_or("max_connections", 512, 1..=65535);
        section.finish();
        Self { listen, base_url, tls, trusted_proxies, max_connections }
    }
}

/// Why links cannot be made from this address.
fn unfit(base_url: &str) -> Option<&'static str> {
    if base_url.is_empty() || base_url == "-" {
        return None;
    }
    let Some((scheme, rest)) = base_url.split_once("://") else {
        return Some("has no `https://` at its beginning; write the whole address");
    };
    let host = rest
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(rest, |(host, _)| host);
    match scheme {
        _ if rest.is_empty() || rest.contains(['/', '?', '#', '@', ' ']) => {
            Some("must be scheme, host and port alone; the desk lives at the root")
        }
        "https" => None,
        "http" if is_this_machine(host) => None,
        "http" => Some("begins with `http://`, so links would carry tokens in the clear; use `https://`"),
        _ => Some("must begin with `https://`"),
    }
}
