//! Mail comes in: every arrival is looked at, decided on and committed before it is filed on the server. Many mails
//! share one transaction; one that cannot be worked on never holds up the next.
//!
//! [`look`] reads a mail, [`standing`] knows beforehand whose it is, [`route`] says what it is for us, [`papers`] checks a
//! dossier against the register, [`daybook`] records what starts nothing, [`tally`] counts what a day brings.

mod daybook;
mod language;
mod look;
mod papers;
mod route;
mod standing;
pub mod tally;

pub use daybook::PREFIX as DAYBOOK;
pub use look::{Looked, seen_keys};
pub use tally::DayLimits;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};

use self::standing::OnDesk;
use self::tally::Tally;
use super::Engine;
use super::casebook::Along;
use super::codec;
use super::digest;
use super::office::Worked;
use super::peril::{Moment, moment};
use super::port::{Arrival, Fault, Folder, Origin, Witness};
use super::store::{Batch, CaseKey, Outcome};
use super::weave::Woven;
use crate::mail::message::Reception;
use crate::sop::case::Case;
use crate::sop::command::{Alarm, Command, Context, Opening};
use crate::sop::decide::{self, Refused, Ruling};
use crate::sop::effect::{Effect, LetterName, Recipient};
use crate::sop::names::CaseNumber;
use crate::sop::phase::Phase;
use crate::vault;

/// Mails of one batch that are read side by side.
const READERS: usize = 8;
/// Conflicts after which a mail by itself is given back; each means that somebody else changed what it is about, or that its
/// number in the register was given out before.
const TRIES: u32 = 5;

/// A mailbox and what its mail is worked by.
#[derive(Clone)]
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
    pub limits: DayLimits,
}

impl Mailbox {
    /// This mailbox for a case that began under another procedure: its mail is read by that one to its end.
    fn under(&self, worked: Arc<Worked>) -> Self {
        Self { worked, ..self.clone() }
    }
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
    desk: OnDesk,
    batches: Vec<Batch>,
    contents: Vec<(CaseKey, Vec<u8>)>,
    /// Keys taken within this batch.
    taken: BTreeSet<String>,
    /// The daybooks this batch writes in: their volumes, and the versions it leaves them at.
    daybooks: BTreeMap<CaseNumber, (CaseKey, u64)>,
    last_serial: Option<(i32, u32)>,
    /// The mailbox's day so far, and the version it is kept under.
    day: (u64, Tally),
}

impl Engine {
    /// Takes a batch of mail in. What comes back is on record and may be filed; what is missing waits for its sender's domain,
    /// stays in the inbox and is to be handed over again later. Transient where a mail cannot be put on record; those before it
    /// may be.
    pub async fn take_in(
        &self,
        mailbox: &Mailbox,
        arrivals: Vec<Arrival>,
        patience: Patience,
    ) -> Result<Vec<(Origin, Folder)>, Fault> {
        let (_, day) = tally::load(self, &tally::day(self, &mailbox.name, self.clock.now())).await?;
        let looked: Vec<Looked> =
            futures::stream::iter(arrivals.into_iter().map(|arrival| self.look(mailbox, arrival, patience, &day)))
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
            filed.extend(self.take_alone(mailbox, one).await?);
        }
        Ok(filed)
    }

    /// A mail that is given back is a failure: whoever handed it over must not take it for one that waits.
    async fn take_alone(&self, mailbox: &Mailbox, mail: &Looked) -> Result<Vec<(Origin, Folder)>, Fault> {
        for _ in 0..TRIES {
            if let Some(filed) = self.take_together(mailbox, std::slice::from_ref(mail)).await? {
                return Ok(filed);
            }
        }
        Err(Fault::transient(format!(
            "Cannot put a mail of {} on record: the store refused its step {TRIES} times, as decided on what has changed. It is tried \
             again; where that goes on, run `loket archive verify`",
            mailbox.name
        )))
    }

    /// One transaction for all; `None` where a conflict undid it for some.
    async fn take_together(
        &self,
        mailbox: &Mailbox,
        looked: &[Looked],
    ) -> Result<Option<Vec<(Origin, Folder)>>, Fault> {
        let now = self.clock.now();
        let day = tally::load(self, &tally::day(self, &mailbox.name, now)).await?;
        let before = day.1.clone();
        let mut intake = Intake {
            engine: self,
            mailbox,
            desk: OnDesk::new(),
            batches: Vec::new(),
            contents: Vec::new(),
            taken: BTreeSet::new(),
            daybooks: BTreeMap::new(),
            last_serial: None,
            day,
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
                // A mail put aside is none we know: moved back into the inbox, it is worked on.
                if !batch.seen.is_empty() {
                    batch.seen.push(refused.clone());
                }
                intake.taken.insert(refused);
            }
            filed.push((mail.origin.clone(), folder));
        }
        let (version, day) = &intake.day;
        let counted = (*day != before).then(|| tally::keep(self, &mailbox.name, now, *version, day));
        match (intake.batches.last_mut(), counted) {
            (Some(batch), Some(counted)) => batch.documents.extend(counted),
            (Some(_), None) => {}
            (None, Some(counted)) => {
                self.store.write_documents(counted).await?;
                return Ok(Some(filed));
            }
            (None, None) => return Ok(Some(filed)),
        }
        moment(Moment::MailUnderstood);
        self.store.put_contents(std::mem::take(&mut intake.contents)).await?;
        moment(Moment::ContentsFlushed);
        let outcomes = self.store.commit(std::mem::take(&mut intake.batches)).await?;
        moment(Moment::IntakeRecorded);
        self.wake_dispatchers();
        let whole = outcomes.iter().all(|outcome| matches!(outcome, Outcome::Committed { .. }));
        Ok(whole.then_some(filed))
    }
}

