//! The daemon as one piece: the office put together, its walls tried, socket and desk opened, then every loop until it is
//! told to stop. What it is told by signals and how it ends as a process is [`crate::cli`]'s business.

use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, Utc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::alarm::Alarm;
use super::alarm::bell::Bell;
use super::alarm::board::{Board, Standing};
use super::alarm::facts::Sources;
use super::alarm::front::Front;
use super::alarm::watch::{LastFacts, Watch};
use super::assembly::{Assembly, Extent};
use super::clock::SaneClock;
use super::closed::Closed;
use super::counter::Desk;
use super::desk::OpenDesk;
use super::figures::Figures;
use super::lives::Lives;
use super::operations::{Operations, Staging};
use super::run;
use super::socket::Socket;
use super::watchdog;
use crate::config::Config;
use crate::engine::port::{Clock, Fault, Inbox};
use crate::sop::names::Language;
use crate::web::certificate::Certificates;

/// Why an office that was open had to close. A restart finds everything as it was last written down.
#[derive(Debug, thiserror::Error)]
#[error("The daemon had to stop: {0}")]
pub struct Stopped(String);

/// Who looks after the alarms of an office that is put together.
async fn watch(config: &Config, assembly: &Assembly, clock: Arc<SaneClock>) -> Result<Watch> {
    let names = assembly.mailboxes.iter().map(|mailbox| mailbox.name.clone());
    let inboxes = assembly.inboxes.iter().map(|inbox| Arc::clone(inbox) as Arc<dyn Inbox>);
    let mailboxes = names.zip(&assembly.pulses).zip(inboxes);
    let mailboxes = mailboxes.map(|((name, pulse), inbox)| (name, pulse.clone(), inbox)).collect();
    let engine = assembly.engine.clone();
    let mut sources = Sources::new(engine.clone(), mailboxes, assembly.canary.clone(), config.clone(), false);
    sources.pool = Some(assembly.pool.clone());
    sources.change = Some(assembly.change.clone());
    sources.clock = Some(clock);
    sources.front = Front::of(config).map(Arc::new);
    Ok(Watch { board: Board::load(&engine).await?, bell: Bell::of(config)?, sources, seen: LastFacts::default() })
}

/// Waits for a task that panics.
async fn broken(tasks: &mut JoinSet<()>) -> tokio::task::JoinError {
    loop {
        match tasks.join_next().await {
            Some(Err(why)) => return why,
            Some(Ok(())) => {}
            None => std::future::pending().await,
        }
    }
}

/// Runs an office until `stop`. Fails naming what is wrong; nothing is half done then that a restart would not finish. The second
/// channel hears of it even where nothing can be written down.
pub async fn serve(config: &Config, stop: CancellationToken) -> Result<()> {
    let closed = Closed::of(config)?;
    let mut lives = None;
    let served = keep_open(config, stop, &mut lives).await;
    let told = match (&served, closed) {
        (Err(why), Some(closed)) => closed.tell(why).await,
        // As it was told to, or where the log is all that an office wants to be told by.
        _ => true,
    };
    // What was to be heard of, and was not, counts as a crash does.
    if let Some(lives) = lives.filter(|_| told) {
        lives.end();
    }
    served
}

/// Tells that the program crashes again and again, where it may do so each time before the board of alarms is there.
async fn tell_of_crashes(config: &Config, life: &Lives, now: DateTime<Utc>) -> Result<(), Fault> {
    let Some(crashes) = life.untold() else { return Ok(()) };
    let alarm = Alarm::DaemonCrashes { crashes };
    tracing::error!(alarm = alarm.key(), "ALARM: {}", alarm.say(Language::En));
    let rung = match Bell::of(config)? {
        Some(bell) => bell.ring(&Standing::new(alarm, now)).await,
        None => Ok(()),
    };
    match rung {
        Ok(()) => life.tell(),
        Err(fault) => tracing::error!("{fault}. It is told again at the next start"),
    }
    Ok(())
}

