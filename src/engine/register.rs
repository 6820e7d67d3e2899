//! The register of a month and its recap of time standards (SOP *pencatatan dan pendataan*, *peringatan* 2), from the
//! live store and the archive alike. A proposed limit is never counted as a breach of the SOP.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::Engine;
use super::office::Worked;
use super::port::{Fault, FaultKind};
use crate::sop::case::Case;
use crate::sop::names::{CaseNumber, Service};
use crate::sop::phase::Phase;
use crate::sop::procedure::rules::Origin;

/// One request, as the register shows it. No NIP and no address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub number: CaseNumber,
    /// Local date, `YYYY-MM-DD`.
    pub received: String,
    pub applicant: String,
    pub user_id: Option<String>,
    pub services: Vec<Service>,
    /// Machine name of the outcome, or of the phase while it is open.
    pub outcome: String,
    pub closed: Option<String>,
    pub rounds: u8,
    pub admin: Option<String>,
    pub steps: Vec<StepMinutes>,
}

/// Working minutes one step took, by the executor in whose hands it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepMinutes {
    pub step: u8,
    pub minutes: u64,
    pub standard: u32,
    /// `sop` or `proposed`.
    pub origin: String,
    pub over: bool,
    pub provisional: bool,
    /// The executor's reason, once given.
    pub reason: Option<String>,
}

/// A step's figures over a month.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRecap {
    pub step: u8,
    pub standard: u32,
    pub origin: String,
    pub count: usize,
    pub within: usize,
    pub median_minutes: u64,
    pub longest_minutes: u64,
    pub unexplained: usize,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// `YYYY-MM`.
    pub month: String,
    pub sop: String,
    pub zone: String,
    pub lines: Vec<Line>,
    pub recap: Vec<StepRecap>,
    pub outcomes: BTreeMap<String, usize>,
    /// Requests that are not among the lines: those of the month whose dossiers were destroyed or are damaged, and those of which not
    /// even the month can be told. Left out of the JSON where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<Unread>,
    /// Archive files that cannot be read: what they hold of the month is not known. Left out of the JSON where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread_files: Vec<String>,
    /// Where the journal ended when the report was made: anchors it off the machine.
    pub journal_position: u64,
    pub journal_head: String,
}

/// A request of which only the register line of the archive is left, or not even that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    pub number: CaseNumber,
    /// The official record under which its dossier was destroyed; `None`: it is damaged.
    pub record: Option<String>,
    /// Its record does not read, so that it may be of any month and is named in the report of each. Left out of the JSON where it is not so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undated: bool,
}

impl Unread {
    /// A damaged dossier of the report's month.
    pub fn damaged(number: CaseNumber) -> Self {
        Self { number, record: None, undated: false }
    }
}

impl Engine {
    /// The report of a month, by the local date a request was received.
    pub async fn report(&self, year: i32, month: u32, sop: &str) -> Result<Report, Fault> {
        let wanted = format!("{year:04}-{month:02}");
        let mut lines = Vec::new();
        for case in self.live_cases().await? {
            let worked = self.procedures.get(&case.procedure.hash)?;
            lines.push(line(&case, &worked, self.office.zone));
        }
        let archive = self.archive.survey("").await?;
        let mut unread: Vec<Unread> =
            archive.unread.into_iter().map(|number| Unread { undated: true, ..Unread::damaged(number) }).collect();
        for archived in archive.lines {
            let local = archived.register.opened.with_timezone(&self.office.zone);
            if (local.year(), local.month()) != (year, month) {
                continue;
            }
            let number = archived.register.number;
            if let Some(destroyed) = archived.destroyed {
                unread.push(Unread { record: Some(destroyed.record), ..Unread::damaged(number) });
                continue;
            }
            match self.archive.show(&number).await {
                Ok(Some(dossier)) => match serde_json::from_value::<Line>(dossier.metadata["register"].clone()) {
                    Ok(line) => lines.push(line),
                    Err(why) => {
                        tracing::error!(case = %number, "a dossier has no line for the register that can be read: {why}");
                        unread.push(Unread::damaged(number));
                    }
                },
                Ok(None) => {}
                // One that is damaged costs the report no more than itself.
                Err(fault) if fault.kind == FaultKind::Permanent => {
                    tracing::error!(case = %number, "the report is without a dossier: {fault}");
                    unread.push(Unread::damaged(number));
                }
                Err(fault) => return Err(fault),
            }
        }
        lines.retain(|line: &Line| line.received.starts_with(&wanted));
        lines.sort_by(|a, b| a.number.cmp(&b.number));
        lines.dedup_by(|a, b| a.number == b.number);
        unread.sort_by(|a, b| a.number.cmp(&b.number));
        let head = self.store.journal_head(&self.office.id).await?;
        let mut outcomes = BTreeMap::new();
        for line in &lines {
            *outcomes.entry(line.outcome.clone()).or_default() += 1;
        }
        let recap = recap(&lines);
        Ok(Report {
            month: wanted,
            sop: sop.to_owned(),
            zone: self.office.zone.to_string(),
            lines,
            recap,
            outcomes,
            unread,
            unread_files: archive.unread_files,
            journal_position: head.position,
            journal_head: head.hash.0,
        })
    }
}