impl Intake<'_> {
    /// The case as this batch has it so far.
    async fn case(&self, key: &CaseKey) -> Result<Option<(u64, Case)>, Fault> {
        self.engine.case_on(&self.desk, key).await
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
            epoch: self.engine.store.epoch().await?,
        };
        let mut ruling = decide::open(opening, &ctx);
        self.answer_sparingly(&mut ruling);
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
            Ok(mut ruling) => {
                self.answer_sparingly(&mut ruling);
                let along = Along { seen: mail.seen_keys(), ..Along::default() };
                let woven = self.engine.weave(key, version, ruling, along).await?;
                self.keep(key.clone(), version, woven, keep.then_some(mail));
                Ok(None)
            }
        }
    }

    /// Applies what a machine's mail tells to the case as it was read; a refusal changes nothing.
    async fn learn(&mut self, key: &CaseKey, version: u64, case: &Case, command: Command) -> Result<(), Fault> {
        if let Ok(ruling) = self.engine.rule(case, command).await? {
            let woven = self.engine.weave(key, version, ruling, Along::default()).await?;
            self.keep(key.clone(), version, woven, None);
        }
        Ok(())
    }

    /// Leaves out letters that answer the sender's mail more often than the limits allow (RFC 3834 §2). What is decided
    /// stays decided and stands on the desk; who was to be asked for more is reminded of it as soon as they may be written to.
    fn answer_sparingly(&mut self, ruling: &mut Ruling) {
        let (engine, limits, now) = (self.engine, self.mailbox.limits, self.engine.clock.now());
        let Ruling { case, effects, .. } = ruling;
        for effect in std::mem::take(effects) {
            let withheld = match &effect {
                Effect::Send { letter } if letter.to == Recipient::Correspondent => {
                    let (to, _) = engine.recipients(case, &letter.to);
                    let answer = to.first().map(|to| self.day.1.may_answer(case, letter.kind.key(), to, now, &limits));
                    answer.and_then(Result::err).map(|when| (letter.kind, when))
                }
                _ => None,
            };
            let Some((kind, at)) = withheld else {
                effects.push(effect);
                continue;
            };
            tracing::info!(case = %case.number, letter = kind.key(), until = %at, "not answered again so soon");
            if let (LetterName::CompletionRequest, Phase::Incomplete { round, .. }) = (kind, &case.phase) {
                effects.push(Effect::Wake { alarm: Alarm::CompletionReminder { round: *round }, at });
            }
        }
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

    /// Puts a mail beyond the limits aside; the day's first one sends the digests on their way.
    async fn put_aside(&mut self, mail: &Looked) -> Result<Folder, Fault> {
        let now = self.engine.clock.now();
        let first = self.day.1.put_aside(now);
        let mut batch = self.entry(mail, "flood").await?;
        if first {
            tracing::warn!(mailbox = self.mailbox.name, "more mail than the limits allow is put aside");
            batch.outbox = digest::rows(self.engine, self.mailbox, now);
        }
        self.batches.push(batch);
        Ok(Folder::Refused)
    }

    /// Counts a machine's mail beyond their limit. The first of a day is noted, and stands for all that follow.
    async fn pass_over(&mut self, mail: &Looked) -> Result<(), Fault> {
        let now = self.engine.clock.now();
        let first = self.day.1.pass_over(now);
        if self.day.1.passed_over == 1 {
            tracing::warn!(mailbox = self.mailbox.name, "more mail of machines than the limit allows is only counted");
            let mut batch = self.entry(mail, "automatic_flood").await?;
            if first {
                batch.outbox = digest::rows(self.engine, self.mailbox, now);
            }
            self.batches.push(batch);
        }
        Ok(())
    }

    /// Records a mail that starts nothing, so that it is known when it comes again.
    async fn note(&mut self, mail: &Looked, reason: &str) -> Result<(), Fault> {
        let mut batch = self.entry(mail, reason).await?;
        batch.seen = mail.seen_keys();
        self.batches.push(batch);
        Ok(())
    }

    /// An entry of the daybook.
    async fn entry(&mut self, mail: &Looked, reason: &str) -> Result<Batch, Fault> {
        let now = self.engine.clock.now();
        let book = daybook::book(&self.engine.office, now);
        let (key, version) = match self.daybooks.get(&book) {
            Some(known) => known.clone(),
            None => self.engine.open_volume(&book).await?,
        };
        let snapshot = codec::encode(&daybook::Snapshot { entries: version + 1 });
        let mut batch = Batch::new(key.clone(), version, now, snapshot);
        batch.events = vec![codec::encode(&daybook::Entry::new(now, mail, reason))];
        self.daybooks.insert(book, (key, version + 1));
        Ok(batch)
    }
}
