//! The archive port: where closed dossiers go. What is filed here is sealed under the dossier's own key, chained to
//! the dossier before it, and read back before the receipt is given. Implemented by `crate::store::archive`.

use std::path::Path;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::evidence::FileHead;
use super::port::Fault;
use super::store::{CaseKey, Damage};
use crate::sop::names::{CaseNumber, OfficeId, Sha256Hex};

/// A closed dossier to file.
#[derive(Clone)]
pub struct ArchiveDossier {
    pub key: CaseKey,
    /// Readable without a key: no personal data in it.
    pub register: RegisterLine,
    /// Sealed: title, parties (masked), dates of the procedure; what `search` looks through.
    pub metadata: Value,
    pub items: Vec<ArchiveItem>,
    /// When it is filed; its year names the file.
    pub at: DateTime<Utc>,
}

/// What the register of the archive shows of a dossier to anybody who holds the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterLine {
    pub number: CaseNumber,
    /// Classification code, such as `000.3`.
    pub classification: String,
    pub retention_class: String,
    /// Access class, such as `terbatas`.
    pub access: String,
    pub outcome: String,
    pub opened: DateTime<Utc>,
    pub closed: DateTime<Utc>,
}

/// A file of a dossier. The name is a relative path such as `surat/01-tanda-terima.txt`.
#[derive(Clone, PartialEq, Eq)]
pub struct ArchiveItem {
    pub name: String,
    pub media_type: String,
    /// One line for the contents list.
    pub title: String,
    pub bytes: Vec<u8>,
}

/// Proof that the dossier was written and read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub number: CaseNumber,
    /// Name of the archive file, such as `archive-2026.redb`.
    pub file: String,
    /// Place in the file's chain, from 1.
    pub position: u64,
    /// Chain hash over the stored bytes.
    pub hash: Sha256Hex,
    pub items: usize,
    /// Stored bytes of the items.
    pub bytes: u64,
}

/// A line of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveLine {
    #[serde(flatten)]
    pub register: RegisterLine,
    pub file: String,
    pub position: u64,
    pub archived: DateTime<Utc>,
    pub items: usize,
    pub hash: Sha256Hex,
    /// Set once its key was destroyed: the register line and the hashes are what is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destroyed: Option<Destruction>,
}

/// What the archive itself tells of a destruction, readable without a key: nothing personal in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destruction {
    pub at: DateTime<Utc>,
    /// Number of the official record.
    pub record: String,
}

/// A dossier unsealed: its metadata and the list of its items.
#[derive(Clone)]
pub struct ArchivedDossier {
    pub line: ArchiveLine,
    pub metadata: Value,
    pub items: Vec<ArchivedItem>,
    /// Journal entries kept with it, sealed as they were.
    pub journal_entries: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedItem {
    pub name: String,
    pub media_type: String,
    pub title: String,
    pub bytes: u64,
    pub sha256: Sha256Hex,
}

/// What a look through the whole archive found.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// Dossiers in which every word that was looked for occurs, by file and position.
    pub lines: Vec<ArchiveLine>,
    /// When each dossier that reads was closed, found or not.
    pub closed: Vec<DateTime<Utc>>,
    /// Names of files that cannot be read: what they hold is not known.
    pub unread_files: Vec<String>,
    /// Dossiers whose record cannot be read.
    pub unread: Vec<CaseNumber>,
}

/// A dossier that was held against every hash that is kept of it.
#[derive(Clone, Default)]
pub struct Examined {
    /// `None`: its record does not read, or the file that it may lie in.
    pub line: Option<ArchiveLine>,
    /// `None` too of a dossier that was destroyed, and of one that does not open.
    pub dossier: Option<ArchivedDossier>,
    /// What does not fit. Empty: all of it does.
    pub flaws: Vec<Flaw>,
}

/// What is wrong with a dossier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Its record, or the file that it may lie in, does not read.
    Record,
    /// It does not follow from the dossier before it, or the next one, or the file's end, does not follow from it.
    Chain,
    /// The dossier beside it does not read, so that whether they follow cannot be told.
    Neighbour,
    /// Its key does not open, is gone without a record, or is there in spite of one.
    Key,
    /// Its metadata and list of items do not open.
    Contents,
    /// This item, counted from 0.
    Item(u32),
    /// This entry of the journal that was filed with it.
    Journal(u64),
}

/// How a dossier stands to the live case of its number, told by their journals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kinship {
    /// The dossier goes on from all that the live case has: the case ended, and was filed.
    Whole,
    /// Each has entries that the other has not.
    Apart,
}

