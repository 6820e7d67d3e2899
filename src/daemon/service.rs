//! The daemon as one piece: the office put together, its walls tried, socket and desk opened, then every loop until it is
//! told to stop. What it is told by signals and how it ends as a process is [`crate::cli`]'s business.

use std::sync::Arc;

use anyhow::Result;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::assembly::{Assembly, Extent};
use super::clock::SystemClock;
use super::counter::Desk;
use super::desk::OpenDesk;
use super::operations::{Operations, Staging};
use super::run::{self, LastLook};
use super::socket::Socket;
use crate::config::Config;
use crate::engine::port::Clock;

/// Why an office that was open had to close. A restart finds everything as it was last written down.
#[derive(Debug, thiserror::Error)]
#[error("The daemon had to stop: {0}")]
pub struct Stopped(String);

/// Runs an office until `stop`. Fails naming what is wrong; nothing is half done then that a restart would not finish.
pub async fn serve(config: &Config, stop: CancellationToken) -> Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let assembly = Assembly::open(config, Extent::Whole, clock.clone()).await?;
    Staging::of(&config.state.directory).sweep();
    for finding in config.findings_at(clock.now()) {
        tracing::error!("ALARM: {finding}. Time standards are provisional until then");
    }
    // Without a walled worker no mail may be taken in: what it would parse is written by anyone.
    assembly.pool.probe().await?;
    if let Err(fault) = assembly.pool.probe_recognition().await {
        tracing::error!("ALARM: {fault}. Until then applicants are asked for papers with text of their own");
    }
    let last_look = LastLook::default();
    let counter = Desk::new(assembly.engine.clone(), Arc::new(assembly.mailboxes.clone()), last_look.clone());
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
    tracing::info!(mailboxes = assembly.mailboxes.len(), %address, "the office is open");
    let ended = run::run(assembly, config.archive.schedule.clone(), last_look, stop.clone()).await;
    stop.cancel();
    while open.join_next().await.is_some() {}
    if let Err(fault) = ended {
        return Err(Stopped(fault.message).into());
    }
    tracing::info!("the office is closed");
    Ok(())
}
