//! The folder of archive files as one whole: dossiers filed, found, opened, exported, the chain followed from year to
//! year. Blocking, and one caller at a time; [`super::port`] sees to both.

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use chrono::Datelike;
use redb::ReadableDatabase;
use serde_json::Value;

use super::append::{Writing, append};
use super::bag::{self, BagItem, Items};
use super::keys::{destroy, reseal};
use super::record::{Catalogue, DossierRecord};
use super::records::Records;
use super::verify;
use super::volume::{Volume, end_of, holds};
use crate::engine::archive::{
    ArchiveDossier, ArchiveLine, ArchivedDossier, ArchivedItem, Destruction, Kinship, Receipt, Survey,
};
use crate::engine::evidence::FileHead;
use crate::engine::store::{Damage, JournalEntry};
use crate::sop::names::{CaseNumber, Sha256Hex};
use crate::store::redb::tables::{Place, readable, sortable};
use crate::store::redb::{Inner, Resealed, open_database};
use crate::store::{Packing, StoreError};
use crate::vault::{DossierKey, Keyring, Random, hex};

/// The folder of archive files, its keys, and the live store beside it.
pub struct Cabinet {
    pub folder: PathBuf,
    pub keyring: Keyring,
    pub random: Arc<dyn Random>,
    /// The live store, whose dossier keys and journal entries go with the dossiers.
    pub live: Option<Arc<Inner>>,
    pub records: Records,
}

/// A dossier found: its file, place and record.
pub struct Found {
    pub volume: Rc<Volume>,
    pub position: u64,
    pub record: DossierRecord,
    pub hash: [u8; 32],
}

/// What a walk through the archive could not read.
#[derive(Default)]
pub struct Unread {
    /// By name.
    pub files: Vec<String>,
    /// By number as it sorts.
    pub dossiers: Vec<String>,
}

impl Cabinet {
    /// The files by year, oldest first.
    pub fn files(&self) -> Result<Vec<(i32, PathBuf)>, StoreError> {
        let listing = fs::read_dir(&self.folder).map_err(|error| StoreError::file("list", &self.folder, &error))?;
        let mut files = Vec::new();
        for entry in listing {
            let path = entry.map_err(|error| StoreError::file("list", &self.folder, &error))?.path();
            let year = path
                .file_name()
                .and_then(|name| name.to_str()?.strip_prefix("archive-")?.strip_suffix(".redb")?.parse().ok());
            files.extend(year.map(|year| (year, path)));
        }
        files.sort();
        Ok(files)
    }

    /// Puts the newest file right where a killed daemon left it open, as the next filing would.
    pub fn settle(&self) -> Result<(), StoreError> {
        let Some((_, path)) = self.files()?.pop() else { return Ok(()) };
        if Volume::open(&path)?.was_left_open() {
            drop(open_database(&path)?);
            tracing::info!(file = %path.display(), "an archive file that was left open is put right");
        }
        Ok(())
    }

    /// Looks for a number in every file, that of its year and those after it first, and then among the records that the tables of numbers do not lead
    /// to. A file that cannot be opened hides only its own dossiers, unless the number is nowhere else: then it is not known to
    /// be missing, except from years before it was given out.
    pub fn find(&self, number: &CaseNumber) -> Result<Option<Found>, StoreError> {
        let name = sortable(number);
        let mut unread = None;
        let mut looked = Vec::new();
        let mut files = self.files()?;
        files.sort_by_key(|(year, _)| if *year < number.year() { (true, -*year) } else { (false, *year) });
        for (year, path) in files {
            let volume = match Volume::open(&path) {
                Ok(volume) => Rc::new(volume),
                Err(error) => {
                    unread = may_hold(year, number).then_some(error).or(unread);
                    continue;
                }
            };
            match volume.position(&name).map(|position| position.map(|position| (position, volume.record(position)))) {
                Ok(Some((position, Ok((record, hash))))) if record.number == name => {
                    return Ok(Some(Found { volume, position, record, hash }));
                }
                Ok(Some((_, Err(error)))) => {
                    // It may be the record of this very number.
                    unread = Some(error);
                    looked.push((volume, None));
                }
                Ok(None) if may_hold(year, number) => looked.push((volume, None)),
                Ok(Some(_)) => {
                    let what = "the table of numbers leads to the record of another one";
                    looked.push((volume, Some(StoreError::damaged(format!("dossier {number}"), what))));
                }
                Err(error) if may_hold(year, number) => looked.push((volume, Some(error))),
                _ => {}
            }
        }
        for (volume, error) in looked {
            let told = self.records.of(&volume, &name);
            if let Some(position) = told.as_ref().ok().and_then(|told| told.position) {
                let (record, hash) = volume.record_of(&name, position)?;
                return Ok(Some(Found { volume, position, record, hash }));
            }
            // Where every record was looked at, the number is not there, whatever its table is worth.
            if told.is_ok_and(|told| !told.in_part) {
                continue;
            }
            unread = error.or(unread);
        }
        unread.map_or(Ok(None), Err)
    }

