//! The state folder and who holds it. One process works in it at a time: two would send every letter twice.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use super::StoreError;

/// How long the lock of a process that is gone is waited for. A child it was starting when it was killed has the lock until it becomes
/// the program it is to be.
const LEFT_OVER: Duration = Duration::from_secs(10);
/// Between two looks at it.
const AGAIN: Duration = Duration::from_millis(10);

/// A state folder held by this process; let go when dropped, also by a crash.
///
/// ```text
/// lock             the holder's process id
/// loket.sock       while the daemon runs
/// closed           why the office had to close, until it is open again
/// lives            when the program began, and how often it crashed within the hour before
/// master.key       unless the operator keeps the key elsewhere
/// live/            loket.redb and contents/
/// archive/         archive-YYYY.redb
/// accounts.redb    the register
/// tokens/          refresh tokens that the provider exchanged, sealed
/// outgoing/        what waits for the command line to take it away, a dossier unsealed; swept at start
/// incoming/        a backup being unpacked; what a cut restore left goes with the next one
/// restoring/       a restored store being built; finished or cleared away at start
/// half-restored    while a restore is not all in place; until it was repeated, nothing is opened
/// replaced-N/      the live store that a restore replaced, also archive-YYYY.redb.replaced-N and accounts.redb.replaced-N:
///                  they hold what was destroyed since, and are removed by a person
/// ```
pub struct StateFolder {
    path: PathBuf,
    _lock: File,
}

impl StateFolder {
    /// Takes the folder, creating it (mode 0700) where it is missing. Fails naming the process that holds it.
    pub fn take(path: &Path) -> Result<Self, StoreError> {
        create_private(path)?;
        let place = path.join("lock");
        let failed = |error: std::io::Error| StoreError::folder("lock", &place, &error);
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&place)
            .map_err(failed)?;
        let begun = Instant::now();
        loop {
            match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break,
                Err(Errno::WOULDBLOCK) => {}
                Err(error) => return Err(failed(error.into())),
            }
            let mut pid = String::new();
            lock.rewind().and_then(|()| lock.read_to_string(&mut pid)).map_err(failed)?;
            if begun.elapsed() >= LEFT_OVER || !is_gone(pid.trim()) {
                let holder = match pid.trim() {
                    "" => "another process".to_owned(),
                    pid => format!("process {pid}"),
                };
                return Err(StoreError::InUse { place: format!("The state folder {}", path.display()), holder });
            }
            std::thread::sleep(AGAIN);
        }
        lock.set_len(0).and_then(|()| lock.rewind()).map_err(failed)?;
        writeln!(lock, "{}", std::process::id()).map_err(failed)?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn live(&self) -> PathBuf {
        self.path.join("live")
    }

    pub fn archive(&self) -> PathBuf {
        self.path.join("archive")
    }
}

/// Whether there is no such process; false where the text names none.
fn is_gone(pid: &str) -> bool {
    pid.parse().ok().and_then(Pid::from_raw).is_some_and(|pid| test_kill_process(pid) == Err(Errno::SRCH))
}

/// Creates a folder only this user can enter, and makes its name durable: what is flushed in it would go with it.
pub(super) fn create_private(path: &Path) -> Result<(), StoreError> {
    let missing: Vec<&Path> = path.ancestors().take_while(|place| !place.exists()).collect();
    make_private(path)?;
    missing.into_iter().try_for_each(sync_name)
}

/// Makes the name of a file or folder durable, where the folder it lies in lets that be asked: one above the state folder, or one
/// that backups go to, may only be written to, or not know how.
pub(super) fn sync_name(made: &Path) -> Result<(), StoreError> {
    let parent = made.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match File::open(parent).and_then(|folder| folder.sync_all()) {
        Err(error) if matches!(error.kind(), PermissionDenied | InvalidInput | Unsupported) => Ok(()),
        flushed => flushed.map_err(|error| StoreError::folder("sync the folder", parent, &error)),
    }
}

/// Creates a folder only this user can enter; whoever calls sees to its name.
pub(super) fn make_private(path: &Path) -> Result<(), StoreError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| StoreError::folder("create the folder", path, &error))
}

/// Makes names in a folder durable.
pub(super) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| StoreError::file("sync the folder", path, &error))
}

/// A name that is safe as one path component: letters, digits, `-` and `_` stay, every other byte becomes `%XX`.
pub(super) fn component(name: &str) -> String {
    name.bytes()
        .map(|b| match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => char::from(b).to_string(),
            _ => format!("%{b:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_holder_is_told_which_process_is_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let first = StateFolder::take(folder.path()).unwrap();

        let second = StateFolder::take(folder.path()).err().unwrap().to_string();
        drop(first);

        assert!(second.contains(&format!("process {}", std::process::id())), "{second}");
        assert!(StateFolder::take(folder.path()).is_ok());
    }

    /// It said "File exists (os error 17)" and nothing else, and the service manager tried it for ever.
    #[test]
    fn a_file_in_the_place_of_the_folder_is_nothing_that_passes() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("state");
        std::fs::write(&place, "").unwrap();

        for path in [place.clone(), place.join("below")] {
            let told = StateFolder::take(&path).err().unwrap();

            assert!(matches!(told, StoreError::File { lasting: true, .. }), "{told}");
            assert!(told.to_string().contains("Check `state.directory`"), "{told}");
        }
    }

    #[test]
    fn no_office_name_leaves_its_folder() {
        assert_eq!(component("bpbj-kaltim"), "bpbj-kaltim");
        assert_eq!(component("../x/."), "%2E%2E%2Fx%2F%2E");
    }
}
