//! Backup: one file with a copy of one moment, taken through a read transaction while work goes on, content files
//! with it. Secrets stay out: a temporary password that is on its way is re-issued after a restore, not restored.
//! The copy is read back before it gets its name.

use std::fs;
use std::path::Path;
use std::sync::PoisonError;

use redb::{
    Database, Key, ReadTransaction, ReadableDatabase, ReadableTableMetadata, TableDefinition, TableHandle, Value,
    WriteTransaction,
};

use super::StoreError;
use super::folder::sync_folder;
use super::redb::records::ContentRecord;
use super::redb::tables::{
    self, CASE_LINKS, CASES, CONTENTS, DOCUMENTS, DUE, EVENTS, GONE, JOURNAL, KEYS, LINKS, META, Place, ROWS, SEEN,
    SERIES, STUCK, TAGS, readable,
};
use super::redb::transaction::begin;
use super::redb::{Inner, open_database, verify_journal};
use super::sound;
use crate::engine::casebook::is_book;
use crate::engine::store::{BackupReport, Damage};
use crate::sop::names::Sha256Hex;
use crate::vault::sha256;

/// (office, number, SHA-256 of the plain bytes, part) → sealed bytes.
pub(super) const CONTENT_BYTES: TableDefinition<(&str, &str, &str, u32), &[u8]> = TableDefinition::new("content_bytes");
/// redb gives a value pages of a power of two: a part must leave room for its key and the page's head.
pub(super) const PART: usize = 63 * 1024;
/// Bytes in one transaction while contents are copied.
pub(super) const BATCH: usize = 16 * 1024 * 1024;

/// Copies every table that a backup holds.
pub(super) fn copy_tables(from: &ReadTransaction, to: &WriteTransaction) -> Result<(), StoreError> {
    copy(META, from, to)?;
    copy(KEYS, from, to)?;
    copy(CASES, from, to)?;
    copy(GONE, from, to)?;
    copy(JOURNAL, from, to)?;
    copy(EVENTS, from, to)?;
    copy(ROWS, from, to)?;
    copy(DUE, from, to)?;
    copy(STUCK, from, to)?;
    copy(SEEN, from, to)?;
    copy(TAGS, from, to)?;
    copy(LINKS, from, to)?;
    copy(CASE_LINKS, from, to)?;
    copy(CONTENTS, from, to)?;
    copy(SERIES, from, to)?;
    copy(DOCUMENTS, from, to)
}

pub(super) fn copy<K: Key + 'static, V: Value + 'static>(
    table: TableDefinition<'static, K, V>,
    from: &ReadTransaction,
    to: &WriteTransaction,
) -> Result<(), StoreError> {
    let source = from.open_table(table)?;
    let mut target = to.open_table(table)?;
    for entry in source.range::<K::SelfType<'_>>(..)? {
        let (key, value) = entry?;
        target.insert(key.value(), value.value())?;
    }
    if source.len()? != target.len()? {
        return Err(StoreError::storage("copying a table", format!("{} has another length", table.name())));
    }
    Ok(())
}

/// Writes a backup to `file`, which must not exist.
pub(super) fn write(inner: &Inner, file: &Path) -> Result<BackupReport, StoreError> {
    if file.exists() {
        return Err(StoreError::Refused(format!("{} exists already. Name a new file", file.display())));
    }
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = file.with_file_name(name);
    let removed = match fs::remove_file(&part) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    };
    removed.map_err(|error| StoreError::file("replace", &part, &error))?;
    let report = write_part(inner, &part).inspect_err(|_| {
        // What is left of a failed backup is of no use to anybody.
        let _ = fs::remove_file(&part);
    })?;
    fs::rename(&part, file).map_err(|error| StoreError::file("name", file, &error))?;
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        sync_folder(folder)?;
    }
    Ok(report)
}

