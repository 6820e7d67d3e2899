//! The ports: what the engine asks of the world. Adapters implement them and never know each other.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::office::Worked;
use crate::dossier::Read;
use crate::dossier::page::{Contents, Paper};
use crate::mail::proof::{Question, Said};
use crate::sop::account::Account;
use crate::sop::names::{Address, Sha256Hex, UserId};

/// Whether a failure is worth a retry. `Unknown`: the effect may or may not have happened; never repeat it blindly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FaultKind {
    Transient,
    Permanent,
    Unknown,
}

/// A port's failure: what failed, on what, why, and what to do, in one sentence without secrets.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    pub kind: FaultKind,
    pub message: String,
}

impl Fault {
    pub fn transient(message: impl fmt::Display) -> Self {
        Self { kind: FaultKind::Transient, message: message.to_string() }
    }

    pub fn permanent(message: impl fmt::Display) -> Self {
        Self { kind: FaultKind::Permanent, message: message.to_string() }
    }

    pub fn unknown(message: impl fmt::Display) -> Self {
        Self { kind: FaultKind::Unknown, message: message.to_string() }
    }
}

/// Where a mail lies. For Maildir, `uid_validity` and `uid` are 0 and `name` is the file's unique name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Origin {
    pub mailbox: String,
    pub folder: String,
    pub uid_validity: u32,
    pub uid: u32,
    pub name: String,
}

/// Mails that stay where they are for now, and why the first of them does.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{why}")]
pub struct NotFiled {
    pub mails: Vec<(Origin, Folder)>,
    pub why: Fault,
}

/// One mail found in the inbox.
#[derive(Debug, Clone)]
pub struct Arrival {
    pub origin: Origin,
    pub body: ArrivalBody,
}

#[derive(Debug, Clone)]
pub enum ArrivalBody {
    /// The bytes as the server holds them.
    Raw(Vec<u8>),
    /// Larger than the limit: only the header section was fetched (at most 64 KiB).
    TooLarge { size: u64, header: Vec<u8> },
}

/// Where a handled mail is filed on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Folder {
    Processed,
    Refused,
}

/// A mailbox that requests arrive in. One adapter instance per `[[mailbox]]`.
pub trait Inbox: Send + Sync {
    /// Waits until mail is there (IDLE, else polling) and returns it, oldest first, at most `limit` mails. Mails
    /// handed out before and not yet filed are not handed out again in the same session. One that cannot be brought over
    /// stays and is tried again later; the others go on. May return an empty list after the poll interval.
    fn next(&self, limit: usize) -> BoxFuture<'_, Result<Vec<Arrival>, Fault>>;

    /// Moves handled mails to their folders, many at once. A mail that is no longer there counts as filed. One that cannot be
    /// moved keeps no other from it: the failure names those that stay.
    fn file<'a>(&'a self, mails: &'a [(Origin, Folder)]) -> BoxFuture<'a, Result<(), NotFiled>>;

    /// Removes mails of our own making that nobody need keep. Where the server cannot remove single mails they are filed
    /// as processed.
    fn discard<'a>(&'a self, mails: &'a [Origin]) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let processed: Vec<_> = mails.iter().map(|origin| (origin.clone(), Folder::Processed)).collect();
            self.file(&processed).await.map_err(|left| left.why)
        })
    }

    /// How many mails are there that again and again could not be brought over.
    fn withheld(&self) -> usize {
        0
    }

    /// Logs in and looks, for `loket check --online`. Returns a sentence for the operator.
    fn probe(&self) -> BoxFuture<'_, Result<String, Fault>>;

    /// When the certificate that the server last showed ends; `None` where none was seen.
    fn certificate_until(&self) -> Option<DateTime<Utc>> {
        None
    }
}

/// Asks a sender's own domain whether a mail is its.
pub trait Witness: Send + Sync {
    /// Fails transiently where the domain cannot be asked at the moment: that is no word against the mail.
    fn ask<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Result<Said, Fault>>;

    fn probe(&self) -> BoxFuture<'_, Result<String, Fault>>;
}

/// A file that goes out with a letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enclosure {
    pub name: String,
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// A letter ready to go: every header decided, nothing left to the courier but transport.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Stable per outbox row, without angle brackets; begins with `loket.` (CONTRACT: continuation).
    pub message_id: String,
    pub to: Vec<Address>,
    /// Who gets a copy. The letter does not say so: whose account it is about is nothing for whoever wrote from elsewhere.
    pub bcc: Vec<Address>,
    /// Whether the letter waits where a server defers a copy (greylisting); else it goes without.
    #[serde(default)]
    pub waits_for_copies: bool,
    pub subject: String,
    /// Plain text, UTF-8.
    pub body: String,
    /// Message-IDs without angle brackets.
    pub in_reply_to: Option<String>,
    pub references: Vec<String>,
    /// `Auto-Submitted: auto-replied` (RFC 3834), set on everything that answers a mail without a person.
    pub auto_submitted: bool,
    pub date: DateTime<Utc>,
    pub enclosures: Vec<Enclosure>,
}

