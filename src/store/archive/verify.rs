//! An archive file checked with nothing but the file: every stored hash and the whole chain, no key. Names the
//! dossier that is damaged and goes on with the next.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::Path;

use super::volume::Volume;
use crate::engine::archive::Destruction;
use crate::engine::evidence::FileHead;
use crate::engine::store::Damage;
use crate::sop::names::{CaseNumber, Sha256Hex};
use crate::store::StoreError;
use crate::store::redb::records::JournalRecord;
use crate::store::redb::tables::readable;
use crate::vault::{hex, sha256, unhex};

/// Checks one archive file. Empty: all well. Fails only where the file cannot be opened at all.
pub fn verify_file(path: &Path) -> Result<Vec<Damage>, StoreError> {
    match path.metadata() {
        Ok(about) if about.is_file() => {}
        Err(why) if why.kind() != ErrorKind::NotFound => return Err(StoreError::file("look at", path, &why)),
        _ => return Err(StoreError::Refused(format!("There is no archive file at {}", path.display()))),
    }
    let volume = match Volume::open(path) {
        Ok(volume) => volume,
        Err(StoreError::Damaged { thing, what }) => return Ok(vec![Damage { thing, what }]),
        Err(error) => return Err(error),
    };
    Ok(verify(&volume))
}

/// The dossiers of a file that were destroyed, and under which official record.
pub fn destroyed_in(path: &Path) -> Result<Vec<(CaseNumber, Destruction)>, StoreError> {
    let volume = Volume::open(path)?;
    let mut found = Vec::new();
    for position in volume.places()?.into_keys() {
        if let (Ok((record, _)), Ok(Some(why))) = (volume.record(position), volume.destruction(position)) {
            found.push((record.register.number, why));
        }
    }
    Ok(found)
}

/// Whether a file goes on from where it ended when the head was taken. `None`: it does.
pub fn extends(path: &Path, head: &FileHead) -> Result<Option<Damage>, StoreError> {
    let volume = Volume::open(path)?;
    let what = match head.dossiers {
        0 => None,
        last => match volume.record(last) {
            Ok((_, hash)) if hex(&hash) == head.hash.0 => None,
            Ok(_) => Some(format!("dossier {last} of it is another one than when the head was taken")),
            Err(_) => Some(format!("it held {last} dossiers when the head was taken; the last of them is not there")),
        },
    };
    Ok(what.map(|what| Damage { thing: volume.name(), what }))
}

/// Whether a file here is the one of a backup, with the same dossiers or more.
pub fn goes_on(path: &Path, from: &Path) -> bool {
    let head = Volume::open(from).and_then(|volume| {
        let hash = volume.about("head")?.unwrap_or_default();
        Ok(FileHead { file: volume.name(), dossiers: volume.about_number("count")?, hash: Sha256Hex(hex(&hash)) })
    });
    head.and_then(|head| extends(path, &head)).is_ok_and(|damage| damage.is_none())
}

pub fn verify(volume: &Volume) -> Vec<Damage> {
    let mut found = Vec::new();
    let mut note = |thing: &str, what: String| found.push(Damage { thing: thing.to_owned(), what });
    if volume.truncated {
        note(&volume.name(), "the file is shorter than it was written; what lay at its end is lost".to_owned());
    }
    let mut named = BTreeMap::new();
    match volume.numbers() {
        Ok(numbers) => named.extend(numbers),
        Err(error) => note(&volume.name(), text(error)),
    }
    for name in ["year", "before", "count", "head"] {
        if !named.is_empty() && volume.about(name).is_ok_and(|value| value.is_none()) {
            note(&volume.name(), format!("its setting {name} is missing"));
        }
    }
    let mut before = match volume.begins() {
        Ok(hash) => hash.map(|hash| hash.to_vec()),
        Err(error) => {
            note(&volume.name(), text(error));
            None
        }
    };
    let mut positions: BTreeSet<u64> = named.keys().copied().collect();
    match volume.about_number("count").and_then(|counted| Ok((counted, volume.positions()?))) {
        Ok((counted, held)) => {
            // Holes among them are found by their numbers, and by the chain.
            if counted != held.last().copied().unwrap_or(0) {
                note(&volume.name(), format!("it counts {counted} dossiers and holds {}", held.len()));
            }
            positions.extend(held);
        }
        Err(error) => note(&volume.name(), text(error)),
    }
    for position in positions {
        let dossier = match named.get(&position) {
            Some(number) => format!("dossier {}", readable(number)),
            None => format!("the dossier at position {position}"),
        };
        match volume.record(position) {
            Err(error) => {
                note(&dossier, text(error));
                before = None;
            }
            Ok((record, hash)) => {
                match (volume.has_key(position), volume.destruction(position)) {
                    (Ok(false), Ok(None)) => note(&dossier, "its key is gone, and no record says why".to_owned()),
                    (Ok(true), Ok(Some(_))) => note(&dossier, "it was destroyed, and still has a key".to_owned()),
                    (Ok(_), Ok(_)) => {}
                    (Err(error), _) | (_, Err(error)) => note(&dossier, text(error)),
                }
                if named.get(&position) != Some(&record.number) {
                    note(
                        &format!("dossier {}", record.register.number),
                        "the table of numbers does not know it".to_owned(),
                    );
                }
                if before.as_ref().is_some_and(|before| before.as_slice() != record.previous) {
                    note(&dossier, "it does not follow from the dossier before it".to_owned());
                }
                for (index, item) in (0u32..).zip(&record.items) {
                    if let Err(error) = volume.stored_item(position, index, item) {
                        note(&dossier, text(error));
                    }
                }
                for entry in &record.journal {
                    if let Some(what) = journal_fault(&record.office, &record.number, entry) {
                        note(&dossier, format!("journal entry {}: {what}", entry.position));
                    }
                }
                before = Some(hash.to_vec());
            }
        }
    }
    match (volume.about("head"), before) {
        (Ok(Some(head)), Some(before)) if head != before => {
            note(&volume.name(), "its end does not fit its last dossier: dossiers may be missing".to_owned());
        }
        (Err(error), _) => note(&volume.name(), text(error)),
        _ => {}
    }
    found
}

/// Recomputes a journal entry that came with the dossier.
pub(super) fn journal_fault(
    office: &str,
    number: &str,
    entry: &crate::engine::store::JournalEntry,
) -> Option<&'static str> {
    if entry.sealed.as_ref().is_some_and(|sealed| hex(&sha256(sealed)) != entry.digest.0) {
        return Some("its bytes have another hash");
    }
    let hash = |text: &Sha256Hex| unhex(&text.0).unwrap_or_default();
    let record = JournalRecord {
        number: number.to_owned(),
        seq: entry.seq,
        at: entry.at,
        digest: hash(&entry.digest),
        hash: hash(&entry.hash),
        sealed: None,
    };
    let chained = record.chain(office, entry.position, &hash(&entry.previous));
    (chained != record.hash).then_some("it does not follow from the entry before it")
}

fn text(error: StoreError) -> String {
    match error {
        StoreError::Damaged { thing, what } => format!("{thing}: {what}"),
        other => other.to_string(),
    }
}