    pub fn keep(&self, dossier: &ArchiveDossier) -> Result<Receipt, StoreError> {
        if dossier.key.number != dossier.register.number {
            let text = format!("Dossier {} has the register line of {}", dossier.key.number, dossier.register.number);
            return Err(StoreError::Refused(text));
        }
        if let Some(found) = self.find(&dossier.key.number)? {
            // Written anew it may read otherwise: under another zone, or by a later program.
            if self.kinship(&found, &dossier.key)? == Kinship::Whole {
                return Ok(found.receipt());
            }
            self.read_back(&found, dossier).map_err(|error| match error {
                StoreError::Damaged { thing, what } => StoreError::Refused(format!(
                    "Dossier {} is filed already, and not with these bytes ({thing}: {what}). Look at both before going on",
                    dossier.key.number
                )),
                other => other,
            })?;
            return Ok(found.receipt());
        }
        let year = dossier.at.year();
        let path = self.folder.join(format!("archive-{year}.redb"));
        let before = match self.files()?.into_iter().rev().find(|(other, _)| *other < year) {
            Some((_, earlier)) if !path.exists() => self.end_of_year(&earlier)?,
            _ => Some([0u8; 32]),
        };
        let (key, journal) = self.live_part(dossier)?;
        let writing = Writing { dossier, key: &key, journal };
        append(&path, year, before, &writing, &self.keyring, self.random.as_ref())
            .map_err(|error| error.beside(&path))?;
        let missing =
            || StoreError::damaged(format!("dossier {}", dossier.key.number), "it is not there after writing");
        let found = self.find(&dossier.key.number)?.ok_or_else(missing)?;
        self.read_back(&found, dossier)?;
        Ok(found.receipt())
    }

    /// Where a new file's chain begins. A year that does not read keeps none of the next from being filed: their chain then
    /// begins anew, as the log and an empty `before` tell.
    fn end_of_year(&self, earlier: &Path) -> Result<Option<[u8; 32]>, StoreError> {
        match end_of(earlier) {
            Err(error @ StoreError::Damaged { .. }) => {
                tracing::error!(
                    "the archive's chain begins anew, since the file of the year before cannot be read: {error}"
                );
                Ok(None)
            }
            end => end,
        }
    }

    fn live_part(&self, dossier: &ArchiveDossier) -> Result<(DossierKey, Vec<JournalEntry>), StoreError> {
        if let Some(live) = &self.live {
            let key = live.dossier_key(&live.database.begin_read()?, &Place::of(&dossier.key))?;
            if let Some(key) = key {
                return Ok((key, live.journal_entries(&dossier.key)?));
            }
        }
        Ok((DossierKey::generate(self.random.as_ref()), Vec::new()))
    }

    /// Compares what the file holds with what was to be kept, byte by byte through hash and seal.
    fn read_back(&self, found: &Found, dossier: &ArchiveDossier) -> Result<(), StoreError> {
        let differs = |what: &str| Err(StoreError::damaged(format!("dossier {}", dossier.key.number), what));
        if found.record.register != dossier.register || found.record.place() != Place::of(&dossier.key) {
            return differs("its register line differs");
        }
        let key = self.key(found)?;
        let expected = Catalogue::of(dossier);
        if found.volume.catalogue(&found.record, &key)? != expected {
            return differs("its items or metadata differ");
        }
        for (index, item) in (0u32..).zip(&expected.items) {
            found.volume.item(found.position, &found.record, &key, index, &item.sha256)?;
        }
        Ok(())
    }

    fn key(&self, found: &Found) -> Result<DossierKey, StoreError> {
        let key = found.volume.key(found.position, &found.record.place(), &self.keyring)?;
        key.ok_or_else(|| {
            let number = &found.record.register.number;
            match found.line().destroyed {
                Some(why) => StoreError::Refused(format!(
                    "Dossier {number} was destroyed under record {}; its register line and hashes are what is left",
                    why.record
                )),
                None => StoreError::damaged(format!("dossier {number}"), "its key is gone, and no record says why"),
            }
        })
    }

