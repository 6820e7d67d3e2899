//! The demo: the whole job with nothing to set up. It writes a configuration of its own, puts the same rooms together as
//! the daemon and plays sample requests: live, for a newcomer who plays helpdesk and admin in a browser, or by itself.
//!
//! [`samples`] holds the mails and what must come of them · [`setting`] writes the folder · [`house`] runs the daemon in
//! it · [`mailroom`] brings mail and reads letters · [`sandbox`] shows them · [`live`] and [`once`] play.

pub mod clock;
pub mod folder;
pub mod house;
pub mod live;
pub mod mailroom;
pub mod once;
pub mod samples;
pub mod sandbox;
pub mod setting;

use std::path::PathBuf;

use anyhow::Result;
use chrono::TimeDelta;
use tokio::signal::unix::{SignalKind, signal};

use self::folder::Folder;
use self::house::House;

/// The whole job with nothing to set up: sample requests, a mailbox, an account directory and the desk, on this machine
/// alone.
#[derive(Debug, Clone, clap::Args)]
pub struct Demo {
    /// Keep everything in DIR; without it a temporary folder is used and removed at the end
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Play every sample without a person, print what came of it, and end
    #[arg(long)]
    pub once: bool,
}

/// Plays the demo until it is over or told to stop (SIGINT, SIGTERM). 0: played, and with `--once` every sample ended as its
/// label says and the archive verifies; else 1. Fails where it cannot be played, as in a folder that
/// another demo plays in.
pub async fn play(demo: &Demo) -> Result<u8> {
    // Before anything is there that would have to be put away.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let folder = Folder::take(demo.dir.as_deref())?;
    let house = match demo.once {
        // Resets of an earlier run in this folder must not count as the first of two.
        true if setting::was_played_in(folder.path()) => {
            House::open(folder.path(), setting::EVERY_SECOND, TimeDelta::days(31)).await?
        }
        true => House::open(folder.path(), setting::EVERY_SECOND, TimeDelta::zero()).await?,
        false => House::open(folder.path(), setting::EVERY_TEN, TimeDelta::zero()).await?,
    };
    let playing = async { if demo.once { once::play(&house).await } else { live::play(&house).await } };
    let played = tokio::select! {
        played = playing => played,
        () = house.stopped() => Ok(1),
        _ = interrupt.recv() => Ok(u8::from(demo.once)),
        _ = terminate.recv() => Ok(u8::from(demo.once)),
    };
    house.close().await?;
    played
}
