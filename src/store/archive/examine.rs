//! One dossier held against everything that is kept of it: what somebody who opens it may be told of its soundness, found
//! out at that moment.

use super::cabinet::{Cabinet, Found};
use super::verify::journal_fault;
use crate::engine::archive::{Examined, Flaw};
use crate::sop::names::{CaseNumber, Sha256Hex};
use crate::store::StoreError;
use crate::vault::DossierKey;

impl Cabinet {
    /// A dossier with every hash of it computed anew, one item in memory at a time.
    pub fn examine(&self, number: &CaseNumber) -> Result<Option<Examined>, StoreError> {
        let found = match self.find(number) {
            Ok(None) => return Ok(None),
            Ok(Some(found)) => found,
            Err(error @ StoreError::Damaged { .. }) => {
                tracing::error!(case = %number, "a dossier cannot be shown: {error}");
                return Ok(Some(Examined { flaws: vec![Flaw::Record], ..Examined::default() }));
            }
            Err(error) => return Err(error),
        };
        let mut flaws = Vec::new();
        flaws.extend(chain_flaw(&found));
        let (key, key_flaw) = self.key_of(&found);
        flaws.extend(key_flaw);
        let dossier = match &key {
            Some(_) => self.open(&found).map(|(_, dossier)| dossier).ok(),
            None => None,
        };
        if key.is_some() && dossier.is_none() {
            flaws.push(Flaw::Contents);
        }
        let hashes = dossier.iter().flat_map(|dossier| dossier.items.iter().map(|item| &item.sha256));
        let hashes: Vec<&Sha256Hex> = hashes.collect();
        let items = found.record.items.len().max(hashes.len());
        let damaged = |index: &u32| !is_sound(&found, key.as_ref(), *index, hashes.get(*index as usize).copied());
        flaws.extend((0u32..).take(items).filter(damaged).map(Flaw::Item));
        let record = &found.record;
        let entries = record.journal.iter();
        let broken = entries.filter(|entry| journal_fault(&record.office, &record.number, entry).is_some());
        flaws.extend(broken.map(|entry| Flaw::Journal(entry.position)));
        if !flaws.is_empty() {
            tracing::error!(case = %number, file = found.volume.name(), "a dossier is damaged: {flaws:?}");
        }
        Ok(Some(Examined { line: Some(found.line()), dossier, flaws }))
    }

    /// The dossier's key, and what is wrong with it. One that was destroyed under a record is rightly gone.
    fn key_of(&self, found: &Found) -> (Option<DossierKey>, Option<Flaw>) {
        let key = found.volume.key(found.position, &found.record.place(), &self.keyring);
        match (key, found.volume.destruction(found.position)) {
            (Ok(Some(key)), Ok(None)) => (Some(key), None),
            (Ok(None), Ok(Some(_))) => (None, None),
            (Ok(key), _) => (key, Some(Flaw::Key)),
            (Err(_), _) => (None, Some(Flaw::Key)),
        }
    }
}

/// Whether the dossier follows from the one before it, and the next one or the file's end from it.
fn chain_flaw(found: &Found) -> Option<Flaw> {
    let (volume, position) = (&found.volume, found.position);
    let before = match position {
        // A chain that begins anew is named with the file.
        1 => volume.about("before").map(|hash| hash.unwrap_or_else(|| found.record.previous.to_vec())),
        _ => volume.record(position - 1).map(|(_, hash)| hash.to_vec()),
    };
    let is_last = volume.about_number("count").map(|count| count <= position);
    let after = is_last.and_then(|is_last| match is_last {
        true => volume.about("head").map(|hash| hash.unwrap_or_default()),
        false => volume.record(position + 1).map(|(next, _)| next.previous.to_vec()),
    });
    match (before, after) {
        (Ok(before), _) if before != found.record.previous => Some(Flaw::Chain),
        (_, Ok(after)) if after != found.hash => Some(Flaw::Chain),
        (Ok(_), Ok(_)) => None,
        _ => Some(Flaw::Neighbour),
    }
}

/// Whether an item's stored bytes have the record's hash and, where there is a key, open to those of the list.
fn is_sound(found: &Found, key: Option<&DossierKey>, index: u32, plain: Option<&Sha256Hex>) -> bool {
    match (key, plain) {
        (Some(key), Some(hash)) => found.volume.item(found.position, &found.record, key, index, hash).is_ok(),
        _ => {
            let stored = found.record.items.get(index as usize);
            stored.is_some_and(|item| found.volume.stored_item(found.position, index, item).is_ok())
        }
    }
}
