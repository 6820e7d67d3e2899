//! What a letter that has gone, or surely will not, means for the step it ends; and what letters carry.

use loket::sop::command::{Choice, Command, OpeningVerdict, Report};
use loket::sop::decide::{Refused, decide};
use loket::sop::effect::{Effect, LetterName, Recipient};

use super::office::{Office, admin_id, tuesday_at_nine};
use super::papers::Papers;
use super::walk::Walk;

fn request(papers: Papers) -> Walk {
    Walk::begin(Office::shipped(), papers, OpeningVerdict::Request, tuesday_at_nine())
}

fn delivered() -> Walk {
    let mut walk = request(Papers::Complete);
    walk.does(walk.approval(0));
    walk.drive();
    walk
}

fn rejected() -> Walk {
    let mut walk = request(Papers::WrongNip);
    walk.does(walk.decision(0, Choice::Reject { code: "R04".into(), note: String::new(), letter: None }));
    walk
}

fn step(walk: &Walk) -> Option<u8> {
    walk.case.times.open_span().map(|span| span.step)
}

fn fails(walk: &mut Walk, kind: LetterName) {
    let letter = walk.case.letters.iter().rfind(|l| l.kind == kind.key()).expect("such a letter was queued");
    let id = letter.id.clone();
    walk.does(Command::LetterFailed { id, why: "mailbox full".into() });
}

#[test]
fn step_8_ends_when_the_letter_of_the_last_result_has_gone_and_no_other_ends_it() {
    let mut walk = delivered();
    assert_eq!(step(&walk), Some(8));
    let first = walk.case.letters.iter().rfind(|l| l.kind == "result_reset").expect("it was queued").id.clone();
    walk.does(walk.decision(0, Choice::Reissue { reason: "tautan hilang".into() }));
    walk.drive();

    walk.letter_gone(LetterName::Acknowledgement);
    walk.does(Command::LetterSent { id: first });
    assert_eq!(step(&walk), Some(8), "the applicant has not been told of the result in hand");

    walk.letter_gone(LetterName::ResultReset);
    assert_eq!(step(&walk), None);
}

#[test]
fn step_7_ends_when_the_rejection_has_gone_or_surely_will_not_and_no_other_letter_ends_it() {
    for gone in [true, false] {
        let mut walk = rejected();
        walk.letter_gone(LetterName::Acknowledgement);
        assert_eq!(step(&walk), Some(7));

        if gone {
            walk.letter_gone(LetterName::Rejected)
        } else {
            fails(&mut walk, LetterName::Rejected)
        }

        assert_eq!(step(&walk), None);
    }
}

#[test]
fn a_rejection_that_goes_late_does_not_end_the_filing() {
    let mut walk = rejected();
    walk.does(Command::StartArchiving);
    assert_eq!(step(&walk), Some(9));

    walk.letter_gone(LetterName::Rejected);

    assert_eq!(step(&walk), Some(9));
}

#[test]
fn an_admin_who_hears_of_a_lost_letter_gets_the_links_to_what_stands() {
    let mut walk = request(Papers::Complete);

    fails(&mut walk, LetterName::Acknowledgement);

    let told: Vec<_> = walk.letters(LetterName::LetterUndelivered).iter().map(|l| l.links_to.clone()).collect();
    assert_eq!(told, [Some(walk.current())]);
}

#[test]
fn a_notice_is_a_letter_with_the_links_to_what_stands() {
    let walk = request(Papers::Complete);
    let to = Recipient::Admin { id: admin_id(0) };
    let notify = Command::Notify { kind: LetterName::FreshProposal, to: to.clone(), code: "dossier" };

    // A notice is written as often as it is asked for, against the law of other commands.
    let ruling = walk.office.ask(walk.now, |ctx| decide(&walk.case, notify, ctx)).expect("a notice is always written");

    let [Effect::Send { letter }] = ruling.effects.as_slice() else { panic!("one letter") };
    assert_eq!((letter.kind, &letter.to, letter.code.as_str()), (LetterName::FreshProposal, &to, "dossier"));
    assert_eq!(letter.links_to, Some(walk.current()));
}

#[test]
fn a_case_goes_from_hand_to_hand_also_once_it_is_delivered_or_unknown() {
    let over = |walk: &Walk| {
        let from = usize::from(walk.case.assigned == Some(admin_id(1)));
        (walk.decision(from, Choice::HandOver { to: admin_id(1 - from), reason: "cuti".into() }), admin_id(1 - from))
    };
    let mut delivered = delivered();
    let (hand_over, to) = over(&delivered);
    delivered.does(hand_over);
    assert_eq!(delivered.case.assigned, Some(to));

    let mut unknown = request(Papers::Complete);
    unknown.does(unknown.approval(0));
    let decision = unknown.start();
    unknown.does(Command::ReportExecution { decision, report: Report::Unknown { why: "cut".into() } });
    let (hand_over, to) = over(&unknown);
    unknown.does(hand_over);
    assert_eq!(unknown.case.assigned, Some(to));
}

#[test]
fn a_result_is_issued_again_or_handed_over_only_once_there_is_one() {
    for choice in [Choice::Reissue { reason: "hilang".into() }, Choice::HandInPerson { note: "KTP".into() }] {
        let mut undecided = request(Papers::Complete);
        let refused = undecided.is_refused(undecided.decision(0, choice.clone()));
        assert_eq!(refused, Refused::WrongPhase { phase: "under_review" });

        let held = OpeningVerdict::Held(loket::sop::phase::HeldReason::Unauthenticated);
        let mut held = Walk::begin(Office::shipped(), Papers::Complete, held, tuesday_at_nine());
        let refused = held.is_refused(held.decision(0, choice));
        assert_eq!(refused, Refused::WrongPhase { phase: "held" });
    }
}
