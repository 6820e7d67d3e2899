//! Branches where persons stand in for one another: confirmation, two admins, handing over, the applicant as admin,
//! an admin who leaves; and whose time it is.

use loket::sop::case::{Confirmation, ConfirmationMethod, ConfirmationResult};
use loket::sop::checklist::Finding;
use loket::sop::command::{Alarm, Choice, Command, Dossier, DraftKind, OpeningVerdict};
use loket::sop::decide::{Refused, circumstance};
use loket::sop::effect::{LetterName, Recipient};
use loket::sop::event::Event;
use loket::sop::phase::{HeldReason, Phase, Recommendation};

use super::office::{APPLICANT, Office, admin, admin_id, tuesday_at_nine};
use super::papers::{self, Papers};
use super::walk::Walk;

fn request(office: Office, papers: Papers) -> Walk {
    Walk::begin(office, papers, OpeningVerdict::Request, tuesday_at_nine())
}

fn reason(text: &str) -> Choice {
    Choice::Approve { reason: text.into() }
}

#[test]
fn a_mail_from_elsewhere_is_approved_only_after_a_call() {
    let mut walk = request(Office::shipped(), Papers::FromElsewhere);
    let Phase::AwaitingConfirmation { triggers, .. } = &walk.case.phase else { panic!("a call is asked for") };
    assert_eq!(*triggers, ["item_asks", "sender_not_registered"]);
    assert!(matches!(walk.is_refused(walk.decision(0, reason("ya"))), Refused::NeedsConfirmation { .. }));

    walk.does(walk.call(0, ConfirmationResult::NotReached));
    assert_eq!(walk.case.phase.name(), "awaiting_confirmation");
    walk.does(walk.call(0, ConfirmationResult::Confirmed));
    assert_eq!(walk.case.phase.name(), "under_review");
    walk.does(walk.decision(0, reason("telah dikonfirmasi")));

    assert_eq!(walk.calls, [1]);
}

#[test]
fn a_call_that_nobody_answers_takes_no_confirmation_back() {
    let mut walk = request(Office::shipped(), Papers::FromElsewhere);

    walk.does(walk.call(0, ConfirmationResult::Confirmed));
    walk.does(walk.call(0, ConfirmationResult::NotReached));

    walk.does(walk.decision(0, reason("telah dikonfirmasi")));
}

#[test]
fn only_the_registered_number_confirms() {
    let mut walk = request(Office::shipped(), Papers::FromElsewhere);
    let Command::Confirm(call) = walk.call(0, ConfirmationResult::Confirmed) else { panic!("a call") };
    let from_the_mail = Confirmation { number_called: Some("0840-0000-7777".into()), ..call.clone() };
    let face_to_face = Confirmation { number_called: None, method: ConfirmationMethod::InPerson, ..call };

    assert_eq!(walk.is_refused(Command::Confirm(from_the_mail)), Refused::NotTheRegisteredNumber);
    walk.does(Command::Confirm(face_to_face));

    assert_eq!(walk.case.phase.name(), "under_review");
}

#[test]
fn a_denial_blocks_approval_and_proposes_rejection() {
    for papers in [Papers::Complete, Papers::FromElsewhere] {
        let office = Office::shipped().with(|p| p.confirmation.waivable = true);
        let mut walk = request(office, papers);

        walk.does(walk.call(0, ConfirmationResult::Denied));

        let proposal = walk.case.phase.proposal().expect("rejection is proposed");
        assert_eq!(proposal.recommendation, Recommendation::Reject { code: "R09".into() });
        let refused = walk.is_refused(walk.decision(0, reason("tetap setuju")));
        assert!(
            matches!(refused, Refused::NeedsConfirmation { triggers } if triggers.contains(&"applicant_denied".into()))
        );
        let rejection = Choice::Reject { code: "R09".into(), note: String::new(), letter: None };
        walk.does(walk.decision(0, rejection));
        assert_eq!(walk.outcome(), "rejected");
    }
}

#[test]
fn a_denial_taken_back_leads_to_a_fresh_proposal() {
    let mut walk = request(Office::shipped(), Papers::Complete);
    walk.does(walk.call(0, ConfirmationResult::Denied));

    walk.does(walk.call(1, ConfirmationResult::Confirmed));

    assert_eq!(walk.case.phase.proposal().map(|p| &p.recommendation), Some(&Recommendation::Approve));
    walk.does(walk.approval(0));
}

