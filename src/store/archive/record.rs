//! What the archive writes of a dossier. The record is readable without a key and holds nothing personal: register,
//! dates, stored hashes; names, titles, plain hashes and metadata are in the sealed catalogue.

use chrono::{DateTime, Utc};
use redb::TableDefinition;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::archive::{ArchiveDossier, RegisterLine};
use crate::engine::store::JournalEntry;
use crate::sop::names::Sha256Hex;
use crate::store::StoreError;
use crate::store::codec::{Reader, Writer};
use crate::store::redb::tables::Place;
use crate::vault::{Binding, sha256, sha256_hex, unhex};

/// The schema this program writes; a newer file is refused.
pub const SCHEMA: u64 = 1;
const FORMAT: u8 = 1;
/// redb gives a value pages of a power of two: a part must leave room for its key and the page's head.
pub const PART: usize = 63 * 1024;

/// `schema`, `year`, `before` (chain hash the file starts from; empty where that of the year before could not be read),
/// `count`, `head` (chain hash of the last dossier).
pub const ABOUT: TableDefinition<&str, &[u8]> = TableDefinition::new("about");
/// position from 1 → record.
pub const DOSSIERS: TableDefinition<u64, &[u8]> = TableDefinition::new("dossiers");
/// sortable number → position.
pub const NUMBERS: TableDefinition<&str, u64> = TableDefinition::new("numbers");
/// position → wrapped dossier key. Outside the chain: destroying a dossier is removing its key.
pub const KEYS: TableDefinition<u64, &[u8]> = TableDefinition::new("keys");
/// position → when and under which official record its key was destroyed, as JSON. Not there before the first.
pub const DESTROYED: TableDefinition<u64, &[u8]> = TableDefinition::new("destroyed");
/// (position, item from 0, part from 0) → sealed bytes.
pub const PARTS: TableDefinition<(u64, u32, u32), &[u8]> = TableDefinition::new("parts");

/// A dossier's record.
#[derive(Clone)]
pub struct DossierRecord {
    pub office: String,
    /// The number as it sorts.
    pub number: String,
    pub register: RegisterLine,
    pub archived: DateTime<Utc>,
    pub catalogue: Vec<u8>,
    pub items: Vec<StoredItem>,
    pub journal: Vec<JournalEntry>,
    /// Chain hash of the dossier before.
    pub previous: [u8; 32],
}

/// An item's stored bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct StoredItem {
    pub parts: u32,
    pub length: u64,
    pub sha256: [u8; 32],
}

/// The sealed part of the record.
#[derive(Serialize, Deserialize, PartialEq)]
pub struct Catalogue {
    pub metadata: Value,
    pub items: Vec<CatalogueItem>,
}

#[derive(Serialize, Deserialize, PartialEq)]
pub struct CatalogueItem {
    pub name: String,
    pub media_type: String,
    pub title: String,
    pub bytes: u64,
    /// Of the plain bytes.
    pub sha256: Sha256Hex,
}

impl Catalogue {
    pub fn of(dossier: &ArchiveDossier) -> Self {
        let items = dossier.items.iter().map(|item| CatalogueItem {
            name: item.name.clone(),
            media_type: item.media_type.clone(),
            title: item.title.clone(),
            bytes: item.bytes.len() as u64,
            sha256: sha256_hex(&item.bytes),
        });
        Self { metadata: dossier.metadata.clone(), items: items.collect() }
    }

    pub fn binding(place: &Place) -> Binding {
        let [office, number] = place.owner();
        Binding::of(&[b"archive catalogue", office, number])
    }
}

pub fn item_binding(place: &Place, item: u32) -> Binding {
    let [office, number] = place.owner();
    Binding::of(&[b"archive item", office, number, &item.to_be_bytes()])
}

impl DossierRecord {
    pub fn place(&self) -> Place {
        Place { office: self.office.clone(), number: self.number.clone() }
    }

    /// The record as stored, and its chain hash: SHA-256 over all of it, the hash of the dossier before included.
    pub fn write(&self) -> Result<(Vec<u8>, [u8; 32]), StoreError> {
        let register = serde_json::to_vec(&self.register).map_err(|error| {
            StoreError::Refused(format!("The register line of {} cannot be written: {error}", self.register.number))
        })?;
        let mut body = Writer::new(FORMAT)
            .text(&self.office)
            .text(&self.number)
            .bytes(&register)
            .time(self.archived)
            .bytes(&self.catalogue)
            .hash(&self.previous)
            .u32(self.items.len() as u32);
        for item in &self.items {
            body = body.u32(item.parts).u64(item.length).hash(&item.sha256);
        }
        body = body.u32(self.journal.len() as u32);
        for entry in &self.journal {
            let hash = |text: &Sha256Hex| {
                unhex(&text.0)
                    .ok_or_else(|| StoreError::damaged(format!("journal entry {}", entry.position), "a hash is none"))
            };
            body = body
                .u64(entry.position)
                .u64(entry.seq)
                .time(entry.at)
                .hash(&hash(&entry.previous)?)
                .hash(&hash(&entry.hash)?)
                .hash(&hash(&entry.digest)?)
                .optional(entry.sealed.as_deref());
        }
        let body = body.done();
        let hash = sha256(&body);
        Ok((Writer::new(FORMAT).bytes(&body).hash(&hash).done(), hash))
    }

    /// Reads a record; its chain hash was recomputed and fits.
    pub fn read(bytes: &[u8], position: u64) -> Result<(Self, [u8; 32]), StoreError> {
        let thing = format!("the record at position {position}");
        let mut outer = Reader::new(bytes, FORMAT, &thing)?;
        let (body, hash) = (outer.bytes()?, outer.hash()?);
        outer.end()?;
        if sha256(body) != hash {
            return Err(StoreError::damaged(thing, "its bytes have another hash"));
        }
        let mut reader = Reader::new(body, FORMAT, &thing)?;
        let office = reader.text()?.to_owned();
        let number = reader.text()?.to_owned();
        let register: RegisterLine =
            serde_json::from_slice(reader.bytes()?).map_err(|_| reader.garbled("its register line does not read"))?;
        let archived = reader.time()?;
        let catalogue = reader.bytes()?.to_vec();
        let previous = reader.hash()?;
        let mut items = Vec::new();
        for _ in 0..reader.u32()? {
            items.push(StoredItem { parts: reader.u32()?, length: reader.u64()?, sha256: reader.hash()? });
        }
        let mut journal = Vec::new();
        for _ in 0..reader.u32()? {
            let hex = |bytes: [u8; 32]| Sha256Hex(crate::vault::hex(&bytes));
            journal.push(JournalEntry {
                position: reader.u64()?,
                number: register.number.clone(),
                seq: reader.u64()?,
                at: reader.time()?,
                previous: hex(reader.hash()?),
                hash: hex(reader.hash()?),
                digest: hex(reader.hash()?),
                sealed: reader.optional()?.map(<[u8]>::to_vec),
            });
        }
        reader.end()?;
        Ok((Self { office, number, register, archived, catalogue, items, journal, previous }, hash))
    }
}
