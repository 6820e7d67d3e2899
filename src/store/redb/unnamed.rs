//! What was put but is not named by any transaction yet: keys of cases to be opened, and content files. Lost with the
//! process, as are then the files themselves, which the sweep takes at the next start.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::records::ContentRecord;
use super::tables::Place;
use crate::sop::names::Sha256Hex;
use crate::vault::{DossierKey, Random};

#[derive(Default)]
pub struct Unnamed(Mutex<Inside>);

#[derive(Default)]
struct Inside {
    keys: HashMap<Place, DossierKey>,
    contents: HashMap<Place, HashMap<Sha256Hex, ContentRecord>>,
}

impl Unnamed {
    /// The key of a case to be opened, drawn at the first call.
    pub fn key(&self, place: &Place, random: &dyn Random) -> DossierKey {
        self.inside().keys.entry(place.clone()).or_insert_with(|| DossierKey::generate(random)).clone()
    }

    /// The same, unless `kept` finds the case opened. A case loses its entry here only after its key can be read
    /// there, so asking in this order under one lock never draws a second key.
    pub fn key_unless<E>(
        &self,
        place: &Place,
        random: &dyn Random,
        kept: impl FnOnce() -> Result<Option<DossierKey>, E>,
    ) -> Result<DossierKey, E> {
        let mut inside = self.inside();
        if let Some(key) = kept()? {
            return Ok(key);
        }
        Ok(inside.keys.entry(place.clone()).or_insert_with(|| DossierKey::generate(random)).clone())
    }

    pub fn put(&self, place: &Place, hash: &Sha256Hex, record: ContentRecord) {
        self.inside().contents.entry(place.clone()).or_default().insert(hash.clone(), record);
    }

    pub fn content(&self, place: &Place, hash: &Sha256Hex) -> Option<ContentRecord> {
        self.inside().contents.get(place)?.get(hash).copied()
    }

    /// The case is opened and these contents have their rows.
    pub fn named(&self, place: &Place, contents: &[Sha256Hex]) {
        let mut inside = self.inside();
        inside.keys.remove(place);
        if let Some(waiting) = inside.contents.get_mut(place) {
            waiting.retain(|hash, _| !contents.contains(hash));
            if waiting.is_empty() {
                inside.contents.remove(place);
            }
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
