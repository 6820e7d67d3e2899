//! Branches before a decision: held, completed, expired, rejected, withdrawn, out of scope.

use chrono::TimeDelta;
use loket::sop::case::{Authenticity, ConfirmationResult};
use loket::sop::command::{Alarm, Choice, Command, OpeningVerdict};
use loket::sop::decide::Refused;
use loket::sop::effect::LetterName;
use loket::sop::event::Event;
use loket::sop::phase::{HeldReason, Phase, Recommendation};

use super::office::{APPLICANT, Office, admin_id, tuesday_at_nine};
use super::papers::{self, Papers};
use super::walk::Walk;

fn request(papers: Papers) -> Walk {
    Walk::begin(Office::shipped(), papers, OpeningVerdict::Request, tuesday_at_nine())
}

fn held() -> Walk {
    let verdict = OpeningVerdict::Held(HeldReason::Unauthenticated);
    Walk::begin(Office::shipped(), Papers::Complete, verdict, tuesday_at_nine())
}

fn ask_to_complete(walk: &Walk, by: usize) -> Command {
    walk.decision(by, Choice::Complete { items: Vec::new(), letter: None })
}

fn reject(walk: &Walk, by: usize, code: &str) -> Command {
    walk.decision(by, Choice::Reject { code: code.into(), note: String::new(), letter: None })
}

#[track_caller]
fn recommended(walk: &Walk) -> &Recommendation {
    &walk.case.phase.proposal().expect("a proposal stands").recommendation
}

#[test]
fn an_incomplete_request_is_completed_and_checked_anew() {
    let mut walk = request(Papers::NoDecree);
    assert_eq!(*recommended(&walk), Recommendation::Complete { items: vec!["appointment_decree".into()] });

    walk.pass(4);
    walk.does(ask_to_complete(&walk, 0));
    assert_eq!(walk.case.times.open_span().map(|s| (s.step, s.actor.clone())), Some((4, None)));
    walk.pass(24 * 60);
    let completed = walk.mail_of(Papers::Complete);
    walk.does(completed);

    assert_eq!(*recommended(&walk), Recommendation::Approve);
    assert!(walk.case.times.deviations.is_empty(), "the applicant's day is nobody's overrun");
    let steps: Vec<u8> = walk.case.times.spans.iter().map(|s| s.step).collect();
    assert_eq!(steps, [2, 3, 3, 4, 2, 5], "asked for in step 3 by who decided, completed in 4, checked in 2 and 5");
}

#[test]
fn a_request_never_completed_is_reminded_and_then_proposed_to_reject() {
    let mut walk = request(Papers::NoDecree);
    walk.does(ask_to_complete(&walk, 0));

    walk.ring_until(|a| matches!(a, Alarm::CompletionReminder { .. }));
    assert_eq!(walk.letters(LetterName::CompletionReminder).len(), 1);
    walk.ring_until(|a| matches!(a, Alarm::CompletionDeadline { .. }));
    assert_eq!(*recommended(&walk), Recommendation::Reject { code: "R06".into() });
    assert!(!walk.case.phase.is_closed(), "nobody is rejected by a clock");
    walk.does(reject(&walk, 0, "R06"));

    assert_eq!(walk.outcome(), "expired");
    assert_eq!(walk.case.times.open_span().map(|s| s.step), Some(7));
    walk.letter_gone(LetterName::Rejected);
    assert!(walk.case.times.open_span().is_none(), "the archive's schedule is nobody's time");
    walk.archive();
}

/// A clock that was set back rings early: the applicant keeps the time they were given.
#[test]
fn a_completion_ends_at_its_deadline_not_before_and_however_late_the_wake() {
    let rung = |seconds: i64| {
        let mut walk = request(Papers::NoDecree);
        walk.does(ask_to_complete(&walk, 0));
        let Phase::Incomplete { deadline, .. } = walk.case.phase else { panic!("{}", walk.outcome()) };
        walk.now = deadline + TimeDelta::seconds(seconds);
        walk.does(Command::Wake(Alarm::CompletionDeadline { round: 1 }));
        walk.case.phase.name()
    };

    assert_eq!([-1, 0, 86_400].map(rung), ["incomplete", "under_review", "under_review"]);
}

