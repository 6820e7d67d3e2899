//! The table `[virus_scan]`: whom every attachment is shown before it is opened.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::section::Section;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannerConfig {
    pub place: ScannerPlace,
    /// For one attachment.
    pub deadline_seconds: u32,
}

/// Where clamd listens, on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScannerPlace {
    Socket(PathBuf),
    Address(SocketAddr),
}

impl ScannerConfig {
    /// `None`: nothing is scanned.
    pub(super) fn read(mut section: Section<'_>) -> Option<Self> {
        let what = "where clamd listens on this machine: \"/run/clamav/clamd.ctl\" or \"127.0.0.1:3310\"";
        let place = section.parsed("socket", what, ScannerPlace::parse);
        let deadline_seconds = section.whole_or("deadline_seconds", 60, 1..=600);
        section.finish();
        Some(Self { place: place?, deadline_seconds })
    }
}

impl ScannerPlace {
    /// An address of another machine is none: mail would go there in the clear.
    fn parse(text: &str) -> Option<Self> {
        match text.parse::<SocketAddr>() {
            Ok(address) => address.ip().is_loopback().then_some(Self::Address(address)),
            Err(_) => text.starts_with('/').then(|| Self::Socket(text.into())),
        }
    }
}
