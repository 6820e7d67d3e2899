//! Dossiers that the table of numbers does not lead to. Its entries have no checksum and records have one, so the records are
//! believed; each is looked at once in the life of a process, since they are many.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::volume::Volume;
use crate::store::StoreError;

/// Per file, by name.
#[derive(Default)]
pub struct Strays(Mutex<BTreeMap<String, Looked>>);

/// What is known of the records of one file.
#[derive(Clone, Default)]
pub struct Looked {
    upto: u64,
    /// Places of those that the table does not lead to, by number.
    strays: BTreeMap<String, u64>,
    /// A record does not read, and nothing tells whose it is: a number that is not found may be there.
    pub in_part: bool,
}

impl Looked {
    pub fn position(&self, number: &str) -> Option<u64> {
        self.strays.get(number).copied()
    }
}

impl Strays {
    /// Looks at the records that were added to a file since the last look.
    pub fn of(&self, volume: &Volume) -> Result<Looked, StoreError> {
        let places = volume.places()?;
        let last = places.keys().next_back().copied().unwrap_or(0);
        let known = self.known().remove(&volume.name()).filter(|known| known.upto <= last);
        let mut looked = known.unwrap_or_default();
        for (position, named) in places.range(looked.upto + 1..) {
            match volume.record(*position) {
                Ok((record, _)) if named.as_ref() == Some(&record.number) => {}
                Ok((record, _)) => drop(looked.strays.insert(record.number, *position)),
                Err(_) => looked.in_part |= named.is_none(),
            }
        }
        looked.upto = last;
        self.known().insert(volume.name(), looked.clone());
        Ok(looked)
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Looked>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
