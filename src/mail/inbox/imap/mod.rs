//! A mailbox on an IMAP server (RFC 9051). Two connections: one lists, fetches and waits in IDLE, read-only and so never
//! setting a flag; the other files handled mail, so that the next batch is fetched while the last is filed.
//! Which mails were handed out is kept in [`ledger`], never in flags another client could change.
//! Read next: `line` (one connection), `watch` (what to fetch when), `filing`.

mod filing;
mod ledger;
mod line;
mod meter;
mod watch;
mod words;

pub(in crate::mail::inbox) use watch::header_of;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::Mutex;

use super::{Patience, Refetch};
use crate::engine::port::{Arrival, Fault, Folder, Inbox, NotFiled, Origin};
use crate::mail::login::Login;
use crate::mail::tls::{Endpoint, Security};

/// A mailbox on an IMAP server, as configured.
#[derive(Clone)]
pub struct ImapSettings {
    /// The mailbox's name in the configuration; every origin carries it.
    pub name: String,
    pub host: String,
    pub port: u16,
    pub security: Security,
    pub user: String,
    pub login: Login,
    /// PEM; trusted instead of the system's roots.
    pub ca_file: Option<PathBuf>,
    pub inbox_folder: String,
    pub processed_folder: String,
    pub refused_folder: String,
    /// How long to wait before looking again unasked; IDLE is renewed at least every five minutes whatever stands here.
    pub poll_interval: Duration,
    pub command_deadline: Duration,
    /// Larger mails are handed over as their header alone.
    pub max_mail_bytes: u64,
    /// Mails fetched by one command.
    pub batch: usize,
}

/// [`Inbox`] over IMAP. Call [`Inbox::next`] from a task of its own: dropping the call closes its connection.
pub struct ImapInbox {
    shared: Arc<Shared>,
    watch: Mutex<watch::Watch>,
    filing: Mutex<filing::Filing>,
}

/// What both connections know.
struct Shared {
    settings: ImapSettings,
    patience: Patience,
    endpoint: Endpoint,
    ledger: std::sync::Mutex<ledger::Ledger>,
    /// Mails that again and again could not be brought over.
    withheld: AtomicUsize,
}

impl Shared {
    fn ledger(&self) -> std::sync::MutexGuard<'_, ledger::Ledger> {
        // Nothing panics while the ledger is held; should it, its sets are still whole.
        self.ledger.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl ImapInbox {
    /// Checks the settings and loads the trust anchors; connects with the first call.
    ///
    /// # Errors
    /// Permanent: plain text to another machine, an unreadable `ca_file`, an impossible folder name.
    pub fn new(settings: ImapSettings) -> Result<Self, Fault> {
        Self::with_patience(settings, Patience::default())
    }

    /// As [`ImapInbox::new`], with other pauses after failures.
    ///
    /// # Errors
    /// As [`ImapInbox::new`].
    pub fn with_patience(settings: ImapSettings, patience: Patience) -> Result<Self, Fault> {
        let endpoint = Endpoint::new(&settings.host, settings.port, settings.security, settings.ca_file.as_ref())?;
        for folder in [&settings.inbox_folder, &settings.processed_folder, &settings.refused_folder] {
            if words::quoted_folder(folder).is_none() {
                return Err(Fault::permanent(format_args!(
                    "{folder:?} is not a folder name: it is empty or holds a control character"
                )));
            }
        }
        let password = match &settings.login {
            Login::Password(password) => password.as_str(),
            Login::Token(_) => "",
        };
        if settings.user.contains(['\0', '\u{1}']) || password.contains('\0') {
            return Err(Fault::permanent("The user name or the password of the mailbox holds a control character"));
        }
        let (ledger, withheld) = Default::default();
        let shared = Arc::new(Shared { settings, patience, endpoint, ledger, withheld });
        Ok(Self {
            watch: Mutex::new(watch::Watch::new(Arc::clone(&shared))),
            filing: Mutex::new(filing::Filing::new(Arc::clone(&shared))),
            shared,
        })
    }

    async fn look(&self) -> Result<String, Fault> {
        let settings = &self.shared.settings;
        let mut line = line::Line::open(&self.shared.endpoint, settings).await?;
        let (_, mails) = line.enter("EXAMINE", &settings.inbox_folder).await?;
        let told =
            if line.abilities.idle { "tells of new mail at once (IDLE)" } else { "is asked for new mail (no IDLE)" };
        Ok(format!(
            "Logged in to {}: the folder {:?} holds {mails} mails; the server {told}",
            self.shared.endpoint.name(),
            settings.inbox_folder
        ))
    }
}

impl Inbox for ImapInbox {
    fn next(&self, limit: usize) -> BoxFuture<'_, Result<Vec<Arrival>, Fault>> {
        async move { self.watch.lock().await.next(limit).await }.boxed()
    }

    fn file<'a>(&'a self, mails: &'a [(Origin, Folder)]) -> BoxFuture<'a, Result<(), NotFiled>> {
        async move { self.filing.lock().await.file(mails).await }.boxed()
    }

    fn discard<'a>(&'a self, mails: &'a [Origin]) -> BoxFuture<'a, Result<(), Fault>> {
        async move { self.filing.lock().await.discard(mails).await }.boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<String, Fault>> {
        self.look().boxed()
    }

    fn withheld(&self) -> usize {
        self.shared.withheld.load(Ordering::Relaxed)
    }

    fn certificate_until(&self) -> Option<DateTime<Utc>> {
        self.shared.endpoint.certificate_until()
    }
}

impl Refetch for ImapInbox {
    fn refetch(&self, mails: &[Origin]) {
        let mut ledger = self.shared.ledger();
        for mail in mails {
            ledger.hand_back(mail.uid_validity, mail.uid);
        }
    }

    fn holds(&self, mail: &Origin) -> bool {
        self.shared.ledger().holds(mail.uid_validity, mail.uid)
    }
}
