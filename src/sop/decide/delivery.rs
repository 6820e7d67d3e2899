//! Step 8: the result is told to the registered address alone, revealed at most once, and its change confirmed.

use chrono::{DateTime, Utc};

use super::{Refused, Ruling, clock, decision, execution, review, two};
use crate::sop::case::{DecisionRecord, Deed};
use crate::sop::command::{Alarm, Context};
use crate::sop::effect::{Effect, Letter, LetterName, Recipient};
use crate::sop::event::Event;
use crate::sop::phase::{AdminId, Attempt, Outcome, Phase, Recommendation, Reveal, RevealKind, RevealState};
use decision::Hand;

/// The result stands ready until `expires_at`; the letter with its link goes out.
pub(super) fn ready(r: &mut Ruling, attempt: &Attempt, what: RevealKind, expires_at: DateTime<Utc>, ctx: &Context) {
    let issue = attempt.decision;
    stand_ready(r, attempt, what, expires_at, ctx);
    r.send(Letter::new(letter_for(what), Recipient::Registered).until(expires_at).issue(issue));
    if what == RevealKind::SystemLink {
        // The password that was kept ready for this attempt is nobody's.
        r.effects.push(Effect::DestroySecret { issue });
        wake_for_change(r, issue, 1, ctx);
    } else {
        r.effects.push(Effect::Wake { alarm: Alarm::SecretExpiry { issue }, at: expires_at });
    }
    let by = attempt.by.clone();
    r.send(Letter::new(LetterName::DecisionDone, Recipient::Admin { id: by }).code("approve").until(expires_at));
}

/// The result was given to the person at the counter before anything went out: there is nothing left to fetch.
pub(super) fn handed_over(
    r: &mut Ruling,
    attempt: &Attempt,
    what: RevealKind,
    by: AdminId,
    note: String,
    ctx: &Context,
) {
    let (issue, handed_by) = (attempt.decision, Some(by.clone()));
    stand_ready(r, attempt, what, life(ctx), ctx);
    r.record(Event::HandedInPerson { issue, by, note, first: None }, ctx);
    r.effects.push(Effect::DestroySecret { issue });
    r.send(Letter { by: handed_by, ..Letter::new(LetterName::HandedInPerson, Recipient::Registered).issue(issue) });
    received(r, issue, what, ctx);
}

/// Until when a result that begins now may be fetched.
pub(super) fn life(ctx: &Context) -> DateTime<Utc> {
    ctx.procedure.secret.expires_at(ctx.calendar, ctx.now)
}

fn stand_ready(r: &mut Ruling, attempt: &Attempt, what: RevealKind, expires_at: DateTime<Utc>, ctx: &Context) {
    let (issue, state) = (attempt.decision, RevealState::Waiting);
    let reveal = Reveal { issue, what, expires_at, state, reminders: 0, asked_again: false };
    let proposal = review::proposal(&r.case, Recommendation::Approve, Some(attempt.proposal.drafts.clone()), ctx);
    r.record(Event::ResultReady { reveal, proposal: Box::new(proposal) }, ctx);
    clock::enter(r, 8, ctx.now, ctx);
}

/// A re-issue surely did not happen: the earlier result stands, and its reminders go on.
pub(super) fn resume(r: &mut Ruling, attempt: &Attempt, why: &str, ctx: &Context) {
    let drafts = attempt.proposal.drafts.clone();
    let proposal = review::proposal(&r.case, Recommendation::Approve, Some(drafts), ctx);
    let hash = proposal.hash.clone();
    r.effects.push(Effect::VoidLinks);
    r.record(Event::DeliveryResumed { proposal: Box::new(proposal) }, ctx);
    let Phase::Delivered { reveal, .. } = &r.case.phase else { return };
    let (issue, nth, unseen) = (reveal.issue, reveal.reminders.saturating_add(1), reveal.state == RevealState::Expired);
    if unseen {
        clock::result_is_owed(r, ctx);
        wake_for_end(r, issue, ctx);
    } else {
        clock::leave(r, ctx);
        wake_for_change(r, issue, nth, ctx);
    }
    r.tell_admin(ctx, |to| Letter::new(LetterName::DriverFailed, to).remark(why).links_to(&hash));
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
    received(r, issue, what, ctx);
    Ok(())
}

