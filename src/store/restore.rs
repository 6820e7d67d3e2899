//! Restore: a backup becomes the live store of a state folder nobody works in. The new store is built whole beside
//! the old one and takes its place by a rename; the old one stays until somebody removes it. A restored store begins
//! a new epoch: links from before are void, and every outbox row is held until a person has looked whether its effect
//! happened after the backup was taken.

use std::fs;
use std::path::{Path, PathBuf};

use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata};

use super::StoreError;
use super::backup::{self, content_bytes, copy_tables};
use super::contents::{ContentFolder, SealedContent};
use super::folder::{StateFolder, create_private, sync_folder};
use super::redb::open_database;
use super::redb::records::{LinkRecord, RowRecord};
use super::redb::schema::{WRONG_KEY, fingerprints};
use super::redb::tables::{CASES, CONTENTS, META, Place, SCHEMA, readable};
use super::redb::transaction::{Tables, begin};
use crate::engine::store::{LinkState, RowState};
use crate::sop::names::Sha256Hex;
use crate::vault::{Keyring, Random};

const HELD: &str = "Held by a restore: look whether this happened after the backup was taken, then retry or drop it";

/// Content files that share a flush.
const WRITTEN_TOGETHER: usize = 32;

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreReport {
    pub cases: u64,
    pub contents: u64,
    pub links_voided: u64,
    pub rows_held: u64,
    pub epoch: u64,
    /// Where the store that stood here before was put.
    pub replaced: Option<PathBuf>,
}

/// Puts a backup in the place of the live store. Refused over newer or other data unless `force`.
pub fn restore(
    folder: &StateFolder,
    keyring: &Keyring,
    random: &dyn Random,
    file: &Path,
    force: bool,
) -> Result<RestoreReport, StoreError> {
    if !file.is_file() {
        return Err(StoreError::Refused(format!("There is no backup at {}. Name the file", file.display())));
    }
    finish_interrupted(folder.path())?;
    let (cases, contents) = backup::check(file)?;
    let source = open_database(file)?;
    let transaction = source.begin_read()?;
    let meta = Standing::of(&transaction)?;
    if meta.schema > u64::from(SCHEMA) {
        return Err(StoreError::Refused("The backup was written by a newer Loket. Restore it with that".to_owned()));
    }
    let at_hand = keyring.fingerprints();
    if !fingerprints(&meta.fingerprint).is_some_and(|sealed_under| sealed_under.iter().all(|one| at_hand.contains(one)))
    {
        return Err(StoreError::Refused(WRONG_KEY.to_owned()));
    }
    let present = present(&folder.live(), &meta, force)?;
    let epoch = present.max(meta.epoch) + 1;

    let building = folder.path().join("restoring");
    create_private(&building)?;
    let database = open_database(&building.join("loket.redb"))?;
    let (links_voided, rows_held) = fill(&transaction, &database, keyring, random, epoch)?;
    write_contents(&transaction, &ContentFolder::open(building.join("contents"))?)?;
    drop(database);
    let replaced = take_place(folder, &building)?;
    Ok(RestoreReport { cases, contents, links_voided, rows_held, epoch, replaced })
}

/// Completes a restore that was cut between its two renames, and clears away one that was cut before.
pub(super) fn finish_interrupted(state: &Path) -> Result<(), StoreError> {
    let (live, building) = (state.join("live"), state.join("restoring"));
    if !building.exists() {
        return Ok(());
    }
    if !live.exists() && building.join("complete").exists() {
        fs::rename(&building, &live).map_err(|error| StoreError::file("rename", &building, &error))?;
        return sync_folder(state);
    }
    fs::remove_dir_all(&building).map_err(|error| StoreError::file("remove", &building, &error))
}

/// What identifies a store and tells how far it is.
struct Standing {
    schema: u64,
    store: Vec<u8>,
    written: u64,
    epoch: u64,
    fingerprint: Vec<u8>,
    cases: u64,
}

impl Standing {
    fn of(transaction: &ReadTransaction) -> Result<Self, StoreError> {
        let meta = transaction.open_table(META)?;
        let bytes = |name: &str| -> Result<Vec<u8>, StoreError> {
            Ok(meta.get(name)?.map(|value| value.value().to_vec()).unwrap_or_default())
        };
        let number = |name: &str| -> Result<u64, StoreError> {
            Ok(bytes(name)?.try_into().map(u64::from_be_bytes).unwrap_or(0))
        };
        Ok(Self {
            schema: number("schema")?,
            store: bytes("store")?,
            written: number("written")?,
            epoch: number("epoch")?,
            fingerprint: bytes("fingerprint")?,
            cases: transaction.open_table(CASES)?.len()?,
        })
    }
}

