//! Attachments that must not be read: each leaf of a mail's tree goes to the virus scanner before it is read, and so does each
//! file that reading would take out of it, since the scanner may not see all of them: it calls a signed envelope in pieces
//! clean that it cannot open, and an archive whose files are too large for it. A leaf of which anything is not clean stays
//! closed: it is named among the papers as `infected` or `unscanned`, without pages, so that the desk has nothing to show.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::time::Instant;

use super::clamd::{Away, Clamd, Scanned};
use super::crew::ReadingFault;
use super::frame::Parcel;
use super::limits::Limits;
use super::mime::{self, Leaf};
use super::unpacker::Unpacker;
use super::{format, paper};
use crate::dossier::page::Contents;

/// Deadlines of one question that the scanner has for all that lies in the leaves of one mail: else a mail of slow files would
/// hold up its mailbox for hours.
const DEADLINES: u32 = 3;

/// What is kept closed of one mail.
#[derive(Debug, Default)]
pub struct Quarantine(Vec<Closed>);

#[derive(Debug)]
struct Closed {
    /// Place among the leaves of the mail's tree.
    nth: usize,
    sha256: String,
    infected: bool,
}

impl Quarantine {
    /// Asks the scanner about every leaf, and about what lies in those that are clean by themselves.
    pub async fn of(
        raw: &[u8],
        scanner: &Clamd,
        unpacker: &Unpacker<'_>,
        limits: &Limits,
    ) -> Result<Self, ReadingFault> {
        let until = Instant::now() + DEADLINES * scanner.deadline();
        let mut room = Room { files: limits.scanned, bytes: limits.scanned_bytes, until };
        let mut closed = Vec::new();
        for (nth, whole) in leaves(raw, limits).into_iter().enumerate() {
            let size = whole.bytes.len();
            let mut said = asked(scanner, &whole.bytes).await?;
            if said == Scanned::Clean && whole.holds_files {
                said = within(&whole, scanner, unpacker, &mut room).await?;
            }
            let infected = match said {
                Scanned::Clean => continue,
                Scanned::Infected(name) => {
                    tracing::warn!(signature = name, size, "an attachment is infected; it stays closed");
                    true
                }
                Scanned::Unscanned(why) => {
                    tracing::error!(size, "an attachment cannot be scanned and stays closed: the scanner {why}");
                    false
                }
            };
            closed.push(Closed { nth, sha256: paper::sha256_hex(&whole.bytes), infected });
        }
        Ok(Self(closed))
    }

    /// The places of what must not be opened; `None` where they are too many to be told to a worker.
    pub fn places(&self) -> Option<Vec<u8>> {
        self.0.iter().map(|closed| u8::try_from(closed.nth).ok()).collect()
    }

    /// Names what was kept closed.
    pub fn mark(&self, contents: &mut Contents) {
        for closed in &self.0 {
            let (format, alert) = match closed.infected {
                true => ("infected", "infected_attachment"),
                false => ("unscanned", "unscanned_attachment"),
            };
            for paper in contents.papers.iter_mut().filter(|paper| paper.sha256 == closed.sha256) {
                paper.format = format.to_owned();
                paper.pages.clear();
            }
            contents.alerts.push(alert.to_owned());
        }
        contents.alerts.sort();
        contents.alerts.dedup();
    }
}

/// What the scanner may be shown of a mail beside its leaves.
struct Room {
    files: usize,
    bytes: u64,
    until: Instant,
}

impl Room {
    /// `false`: there is none left, or no time.
    fn takes(&mut self, file: &[u8], now: Instant) -> bool {
        let left = self.files.checked_sub(1).zip(self.bytes.checked_sub(file.len() as u64));
        let Some((files, bytes)) = left.filter(|_| now < self.until) else { return false };
        *self = Self { files, bytes, until: self.until };
        true
    }
}

/// A leaf of the mail's tree.
struct Whole {
    name: String,
    /// Declared type.
    kind: String,
    bytes: Vec<u8>,
    holds_files: bool,
}

impl From<Leaf<'_>> for Whole {
    fn from(leaf: Leaf<'_>) -> Self {
        let name = leaf.name.unwrap_or_default();
        let holds_files = format::sniff(&leaf.bytes, &name, &leaf.kind).holds_files();
        Self { name, kind: leaf.kind, bytes: leaf.bytes.into_owned(), holds_files }
    }
}

/// Every leaf. A mail whose tree brings its parser down is one: the scanner takes it apart itself.
fn leaves(raw: &[u8], limits: &Limits) -> Vec<Whole> {
    let walked =
        catch_unwind(AssertUnwindSafe(|| mime::walk(raw, limits).leaves.into_iter().map(Whole::from).collect()));
    walked.unwrap_or_else(|_| {
        vec![Whole { name: String::new(), kind: String::new(), bytes: raw.to_vec(), holds_files: false }]
    })
}

async fn asked(scanner: &Clamd, bytes: &[u8]) -> Result<Scanned, Away> {
    if bytes.is_empty() { Ok(Scanned::Clean) } else { scanner.scan(bytes).await }
}

/// What the scanner says of the files in a leaf: of the first that is not clean, if any. Where it cannot be shown all of them,
/// the leaf was not scanned.
async fn within(
    whole: &Whole,
    scanner: &Clamd,
    unpacker: &Unpacker<'_>,
    room: &mut Room,
) -> Result<Scanned, ReadingFault> {
    let unshown = || Scanned::Unscanned("cannot be shown every file that lies in it".to_owned());
    let mut from = 0;
    loop {
        let parcel = Parcel { name: whole.name.clone(), kind: whole.kind.clone(), from };
        let Some((unpacked, bytes)) = unpacker.ask(&whole.bytes, &parcel).await? else { return Ok(unshown()) };
        let Some(files) = unpacked.files(&bytes) else { return Ok(unshown()) };
        for file in &files {
            if !room.takes(file, Instant::now()) {
                return Ok(unshown());
            }
            let said = asked(scanner, file).await?;
            if said != Scanned::Clean {
                return Ok(said);
            }
        }
        if unpacked.too_large || (unpacked.more && files.is_empty()) {
            return Ok(unshown());
        }
        if !unpacked.more {
            return Ok(Scanned::Clean);
        }
        from += files.len();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn there_is_room_for_so_many_files_so_many_bytes_and_so_much_time() {
        let now = Instant::now();
        let mut room = Room { files: 4, bytes: 10, until: now + Duration::from_secs(180) };

        assert!(room.takes(b"12345", now) && room.takes(b"12345", now));
        assert!(!room.takes(b"1", now), "no bytes are left");
        assert!(!room.takes(b"", room.until), "no time is left");
        assert!(room.takes(b"", now) && room.takes(b"", now) && !room.takes(b"", now), "and no files");
    }
}
