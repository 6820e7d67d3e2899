//! When a mailbox was last looked at, and whether requests can be worked on.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

use super::Desk;

/// A mailbox that nobody looked at for so long is not watched any more; IDLE is renewed within five minutes.
const LATELY: TimeDelta = TimeDelta::minutes(30);

/// A moment shared between whoever watches the mailboxes and the desk that shows it.
pub struct LookedAt(AtomicI64);

impl Default for LookedAt {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

impl LookedAt {
    pub fn mark(&self, now: DateTime<Utc>) {
        self.0.fetch_max(now.timestamp_millis(), Ordering::Relaxed);
    }

    /// `None` before the first look.
    pub fn at(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::Relaxed))
    }
}

impl Desk {
    pub(super) async fn is_ready(&self) -> Result<(), String> {
        self.engine.store.epoch().await.map_err(|fault| fault.message)?;
        let now = self.engine.clock.now();
        match self.looked_at.at() {
            _ if self.mailboxes.is_empty() => Ok(()),
            None => Err("no mailbox has been looked at yet".to_owned()),
            Some(at) if now - at > LATELY => Err(format!("no mailbox was looked at since {}", at.to_rfc3339())),
            Some(_) => Ok(()),
        }
    }
}
