//! Reading an archive file that redb would not open as it lies, without ever writing to it. A truncated one reads as
//! far as it goes: its missing end reads as zeros, so that dossiers in the part that is there are served and the
//! others do not verify. One left open by a crash is repaired in memory alone.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;

/// A file with what would have been written to it kept in memory.
#[derive(Debug)]
pub struct AsideFile {
    file: File,
    /// Shorter than its head says.
    pub truncated: bool,
    inside: Mutex<Inside>,
}

#[derive(Debug)]
struct Inside {
    length: u64,
    writes: Vec<(u64, Vec<u8>)>,
}

impl AsideFile {
    /// Takes the length the file's head claims where that is more than it has and can be believed.
    pub fn open(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let mut head = [0u8; 32];
        let claimed = match file.read_exact_at(&mut head, 0) {
            Ok(()) => claimed_length(&head).filter(|claimed| *claimed < 1 << 40),
            Err(_) => None,
        };
        let truncated = claimed.is_some_and(|claimed| claimed > length);
        let length = claimed.unwrap_or(length).max(length);
        Ok(Self { file, truncated, inside: Mutex::new(Inside { length, writes: Vec::new() }) })
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The length that redb's super-header lays out (its design document, "Database header"): page size, pages of a
/// region's head, pages of a region, full regions, pages of the last region, each four bytes little-endian from
/// byte 12 on; the super-header itself takes one page.
fn claimed_length(head: &[u8; 32]) -> Option<u64> {
    if !head.starts_with(b"redb") {
        return None;
    }
    let field = |index: usize| {
        let start = 12 + 4 * index;
        head.get(start..start + 4)?.try_into().ok().map(|bytes| u64::from(u32::from_le_bytes(bytes)))
    };
    let (page, region_head, region, full, last) = (field(0)?, field(1)?, field(2)?, field(3)?, field(4)?);
    let last = if last == 0 { 0 } else { region_head + last };
    let pages = full.checked_mul(region_head + region)?.checked_add(1 + last)?;
    pages.checked_mul(page)
}

impl StorageBackend for AsideFile {
    fn len(&self) -> Result<u64, io::Error> {
        Ok(self.inside().length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        out.fill(0);
        let mut done = 0;
        while done < out.len() {
            match self.file.read_at(&mut out[done..], offset + done as u64)? {
                0 => break,
                read => done += read,
            }
        }
        for (start, bytes) in &self.inside().writes {
            let from = offset.max(*start);
            let to = (offset + out.len() as u64).min(start + bytes.len() as u64);
            if from < to {
                let (target, source) = ((from - offset) as usize, (from - start) as usize);
                let length = (to - from) as usize;
                out[target..target + length].copy_from_slice(&bytes[source..source + length]);
            }
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> Result<(), io::Error> {
        self.inside().length = length;
        Ok(())
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        Ok(())
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), io::Error> {
        self.inside().writes.push((offset, bytes.to_vec()));
        Ok(())
    }
}
