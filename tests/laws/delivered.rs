//! Branches of step 8: the result is revealed, changed, reminded of, lost, issued again, handed over in person.

use chrono::TimeDelta;
use loket::sop::command::{Alarm, Choice, Command, OpeningVerdict, Report};
use loket::sop::decide::Refused;
use loket::sop::effect::LetterName;
use loket::sop::phase::{Phase, RevealKind, RevealState};

use super::office::{Office, admin_id, tuesday_at_nine};
use super::papers::Papers;
use super::walk::Walk;

fn delivered_under(office: Office, papers: Papers) -> Walk {
    let mut walk = Walk::begin(office, papers, OpeningVerdict::Request, tuesday_at_nine());
    walk.pass(5);
    walk.does(walk.approval(0));
    walk.drive();
    walk
}

fn delivered(papers: Papers) -> Walk {
    delivered_under(Office::shipped(), papers)
}

fn reissue(walk: &Walk, by: usize) -> Command {
    walk.decision(by, Choice::Reissue { reason: "tautan hilang".into() })
}

#[track_caller]
fn reveal_state(walk: &Walk) -> (u32, RevealState, bool) {
    let Phase::Delivered { reveal, .. } = &walk.case.phase else { panic!("{}", walk.outcome()) };
    (reveal.issue, reveal.state, reveal.asked_again)
}

#[test]
fn a_complete_request_is_reset_revealed_changed_and_archived() {
    let mut walk = delivered(Papers::Complete);
    walk.letter_gone(LetterName::ResultReset);

    walk.does(Command::Reveal { issue: 1 });
    assert_eq!(walk.is_refused(Command::Reveal { issue: 1 }), Refused::Gone);
    walk.does(Command::ConfirmChange { issue: 1 });

    assert_eq!(walk.outcome(), "reset_confirmed");
    walk.archive();
    let steps: Vec<u8> = walk.case.times.spans.iter().map(|s| s.step).collect();
    assert_eq!(steps.iter().filter(|s| **s != 5).copied().collect::<Vec<u8>>(), [2, 6, 8, 9]);
    assert!(walk.case.times.deviations.is_empty());
}

#[test]
fn a_user_id_is_revealed_and_that_is_all() {
    let mut walk = delivered(Papers::UserIdOnly);
    assert_eq!(walk.issue(), Some((1, RevealKind::UserId)));

    walk.does(Command::Reveal { issue: 1 });

    assert_eq!(walk.outcome(), "user_id_given");
}

#[test]
fn a_change_never_confirmed_is_reminded_and_closed_as_unconfirmed() {
    let mut walk = delivered(Papers::BothServices);
    walk.pass(20 * 60);
    walk.does(Command::Reveal { issue: 1 });
    let revealed = walk.now;

    while !walk.case.phase.is_closed() {
        assert!(walk.ring());
    }

    assert_eq!(walk.letters(LetterName::ChangeReminder).len(), 3);
    assert_eq!(walk.outcome(), "reset_unconfirmed");
    let due = walk.office.calendar.add_working_days(revealed, 7);
    assert_eq!(walk.now, due, "seven working days after the reveal, whenever it was delivered");
}

/// A clock may have been ahead when the wake was put off, or the program away when it was due.
#[test]
fn a_result_ends_at_its_time_not_before_and_however_late_the_wake() {
    let wake = |at: i64| {
        let mut walk = delivered(Papers::Complete);
        let Phase::Delivered { reveal, .. } = &walk.case.phase else { panic!("{}", walk.outcome()) };
        walk.now = reveal.expires_at + TimeDelta::seconds(at);
        walk.does(Command::Wake(Alarm::SecretExpiry { issue: 1 }));
        reveal_state(&walk).1
    };

    assert_eq!([-1, 0, 86_400].map(wake), [RevealState::Waiting, RevealState::Expired, RevealState::Expired]);
}

