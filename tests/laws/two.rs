//! When one approval is not enough: which circumstances say so, who counts as the other person, and that nothing gets stuck.

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use loket::sop::case::{Authenticity, Channel};
use loket::sop::command::{Alarm, Choice, Command, Decision, DraftKind, Factor, OpeningVerdict};
use loket::sop::decide::{Refused, TwoFor, why_two};
use loket::sop::effect::{LetterName, Recipient};
use loket::sop::event::Event;
use loket::sop::phase::{AdminId, Phase, RevealState};
use loket::sop::procedure::Procedure;

use super::office::{APPLICANT, Office, address, admin, admin_id, tuesday_at_nine};
use super::papers::{self, Papers};
use super::walk::Walk;

fn all_take_two() -> Office {
    Office::shipped().with(|p| p.approval.two_for_every_approval = true)
}

fn request(office: Office) -> Walk {
    Walk::begin(office, Papers::Complete, OpeningVerdict::Request, tuesday_at_nine())
}

/// A request that came in then, from there, for an account that was last approved then.
fn came(office: Office, papers: Papers, at: DateTime<Utc>, from: &str, last: Option<DateTime<Utc>>) -> Walk {
    let mut dossier = papers::dossier(&office, papers::mail(0, from, true, at), papers);
    dossier.last_approved = last;
    Walk::begin_with(office, papers::opening(7, dossier, OpeningVerdict::Request), at.max(tuesday_at_nine()))
}

fn why(walk: &Walk) -> Vec<TwoFor> {
    why_two(&walk.case, &walk.office.procedure, &walk.office.calendar)
}

/// An approval that says why, where findings differ.
fn approval(walk: &Walk, n: usize) -> Command {
    walk.decision(n, Choice::Approve { reason: "telah ditelepon".into() })
}

fn approval_with(walk: &Walk, n: usize, channel: Channel, factor: Factor) -> Command {
    let choice = Choice::Approve { reason: String::new() };
    Command::Decide(Decision { by: admin_id(n), proposal: walk.current(), channel, factor, choice })
}

#[test]
fn each_circumstance_alone_takes_two_and_only_where_the_procedure_says_so() {
    let (tuesday, sunday) = (tuesday_at_nine(), Utc.with_ymd_and_hms(2026, 11, 8, 2, 0, 0).unwrap());
    let last = Some(tuesday - TimeDelta::days(5));
    let never = |_: &mut Procedure| {};
    type Case = (fn(&mut Procedure), Papers, DateTime<Utc>, Option<DateTime<Utc>>, Vec<TwoFor>);
    let cases: Vec<Case> = vec![
        (never, Papers::FromElsewhere, sunday, None, vec![]),
        (|p| p.approval.two_for_every_approval = true, Papers::Complete, tuesday, last, vec![TwoFor::EveryApproval]),
        (|p| p.approval.two_after_trigger = true, Papers::FromElsewhere, tuesday, last, vec![TwoFor::Trigger]),
        (|p| p.approval.two_after_trigger = true, Papers::Complete, tuesday, last, vec![]),
        (|p| p.approval.two_for_first_request = true, Papers::Complete, tuesday, None, vec![TwoFor::FirstRequest]),
        (|p| p.approval.two_for_first_request = true, Papers::Complete, tuesday, last, vec![]),
        (
            |p| p.approval.two_for_unregistered_sender = true,
            Papers::FromElsewhere,
            tuesday,
            last,
            vec![TwoFor::UnregisteredSender],
        ),
        (|p| p.approval.two_for_unregistered_sender = true, Papers::Complete, tuesday, last, vec![]),
        (|p| p.approval.two_outside_hours = true, Papers::Complete, sunday, last, vec![TwoFor::OutsideHours]),
        (|p| p.approval.two_outside_hours = true, Papers::Complete, tuesday, last, vec![]),
        (|p| p.approval.two_for_repeat_within_days = 6, Papers::Complete, tuesday, last, vec![TwoFor::Repeat]),
        (|p| p.approval.two_for_repeat_within_days = 5, Papers::Complete, tuesday, last, vec![]),
        (|p| p.approval.two_for_repeat_within_days = 6, Papers::Complete, tuesday, None, vec![]),
        (|p| p.approval.two_for_roles = vec!["helpdesk".into()], Papers::Complete, tuesday, last, vec![TwoFor::Role]),
        (|p| p.approval.two_for_roles = vec!["Auditor".into()], Papers::Complete, tuesday, last, vec![]),
    ];

    for (nth, (rule, papers, at, last, expected)) in cases.into_iter().enumerate() {
        let mut walk = came(Office::shipped().with(rule), papers, at, APPLICANT, last);
        assert_eq!(why(&walk), expected, "case {nth}");
        if papers == Papers::FromElsewhere {
            walk.does(walk.call(0, loket::sop::case::ConfirmationResult::Confirmed));
        }

        walk.does(approval(&walk, 0));

        assert_eq!(walk.calls.len(), usize::from(expected.is_empty()), "case {nth}");
        if !expected.is_empty() {
            assert_eq!(walk.is_refused(approval(&walk, 0)), Refused::NeedsSecond, "case {nth}");
            walk.does(approval(&walk, 1));
            assert_eq!(walk.calls, [1], "case {nth}");
        }
    }
}