/// The applicant has the result: step 8 is done, and a new password is to be changed.
fn received(r: &mut Ruling, issue: u32, what: RevealKind, ctx: &Context) {
    if what.must_change() {
        clock::leave(r, ctx);
        wake_for_change(r, issue, 1, ctx);
    } else {
        finish(r, Outcome::UserIdGiven, ctx);
    }
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
pub(super) fn reissue(r: &mut Ruling, hand: Hand, reason: String, ctx: &Context) -> Result<(), Refused> {
    hand.must_be_fresh()?;
    if reason.trim().is_empty() {
        return Err(Refused::NeedsReason);
    }
    let Phase::Delivered { reveal, proposal } = r.case.phase.clone() else { return Err(review::too_late(&r.case)) };
    let record = hand.record(Deed::Reissue, &proposal, reason, ctx);
    let two = two::needed_again(&r.case, ctx.procedure, ctx.calendar);
    let Some(record) = two::counted(r, record, two, ctx)? else { return Ok(()) };
    let by = record.by.clone();
    r.record(Event::SecretVoided { issue: reveal.issue }, ctx);
    r.effects.push(Effect::DestroySecret { issue: reveal.issue });
    r.effects.push(Effect::VoidLinks);
    r.record(Event::Approved { decision: record }, ctx);
    execution::intend(r, by, proposal, ctx);
    Ok(())
}

/// The person stands at the counter: the secret is shown there, on record, and its link dies.
pub(super) fn hand_in_person(r: &mut Ruling, hand: Hand, note: String, ctx: &Context) -> Result<(), Refused> {
    hand.must_be_fresh()?;
    if note.trim().is_empty() {
        return Err(Refused::NeedsReason);
    }
    let Phase::Delivered { reveal, proposal } = r.case.phase.clone() else { return Err(review::too_late(&r.case)) };
    let (issue, what) = (reveal.issue, reveal.what);
    if reveal.state != RevealState::Waiting || what == RevealKind::SystemLink || reveal.expires_at <= ctx.now {
        return Err(Refused::Gone);
    }
    let record = hand.record(Deed::HandInPerson, &proposal, note, ctx);
    let two = two::needed_again(&r.case, ctx.procedure, ctx.calendar);
    let Some(record) = two::counted(r, record, two, ctx)? else { return Ok(()) };
    let DecisionRecord { by, reason: note, first, .. } = record;
    let handed_by = Some(by.clone());
    r.record(Event::HandedInPerson { issue, by, note, first }, ctx);
    r.effects.push(Effect::DestroySecret { issue });
    r.send(Letter { by: handed_by, ..Letter::new(LetterName::HandedInPerson, Recipient::Registered).issue(issue) });
    received(r, issue, what, ctx);
    Ok(())
}

/// Unseen until its time: destroyed, and the applicant told how to get a new one before the case is closed.
pub(super) fn expire(r: &mut Ruling, issue: u32, ctx: &Context) {
    let Phase::Delivered { reveal, proposal } = &r.case.phase else { return };
    if reveal.issue != issue || reveal.state != RevealState::Waiting || reveal.what == RevealKind::SystemLink {
        return;
    }
    if ctx.now < reveal.expires_at {
        return r.effects.push(Effect::Wake { alarm: Alarm::SecretExpiry { issue }, at: reveal.expires_at });
    }
    let hash = proposal.hash.clone();
    r.record(Event::SecretExpired { issue }, ctx);
    r.effects.push(Effect::DestroySecret { issue });
    r.send(Letter::new(LetterName::SecretExpired, Recipient::Registered));
    r.tell_admin(ctx, |to| Letter::new(LetterName::NewLinkAsked, to).code("expired").links_to(&hash));
    wake_for_end(r, issue, ctx);
}

/// Reminds of the change (SOP step 8), and after the last reminder closes the case as unconfirmed; one whose result
/// was never fetched is closed as such, after the admin was reminded of an applicant who asked for it again. Only the
/// next reminder in turn counts.
pub(super) fn remind_change(r: &mut Ruling, issue: u32, nth: u8, ctx: &Context) {
    let Phase::Delivered { reveal, proposal } = &r.case.phase else { return };
    if reveal.issue != issue || nth != reveal.reminders.saturating_add(1) {
        return;
    }
    match (reveal.state, reveal.what) {
        (RevealState::Expired, _) if reveal.asked_again && u32::from(nth) <= reminders(ctx) => {
            let hash = proposal.hash.clone();
            r.record(Event::ChangeReminded { issue, nth }, ctx);
            r.tell_admin(ctx, |to| Letter::new(LetterName::NewLinkAsked, to).links_to(&hash));
            return wake_in(r, issue, nth.saturating_add(1), ctx.procedure.change.remind_every_working_days, ctx);
        }
        (RevealState::Expired, _) => return finish(r, Outcome::NotFetched, ctx),
        (RevealState::Waiting, RevealKind::SystemLink) => {}
        (RevealState::Waiting, _) => return,
        (RevealState::Revealed { .. } | RevealState::HandedOver { .. }, _) => {}
    }
    if u32::from(nth) > reminders(ctx) {
        return finish(r, Outcome::ResetUnconfirmed, ctx);
    }
    r.record(Event::ChangeReminded { issue, nth }, ctx);
    r.send(Letter::new(LetterName::ChangeReminder, Recipient::Registered).issue(issue));
    wake_for_change(r, issue, nth.saturating_add(1), ctx);
}

/// Reminders are counted in a byte, and one number is left for the end.
fn reminders(ctx: &Context) -> u32 {
    ctx.procedure.change.reminders.min(u32::from(u8::MAX) - 2)
}

/// The next reminder, or after the last one the end, in working days since the applicant got the result.
fn wake_for_change(r: &mut Ruling, issue: u32, nth: u8, ctx: &Context) {
    let rules = &ctx.procedure.change;
    let day = |nth: u32| match nth {
        0 => 0,
        nth if nth > reminders(ctx) => rules.close_after_working_days,
        nth => rules.remind_after_working_days.saturating_add(rules.remind_every_working_days.saturating_mul(nth - 1)),
    };
    let days = day(u32::from(nth)).saturating_sub(day(u32::from(nth) - 1));
    wake_in(r, issue, nth, days, ctx);
}

/// The end of a case whose result nobody fetched.
fn wake_for_end(r: &mut Ruling, issue: u32, ctx: &Context) {
    let Phase::Delivered { reveal, .. } = &r.case.phase else { return };
    let nth = reveal.reminders.saturating_add(1);
    wake_in(r, issue, nth, ctx.procedure.change.close_after_working_days, ctx);
}

fn wake_in(r: &mut Ruling, issue: u32, nth: u8, working_days: u32, ctx: &Context) {
    let at = ctx.calendar.add_working_days(ctx.now, working_days.max(1));
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
