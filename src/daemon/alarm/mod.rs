//! Knowing that mail flows: what an operator must act on becomes an alarm, told once when it begins, again when it has grown
//! tenfold, and once when it is over, to the log, the desk's front, whoever reads `/sehat` and `/metrics`, and the office's second channel.
//!
//! Every few seconds [`watch`] gathers [`facts`], [`judge`] says which alarms they raise, [`board`] remembers which are
//! raised and told, [`bell`] tells the second channel, and [`gauges`] writes the facts for Prometheus. Nothing here
//! names a person, a request or a secret.

pub mod bell;
pub mod board;
pub mod facts;
pub mod front;
pub mod gauges;
pub mod judge;
pub mod watch;
mod words;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::clock::Doubt;

/// Something that a person must look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "alarm", rename_all = "snake_case")]
pub enum Alarm {
    /// `looked_at`: when the mailbox was last looked at with success.
    MailNotFetched {
        mailbox: String,
        failures: u32,
        looked_at: Option<DateTime<Utc>>,
    },
    /// Mails that were fetched and again and again cannot be taken in.
    MailShelved {
        mailbox: String,
        mails: usize,
    },
    /// Mails that are on record and cannot be moved out of the inbox.
    MailsNotFiled {
        mailbox: String,
        mails: usize,
    },
    /// Cases on record that cannot be read.
    CasesDamaged {
        cases: usize,
    },
    /// The daemon had to stop: nothing can be written down, or it could not start. On no board: see `daemon::closed`.
    OfficeClosed,
    /// The program ended so often within an hour without being told to, and was started again.
    DaemonCrashes {
        crashes: usize,
    },
    /// Cases that the archive does not take.
    FilingFails {
        cases: usize,
    },
    /// The last look through archive and live store found damage.
    RecordDamaged {
        things: usize,
    },
    /// Nobody can tell how the office fares.
    OfficeUnseen,
    /// Letters and other effects that fail again and again, were given up, or are held for a person.
    EffectStuck {
        rows: usize,
    },
    /// No letter can be offered since `since`; or the server refused the last `refused` for good, and took none between.
    CourierFails {
        since: Option<DateTime<Utc>>,
        refused: u32,
    },
    /// Nobody carries the outbox out.
    OutboxStands {
        due_since: DateTime<Utc>,
    },
    /// Resets of which nobody knows whether they happened.
    OutcomeUnknown {
        cases: usize,
    },
    /// `of`: the desk, the host of its public address where a proxy stands before it, a mailbox's server by its name, the courier's server.
    CertificateEnds {
        of: String,
        on: NaiveDate,
    },
    HolidaysMissing {
        year: i32,
    },
    DiskAlmostFull {
        of: String,
        free_mb: u64,
    },
    /// Scans cannot be recognised.
    ScansUnread,
    /// The virus scanner does not answer, and mail waits.
    ScannerAway,
    /// The change of the master key cannot go on.
    KeyChangeWaits,
    /// A mail sent to oneself at that time is not back.
    CanaryLost {
        sent: DateTime<Utc>,
    },
    /// The machine's clock stands `seconds` from the time that is believed, below zero: behind it; or took time back with it.
    ClockInDoubt {
        seconds: i64,
        believed: bool,
    },
}

impl From<Doubt> for Alarm {
    fn from(doubt: Doubt) -> Self {
        Self::ClockInDoubt { seconds: doubt.by.num_seconds(), believed: doubt.believed }
    }
}

impl Alarm {
    /// Its machine name.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::MailNotFetched { .. } => "mail_not_fetched",
            Self::MailShelved { .. } => "mail_shelved",
            Self::MailsNotFiled { .. } => "mails_not_filed",
            Self::CasesDamaged { .. } => "cases_damaged",
            Self::OfficeClosed => "office_closed",
            Self::DaemonCrashes { .. } => "daemon_crashes",
            Self::FilingFails { .. } => "filing_fails",
            Self::RecordDamaged { .. } => "record_damaged",
            Self::OfficeUnseen => "office_unseen",
            Self::EffectStuck { .. } => "effect_stuck",
            Self::CourierFails { .. } => "courier_fails",
            Self::OutboxStands { .. } => "outbox_stands",
            Self::OutcomeUnknown { .. } => "outcome_unknown",
            Self::CertificateEnds { .. } => "certificate_ends",
            Self::HolidaysMissing { .. } => "holidays_missing",
            Self::DiskAlmostFull { .. } => "disk_almost_full",
            Self::ScansUnread => "scans_unread",
            Self::ScannerAway => "scanner_away",
            Self::KeyChangeWaits => "key_change_waits",
            Self::CanaryLost { .. } => "canary_lost",
            Self::ClockInDoubt { .. } => "clock_in_doubt",
        }
    }

    /// Which of several; empty where there is one alone.
    pub fn about(&self) -> String {
        match self {
            Self::MailNotFetched { mailbox, .. }
            | Self::MailShelved { mailbox, .. }
            | Self::MailsNotFiled { mailbox, .. } => mailbox.clone(),
            Self::CertificateEnds { of, .. } | Self::DiskAlmostFull { of, .. } => of.clone(),
            Self::HolidaysMissing { year } => year.to_string(),
            Self::ClockInDoubt { seconds, .. } => if *seconds < 0 { "back" } else { "ahead" }.to_owned(),
            Self::EffectStuck { .. }
            | Self::CasesDamaged { .. }
            | Self::OfficeClosed
            | Self::DaemonCrashes { .. }
            | Self::FilingFails { .. }
            | Self::RecordDamaged { .. }
            | Self::OfficeUnseen
            | Self::CourierFails { .. }
            | Self::OutboxStands { .. }
            | Self::OutcomeUnknown { .. }
            | Self::ScansUnread
            | Self::ScannerAway
            | Self::KeyChangeWaits
            | Self::CanaryLost { .. } => String::new(),
        }
    }

    /// How bad it is, in a figure of its own; `None` where one such alarm is as bad as the next.
    fn weight(&self) -> Option<u64> {
        let counted = match self {
            Self::MailShelved { mails: count, .. }
            | Self::CasesDamaged { cases: count }
            | Self::DaemonCrashes { crashes: count }
            | Self::FilingFails { cases: count }
            | Self::RecordDamaged { things: count }
            | Self::EffectStuck { rows: count }
            | Self::OutcomeUnknown { cases: count } => u64::try_from(*count).unwrap_or(u64::MAX),
            // The less is left, the worse.
            Self::DiskAlmostFull { free_mb, .. } => ROOM / (*free_mb).max(1),
            Self::ClockInDoubt { seconds, .. } => seconds.unsigned_abs(),
            _ => return None,
        };
        Some(counted)
    }

    /// Two alarms of one key are one alarm, whatever their figures.
    pub fn key(&self) -> String {
        key(self.kind(), &self.about())
    }
}

/// Against which free megabytes are weighed: more than any disk has.
const ROOM: u64 = 1_000_000_000_000;

fn key(kind: &str, about: &str) -> String {
    if about.is_empty() { kind.to_owned() } else { format!("{kind}/{about}") }
}
