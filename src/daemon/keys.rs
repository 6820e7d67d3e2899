//! The change of the master key while the office works. The operator puts a new key in the place of the old one and the
//! old one beside it; from the next start on everything new is under the new key, and what stood is renewed in the
//! background, live store first, then the archive, until the old one opens nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::engine::port::Fault;
use crate::store::archive::RedbArchive;
use crate::store::redb::{RedbStore, Resealed};

/// Until a change that could not go on is tried again.
const AGAIN: Duration = Duration::from_secs(60);

pub struct KeyChange {
    store: Arc<RedbStore>,
    archive: Arc<RedbArchive>,
    turn: Mutex<()>,
    /// The last try failed.
    failed: AtomicBool,
}

/// How a change of the master key stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Standing {
    /// None is on record.
    #[default]
    Over,
    /// It goes on, or was not tried yet since the start.
    UnderWay,
    /// It could not go on, and is tried again.
    Waits,
}

impl KeyChange {
    pub fn new(store: Arc<RedbStore>, archive: Arc<RedbArchive>) -> Self {
        Self { store, archive, turn: Mutex::default(), failed: AtomicBool::default() }
    }

    /// Renews all there is, also where no change is on record: an archive file may have come back from a backup. What was
    /// cut begins again.
    pub async fn carry_through(&self) -> Result<Resealed, Fault> {
        let _turn = self.turn.lock().await;
        let done = self.renew_all().await;
        self.failed.store(done.is_err(), Ordering::Relaxed);
        done
    }

    async fn renew_all(&self) -> Result<Resealed, Fault> {
        let mut total = self.store.reseal().await?;
        total.add(self.archive.reseal().await?);
        if self.store.is_resealing()? {
            self.store.finish_resealing().await?;
        }
        tracing::info!(
            renewed = total.renewed,
            unopened = total.unopened,
            "everything is sealed under the newest master key; `keys.previous_key` can be taken away"
        );
        Ok(total)
    }

    /// Carries a change through that is on record, until `stop`.
    pub async fn go_on(&self, stop: &CancellationToken) {
        while self.store.is_resealing().unwrap_or(false) {
            let carried = tokio::select! {
                () = stop.cancelled() => return,
                carried = self.carry_through() => carried,
            };
            let Err(fault) = carried else { return };
            tracing::warn!("the change of the master key waits: {fault}");
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(AGAIN) => {}
            }
        }
    }

    /// A store that cannot tell is an alarm of its own.
    pub fn standing(&self) -> Standing {
        match (self.store.is_resealing().unwrap_or(false), self.failed.load(Ordering::Relaxed)) {
            (false, _) => Standing::Over,
            (true, false) => Standing::UnderWay,
            (true, true) => Standing::Waits,
        }
    }

    /// Fingerprints of the keys that something may be sealed under.
    pub fn sealed_under(&self) -> Result<Vec<[u8; 32]>, Fault> {
        self.store.sealed_under()
    }
}
