//! ZIP archives within limits: what the directory claims is checked before a byte is inflated, and what inflates is
//! counted against one budget for the whole mail (THREATS row 24). Nothing is ever written to a disk.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::limits::Limits;

/// An archive in memory.
pub struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
}

/// A file in an archive, before it is inflated.
#[derive(Debug, Clone)]
pub struct Entry {
    pub index: usize,
    pub name: String,
    pub size: u64,
    pub encrypted: bool,
}

/// Why an archive is not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It claims or does what only bombs do.
    Bomb,
    Damaged,
}

/// Small files may shrink a lot without being bombs.
const HARMLESS: u64 = 1024 * 1024;

impl<'a> Archive<'a> {
    pub fn open(bytes: &'a [u8], limits: &Limits) -> Option<Self> {
        // The end record's own count, before the directory is read: a million entries are never built.
        let end = memchr::memmem::rfind(bytes, b"PK\x05\x06")?;
        let count = bytes.get(end + 10..end + 12).map(|b| usize::from(u16::from_le_bytes([b[0], b[1]])))?;
        if count > limits.archive_files.max(2000) {
            return None;
        }
        ZipArchive::new(Cursor::new(bytes)).ok().map(|zip| Self { zip })
    }

    pub fn names(&self) -> Vec<String> {
        self.zip.file_names().filter_map(|n| n.ok().map(|n| n.into_owned())).collect()
    }

    pub fn is_encrypted(&mut self) -> bool {
        (0..self.zip.len()).any(|i| self.zip.by_index_data(i).is_ok_and(|e| e.encrypted()))
    }

    /// The archive's files, if what it claims is believable.
    pub fn entries(&mut self, limits: &Limits, budget: u64) -> Result<Vec<Entry>, Refused> {
        if self.zip.len() > limits.archive_files {
            return Err(Refused::Bomb);
        }
        if self.zip.has_overlapping_files().map_err(|_| Refused::Damaged)? {
            return Err(Refused::Bomb);
        }
        let mut entries = Vec::new();
        let mut total = 0u64;
        for index in 0..self.zip.len() {
            let entry = self.zip.by_index_data(index).map_err(|_| Refused::Damaged)?;
            if entry.is_dir() || entry.is_symlink() {
                continue;
            }
            total = total.saturating_add(entry.size());
            let ratio = entry.size() / entry.compressed_size().max(1);
            if total > budget || (entry.size() > HARMLESS && ratio > limits.ratio) {
                return Err(Refused::Bomb);
            }
            let name = match entry.name() {
                Ok(name) => name.into_owned(),
                Err(_) => String::from_utf8_lossy(entry.name_raw()).into_owned(),
            };
            entries.push(Entry { index, name, size: entry.size(), encrypted: entry.encrypted() });
        }
        Ok(entries)
    }

    /// Inflates one file, no further than it claimed.
    pub fn inflate(&mut self, entry: &Entry, budget: &mut u64) -> Result<Vec<u8>, Refused> {
        let limit = entry.size.min(*budget);
        let file = self.zip.by_index(entry.index).map_err(|_| Refused::Damaged)?;
        let mut out = Vec::new();
        let read = file.take(limit + 1).read_to_end(&mut out);
        *budget = budget.saturating_sub(out.len() as u64);
        match read {
            _ if out.len() as u64 > limit => Err(Refused::Bomb),
            Ok(_) => Ok(out),
            Err(_) => Err(Refused::Damaged),
        }
    }

    /// One file by name, for office documents.
    pub fn bytes(&mut self, name: &str, limit: u64, budget: &mut u64) -> Option<Vec<u8>> {
        let file = self.zip.by_name(name).ok()?;
        let limit = limit.min(*budget);
        if file.size() > limit {
            return None;
        }
        let mut out = Vec::new();
        file.take(limit + 1).read_to_end(&mut out).ok()?;
        *budget = budget.saturating_sub(out.len() as u64);
        (out.len() as u64 <= limit).then_some(out)
    }

    /// One text file by name, for office documents.
    pub fn text(&mut self, name: &str, limit: u64, budget: &mut u64) -> Option<String> {
        self.bytes(name, limit, budget).map(|bytes| super::transfer::text(&bytes, None))
    }
}

/// Files that operating systems leave in archives.
pub fn is_litter(name: &str) -> bool {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    name.starts_with("__MACOSX/")
        || name.contains("/__MACOSX/")
        || last.starts_with("._")
        || ["thumbs.db", ".ds_store", "desktop.ini", ".directory"].contains(&last.to_ascii_lowercase().as_str())
}
