//! What lies in the archive and in the live store at once, or should: after a restore of a backup from before a dossier was
//! filed, and after a kill between the two files. Their journals tell, whose entries are chained over what lay before them.

use std::rc::Rc;

use super::cabinet::{Cabinet, Found, may_hold};
use super::volume::Volume;
use crate::engine::archive::{Ahead, Compared, Kinship};
use crate::engine::port::Fault;
use crate::engine::store::{CaseKey, JournalEntry};
use crate::sop::names::OfficeId;
use crate::store::StoreError;
use crate::store::redb::tables::{Place, case_key, sortable};

impl Cabinet {
    /// How the dossier stands to the live case of that number. Fails where it no longer reads as it was filed: the live case
    /// may then be all there is.
    pub fn kinship(&self, found: &Found, key: &CaseKey) -> Result<Kinship, StoreError> {
        let Some(live) = &self.live else { return Ok(Kinship::Apart) };
        let held = live.journal_entries(key)?;
        if found.record.place() != Place::of(key) || held.is_empty() || !begins(&held, &found.record.journal) {
            return Ok(Kinship::Apart);
        }
        self.read_through(found)?;
        Ok(Kinship::Whole)
    }

    pub fn kinships(&self, live: &[CaseKey]) -> Result<Compared, StoreError> {
        let mut left: Vec<&CaseKey> = live.iter().collect();
        let mut compared = Compared::default();
        for (year, path) in self.files()?.into_iter().rev() {
            if left.is_empty() {
                break;
            }
            let volume = match Volume::open(&path) {
                Ok(volume) => Rc::new(volume),
                Err(error @ StoreError::InUse { .. }) => return Err(error),
                Err(error) => {
                    tracing::error!("an archive file is left out: {error}");
                    compared.in_part = true;
                    continue;
                }
            };
            let mut unread = None;
            left.retain(|key| {
                let number = sortable(&key.number);
                let position = match self.place_of(&volume, year, key) {
                    Ok(Some(position)) => position,
                    Ok(None) => return true,
                    // The table of numbers says nothing of this case, and must not keep every open case from being decided.
                    Err(error) => {
                        unread = Some(error);
                        return true;
                    }
                };
                let kinship = volume.record_of(&number, position).and_then(|(record, hash)| {
                    self.kinship(&Found { volume: Rc::clone(&volume), position, record, hash }, key)
                });
                compared.stands.push(((*key).clone(), kinship.map_err(Fault::from)));
                false
            });
            if let Some(error) = unread {
                tracing::error!("an archive file is left out in part: {error}");
                compared.in_part = true;
            }
        }
        Ok(compared)
    }

    /// By the table of numbers, and by the records that it does not lead to.
    fn place_of(&self, volume: &Volume, year: i32, key: &CaseKey) -> Result<Option<u64>, StoreError> {
        let number = sortable(&key.number);
        let named = volume.position(&number)?;
        if named.is_some() || !may_hold(year, &key.number) {
            return Ok(named);
        }
        Ok(self.records.of(volume, &number).ok().and_then(|told| told.position))
    }

    pub fn ahead(&self, office: &OfficeId) -> Result<Ahead, StoreError> {
        let mut ahead = Ahead::default();
        let Some(live) = &self.live else { return Ok(ahead) };
        let unread = self.walk(|found| {
            let record = &found.record;
            let Some(key) = case_key(&record.office, &record.number) else { return Ok(()) };
            if !live.journal_entries(&key).is_ok_and(|held| begins(&record.journal, &held)) {
                if found.line().destroyed.is_some() {
                    ahead.destroyed.push(key.clone());
                }
                ahead.dossiers.push(key);
            }
            Ok(())
        })?;
        let is_unknown = |key: &CaseKey| live.journal_entries(key).is_ok_and(|held| held.is_empty());
        let named = unread.dossiers.iter().filter_map(|number| case_key(&office.0, number));
        ahead.hidden = named.filter(is_unknown).map(|key| key.number).collect();
        (ahead.unread, ahead.in_part) = (unread.files, !unread.dossiers.is_empty());
        Ok(ahead)
    }

    /// Every item opens. Of a dossier that was destroyed nothing is left to open.
    fn read_through(&self, found: &Found) -> Result<(), StoreError> {
        if found.line().destroyed.is_some() {
            return Ok(());
        }
        let (key, dossier) = self.open(found)?;
        for (index, item) in (0u32..).zip(&dossier.items) {
            found.volume.item(found.position, &found.record, &key, index, &item.sha256)?;
        }
        Ok(())
    }
}

/// Whether a journal begins with these entries; the hash of each takes in all before it.
fn begins(entries: &[JournalEntry], journal: &[JournalEntry]) -> bool {
    let same = |(one, other): (&JournalEntry, &JournalEntry)| one.position == other.position && one.hash == other.hash;
    entries.len() <= journal.len() && entries.iter().zip(journal).all(same)
}
