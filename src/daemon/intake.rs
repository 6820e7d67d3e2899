//! A mailbox's loop: what is fetched is taken in and filed ([`filing`]), each in its own task, so that the next batch never waits
//! for the last one's filing. A mail that cannot be worked on is put on the [`Shelf`], and fetched again where its bytes were let
//! go; while the shelf or the disk is full, and while the virus scanner is away, mail stays where it is.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::alarm::facts::Pulse;
use super::canary::Canary;
use super::filing;
use super::run::by_itself;
use super::shelf::{Shelf, Tried};
use super::waiting::WaitingRoom;
use crate::config::mailbox::MOST_TOGETHER;
use crate::engine::Engine;
use crate::engine::intake::{Mailbox, Patience};
use crate::engine::peril::{Moment, moment};
use crate::engine::port::{Arrival, ArrivalBody, Fault, Folder, Origin};
use crate::mail::inbox::Refetch;
use crate::reading::pool::Pool;

/// Mails taken in one transaction: as many as an inbox may be told to fetch together.
const BATCH: usize = MOST_TOGETHER as usize;
/// Between two looks at mails that wait for a sender's domain.
const AGAIN: Duration = Duration::from_secs(60);
/// Between two looks at the shelf.
const SHELF: Duration = Duration::from_secs(5);
/// Between two looks at a disk that is full.
const FULL: Duration = Duration::from_secs(1);
/// Batches fetched ahead of the one being worked on.
const AHEAD: usize = 2;

/// An inbox as it is watched.
pub struct Watch {
    pub inbox: Arc<dyn Refetch>,
    pub name: String,
    pub pulse: Arc<Pulse>,
    pub canary: Option<Arc<Canary>>,
}

impl Watch {
    /// A canary that is back has done its work.
    async fn without_canaries(&self, batch: Vec<Arrival>) -> Vec<Arrival> {
        let Some(canary) = &self.canary else { return batch };
        let (batch, back) = canary.pick(batch);
        if !back.is_empty()
            && let Err(fault) = self.inbox.discard(&back).await
        {
            tracing::warn!(mailbox = self.name, "a canary that is back cannot be taken away: {fault}");
        }
        batch
    }
}

/// Serves a mailbox until `stop`. Fails only where a part of it ends by itself.
pub async fn serve(
    engine: Arc<Engine>,
    pool: Arc<Pool>,
    mailbox: Arc<Mailbox>,
    watch: Watch,
    stop: CancellationToken,
) -> Result<(), Fault> {
    let (fetched, arrivals) = mpsc::channel::<Vec<Arrival>>(AHEAD);
    let (handled, to_file) = mpsc::channel::<Vec<(Origin, Folder)>>(AHEAD * 4);
    let (inbox, pulse) = (watch.inbox.clone(), watch.pulse.clone());
    let filing = tokio::spawn(filing::keep(inbox.clone(), engine.clock.clone(), pulse.clone(), to_file));
    let fetching = tokio::spawn(fetch(engine.clone(), watch, fetched, stop.clone()));
    let mut intake = Intake { engine, pool, mailbox, inbox, pulse, handled, shelf: Shelf::default(), stop };
    intake.work(arrivals).await;
    let Intake { handled, stop, .. } = intake;
    drop(handled);
    fetching.await.map_err(by_itself)?;
    filing.await.map_err(by_itself)?;
    match stop.is_cancelled() {
        true => Ok(()),
        false => Err(by_itself("nobody fetches any more")),
    }
}

struct Intake {
    engine: Arc<Engine>,
    pool: Arc<Pool>,
    mailbox: Arc<Mailbox>,
    inbox: Arc<dyn Refetch>,
    pulse: Arc<Pulse>,
    handled: mpsc::Sender<Vec<(Origin, Folder)>>,
    shelf: Shelf,
    stop: CancellationToken,
}

