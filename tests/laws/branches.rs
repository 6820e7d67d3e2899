//! Branches of step 6: the driver acts, fails, leaves its outcome unknown, or a person acts in its place.

use loket::sop::command::{Alarm, Choice, Command, OpeningVerdict, Report};
use loket::sop::decide::Refused;
use loket::sop::effect::{Effect, LetterName};
use loket::sop::phase::{Phase, Recommendation, RevealKind};

use super::office::{Office, admin_id, tuesday_at_nine};
use super::papers::Papers;
use super::walk::Walk;

fn approved(papers: Papers) -> Walk {
    let mut walk = Walk::begin(Office::shipped(), papers, OpeningVerdict::Request, tuesday_at_nine());
    walk.does(walk.approval(0));
    walk
}

fn told(walk: &mut Walk, report: Report) -> Result<(), Refused> {
    walk.try_it(Command::ReportExecution { decision: 1, report }).map(drop)
}

fn unknown() -> Report {
    Report::Unknown { why: "tidak ada jawaban".into() }
}

#[test]
fn a_driver_that_failed_leads_back_to_a_decision() {
    let mut walk = approved(Papers::Complete);
    walk.start();

    told(&mut walk, Report::Failed { by: None, why: "gangguan".into() }).expect("the driver may report");

    assert_eq!(walk.letters(LetterName::DriverFailed).len(), 1);
    assert!(walk.secrets.is_empty(), "the password that was kept ready is gone");
    walk.does(walk.approval(1));
    assert_eq!(walk.calls, [2], "a new decision, a new key");
}

#[test]
fn a_transient_fault_is_tried_again_under_the_same_decision() {
    let mut walk = approved(Papers::Complete);
    walk.start();

    told(&mut walk, Report::Postponed).expect("the driver may report");
    walk.drive();

    assert_eq!(walk.issue(), Some((1, RevealKind::Password)));
}

#[test]
fn what_was_started_is_not_started_again() {
    let mut walk = approved(Papers::Complete);
    walk.start();

    let twice = walk.is_refused(Command::StartExecution { decision: 1 });

    assert_eq!(twice, Refused::WrongPhase { phase: "executing" });
}

#[test]
fn nobody_calls_a_running_attempt_off() {
    let mut walk = approved(Papers::Complete);
    walk.start();

    let by = Some(admin_id(1));
    assert!(told(&mut walk, Report::Failed { by, why: "saya batalkan".into() }).is_err());
}

#[test]
fn an_attempt_not_begun_can_be_called_off_and_is_then_not_made() {
    let mut walk = approved(Papers::Complete);
    let by = Some(admin_id(1));

    told(&mut walk, Report::Failed { by, why: "SPSE dalam pemeliharaan".into() }).expect("nothing was begun");

    assert_eq!(walk.case.phase.name(), "under_review");
    assert!(walk.try_it(Command::StartExecution { decision: 1 }).is_err(), "the row in the outbox finds nothing to do");
}

#[test]
fn an_unknown_outcome_that_happened_is_delivered() {
    let mut walk = approved(Papers::Complete);
    walk.start();
    let ruling = walk.does(Command::ReportExecution { decision: 1, report: unknown() });
    assert!(ruling.effects.contains(&Effect::ReadBack { decision: 1 }));
    assert_eq!(walk.letters(LetterName::OutcomeUnknown).len(), 1);

    let done = walk.done(1, Some(admin_id(1)));
    told(&mut walk, done).expect("a person looked");

    assert_eq!(walk.issue(), Some((1, RevealKind::Password)));
    assert!(walk.calls.is_empty(), "it is not tried again");
}

