//! The certificate that people see where a proxy stands before the desk: no file of ours holds it, so it is looked at as
//! they do, by a handshake with the desk's public address. What it says is judged with the other certificates.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::facts::CertificateFacts;
use crate::config::Config;
use crate::mail::https::Address;
use crate::mail::tls::is_loopback;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(6 * 3600);
const DEADLINE: Duration = Duration::from_secs(20);

/// What stands before the desk.
pub struct Front(Address);

impl Front {
    pub fn new(address: Address) -> Self {
        Self(address)
    }

    /// `None` where the desk shows a certificate of its own, or is open to this machine alone.
    pub fn of(config: &Config) -> Option<Self> {
        let url = config.desk.base_url.as_str();
        if config.desk.tls.is_some() || !url.starts_with("https://") {
            return None;
        }
        match Address::parse(url, None) {
            Ok(address) => (!is_loopback(address.host())).then(|| Self::new(address)),
            Err(fault) => {
                tracing::warn!("the certificate of `desk.base_url` cannot be looked at: {fault}");
                None
            }
        }
    }

    /// Under the host's name.
    pub fn facts(&self) -> CertificateFacts {
        CertificateFacts { of: self.0.host().to_owned(), until: self.0.certificate_until() }
    }

    /// Looks until `stop`, now and every six hours.
    pub async fn keep(&self, stop: &CancellationToken) {
        let mut round = tokio::time::interval(EVERY);
        round.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = round.tick() => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.look() => {}
            }
        }
    }

    /// One handshake. That it fails is told in the log alone: whether people reach the desk is not seen from here.
    pub async fn look(&self) {
        if let Err(fault) = self.0.greet(DEADLINE).await {
            tracing::warn!("the certificate that people see at `desk.base_url` cannot be looked at: {fault}");
        }
    }
}
