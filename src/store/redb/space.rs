//! How much space the disk has left for the live store. redb does not outlive a disk that is full: a write that fails for want of
//! space closes the file until it is opened anew. So nothing is written where there may be too little; it is refused for the moment
//! instead, and the office stays open until somebody makes space.
//!
//! Two marks, so that what has been begun can be written down: below the first nothing is begun any more (no mail is taken in, no effect
//! handed out), below the second nothing is written at all. A mail must leave the first mark free, what is enclosed by what is in hand the
//! second.

use std::path::{Path, PathBuf};

use super::writer::Work;
use crate::engine::store::{Batch, DocumentWrite, NewRow, Settled, Settlement};
use crate::store::StoreError;

/// Bytes that must be free for anything to be begun. What comes of a letter or a reset takes some kilobytes: that of all hands at
/// work takes less than what lies between the two marks.
pub const TO_BEGIN: u64 = 16 << 20;
/// A transaction writes the pages on the way to what it changes anew, and what keeps account of free pages.
const TO_WRITE: u64 = 4 << 20;
/// What a transaction adds lies on pages that are part empty, and its sealed form is longer.
const SPREAD: u64 = 4;

/// The disk under a folder.
pub struct Space {
    folder: PathBuf,
}

impl Space {
    pub fn under(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Whether something new may be begun that takes so many bytes.
    pub fn to_begin(&self, bytes: u64) -> Result<(), StoreError> {
        self.holds(TO_BEGIN.saturating_add(bytes))
    }

    /// Whether contents of so many bytes may be written that belong to what is in hand.
    pub fn to_go_on(&self, bytes: u64) -> Result<(), StoreError> {
        self.holds(TO_WRITE.saturating_add(bytes))
    }

    /// Whether all of this may be written in one transaction.
    pub fn to_write<'w>(&self, work: impl Iterator<Item = &'w Work>) -> Result<(), StoreError> {
        let bytes: u64 = work.map(weight).sum();
        self.holds(TO_WRITE.saturating_add(bytes.saturating_mul(SPREAD)))
    }

    /// A file system that does not tell is trusted: its own error is as good.
    fn holds(&self, needed: u64) -> Result<(), StoreError> {
        let Ok(about) = rustix::fs::statvfs(&self.folder) else { return Ok(()) };
        let free = about.f_bavail.saturating_mul(about.f_frsize);
        if free >= needed {
            return Ok(());
        }
        let why = format!(
            "the disk is full ({} MB are free, {} MB are needed). Make space there; it goes on by itself",
            free / 1_000_000,
            needed.div_ceil(1_000_000)
        );
        Err(StoreError::File {
            doing: "write under",
            place: self.folder.display().to_string(),
            why,
            full: true,
            lasting: false,
        })
    }
}

/// The bytes that callers hand over; keys and numbers come on top and are small.
fn weight(work: &Work) -> u64 {
    let bytes = match work {
        Work::Steps(batches) => batches.iter().map(of_batch).sum(),
        Work::Settle(rows) => rows.iter().map(|(_, settlement)| of_settlement(settlement)).sum(),
        Work::Documents(writes) => of_documents(writes),
        Work::Adopt(filed) => of_batch(filed),
        Work::Remove(..) | Work::ExpireSecrets(_) | Work::Reseal { .. } | Work::FinishResealing => 0,
    };
    bytes as u64
}

fn of_batch(batch: &Batch) -> usize {
    let events: usize = batch.events.iter().map(Vec::len).sum();
    let settled: usize = batch.settle.iter().map(of_settlement).sum();
    batch.snapshot.len() + events + of_rows(&batch.outbox) + settled + of_documents(&batch.documents)
}

fn of_rows(rows: &[NewRow]) -> usize {
    rows.iter().map(|row| row.payload.len()).sum()
}

fn of_settlement(settlement: &Settlement) -> usize {
    match &settlement.how {
        Settled::Replaced { by } => of_rows(by),
        Settled::RetryAt { error, .. } => error.as_ref().map_or(0, String::len),
        Settled::Dead { error: text } | Settled::Held { why: text } => text.len(),
        Settled::Done | Settled::DueBy { .. } => 0,
    }
}

fn of_documents(writes: &[DocumentWrite]) -> usize {
    writes.iter().filter_map(|write| write.bytes.as_ref()).map(Vec::len).sum()
}