#[test]
fn a_reminder_to_complete_is_set_where_it_comes_before_the_deadline() {
    let set = |after: u32, deadline: u32| {
        let office = Office::shipped().with(|p| {
            p.completion.reminder_after_working_days = after;
            p.completion.deadline_working_days = deadline;
        });
        let mut walk = Walk::begin(office, Papers::NoDecree, OpeningVerdict::Request, tuesday_at_nine());
        walk.does(ask_to_complete(&walk, 0));
        walk.wakes.iter().filter(|(_, alarm)| matches!(alarm, Alarm::CompletionReminder { .. })).count()
    };

    assert_eq!([set(2, 5), set(4, 5), set(5, 5), set(6, 5), set(0, 5)], [1, 1, 0, 0, 0]);
}

#[test]
fn papers_that_complete_a_request_get_a_receipt_and_nothing_else_does() {
    let receipts = |asked: bool, papers: Papers, attached: bool| {
        let mut walk = request(Papers::NoDecree);
        if asked {
            walk.does(ask_to_complete(&walk, 0));
        }
        walk.pass(60);
        let mut mail = walk.mail_of(papers);
        if let Command::AddMail(dossier) = &mut mail
            && !attached
        {
            dossier.mail.attachments.clear();
        }
        walk.does(mail);
        walk.letters(LetterName::CompletionReceived).len()
    };

    assert_eq!(receipts(true, Papers::Complete, true), 1);
    assert_eq!(receipts(true, Papers::Complete, false), 0, "words alone");
    assert_eq!(receipts(false, Papers::Complete, true), 0, "nobody had asked");
}

#[test]
fn a_mail_to_a_result_that_still_waits_starts_no_clock() {
    let asked = |expired: bool| {
        let mut walk = request(Papers::Complete);
        walk.does(walk.approval(0));
        walk.drive();
        walk.letter_gone(LetterName::ResultReset);
        if expired {
            walk.ring_until(|alarm| matches!(alarm, Alarm::SecretExpiry { .. }));
        }
        let mail = walk.mail_of(Papers::Complete);
        walk.does(mail);
        walk.case.times.open_span().map(|span| span.step)
    };

    assert_eq!((asked(false), asked(true)), (None, Some(8)), "a result that is over is owed");
}

#[test]
fn completion_is_asked_for_so_often_and_no_more() {
    let mut walk = request(Papers::NoDecree);

    for round in 1..=2 {
        walk.does(ask_to_complete(&walk, 0));
        assert_eq!(walk.case.rounds, round);
        let still_incomplete = walk.mail_of(Papers::NoDecree);
        walk.does(still_incomplete);
    }

    assert_eq!(*recommended(&walk), Recommendation::Reject { code: "R06".into() });
    let more = Choice::Complete { items: vec!["appointment_decree".into()], letter: None };
    assert_eq!(walk.is_refused(walk.decision(0, more)), Refused::NoRoundLeft);
}

#[test]
fn an_office_may_let_completion_requests_go_without_a_person() {
    let office = Office::shipped().with(|p| p.completion.auto_release = true);
    let walk = Walk::begin(office, Papers::NoDecree, OpeningVerdict::Request, tuesday_at_nine());

    assert_eq!(walk.case.phase.name(), "incomplete");
    assert_eq!(walk.letters(LetterName::CompletionRequest).len(), 1);
    assert!(walk.letters(LetterName::ActionNeeded).is_empty());
}

#[test]
fn contradicting_papers_are_rejected_by_a_person() {
    let mut walk = request(Papers::WrongNip);
    assert_eq!(*recommended(&walk), Recommendation::Reject { code: "R04".into() });

    walk.does(reject(&walk, 1, "R04"));

    assert_eq!(walk.outcome(), "rejected");
    assert_eq!(walk.case.assigned, Some(admin_id(1)), "whoever decides takes the case");
    let second = walk.is_refused(walk.approval(0));
    assert!(matches!(second, Refused::AlreadyDecided { by: Some(by), .. } if by == admin_id(1)));
    assert_eq!(walk.is_refused(reject(&walk, 0, "R77")).to_string(), "the request was already decided");
}

