//! The tables of the live store. Keys begin with the office; numbers are written so that they sort
//! (`LPSE-2026-000000047`). What is personal is sealed in the value or blinded in the key.

use redb::TableDefinition;

use crate::engine::store::CaseKey;
use crate::sop::names::{CaseNumber, OfficeId};

/// The schema this program writes. A newer file is refused; an older one is brought up at start ([`super::schema`]).
pub const SCHEMA: u32 = 2;

type Bytes = &'static [u8];
type Text = &'static str;
type Hash = &'static [u8; 32];

/// `schema`, `store` (its identity), `epoch`, `pinned` (what those two are), `written` (transactions), `fingerprint` of the master key, while it is being
/// changed of each that something may still be sealed under; `lasting` (keys, sealed), `renewed` (1: write the file anew at the next start).
pub const META: TableDefinition<Text, Bytes> = TableDefinition::new("meta");
/// (office, number) → wrapped dossier key.
pub const KEYS: TableDefinition<(Text, Text), Bytes> = TableDefinition::new("keys");
/// (office, number) → version, events so far, sealed snapshot.
pub const CASES: TableDefinition<(Text, Text), Bytes> = TableDefinition::new("cases");
/// (office, number) → last version, of cases that moved to the archive.
pub const GONE: TableDefinition<(Text, Text), u64> = TableDefinition::new("gone");
/// (office, position) → number, seq, time, hashes, sealed event.
pub const JOURNAL: TableDefinition<(Text, u64), Bytes> = TableDefinition::new("journal");
/// (office, number, seq) → position in the journal.
pub const EVENTS: TableDefinition<(Text, Text, u64), u64> = TableDefinition::new("events");
/// (office, number, row) → kind, state, due, attempts, sealed note and payload.
pub const ROWS: TableDefinition<(Text, Text, Text), Bytes> = TableDefinition::new("rows");
/// (due in microseconds, office, number, row) → kind, of waiting rows.
pub const DUE: TableDefinition<(i64, Text, Text, Text), Text> = TableDefinition::new("due");
/// (office, number, row), of held and dead rows.
pub const STUCK: TableDefinition<(Text, Text, Text), ()> = TableDefinition::new("stuck");
/// blinded key → number that took it.
pub const SEEN: TableDefinition<Hash, Text> = TableDefinition::new("seen");
/// (blinded family and value, number).
pub const TAGS: TableDefinition<(Hash, Text), ()> = TableDefinition::new("tags");
/// token hash → case, scope, expiry, state, sealed record.
pub const LINKS: TableDefinition<Hash, Bytes> = TableDefinition::new("links");
/// (office, number, token hash).
pub const CASE_LINKS: TableDefinition<(Text, Text, Hash), ()> = TableDefinition::new("case_links");
/// (office, number, id) → expiry, bytes sealed with a key that is not here. Never in a backup.
pub const SECRETS: TableDefinition<(Text, Text, Text), Bytes> = TableDefinition::new("secrets");
/// (office, number, SHA-256 of the plain bytes) → length, SHA-256 of the sealed file.
pub const CONTENTS: TableDefinition<(Text, Text, Text), Bytes> = TableDefinition::new("contents");
/// (office, `PREFIX-YYYY`) → highest serial.
pub const SERIES: TableDefinition<(Text, Text), u32> = TableDefinition::new("series");
/// (office, family, id) → version, sealed bytes.
pub const DOCUMENTS: TableDefinition<(Text, Text, Text), Bytes> = TableDefinition::new("documents");

/// A case key as it stands in the tables.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    pub office: String,
    pub number: String,
}

impl Place {
    pub fn of(key: &CaseKey) -> Self {
        Self { office: key.office.0.clone(), number: sortable(&key.number) }
    }

    pub fn key(&self) -> (&str, &str) {
        (&self.office, &self.number)
    }

    /// The owner a dossier key is wrapped for.
    pub fn owner(&self) -> [&[u8]; 2] {
        [self.office.as_bytes(), self.number.as_bytes()]
    }
}

/// The number so that text order is number order.
pub fn sortable(number: &CaseNumber) -> String {
    format!("{}-{:04}-{:09}", number.prefix(), number.year(), number.serial())
}

/// `PREFIX-YYYY`, the series a number belongs to.
pub fn series(prefix: &str, year: i32) -> String {
    format!("{prefix}-{year:04}")
}

/// Reads a sortable number back; `None` where it was never one.
pub fn number(text: &str) -> Option<CaseNumber> {
    let (rest, serial) = text.rsplit_once('-')?;
    let (prefix, year) = rest.rsplit_once('-')?;
    Some(CaseNumber::new(prefix, year.parse().ok()?, serial.parse().ok()?))
}

/// A sortable number as people write it, for messages and logs.
pub fn readable(text: &str) -> String {
    number(text).map_or_else(|| text.to_owned(), |number| number.to_string())
}

pub fn case_key(office: &str, text: &str) -> Option<CaseKey> {
    number(text).map(|number| CaseKey { office: OfficeId(office.to_owned()), number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_sort_as_numbers_and_read_back() {
        let small = CaseNumber::new("LPSE", 2026, 9999);
        let large = CaseNumber::new("LPSE", 2026, 10_000);

        assert!(sortable(&small) < sortable(&large));
        assert_eq!(number(&sortable(&large)), Some(large));
        assert_eq!(number("x"), None);
        assert_eq!((readable(&sortable(&small)), readable("x")), (small.to_string(), "x".to_owned()));
    }
}
