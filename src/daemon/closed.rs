//! What the second channel hears of an office that had to close. The board of alarms lies in the store, which may be what failed: so
//! what was told is kept in a small [`Note`] of the state folder, for which room is set apart while the office is open. Where even that
//! cannot be written it is told again at each start.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::alarm::Alarm;
use super::alarm::bell::Bell;
use super::alarm::board::Standing;
use super::clock::SystemClock;
use super::note::Note;
use crate::accounts::directory::DirectoryError;
use crate::config::Config;
use crate::engine::port::{Clock, Fault};
use crate::store::StoreError;

/// Characters of a cause that are kept: with whatever escapes they need they fit into the room of a note.
const CAUSE: usize = 600;

/// Tells that the office had to close, and that it is open again.
pub struct Closed {
    bell: Bell,
    note: Note,
    /// An office that closes again sooner never was open.
    stands: Duration,
}

#[derive(Serialize, Deserialize)]
struct Told {
    since: DateTime<Utc>,
    why: String,
}

impl Closed {
    /// `None` where the office wants no second channel. Fails as [`Bell::of`].
    pub fn of(config: &Config) -> Result<Option<Self>, Fault> {
        let note = Note::at(config.state.directory.join("closed"));
        let stands = Duration::from_secs(config.alarms.look_seconds.into());
        Ok(Bell::of(config)?.map(|bell| Self { bell, note, stands }))
    }

    /// Tells that the office had to close, once for each cause. False: nobody knows of it.
    pub async fn tell(&self, why: &anyhow::Error) -> bool {
        if is_held_elsewhere(why) {
            return true;
        }
        let (before, why) = (self.note.read::<Told>(), format!("{why:#}").chars().take(CAUSE).collect::<String>());
        if before.as_ref().is_some_and(|told| told.why == why) {
            return true;
        }
        let told = Told { since: before.map_or_else(|| SystemClock.now(), |told| told.since), why };
        if let Err(fault) = self.ring(&told, false).await {
            tracing::error!("{fault}");
            return false;
        }
        if let Err(why) = self.note.write(&told) {
            tracing::warn!(file = %self.note.place(), "that the office closed is told again at each start: {why}");
        }
        true
    }

    /// Tells that it is over, if it was told that the office closed, once the office has been open for a while; until it is told.
    pub async fn over(&self) {
        if let Err(why) = self.note.set_apart() {
            tracing::warn!(file = %self.note.place(), "no room can be set apart for a note: {why}");
        }
        while let Some(told) = self.note.read::<Told>() {
            tokio::time::sleep(self.stands).await;
            if let Err(fault) = self.ring(&told, true).await {
                tracing::warn!("{fault}");
                continue;
            }
            if let Err(why) = self.note.remove() {
                tracing::warn!(file = %self.note.place(), "cannot be removed: {why}");
                return;
            }
        }
    }

    async fn ring(&self, told: &Told, over: bool) -> Result<(), Fault> {
        self.bell.ring(&Standing { told: over, over, ..Standing::new(Alarm::OfficeClosed, told.since) }).await
    }
}

/// The office is open in another process, or somebody works on its folder: nothing of it is closed.
fn is_held_elsewhere(why: &anyhow::Error) -> bool {
    matches!(why.downcast_ref(), Some(StoreError::InUse { .. }))
        || matches!(why.downcast_ref(), Some(DirectoryError::InUse(_)))
}