#[test]
fn a_reminder_of_an_earlier_issue_or_out_of_turn_reminds_nobody() {
    let mut walk = delivered(Papers::Complete);
    walk.does(Command::Reveal { issue: 1 });
    walk.does(reissue(&walk, 1));
    walk.drive();
    walk.does(Command::Reveal { issue: 2 });

    for (issue, nth) in [(1, 1), (2, 2), (2, 0)] {
        walk.does(Command::Wake(Alarm::ChangeReminder { issue, nth }));
        assert!(walk.letters(LetterName::ChangeReminder).is_empty(), "issue {issue}, reminder {nth}");
    }
    walk.does(Command::Wake(Alarm::ChangeReminder { issue: 2, nth: 1 }));
    assert_eq!(walk.letters(LetterName::ChangeReminder).len(), 1);
}

#[test]
fn an_office_without_reminders_still_waits_its_days() {
    let office = Office::shipped().with(|p| p.change.reminders = 0);
    let mut walk = delivered_under(office, Papers::Complete);
    walk.does(Command::Reveal { issue: 1 });
    let due = walk.office.calendar.add_working_days(walk.now, 7);

    walk.ring_until(|a| matches!(a, Alarm::ChangeReminder { .. }));

    assert_eq!((walk.outcome(), walk.now), ("reset_unconfirmed", due));
}

#[test]
fn a_result_nobody_fetched_expires_and_is_closed_as_such() {
    let mut walk = delivered(Papers::Complete);

    walk.ring_until(|a| matches!(a, Alarm::SecretExpiry { .. }));
    assert_eq!(reveal_state(&walk), (1, RevealState::Expired, false));
    assert!(walk.secrets.is_empty());
    assert_eq!(walk.is_refused(Command::Reveal { issue: 1 }), Refused::Gone);
    assert_eq!(walk.is_refused(Command::ConfirmChange { issue: 1 }), Refused::Gone, "unseen, so not changed");
    walk.ring_until(|a| matches!(a, Alarm::ChangeReminder { .. }));

    assert_eq!(walk.outcome(), "not_fetched");
    assert!(walk.letters(LetterName::ChangeReminder).is_empty(), "nobody is reminded of what they never saw");
}

#[test]
fn an_applicant_who_asked_again_is_not_forgotten() {
    let mut walk = delivered(Papers::Complete);
    walk.ring_until(|a| matches!(a, Alarm::SecretExpiry { .. }));
    let asking = walk.mail_of(Papers::Complete);
    walk.does(asking);
    assert_eq!(walk.case.times.open_span().map(|s| s.step), Some(8), "the office owes a result");

    walk.ring_until(|a| matches!(a, Alarm::ChangeReminder { .. }));

    assert_eq!(reveal_state(&walk), (1, RevealState::Expired, true));
    assert_eq!(walk.letters(LetterName::NewLinkAsked).len(), 3, "told of the expiry, of the mail, and reminded");
    walk.does(reissue(&walk, 0));
    walk.drive();
}

#[test]
fn a_lost_result_is_issued_again_and_again() {
    let mut walk = delivered(Papers::Complete);
    walk.does(Command::Reveal { issue: 1 });

    for issue in 2..=3 {
        walk.does(reissue(&walk, 1));
        assert_eq!(walk.is_refused(Command::Reveal { issue: issue - 1 }), Refused::Gone);
        walk.drive();
        assert_eq!(walk.issue(), Some((issue, RevealKind::Password)));
    }

    walk.does(Command::Reveal { issue: 3 });
    assert_eq!(walk.is_refused(Command::ConfirmChange { issue: 1 }), Refused::Gone);
    walk.does(Command::ConfirmChange { issue: 3 });
    assert_eq!(walk.resets.len(), 3, "one reset for each decision");
}

