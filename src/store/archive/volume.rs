//! One archive file as it is read; [`super::append`] writes to it. Opened for each use and closed again, so that
//! `loket archive` and the daemon take turns. What is read is checked on the way; a damaged dossier is an error of
//! its own and never a panic, although redb may panic on altered pages.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use redb::{Database, ReadOnlyDatabase, ReadTransaction, ReadableDatabase, StorageBackend, TableError};

use super::aside::AsideFile;
use super::record::{
    ABOUT, Catalogue, DESTROYED, DOSSIERS, DossierRecord, KEYS, NUMBERS, PARTS, SCHEMA, StoredItem, item_binding,
};
use crate::engine::archive::{ArchiveLine, Destruction};
use crate::sop::names::Sha256Hex;
use crate::store::StoreError;
use crate::store::quiet;
use crate::store::redb::reason;
use crate::store::redb::tables::{Place, readable};
use crate::vault::{DossierKey, Keyring, hex, sha256, sha256_hex};

const CACHE: usize = 4 * 1024 * 1024;
/// A count beyond this is none of a year's dossiers.
const COUNTABLE: u64 = 1_000_000;

/// An archive file open for reading.
pub struct Volume {
    path: PathBuf,
    transaction: ReadTransaction,
    database: Held,
    /// The file is shorter than its head says.
    pub truncated: bool,
}

/// What the transaction reads from.
enum Held {
    AsItLies(#[expect(dead_code, reason = "kept open for the transaction")] ReadOnlyDatabase),
    RepairedAside(#[expect(dead_code, reason = "kept open for the transaction")] Database),
}

impl Volume {
    /// Opens a file for reading and leaves it as it is, also one that was truncated or left open by a crash.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let schema_of = |volume: Self| {
            is_ours(path, volume.about_number("schema")?)?;
            Ok(volume)
        };
        let as_it_lies = catch(path, || {
            let database = builder().open_read_only(path)?;
            Ok((database.begin_read()?, Held::AsItLies(database)))
        });
        let (transaction, held, truncated) = match as_it_lies {
            Ok((transaction, held)) => (transaction, held, false),
            Err(error @ StoreError::InUse { .. }) => return Err(error),
            Err(_) => Self::open_aside(path)?,
        };
        schema_of(Self { path: path.to_owned(), transaction, database: held, truncated })
    }

    fn open_aside(path: &Path) -> Result<(ReadTransaction, Held, bool), StoreError> {
        let aside = || {
            let file = File::open(path).map_err(|error| StoreError::file("open", path, &error))?;
            AsideFile::open(file).map_err(|error| StoreError::file("read", path, &error))
        };
        let file = aside()?;
        let truncated = file.truncated;
        let read_only = catch(path, || {
            let database = builder().open_read_only_with_backend(file)?;
            Ok((database.begin_read()?, Held::AsItLies(database)))
        });
        let (transaction, held) = match read_only {
            Ok(opened) => opened,
            Err(_) => {
                let file = aside()?;
                if file.len().is_ok_and(|length| length == 0) {
                    return Err(StoreError::damaged(path.display().to_string(), "the file is empty"));
                }
                catch(path, || {
                    let database = builder().create_with_backend(file)?;
                    Ok((database.begin_read()?, Held::RepairedAside(database)))
                })?
            }
        };
        Ok((transaction, held, truncated))
    }

    /// A killed daemon left it open: until it is put right, each look opens it aside and repairs it in memory.
    pub fn was_left_open(&self) -> bool {
        matches!(self.database, Held::RepairedAside(_)) && !self.truncated
    }

    pub fn name(&self) -> String {
        name_of(&self.path)
    }

    pub fn about(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.guarded("its head", || {
            Ok(self.transaction.open_table(ABOUT)?.get(name)?.map(|value| value.value().to_vec()))
        })
    }

    /// Where the file's chain begins; `None` where it began anew, since the file of the year before could not be read.
    pub fn begins(&self) -> Result<Option<[u8; 32]>, StoreError> {
        Ok(self.about("before")?.and_then(|before| before.try_into().ok()))
    }

    pub fn about_number(&self, name: &str) -> Result<u64, StoreError> {
        let bytes = self.about(name)?.unwrap_or_default();
        Ok(bytes.try_into().map(u64::from_be_bytes).unwrap_or(0))
    }

    pub fn position(&self, number: &str) -> Result<Option<u64>, StoreError> {
        self.guarded(number, || Ok(self.transaction.open_table(NUMBERS)?.get(number)?.map(|value| value.value())))
    }

