//! What may be done with stuck effects: tried again, all of a case or one by name, or dropped by name.

use serde::{Deserialize, Serialize};

use super::cases::{EffectView, effect};
use super::{Answer, Operations};
use crate::engine::casebook::is_book;
use crate::engine::port::Fault;
use crate::engine::store::{Row, RowState};
use crate::engine::stuck::Looked;
use crate::sop::names::CaseNumber;

/// What a retry armed again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RetryView {
    pub number: CaseNumber,
    /// As they stand now: `waiting`, or `unknown` where an admin is to settle it.
    pub retried: Vec<EffectView>,
    /// Resets that may have happened after the backup was taken; asked for by name alone.
    #[serde(default)]
    pub apart: Vec<EffectView>,
}

/// What was dropped.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DropView {
    pub number: CaseNumber,
    /// `dropped`, or `unknown` where an admin is to settle it.
    pub dropped: EffectView,
}

impl Operations {
    /// Stuck effects are due at once, deadlines at their time; without a name all but a held reset, which is never repeated blindly.
    pub(super) async fn retry_case(&self, number: &CaseNumber, id: Option<&str>) -> Result<Answer, Answer> {
        let stuck = self.stuck_of(number).await?;
        let mut view = RetryView { number: number.clone(), retried: Vec::new(), apart: Vec::new() };
        for row in named(number, &stuck, id)? {
            if id.is_none() && self.engine.may_have_happened(row).await? {
                view.apart.push(effect(row));
                continue;
            }
            let looked = self.engine.try_again(row).await?;
            view.retried.push(as_it_stands(row, looked));
        }
        match view.apart.first() {
            Some(call) if view.retried.is_empty() => Err(Answer::negative(format!(
                "All that is stuck of {number} is a reset that may have happened already. Look in the account system, then \
                 `loket cases retry {number} --row {}` leaves its outcome to an admin",
                call.id
            ))),
            _ => Ok(Answer::done(&view)),
        }
    }

    /// One held or dead effect is taken away, on record.
    pub(super) async fn drop_effect(&self, who: &str, number: &CaseNumber, id: &str) -> Result<Answer, Answer> {
        let stuck = self.stuck_of(number).await?;
        let mut rows = named(number, &stuck, Some(id))?;
        let Some(row) = rows.pop() else { return Err(Answer::negative(format!("{number} has no such effect"))) };
        if row.state == RowState::Waiting {
            return Err(Answer::negative(format!(
                "Effect {id} of {number} is still being tried, and only what is held or given up can be dropped. \
                 `loket cases retry {number} --row {id}` tries it at once"
            )));
        }
        let looked = self.engine.drop_stuck(row, who).await?;
        if looked == Looked::Needed {
            return Err(Answer::negative(format!(
                "Effect {id} of {number} is a deadline, without which the request could stand still for ever. One that no longer \
                 fits changes nothing: `loket cases retry {number} --row {id}`"
            )));
        }
        self.engine.wake_dispatchers();
        Ok(Answer::done(&DropView { number: number.clone(), dropped: as_it_stands(row, looked) }))
    }

    /// The effects of a case, and what is wrong with those that cannot be read: they hide no other.
    pub(super) async fn effects_of(&self, number: &CaseNumber) -> Result<(Vec<Row>, Vec<Fault>), Fault> {
        let (mut rows, mut damaged) = (Vec::new(), Vec::new());
        for row in self.engine.store.each_row(&self.engine.key(number)).await? {
            match row {
                Ok(row) => rows.push(row),
                Err(why) => damaged.push(why),
            }
        }
        Ok((rows, damaged))
    }

    /// What is stuck; a case without it is a negative finding.
    async fn stuck_of(&self, number: &CaseNumber) -> Result<Vec<Row>, Answer> {
        let (mut rows, damaged) = self.effects_of(number).await?;
        rows.retain(Row::is_stuck);
        if !rows.is_empty() {
            return Ok(rows);
        }
        if let Some(why) = damaged.first() {
            return Err(Answer::negative(format!("Nothing else of {number} is stuck: {why}")));
        }
        if is_book(number) || self.engine.case(number).await?.is_none() {
            return Err(self.absent(number).await?);
        }
        Err(Answer::negative(format!(
            "Nothing of {number} is stuck, so there is nothing to retry or drop. `loket cases show {number}` shows what it waits for"
        )))
    }
}

/// All of them, or the one of this name.
fn named<'r>(number: &CaseNumber, stuck: &'r [Row], id: Option<&str>) -> Result<Vec<&'r Row>, Answer> {
    let rows: Vec<&Row> = stuck.iter().filter(|row| id.is_none_or(|id| row.id == id)).collect();
    match id {
        Some(id) if rows.is_empty() => Err(Answer::negative(format!(
            "{number} has no stuck effect {id}. `loket cases show {number}` lists its effects"
        ))),
        _ => Ok(rows),
    }
}

fn as_it_stands(row: &Row, looked: Looked) -> EffectView {
    let (state, due) = match looked {
        Looked::Armed { due } => ("waiting", due),
        Looked::Dropped => ("dropped", row.due),
        Looked::LeftToAnAdmin => ("unknown", row.due),
        Looked::Needed => return effect(row),
    };
    EffectView { state: state.to_owned(), due, ..effect(row) }
}
