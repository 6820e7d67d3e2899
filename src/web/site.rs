//! What every request needs: the counter behind the pages, the office, the devices, the limits, the one address the
//! desk answers under.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use super::client::Network;
use super::counter::Counter;
use super::handed::Turns;
use super::rate::{Guard, Limits};
use super::session::{Entropy, Sessions};
use super::view::Office;
use super::watch::Watch;
use crate::engine::port::Clock;

/// The address people reach the desk under: scheme and host, no path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    /// `https://loket.karangmulia.example`, without a slash at the end.
    url: String,
    authority: String,
    secure: bool,
}

impl BaseUrl {
    /// Reads `https://host[:port]`; plain `http` is taken for a loopback host alone. The error says what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = text.trim().trim_end_matches('/').to_ascii_lowercase();
        let (scheme, authority) = url.split_once("://").unwrap_or(("", ""));
        let clean = !authority.is_empty() && !authority.contains(|c: char| "/?#@ \\".contains(c) || c.is_control());
        match scheme {
            "https" if clean => {}
            "http" if clean && is_loopback(authority) => {}
            "http" if clean => {
                return Err(format!("{text:?} is plain HTTP off loopback; write https:// and the host name"));
            }
            _ => {
                return Err(format!(
                    "{text:?} is not a base address; write https:// and the host name, without a path"
                ));
            }
        }
        let default_port = if scheme == "https" { ":443" } else { ":80" };
        let authority = authority.strip_suffix(default_port).unwrap_or(authority).to_owned();
        Ok(Self { url: format!("{scheme}://{authority}"), secure: scheme == "https", authority })
    }

    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// Whether browsers reach the desk over TLS.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether passkeys can be bound to it: to a domain they can, to a number not.
    pub fn binds_keys(&self) -> bool {
        let host = self.authority.rsplit_once(':').map_or(self.authority.as_str(), |(host, _)| host);
        !host.starts_with('[') && host.parse::<std::net::Ipv4Addr>().is_err()
    }

    /// Whether a `Host` header names this desk.
    pub fn is_host(&self, host: &str) -> bool {
        let default_port = if self.secure { ":443" } else { ":80" };
        let host = host.trim().to_ascii_lowercase();
        host.strip_suffix(default_port).unwrap_or(&host) == self.authority
    }

    /// Whether an `Origin` header names this desk.
    pub fn is_origin(&self, origin: &str) -> bool {
        origin.trim().eq_ignore_ascii_case(&self.url)
    }

    /// The cookie of a device. `__Host-` binds it to this host and to TLS; plain loopback cannot have that.
    pub fn cookie_name(&self) -> &'static str {
        if self.secure { "__Host-loket" } else { "loket" }
    }
}

fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or(""),
        None => authority.split(':').next().unwrap_or(""),
    };
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The longest a request may take, its body included.
const PATIENCE: Duration = Duration::from_secs(30);

/// How the desk is set up.
pub struct Setup {
    pub office: Office,
    pub base_url: BaseUrl,
    /// Proxies whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<Network>,
    pub limits: Limits,
    pub entropy: Entropy,
}

/// The desk's shared state.
pub struct Site {
    pub(super) counter: Arc<dyn Counter>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) office: Office,
    pub(super) base: BaseUrl,
    pub(super) trusted: Vec<Network>,
    pub(super) guard: Guard<IpAddr>,
    /// Guesses at what lies behind a link, by the hash of its token.
    pub(super) links: Guard<[u8; 32]>,
    pub(super) sessions: Sessions,
    pub(super) watch: Watch,
    pub(super) turns: Turns,
    pub(super) patience: Duration,
}

impl Site {
    pub fn new(counter: Arc<dyn Counter>, clock: Arc<dyn Clock>, setup: Setup) -> Self {
        let open = TimeDelta::minutes(i64::from(setup.office.open_minutes));
        Self {
            counter,
            clock,
            office: setup.office,
            base: setup.base_url,
            trusted: setup.trusted_proxies,
            guard: Guard::new(setup.limits),
            links: Guard::new(Limits::OF_A_LINK),
            sessions: Sessions::new(setup.entropy, open),
            watch: Watch::default(),
            turns: Turns::default(),
            patience: PATIENCE,
        }
    }

    /// Waits no longer than this for a request and its answer.
    #[must_use]
    pub fn patient_for(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_alone() {
        assert!(BaseUrl::parse("http://127.0.0.1:8080").is_ok());
        assert!(BaseUrl::parse("http://[::1]:8080/").is_ok());
        assert!(BaseUrl::parse("http://127.0.0.1.evil.example").is_err());
        assert!(BaseUrl::parse("http://loket.example").is_err());
        assert!(BaseUrl::parse("https://loket.example/meja").is_err());
        assert!(BaseUrl::parse("https://a@b.example").is_err());
        assert!(BaseUrl::parse("loket.example").is_err());
    }

    #[test]
    fn host_and_origin_are_compared_whole() {
        let base = BaseUrl::parse("https://Loket.example:443/").expect("a base address");

        assert!(base.is_host("loket.example") && base.is_host("LOKET.example:443"));
        assert!(!base.is_host("loket.example.evil.example") && !base.is_host("loket.example:8443"));
        assert!(base.is_origin("https://loket.example") && !base.is_origin("http://loket.example"));
        assert_eq!(base.cookie_name(), "__Host-loket");
    }
}