/// The letter of a reset whose outcome was settled a day late promised a password for a day longer than it lived.
#[test]
fn what_is_settled_late_is_promised_no_longer_than_its_password_lives() {
    let mut walk = approved(Papers::Complete);
    walk.start();
    let until = walk.secrets[&1];
    told(&mut walk, unknown()).expect("the driver may report");
    walk.now = until - chrono::TimeDelta::minutes(30);

    let done = walk.done(1, Some(admin_id(1)));
    told(&mut walk, done).expect("a person looked");

    let Phase::Delivered { reveal, .. } = &walk.case.phase else { panic!("{}", walk.outcome()) };
    assert_eq!(reveal.expires_at, until);
    assert!(walk.wakes.contains(&(until, Alarm::SecretExpiry { issue: 1 })));
    assert_eq!(walk.letters(LetterName::ResultReset).last().and_then(|letter| letter.until), Some(until));
}

#[test]
fn an_unknown_outcome_that_did_not_happen_is_decided_anew() {
    let mut walk = approved(Papers::Complete);
    walk.start();
    told(&mut walk, unknown()).expect("the driver may report");
    assert!(told(&mut walk, Report::Postponed).is_err(), "the unknown is never repeated blindly");
    assert!(walk.try_it(Command::StartExecution { decision: 1 }).is_err());

    told(&mut walk, Report::Failed { by: None, why: "dibaca kembali: belum".into() }).expect("it was read back");

    assert_eq!(walk.case.phase.name(), "under_review");
}

#[test]
fn an_admin_does_it_by_hand_and_enters_what_came_of_it() {
    let outcomes = [
        (approved(Papers::Complete).done(1, Some(admin_id(0))), "delivered", Some((1, RevealKind::Password))),
        (Report::SystemSentLink { by: Some(admin_id(0)) }, "delivered", Some((1, RevealKind::SystemLink))),
        (Report::NotFound { by: Some(admin_id(0)), note: "tidak ada".into() }, "under_review", None),
        (Report::Failed { by: Some(admin_id(0)), why: "gangguan".into() }, "under_review", None),
        (unknown(), "unknown", None),
    ];
    for (report, phase, issue) in outcomes {
        let mut walk = approved(Papers::Complete);
        walk.start();
        told(&mut walk, Report::HandedToPerson).expect("the driver gives it to a person");
        assert_eq!(walk.letters(LetterName::ManualTask).len(), 1);
        let driver = walk.done(1, None);
        assert!(told(&mut walk, driver).is_err(), "only a person can say so");

        told(&mut walk, report).expect("the person reports");

        assert_eq!((walk.case.phase.name(), walk.issue()), (phase, issue));
    }
}

#[test]
fn a_task_by_hand_can_be_handed_over() {
    let mut walk = approved(Papers::Complete);
    walk.start();
    told(&mut walk, Report::HandedToPerson).expect("the driver gives it to a person");

    walk.does(walk.decision(0, Choice::HandOver { to: admin_id(1), reason: "cuti".into() }));

    assert_eq!(walk.case.assigned, Some(admin_id(1)));
    assert_eq!(walk.letters(LetterName::ManualTask).len(), 2);
}

#[test]
fn an_account_that_is_not_found_is_proposed_to_reject() {
    let mut walk = approved(Papers::UserIdOnly);
    walk.start();

    told(&mut walk, Report::NotFound { by: None, note: "tidak ada".into() }).expect("the driver may report");

    let proposal = walk.case.phase.proposal().expect("rejection is proposed");
    assert_eq!(proposal.recommendation, Recommendation::Reject { code: "R10".into() });
}

#[test]
fn a_mail_that_comes_while_the_account_is_worked_on_is_told_to_the_admin() {
    let mut walk = approved(Papers::Complete);
    walk.start();
    let (account, services) = (walk.case.account.clone(), walk.case.services().to_vec());

    let mail = walk.mail_of(Papers::OtherAccount);
    walk.does(mail);

    assert_eq!(walk.letters(LetterName::MailWaiting).len(), 1);
    assert_eq!((walk.case.account.clone(), walk.case.services().to_vec()), (account, services));
    assert!(matches!(walk.case.phase, Phase::Executing { .. }));
}
