//! Steps 3, 5 and 7: the system proposes, a named person decides, on exactly the bytes they saw.

use super::triggers::{recommend, triggers};
use super::{Refused, Ruling, clock, delivery, execution, intake};
use crate::sop::case::{Case, Channel, Confirmation, ConfirmationResult, DecisionRecord};
use crate::sop::checklist::Finding;
use crate::sop::command::{Alarm, Choice, Context, Decision, DraftKind, Factor};
use crate::sop::effect::{Effect, Letter, LetterName, Recipient};
use crate::sop::event::Event;
use crate::sop::names::Sha256Hex;
use crate::sop::phase::{AdminId, Drafts, Outcome, Phase, Proposal, Recommendation};

/// Turns the findings into a proposal for a named admin (step 2 → 3 or 5).
pub(super) fn check(r: &mut Ruling, ctx: &Context) {
    let recommendation = recommend(&r.case, ctx.procedure);
    propose(r, recommendation, ctx);
}

/// Not completed in time: rejection with reason R06 is proposed.
pub(super) fn propose_expiry(r: &mut Ruling, ctx: &Context) {
    propose(r, Recommendation::Reject { code: "R06".to_owned() }, ctx);
}

/// A finding only a person could make leads to a fresh proposal on the same dossier.
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
    assign(r, ctx);
    clock::enter(r, if incomplete { 3 } else { 5 }, ctx.now, ctx);
    announce(r, &proposal, ctx);
}

/// The proposal for a case as it stands. Its hash covers everything the admin is shown to decide on.
pub(super) fn proposal(case: &Case, recommendation: Recommendation, drafts: Option<Drafts>, ctx: &Context) -> Proposal {
    let (items, code) = match &recommendation {
        Recommendation::Complete { items } | Recommendation::Look { items } => (items.clone(), "R04".to_owned()),
        Recommendation::Reject { code } => (Vec::new(), code.clone()),
        Recommendation::Approve => (Vec::new(), "R04".to_owned()),
    };
    let drafts = drafts.unwrap_or_else(|| Drafts {
        completion: ctx.drafting.draft(DraftKind::Completion, case, &items, ""),
        rejection: ctx.drafting.draft(DraftKind::Rejection, case, &[], &code),
    });
    let mut attachments: Vec<Sha256Hex> = case.mails.iter().map(|m| m.sha256.clone()).collect();
    attachments.extend(case.mails.iter().flat_map(|m| m.attachments.iter().map(|a| a.sha256.clone())));
    attachments.sort();
    attachments.dedup();
    let mut proposal = Proposal {
        revision: case.revisions + 1,
        user_id: case.account.as_ref().map(|a| a.user_id.clone()),
        services: case.services().to_vec(),
        attachments,
        recommendation,
        drafts,
        hash: Sha256Hex(String::new()),
    };
    let seen = (&case.number, &proposal, &case.understanding, &case.account);
    let bytes = serde_json::to_vec(&seen).expect("plain values with string keys always encode");
    proposal.hash = (ctx.digest)(&bytes);
    proposal
}

pub(super) fn decide(r: &mut Ruling, decision: Decision, ctx: &Context) -> Result<(), Refused> {
    must_be_admin(&r.case, &decision.by, ctx)?;
    let Some(proposal) = r.case.phase.proposal().cloned() else { return Err(too_late(&r.case)) };
    if proposal.hash != decision.proposal {
        return Err(Refused::Changed { current: proposal.hash });
    }
    needs_factor(&decision, ctx)?;
    let Decision { by, channel, choice, factor, .. } = decision;
    let delivered = matches!(r.case.phase, Phase::Delivered { .. });
    match choice {
        Choice::HandOver { to, reason } => hand_over(r, by, to, reason, &proposal, ctx),
        Choice::Reissue { reason } if delivered => delivery::reissue(r, by, channel, factor, reason, ctx),
        Choice::HandInPerson { note } if delivered => delivery::hand_in_person(r, by, factor, note, ctx),
        Choice::Approve { reason } if !delivered => approve(r, by, channel, factor, reason, proposal, ctx),
        Choice::Complete { items, letter } if !delivered => complete(r, by, channel, items, letter, &proposal, ctx),
        Choice::Reject { code, note, letter } if !delivered => {
            reject(r, by, channel, code, note, letter, &proposal, ctx)
        }
        _ => Err(too_late(&r.case)),
    }
}

