//! Step 8: the result is told to the registered address alone, revealed at most once, and its change confirmed.

use super::{Refused, Ruling, clock, execution, review};
use crate::sop::case::{Channel, DecisionRecord};
use crate::sop::command::{Alarm, Context, Factor};
use crate::sop::effect::{Effect, Letter, LetterName, Recipient};
use crate::sop::event::Event;
use crate::sop::phase::{AdminId, Attempt, Outcome, Phase, Recommendation, Reveal, RevealKind, RevealState};

/// The result stands ready; the letter with its link goes out.
pub(super) fn ready(r: &mut Ruling, attempt: &Attempt, what: RevealKind, ctx: &Context) {
    let issue = attempt.decision;
    let expires_at = ctx.procedure.secret.expires_at(ctx.calendar, ctx.now);
    let reveal = Reveal { issue, what, expires_at, state: RevealState::Waiting, reminders: 0, asked_again: false };
    let proposal = review::proposal(&r.case, Recommendation::Approve, Some(attempt.proposal.drafts.clone()), ctx);
    r.record(Event::ResultReady { reveal, proposal: Box::new(proposal) }, ctx);
    clock::enter(r, 8, ctx.now, ctx);
    r.send(Letter::new(letter_for(what), Recipient::Registered).until(expires_at).issue(issue));
    if what != RevealKind::SystemLink {
        r.effects.push(Effect::Wake { alarm: Alarm::SecretExpiry { issue }, at: expires_at });
    }
    if what.must_change() {
        wake_for_change(r, issue, 1, ctx);
    }
    let by = attempt.by.clone();
    r.send(Letter::new(LetterName::DecisionDone, Recipient::Admin { id: by }).code("approve").until(expires_at));
}

/// Claimed first, shown after: whoever comes second gets nothing.
pub(super) fn reveal(r: &mut Ruling, issue: u32, ctx: &Context) -> Result<(), Refused> {
    let Phase::Delivered { reveal, .. } = &r.case.phase else { return Err(Refused::Gone) };
    if reveal.issue != issue || reveal.state != RevealState::Waiting || reveal.expires_at <= ctx.now {
        return Err(Refused::Gone);
    }
    let what = reveal.what;
    if what == RevealKind::SystemLink {
        return Err(Refused::Gone);
    }
    r.record(Event::Revealed { issue }, ctx);
    r.effects.push(Effect::DestroySecret { issue });
    if !what.must_change() {
        finish(r, Outcome::UserIdGiven, ctx);
    }
    Ok(())
}

/// The applicant says that the password was changed. Twice is the same as once.
pub(super) fn confirm_change(r: &mut Ruling, issue: u32, ctx: &Context) -> Result<(), Refused> {
    match &r.case.phase {
        Phase::Closed { outcome: Outcome::ResetConfirmed, .. } => Ok(()),
        Phase::Delivered { reveal, .. } if reveal.issue == issue && reveal.what.must_change() => {
            let shown = matches!(reveal.state, RevealState::Revealed { .. } | RevealState::HandedOver { .. });
            if !shown && reveal.what != RevealKind::SystemLink {
                return Err(Refused::Gone);
            }
            r.record(Event::ChangeConfirmed { issue }, ctx);
            finish(r, Outcome::ResetConfirmed, ctx);
            Ok(())
        }
        _ => Err(Refused::Gone),
    }
}

/// A new secret on the same dossier; the old one dies with its link.
pub(super) fn reissue(
    r: &mut Ruling,
    by: AdminId,
    channel: Channel,
    factor: Factor,
    reason: String,
    ctx: &Context,
) -> Result<(), Refused> {
    if factor != Factor::Fresh {
        return Err(Refused::NeedsFreshFactor);
    }
    if reason.trim().is_empty() {
        return Err(Refused::NeedsReason);
    }
    let Phase::Delivered { reveal, proposal } = r.case.phase.clone() else { return Err(review::too_late(&r.case)) };
    let record = DecisionRecord { by: by.clone(), at: ctx.now, proposal: proposal.hash.clone(), channel, reason };
    let two = ctx.procedure.approval.two_for_reissue;
    if two && r.case.first_approval.as_ref().is_none_or(|first| first.by == by) {
        if r.case.first_approval.is_some() {
            return Err(Refused::NeedsSecond);
        }
        r.record(Event::FirstApproved { decision: record }, ctx);
        return Ok(());
    }
    r.record(Event::SecretVoided { issue: reveal.issue }, ctx);
    r.effects.push(Effect::DestroySecret { issue: reveal.issue });
    r.effects.push(Effect::VoidLinks);
    r.record(Event::Approved { decision: record }, ctx);
    execution::intend(r, by, proposal, ctx);
    Ok(())
}

