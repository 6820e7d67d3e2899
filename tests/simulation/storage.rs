//! The store over the world: a daemon's view of the one in memory, whose calls may fail, be killed or go untold.

use std::path::Path;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use loket::engine::port::*;
use loket::engine::store::*;
use loket::sop::names::{CaseNumber, OfficeId, Sha256Hex};
use loket::vault::HashedToken;

use super::ports::{Answer, Port};
use super::world::{Inside, Luck};

impl Inside {
    /// Whether the storage fails under this call, or has before; and whether what it was to write is written all the same.
    fn storage(&mut self, daemon: usize, luck: Luck, writes: bool) -> (bool, bool) {
        let rare = matches!(luck, Luck::Cut | Luck::LostAnswer) && self.lot.one_in(3);
        let failed_before = self.daemons[daemon].failed;
        let (failed, untold) = (failed_before || rare && luck == Luck::Cut, rare && writes && luck == Luck::LostAnswer);
        if !failed_before && (failed || untold) {
            self.counts.store_failures += 1;
            self.daemons[daemon].failed = true;
        }
        (failed, untold)
    }
}

impl Port {
    /// A read: a failure of the storage stops the daemon.
    async fn read<T>(&self, what: &str, ask: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        self.through(what, ask, false).await
    }

    async fn write<T>(&self, what: &str, ask: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        self.through(what, ask, true).await
    }

    /// Whether a failed write happened is not known until the next start.
    async fn through<T>(
        &self,
        what: &str,
        ask: impl Future<Output = Result<T, Fault>>,
        writes: bool,
    ) -> Result<T, Fault> {
        let gone = || Fault::permanent("the store has failed");
        let luck = self.world.turn(self.daemon, what).await;
        let (failed, untold) = self.world.lock().storage(self.daemon, luck, writes);
        if failed {
            return Err(gone());
        }
        if untold {
            let _done = ask.await;
            return Err(gone());
        }
        let answer = ask.await;
        self.world.done(self.daemon, luck).await;
        answer
    }

    fn kept(&self) -> &dyn Store {
        &self.world.store
    }

    fn lets_go(&self, rows: impl Iterator<Item = (CaseKey, String)>) {
        let mut inside = self.world.lock();
        for row in rows {
            inside.daemons[self.daemon].in_hand.remove(&row);
        }
    }
}

impl Store for Port {
    fn load<'a>(&'a self, key: &'a CaseKey) -> Answer<'a, Option<Stored>> {
        Box::pin(async move { self.read("load", async { self.kept().load(key).await }).await })
    }

    fn events<'a>(&'a self, key: &'a CaseKey) -> Answer<'a, Vec<StoredEvent>> {
        Box::pin(async move { self.read("events", async { self.kept().events(key).await }).await })
    }