fn approve(
    r: &mut Ruling,
    by: AdminId,
    channel: Channel,
    factor: Factor,
    reason: String,
    proposal: Proposal,
    ctx: &Context,
) -> Result<(), Refused> {
    if !r.case.understanding.is_complete() {
        let missing = r.case.understanding.checklist.iter().filter(|c| c.step == 2 && c.finding > Finding::Unclear);
        return Err(Refused::NotComplete { items: missing.map(|c| c.item.clone()).collect() });
    }
    if !r.case.account.as_ref().is_some_and(|a| a.active) {
        return Err(Refused::NoAccount);
    }
    if let Phase::AwaitingConfirmation { triggers, .. } = &r.case.phase
        && !(ctx.procedure.confirmation.waivable && !reason.trim().is_empty())
    {
        return Err(Refused::NeedsConfirmation { triggers: triggers.clone() });
    }
    let findings = &r.case.understanding.checklist;
    if findings.iter().any(|c| c.finding > Finding::Unclear) {
        if reason.trim().is_empty() {
            return Err(Refused::NeedsReason);
        }
        if factor != Factor::Fresh {
            return Err(Refused::NeedsFreshFactor);
        }
    }
    let record = DecisionRecord { by: by.clone(), at: ctx.now, proposal: proposal.hash.clone(), channel, reason };
    if awaits_second(&r.case, &record, ctx) {
        if r.case.first_approval.is_none() {
            r.record(Event::FirstApproved { decision: record }, ctx);
            let others: Vec<AdminId> = eligible(&r.case, ctx).filter(|a| a.id != by).map(|a| a.id.clone()).collect();
            for id in others {
                r.send(Letter::new(LetterName::ActionNeeded, Recipient::Admin { id }).links_to(&proposal.hash));
            }
            return Ok(());
        }
        return Err(Refused::NeedsSecond);
    }
    r.record(Event::Approved { decision: record }, ctx);
    r.effects.push(Effect::VoidLinks);
    execution::intend(r, by, proposal, ctx);
    Ok(())
}

fn complete(
    r: &mut Ruling,
    by: AdminId,
    channel: Channel,
    items: Vec<String>,
    letter: Option<String>,
    proposal: &Proposal,
    ctx: &Context,
) -> Result<(), Refused> {
    if u32::from(r.case.rounds) >= ctx.procedure.completion.max_rounds {
        return Err(Refused::NoRoundLeft);
    }
    let items = match (&proposal.recommendation, items.is_empty()) {
        (Recommendation::Complete { items }, true) => items.clone(),
        _ => items,
    };
    let noted = letter.as_ref().is_some_and(|l| l.trim() != proposal.drafts.completion.trim());
    if items.is_empty() && !noted {
        return Err(Refused::NothingToComplete);
    }
    clock::enter(r, 3, ctx.now, ctx);
    let drafted = proposal.recommendation == Recommendation::Complete { items: items.clone() };
    let text = letter.or_else(|| drafted.then(|| proposal.drafts.completion.clone()));
    intake::ask(r, Some(by.clone()), channel, items, text, ctx);
    r.send(Letter::new(LetterName::DecisionDone, Recipient::Admin { id: by }).code("complete"));
    Ok(())
}

