//! Whether requests can be worked on: the store answers, there is space for them, and each mailbox was looked at lately.

use chrono::{DateTime, TimeDelta, Utc};

use super::Desk;

/// A mailbox that nobody looked at for so long is not watched any more; IDLE is renewed within five minutes.
const LATELY: TimeDelta = TimeDelta::minutes(30);

impl Desk {
    pub(super) async fn is_ready(&self) -> Result<(), String> {
        self.engine.store.epoch().await.map_err(|fault| fault.message)?;
        self.engine.store.space().map_err(|fault| fault.message)?;
        let now = self.engine.clock.now();
        for (mailbox, pulse) in self.mailboxes.iter().zip(&self.pulses) {
            match pulse.looked_at() {
                None => return Err(format!("the mailbox {} has not been looked at yet", mailbox.name)),
                Some(at) if now - at > LATELY => {
                    return Err(format!("the mailbox {} was not looked at since {}", mailbox.name, at.to_rfc3339()));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// When each mailbox had been looked at: the look that is longest ago. `None` before all had one.
    pub(super) fn all_looked_at(&self) -> Option<DateTime<Utc>> {
        let looks: Option<Vec<_>> = self.pulses.iter().map(|pulse| pulse.looked_at()).collect();
        looks?.into_iter().min()
    }
}
