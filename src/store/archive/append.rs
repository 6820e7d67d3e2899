//! What is written to an archive file: a dossier after all that is in it, in one transaction.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use redb::{ReadableTable, TableHandle, WriteTransaction};

use super::record::{
    ABOUT, Catalogue, DESTROYED, DOSSIERS, DossierRecord, KEYS, NUMBERS, PART, PARTS, SCHEMA, StoredItem, item_binding,
};
use super::volume::{is_ours, name_of};
use crate::engine::archive::ArchiveDossier;
use crate::engine::peril::{Moment, moment};
use crate::engine::store::JournalEntry;
use crate::store::StoreError;
use crate::store::folder::sync_folder;
use crate::store::quiet;
use crate::store::redb::tables::{Place, sortable};
use crate::store::redb::transaction::begin;
use crate::store::redb::{open_database, reason};
use crate::vault::{DossierKey, Keyring, Random, sha256};

/// A dossier to write with what only the store knows of it.
pub struct Writing<'a> {
    pub dossier: &'a ArchiveDossier,
    pub key: &'a DossierKey,
    pub journal: Vec<JournalEntry>,
}

/// Appends a dossier to a file. The first of a year begins a file, with `before` as the start of its chain; it gets its
/// name once the dossier is in it, so that a crash leaves no empty file to be taken for a damaged one.
pub fn append(
    path: &Path,
    year: i32,
    before: Option<[u8; 32]>,
    writing: &Writing<'_>,
    keyring: &Keyring,
    random: &dyn Random,
) -> Result<(), StoreError> {
    let write = |path: &Path| {
        let written = quiet::catch(|| write(path, year, before, writing, keyring, random));
        written.unwrap_or_else(|panic| Err(StoreError::damaged(name_of(path), reason(panic.as_ref()))))
    };
    if path.exists() {
        return write(path);
    }
    let begun = begun(path)?;
    write(&begun)?;
    fs::rename(&begun, path).map_err(|error| StoreError::file("rename", &begun, &error))?;
    moment(Moment::ArchiveNamed);
    path.parent().map_or(Ok(()), sync_folder)
}

/// Where a file is written that is to take this name; what a crash left there is removed.
pub fn begun(path: &Path) -> Result<PathBuf, StoreError> {
    let begun = path.with_extension("redb.new");
    match fs::remove_file(&begun) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(StoreError::file("remove", &begun, &error)),
        _ => Ok(begun),
    }
}

/// One transaction: a crash leaves the dossier there or not.
fn write(
    path: &Path,
    year: i32,
    before: Option<[u8; 32]>,
    writing: &Writing<'_>,
    keyring: &Keyring,
    random: &dyn Random,
) -> Result<(), StoreError> {
    let place = Place::of(&writing.dossier.key);
    let database = open_database(path)?;
    let transaction = begin(&database)?;
    all_tables(&transaction, path)?;
    {
        let mut about = transaction.open_table(ABOUT)?;
        let number =
            |bytes: Option<Vec<u8>>| bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes);
        let read = |name: &str| -> Result<Option<Vec<u8>>, StoreError> {
            Ok(about.get(name)?.map(|value| value.value().to_vec()))
        };
        let schema = read("schema")?;
        let fresh = schema.is_none();
        is_ours(path, number(schema))?;
        let end = End::of(path, &transaction, read("head")?)?;
        if fresh {
            about.insert("schema", SCHEMA.to_be_bytes().as_slice())?;
        }
        if fresh && end.last == 0 {
            about.insert("year", i64::from(year).to_be_bytes().as_slice())?;
            about.insert("before", before.as_ref().map_or(&[][..], <[u8; 32]>::as_slice))?;
        }
        let previous = end.hash.or(before).unwrap_or_default();
        let position = end.last + 1;
        let items = write_items(&transaction, position, &place, writing, random)?;
        let catalogue = serde_json::to_vec(&Catalogue::of(writing.dossier)).map_err(|error| {
            StoreError::Refused(format!(
                "The metadata of {} cannot be written: {error}",
                writing.dossier.register.number
            ))
        })?;
        let record = DossierRecord {
            office: place.office.clone(),
            number: sortable(&writing.dossier.register.number),
            register: writing.dossier.register.clone(),
            archived: writing.dossier.at,
            catalogue: writing.key.seal(random, &Catalogue::binding(&place), &catalogue),
            items,
            journal: writing.journal.clone(),
            previous,
        };
        let (bytes, hash) = record.write()?;
        let mut taken = transaction.open_table(DOSSIERS)?.insert(position, bytes.as_slice())?.is_some();
        transaction.open_table(NUMBERS)?.insert(place.number.as_str(), position)?;
        let wrapped = keyring.wrap(random, &place.owner(), writing.key);
        taken |= transaction.open_table(KEYS)?.insert(position, wrapped.as_slice())?.is_some();
        // Its tables are out of order: what is there would be lost.
        if taken {
            return Err(StoreError::damaged(name_of(path), "something lies where the next dossier would go"));
        }
        about.insert("count", position.to_be_bytes().as_slice())?;
        about.insert("head", hash.as_slice())?;
    }
    moment(Moment::DossierWritten);
    transaction.commit()?;
    moment(Moment::DossierCommitted);
    Ok(())
}