/// A case as its line in the register.
pub fn line(case: &Case, worked: &Worked, zone: Tz) -> Line {
    let day = |at: DateTime<Utc>| at.with_timezone(&zone).format("%Y-%m-%d").to_string();
    let (outcome, closed) = match &case.phase {
        Phase::Closed { outcome, at } => (outcome.name(), Some(day(*at))),
        phase => (phase.name(), None),
    };
    Line {
        number: case.number.clone(),
        received: day(case.opened_at),
        applicant: case.applicant_name(),
        user_id: case.account.as_ref().map(|a| a.user_id.0.clone()),
        services: case.services().to_vec(),
        outcome: outcome.to_owned(),
        closed,
        rounds: case.rounds,
        admin: case.assigned.as_ref().map(ToString::to_string),
        steps: steps(case, worked),
    }
}

/// The steps that have a standard, each stay on its own.
pub fn steps(case: &Case, worked: &Worked) -> Vec<StepMinutes> {
    let mut explained = case.times.deviations.iter();
    let ended = case.times.spans.iter().filter_map(|span| Some((span, span.to?)));
    let timed = ended.filter_map(|(span, to)| {
        let standard = worked.procedure.time(span.step)?;
        let minutes = worked.calendar.working_minutes(span.from, to);
        let over = minutes > crate::sop::worktime::Minutes::of(standard.minutes);
        let deviation = over.then(|| explained.find(|d| d.step == span.step)).flatten();
        Some(StepMinutes {
            step: span.step,
            minutes: minutes.whole(),
            standard: standard.minutes,
            origin: if standard.origin == Origin::Sop { "sop" } else { "proposed" }.to_owned(),
            over,
            provisional: worked.calendar.is_provisional(span.from) || worked.calendar.is_provisional(to),
            reason: deviation.and_then(|d| d.explained.as_ref()).map(|e| e.reason.clone()),
        })
    });
    timed.collect()
}

fn recap(lines: &[Line]) -> Vec<StepRecap> {
    let mut by_step: BTreeMap<u8, Vec<&StepMinutes>> = BTreeMap::new();
    for step in lines.iter().flat_map(|line| &line.steps) {
        by_step.entry(step.step).or_default().push(step);
    }
    let figures = by_step.into_iter().map(|(step, mut stays)| {
        stays.sort_by_key(|stay| stay.minutes);
        let last = stays[stays.len() - 1];
        StepRecap {
            step,
            standard: last.standard,
            origin: last.origin.clone(),
            count: stays.len(),
            within: stays.iter().filter(|stay| !stay.over).count(),
            median_minutes: stays[stays.len() / 2].minutes,
            longest_minutes: last.minutes,
            unexplained: stays.iter().filter(|stay| stay.over && stay.reason.is_none()).count(),
        }
    });
    figures.collect()
}
