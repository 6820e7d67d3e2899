//! The time standards: entering and leaving steps, reminding, and recording every overrun as a deviation that its
//! executor accounts for (SOP *peringatan* 2). Steps 1 and 4 have no clock.

use chrono::{DateTime, Utc};

use super::{Refused, Ruling, review};
use crate::sop::command::{Alarm, Context};
use crate::sop::effect::{Effect, Letter, LetterName, Recipient};
use crate::sop::event::Event;
use crate::sop::phase::{AdminId, Outcome, Phase};
use crate::sop::procedure::rules::Origin;
use crate::sop::timesheet::Deviation;
use crate::sop::worktime::Minutes;

/// Leaves the step in hand and enters another, at `from`.
pub(super) fn enter(r: &mut Ruling, step: u8, from: DateTime<Utc>, ctx: &Context) {
    if r.case.times.open_span().is_some_and(|span| span.step == step) {
        return;
    }
    account(r, ctx);
    let actor = r.case.assigned.clone();
    r.record(Event::StepEntered { step, actor, from }, ctx);
    let span = r.case.times.spans.len() - 1;
    let Some(standard) = ctx.procedure.limit(step) else { return };
    for percent in &ctx.procedure.overrun.remind_at_percent {
        let at = ctx.calendar.add_working(from, standard.percent(*percent));
        let alarm = if *percent < 100 { Alarm::StandardHalf { span } } else { Alarm::StandardWhole { span } };
        r.effects.push(Effect::Wake { alarm, at });
    }
    if ctx.procedure.overrun.superior_at_percent > 0 {
        let at = ctx.calendar.add_working(from, standard.percent(ctx.procedure.overrun.superior_at_percent));
        r.effects.push(Effect::Wake { alarm: Alarm::StandardEscalation { span }, at });
    }
}

/// Ends the case; the dossier goes to step 9 at once, or as soon as its last letter has gone.
pub(super) fn close(r: &mut Ruling, outcome: Outcome, ctx: &Context) {
    let rejected = matches!(outcome, Outcome::Rejected { .. } | Outcome::Expired);
    r.record(Event::Closed { outcome }, ctx);
    enter(r, if rejected { 7 } else { 9 }, ctx.now, ctx);
}

/// A letter that ends a step has gone, or surely will not.
pub(super) fn letter_gone(r: &mut Ruling, kind: &str, ctx: &Context) {
    let step = r.case.times.open_span().map(|span| span.step);
    match (step, &r.case.phase) {
        (Some(7), Phase::Closed { .. }) if kind == "rejected" => enter(r, 9, ctx.now, ctx),
        (Some(8), _) if kind.starts_with("result_") => leave(r, ctx),
        _ => {}
    }
}

/// Step 9 ends when the dossier stands in the archive.
pub(super) fn finish(r: &mut Ruling, ctx: &Context) -> Result<(), Refused> {
    if !r.case.phase.is_closed() {
        return Err(Refused::WrongPhase { phase: r.case.phase.name() });
    }
    if r.case.times.open_span().is_some() {
        leave(r, ctx);
    }
    Ok(())
}

pub(super) fn explain(r: &mut Ruling, by: AdminId, index: usize, reason: String, ctx: &Context) -> Result<(), Refused> {
    review::must_be_admin(&r.case, &by, ctx)?;
    if reason.trim().is_empty() {
        return Err(Refused::NeedsReason);
    }
    match r.case.times.deviations.get(index) {
        None => Err(Refused::Gone),
        Some(deviation) if deviation.explained.is_some() => {
            let explained = deviation.explained.as_ref();
            let (by, at) = (explained.map(|e| e.by.clone()), explained.map(|e| e.at));
            Err(Refused::AlreadyDecided { by, at, what: "explained" })
        }
        Some(_) => {
            r.record(Event::DeviationExplained { index, by, reason }, ctx);
            Ok(())
        }
    }
}

/// Half, whole and beyond: the admin is reminded, then the superior told. A span that has ended is silent.
pub(super) fn remind(r: &mut Ruling, alarm: &Alarm, ctx: &Context) {
    let (kind, to_superior, index) = match alarm {
        Alarm::StandardHalf { span } => (LetterName::StandardHalf, false, *span),
        Alarm::StandardWhole { span } => (LetterName::StandardOverdue, false, *span),
        Alarm::StandardEscalation { span } => (LetterName::StandardOverdue, true, *span),
        _ => return,
    };
    let Some(span) = r.case.times.spans.get(index).filter(|span| span.to.is_none()) else { return };
    let code = span.step.to_string();
    let due = ctx.procedure.limit(span.step).map(|limit| ctx.calendar.add_working(span.from, limit));
    let letter = |to| Letter { until: due, ..Letter::new(kind, to).code(&code) };
    if to_superior {
        r.send(letter(Recipient::Superior));
    } else {
        r.tell_admin(letter);
    }
}

fn leave(r: &mut Ruling, ctx: &Context) {
    account(r, ctx);
    r.record(Event::StepLeft, ctx);
}

/// Records the open span's overrun, if it has one.
fn account(r: &mut Ruling, ctx: &Context) {
    let Some(span) = r.case.times.open_span() else { return };
    let Some(standard) = ctx.procedure.time(span.step) else { return };
    let taken = ctx.calendar.working_minutes(span.from, ctx.now.max(span.from));
    if taken <= Minutes::of(standard.minutes) {
        return;
    }
    let deviation = Deviation {
        step: span.step,
        actor: r.case.assigned.clone(),
        standard: standard.minutes,
        taken: u32::try_from(taken.whole()).unwrap_or(u32::MAX),
        origin: if standard.origin == Origin::Sop { "sop" } else { "proposed" }.to_owned(),
        provisional: ctx.calendar.is_provisional(span.from) || ctx.calendar.is_provisional(ctx.now),
        explained: None,
    };
    r.record(Event::StandardOverrun { deviation }, ctx);
}