/// The person stands at the counter: the secret is shown there, on record, and its link dies.
pub(super) fn hand_in_person(
    r: &mut Ruling,
    by: AdminId,
    factor: Factor,
    note: String,
    ctx: &Context,
) -> Result<(), Refused> {
    if factor != Factor::Fresh {
        return Err(Refused::NeedsFreshFactor);
    }
    if note.trim().is_empty() {
        return Err(Refused::NeedsReason);
    }
    let Phase::Delivered { reveal, .. } = &r.case.phase else { return Err(review::too_late(&r.case)) };
    if reveal.state != RevealState::Waiting || reveal.expires_at <= ctx.now {
        return Err(Refused::Gone);
    }
    let (issue, what) = (reveal.issue, reveal.what);
    r.record(Event::HandedInPerson { issue, by, note }, ctx);
    r.effects.push(Effect::DestroySecret { issue });
    r.send(Letter::new(LetterName::HandedInPerson, Recipient::Registered).issue(issue));
    if !what.must_change() {
        finish(r, Outcome::UserIdGiven, ctx);
    }
    Ok(())
}

/// Unseen until its time: destroyed, and the applicant told how to get a new one.
pub(super) fn expire(r: &mut Ruling, issue: u32, ctx: &Context) {
    let Phase::Delivered { reveal, .. } = &r.case.phase else { return };
    if reveal.issue != issue || reveal.state != RevealState::Waiting {
        return;
    }
    let what = reveal.what;
    r.record(Event::SecretExpired { issue }, ctx);
    r.effects.push(Effect::DestroySecret { issue });
    r.send(Letter::new(LetterName::SecretExpired, Recipient::Registered));
    r.tell_admin(|to| Letter::new(LetterName::NewLinkAsked, to).code("expired"));
    if !what.must_change() {
        wake_for_change(r, issue, 1, ctx);
    }
}

/// Reminds of the change (SOP step 8), and after the last reminder closes the case as unconfirmed.
pub(super) fn remind_change(r: &mut Ruling, issue: u32, nth: u8, ctx: &Context) {
    let Phase::Delivered { reveal, .. } = &r.case.phase else { return };
    if reveal.issue != issue {
        return;
    }
    if u32::from(nth) > ctx.procedure.change.reminders {
        if reveal.state == RevealState::Waiting {
            r.effects.push(Effect::DestroySecret { issue });
        }
        let unseen = reveal.state == RevealState::Expired;
        return finish(r, if unseen { Outcome::NotFetched } else { Outcome::ResetUnconfirmed }, ctx);
    }
    let shown = reveal.state != RevealState::Expired
        && (reveal.state != RevealState::Waiting || reveal.what == RevealKind::SystemLink);
    r.record(Event::ChangeReminded { issue, nth }, ctx);
    if shown {
        r.send(Letter::new(LetterName::ChangeReminder, Recipient::Registered).issue(issue));
    }
    wake_for_change(r, issue, nth.saturating_add(1), ctx);
}

fn wake_for_change(r: &mut Ruling, issue: u32, nth: u8, ctx: &Context) {
    let rules = &ctx.procedure.change;
    let days = if nth == 1 {
        rules.remind_after_working_days
    } else if u32::from(nth) > rules.reminders {
        let spent =
            rules.remind_after_working_days + rules.remind_every_working_days * rules.reminders.saturating_sub(1);
        rules.close_after_working_days.saturating_sub(spent).max(1)
    } else {
        rules.remind_every_working_days
    };
    let at = ctx.calendar.add_working_days(ctx.now, days.max(1));
    r.effects.push(Effect::Wake { alarm: Alarm::ChangeReminder { issue, nth }, at });
}

fn finish(r: &mut Ruling, outcome: Outcome, ctx: &Context) {
    r.effects.push(Effect::VoidLinks);
    clock::close(r, outcome, ctx);
    r.send(Letter::new(LetterName::Closed, Recipient::Registered));
}

fn letter_for(what: RevealKind) -> LetterName {
    match what {
        RevealKind::Password => LetterName::ResultReset,
        RevealKind::UserId => LetterName::ResultUserId,
        RevealKind::Both => LetterName::ResultBoth,
        RevealKind::SystemLink => LetterName::ResultSystemLink,
    }
}