impl Intake {
    /// Works on what is fetched, what waits and what is on the shelf, until nothing more is fetched.
    async fn work(&mut self, mut arrivals: mpsc::Receiver<Vec<Arrival>>) {
        let mut room = WaitingRoom::default();
        let (mut round, mut look) = (tokio::time::interval(AGAIN), tokio::time::interval(SHELF));
        round.set_missed_tick_behavior(MissedTickBehavior::Delay);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stop = self.stop.clone();
        loop {
            tokio::select! {
                batch = arrivals.recv(), if self.shelf.has_room() => match batch {
                    Some(batch) => self.receive(batch, &mut room).await,
                    None => return,
                },
                () = stop.cancelled(), if !self.shelf.has_room() => return,
                _ = look.tick(), if !self.shelf.is_empty() => self.try_again(&mut room).await,
                _ = round.tick(), if !room.is_empty() => {
                    for (batch, patience) in room.call(self.engine.clock.now()) {
                        self.take_in(batch, patience, &mut room).await;
                    }
                }
            }
            let surplus = room.surplus();
            if !surplus.is_empty() {
                self.take_in(surplus, Patience::Over, &mut room).await;
            }
            // Only here is every mail where it belongs: one in hand would seem to be over.
            self.pulse.shelving.tell(&self.shelf);
        }
    }

    /// New mail together; then, each by itself, what was put by and is handed out again.
    async fn receive(&mut self, batch: Vec<Arrival>, room: &mut WaitingRoom) {
        let (mut new, mut again) = (Vec::new(), Vec::new());
        for arrival in batch {
            match self.shelf.claim(&arrival.origin) {
                Some(tried) => again.push((arrival, tried)),
                None => new.push(arrival),
            }
        }
        if !new.is_empty() {
            self.take_in(new, Patience::Waits, room).await;
        }
        for (arrival, tried) in again {
            self.take_in_alone(arrival, tried, room).await;
        }
    }

    /// Takes a batch in together; where that fails, or the disk has no space for all of it, each mail by itself, so that the one at
    /// fault harms no other.
    async fn take_in(&mut self, batch: Vec<Arrival>, patience: Patience, room: &mut WaitingRoom) {
        let tried = Tried::never(patience);
        if batch.len() > 1 && self.is_too_much(&batch) {
            for arrival in batch {
                self.take_in_alone(arrival, tried, room).await;
            }
            return;
        }
        match self.ask(batch.clone(), patience).await {
            Ok(Some(filed)) => self.settle(batch, tried, filed, room).await,
            Ok(None) => {}
            Err(fault) if batch.len() == 1 => self.put_by(batch, tried, &fault),
            Err(_) => {
                for arrival in batch {
                    self.take_in_alone(arrival, tried, room).await;
                }
            }
        }
    }

    async fn try_again(&mut self, room: &mut WaitingRoom) {
        let now = self.engine.clock.now();
        for mail in self.shelf.due(now) {
            self.take_in_alone(mail.arrival, mail.tried, room).await;
        }
        let asked_for = self.shelf.ask_for(now, |origin| self.inbox.holds(origin));
        self.inbox.refetch(&asked_for);
    }

    async fn take_in_alone(&mut self, arrival: Arrival, tried: Tried, room: &mut WaitingRoom) {
        match self.ask(vec![arrival.clone()], tried.patience).await {
            Ok(Some(filed)) => self.settle(vec![arrival], tried, filed, room).await,
            Ok(None) => {}
            Err(fault) => self.put_by(vec![arrival], tried, &fault),
        }
    }

    fn put_by(&mut self, batch: Vec<Arrival>, tried: Tried, fault: &Fault) {
        let tried = Tried { failures: tried.failures.saturating_add(1), ..tried };
        for arrival in batch {
            let (mailbox, failures) = (&self.mailbox.name, tried.failures);
            tracing::warn!(mailbox, failures, "a mail stays in the inbox for now: {fault}");
            self.shelf.put(arrival, tried, self.engine.clock.now(), &*self.engine.random);
        }
    }

    /// What is on record is filed; the rest waits for its sender's domain, as long as it may.
    async fn settle(
        &mut self,
        batch: Vec<Arrival>,
        tried: Tried,
        filed: Vec<(Origin, Folder)>,
        room: &mut WaitingRoom,
    ) {
        if !filed.is_empty() {
            tracing::info!(mailbox = self.mailbox.name, mails = filed.len(), "mail is on record");
        }
        let unfiled = room.keep(batch, &filed, tried.patience, self.engine.clock.now());
        let fault = Fault::transient("It is not on record, though it waits for nobody any more");
        self.put_by(unfiled, tried, &fault);
        // Whoever files ends after this loop alone, or by a panic that is passed on.
        let _ = self.handled.send(filed).await;
    }

