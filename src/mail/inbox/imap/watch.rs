//! The reading connection: lists what is new with its size, fetches it in batches, and waits in IDLE when nothing is left.
//! A mail that does not come, or over which the connection breaks, is fetched alone the next time, behind the others and after
//! a rest ([`Withheld`]), so that it never blocks them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_imap::imap_proto::{AttributeValue, Response};
use tokio::time::Instant;

use super::Shared;
use super::line::{Line, Trouble};
use crate::engine::port::{Arrival, ArrivalBody, Fault, Origin};
use crate::mail::inbox::backoff;
use crate::mail::inbox::withheld::Withheld;

mod fetch;

pub(in crate::mail::inbox) use fetch::header_of;

/// IDLE is renewed well within five minutes: firewalls forget quiet connections.
const LONGEST_IDLE: Duration = Duration::from_secs(285);

pub(super) struct Watch {
    shared: Arc<Shared>,
    line: Option<Line>,
    uid_validity: u32,
    /// The highest UID listed so far.
    listed: u32,
    waiting: VecDeque<Waiting>,
    withheld: Withheld<u32>,
    /// Those that rest, listed already.
    resting: Vec<Waiting>,
    failures: u32,
    not_before: Option<Instant>,
}

#[derive(Clone, Copy)]
struct Waiting {
    uid: u32,
    size: u64,
}

