//! The outbox: rows, their due index, and leases. One process holds the store, so leases live in memory and die with
//! it: after a crash every row is free again, and what may have been begun is in the case's own ledger.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use redb::{ReadTransaction, ReadableDatabase, ReadableTable};

use super::Inner;
use super::records::RowRecord;
use super::tables::{DUE, Place, ROWS, STUCK, case_key, readable};
use super::transaction::Tables;
use crate::engine::store::{
    Cancel, LeaseRequest, NewRow, OutboxTally, Row, RowName, RowState, Settled, Settlement, StuckRow,
};
use crate::sop::names::OfficeId;
use crate::store::StoreError;
use crate::vault::DossierKey;

/// No row's stamp: they begin at 1.
const NOBODYS: u64 = 0;

/// Who works on what, until when.
#[derive(Default)]
pub struct Leases {
    rows: HashMap<(Place, String), RowLease>,
}

struct RowLease {
    until: DateTime<Utc>,
    /// The row that was handed out; a later one of the same id is another.
    stamp: u64,
}

impl Leases {
    pub fn end(&mut self, place: &Place, id: &str) {
        self.rows.remove(&(place.clone(), id.to_owned()));
    }

    /// A row that nobody can carry out is not looked at again before `until`.
    fn pass_over(&mut self, place: Place, id: &str, until: DateTime<Utc>) {
        self.rows.insert((place, id.to_owned()), RowLease { until, stamp: NOBODYS });
    }

    /// Lets the leases of rows that are in hand go on. One that was settled has none any more.
    fn renew(&mut self, in_hand: &[RowName], until: DateTime<Utc>) {
        for (key, id) in in_hand {
            if let Some(lease) = self.rows.get_mut(&(Place::of(key), id.clone())) {
                lease.until = until;
            }
        }
    }

    fn of(&self, place: &Place, id: &str) -> Option<&RowLease> {
        self.rows.get(&(place.clone(), id.to_owned()))
    }
}

pub fn add(
    inner: &Inner,
    tables: &mut Tables<'_>,
    place: &Place,
    key: &DossierKey,
    rows: &[NewRow],
) -> Result<(), StoreError> {
    for row in rows {
        drop_row(tables, place, &row.id)?;
        let stamp = tables.number("stamp")? + 1;
        tables.set_number("stamp", stamp)?;
        let binding = RowRecord::payload_binding(place, &row.id);
        let record = RowRecord {
            kind: row.kind.clone(),
            state: RowState::Waiting,
            due: row.due,
            attempts: 0,
            stamp,
            sealed_note: None,
            sealed_payload: key.seal(inner.random.as_ref(), &binding, &row.payload),
        };
        put_row(tables, place, &row.id, &record)?;
    }
    Ok(())
}

/// Settles rows of one case. A settlement of a row that was replaced while its lease ran concerns the earlier one and
/// changes nothing.
pub fn settle(
    inner: &Inner,
    tables: &mut Tables<'_>,
    place: &Place,
    key: &DossierKey,
    settlements: &[Settlement],
) -> Result<(), StoreError> {
    for Settlement { id, how } in settlements {
        if let Settled::DueBy { due } = how {
            hasten(tables, place, id, *due)?;
            continue;
        }
        tables.after.ended.push((place.clone(), id.clone()));
        let Some(mut record) = read_row(tables, place, id)? else { continue };
        if inner.leases().of(place, id).is_some_and(|lease| lease.stamp != record.stamp) {
            continue;
        }
        drop_row(tables, place, id)?;
        let note = match how {
            Settled::Done | Settled::DueBy { .. } => continue,
            Settled::Replaced { by } => {
                add(inner, tables, place, key, by)?;
                continue;
            }
            Settled::RetryAt { due, attempts, error } => {
                (record.state, record.due, record.attempts) = (RowState::Waiting, *due, *attempts);
                error.as_deref()
            }
            Settled::Dead { error } => {
                record.state = RowState::Dead;
                Some(error.as_str())
            }
            Settled::Held { why } => {
                record.state = RowState::Held;
                Some(why.as_str())
            }
        };
        let binding = RowRecord::note_binding(place, id);
        record.sealed_note = note.map(|note| key.seal(inner.random.as_ref(), &binding, note.as_bytes()));
        put_row(tables, place, id, &record)?;
    }
    Ok(())
}

