//! What a start puts right in the outbox's index. A row has a checksum and its index entry has none: one that changed behind the
//! store's back leads nowhere, and the row would never be carried out, nor be shown to anybody. Entries of rows that do not read
//! themselves stay as they are; `agree` and `verify` name what is damaged.

use std::collections::{BTreeMap, BTreeSet};

use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable};

use super::reason;
use super::records::RowRecord;
use super::tables::{DUE, Place, ROWS, STUCK, readable};
use super::transaction::begin;
use crate::engine::store::RowState;
use crate::store::{StoreError, quiet};

/// Office, number and id of a row.
type Name = (String, String, String);

/// Entries of the two tables that lead to rows.
#[derive(Default)]
struct Index {
    /// By microseconds and row; the row's kind.
    due: BTreeMap<(i64, Name), String>,
    stuck: BTreeSet<Name>,
}

impl Index {
    fn is_empty(&self) -> bool {
        self.due.is_empty() && self.stuck.is_empty()
    }
}

/// Puts each row where its state says: among the due ones at its time, or among those that wait for a person.
pub fn outbox_index(database: &Database) -> Result<(), StoreError> {
    let transaction = database.begin_read()?;
    let why = match quiet::catch(|| compare(&transaction)) {
        Ok(Ok((missing, wrong))) if missing.is_empty() && wrong.is_empty() => return Ok(()),
        Ok(Ok((missing, wrong))) => {
            drop(transaction);
            return rewrite(database, &missing, &wrong);
        }
        Ok(Err(error)) => error.to_string(),
        Err(panic) => reason(panic.as_ref()),
    };
    tracing::error!("the outbox and its index cannot be compared: {why}");
    Ok(())
}

/// The entries that are missing, and those that no row has.
fn compare(transaction: &ReadTransaction) -> Result<(Index, Index), StoreError> {
    let (mut missing, mut wrong, mut damaged) = (Index::default(), Index::default(), BTreeSet::new());
    for entry in transaction.open_table(ROWS)?.iter()? {
        let (key, value) = entry?;
        let name = owned(key.value());
        let place = Place { office: name.0.clone(), number: name.1.clone() };
        match RowRecord::read(value.value(), &place, &name.2) {
            Ok(row) if row.state == RowState::Waiting => {
                missing.due.insert((row.due.timestamp_micros(), name), row.kind);
            }
            Ok(_) => {
                missing.stuck.insert(name);
            }
            Err(_) => {
                damaged.insert(name);
            }
        }
    }
    for entry in transaction.open_table(DUE)?.iter()? {
        let (key, kind) = entry?;
        let (due, office, number, id) = key.value();
        let entry = (due, owned((office, number, id)));
        if missing.due.get(&entry).map(String::as_str) == Some(kind.value()) {
            missing.due.remove(&entry);
        } else if !damaged.contains(&entry.1) {
            wrong.due.insert(entry, kind.value().to_owned());
        }
    }
    for entry in transaction.open_table(STUCK)?.iter()? {
        let name = owned(entry?.0.value());
        if !missing.stuck.remove(&name) && !damaged.contains(&name) {
            wrong.stuck.insert(name);
        }
    }
    Ok((missing, wrong))
}

fn owned((office, number, id): (&str, &str, &str)) -> Name {
    (office.to_owned(), number.to_owned(), id.to_owned())
}

/// All of it in one transaction. An index that breaks under it refuses the start: the tree below is not sound.
fn rewrite(database: &Database, missing: &Index, wrong: &Index) -> Result<(), StoreError> {
    let written = quiet::catch(|| write(database, missing, wrong));
    written.unwrap_or_else(|panic| Err(StoreError::storage("mending the outbox's index", reason(panic.as_ref()))))?;
    for ((_, (_, number, row)), effect) in &missing.due {
        tracing::warn!(
            case = readable(number),
            row,
            effect,
            "an effect is due again: its entry in the index had changed"
        );
    }
    for (_, number, row) in &missing.stuck {
        tracing::warn!(
            case = readable(number),
            row,
            "an effect waits for a person again: its entry in the index had changed"
        );
    }
    let removed = wrong.due.len() + wrong.stuck.len();
    if removed > 0 {
        tracing::warn!(removed, "entries of the outbox's index that fitted no effect are removed");
    }
    Ok(())
}

fn write(database: &Database, missing: &Index, wrong: &Index) -> Result<(), StoreError> {
    let transaction = begin(database)?;
    {
        let (mut due, mut stuck) = (transaction.open_table(DUE)?, transaction.open_table(STUCK)?);
        for (at, (office, number, id)) in wrong.due.keys() {
            due.remove((*at, office.as_str(), number.as_str(), id.as_str()))?;
        }
        for (office, number, id) in &wrong.stuck {
            stuck.remove((office.as_str(), number.as_str(), id.as_str()))?;
        }
        for ((at, (office, number, id)), kind) in &missing.due {
            due.insert((*at, office.as_str(), number.as_str(), id.as_str()), kind.as_str())?;
        }
        for (office, number, id) in &missing.stuck {
            stuck.insert((office.as_str(), number.as_str(), id.as_str()), ())?;
        }
    }
    transaction.commit()?;
    Ok(())
}