#[allow(clippy::too_many_arguments)]
fn reject(
    r: &mut Ruling,
    by: AdminId,
    channel: Channel,
    code: String,
    note: String,
    letter: Option<String>,
    proposal: &Proposal,
    ctx: &Context,
) -> Result<(), Refused> {
    if ctx.procedure.reject_reason(&code).is_none() {
        return Err(Refused::UnknownReason { code });
    }
    let proposed = matches!(&proposal.recommendation, Recommendation::Reject { code: c } if *c == code);
    let text = letter.or_else(|| proposed.then(|| proposal.drafts.rejection.clone()));
    let text = text.unwrap_or_else(|| ctx.drafting.draft(DraftKind::Rejection, &r.case, &[], &code));
    let hash = (ctx.digest)(text.as_bytes());
    r.record(Event::Rejected { by: by.clone(), channel, code: code.clone(), note, letter: hash }, ctx);
    r.effects.push(Effect::VoidLinks);
    r.send(Letter::new(LetterName::Rejected, Recipient::Correspondent).code(&code).text(Some(text)));
    let outcome = if code == "R06" { Outcome::Expired } else { Outcome::Rejected { code } };
    clock::close(r, outcome, ctx);
    r.send(Letter::new(LetterName::DecisionDone, Recipient::Admin { id: by }).code("reject"));
    Ok(())
}

fn hand_over(
    r: &mut Ruling,
    by: AdminId,
    to: AdminId,
    reason: String,
    proposal: &Proposal,
    ctx: &Context,
) -> Result<(), Refused> {
    if to == by || !eligible(&r.case, ctx).any(|a| a.id == to) {
        return Err(Refused::CannotHandOver { admin: to.masked() });
    }
    r.record(Event::Assigned { to, by: Some(by.clone()), reason }, ctx);
    r.effects.push(Effect::VoidLinks);
    announce(r, proposal, ctx);
    r.send(Letter::new(LetterName::DecisionDone, Recipient::Admin { id: by }).code("hand_over"));
    Ok(())
}

/// Records a call or meeting. A denial leads to a rejection being proposed; nobody reached leaves all as it is.
pub(super) fn confirm(r: &mut Ruling, confirmation: Confirmation, ctx: &Context) -> Result<(), Refused> {
    must_be_admin(&r.case, &confirmation.by, ctx)?;
    if !matches!(r.case.phase, Phase::UnderReview { .. } | Phase::AwaitingConfirmation { .. }) {
        return Err(too_late(&r.case));
    }
    let result = confirmation.result;
    r.record(Event::ConfirmationRecorded { confirmation }, ctx);
    match result {
        ConfirmationResult::Confirmed => r.record(Event::ReviewResumed, ctx),
        ConfirmationResult::Denied => propose(r, Recommendation::Reject { code: "R09".to_owned() }, ctx),
        ConfirmationResult::NotReached => {}
    }
    Ok(())
}

/// An edited draft is a new proposal: whoever holds a link to the old text must look again.
pub(super) fn save_draft(
    r: &mut Ruling,
    by: &AdminId,
    draft: DraftKind,
    text: String,
    ctx: &Context,
) -> Result<(), Refused> {
    must_be_admin(&r.case, by, ctx)?;
    let (old, triggers) = match &r.case.phase {
        Phase::UnderReview { proposal } => (proposal.clone(), Vec::new()),
        Phase::AwaitingConfirmation { proposal, triggers } => (proposal.clone(), triggers.clone()),
        _ => return Err(too_late(&r.case)),
    };
    let mut drafts = old.drafts.clone();
    match draft {
        DraftKind::Completion => drafts.completion = text,
        DraftKind::Rejection => drafts.rejection = text,
    }
    let proposal = proposal(&r.case, old.recommendation, Some(drafts), ctx);
    r.record(Event::DraftSaved { by: by.clone(), draft }, ctx);
    r.effects.push(Effect::VoidLinks);
    r.record(Event::Proposed { proposal: Box::new(proposal), triggers }, ctx);
    Ok(())
}

/// Names the admin whose work the case is: keeps who has it, else takes turns by register number.
pub(super) fn assign(r: &mut Ruling, ctx: &Context) {
    let candidates: Vec<AdminId> = eligible(&r.case, ctx).map(|a| a.id.clone()).collect();
    if r.case.assigned.as_ref().is_some_and(|a| candidates.contains(a)) {
        return;
    }
    let turn = r.case.number.serial() as usize;
    if let Some(to) = candidates.get(turn % candidates.len().max(1)) {
        r.record(Event::Assigned { to: to.clone(), by: None, reason: String::new() }, ctx);
        return;
    }
    let revision = r.case.revisions;
    let at = ctx.now + chrono::TimeDelta::minutes(5);
    r.effects.push(Effect::Wake { alarm: Alarm::Assign { revision }, at });
}

