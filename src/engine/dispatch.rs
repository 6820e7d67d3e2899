//! Carries out what was written down: takes due outbox rows under a lease, does each once, and records what came of
//! it in the step that settles the row. A row that fails waits, longer each time, and never harms the next. A row is taken
//! when a hand is free for it, and each hand that becomes free takes another: one slow row holds up no other.

use std::time::Duration;

use chrono::TimeDelta;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt, TryFutureExt};
use tokio_util::sync::CancellationToken;

use super::Engine;
use super::casebook::{Along, Answer};
use super::clock_back::Forerun;
use super::codec;
use super::correspondence::PendingLetter;
use super::peril::{Moment, moment};
use super::port::{Fault, FaultKind, Outgoing};
use super::store::{LeaseRequest, Row, RowName, Settled, Settlement};
use super::weave::Task;
use crate::sop::command::Command;
use crate::vault::Random;

/// Rows carried out side by side.
pub(super) const HANDS: usize = 16;
/// The most rows that [`Engine::dispatch_due`] carries out.
const ARMFUL: usize = 128;
/// Of one that takes longer the lease is renewed at each look at the outbox, so that it never ends in the hand, however slow an
/// effect is and wherever the clock goes.
pub(super) const LEASE: TimeDelta = TimeDelta::minutes(10);
/// Tries after which a letter counts as undelivered (about two days).
pub(super) const LETTER_TRIES: u32 = 20;
/// Tries for which a letter waits where somebody's copy of it is deferred: five minutes, after which a server that greylists takes
/// it. Then it goes to its addressee alone.
const COPY_TRIES: u32 = 6;
/// Of a letter while the courier can offer none: it is tried every half hour then, and never given up.
const OUTAGE_TRIES: u32 = 9;
/// How the note of a letter begins that an earlier try may have brought to its reader: the server took it in and never said so.
const MAYBE_SENT: &str = "it may have arrived at an earlier try; ";
/// The cause, by a key of the letters' causes, of a letter that is given up then.
const MAYBE_DELIVERED: &str = "maybe_delivered";
/// Rows that wait for mail servers. What touches accounts and clocks never waits for them.
const LETTERS: [&str; 6] = ["letter", "notice", "digest", "locked", "passphrase_changed", "returned"];
const OTHERS: [&str; 3] = ["driver", "read_back", "wake"];
/// Between two looks at the outbox.
const SHORTEST_WAIT: TimeDelta = TimeDelta::milliseconds(20);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Between two looks at a disk that is full.
const FULL: Duration = Duration::from_secs(1);

/// Rows in hand, and what is being done with each.
#[derive(Default)]
struct Hands<'e> {
    rows: Vec<RowName>,
    at_work: FuturesUnordered<BoxFuture<'e, (RowName, Result<(), Fault>)>>,
}

impl Hands<'_> {
    /// What came of the next row that is done; `None` where none is in hand. May be dropped halfway.
    async fn next(&mut self) -> Option<Result<(), Fault>> {
        let (row, done) = self.at_work.next().await?;
        // Once: a later row of the same name may be in another hand already.
        if let Some(place) = self.rows.iter().position(|in_hand| *in_hand == row) {
            self.rows.swap_remove(place);
        }
        Some(done)
    }
}

/// Seconds to wait after so many failures: doubling from 5 s to 6 h, with a third of jitter (RFC 5321 §4.5.4.1).
pub fn backoff(attempts: u32, random: &dyn Random) -> TimeDelta {
    let base = 5_i64.saturating_mul(1 << attempts.min(13)).min(6 * 3600);
    let mut byte = [0u8; 2];
    random.fill(&mut byte);
    let jitter = base * i64::from(u16::from_le_bytes(byte)) / (3 * i64::from(u16::MAX));
    TimeDelta::seconds(base + jitter)
}

impl Engine {
    /// Works through the outbox until told to stop; rows in hand are finished first, and none is begun any more.
    pub async fn dispatch(&self, stop: &CancellationToken) -> Result<(), Fault> {
        let lines = HANDS.min(self.courier.at_once());
        // Neither goes on alone: whoever waits for both is to hear of the one that failed.
        let over = stop.child_token();
        let (letters, others) = tokio::join!(
            self.keep_up(&LETTERS, lines, &over).inspect_err(|_| over.cancel()),
            self.keep_up(&OTHERS, HANDS, &over).inspect_err(|_| over.cancel()),
        );
        letters.and(others)
    }

    /// Tells every dispatcher that something may be due: letters and everything else have one each.
    pub fn wake_dispatchers(&self) {
        self.outbox.notify_waiters();
    }

