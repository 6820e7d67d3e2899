//! Effects that are stuck: held by a restore, given up, or tried in vain so far. Whoever looks after the machine has them
//! tried again at once, or drops what waits for a person, with that on record. A reset that a restore holds is never tried
//! again: a restored ledger says "intended" of one that may have happened after the backup was taken, so its outcome counts
//! as unknown, for an admin to settle.

use chrono::{DateTime, Utc};

use super::Engine;
use super::casebook::{Along, Answer};
use super::codec;
use super::port::Fault;
use super::store::{Row, RowState, Settled, Settlement};
use super::weave::Task;
use crate::sop::command::{Command, Report};
use crate::sop::phase::{Attempt, AttemptState, Phase};

/// What became of an effect that somebody looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looked {
    /// It is due by then: at once, or at the time of its own that is still to come.
    Armed {
        due: DateTime<Utc>,
    },
    Dropped,
    /// Whether the account was touched is unknown; an admin settles that at the desk.
    LeftToAnAdmin,
    /// Without it the case would stand still for ever: it can only be tried again.
    Needed,
}

impl Engine {
    /// Whether a restore holds this row back from a reset that the ledger has not seen begin.
    pub async fn may_have_happened(&self, row: &Row) -> Result<bool, Fault> {
        if row.state != RowState::Held {
            return Ok(false);
        }
        Ok(self.attempt_of(row).await?.is_some_and(|attempt| !self.is_harmless(&attempt)))
    }

    /// Has a stuck row tried again at once, or when its time comes, unless that could reset an account twice.
    pub async fn try_again(&self, row: &Row) -> Result<Looked, Fault> {
        if row.state == RowState::Held
            && let Some(attempt) = self.attempt_of(row).await?
            && !self.is_harmless(&attempt)
        {
            return self.leave_to_an_admin(row, &attempt).await;
        }
        let now = self.clock.now();
        let due = if waits_for_its_time(row) { row.due.max(now) } else { now };
        let how = match row.state {
            RowState::Waiting => Settled::DueBy { due },
            RowState::Held | RowState::Dead => Settled::RetryAt { due, attempts: 0, error: None },
        };
        self.store.settle(vec![(row.key.clone(), Settlement { id: row.id.clone(), how })]).await?;
        self.wake_dispatchers();
        Ok(Looked::Armed { due })
    }

    /// Takes a stuck row away. A letter counts as undelivered from then on, of which the admin hears.
    pub async fn drop_stuck(&self, row: &Row, who: &str) -> Result<Looked, Fault> {
        match row.kind.as_str() {
            "wake" => return Ok(Looked::Needed),
            "letter" => {
                let why = format!("dropped_by_hand: {who}");
                self.step(row, Command::LetterFailed { id: row.id.clone(), why }).await?;
            }
            _ => match self.attempt_of(row).await? {
                Some(attempt) => return self.leave_to_an_admin(row, &attempt).await,
                None => self.settle_done(row).await?,
            },
        }
        Ok(Looked::Dropped)
    }

    /// The attempt that a row is to make, while the case waits for it.
    async fn attempt_of(&self, row: &Row) -> Result<Option<Attempt>, Fault> {
        if row.kind != "driver" {
            return Ok(None);
        }
        let Task::Driver { decision } = codec::decode::<Task>(&row.payload, "an outbox row")? else { return Ok(None) };
        let Some((_, case)) = self.load(&row.key).await? else { return Ok(None) };
        Ok(match case.phase {
            Phase::Executing { attempt } if attempt.decision == decision && attempt.state != AttemptState::ByHand => {
                Some(attempt)
            }
            _ => None,
        })
    }

    /// As if the program had stopped while the account system was being asked.
    async fn leave_to_an_admin(&self, row: &Row, attempt: &Attempt) -> Result<Looked, Fault> {
        let decision = attempt.decision;
        if attempt.state == AttemptState::Intended {
            let begun = self.apply(&row.key, Command::StartExecution { decision }, Along::default()).await?;
            if !matches!(begun, Answer::Done(_)) {
                return Err(Fault::transient(format!("{} moved on meanwhile. Look again", row.key.number)));
            }
        }
        let why = "held_and_may_have_happened".to_owned();
        self.conclude(row, decision, Report::Unknown { why }, Along::default()).await?;
        Ok(Looked::LeftToAnAdmin)
    }
}

/// A deadline or a digest that was held before it fell due; what failed had fallen due.
fn waits_for_its_time(row: &Row) -> bool {
    matches!(row.kind.as_str(), "wake" | "digest") && row.attempts == 0
}
