//! A live store in a temporary folder, under a known master key.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use loket::engine::store::{Batch, CaseKey, NewRow, Tag};
use loket::sop::names::{CaseNumber, OfficeId};
use loket::store::redb::RedbStore;
use loket::store::{StateFolder, StoreError};
use loket::vault::{Keyring, MasterKey, OsRandom, Random};

pub fn keyring() -> Keyring {
    Keyring::new(&MasterKey::parse(&[7u8; 32]).expect("32 bytes"))
}

pub fn try_open(state: &Path) -> Result<RedbStore, StoreError> {
    RedbStore::open(Arc::new(StateFolder::take(state)?), keyring(), Arc::new(OsRandom))
}

pub fn open(state: &Path) -> RedbStore {
    try_open(state).expect("the store opens")
}

pub fn office() -> OfficeId {
    OfficeId("bpbj".to_owned())
}

pub fn key(serial: u32) -> CaseKey {
    CaseKey { office: office(), number: CaseNumber::new("LPSE", 2026, serial) }
}

pub fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_794_000_000 + seconds, 0).expect("a time of our years")
}

/// A step that writes its version as the snapshot and one event.
pub fn step(serial: u32, expected: u64) -> Batch {
    let text = format!("case {serial} at {}", expected + 1).into_bytes();
    Batch { events: vec![text.clone()], ..Batch::new(key(serial), expected, at(0), text) }
}

pub fn row(id: &str, due: i64) -> NewRow {
    NewRow {
        id: id.to_owned(),
        kind: "letter".to_owned(),
        due: at(due),
        payload: format!("payload of {id}").into_bytes(),
    }
}

pub fn tag(family: &str, value: &str, set: bool) -> Tag {
    Tag { family: family.to_owned(), value: value.to_owned(), set }
}

/// Every file under a folder.
pub fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder that is there").flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found
}

/// Kills its process at the n-th draw: whatever seals dies in the middle of its transaction.
pub struct Dying(AtomicU64);

impl Dying {
    pub fn at(draw: u64) -> Self {
        Self(AtomicU64::new(draw))
    }
}

impl Random for Dying {
    fn fill(&self, bytes: &mut [u8]) {
        if self.0.fetch_sub(1, Ordering::Relaxed) == 1 {
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL).expect("it may");
        }
        OsRandom.fill(bytes);
    }
}
