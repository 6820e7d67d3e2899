//! Steps 1 to 4: a mail opens or completes a dossier, and the dossier is checked.

use super::{Refused, Ruling, clock, people, review};
use crate::sop::case::{Case, Channel, MailRef, ProcedurePin};
use crate::sop::command::{Alarm, Context, Dossier, Opening, OpeningVerdict};
use crate::sop::effect::{Effect, Letter, LetterName, Recipient};
use crate::sop::event::{Event, Opened};
use crate::sop::phase::{AdminId, HeldReason, Outcome, Phase, RevealState};
use crate::sop::procedure::Procedure;

pub(super) fn open(opening: Opening, ctx: &Context) -> Ruling {
    let opened = Opened {
        number: opening.number,
        office: opening.office,
        procedure: ProcedurePin { id: ctx.procedure.id().to_owned(), hash: ctx.procedure.hash().clone() },
        language: opening.language,
        linked_to: opening.linked_to,
    };
    let case = Case::opened(&opened, ctx.now);
    let mut ruling = Ruling { case, events: vec![Event::Opened(Box::new(opened))], effects: Vec::new(), at: ctx.now };
    let r = &mut ruling;
    match opening.verdict {
        OpeningVerdict::Held(reason) => {
            take_in(r, opening.dossier, ctx);
            hold(r, reason, ctx);
        }
        OpeningVerdict::Request => {
            take_in(r, opening.dossier, ctx);
            r.send(Letter::new(LetterName::Acknowledgement, Recipient::Correspondent));
            review::check(r, ctx);
        }
        OpeningVerdict::OutOfScope => {
            take_in(r, opening.dossier, ctx);
            r.send(Letter::new(LetterName::OutOfScope, Recipient::Correspondent).code("R08"));
            clock::close(r, Outcome::OutOfScope, ctx);
        }
        OpeningVerdict::TooLarge { limit } => {
            take_in(r, opening.dossier, ctx);
            let megabytes = (limit / 1_000_000).to_string();
            r.send(Letter::new(LetterName::TooLarge, Recipient::Correspondent).remark(&megabytes));
            clock::close(r, Outcome::TooLarge, ctx);
        }
    }
    ruling
}

/// A further mail: before a decision it completes the dossier, while the account is worked on it waits for the admin,
/// afterwards it asks for a new link. A mail already on record changes nothing.
pub(super) fn add_mail(r: &mut Ruling, dossier: Dossier, ctx: &Context) -> Result<(), Refused> {
    if r.case.mails.iter().any(|m| m.sha256 == dossier.mail.sha256) {
        return Ok(());
    }
    match &r.case.phase {
        Phase::Closed { .. } => return Err(Refused::WrongPhase { phase: "closed" }),
        Phase::Incomplete { .. } | Phase::UnderReview { .. } | Phase::AwaitingConfirmation { .. } => {
            let answers = matches!(r.case.phase, Phase::Incomplete { .. });
            let brings = !dossier.mail.attachments.is_empty();
            if answers {
                clock::enter(r, 2, dossier.mail.received_at, ctx);
            }
            take_in(r, dossier, ctx);
            review::check(r, ctx);
            // One receipt a round, for papers that came, and none where the next request goes out with this very step.
            if answers && brings && !matches!(r.case.phase, Phase::Incomplete { .. }) {
                r.send(Letter::new(LetterName::CompletionReceived, Recipient::Correspondent));
            }
        }
        Phase::Held { .. } => {
            take_in(r, dossier, ctx);
            people::replace(r, ctx);
        }
        Phase::Delivered { reveal, proposal } => {
            let (issue, expired, hash) = (reveal.issue, reveal.state == RevealState::Expired, proposal.hash.clone());
            r.record(Event::MailAdded { mail: Box::new(dossier.mail) }, ctx);
            r.record(Event::NewLinkAsked { issue }, ctx);
            if expired {
                clock::result_is_owed(r, ctx);
            }
            r.tell_admin(ctx, |to| Letter::new(LetterName::NewLinkAsked, to).links_to(&hash));
        }
        Phase::Received | Phase::Executing { .. } | Phase::Unknown { .. } => {
            // What was decided stands still until its outcome is known: account and findings stay as they were.
            r.record(Event::MailAdded { mail: Box::new(dossier.mail) }, ctx);
            people::replace(r, ctx);
            r.tell_admin(ctx, |to| Letter::new(LetterName::MailWaiting, to));
        }
    }
    Ok(())
}

/// `BATAL`: possible until somebody has decided, for whoever proves to be the applicant or their sender.
pub(super) fn withdraw(r: &mut Ruling, mail: MailRef, ctx: &Context) -> Result<(), Refused> {
    if !r.case.phase.is_undecided() {
        return Err(Refused::WrongPhase { phase: r.case.phase.name() });
    }
    if !people::speaks_for_applicant(&r.case, &mail) {
        return Err(Refused::NotTheApplicant);
    }
    r.record(Event::MailAdded { mail: Box::new(mail) }, ctx);
    r.record(Event::Withdrawn, ctx);
    r.effects.push(Effect::VoidLinks);
    r.send(Letter::new(LetterName::Withdrawn, Recipient::Correspondent));
    clock::close(r, Outcome::Withdrawn, ctx);
    r.tell_admin(ctx, |to| Letter::new(LetterName::DecisionDone, to).code("withdrawn"));
    Ok(())
}

