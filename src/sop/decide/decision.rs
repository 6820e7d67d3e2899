//! A named person's decision, on exactly the bytes they saw (SOP steps 3, 5 and 7).

use super::people::take;
use super::triggers::{CANNOT_BE_WAIVED, unsettled};
use super::two::{self, why_two};
use super::{Refused, Ruling, clock, delivery, execution, intake, people, review};
use crate::sop::case::{Channel, DecisionRecord, Deed};
use crate::sop::checklist::Finding;
use crate::sop::command::{Choice, Context, Decision, DraftKind, Factor};
use crate::sop::effect::{Effect, Letter, LetterName, Recipient};
use crate::sop::event::Event;
use crate::sop::phase::{AdminId, AttemptState, Outcome, Phase, Proposal, Recommendation};

/// Who decides, over which channel, with which proof.
pub(super) struct Hand {
    pub by: AdminId,
    pub channel: Channel,
    pub factor: Factor,
    /// The absent admin whose case it is.
    pub acting_for: Option<AdminId>,
}

impl Hand {
    /// The decision as the journal keeps it.
    pub(super) fn record(self, deed: Deed, proposal: &Proposal, reason: String, ctx: &Context) -> DecisionRecord {
        let Self { by, channel, acting_for, .. } = self;
        let proposal = proposal.hash.clone();
        DecisionRecord { by, at: ctx.now, proposal, deed, channel, reason, acting_for, first: None }
    }

    /// High-risk decisions ask for the factor again.
    pub(super) fn must_be_fresh(&self) -> Result<(), Refused> {
        if self.factor == Factor::Fresh { Ok(()) } else { Err(Refused::NeedsFreshFactor) }
    }
}

pub(super) fn decide(r: &mut Ruling, decision: Decision, ctx: &Context) -> Result<(), Refused> {
    people::must_be_admin(&r.case, &decision.by, ctx)?;
    let proposal = decidable(r, &decision.choice)?;
    if proposal.hash != decision.proposal {
        return Err(Refused::Changed { current: proposal.hash });
    }
    needs_factor(&decision, ctx)?;
    let acting_for = people::act(r, &decision.by, ctx)?;
    let Decision { by, channel, choice, factor, .. } = decision;
    let hand = Hand { by, channel, factor, acting_for };
    match choice {
        Choice::HandOver { to, reason } => hand_over(r, hand, to, reason, ctx),
        Choice::Reissue { reason } => delivery::reissue(r, hand, reason, ctx),
        Choice::HandInPerson { note } => delivery::hand_in_person(r, hand, note, ctx),
        Choice::Approve { reason } => approve(r, hand, reason, proposal, ctx),
        Choice::Complete { items, letter } => complete(r, hand, items, letter, &proposal, ctx),
        Choice::Reject { code, note, letter } => reject(r, hand, code, note, letter, &proposal, ctx),
    }
}

/// The proposal that a choice can be about, where the request stands.
fn decidable(r: &Ruling, choice: &Choice) -> Result<Proposal, Refused> {
    let after_delivery = matches!(choice, Choice::Reissue { .. } | Choice::HandInPerson { .. });
    let wrong = || Refused::WrongPhase { phase: r.case.phase.name() };
    match (&r.case.phase, choice) {
        (Phase::UnderReview { proposal } | Phase::AwaitingConfirmation { proposal, .. }, _) if !after_delivery => {
            Ok(proposal.clone())
        }
        (Phase::Delivered { proposal, .. }, Choice::HandOver { .. }) => Ok(proposal.clone()),
        (Phase::Delivered { proposal, .. }, _) if after_delivery => Ok(proposal.clone()),
        (Phase::Executing { attempt }, Choice::HandOver { .. }) if attempt.state == AttemptState::ByHand => {
            Ok((*attempt.proposal).clone())
        }
        (Phase::Unknown { attempt, .. }, Choice::HandOver { .. }) => Ok((*attempt.proposal).clone()),
        (Phase::Held { .. } | Phase::Received, _) => Err(wrong()),
        _ if after_delivery && r.case.phase.is_undecided() => Err(wrong()),
        _ => Err(review::too_late(&r.case)),
    }
}

