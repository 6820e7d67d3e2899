//! The office's own books: who saw what ([`super::access`]), what came in and started nothing ([`super::intake`]), what became of
//! the people who may act ([`super::admins`]), what was destroyed ([`super::disposal`]). Each is kept like a case of its own series.
//! One that is damaged stays as it is and goes on in a further volume, so that a flipped byte closes no desk and holds up no mail;
//! whoever reads reads all of them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Engine;
use super::codec;
use super::port::{Fault, FaultKind};
use super::store::{Batch, CaseKey, DocumentWrite, NewRow, Outcome};
use crate::sop::names::CaseNumber;

/// Volumes of a book. Where all of them are damaged, the store is.
const VOLUMES: u32 = 10;
/// By so much the serials of a book's volumes differ: a series has fewer books a year.
const APART: u32 = 100;
/// Conflicts after which an entry is given up; each means that another was written.
const TRIES: u32 = 100;

/// What stands beside a book's entries.
#[derive(Serialize)]
struct Snapshot {
    entries: u64,
}

/// What is committed with an entry of a book.
#[derive(Default)]
pub(super) struct With {
    pub documents: Vec<DocumentWrite>,
    pub outbox: Vec<NewRow>,
}

impl Engine {
    /// Writes an entry as the book's next, with what goes along; false where a document that goes along has another version
    /// by now, and nothing is written. `what` completes "Cannot put on record".
    pub(super) async fn enter<T: Serialize>(
        &self,
        book: &CaseNumber,
        at: DateTime<Utc>,
        entry: &T,
        with: With,
        what: &str,
    ) -> Result<bool, Fault> {
        let entry = codec::encode(entry);
        for _ in 0..TRIES {
            let (key, version) = self.open_volume(book).await?;
            let mut batch = Batch::new(key, version, at, codec::encode(&Snapshot { entries: version + 1 }));
            batch.events = vec![entry.clone()];
            batch.documents = with.documents.clone();
            batch.outbox = with.outbox.clone();
            match self.commit_one(batch).await? {
                Outcome::Committed { .. } => return Ok(true),
                Outcome::DocumentStale { .. } => return Ok(false),
                _ => {}
            }
        }
        Err(Fault::transient(format!("Cannot put on record {what}: others kept writing. Try again")))
    }

    /// The volume that a book's next entry goes into, and the version it stands at.
    pub(super) async fn open_volume(&self, book: &CaseNumber) -> Result<(CaseKey, u64), Fault> {
        let mut damaged = None;
        for key in self.volumes(book) {
            match self.store.load(&key).await {
                Err(fault) if fault.kind == FaultKind::Permanent => damaged = Some(fault),
                read => {
                    let version = read?.map_or(0, |stored| stored.version);
                    if let (0, Some(fault)) = (version, &damaged) {
                        tracing::warn!(book = %book, "{fault}; the book goes on as {}", key.number);
                    }
                    return Ok((key, version));
                }
            }
        }
        let why = damaged.map(|fault| fault.message).unwrap_or_default();
        Err(Fault::permanent(format!("Cannot write in {book}: none of its {VOLUMES} volumes can be read. {why}")))
    }

    /// A book's entries, oldest first, of all volumes; one that is damaged as a whole is left out, and named in the log.
    pub(super) async fn entries_of<T: DeserializeOwned>(&self, book: &CaseNumber, what: &str) -> Result<Vec<T>, Fault> {
        let mut entries = Vec::new();
        for key in self.volumes(book) {
            let read = self.store.events(&key).await.and_then(|events| {
                let read = events.iter().map(|event| codec::decode(&event.bytes, what));
                read.collect::<Result<Vec<T>, Fault>>()
            });
            match read {
                // It was gone on from, and is named among the damaged. Of any other nobody would know that something is missing.
                Err(fault) if fault.kind == FaultKind::Permanent && self.store.load(&key).await.is_err() => {
                    tracing::error!(book = %key.number, "{fault}; what this volume holds is left out");
                }
                read => entries.extend(read?),
            }
        }
        Ok(entries)
    }

    fn volumes(&self, book: &CaseNumber) -> Vec<CaseKey> {
        let serial = |nth: u32| book.serial() + nth * APART;
        (0..VOLUMES).map(|nth| self.key(&CaseNumber::new(book.prefix(), book.year(), serial(nth)))).collect()
    }
}