    /// Asks the engine. While the disk has no space for the batch, and while the virus scanner is away, the question waits, and the
    /// mail behind it stays where it is. `None`: it is time to stop.
    async fn ask(&self, batch: Vec<Arrival>, patience: Patience) -> Result<Option<Vec<(Origin, Folder)>>, Fault> {
        let (mut tries, bytes) = (0, weight(&batch));
        loop {
            if !self.has_space(bytes).await {
                return Ok(None);
            }
            match self.engine.take_in(&self.mailbox, batch.clone(), patience).await {
                Err(fault) if self.pool.waits_for_scanner() => {
                    if tries == 0 {
                        tracing::error!(mailbox = self.mailbox.name, "no mail is taken in: {fault}");
                    }
                    tokio::select! {
                        () = self.stop.cancelled() => return Ok(None),
                        () = tokio::time::sleep(scanner_pause(tries)) => {}
                    }
                    tries += 1;
                }
                // It filled up meanwhile.
                Err(_) if self.engine.store.space_for(bytes).is_err() => {}
                done => return done.map(Some),
            }
        }
    }

    /// Whether there is space to begin, and not for all of these together.
    fn is_too_much(&self, batch: &[Arrival]) -> bool {
        let store = &self.engine.store;
        store.space().is_ok() && store.space_for(weight(batch)).is_err()
    }

    /// Waits until there is space for so many bytes of mail; nothing of it is read before. False: it is time to stop.
    async fn has_space(&self, bytes: u64) -> bool {
        let mut full = false;
        while let Err(fault) = self.engine.store.space_for(bytes) {
            if !std::mem::replace(&mut full, true) {
                tracing::error!(mailbox = self.mailbox.name, "no mail is taken in: {fault}");
            }
            tokio::select! {
                () = self.stop.cancelled() => return false,
                () = tokio::time::sleep(FULL) => {}
            }
        }
        if full {
            tracing::info!(mailbox = self.mailbox.name, "there is space again, and mail is taken in");
        }
        true
    }
}

/// The bytes that are kept of these mails.
fn weight(batch: &[Arrival]) -> u64 {
    let of = |arrival: &Arrival| match &arrival.body {
        ArrivalBody::Raw(raw) => raw.len(),
        ArrivalBody::TooLarge { header, .. } => header.len(),
    };
    batch.iter().map(of).sum::<usize>() as u64
}

/// Until the scanner is asked again: a second at first, a minute in the end.
fn scanner_pause(tries: u32) -> Duration {
    Duration::from_secs(1 << tries.min(6)).min(Duration::from_secs(60))
}

async fn fetch(engine: Arc<Engine>, watch: Watch, fetched: mpsc::Sender<Vec<Arrival>>, stop: CancellationToken) {
    // The first wait may last as long as IDLE does; a look before it tells at once that the mailbox is there.
    tokio::select! {
        () = stop.cancelled() => return,
        probed = watch.inbox.probe() => {
            if probed.is_ok() {
                watch.pulse.looked(engine.clock.now());
            }
        }
    }
    while !stop.is_cancelled() {
        let next = tokio::select! {
            () = stop.cancelled() => return,
            next = watch.inbox.next(BATCH) => next,
        };
        watch.pulse.shelving.withheld(watch.inbox.withheld());
        match next {
            Ok(batch) => {
                watch.pulse.looked(engine.clock.now());
                let batch = watch.without_canaries(batch).await;
                if batch.is_empty() {
                    continue;
                }
                moment(Moment::MailFetched);
                if fetched.send(batch).await.is_err() {
                    return;
                }
            }
            Err(fault) => {
                let failures = watch.pulse.failed();
                let pause = crate::engine::dispatch::backoff((failures - 1).min(6), &*engine.random);
                tracing::warn!(mailbox = watch.name, failures, "mail cannot be fetched: {fault}");
                let pause = pause.min(TimeDelta::minutes(5));
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(pause.to_std().unwrap_or_default()) => {}
                }
            }
        }
    }
}