/// Each circumstance alone calls for a call, whatever else is in order.
#[test]
fn every_trigger_of_a_confirmation_is_enough_by_itself() {
    let called_for = |spoil: &dyn Fn(&mut Dossier)| -> Vec<String> {
        let office = Office::shipped();
        let mail = papers::mail(0, APPLICANT, true, tuesday_at_nine());
        let mut dossier = papers::dossier(&office, mail, Papers::Complete);
        spoil(&mut dossier);
        let opening = papers::opening(7, dossier, OpeningVerdict::Request);
        match Walk::begin_with(office, opening, tuesday_at_nine()).case.phase {
            Phase::AwaitingConfirmation { triggers, .. } => triggers.into_iter().filter(|t| t != "item_asks").collect(),
            _ => Vec::new(),
        }
    };

    for (item, trigger) in [
        ("sender_registered", "sender_not_registered"),
        ("name_matches", "name_differs"),
        ("nip_matches", "nip_mismatch"),
        ("work_unit_matches", "work_unit_differs"),
        ("decree_in_force", "decree_in_grace"),
    ] {
        let unclear = |dossier: &mut Dossier| {
            let check = dossier.understanding.checklist.iter_mut().find(|check| check.item == item);
            check.expect("it is judged").finding = Finding::Unclear;
        };
        assert_eq!(called_for(&unclear), [trigger]);
    }
    for (alert, trigger) in [
        ("different_people", "name_differs"),
        ("address_change_requested", "address_change_requested"),
        ("other_channel_requested", "other_channel_requested"),
        ("tte_unverifiable", "tte_unverifiable"),
        ("poorly_legible", "poorly_legible"),
        ("second_reset", "second_reset"),
    ] {
        assert_eq!(called_for(&|dossier| dossier.understanding.alerts.push(alert.into())), [trigger]);
    }
    assert!(called_for(&|_| {}).is_empty());
}

/// A call in which no code was given settles all but the lack of a NIP, since nothing else would open the result.
#[test]
fn a_call_without_a_code_settles_all_but_an_unknown_nip() {
    let mut walk = request(Office::shipped(), Papers::NipUnknown);
    let without_code = |walk: &Walk| match walk.call(0, ConfirmationResult::Confirmed) {
        Command::Confirm(given) => Command::Confirm(Confirmation { code_tag: None, ..given }),
        other => other,
    };
    walk.does(without_code(&walk));
    assert_eq!(walk.case.phase.name(), "awaiting_confirmation", "the code is still wanted");
    let refused = walk.is_refused(walk.decision(0, reason("sudah ditelepon")));
    assert!(matches!(refused, Refused::NeedsConfirmation { triggers } if triggers == ["nip_unknown"]));

    let mut elsewhere = request(Office::shipped(), Papers::FromElsewhere);
    elsewhere.does(without_code(&elsewhere));
    assert_eq!(elsewhere.case.phase.name(), "under_review");
    elsewhere.does(elsewhere.decision(0, reason("sudah ditelepon")));
}

/// Whoever telephones though nothing calls for it changes nothing but the record.
#[test]
fn a_call_that_nothing_asked_for_resumes_nothing() {
    let mut walk = request(Office::shipped(), Papers::Complete);

    let ruling = walk.does(walk.call(0, ConfirmationResult::Confirmed));

    assert!(!ruling.events.iter().any(|event| matches!(event, Event::ReviewResumed)), "{:?}", ruling.events);
    assert_eq!(walk.case.phase.name(), "under_review");
}

#[test]
fn nobody_is_called_or_written_to_about_a_mail_that_is_held() {
    let held = OpeningVerdict::Held(HeldReason::Unauthenticated);
    let mut walk = Walk::begin(Office::shipped(), Papers::Complete, held, tuesday_at_nine());
    let draft = Command::SaveDraft { by: admin_id(0), draft: DraftKind::Rejection, text: "Mohon maaf.".into() };

    for refused in [walk.call(0, ConfirmationResult::Confirmed), draft] {
        assert_eq!(walk.is_refused(refused), Refused::WrongPhase { phase: "held" });
    }
}