    pub fn open(&self, found: &Found) -> Result<(DossierKey, ArchivedDossier), StoreError> {
        let key = self.key(found)?;
        let catalogue = found.volume.catalogue(&found.record, &key)?;
        let items = catalogue.items.into_iter().map(|item| ArchivedItem {
            name: item.name,
            media_type: item.media_type,
            title: item.title,
            bytes: item.bytes,
            sha256: item.sha256,
        });
        let dossier = ArchivedDossier {
            line: found.line(),
            items: items.collect(),
            metadata: catalogue.metadata,
            journal_entries: found.record.journal.len(),
        };
        Ok((key, dossier))
    }

    /// Calls `each` for every dossier whose record reads; returns what does not.
    pub fn walk(&self, mut each: impl FnMut(Found) -> Result<(), StoreError>) -> Result<Unread, StoreError> {
        let mut unread = Unread::default();
        for (_, path) in self.files()? {
            let (volume, places) = match Volume::open(&path).and_then(|volume| Ok((volume.places()?, volume))) {
                Ok((places, volume)) => (Rc::new(volume), places),
                Err(error @ StoreError::InUse { .. }) => return Err(error),
                Err(error) => {
                    tracing::error!("an archive file is left out: {error}");
                    unread.files.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
                    continue;
                }
            };
            for (position, number) in places {
                match volume.record(position) {
                    Ok((record, hash)) => each(Found { volume: Rc::clone(&volume), position, record, hash })?,
                    Err(error) => {
                        let number = number.unwrap_or_default();
                        tracing::error!(case = readable(&number), "a dossier is left out of the list: {error}");
                        unread.dossiers.push(number);
                    }
                }
            }
        }
        Ok(unread)
    }

    pub fn destroy(&self, number: &CaseNumber, why: &Destruction) -> Result<(), StoreError> {
        let found =
            self.find(number)?.ok_or_else(|| StoreError::Refused(format!("No dossier {number} is in the archive")))?;
        let (path, position) = (self.folder.join(found.volume.name()), found.position);
        // The file is held by one at a time.
        drop(found);
        destroy(&path, position, why).map_err(|error| error.beside(&path))
    }

    /// How many files there are.
    pub fn count(&self) -> Result<usize, StoreError> {
        self.files().map(|files| files.len())
    }

    /// Wraps the keys of one file anew, the oldest being the first.
    pub fn reseal(&self, index: usize) -> Result<Resealed, StoreError> {
        match self.files()?.get(index) {
            Some((_, path)) => reseal(path, &self.keyring, self.random.as_ref()).map_err(|error| error.beside(path)),
            None => Ok(Resealed::default()),
        }
    }

    /// Puts one file into a parcel.
    pub fn pack(&self, index: usize, mut packing: Packing) -> Result<Packing, StoreError> {
        if let Some((_, path)) = self.files()?.get(index) {
            packing.add(&path.file_name().unwrap_or_default().to_string_lossy(), path)?;
        }
        Ok(packing)
    }

    /// Damage of one file, told beside that of others: each thing with the file's name.
    pub fn within(&self, index: usize, damage: Vec<Damage>) -> Result<Vec<Damage>, StoreError> {
        let files = self.files()?;
        let name = files.get(index).and_then(|(_, path)| path.file_name()).unwrap_or_default().to_string_lossy();
        let named = |Damage { thing, what }| match thing.contains(&*name) {
            true => Damage { thing, what },
            false => Damage { thing: format!("{thing} in {name}"), what },
        };
        Ok(damage.into_iter().map(named).collect())
    }

    pub fn heads(&self) -> Result<Vec<FileHead>, StoreError> {
        let head = |(_, path): (i32, PathBuf)| {
            let volume = Volume::open(&path)?;
            let damaged = || StoreError::damaged(volume.name(), "its head is none");
            let hash: [u8; 32] = volume.about("head")?.and_then(|hash| hash.try_into().ok()).ok_or_else(damaged)?;
            let dossiers = volume.about_number("count")?;
            Ok(FileHead { file: volume.name(), dossiers, hash: Sha256Hex(hex(&hash)) })
        };
        self.files()?.into_iter().map(head).collect()
    }

    /// Looks through everything for dossiers in which every word occurs; without a word none is opened.
    pub fn survey(&self, words: &str) -> Result<Survey, StoreError> {
        let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
        let mut survey = Survey::default();
        let unread = self.walk(|found| {
            let line = found.line();
            survey.closed.push(line.register.closed);
            if words.is_empty() || self.holds(&found, &line, &words) {
                survey.lines.push(line);
            }
            Ok(())
        })?;
        survey.unread_files = unread.files;
        survey.unread = unread.dossiers.iter().filter_map(|number| CaseNumber::parse(&readable(number))).collect();
        Ok(survey)
    }

