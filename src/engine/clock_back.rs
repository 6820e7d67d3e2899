//! What was put off by a clock that was ahead (THREATS row 42). Once the clock is right again nobody should wait until the time
//! that was wrong comes.

use chrono::{DateTime, TimeDelta, Utc};

use super::Engine;
use super::port::{Fault, FaultKind};
use super::store::{Row, RowState, Settled, Settlement};

/// Nothing that is to be done as soon as possible is ever put off for longer ([`super::dispatch::backoff`]).
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(9);
/// A clock is steered by less.
const STEERED: TimeDelta = TimeDelta::minutes(5);
/// These are due at once, or soon after a failure; what else is in the outbox waits for a time of its own.
const PROMPT: [&str; 7] = ["letter", "notice", "locked", "passphrase_changed", "returned", "driver", "read_back"];
/// Cases looked at together.
const PAGE: usize = 200;

/// Notices when the engine's clock goes back. The first look counts as such: it may have been set while nobody ran.
#[derive(Default)]
pub(super) struct Forerun {
    last: Option<DateTime<Utc>>,
}

impl Engine {
    /// Makes what a wrong clock put off due at once. To be called while none of these rows is in hand.
    pub(super) async fn after_clock_went_back(&self, seen: &mut Forerun, kinds: &[String]) -> Result<(), Fault> {
        let now = self.clock.now();
        let went_back = seen.last.is_none_or(|last| now + STEERED < last);
        let before = seen.last.replace(now);
        if !went_back {
            return Ok(());
        }
        let mut after = None;
        loop {
            let page = self.store.scan(&self.office.id, after.as_ref(), PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = Some(last.number.clone());
            for (key, _) in &page {
                let is_prompt = |row: &Row| PROMPT.contains(&row.kind.as_str()) && kinds.contains(&row.kind);
                let is_late = |row: &Row| row.state == RowState::Waiting && row.due > now + LONGEST_PAUSE;
                let rows = self.store.each_row(key).await?.into_iter().filter_map(|row| {
                    row.inspect_err(|fault| tracing::error!(case = %key.number, "an effect cannot be read: {fault}"))
                        .ok()
                });
                let again = rows.filter(|row| is_prompt(row) && is_late(row)).map(|row| {
                    tracing::warn!(case = %key.number, effect = row.kind, "an effect was put off by a clock that was ahead");
                    let how = Settled::RetryAt { due: now, attempts: row.attempts, error: row.note };
                    (key.clone(), Settlement { id: row.id, how })
                });
                let again: Vec<_> = again.collect();
                if !again.is_empty() {
                    match self.store.settle(again).await {
                        // There is no space for the moment; it is looked at again.
                        Err(fault) if fault.kind == FaultKind::Transient => {
                            seen.last = before;
                            return Ok(());
                        }
                        settled => settled?,
                    }
                }
            }
        }
    }
}
