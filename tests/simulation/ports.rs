//! The engine's ports over the world, one set for each daemon. Each call is a boundary at which something may go wrong.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use loket::accounts::register::Register;
use loket::dossier::Read;
use loket::dossier::page::{Contents, Paper};
use loket::engine::archive::*;
use loket::engine::evidence::FileHead;
use loket::engine::office::Worked;
use loket::engine::port::*;
use loket::engine::store::*;
use loket::sop::account::Account;
use loket::sop::names::{CaseNumber, OfficeId, Sha256Hex, UserId};
use loket::vault::HashedToken;

use super::papers::Papers;
use super::world::{Luck, World, cut};

/// A daemon's view of the world.
#[derive(Clone)]
pub struct Port {
    pub world: Arc<World>,
    pub daemon: usize,
    pub accounts: Arc<Register>,
    pub papers: Arc<Papers>,
}

type Answer<'a, T> = BoxFuture<'a, Result<T, Fault>>;

impl Clock for Port {
    fn now(&self) -> DateTime<Utc> {
        let inside = self.world.lock();
        inside.now + inside.daemons[self.daemon].skew
    }
}

impl Courier for Port {
    fn send<'a>(&'a self, letter: &'a Outgoing) -> Answer<'a, ()> {
        Box::pin(async move {
            let luck = self.world.turn(self.daemon, "send").await;
            if luck == Luck::Cut {
                return Err(cut());
            }
            {
                let mut inside = self.world.lock();
                inside.tell(|| format!("daemon {}: {} is sent", self.daemon, letter.message_id));
                inside.counts.letters += 1;
                if luck != Luck::Well {
                    inside.unsure.insert(letter.message_id.clone());
                }
                match inside.post.get_mut(&letter.message_id) {
                    None => drop(inside.post.insert(letter.message_id.clone(), (letter.clone(), 1))),
                    Some((before, times)) => {
                        assert!(*before == *letter, "one Message-ID carried two letters: {}", letter.message_id);
                        *times += 1;
                        inside.counts.twice += 1;
                    }
                }
            }
            self.world.done(self.daemon, luck).await;
            if luck == Luck::LostAnswer { Err(Fault::unknown("no answer after the final dot")) } else { Ok(()) }
        })
    }

    fn probe(&self) -> Answer<'_, String> {
        Box::pin(async { Ok(String::new()) })
    }
}

impl AccountDriver for Port {
    fn abilities(&self) -> Abilities {
        Abilities { by_hand: false, force_change: true, read_back: true }
    }

    fn look_up<'a>(&'a self, query: &'a Query) -> Answer<'a, Vec<Account>> {
        Box::pin(async move {
            let luck = self.world.turn(self.daemon, "look up").await;
            self.world.done(self.daemon, luck).await;
            match luck {
                Luck::Cut | Luck::LostAnswer => Err(cut()),
                _ => Ok(self.accounts.look_up(query)),
            }
        })
    }

    fn reset<'a>(&'a self, order: ResetOrder<'a>) -> Answer<'a, ResetOutcome> {
        let (key, until) = (order.idempotency_key.to_owned(), order.expires_at);
        Box::pin(async move {
            let luck = self.world.turn(self.daemon, "reset").await;
            self.world.lock().ordered.insert(key.clone(), until);
            match luck {
                Luck::Cut => return Err(cut()),
                // Half of them land only later.
                Luck::KilledAfter | Luck::LostAnswer => {
                    let mut inside = self.world.lock();
                    if inside.lot.one_in(2) {
                        inside.on_their_way.push(key);
                    } else {
                        inside.reset(&key);
                    }
                }
                _ => self.world.lock().reset(&key),
            }
            self.world.done(self.daemon, luck).await;
            match luck {
                Luck::LostAnswer => Err(Fault::unknown("no answer from the account system")),
                _ => Ok(ResetOutcome::Done),
            }
        })
    }

    fn read_back<'a>(&'a self, key: &'a str, _: &'a UserId) -> Answer<'a, Option<bool>> {
        Box::pin(async move {
            let luck = self.world.turn(self.daemon, "read back").await;
            self.world.done(self.daemon, luck).await;
            let inside = self.world.lock();
            match luck {
                Luck::Cut | Luck::LostAnswer => Err(cut()),
                // A system that knows its keys knows of a call still on its way, and lets it land no more.
                _ if inside.on_their_way.iter().any(|other| other == key) => Ok(None),
                _ => Ok(Some(inside.resets.contains_key(key))),
            }
        })
    }

    fn probe(&self) -> Answer<'_, String> {
        Box::pin(async { Ok(String::new()) })
    }
}

impl super::world::Inside {
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

    /// The account system sets a password; for one decision never twice.
    pub fn reset(&mut self, key: &str) {
        self.counts.resets += 1;
        let times = self.resets.entry(key.to_owned()).or_default();
        *times += 1;
        assert_eq!(*times, 1, "{key} was reset twice");
    }
}

