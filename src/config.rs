//! The daemon's configuration: one TOML file, read once, every mistake named at once.
//!
//! What is wrong becomes a [`ConfigFinding`]: the key as an operator would look for it (`mailbox[0].inbox_folder`),
//! what is wrong and what to do. Relative paths are relative to the file. Secrets never stand in the file: see
//! [`secret`]. Read [`section`] for how keys are read; each other room is one table of the file. The settings here are
//! plain values; adapters make their own of them in `daemon`.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Datelike, TimeDelta, Utc};

use crate::sop::hours::YearDates;
use crate::sop::procedure::Procedure;
use crate::sop::worktime::Calendar;

pub mod accounts;
pub mod alarms;
pub mod courier;
pub mod desk;
pub mod login;
pub mod mailbox;
pub mod office;
pub mod operation;
pub mod scanner;
pub mod schedule;
pub mod secret;
mod section;
pub mod signatures;

use accounts::AccountsConfig;
use alarms::{AlarmsConfig, CanaryConfig, ChannelConfig, MetricsConfig};
use courier::CourierConfig;
use desk::DeskConfig;
use mailbox::MailboxConfig;
use office::OfficeConfig;
use operation::{ArchiveConfig, DnsConfig, LimitsConfig, LogConfig, ReadingConfig, StateConfig};
use scanner::ScannerConfig;
use secret::SecretSource;
use section::{Ledger, Section};
use signatures::SignaturesConfig;

/// One mistake in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFinding {
    /// `mailbox[0].inbox_folder`, or `line 12` where the file is not TOML.
    pub key: String,
    /// What is wrong, why, and what to do.
    pub message: String,
}

impl fmt::Display for ConfigFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.key, self.message)
    }
}

/// The whole configuration, valid as far as the file alone can tell.
#[derive(Debug, Clone)]
pub struct Config {
    pub office: OfficeConfig,
    pub mailboxes: Vec<MailboxConfig>,
    pub courier: CourierConfig,
    pub accounts: AccountsConfig,
    pub desk: DeskConfig,
    pub state: StateConfig,
    pub archive: ArchiveConfig,
    /// The key everything is sealed under; `None`: made at the first start and kept in the state directory.
    pub master_key: Option<SecretSource>,
    /// The one before, while what it sealed is sealed anew.
    pub previous_key: Option<SecretSource>,
    pub reading: ReadingConfig,
    pub signatures: SignaturesConfig,
    /// `None`: attachments are opened unscanned.
    pub scanner: Option<ScannerConfig>,
    pub limits: LimitsConfig,
    pub alarms: AlarmsConfig,
    /// `None`: nobody reads figures.
    pub metrics: Option<MetricsConfig>,
    /// `None`: no canary is sent.
    pub canary: Option<CanaryConfig>,
    pub dns: DnsConfig,
    pub log: LogConfig,
    /// Letters in this directory replace the built-in ones of the same name.
    pub letters: Option<PathBuf>,
    pub holidays: Vec<YearDates>,
    known_keys: BTreeSet<String>,
}

/// Tells what another room finds wrong with the text of a procedure file, in the tables that pass through unread here.
pub type Judge = fn(&str) -> Option<toml::de::Error>;

/// Reads and checks a configuration file with the procedure and holiday files it names.
pub fn load(path: &Path) -> Result<Config, Vec<ConfigFinding>> {
    load_judged(path, |_| None)
}

/// The same, with what `judge` says of each procedure file among the mistakes.
pub fn load_judged(path: &Path, judge: Judge) -> Result<Config, Vec<ConfigFinding>> {
    let text = std::fs::read_to_string(path).map_err(|e| {
        let message = format!("cannot be read: {e}. Give the path of a loket.toml that this user may read");
        vec![ConfigFinding { key: path.display().to_string(), message }]
    })?;
    parse_judged(&text, path.parent().unwrap_or(Path::new("")), judge)
}

/// Reads and checks a configuration from its text; `base` is the directory that relative paths begin at.
pub fn parse(text: &str, base: &Path) -> Result<Config, Vec<ConfigFinding>> {
    parse_judged(text, base, |_| None)
}

fn parse_judged(text: &str, base: &Path, judge: Judge) -> Result<Config, Vec<ConfigFinding>> {
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| {
        let line =
            e.span().and_then(|span| text.get(..span.start)).map_or(1, |before| before.matches('\n').count() + 1);
        let message = format!("is not TOML: {}", e.message().replace('\n', ", "));
        vec![ConfigFinding { key: format!("line {line}"), message }]
    })?;
    let ledger = Ledger::new(base);
    let config = read(Section::root(table, &ledger), &ledger, judge);
    let (findings, known_keys) = ledger.close();
    if findings.is_empty() { Ok(Config { known_keys, ..config }) } else { Err(findings) }
}