#[test]
fn a_mail_that_came_at_night_takes_two_also_where_the_first_came_by_day() {
    let office = Office::shipped().with(|p| p.approval.two_outside_hours = true);
    let mut walk = request(office);
    assert_eq!(why(&walk), []);

    walk.pass(12 * 60);
    let at_night = walk.mail_of(Papers::Complete);
    walk.does(at_night);

    assert_eq!(why(&walk), [TwoFor::OutsideHours]);
}

#[test]
fn the_two_are_two_people_each_with_a_fresh_factor() {
    let mut walk = request(all_take_two());

    let session = approval_with(&walk, 0, Channel::Desk, Factor::Session);
    assert_eq!(walk.is_refused(session), Refused::NeedsFreshFactor, "the first");
    walk.does(walk.approval(0));
    assert_eq!(walk.is_refused(walk.approval(0)), Refused::NeedsSecond);
    // The same mailbox, however it is written, is the same person.
    let upper: AdminId = address(&admin_id(0).as_str().to_uppercase());
    walk.office.admins.push(loket::sop::command::Admin { id: upper.clone(), ..admin(0) });
    let choice = Choice::Approve { reason: String::new() };
    let (proposal, channel) = (walk.current(), Channel::Desk);
    let again = Command::Decide(Decision { by: upper, proposal, channel, factor: Factor::Fresh, choice });
    assert_eq!(walk.is_refused(again), Refused::NeedsSecond);
    let session = approval_with(&walk, 1, Channel::Desk, Factor::Session);
    assert_eq!(walk.is_refused(session), Refused::NeedsFreshFactor, "the second");
    walk.does(walk.approval(1));

    let decision = walk.case.decisions.last().expect("decided");
    assert_eq!((&decision.by, decision.first.as_ref()), (&admin_id(1), Some(&admin_id(0))));
}

#[test]
fn an_approval_by_reply_is_one_of_the_two_first_or_second() {
    for reply_first in [true, false] {
        let mut walk = request(all_take_two());
        let by = |walk: &Walk, n, reply: bool| {
            approval_with(walk, n, if reply { Channel::Reply } else { Channel::Desk }, Factor::Fresh)
        };

        walk.does(by(&walk, 0, reply_first));
        assert!(walk.calls.is_empty());
        walk.does(by(&walk, 1, !reply_first));

        assert_eq!(walk.calls, [1]);
    }
}

#[test]
fn every_change_of_the_proposal_voids_the_first_approval() {
    let changes: [fn(&mut Walk) -> Command; 3] = [
        |walk| walk.mail_of(Papers::Complete),
        |_| Command::SaveDraft { by: admin_id(1), draft: DraftKind::Rejection, text: "Mohon maaf.".into() },
        |walk| walk.decision(1, Choice::Complete { items: vec!["appointment_decree".into()], letter: None }),
    ];
    for (nth, change) in changes.into_iter().enumerate() {
        let mut walk = request(all_take_two());
        walk.does(walk.approval(0));
        let seen = walk.approval(1);

        let change = change(&mut walk);
        walk.does(change);

        assert!(walk.case.first_approval.is_none(), "change {nth}");
        walk.is_refused(seen);
        assert!(walk.calls.is_empty(), "change {nth}");
    }
}

