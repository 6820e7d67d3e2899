//! Where dossiers lie by their records: the table of numbers has no checksum and may lead astray, and records have one. Each is
//! looked at once in the life of a process, since they are many.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::volume::Volume;
use crate::store::StoreError;

/// Per file, by name.
#[derive(Default)]
pub struct Records(Mutex<BTreeMap<String, Looked>>);

/// What is known of the records of one file.
#[derive(Default)]
struct Looked {
    at: BTreeSet<u64>,
    places: BTreeMap<String, u64>,
}

/// What the records of a file tell of a number.
pub struct Told {
    pub position: Option<u64>,
    /// A record does not read, and nothing tells whose it is: a number that is not found may be there.
    pub in_part: bool,
}

impl Records {
    /// Looks for a number among the records, those that were added to the file since the last look too.
    pub fn of(&self, volume: &Volume, number: &str) -> Result<Told, StoreError> {
        let places = volume.places()?;
        let mut known = self.known();
        let looked = known.entry(volume.name()).or_default();
        // Another file took its name.
        if !looked.at.iter().all(|position| places.contains_key(position)) {
            *looked = Looked::default();
        }
        let mut in_part = false;
        for (position, named) in &places {
            if looked.at.contains(position) {
                continue;
            }
            match volume.record(*position) {
                Ok((record, _)) => {
                    looked.at.insert(*position);
                    looked.places.entry(record.number).or_insert(*position);
                }
                Err(_) => in_part |= named.is_none(),
            }
        }
        Ok(Told { position: looked.places.get(number).copied(), in_part })
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Looked>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
