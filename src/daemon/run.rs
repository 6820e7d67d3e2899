//! What runs once everything is put together: a loop a mailbox, the dispatcher, the archive schedule, the desk. A
//! failure of the store stops all of it; everything else is logged where it happens and tried again.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::alarm::facts::Pulse;
use super::assembly::Assembly;
use super::canary::Canary;
use super::waiting::WaitingRoom;
use super::watchdog;
use crate::config::schedule::ArchiveSchedule;
use crate::engine::Engine;
use crate::engine::intake::{Mailbox, Patience};
use crate::engine::peril::{Moment, moment};
use crate::engine::port::{Arrival, Fault, Folder, Inbox, Origin};
use crate::reading::pool::Pool;

/// Mails taken in one transaction.
const BATCH: usize = 50;
/// Between two looks at mails that wait.
const AGAIN: Duration = Duration::from_secs(60);
/// Batches fetched ahead of the one being worked on.
const AHEAD: usize = 2;

/// When the mailboxes were last looked at, for the desk and for readiness.
#[derive(Clone, Default)]
pub struct LastLook(Arc<AtomicI64>);

impl LastLook {
    pub fn set(&self, at: DateTime<Utc>) {
        self.0.store(at.timestamp_millis(), Ordering::Relaxed);
    }

    pub fn get(&self) -> Option<DateTime<Utc>> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            millis => DateTime::from_timestamp_millis(millis),
        }
    }
}

/// Runs every loop until `stop`, finishing what is in hand. Fails only when nothing can be written down any more.
pub async fn run(
    assembly: Assembly,
    schedule: ArchiveSchedule,
    last_look: LastLook,
    stop: CancellationToken,
) -> Result<(), Fault> {
    let Assembly { engine, mailboxes, inboxes, pulses, canary, store, pool, .. } = assembly;
    let mut loops = tokio::task::JoinSet::new();
    for ((mailbox, inbox), pulse) in mailboxes.into_iter().zip(inboxes).zip(pulses) {
        let (name, canary, last_look) = (mailbox.name.clone(), canary.clone(), last_look.clone());
        let watch = Watch { inbox, name, pulse, canary, last_look };
        loops.spawn(serve_mailbox(engine.clone(), pool.clone(), mailbox, watch, stop.clone()));
    }
    loops.spawn({
        let (engine, stop) = (engine.clone(), stop.clone());
        async move { engine.dispatch(&stop).await }
    });
    loops.spawn(keep_archiving(engine.clone(), schedule, stop.clone()));
    if let Some(canary) = canary.clone() {
        let stop = stop.clone();
        loops.spawn(async move {
            canary.keep(&stop).await;
            Ok(())
        });
    }
    loops.spawn({
        let (engine, stop) = (engine.clone(), stop.clone());
        async move {
            watchdog::stroke(&engine, canary.as_deref(), &stop).await;
            Ok(())
        }
    });
    watchdog::ready("taking in mail");
    let mut ended = Ok(());
    tokio::select! {
        () = stop.cancelled() => {}
        fault = crate::engine::store::Store::failed(&*store) => ended = Err(fault),
        Some(first) = loops.join_next() => {
            match first {
                Ok(Err(fault)) => ended = Err(fault),
                Ok(Ok(())) => {}
                Err(why) => ended = Err(Fault::transient(format!("A loop of the daemon ended by itself: {why}"))),
            }
        }
    }
    watchdog::stopping();
    stop.cancel();
    while let Some(done) = loops.join_next().await {
        if let (Ok(Err(fault)), Ok(())) = (done, &ended) {
            ended = Err(fault);
        }
    }
    ended
}

/// Fetches, takes in and files, each in its own task, so that the next batch never waits for the last one's filing.
async fn serve_mailbox(
    engine: Arc<Engine>,
    pool: Arc<Pool>,
    mailbox: Arc<Mailbox>,
    watch: Watch,
    stop: CancellationToken,
) -> Result<(), Fault> {
    let (fetched, mut arrivals) = mpsc::channel::<Vec<Arrival>>(AHEAD);
    let (handled, to_file) = mpsc::channel::<Vec<(Origin, Folder)>>(AHEAD * 4);
    let filing = tokio::spawn(file(watch.inbox.clone(), to_file));
    let fetching = tokio::spawn(fetch(engine.clone(), watch, fetched, stop.clone()));
    let mut result = Ok(());
    let mut room = WaitingRoom::default();
    let mut round = tokio::time::interval(AGAIN);
    round.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    'batches: loop {
        let batches = tokio::select! {
            batch = arrivals.recv() => match batch {
                Some(batch) => vec![(batch, Patience::Waits)],
                None => break,
            },
            _ = round.tick(), if !room.is_empty() => room.call(engine.clock.now()),
        };
        for (batch, patience) in batches {
            match take_in(&engine, &pool, &mailbox, &batch, patience, &stop).await {
                Ok(filed) => {
                    if !filed.is_empty() {
                        tracing::info!(mailbox = mailbox.name, mails = filed.len(), "mail is on record");
                    }
                    room.keep(batch, &filed, engine.clock.now());
                    if handled.send(filed).await.is_err() {
                        break 'batches;
                    }
                }
                Err(fault) => {
                    result = Err(fault);
                    stop.cancel();
                    break 'batches;
                }
            }
        }
    }
    drop(handled);
    drop(arrivals);
    let _ = fetching.await;
    let _ = filing.await;
    result
}