#[test]
fn with_one_admin_alone_nothing_is_stuck() {
    let alone = || {
        let mut office = all_take_two();
        office.admins = vec![admin(0)];
        let mut walk = request(office);
        walk.does(walk.approval(0));
        assert!(walk.calls.is_empty(), "one is not two");
        walk
    };

    let mut rejected = alone();
    let reject = Choice::Reject { code: "R04".into(), note: String::new(), letter: None };
    rejected.does(rejected.decision(0, reject));
    assert_eq!(rejected.outcome(), "rejected");
    let mut completed = alone();
    let complete = Choice::Complete { items: vec!["appointment_decree".into()], letter: None };
    completed.does(completed.decision(0, complete));
    assert_eq!(completed.case.phase.name(), "incomplete");
    let mut joined = alone();
    joined.office.admins.push(admin(1));
    joined.does(Command::Brief { to: admin_id(1) });
    let asked = joined.letters(LetterName::ActionNeeded);
    assert_eq!(asked.last().map(|l| l.to.clone()), Some(loket::sop::effect::Recipient::Admin { id: admin_id(1) }));
    joined.does(Command::Brief { to: admin_id(0) });
    assert_eq!(joined.letters(LetterName::ActionNeeded).len(), 3, "its holder hears what waits, as a stand-in would");
    joined.does(joined.approval(1));
    assert_eq!(joined.calls, [1], "whoever is enrolled later is the second");
}

#[test]
fn the_applicants_own_admin_account_is_neither_of_the_two() {
    let mut office = all_take_two();
    office.admins = vec![admin(2), admin(0)];
    let mut walk = request(office);

    assert_eq!(walk.is_refused(walk.approval(2)), Refused::OwnAccount);
    walk.does(walk.approval(0));
    assert_eq!(walk.is_refused(walk.approval(2)), Refused::OwnAccount);

    assert!(walk.calls.is_empty());
    assert!(
        walk.letters(LetterName::ActionNeeded)
            .iter()
            .all(|l| l.to != loket::sop::effect::Recipient::Admin { id: admin_id(2) })
    );
}

#[test]
fn who_sent_a_request_for_somebody_else_does_not_decide_on_it() {
    let mut office = Office::shipped();
    office.admins = vec![admin(0), admin(1)];
    let mut walk = came(office, Papers::FromElsewhere, tuesday_at_nine(), admin_id(0).as_str(), None);
    walk.does(walk.call(1, loket::sop::case::ConfirmationResult::Confirmed));

    assert_eq!(walk.is_refused(approval(&walk, 0)), Refused::OwnAccount);
    for choice in [
        Choice::Reject { code: "R04".into(), note: String::new(), letter: None },
        Choice::Complete { items: vec!["appointment_decree".into()], letter: None },
        Choice::HandOver { to: admin_id(1), reason: "milik saya".into() },
    ] {
        assert_eq!(walk.is_refused(walk.decision(0, choice)), Refused::OwnAccount);
    }
    assert!(matches!(walk.case.mails[0].authenticity, Authenticity::Proven { .. }));
    walk.does(approval(&walk, 1));
    assert_eq!(walk.events(|e| matches!(e, Event::FirstApproved { .. })), 0, "one other is enough here");
}

#[test]
fn no_procedure_lets_anybody_decide_on_their_own_account() {
    let shipped = include_str!("../../config/sop/helpdesk.toml");
    let text = shipped.replacen("\n[approval]\n", "\n[approval]\nnot_own_account = false\n", 1);

    let flaws = Procedure::parse(&text).expect_err("that is no choice");

    assert!(flaws.iter().any(|flaw| flaw.key == "approval.not_own_account"), "{flaws:?}");
}

/// A result that admins 0 and 1 approved, waiting to be fetched, in an office of three.
fn granted_by_two() -> Walk {
    let mut office = all_take_two();
    office.admins.push(admin(3));
    let mut walk = request(office);
    walk.does(walk.approval(0));
    walk.does(walk.approval(1));
    walk.drive();
    walk
}

fn reissue(walk: &Walk, n: usize) -> Command {
    walk.decision(n, Choice::Reissue { reason: "tautan hilang".into() })
}

fn hand_over(walk: &Walk, n: usize) -> Command {
    walk.decision(n, Choice::HandInPerson { note: "KTP diperiksa".into() })
}