fn read(mut root: Section<'_>, ledger: &Ledger, judge: Judge) -> Config {
    let office = OfficeConfig::read(root.table("office"));
    let holidays = read_holidays(root.optional_table("holidays"));
    let mailboxes = mailbox::read_all(root.tables("mailbox"), &office, &holidays, judge);
    if mailboxes.is_empty() {
        ledger.find("mailbox", "is missing, so no request could arrive; add one `[[mailbox]]` table");
    }
    let courier = CourierConfig::read(root.table("courier"));
    let accounts = AccountsConfig::read(root.table("accounts"));
    let desk = DeskConfig::read(root.table("desk"));
    let state = StateConfig::read(root.table("state"));
    let archive = ArchiveConfig::read(root.optional_table("archive"));
    let mut keys = root.optional_table("keys");
    let master_key = keys.secret("master_key");
    let previous_key = keys.secret("previous_key");
    keys.finish();
    let reading = ReadingConfig::read(root.optional_table("reading"));
    let signatures = SignaturesConfig::read(root.optional_table("signatures"));
    let scanner = ScannerConfig::read(root.optional_table("virus_scan"));
    let limits = LimitsConfig::read(root.optional_table("limits"));
    let alarms = AlarmsConfig::read(root.optional_table("alarms"));
    let metrics = MetricsConfig::read(root.optional_table("metrics"), desk.tls.is_some());
    let canary = CanaryConfig::read(root.optional_table("canary"));
    let dns = DnsConfig::read(root.optional_table("dns"));
    let log = LogConfig::read(root.optional_table("log"));
    let mut overrides = root.optional_table("letters");
    let letters = overrides.optional_path("directory");
    overrides.finish();
    root.finish();
    let known_keys = BTreeSet::new();
    Config {
        office,
        mailboxes,
        courier,
        accounts,
        desk,
        state,
        archive,
        master_key,
        previous_key,
        reading,
        signatures,
        scanner,
        limits,
        alarms,
        metrics,
        canary,
        dns,
        log,
        letters,
        holidays,
        known_keys,
    }
}

fn read_holidays(mut section: Section<'_>) -> Vec<YearDates> {
    let mut years: Vec<YearDates> = Vec::new();
    for (index, path) in section.paths("files").into_iter().enumerate() {
        let name = format!("files[{index}]");
        let Some(text) = section.file(&name, &path, "the year's dates, as in holidays/2026.toml") else { continue };
        match YearDates::parse(&text) {
            Ok(year) if years.iter().any(|y| y.year == year.year) => {
                section.find(&name, format!("gives the year {} a second time; keep one file a year", year.year));
            }
            Ok(year) => years.push(year),
            Err(why) => section.find(&name, format!("is wrong: {why}")),
        }
    }
    section.finish();
    years
}

impl Config {
    /// The procedures of all mailboxes, each once.
    pub fn procedures(&self) -> Vec<Arc<Procedure>> {
        let mut all: Vec<Arc<Procedure>> = Vec::new();
        for mailbox in &self.mailboxes {
            if !all.iter().any(|p| p.hash() == mailbox.procedure.hash()) {
                all.push(mailbox.procedure.clone());
            }
        }
        all
    }

    /// The office's calendar under a procedure's hours.
    pub fn calendar(&self, procedure: &Procedure) -> Result<Calendar, ConfigFinding> {
        let named = |message| ConfigFinding { key: "holidays.files".into(), message };
        procedure.calendar(self.office.zone, &self.holidays).map_err(named)
    }

    /// What is wrong at this moment although the file is valid: the year without holiday dates. `check` fails on it;
    /// the daemon raises an alarm and marks its clocks provisional.
    pub fn findings_at(&self, now: DateTime<Utc>) -> Vec<ConfigFinding> {
        let year = now.with_timezone(&self.office.zone).year();
        if !self.years_without_holidays(now, TimeDelta::zero()).contains(&year) {
            return Vec::new();
        }
        let message = format!(
            "has no dates for {year}, so holidays would count as working time; add the file of that year's joint decree"
        );
        vec![ConfigFinding { key: "holidays.files".into(), message }]
    }

    /// The years between now and `ahead` of which no dates are known.
    pub fn years_without_holidays(&self, now: DateTime<Utc>, ahead: TimeDelta) -> Vec<i32> {
        let year = |at: DateTime<Utc>| at.with_timezone(&self.office.zone).year();
        let needed = year(now)..=year(now + ahead);
        needed.filter(|needed| !self.holidays.iter().any(|known| known.year == *needed)).collect()
    }

    /// Every secret that the configuration names, by key, so that `check` can try each.
    pub fn secrets(&self) -> Vec<(String, &SecretSource)> {
        let mailboxes = self.mailboxes.iter().enumerate().flat_map(|(index, mailbox)| {
            mailbox.imap().map(|imap| imap.login.secrets(&format!("mailbox[{index}]"))).unwrap_or_default()
        });
        let smtp = self.courier.smtp.as_ref().and_then(|smtp| smtp.login.as_ref());
        let courier = smtp.map(|login| login.secret.secrets("courier.smtp")).unwrap_or_default();
        let webhook = match &self.alarms.channel {
            Some(ChannelConfig::Webhook { address, .. }) => Some(("alarms.webhook".to_owned(), address)),
            _ => None,
        };
        let reader = self.metrics.as_ref().and_then(|metrics| metrics.token.as_ref());
        let reader = reader.map(|token| ("metrics.token".to_owned(), token));
        let master = self.master_key.as_ref().map(|source| ("keys.master_key".to_owned(), source));
        let previous = self.previous_key.as_ref().map(|source| ("keys.previous_key".to_owned(), source));
        mailboxes.chain(courier).chain(webhook).chain(reader).chain(master).chain(previous).collect()
    }

    /// Every key that was looked for while reading, such as `mailbox[].host`.
    pub fn known_keys(&self) -> &BTreeSet<String> {
        &self.known_keys
    }
}