impl Watch {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self {
            withheld: Withheld::new(shared.patience),
            resting: Vec::new(),
            shared,
            line: None,
            uid_validity: 0,
            listed: 0,
            waiting: VecDeque::new(),
            failures: 0,
            not_before: None,
        }
    }

    /// Waits for mail and returns it. After a failure the next call first sits out the backoff.
    pub async fn next(&mut self, limit: usize) -> Result<Vec<Arrival>, Fault> {
        if let Some(moment) = self.not_before {
            tokio::time::sleep_until(moment).await;
            self.not_before = None;
        }
        let outcome = self.turn(limit.max(1)).await;
        self.shared.withheld.store(self.withheld.telling(), Ordering::Relaxed);
        match &outcome {
            Ok(_) => self.failures = 0,
            Err(_) => {
                self.line = None;
                self.failures = self.failures.saturating_add(1);
                self.not_before =
                    Some(Instant::now() + self.shared.patience.pause_after(self.failures, backoff::chance()));
            }
        }
        outcome
    }

    async fn turn(&mut self, limit: usize) -> Result<Vec<Arrival>, Fault> {
        // Taken out and put back at the end: a call dropped halfway leaves no connection in an unknown state.
        let mut line = match self.line.take() {
            Some(line) => line,
            None => self.open().await?,
        };
        let mut paused = false;
        self.start_over(&mut line).await?;
        self.rouse();
        while self.waiting.is_empty() && (line.news || !paused) {
            if !line.news {
                self.pause(&mut line).await?;
                paused = true;
                self.start_over(&mut line).await?;
            }
            self.list(&mut line).await?;
            self.rouse();
        }
        let (arrivals, broken) = self.fetch(&mut line, limit).await;
        match broken {
            None => self.line = Some(line),
            // What arrived before the break is whole and goes out; the next call connects anew.
            Some(fault) if arrivals.is_empty() => return Err(fault),
            Some(fault) => {
                tracing::debug!(mailbox = %self.shared.settings.name, %fault, "connection lost within a batch")
            }
        }
        let mut ledger = self.shared.ledger();
        for arrival in &arrivals {
            ledger.hand_out(arrival.origin.uid);
        }
        Ok(arrivals)
    }

    async fn open(&mut self) -> Result<Line, Fault> {
        let settings = &self.shared.settings;
        let mut line = Line::open(&self.shared.endpoint, settings).await?;
        let (uid_validity, _) = line.enter("EXAMINE", &settings.inbox_folder).await?;
        if uid_validity != self.uid_validity {
            if self.uid_validity != 0 {
                tracing::warn!(mailbox = %settings.name, "the mailbox was recreated on the server; every mail is looked at anew");
            }
            self.uid_validity = uid_validity;
            self.withheld.clear();
            self.shared.ledger().opened(uid_validity);
        }
        self.listed = 0;
        self.waiting.clear();
        self.resting.clear();
        line.news = true;
        Ok(line)
    }

    /// Waits for the server's word, or asks it where it has none to give.
    async fn pause(&mut self, line: &mut Line) -> Result<(), Fault> {
        let now = Instant::now();
        let rest = self.withheld.next(now).map(|until| until - now);
        let interval = rest.unwrap_or(Duration::MAX).min(self.shared.settings.poll_interval);
        let waited = if line.abilities.idle {
            line.idle(interval.min(LONGEST_IDLE), self.shared.patience.idle_end).await
        } else {
            tokio::time::sleep(interval).await;
            line.run("NOOP", |_| {}).await
        };
        waited.map_err(|trouble| trouble.into_fault("Cannot wait for new mail"))
    }

    async fn list(&mut self, line: &mut Line) -> Result<(), Fault> {
        line.news = false;
        let from = self.listed.saturating_add(1);
        let mut found = Vec::new();
        line.run(&format!("UID FETCH {from}:* (UID RFC822.SIZE)"), |response| {
            if let Response::Fetch(_, attributes) = response
                && let Some(uid) = uid_of(attributes)
            {
                let size = attributes.iter().find_map(|a| match a {
                    AttributeValue::Rfc822Size(size) => Some(u64::from(*size)),
                    _ => None,
                });
                found.push((uid, size));
            }
        })
        .await
        .map_err(|trouble| trouble.into_fault("Cannot list the inbox"))?;
        found.sort_unstable();
        found.dedup_by_key(|(uid, _)| *uid);
        let mut ledger = self.shared.ledger();
        if from == 1 {
            let is_there = |mail: u32| found.iter().any(|(uid, _)| *uid == mail);
            self.withheld.keep(|mail| is_there(*mail));
            ledger.keep(is_there);
        }
        for (uid, size) in found {
            // `n:*` means at least the last mail, however small its UID; a flag update carries no size.
            let Some(size) = size else { continue };
            if uid >= from && !ledger.has_handed_out(uid) {
                self.resting.push(Waiting { uid, size });
            }
            self.listed = self.listed.max(uid);
        }
        Ok(())
    }

    /// Has everything listed anew where mails were handed back: they lie before what was listed last.
    async fn start_over(&mut self, line: &mut Line) -> Result<(), Fault> {
        if !self.shared.ledger().is_to_be_listed() {
            return Ok(());
        }
        // Else the session may still list what the other connection has filed meanwhile.
        line.run("NOOP", |_| {}).await.map_err(|trouble| trouble.into_fault("Cannot look at the inbox anew"))?;
        self.listed = 0;
        self.waiting.clear();
        self.resting.clear();
        line.news = true;
        Ok(())
    }

    /// Lets those wait for their turn that do not rest, behind the others where they failed before or come once more.
    fn rouse(&mut self) {
        let (withheld, now) = (&self.withheld, Instant::now());
        self.waiting.extend(self.resting.extract_if(.., |mail| !withheld.rests(&mail.uid, now)));
        let ledger = self.shared.ledger();
        let turn = |mail: &Waiting| (withheld.failures(&mail.uid), ledger.comes_again(mail.uid), mail.uid);
        self.waiting.make_contiguous().sort_by_key(turn);
    }

    fn arrival(&self, uid: u32, body: ArrivalBody) -> Arrival {
        let settings = &self.shared.settings;
        let origin = Origin {
            mailbox: settings.name.clone(),
            folder: settings.inbox_folder.clone(),
            uid_validity: self.uid_validity,
            uid,
            name: String::new(),
        };
        Arrival { origin, body }
    }
}

fn uid_of(attributes: &[AttributeValue<'_>]) -> Option<u32> {
    attributes.iter().find_map(|a| match a {
        AttributeValue::Uid(uid) => Some(*uid),
        _ => None,
    })
}