    fn commit(&self, batches: Vec<Batch>) -> Answer<'_, Vec<Outcome>> {
        Box::pin(async move {
            self.write("commit", async {
                let before: Vec<_> = batches.iter().map(|batch| (batch.key.clone(), batch.expected_version)).collect();
                let settled = |batch: &Batch| {
                    let key = batch.key.clone();
                    batch.settle.iter().map(|row| (key.clone(), row.id.clone())).collect::<Vec<_>>()
                };
                let settled: Vec<_> = batches.iter().map(settled).collect();
                let outcomes = self.kept().commit(batches).await?;
                for (((key, version), outcome), rows) in before.iter().zip(&outcomes).zip(settled) {
                    self.world.lock().tell(|| format!("{} at {version}: {outcome:?}", key.number));
                    if matches!(outcome, Outcome::Committed { .. }) {
                        self.lets_go(rows.into_iter());
                    }
                }
                super::judge::committed(&self.world, &before, &outcomes);
                Ok(outcomes)
            })
            .await
        })
    }

    /// A full disk: this batch of mail waits, nothing stops.
    fn put_contents(&self, contents: Vec<(CaseKey, Vec<u8>)>) -> Answer<'_, Vec<Sha256Hex>> {
        Box::pin(async move {
            let luck = self.world.turn(self.daemon, "put contents").await;
            if luck == Luck::Cut {
                return Err(Fault::transient("the disk is full"));
            }
            let put = self.kept().put_contents(contents).await;
            self.world.done(self.daemon, luck).await;
            put
        })
    }

    fn content<'a>(&'a self, key: &'a CaseKey, hash: &'a Sha256Hex) -> Answer<'a, Option<Vec<u8>>> {
        Box::pin(async move { self.read("content", async { self.kept().content(key, hash).await }).await })
    }

    fn lease_due(&self, wanted: LeaseRequest) -> Answer<'_, Vec<Row>> {
        Box::pin(async move {
            self.write("lease", async {
                let rows = self.kept().lease_due(wanted).await?;
                self.world.lock().takes(self.daemon, rows.iter().map(|row| (row.key.clone(), row.id.clone())));
                Ok(rows)
            })
            .await
        })
    }

    fn next_due<'a>(&'a self, kinds: &'a [String]) -> Answer<'a, Option<DateTime<Utc>>> {
        self.kept().next_due(kinds)
    }

    fn settle(&self, rows: Vec<(CaseKey, Settlement)>) -> Answer<'_, ()> {
        for (key, Settlement { id, how }) in &rows {
            let how = match how {
                Settled::Done => "done".to_owned(),
                Settled::RetryAt { error, .. } => format!("again: {error:?}"),
                Settled::DueBy { .. } => "hastened".to_owned(),
                Settled::Dead { error } => format!("given up: {error}"),
                Settled::Held { why } => format!("held: {why}"),
                Settled::Replaced { by } => format!("replaced by {}", by.len()),
            };
            self.world.lock().tell(|| format!("{}/{id} {how}", key.number));
        }
        Box::pin(async move {
            let settled: Vec<_> = rows.iter().map(|(key, row)| (key.clone(), row.id.clone())).collect();
            self.write("settle", async {
                self.kept().settle(rows).await?;
                settled.iter().for_each(|(key, _)| super::judge::settled(&self.world, key));
                self.lets_go(settled.into_iter());
                Ok(())
            })
            .await
        })
    }

    fn each_row<'a>(&'a self, key: &'a CaseKey) -> Answer<'a, Vec<Result<Row, Fault>>> {
        Box::pin(async move { self.read("rows", async { self.kept().each_row(key).await }).await })
    }

    fn stuck_rows<'a>(&'a self, office: &'a OfficeId) -> Answer<'a, Vec<StuckRow>> {
        self.kept().stuck_rows(office)
    }

    fn outbox_tally<'a>(&'a self, office: &'a OfficeId) -> Answer<'a, OutboxTally> {
        self.kept().outbox_tally(office)
    }

    fn scan<'a>(
        &'a self,
        office: &'a OfficeId,
        after: Option<&'a CaseNumber>,
        limit: usize,
    ) -> Answer<'a, Vec<Scanned>> {
        Box::pin(async move { self.read("scan", async { self.kept().scan(office, after, limit).await }).await })
    }

    fn find<'a>(&'a self, office: &'a OfficeId, family: &'a str, value: &'a str) -> Answer<'a, Vec<CaseKey>> {
        Box::pin(async move { self.read("find", async { self.kept().find(office, family, value).await }).await })
    }

    fn seen<'a>(&'a self, office: &'a OfficeId, keys: &'a [String]) -> Answer<'a, Vec<(String, CaseNumber)>> {
        Box::pin(async move { self.read("seen", async { self.kept().seen(office, keys).await }).await })
    }

    fn link<'a>(&'a self, hash: &'a HashedToken) -> Answer<'a, Option<Link>> {
        self.kept().link(hash)
    }

    fn secret<'a>(&'a self, key: &'a CaseKey, id: &'a str) -> Answer<'a, Option<SealedSecret>> {
        self.kept().secret(key, id)
    }

    fn destroy_expired_secrets(&self, now: DateTime<Utc>) -> Answer<'_, usize> {
        Box::pin(async move { self.write("expire", async { self.kept().destroy_expired_secrets(now).await }).await })
    }

    fn last_number<'a>(&'a self, office: &'a OfficeId, prefix: &'a str, year: i32) -> Answer<'a, u32> {
        Box::pin(
            async move { self.read("number", async { self.kept().last_number(office, prefix, year).await }).await },
        )
    }

    fn document<'a>(&'a self, office: &'a OfficeId, family: &'a str, id: &'a str) -> Answer<'a, Option<Document>> {
        self.kept().document(office, family, id)
    }

    fn documents<'a>(&'a self, office: &'a OfficeId, family: &'a str) -> Answer<'a, Vec<Result<Document, Fault>>> {
        self.kept().documents(office, family)
    }

    fn write_documents(&self, writes: Vec<DocumentWrite>) -> Answer<'_, Outcome> {
        Box::pin(async move { self.write("documents", async { self.kept().write_documents(writes).await }).await })
    }

    fn epoch(&self) -> Answer<'_, u64> {
        self.kept().epoch()
    }

    fn adopt(&self, filed: Batch) -> Answer<'_, ()> {
        self.kept().adopt(filed)
    }

    fn remove_case<'a>(&'a self, key: &'a CaseKey, version: u64) -> Answer<'a, Outcome> {
        Box::pin(async move {
            self.write("remove", async {
                super::judge::removing(&self.world, key);
                self.kept().remove_case(key, version).await
            })
            .await
        })
    }

    fn journal_head<'a>(&'a self, office: &'a OfficeId) -> Answer<'a, JournalHead> {
        self.kept().journal_head(office)
    }

    fn journal_hash<'a>(&'a self, office: &'a OfficeId, position: u64) -> Answer<'a, Option<Sha256Hex>> {
        self.kept().journal_hash(office, position)
    }

    fn verify(&self) -> Answer<'_, Vec<Damage>> {
        self.kept().verify()
    }

    fn backup<'a>(&'a self, file: &'a Path) -> Answer<'a, BackupReport> {
        self.kept().backup(file)
    }

    fn failed(&self) -> BoxFuture<'_, Fault> {
        self.kept().failed()
    }
}
