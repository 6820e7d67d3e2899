//! The engine's ports over the world, one set for each daemon. Each call is a boundary at which something may go wrong.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
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
use loket::vault::{HashedToken, sha256_hex};

use super::papers::Papers;
use super::world::{Luck, Ordered, World, cut, name_of};

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
    /// It goes on with every look: two looks within one step are two moments.
    fn now(&self) -> DateTime<Utc> {
        let mut inside = self.world.lock();
        inside.now += TimeDelta::microseconds(1);
        inside.now + inside.daemons[self.daemon].skew
    }
}

impl Courier for Port {
    fn send<'a>(&'a self, letter: &'a Outgoing) -> Answer<'a, ()> {
        Box::pin(async move {
            let name = name_of(&letter.message_id).to_owned();
            *self.world.lock().offers.entry(name.clone()).or_default() += 1;
            let luck = self.world.turn(self.daemon, "send").await;
            if luck == Luck::Cut {
                return Err(cut());
            }
            {
                let mut inside = self.world.lock();
                inside.tell(|| format!("daemon {}: {} is sent", self.daemon, letter.message_id));
                inside.counts.letters += 1;
                match luck {
                    Luck::LostAnswer => inside.excuse(name),
                    _ => inside.daemons[self.daemon].unrecorded.push(name),
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

    fn settles_within(&self) -> TimeDelta {
        SETTLES_WITHIN
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
        let key = order.idempotency_key.to_owned();
        let password = sha256_hex(order.temporary_password.as_bytes());
        let ordered = Ordered { user_id: order.user_id.clone(), password, until: order.expires_at };
        Box::pin(async move {
            let luck = self.world.turn(self.daemon, "reset").await;
            if self.world.lock().fenced.contains(&key) {
                return Err(Fault::permanent("it was said that this never happened, so it never does"));
            }
            self.world.lock().ordered.insert(key.clone(), ordered);
            if luck == Luck::Cut {
                return Err(cut());
            }
            // Where nobody hears the answer, half of them land only later.
            let late = luck != Luck::Well && self.world.lock().lot.one_in(2);
            if late {
                self.world.lock().on_their_way.push(key);
            } else {
                self.world.reset(&key);
            }
            self.world.done(self.daemon, luck).await;
            match luck {
                Luck::LostAnswer => Err(Fault::unknown("no answer from the account system")),
                _ => Ok(ResetOutcome::Done),
            }
        })
    }

    fn read_back<'a>(&'a self, key: &'a str, _: &'a UserId) -> Answer<'a, Option<Fate>> {
        Box::pin(async move {
            let asked = self.now();
            let luck = self.world.turn(self.daemon, "read back").await;
            self.world.done(self.daemon, luck).await;
            match luck {
                Luck::Cut | Luck::LostAnswer => Err(cut()),
                _ => Ok(self.world.read_back(key, asked)),
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
}

/// A reset takes effect so long after it was begun, or never.
const SETTLES_WITHIN: TimeDelta = TimeDelta::minutes(2);

impl World {
    /// The account system sets a password; for one decision never twice, and never for one that is believed not to have
    /// happened.
    pub fn reset(&self, key: &str) {
        let mut inside = self.lock();
        inside.tell(|| format!("{key} is reset"));
        inside.counts.resets += 1;
        let times = inside.resets.entry(key.to_owned()).or_default();
        *times += 1;
        assert_eq!(*times, 1, "{key} was reset twice");
        super::judge::reset(self, &inside, key);
    }

    /// What the account system answers. One that knows its calls cannot tell of one that is on its way. Another says no at
    /// first, and for good once nothing can land any more.
    fn read_back(&self, key: &str, asked: DateTime<Utc>) -> Option<Fate> {
        let mut inside = self.lock();
        if inside.resets.contains_key(key) {
            return Some(Fate::Done);
        }
        if inside.knows && inside.on_their_way.iter().any(|other| other == key) {
            return None;
        }
        let begun = super::judge::begun(self, &inside, key);
        if inside.knows || begun.is_none_or(|begun| asked >= begun + SETTLES_WITHIN) {
            inside.on_their_way.retain(|other| other != key);
            inside.fenced.insert(key.to_owned());
        }
        Some(Fate::NeverHappened)
    }

    /// A call whose dispatcher is gone takes effect.
    pub fn land(&self) {
        let landing = {
            let mut inside = self.lock();
            (!inside.on_their_way.is_empty()).then(|| inside.on_their_way.remove(0))
        };
        landing.into_iter().for_each(|key| self.reset(&key));
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

    fn picture(&self, _: Arc<Vec<u8>>, _: String, _: u32, _: u32) -> BoxFuture<'_, Option<Vec<u8>>> {
        Box::pin(async { None })
    }
}

fn receipt(dossier: &ArchiveDossier) -> Receipt {
    let (number, hash) = (dossier.key.number.clone(), Sha256Hex("0".repeat(64)));
    let bytes = dossier.items.iter().map(|item| item.bytes.len() as u64).sum();
    Receipt { number, file: "archive".into(), position: 1, hash, items: dossier.items.len(), bytes }
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
                match inside.archive.get(&number) {
                    Some(kept) => super::judge::kept_again(kept, &dossier),
                    None => {
                        inside.counts.archived += 1;
                        inside.archive.insert(number, dossier.clone());
                    }
                }
            }
            self.world.done(self.daemon, luck).await;
            if luck == Luck::LostAnswer {
                return Err(cut());
            }
            Ok(receipt(&dossier))
        })
    }

    fn receipt<'a>(&'a self, number: &'a CaseNumber) -> Answer<'a, Option<Receipt>> {
        Box::pin(async move { Ok(self.world.lock().archive.get(number).map(receipt)) })
    }

    /// Journals are not kept here: a dossier is compared when it is filed again.
    fn kinships(&self, _: Vec<CaseKey>) -> Answer<'_, Compared> {
        Box::pin(async { Ok(Compared::default()) })
    }

    fn ahead<'a>(&'a self, _: &'a OfficeId) -> Answer<'a, Ahead> {
        Box::pin(async { Ok(Ahead::default()) })
    }

    fn survey<'a>(&'a self, _: &'a str) -> Answer<'a, Survey> {
        Box::pin(async { Ok(Survey::default()) })
    }

    fn show<'a>(&'a self, _: &'a CaseNumber) -> Answer<'a, Option<ArchivedDossier>> {
        Box::pin(async { Ok(None) })
    }

    fn examine<'a>(&'a self, _: &'a CaseNumber) -> Answer<'a, Option<Examined>> {
        Box::pin(async { Ok(None) })
    }

    fn item<'a>(&'a self, _: &'a CaseNumber, _: &'a str) -> Answer<'a, Option<Vec<u8>>> {
        Box::pin(async { Ok(None) })
    }

    fn export<'a>(&'a self, _: &'a CaseNumber, _: &'a Path) -> Answer<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn pack_bag<'a>(&'a self, _: &'a CaseNumber) -> Answer<'a, Vec<u8>> {
        Box::pin(async { Ok(Vec::new()) })
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
