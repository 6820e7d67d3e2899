//! Steps 2 to 5: the findings become a proposal for a named admin, calls and meetings are recorded, drafts are edited.
//! The system proposes here; a person decides in [`super::decision`].

use chrono::{DateTime, Utc};

use super::triggers::{NIP_UNKNOWN, recommend, triggers, unsettled};
use super::{Refused, Ruling, clock, intake, people};
use crate::sop::case::{Case, Channel, Confirmation, ConfirmationMethod, ConfirmationResult};
use crate::sop::command::{Context, DraftKind};
use crate::sop::effect::{Effect, Letter, LetterName};
use crate::sop::event::Event;
use crate::sop::names::Sha256Hex;
use crate::sop::phase::{AdminId, Drafts, Phase, Proposal, Recommendation};
use crate::sop::procedure::papers::UNLIKE_THE_RECORDS;

/// Turns the findings into a proposal for a named admin (step 2 → 3 or 5).
pub(super) fn check(r: &mut Ruling, ctx: &Context) {
    let recommendation = recommend(&r.case, ctx.procedure);
    propose(r, recommendation, ctx);
}

/// Not completed in time: rejection with reason R06 is proposed.
pub(super) fn propose_expiry(r: &mut Ruling, ctx: &Context) {
    propose(r, Recommendation::Reject { code: "R06".to_owned() }, ctx);
}

/// Puts a proposal before the admin; links to an earlier one die first.
pub(super) fn propose(r: &mut Ruling, recommendation: Recommendation, ctx: &Context) {
    if let (Recommendation::Complete { items }, true) = (&recommendation, ctx.procedure.completion.auto_release) {
        let items = items.clone();
        clock::enter(r, 3, ctx.now, ctx);
        return intake::ask(r, None, Channel::System, items, None, ctx);
    }
    let incomplete = matches!(recommendation, Recommendation::Complete { .. });
    let triggers = if incomplete { Vec::new() } else { unsettled(&r.case, ctx) };
    let proposal = proposal(&r.case, recommendation, None, ctx);
    r.effects.push(Effect::VoidLinks);
    r.record(Event::Proposed { proposal: Box::new(proposal.clone()), triggers }, ctx);
    people::assign_or_wait(r, ctx);
    clock::enter(r, if incomplete { 3 } else { 5 }, ctx.now, ctx);
    announce(r, &proposal, ctx);
}

/// The proposal for a case as it stands. Its hash covers everything the admin is shown to decide on.
pub(super) fn proposal(case: &Case, recommendation: Recommendation, drafts: Option<Drafts>, ctx: &Context) -> Proposal {
    let (items, code) = match &recommendation {
        Recommendation::Complete { items } | Recommendation::Look { items } => {
            (items.clone(), UNLIKE_THE_RECORDS.to_owned())
        }
        Recommendation::Reject { code } => (Vec::new(), code.clone()),
        Recommendation::Approve => (Vec::new(), UNLIKE_THE_RECORDS.to_owned()),
    };
    let drafts = drafts.unwrap_or_else(|| Drafts {
        completion: ctx.drafting.draft(DraftKind::Completion, case, &items, ""),
        rejection: ctx.drafting.draft(DraftKind::Rejection, case, &[], &code),
        enclosures: ctx.drafting.enclosures(case, &items),
    });
    let mut attachments: Vec<Sha256Hex> = case.mails.iter().map(|m| m.sha256.clone()).collect();
    attachments.extend(case.mails.iter().flat_map(|m| m.attachments.iter().map(|a| a.sha256.clone())));
    attachments.sort();
    attachments.dedup();
    let mut proposal = Proposal {
        revision: case.revisions.saturating_add(1),
        user_id: case.account.as_ref().map(|a| a.user_id.clone()),
        services: case.services().to_vec(),
        attachments,
        recommendation,
        drafts,
        hash: Sha256Hex(String::new()),
    };
    let seen = (&case.number, &proposal, &case.understanding, &case.account, &case.last_approved);
    let bytes = serde_json::to_vec(&seen).expect("plain values with string keys always encode");
    proposal.hash = (ctx.digest)(&bytes);
    proposal
}

/// Records a call or meeting. A denial leads to a rejection being proposed; nobody reached leaves all as it is.
pub(super) fn confirm(r: &mut Ruling, confirmation: Confirmation, ctx: &Context) -> Result<(), Refused> {
    people::act(r, &confirmation.by, ctx)?;
    match r.case.phase {
        Phase::UnderReview { .. } | Phase::AwaitingConfirmation { .. } => {}
        Phase::Held { .. } => return Err(Refused::WrongPhase { phase: r.case.phase.name() }),
        _ => return Err(too_late(&r.case)),
    }
    let (result, has_code) = (confirmation.result, confirmation.code_tag.is_some());
    if result == ConfirmationResult::Confirmed && !reached_as_registered(&r.case, &confirmation) {
        return Err(Refused::NotTheRegisteredNumber);
    }
    r.record(Event::ConfirmationRecorded { confirmation }, ctx);
    match result {
        ConfirmationResult::Confirmed => confirmed(r, has_code, ctx),
        ConfirmationResult::Denied => propose(r, Recommendation::Reject { code: "R09".to_owned() }, ctx),
        ConfirmationResult::NotReached => {}
    }
    Ok(())
}

