//! One dossier held against everything that is kept of it: what somebody who opens it may be told of its soundness, found
//! out at that moment.

use super::cabinet::{Cabinet, Found};
use super::verify::journal_fault;
use super::volume::{Volume, holds};
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
        flaws.extend(self.flaw_between_years(&found).unwrap_or(Some(Flaw::Neighbour)));
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

    /// Whether the first of a file follows from the file of the year before, and the next year's from the last.
    fn flaw_between_years(&self, found: &Found) -> Result<Option<Flaw>, StoreError> {
        let files = self.files()?;
        let Some(own) = files.iter().position(|(_, path)| path.ends_with(found.volume.name())) else { return Ok(None) };
        let (before, after) = (own.checked_sub(1).and_then(|index| files.get(index)), files.get(own + 1));
        let mut links = Vec::new();
        let places = found.volume.places()?;
        let (first, last) = (places.keys().next(), places.keys().next_back());
        if let Some((_, path)) = before.filter(|_| first == Some(&found.position))
            && let Some(begins) = found.volume.begins()?
        {
            links.push(holds(path, begins));
        }
        if let Some((_, path)) = after.filter(|_| last == Some(&found.position)) {
            let begins = Volume::open(path).and_then(|volume| volume.begins());
            // Dossiers that came after the next year had begun are no break.
            let own = |begins: [u8; 32]| {
                begins == found.hash
                    || places.keys().any(|at| found.volume.record(*at).is_ok_and(|(_, hash)| hash == begins))
            };
            links.push(begins.map(|begins| begins.is_none_or(own)));
        }
        let broken = links.iter().any(|link| matches!(link, Ok(false)));
        let unknown = links.iter().any(Result::is_err);
        Ok(if broken { Some(Flaw::Chain) } else { unknown.then_some(Flaw::Neighbour) })
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
    let hash_at = |at: u64| volume.record(at).map(|(_, hash)| Some(hash));
    // Positions that a damaged entry took are left out on purpose.
    let links = volume.places().map(|places| {
        let before = places.range(..position).next_back().map_or_else(|| volume.begins(), |(at, _)| hash_at(*at));
        let after = match places.range(position + 1..).next() {
            Some((at, _)) => volume.record(*at).map(|(next, _)| next.previous.to_vec()),
            None => volume.about("head").map(Option::unwrap_or_default),
        };
        (before, after)
    });
    match links {
        Ok((Ok(Some(before)), _)) if before != found.record.previous => Some(Flaw::Chain),
        Ok((_, Ok(after))) if after != found.hash => Some(Flaw::Chain),
        Ok((Ok(_), Ok(_))) => None,
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
