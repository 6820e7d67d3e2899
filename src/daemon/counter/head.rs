//! What stands above every page of a case: the nine steps, the clock of the step in hand, what went wrong on the way.

use chrono::{DateTime, Utc};

use super::Desk;
use crate::engine::office::Worked;
use crate::letters::LetterKind;
use crate::sop::case::{Case, LetterState};
use crate::sop::event::{Recorded, letter_subject};
use crate::sop::phase::Phase;
use crate::sop::procedure::rules;
use crate::sop::worktime::Minutes;
use crate::web::view::{CaseHead, ClockState, DeviationView, Origin, StepClock, StepState, Undelivered};

impl Desk {
    pub(super) fn head(&self, case: &Case, worked: &Worked, events: &[Recorded], now: DateTime<Utc>) -> CaseHead {
        use chrono::Datelike;
        let words = self.words(self.engine.office.language);
        CaseHead {
            number: case.number.clone(),
            services: case.services().to_vec(),
            name: case.applicant_name(),
            user_id: case.account.as_ref().map(|a| a.user_id.0.clone()),
            work_unit: self.work_unit(case),
            received: case.opened_at,
            steps: steps(case),
            clock: clock(case, worked, now),
            holidays_missing: worked
                .calendar
                .is_provisional(now)
                .then(|| now.with_timezone(&self.engine.office.zone).year()),
            undelivered: undelivered(case, events).map(|lost| Undelivered { why: words.cause(&lost.why), ..lost }),
            deviations: self.deviations(case),
        }
    }

    fn work_unit(&self, case: &Case) -> Option<String> {
        let registered = case.account.as_ref().and_then(|a| a.work_unit.clone());
        registered.or_else(|| case.understanding.applicant.work_unit.clone())
    }

    fn deviations(&self, case: &Case) -> Vec<DeviationView> {
        let owed = case.times.deviations.iter().enumerate().filter(|(_, d)| d.explained.is_none());
        owed.map(|(index, d)| DeviationView {
            id: index.to_string(),
            step: d.step,
            spent: d.taken,
            standard: d.standard,
            origin: if d.origin == "sop" { Origin::Sop } else { Origin::Proposed },
            actor: d.actor.as_ref().map(|id| self.engine.name_of(id)).unwrap_or_default(),
        })
        .collect()
    }
}

pub(super) fn origin(origin: rules::Origin) -> Origin {
    match origin {
        rules::Origin::Sop => Origin::Sop,
        rules::Origin::Proposed => Origin::Proposed,
    }
}

/// The step in hand; a closed case is on its way to the archive.
pub(super) fn current_step(case: &Case) -> u8 {
    match case.times.open_span() {
        Some(span) => span.step,
        None if case.phase.is_closed() => 9,
        None => case.times.spans.last().map_or(2, |span| span.step),
    }
}

fn steps(case: &Case) -> [StepState; 9] {
    let open = case.times.open_span().map(|span| span.step);
    let reached = current_step(case);
    std::array::from_fn(|index| {
        let step = index as u8 + 1;
        match step {
            1 => StepState::Done,
            _ if open == Some(step) => StepState::Current,
            _ if case.times.has_done(step) => StepState::Done,
            _ if step < reached => StepState::Skipped,
            _ => StepState::Next,
        }
    })
}

/// The clock of the step in hand; stopped while the applicant is to act.
pub(super) fn clock(case: &Case, worked: &Worked, now: DateTime<Utc>) -> Option<StepClock> {
    if case.phase.is_closed() && case.times.open_span().is_none() {
        return None;
    }
    let step = current_step(case);
    let standard = worked.procedure.time(step);
    let (minutes, from) = (standard.map_or(0, |t| t.minutes), standard.map_or(Origin::Proposed, |t| origin(t.origin)));
    let running = case.times.open_span().zip(standard);
    let state = match (running, &case.phase) {
        (Some((span, standard)), _) => {
            let limit = Minutes::of(standard.minutes);
            let used = worked.calendar.working_minutes(span.from, now.max(span.from));
            ClockState::Running { left: left(limit, used), due: worked.calendar.add_working(span.from, limit) }
        }
        (None, Phase::Incomplete { deadline, .. }) => ClockState::Stopped { until: Some(*deadline) },
        (None, _) => ClockState::Stopped { until: None },
    };
    Some(StepClock { state, standard: minutes, origin: from })
}

/// Minutes left, begun ones counted; below zero, minutes over.
fn left(limit: Minutes, used: Minutes) -> i64 {
    let whole = |time: Minutes| i64::try_from(time.seconds().div_ceil(60)).unwrap_or(i64::MAX);
    if used <= limit { whole(limit.saturating_sub(used)) } else { -whole(used.saturating_sub(limit)) }
}

/// The last letter to the applicant that did not arrive, unless one of its kind did later.
fn undelivered(case: &Case, events: &[Recorded]) -> Option<Undelivered> {
    let to_applicant = |kind: &str| !LetterKind::ALL.iter().any(|k| k.key() == kind && k.to_admin());
    let (index, letter) =
        case.letters.iter().enumerate().rev().find(|(_, letter)| {
            matches!(letter.state, LetterState::Undelivered { .. }) && to_applicant(&letter.kind)
        })?;
    let LetterState::Undelivered { at, why } = &letter.state else { return None };
    let arrived =
        |l: &crate::sop::case::LetterRecord| l.kind == letter.kind && matches!(l.state, LetterState::Sent { .. });
    if case.letters[index + 1..].iter().any(arrived) {
        return None;
    }
    let to: Vec<String> = letter.to.iter().map(ToString::to_string).collect();
    let subject = letter_subject(events, &letter.id).unwrap_or_else(|| letter.kind.clone());
    Some(Undelivered { letter: subject, to: to.join(", "), at: *at, why: why.clone() })
}
