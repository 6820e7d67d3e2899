//! `[alarms]`, `[metrics]` and `[canary]`: when a failure becomes an alarm, who is told beside the log, who may read the
//! figures, and how often the way of a mail is tried.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::secret::SecretSource;
use super::section::Section;
use crate::sop::names::Address;

#[derive(Debug, Clone)]
pub struct AlarmsConfig {
    /// Between two looks at everything.
    pub look_seconds: u32,
    /// Failures of one letter or other effect in a row after which it counts as stuck.
    pub outbox_tries: u32,
    /// A certificate that ends within so many days is an alarm.
    pub certificate_days: u32,
    /// Less free space than this is an alarm.
    pub disk_free_mb: u32,
    /// `None`: the log and the desk alone.
    pub channel: Option<ChannelConfig>,
    /// For one message to the channel.
    pub deadline_seconds: u32,
}

/// The second channel, which must not depend on the mail it watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelConfig {
    /// A program of the office's own, told on its standard input.
    Program { program: PathBuf, arguments: Vec<String> },
    /// An HTTPS address; a secret, as such addresses often hold a token.
    Webhook { address: SecretSource, ca_file: Option<PathBuf> },
}

/// Where the figures are read; `None` as a whole: nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricsConfig {
    pub listen: SocketAddr,
    /// Asked of every reader as a bearer token (RFC 6750).
    pub token: Option<SecretSource>,
}

/// A mail to oneself that must come back; `None` as a whole: none is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanaryConfig {
    pub every_seconds: u32,
    /// A canary that is not back by then is an alarm.
    pub within_seconds: u32,
    /// `None`: the courier's own address.
    pub address: Option<Address>,
    /// The service's watchdog is not stroked while a canary is lost.
    pub fail_watchdog: bool,
}

impl CanaryConfig {
    pub(super) fn read(mut section: Section<'_>) -> Option<Self> {
        let wanted = section.flag_or("send", false);
        let canary = Self {
            every_seconds: section.whole_or("every_seconds", 900, 1..=86_400),
            within_seconds: section.whole_or("within_seconds", 300, 1..=86_400),
            address: section.parsed("address", "a mail address that one of the mailboxes receives", Address::parse),
            fail_watchdog: section.flag_or("fail_watchdog", true),
        };
        section.finish();
        wanted.then_some(canary)
    }
}

impl AlarmsConfig {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let program = section.optional_path("program");
        let arguments = section.texts("arguments");
        let webhook = section.secret("webhook");
        let ca_file = section.optional_path("webhook_ca_file");
        let channel = match (program, webhook) {
            (Some(_), Some(_)) => {
                section.find("program", "stands beside `webhook`; keep one of them, as each alarm is told once");
                None
            }
            (Some(program), None) => Some(ChannelConfig::Program { program, arguments }),
            (None, Some(address)) => Some(ChannelConfig::Webhook { address, ca_file }),
            (None, None) => None,
        };
        let alarms = Self {
            look_seconds: section.whole_or("look_seconds", 30, 1..=3600),
            outbox_tries: section.whole_or("outbox_tries", 7, 1..=100),
            certificate_days: section.whole_or("certificate_days", 21, 1..=365),
            disk_free_mb: section.whole_or("disk_free_mb", 1000, 1..=10_000_000),
            channel,
            deadline_seconds: section.whole_or("deadline_seconds", 10, 1..=120),
        };
        section.finish();
        alarms
    }
}

impl MetricsConfig {
    /// `desk_has_tls`: off this machine the figures go out under the desk's certificate.
    pub(super) fn read(mut section: Section<'_>, desk_has_tls: bool) -> Option<Self> {
        let listen = section
            .parsed("listen", "an address with a port, such as \"127.0.0.1:9421\"", |text| text.parse().ok())
            .map(|listen: SocketAddr| (listen, !listen.ip().is_loopback()));
        let token = section.secret("token");
        if let Some((listen, true)) = listen {
            if token.is_none() {
                section.find(
                    "token",
                    format!("is missing while `listen` is {listen}, where anybody could read; give one"),
                );
            }
            if !desk_has_tls {
                let message =
                    format!("is {listen}, where the token would travel in the clear; set `desk.tls_certificate`");
                section.find("listen", message);
            }
        }
        if listen.is_none() && token.is_some() {
            section.find("listen", "is missing beside `token`; add it, such as \"127.0.0.1:9421\"");
        }
        section.finish();
        listen.map(|(listen, _)| Self { listen, token })
    }
}