/// How the dossier of a live case stands to it.
pub type Stands = (CaseKey, Result<Kinship, Fault>);

/// What a comparison of live cases with the archive came to.
#[derive(Debug, Default)]
pub struct Compared {
    pub stands: Vec<Stands>,
    /// A file, or part of one, could not be read: of a case that is not named nothing is known.
    pub in_part: bool,
}

/// Dossiers that the live store does not know to be filed, as after a restore.
#[derive(Debug, Default)]
pub struct Ahead {
    pub dossiers: Vec<CaseKey>,
    /// Those among them of which nothing but the number is left.
    pub destroyed: Vec<CaseKey>,
    /// Names of files that cannot be read: what they hold is not known.
    pub unread: Vec<String>,
    /// A dossier's record could not be read, so that there is at least one more.
    pub in_part: bool,
    /// Such dossiers by number, as far as the live store has no journal of theirs: they were filed since, and nothing else of them
    /// is known.
    pub hidden: Vec<CaseNumber>,
}

/// Keeps closed dossiers for years.
pub trait Archive: Send + Sync {
    /// Files a dossier, reads it back and only then gives the receipt. The same dossier again gives the same receipt, also
    /// where it is written otherwise and its journal is the same; another one under a filed number is a permanent fault.
    fn keep(&self, dossier: ArchiveDossier) -> BoxFuture<'_, Result<Receipt, Fault>>;

    /// The receipt of a number that was filed.
    fn receipt<'a>(&'a self, number: &'a CaseNumber) -> BoxFuture<'a, Result<Option<Receipt>, Fault>>;

    /// How filed dossiers stand to these live cases, with a fault for one whose dossier is damaged. Cases that are not filed
    /// are left out.
    fn kinships(&self, live: Vec<CaseKey>) -> BoxFuture<'_, Result<Compared, Fault>>;

    /// Looks through the whole archive for what the live store does not know.
    fn ahead<'a>(&'a self, office: &'a OfficeId) -> BoxFuture<'a, Result<Ahead, Fault>>;

    /// Dossiers in which every word occurs (number, register, metadata, item titles), without regard to case; without a word
    /// all of them, and none is opened. What cannot be read is named.
    fn survey<'a>(&'a self, words: &'a str) -> BoxFuture<'a, Result<Survey, Fault>>;

    /// The register, by file and position; a damaged line is left out here and named by `verify`.
    fn list(&self) -> BoxFuture<'_, Result<Vec<ArchiveLine>, Fault>> {
        Box::pin(async { Ok(self.survey("").await?.lines) })
    }

    /// The lines of [`Archive::survey`].
    fn search<'a>(&'a self, words: &'a str) -> BoxFuture<'a, Result<Vec<ArchiveLine>, Fault>> {
        Box::pin(async move { Ok(self.survey(words).await?.lines) })
    }

    fn show<'a>(&'a self, number: &'a CaseNumber) -> BoxFuture<'a, Result<Option<ArchivedDossier>, Fault>>;

    /// A dossier with every hash of it computed anew: record, chain to the dossiers beside it, each item, journal. `None`:
    /// there is no such dossier.
    fn examine<'a>(&'a self, number: &'a CaseNumber) -> BoxFuture<'a, Result<Option<Examined>, Fault>>;

    /// One item's bytes, checked against its hash.
    fn item<'a>(&'a self, number: &'a CaseNumber, name: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, Fault>>;

    /// Writes a dossier as a BagIt folder (RFC 8493) `<folder>/<number>`, which must not exist yet.
    fn export<'a>(&'a self, number: &'a CaseNumber, folder: &'a Path) -> BoxFuture<'a, Result<(), Fault>>;

    /// The same bag as one ZIP archive, with the folder `<number>` in it.
    fn pack_bag<'a>(&'a self, number: &'a CaseNumber) -> BoxFuture<'a, Result<Vec<u8>, Fault>>;

    /// Destroys a dossier's key, and puts on record why. Again changes nothing.
    fn destroy<'a>(&'a self, number: &'a CaseNumber, why: &'a Destruction) -> BoxFuture<'a, Result<(), Fault>>;

    /// Where every file ends, by year.
    fn heads(&self) -> BoxFuture<'_, Result<Vec<FileHead>, Fault>>;

    /// Recomputes every stored hash and the chain of every file. Empty: all well.
    fn verify(&self) -> BoxFuture<'_, Result<Vec<Damage>, Fault>>;
}