#[test]
fn an_unknown_reason_rejects_nothing() {
    let mut walk = request(Papers::WrongNip);

    assert_eq!(walk.is_refused(reject(&walk, 0, "R77")), Refused::UnknownReason { code: "R77".into() });
}

#[test]
fn an_admin_is_told_why_a_mail_is_held() {
    for (reason, word) in [
        (HeldReason::Malformed, "malformed"),
        (HeldReason::DangerousAttachment, "dangerous_attachment"),
        (HeldReason::Unauthenticated, "unauthenticated"),
        (HeldReason::ForeignReply, "foreign_reply"),
    ] {
        let walk = Walk::begin(Office::shipped(), Papers::Complete, OpeningVerdict::Held(reason), tuesday_at_nine());
        assert_eq!(walk.letters(LetterName::HeldMail)[0].code, word);
    }
}

#[test]
fn a_held_mail_is_admitted_and_then_worked_on() {
    let mut walk = held();
    assert!(walk.letters(LetterName::Acknowledgement).is_empty(), "a mail that is held is not answered");

    let mail = walk.case.mails[0].clone();
    let dossier = Box::new(papers::dossier(&walk.office, mail, Papers::Complete));
    walk.does(Command::Admit { by: admin_id(1), reason: "pengirim dikenal".into(), dossier });

    assert_eq!(walk.case.mails[0].authenticity, Authenticity::VouchedFor { by: admin_id(1) });
    assert_eq!(walk.case.assigned, Some(admin_id(1)));
    assert_eq!(walk.letters(LetterName::Acknowledgement).len(), 1);
    walk.does(walk.call(0, ConfirmationResult::Confirmed));
    assert_eq!(walk.case.phase.name(), "under_review");
    walk.does(walk.approval(0));
    assert_eq!(walk.calls, [1]);
}

/// A forged sender, let in with a sentence, once needed no call and no second person: whoever reads the applicant's
/// mailbox had the password by one admin's word.
#[test]
fn who_lets_a_mail_in_proves_no_sender() {
    let office = Office::shipped().with(|p| p.approval.two_after_trigger = true);
    let verdict = OpeningVerdict::Held(HeldReason::Unauthenticated);
    let mut walk = Walk::begin(office, Papers::Complete, verdict, tuesday_at_nine());

    let mail = walk.case.mails[0].clone();
    let dossier = Box::new(papers::dossier(&walk.office, mail, Papers::Complete));
    walk.does(Command::Admit { by: admin_id(0), reason: "pengirim dikenal".into(), dossier });

    let asked = |phase: &Phase| matches!(phase, Phase::AwaitingConfirmation { triggers, .. } if *triggers == ["authentication_failed"]);
    assert!(asked(&walk.case.phase), "{}", walk.case.phase.name());
    assert!(matches!(walk.is_refused(walk.approval(0)), Refused::NeedsConfirmation { .. }));
    walk.does(walk.call(0, ConfirmationResult::Confirmed));
    walk.does(walk.approval(0));
    assert!(walk.calls.is_empty(), "and two approve where a trigger takes two");
    walk.does(walk.approval(1));
    assert_eq!(walk.calls, [1]);
}

#[test]
fn a_proven_mail_that_was_held_for_its_attachment_asks_for_no_call() {
    let office = Office::shipped();
    let mail = papers::mail(0, APPLICANT, true, tuesday_at_nine());
    let dossier = papers::dossier(&office, mail.clone(), Papers::Complete);
    let opening = papers::opening(7, dossier, OpeningVerdict::Held(HeldReason::DangerousAttachment));
    let mut walk = Walk::begin_with(office, opening, tuesday_at_nine());

    let dossier = Box::new(papers::dossier(&walk.office, mail, Papers::Complete));
    walk.does(Command::Admit { by: admin_id(0), reason: "lampiran tidak dibuka".into(), dossier });

    assert_eq!(walk.case.phase.name(), "under_review");
}

#[test]
fn admitting_a_mail_vouches_for_no_later_one() {
    let mut walk = held();
    let slipped_in = walk.next_mail(APPLICANT, false);
    let slipped_in = Box::new(papers::dossier(&walk.office, slipped_in, Papers::Complete));
    walk.does(Command::AddMail(slipped_in));

    let mail = walk.case.mails[0].clone();
    let dossier = Box::new(papers::dossier(&walk.office, mail, Papers::Complete));
    walk.does(Command::Admit { by: admin_id(0), reason: "pengirim dikenal".into(), dossier });

    let refused = walk.is_refused(walk.approval(0));
    assert!(matches!(refused, Refused::NeedsConfirmation { triggers } if triggers == ["authentication_failed"]));
}

