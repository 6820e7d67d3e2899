//! What a step does to the tables. Each batch is first checked without touching anything, then applied: a batch that
//! is refused leaves nothing behind, although it shares the transaction with others.

use chrono::{DateTime, Utc};
use redb::ReadableTable;

use super::Inner;
use super::outbox;
use super::records::{CaseRecord, ContentRecord, DocumentRecord, JournalRecord, LinkRecord, SecretRecord};
use super::tables::{Place, number, readable, series};
use super::transaction::Tables;
use crate::engine::store::{Batch, CaseKey, DocumentWrite, LinkState, Outcome, SecretChange, Settlement};
use crate::store::StoreError;
use crate::vault::{DossierKey, sha256};

/// What a checked batch needs to be applied.
struct Ready {
    place: Place,
    key: DossierKey,
    /// The case's first step: its key must be kept.
    first: bool,
    events: u64,
    contents: Vec<ContentRecord>,
}

/// The steps of one call, in order. After a refused one those that [stand on it](Batch::stands_on) are refused too, even where
/// somebody else has meanwhile brought their case to the version they expect.
pub fn steps(inner: &Inner, tables: &mut Tables<'_>, batches: &[Batch]) -> Result<Vec<Outcome>, StoreError> {
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(batches.len());
    for (nth, step) in batches.iter().enumerate() {
        let mut before = batches[..nth].iter().zip(&outcomes).filter(|(earlier, _)| step.stands_on(earlier));
        let outcome = match before.any(|(_, outcome)| !matches!(outcome, Outcome::Committed { .. })) {
            true => Outcome::Stale { version: step.expected_version },
            false => batch(inner, tables, step)?,
        };
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

fn batch(inner: &Inner, tables: &mut Tables<'_>, batch: &Batch) -> Result<Outcome, StoreError> {
    match check(inner, tables, batch)? {
        Err(refused) => Ok(refused),
        Ok(ready) => apply(inner, tables, batch, &ready),
    }
}

fn check(inner: &Inner, tables: &Tables<'_>, batch: &Batch) -> Result<Result<Ready, Outcome>, StoreError> {
    let place = Place::of(&batch.key);
    let record = match tables.cases.get(place.key())? {
        Some(value) => Some(CaseRecord::read(value.value(), &place)?),
        None => None,
    };
    let gone = tables.gone.get(place.key())?.map(|version| version.value());
    let version = record.as_ref().map(|record| record.version).or(gone).unwrap_or(0);
    if version != batch.expected_version || gone.is_some() {
        return Ok(Err(Outcome::Stale { version }));
    }
    for key in &batch.seen {
        if let Some(by) = tables.seen.get(&inner.keyring.index.blind(&["seen", &place.office, key]))? {
            let by = number(by.value()).ok_or_else(|| StoreError::damaged("a seen key", "it names no case"))?;
            return Ok(Err(Outcome::Seen { key: key.clone(), by }));
        }
    }
    for hash in &batch.spend_links {
        let link = tables.links.get(hash.as_bytes())?.map(|value| LinkRecord::read(value.value())).transpose()?;
        if !link.is_some_and(|link| link.state == LinkState::Live && link.place == place) {
            return Ok(Err(Outcome::LinkSpent));
        }
    }
    if let Some(stale) = stale_document(tables, &batch.documents)? {
        return Ok(Err(stale));
    }
    let mut contents = Vec::with_capacity(batch.contents.len());
    for hash in &batch.contents {
        let known = tables.contents.get((place.office.as_str(), place.number.as_str(), hash.0.as_str()))?;
        let known = known.map(|value| ContentRecord::read(value.value())).transpose()?;
        let Some(content) = known.or_else(|| inner.unnamed.content(&place, hash)) else {
            let text = format!("Case {} names content {hash}, which was not put before", batch.key.number);
            return Err(StoreError::Refused(text));
        };
        contents.push(content);
    }
    let (key, first) = match tables.keys.get(place.key())? {
        Some(wrapped) => (inner.unwrap(&place, wrapped.value())?, false),
        None => (inner.unnamed.key(&place, inner.random.as_ref()), true),
    };
    Ok(Ok(Ready { key, first, events: record.map_or(0, |record| record.events), contents, place }))
}

fn apply(inner: &Inner, tables: &mut Tables<'_>, batch: &Batch, ready: &Ready) -> Result<Outcome, StoreError> {
    let place = &ready.place;
    let version = batch.expected_version + 1;
    if ready.first {
        let wrapped = inner.keyring.wrap(inner.random.as_ref(), &place.owner(), &ready.key);
        tables.keys.insert(place.key(), wrapped.as_slice())?;
    }
    let record = CaseRecord {
        version,
        events: ready.events + batch.events.len() as u64,
        sealed: ready.key.seal(inner.random.as_ref(), &CaseRecord::binding(place, version), &batch.snapshot),
    };
    tables.cases.insert(place.key(), record.write().as_slice())?;
    append_events(inner, tables, batch, ready)?;
    outbox::settle(inner, tables, place, &ready.key, &batch.settle)?;
    outbox::cancel(tables, place, &batch.cancel)?;
    outbox::add(inner, tables, place, &ready.key, &batch.outbox)?;
    index(inner, tables, batch, place)?;
    change_links(inner, tables, batch, ready)?;
    change_secrets(tables, batch, place)?;
    for (hash, content) in batch.contents.iter().zip(&ready.contents) {
        let key = (place.office.as_str(), place.number.as_str(), hash.0.as_str());
        tables.contents.insert(key, content.write().as_slice())?;
    }
    write_documents(inner, tables, &batch.documents)?;
    tables.after.named.push((place.clone(), batch.contents.clone()));
    Ok(Outcome::Committed { version })
}

fn append_events(inner: &Inner, tables: &mut Tables<'_>, batch: &Batch, ready: &Ready) -> Result<(), StoreError> {
    let office = ready.place.office.as_str();
    let (mut position, mut previous) = journal_end(&tables.journal, office)?;
    for (seq, event) in (ready.events + 1..).zip(&batch.events) {
        position += 1;
        let sealed = ready.key.seal(inner.random.as_ref(), &JournalRecord::binding(&ready.place, seq), event);
        let mut record = JournalRecord {
            number: ready.place.number.clone(),
            seq,
            at: batch.at,
            digest: sha256(&sealed),
            hash: [0u8; 32],
            sealed: Some(sealed),
        };
        record.hash = record.chain(office, position, &previous);
        previous = record.hash;
        tables.journal.insert((office, position), record.write().as_slice())?;
        tables.events.insert((office, ready.place.number.as_str(), seq), position)?;
    }
    Ok(())
}

/// The position and hash of the last entry. Each entry takes in the one before, so on one that does not read nothing can be built:
/// the office must not go on, not even by sending a letter that it could not write down as sent.
pub fn journal_end(
    journal: &impl ReadableTable<(&'static str, u64), &'static [u8]>,
    office: &str,
) -> Result<(u64, [u8; 32]), StoreError> {
    let Some(entry) = journal.range((office, 0)..=(office, u64::MAX))?.next_back() else { return Ok((0, [0u8; 32])) };
    let (key, value) = entry?;
    let position = key.value().1;
    let broken = |error| match error {
        StoreError::Damaged { thing, what } => StoreError::storage(
            "adding to the journal",
            format!(
                "{thing}, its last, is damaged ({what}), and the next one would have to take it in. Bring the last backup \
                 back with `loket restore FILE --force`"
            ),
        ),
        other => other,
    };
    Ok((position, JournalRecord::read(value.value(), position).map_err(broken)?.hash))
}

/// Seen keys, tags and the series' highest number.
fn index(inner: &Inner, tables: &mut Tables<'_>, batch: &Batch, place: &Place) -> Result<(), StoreError> {
    for key in &batch.seen {
        tables.seen.insert(&inner.keyring.index.blind(&["seen", &place.office, key]), place.number.as_str())?;
    }
    for tag in &batch.tags {
        let entry = inner.keyring.index.blind(&["tag", &place.office, &tag.family, &tag.value]);
        if tag.set {
            tables.tags.insert((&entry, place.number.as_str()), ())?;
        } else {
            tables.tags.remove((&entry, place.number.as_str()))?;
        }
    }
    let number = &batch.key.number;
    let name = series(number.prefix(), number.year());
    let highest = tables.series.get((place.office.as_str(), name.as_str()))?.map_or(0, |serial| serial.value());
    if number.serial() > highest {
        tables.series.insert((place.office.as_str(), name.as_str()), number.serial())?;
    }
    Ok(())
}

/// Voids by scope, spends, then adds: a step may replace the links of its own round.
fn change_links(inner: &Inner, tables: &mut Tables<'_>, batch: &Batch, ready: &Ready) -> Result<(), StoreError> {
    let place = &ready.place;
    if !batch.void_links.is_empty() {
        void_links(tables, place, &batch.void_links)?;
    }
    for hash in &batch.spend_links {
        let Some(mut link) = read_link(tables, hash.as_bytes())? else { continue };
        link.state = LinkState::Spent;
        tables.links.insert(hash.as_bytes(), link.write().as_slice())?;
    }
    for link in &batch.links {
        let hash = link.hash.as_bytes();
        let record = LinkRecord {
            place: place.clone(),
            scope: link.scope.clone(),
            expires: link.expires,
            state: LinkState::Live,
            sealed: ready.key.seal(inner.random.as_ref(), &LinkRecord::binding(hash), &link.record),
        };
        tables.links.insert(hash, record.write().as_slice())?;
        tables.case_links.insert((place.office.as_str(), place.number.as_str(), hash), ())?;
    }
    Ok(())
}

fn void_links(tables: &mut Tables<'_>, place: &Place, scopes: &[String]) -> Result<(), StoreError> {
    let (office, number) = place.key();
    for hash in link_hashes(tables, place)? {
        let mut link = match read_link(tables, &hash) {
            Ok(Some(link)) => link,
            Ok(None) => continue,
            // It opens nothing, and would keep its case from every step that voids links.
            Err(error @ StoreError::Damaged { .. }) => {
                tracing::warn!(case = readable(number), "a link that opens nothing is dropped: {error}");
                tables.links.remove(&hash)?;
                tables.case_links.remove((office, number, &hash))?;
                continue;
            }
            Err(error) => return Err(error),
        };
        if link.state == LinkState::Live && scopes.iter().any(|scope| link.scope.starts_with(scope)) {
            link.state = LinkState::Void;
            tables.links.insert(&hash, link.write().as_slice())?;
        }
    }
    Ok(())
}

pub fn link_hashes(tables: &Tables<'_>, place: &Place) -> Result<Vec<[u8; 32]>, StoreError> {
    let (office, number) = place.key();
    let range = tables.case_links.range((office, number, &[0u8; 32])..=(office, number, &[255u8; 32]))?;
    range.map(|entry| Ok(*entry?.0.value().2)).collect()
}

fn read_link(tables: &Tables<'_>, hash: &[u8; 32]) -> Result<Option<LinkRecord>, StoreError> {
    tables.links.get(hash)?.map(|value| LinkRecord::read(value.value())).transpose()
}

fn change_secrets(tables: &mut Tables<'_>, batch: &Batch, place: &Place) -> Result<(), StoreError> {
    let (office, number) = place.key();
    for change in &batch.secrets {
        match change {
            SecretChange::Put { id, sealed, expires } => {
                let record = SecretRecord { expires: *expires, sealed: sealed.clone() };
                tables.secrets.insert((office, number, id.as_str()), record.write().as_slice())?;
            }
            SecretChange::Destroy { id } => {
                tables.secrets.remove((office, number, id.as_str()))?;
            }
        }
    }
    Ok(())
}

/// Documents on their own: all or none.
pub fn documents(inner: &Inner, tables: &mut Tables<'_>, writes: &[DocumentWrite]) -> Result<Outcome, StoreError> {
    if let Some(stale) = stale_document(tables, writes)? {
        return Ok(stale);
    }
    let version = write_documents(inner, tables, writes)?;
    Ok(Outcome::Committed { version })
}

fn stale_document(tables: &Tables<'_>, writes: &[DocumentWrite]) -> Result<Option<Outcome>, StoreError> {
    for write in writes {
        // What is written whatever stands there takes the place of a damaged one, too.
        let Some(expected) = write.expected_version else { continue };
        let version = document_version(tables, write)?;
        if expected != version {
            return Ok(Some(Outcome::DocumentStale { family: write.family.clone(), id: write.id.clone(), version }));
        }
    }
    Ok(None)
}

fn document_version(tables: &Tables<'_>, write: &DocumentWrite) -> Result<u64, StoreError> {
    let key = (write.office.0.as_str(), write.family.as_str(), write.id.as_str());
    match tables.documents.get(key)? {
        None => Ok(0),
        Some(value) => Ok(DocumentRecord::read(value.value(), &write.family)?.version),
    }
}

fn write_documents(inner: &Inner, tables: &mut Tables<'_>, writes: &[DocumentWrite]) -> Result<u64, StoreError> {
    let mut last = 0;
    for write in writes {
        let key = (write.office.0.as_str(), write.family.as_str(), write.id.as_str());
        let Some(bytes) = &write.bytes else {
            tables.documents.remove(key)?;
            last = 0;
            continue;
        };
        let before = match document_version(tables, write) {
            Err(StoreError::Damaged { .. }) => 0,
            version => version?,
        };
        let version = before + 1;
        let binding = DocumentRecord::binding(&write.office.0, &write.family, &write.id, version);
        let sealed = inner.keyring.office.seal(inner.random.as_ref(), &binding, bytes);
        tables.documents.insert(key, DocumentRecord { version, sealed }.write().as_slice())?;
        last = version;
    }
    Ok(last)
}

/// Keeps what the archive knows of a case that was filed elsewhere, as if the case had been here and had left.
pub fn adopt(inner: &Inner, tables: &mut Tables<'_>, filed: &Batch) -> Result<(), StoreError> {
    let place = Place::of(&filed.key);
    if tables.cases.get(place.key())?.is_some() {
        return Err(StoreError::Refused(format!("{} is live, so it was not filed elsewhere", filed.key.number)));
    }
    if tables.gone.get(place.key())?.is_none() {
        tables.gone.insert(place.key(), filed.expected_version.max(1))?;
    }
    let mut known = filed.clone();
    let mut fresh = Vec::with_capacity(filed.seen.len());
    for key in &filed.seen {
        if tables.seen.get(&inner.keyring.index.blind(&["seen", &place.office, key]))?.is_none() {
            fresh.push(key.clone());
        }
    }
    known.seen = fresh;
    index(inner, tables, &known, &place)?;
    write_documents(inner, tables, &filed.documents).map(drop)
}

/// Takes out everything of a case but its seen keys, tags, number and journal hashes.
pub fn remove(tables: &mut Tables<'_>, key: &CaseKey, version: u64) -> Result<Outcome, StoreError> {
    let place = Place::of(key);
    let (office, number) = place.key();
    let gone = tables.gone.get(place.key())?.map(|version| version.value());
    let stands = match tables.cases.get(place.key())? {
        Some(value) => CaseRecord::read(value.value(), &place)?.version,
        None => gone.unwrap_or(0),
    };
    if stands != version || version == 0 {
        return Ok(Outcome::Stale { version: stands });
    }
    tables.after.removed.push(place.clone());
    if gone.is_some() {
        return Ok(Outcome::Committed { version });
    }
    forget_event_bytes(tables, &place)?;
    for id in outbox::row_ids(tables, &place)? {
        outbox::drop_row(tables, &place, &id)?;
    }
    for hash in link_hashes(tables, &place)? {
        tables.links.remove(&hash)?;
        tables.case_links.remove((office, number, &hash))?;
    }
    let past = format!("{number}\0");
    let (start, end) = ((office, number, ""), (office, past.as_str(), ""));
    tables.secrets.retain_in(start..end, |_, _| false)?;
    tables.contents.retain_in(start..end, |_, _| false)?;
    tables.keys.remove(place.key())?;
    tables.cases.remove(place.key())?;
    tables.gone.insert(place.key(), version)?;
    Ok(Outcome::Committed { version })
}

/// The sealed events now lie in the archive; digest and hash stay, so that the chain still verifies.
fn forget_event_bytes(tables: &mut Tables<'_>, place: &Place) -> Result<(), StoreError> {
    let (office, number) = place.key();
    let range = tables.events.range((office, number, 0)..=(office, number, u64::MAX))?;
    let positions: Vec<u64> = range.map(|entry| Ok(entry?.1.value())).collect::<Result<_, StoreError>>()?;
    for position in positions {
        let record = tables.journal.get((office, position))?.map(|value| JournalRecord::read(value.value(), position));
        let Some(mut record) = record.transpose()? else { continue };
        record.sealed = None;
        tables.journal.insert((office, position), record.write().as_slice())?;
    }
    Ok(())
}

pub fn expire_secrets(tables: &mut Tables<'_>, now: DateTime<Utc>) -> Result<usize, StoreError> {
    let mut expired = Vec::new();
    for entry in tables.secrets.iter()? {
        let (key, value) = entry?;
        let (office, number, id) = key.value();
        let record = match SecretRecord::read(value.value()) {
            Ok(record) => record,
            // One that is damaged keeps no other alive.
            Err(error) => {
                tracing::error!(case = readable(number), "a sealed password cannot be read: {error}");
                continue;
            }
        };
        if record.expires <= now {
            expired.push((office.to_owned(), number.to_owned(), id.to_owned()));
        }
    }
    for (office, number, id) in &expired {
        tables.secrets.remove((office.as_str(), number.as_str(), id.as_str()))?;
    }
    Ok(expired.len())
}

/// Settlements outside a step.
pub fn settle(inner: &Inner, tables: &mut Tables<'_>, rows: &[(CaseKey, Settlement)]) -> Result<(), StoreError> {
    for (key, settlement) in rows {
        let place = Place::of(key);
        let wrapped = tables.keys.get(place.key())?.map(|value| value.value().to_vec());
        let Some(wrapped) = wrapped else { continue };
        let dossier = inner.unwrap(&place, &wrapped)?;
        outbox::settle(inner, tables, &place, &dossier, std::slice::from_ref(settlement))?;
    }
    Ok(())
}
