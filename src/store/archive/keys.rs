//! What is done later to the keys of an archive file, which lie outside its chain: a dossier's is destroyed, or all are
//! wrapped anew under another master key. redb writes a page anew instead of over the old one, so what was removed still
//! stands on freed pages, also after compacting: the file is then written anew as a whole and takes the old one's place.

use std::fs;
use std::path::Path;

use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableError};

use super::append::{all_tables, begun};
use super::record::{ABOUT, DESTROYED, DOSSIERS, DossierRecord, KEYS, NUMBERS, PARTS};
use crate::engine::archive::Destruction;
use crate::store::StoreError;
use crate::store::backup::{BATCH, copy};
use crate::store::folder::sync_folder;
use crate::store::redb::tables::readable;
use crate::store::redb::transaction::begin;
use crate::store::redb::{Resealed, open_database};
use crate::vault::{Keyring, Random};

/// Removes a dossier's key and says why, in one transaction. Done again, it finishes what a crash left.
pub fn destroy(path: &Path, position: u64, why: &Destruction) -> Result<(), StoreError> {
    let told = serde_json::to_vec(why)
        .map_err(|error| StoreError::Refused(format!("The record of a destruction cannot be written: {error}")))?;
    let database = open_database(path)?;
    let transaction = begin(&database)?;
    all_tables(&transaction, path)?;
    {
        let had_key = transaction.open_table(KEYS)?.remove(position)?.is_some();
        let mut destroyed = transaction.open_table(DESTROYED)?;
        let is_told = destroyed.get(position)?.is_some();
        // It lies under another position, and would stay.
        if !had_key && !is_told {
            return Err(StoreError::damaged(
                format!("the key of the dossier at position {position}"),
                "it is not there",
            ));
        }
        if !is_told {
            destroyed.insert(position, told.as_slice())?;
        }
    }
    transaction.commit()?;
    write_anew(&database, path)
}

/// In [`ABOUT`] while keys are renewed and the file is not yet written anew.
const RENEWED: &str = "renewed";

/// Wraps every dossier's key under the newest master key, in one transaction: a crash leaves all of them as they were. One
/// that comes before the file was written anew is made good by the next call.
pub fn reseal(path: &Path, keyring: &Keyring, random: &dyn Random) -> Result<Resealed, StoreError> {
    let mut done = Resealed::default();
    let database = open_database(path)?;
    let transaction = begin(&database)?;
    all_tables(&transaction, path)?;
    {
        let mut keys = transaction.open_table(KEYS)?;
        let dossiers = transaction.open_table(DOSSIERS)?;
        let (mut renewed, mut last) = (Vec::new(), 0);
        for entry in keys.iter()? {
            let (position, wrapped) = entry?;
            // A key would be written over another.
            if std::mem::replace(&mut last, position.value()) >= position.value() {
                return Err(StoreError::damaged(path.display().to_string(), "its keys are out of order"));
            }
            let missing =
                || StoreError::damaged(format!("the record at position {}", position.value()), "it is missing");
            let record = dossiers.get(position.value())?.ok_or_else(missing);
            // A damaged dossier must not keep the others under the earlier key.
            let place = match record.and_then(|record| DossierRecord::read(record.value(), position.value())) {
                Ok((record, _)) => record.place(),
                Err(error) => {
                    done.unopened += 1;
                    tracing::error!("the key of a damaged dossier stays as it is: {error}");
                    continue;
                }
            };
            let thing = format!("the key of dossier {}", readable(&place.number));
            let wrapped = keyring.rewrap(random, &place.owner(), wrapped.value());
            renewed.extend(done.count(&thing, wrapped).map(|bytes| (position.value(), bytes)));
        }
        for (position, bytes) in &renewed {
            keys.insert(position, bytes.as_slice())?;
        }
    }
    let half_done = {
        let mut about = transaction.open_table(ABOUT)?;
        if done.renewed > 0 {
            about.insert(RENEWED, [1].as_slice())?;
        }
        about.get(RENEWED)?.is_some()
    };
    if !half_done {
        transaction.abort()?;
        return Ok(done);
    }
    transaction.commit()?;
    write_anew(&database, path)?;
    Ok(done)
}

/// Copies what the file holds into a new one that takes its place; a crash leaves either of them whole.
fn write_anew(database: &Database, path: &Path) -> Result<(), StoreError> {
    let begun = begun(path)?;
    let from = database.begin_read()?;
    let to = open_database(&begun)?;
    let transaction = begin(&to)?;
    copy(ABOUT, &from, &transaction)?;
    transaction.open_table(ABOUT)?.remove(RENEWED)?;
    copy(DOSSIERS, &from, &transaction)?;
    copy(NUMBERS, &from, &transaction)?;
    copy(KEYS, &from, &transaction)?;
    match from.open_table(DESTROYED) {
        Err(TableError::TableDoesNotExist(_)) => {}
        _ => copy(DESTROYED, &from, &transaction)?,
    }
    transaction.commit()?;
    copy_parts(&from, &to)?;
    drop(to);
    fs::rename(&begun, path).map_err(|error| StoreError::file("rename", &begun, &error))?;
    path.parent().map_or(Ok(()), sync_folder)
}

fn copy_parts(from: &ReadTransaction, to: &Database) -> Result<(), StoreError> {
    let mut transaction = begin(to)?;
    transaction.open_table(PARTS)?;
    let mut waiting = 0;
    for entry in from.open_table(PARTS)?.iter()? {
        let (key, value) = entry?;
        transaction.open_table(PARTS)?.insert(key.value(), value.value())?;
        waiting += value.value().len();
        if waiting > BATCH {
            transaction.commit()?;
            transaction = begin(to)?;
            waiting = 0;
        }
    }
    transaction.commit()?;
    let copied = to.begin_read()?.open_table(PARTS)?.len()?;
    if from.open_table(PARTS)?.len()? != copied {
        return Err(StoreError::storage("copying a table", "parts has another length"));
    }
    Ok(())
}
