//! What crosses the store port: steps of a case and what they carry, and what is found again.

use chrono::{DateTime, Utc};

use crate::engine::port::Fault;
use crate::sop::names::{CaseNumber, OfficeId, Sha256Hex};
use crate::vault::HashedToken;

/// The key of everything a case owns. The office's own books have numbers of series beside those of cases.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CaseKey {
    pub office: OfficeId,
    pub number: CaseNumber,
}

/// A case as the last commit left it.
#[derive(Clone, PartialEq, Eq)]
pub struct Stored {
    pub version: u64,
    pub snapshot: Vec<u8>,
}

/// A live case as a scan finds it.
pub type Scanned = (CaseKey, Result<Stored, Fault>);

/// By what a row is known: its case, and its id there.
pub type RowName = (CaseKey, String);

/// A row that waits for a person, as a look at all of them finds it.
pub type StuckRow = (CaseKey, Result<Row, Fault>);

/// One journal event of a case. `seq` counts within the case from 1; `position` within the office's journal from 1.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredEvent {
    pub seq: u64,
    pub position: u64,
    pub at: DateTime<Utc>,
    pub bytes: Vec<u8>,
}

/// One step of one case. All of it is committed, or none.
#[derive(Clone)]
pub struct Batch {
    pub key: CaseKey,
    /// The version this step was decided on; 0 opens the case.
    pub expected_version: u64,
    pub at: DateTime<Utc>,
    pub snapshot: Vec<u8>,
    pub events: Vec<Vec<u8>>,
    pub outbox: Vec<NewRow>,
    /// Rows of this case whose effect was carried out. A row that is gone is no error.
    pub settle: Vec<Settlement>,
    /// Applied before `outbox` is added.
    pub cancel: Vec<Cancel>,
    /// Keys that may be taken once per office: Message-IDs, content hashes, TOTP steps. A taken one refuses the batch.
    pub seen: Vec<String>,
    pub tags: Vec<Tag>,
    pub links: Vec<NewLink>,
    /// Links this step uses up; one that is spent, void or unknown refuses the batch.
    pub spend_links: Vec<HashedToken>,
    /// Scope prefixes whose links die, of this case only; `""` is all. Applied before `links` are added.
    pub void_links: Vec<String>,
    pub secrets: Vec<SecretChange>,
    /// Content files this step names, put there before by [`Store::put_contents`]. A missing one is a fault.
    pub contents: Vec<Sha256Hex>,
    /// Office documents of the same transaction: the mailbox cursor, an admin's last TOTP step.
    pub documents: Vec<DocumentWrite>,
    /// Cases whose earlier steps of the same call this one tells of.
    pub after: Vec<CaseKey>,
}

impl Batch {
    /// A step that changes nothing but the snapshot; the rest is filled in by field.
    pub fn new(key: CaseKey, expected_version: u64, at: DateTime<Utc>, snapshot: Vec<u8>) -> Self {
        Self {
            key,
            expected_version,
            at,
            snapshot,
            events: Vec::new(),
            outbox: Vec::new(),
            settle: Vec::new(),
            cancel: Vec::new(),
            seen: Vec::new(),
            tags: Vec::new(),
            links: Vec::new(),
            spend_links: Vec::new(),
            void_links: Vec::new(),
            secrets: Vec::new(),
            contents: Vec::new(),
            documents: Vec::new(),
            after: Vec::new(),
        }
    }
}

impl Batch {
    /// Whether this step means nothing without that earlier one of the same call: one of the same case, or of one it tells of; or
    /// where it opens a case, the opening of one with a lower number in the series, since no number is left out.
    pub fn stands_on(&self, earlier: &Self) -> bool {
        let series = |batch: &Self| {
            let number = &batch.key.number;
            (batch.expected_version == 0).then(|| (number.prefix().to_owned(), number.year()))
        };
        let follows = || series(self).is_some_and(|own| series(earlier) == Some(own));
        self.key == earlier.key
            || self.after.contains(&earlier.key)
            || (self.key.office == earlier.key.office
                && self.key.number.serial() > earlier.key.number.serial()
                && follows())
    }
}

/// What became of one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Committed {
        version: u64,
    },
    /// Somebody else came first; the case stands at this version (0: no such case).
    Stale {
        version: u64,
    },
    /// The key was taken before, by that case.
    Seen {
        key: String,
        by: CaseNumber,
    },
    /// A link of `spend_links` is no longer good.
    LinkSpent,
    /// A document stands at another version than expected.
    DocumentStale {
        family: String,
        id: String,
        version: u64,
    },
}

/// An effect to carry out, written in the transaction that decided it.
#[derive(Clone, PartialEq, Eq)]
pub struct NewRow {
    /// Unique within the case and stable: the idempotency key is made of it. A row of this id is replaced.
    pub id: String,
    pub kind: String,
    pub due: DateTime<Utc>,
    pub payload: Vec<u8>,
}

/// An outbox row.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    pub key: CaseKey,
    pub id: String,
    pub kind: String,
    pub due: DateTime<Utc>,
    pub attempts: u32,
    /// Why the last attempt failed, or why the row is held.
    pub note: Option<String>,
    pub state: RowState,
    pub payload: Vec<u8>,
}