/// A failed re-issue once led back to review, where a request already granted could be withdrawn or rejected.
#[test]
fn a_reissue_that_failed_leaves_the_earlier_result() {
    let mut seen = delivered(Papers::Complete);
    seen.does(Command::Reveal { issue: 1 });
    let mut unseen = delivered(Papers::Complete);

    for walk in [&mut seen, &mut unseen] {
        walk.does(reissue(walk, 1));
        let decision = walk.start();
        let report = Report::Failed { by: None, why: "gangguan".into() };
        walk.does(Command::ReportExecution { decision, report });
    }

    assert!(matches!(reveal_state(&seen), (1, RevealState::Revealed { .. }, true)));
    assert_eq!(reveal_state(&unseen), (1, RevealState::Expired, true), "its secret was voided");
    assert_eq!(unseen.case.times.open_span().map(|s| s.step), Some(8), "the office still owes a result");
    seen.does(Command::ConfirmChange { issue: 1 });
    assert_eq!(seen.outcome(), "reset_confirmed");
    unseen.does(reissue(&unseen, 1));
    unseen.drive();
    assert_eq!(unseen.issue(), Some((3, RevealKind::Password)));
}

#[test]
fn a_reminder_that_rang_during_a_failed_reissue_is_not_lost() {
    let mut walk = delivered(Papers::Complete);
    walk.does(Command::Reveal { issue: 1 });
    walk.does(reissue(&walk, 1));
    let decision = walk.start();
    walk.ring_until(|a| matches!(a, Alarm::ChangeReminder { .. }));
    assert!(walk.letters(LetterName::ChangeReminder).is_empty(), "nobody is reminded while it is made anew");

    walk.does(Command::ReportExecution { decision, report: Report::Failed { by: None, why: "gangguan".into() } });
    walk.ring_until(|a| matches!(a, Alarm::ChangeReminder { .. }));

    assert_eq!(walk.letters(LetterName::ChangeReminder).len(), 1);
}

#[test]
fn a_reissue_takes_two_where_the_office_says_so() {
    let office = Office::shipped().with(|p| p.approval.two_for_reissue = true);
    let mut walk = delivered_under(office, Papers::Complete);

    walk.does(reissue(&walk, 0));
    assert!(walk.calls.is_empty());
    assert_eq!(walk.is_refused(reissue(&walk, 0)), Refused::NeedsSecond);
    walk.does(reissue(&walk, 1));

    assert_eq!(walk.calls, [2]);
}

#[test]
fn a_result_is_handed_over_in_person_and_its_link_dies() {
    let mut walk = delivered(Papers::Complete);
    let hand_over = walk.decision(0, Choice::HandInPerson { note: "KTP diperiksa".into() });

    walk.does(hand_over.clone());

    assert_eq!(walk.letters(LetterName::HandedInPerson)[0].by, Some(admin_id(0)), "the applicant is told by whom");
    assert_eq!(walk.is_refused(Command::Reveal { issue: 1 }), Refused::Gone);
    assert_eq!(walk.is_refused(hand_over), Refused::Gone);
    walk.does(Command::ConfirmChange { issue: 1 });
    assert_eq!(walk.outcome(), "reset_confirmed");
}

#[test]
fn a_result_letter_that_came_back_is_owed_until_it_is_issued_again() {
    let mut walk = delivered(Papers::Complete);
    walk.letter_gone(LetterName::ResultReset);
    let lost = walk.case.letters.iter().rfind(|l| l.kind == "result_reset").expect("it was queued").id.clone();

    walk.pass(10);
    walk.does(Command::LetterFailed { id: lost.clone(), why: "mailbox full".into() });

    assert_eq!(reveal_state(&walk), (1, RevealState::Waiting, true));
    assert_eq!(walk.letters(LetterName::LetterUndelivered).len(), 1);
    assert_eq!(walk.case.times.open_span().map(|s| s.step), Some(8));
    walk.does(reissue(&walk, 0));
    walk.drive();
    walk.does(Command::LetterFailed { id: lost, why: "once more".into() });
    assert_eq!(reveal_state(&walk), (2, RevealState::Waiting, false), "an old letter says nothing of the new result");
}

