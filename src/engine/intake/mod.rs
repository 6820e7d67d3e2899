//! Mail comes in: every arrival is looked at, decided on and committed before it is filed on the server. Many mails
//! share one transaction; one that cannot be worked on never holds up the next.
//!
//! [`look`] reads a mail, [`route`] says what it is for us, [`papers`] checks a dossier against the register,
//! [`daybook`] records what starts nothing.

mod daybook;
mod language;
mod look;
mod papers;
mod route;

pub use daybook::PREFIX as DAYBOOK;
pub use look::Looked;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};

use super::Engine;
use super::casebook::Along;
use super::codec;
use super::office::Worked;
use super::port::{Arrival, Fault, Folder, Origin, Witness};
use super::store::{Batch, CaseKey, Outcome};
use super::weave::Woven;
use crate::mail::message::Reception;
use crate::sop::case::Case;
use crate::sop::command::{Command, Context, Opening};
use crate::sop::decide::{self, Refused};
use crate::sop::names::CaseNumber;
use crate::vault;

/// Mails of one batch that are read side by side.
const READERS: usize = 8;

/// A mailbox and what its mail is worked by.
pub struct Mailbox {
    pub name: String,
    pub reception: Reception,
    pub worked: Arc<Worked>,
    /// Mail without proof of its sender is held.
    pub require_authenticated: bool,
    /// Asked where our own servers' word is not enough.
    pub witness: Option<Arc<dyn Witness>>,
    /// Bytes.
    pub max_mail_bytes: u64,
}

/// Whether a mail may wait for a sender's domain that cannot be asked at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    Waits,
    /// It waited long enough: it is taken in as unproven.
    Over,
}

/// One batch of mail on its way into one transaction.
struct Intake<'e> {
    engine: &'e Engine,
    mailbox: &'e Mailbox,
    /// Cases as this batch leaves them, so that two mails of one case build on each other.
    desk: BTreeMap<CaseKey, (u64, Case)>,
    batches: Vec<Batch>,
    contents: Vec<(CaseKey, Vec<u8>)>,
    /// Keys taken within this batch.
    taken: BTreeSet<String>,
    /// Versions of the daybooks this batch writes in.
    daybooks: BTreeMap<CaseKey, u64>,
    last_serial: Option<(i32, u32)>,
}

impl Engine {
    /// Takes a batch of mail in. What comes back is on record and may be filed; what is missing stays in the inbox
    /// and is to be handed over again later.
    pub async fn take_in(
        &self,
        mailbox: &Mailbox,
        arrivals: Vec<Arrival>,
        patience: Patience,
    ) -> Result<Vec<(Origin, Folder)>, Fault> {
        let looked: Vec<Looked> =
            futures::stream::iter(arrivals.into_iter().map(|arrival| self.look(mailbox, arrival, patience)))
                .buffered(READERS)
                .try_filter(|mail| std::future::ready(!mail.waits))
                .try_collect()
                .await?;
        if let Some(filed) = self.take_together(mailbox, &looked).await? {
            return Ok(filed);
        }
        // Somebody else moved one of the cases: each mail on its own, so that the others are not held up.
        let mut filed = Vec::new();
        for one in &looked {
            for _ in 0..5 {
                if let Some(done) = self.take_together(mailbox, std::slice::from_ref(one)).await? {
                    filed.extend(done);
                    break;
                }
            }
        }
        Ok(filed)
    }

    /// One transaction for all; `None` where a conflict undid it for some.
    async fn take_together(
        &self,
        mailbox: &Mailbox,
        looked: &[Looked],
    ) -> Result<Option<Vec<(Origin, Folder)>>, Fault> {
        let mut intake = Intake {
            engine: self,
            mailbox,
            desk: BTreeMap::new(),
            batches: Vec::new(),
            contents: Vec::new(),
            taken: BTreeSet::new(),
            daybooks: BTreeMap::new(),
            last_serial: None,
        };
        let keys: Vec<String> =
            looked.iter().flat_map(|mail| [mail.seen_keys(), vec![mail.refused_key()]].concat()).collect();
        let seen: BTreeSet<String> =
            self.store.seen(&self.office.id, &keys).await?.into_iter().map(|(key, _)| key).collect();
        let mut filed = Vec::new();
        for mail in looked {
            let (keys, refused) = (mail.seen_keys(), mail.refused_key());
            let known = |key: &String| seen.contains(key) || intake.taken.contains(key);
            if keys.iter().any(known) {
                // It goes where it went the first time: a crash may have come between the record and the filing.
                let folder = if known(&refused) { Folder::Refused } else { Folder::Processed };
                filed.push((mail.origin.clone(), folder));
                continue;
            }
            let folder = intake.route(mail).await?;
            intake.taken.extend(keys);
            if folder == Folder::Refused
                && let Some(batch) = intake.batches.last_mut()
            {
                batch.seen.push(refused.clone());
                intake.taken.insert(refused);
            }
            filed.push((mail.origin.clone(), folder));
        }
        if intake.batches.is_empty() {
            return Ok(Some(filed));
        }
        self.store.put_contents(std::mem::take(&mut intake.contents)).await?;
        let outcomes = self.store.commit(std::mem::take(&mut intake.batches)).await?;
        self.outbox.notify_one();
        let whole = outcomes.iter().all(|outcome| matches!(outcome, Outcome::Committed { .. }));
        Ok(whole.then_some(filed))
    }
}