impl Row {
    /// Held, given up, or tried in vain so far.
    pub fn is_stuck(&self) -> bool {
        self.state != RowState::Waiting || self.attempts > 0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowState {
    /// Waits for its time or for a free hand.
    Waiting,
    /// Waits for a person; never leased.
    Held,
    /// Given up; kept for a person to see.
    Dead,
}

/// How an office's outbox stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutboxTally {
    /// Rows that wait for their time or for a free hand, those that failed before among them.
    pub waiting: usize,
    /// Of these, rows whose last attempt failed.
    pub failing: usize,
    /// The most failures in a row of one of them.
    pub most_attempts: u32,
    /// When the longest waiting row fell due.
    pub due_since: Option<DateTime<Utc>>,
    pub held: usize,
    pub dead: usize,
    /// Rows that cannot be read: nobody carries them out.
    pub damaged: usize,
}

/// What became of an outbox row.
#[derive(Clone, PartialEq, Eq)]
pub struct Settlement {
    pub id: String,
    pub how: Settled,
}

#[derive(Clone, PartialEq, Eq)]
pub enum Settled {
    /// The row is removed; what happened is in the events.
    Done,
    /// Waits again, also a held or dead one. `attempts` is the new count.
    RetryAt {
        due: DateTime<Utc>,
        attempts: u32,
        error: Option<String>,
    },
    /// A row that waits falls due by then and has all its tries again; whoever works on it goes on.
    DueBy {
        due: DateTime<Utc>,
    },
    Dead {
        error: String,
    },
    Held {
        why: String,
    },
    /// The row is removed, and these stand in its place.
    Replaced {
        by: Vec<NewRow>,
    },
}

/// Rows of this case that need not happen any more. Dead ones go too.
#[derive(Clone, PartialEq, Eq)]
pub enum Cancel {
    Row(String),
    Kind(String),
    IdPrefix(String),
}

/// A secondary index entry (family, value) → case; kept after the case moved to the archive until it is unset.
#[derive(Clone, PartialEq, Eq)]
pub struct Tag {
    pub family: String,
    pub value: String,
    /// `false` takes the entry out.
    pub set: bool,
}

/// A tokened link. Only the hash is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct NewLink {
    pub hash: HashedToken,
    /// Links die together by prefix of this, such as `decision/3/`.
    pub scope: String,
    /// The engine's own bytes: purpose, round, admin, hash of what is decided.
    pub record: Vec<u8>,
    pub expires: DateTime<Utc>,
}

/// A link as found by its hash. Expiry is the reader's to judge: `expires` against its own now.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    pub key: CaseKey,
    pub scope: String,
    pub record: Vec<u8>,
    pub expires: DateTime<Utc>,
    pub state: LinkState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    Live,
    Spent,
    /// Died with its decision, its round or an older epoch.
    Void,
}

/// A one-time secret, sealed by the engine with the vault's `PasswordKey`; the store never holds that key.
#[derive(Clone)]
pub enum SecretChange {
    Put {
        id: String,
        sealed: Vec<u8>,
        expires: DateTime<Utc>,
    },
    /// Destroying one that is gone is no error.
    Destroy {
        id: String,
    },
}

/// A sealed secret as kept.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret {
    pub sealed: Vec<u8>,
    pub expires: DateTime<Utc>,
}

/// A small record of the office with its own version: admins, sessions, cursors, settings.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    pub id: String,
    /// Counts from 1; 0 stands for "not there".
    pub version: u64,
    pub bytes: Vec<u8>,
}

#[derive(Clone, PartialEq, Eq)]
pub struct DocumentWrite {
    pub office: OfficeId,
    pub family: String,
    pub id: String,
    /// `None` writes whatever stands there; `Some(0)` only creates.
    pub expected_version: Option<u64>,
    /// `None` removes.
    pub bytes: Option<Vec<u8>>,
}

/// Which due rows to take, and for how long.
#[derive(Debug, Clone)]
pub struct LeaseRequest {
    /// Empty takes every kind.
    pub kinds: Vec<String>,
    pub now: DateTime<Utc>,
    /// Until then nobody gets the rows a second time. A settlement ends the lease.
    pub until: DateTime<Utc>,
    pub limit: usize,
    /// Rows that are still in hand: their leases go on until then too, also where they would be over.
    pub in_hand: Vec<RowName>,
}

/// A journal entry as it lies in the store, sealed; what the archive takes over and `verify` recomputes.
#[derive(Clone, PartialEq, Eq)]
pub struct JournalEntry {
    pub position: u64,
    pub number: CaseNumber,
    pub seq: u64,
    pub at: DateTime<Utc>,
    pub previous: Sha256Hex,
    pub hash: Sha256Hex,
    /// SHA-256 of `sealed`; stays when the bytes have moved to the archive.
    pub digest: Sha256Hex,
    /// `None` once the case moved to the archive.
    pub sealed: Option<Vec<u8>>,
}

/// Where an office's journal ends; goes out with each report, so that it is anchored off the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalHead {
    pub position: u64,
    pub hash: Sha256Hex,
}

/// Something that does not verify: which thing, and what is wrong with it, in a sentence without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    pub thing: String,
    pub what: String,
}

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupReport {
    pub cases: u64,
    pub contents: u64,
    /// Size of the file.
    pub bytes: u64,
    /// What was damaged before it was copied; a restore brings the rest back.
    pub damaged: Vec<Damage>,
}
