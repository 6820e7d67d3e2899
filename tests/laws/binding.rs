//! What a decision binds: change anything the admin was shown, and it is another proposal.

use loket::sop::checklist::Finding;
use loket::sop::command::{Command, Dossier, DraftKind, OpeningVerdict};
use loket::sop::decide::{Refused, open};
use loket::sop::effect::{Effect, LetterName};
use loket::sop::names::{Address, Service, Sha256Hex, UserId};
use loket::sop::phase::{Phase, Recommendation};

use super::office::{APPLICANT, Office, admin_id, digest, tuesday_at_nine};
use super::papers::{self, Papers};
use super::walk::Walk;

fn hash_of(office: &Office, serial: u32, change: impl FnOnce(&mut Dossier)) -> Sha256Hex {
    let mut dossier = papers::dossier(office, papers::mail(0, APPLICANT, true, tuesday_at_nine()), Papers::Complete);
    change(&mut dossier);
    let ruling =
        office.ask(tuesday_at_nine(), |ctx| open(papers::opening(serial, dossier, OpeningVerdict::Request), ctx));
    ruling.case.phase.proposal().expect("a proposal was made").hash.clone()
}

#[test]
fn a_proposal_binds_everything_the_admin_is_shown() {
    let office = Office::shipped();
    let reworded = Office { wording: " dengan hormat".into(), ..office.clone() };
    let same = hash_of(&office, 7, |_| {});
    let account = |d: &mut Dossier, change: fn(&mut loket::sop::account::Account)| {
        change(d.account.as_mut().expect("the account is known"));
    };

    let others = [
        hash_of(&office, 8, |_| {}),
        hash_of(&reworded, 7, |_| {}),
        hash_of(&office, 7, |d| account(d, |a| a.user_id = UserId("WENINGI".into()))),
        hash_of(&office, 7, |d| {
            account(d, |a| a.email = Address::parse("w.l@karangmulia.example").expect("an address"))
        }),
        hash_of(&office, 7, |d| account(d, |a| a.phone = None)),
        hash_of(&office, 7, |d| d.understanding.services = vec![Service::UserIdInfo]),
        hash_of(&office, 7, |d| d.mail.sha256 = digest(b"another mail")),
        hash_of(&office, 7, |d| d.mail.attachments[0].sha256 = digest(b"another paper")),
        hash_of(&office, 7, |d| d.understanding.checklist[3].finding = Finding::Unclear),
        hash_of(&office, 7, |d| d.understanding.checklist[3].because = "lain".into()),
        hash_of(&office, 7, |d| d.understanding.applicant.user_id = Some("WENINGL".into())),
        hash_of(&office, 7, |d| d.understanding.alerts = vec!["instruction_in_text".into()]),
    ];

    assert_eq!(same, hash_of(&office, 7, |_| {}), "the same dossier gives the same proposal");
    assert!(others.iter().all(|other| *other != same));
}

/// What goes out with the letter is bound by its bytes, not by its name.
#[test]
fn a_proposal_binds_the_very_bytes_of_what_is_enclosed() {
    let office = Office::shipped();
    let other = Office { form: "FORMULIR".into(), ..office.clone() };
    let no_letter = |dossier: &mut Dossier| {
        let checks = dossier.understanding.checklist.iter_mut();
        checks.filter(|check| check.item == "request_letter").for_each(|check| check.finding = Finding::Missing);
    };
    let enclosed = |office: &Office| {
        let mut dossier =
            papers::dossier(office, papers::mail(0, APPLICANT, true, tuesday_at_nine()), Papers::Complete);
        no_letter(&mut dossier);
        let opening = papers::opening(7, dossier, OpeningVerdict::Request);
        let case = office.ask(tuesday_at_nine(), |ctx| open(opening, ctx)).case;
        case.phase.proposal().expect("a proposal was made").drafts.enclosures.clone()
    };

    assert_eq!((enclosed(&office).len(), enclosed(&office)[0].size), (1, enclosed(&other)[0].size));
    assert_ne!(hash_of(&office, 7, no_letter), hash_of(&other, 7, no_letter));
    assert_eq!(hash_of(&office, 7, no_letter), hash_of(&office, 7, no_letter));
}

#[test]
fn an_approval_of_what_was_shown_before_an_edit_is_refused() {
    let mut walk = Walk::begin(Office::shipped(), Papers::Complete, OpeningVerdict::Request, tuesday_at_nine());
    let stale = walk.approval(0);

    walk.does(Command::SaveDraft { by: admin_id(1), draft: DraftKind::Rejection, text: "Mohon maaf.".into() });

    assert_eq!(walk.is_refused(stale), Refused::Changed { current: walk.current() });
    let Phase::UnderReview { proposal } = &walk.case.phase else { panic!("still under review") };
    assert_eq!(proposal.drafts.rejection, "Mohon maaf.");
}

