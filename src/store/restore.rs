//! Restore: a backup becomes the live store of a state folder nobody works in. The new store is built whole beside
//! the old one and takes its place by a rename; the old one stays until somebody removes it. A restored store begins
//! a new epoch: links from before are void, and every outbox row is held until a person has looked whether its effect
//! happened after the backup was taken.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable};

use super::StoreError;
use super::backup::{self, content_bytes, copy_tables};
use super::contents::{ContentFolder, SealedContent};
use super::folder::{StateFolder, create_private, sync_folder};
use super::redb::records::{LinkRecord, RowRecord};
use super::redb::schema::{fingerprints, pin_anew};
use super::redb::tables::{self, CONTENTS, JOURNAL, META, Place, SCHEMA, SERIES};
use super::redb::transaction::{Tables, begin};
use super::redb::{open_database, reason};
use super::{quiet, sound};
use crate::engine::casebook::is_book;
use crate::engine::store::{Damage, LinkState, RowState, TIME_SEEN};
use crate::sop::names::{CaseNumber, OfficeId, Sha256Hex};
use crate::vault::{Keyring, Random};

const HELD: &str = "Held by a restore: look whether this happened after the backup was taken, then retry or drop it";

/// Content files that share a flush.
const WRITTEN_TOGETHER: usize = 32;

/// Numbers left out, once or up to [`GAPS`] times, where nobody can tell which were given out after the backup was taken.
const GAP: u32 = 1000;
const GAPS: u64 = 9;

/// By up to so much an epoch is further on than the one before: whoever restores a backup twice cannot tell what the first of
/// the two machines gave out.
const STRIDE: u64 = 1000;

/// How a backup is brought back.
#[derive(Clone, Copy)]
pub struct Restoring<'a> {
    pub keyring: &'a Keyring,
    pub random: &'a dyn Random,
    /// The backup.
    pub file: &'a Path,
    /// Also over newer or other data.
    pub force: bool,
    /// The year it is: numbers of this year may have been given out since.
    pub year: i32,
    /// The office and the prefix of its numbers: those of a series that the backup does not know may have been given out too.
    pub series: Option<(&'a OfficeId, &'a str)>,
}

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
    /// What was damaged when the backup was taken, and came back so.
    pub damaged: Vec<Damage>,
    /// Series in which numbers are left out, with the last of these.
    pub numbers: BTreeMap<String, u32>,
}

/// Puts a backup in the place of the live store. Refused over newer or other data unless `force`.
pub fn restore(folder: &StateFolder, restoring: &Restoring<'_>) -> Result<RestoreReport, StoreError> {
    restore_then(folder, restoring, || Ok(()))
}

/// [`restore`] that calls `ready` once the new store is whole, right before it takes its place.
pub(super) fn restore_then(
    folder: &StateFolder,
    restoring: &Restoring<'_>,
    ready: impl FnOnce() -> Result<(), StoreError>,
) -> Result<RestoreReport, StoreError> {
    let Restoring { keyring, random, file, force, .. } = *restoring;
    is_there(file)?;
    finish_interrupted(folder.path())?;
    let (cases, contents) = backup::check(file)?;
    let source = open_database(file)?;
    let transaction = source.begin_read()?;
    let meta = Standing::of(&transaction)?;
    if meta.schema > u64::from(SCHEMA) {
        return Err(StoreError::Refused("The backup was written by a newer Loket. Restore it with that".to_owned()));
    }
    if meta.schema == 0 {
        return Err(StoreError::damaged("the backup's setting schema", "it is missing"));
    }
    let at_hand = keyring.fingerprints();
    if !fingerprints(&meta.fingerprint).is_some_and(|sealed_under| sealed_under.iter().all(|one| at_hand.contains(one)))
    {
        return Err(StoreError::WrongKey("The store".to_owned()));
    }
    let damaged = sound::damage(&transaction, keyring)?;
    let present = present(&folder.live(), &meta, force)?;
    let epoch = present.epoch.max(meta.epoch) + 1 + below(random, STRIDE);
    let gap = GAP * (1 + below(random, GAPS) as u32);

    let building = folder.path().join("restoring");
    create_private(&building)?;
    let database = open_database(&building.join("loket.redb"))?;
    let filled = begin(&database)?;
    copy_tables(&transaction, &filled)?;
    let (links_voided, rows_held, numbers) = {
        let mut tables = Tables::open(&filled)?;
        tables.set_number("epoch", epoch)?;
        pin_anew(&mut tables, keyring)?;
        tables.documents.retain(|(_, family, _), _| family != TIME_SEEN)?;
        let numbers = count_on(&mut tables, &present, restoring, gap)?;
        (void_links(&mut tables)?, hold_rows(&mut tables, keyring, random)?, numbers)
    };
    filled.commit()?;
    write_contents(&transaction, &ContentFolder::open(building.join("contents"))?)?;
    drop(database);
    ready()?;
    let replaced = take_place(folder, &building)?;
    Ok(RestoreReport { cases, contents, links_voided, rows_held, epoch, replaced, damaged, numbers })
}

