//! The daybook: what came in and started nothing, with its reason. One a year, kept like a case of its own series, so
//! that it stands in the same journal.

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};

use super::look::Looked;
use crate::engine::office::Office;
use crate::sop::names::{CaseNumber, Sha256Hex};

/// Prefix of the daybook's series.
pub const PREFIX: &str = "DAYBOOK";

#[derive(Serialize, Deserialize)]
pub struct Snapshot {
    pub entries: u64,
}

/// One mail that started nothing.
#[derive(Serialize, Deserialize)]
pub struct Entry {
    pub at: DateTime<Utc>,
    pub reason: String,
    pub sha256: Sha256Hex,
    /// Masked.
    pub from: Option<String>,
}

impl Entry {
    pub fn new(at: DateTime<Utc>, mail: &Looked, reason: &str) -> Self {
        let from = mail.inbound.sender().map(crate::sop::names::Address::masked);
        Self { at, reason: reason.to_owned(), sha256: mail.sha256.clone(), from }
    }
}

pub fn book(office: &Office, now: DateTime<Utc>) -> CaseNumber {
    CaseNumber::new(PREFIX, now.with_timezone(&office.zone).year(), 1)
}
