//! The store's own bytes: a version byte, then fields in order; numbers big-endian, texts and byte strings with a
//! length of four bytes, and at the end a checksum. A reader refuses a version it does not know, bytes left over, and
//! any byte that changed: redb does not look at its pages' checksums when it reads, and only some fields are sealed.

use chrono::{DateTime, Utc};

use super::StoreError;
use crate::vault::sha256;

/// The first bytes of the SHA-256 over all that stands before.
const CHECKSUM: usize = 8;

pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub fn new(version: u8) -> Self {
        Self(vec![version])
    }

    pub fn u8(mut self, value: u8) -> Self {
        self.0.push(value);
        self
    }

    pub fn u32(mut self, value: u32) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub fn u64(mut self, value: u64) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    /// Whole microseconds since 1970.
    pub fn time(mut self, value: DateTime<Utc>) -> Self {
        self.0.extend_from_slice(&value.timestamp_micros().to_be_bytes());
        self
    }

    pub fn hash(mut self, value: &[u8; 32]) -> Self {
        self.0.extend_from_slice(value);
        self
    }

    pub fn bytes(self, value: &[u8]) -> Self {
        let mut next = self.u32(value.len() as u32);
        next.0.extend_from_slice(value);
        next
    }

    pub fn text(self, value: &str) -> Self {
        self.bytes(value.as_bytes())
    }

    pub fn optional(self, value: Option<&[u8]>) -> Self {
        match value {
            None => self.u8(0),
            Some(bytes) => self.u8(1).bytes(bytes),
        }
    }

    pub fn done(mut self) -> Vec<u8> {
        let checksum = checksum(&self.0);
        self.0.extend_from_slice(&checksum);
        self.0
    }
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    let mut first = [0u8; CHECKSUM];
    first.copy_from_slice(&sha256(bytes)[..CHECKSUM]);
    first
}

/// Reads what [`Writer`] wrote; `thing` names it in the error.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    thing: &'a str,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8], version: u8, thing: &'a str) -> Result<Self, StoreError> {
        let (bytes, expected) =
            bytes.split_last_chunk().ok_or_else(|| StoreError::damaged(thing, "it is too short"))?;
        if checksum(bytes) != *expected {
            return Err(StoreError::damaged(thing, "its bytes changed since they were written"));
        }
        match bytes.split_first() {
            Some((&found, rest)) if found == version => Ok(Self { rest, thing }),
            Some((&found, _)) => Err(StoreError::damaged(thing, format!("it has format {found}, not {version}"))),
            None => Err(StoreError::damaged(thing, "it is empty")),
        }
    }

    pub fn u8(&mut self) -> Result<u8, StoreError> {
        Ok(self.take(1)?[0])
    }

    pub fn u32(&mut self) -> Result<u32, StoreError> {
        self.array().map(u32::from_be_bytes)
    }

    pub fn u64(&mut self) -> Result<u64, StoreError> {
        self.array().map(u64::from_be_bytes)
    }

    pub fn time(&mut self) -> Result<DateTime<Utc>, StoreError> {
        let micros = self.array().map(i64::from_be_bytes)?;
        DateTime::from_timestamp_micros(micros).ok_or_else(|| self.garbled("a time is out of range"))
    }

    pub fn hash(&mut self) -> Result<[u8; 32], StoreError> {
        self.array()
    }

    pub fn bytes(&mut self) -> Result<&'a [u8], StoreError> {
        let length = self.u32()?;
        self.take(length as usize)
    }

    pub fn text(&mut self) -> Result<&'a str, StoreError> {
        let bytes = self.bytes()?;
        std::str::from_utf8(bytes).map_err(|_| self.garbled("a text is not UTF-8"))
    }

    pub fn optional(&mut self) -> Result<Option<&'a [u8]>, StoreError> {
        match self.u8()? {
            0 => Ok(None),
            1 => self.bytes().map(Some),
            _ => Err(self.garbled("a mark is neither 0 nor 1")),
        }
    }

    pub fn end(self) -> Result<(), StoreError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.garbled("bytes are left over")) }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        let mut bytes = [0u8; N];
        bytes.copy_from_slice(self.take(N)?);
        Ok(bytes)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], StoreError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(|| self.garbled("it ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    pub fn garbled(&self, what: &str) -> StoreError {
        StoreError::damaged(self.thing, what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_back_and_every_cut_and_every_flipped_bit_is_noticed() {
        let at = DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap();
        let bytes =
            Writer::new(1).u8(7).u32(8).u64(9).time(at).text("berkas").optional(None).optional(Some(b"x")).done();

        let read = |bytes: &[u8]| -> Result<(), StoreError> {
            let mut reader = Reader::new(bytes, 1, "row")?;
            assert_eq!(reader.u8()?, 7);
            assert_eq!(reader.u32()?, 8);
            assert_eq!(reader.u64()?, 9);
            assert_eq!(reader.time()?, at);
            assert_eq!(reader.text()?, "berkas");
            assert_eq!(reader.optional()?, None);
            assert_eq!(reader.optional()?, Some(b"x".as_slice()));
            reader.end()
        };

        assert!(read(&bytes).is_ok());
        for cut in 0..bytes.len() {
            assert!(read(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&flipped).is_err(), "bit {bit}");
        }
        assert!(read(&[bytes.as_slice(), b"more"].concat()).is_err());
        assert!(Reader::new(&bytes, 2, "row").is_err());
    }
}
