//! The store port: what the engine asks of whatever keeps its cases. Coarse and byte-oriented: the engine encodes its
//! own versioned bytes, the store seals, orders and keeps them, and no database type crosses this line.
//!
//! What crosses it stands in [`records`]. One step of a case is one [`Batch`]; many batches share one transaction and each
//! is checked on its own. What must not happen twice is guarded by versions, seen keys and links, whose conflicts are
//! ordinary answers, not faults. Implemented by `crate::store::redb`; the archive's port is in [`super::archive`].

mod records;

use std::path::Path;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

use super::port::Fault;
use crate::sop::names::{CaseNumber, OfficeId, Sha256Hex};
use crate::vault::HashedToken;

pub use records::*;

/// Before any restore.
pub const FIRST_EPOCH: u64 = 1;
/// Family of the document that notes the time last seen. A restored office has no such time: its backup may be of any age.
pub const TIME_SEEN: &str = "clock";

/// A name that a restore would let be given out twice, with the epoch it is given out in.
pub(super) fn of_epoch(name: String, sign: &str, epoch: u64) -> String {
    if epoch > FIRST_EPOCH { format!("{name}{sign}{epoch}") } else { name }
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

    /// Whether there is space to begin anything, such as to take mail in or to carry a row out. Where there is not for the
    /// moment, the fault says so, and writes may be refused by a transient one.
    fn space(&self) -> Result<(), Fault> {
        self.space_for(0)
    }

    /// As [`Store::space`], for something that puts so many bytes. Whoever has begun may put them while [`Store::space`] is refused,
    /// as far as the disk goes.
    fn space_for(&self, _bytes: u64) -> Result<(), Fault> {
        Ok(())
    }

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

    /// The chain hash of the journal's entry at this position, counted from 1; `None` where it has none there.
    fn journal_hash<'a>(
        &'a self,
        office: &'a OfficeId,
        position: u64,
    ) -> BoxFuture<'a, Result<Option<Sha256Hex>, Fault>>;

    /// Recomputes the journal's chain and opens every sealed thing. Empty: all well.
    fn verify(&self) -> BoxFuture<'_, Result<Vec<Damage>, Fault>>;

    /// Writes a verified copy without secrets to a new file, of one moment, while work goes on.
    fn backup<'a>(&'a self, file: &'a Path) -> BoxFuture<'a, Result<BackupReport, Fault>>;

    /// Waits until the storage itself has failed. The process must then stop: nothing may be done that cannot be
    /// written down.
    fn failed(&self) -> BoxFuture<'_, Fault>;
}
