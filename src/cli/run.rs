//! `loket run`: the daemon as a process: its log, its signals, its end.

use rustix::fs::Mode;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::ending::{Done, Ending};
use super::office::{ConfigFile, runtime};
use super::record;
use crate::daemon::service;

/// Run the daemon until it is told to stop (SIGTERM, SIGINT); what is in hand is finished first.
#[derive(Debug, clap::Args)]
pub struct Run {
    #[command(flatten)]
    config: ConfigFile,
}

pub fn run(args: &Run) -> Done {
    let config = args.config.load()?;
    let in_the_journal = record::begin(&config.log);
    // What the daemon writes is its own alone.
    rustix::process::umask(Mode::from_raw_mode(0o077));
    let runtime = runtime()?;
    let ended = runtime.block_on(async {
        let stop = CancellationToken::new();
        let told = stop.clone();
        let failed = |why| Ending::temporary(format!("Cannot listen for signals: {why}"));
        let mut term = signal(SignalKind::terminate()).map_err(failed)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        tokio::spawn(async move {
            tokio::select! {
                _ = term.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("told to stop; finishing what is in hand");
            told.cancel();
        });
        service::serve(&config, stop).await.map_err(Ending::from)
    });
    // Standard error is told in any case.
    if in_the_journal && let Err(ending) = &ended {
        tracing::error!("the daemon ends: {}", ending.sentences.join(" "));
    }
    ended
}
