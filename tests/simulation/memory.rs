//! The store's contract in memory: plain maps, no seals, no threads, so that ten thousand days fit into a minute. What redb
//! does below the contract is the business of the `store_*` tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use loket::engine::port::Fault;
use loket::engine::store::*;
use loket::sop::names::{CaseNumber, OfficeId, Sha256Hex};
use loket::vault::{HashedToken, sha256_hex};

/// Everything that is durable, and the leases, which a shared store keeps and an embedded one loses.
#[derive(Clone, Default)]
pub struct Kept {
    pub cases: BTreeMap<CaseKey, Stored>,
    pub gone: BTreeMap<CaseKey, u64>,
    pub events: BTreeMap<CaseKey, Vec<StoredEvent>>,
    pub rows: BTreeMap<(CaseKey, String), (Row, u64)>,
    pub seen: BTreeMap<String, CaseNumber>,
    tags: BTreeSet<(String, String, CaseKey)>,
    pub links: BTreeMap<[u8; 32], Link>,
    pub secrets: BTreeMap<(CaseKey, String), SealedSecret>,
    contents: BTreeMap<(CaseKey, Sha256Hex), Vec<u8>>,
    unnamed: BTreeMap<(CaseKey, Sha256Hex), Vec<u8>>,
    pub series: BTreeMap<(String, i32), u32>,
    pub documents: BTreeMap<(String, String), Document>,
    pub leases: BTreeMap<(CaseKey, String), (DateTime<Utc>, u64)>,
    /// Leases that end with the call in hand.
    ended: Vec<(CaseKey, String)>,
    position: u64,
    stamp: u64,
    /// How far the epoch is beyond the first.
    pub epochs: u64,
}

#[derive(Default)]
pub struct MemoryStore(pub Mutex<Kept>);

impl MemoryStore {
    pub fn kept<T>(&self, look: impl FnOnce(&mut Kept) -> T) -> T {
        look(&mut self.0.lock().expect("no panic under the lock"))
    }

    fn now<T: Send + 'static>(&self, ask: impl FnOnce(&mut Kept) -> T) -> BoxFuture<'_, Result<T, Fault>> {
        let answer = self.kept(ask);
        Box::pin(async move { Ok(answer) })
    }
}

impl Kept {
    /// A process that held everything alone is gone.
    pub fn restart(&mut self) {
        self.leases.clear();
        self.unnamed.clear();
    }

    /// Numbers that were given out are given out again.
    pub fn forget_numbers(&mut self) {
        self.series.clear();
    }

    fn version(&self, key: &CaseKey) -> u64 {
        let live = self.cases.get(key).map(|stored| stored.version);
        live.or_else(|| self.gone.get(key).copied()).unwrap_or(0)
    }

    fn stale(&self, writes: &[DocumentWrite]) -> Option<Outcome> {
        writes.iter().find_map(|write| {
            let place = (write.family.clone(), write.id.clone());
            let version = self.documents.get(&place).map_or(0, |document| document.version);
            let stale = write.expected_version.is_some_and(|expected| expected != version);
            stale.then(|| Outcome::DocumentStale { family: write.family.clone(), id: write.id.clone(), version })
        })
    }

    fn write(&mut self, writes: &[DocumentWrite]) -> u64 {
        let mut last = 0;
        for write in writes {
            let place = (write.family.clone(), write.id.clone());
            let Some(bytes) = &write.bytes else {
                self.documents.remove(&place);
                last = 0;
                continue;
            };
            last = self.documents.get(&place).map_or(0, |document| document.version) + 1;
            let document = Document { id: write.id.clone(), version: last, bytes: bytes.clone() };
            self.documents.insert(place, document);
        }
        last
    }