/// A batch that cannot be taken in now is tried again: it is handed out of the inbox only once. While the virus scanner is
/// away it waits, and the mail behind it stays where it is. A store that is gone ends the program.
async fn take_in(
    engine: &Engine,
    pool: &Pool,
    mailbox: &Mailbox,
    batch: &[Arrival],
    patience: Patience,
    stop: &CancellationToken,
) -> Result<Vec<(Origin, Folder)>, Fault> {
    let mut tries = 0;
    loop {
        match engine.take_in(mailbox, batch.to_vec(), patience).await {
            Err(fault) if pool.waits_for_scanner() => {
                if tries == 0 {
                    tracing::error!(mailbox = mailbox.name, "no mail is taken in: {fault}");
                }
                tokio::select! {
                    () = stop.cancelled() => return Ok(Vec::new()),
                    () = tokio::time::sleep(scanner_pause(tries)) => {}
                }
                tries += 1;
            }
            Err(fault)
                if fault.kind == crate::engine::port::FaultKind::Transient && tries < 5 && !stop.is_cancelled() =>
            {
                tracing::warn!(mailbox = mailbox.name, "a batch of mail waits: {fault}");
                let pause = crate::engine::dispatch::backoff(tries, &*engine.random).to_std().unwrap_or_default();
                tokio::time::sleep(pause).await;
                tries += 1;
            }
            done => return done,
        }
    }
}

/// Until the scanner is asked again: a second at first, a minute in the end.
fn scanner_pause(tries: u32) -> Duration {
    Duration::from_secs(1 << tries.min(6)).min(Duration::from_secs(60))
}

/// An inbox as it is watched.
struct Watch {
    inbox: Arc<dyn Inbox>,
    name: String,
    pulse: Arc<Pulse>,
    canary: Option<Arc<Canary>>,
    last_look: LastLook,
}

impl Watch {
    fn looked(&self, at: DateTime<Utc>) {
        self.pulse.looked(at);
        self.last_look.set(at);
    }

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

async fn fetch(engine: Arc<Engine>, watch: Watch, fetched: mpsc::Sender<Vec<Arrival>>, stop: CancellationToken) {
    // The first wait may last as long as IDLE does; a look before it tells at once that the mailbox is there.
    tokio::select! {
        () = stop.cancelled() => return,
        probed = watch.inbox.probe() => {
            if probed.is_ok() {
                watch.looked(engine.clock.now());
            }
        }
    }
    while !stop.is_cancelled() {
        let next = tokio::select! {
            () = stop.cancelled() => return,
            next = watch.inbox.next(BATCH) => next,
        };
        match next {
            Ok(batch) => {
                watch.looked(engine.clock.now());
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

/// Files what is on record; whatever waits is filed together. A failure is harmless: the mail is known when it comes again.
async fn file(inbox: Arc<dyn Inbox>, mut to_file: mpsc::Receiver<Vec<(Origin, Folder)>>) {
    while let Some(mut mails) = to_file.recv().await {
        while let Ok(more) = to_file.try_recv() {
            mails.extend(more);
        }
        if let Err(fault) = inbox.file(&mails).await {
            tracing::warn!(mails = mails.len(), "mails on record cannot be filed: {fault}");
        }
    }
}

/// Step 9 on its schedule, in the office's zone.
async fn keep_archiving(engine: Arc<Engine>, schedule: ArchiveSchedule, stop: CancellationToken) -> Result<(), Fault> {
    let zone: Tz = engine.office.zone;
    loop {
        let now = engine.clock.now();
        let Some(next) = schedule.next_after(zone, now) else {
            stop.cancelled().await;
            return Ok(());
        };
        // Short naps, so that a clock that jumps is noticed.
        while engine.clock.now() < next {
            let left = (next - engine.clock.now()).min(TimeDelta::seconds(60)).to_std().unwrap_or(Duration::ZERO);
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(left) => {}
            }
        }
        engine.store.destroy_expired_secrets(engine.clock.now()).await?;
        let filed = engine.file_closed().await?;
        if !filed.archived.is_empty() || !filed.failed.is_empty() {
            tracing::info!(
                archived = filed.archived.len(),
                waiting = filed.waiting,
                failed = filed.failed.len(),
                "archive schedule"
            );
        }
    }
}