#[test]
fn a_held_mail_is_dropped_without_an_answer() {
    let mut walk = held();

    walk.does(Command::Drop { by: admin_id(0), reason: "palsu".into() });

    assert_eq!(walk.outcome(), "dropped");
    let kinds: Vec<LetterName> = walk.sent.iter().map(|l| l.kind).collect();
    assert_eq!(kinds, [LetterName::HeldMail]);
}

/// A forged sender would otherwise keep the only admin from dropping the forgery.
#[test]
fn a_forged_sender_shuts_no_admin_out() {
    let mut office = Office::shipped();
    office.admins.truncate(1);
    let mail = papers::mail(0, admin_id(0).as_str(), false, tuesday_at_nine());
    let dossier = papers::dossier(&office, mail, Papers::NoAccount);
    let verdict = OpeningVerdict::Held(HeldReason::Unauthenticated);
    let mut walk = Walk::begin_with(office, papers::opening(1, dossier, verdict), tuesday_at_nine());

    walk.does(Command::Drop { by: admin_id(0), reason: "palsu".into() });

    assert_eq!(walk.outcome(), "dropped");
}

#[test]
fn the_applicant_withdraws_until_somebody_has_decided() {
    let mut walk = request(Papers::Complete);
    let withdrawal = Command::Withdraw(Box::new(walk.next_mail(APPLICANT, true)));
    let mut decided = walk.clone();

    walk.does(withdrawal.clone());
    decided.does(decided.approval(0));

    assert_eq!(walk.outcome(), "withdrawn");
    assert_eq!(walk.letters(LetterName::Withdrawn).len(), 1);
    assert_eq!(decided.is_refused(withdrawal), Refused::WrongPhase { phase: "executing" });
    walk.archive();
}

#[test]
fn nobody_else_withdraws_a_request_held_or_not() {
    for mut walk in [request(Papers::Complete), held()] {
        let forged = Command::Withdraw(Box::new(walk.next_mail(APPLICANT, false)));
        let stranger = Command::Withdraw(Box::new(walk.next_mail("somebody@freemail.example", true)));

        assert_eq!(walk.is_refused(forged), Refused::NotTheApplicant);
        assert_eq!(walk.is_refused(stranger), Refused::NotTheApplicant);
    }
}

#[test]
fn what_is_out_of_scope_or_too_large_is_answered_closed_and_archived() {
    let cases = [
        (OpeningVerdict::OutOfScope, LetterName::OutOfScope, "out_of_scope"),
        (OpeningVerdict::TooLarge { limit: 25_000_000 }, LetterName::TooLarge, "too_large"),
    ];
    for (verdict, letter, outcome) in cases {
        let mut walk = Walk::begin(Office::shipped(), Papers::NoAccount, verdict, tuesday_at_nine());

        assert_eq!(walk.outcome(), outcome);
        assert_eq!(walk.letters(letter).len(), 1);
        walk.archive();
    }
}

#[test]
fn a_closed_case_takes_no_mail() {
    let mut walk = request(Papers::WrongNip);
    walk.does(reject(&walk, 0, "R04"));

    let late = walk.mail_of(Papers::Complete);

    assert_eq!(walk.is_refused(late), Refused::WrongPhase { phase: "closed" });
    assert!(matches!(walk.case.phase, Phase::Closed { .. }));
    assert_eq!(walk.events(|e| matches!(e, Event::Closed { .. })), 1);
}

#[test]
fn a_mail_too_large_is_told_how_many_megabytes_are_taken() {
    let verdict = OpeningVerdict::TooLarge { limit: 12_900_000 };
    let walk = Walk::begin(Office::shipped(), Papers::Complete, verdict, tuesday_at_nine());

    let told: Vec<_> = walk.letters(LetterName::TooLarge).iter().map(|letter| letter.remark.clone()).collect();
    assert_eq!(told, ["12"]);
}
