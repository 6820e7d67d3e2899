//! The time standards: entering and leaving steps, reminding, and recording every overrun as a deviation that its
//! executor accounts for (SOP *peringatan* 2). Steps 1 and 4 have no clock.
//!
//! Each actor has a span of their own in a step, and a standard of their own: who takes a case over does not answer
//! for the time of who had it before (DOMAIN §6, "per step and per actor").

use chrono::{DateTime, Utc};

use super::{Refused, Ruling, people};
use crate::sop::command::{Alarm, Context};
use crate::sop::effect::{Effect, Letter, LetterName, Recipient};
use crate::sop::event::Event;
use crate::sop::phase::{AdminId, Outcome, Phase};
use crate::sop::procedure::rules::Origin;
use crate::sop::timesheet::Deviation;
use crate::sop::worktime::Minutes;

/// Step 4: the applicant's, with no actor and no clock.
pub(super) const APPLICANTS_TURN: u8 = 4;

/// Leaves the step in hand and enters another, at `from`; a date ahead of the clock counts as this moment.
pub(super) fn enter(r: &mut Ruling, step: u8, from: DateTime<Utc>, ctx: &Context) {
    let actor = people::holder(&r.case, ctx).filter(|_| step != APPLICANTS_TURN);
    if r.case.times.open_span().is_some_and(|span| span.step == step && span.actor == actor) {
        return;
    }
    let from = r.case.times.not_before(from.min(ctx.now));
    account(r, from, ctx);
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

/// The step in hand goes on with the admin who has the case.
pub(super) fn change_hands(r: &mut Ruling, ctx: &Context) {
    if let Some(step) = r.case.times.open_span().map(|span| span.step) {
        enter(r, step, ctx.now, ctx);
    }
}

/// Ends the case. A rejection is step 7 until its letter has gone; then the dossier waits for the archive's schedule,
/// which is nobody's time.
pub(super) fn close(r: &mut Ruling, outcome: Outcome, ctx: &Context) {
    let rejected = matches!(outcome, Outcome::Rejected { .. } | Outcome::Expired);
    if rejected {
        enter(r, 7, ctx.now, ctx);
    } else {
        leave(r, ctx);
    }
    r.record(Event::Closed { outcome }, ctx);
}

/// A letter that ends a step has gone, or surely will not.
pub(super) fn letter_gone(r: &mut Ruling, kind: &str, ctx: &Context) {
    let step = r.case.times.open_span().map(|span| span.step);
    let rejection = step == Some(7) && r.case.phase.is_closed() && kind == LetterName::Rejected.key();
    let result = step == Some(8) && LetterName::RESULTS.iter().any(|name| name.key() == kind);
    if rejection || result {
        leave(r, ctx);
    }
}

/// Step 9 begins when the archive takes the dossier up.
pub(super) fn begin_archiving(r: &mut Ruling, ctx: &Context) -> Result<(), Refused> {
    if !r.case.phase.is_closed() {
        return Err(Refused::WrongPhase { phase: r.case.phase.name() });
    }
    if !r.case.times.has_done(9) {
        enter(r, 9, ctx.now, ctx);
    }
    Ok(())
}

/// Step 9 ends when the dossier stands in the archive.
pub(super) fn finish_archiving(r: &mut Ruling, ctx: &Context) -> Result<(), Refused> {
    begin_archiving(r, ctx)?;
    leave(r, ctx);
    Ok(())
}

pub(super) fn explain(r: &mut Ruling, by: AdminId, index: usize, reason: String, ctx: &Context) -> Result<(), Refused> {
    people::act(r, &by, ctx)?;
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

/// Half, whole and beyond: the admin is reminded, then the superior told. A span that has ended is silent; one whose
/// admin may no longer act goes to another.
pub(super) fn remind(r: &mut Ruling, alarm: &Alarm, ctx: &Context) {
    let (kind, to_superior, index) = match alarm {
        Alarm::StandardHalf { span } => (LetterName::StandardHalf, false, *span),
        Alarm::StandardWhole { span } => (LetterName::StandardOverdue, false, *span),
        Alarm::StandardEscalation { span } => (LetterName::StandardOverdue, true, *span),
        _ => return,
    };
    let Some(span) = r.case.times.spans.get(index).filter(|span| span.to.is_none()).cloned() else { return };
    let code = span.step.to_string();
    let limit = ctx.procedure.limit(span.step);
    let due = limit.map(|limit| ctx.calendar.add_working(span.from, limit));
    let whole = ctx.procedure.overrun.remind_at_percent.iter().copied().filter(|percent| *percent >= 100).min();
    let whole_at = limit.zip(whole).map(|(limit, percent)| ctx.calendar.add_working(span.from, limit.percent(percent)));
    // After a long absence both are late: that the time is over says enough.
    let says_nothing_new = matches!(alarm, Alarm::StandardHalf { .. }) && whole_at.is_some_and(|at| at <= ctx.now);
    let letter = |to| Letter { until: due, ..Letter::new(kind, to).code(&code) };
    if to_superior {
        r.send(letter(Recipient::Superior));
    } else if !says_nothing_new {
        r.tell_admin(ctx, letter);
    }
    // With nobody to act, the wake that looks for an admin is already on its way.
    if span.actor.is_some() {
        people::replace(r, ctx);
    }
}

pub(super) fn leave(r: &mut Ruling, ctx: &Context) {
    if r.case.times.open_span().is_some() {
        account(r, ctx.now, ctx);
        r.record(Event::StepLeft, ctx);
    }
}

/// When the step in hand should be done.
pub(super) fn due(r: &Ruling, ctx: &Context) -> Option<DateTime<Utc>> {
    let span = r.case.times.open_span()?;
    ctx.procedure.limit(span.step).map(|limit| ctx.calendar.add_working(span.from, limit))
}

/// Records the open span's overrun, if it has one when it ends at `until`.
fn account(r: &mut Ruling, until: DateTime<Utc>, ctx: &Context) {
    let Some(span) = r.case.times.open_span() else { return };
    let Some(standard) = ctx.procedure.time(span.step) else { return };
    let taken = ctx.calendar.working_minutes(span.from, until.max(span.from));
    if taken <= Minutes::of(standard.minutes) {
        return;
    }
    let deviation = Deviation {
        step: span.step,
        actor: span.actor.clone(),
        standard: standard.minutes,
        taken: u32::try_from(taken.seconds().div_ceil(60)).unwrap_or(u32::MAX),
        origin: if standard.origin == Origin::Sop { "sop" } else { "proposed" }.to_owned(),
        provisional: ctx.calendar.is_provisional(span.from) || ctx.calendar.is_provisional(until),
        explained: None,
    };
    r.record(Event::StandardOverrun { deviation }, ctx);
}

/// The applicant still lacks a result through no choice of theirs: step 8 goes on until they have one.
pub(super) fn result_is_owed(r: &mut Ruling, ctx: &Context) {
    if matches!(r.case.phase, Phase::Delivered { .. }) {
        enter(r, 8, ctx.now, ctx);
    }
}