    fn refused(&self, batch: &Batch) -> Option<Outcome> {
        let version = self.version(&batch.key);
        if version != batch.expected_version || self.gone.contains_key(&batch.key) {
            return Some(Outcome::Stale { version });
        }
        if let Some((key, by)) = batch.seen.iter().find_map(|key| Some((key, self.seen.get(key)?))) {
            return Some(Outcome::Seen { key: key.clone(), by: by.clone() });
        }
        let good = |hash: &HashedToken| {
            self.links.get(hash.as_bytes()).is_some_and(|l| l.state == LinkState::Live && l.key == batch.key)
        };
        if !batch.spend_links.iter().all(good) {
            return Some(Outcome::LinkSpent);
        }
        self.stale(&batch.documents)
    }

    fn step(&mut self, batch: Batch) -> Outcome {
        if let Some(refused) = self.refused(&batch) {
            return refused;
        }
        let key = batch.key;
        for hash in &batch.contents {
            let place = (key.clone(), hash.clone());
            if let Some(bytes) = self.unnamed.remove(&place) {
                self.contents.insert(place.clone(), bytes);
            }
            assert!(self.contents.contains_key(&place), "a content is durable before it is named");
        }
        let version = batch.expected_version + 1;
        self.cases.insert(key.clone(), Stored { version, snapshot: batch.snapshot });
        let events = self.events.entry(key.clone()).or_default();
        for bytes in batch.events {
            self.position += 1;
            events.push(StoredEvent { seq: events.len() as u64 + 1, position: self.position, at: batch.at, bytes });
        }
        self.settle(&key, &batch.settle);
        self.rows.retain(|(of, id), (row, _)| {
            *of != key
                || !batch.cancel.iter().any(|cancel| match cancel {
                    Cancel::Row(row) => row == id,
                    Cancel::Kind(kind) => *kind == row.kind,
                    Cancel::IdPrefix(prefix) => id.starts_with(prefix.as_str()),
                })
        });
        self.add(&key, batch.outbox);
        self.seen.extend(batch.seen.into_iter().map(|seen| (seen, key.number.clone())));
        self.index(&key, batch.tags);
        for link in self.links.values_mut().filter(|link| link.key == key && link.state == LinkState::Live) {
            if batch.void_links.iter().any(|scope| link.scope.starts_with(scope.as_str())) {
                link.state = LinkState::Void;
            }
        }
        for hash in batch.spend_links {
            self.links.entry(*hash.as_bytes()).and_modify(|link| link.state = LinkState::Spent);
        }
        for NewLink { hash, scope, record, expires } in batch.links {
            let link = Link { key: key.clone(), scope, record, expires, state: LinkState::Live };
            self.links.insert(*hash.as_bytes(), link);
        }
        for change in batch.secrets {
            match change {
                SecretChange::Put { id, sealed, expires } => {
                    self.secrets.insert((key.clone(), id), SealedSecret { sealed, expires });
                }
                SecretChange::Destroy { id } => drop(self.secrets.remove(&(key.clone(), id))),
            }
        }
        self.write(&batch.documents);
        Outcome::Committed { version }
    }

    fn add(&mut self, key: &CaseKey, rows: Vec<NewRow>) {
        for NewRow { id, kind, due, payload } in rows {
            self.stamp += 1;
            let (state, note) = (RowState::Waiting, None);
            let row = Row { key: key.clone(), id: id.clone(), kind, due, attempts: 0, note, state, payload };
            self.rows.insert((key.clone(), id), (row, self.stamp));
        }
    }

    fn settle(&mut self, key: &CaseKey, settlements: &[Settlement]) {
        for Settlement { id, how } in settlements {
            let place = (key.clone(), id.clone());
            if let Settled::DueBy { due } = how {
                let waits = |row: &&mut (Row, u64)| row.0.state == RowState::Waiting;
                let row = self.rows.get_mut(&place).filter(waits);
                row.into_iter().for_each(|(row, _)| (row.due, row.attempts) = (row.due.min(*due), 0));
                continue;
            }
            self.ended.push(place.clone());
            let lease = self.leases.get(&place);
            let Some((row, stamp)) = self.rows.get_mut(&place) else { continue };
            if lease.is_some_and(|(_, leased)| leased != stamp) {
                continue;
            }
            match how {
                Settled::DueBy { .. } => {}
                Settled::Done => drop(self.rows.remove(&place)),
                Settled::RetryAt { due, attempts, error } => {
                    (row.state, row.due, row.attempts, row.note) = (RowState::Waiting, *due, *attempts, error.clone());
                }
                Settled::Dead { error } => (row.state, row.note) = (RowState::Dead, Some(error.clone())),
                Settled::Held { why } => (row.state, row.note) = (RowState::Held, Some(why.clone())),
                Settled::Replaced { by } => {
                    self.rows.remove(&place);
                    self.add(key, by.clone());
                }
            }
        }
    }