    /// Numbers by position, as the number table tells; the register survives a damaged record so.
    pub fn numbers(&self) -> Result<Vec<(u64, String)>, StoreError> {
        let mut numbers: Vec<(u64, String)> = self.guarded("its table of numbers", || {
            let table = self.transaction.open_table(NUMBERS)?;
            table
                .range::<&str>(..)?
                .map(|entry| entry.map(|(key, value)| (value.value(), key.value().to_owned())))
                .collect::<Result<_, _>>()
                .map_err(StoreError::from)
        })?;
        numbers.sort();
        Ok(numbers)
    }

    /// Where dossiers lie.
    pub fn positions(&self) -> Result<Vec<u64>, StoreError> {
        self.guarded("its table of dossiers", || {
            let table = self.transaction.open_table(DOSSIERS)?;
            table.range::<u64>(..)?.map(|entry| Ok(entry?.0.value())).collect()
        })
    }

    /// Every place where a dossier lies or is said to lie, with the number that the table of numbers has for it. Either table
    /// may be unreadable, and where that of the dossiers is, the file's count tells how many there were.
    pub fn places(&self) -> Result<BTreeMap<u64, Option<String>>, StoreError> {
        let mut places = BTreeMap::new();
        let numbers = self.numbers();
        match self.positions() {
            Ok(positions) => places.extend(positions.into_iter().map(|position| (position, None))),
            Err(error) if numbers.is_err() => return Err(error),
            Err(_) => {
                let count = self.about_number("count").unwrap_or_default().min(COUNTABLE);
                places.extend((1..=count).map(|position| (position, None)));
            }
        }
        places.extend(numbers.unwrap_or_default().into_iter().map(|(position, number)| (position, Some(number))));
        Ok(places)
    }

    pub fn record(&self, position: u64) -> Result<(DossierRecord, [u8; 32]), StoreError> {
        self.guarded(&format!("the record at position {position}"), || {
            let table = self.transaction.open_table(DOSSIERS)?;
            let missing = || StoreError::damaged(format!("the record at position {position}"), "it is missing");
            DossierRecord::read(table.get(position)?.ok_or_else(missing)?.value(), position)
        })
    }

    /// The record that the table of numbers leads to, if it is that number's.
    pub fn record_of(&self, number: &str, position: u64) -> Result<(DossierRecord, [u8; 32]), StoreError> {
        let (record, hash) = self.record(position)?;
        if record.number != number {
            let thing = format!("dossier {}", readable(number));
            return Err(StoreError::damaged(thing, "the table of numbers leads to the record of another one"));
        }
        Ok((record, hash))
    }

    /// An item's sealed bytes, checked against the record.
    pub fn stored_item(&self, position: u64, index: u32, item: &StoredItem) -> Result<Vec<u8>, StoreError> {
        let thing = format!("item {} of the dossier at position {position}", index + 1);
        self.guarded(&thing, || {
            let table = self.transaction.open_table(PARTS)?;
            let mut bytes = Vec::new();
            for part in 0..item.parts {
                let missing = || StoreError::damaged(&thing, format!("part {} is missing", part + 1));
                bytes.extend_from_slice(table.get((position, index, part))?.ok_or_else(missing)?.value());
            }
            if bytes.len() as u64 != item.length || sha256(&bytes) != item.sha256 {
                return Err(StoreError::damaged(&thing, "its stored bytes have another hash"));
            }
            Ok(bytes)
        })
    }

    /// The dossier's key; `None` where it was destroyed.
    pub fn key(&self, position: u64, place: &Place, keyring: &Keyring) -> Result<Option<DossierKey>, StoreError> {
        let thing = format!("the key of dossier {}", readable(&place.number));
        self.guarded(&thing, || {
            let table = self.transaction.open_table(KEYS)?;
            let Some(wrapped) = table.get(position)? else { return Ok(None) };
            let damaged = |_| StoreError::damaged(&thing, "it does not open with this master key");
            keyring.unwrap(&place.owner(), wrapped.value()).map(Some).map_err(damaged)
        })
    }

    /// Whether the dossier has a key; which one needs no key to see.
    pub fn has_key(&self, position: u64) -> Result<bool, StoreError> {
        self.guarded("the table of keys", || Ok(self.transaction.open_table(KEYS)?.get(position)?.is_some()))
    }

    /// Why the dossier's key is gone; `None` where nobody destroyed it.
    pub fn destruction(&self, position: u64) -> Result<Option<Destruction>, StoreError> {
        let thing = format!("the record of the destruction at position {position}");
        self.guarded(&thing, || {
            let table = match self.transaction.open_table(DESTROYED) {
                Err(TableError::TableDoesNotExist(_)) => return Ok(None),
                opened => opened?,
            };
            let Some(told) = table.get(position)? else { return Ok(None) };
            serde_json::from_slice(told.value()).map(Some).map_err(|_| StoreError::damaged(&thing, "it does not read"))
        })
    }

