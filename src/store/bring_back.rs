//! A whole office from a backup: the live store by [`restore`], and around it the accounts and the archive's files where they
//! are missing. What is here and goes on from the backup is newer than it and stays; what does not is replaced only by force,
//! and then kept beside it.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use redb::{ReadableDatabase, TableError};

use super::StoreError;
use super::archive::goes_on;
use super::folder::{StateFolder, create_private, sync_folder};
use super::parcel::{is_parcel, unpack};
use super::redb::open_database;
use super::redb::tables::JOURNAL;
use super::restore::{RestoreReport, Restoring, finish_interrupted, is_there, restore, restore_then};

/// Stands in the state folder from right before a restore changes anything until all of it is in place.
const HALF: &str = "half-restored";
/// How every file of redb begins.
const REDB: [u8; 9] = *b"redb\x1A\x0A\xA9\x0D\x0A";

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    pub live: RestoreReport,
    /// Files around the live store that were put in place.
    pub placed: Vec<PathBuf>,
    /// Those that were here and stayed: they go on from the backup's, or are the accounts of a later day.
    pub kept: Vec<PathBuf>,
    /// Where files went that were replaced by force.
    pub aside: Vec<PathBuf>,
}

enum Step {
    Place,
    Keep,
    Replace,
}

/// Brings a backup back into a state folder and its archive. Looks at everything before it changes anything, and can be
/// repeated where it was cut.
pub fn bring_back(folder: &StateFolder, archive: &Path, restoring: &Restoring<'_>) -> Result<Brought, StoreError> {
    if !is_parcel(restoring.file) {
        let live = from_bare(folder, restoring)?;
        end(folder)?;
        return Ok(Brought { live, placed: Vec::new(), kept: Vec::new(), aside: Vec::new() });
    }
    let incoming = folder.path().join("incoming");
    clear(&incoming)?;
    let brought = from_parcel(folder, archive, restoring, &incoming);
    clear(&incoming)?;
    if brought.is_ok() {
        end(folder)?;
    }
    brought
}

/// Refuses a state folder in which a restore was cut: beside its live store the archive's files may be missing, or be those
/// of before.
pub(super) fn refuse_half_restored(state: &Path) -> Result<(), StoreError> {
    if !state.join(HALF).exists() {
        return Ok(());
    }
    Err(StoreError::Refused(
        "Cannot open the office: its restore was cut before all files were in place. Repeat `loket restore` with the same backup"
            .to_owned(),
    ))
}

/// Puts the live store in place and begins what [`end`] ends; a restore that is refused, fails or is cut before anything
/// changed leaves the folder as it was. Where there is no live store an empty one would be founded meanwhile, so that the mark
/// comes first.
fn begin(folder: &StateFolder, restoring: &Restoring<'_>) -> Result<RestoreReport, StoreError> {
    finish_interrupted(folder.path())?;
    let (half, live) = (folder.path().join(HALF), folder.live());
    let (again, replaces) = (half.exists(), live.exists());
    let mark = || {
        fs::write(&half, b"").map_err(|error| StoreError::file("write", &half, &error))?;
        sync_folder(folder.path())
    };
    if !replaces {
        mark()?;
    }
    let restored = restore_then(folder, restoring, mark);
    let building = folder.path().join("restoring");
    let untouched = match replaces {
        true => !again && live.exists() && building.exists(),
        false => !live.exists() && !building.join("complete").exists(),
    };
    if restored.is_err() && untouched {
        end(folder)?;
    }
    restored
}

fn end(folder: &StateFolder) -> Result<(), StoreError> {
    let half = folder.path().join(HALF);
    match fs::remove_file(&half) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(StoreError::file("remove", &half, &error)),
        _ => sync_folder(folder.path()),
    }
}

/// A backup of before, the live store alone. A copy of it is opened: opening a file of redb writes into it.
fn from_bare(folder: &StateFolder, restoring: &Restoring<'_>) -> Result<RestoreReport, StoreError> {
    let file = restoring.file;
    let none = || StoreError::Refused(format!("{} is no backup of Loket. Name another file", file.display()));
    is_there(file)?;
    let mut magic = [0u8; REDB.len()];
    let mut from = File::open(file).map_err(|error| StoreError::file("open", file, &error))?;
    if from.read_exact(&mut magic).is_err() || magic != REDB {
        return Err(none());
    }
    let incoming = folder.path().join("incoming");
    clear(&incoming)?;
    create_private(&incoming)?;
    let copy = incoming.join("live.redb");
    fs::copy(file, &copy).map_err(|error| StoreError::file("write", &copy, &error))?;
    let brought = match holds_a_journal(&copy) {
        Ok(true) => restore(folder, &Restoring { file: &copy, ..*restoring }),
        Ok(false) => Err(none()),
        Err(StoreError::Storage { why, .. }) => Err(StoreError::damaged(format!("the backup {}", file.display()), why)),
        Err(error) => Err(error),
    };
    clear(&incoming)?;
    brought
}