    fn end_leases(&mut self) {
        for place in std::mem::take(&mut self.ended) {
            self.leases.remove(&place);
        }
    }

    fn lease_due(&mut self, wanted: &LeaseRequest) -> Vec<Row> {
        for place in &wanted.in_hand {
            self.leases.entry(place.clone()).and_modify(|(until, _)| *until = wanted.until);
        }
        let free = |place: &(CaseKey, String)| self.leases.get(place).is_none_or(|(until, _)| *until <= wanted.now);
        let kind = |row: &Row| wanted.kinds.is_empty() || wanted.kinds.contains(&row.kind);
        let waits = |row: &Row| row.state == RowState::Waiting && row.due <= wanted.now;
        let mut due: Vec<_> = self.rows.iter().filter(|(p, (row, _))| waits(row) && kind(row) && free(p)).collect();
        due.sort_by_key(|(place, (row, _))| (row.due, (*place).clone()));
        due.truncate(wanted.limit);
        let leased: Vec<_> = due.iter().map(|(place, (_, stamp))| ((*place).clone(), *stamp)).collect();
        let rows = due.into_iter().map(|(_, (row, _))| row.clone()).collect();
        self.leases.extend(leased.into_iter().map(|(place, stamp)| (place, (wanted.until, stamp))));
        rows
    }

    fn next_due(&self, kinds: &[String]) -> Option<DateTime<Utc>> {
        let wanted = |row: &Row| row.state == RowState::Waiting && (kinds.is_empty() || kinds.contains(&row.kind));
        let free = |(place, (row, _)): (&(CaseKey, String), &(Row, u64))| {
            self.leases.get(place).map_or(row.due, |(until, _)| (*until).max(row.due))
        };
        self.rows.iter().filter(|(_, (row, _))| wanted(row)).map(free).min()
    }

    fn adopt(&mut self, filed: Batch) {
        let Batch { key, expected_version, seen, tags, documents, .. } = filed;
        assert!(!self.cases.contains_key(&key), "{} is live, so it was not filed elsewhere", key.number);
        self.gone.entry(key.clone()).or_insert(expected_version.max(1));
        for known in seen {
            self.seen.entry(known).or_insert_with(|| key.number.clone());
        }
        self.index(&key, tags);
        self.write(&documents);
    }

    /// Index entries of a case, and its number as given out.
    fn index(&mut self, key: &CaseKey, tags: Vec<Tag>) {
        for Tag { family, value, set } in tags {
            let entry = (family, value, key.clone());
            let _ = if set { self.tags.insert(entry) } else { self.tags.remove(&entry) };
        }
        let series = self.series.entry((key.number.prefix().to_owned(), key.number.year())).or_default();
        *series = (*series).max(key.number.serial());
    }

    fn remove(&mut self, key: &CaseKey, version: u64) -> Outcome {
        let stands = self.version(key);
        if stands != version || version == 0 {
            return Outcome::Stale { version: stands };
        }
        self.cases.remove(key);
        self.events.remove(key);
        self.rows.retain(|(of, _), _| of != key);
        self.links.retain(|_, link| link.key != *key);
        self.secrets.retain(|(of, _), _| of != key);
        self.contents.retain(|(of, _), _| of != key);
        self.gone.insert(key.clone(), version);
        Outcome::Committed { version }
    }
}

type Answer<'a, T> = BoxFuture<'a, Result<T, Fault>>;