    pub fn catalogue(&self, record: &DossierRecord, key: &DossierKey) -> Result<Catalogue, StoreError> {
        let thing = format!("the catalogue of dossier {}", record.number);
        let plain = key
            .open(&Catalogue::binding(&record.place()), &record.catalogue)
            .map_err(|_| StoreError::damaged(&thing, "its seal does not open"))?;
        serde_json::from_slice(&plain).map_err(|_| StoreError::damaged(&thing, "it does not read"))
    }

    /// An item's plain bytes, checked against the catalogue.
    pub fn item(
        &self,
        position: u64,
        record: &DossierRecord,
        key: &DossierKey,
        index: u32,
        expected: &Sha256Hex,
    ) -> Result<Vec<u8>, StoreError> {
        let thing = format!("item {} of dossier {}", index + 1, record.number);
        let stored = record.items.get(index as usize).ok_or_else(|| StoreError::damaged(&thing, "it is missing"))?;
        let sealed = self.stored_item(position, index, stored)?;
        let plain = key
            .open(&item_binding(&record.place(), index), &sealed)
            .map_err(|_| StoreError::damaged(&thing, "its seal does not open"))?;
        if sha256_hex(&plain) != *expected {
            return Err(StoreError::damaged(thing, "its bytes have another hash"));
        }
        Ok(plain)
    }

    pub fn line(&self, position: u64, record: &DossierRecord, hash: &[u8; 32]) -> ArchiveLine {
        ArchiveLine {
            register: record.register.clone(),
            file: self.name(),
            position,
            archived: record.archived,
            items: record.items.len(),
            hash: Sha256Hex(hex(hash)),
            destroyed: self.destruction(position).unwrap_or_default(),
        }
    }

    /// Reads with every failure, a panic of redb included, as damage of that thing alone.
    fn guarded<T>(&self, thing: &str, read: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let what = match quiet::catch(read) {
            Ok(Err(StoreError::Storage { why, .. })) => why,
            Ok(answer) => return answer,
            Err(panic) => reason(panic.as_ref()),
        };
        Err(StoreError::damaged(format!("{thing} in {}", self.name()), what))
    }
}

fn builder() -> redb::Builder {
    let mut builder = redb::Builder::new();
    builder.set_cache_size(CACHE);
    builder
}

/// Every failure to open is damage of this file alone, a panic included: redb may panic on a file that was altered
/// behind its back.
fn catch<T>(path: &Path, open: impl FnOnce() -> Result<T, redb::Error>) -> Result<T, StoreError> {
    let place = path.display().to_string();
    match quiet::catch(open) {
        Ok(Ok(opened)) => Ok(opened),
        Ok(Err(redb::Error::DatabaseAlreadyOpen)) => {
            Err(StoreError::InUse { place, holder: "another process".to_owned() })
        }
        Ok(Err(error)) => Err(StoreError::damaged(place, error.to_string())),
        Err(panic) => Err(StoreError::damaged(place, reason(panic.as_ref()))),
    }
}

pub fn is_ours(path: &Path, schema: u64) -> Result<(), StoreError> {
    if schema <= SCHEMA {
        return Ok(());
    }
    let text = format!("{} was written by a newer Loket (schema {schema}). Use that one", path.display());
    Err(StoreError::Refused(text))
}

pub fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Where a file ends: by its head, if that is the hash of a record; else by the last one that reads. `None`: nobody can tell.
pub fn end_of(path: &Path) -> Result<Option<[u8; 32]>, StoreError> {
    let volume = Volume::open(path)?;
    let head: Option<[u8; 32]> = volume.about("head").ok().flatten().and_then(|head| head.try_into().ok());
    let places = volume.places().unwrap_or_default();
    let hashes: Vec<_> = places.keys().filter_map(|position| Some(volume.record(*position).ok()?.1)).collect();
    Ok(head.filter(|head| hashes.contains(head)).or(hashes.last().copied()).or(head))
}

/// Whether a file ends with this hash, or did before it went on.
pub fn holds(path: &Path, hash: [u8; 32]) -> Result<bool, StoreError> {
    let volume = Volume::open(path)?;
    let is_head = volume.about("head")?.is_some_and(|head| head == hash);
    let has = |position: u64| volume.record(position).is_ok_and(|(_, of)| of == hash);
    Ok(is_head || volume.places()?.into_keys().any(has))
}