    fn holds(&self, found: &Found, line: &ArchiveLine, words: &[String]) -> bool {
        let mut text = String::new();
        add_words(&serde_json::to_value(line).unwrap_or_default(), &mut text);
        // A dossier that was destroyed is still found by its register line.
        if let Ok((_, dossier)) = self.open(found) {
            add_words(&dossier.metadata, &mut text);
            dossier.items.iter().for_each(|item| text.push_str(&format!("\n{}\n{}", item.name, item.title)));
        }
        let text = text.to_lowercase();
        words.iter().all(|word| text.contains(word.as_str()))
    }

    pub fn export(&self, number: &CaseNumber, folder: &Path) -> Result<(), StoreError> {
        self.with_items(number, |dossier, items| bag::write(&folder.join(number.to_string()), dossier, items))
    }

    pub fn pack_bag(&self, number: &CaseNumber) -> Result<Vec<u8>, StoreError> {
        self.with_items(number, bag::pack)
    }

    /// Hands a dossier on with its items, one in memory at a time.
    fn with_items<T>(
        &self,
        number: &CaseNumber,
        take: impl FnOnce(&ArchivedDossier, &mut Items<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let found =
            self.find(number)?.ok_or_else(|| StoreError::Refused(format!("No dossier {number} is in the archive")))?;
        let (key, dossier) = self.open(&found)?;
        let mut items = (0u32..).zip(&dossier.items).map(|(index, item)| {
            let bytes = found.volume.item(found.position, &found.record, &key, index, &item.sha256)?;
            Ok(BagItem { name: item.name.clone(), bytes })
        });
        take(&dossier, &mut items)
    }

    /// The keys lie outside the chain: whether one is whole, the master key alone can tell. What cannot be read at all was
    /// named with the chain.
    fn unopened_keys(&self, volume: &Volume) -> Vec<Damage> {
        let records = volume.places().unwrap_or_default().into_iter();
        let records = records.filter_map(|(position, _)| Some((position, volume.record(position).ok()?.0)));
        let keys = records.map(|(position, record)| volume.key(position, &record.place(), &self.keyring));
        keys.filter_map(|key| match key {
            Err(StoreError::Damaged { thing, what }) => Some(Damage { thing, what }),
            _ => None,
        })
        .collect()
    }

    /// Checks one file, the oldest being the first; `before` is where the one before it ends, if that is known. With what is
    /// damaged comes where this one ends.
    pub fn verify(&self, index: usize, before: Option<Vec<u8>>) -> Result<(Vec<Damage>, Option<Vec<u8>>), StoreError> {
        let Some((_, path)) = self.files()?.into_iter().nth(index) else { return Ok((Vec::new(), before)) };
        let volume = match Volume::open(&path) {
            Ok(volume) => volume,
            Err(error @ StoreError::InUse { .. }) => return Err(error),
            Err(StoreError::Damaged { thing, what }) => return Ok((vec![Damage { thing, what }], None)),
            // The others, and the live store, are looked at all the same.
            Err(error) => {
                let thing = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                return Ok((vec![Damage { thing, what: error.to_string() }], None));
            }
        };
        let mut damage = verify::verify(&volume);
        damage.extend(self.unopened_keys(&volume));
        let begins = volume.begins().ok().flatten();
        if let (Some(before), Some(begins)) = (&before, begins)
            && *before != begins
            && !self.files()?.get(index.wrapping_sub(1)).is_some_and(|(_, path)| holds(path, begins).unwrap_or(true))
        {
            let what = "it does not follow from the file of the year before".to_owned();
            damage.push(Damage { thing: volume.name(), what });
        }
        Ok((damage, volume.about("head").ok().flatten()))
    }
}

/// Whether a file of that year may hold the number. A clock that was behind may have counted a year less.
pub fn may_hold(year: i32, number: &CaseNumber) -> bool {
    year >= number.year() - 1
}

/// Adds what stands in a JSON value for a person to read: its values, not the names of its fields.
fn add_words(value: &Value, text: &mut String) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| add_words(value, text)),
        Value::Object(fields) => fields.values().for_each(|value| add_words(value, text)),
        Value::String(words) => text.extend(["\n", words]),
        other => text.extend(["\n", &other.to_string()]),
    }
}

impl Found {
    pub fn line(&self) -> ArchiveLine {
        self.volume.line(self.position, &self.record, &self.hash)
    }

    pub fn receipt(&self) -> Receipt {
        Receipt {
            number: self.record.register.number.clone(),
            file: self.volume.name(),
            position: self.position,
            hash: Sha256Hex(hex(&self.hash)),
            items: self.record.items.len(),
            bytes: self.record.items.iter().map(|item| item.length).sum(),
        }
    }
}
