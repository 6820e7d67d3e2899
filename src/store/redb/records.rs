//! The values of the tables: what each consists of, how it is written, and to what its sealed part is bound.

use chrono::{DateTime, Utc};

use super::tables::{Place, readable};
use crate::engine::store::{LinkState, RowState};
use crate::store::StoreError;
use crate::store::codec::{Reader, Writer};
use crate::vault::{Binding, sha256};

const FORMAT: u8 = 1;

#[derive(Clone)]
pub struct CaseRecord {
    pub version: u64,
    /// Events written so far; the next one's `seq` is one more.
    pub events: u64,
    pub sealed: Vec<u8>,
}

impl CaseRecord {
    pub fn binding(place: &Place, version: u64) -> Binding {
        let [office, number] = place.owner();
        Binding::of(&[b"case", office, number, &version.to_be_bytes()])
    }

    pub fn write(&self) -> Vec<u8> {
        Writer::new(FORMAT).u64(self.version).u64(self.events).bytes(&self.sealed).done()
    }

    pub fn read(bytes: &[u8], place: &Place) -> Result<Self, StoreError> {
        let thing = format!("case {}", readable(&place.number));
        let mut reader = Reader::new(bytes, FORMAT, &thing)?;
        let record = Self { version: reader.u64()?, events: reader.u64()?, sealed: reader.bytes()?.to_vec() };
        reader.end()?;
        Ok(record)
    }
}

#[derive(Clone)]
pub struct JournalRecord {
    pub number: String,
    pub seq: u64,
    pub at: DateTime<Utc>,
    /// SHA-256 of the sealed bytes.
    pub digest: [u8; 32],
    pub hash: [u8; 32],
    pub sealed: Option<Vec<u8>>,
}

impl JournalRecord {
    pub fn binding(place: &Place, seq: u64) -> Binding {
        let [office, number] = place.owner();
        Binding::of(&[b"event", office, number, &seq.to_be_bytes()])
    }

    /// The chain: each entry's hash takes in the one before and the digest of the stored bytes, so that the chain
    /// still verifies when the key is destroyed or the bytes have moved to the archive.
    pub fn chain(&self, office: &str, position: u64, previous: &[u8; 32]) -> [u8; 32] {
        let entry = Writer::new(FORMAT)
            .text("loket journal")
            .text(office)
            .hash(previous)
            .u64(position)
            .text(&self.number)
            .u64(self.seq)
            .time(self.at)
            .hash(&self.digest);
        sha256(&entry.done())
    }

    pub fn write(&self) -> Vec<u8> {
        Writer::new(FORMAT)
            .text(&self.number)
            .u64(self.seq)
            .time(self.at)
            .hash(&self.digest)
            .hash(&self.hash)
            .optional(self.sealed.as_deref())
            .done()
    }

    pub fn read(bytes: &[u8], position: u64) -> Result<Self, StoreError> {
        let thing = format!("journal entry {position}");
        let mut reader = Reader::new(bytes, FORMAT, &thing)?;
        let record = Self {
            number: reader.text()?.to_owned(),
            seq: reader.u64()?,
            at: reader.time()?,
            digest: reader.hash()?,
            hash: reader.hash()?,
            sealed: reader.optional()?.map(<[u8]>::to_vec),
        };
        reader.end()?;
        Ok(record)
    }
}

#[derive(Clone)]
pub struct RowRecord {
    pub kind: String,
    pub state: RowState,
    pub due: DateTime<Utc>,
    pub attempts: u32,
    /// Tells this row from an earlier one of the same id.
    pub stamp: u64,
    pub sealed_note: Option<Vec<u8>>,
    pub sealed_payload: Vec<u8>,
}

impl RowRecord {
    pub fn note_binding(place: &Place, id: &str) -> Binding {
        let [office, number] = place.owner();
        Binding::of(&[b"row note", office, number, id.as_bytes()])
    }

    pub fn payload_binding(place: &Place, id: &str) -> Binding {
        let [office, number] = place.owner();
        Binding::of(&[b"row", office, number, id.as_bytes()])
    }

    pub fn write(&self) -> Vec<u8> {
        let state = match self.state {
            RowState::Waiting => 0,
            RowState::Held => 1,
            RowState::Dead => 2,
        };
        Writer::new(FORMAT)
            .text(&self.kind)
            .u8(state)
            .time(self.due)
            .u32(self.attempts)
            .u64(self.stamp)
            .optional(self.sealed_note.as_deref())
            .bytes(&self.sealed_payload)
            .done()
    }

