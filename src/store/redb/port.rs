//! The store port on redb: short reads where they are asked, long ones on a blocking thread, writes by the writing
//! thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use tokio::sync::oneshot;

use super::tables::Place;
use super::writer::{Job, Work, Written};
use super::{Inner, RedbStore, outbox, reason};
use crate::engine::port::Fault;
use crate::engine::store::{
    BackupReport, Batch, CaseKey, Damage, Document, DocumentWrite, JournalHead, LeaseRequest, Link, OutboxTally,
    Outcome, Row, Scanned, SealedSecret, Settlement, Store, Stored, StoredEvent, StuckRow,
};
use crate::sop::names::{CaseNumber, OfficeId, Sha256Hex};
use crate::store::{StoreError, backup};
use crate::vault::HashedToken;

impl Inner {
    /// Asks a question of the file. Where the storage itself fails, the store stops.
    pub fn guard<T>(&self, question: impl FnOnce(&Self) -> Result<T, StoreError>) -> Result<T, Fault> {
        if let Some(fault) = self.failure() {
            return Err(fault);
        }
        let answered = catch_unwind(AssertUnwindSafe(|| question(self)))
            .unwrap_or_else(|panic| Err(StoreError::storage("reading the database", reason(panic.as_ref()))));
        answered.map_err(|error| {
            let fatal = error.is_fatal();
            let fault = Fault::from(error);
            if fatal {
                self.fail(fault.clone());
            }
            fault
        })
    }
}

impl RedbStore {
    fn now<'a, T: Send + 'a>(
        &'a self,
        question: impl FnOnce(&Inner) -> Result<T, StoreError> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, Fault>> {
        Box::pin(async move { self.inner.guard(question) })
    }

    fn later<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, Fault>> {
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            match tokio::task::spawn_blocking(move || inner.guard(question)).await {
                Ok(answer) => answer,
                Err(error) => Err(Fault::transient(format!("The store's reading thread ended: {error}"))),
            }
        })
    }

    pub(super) async fn write(&self, work: Work) -> Result<Written, Fault> {
        let (answer, written) = oneshot::channel();
        let sent = self.jobs.as_ref().is_some_and(|jobs| jobs.send(Job { work, answer }).is_ok());
        if !sent {
            return Err(Fault::permanent("The store is closed. Start Loket again"));
        }
        written.await.unwrap_or_else(|_| Err(Fault::unknown("The store closed before it answered. Start Loket again")))
    }

    async fn outcomes(&self, work: Work) -> Result<Vec<Outcome>, Fault> {
        match self.write(work).await? {
            Written::Outcomes(outcomes) => Ok(outcomes),
            Written::Count(_) | Written::Resealed { .. } => Ok(Vec::new()),
        }
    }

    async fn outcome(&self, work: Work) -> Result<Outcome, Fault> {
        let first = self.outcomes(work).await?.into_iter().next();
        first.ok_or_else(|| Fault::permanent("The store gave no answer"))
    }
}

impl Store for RedbStore {
    fn load<'a>(&'a self, key: &'a CaseKey) -> BoxFuture<'a, Result<Option<Stored>, Fault>> {
        self.now(move |inner| inner.load(key))
    }

    fn events<'a>(&'a self, key: &'a CaseKey) -> BoxFuture<'a, Result<Vec<StoredEvent>, Fault>> {
        self.now(move |inner| inner.events(key))
    }

