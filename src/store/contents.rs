//! Content files: mails, attachments and letters, each a sealed file under its dossier. They are durable before the
//! transaction that names them; a file no transaction names is left over from a crash and swept at start, unless a name that
//! changed may have meant it.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::StoreError;
use super::folder::{component, create_private, make_private, sync_folder};
use super::redb::tables::Place;
use crate::engine::peril::{Moment, moment};
use crate::sop::names::Sha256Hex;
use crate::vault::{Binding, sha256};

/// From this many files on, one flush of the whole file system is cheaper than one of each file: 50 files of 320 KB
/// took 15 ms so, 80 ms one by one and 20 ms on sixteen threads.
const FLUSH_TOGETHER: usize = 4;

/// How the name of a file begins that is not written to its end.
const UNFINISHED: &str = "part-";

/// The folder `contents/<office>/<number>/<sha256>`.
pub struct ContentFolder {
    root: PathBuf,
    parts: AtomicU64,
}

/// Contents that have no file under their name.
#[derive(Default)]
pub struct Lost {
    /// SHA-256 of their sealed files.
    stored: HashSet<[u8; 32]>,
    /// Those of which that is not known.
    unread: usize,
}

impl Lost {
    /// `stored` is `None` where the content's record does not read.
    pub fn add(&mut self, stored: Option<[u8; 32]>) {
        match stored {
            Some(stored) => drop(self.stored.insert(stored)),
            None => self.unread += 1,
        }
    }

    fn names(&self) -> usize {
        self.stored.len() + self.unread
    }

    fn may_mean(&self, file: &Path) -> bool {
        self.unread > 0
            || !self.stored.is_empty() && fs::read(file).map_or(true, |bytes| self.stored.contains(&sha256(&bytes)))
    }
}

/// A sealed content on its way to disk.
pub struct SealedContent {
    pub place: Place,
    pub hash: Sha256Hex,
    pub bytes: Vec<u8>,
}

impl ContentFolder {
    pub fn open(root: PathBuf) -> Result<Self, StoreError> {
        create_private(&root)?;
        Ok(Self { root, parts: AtomicU64::new(0) })
    }

    /// What a content's sealed bytes are bound to.
    pub fn binding(place: &Place, hash: &Sha256Hex) -> Binding {
        let [office, number] = place.owner();
        Binding::of(&[b"content", office, number, hash.0.as_bytes()])
    }

    pub fn path(&self, place: &Place, hash: &Sha256Hex) -> PathBuf {
        self.folder(place).join(component(&hash.0))
    }

    /// Writes all of them under their final names and returns when all are durable.
    pub fn write<'a>(&self, contents: impl IntoIterator<Item = &'a SealedContent>) -> Result<(), StoreError> {
        let mut kept_open = Vec::with_capacity(FLUSH_TOGETHER);
        for content in contents {
            let file = self.write_one(content)?;
            if kept_open.len() < FLUSH_TOGETHER {
                kept_open.push((content, file));
            }
        }
        if !kept_open.is_empty() {
            moment(Moment::ContentsWritten);
        }
        if kept_open.len() == FLUSH_TOGETHER {
            return rustix::fs::syncfs(&kept_open[0].1)
                .map_err(|error| StoreError::file("flush", &self.root, &error.into()));
        }
        for (content, file) in kept_open {
            let folder = self.folder(&content.place);
            file.sync_all().map_err(|error| StoreError::file("flush a file in", &folder, &error))?;
            for folder in folder.ancestors().take_while(|folder| folder.starts_with(&self.root)) {
                sync_folder(folder)?;
            }
        }
        Ok(())
    }

    /// The sealed bytes; `None` where there is no such file.
    pub fn read(&self, place: &Place, hash: &Sha256Hex) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.path(place, hash);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::file("read", &path, &error)),
        }
    }

    /// Removes a case's folder with everything in it.
    pub fn remove(&self, place: &Place) -> Result<(), StoreError> {
        let folder = self.folder(place);
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(StoreError::file("remove", &folder, &error)),
            _ => Ok(()),
        }
    }

    /// Removes every file that nothing names; returns how many. One that a name without its file may mean stays: the name may
    /// have changed.
    pub fn sweep(&self, named: &HashSet<PathBuf>, lost: &Lost) -> Result<usize, StoreError> {
        if lost.names() > 0 {
            tracing::warn!(
                names = lost.names(),
                "contents have no file under their name; what may be theirs is kept. `loket archive verify` tells more"
            );
        }
        let mut swept = 0;
        for office in entries(&self.root)? {
            for case in entries(&self.root.join(&office))? {
                let folder = self.root.join(&office).join(&case);
                let mut kept = 0;
                for file in entries(&folder)? {
                    let path = folder.join(&file);
                    if named.contains(&path) || !file.starts_with(UNFINISHED) && lost.may_mean(&path) {
                        kept += 1;
                        continue;
                    }
                    fs::remove_file(&path).map_err(|error| StoreError::file("remove", &path, &error))?;
                    swept += 1;
                }
                if kept == 0 {
                    fs::remove_dir(&folder).map_err(|error| StoreError::file("remove", &folder, &error))?;
                }
            }
        }
        Ok(swept)
    }

    fn write_one(&self, content: &SealedContent) -> Result<File, StoreError> {
        let folder = self.folder(&content.place);
        let part = folder.join(format!("{UNFINISHED}{}", self.parts.fetch_add(1, Ordering::Relaxed)));
        let create = || OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part);
        let opened = match create() {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                // Its names are flushed with the file's.
                make_private(&folder)?;
                create()
            }
            opened => opened,
        };
        let mut file = opened.map_err(|error| StoreError::file("create", &part, &error))?;
        let written =
            file.write_all(&content.bytes).and_then(|()| fs::rename(&part, self.path(&content.place, &content.hash)));
        if let Err(error) = written {
            // The half-written part is of no use; where even its removal fails, the sweep takes it.
            let _ = fs::remove_file(&part);
            return Err(StoreError::file("write a file in", &folder, &error));
        }
        Ok(file)
    }

    fn folder(&self, place: &Place) -> PathBuf {
        self.root.join(component(&place.office)).join(component(&place.number))
    }
}

/// Names in a folder; what is no UTF-8 was never ours and is left alone. A missing folder is an empty one.
fn entries(folder: &Path) -> Result<Vec<String>, StoreError> {
    let listing = match fs::read_dir(folder) {
        Ok(listing) => listing,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::file("list", folder, &error)),
    };
    let mut names = Vec::new();
    for entry in listing {
        let entry = entry.map_err(|error| StoreError::file("list", folder, &error))?;
        names.extend(entry.file_name().into_string().ok());
    }
    names.sort();
    Ok(names)
}
