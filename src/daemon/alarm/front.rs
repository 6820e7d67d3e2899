//! The certificate that people see where a proxy stands before the desk: no file of ours holds it, so it is looked at as
//! they do, by a handshake with the desk's public address. What it says is judged with the other certificates.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::facts::CertificateFacts;
use crate::config::Config;
use crate::mail::https::Address;
use crate::mail::tls::is_loopback;

/// Between two looks, and after one that failed.
const EVERY: Duration = Duration::from_secs(6 * 3600);
const AGAIN: Duration = Duration::from_secs(600);
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

    /// Looks until `stop`, now and every six hours; after a failure, such as a proxy that starts later, every ten minutes.
    pub async fn keep(&self, stop: &CancellationToken) {
        loop {
            let has_seen = tokio::select! {
                () = stop.cancelled() => return,
                has_seen = self.look() => has_seen,
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(if has_seen { EVERY } else { AGAIN }) => {}
            }
        }
    }

    /// One handshake; whether it was made. That it fails is told in the log alone: whether people reach the desk is not seen
    /// from here.
    pub async fn look(&self) -> bool {
        let greeted = self.0.greet(DEADLINE).await;
        if let Err(fault) = &greeted {
            tracing::warn!("the certificate that people see at `desk.base_url` cannot be looked at: {fault}");
        }
        greeted.is_ok()
    }
}
