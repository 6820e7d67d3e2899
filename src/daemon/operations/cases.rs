//! Live cases as the command line shows them, and the office's own books where an effect of theirs is stuck. What can be
//! done with one is in [`super::effects`].

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Answer, Operations};
use crate::engine::access::{Access, Seen};
use crate::engine::casebook::is_book;
use crate::engine::store::{Row, RowState};
use crate::sop::case::{Case, LetterState};
use crate::sop::checklist::Finding;
use crate::sop::names::{Address, CaseNumber, Service};
use crate::sop::phase::Phase;

/// A case as a line of the list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CaseLine {
    pub number: CaseNumber,
    pub phase: String,
    /// Set once it is closed.
    pub outcome: Option<String>,
    pub received: DateTime<Utc>,
    pub applicant: String,
    pub user_id: Option<String>,
    pub services: Vec<Service>,
    pub admin: Option<Address>,
    pub rounds: u8,
    /// Effects that are held, given up, or tried in vain so far.
    pub stuck: usize,
    /// Why the archive did not take it, though it is closed.
    #[serde(default)]
    pub unfiled: Option<String>,
}

/// A case with everything an operator may need; no NIP and no papers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CaseView {
    #[serde(flatten)]
    pub line: CaseLine,
    pub procedure: String,
    pub linked_to: Option<CaseNumber>,
    pub mails: usize,
    pub checklist: Vec<CheckView>,
    pub alerts: Vec<String>,
    pub letters: Vec<LetterView>,
    pub effects: Vec<EffectView>,
    pub history: Vec<HistoryView>,
    /// Who saw it, before.
    #[serde(default)]
    pub accesses: Vec<Access>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CheckView {
    pub item: String,
    pub step: u8,
    pub finding: Finding,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LetterView {
    pub id: String,
    pub kind: String,
    pub queued: DateTime<Utc>,
    /// `queued`, `sent` or `undelivered`.
    pub state: String,
    pub why: Option<String>,
}

/// An outbox row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EffectView {
    pub id: String,
    pub kind: String,
    pub due: DateTime<Utc>,
    pub attempts: u32,
    /// `waiting`, `held` or `dead`.
    pub state: String,
    pub note: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HistoryView {
    pub at: DateTime<Utc>,
    /// Machine name of the journal's event.
    pub event: String,
}

impl Operations {
    /// For whoever keeps the service running, where a disk may be full: shown without a record.
    pub(super) async fn list_cases(&self, stuck_only: bool) -> Result<Answer, Answer> {
        let engine = &self.engine;
        let mut stuck: BTreeMap<CaseNumber, Vec<Row>> = BTreeMap::new();
        let mut damaged: BTreeMap<CaseNumber, usize> = BTreeMap::new();
        for (key, row) in engine.store.stuck_rows(&engine.office.id).await? {
            match row {
                Ok(row) => stuck.entry(key.number).or_default().push(row),
                Err(fault) => {
                    tracing::error!(case = %key.number, "{fault}");
                    *damaged.entry(key.number).or_default() += 1;
                }
            }
        }
        let mut unfiled: BTreeMap<CaseNumber, String> = engine.unfiled().await?.into_iter().collect();
        let mut lines = Vec::new();
        for case in engine.live_cases().await? {
            let count = stuck.get(&case.number).map_or(0, Vec::len) + damaged.get(&case.number).unwrap_or(&0);
            let unfiled = unfiled.remove(&case.number);
            if !stuck_only || count > 0 || unfiled.is_some() {
                lines.push(CaseLine { unfiled, ..line(&case, count) });
            }
        }
        if stuck_only {
            let told: BTreeSet<CaseNumber> = lines.iter().map(|line| line.number.clone()).collect();
            // Books, and cases of which no more can be read: what an alarm counts is in some line.
            let numbers: BTreeSet<&CaseNumber> = stuck.keys().chain(damaged.keys()).chain(unfiled.keys()).collect();
            for number in numbers.into_iter().filter(|number| !told.contains(*number)) {
                let rows = stuck.get(number).map(Vec::as_slice).unwrap_or_default();
                let count = rows.len() + damaged.get(number).unwrap_or(&0);
                let line = match unfiled.get(number) {
                    None if is_book(number) && !rows.is_empty() => book(number, rows),
                    why => hidden(number, why.cloned()),
                };
                lines.push(CaseLine { stuck: count, ..line });
            }
        }
        Ok(Answer::done(&lines))
    }

    pub(super) async fn show_case(&self, who: &str, number: &CaseNumber) -> Result<Answer, Answer> {
        if is_book(number) {
            return self.show_book(number).await;
        }
        let Some(case) = self.engine.case(number).await? else { return Err(self.absent(number).await?) };
        let key = self.engine.key(number);
        // Those before this one, which is on record before it is answered.
        let accesses = self.engine.accesses(number, case.opened_at).await?;
        self.engine.record_access(who, Some(number), Seen::Summary).await?;
        let (rows, damaged) = self.effects_of(number).await?;
        for why in &damaged {
            tracing::error!(case = %number, "an effect cannot be read: {why}");
        }
        let stuck = rows.iter().filter(|row| row.is_stuck()).count() + damaged.len();
        let events = self.engine.events(&key).await?;
        let history = events.iter().map(|recorded| HistoryView { at: recorded.at, event: name(&recorded.event) });
        let unfiled = self.engine.unfiled().await?.into_iter().find_map(|(of, why)| (of == *number).then_some(why));
        let checks = case.understanding.checklist.iter().map(|check| CheckView {
            item: check.item.clone(),
            step: check.step,
            finding: check.finding,
        });
        let view = CaseView {
            line: CaseLine { unfiled, ..line(&case, stuck) },
            procedure: case.procedure.id.clone(),
            linked_to: case.linked_to.clone(),
            mails: case.mails.len(),
            checklist: checks.collect(),
            alerts: case.understanding.alerts.clone(),
            letters: case.letters.iter().map(|record| self.letter(record)).collect(),
            effects: rows.iter().map(effect).collect(),
            history: history.collect(),
            accesses,
        };
        Ok(Answer::done(&view))
    }

    /// Nobody's dossier: of a book only its effects are shown.
    async fn show_book(&self, number: &CaseNumber) -> Result<Answer, Answer> {
        let (rows, damaged) = self.effects_of(number).await?;
        if rows.is_empty() && damaged.is_empty() {
            return Err(self.absent(number).await?);
        }
        for why in &damaged {
            tracing::error!(book = %number, "an effect cannot be read: {why}");
        }
        let stuck: Vec<Row> = rows.iter().filter(|row| row.is_stuck()).cloned().collect();
        let effects = rows.iter().map(effect).collect();
        let (checklist, alerts, letters, history) = Default::default();
        let (procedure, linked_to, mails, accesses) = Default::default();
        let line = CaseLine { stuck: stuck.len() + damaged.len(), ..book(number, &stuck) };
        Ok(Answer::done(&CaseView {
            line,
            procedure,
            linked_to,
            mails,
            checklist,
            alerts,
            letters,
            effects,
            history,
            accesses,
        }))
    }

    pub(super) async fn absent(&self, number: &CaseNumber) -> Result<Answer, Answer> {
        if let Some((_, why)) = self.engine.unfiled().await?.into_iter().find(|(of, _)| of == number) {
            return Ok(Answer::negative(format!("{number}: {why}")));
        }
        let sentence = match self.engine.archive.receipt(number).await? {
            Some(_) => format!("{number} is closed and in the archive. `loket archive show {number}` shows it"),
            None => format!("There is no case {number}. `loket cases list` shows those there are"),
        };
        Ok(Answer::negative(sentence))
    }
}

fn line(case: &Case, stuck: usize) -> CaseLine {
    let outcome = match &case.phase {
        Phase::Closed { outcome, .. } => Some(outcome.name().to_owned()),
        _ => None,
    };
    CaseLine {
        number: case.number.clone(),
        phase: case.phase.name().to_owned(),
        outcome,
        received: case.opened_at,
        applicant: case.applicant_name(),
        user_id: case.account.as_ref().map(|account| account.user_id.0.clone()),
        services: case.services().to_vec(),
        admin: case.assigned.clone(),
        rounds: case.rounds,
        stuck,
        unfiled: None,
    }
}

/// A book with stuck effects: the digest of a flood, or the notice of a locked factor.
fn book(number: &CaseNumber, stuck: &[Row]) -> CaseLine {
    CaseLine {
        number: number.clone(),
        phase: "book".to_owned(),
        outcome: None,
        received: stuck.iter().map(|row| row.due).min().unwrap_or_default(),
        applicant: String::new(),
        user_id: None,
        services: Vec::new(),
        admin: None,
        rounds: 0,
        stuck: stuck.len(),
        unfiled: None,
    }
}

/// A dossier, a case or a book of which the number alone is known.
fn hidden(number: &CaseNumber, unfiled: Option<String>) -> CaseLine {
    CaseLine { phase: "hidden".to_owned(), unfiled, ..book(number, &[]) }
}

impl Operations {
    fn letter(&self, record: &crate::sop::case::LetterRecord) -> LetterView {
        let told = |why: &str| self.engine.letters.cause(why, self.engine.office.language);
        let (state, why) = match &record.state {
            LetterState::Queued => ("queued", None),
            LetterState::Sent { .. } => ("sent", None),
            LetterState::Undelivered { why, .. } => ("undelivered", Some(told(why))),
        };
        LetterView {
            id: record.id.clone(),
            kind: record.kind.clone(),
            queued: record.queued_at,
            state: state.to_owned(),
            why,
        }
    }
}

pub(super) fn effect(row: &Row) -> EffectView {
    let state = match row.state {
        RowState::Waiting => "waiting",
        RowState::Held => "held",
        RowState::Dead => "dead",
    };
    EffectView {
        id: row.id.clone(),
        kind: row.kind.clone(),
        due: row.due,
        attempts: row.attempts,
        state: state.to_owned(),
        note: row.note.clone(),
    }
}

/// The journal's own word for what happened.
fn name(event: &crate::sop::event::Event) -> String {
    let value = serde_json::to_value(event).unwrap_or_default();
    value.get("event").and_then(Value::as_str).unwrap_or_default().to_owned()
}
