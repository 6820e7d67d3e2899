//! The reading half: each question on a snapshot of the last commit.

use std::sync::PoisonError;

use redb::{ReadableDatabase, ReadableTable, Value};

use super::Inner;
use super::records::{CaseRecord, ContentRecord, DocumentRecord, JournalRecord, LinkRecord, SecretRecord};
use super::tables::{
    CASES, CONTENTS, DOCUMENTS, EVENTS, GONE, JOURNAL, LINKS, META, Place, SECRETS, SEEN, SERIES, TAGS, case_key,
    number, readable, series, sortable,
};
use crate::engine::port::Fault;
use crate::engine::store::{
    CaseKey, Document, JournalEntry, JournalHead, Link, Scanned, SealedSecret, Stored, StoredEvent,
};
use crate::sop::names::{CaseNumber, OfficeId, Sha256Hex};
use crate::store::StoreError;
use crate::store::contents::{ContentFolder, SealedContent};
use crate::vault::{HashedToken, hex, sha256, sha256_hex};

fn unsealed(thing: String) -> impl Fn(crate::vault::Unopened) -> StoreError {
    move |_| StoreError::damaged(thing.clone(), "its seal does not open")
}

impl Inner {
    pub fn load(&self, key: &CaseKey) -> Result<Option<Stored>, StoreError> {
        let place = Place::of(key);
        let transaction = self.database.begin_read()?;
        let Some(value) = transaction.open_table(CASES)?.get(place.key())? else { return Ok(None) };
        let record = CaseRecord::read(value.value(), &place)?;
        self.open_case(&transaction, &place, &record).map(Some)
    }

    pub fn open_case(
        &self,
        transaction: &redb::ReadTransaction,
        place: &Place,
        record: &CaseRecord,
    ) -> Result<Stored, StoreError> {
        let thing = format!("case {}", readable(&place.number));
        let key = self.dossier_key(transaction, place)?.ok_or_else(|| StoreError::damaged(&thing, "it has no key"))?;
        let snapshot =
            key.open(&CaseRecord::binding(place, record.version), &record.sealed).map_err(unsealed(thing))?;
        Ok(Stored { version: record.version, snapshot })
    }

    pub fn events(&self, key: &CaseKey) -> Result<Vec<StoredEvent>, StoreError> {
        let place = Place::of(key);
        let transaction = self.database.begin_read()?;
        let Some(dossier) = self.dossier_key(&transaction, &place)? else { return Ok(Vec::new()) };
        let mut events = Vec::new();
        for (position, record) in self.journal_of(&transaction, &place)? {
            let Some(sealed) = &record.sealed else { continue };
            let thing = format!("event {} of case {}", record.seq, readable(&place.number));
            let bytes = dossier.open(&JournalRecord::binding(&place, record.seq), sealed).map_err(unsealed(thing))?;
            events.push(StoredEvent { seq: record.seq, position, at: record.at, bytes });
        }
        Ok(events)
    }

    /// The case's journal entries as they lie, with the hash before each; what the archive takes over.
    pub fn journal_entries(&self, key: &CaseKey) -> Result<Vec<JournalEntry>, StoreError> {
        let place = Place::of(key);
        let transaction = self.database.begin_read()?;
        let journal = transaction.open_table(JOURNAL)?;
        let mut entries = Vec::new();
        for (position, record) in self.journal_of(&transaction, &place)? {
            let before = match journal.get((place.office.as_str(), position.saturating_sub(1)))? {
                Some(value) => JournalRecord::read(value.value(), position - 1)?.hash,
                None => [0u8; 32],
            };
            entries.push(JournalEntry {
                position,
                number: key.number.clone(),
                seq: record.seq,
                at: record.at,
                previous: Sha256Hex(hex(&before)),
                hash: Sha256Hex(hex(&record.hash)),
                digest: Sha256Hex(hex(&record.digest)),
                sealed: record.sealed,
            });
        }
        Ok(entries)
    }

