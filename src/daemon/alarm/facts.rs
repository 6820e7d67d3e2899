//! What is so at one moment: mailboxes, outbox, cases, certificates, holidays, disks, the process itself. Gathered from
//! the rooms and the machine; judged elsewhere.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::front::Front;
use super::judge::HOLIDAYS_AHEAD;
use crate::config::Config;
use crate::config::courier::{CourierKind, Security};
use crate::config::mailbox::ImapConfig;
use crate::daemon::canary::Canary;
use crate::daemon::clock::{Doubt, SaneClock};
use crate::daemon::filing::Backlog;
use crate::daemon::keys::{self, KeyChange};
use crate::daemon::lives::Lives;
use crate::daemon::shelf::Shelving;
use crate::engine::Engine;
use crate::engine::casebook::Live;
use crate::engine::fixity::Fixity;
use crate::engine::port::{Fault, Inbox, Post};
use crate::engine::store::OutboxTally;
use crate::mail::tls::valid_until;
use crate::reading::pool::Pool;
use crate::sop::phase::Phase;

/// All that alarms and figures are made of, as one look found it.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    pub at: DateTime<Utc>,
    /// When the daemon started.
    pub since: DateTime<Utc>,
    pub mailboxes: Vec<MailboxFacts>,
    pub outbox: OutboxTally,
    pub post: Post,
    /// Cases that are not closed, and those whose outcome nobody knows.
    pub open: usize,
    pub unknown: usize,
    /// Cases that cannot be read.
    pub damaged: usize,
    /// Cases that the archive does not take.
    pub unfiled: usize,
    /// What the last look through everything found; `None` before the first.
    pub fixity: Option<Fixity>,
    pub certificates: Vec<CertificateFacts>,
    pub years_without_holidays: Vec<i32>,
    pub disks: Vec<DiskFacts>,
    pub scans_unread: bool,
    /// Mail waits for the virus scanner.
    pub scanner_away: bool,
    pub key_change: keys::Standing,
    /// `None` where none is sent.
    pub canary: Option<CanaryFacts>,
    /// `None` while the machine's clock is believed.
    pub clock: Option<Doubt>,
    /// Of the program, within an hour; none once it has run for one.
    pub crashes: usize,
    pub process: ProcessFacts,
}

#[derive(Debug, Clone)]
pub struct MailboxFacts {
    pub name: String,
    /// Between two looks where the server cannot tell of new mail by itself.
    pub poll: TimeDelta,
    /// In a row.
    pub failures: u32,
    pub looked_at: Option<DateTime<Utc>>,
    /// Mails that again and again cannot be taken in.
    pub shelved: usize,
    /// Mails on record that could not be moved out of the inbox, and since when the first of them cannot be.
    pub not_filed: usize,
    pub not_filed_since: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone)]
pub struct CertificateFacts {
    pub of: String,
    /// `None`: not seen since the start.
    pub until: Option<DateTime<Utc>>,
}