    async fn keep_up(&self, kinds: &[&str], most: usize, stop: &CancellationToken) -> Result<(), Fault> {
        let kinds: Vec<String> = kinds.iter().map(|kind| (*kind).to_owned()).collect();
        let mut hands = Hands::default();
        let mut clock = Forerun::default();
        let mut full = false;
        while !stop.is_cancelled() {
            let rung = self.outbox.notified();
            self.look_at_space(&mut full);
            let wait = if full {
                // What comes of a row must be written down, so none is begun. Leases of those in hand go on.
                self.take_up(&mut hands, &kinds, 0).await?;
                FULL
            } else {
                if hands.rows.is_empty() {
                    self.after_clock_went_back(&mut clock, &kinds).await?;
                }
                self.take_up(&mut hands, &kinds, most).await?;
                if hands.rows.len() < most { self.until_next(&kinds).await? } else { LONGEST_WAIT }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                Some(done) = hands.next() => done?,
                () = rung => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        while let Some(done) = hands.next().await {
            done?;
        }
        Ok(())
    }

    /// Whether the disk is `full`; told once each time.
    fn look_at_space(&self, full: &mut bool) {
        let space = self.store.space();
        let was_full = std::mem::replace(full, space.is_err());
        if let (Err(fault), false) = (space, was_full) {
            tracing::error!("nothing that falls due is begun: {fault}");
        }
    }

    async fn until_next(&self, kinds: &[String]) -> Result<Duration, Fault> {
        let now = self.clock.now();
        let next = self.store.next_due(kinds).await?.and_then(|due| (due - now).max(SHORTEST_WAIT).to_std().ok());
        Ok(next.map_or(LONGEST_WAIT, |next| next.min(LONGEST_WAIT)))
    }

    /// Carries out what is due at this moment, all at once; returns how many rows there were.
    pub async fn dispatch_due(&self) -> Result<usize, Fault> {
        let mut hands = Hands::default();
        let count = self.take_up(&mut hands, &[], ARMFUL).await?;
        while let Some(done) = hands.next().await {
            done?;
        }
        Ok(count)
    }

    /// Begins what is due, of every kind where none is named, as far as hands are free; returns how many rows.
    async fn take_up<'e>(&'e self, hands: &mut Hands<'e>, kinds: &[String], most: usize) -> Result<usize, Fault> {
        let (now, limit) = (self.clock.now(), most.saturating_sub(hands.rows.len()));
        let in_hand = hands.rows.clone();
        let request = LeaseRequest { kinds: kinds.to_vec(), now, until: now + LEASE, limit, in_hand };
        let rows = self.store.lease_due(request).await?;
        let count = rows.len();
        if count > 0 {
            moment(Moment::RowsLeased);
        }
        for row in rows {
            let name = (row.key.clone(), row.id.clone());
            hands.rows.push(name.clone());
            hands.at_work.push(async move { (name, self.carry_out(row).await) }.boxed());
        }
        Ok(count)
    }

    /// Only the store's own failure is passed on; everything else becomes the row's next try.
    async fn carry_out(&self, row: Row) -> Result<(), Fault> {
        let done = match codec::decode::<Task>(&row.payload, "an outbox row") {
            Ok(Task::Letter { letter }) => self.send(&row, &letter).await,
            Ok(Task::Driver { decision }) => self.execute(&row, decision).await,
            Ok(Task::ReadBack { decision }) => self.read_back(&row, decision).await,
            Ok(Task::Wake { alarm }) => self.step(&row, Command::Wake(alarm)).await,
            Ok(Task::Notice { letter }) => self.send_notice(&row, *letter).await,
            Ok(Task::Digest { day, limits, closing, at }) => self.send_digest(&row, at, &day, &limits, closing).await,
            Ok(Task::Locked { who, until, at }) => self.send_lock(&row, at, &who, until).await,
            Ok(Task::PassphraseChanged { who, at }) => self.send_passphrase_changed(&row, &who, at).await,
            Ok(Task::Returned { number, letter, at }) => self.send_returned(&row, at, &number, &letter).await,
            Err(fault) => Err(fault),
        };
        let Err(fault) = done else { return Ok(()) };
        tracing::warn!(case = %row.key.number, effect = row.kind, attempts = row.attempts + 1, "{fault}");
        let how = match fault.kind {
            FaultKind::Permanent => Settled::Dead { error: fault.message },
            FaultKind::Transient | FaultKind::Unknown => {
                let tries = self.tries(&row);
                Settled::RetryAt {
                    due: self.clock.now() + backoff(tries - 1, &*self.random),
                    attempts: tries,
                    error: Some(note(&row, fault)),
                }
            }
        };
        match self.store.settle(vec![(row.key.clone(), Settlement { id: row.id.clone(), how })]).await {
            // There is no space for the moment. The row is taken up again when its lease is over.
            Err(fault) if fault.kind == FaultKind::Transient => {
                tracing::error!(case = %row.key.number, effect = row.kind, "what came of it cannot be noted: {fault}");
                Ok(())
            }
            settled => settled,
        }
    }

    /// How many tries this row has had with the one that has just failed; more than [`LETTER_TRIES`] no letter gets. What keeps
    /// every letter from leaving is the operator's to repair, and none grows older by it.
    pub(super) fn tries(&self, row: &Row) -> u32 {
        let is_away = LETTERS.contains(&row.kind.as_str()) && self.courier.post().away.is_some();
        let counted = row.attempts + 1;
        if is_away { counted.min(OUTAGE_TRIES.max(row.attempts)) } else { counted }
    }

    /// "Maybe sent" is sent again under the same Message-ID, by which the receiver knows it (RFC 1047). One that can never
    /// be made ready is as undelivered as one that nobody takes, and the admin hears of either.
    async fn send(&self, row: &Row, letter: &PendingLetter) -> Result<(), Fault> {
        moment(Moment::LetterTakenUp);
        let epoch = self.store.epoch().await?;
        let ready = match self.renewed(&row.key, letter, epoch).await {
            Ok(letter) => self.outgoing(&row.key, &letter, epoch).await,
            Err(fault) => Err(fault),
        };
        let sent = match ready {
            Ok(outgoing) => {
                let waits_for_copies = row.attempts < COPY_TRIES;
                self.courier.send(&Outgoing { waits_for_copies, ..outgoing }).await
            }
            Err(fault) => Err(fault),
        };
        match sent {
            Ok(()) => {
                moment(Moment::LetterAccepted);
                self.step(row, Command::LetterSent { id: letter.id.clone() }).await?;
                moment(Moment::LetterRecorded);
                Ok(())
            }
            Err(fault) if fault.kind == FaultKind::Permanent || self.tries(row) >= LETTER_TRIES => {
                tracing::warn!(case = %row.key.number, "a letter is given up: {fault}");
                let why = match may_have_arrived(row, &fault) {
                    true => format!("{MAYBE_DELIVERED}: {}", fault.message),
                    false => fault.message,
                };
                self.step(row, Command::LetterFailed { id: letter.id.clone(), why }).await
            }
            Err(fault) => Err(fault),
        }
    }

    /// Applies what was learnt, and settles the row in the same transaction.
    pub(super) async fn step(&self, row: &Row, command: Command) -> Result<(), Fault> {
        let settle = vec![Settlement { id: row.id.clone(), how: Settled::Done }];
        match self.apply(&row.key, command, Along { settle, ..Along::default() }).await? {
            Answer::Done(_) => Ok(()),
            Answer::Refused(..) | Answer::Gone | Answer::Conflict => self.settle_done(row).await,
        }
    }
}

/// Whether this try, or one before it, may have brought a letter to its reader.
fn may_have_arrived(row: &Row, fault: &Fault) -> bool {
    let before = row.note.as_ref().is_some_and(|note| note.starts_with(MAYBE_SENT));
    row.kind == "letter" && (before || fault.kind == FaultKind::Unknown)
}

/// What stands with a row that is tried again. That a try may have been the right one outlasts the tries after it.
fn note(row: &Row, fault: Fault) -> String {
    match may_have_arrived(row, &fault) {
        true => format!("{MAYBE_SENT}{}", fault.message),
        false => fault.message,
    }
}

/// Whether a letter that counts as undelivered may have arrived all the same.
pub(super) fn is_doubtful(why: &str) -> bool {
    why.split_once(": ").is_some_and(|(key, _)| key == MAYBE_DELIVERED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::OsRandom;

    #[test]
    fn a_deferred_copy_holds_a_letter_for_longer_than_servers_greylist() {
        let waits: TimeDelta = (0..COPY_TRIES).map(|failures| backoff(failures, &OsRandom)).sum();

        assert!((5..=8).contains(&waits.num_minutes()), "{} minutes", waits.num_minutes());
    }

    #[test]
    fn a_letter_is_tried_for_about_two_days() {
        let waits: TimeDelta = (0..LETTER_TRIES - 1).map(|failures| backoff(failures, &OsRandom)).sum();

        assert!((44..=64).contains(&waits.num_hours()), "{} hours", waits.num_hours());
    }
}