/// The caller said yes to her own account; then a mail named another one.
#[test]
fn a_confirmation_does_not_count_for_another_account() {
    let mut walk = request(Office::shipped(), Papers::FromElsewhere);
    walk.does(walk.call(0, ConfirmationResult::Confirmed));
    assert!(walk.case.confirmed().is_some());
    let other = walk.next_mail("somebody@freemail.example", true);
    let mut dossier = super::papers::dossier(&walk.office, other, Papers::FromElsewhere);
    dossier.account = super::papers::dossier(&walk.office, walk.case.mails[0].clone(), Papers::OtherAccount).account;

    walk.does(Command::AddMail(Box::new(dossier)));

    assert!(walk.case.confirmed().is_none());
    assert!(matches!(walk.is_refused(walk.decision(0, reason("ya"))), Refused::NeedsConfirmation { .. }));
}

/// A decree that ran out sends the dossier back for completion, which once let it by the telephone.
#[test]
fn a_dossier_to_be_completed_is_not_approved_past_the_call() {
    let mut walk = request(Office::shipped(), Papers::OldDecreeFromElsewhere);
    assert!(matches!(walk.case.phase, Phase::UnderReview { .. }));

    assert!(matches!(walk.is_refused(walk.decision(0, reason("ya"))), Refused::NeedsConfirmation { .. }));
}

#[test]
fn a_waived_confirmation_is_on_record_and_never_covers_a_missing_nip() {
    let office = || Office::shipped().with(|p| p.confirmation.waivable = true);
    let mut foreign = request(office(), Papers::FromElsewhere);
    let mut without_nip = request(office(), Papers::NipUnknown);

    foreign.does(foreign.decision(0, reason("dikenal baik")));

    assert_eq!(foreign.events(|e| matches!(e, Event::ConfirmationWaived { .. })), 1);
    assert!(matches!(
        without_nip.is_refused(without_nip.decision(0, reason("dikenal baik"))),
        Refused::NeedsConfirmation { .. }
    ));
    without_nip.does(without_nip.call(0, ConfirmationResult::Confirmed));
    without_nip.does(without_nip.approval(0));
}

#[test]
fn two_admins_approve_one_after_the_other() {
    let office = Office::shipped().with(|p| p.approval.two_for_every_approval = true);
    let mut walk = request(office, Papers::Complete);

    walk.does(walk.approval(0));
    assert!(walk.calls.is_empty());
    let asked = walk.letters(LetterName::ActionNeeded);
    assert_eq!(asked.last().map(|l| l.to.clone()), Some(Recipient::Admin { id: admin_id(1) }));
    assert_eq!(walk.is_refused(walk.approval(0)), Refused::NeedsSecond);
    walk.does(walk.approval(1));

    assert_eq!(walk.calls, [1]);
}

#[test]
fn a_trigger_may_call_for_two_even_after_the_call() {
    let office = || Office::shipped().with(|p| p.approval.two_after_trigger = true);
    let mut usual = request(office(), Papers::Complete);
    let mut unusual = request(office(), Papers::FromElsewhere);

    usual.does(usual.approval(0));
    unusual.does(unusual.call(0, ConfirmationResult::Confirmed));
    unusual.does(unusual.decision(0, reason("telah dikonfirmasi")));

    assert_eq!(usual.calls, [1]);
    assert!(unusual.calls.is_empty());
    unusual.does(unusual.decision(1, reason("telah diperiksa")));
    assert_eq!(unusual.calls, [1]);
}

#[test]
fn nobody_decides_on_their_own_account() {
    let mut office = Office::shipped();
    office.admins = vec![admin(2), admin(0)];
    let mut walk = request(office, Papers::Complete);

    assert_eq!(walk.case.assigned, Some(admin_id(0)));
    assert_eq!(walk.is_refused(walk.approval(2)), Refused::OwnAccount);
    assert_eq!(walk.is_refused(walk.approval(4)), Refused::NotAnAdmin);
    let to_the_applicant = Choice::HandOver { to: admin_id(2), reason: "cuti".into() };
    assert!(matches!(walk.is_refused(walk.decision(0, to_the_applicant)), Refused::CannotHandOver { .. }));
}

#[test]
fn the_only_admins_own_request_waits_for_another_admin() {
    let mut office = Office::shipped();
    office.admins = vec![admin(2)];
    let mut walk = request(office, Papers::Complete);
    assert!(walk.letters(LetterName::ActionNeeded).is_empty(), "nobody may be asked yet");

    walk.ring_until(|a| matches!(a, Alarm::Assign { .. }));
    walk.office.admins.push(admin(1));
    walk.ring_until(|a| matches!(a, Alarm::Assign { .. }));

    assert_eq!(walk.case.assigned, Some(admin_id(1)));
    assert_eq!(walk.letters(LetterName::ActionNeeded).len(), 1);
    walk.does(walk.approval(1));
}