/// Leaves in `lives` that this life has begun, from when on the state folder is held.
async fn keep_open(config: &Config, stop: CancellationToken, lives: &mut Option<Arc<Lives>>) -> Result<()> {
    let time = Arc::new(SaneClock::new());
    let clock: Arc<dyn Clock> = time.clone();
    // No office is founded whose desk could not open.
    if let Some(files) = &config.desk.tls {
        Certificates::load(&files.certificate, &files.key)?;
    }
    let folder = Arc::new(Assembly::take_folder(config, Extent::Whole)?);
    let life = Arc::clone(lives.insert(Arc::new(Lives::begin(folder.clone(), clock.now()))));
    stop.run_until_cancelled(watchdog::taking_its_time(tell_of_crashes(config, &life, clock.now())))
        .await
        .transpose()?;
    let assembly = Assembly::open_in(folder, config, Extent::Whole, clock.clone()).await?;
    time.resume(&assembly.engine).await?;
    life.born(clock.now());
    let engine = assembly.engine.clone();
    let mut watch = watch(config, &assembly, time.clone()).await?;
    watch.sources.lives = Some(life.clone());
    stop.run_until_cancelled(watchdog::taking_its_time(async {
        watch.tell_of_crashes().await;
        life.opened();
        watch.until_settled(&time).await;
    }))
    .await;
    Staging::of(&config.state.directory).sweep();
    // Without a walled worker no mail may be taken in: what it would parse is written by anyone.
    assembly.pool.probe().await?;
    let scans = assembly.pool.probe_recognition().await;
    if let Err(fault) = &scans {
        tracing::error!("{fault}. Until then applicants are asked for papers with text of their own");
    }
    // The clock may have been followed since.
    (watch.sources.scans_unread, watch.sources.since) = (scans.is_err(), clock.now());
    let mailboxes = Arc::new(assembly.mailboxes.clone());
    let counter = Desk::new(assembly.engine.clone(), mailboxes, assembly.pulses.clone());
    let counter = counter.with_alarms(watch.board.clone());
    let desk = OpenDesk::bind(config, Arc::new(counter), clock).await?;
    let address = desk.address();
    let socket = Socket::bind(&config.state.socket)?;
    let operations = Arc::new(Operations::of(&assembly, config));
    let mut open = JoinSet::new();
    open.spawn(desk.serve(stop.clone()));
    open.spawn(socket.serve(operations, stop.clone()));
    open.spawn({
        let (change, stop) = (assembly.change.clone(), stop.clone());
        async move { change.go_on(&stop).await }
    });
    if let Some(figures) = Figures::bind(config, &watch).await? {
        tracing::info!(address = %figures.address(), "figures are told");
        open.spawn(figures.serve(stop.clone()));
    }
    if let Some(front) = watch.sources.front.clone() {
        let stop = stop.clone();
        open.spawn(async move { front.keep(&stop).await });
    }
    open.spawn({
        let stop = stop.clone();
        async move { watch.keep(&stop).await }
    });
    if let Some(closed) = Closed::of(config)? {
        let stop = stop.clone();
        open.spawn(async move {
            stop.run_until_cancelled(closed.over()).await;
        });
    }
    open.spawn({
        let (engine, stop) = (engine.clone(), stop.clone());
        async move {
            // A store that is gone ends the office elsewhere.
            stop.run_until_cancelled(time.keep(&engine)).await;
        }
    });
    tracing::info!(mailboxes = assembly.mailboxes.len(), %address, "the office is open");
    let mut ended = std::pin::pin!(run::run(assembly, config.archive.schedule.clone(), stop.clone()));
    let ended = tokio::select! {
        ended = &mut ended => ended,
        // What only looks and shows may end early; what panics leaves an office that nobody watches.
        why = broken(&mut open) => {
            stop.cancel();
            ended.await.and(Err(run::by_itself(why)))
        }
    };
    stop.cancel();
    while open.join_next().await.is_some() {}
    if let Err(fault) = ended {
        return Err(Stopped(fault.message).into());
    }
    tracing::info!("the office is closed");
    Ok(())
}