fn waits_to_be_fetched(walk: &Walk) -> bool {
    matches!(&walk.case.phase, Phase::Delivered { reveal, .. } if reveal.state == RevealState::Waiting)
}

/// One of two who approved could once have the result for themselves: by handing it over to nobody, on their own screen.
#[test]
fn what_two_granted_is_shown_at_the_counter_by_two() {
    let mut walk = granted_by_two();

    walk.does(hand_over(&walk, 0));
    assert!(waits_to_be_fetched(&walk) && walk.secrets.contains_key(&1), "nothing was shown");
    assert_eq!(walk.is_refused(hand_over(&walk, 0)), Refused::NeedsSecond);
    walk.does(hand_over(&walk, 1));

    let handed = |e: &Event| {
        matches!(e, Event::HandedInPerson { by, first: Some(first), .. }
        if *by == admin_id(1) && *first == admin_id(0))
    };
    assert_eq!(walk.events(handed), 1);
    assert_eq!(walk.is_refused(Command::Reveal { issue: 1 }), Refused::Gone);
}

#[test]
fn what_two_granted_is_issued_again_by_two() {
    let mut walk = granted_by_two();

    walk.does(reissue(&walk, 0));
    assert!(walk.calls.is_empty() && waits_to_be_fetched(&walk), "the first result stands meanwhile");
    assert_eq!(walk.is_refused(reissue(&walk, 0)), Refused::NeedsSecond);
    walk.does(reissue(&walk, 3));

    assert_eq!(walk.calls, [2]);
}

#[test]
fn an_office_whose_results_are_issued_again_by_two_hands_them_over_by_two() {
    let mut walk = request(Office::shipped().with(|p| p.approval.two_for_reissue = true));
    walk.does(walk.approval(0));
    walk.drive();

    walk.does(hand_over(&walk, 0));

    assert!(waits_to_be_fetched(&walk));
    assert_eq!(walk.is_refused(hand_over(&walk, 0)), Refused::NeedsSecond);
}

#[test]
fn a_first_approval_of_one_thing_is_none_of_another() {
    let mut walk = granted_by_two();

    walk.does(reissue(&walk, 0));
    walk.does(hand_over(&walk, 1));
    assert!(waits_to_be_fetched(&walk), "two persons, but each for something else");
    walk.does(reissue(&walk, 3));
    assert!(walk.calls.is_empty());
    walk.does(hand_over(&walk, 0));
    assert!(waits_to_be_fetched(&walk));
    walk.does(hand_over(&walk, 3));

    assert!(!waits_to_be_fetched(&walk) && walk.calls.is_empty());
}

#[test]
fn a_first_approval_to_hand_over_ends_with_what_there_was_to_hand_over() {
    let mut fetched = granted_by_two();
    let mut expired = fetched.clone();
    for walk in [&mut fetched, &mut expired] {
        walk.does(hand_over(walk, 0));
    }

    fetched.does(Command::Reveal { issue: 1 });
    expired.ring_until(|alarm| matches!(alarm, Alarm::SecretExpiry { .. }));

    for walk in [&mut fetched, &mut expired] {
        assert!(walk.case.first_approval.is_none());
        assert_eq!(walk.is_refused(hand_over(walk, 1)), Refused::Gone);
    }
}

#[test]
fn who_could_be_the_second_is_told_what_the_first_approved() {
    let mut walk = granted_by_two();
    let to = |n| Recipient::Admin { id: admin_id(n) };

    walk.does(hand_over(&walk, 0));
    walk.office.admins.push(admin(4));
    walk.does(Command::Brief { to: admin_id(4) });
    walk.does(Command::Brief { to: admin_id(0) });

    let told: Vec<_> = walk.letters(LetterName::SecondNeeded).iter().map(|l| (l.to.clone(), l.code.clone())).collect();
    let what = "hand_in_person".to_owned();
    assert_eq!(told, [(to(1), what.clone()), (to(3), what.clone()), (to(4), what)]);
    walk.does(reissue(&walk, 1));
    let last = walk.letters(LetterName::SecondNeeded).last().map(|l| (l.code.clone(), l.remark.clone()));
    assert_eq!(last, Some(("reissue".to_owned(), "tautan hilang".to_owned())));
}
