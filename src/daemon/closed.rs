//! What the second channel hears of an office that had to close. The board of alarms lies in the store, which may be what failed: so
//! what was told is kept in a small file of the state folder, and told again at each start where that cannot be written either.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::alarm::Alarm;
use super::alarm::bell::Bell;
use super::alarm::board::Standing;
use super::clock::SystemClock;
use crate::accounts::directory::DirectoryError;
use crate::config::Config;
use crate::engine::port::{Clock, Fault};
use crate::store::StoreError;

pub struct Closed {
    bell: Bell,
    file: PathBuf,
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
        let file = config.state.directory.join("closed");
        let stands = Duration::from_secs(config.alarms.look_seconds.into());
        Ok(Bell::of(config)?.map(|bell| Self { bell, file, stands }))
    }

    /// Tells that the office had to close, once for each cause.
    pub async fn tell(&self, why: &anyhow::Error) {
        if is_held_elsewhere(why) {
            return;
        }
        let (before, why) = (self.told(), format!("{why:#}"));
        if before.as_ref().is_some_and(|told| told.why == why) {
            return;
        }
        let told = Told { since: before.map_or_else(|| SystemClock.now(), |told| told.since), why };
        if let Err(fault) = self.ring(&told, false).await {
            tracing::error!("{fault}");
            return;
        }
        let kept = serde_json::to_vec(&told).map_err(std::io::Error::from);
        if let Err(why) = kept.and_then(|told| std::fs::write(&self.file, told)) {
            tracing::warn!(file = %self.file.display(), "that the office closed is told again at each start: {why}");
        }
    }

    /// Tells that it is over, if it was told that the office closed, once the office has been open for a while; until it is told.
    pub async fn over(&self) {
        while let Some(told) = self.told() {
            tokio::time::sleep(self.stands).await;
            if let Err(fault) = self.ring(&told, true).await {
                tracing::warn!("{fault}");
                continue;
            }
            if let Err(why) = std::fs::remove_file(&self.file) {
                tracing::warn!(file = %self.file.display(), "cannot be removed: {why}");
                return;
            }
        }
    }

    async fn ring(&self, told: &Told, over: bool) -> Result<(), Fault> {
        self.bell.ring(&Standing { told: over, over, ..Standing::new(Alarm::OfficeClosed, told.since) }).await
    }

    /// What cannot be read was not told.
    fn told(&self) -> Option<Told> {
        serde_json::from_slice(&std::fs::read(&self.file).ok()?).ok()
    }
}

/// The office is open in another process, or somebody works on its folder: nothing of it is closed.
fn is_held_elsewhere(why: &anyhow::Error) -> bool {
    matches!(why.downcast_ref(), Some(StoreError::InUse { .. }))
        || matches!(why.downcast_ref(), Some(DirectoryError::InUse(_)))
}