    /// The case's entries, numbered without a gap and, while it lives, as many as it counts: decisions and the archive are built on
    /// all of them.
    fn journal_of(
        &self,
        transaction: &redb::ReadTransaction,
        place: &Place,
    ) -> Result<Vec<(u64, JournalRecord)>, StoreError> {
        let (office, number) = place.key();
        let damaged = |what: String| StoreError::damaged(format!("the journal of case {}", readable(number)), what);
        let (journal, events) = (transaction.open_table(JOURNAL)?, transaction.open_table(EVENTS)?);
        let mut records = Vec::new();
        for (seq, entry) in (1u64..).zip(events.range((office, number, 0)..=(office, number, u64::MAX))?) {
            let (key, position) = entry?;
            let position = position.value();
            if key.value().2 != seq {
                return Err(damaged(format!("event {seq} is missing")));
            }
            let value = journal.get((office, position))?;
            let value = value.ok_or_else(|| damaged(format!("entry {position} is missing")))?;
            let record = JournalRecord::read(value.value(), position)?;
            if (record.number.as_str(), record.seq) != (number, seq) {
                return Err(damaged(format!("event {seq} leads to an entry that is not its own")));
            }
            records.push((position, record));
        }
        let case = transaction.open_table(CASES)?.get(place.key())?;
        // A case that does not read is named by itself; what its journal tells is all the more needed.
        let counted = case.and_then(|value| CaseRecord::read(value.value(), place).ok()).map(|case| case.events);
        if let Some(counted) = counted.filter(|counted| *counted != records.len() as u64) {
            return Err(damaged(format!("it holds {} events of {counted}", records.len())));
        }
        Ok(records)
    }

    pub fn put_contents(&self, contents: &[(CaseKey, Vec<u8>)]) -> Result<Vec<Sha256Hex>, StoreError> {
        let mut hashes = Vec::with_capacity(contents.len());
        let mut fresh: Vec<(SealedContent, ContentRecord)> = Vec::with_capacity(contents.len());
        for (key, plain) in contents {
            let place = Place::of(key);
            let hash = sha256_hex(plain);
            hashes.push(hash.clone());
            let twice = fresh.iter().any(|(content, _)| content.place == place && content.hash == hash);
            if twice || self.knows_content(&place, &hash)? {
                continue;
            }
            let dossier = self.unnamed.key_unless(&place, self.random.as_ref(), || {
                let transaction = self.database.begin_read()?;
                self.dossier_key(&transaction, &place)
            })?;
            let bytes = dossier.seal(self.random.as_ref(), &ContentFolder::binding(&place, &hash), plain);
            let record = ContentRecord { length: plain.len() as u64, stored: sha256(&bytes) };
            fresh.push((SealedContent { place, hash, bytes }, record));
        }
        // Sealed twice, the same bytes differ: of two who put them at once, the second must not write over the file
        // that the first one's record describes.
        let _alone = self.putting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut missing = Vec::with_capacity(fresh.len());
        for (content, record) in fresh {
            if !self.knows_content(&content.place, &content.hash)? {
                missing.push((content, record));
            }
        }
        let bytes = missing.iter().map(|(content, _)| content.bytes.len() as u64).sum();
        self.space.to_go_on(bytes)?;
        self.contents.write(missing.iter().map(|(content, _)| content))?;
        for (content, record) in missing {
            self.unnamed.put(&content.place, &content.hash, record);
        }
        Ok(hashes)
    }

    /// Whether a content was put or named. What is named leaves `unnamed` only once its row can be read, so asking in
    /// this order misses nothing.
    fn knows_content(&self, place: &Place, hash: &Sha256Hex) -> Result<bool, StoreError> {
        if self.unnamed.content(place, hash).is_some() {
            return Ok(true);
        }
        let table = self.database.begin_read()?.open_table(CONTENTS)?;
        Ok(table.get((place.office.as_str(), place.number.as_str(), hash.0.as_str()))?.is_some())
    }

    pub fn content(&self, key: &CaseKey, hash: &Sha256Hex) -> Result<Option<Vec<u8>>, StoreError> {
        let place = Place::of(key);
        let transaction = self.database.begin_read()?;
        let named =
            transaction.open_table(CONTENTS)?.get((place.office.as_str(), place.number.as_str(), hash.0.as_str()))?;
        if named.is_none() {
            return Ok(None);
        }
        let thing = format!("content {hash} of case {}", readable(&place.number));
        let sealed =
            self.contents.read(&place, hash)?.ok_or_else(|| StoreError::damaged(&thing, "its file is missing"))?;
        let dossier = self
            .dossier_key(&transaction, &place)?
            .ok_or_else(|| StoreError::damaged(&thing, "its case has no key"))?;
        let plain = dossier.open(&ContentFolder::binding(&place, hash), &sealed).map_err(unsealed(thing.clone()))?;
        if sha256_hex(&plain) != *hash {
            return Err(StoreError::damaged(thing, "its bytes have another hash"));
        }
        Ok(Some(plain))
    }