pub(super) fn admit(
    r: &mut Ruling,
    by: AdminId,
    reason: String,
    dossier: Dossier,
    ctx: &Context,
) -> Result<(), Refused> {
    people::act(r, &by, ctx)?;
    if !matches!(r.case.phase, Phase::Held { .. }) {
        return Err(already(&r.case));
    }
    r.record(Event::Admitted { by: by.clone() }, ctx);
    people::take_because(r, by, reason, ctx);
    let Dossier { understanding, account, last_approved, .. } = dossier;
    let (understanding, account) = (Box::new(understanding), account.map(Box::new));
    r.record(Event::Checked { understanding, account, last_approved }, ctx);
    r.send(Letter::new(LetterName::Acknowledgement, Recipient::Correspondent));
    review::check(r, ctx);
    Ok(())
}

pub(super) fn drop_held(r: &mut Ruling, by: AdminId, reason: String, ctx: &Context) -> Result<(), Refused> {
    people::act(r, &by, ctx)?;
    let Phase::Held { reason: held } = r.case.phase else { return Err(already(&r.case)) };
    people::take_because(r, by, reason, ctx);
    r.effects.push(Effect::VoidLinks);
    clock::close(r, Outcome::Dropped { reason: held }, ctx);
    Ok(())
}

pub(super) fn remind_completion(r: &mut Ruling, round: u8) {
    if let Phase::Incomplete { round: current, deadline, items } = &r.case.phase
        && *current == round
    {
        let letter = Letter::new(LetterName::CompletionReminder, Recipient::Correspondent);
        let letter = letter.items(items.clone()).until(*deadline);
        r.send(letter);
    }
}

/// The deadline passed: the admin is proposed to reject (reason R06); nobody is rejected by a clock.
pub(super) fn completion_overdue(r: &mut Ruling, round: u8, ctx: &Context) {
    let Phase::Incomplete { round: current, deadline, .. } = &r.case.phase else { return };
    if *current != round {
        return;
    }
    if ctx.now < *deadline {
        // A clock that was set back: the applicant keeps the time they were given.
        r.effects.push(Effect::Wake { alarm: Alarm::CompletionDeadline { round }, at: *deadline });
    } else {
        clock::enter(r, 2, ctx.now, ctx);
        review::propose_expiry(r, ctx);
    }
}

/// Asks the applicant to complete (step 3 ends, step 4 begins and the clock stops).
pub(super) fn ask(
    r: &mut Ruling,
    by: Option<AdminId>,
    channel: Channel,
    items: Vec<String>,
    text: Option<String>,
    ctx: &Context,
) {
    let round = r.case.rounds.saturating_add(1);
    let deadline = ctx.calendar.add_working_days(ctx.now, ctx.procedure.completion.deadline_working_days);
    r.record(Event::CompletionAsked { by, channel, round, deadline, items: items.clone() }, ctx);
    r.effects.push(Effect::VoidLinks);
    let letter = Letter::new(LetterName::CompletionRequest, Recipient::Correspondent);
    r.send(letter.items(items).until(deadline).text(text));
    clock::enter(r, clock::APPLICANTS_TURN, ctx.now, ctx);
    let after = ctx.procedure.completion.reminder_after_working_days;
    let reminder = ctx.calendar.add_working_days(ctx.now, after);
    if after > 0 && reminder < deadline {
        r.effects.push(Effect::Wake { alarm: Alarm::CompletionReminder { round }, at: reminder });
    }
    r.effects.push(Effect::Wake { alarm: Alarm::CompletionDeadline { round }, at: deadline });
}

/// Whether the procedure leaves a completion round.
pub(super) fn may_ask_again(case: &Case, procedure: &Procedure) -> bool {
    u32::from(case.rounds) < procedure.completion.max_rounds.min(u32::from(u8::MAX))
}

fn take_in(r: &mut Ruling, dossier: Dossier, ctx: &Context) {
    let Dossier { mail, understanding, account, last_approved } = dossier;
    let received_at = mail.received_at;
    r.record(Event::MailAdded { mail: Box::new(mail) }, ctx);
    let (understanding, account) = (Box::new(understanding), account.map(Box::new));
    r.record(Event::Checked { understanding, account, last_approved }, ctx);
    if r.case.mails.len() == 1 {
        people::assign(r, ctx);
        clock::enter(r, 2, received_at, ctx);
    }
}

fn hold(r: &mut Ruling, reason: HeldReason, ctx: &Context) {
    r.record(Event::Held { reason }, ctx);
    people::assign_or_wait(r, ctx);
    r.tell_admin(ctx, |to| Letter::new(LetterName::HeldMail, to).code(reason_code(reason)));
}

pub(super) fn reason_code(reason: HeldReason) -> &'static str {
    match reason {
        HeldReason::Malformed => "malformed",
        HeldReason::DangerousAttachment => "dangerous_attachment",
        HeldReason::Unauthenticated => "unauthenticated",
        HeldReason::ForeignReply => "foreign_reply",
    }
}

fn already(case: &Case) -> Refused {
    Refused::AlreadyDecided { by: case.assigned.clone(), at: None, what: case.phase.name() }
}
