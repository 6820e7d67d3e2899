//! The tables about running: `[state]`, `[archive]`, `[reading]`, `[limits]`, `[dns]`, `[log]`.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use super::schedule::ArchiveSchedule;
use super::section::Section;

/// Where everything that must last is kept.
#[derive(Debug, Clone)]
pub struct StateConfig {
    pub directory: PathBuf,
    pub archive_directory: PathBuf,
    /// The socket by which the command line talks to the running daemon.
    pub socket: PathBuf,
}

#[derive(Debug, Clone)]
pub struct ArchiveConfig {
    pub schedule: ArchiveSchedule,
}

/// The worker processes that take mails apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadingConfig {
    /// 0: one for each processor.
    pub workers: u32,
    /// Wall-clock time one mail may take.
    pub deadline_seconds: u32,
    /// Mails after which a worker is replaced.
    pub recycle_after: u32,
}

/// What is taken in, and when a failure becomes an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitsConfig {
    pub max_mail_mb: u32,
    /// Failures of a mailbox in a row after which the log raises an alarm.
    pub alarm_after_failures: u32,
    /// Mails a day that are worked on; 0: no limit.
    pub per_sender_a_day: u32,
    pub per_domain_a_day: u32,
    pub per_account_a_day: u32,
    pub mails_a_day: u32,
    pub unproven_a_day: u32,
    pub automatic_a_day: u32,
    pub answers_per_address_a_day: u32,
}

/// Whom senders' domains are looked up with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsConfig {
    /// Empty: the system's.
    pub servers: Vec<SocketAddr>,
    /// For all questions about one mail.
    pub deadline_seconds: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    pub form: LogForm,
    /// A level, or directives such as `info,loket::mail=debug`.
    pub level: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogForm {
    /// The journal where systemd runs the daemon, else plain.
    Auto,
    Journal,
    Plain,
}

impl StateConfig {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let directory =
            section.path("directory", "a directory that only the daemon writes, such as \"/var/lib/loket\"");
        let within = |name: &str| directory.join(name);
        let state = Self {
            archive_directory: section.optional_path("archive_directory").unwrap_or_else(|| within("archive")),
            socket: section.optional_path("socket").unwrap_or_else(|| within("loket.sock")),
            directory: directory.clone(),
        };
        // sockaddr_un holds 108 bytes with the closing NUL.
        if state.socket.as_os_str().len() > 107 {
            section.find("socket", "is longer than the 107 characters a socket's path may have; set a shorter path");
        }
        section.finish();
        state
    }
}

impl ArchiveConfig {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let text = section.text_or("schedule", ArchiveSchedule::USUAL);
        let schedule = ArchiveSchedule::parse(&text).unwrap_or_else(|why| {
            section.find("schedule", why);
            ArchiveSchedule::usual()
        });
        section.finish();
        Self { schedule }
    }
}

impl ReadingConfig {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let reading = Self {
            workers: section.whole_or("workers", 0, 0..=64),
            deadline_seconds: section.whole_or("deadline_seconds", 20, 1..=600),
            recycle_after: section.whole_or("recycle_after", 500, 1..=1_000_000),
        };
        section.finish();
        reading
    }
}

impl LimitsConfig {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let limits = Self {
            max_mail_mb: section.whole_or("max_mail_mb", 25, 1..=200),
            alarm_after_failures: section.whole_or("alarm_after_failures", 5, 1..=1000),
            per_sender_a_day: section.whole_or("per_sender_a_day", 20, 0..=1_000_000),
            per_domain_a_day: section.whole_or("per_domain_a_day", 200, 0..=1_000_000),
            per_account_a_day: section.whole_or("per_account_a_day", 5, 0..=1_000_000),
            mails_a_day: section.whole_or("mails_a_day", 1000, 0..=1_000_000),
            unproven_a_day: section.whole_or("unproven_a_day", 100, 0..=1_000_000),
            automatic_a_day: section.whole_or("automatic_a_day", 500, 0..=1_000_000),
            answers_per_address_a_day: section.whole_or("answers_per_address_a_day", 10, 0..=1_000_000),
        };
        section.finish();
        limits
    }
}

impl DnsConfig {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let mut servers = Vec::new();
        for (index, text) in section.texts("servers").iter().enumerate() {
            let bare = text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53));
            match bare.or_else(|_| text.parse::<SocketAddr>()) {
                Ok(server) => servers.push(server),
                Err(_) => section.find(
                    &format!("servers[{index}]"),
                    format!("is {text:?}, which is no address; write \"192.0.2.53\" or \"127.0.0.1:5353\""),
                ),
            }
        }
        let deadline_seconds = section.whole_or("deadline_seconds", 10, 1..=60);
        section.finish();
        Self { servers, deadline_seconds }
    }
}

impl LogConfig {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let form = section.choice(
            "form",
            &[("auto", LogForm::Auto), ("journal", LogForm::Journal), ("plain", LogForm::Plain)],
            true,
        );
        let level = section.text_or("level", "info");
        if let Err(why) = level.parse::<tracing_subscriber::filter::EnvFilter>() {
            section
                .find("level", format!("is {level:?}, which is not a log level: {why}. Write \"info\" or \"debug\""));
        }
        section.finish();
        Self { form, level }
    }
}
