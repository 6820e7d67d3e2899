//! A small file system in memory (as root), which a test fills up and empties again; unmounted with the test.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What takes the space.
const FILLER: &str = "pengisi";

pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts it over a folder, whose owner alone may enter it.
    ///
    /// # Panics
    /// When the test does not run as root.
    pub fn over(folder: &Path, size: &str) -> Self {
        let how = format!("size={size},mode=0700");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &how, "tmpfs"]).arg(folder).status();
        assert!(mounted.expect("mount is there").success(), "a small file system is mounted (as root)");
        Self(folder.to_owned())
    }

    pub fn free(&self) -> u64 {
        let about = rustix::fs::statvfs(&self.0).expect("it is mounted");
        about.f_bavail * about.f_frsize
    }

    /// Takes space until so many bytes are left; with 0, until the last block is gone.
    pub fn fill_up_to(&self, left: u64) {
        let filler = self.0.join(FILLER);
        let mut filler = File::options().create(true).append(true).open(filler).expect("an empty file takes no block");
        loop {
            let piece = self.free().saturating_sub(left).min(1 << 16);
            if piece == 0 {
                return;
            }
            match filler.write_all(&vec![1; usize::try_from(piece).expect("64 KiB at most")]) {
                Ok(()) => {}
                Err(why) if why.kind() == ErrorKind::StorageFull => return,
                Err(why) => panic!("the filler cannot be written: {why}"),
            }
        }
    }

    /// Gives the space back that was taken.
    pub fn empty(&self) {
        std::fs::remove_file(self.0.join(FILLER)).expect("it was filled");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a failed test may still hold files in it.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