/// Looks at the store that stands here, and returns its epoch; refuses where it would be a loss.
fn present(live: &Path, backup: &Standing, force: bool) -> Result<u64, StoreError> {
    let file = live.join("loket.redb");
    if !file.exists() {
        return Ok(0);
    }
    let standing = open_database(&file).and_then(|database| Standing::of(&database.begin_read()?));
    let refused =
        |why: &str| Err(StoreError::Refused(format!("{why}. Repeat with --force to put the backup in its place")));
    match standing {
        Ok(standing) if force => Ok(standing.epoch),
        Err(_) if force => Ok(0),
        Err(error) => refused(&format!("The present store cannot be read ({error})")),
        Ok(standing) if standing.store != backup.store && standing.cases > 0 => {
            refused(&format!("The present store is another one, with {} cases", standing.cases))
        }
        Ok(standing) if standing.store == backup.store && standing.written > backup.written => {
            let newer = standing.written - backup.written;
            refused(&format!("The present store is newer than the backup by {newer} commits"))
        }
        Ok(standing) => Ok(standing.epoch),
    }
}

fn fill(
    from: &ReadTransaction,
    to: &Database,
    keyring: &Keyring,
    random: &dyn Random,
    epoch: u64,
) -> Result<(u64, u64), StoreError> {
    let transaction = begin(to)?;
    copy_tables(from, &transaction)?;
    let counts = {
        let mut tables = Tables::open(&transaction)?;
        tables.set_number("epoch", epoch)?;
        (void_links(&mut tables)?, hold_rows(&mut tables, keyring, random)?)
    };
    transaction.commit()?;
    Ok(counts)
}

fn void_links(tables: &mut Tables<'_>) -> Result<u64, StoreError> {
    let mut live = Vec::new();
    for entry in tables.links.iter()? {
        let (hash, value) = entry?;
        let link = LinkRecord::read(value.value())?;
        if link.state == LinkState::Live {
            live.push((*hash.value(), link));
        }
    }
    for (hash, link) in &mut live {
        link.state = LinkState::Void;
        tables.links.insert(&*hash, link.write().as_slice())?;
    }
    Ok(live.len() as u64)
}

fn hold_rows(tables: &mut Tables<'_>, keyring: &Keyring, random: &dyn Random) -> Result<u64, StoreError> {
    let mut waiting = Vec::new();
    for entry in tables.rows.iter()? {
        let (key, value) = entry?;
        let (office, number, id) = key.value();
        let place = Place { office: office.to_owned(), number: number.to_owned() };
        let row = RowRecord::read(value.value(), &place, id)?;
        if row.state == RowState::Waiting {
            waiting.push((place, id.to_owned(), row));
        }
    }
    for (place, id, row) in &mut waiting {
        let (office, number) = place.key();
        let damaged =
            || StoreError::damaged(format!("the key of case {}", readable(number)), "it is missing or does not open");
        let wrapped = tables.keys.get((office, number))?.map(|value| value.value().to_vec()).ok_or_else(damaged)?;
        let key = keyring.unwrap(&place.owner(), &wrapped).map_err(|_| damaged())?;
        row.state = RowState::Held;
        row.sealed_note = Some(key.seal(random, &RowRecord::note_binding(place, id), HELD.as_bytes()));
        tables.due.remove((row.due.timestamp_micros(), office, number, id.as_str()))?;
        tables.stuck.insert((office, number, id.as_str()), ())?;
        tables.rows.insert((office, number, id.as_str()), row.write().as_slice())?;
    }
    Ok(waiting.len() as u64)
}

fn write_contents(from: &ReadTransaction, to: &ContentFolder) -> Result<(), StoreError> {
    let mut together = Vec::with_capacity(WRITTEN_TOGETHER);
    for entry in from.open_table(CONTENTS)?.range::<(&str, &str, &str)>(..)? {
        let (key, _) = entry?;
        let (office, number, hash) = key.value();
        let bytes = content_bytes(from, office, number, hash)?;
        let place = Place { office: office.to_owned(), number: number.to_owned() };
        together.push(SealedContent { place, hash: Sha256Hex(hash.to_owned()), bytes });
        if together.len() == WRITTEN_TOGETHER {
            to.write(&together)?;
            together.clear();
        }
    }
    to.write(&together)
}

/// The swap: mark the new store complete, move the old one aside, move the new one in. [`finish_interrupted`] knows
/// what a crash in between leaves.
fn take_place(folder: &StateFolder, building: &Path) -> Result<Option<PathBuf>, StoreError> {
    let failed = |place: &Path| {
        let place = place.to_owned();
        move |error: std::io::Error| StoreError::file("rename", &place, &error)
    };
    fs::write(building.join("complete"), b"").map_err(failed(building))?;
    sync_folder(building)?;
    let live = folder.live();
    let mut replaced = None;
    if live.exists() {
        let aside = (1..).map(|n| folder.path().join(format!("replaced-{n}"))).find(|path| !path.exists());
        let aside = aside.ok_or_else(|| StoreError::Refused("Remove the folders replaced-* first".to_owned()))?;
        fs::rename(&live, &aside).map_err(failed(&live))?;
        sync_folder(folder.path())?;
        replaced = Some(aside);
    }
    fs::rename(building, &live).map_err(failed(building))?;
    sync_folder(folder.path())?;
    Ok(replaced)
}