/// A live store does; a file of the archive is one of redb too and does not.
fn holds_a_journal(file: &Path) -> Result<bool, StoreError> {
    match open_database(file)?.begin_read()?.open_table(JOURNAL) {
        Ok(_) => Ok(true),
        Err(TableError::TableDoesNotExist(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn from_parcel(
    folder: &StateFolder,
    archive: &Path,
    restoring: &Restoring<'_>,
    incoming: &Path,
) -> Result<Brought, StoreError> {
    let Restoring { keyring, file, force, .. } = *restoring;
    let mut around = Vec::new();
    let mut live = None;
    for member in unpack(file, incoming, keyring)? {
        let name = member.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match name.as_str() {
            "live.redb" => live = Some(member),
            "accounts.redb" => around.push((member, folder.path().join(name))),
            _ if name.starts_with("archive-") => around.push((member, archive.join(name))),
            _ => {
                let text = format!("{} holds {name}, which this Loket does not know. Use a newer one", file.display());
                return Err(StoreError::Refused(text));
            }
        }
    }
    let missing = || StoreError::damaged(format!("the backup {}", file.display()), "it holds no live store");
    let live = live.ok_or_else(missing)?;
    let steps = around.iter().map(|(from, to)| step(from, to, force)).collect::<Result<Vec<_>, _>>()?;
    let live = begin(folder, &Restoring { file: &live, ..*restoring })?;
    let mut brought = Brought { live, placed: Vec::new(), kept: Vec::new(), aside: Vec::new() };
    create_private(archive)?;
    for ((from, to), step) in around.into_iter().zip(steps) {
        match step {
            Step::Keep => brought.kept.push(to),
            Step::Place => {
                place(&from, &to)?;
                brought.placed.push(to);
            }
            Step::Replace => {
                brought.aside.push(put_aside(&to)?);
                place(&from, &to)?;
                brought.placed.push(to);
            }
        }
    }
    Ok(brought)
}

/// What to do with a file of the backup.
fn step(from: &Path, to: &Path, force: bool) -> Result<Step, StoreError> {
    if !to.exists() {
        return Ok(Step::Place);
    }
    let is_archive = to.file_name().is_some_and(|name| name.to_string_lossy().starts_with("archive-"));
    match (is_archive, force) {
        (true, _) if goes_on(to, from) => Ok(Step::Keep),
        (_, true) => Ok(Step::Replace),
        (false, false) => Ok(Step::Keep),
        (true, false) => Err(StoreError::Refused(format!(
            "{} does not go on from the one in the backup. Repeat with --force to put the backup's in its place",
            to.display()
        ))),
    }
}

/// Copies beside the name and renames: a crash leaves the file there or not.
fn place(from: &Path, to: &Path) -> Result<(), StoreError> {
    let begun = to.with_extension("redb.new");
    let copied = fs::copy(from, &begun).and_then(|_| File::open(&begun)?.sync_all());
    copied.map_err(|error| StoreError::file("write", &begun, &error))?;
    fs::rename(&begun, to).map_err(|error| StoreError::file("rename", &begun, &error))?;
    to.parent().map_or(Ok(()), sync_folder)
}

fn put_aside(path: &Path) -> Result<PathBuf, StoreError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let free = (1..1000).map(|n| path.with_file_name(format!("{name}.replaced-{n}"))).find(|aside| !aside.exists());
    let aside = free.ok_or_else(|| StoreError::Refused(format!("Remove the files {name}.replaced-* first")))?;
    fs::rename(path, &aside).map_err(|error| StoreError::file("rename", path, &error))?;
    // Before anything takes its name.
    path.parent().map_or(Ok(()), sync_folder)?;
    Ok(aside)
}

fn clear(incoming: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(incoming) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(StoreError::file("remove", incoming, &error)),
        _ => Ok(()),
    }
}