/// Tries again to name an admin, where none was registered when the proposal was made.
pub(super) fn assign_again(r: &mut Ruling, revision: u32, ctx: &Context) {
    if r.case.assigned.is_some() || r.case.revisions != revision || r.case.phase.is_closed() {
        return;
    }
    assign(r, ctx);
    if let (Some(proposal), true) = (r.case.phase.proposal().cloned(), r.case.assigned.is_some()) {
        announce(r, &proposal, ctx);
    } else if let Phase::Held { reason } = r.case.phase {
        r.tell_admin(|to| Letter::new(LetterName::HeldMail, to).code(intake::reason_code(reason)));
    }
}

pub(super) fn must_be_admin(case: &Case, by: &AdminId, ctx: &Context) -> Result<(), Refused> {
    if !ctx.admins.iter().any(|a| a.id == *by) {
        return Err(Refused::NotAnAdmin);
    }
    if !eligible(case, ctx).any(|a| a.id == *by) {
        return Err(Refused::OwnAccount);
    }
    Ok(())
}

/// Whoever decided first is named to whoever comes second.
pub(super) fn too_late(case: &Case) -> Refused {
    let last = case.decisions.last();
    let at = match &case.phase {
        Phase::Closed { at, .. } => Some(*at),
        _ => last.map(|d| d.at),
    };
    let by = last.map(|d| d.by.clone()).or_else(|| case.assigned.clone());
    Refused::AlreadyDecided { by, at, what: case.phase.name() }
}

/// Registered admins other than the applicant (SOP: nobody acts on their own account).
fn eligible<'a>(case: &'a Case, ctx: &'a Context) -> impl Iterator<Item = &'a crate::sop::command::Admin> {
    let own = |a: &AdminId| {
        let registered = case.account.as_ref().is_some_and(|account| account.email.same_mailbox(a));
        registered || case.mails.iter().any(|m| m.from.as_ref().is_some_and(|f| f.same_mailbox(a)))
    };
    ctx.admins.iter().filter(move |a| !ctx.procedure.approval.not_own_account || !own(&a.id))
}

fn needs_factor(decision: &Decision, ctx: &Context) -> Result<(), Refused> {
    let enough = match (decision.channel, &decision.choice) {
        (Channel::Reply, Choice::Complete { .. }) => {
            !ctx.procedure.reply.complete_needs_code || decision.factor == Factor::Fresh
        }
        (Channel::Reply, Choice::Reject { .. }) => {
            !ctx.procedure.reply.reject_needs_code || decision.factor == Factor::Fresh
        }
        (Channel::Reply, _) => decision.factor == Factor::Fresh,
        _ => decision.factor != Factor::None,
    };
    if enough { Ok(()) } else { Err(Refused::NeedsFactor) }
}

fn awaits_second(case: &Case, record: &DecisionRecord, ctx: &Context) -> bool {
    let rules = &ctx.procedure.approval;
    let triggered = !triggers(case, ctx).is_empty();
    let two = rules.two_for_every_approval || (rules.two_after_trigger && triggered);
    two && case.first_approval.as_ref().is_none_or(|first| first.by == record.by)
}

/// Triggers not yet settled by a confirmation on record.
fn unsettled(case: &Case, ctx: &Context) -> Vec<String> {
    if case.confirmed().is_some() { Vec::new() } else { triggers(case, ctx) }
}

fn announce(r: &mut Ruling, proposal: &Proposal, ctx: &Context) {
    let due = r
        .case
        .times
        .open_span()
        .and_then(|span| ctx.procedure.limit(span.step).map(|limit| ctx.calendar.add_working(span.from, limit)));
    r.tell_admin(|to| Letter { until: due, ..Letter::new(LetterName::ActionNeeded, to).links_to(&proposal.hash) });
}
