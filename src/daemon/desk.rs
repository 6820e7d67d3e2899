//! The web desk as the daemon and the demo serve it: listener, certificate and site from the configuration, and the
//! counter that answers behind them.

use std::sync::Arc;

use axum::Router;
use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::engine::port::Clock;
use crate::letters;
use crate::web::certificate::{CertificateError, Certificates};
use crate::web::client::Network;
use crate::web::counter::Counter;
use crate::web::rate::Limits;
use crate::web::serve::{Listening, ServeError};
use crate::web::session::Entropy;
use crate::web::site::{BaseUrl, Setup, Site};
use crate::web::view;

/// Why the desk cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    #[error("Cannot use `desk.base_url`: {0}")]
    BaseUrl(String),
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// A bound desk, ready to serve.
pub struct OpenDesk {
    listening: Listening,
    router: Router,
}

impl OpenDesk {
    /// Binds the desk's socket and puts the counter behind it.
    pub async fn bind(config: &Config, counter: Arc<dyn Counter>, clock: Arc<dyn Clock>) -> Result<Self, DeskError> {
        let desk = &config.desk;
        let tls = match &desk.tls {
            Some(files) => Some(Arc::new(Certificates::load(&files.certificate, &files.key)?)),
            None => None,
        };
        let base_url = BaseUrl::parse(&desk.base_url).map_err(DeskError::BaseUrl)?;
        let networks = desk.trusted_proxies.iter().filter_map(|network| Network::parse(&network.to_string()));
        let setup = Setup {
            office: office(config, clock.now()),
            base_url,
            trusted_proxies: networks.collect(),
            limits: Limits::default(),
            entropy: entropy(),
        };
        let listening = Listening::bind(desk.listen, tls).await?.at_most(desk.max_connections as usize);
        let router = crate::web::router(Arc::new(Site::new(counter, clock, setup)));
        Ok(Self { listening, router })
    }

    /// Where it listens.
    pub fn address(&self) -> std::net::SocketAddr {
        self.listening.address()
    }

    /// Serves until `stop`, then lets answers under way finish.
    pub async fn serve(self, stop: CancellationToken) {
        self.listening.serve(self.router, stop).await;
    }
}

/// The office as the pages name it.
pub fn office(config: &Config, now: DateTime<Utc>) -> view::Office {
    let names = super::assembly::letters_office(config);
    // One desk serves every mailbox: the shortest of their times holds.
    let open_minutes = config.mailboxes.iter().map(|mailbox| mailbox.procedure.link.unlocked_minutes).min();
    view::Office {
        open_minutes: open_minutes.unwrap_or(10),
        name: names.name,
        sop_number: config.mailboxes.first().map(|m| m.procedure.sop.number.clone()).unwrap_or_default(),
        phone_dial: dialled(&names.phone),
        phone: names.phone,
        hours_id: names.hours_id,
        hours_en: names.hours_en,
        zone: config.office.zone,
        zone_name: letters::zone_label(now, config.office.zone),
        system_url: Some(config.office.system_url.clone()),
        system_name: config.office.system_name.clone(),
        default_language: config.office.language,
        demo: false,
    }
}

/// A telephone number as it is dialled from anywhere; Indonesian numbers begin with a 0 at home.
fn dialled(phone: &str) -> String {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    match digits.strip_prefix('0') {
        _ if phone.trim_start().starts_with('+') => format!("+{digits}"),
        Some(rest) => format!("+62{rest}"),
        None => digits,
    }
}

/// The kernel's randomness for the cookies of devices.
pub fn entropy() -> Entropy {
    use crate::vault::{OsRandom, Random};
    Box::new(|| {
        let mut bytes = [0u8; 32];
        OsRandom.fill(&mut bytes);
        bytes
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_dialled_as_from_abroad() {
        assert_eq!(dialled("(0599) 123456"), "+62599123456");
        assert_eq!(dialled("+62 599 123456"), "+62599123456");
        assert_eq!(dialled("112"), "112");
    }
}