/// The triggers known today are answered; one that a later mail brings asks for another call.
fn confirmed(r: &mut Ruling, has_code: bool, ctx: &Context) {
    // Without a NIP only a code opens the result: a confirmation that gave none cannot replace it.
    let answered = triggers(&r.case, ctx.procedure).into_iter().filter(|t| has_code || t != NIP_UNKNOWN).collect();
    r.record(Event::TriggersSettled { triggers: answered }, ctx);
    let denied_before = |p: &Proposal| p.recommendation == Recommendation::Reject { code: "R09".to_owned() };
    if r.case.phase.proposal().is_some_and(denied_before) {
        return check(r, ctx);
    }
    if matches!(r.case.phase, Phase::AwaitingConfirmation { .. }) && unsettled(&r.case, ctx).is_empty() {
        r.record(Event::ReviewResumed, ctx);
    }
}

fn reached_as_registered(case: &Case, confirmation: &Confirmation) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let registered = case.account.as_ref().and_then(|a| a.phone.as_deref()).map(digits).filter(|d| !d.is_empty());
    match confirmation.method {
        ConfirmationMethod::InPerson => true,
        ConfirmationMethod::Telephone => {
            registered.is_some() && registered == confirmation.number_called.as_deref().map(digits)
        }
    }
}

/// An edited draft is a new proposal: whoever holds a link to the old text must look again.
pub(super) fn save_draft(
    r: &mut Ruling,
    by: &AdminId,
    draft: DraftKind,
    text: String,
    ctx: &Context,
) -> Result<(), Refused> {
    people::act(r, by, ctx)?;
    let (old, triggers) = match &r.case.phase {
        Phase::UnderReview { proposal } => (proposal.clone(), Vec::new()),
        Phase::AwaitingConfirmation { proposal, triggers } => (proposal.clone(), triggers.clone()),
        Phase::Held { .. } => return Err(Refused::WrongPhase { phase: r.case.phase.name() }),
        _ => return Err(too_late(&r.case)),
    };
    let mut drafts = old.drafts.clone();
    match draft {
        DraftKind::Completion => drafts.completion = text,
        DraftKind::Rejection => drafts.rejection = text,
    }
    if drafts == old.drafts {
        return Ok(());
    }
    r.record(Event::DraftSaved { by: by.clone(), draft }, ctx);
    let proposal = propose_anew(r, Proposal { drafts, ..old }, triggers, ctx);
    announce(r, &proposal, ctx);
    Ok(())
}

/// What was approved elsewhere may call for a call or a second person here: it becomes part of the findings, and whoever
/// holds a link to what was shown before must look again.
pub(super) fn note_approval(r: &mut Ruling, at: DateTime<Utc>, ctx: &Context) {
    let (Phase::UnderReview { proposal } | Phase::AwaitingConfirmation { proposal, .. }) = r.case.phase.clone() else {
        return;
    };
    if r.case.last_approved.is_some_and(|known| known >= at) {
        return;
    }
    let mut understanding = Box::new(r.case.understanding.clone());
    ctx.procedure.confirmation.note_repeat(&mut understanding, Some(at), ctx.now);
    let account = r.case.account.clone().map(Box::new);
    r.record(Event::Checked { understanding, account, last_approved: Some(at) }, ctx);
    let incomplete = matches!(proposal.recommendation, Recommendation::Complete { .. });
    let triggers = if incomplete { Vec::new() } else { unsettled(&r.case, ctx) };
    let proposal = propose_anew(r, proposal, triggers, ctx);
    let due = clock::due(r, ctx);
    let why = |to| Letter::new(LetterName::FreshProposal, to).code("approved_elsewhere").links_to(&proposal.hash);
    r.tell_admin(ctx, |to| Letter { until: due, ..why(to) });
}

/// The same proposal, about the case as it stands now.
fn propose_anew(r: &mut Ruling, old: Proposal, triggers: Vec<String>, ctx: &Context) -> Proposal {
    let proposal = proposal(&r.case, old.recommendation, Some(old.drafts), ctx);
    r.effects.push(Effect::VoidLinks);
    r.record(Event::Proposed { proposal: Box::new(proposal.clone()), triggers }, ctx);
    people::assign_or_wait(r, ctx);
    proposal
}

/// Whoever decided first is named to whoever comes second.
pub(super) fn too_late(case: &Case) -> Refused {
    let (by, at) = case.decided();
    Refused::AlreadyDecided { by: by.cloned(), at, what: case.phase.name() }
}

/// Sends the named admin the proposal with its links.
pub(super) fn announce(r: &mut Ruling, proposal: &Proposal, ctx: &Context) {
    let due = clock::due(r, ctx);
    r.tell_admin(ctx, |to| Letter { until: due, ..Letter::new(LetterName::ActionNeeded, to).links_to(&proposal.hash) });
}