    pub fn scan(
        &self,
        office: &OfficeId,
        after: Option<&CaseNumber>,
        limit: usize,
    ) -> Result<Vec<Scanned>, StoreError> {
        let transaction = self.database.begin_read()?;
        // The NUL makes the start the first text after the number itself.
        let start = after.map(|number| format!("{}\0", sortable(number))).unwrap_or_default();
        let past = format!("{}\0", office.0);
        let mut cases = Vec::new();
        for entry in transaction.open_table(CASES)?.range((office.0.as_str(), start.as_str())..(past.as_str(), ""))? {
            if cases.len() >= limit {
                break;
            }
            let (key, value) = entry?;
            let place = Place { office: office.0.clone(), number: key.value().1.to_owned() };
            let Some(key) = case_key(&office.0, &place.number) else {
                tracing::error!("a case skipped: its number {:?} is none", readable(&place.number));
                continue;
            };
            let stored = CaseRecord::read(value.value(), &place)
                .and_then(|record| self.open_case(&transaction, &place, &record));
            match stored {
                Ok(stored) => cases.push((key, Ok(stored))),
                Err(error @ StoreError::Damaged { .. }) => cases.push((key, Err(error.into()))),
                Err(error) => return Err(error),
            }
        }
        Ok(cases)
    }

    pub fn find(&self, office: &OfficeId, family: &str, value: &str) -> Result<Vec<CaseKey>, StoreError> {
        let entry = self.keyring.index.blind(&["tag", &office.0, family, value]);
        let transaction = self.database.begin_read()?;
        let mut keys = Vec::new();
        for tag in transaction.open_table(TAGS)?.range((&entry, "")..=(&entry, "\u{10FFFF}"))? {
            keys.extend(case_key(&office.0, tag?.0.value().1));
        }
        Ok(keys)
    }

    pub fn seen(&self, office: &OfficeId, keys: &[String]) -> Result<Vec<(String, CaseNumber)>, StoreError> {
        let transaction = self.database.begin_read()?;
        let table = transaction.open_table(SEEN)?;
        let mut taken = Vec::new();
        for key in keys {
            if let Some(by) = table.get(&self.keyring.index.blind(&["seen", &office.0, key]))? {
                taken.extend(number(by.value()).map(|by| (key.clone(), by)));
            }
        }
        Ok(taken)
    }

    pub fn link(&self, hash: &HashedToken) -> Result<Option<Link>, StoreError> {
        let transaction = self.database.begin_read()?;
        let Some(value) = transaction.open_table(LINKS)?.get(hash.as_bytes())? else { return Ok(None) };
        let link = LinkRecord::read(value.value())?;
        let thing = format!("a link of case {}", readable(&link.place.number));
        let dossier = self
            .dossier_key(&transaction, &link.place)?
            .ok_or_else(|| StoreError::damaged(&thing, "its case has no key"))?;
        let key = case_key(&link.place.office, &link.place.number)
            .ok_or_else(|| StoreError::damaged(&thing, "its number is none"))?;
        let record = dossier.open(&LinkRecord::binding(hash.as_bytes()), &link.sealed).map_err(unsealed(thing))?;
        Ok(Some(Link { key, scope: link.scope, record, expires: link.expires, state: link.state }))
    }

    pub fn secret(&self, key: &CaseKey, id: &str) -> Result<Option<SealedSecret>, StoreError> {
        let place = Place::of(key);
        let transaction = self.database.begin_read()?;
        let table = transaction.open_table(SECRETS)?;
        let Some(value) = table.get((place.office.as_str(), place.number.as_str(), id))? else { return Ok(None) };
        let record = SecretRecord::read(value.value())?;
        Ok(Some(SealedSecret { sealed: record.sealed, expires: record.expires }))
    }

    /// The count of a series has no checksum: where it is behind the cases that are or were here, they are believed. It may well
    /// be ahead of them, after a restore.
    pub fn last_number(&self, office: &OfficeId, prefix: &str, year: i32) -> Result<u32, StoreError> {
        let transaction = self.database.begin_read()?;
        let name = series(prefix, year);
        let counted = transaction.open_table(SERIES)?.get((office.0.as_str(), name.as_str()))?;
        let counted = counted.map_or(0, |serial| serial.value());
        let live = highest(&transaction.open_table(CASES)?, office, &name)?;
        let known = live.max(highest(&transaction.open_table(GONE)?, office, &name)?);
        if known > counted {
            tracing::warn!(
                counted,
                known,
                "the series {name} has not counted all of its cases, so they are counted instead"
            );
        }
        Ok(counted.max(known))
    }

