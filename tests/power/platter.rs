//! One file on a disk: the bytes that were flushed, and what waits in the cache to be written over them.

use super::disk::Left;

/// Disks write sectors whole.
const SECTOR: usize = 512;

#[derive(Default)]
pub struct File {
    pub folder: bool,
    /// As the program sees it.
    pub seen: Vec<u8>,
    pub lasting: Vec<u8>,
    /// With the line of the log in which each had returned.
    pub waiting: Vec<(usize, Change)>,
}

pub enum Change {
    Length(usize),
    Write(usize, Vec<u8>),
}

impl File {
    pub fn change(&mut self, ended: usize, change: Change) {
        change.put(&mut self.seen);
        self.waiting.push((ended, change));
    }

    /// After a power cut.
    pub fn after(&self, left: Left, lots: &mut Lots) -> Vec<u8> {
        let mut bytes = match left {
            Left::All => return self.seen.clone(),
            _ => self.lasting.clone(),
        };
        if left == Left::Lengths {
            bytes.resize(self.seen.len(), 0);
        }
        if let Left::Lots(_) = left {
            self.waiting.iter().for_each(|(_, change)| change.put_by_lot(&mut bytes, lots));
        }
        bytes
    }
}

impl Change {
    pub fn put(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Length(length) => bytes.resize(*length, 0),
            Self::Write(place, new) => put(bytes, *place, new),
        }
    }

    fn put_by_lot(&self, bytes: &mut Vec<u8>, lots: &mut Lots) {
        match self {
            Self::Length(length) if lots.draw().is_multiple_of(2) => bytes.resize(*length, 0),
            Self::Length(_) => {}
            Self::Write(place, new) => {
                for (index, sector) in new.chunks(SECTOR).enumerate() {
                    if lots.draw().is_multiple_of(2) {
                        put(bytes, place + index * SECTOR, sector);
                    }
                }
            }
        }
    }
}

fn put(bytes: &mut Vec<u8>, place: usize, new: &[u8]) {
    bytes.resize(bytes.len().max(place + new.len()), 0);
    bytes[place..place + new.len()].copy_from_slice(new);
}

/// Draws that a seed gives again (splitmix64).
pub struct Lots(pub u64);

impl Lots {
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}