    pub fn read(bytes: &[u8], place: &Place, id: &str) -> Result<Self, StoreError> {
        let thing = format!("outbox row {id} of case {}", readable(&place.number));
        let mut reader = Reader::new(bytes, FORMAT, &thing)?;
        let record = Self {
            kind: reader.text()?.to_owned(),
            state: match reader.u8()? {
                0 => RowState::Waiting,
                1 => RowState::Held,
                2 => RowState::Dead,
                _ => return Err(reader.garbled("its state is unknown")),
            },
            due: reader.time()?,
            attempts: reader.u32()?,
            stamp: reader.u64()?,
            sealed_note: reader.optional()?.map(<[u8]>::to_vec),
            sealed_payload: reader.bytes()?.to_vec(),
        };
        reader.end()?;
        Ok(record)
    }
}

#[derive(Clone)]
pub struct LinkRecord {
    pub place: Place,
    pub scope: String,
    pub expires: DateTime<Utc>,
    pub state: LinkState,
    pub sealed: Vec<u8>,
}

impl LinkRecord {
    pub fn binding(hash: &[u8; 32]) -> Binding {
        Binding::of(&[b"link", hash])
    }

    pub fn write(&self) -> Vec<u8> {
        let state = match self.state {
            LinkState::Live => 0,
            LinkState::Spent => 1,
            LinkState::Void => 2,
        };
        Writer::new(FORMAT)
            .text(&self.place.office)
            .text(&self.place.number)
            .text(&self.scope)
            .time(self.expires)
            .u8(state)
            .bytes(&self.sealed)
            .done()
    }

    pub fn read(bytes: &[u8]) -> Result<Self, StoreError> {
        let mut reader = Reader::new(bytes, FORMAT, "a link")?;
        let record = Self {
            place: Place { office: reader.text()?.to_owned(), number: reader.text()?.to_owned() },
            scope: reader.text()?.to_owned(),
            expires: reader.time()?,
            state: match reader.u8()? {
                0 => LinkState::Live,
                1 => LinkState::Spent,
                2 => LinkState::Void,
                _ => return Err(reader.garbled("its state is unknown")),
            },
            sealed: reader.bytes()?.to_vec(),
        };
        reader.end()?;
        Ok(record)
    }
}

#[derive(Clone)]
pub struct SecretRecord {
    pub expires: DateTime<Utc>,
    pub sealed: Vec<u8>,
}

impl SecretRecord {
    pub fn write(&self) -> Vec<u8> {
        Writer::new(FORMAT).time(self.expires).bytes(&self.sealed).done()
    }

    pub fn read(bytes: &[u8]) -> Result<Self, StoreError> {
        let mut reader = Reader::new(bytes, FORMAT, "a secret")?;
        let record = Self { expires: reader.time()?, sealed: reader.bytes()?.to_vec() };
        reader.end()?;
        Ok(record)
    }
}

#[derive(Clone, Copy)]
pub struct ContentRecord {
    /// Of the plain bytes.
    pub length: u64,
    /// SHA-256 of the sealed file.
    pub stored: [u8; 32],
}

impl ContentRecord {
    pub fn write(&self) -> Vec<u8> {
        Writer::new(FORMAT).u64(self.length).hash(&self.stored).done()
    }

    pub fn read(bytes: &[u8]) -> Result<Self, StoreError> {
        let mut reader = Reader::new(bytes, FORMAT, "a content record")?;
        let record = Self { length: reader.u64()?, stored: reader.hash()? };
        reader.end()?;
        Ok(record)
    }
}

#[derive(Clone)]
pub struct DocumentRecord {
    pub version: u64,
    pub sealed: Vec<u8>,
}

impl DocumentRecord {
    pub fn binding(office: &str, family: &str, id: &str, version: u64) -> Binding {
        Binding::of(&[b"document", office.as_bytes(), family.as_bytes(), id.as_bytes(), &version.to_be_bytes()])
    }

    pub fn write(&self) -> Vec<u8> {
        Writer::new(FORMAT).u64(self.version).bytes(&self.sealed).done()
    }

    pub fn read(bytes: &[u8], family: &str) -> Result<Self, StoreError> {
        let thing = format!("a document of {family:?}");
        let mut reader = Reader::new(bytes, FORMAT, &thing)?;
        let record = Self { version: reader.u64()?, sealed: reader.bytes()?.to_vec() };
        reader.end()?;
        Ok(record)
    }
}
