//! The store port: what the engine asks of whatever keeps its cases. Coarse and byte-oriented: the engine encodes its
//! own versioned bytes, the store seals, orders and keeps them, and no database type crosses this line.
//!
//! One step of a case is one [`Batch`]; many batches share one transaction and each is checked on its own. What must
//! not happen twice is guarded by versions, seen keys and links, whose conflicts are ordinary answers, not faults.
//! Implemented by `crate::store::redb`; the archive's port is in [`super::archive`].

use std::path::Path;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

use super::port::Fault;
use crate::sop::names::{CaseNumber, OfficeId, Sha256Hex};
use crate::vault::HashedToken;

/// Before any restore.
pub const FIRST_EPOCH: u64 = 1;
/// Family of the document that notes the time last seen. A restored office has no such time: its backup may be of any age.
pub const TIME_SEEN: &str = "clock";

/// A name that a restore would let be given out twice, with the epoch it is given out in.
pub(super) fn of_epoch(name: String, sign: &str, epoch: u64) -> String {
    if epoch > FIRST_EPOCH { format!("{name}{sign}{epoch}") } else { name }
}

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
        }
    }
}

impl Batch {
    /// Whether this step means nothing without that earlier one of the same call: one of the same case; or where it opens a case,
    /// the opening of one with a lower number in the series, since no number is left out.
    pub fn stands_on(&self, earlier: &Self) -> bool {
        let series = |batch: &Self| {
            let number = &batch.key.number;
            (batch.expected_version == 0).then(|| (number.prefix().to_owned(), number.year()))
        };
        let follows = || series(self).is_some_and(|own| series(earlier) == Some(own));
        self.key == earlier.key
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

/// Keeps the cases. All times come in as arguments; a `Fault` means the storage itself failed.
pub trait Store: Send + Sync {
    /// The case as last committed; `None` where there is none or it moved to the archive.
    fn load<'a>(&'a self, key: &'a CaseKey) -> BoxFuture<'a, Result<Option<Stored>, Fault>>;

    /// The case's journal, oldest first. Empty once the case moved to the archive.
    fn events<'a>(&'a self, key: &'a CaseKey) -> BoxFuture<'a, Result<Vec<StoredEvent>, Fault>>;

    /// Commits many steps in one durable transaction; one answer per batch, in order. Batches of one case build on each
    /// other in the order given. On a `Fault` nothing of this call is committed.
    fn commit(&self, batches: Vec<Batch>) -> BoxFuture<'_, Result<Vec<Outcome>, Fault>>;

    /// Writes contents sealed under their dossier's key and makes them durable, before the batch that names them.
    /// Returns the SHA-256 of the plain bytes, in order. A case not yet opened gets its key here; what no batch ever
    /// names is swept at the next start.
    fn put_contents(&self, contents: Vec<(CaseKey, Vec<u8>)>) -> BoxFuture<'_, Result<Vec<Sha256Hex>, Fault>>;

    /// Reads a content back, checked against its hash; `None` where no batch named it.
    fn content<'a>(&'a self, key: &'a CaseKey, hash: &'a Sha256Hex) -> BoxFuture<'a, Result<Option<Vec<u8>>, Fault>>;

    /// Takes due rows, oldest first, so that nobody else gets them until the lease ends.
    fn lease_due(&self, wanted: LeaseRequest) -> BoxFuture<'_, Result<Vec<Row>, Fault>>;

    /// When the next waiting row of these kinds (empty: any) that nobody holds falls due.
    fn next_due<'a>(&'a self, kinds: &'a [String]) -> BoxFuture<'a, Result<Option<DateTime<Utc>>, Fault>>;

    /// Settles a row without a step of its case (a retry, a row held). Ends the lease.
    fn settle(&self, rows: Vec<(CaseKey, Settlement)>) -> BoxFuture<'_, Result<(), Fault>>;

    /// The rows of a case, in the order of their ids; for one that is damaged, the fault that says so.
    fn each_row<'a>(&'a self, key: &'a CaseKey) -> BoxFuture<'a, Result<Vec<Result<Row, Fault>>, Fault>>;

    /// All rows of a case. Fails where one is damaged.
    fn rows_of<'a>(&'a self, key: &'a CaseKey) -> BoxFuture<'a, Result<Vec<Row>, Fault>> {
        Box::pin(async move { self.each_row(key).await?.into_iter().collect() })
    }

    /// Rows of an office that are [stuck](Row::is_stuck), by their cases' numbers and ids; for one that is damaged, the
    /// fault that says so.
    fn stuck_rows<'a>(&'a self, office: &'a OfficeId) -> BoxFuture<'a, Result<Vec<StuckRow>, Fault>>;

    /// Counts the rows of an office.
    fn outbox_tally<'a>(&'a self, office: &'a OfficeId) -> BoxFuture<'a, Result<OutboxTally, Fault>>;

    /// Live cases of an office in the order of their numbers, at most `limit`, after `after`; for one that is damaged, the
    /// fault that says so.
    fn scan<'a>(
        &'a self,
        office: &'a OfficeId,
        after: Option<&'a CaseNumber>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Scanned>, Fault>>;

    /// Cases under an index entry, live or archived, in the order of their numbers.
    fn find<'a>(
        &'a self,
        office: &'a OfficeId,
        family: &'a str,
        value: &'a str,
    ) -> BoxFuture<'a, Result<Vec<CaseKey>, Fault>>;