/// The row and its lease stay: whoever holds it settles the same row.
fn hasten(tables: &mut Tables<'_>, place: &Place, id: &str, due: DateTime<Utc>) -> Result<(), StoreError> {
    let waits = |row: &RowRecord| row.state == RowState::Waiting;
    let Some(record) = read_row(tables, place, id)?.filter(waits) else { return Ok(()) };
    drop_row(tables, place, id)?;
    put_row(tables, place, id, &RowRecord { due: record.due.min(due), attempts: 0, ..record })
}

pub fn cancel(tables: &mut Tables<'_>, place: &Place, cancels: &[Cancel]) -> Result<(), StoreError> {
    if cancels.is_empty() {
        return Ok(());
    }
    for id in row_ids(tables, place)? {
        let kind = match read_row(tables, place, &id) {
            Ok(row) => row.map(|row| row.kind),
            // It is named where the outbox is looked at, and must not keep its case from every step that cancels something.
            Err(StoreError::Damaged { .. }) => None,
            Err(error) => return Err(error),
        };
        let meant = cancels.iter().any(|cancel| match cancel {
            Cancel::Row(row) => *row == id,
            Cancel::Kind(meant) => kind.as_ref() == Some(meant),
            Cancel::IdPrefix(prefix) => id.starts_with(prefix.as_str()),
        });
        if meant {
            drop_row(tables, place, &id)?;
        }
    }
    Ok(())
}

pub fn row_ids(tables: &Tables<'_>, place: &Place) -> Result<Vec<String>, StoreError> {
    let (office, number) = place.key();
    let past = format!("{number}\0");
    let range = tables.rows.range((office, number, "")..(office, past.as_str(), ""))?;
    range.map(|entry| Ok(entry?.0.value().2.to_owned())).collect()
}

fn read_row(tables: &Tables<'_>, place: &Place, id: &str) -> Result<Option<RowRecord>, StoreError> {
    let value = tables.rows.get((place.office.as_str(), place.number.as_str(), id))?;
    value.map(|value| RowRecord::read(value.value(), place, id)).transpose()
}

fn put_row(tables: &mut Tables<'_>, place: &Place, id: &str, record: &RowRecord) -> Result<(), StoreError> {
    let (office, number) = place.key();
    tables.rows.insert((office, number, id), record.write().as_slice())?;
    if record.state == RowState::Waiting {
        tables.due.insert((record.due.timestamp_micros(), office, number, id), record.kind.as_str())?;
    } else {
        tables.stuck.insert((office, number, id), ())?;
    }
    Ok(())
}

/// Removes a row and its index entries, if it is there. Of a damaged one nothing tells when it was due.
pub fn drop_row(tables: &mut Tables<'_>, place: &Place, id: &str) -> Result<(), StoreError> {
    let (office, number) = place.key();
    let due = match read_row(tables, place, id) {
        Ok(None) => return Ok(()),
        Ok(Some(record)) => vec![record.due.timestamp_micros()],
        Err(StoreError::Damaged { .. }) => times_of(tables, place, id)?,
        Err(error) => return Err(error),
    };
    tables.rows.remove((office, number, id))?;
    for at in due {
        tables.due.remove((at, office, number, id))?;
    }
    tables.stuck.remove((office, number, id))?;
    Ok(())
}

/// Where a row stands among the due ones, looked for in all of them.
fn times_of(tables: &Tables<'_>, place: &Place, id: &str) -> Result<Vec<i64>, StoreError> {
    let mut times = Vec::new();
    for entry in tables.due.iter()? {
        let (key, _) = entry?;
        let (at, office, number, of) = key.value();
        if (office, number, of) == (place.office.as_str(), place.number.as_str(), id) {
            times.push(at);
        }
    }
    Ok(times)
}