/// Bytes of the file system that a folder lies on, free for the daemon's user and in all.
#[derive(Debug, Clone)]
pub struct DiskFacts {
    pub of: String,
    pub free: u64,
    pub total: u64,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct CanaryFacts {
    /// When the first one was sent that should be back and is not.
    pub lost_since: Option<DateTime<Utc>>,
    pub back_at: Option<DateTime<Utc>>,
    /// How long the last one was on its way.
    pub trip: Option<TimeDelta>,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessFacts {
    pub open_files: u64,
    pub resident_bytes: u64,
}

/// How the watching of one mailbox goes, told by its own loop.
#[derive(Default)]
pub struct Pulse {
    failures: AtomicU32,
    /// Milliseconds since 1970; 0: never.
    looked_at: AtomicI64,
    pub shelving: Shelving,
    pub filing: Backlog,
}

impl Pulse {
    pub fn looked(&self, at: DateTime<Utc>) {
        self.failures.store(0, Ordering::Relaxed);
        self.looked_at.store(at.timestamp_millis(), Ordering::Relaxed);
    }

    /// Returns how many failures in a row it makes.
    pub fn failed(&self) -> u32 {
        self.failures.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub fn failures(&self) -> u32 {
        self.failures.load(Ordering::Relaxed)
    }

    pub fn looked_at(&self) -> Option<DateTime<Utc>> {
        let millis = self.looked_at.load(Ordering::Relaxed);
        DateTime::from_timestamp_millis(millis).filter(|_| millis > 0)
    }
}

/// Where facts are gathered.
pub struct Sources {
    pub engine: Arc<Engine>,
    pub mailboxes: Vec<(String, Arc<Pulse>, Arc<dyn Inbox>)>,
    pub canary: Option<Arc<Canary>>,
    pub config: Config,
    pub since: DateTime<Utc>,
    pub scans_unread: bool,
    /// Whose scanner may be away.
    pub pool: Option<Arc<Pool>>,
    /// Of the master key.
    pub change: Option<Arc<KeyChange>>,
    /// Which may doubt the machine's.
    pub clock: Option<Arc<SaneClock>>,
    /// Where a proxy stands before the desk.
    pub front: Option<Arc<Front>>,
    /// How the program's lives before this one ended.
    pub lives: Option<Arc<Lives>>,
    /// The journal's end at which the cases were last counted, with what was counted.
    counted: tokio::sync::Mutex<Option<(u64, Count)>>,
}

/// Cases by what a person must do about them.
#[derive(Clone, Copy)]
struct Count {
    open: usize,
    unknown: usize,
    damaged: usize,
}

impl Sources {
    pub fn new(
        engine: Arc<Engine>,
        mailboxes: Vec<(String, Arc<Pulse>, Arc<dyn Inbox>)>,
        canary: Option<Arc<Canary>>,
        config: Config,
        scans_unread: bool,
    ) -> Self {
        let since = engine.clock.now();
        Self {
            engine,
            mailboxes,
            canary,
            config,
            since,
            scans_unread,
            pool: None,
            change: None,
            clock: None,
            front: None,
            lives: None,
            counted: tokio::sync::Mutex::default(),
        }
    }

    /// Fails only where the store does.
    pub async fn gather(&self) -> Result<Facts, Fault> {
        let at = self.engine.clock.now();
        let Count { open, unknown, damaged } = self.cases().await?;
        let mailboxes = self.mailboxes.iter().map(|(name, pulse, _)| MailboxFacts {
            name: name.clone(),
            poll: self.imap(name).map_or(TimeDelta::zero(), |imap| TimeDelta::seconds(imap.poll_seconds.into())),
            failures: pulse.failures(),
            looked_at: pulse.looked_at(),
            shelved: pulse.shelving.count(),
            not_filed: pulse.filing.count(),
            not_filed_since: pulse.filing.since(),
        });
        Ok(Facts {
            at,
            since: self.since,
            mailboxes: mailboxes.collect(),
            outbox: self.engine.store.outbox_tally(&self.engine.office.id).await?,
            post: self.engine.courier.post(),
            open,
            unknown,
            damaged,
            unfiled: self.engine.unfiled().await?.len(),
            fixity: self.engine.fixity().await?,
            certificates: self.certificates(),
            years_without_holidays: self.config.years_without_holidays(at, HOLIDAYS_AHEAD),
            disks: self.disks(),
            scans_unread: self.scans_unread,
            scanner_away: self.pool.as_ref().is_some_and(|pool| pool.waits_for_scanner()),
            key_change: self.change.as_ref().map(|change| change.standing()).unwrap_or_default(),
            canary: self.canary.as_ref().map(|canary| canary.facts()),
            clock: self.clock.as_ref().and_then(|clock| clock.doubt()),
            crashes: self.crashes(at),
            process: ProcessFacts::read(),
        })
    }

    /// Of the program, at this moment.
    pub fn crashes(&self, at: DateTime<Utc>) -> usize {
        self.lives.as_ref().map_or(0, |lives| lives.crashes(at))
    }

    /// Counted anew only where the journal has grown.
    async fn cases(&self) -> Result<Count, Fault> {
        let mut counted = self.counted.lock().await;
        let head = self.engine.store.journal_head(&self.engine.office.id).await?.position;
        if let Some((position, count)) = *counted
            && position == head
        {
            return Ok(count);
        }
        let Live { cases, damaged } = self.engine.live().await?;
        let open = cases.iter().filter(|case| !case.phase.is_closed()).count();
        let unknown = cases.iter().filter(|case| matches!(case.phase, Phase::Unknown { .. })).count();
        let count = Count { open, unknown, damaged: damaged.len() };
        *counted = Some((head, count));
        Ok(count)
    }

    /// The desk's own, and those that a proxy before it and mail servers showed at the last handshake.
    fn certificates(&self) -> Vec<CertificateFacts> {
        let desk = self.config.desk.tls.as_ref();
        let desk = desk.map(|files| CertificateFacts { of: "desk".to_owned(), until: of_file(&files.certificate) });
        let mailboxes = self.mailboxes.iter().filter_map(|(name, _, inbox)| {
            let security = self.imap(name).map(|imap| imap.security);
            CertificateFacts::of_server(format!("mailbox {name}"), security, inbox.certificate_until())
        });
        let courier = &self.config.courier;
        let smtp = courier.smtp.as_ref().filter(|_| courier.kind == CourierKind::Smtp);
        let until = self.engine.courier.certificate_until();
        let courier = CertificateFacts::of_server("courier".to_owned(), smtp.map(|smtp| smtp.security), until);
        let front = self.front.as_ref().map(|front| front.facts());
        desk.into_iter().chain(front).chain(mailboxes).chain(courier).collect()
    }

    fn imap(&self, mailbox: &str) -> Option<&ImapConfig> {
        self.config.mailboxes.iter().find(|known| known.name == mailbox)?.imap()
    }

    /// State and archive, once where they share a file system.
    fn disks(&self) -> Vec<DiskFacts> {
        let folders = [("state", &self.config.state.directory), ("archive", &self.config.state.archive_directory)];
        let mut known: Vec<u64> = Vec::new();
        let mut disks = Vec::new();
        for (of, folder) in folders {
            let Some(about) = statvfs(folder) else { continue };
            if !known.contains(&about.f_fsid) {
                known.push(about.f_fsid);
                let bytes = |blocks: u64| blocks.saturating_mul(about.f_frsize);
                disks.push(DiskFacts { of: of.to_owned(), free: bytes(about.f_bavail), total: bytes(about.f_blocks) });
            }
        }
        disks
    }
}

impl CertificateFacts {
    /// `None` where there is none to be seen: the server is spoken to in the clear, or mail goes without one.
    fn of_server(of: String, security: Option<Security>, until: Option<DateTime<Utc>>) -> Option<Self> {
        let shows_one = until.is_some() || security.is_some_and(|security| security != Security::Plain);
        shows_one.then_some(Self { of, until })
    }
}

/// Of the folder, or of the nearest one above it that is there.
fn statvfs(folder: &Path) -> Option<rustix::fs::StatVfs> {
    folder.ancestors().map(PathBuf::from).find_map(|folder| rustix::fs::statvfs(&folder).ok())
}

/// A file that cannot be read is named when the desk opens, and again by whoever serves it.
fn of_file(chain: &Path) -> Option<DateTime<Utc>> {
    let first = CertificateDer::pem_file_iter(chain).ok()?.next()?.ok()?;
    valid_until(&first)
}

impl ProcessFacts {
    /// As Linux tells; zeros where it does not.
    fn read() -> Self {
        let open_files = std::fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() as u64);
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib: u64 = resident.and_then(|kib| kib.split_whitespace().next()?.parse().ok()).unwrap_or(0);
        Self { open_files, resident_bytes: kib * 1024 }
    }
}