/// Sends letters. `Ok` means accepted by the next server.
pub trait Courier: Send + Sync {
    fn send<'a>(&'a self, letter: &'a Outgoing) -> BoxFuture<'a, Result<(), Fault>>;

    /// Letters it carries side by side; one more would wait for a free line.
    fn at_once(&self) -> usize {
        usize::MAX
    }

    fn probe(&self) -> BoxFuture<'_, Result<String, Fault>>;

    fn post(&self) -> Post {
        Post { accepted: true, ..Post::default() }
    }

    /// As [`Inbox::certificate_until`].
    fn certificate_until(&self) -> Option<DateTime<Utc>> {
        None
    }
}

/// How letters fare, as far as it is not the letter's doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Post {
    /// One was accepted since the start.
    pub accepted: bool,
    /// For how long none could be offered: nobody answers, or the login or our own address is refused.
    pub away: Option<Duration>,
    /// Refused for good in a row, with none accepted between.
    pub refused: u32,
}

/// What a driver can do; the procedure tracks by letter what the system cannot enforce (DOMAIN §1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abilities {
    /// A person does the work and enters the outcome.
    pub by_hand: bool,
    pub force_change: bool,
    pub read_back: bool,
}

/// What came of a reset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResetOutcome {
    /// The password handed in is set.
    Done,
    /// The system mailed its own link; there is no temporary password to hand over.
    SystemSentLink,
    NotFound,
    /// The driver gives this to a person; the outcome comes as a command later.
    ByHand,
}

/// What became of a reset, as the account system tells afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    NeverHappened,
    /// The password handed in is set.
    Done,
    /// The system mailed its own link: the password handed in is nobody's.
    SystemSentLink,
}

/// A reset to carry out. The key is the same for every attempt of one decision.
pub struct ResetOrder<'a> {
    pub idempotency_key: &'a str,
    pub user_id: &'a UserId,
    /// Never logged, never an argument of a process.
    pub temporary_password: &'a str,
    pub expires_at: DateTime<Utc>,
}

/// The account system (SOP steps 5 and 6).
pub trait AccountDriver: Send + Sync {
    fn abilities(&self) -> Abilities;

    /// How long after it was begun a reset may still take effect, its caller being gone. Until then a `read_back` that finds
    /// nothing proves nothing.
    fn settles_within(&self) -> TimeDelta;

    /// All records that could be meant: by user ID, by NIP, by registered address, by name, in that order of weight.
    fn look_up<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Vec<Account>, Fault>>;

    fn reset<'a>(&'a self, order: ResetOrder<'a>) -> BoxFuture<'a, Result<ResetOutcome, Fault>>;

    /// What became of the reset with this key; `None` where the system cannot tell. After a [`Fate::NeverHappened`] that comes
    /// later than [`AccountDriver::settles_within`] it never does.
    fn read_back<'a>(
        &'a self,
        idempotency_key: &'a str,
        user_id: &'a UserId,
    ) -> BoxFuture<'a, Result<Option<Fate>, Fault>>;

    fn probe(&self) -> BoxFuture<'_, Result<String, Fault>>;
}

/// What is known of the account somebody asks about; any part may be missing.
#[derive(Debug, Clone, Default)]
pub struct Query {
    pub user_id: Option<String>,
    pub nip: Option<String>,
    pub email: Option<String>,
    pub name: Option<String>,
}

/// Takes mails apart, in a process of its own. What cannot be read is told as unreadable papers.
pub trait Reader: Send + Sync {
    /// Fails only when nothing can be read at all, because there is no worker or it has no walls: then no mail is decided on.
    fn read(&self, raw: Arc<Vec<u8>>) -> BoxFuture<'_, Result<Contents, Fault>>;

    /// A person asks for this mail: what was given up in it is tried again when it is next read.
    fn try_again(&self, _mail: &Sha256Hex) {}

    /// The documents that a mail's papers make, and what stands in them: on a thread of its own, so that nobody else waits.
    fn documents(&self, papers: Vec<Paper>, worked: Arc<Worked>) -> BoxFuture<'_, Vec<Read>> {
        let reading = tokio::task::spawn_blocking(move || Read::all(&papers, &worked.recognition));
        Box::pin(async { reading.await.unwrap_or_else(|why| std::panic::resume_unwind(why.into_panic())) })
    }

    /// Draws a page, counted from 1, of the paper with these bytes ([`Paper::sha256`]): PNG, at most `width` pixels wide.
    /// `None`: there is no such page, it is no picture and no PDF, or it cannot be drawn.
    fn picture(&self, raw: Arc<Vec<u8>>, paper: String, page: u32, width: u32) -> BoxFuture<'_, Option<Vec<u8>>>;
}

/// The wall clock, in UTC. The only source of time outside the runtime's own timers.
pub trait Clock: Send + Sync {
    fn now(&self) -> DateTime<Utc>;
}
