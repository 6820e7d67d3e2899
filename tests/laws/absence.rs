//! Who stands in for an absent admin: gets the same letters, decides for them on record, and stays one person.

use loket::sop::command::{Choice, Command, Factor, OpeningVerdict};
use loket::sop::decide::Refused;
use loket::sop::effect::{LetterName, Recipient};
use loket::sop::event::Event;
use loket::sop::phase::AdminId;

use super::office::{Office, admin, admin_id, tuesday_at_nine};
use super::papers::Papers;
use super::walk::Walk;

/// Admin 1 holds the case and is away; admin 0 stands in, admin 3 does not.
fn away(office: Office) -> Walk {
    let mut office = office;
    office.admins = vec![admin(0), admin(1), admin(3)];
    let walk = Walk::begin(office, Papers::Complete, OpeningVerdict::Request, tuesday_at_nine());
    assert_eq!(walk.case.assigned, Some(admin_id(1)));
    absent(walk, 1, 0)
}

fn absent(mut walk: Walk, who: usize, delegate: usize) -> Walk {
    let person = walk.office.admins.iter_mut().find(|a| a.id == admin_id(who)).expect("an enrolled admin");
    person.delegate = Some(admin_id(delegate));
    walk
}

fn told(walk: &Walk, kind: LetterName) -> Vec<AdminId> {
    let to = walk.letters(kind).into_iter().filter_map(|letter| match &letter.to {
        Recipient::Admin { id } => Some(id.clone()),
        _ => None,
    });
    to.collect()
}

fn stood_in(walk: &Walk) -> Vec<(AdminId, AdminId)> {
    let acts = walk.journal.iter().filter_map(|(event, _)| match &**event {
        Event::StoodIn { by, absent } => Some((by.clone(), absent.clone())),
        _ => None,
    });
    acts.collect()
}

#[test]
fn letters_about_an_absent_admins_case_go_to_both() {
    let mut walk = away(Office::shipped());

    let further = walk.mail_of(Papers::BothServices);
    walk.does(further);

    assert_eq!(told(&walk, LetterName::ActionNeeded), [admin_id(1), admin_id(0), admin_id(1)]);
    let in_place_of: Vec<_> = walk.letters(LetterName::ActionNeeded).iter().map(|l| l.in_place_of.clone()).collect();
    assert_eq!(in_place_of, [None, Some(admin_id(1)), None], "who stands in is told for whom");
}

#[test]
fn what_waits_already_is_told_to_the_stand_in_alone_and_changes_nothing() {
    let mut walk = away(Office::shipped());
    let before = walk.case.phase.clone();

    let ruling = walk.does(Command::Brief { to: admin_id(0) });

    assert!(ruling.events.is_empty());
    assert_eq!(walk.case.phase, before);
    assert_eq!(told(&walk, LetterName::ActionNeeded), [admin_id(1), admin_id(0)]);
}

#[test]
fn a_decision_of_the_stand_in_is_on_record_as_for_the_absent() {
    let mut walk = away(Office::shipped());

    walk.does(walk.approval(0));

    assert_eq!(stood_in(&walk), [(admin_id(0), admin_id(1))]);
    let decision = walk.case.decisions.last().expect("decided");
    assert_eq!((&decision.by, decision.acting_for.as_ref()), (&admin_id(0), Some(&admin_id(1))));
    assert_eq!(walk.case.assigned, Some(admin_id(0)), "who decides accounts for what follows");
}

#[test]
fn rejecting_and_asking_to_complete_are_on_record_too() {
    let choices = [
        Choice::Reject { code: "R04".into(), note: String::new(), letter: None },
        Choice::Complete { items: vec!["appointment_decree".into()], letter: None },
    ];
    for choice in choices {
        let mut walk = away(Office::shipped());

        walk.does(walk.decision(0, choice));

        assert_eq!(stood_in(&walk), [(admin_id(0), admin_id(1))]);
    }
}

#[test]
fn anybody_else_decides_for_themselves_and_so_does_the_absent() {
    for by in [1, 3] {
        let mut walk = away(Office::shipped());

        walk.does(walk.approval(by));

        assert!(stood_in(&walk).is_empty());
        assert_eq!(walk.case.decisions[0].acting_for, None);
    }
}

#[test]
fn a_stand_in_who_may_not_act_is_not_asked() {
    // Admin 2 is the applicant, admin 4 is not enrolled.
    for delegate in [2, 4] {
        let mut office = Office::shipped();
        office.admins = vec![admin(2), admin(0)];
        let walk = Walk::begin(office, Papers::Complete, OpeningVerdict::Request, tuesday_at_nine());
        let mut walk = absent(walk, 0, delegate);

        let further = walk.mail_of(Papers::BothServices);
        walk.does(further);

        assert!(told(&walk, LetterName::ActionNeeded).iter().all(|id| *id == admin_id(0)));
        let refused = walk.is_refused(walk.approval(delegate));
        assert!(matches!(refused, Refused::OwnAccount | Refused::NotAnAdmin));
    }
}

#[test]
fn one_person_is_never_two_however_many_they_stand_in_for() {
    let mut walk = away(Office::shipped().with(|p| p.approval.two_for_every_approval = true));

    walk.does(walk.approval(0));
    assert_eq!(walk.is_refused(walk.approval(0)), Refused::NeedsSecond, "once for the absent, once for oneself");

    assert!(walk.calls.is_empty());
    walk.does(walk.approval(3));
    assert_eq!(walk.calls, [1]);
}

#[test]
fn who_approved_before_leaving_is_the_first_and_the_stand_in_the_second() {
    let mut walk = away(Office::shipped().with(|p| p.approval.two_for_every_approval = true));

    walk.does(walk.approval(1));
    walk.does(walk.approval(0));

    assert_eq!(walk.calls, [1], "two real people");
    let decision = &walk.case.decisions[0];
    assert_eq!((&decision.by, decision.first.as_ref()), (&admin_id(0), Some(&admin_id(1))));
    assert_eq!(decision.acting_for, None, "the second approval is the stand-in's own");
}

#[test]
fn standing_in_asks_for_the_same_factor() {
    let mut walk = away(Office::shipped());
    let choice = Choice::Approve { reason: String::new() };
    let Command::Decide(decision) = walk.decision(0, choice) else { unreachable!("a decision") };

    let bare = Command::Decide(loket::sop::command::Decision { factor: Factor::None, ..decision });

    assert_eq!(walk.is_refused(bare), Refused::NeedsFactor);
    assert!(stood_in(&walk).is_empty());
}
