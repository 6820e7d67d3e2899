//! Who may act on a case, and whose work it is. SOP: the actor is always a named Admin PPE, and nobody acts on their
//! own account.

use chrono::TimeDelta;

use super::{Refused, Ruling, clock, intake, review, two};
use crate::sop::case::{Case, MailRef};
use crate::sop::command::{Admin, Alarm, Context};
use crate::sop::effect::{Effect, Letter, LetterName, Recipient};
use crate::sop::event::Event;
use crate::sop::names::Address;
use crate::sop::phase::{AdminId, AttemptState, Phase, RevealState};

/// Registered admins other than the applicant. A mail that nobody vouches for makes no one an applicant: else a forged
/// sender could shut an admin out.
pub fn eligible<'a>(case: &'a Case, admins: &'a [Admin]) -> impl Iterator<Item = &'a Admin> {
    let own = |a: &AdminId| {
        let registered = case.account.as_ref().is_some_and(|account| account.email.same_mailbox(a));
        registered || case.mails.iter().any(|m| m.authenticity.is_trusted() && is_from(m, a))
    };
    admins.iter().filter(move |a| !own(&a.id))
}

pub(super) fn may_act(case: &Case, by: &AdminId, ctx: &Context) -> bool {
    eligible(case, ctx.admins).any(|a| a.id == *by)
}

pub(super) fn must_be_admin(case: &Case, by: &AdminId, ctx: &Context) -> Result<(), Refused> {
    if !ctx.admins.iter().any(|a| a.id == *by) {
        return Err(Refused::NotAnAdmin);
    }
    if may_act(case, by, ctx) { Ok(()) } else { Err(Refused::OwnAccount) }
}

/// Lets somebody act who may. Where they stand in for the absent admin whose case it is, that goes on record first; returns
/// whom they act for.
pub(super) fn act(r: &mut Ruling, by: &AdminId, ctx: &Context) -> Result<Option<AdminId>, Refused> {
    must_be_admin(&r.case, by, ctx)?;
    let absent = r.case.assigned.clone().filter(|absent| stands_in(&r.case, absent, ctx).as_ref() == Some(by));
    // Who approved before going away did so for themselves; the other one is then the second person.
    let spoke = |absent: &AdminId| r.case.first_approval.as_ref().is_some_and(|first| first.by == *absent);
    let absent = absent.filter(|absent| !spoke(absent));
    if let Some(absent) = &absent {
        r.record(Event::StoodIn { by: by.clone(), absent: absent.clone() }, ctx);
    }
    Ok(absent)
}

/// Who stands in for an admin at this moment, where they may act on this case.
pub(super) fn stands_in(case: &Case, absent: &AdminId, ctx: &Context) -> Option<AdminId> {
    let delegate = ctx.admins.iter().find(|a| a.id == *absent)?.delegate.clone()?;
    let other = !delegate.same_mailbox(absent);
    (other && may_act(case, &delegate, ctx)).then_some(delegate)
}

/// Tells one person what waits for them, and nobody else: a stand-in, or whoever can give the second approval.
pub(super) fn brief(r: &mut Ruling, to: &AdminId, ctx: &Context) {
    tell_what_waits(r, ctx);
    let theirs = |letter: &Letter| matches!(&letter.to, Recipient::Admin { id } if id == to);
    r.effects.retain(|effect| matches!(effect, Effect::Send { letter } if theirs(letter)));
    let Some(first) = r.case.standing_first().filter(|first| !first.by.same_mailbox(to)) else { return };
    if r.effects.is_empty() && may_act(&r.case, to, ctx) {
        let letter = two::asks_for_the_second(first, to.clone());
        r.send(letter);
    }
}

/// The admin whose work the case is, while they may still act.
pub(super) fn holder(case: &Case, ctx: &Context) -> Option<AdminId> {
    case.assigned.clone().filter(|id| may_act(case, id, ctx))
}