pub(super) fn is_there(file: &Path) -> Result<(), StoreError> {
    match file.is_file() {
        true => Ok(()),
        false => Err(StoreError::Refused(format!("There is no backup at {}. Name the file", file.display()))),
    }
}

fn below(random: &dyn Random, limit: u64) -> u64 {
    let mut bytes = [0u8; 8];
    random.fill(&mut bytes);
    u64::from_be_bytes(bytes) % limit
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
    /// The journal's last entry as it lies; it takes in all before.
    last_entry: Option<Vec<u8>>,
}

impl Standing {
    fn of(transaction: &ReadTransaction) -> Result<Self, StoreError> {
        let (meta, journal) = (transaction.open_table(META)?, transaction.open_table(JOURNAL)?);
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
            cases: backup::cases(transaction)?,
            last_entry: journal.last()?.map(|(_, entry)| entry.value().to_vec()),
        })
    }

    /// It was restored after the backup was taken, from another one or with work since.
    fn has_left(&self, backup: &Self) -> bool {
        let is_the_backup = self.written == backup.written && self.last_entry == backup.last_entry;
        self.epoch > backup.epoch && !is_the_backup
    }
}

/// By office and `PREFIX-YYYY`, the highest serial given out.
type Numbers = BTreeMap<(String, String), u32>;

/// The store that stands here, as far as the next one must go on from it.
#[derive(Default)]
struct Present {
    epoch: u64,
    numbers: Numbers,
    /// It is the one that the backup was taken from, as it went on: no other numbers were given out.
    goes_on: bool,
}

impl Present {
    fn of(database: &Database, backup: &Standing) -> Result<(Standing, Self), StoreError> {
        let transaction = database.begin_read()?;
        let standing = Standing::of(&transaction)?;
        let numbers = numbers(&transaction.open_table(SERIES)?)?;
        let goes_on = standing.store == backup.store && standing.written >= backup.written;
        let present = Self { epoch: standing.epoch, numbers, goes_on };
        Ok((standing, present))
    }
}

fn numbers(series: &impl ReadableTable<(&'static str, &'static str), u32>) -> Result<Numbers, StoreError> {
    let mut numbers = Numbers::new();
    for entry in series.iter()? {
        let (key, serial) = entry?;
        let (office, name) = key.value();
        numbers.insert((office.to_owned(), name.to_owned()), serial.value());
    }
    Ok(numbers)
}

/// Looks at the store that stands here; refuses where it would be a loss.
fn present(live: &Path, backup: &Standing, force: bool) -> Result<Present, StoreError> {
    let file = live.join("loket.redb");
    if !file.exists() {
        return Ok(Present::default());
    }
    let looked = quiet::catch(|| open_database(&file).and_then(|database| Present::of(&database, backup)));
    let looked = looked.unwrap_or_else(|panic| Err(StoreError::storage("looking at it", reason(panic.as_ref()))));
    let refused =
        |why: &str| Err(StoreError::Refused(format!("{why}. Repeat with --force to put the backup in its place")));
    match looked {
        Ok((_, present)) if force => Ok(present),
        Err(_) if force => Ok(Present::default()),
        Err(error) => refused(&format!("The present store cannot be read ({error})")),
        Ok((standing, _)) if standing.store != backup.store && standing.cases > 0 => {
            let cases = if standing.cases == 1 { "case" } else { "cases" };
            refused(&format!("The present store is another one, with {} {cases}", standing.cases))
        }
        // They may all be in the archive.
        Ok((standing, present)) if standing.store != backup.store && !latest_years(&present.numbers).is_empty() => {
            refused("The present store is another one, and cases were opened in it")
        }
        // What it counts as written goes on from the backup that it was restored from, and tells nothing here.
        Ok((standing, _)) if standing.store == backup.store && standing.has_left(backup) => {
            refused("The present store was restored after the backup was taken, and may hold what the backup does not")
        }
        Ok((standing, _)) if standing.store == backup.store && standing.written > backup.written => {
            let newer = standing.written - backup.written;
            let commits = if newer == 1 { "commit" } else { "commits" };
            refused(&format!("The present store is newer than the backup by {newer} {commits}"))
        }
        Ok((_, present)) => Ok(present),
    }
}