impl Intake<'_> {
    /// The case as this batch has it so far.
    async fn case(&self, key: &CaseKey) -> Result<Option<(u64, Case)>, Fault> {
        match self.desk.get(key) {
            Some(known) => Ok(Some(known.clone())),
            None => self.engine.load(key).await,
        }
    }

    async fn open(&mut self, opening: Opening, mail: &Looked) -> Result<(), Fault> {
        let key = self.engine.key(&opening.number);
        let admins = self.engine.deciders(&self.mailbox.worked.procedure).await?;
        let drafting = super::drafting::Writer { engine: self.engine, worked: &self.mailbox.worked };
        let ctx = Context {
            now: self.engine.clock.now(),
            procedure: &self.mailbox.worked.procedure,
            calendar: &self.mailbox.worked.calendar,
            admins: &admins,
            drafting: &drafting,
            digest: &vault::sha256_hex,
        };
        let ruling = decide::open(opening, &ctx);
        let along = Along { seen: mail.seen_keys(), ..Along::default() };
        let woven = self.engine.weave(&key, 0, ruling, along).await?;
        self.keep(key, 0, woven, Some(mail));
        Ok(())
    }

    /// Applies a command that a mail brings. Refusals come back to the router.
    async fn apply(
        &mut self,
        key: &CaseKey,
        command: Command,
        mail: &Looked,
        keep: bool,
    ) -> Result<Option<Refused>, Fault> {
        let Some((version, case)) = self.case(key).await? else { return Ok(Some(Refused::Gone)) };
        match self.engine.rule(&case, command).await? {
            Err(refused) => Ok(Some(refused)),
            Ok(ruling) => {
                let along = Along { seen: mail.seen_keys(), ..Along::default() };
                let woven = self.engine.weave(key, version, ruling, along).await?;
                self.keep(key.clone(), version, woven, keep.then_some(mail));
                Ok(None)
            }
        }
    }

    /// Applies what a machine's mail tells; a refusal changes nothing.
    async fn learn(&mut self, key: &CaseKey, command: Command) -> Result<(), Fault> {
        let Some((version, case)) = self.case(key).await? else { return Ok(()) };
        if let Ok(ruling) = self.engine.rule(&case, command).await? {
            let woven = self.engine.weave(key, version, ruling, Along::default()).await?;
            self.keep(key.clone(), version, woven, None);
        }
        Ok(())
    }

    fn keep(&mut self, key: CaseKey, version: u64, woven: Woven, mail: Option<&Looked>) {
        let Woven { case, mut batch } = woven;
        if let Some(mail) = mail {
            batch.contents.push(mail.sha256.clone());
            self.contents.push((key.clone(), mail.raw.to_vec()));
        }
        self.desk.insert(key, (version + 1, case));
        self.batches.push(batch);
    }

    /// The next register number of the year the mail came in.
    async fn next_number(&mut self, year: i32) -> Result<CaseNumber, Fault> {
        let office = &self.engine.office;
        let last = match self.last_serial {
            Some((known, serial)) if known == year => serial,
            _ => self.engine.store.last_number(&office.id, &office.prefix, year).await?,
        };
        self.last_serial = Some((year, last + 1));
        Ok(CaseNumber::new(&office.prefix, year, last + 1))
    }

    /// Records a mail that starts nothing, so that it is known when it comes again.
    async fn note(&mut self, mail: &Looked, reason: &str) -> Result<(), Fault> {
        let now = self.engine.clock.now();
        let key = daybook::key(&self.engine.office, now);
        let version = match self.daybooks.get(&key) {
            Some(version) => *version,
            None => self.engine.store.load(&key).await?.map_or(0, |stored| stored.version),
        };
        let snapshot = codec::encode(&daybook::Snapshot { entries: version + 1 });
        let mut batch = Batch::new(key.clone(), version, now, snapshot);
        batch.events = vec![codec::encode(&daybook::Entry::new(now, mail, reason))];
        batch.seen = mail.seen_keys();
        self.batches.push(batch);
        self.daybooks.insert(key, version + 1);
        Ok(())
    }
}