    fn commit(&self, batches: Vec<Batch>) -> BoxFuture<'_, Result<Vec<Outcome>, Fault>> {
        Box::pin(
            async move { if batches.is_empty() { Ok(Vec::new()) } else { self.outcomes(Work::Steps(batches)).await } },
        )
    }

    fn space_for(&self, bytes: u64) -> Result<(), Fault> {
        self.inner.space.to_begin(bytes).map_err(Fault::from)
    }

    fn put_contents(&self, contents: Vec<(CaseKey, Vec<u8>)>) -> BoxFuture<'_, Result<Vec<Sha256Hex>, Fault>> {
        self.later(move |inner| inner.put_contents(&contents))
    }

    fn content<'a>(&'a self, key: &'a CaseKey, hash: &'a Sha256Hex) -> BoxFuture<'a, Result<Option<Vec<u8>>, Fault>> {
        let (key, hash) = (key.clone(), hash.clone());
        self.later(move |inner| inner.content(&key, &hash))
    }

    fn lease_due(&self, wanted: LeaseRequest) -> BoxFuture<'_, Result<Vec<Row>, Fault>> {
        self.now(move |inner| outbox::lease_due(inner, &wanted))
    }

    fn next_due<'a>(&'a self, kinds: &'a [String]) -> BoxFuture<'a, Result<Option<DateTime<Utc>>, Fault>> {
        self.now(move |inner| outbox::next_due(inner, kinds))
    }

    fn settle(&self, rows: Vec<(CaseKey, Settlement)>) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(async move { self.write(Work::Settle(rows)).await.map(|_| ()) })
    }

    fn each_row<'a>(&'a self, key: &'a CaseKey) -> BoxFuture<'a, Result<Vec<Result<Row, Fault>>, Fault>> {
        self.now(move |inner| {
            let rows = outbox::each_row(inner, &Place::of(key))?;
            Ok(rows.into_iter().map(|row| row.map_err(Fault::from)).collect())
        })
    }

    fn stuck_rows<'a>(&'a self, office: &'a OfficeId) -> BoxFuture<'a, Result<Vec<StuckRow>, Fault>> {
        self.now(move |inner| outbox::stuck(inner, office))
    }

    fn outbox_tally<'a>(&'a self, office: &'a OfficeId) -> BoxFuture<'a, Result<OutboxTally, Fault>> {
        let office = office.clone();
        self.later(move |inner| outbox::tally(inner, &office))
    }

    fn scan<'a>(
        &'a self,
        office: &'a OfficeId,
        after: Option<&'a CaseNumber>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Scanned>, Fault>> {
        let (office, after) = (office.clone(), after.cloned());
        self.later(move |inner| inner.scan(&office, after.as_ref(), limit))
    }

    fn find<'a>(
        &'a self,
        office: &'a OfficeId,
        family: &'a str,
        value: &'a str,
    ) -> BoxFuture<'a, Result<Vec<CaseKey>, Fault>> {
        self.now(move |inner| inner.find(office, family, value))
    }

    fn seen<'a>(
        &'a self,
        office: &'a OfficeId,
        keys: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<(String, CaseNumber)>, Fault>> {
        self.now(move |inner| inner.seen(office, keys))
    }

    fn link<'a>(&'a self, hash: &'a HashedToken) -> BoxFuture<'a, Result<Option<Link>, Fault>> {
        self.now(move |inner| inner.link(hash))
    }

    fn secret<'a>(&'a self, key: &'a CaseKey, id: &'a str) -> BoxFuture<'a, Result<Option<SealedSecret>, Fault>> {
        self.now(move |inner| inner.secret(key, id))
    }

    fn destroy_expired_secrets(&self, now: DateTime<Utc>) -> BoxFuture<'_, Result<usize, Fault>> {
        Box::pin(async move {
            match self.write(Work::ExpireSecrets(now)).await? {
                Written::Count(count) => Ok(count),
                Written::Outcomes(_) | Written::Resealed { .. } => Ok(0),
            }
        })
    }

    fn last_number<'a>(
        &'a self,
        office: &'a OfficeId,
        prefix: &'a str,
        year: i32,
    ) -> BoxFuture<'a, Result<u32, Fault>> {
        self.now(move |inner| inner.last_number(office, prefix, year))
    }

    fn document<'a>(
        &'a self,
        office: &'a OfficeId,
        family: &'a str,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Document>, Fault>> {
        self.now(move |inner| inner.document(office, family, id))
    }

    fn documents<'a>(
        &'a self,
        office: &'a OfficeId,
        family: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Result<Document, Fault>>, Fault>> {
        self.now(move |inner| inner.documents(office, family))
    }

    fn write_documents(&self, writes: Vec<DocumentWrite>) -> BoxFuture<'_, Result<Outcome, Fault>> {
        Box::pin(self.outcome(Work::Documents(writes)))
    }

    fn epoch(&self) -> BoxFuture<'_, Result<u64, Fault>> {
        self.now(|inner| inner.meta_number("epoch"))
    }

    fn adopt(&self, filed: Batch) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(async move { self.write(Work::Adopt(Box::new(filed))).await.map(drop) })
    }

    fn remove_case<'a>(&'a self, key: &'a CaseKey, version: u64) -> BoxFuture<'a, Result<Outcome, Fault>> {
        Box::pin(self.outcome(Work::Remove(key.clone(), version)))
    }

    fn journal_head<'a>(&'a self, office: &'a OfficeId) -> BoxFuture<'a, Result<JournalHead, Fault>> {
        self.now(move |inner| inner.journal_head(office))
    }

    fn journal_hash<'a>(
        &'a self,
        office: &'a OfficeId,
        position: u64,
    ) -> BoxFuture<'a, Result<Option<Sha256Hex>, Fault>> {
        self.now(move |inner| inner.journal_hash(office, position))
    }

    fn verify(&self) -> BoxFuture<'_, Result<Vec<Damage>, Fault>> {
        self.later(Inner::verify)
    }

    fn backup<'a>(&'a self, file: &'a Path) -> BoxFuture<'a, Result<BackupReport, Fault>> {
        let file = file.to_owned();
        self.later(move |inner| backup::write(inner, &file))
    }

    fn failed(&self) -> BoxFuture<'_, Fault> {
        Box::pin(self.inner.failed())
    }
}
