//! Whether requests can be worked on: the store answers, there is space for them, and the mailboxes were looked at lately.

use chrono::TimeDelta;

use super::Desk;

/// A mailbox that nobody looked at for so long is not watched any more; IDLE is renewed within five minutes.
const LATELY: TimeDelta = TimeDelta::minutes(30);

impl Desk {
    pub(super) async fn is_ready(&self) -> Result<(), String> {
        self.engine.store.epoch().await.map_err(|fault| fault.message)?;
        self.engine.store.space().map_err(|fault| fault.message)?;
        let now = self.engine.clock.now();
        match self.last_look.get() {
            _ if self.mailboxes.is_empty() => Ok(()),
            None => Err("no mailbox has been looked at yet".to_owned()),
            Some(at) if now - at > LATELY => Err(format!("no mailbox was looked at since {}", at.to_rfc3339())),
            Some(_) => Ok(()),
        }
    }
}
