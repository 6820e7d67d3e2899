//! A small note of the state folder, on a disk that may be full: written aside into room that was set apart while there was some, then renamed. It is
//! never truncated: a note cut short reads as none, and what it keeps from being told would be told again at each start.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Bytes of a note and of the room for one: a block of the usual file systems.
pub const ROOM: usize = 4096;
/// A first note, and one that takes its place while the disk is still full.
const SPARES: [&str; 2] = ["spare-1", "spare-2"];

/// One note and the room for it.
pub struct Note {
    file: PathBuf,
}

impl Note {
    pub fn at(file: PathBuf) -> Self {
        Self { file }
    }

    /// What cannot be read was not written.
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&fs::read(&self.file).ok()?).ok()
    }

    /// Sets room apart, as far as there is any. Where a file system writes nothing in place (btrfs, ZFS) it is of no use.
    pub fn set_apart(&self) -> io::Result<()> {
        for spare in self.spares() {
            if !has_room(&spare) {
                fill(&spare, &[b' '; ROOM])?;
            }
        }
        Ok(())
    }

    /// Writes in the place of what stood there, which stays where this fails. What is longer than [`ROOM`] needs room of its own.
    pub fn write(&self, what: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_vec(what)?;
        text.resize(text.len().max(ROOM), b' ');
        let [first, second] = self.spares();
        let spare = if has_room(&second) { second } else { first };
        fill(&spare, &text)?;
        fs::rename(&spare, &self.file)?;
        self.sync_name()?;
        // The block of the note before is free again.
        self.set_apart().ok();
        Ok(())
    }

    pub fn remove(&self) -> io::Result<()> {
        fs::remove_file(&self.file)?;
        self.sync_name()
    }

    fn sync_name(&self) -> io::Result<()> {
        self.file.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    }

    pub fn place(&self) -> std::path::Display<'_> {
        self.file.display()
    }

    fn spares(&self) -> [PathBuf; 2] {
        SPARES.map(|spare| self.file.with_extension(spare))
    }
}

fn has_room(spare: &Path) -> bool {
    spare.metadata().is_ok_and(|about| about.len() >= ROOM as u64)
}

/// Writes from the beginning, over blocks that are there.
fn fill(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut open = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(file)?;
    open.write_all(bytes)?;
    open.set_len(bytes.len() as u64)?;
    open.sync_all()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// A file system of 64 KiB (as root); unmounted with the test.
    struct SmallDisk(tempfile::TempDir);

    impl SmallDisk {
        fn mounted() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let mount =
                Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(folder.path()).status();
            assert!(mount.unwrap().success(), "a small file system is mounted (as root)");
            Self(folder)
        }

        /// Leaves no block free.
        fn fills_up(&self) {
            let mut file = File::create(self.0.path().join("penuh")).unwrap();
            while file.write_all(&[1; 512]).is_ok() {}
        }
    }

    impl Drop for SmallDisk {
        fn drop(&mut self) {
            let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
        }
    }

    fn note(folder: &Path) -> Note {
        Note::at(folder.join("closed"))
    }

    /// `fs::write` truncated first: on a full disk an empty file was left, which reads as none, and the second channel heard every 15
    /// seconds that the office had closed.
    #[test]
    fn t41_a_full_disk_still_takes_a_note_and_another_in_its_place() {
        let disk = SmallDisk::mounted();
        let note = note(disk.0.path());
        note.set_apart().unwrap();
        disk.fills_up();

        for why in ["first", "second", "third"] {
            note.write(&why).unwrap();

            assert_eq!(note.read::<String>().as_deref(), Some(why));
        }
    }

    #[test]
    fn t41_a_note_that_cannot_be_written_leaves_the_one_before_as_it_was() {
        let disk = SmallDisk::mounted();
        let note = note(disk.0.path());
        note.write(&"first").unwrap();
        for spare in note.spares() {
            fs::remove_file(spare).unwrap();
        }
        disk.fills_up();

        let refused = note.write(&"second");

        assert!(refused.is_err(), "there is no room for it");
        assert_eq!(note.read::<String>().as_deref(), Some("first"));
    }

    #[test]
    fn a_note_is_written_where_no_room_was_set_apart_and_is_gone_once_it_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let note = note(folder.path());
        assert_eq!(note.read::<String>(), None);

        note.write(&"x".repeat(3 * ROOM)).unwrap();
        note.write(&"short").unwrap();
        assert_eq!(note.read::<String>().as_deref(), Some("short"));

        note.remove().unwrap();
        assert_eq!(note.read::<String>(), None);
    }
}