/// No number is given out twice: each series goes on from where it stood here, and after a gap where nobody can tell. What
/// the archive holds beyond that is learnt when the office opens.
fn count_on(
    tables: &mut Tables<'_>,
    present: &Present,
    restoring: &Restoring<'_>,
    gap: u32,
) -> Result<BTreeMap<String, u32>, StoreError> {
    let mut series = numbers(&tables.series)?;
    for (name, serial) in &present.numbers {
        let known = series.entry(name.clone()).or_default();
        *known = (*known).max(*serial);
    }
    let mut left_out = BTreeMap::new();
    if !present.goes_on {
        let mut latest = latest_years(&series);
        if let Some((office, prefix)) = restoring.series {
            latest.entry((office.0.clone(), prefix.to_owned())).or_insert(restoring.year);
        }
        for ((office, prefix), latest) in latest {
            for year in latest..=latest.max(restoring.year) {
                let name = tables::series(&prefix, year);
                let serial = series.entry((office.clone(), name.clone())).or_default();
                *serial += gap;
                left_out.insert(name, *serial);
            }
        }
    }
    for ((office, name), serial) in &series {
        tables.series.insert((office.as_str(), name.as_str()), *serial)?;
    }
    Ok(left_out)
}

/// The latest year of each office's series of cases; the books have no numbers that could run on.
fn latest_years(series: &Numbers) -> BTreeMap<(String, String), i32> {
    let mut latest = BTreeMap::new();
    for (office, name) in series.keys() {
        let Some((prefix, year)) = name.rsplit_once('-') else { continue };
        let Ok(year) = year.parse::<i32>() else { continue };
        if !is_book(&CaseNumber::new(prefix, year, 1)) {
            let known = latest.entry((office.clone(), prefix.to_owned())).or_insert(year);
            *known = year.max(*known);
        }
    }
    latest
}

fn void_links(tables: &mut Tables<'_>) -> Result<u64, StoreError> {
    let mut live = Vec::new();
    for entry in tables.links.iter()? {
        let (hash, value) = entry?;
        // One that does not read opens nothing.
        let Ok(link) = LinkRecord::read(value.value()) else { continue };
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

/// Nothing is due any more. A row that cannot be read, or has no key to seal the reason with, waits for a person like the others.
fn hold_rows(tables: &mut Tables<'_>, keyring: &Keyring, random: &dyn Random) -> Result<u64, StoreError> {
    let (mut waiting, mut unread) = (Vec::new(), Vec::new());
    for entry in tables.rows.iter()? {
        let (key, value) = entry?;
        let (office, number, id) = key.value();
        let place = Place { office: office.to_owned(), number: number.to_owned() };
        match RowRecord::read(value.value(), &place, id) {
            Ok(row) if row.state == RowState::Waiting => waiting.push((place, id.to_owned(), row)),
            Ok(_) => {}
            Err(_) => unread.push((place, id.to_owned())),
        }
    }
    tables.due.retain(|_, _| false)?;
    for (place, id) in &unread {
        tables.stuck.insert((place.office.as_str(), place.number.as_str(), id.as_str()), ())?;
    }
    for (place, id, row) in &mut waiting {
        let (office, number) = place.key();
        let wrapped = tables.keys.get((office, number))?.map(|value| value.value().to_vec());
        let key = wrapped.and_then(|wrapped| keyring.unwrap(&place.owner(), &wrapped).ok());
        row.state = RowState::Held;
        row.sealed_note = key.map(|key| key.seal(random, &RowRecord::note_binding(place, id), HELD.as_bytes()));
        tables.stuck.insert((office, number, id.as_str()), ())?;
        tables.rows.insert((office, number, id.as_str()), row.write().as_slice())?;
    }
    Ok((waiting.len() + unread.len()) as u64)
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
    // The mark must not outlive a power cut that what it calls complete did not.
    sync_folder(building)?;
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
