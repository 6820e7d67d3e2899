//! That the tables of the live store agree with each other: each index entry has its thing and each thing its entry.
//! A byte that changed behind the store's back in a key, where no seal and no checksum lies, is found here.

use redb::{ReadTransaction, ReadableTable, ReadableTableMetadata};

use super::records::{JournalRecord, RowRecord};
use super::schema::{fingerprints, pin_of};
use super::tables::{
    CASES, DUE, EVENTS, GONE, JOURNAL, META, Place, ROWS, SEEN, SERIES, STUCK, TAGS, number, readable, series,
};
use super::verify::named;
use crate::engine::store::{Damage, RowState};
use crate::store::StoreError;
use crate::vault::Keyring;

/// The settings that opening the store reads are each of their length.
pub fn settings(transaction: &ReadTransaction, keyring: &Keyring, found: &mut Vec<Damage>) -> Result<(), StoreError> {
    let meta = transaction.open_table(META)?;
    for (name, length) in [("schema", 8), ("epoch", 8), ("written", 8), ("store", 16)] {
        if meta.get(name)?.is_none_or(|value| value.value().len() != length) {
            found.push(named(&format!("the setting {name}"), "it is missing or of another length"));
        }
    }
    if meta.get("fingerprint")?.is_none_or(|value| fingerprints(value.value()).is_none_or(<[_]>::is_empty)) {
        found.push(named("the setting fingerprint", "it is missing or of another length"));
    }
    let setting = |name: &str| -> Result<Vec<u8>, StoreError> {
        Ok(meta.get(name)?.map(|value| value.value().to_vec()).unwrap_or_default())
    };
    let epoch = setting("epoch")?.try_into().map_or(0, u64::from_be_bytes);
    if setting("pinned")? != pin_of(keyring, &setting("store")?, epoch) {
        found.push(named("the setting epoch or store", "it is not the one that was written"));
    }
    if meta.get("lasting")?.is_none_or(|value| keyring.open_lasting(value.value()).is_err()) {
        found.push(named("the setting lasting", "it is missing or does not open"));
    }
    Ok(())
}

/// Each event of a case points at its journal entry, and no entry is without its event.
pub fn events(transaction: &ReadTransaction, found: &mut Vec<Damage>) -> Result<(), StoreError> {
    let (events, journal) = (transaction.open_table(EVENTS)?, transaction.open_table(JOURNAL)?);
    if events.len()? != journal.len()? {
        found.push(named("the journal", "it and the cases' events differ in number"));
    }
    for entry in events.iter()? {
        let (key, position) = entry?;
        let ((office, number, seq), position) = (key.value(), position.value());
        let points_there = match journal.get((office, position))? {
            // An entry that does not read is named where the chain is checked.
            Some(value) => JournalRecord::read(value.value(), position)
                .map_or(true, |record| (record.number.as_str(), record.seq) == (number, seq)),
            None => false,
        };
        if !points_there {
            let thing = format!("event {seq} of case {}", readable(number));
            found.push(named(&thing, "it points at a journal entry that is not its own"));
        }
    }
    Ok(())
}

/// Each outbox row stands where its state says: among the due ones at its time, or among those that wait for a person.
pub fn outbox(transaction: &ReadTransaction, found: &mut Vec<Damage>) -> Result<(), StoreError> {
    let (rows, due) = (transaction.open_table(ROWS)?, transaction.open_table(DUE)?);
    let stuck = transaction.open_table(STUCK)?;
    if rows.len()? != due.len()? + stuck.len()? {
        found.push(named("the outbox", "its rows and their index differ in number"));
    }
    for entry in rows.iter()? {
        let (key, value) = entry?;
        let (office, number, id) = key.value();
        let place = Place { office: office.to_owned(), number: number.to_owned() };
        // A row that does not read is named with its case.
        let Ok(row) = RowRecord::read(value.value(), &place, id) else { continue };
        let stands = match row.state {
            RowState::Waiting => {
                due.get((row.due.timestamp_micros(), office, number, id))?.is_some_and(|kind| kind.value() == row.kind)
            }
            RowState::Held | RowState::Dead => stuck.get((office, number, id))?.is_some(),
        };
        if !stands {
            let thing = format!("outbox row {id} of case {}", readable(number));
            found.push(named(&thing, "the index does not hold it as it stands"));
        }
    }
    Ok(())
}

/// Seen keys and tags name cases that are or were here; each series has counted its cases.
pub fn index(transaction: &ReadTransaction, found: &mut Vec<Damage>) -> Result<(), StoreError> {
    let (live, gone) = (transaction.open_table(CASES)?, transaction.open_table(GONE)?);
    let mut places = std::collections::BTreeSet::new();
    for entry in live.iter()? {
        let (key, _) = entry?;
        let (office, number) = key.value();
        places.insert((office.to_owned(), number.to_owned()));
    }
    for entry in gone.iter()? {
        let (key, _) = entry?;
        let (office, number) = key.value();
        places.insert((office.to_owned(), number.to_owned()));
    }
    let counted = transaction.open_table(SERIES)?;
    let mut numbers = std::collections::BTreeSet::new();
    for (office, text) in &places {
        numbers.insert(text.as_str());
        let Some(number) = number(text) else { continue };
        let name = series(number.prefix(), number.year());
        let highest = counted.get((office.as_str(), name.as_str()))?.map_or(0, |serial| serial.value());
        if highest < number.serial() {
            found.push(named(&format!("the series {name}"), &format!("it has not counted {number}")));
        }
    }
    for entry in transaction.open_table(SEEN)?.iter()? {
        let (_, by) = entry?;
        if !numbers.contains(by.value()) {
            found.push(named("a seen key", "it names a case that was never here"));
        }
    }
    for entry in transaction.open_table(TAGS)?.iter()? {
        let (key, _) = entry?;
        if !numbers.contains(key.value().1) {
            found.push(named("a tag", "it names a case that was never here"));
        }
    }
    Ok(())
}