impl Reader for Port {
    fn read(&self, raw: Arc<Vec<u8>>) -> Answer<'_, Contents> {
        Box::pin(async move {
            let luck = self.world.turn(self.daemon, "read").await;
            self.world.done(self.daemon, luck).await;
            if matches!(luck, Luck::Cut | Luck::LostAnswer) {
                return Err(Fault::transient("the reading worker died"));
            }
            Ok(self.papers.of_mail(&String::from_utf8_lossy(&raw)))
        })
    }

    /// On no other thread: a seed plays the same each time.
    fn documents(&self, papers: Vec<Paper>, worked: Arc<Worked>) -> BoxFuture<'_, Vec<Read>> {
        Box::pin(async move { self.papers.documents(&papers, &worked.recognition) })
    }

    fn picture(&self, _: Arc<Vec<u8>>, _: usize, _: u32, _: u32) -> BoxFuture<'_, Option<Vec<u8>>> {
        Box::pin(async { None })
    }
}

impl Archive for Port {
    fn keep(&self, dossier: ArchiveDossier) -> Answer<'_, Receipt> {
        Box::pin(async move {
            let luck = self.world.turn(self.daemon, "archive").await;
            if luck == Luck::Cut {
                return Err(cut());
            }
            {
                let mut inside = self.world.lock();
                let number = dossier.key.number.clone();
                let same = |kept: &ArchiveDossier| {
                    let names = |d: &ArchiveDossier| d.items.iter().map(|i| i.name.clone()).collect::<Vec<_>>();
                    names(kept) == names(&dossier) && kept.register == dossier.register
                };
                if let Some(kept) = inside.archive.get(&number)
                    && !same(kept)
                {
                    return Err(Fault::permanent("filed already, and not with these bytes"));
                }
                inside.counts.archived += 1;
                inside.archive.insert(number, dossier.clone());
            }
            self.world.done(self.daemon, luck).await;
            if luck == Luck::LostAnswer {
                return Err(cut());
            }
            let number = dossier.key.number;
            let nothing = || Sha256Hex("0".repeat(64));
            Ok(Receipt { number, file: "archive".into(), position: 1, hash: nothing(), items: 0, bytes: 0 })
        })
    }

    fn receipt<'a>(&'a self, _: &'a CaseNumber) -> Answer<'a, Option<Receipt>> {
        Box::pin(async { Ok(None) })
    }

    /// Journals are not kept here: a dossier is compared when it is filed again.
    fn kinships(&self, _: Vec<CaseKey>) -> Answer<'_, Vec<Stands>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn ahead(&self) -> Answer<'_, Ahead> {
        Box::pin(async { Ok(Ahead::default()) })
    }

    fn list(&self) -> Answer<'_, Vec<ArchiveLine>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn search<'a>(&'a self, _: &'a str) -> Answer<'a, Vec<ArchiveLine>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn show<'a>(&'a self, _: &'a CaseNumber) -> Answer<'a, Option<ArchivedDossier>> {
        Box::pin(async { Ok(None) })
    }

    fn item<'a>(&'a self, _: &'a CaseNumber, _: &'a str) -> Answer<'a, Option<Vec<u8>>> {
        Box::pin(async { Ok(None) })
    }

    fn export<'a>(&'a self, _: &'a CaseNumber, _: &'a Path) -> Answer<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn destroy<'a>(&'a self, _: &'a CaseNumber, _: &'a Destruction) -> Answer<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn heads(&self) -> Answer<'_, Vec<FileHead>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn verify(&self) -> Answer<'_, Vec<Damage>> {
        Box::pin(async { Ok(Vec::new()) })
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
                let outcomes = self.kept().commit(batches).await?;
                for ((key, version), outcome) in before.iter().zip(&outcomes) {
                    self.world.lock().tell(|| format!("{} at {version}: {outcome:?}", key.number));
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
        Box::pin(async move { self.write("lease", async { self.kept().lease_due(wanted).await }).await })
    }

    fn next_due<'a>(&'a self, kinds: &'a [String]) -> Answer<'a, Option<DateTime<Utc>>> {
        self.kept().next_due(kinds)
    }

    fn settle(&self, rows: Vec<(CaseKey, Settlement)>) -> Answer<'_, ()> {
        for (key, Settlement { id, how }) in &rows {
            let how = match how {
                Settled::Done => "done".to_owned(),
                Settled::RetryAt { error, .. } => format!("again: {error:?}"),
                Settled::Dead { error } => format!("given up: {error}"),
                Settled::Held { why } => format!("held: {why}"),
            };
            self.world.lock().tell(|| format!("{}/{id} {how}", key.number));
        }
        Box::pin(async move { self.write("settle", async { self.kept().settle(rows).await }).await })
    }

    fn rows_of<'a>(&'a self, key: &'a CaseKey) -> Answer<'a, Vec<Row>> {
        Box::pin(async move { self.read("rows", async { self.kept().rows_of(key).await }).await })
    }

    fn stuck_rows<'a>(&'a self, office: &'a OfficeId) -> Answer<'a, Vec<StuckRow>> {
        self.kept().stuck_rows(office)
    }

    fn outbox_tally<'a>(&'a self, office: &'a OfficeId) -> Answer<'a, OutboxTally> {
        self.kept().outbox_tally(office)
    }

    fn lease<'a>(&'a self, n: &'a str, h: &'a str, now: DateTime<Utc>, until: DateTime<Utc>) -> Answer<'a, bool> {
        self.kept().lease(n, h, now, until)
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

    fn documents<'a>(&'a self, office: &'a OfficeId, family: &'a str) -> Answer<'a, Vec<Document>> {
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
