//! The time standards along a case's way: who is reminded of what and until when, and what an overrun puts on record.

use chrono::{DateTime, TimeDelta, Utc};
use loket::sop::command::{Alarm, Choice, Command, OpeningVerdict};
use loket::sop::decide::Refused;
use loket::sop::effect::LetterName;

use super::office::{Office, admin_id, tuesday_at_nine};
use super::papers::Papers;
use super::walk::Walk;

fn request_at(office: Office, now: DateTime<Utc>) -> Walk {
    Walk::begin(office, Papers::Complete, OpeningVerdict::Request, now)
}

fn request() -> Walk {
    request_at(Office::shipped(), tuesday_at_nine())
}

/// Rejects for a reason that is always there.
fn reject(walk: &mut Walk) {
    walk.does(walk.decision(0, Choice::Reject { code: "R01".into(), note: String::new(), letter: None }));
}

#[test]
fn letters_about_a_step_say_when_its_standard_ends() {
    let mut walk = request();
    let due = walk.office.calendar.add_working(walk.now, walk.office.procedure.limit(5).expect("step 5 has one"));

    walk.ring_until(|alarm| matches!(alarm, Alarm::StandardEscalation { span: 1 }));

    for kind in [LetterName::ActionNeeded, LetterName::StandardHalf, LetterName::StandardOverdue] {
        let letters = walk.letters(kind);
        assert!(!letters.is_empty() && letters.iter().all(|letter| letter.until == Some(due)), "{kind:?}");
    }
}

#[test]
fn that_half_the_time_is_gone_is_not_told_together_with_that_all_of_it_is() {
    let rung = |late: bool, percents: &[u32]| {
        let percents = percents.to_vec();
        let mut walk =
            request_at(Office::shipped().with(|p| p.overrun.remind_at_percent = percents), tuesday_at_nine());
        let due = walk.office.calendar.add_working(walk.now, walk.office.procedure.limit(5).expect("step 5 has one"));
        walk.now = if late { due } else { due - TimeDelta::seconds(1) };
        walk.does(Command::Wake(Alarm::StandardHalf { span: 1 }));
        walk.letters(LetterName::StandardHalf).len()
    };

    assert_eq!(rung(true, &[50, 100]), 0, "the office was away; the other reminder is due as well");
    assert_eq!(rung(false, &[50, 100]), 1);
    assert_eq!(rung(true, &[50]), 1, "no other reminder would come");
    assert_eq!(rung(true, &[50, 120]), 1, "the other one comes later");
}

#[test]
fn an_office_may_leave_the_superior_out() {
    let walk = request_at(Office::shipped().with(|p| p.overrun.superior_at_percent = 0), tuesday_at_nine());

    assert!(walk.wakes.iter().any(|(_, alarm)| matches!(alarm, Alarm::StandardWhole { .. })));
    assert!(!walk.wakes.iter().any(|(_, alarm)| matches!(alarm, Alarm::StandardEscalation { .. })));
}

#[test]
fn an_overrun_says_whether_the_sop_itself_or_the_office_set_the_standard() {
    let mut walk = request();
    walk.pass(16);
    reject(&mut walk);
    walk.pass(6);
    walk.letter_gone(LetterName::Rejected);

    let overruns: Vec<_> = walk.case.times.deviations.iter().map(|d| (d.step, d.taken, d.origin.as_str())).collect();
    assert_eq!(overruns, [(5, 16, "proposed"), (7, 6, "sop")]);
    assert!(walk.case.times.deviations.iter().all(|d| !d.provisional), "the dates of this year are known");
}

#[test]
fn a_step_that_takes_its_standard_and_not_a_second_more_is_no_overrun() {
    let mut walk = request();
    walk.pass(15);
    reject(&mut walk);

    assert!(walk.case.times.deviations.is_empty());
}

#[test]
fn an_overrun_into_a_year_without_dates_is_provisional() {
    let new_years_eve = "2026-12-30T06:00:00Z".parse().expect("a date");
    let mut walk = request_at(Office::shipped(), new_years_eve);
    walk.now = "2027-01-05T06:00:00Z".parse().expect("a date");
    reject(&mut walk);

    let provisional: Vec<_> = walk.case.times.deviations.iter().map(|d| (d.step, d.provisional)).collect();
    assert_eq!(provisional, [(5, true)]);
}

#[test]
fn an_overrun_is_explained_once_and_by_whom_stays() {
    let mut walk = request();
    walk.pass(20);
    reject(&mut walk);
    let explain = |by, reason: &str| Command::ExplainDeviation { by: admin_id(by), index: 0, reason: reason.into() };

    assert_eq!(walk.is_refused(explain(0, "  ")), Refused::NeedsReason);
    walk.does(explain(0, "listrik padam"));
    let again = walk.is_refused(explain(1, "lain lagi"));

    assert!(matches!(again, Refused::AlreadyDecided { by: Some(by), what: "explained", .. } if by == admin_id(0)));
    let nothing = Command::ExplainDeviation { by: admin_id(0), index: 1, reason: "apa".into() };
    assert_eq!(walk.is_refused(nothing), Refused::Gone);
}