impl Store for MemoryStore {
    fn load<'a>(&'a self, key: &'a CaseKey) -> Answer<'a, Option<Stored>> {
        self.now(|kept| kept.cases.get(key).cloned())
    }

    fn events<'a>(&'a self, key: &'a CaseKey) -> Answer<'a, Vec<StoredEvent>> {
        self.now(|kept| kept.events.get(key).cloned().unwrap_or_default())
    }

    fn commit(&self, batches: Vec<Batch>) -> Answer<'_, Vec<Outcome>> {
        self.now(|kept| {
            let mut refused: Vec<Batch> = Vec::new();
            let step = |batch: Batch| {
                let outcome = match refused.iter().any(|earlier| batch.stands_on(earlier)) {
                    true => Outcome::Stale { version: batch.expected_version },
                    false => kept.step(batch.clone()),
                };
                if !matches!(outcome, Outcome::Committed { .. }) {
                    refused.push(batch);
                }
                outcome
            };
            let outcomes = batches.into_iter().map(step).collect();
            kept.end_leases();
            outcomes
        })
    }

    fn put_contents(&self, contents: Vec<(CaseKey, Vec<u8>)>) -> Answer<'_, Vec<Sha256Hex>> {
        self.now(|kept| {
            let put = |(key, bytes): (CaseKey, Vec<u8>)| {
                let hash = sha256_hex(&bytes);
                kept.unnamed.insert((key, hash.clone()), bytes);
                hash
            };
            contents.into_iter().map(put).collect()
        })
    }

    fn content<'a>(&'a self, key: &'a CaseKey, hash: &'a Sha256Hex) -> Answer<'a, Option<Vec<u8>>> {
        self.now(|kept| kept.contents.get(&(key.clone(), hash.clone())).cloned())
    }

    fn lease_due(&self, wanted: LeaseRequest) -> Answer<'_, Vec<Row>> {
        self.now(|kept| kept.lease_due(&wanted))
    }

    fn next_due<'a>(&'a self, kinds: &'a [String]) -> Answer<'a, Option<DateTime<Utc>>> {
        self.now(|kept| kept.next_due(kinds))
    }

    fn settle(&self, rows: Vec<(CaseKey, Settlement)>) -> Answer<'_, ()> {
        self.now(|kept| {
            rows.iter().for_each(|(key, how)| kept.settle(key, std::slice::from_ref(how)));
            kept.end_leases();
        })
    }

    fn each_row<'a>(&'a self, key: &'a CaseKey) -> Answer<'a, Vec<Result<Row, Fault>>> {
        let of = move |(row, _): &&(Row, u64)| row.key == *key;
        self.now(|kept| kept.rows.values().filter(of).map(|(row, _)| Ok(row.clone())).collect())
    }

    fn stuck_rows<'a>(&'a self, _: &'a OfficeId) -> Answer<'a, Vec<StuckRow>> {
        self.now(|kept| {
            let stuck = kept.rows.values().filter(|(row, _)| row.is_stuck());
            stuck.map(|(row, _)| (row.key.clone(), Ok(row.clone()))).collect()
        })
    }

    fn outbox_tally<'a>(&'a self, _: &'a OfficeId) -> Answer<'a, OutboxTally> {
        self.now(|kept| {
            let of =
                |state: RowState| kept.rows.values().filter(move |(row, _)| row.state == state).map(|(row, _)| row);
            OutboxTally {
                waiting: of(RowState::Waiting).count(),
                failing: of(RowState::Waiting).filter(|row| row.attempts > 0).count(),
                most_attempts: of(RowState::Waiting).map(|row| row.attempts).max().unwrap_or(0),
                due_since: of(RowState::Waiting).map(|row| row.due).min(),
                held: of(RowState::Held).count(),
                dead: of(RowState::Dead).count(),
                damaged: 0,
            }
        })
    }

    fn scan<'a>(&'a self, _: &'a OfficeId, after: Option<&'a CaseNumber>, limit: usize) -> Answer<'a, Vec<Scanned>> {
        let later = |key: &CaseKey| after.is_none_or(|after| key.number > *after);
        self.now(|kept| {
            let cases = kept.cases.iter().filter(|(key, _)| later(key)).take(limit);
            cases.map(|(key, stored)| (key.clone(), Ok(stored.clone()))).collect()
        })
    }

    fn find<'a>(&'a self, _: &'a OfficeId, family: &'a str, value: &'a str) -> Answer<'a, Vec<CaseKey>> {
        self.now(|kept| {
            let under = kept.tags.iter().filter(|(f, v, _)| f == family && v == value);
            under.map(|(_, _, key)| key.clone()).collect()
        })
    }

    fn seen<'a>(&'a self, _: &'a OfficeId, keys: &'a [String]) -> Answer<'a, Vec<(String, CaseNumber)>> {
        self.now(|kept| keys.iter().filter_map(|key| Some((key.clone(), kept.seen.get(key)?.clone()))).collect())
    }

    fn link<'a>(&'a self, hash: &'a HashedToken) -> Answer<'a, Option<Link>> {
        self.now(|kept| kept.links.get(hash.as_bytes()).cloned())
    }

    fn secret<'a>(&'a self, key: &'a CaseKey, id: &'a str) -> Answer<'a, Option<SealedSecret>> {
        self.now(|kept| kept.secrets.get(&(key.clone(), id.to_owned())).cloned())
    }

    fn destroy_expired_secrets(&self, now: DateTime<Utc>) -> Answer<'_, usize> {
        self.now(|kept| {
            let before = kept.secrets.len();
            kept.secrets.retain(|_, secret| secret.expires > now);
            before - kept.secrets.len()
        })
    }

    fn last_number<'a>(&'a self, _: &'a OfficeId, prefix: &'a str, year: i32) -> Answer<'a, u32> {
        self.now(|kept| kept.series.get(&(prefix.to_owned(), year)).copied().unwrap_or(0))
    }

    fn document<'a>(&'a self, _: &'a OfficeId, family: &'a str, id: &'a str) -> Answer<'a, Option<Document>> {
        self.now(|kept| kept.documents.get(&(family.to_owned(), id.to_owned())).cloned())
    }

    fn documents<'a>(&'a self, _: &'a OfficeId, family: &'a str) -> Answer<'a, Vec<Result<Document, Fault>>> {
        self.now(|kept| kept.documents.iter().filter(|((f, _), _)| f == family).map(|(_, d)| Ok(d.clone())).collect())
    }

    fn write_documents(&self, writes: Vec<DocumentWrite>) -> Answer<'_, Outcome> {
        self.now(|kept| match kept.stale(&writes) {
            Some(stale) => stale,
            None => Outcome::Committed { version: kept.write(&writes) },
        })
    }

    fn epoch(&self) -> Answer<'_, u64> {
        self.now(|kept| FIRST_EPOCH + kept.epochs)
    }

    fn adopt(&self, filed: Batch) -> Answer<'_, ()> {
        self.now(|kept| kept.adopt(filed))
    }

    fn remove_case<'a>(&'a self, key: &'a CaseKey, version: u64) -> Answer<'a, Outcome> {
        self.now(|kept| kept.remove(key, version))
    }

    fn journal_head<'a>(&'a self, _: &'a OfficeId) -> Answer<'a, JournalHead> {
        self.now(|kept| JournalHead { position: kept.position, hash: Sha256Hex(String::new()) })
    }

    fn journal_hash<'a>(&'a self, _: &'a OfficeId, position: u64) -> Answer<'a, Option<Sha256Hex>> {
        self.now(move |kept| (1..=kept.position).contains(&position).then(|| Sha256Hex(String::new())))
    }

    fn verify(&self) -> Answer<'_, Vec<Damage>> {
        self.now(|_| Vec::new())
    }

    fn backup<'a>(&'a self, _: &'a Path) -> Answer<'a, BackupReport> {
        Box::pin(async { Err(Fault::permanent("a store in memory has no backup")) })
    }

    fn failed(&self) -> BoxFuture<'_, Fault> {
        Box::pin(std::future::pending())
    }
}