fn needs_factor(decision: &Decision, ctx: &Context) -> Result<(), Refused> {
    let fresh = decision.factor == Factor::Fresh;
    let enough = match (decision.channel, &decision.choice) {
        (Channel::Desk, _) => decision.factor != Factor::None,
        (Channel::Reply, Choice::Complete { .. }) => !ctx.procedure.reply.complete_needs_code || fresh,
        (Channel::Reply, Choice::Reject { .. }) => !ctx.procedure.reply.reject_needs_code || fresh,
        (Channel::Reply, _) => fresh,
        // The system proposes; it never decides in a person's name.
        (Channel::System, _) => false,
    };
    if enough { Ok(()) } else { Err(Refused::NeedsFactor) }
}

fn approve(r: &mut Ruling, hand: Hand, reason: String, proposal: Proposal, ctx: &Context) -> Result<(), Refused> {
    let u = &r.case.understanding;
    let mut lacking: Vec<String> = Vec::new();
    if !u.is_complete() {
        lacking
            .extend(u.checklist.iter().filter(|c| c.step == 2 && c.finding > Finding::Unclear).map(|c| c.item.clone()));
    }
    if u.services.is_empty() {
        lacking.push("service_stated".to_owned());
    }
    if !lacking.is_empty() {
        return Err(Refused::NotComplete { items: lacking });
    }
    if !r.case.account.as_ref().is_some_and(|a| a.active) {
        return Err(Refused::NoAccount);
    }
    let doubtful = u.checklist.iter().any(|c| c.finding > Finding::Unclear);
    let open = unsettled(&r.case, ctx);
    let waivable = ctx.procedure.confirmation.waivable && !reason.trim().is_empty();
    if !open.is_empty() && (!waivable || open.iter().any(|t| CANNOT_BE_WAIVED.contains(&t.as_str()))) {
        return Err(Refused::NeedsConfirmation { triggers: open });
    }
    if doubtful && reason.trim().is_empty() {
        return Err(Refused::NeedsReason);
    }
    let two = !why_two(&r.case, ctx.procedure, ctx.calendar).is_empty();
    if doubtful || two {
        hand.must_be_fresh()?;
    }
    let record = hand.record(Deed::Grant, &proposal, reason, ctx);
    let Some(record) = two::counted(r, record, two, ctx)? else { return Ok(()) };
    let (by, reason) = (record.by.clone(), record.reason.clone());
    if !open.is_empty() {
        r.record(Event::ConfirmationWaived { by: by.clone(), triggers: open, reason }, ctx);
    }
    r.record(Event::Approved { decision: record }, ctx);
    r.effects.push(Effect::VoidLinks);
    execution::intend(r, by, proposal, ctx);
    Ok(())
}

fn complete(
    r: &mut Ruling,
    hand: Hand,
    items: Vec<String>,
    letter: Option<String>,
    proposal: &Proposal,
    ctx: &Context,
) -> Result<(), Refused> {
    if !intake::may_ask_again(&r.case, ctx.procedure) {
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
    let Hand { by, channel, .. } = hand;
    take(r, &by, ctx);
    clock::enter(r, 3, ctx.now, ctx);
    let drafted = proposal.recommendation == Recommendation::Complete { items: items.clone() };
    let text = letter.or_else(|| drafted.then(|| proposal.drafts.completion.clone()));
    intake::ask(r, Some(by.clone()), channel, items, text, ctx);
    r.send(Letter::new(LetterName::DecisionDone, Recipient::Admin { id: by }).code("complete"));
    Ok(())
}

fn reject(
    r: &mut Ruling,
    hand: Hand,
    code: String,
    note: String,
    letter: Option<String>,
    proposal: &Proposal,
    ctx: &Context,
) -> Result<(), Refused> {
    if ctx.procedure.reject_reason(&code).is_none() {
        return Err(Refused::UnknownReason { code });
    }
    let Hand { by, channel, .. } = hand;
    take(r, &by, ctx);
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

/// Another admin takes the case as it stands; the clock goes on with them.
fn hand_over(r: &mut Ruling, hand: Hand, to: AdminId, reason: String, ctx: &Context) -> Result<(), Refused> {
    let by = hand.by;
    if to == by || !people::may_act(&r.case, &to, ctx) {
        return Err(Refused::CannotHandOver { admin: to.masked() });
    }
    if r.case.assigned.as_ref() == Some(&to) {
        return Err(Refused::AlreadyDecided { by: Some(to), at: None, what: "handed_over" });
    }
    r.record(Event::Assigned { to, by: Some(by.clone()), reason }, ctx);
    r.effects.push(Effect::VoidLinks);
    clock::change_hands(r, ctx);
    people::tell_what_waits(r, ctx);
    r.send(Letter::new(LetterName::DecisionDone, Recipient::Admin { id: by }).code("hand_over"));
    Ok(())
}
