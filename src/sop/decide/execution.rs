//! Step 6: the driver's ledger. Intended → started → done, failed or unknown; one decision, one key, one effect.
//!
//! Who may report what depends on where the attempt stands: the driver on what was started, a person on what was handed
//! to them, either on what is unknown. A report out of turn is refused, or a second decision could follow a first one
//! that is still being carried out.

use super::{Refused, Ruling, clock, delivery, people, review};
use crate::sop::command::{Context, Report};
use crate::sop::effect::{Effect, Letter, LetterName};
use crate::sop::event::Event;
use crate::sop::names::Service;
use crate::sop::phase::{AdminId, Attempt, AttemptState, Phase, Proposal, Recommendation, RevealKind};

/// Writes down what a decision allows, before anything is done.
pub(super) fn intend(r: &mut Ruling, by: AdminId, proposal: Proposal, ctx: &Context) {
    let decision = u32::try_from(r.case.decisions.len()).unwrap_or(u32::MAX);
    let attempt = Attempt {
        decision,
        epoch: ctx.epoch,
        by,
        user_id: proposal.user_id.clone(),
        services: proposal.services.clone(),
        state: AttemptState::Intended,
        proposal: Box::new(proposal),
    };
    people::take(r, &attempt.by, ctx);
    r.record(Event::ExecutionIntended { attempt }, ctx);
    clock::enter(r, 6, ctx.now, ctx);
    r.effects.push(Effect::CallDriver { decision });
}

/// Only an intended attempt may start; one found started is reported unknown by the dispatcher.
pub(super) fn start(r: &mut Ruling, decision: u32, ctx: &Context) -> Result<(), Refused> {
    match &r.case.phase {
        Phase::Executing { attempt } if attempt.decision == decision && attempt.state == AttemptState::Intended => {
            r.record(Event::ExecutionStarted { decision }, ctx);
            Ok(())
        }
        phase => Err(Refused::WrongPhase { phase: phase.name() }),
    }
}

pub(super) fn report(r: &mut Ruling, decision: u32, report: Report, ctx: &Context) -> Result<(), Refused> {
    let Some(attempt) = r.case.attempt().filter(|a| a.decision == decision).cloned() else {
        return Err(review::too_late(&r.case));
    };
    if let Some(by) = person(&report) {
        people::act(r, by, ctx)?;
    }
    if !fits(&r.case.phase, &attempt, &report) {
        return Err(Refused::WrongPhase { phase: r.case.phase.name() });
    }
    match report {
        Report::Done { user_id: _, by, until } => {
            r.record(Event::ExecutionDone { decision, by }, ctx);
            let kind = kind_of(&attempt);
            delivery::ready(r, &attempt, kind, until, ctx);
        }
        Report::SystemSentLink { by } => {
            r.record(Event::ExecutionDone { decision, by }, ctx);
            delivery::ready(r, &attempt, RevealKind::SystemLink, delivery::life(ctx), ctx);
        }
        Report::HandedOver { by, note } => {
            r.record(Event::ExecutionDone { decision, by: Some(by.clone()) }, ctx);
            let kind = kind_of(&attempt);
            delivery::handed_over(r, &attempt, kind, by, note, ctx);
        }
        Report::HandedToPerson => {
            r.record(Event::ExecutionHandedToPerson { decision }, ctx);
            people::assign_or_wait(r, ctx);
            clock::change_hands(r, ctx);
            r.tell_admin(ctx, |to| Letter::new(LetterName::ManualTask, to));
        }
        Report::NotFound { by, note } => {
            failed(r, &attempt, by, &note, Some(Recommendation::Reject { code: "R10".to_owned() }), ctx);
        }
        Report::Failed { by, why } => failed(r, &attempt, by, &why, None, ctx),
        Report::Postponed => r.record(Event::ExecutionPostponed { decision }, ctx),
        Report::Unknown { why } if matches!(r.case.phase, Phase::Executing { .. }) => {
            r.record(Event::ExecutionUnknown { decision, why: why.clone() }, ctx);
            r.effects.push(Effect::ReadBack { decision });
            r.tell_admin(ctx, |to| Letter::new(LetterName::OutcomeUnknown, to).remark(&why));
        }
        Report::Unknown { .. } => {}
    }
    Ok(())
}

/// It surely did not happen: the same dossier goes back to the admin, who decides anew. Where it was to replace an
/// earlier result, that result stands: a request that was granted once can no longer be withdrawn or rejected.
fn failed(
    r: &mut Ruling,
    attempt: &Attempt,
    by: Option<AdminId>,
    why: &str,
    proposed: Option<Recommendation>,
    ctx: &Context,
) {
    r.record(Event::ExecutionFailed { decision: attempt.decision, by, why: why.to_owned() }, ctx);
    r.effects.push(Effect::DestroySecret { issue: attempt.decision });
    if r.case.replaced.is_some() {
        return delivery::resume(r, attempt, why, ctx);
    }
    r.tell_admin(ctx, |to| Letter::new(LetterName::DriverFailed, to).remark(why));
    match proposed {
        Some(recommendation) => review::propose(r, recommendation, ctx),
        None => review::check(r, ctx),
    }
}

fn fits(phase: &Phase, attempt: &Attempt, report: &Report) -> bool {
    let by_person = person(report).is_some();
    let outcome = !matches!(report, Report::HandedToPerson | Report::Postponed);
    match (phase, attempt.state) {
        (Phase::Unknown { .. }, _) => outcome,
        // Nothing was begun: it can be called off.
        (_, AttemptState::Intended) => matches!(report, Report::Failed { .. }),
        (_, AttemptState::Started) => !by_person,
        (_, AttemptState::ByHand) => by_person || matches!(report, Report::Unknown { .. }),
    }
}

fn kind_of(attempt: &Attempt) -> RevealKind {
    let asked = |service| attempt.services.contains(&service);
    match (asked(Service::ResetPassword), asked(Service::UserIdInfo)) {
        (true, true) => RevealKind::Both,
        (true, false) => RevealKind::Password,
        _ => RevealKind::UserId,
    }
}

fn person(report: &Report) -> Option<&AdminId> {
    match report {
        Report::Done { by, .. }
        | Report::SystemSentLink { by }
        | Report::NotFound { by, .. }
        | Report::Failed { by, .. } => by.as_ref(),
        Report::HandedOver { by, .. } => Some(by),
        Report::HandedToPerson | Report::Postponed | Report::Unknown { .. } => None,
    }
}