/// Whether a mail proves to come from the applicant, or from whoever sent the request for them.
pub(super) fn speaks_for_applicant(case: &Case, mail: &MailRef) -> bool {
    let registered = case.account.as_ref().is_some_and(|account| is_from(mail, &account.email));
    let sent_before = |from: &Address| case.mails.iter().any(|m| is_from(m, from));
    mail.authenticity.is_trusted() && (registered || mail.from.as_ref().is_some_and(sent_before))
}

/// Names the admin whose work the case is: keeps who has it, else takes turns by register number.
pub(super) fn assign(r: &mut Ruling, ctx: &Context) {
    if holder(&r.case, ctx).is_some() {
        return;
    }
    let candidates: Vec<AdminId> = eligible(&r.case, ctx.admins).map(|a| a.id.clone()).collect();
    let turn = r.case.number.serial() as usize;
    if let Some(to) = candidates.get(turn % candidates.len().max(1)) {
        r.record(Event::Assigned { to: to.clone(), by: None, reason: String::new() }, ctx);
    }
}

/// Names an admin, or looks again in five minutes where nobody may act.
pub(super) fn assign_or_wait(r: &mut Ruling, ctx: &Context) {
    assign(r, ctx);
    if holder(&r.case, ctx).is_none() {
        let at = ctx.now + TimeDelta::minutes(5);
        r.effects.push(Effect::Wake { alarm: Alarm::Assign { revision: r.case.revisions }, at });
    }
}

/// Whoever decides takes the case, and accounts for what follows.
pub(super) fn take(r: &mut Ruling, by: &AdminId, ctx: &Context) {
    if r.case.assigned.as_ref() != Some(by) {
        r.record(Event::Assigned { to: by.clone(), by: Some(by.clone()), reason: String::new() }, ctx);
    }
}

/// [`take`] with the reason on record, also where the case was theirs already.
pub(super) fn take_because(r: &mut Ruling, by: AdminId, reason: String, ctx: &Context) {
    r.record(Event::Assigned { to: by.clone(), by: Some(by), reason }, ctx);
}

/// Looks for an admin anew where none could be named, or the named one may no longer act.
pub(super) fn assign_again(r: &mut Ruling, revision: u32, ctx: &Context) {
    if r.case.revisions == revision {
        replace(r, ctx);
    }
}

/// Gives a case whose admin is gone to another one, who is told what waits.
pub(super) fn replace(r: &mut Ruling, ctx: &Context) {
    let rests = r.case.phase.is_closed() || matches!(r.case.phase, Phase::Incomplete { .. });
    if rests || holder(&r.case, ctx).is_some() {
        return;
    }
    assign_or_wait(r, ctx);
    if holder(&r.case, ctx).is_some() {
        clock::change_hands(r, ctx);
        tell_what_waits(r, ctx);
    }
}

/// Tells the admin who has the case what they are to do.
pub(super) fn tell_what_waits(r: &mut Ruling, ctx: &Context) {
    let letter = |name| move |to: Recipient| Letter::new(name, to);
    match r.case.phase.clone() {
        Phase::UnderReview { proposal } | Phase::AwaitingConfirmation { proposal, .. } => {
            review::announce(r, &proposal, ctx);
        }
        Phase::Held { reason } => {
            r.tell_admin(ctx, |to| Letter::new(LetterName::HeldMail, to).code(intake::reason_code(reason)));
        }
        Phase::Executing { attempt } if attempt.state == AttemptState::ByHand => {
            r.tell_admin(ctx, letter(LetterName::ManualTask));
        }
        Phase::Unknown { why, .. } => {
            r.tell_admin(ctx, |to| Letter::new(LetterName::OutcomeUnknown, to).remark(&why));
        }
        Phase::Delivered { reveal, proposal } if reveal.asked_again || reveal.state == RevealState::Expired => {
            r.tell_admin(ctx, |to| Letter::new(LetterName::NewLinkAsked, to).links_to(&proposal.hash));
        }
        _ => {}
    }
}

fn is_from(mail: &MailRef, address: &Address) -> bool {
    mail.from.as_ref().is_some_and(|from| from.same_mailbox(address))
}