/// Where a file ends: the next dossier is written after all that is in it, and follows from its last one.
struct End {
    last: u64,
    /// Chain hash of the last dossier; `None` where there is none.
    hash: Option<[u8; 32]>,
}

impl End {
    /// What the file says of its end has no checksum, and each record has: a last record that reads is believed, and the head
    /// where it does not, or is not found. What differs was named by the day's look, and keeps no later dossier from being filed.
    fn of(path: &Path, transaction: &WriteTransaction, head: Option<Vec<u8>>) -> Result<Self, StoreError> {
        let file = name_of(path);
        let dossiers = transaction.open_table(DOSSIERS)?;
        let (held, record) = match dossiers.last()? {
            Some((position, record)) => (position.value(), Some(DossierRecord::read(record.value(), position.value()))),
            None => (0, None),
        };
        // A dossier whose record is not found would be written over, and its only key with it.
        let mut keys = 0;
        // All of them: one whose position changed stands out of order.
        for entry in transaction.open_table(KEYS)?.iter()? {
            keys = keys.max(entry?.0.value());
        }
        let parts = transaction.open_table(PARTS)?.last()?.map_or(0, |(place, _)| place.value().0);
        let last = held.max(keys).max(parts);
        if last == u64::MAX {
            return Err(StoreError::damaged(file, "its last position leaves no room"));
        }
        let head = head.and_then(|head| <[u8; 32]>::try_from(head).ok());
        let hash = match (record, head) {
            (None, head) => head,
            (Some(Ok((_, hash))), Some(head)) if head == hash => Some(hash),
            // The last record is not found, and the head is its hash.
            (Some(Ok(_)), Some(head)) if held < last => Some(head),
            (Some(Ok((_, hash))), _) => {
                tracing::error!(file, "the end of an archive file does not fit its last dossier, which is believed");
                Some(hash)
            }
            (Some(Err(error)), Some(head)) => {
                tracing::error!(file, "an archive file goes on after a damaged dossier: {error}");
                Some(head)
            }
            (Some(Err(error)), None) => return Err(error),
        };
        Ok(Self { last, hash })
    }
}

fn write_items(
    transaction: &WriteTransaction,
    position: u64,
    place: &Place,
    writing: &Writing<'_>,
    random: &dyn Random,
) -> Result<Vec<StoredItem>, StoreError> {
    let mut table = transaction.open_table(PARTS)?;
    let mut items = Vec::with_capacity(writing.dossier.items.len());
    for (index, item) in (0u32..).zip(&writing.dossier.items) {
        let sealed = writing.key.seal(random, &item_binding(place, index), &item.bytes);
        let mut parts = 0;
        for piece in sealed.chunks(PART) {
            if table.insert((position, index, parts), piece)?.is_some() {
                return Err(StoreError::damaged(
                    "the archive's parts",
                    "something lies where the next dossier would go",
                ));
            }
            parts += 1;
        }
        items.push(StoredItem { parts, length: sealed.len() as u64, sha256: sha256(&sealed) });
    }
    Ok(items)
}

/// The tables that a file begins with.
const TABLES: [&str; 5] = ["about", "dossiers", "keys", "numbers", "parts"];

/// A table whose name changed is not found, and a second one of that name would be begun beside it.
pub fn all_tables(transaction: &WriteTransaction, path: &Path) -> Result<(), StoreError> {
    let mut names: Vec<String> = transaction.list_tables()?.map(|table| table.name().to_owned()).collect();
    names.retain(|name| name != DESTROYED.name());
    names.sort();
    match names.is_empty() || names == TABLES {
        true => Ok(()),
        false => Err(StoreError::damaged(name_of(path), format!("its tables are {}", names.join(", ")))),
    }
}