fn write_part(inner: &Inner, part: &Path) -> Result<BackupReport, StoreError> {
    let _files_stay = inner.keeping.read().unwrap_or_else(PoisonError::into_inner);
    let from = inner.database.begin_read()?;
    // A failing disk under the backup is not a failing store: it must not stop the daemon.
    let (cases, contents, damaged) = copy_and_check(inner, &from, part).map_err(|error| error.beside(part))?;
    let bytes = fs::metadata(part).map_err(|error| StoreError::file("read", part, &error))?.len();
    Ok(BackupReport { cases, contents, bytes, damaged })
}

fn copy_and_check(inner: &Inner, from: &ReadTransaction, part: &Path) -> Result<(u64, u64, Vec<Damage>), StoreError> {
    let to = open_database(part)?;
    let transaction = begin(&to)?;
    copy_tables(from, &transaction)?;
    transaction.commit()?;
    copy_contents(inner, from, &to)?;
    drop(to);
    let (cases, contents) = check(part)?;
    let damaged = sound::damage(&open_database(part)?.begin_read()?, &inner.keyring)?;
    Ok((cases, contents, damaged))
}

fn copy_contents(inner: &Inner, from: &ReadTransaction, to: &Database) -> Result<(), StoreError> {
    let mut transaction = begin(to)?;
    transaction.open_table(CONTENT_BYTES)?;
    let mut waiting = 0;
    for entry in from.open_table(CONTENTS)?.range::<(&str, &str, &str)>(..)? {
        let (key, _) = entry?;
        let (office, number, hash) = key.value();
        let place = Place { office: office.to_owned(), number: number.to_owned() };
        let missing =
            || StoreError::damaged(format!("content {hash} of case {}", readable(number)), "its file is missing");
        let bytes = inner.contents.read(&place, &Sha256Hex(hash.to_owned()))?.ok_or_else(missing)?;
        {
            let mut table = transaction.open_table(CONTENT_BYTES)?;
            for (index, piece) in (0u32..).zip(bytes.chunks(PART)) {
                table.insert((office, number, hash, index), piece)?;
            }
        }
        waiting += bytes.len();
        if waiting > BATCH {
            transaction.commit()?;
            transaction = begin(to)?;
            waiting = 0;
        }
    }
    transaction.commit()?;
    Ok(())
}

/// Reads a backup as a restore would: the journal's chain and every content's hash. Returns how many cases and
/// contents it holds.
pub(super) fn check(file: &Path) -> Result<(u64, u64), StoreError> {
    let database = open_database(file)?;
    let transaction = database.begin_read()?;
    let thing = format!("the backup {}", file.display());
    let mut damage = Vec::new();
    verify_journal(&transaction, &mut damage)?;
    if let Some(first) = damage.first() {
        return Err(StoreError::damaged(thing, format!("{}: {}", first.thing, first.what)));
    }
    let contents = transaction.open_table(CONTENTS)?;
    for entry in contents.range::<(&str, &str, &str)>(..)? {
        let (key, value) = entry?;
        let (office, number, hash) = key.value();
        let bytes = content_bytes(&transaction, office, number, hash)?;
        if sha256(&bytes) != ContentRecord::read(value.value())?.stored {
            return Err(StoreError::damaged(
                thing,
                format!("content {hash} of case {} has another hash", readable(number)),
            ));
        }
    }
    Ok((cases(&transaction)?, contents.len()?))
}

/// How many cases there are. The office's own books lie among them and are none.
pub(super) fn cases(transaction: &ReadTransaction) -> Result<u64, StoreError> {
    let mut cases = 0;
    for entry in transaction.open_table(CASES)?.range::<(&str, &str)>(..)? {
        let (key, _) = entry?;
        let (_, number) = key.value();
        let book = tables::number(number).is_some_and(|number| is_book(&number));
        cases += u64::from(!book);
    }
    Ok(cases)
}

/// The sealed bytes of a content as the backup holds them.
pub(super) fn content_bytes(
    transaction: &ReadTransaction,
    office: &str,
    number: &str,
    hash: &str,
) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    let table = transaction.open_table(CONTENT_BYTES)?;
    for entry in table.range((office, number, hash, 0)..=(office, number, hash, u32::MAX))? {
        bytes.extend_from_slice(entry?.1.value());
    }
    Ok(bytes)
}
