//! What of a live store, or of its copy, opens under the keys at hand: dossier keys, cases, outbox rows, links, documents. A backup of what
//! is damaged holds the damage too; it is named when the backup is taken and again when it is restored, and costs nothing else.

use std::collections::BTreeMap;

use redb::{ReadTransaction, ReadableTable};

use super::StoreError;
use super::redb::records::{CaseRecord, DocumentRecord, LinkRecord, RowRecord};
use super::redb::tables::{CASES, DOCUMENTS, KEYS, LINKS, Place, ROWS, readable};
use crate::engine::store::Damage;
use crate::vault::{Binding, DossierKey, Keyring};

/// What does not open, one after the other.
struct Walk {
    keys: BTreeMap<Place, DossierKey>,
    found: Vec<Damage>,
}

/// Names everything that does not open.
pub(super) fn damage(transaction: &ReadTransaction, keyring: &Keyring) -> Result<Vec<Damage>, StoreError> {
    let mut walk = Walk { keys: BTreeMap::new(), found: Vec::new() };
    for entry in transaction.open_table(KEYS)?.iter()? {
        let (key, wrapped) = entry?;
        let place = place(key.value());
        match keyring.unwrap(&place.owner(), wrapped.value()) {
            Ok(key) => drop(walk.keys.insert(place, key)),
            Err(_) => walk.name(format!("the key of case {}", readable(&place.number)), "it does not open"),
        }
    }
    for entry in transaction.open_table(CASES)?.iter()? {
        let (key, value) = entry?;
        let place = place(key.value());
        let record = CaseRecord::read(value.value(), &place);
        walk.look(&place, format!("case {}", readable(&place.number)), record, |record| {
            vec![(CaseRecord::binding(&place, record.version), record.sealed)]
        });
    }
    for entry in transaction.open_table(ROWS)?.iter()? {
        let (key, value) = entry?;
        let (office, number, id) = key.value();
        let place = place((office, number));
        let record = RowRecord::read(value.value(), &place, id);
        walk.look(&place, format!("outbox row {id} of case {}", readable(number)), record, |record| {
            let note = record.sealed_note.map(|note| (RowRecord::note_binding(&place, id), note));
            note.into_iter().chain([(RowRecord::payload_binding(&place, id), record.sealed_payload)]).collect()
        });
    }
    for entry in transaction.open_table(LINKS)?.iter()? {
        let (hash, value) = entry?;
        let record = LinkRecord::read(value.value());
        let place = record.as_ref().map_or(place(("", "")), |record| record.place.clone());
        walk.look(&place, format!("a link of case {}", readable(&place.number)), record, |record| {
            vec![(LinkRecord::binding(hash.value()), record.sealed)]
        });
    }
    for entry in transaction.open_table(DOCUMENTS)?.iter()? {
        let (key, value) = entry?;
        let (office, family, id) = key.value();
        let record = DocumentRecord::read(value.value(), family);
        let opened = record.map(|record| {
            let binding = DocumentRecord::binding(office, family, id, record.version);
            keyring.office.open(&binding, &record.sealed)
        });
        match opened {
            Ok(Ok(_)) => {}
            Err(StoreError::Damaged { thing, what }) => walk.name(thing, &what),
            _ => walk.name(format!("a document of {family:?}"), "its seal does not open"),
        }
    }
    Ok(walk.found)
}

impl Walk {
    fn name(&mut self, thing: String, what: &str) {
        self.found.push(Damage { thing, what: what.to_owned() });
    }

    /// Opens what is sealed in a record.
    fn look<R>(
        &mut self,
        place: &Place,
        thing: String,
        record: Result<R, StoreError>,
        sealed: impl FnOnce(R) -> Vec<(Binding, Vec<u8>)>,
    ) {
        match (record, self.keys.get(place)) {
            (Err(StoreError::Damaged { thing, what }), _) => self.name(thing, &what),
            (Err(error), _) => self.name(thing, &error.to_string()),
            (Ok(_), None) => self.name(thing, "the key of its case is missing or does not open"),
            (Ok(record), Some(key)) => {
                if sealed(record).iter().any(|(binding, bytes)| key.open(binding, bytes).is_err()) {
                    self.name(thing, "its seal does not open");
                }
            }
        }
    }
}

fn place((office, number): (&str, &str)) -> Place {
    Place { office: office.to_owned(), number: number.to_owned() }
}