/// Hands out due rows. The leases are locked before the snapshot is taken, and a settlement ends its lease only after
/// it is durable: a row settled meanwhile is either still leased or already gone, never handed out twice.
pub fn lease_due(inner: &Inner, wanted: &LeaseRequest) -> Result<Vec<Row>, StoreError> {
    let mut leases = inner.leases();
    leases.renew(&wanted.in_hand, wanted.until);
    let transaction = inner.database.begin_read()?;
    let due = transaction.open_table(DUE)?;
    let end = (wanted.now.timestamp_micros().saturating_add(1), "", "", "");
    let mut rows = Vec::new();
    for entry in due.range(..end)? {
        if rows.len() >= wanted.limit {
            break;
        }
        let (key, kind) = entry?;
        let (_, office, number, id) = key.value();
        if !wanted.kinds.is_empty() && !wanted.kinds.iter().any(|wanted| wanted == kind.value()) {
            continue;
        }
        let place = Place { office: office.to_owned(), number: number.to_owned() };
        if leases.of(&place, id).is_some_and(|lease| lease.until > wanted.now) {
            continue;
        }
        match read_open(inner, &transaction, &place, id) {
            Ok(Some((row, stamp))) => {
                leases.rows.insert((place, id.to_owned()), RowLease { until: wanted.until, stamp });
                rows.push(row);
            }
            Ok(None) => leases.pass_over(place, id, wanted.until),
            // One damaged dossier must not hold up the letters of all others.
            Err(error @ StoreError::Damaged { .. }) => {
                tracing::error!(case = readable(number), row = id, "outbox row skipped: {error}");
                leases.pass_over(place, id, wanted.until);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(rows)
}

/// When the next row falls due or its lease ends.
pub fn next_due(inner: &Inner, kinds: &[String]) -> Result<Option<DateTime<Utc>>, StoreError> {
    let leases = inner.leases();
    let transaction = inner.database.begin_read()?;
    let mut next: Option<DateTime<Utc>> = None;
    for entry in transaction.open_table(DUE)?.iter()? {
        let (key, kind) = entry?;
        let (micros, office, number, id) = key.value();
        let due = DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::<Utc>::MAX_UTC);
        if next.is_some_and(|next| next <= due) {
            break;
        }
        if !kinds.is_empty() && !kinds.iter().any(|wanted| wanted == kind.value()) {
            continue;
        }
        let place = Place { office: office.to_owned(), number: number.to_owned() };
        let free = leases.of(&place, id).map_or(due, |lease| lease.until.max(due));
        next = Some(next.map_or(free, |next| next.min(free)));
    }
    Ok(next)
}

/// A row that cannot be opened hides no other.
pub fn each_row(inner: &Inner, place: &Place) -> Result<Vec<Result<Row, StoreError>>, StoreError> {
    let transaction = inner.database.begin_read()?;
    let (office, number) = place.key();
    let past = format!("{number}\0");
    let mut rows = Vec::new();
    for entry in transaction.open_table(ROWS)?.range((office, number, "")..(office, past.as_str(), ""))? {
        let (key, _) = entry?;
        match read_open(inner, &transaction, place, key.value().2) {
            Ok(row) => rows.extend(row.map(|(row, _)| Ok(row))),
            Err(error @ StoreError::Damaged { .. }) => rows.push(Err(error)),
            Err(error) => return Err(error),
        }
    }
    Ok(rows)
}

/// Rows that wait for a person stand in an index; those tried in vain, and those that are damaged, are found among all. A row that
/// cannot be opened hides no other.
pub fn stuck(inner: &Inner, office: &OfficeId) -> Result<Vec<StuckRow>, StoreError> {
    let transaction = inner.database.begin_read()?;
    let (from, past) = ((office.0.as_str(), "", ""), format!("{}\0", office.0));
    let to = (past.as_str(), "", "");
    let mut found: BTreeSet<(Place, String)> = BTreeSet::new();
    for entry in transaction.open_table(STUCK)?.range(from..to)? {
        found.insert(named(entry?.0.value()));
    }
    for entry in transaction.open_table(ROWS)?.range(from..to)? {
        let (key, value) = entry?;
        let (place, id) = named(key.value());
        if RowRecord::read(value.value(), &place, &id).map_or(true, |row| row.attempts > 0) {
            found.insert((place, id));
        }
    }
    let mut rows = Vec::new();
    for (place, id) in &found {
        let Some(case) = case_key(&place.office, &place.number) else {
            tracing::error!(row = id, "an outbox row skipped: its number {:?} is none", readable(&place.number));
            continue;
        };
        match read_open(inner, &transaction, place, id) {
            Ok(row) => rows.extend(row.map(|(row, _)| (case, Ok(row)))),
            Err(error @ StoreError::Damaged { .. }) => rows.push((case, Err(error.into()))),
            Err(error) => return Err(error),
        }
    }
    Ok(rows)
}

/// Counts rows. One that cannot be opened is damaged and not due: else one such case would tell that nothing due is carried out.
pub fn tally(inner: &Inner, office: &OfficeId) -> Result<OutboxTally, StoreError> {
    let transaction = inner.database.begin_read()?;
    let past = format!("{}\0", office.0);
    let mut tally = OutboxTally::default();
    for entry in transaction.open_table(ROWS)?.range((office.0.as_str(), "", "")..(past.as_str(), "", ""))? {
        let (place, id) = named(entry?.0.value());
        let row = match read_open(inner, &transaction, &place, &id) {
            Ok(Some((row, _))) => row,
            Ok(None) => continue,
            Err(StoreError::Damaged { .. }) => {
                tally.damaged += 1;
                continue;
            }
            Err(error) => return Err(error),
        };
        match row.state {
            RowState::Held => tally.held += 1,
            RowState::Dead => tally.dead += 1,
            RowState::Waiting => {
                tally.waiting += 1;
                tally.failing += usize::from(row.attempts > 0);
                tally.most_attempts = tally.most_attempts.max(row.attempts);
                tally.due_since = Some(tally.due_since.map_or(row.due, |since| since.min(row.due)));
            }
        }
    }
    Ok(tally)
}

fn named((office, number, id): (&str, &str, &str)) -> (Place, String) {
    (Place { office: office.to_owned(), number: number.to_owned() }, id.to_owned())
}

/// A row unsealed, and its stamp.
fn read_open(
    inner: &Inner,
    transaction: &ReadTransaction,
    place: &Place,
    id: &str,
) -> Result<Option<(Row, u64)>, StoreError> {
    let table = transaction.open_table(ROWS)?;
    let Some(value) = table.get((place.office.as_str(), place.number.as_str(), id))? else { return Ok(None) };
    let record = RowRecord::read(value.value(), place, id)?;
    let thing = || format!("outbox row {id} of case {}", readable(&place.number));
    let sealed = |_| StoreError::damaged(thing(), "its seal does not open");
    let key =
        inner.dossier_key(transaction, place)?.ok_or_else(|| StoreError::damaged(thing(), "its case has no key"))?;
    let payload = key.open(&RowRecord::payload_binding(place, id), &record.sealed_payload).map_err(sealed)?;
    let note = match &record.sealed_note {
        None => None,
        Some(note) => Some(key.open(&RowRecord::note_binding(place, id), note).map_err(sealed)?),
    };
    let case =
        case_key(&place.office, &place.number).ok_or_else(|| StoreError::damaged(thing(), "its number is none"))?;
    let row = Row {
        key: case,
        id: id.to_owned(),
        kind: record.kind,
        due: record.due,
        attempts: record.attempts,
        note: note.map(|note| String::from_utf8_lossy(&note).into_owned()),
        state: record.state,
        payload,
    };
    Ok(Some((row, record.stamp)))
}