    pub fn document(&self, office: &OfficeId, family: &str, id: &str) -> Result<Option<Document>, StoreError> {
        let transaction = self.database.begin_read()?;
        let table = transaction.open_table(DOCUMENTS)?;
        let Some(value) = table.get((office.0.as_str(), family, id))? else { return Ok(None) };
        self.open_document(office, family, id, value.value()).map(Some)
    }

    pub fn documents(&self, office: &OfficeId, family: &str) -> Result<Vec<Result<Document, Fault>>, StoreError> {
        let transaction = self.database.begin_read()?;
        let past = format!("{family}\0");
        let mut documents = Vec::new();
        let office_name = office.0.as_str();
        for entry in
            transaction.open_table(DOCUMENTS)?.range((office_name, family, "")..(office_name, past.as_str(), ""))?
        {
            let (key, value) = entry?;
            documents.push(self.open_document(office, family, key.value().2, value.value()).map_err(Fault::from));
        }
        Ok(documents)
    }

    pub fn open_document(
        &self,
        office: &OfficeId,
        family: &str,
        id: &str,
        bytes: &[u8],
    ) -> Result<Document, StoreError> {
        let record = DocumentRecord::read(bytes, family)?;
        let binding = DocumentRecord::binding(&office.0, family, id, record.version);
        let thing = format!("a document of {family:?}");
        let bytes = self.keyring.office.open(&binding, &record.sealed).map_err(unsealed(thing))?;
        Ok(Document { id: id.to_owned(), version: record.version, bytes })
    }

    pub fn meta_bytes(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let transaction = self.database.begin_read()?;
        Ok(transaction.open_table(META)?.get(name)?.map(|value| value.value().to_vec()))
    }

    pub fn meta_number(&self, name: &str) -> Result<u64, StoreError> {
        let transaction = self.database.begin_read()?;
        let value = transaction.open_table(META)?.get(name)?;
        let bytes = value.as_ref().map_or(Ok([0u8; 8]), |value| value.value().try_into());
        bytes.map(u64::from_be_bytes).map_err(|_| StoreError::damaged(format!("the setting {name}"), "it is no number"))
    }

    pub fn journal_hash(&self, office: &OfficeId, position: u64) -> Result<Option<Sha256Hex>, StoreError> {
        let transaction = self.database.begin_read()?;
        let journal = transaction.open_table(JOURNAL)?;
        let Some(value) = journal.get((office.0.as_str(), position))? else { return Ok(None) };
        let record = JournalRecord::read(value.value(), position)?;
        Ok(Some(Sha256Hex(hex(&record.hash))))
    }

    pub fn journal_head(&self, office: &OfficeId) -> Result<JournalHead, StoreError> {
        let transaction = self.database.begin_read()?;
        let journal = transaction.open_table(JOURNAL)?;
        let office = office.0.as_str();
        match journal.range((office, 0)..=(office, u64::MAX))?.next_back() {
            None => Ok(JournalHead { position: 0, hash: Sha256Hex(hex(&[0u8; 32])) }),
            Some(entry) => {
                let (key, value) = entry?;
                let position = key.value().1;
                let record = JournalRecord::read(value.value(), position)?;
                Ok(JournalHead { position, hash: Sha256Hex(hex(&record.hash)) })
            }
        }
    }
}

/// The highest serial of a series among the cases of a table; what is no number of it is passed over.
fn highest<V: Value + 'static>(
    cases: &impl ReadableTable<(&'static str, &'static str), V>,
    office: &OfficeId,
    name: &str,
) -> Result<u32, StoreError> {
    // The dot is the next character after the dash.
    let (from, to) = (format!("{name}-"), format!("{name}."));
    let office = office.0.as_str();
    for entry in cases.range((office, from.as_str())..(office, to.as_str()))?.rev() {
        let (key, _) = entry?;
        if let Some(last) = number(key.value().1).filter(|last| series(last.prefix(), last.year()) == name) {
            return Ok(last.serial());
        }
    }
    Ok(0)
}