#[test]
fn a_link_the_system_sent_itself_is_confirmed_but_never_shown() {
    let mut walk = Walk::begin(Office::shipped(), Papers::Complete, OpeningVerdict::Request, tuesday_at_nine());
    walk.does(walk.approval(0));
    let decision = walk.start();

    walk.does(Command::ReportExecution { decision, report: Report::SystemSentLink { by: None } });

    assert!(walk.secrets.is_empty(), "the password kept ready is nobody's");
    assert_eq!(walk.is_refused(Command::Reveal { issue: 1 }), Refused::Gone);
    let in_person = walk.decision(0, Choice::HandInPerson { note: "KTP".into() });
    assert_eq!(walk.is_refused(in_person), Refused::Gone);
    walk.ring_until(|a| matches!(a, Alarm::ChangeReminder { .. }));
    assert_eq!(walk.letters(LetterName::ChangeReminder).len(), 1);
    walk.does(Command::ConfirmChange { issue: 1 });
    assert_eq!(walk.outcome(), "reset_confirmed");
}

#[test]
fn who_decides_second_on_a_delivered_case_is_told_who_decided() {
    let mut walk = Walk::begin(Office::shipped(), Papers::Complete, OpeningVerdict::Request, tuesday_at_nine());
    let second = walk.approval(1);
    walk.does(walk.approval(0));
    walk.drive();

    let refused = walk.is_refused(second);

    assert!(matches!(refused, Refused::AlreadyDecided { by: Some(by), .. } if by == super::office::admin_id(0)));
}

#[test]
fn step_9_lasts_as_long_as_the_archive_takes() {
    let mut walk = delivered(Papers::UserIdOnly);
    walk.does(Command::Reveal { issue: 1 });
    walk.pass(6 * 60);

    walk.does(Command::StartArchiving);
    walk.pass(2);
    walk.does(Command::FinishArchiving);

    let archived = walk.case.times.spans.last().expect("step 9 was done");
    assert_eq!((archived.step, archived.to.map(|to| (to - archived.from).num_minutes())), (9, Some(2)));
    assert!(walk.case.times.deviations.iter().all(|d| d.step != 9), "waiting for the schedule is nobody's overrun");
}

#[test]
fn what_was_asked_for_is_what_is_shown() {
    for (papers, kind) in [
        (Papers::Complete, RevealKind::Password),
        (Papers::UserIdOnly, RevealKind::UserId),
        (Papers::BothServices, RevealKind::Both),
    ] {
        assert_eq!(delivered(papers).issue(), Some((1, kind)));
    }
}

#[test]
fn a_change_may_be_confirmed_twice() {
    let mut walk = delivered(Papers::Complete);
    walk.does(Command::Reveal { issue: 1 });
    walk.does(Command::ConfirmChange { issue: 1 });

    assert!(walk.does(Command::ConfirmChange { issue: 1 }).events.is_empty());
}

#[test]
fn an_office_that_reminds_without_end_still_comes_to_one() {
    let office = Office::shipped().with(|p| p.change.reminders = 1_000);
    let mut walk = delivered_under(office, Papers::Complete);
    walk.does(Command::Reveal { issue: 1 });

    for _ in 0..300 {
        walk.ring();
    }

    assert_eq!(walk.outcome(), "reset_unconfirmed");
    assert_eq!(walk.letters(LetterName::ChangeReminder).len(), 253, "reminders are counted in a byte");
}

#[test]
fn a_result_given_at_the_counter_is_told_and_still_to_be_changed() {
    let mut walk = Walk::begin(Office::shipped(), Papers::Complete, OpeningVerdict::Request, tuesday_at_nine());
    walk.does(walk.approval(0));
    let decision = walk.start();
    walk.does(Command::ReportExecution { decision, report: Report::HandedToPerson });

    let report = Report::HandedOver { by: admin_id(0), note: "KTP diperiksa".into() };
    walk.does(Command::ReportExecution { decision, report });

    assert!(walk.secrets.is_empty() && walk.letters(LetterName::HandedInPerson).len() == 1);
    assert_eq!(walk.letters(LetterName::HandedInPerson)[0].by, Some(admin_id(0)), "the applicant is told by whom");
    assert!(walk.letters(LetterName::ResultReset).is_empty(), "no link goes out");
    walk.does(Command::ConfirmChange { issue: 1 });
    assert_eq!(walk.outcome(), "reset_confirmed");
}