    /// Which of these keys are taken, and by which case.
    fn seen<'a>(
        &'a self,
        office: &'a OfficeId,
        keys: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<(String, CaseNumber)>, Fault>>;

    /// The link of this hash, also a spent or void one.
    fn link<'a>(&'a self, hash: &'a HashedToken) -> BoxFuture<'a, Result<Option<Link>, Fault>>;

    /// A sealed secret; `None` once destroyed.
    fn secret<'a>(&'a self, key: &'a CaseKey, id: &'a str) -> BoxFuture<'a, Result<Option<SealedSecret>, Fault>>;

    /// Destroys every secret that expired by `now`; returns how many.
    fn destroy_expired_secrets(&self, now: DateTime<Utc>) -> BoxFuture<'_, Result<usize, Fault>>;

    /// The highest serial ever given out in this series; 0 where there is none. Survives archiving.
    fn last_number<'a>(&'a self, office: &'a OfficeId, prefix: &'a str, year: i32)
    -> BoxFuture<'a, Result<u32, Fault>>;

    fn document<'a>(
        &'a self,
        office: &'a OfficeId,
        family: &'a str,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Document>, Fault>>;

    /// All documents of a family, by id; one that is damaged is a fault of its own and hides no other.
    fn documents<'a>(
        &'a self,
        office: &'a OfficeId,
        family: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Result<Document, Fault>>, Fault>>;

    /// Writes documents in one transaction, all or none. The answer is `Committed` (of the last one's version) or
    /// `DocumentStale`.
    fn write_documents(&self, writes: Vec<DocumentWrite>) -> BoxFuture<'_, Result<Outcome, Fault>>;

    /// Grows with every restore; part of every link's derivation, so that older links are void.
    fn epoch(&self) -> BoxFuture<'_, Result<u64, Fault>>;

    /// Takes over what the archive tells of a case that it holds and the store does not know to be filed: the case counts as
    /// moved there, its number as given out, and of the batch its seen keys, tags and documents are kept. Repeatable; a case
    /// that is live must be removed before.
    fn adopt(&self, filed: Batch) -> BoxFuture<'_, Result<(), Fault>>;

    /// Removes a case that was verified in the archive: snapshot, rows, links, secrets, contents, event bytes and key.
    /// Seen keys, tags, numbers and the journal's hashes stay. `Stale` where it moved on; repeatable.
    fn remove_case<'a>(&'a self, key: &'a CaseKey, version: u64) -> BoxFuture<'a, Result<Outcome, Fault>>;

    fn journal_head<'a>(&'a self, office: &'a OfficeId) -> BoxFuture<'a, Result<JournalHead, Fault>>;

    /// Recomputes the journal's chain and opens every sealed thing. Empty: all well.
    fn verify(&self) -> BoxFuture<'_, Result<Vec<Damage>, Fault>>;

    /// Writes a verified copy without secrets to a new file, of one moment, while work goes on.
    fn backup<'a>(&'a self, file: &'a Path) -> BoxFuture<'a, Result<BackupReport, Fault>>;

    /// Waits until the storage itself has failed. The process must then stop: nothing may be done that cannot be
    /// written down.
    fn failed(&self) -> BoxFuture<'_, Fault>;
}