/// Nothing is rejected that can be cured (SOP step 3 comes before step 7); what lies in the past cannot be.
#[test]
fn missing_papers_are_asked_for_before_anything_is_rejected_and_an_ended_decree_is_not() {
    let proposed = |papers: Papers| {
        let office = Office::shipped();
        let mut dossier = papers::dossier(&office, papers::mail(0, APPLICANT, true, tuesday_at_nine()), papers);
        let nip = dossier.understanding.checklist.iter_mut().find(|check| check.item == "nip_matches");
        nip.expect("it is judged").finding = Finding::Contradicted;
        let opening = papers::opening(7, dossier, OpeningVerdict::Request);
        let walk = Walk::begin_with(office, opening, tuesday_at_nine());
        walk.case.phase.proposal().expect("something is proposed").recommendation.clone()
    };

    assert_eq!(proposed(Papers::NoDecree), Recommendation::Complete { items: vec!["appointment_decree".into()] });
    assert!(matches!(proposed(Papers::OldDecreeFromElsewhere), Recommendation::Reject { .. }));
}

/// A letter may be edited while the applicant is still to be called; the call stays called for.
#[test]
fn an_edit_while_a_call_is_awaited_changes_the_proposal_and_waives_no_call() {
    let mut walk = Walk::begin(Office::shipped(), Papers::FromElsewhere, OpeningVerdict::Request, tuesday_at_nine());
    let Phase::AwaitingConfirmation { triggers, .. } = walk.case.phase.clone() else { panic!("a call is asked for") };
    let before = walk.current();

    walk.does(Command::SaveDraft { by: admin_id(1), draft: DraftKind::Rejection, text: "Mohon maaf.".into() });

    assert_ne!(walk.current(), before);
    let Phase::AwaitingConfirmation { proposal, triggers: now } = &walk.case.phase else {
        panic!("still to be called")
    };
    assert_eq!((proposal.drafts.rejection.as_str(), now), ("Mohon maaf.", &triggers));
}

#[test]
fn a_first_approval_is_void_once_the_dossier_changes() {
    let office = Office::shipped().with(|p| p.approval.two_for_every_approval = true);
    let mut walk = Walk::begin(office, Papers::Complete, OpeningVerdict::Request, tuesday_at_nine());

    walk.does(walk.approval(0));
    let mail = walk.mail_of(Papers::BothServices);
    walk.does(mail);
    walk.does(walk.approval(1));

    assert!(walk.calls.is_empty(), "the second looked at other papers than the first");
    walk.does(walk.approval(0));
    assert_eq!(walk.calls, [1]);
}

/// What was approved for the account in another case may call for a call or a second person in this one.
#[test]
fn an_approval_of_what_was_shown_before_another_case_was_approved_is_refused() {
    let office = Office::shipped().with(|p| p.approval.two_for_repeat_within_days = 30);
    let mut walk = Walk::begin(office, Papers::Complete, OpeningVerdict::Request, tuesday_at_nine());
    let (stale, at) = (walk.approval(0), walk.now);

    let ruling = walk.does(Command::NoteApproval { at });

    assert_eq!(walk.is_refused(stale), Refused::Changed { current: walk.current() });
    assert!(ruling.effects.contains(&Effect::VoidLinks), "the links to it are void");
    let fresh = walk.letters(LetterName::FreshProposal);
    assert!(fresh.len() == 1 && fresh[0].until.is_some(), "told once, with the time that is left: {fresh:?}");
    let Phase::AwaitingConfirmation { triggers, .. } = &walk.case.phase else { panic!("a call is needed") };
    assert_eq!(triggers, &["second_reset"]);
    let revisions = walk.case.revisions;
    walk.does(Command::NoteApproval { at });
    assert_eq!(walk.case.revisions, revisions, "known already");
    walk.does(walk.call(0, loket::sop::case::ConfirmationResult::Confirmed));
    walk.does(walk.approval(0));
    assert_eq!(walk.is_refused(walk.approval(0)), Refused::NeedsSecond);
    walk.does(walk.approval(1));
    assert_eq!(walk.calls, [1]);
    walk.drive();
    let before = walk.case.clone();
    walk.does(Command::NoteApproval { at: at + chrono::TimeDelta::hours(1) });
    assert_eq!(walk.case, before, "what is decided stays as it is");
}

#[test]
fn a_first_approval_does_not_outlive_its_admins_registration() {
    let office = Office::shipped().with(|p| p.approval.two_for_every_approval = true);
    let mut walk = Walk::begin(office, Papers::Complete, OpeningVerdict::Request, tuesday_at_nine());
    walk.does(walk.approval(0));

    walk.office.admins[0] = super::office::admin(3);
    walk.does(walk.approval(1));

    assert!(walk.calls.is_empty());
    walk.does(walk.approval(3));
    assert_eq!(walk.calls, [1]);
}

/// A re-issue that was sent again by a tired browser met the next result, whose proposal had the same hash.
#[test]
fn a_reissue_sent_again_does_not_reset_the_next_result() {
    let mut walk = Walk::begin(Office::shipped(), Papers::Complete, OpeningVerdict::Request, tuesday_at_nine());
    walk.does(walk.approval(0));
    walk.drive();
    let again = loket::sop::command::Choice::Reissue { reason: "tautan hilang".into() };
    let reissue = walk.decision(0, again);

    walk.does(reissue.clone());
    walk.drive();

    assert!(matches!(walk.is_refused(reissue), Refused::Changed { .. }));
    assert_eq!(walk.resets.len(), 2);
}
