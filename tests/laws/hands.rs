//! In whose hands a case is: who gets it when its admin is gone, what waits until somebody may have it, who is told, and who speaks
//! for the applicant.

use chrono::TimeDelta;
use loket::sop::command::{Alarm, Choice, Command, OpeningVerdict, Report};
use loket::sop::decide::Refused;
use loket::sop::effect::{LetterName, Recipient};
use loket::sop::event::Event;
use loket::sop::phase::{AdminId, HeldReason};

use super::office::{APPLICANT, Office, address, admin, admin_id, tuesday_at_nine};
use super::papers::{self, Papers};
use super::walk::Walk;

fn request(papers: Papers) -> Walk {
    Walk::begin(Office::shipped(), papers, OpeningVerdict::Request, tuesday_at_nine())
}

fn held() -> Walk {
    let verdict = OpeningVerdict::Held(HeldReason::Unauthenticated);
    Walk::begin(Office::shipped(), Papers::Complete, verdict, tuesday_at_nine())
}

fn unknown() -> Walk {
    let mut walk = request(Papers::Complete);
    walk.does(walk.approval(0));
    let decision = walk.start();
    walk.does(Command::ReportExecution { decision, report: Report::Unknown { why: "tidak ada jawaban".into() } });
    walk
}

/// Everybody left, admin 3 came, and somebody looks whose case this is.
fn with_somebody_new(mut walk: Walk) -> Walk {
    walk.office.admins = vec![admin(3)];
    let revision = walk.case.revisions;
    walk.does(Command::Wake(Alarm::Assign { revision }));
    walk
}

/// What this admin was told, by letter.
fn told(walk: &Walk, kind: LetterName, who: &AdminId) -> usize {
    let to = |to: &Recipient| matches!(to, Recipient::Admin { id } if id == who);
    walk.letters(kind).iter().filter(|letter| to(&letter.to)).count()
}

#[test]
fn a_case_whose_admin_is_gone_goes_to_another_who_is_told_what_waits() {
    for (walk, kind) in [
        (held(), LetterName::HeldMail),
        (request(Papers::Complete), LetterName::ActionNeeded),
        (unknown(), LetterName::OutcomeUnknown),
    ] {
        let walk = with_somebody_new(walk);
        assert_eq!(walk.case.assigned, Some(admin_id(3)), "{kind:?}");
        assert_eq!(told(&walk, kind, &admin_id(3)), 1, "{kind:?}");
    }
}

#[test]
fn a_new_admin_hears_of_a_call_that_a_person_makes_and_of_a_result_that_somebody_waits_for() {
    let executing = |by_hand: bool| {
        let mut walk = request(Papers::Complete);
        walk.does(walk.approval(0));
        let decision = walk.start();
        if by_hand {
            walk.does(Command::ReportExecution { decision, report: Report::HandedToPerson });
        }
        told(&with_somebody_new(walk), LetterName::ManualTask, &admin_id(3))
    };
    let delivered = |then: fn(&mut Walk)| {
        let mut walk = request(Papers::Complete);
        walk.does(walk.approval(0));
        walk.drive();
        then(&mut walk);
        told(&with_somebody_new(walk), LetterName::NewLinkAsked, &admin_id(3))
    };
    let asks = |walk: &mut Walk| {
        let mail = walk.mail_of(Papers::Complete);
        walk.does(mail);
    };

    assert_eq!((executing(true), executing(false)), (1, 0));
    assert_eq!(delivered(|_| ()), 0, "nobody asks for anything");
    assert_eq!(delivered(asks), 1);
    assert_eq!(delivered(|walk| walk.ring_until(|alarm| matches!(alarm, Alarm::SecretExpiry { .. }))), 1);
}

#[test]
fn a_case_that_rests_stays_where_it_is() {
    let mut asked = request(Papers::NoDecree);
    asked.does(asked.decision(0, Choice::Complete { items: Vec::new(), letter: None }));
    let mut rejected = request(Papers::Complete);
    rejected.does(rejected.decision(0, Choice::Reject { code: "R01".into(), note: String::new(), letter: None }));

    for walk in [asked, rejected] {
        let (had, entries) = (walk.case.assigned.clone(), walk.journal.len());
        let walk = with_somebody_new(walk);
        assert_eq!((walk.case.assigned.clone(), walk.journal.len()), (had, entries), "{}", walk.case.phase.name());
    }
}

#[test]
fn a_case_that_nobody_may_have_is_looked_at_again_in_five_minutes() {
    let mut office = Office::shipped();
    office.admins = Vec::new();

    let walk = Walk::begin(office, Papers::Complete, OpeningVerdict::Request, tuesday_at_nine());

    let at: Vec<_> = walk.wakes.iter().filter(|(_, a)| matches!(a, Alarm::Assign { .. })).map(|(at, _)| *at).collect();
    assert!(!at.is_empty() && at.iter().all(|at| *at == walk.now + TimeDelta::minutes(5)), "{at:?}");
}

#[test]
fn why_a_held_mail_was_let_in_or_dropped_is_on_record() {
    let reason = || "sudah ditelepon".to_owned();
    let mail = |walk: &Walk| walk.case.mails[0].clone();
    for admits in [true, false] {
        let mut walk = held();
        let by = walk.case.assigned.clone().expect("somebody has it");
        walk.does(match admits {
            true => {
                let dossier = Box::new(papers::dossier(&walk.office, mail(&walk), Papers::Complete));
                Command::Admit { by: by.clone(), reason: reason(), dossier }
            }
            false => Command::Drop { by: by.clone(), reason: reason() },
        });
        let given = |event: &Event| matches!(event, Event::Assigned { by: Some(who), reason: why, .. } if *who == by && *why == reason());
        assert_eq!(walk.events(given), 1, "let in: {admits}");
    }
}

#[test]
fn the_second_approval_is_asked_of_whoever_may_give_it() {
    let office = Office::shipped().with(|p| p.approval.two_for_every_approval = true);
    let mut walk = Walk::begin(office, Papers::Complete, OpeningVerdict::Request, tuesday_at_nine());
    walk.does(walk.approval(0));
    let letters = walk.sent.len();

    let asked = |who: usize| {
        let mut walk = walk.clone();
        walk.does(Command::Brief { to: admin_id(who) });
        walk.sent[letters..].iter().map(|letter| letter.to.clone()).collect::<Vec<_>>()
    };

    assert_eq!(asked(1), [Recipient::Admin { id: admin_id(1) }]);
    assert_eq!(asked(5), [], "nobody known");
}

#[test]
fn the_registered_address_and_whoever_sent_the_request_withdraw_it() {
    let mut walk = request(Papers::Complete);
    let registered = "wening@rumah.example";
    walk.case.account.as_mut().expect("an account").email = address(registered);

    for (from, may) in [(registered, true), (APPLICANT, true), ("lain@x.example", false)] {
        let mut walk = walk.clone();
        let withdrawal = Command::Withdraw(Box::new(walk.next_mail(from, true)));
        let answer = walk.try_it(withdrawal).map(drop);
        assert_eq!(answer, if may { Ok(()) } else { Err(Refused::NotTheApplicant) }, "{from}");
    }
}