#[test]
fn each_admin_answers_for_their_own_time() {
    let mut walk = request(Office::shipped(), Papers::Complete);
    let first = walk.case.assigned.clone().expect("somebody has the case");
    let (from, to) = if first == admin_id(0) { (0, 1) } else { (1, 0) };

    walk.pass(20);
    walk.does(walk.decision(from, Choice::HandOver { to: admin_id(to), reason: "rapat".into() }));
    walk.pass(10);
    walk.does(walk.approval(to));

    let overrun: Vec<_> = walk.case.times.deviations.iter().map(|d| (d.step, d.actor.clone(), d.taken)).collect();
    assert_eq!(overrun, [(5, Some(first), 20)], "the second stayed within the standard");
    let again = Choice::HandOver { to: admin_id(from), reason: "rapat".into() };
    assert!(matches!(walk.is_refused(walk.decision(to, again)), Refused::AlreadyDecided { .. }));
}

#[test]
fn the_clock_of_step_5_runs_on_while_the_applicant_is_called() {
    let mut walk = request(Office::shipped(), Papers::FromElsewhere);
    walk.pass(10);
    walk.does(walk.call(1, ConfirmationResult::NotReached));
    walk.pass(7);
    walk.does(walk.call(1, ConfirmationResult::Confirmed));
    walk.does(walk.decision(1, reason("telah dikonfirmasi")));

    let overrun: Vec<_> = walk.case.times.deviations.iter().map(|d| (d.step, d.taken)).collect();
    assert_eq!(overrun, [(5, 17)]);
    walk.does(Command::ExplainDeviation { by: admin_id(1), index: 0, reason: "telepon tidak diangkat".into() });
    assert!(walk.case.times.deviations[0].explained.is_some());
}

#[test]
fn the_admin_is_reminded_at_half_and_whole_and_then_the_superior() {
    let mut walk = request(Office::shipped(), Papers::Complete);
    let began = walk.now;

    walk.ring_until(|a| matches!(a, Alarm::StandardHalf { span: 1 }));
    assert_eq!((walk.now - began).num_seconds(), 450);
    walk.ring_until(|a| matches!(a, Alarm::StandardWhole { span: 1 }));
    walk.ring_until(|a| matches!(a, Alarm::StandardEscalation { span: 1 }));

    let told: Vec<_> = walk.letters(LetterName::StandardOverdue).iter().map(|l| l.to.clone()).collect();
    let holder = walk.case.assigned.clone().expect("somebody has the case");
    assert_eq!(told, [Recipient::Admin { id: holder }, Recipient::Superior]);
    assert_eq!(walk.letters(LetterName::StandardHalf).len(), 1, "the step that was left stayed silent");
}

#[test]
fn a_case_whose_admin_was_revoked_goes_to_another() {
    let mut walk = request(Office::shipped(), Papers::Complete);
    let gone = walk.case.assigned.clone().expect("somebody has the case");
    walk.office.admins.retain(|a| a.id != gone);

    let revision = walk.case.revisions;
    walk.does(Command::Wake(Alarm::Assign { revision }));

    assert_ne!(walk.case.assigned, Some(gone));
    let asked = walk.letters(LetterName::ActionNeeded);
    assert_eq!(asked.last().map(|l| l.to.clone()), walk.case.assigned.clone().map(|id| Recipient::Admin { id }));
}

/// A decree in its days of grace, one that ended before, and one that does not say are three different things to ask about.
#[test]
fn a_call_about_a_decree_says_what_is_the_matter_with_it() {
    let mut found = request(Office::shipped(), Papers::Complete).case.understanding;
    let mut said = |finding: Finding, alert: bool| {
        found.alerts = if alert { vec!["decree_in_grace".into()] } else { Vec::new() };
        found.checklist.iter_mut().filter(|c| c.item == "decree_in_force").for_each(|c| c.finding = finding);
        circumstance("decree_in_grace", &found).to_owned()
    };

    assert_eq!(said(Finding::Unclear, true), "decree_in_grace");
    assert_eq!(said(Finding::Contradicted, false), "decree_ended");
    assert_eq!(said(Finding::Missing, false), "decree_ended");
    assert_eq!(said(Finding::Unclear, false), "decree_unclear");
    let found = request(Office::shipped(), Papers::Complete).case.understanding;
    assert_eq!(circumstance("nip_mismatch", &found), "nip_mismatch", "the others are what they are");
}
