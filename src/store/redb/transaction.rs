//! One write transaction with every table open, and what is to be done once it is durable.

use redb::{Database, ReadableTable, Table, WriteTransaction};

use super::tables::{
    CASE_LINKS, CASES, CONTENTS, DOCUMENTS, DUE, EVENTS, GONE, JOURNAL, KEYS, LINKS, META, Place, ROWS, SECRETS, SEEN,
    SERIES, STUCK, TAGS,
};
use crate::sop::names::Sha256Hex;
use crate::store::StoreError;

type Text = &'static str;
type Bytes = &'static [u8];
type Hash = &'static [u8; 32];

/// The tables, open for writing.
pub struct Tables<'t> {
    pub meta: Table<'t, Text, Bytes>,
    pub keys: Table<'t, (Text, Text), Bytes>,
    pub cases: Table<'t, (Text, Text), Bytes>,
    pub gone: Table<'t, (Text, Text), u64>,
    pub journal: Table<'t, (Text, u64), Bytes>,
    pub events: Table<'t, (Text, Text, u64), u64>,
    pub rows: Table<'t, (Text, Text, Text), Bytes>,
    pub due: Table<'t, (i64, Text, Text, Text), Text>,
    pub stuck: Table<'t, (Text, Text, Text), ()>,
    pub seen: Table<'t, Hash, Text>,
    pub tags: Table<'t, (Hash, Text), ()>,
    pub links: Table<'t, Hash, Bytes>,
    pub case_links: Table<'t, (Text, Text, Hash), ()>,
    pub secrets: Table<'t, (Text, Text, Text), Bytes>,
    pub contents: Table<'t, (Text, Text, Text), Bytes>,
    pub series: Table<'t, (Text, Text), u32>,
    pub documents: Table<'t, (Text, Text, Text), Bytes>,
    pub after: After,
}

/// What follows a durable commit.
#[derive(Default)]
pub struct After {
    /// Contents that now have a row.
    pub named: Vec<(Place, Vec<Sha256Hex>)>,
    /// Rows whose lease ends.
    pub ended: Vec<(Place, String)>,
    /// Cases whose content folder goes.
    pub removed: Vec<Place>,
}

impl<'t> Tables<'t> {
    pub fn open(transaction: &'t WriteTransaction) -> Result<Self, StoreError> {
        Ok(Self {
            meta: transaction.open_table(META)?,
            keys: transaction.open_table(KEYS)?,
            cases: transaction.open_table(CASES)?,
            gone: transaction.open_table(GONE)?,
            journal: transaction.open_table(JOURNAL)?,
            events: transaction.open_table(EVENTS)?,
            rows: transaction.open_table(ROWS)?,
            due: transaction.open_table(DUE)?,
            stuck: transaction.open_table(STUCK)?,
            seen: transaction.open_table(SEEN)?,
            tags: transaction.open_table(TAGS)?,
            links: transaction.open_table(LINKS)?,
            case_links: transaction.open_table(CASE_LINKS)?,
            secrets: transaction.open_table(SECRETS)?,
            contents: transaction.open_table(CONTENTS)?,
            series: transaction.open_table(SERIES)?,
            documents: transaction.open_table(DOCUMENTS)?,
            after: After::default(),
        })
    }

    /// A number of the meta table; 0 where it was never set.
    pub fn number(&self, name: &str) -> Result<u64, StoreError> {
        match self.meta.get(name)? {
            None => Ok(0),
            Some(value) => {
                let bytes = value.value().try_into();
                bytes
                    .map(u64::from_be_bytes)
                    .map_err(|_| StoreError::damaged(format!("the setting {name}"), "it is no number"))
            }
        }
    }

    pub fn set_number(&mut self, name: &str, value: u64) -> Result<(), StoreError> {
        self.meta.insert(name, value.to_be_bytes().as_slice())?;
        Ok(())
    }
}

/// Begins a durable transaction: two-phase, because its input may be hostile, and quick to reopen after a crash.
pub fn begin(database: &Database) -> Result<WriteTransaction, StoreError> {
    let mut transaction = database.begin_write()?;
    transaction.set_two_phase_commit(true);
    transaction.set_quick_repair(true);
    Ok(transaction)
}
