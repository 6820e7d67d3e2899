//! Decisions at the desk: bound to what was seen, to the person, to the code; and the drafts they release.

use loket::engine::admins::Role as EngineRole;
use loket::sop::names::Language;
use loket::sop::phase::{Outcome, Phase};
use loket::web::answer::*;
use loket::web::counter::Counter;
use loket::web::view::*;

use crate::desk_walk::{approve, decide, form, outcome, review};
use crate::kit::Site;
use loket::demo::samples::people;

#[tokio::test]
async fn a_rejection_sends_the_letter_and_who_comes_second_is_told() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let (admin, other) = site.admins_of(&number).await;
    let view = review(&site, &admin, &number).await;

    let rejected = decide(&site.desk, &admin, &number, form(&view, Choice::Reject)).await;
    assert!(matches!(rejected, DecisionAnswer::Done));
    let twice = decide(&site.desk, &admin, &number, form(&view, Choice::Reject)).await;
    assert!(matches!(twice, DecisionAnswer::Done), "the same press again");

    for (who, choice) in [(&other, Choice::Approve), (&other, Choice::Reject), (&admin, Choice::Approve)] {
        match decide(&site.desk, who, &number, form(&view, choice)).await {
            DecisionAnswer::Already(earlier) => {
                assert_eq!(
                    (earlier.by.as_str(), earlier.what.as_str()),
                    (admin.name.as_str(), "Permohonan ditolak (R04).")
                );
            }
            _ => panic!("the first decision counts"),
        }
    }
    site.settle().await;
    let done = outcome(&site, &admin, &number).await;
    assert_eq!(done.headline, Headline::Rejected);
    assert_eq!(done.head.steps[5..8], [StepState::Skipped, StepState::Done, StepState::Skipped]);
    let letter = site.last_to(people::RINA.email).expect("the applicant is told");
    assert!(letter.subject.contains("ditolak"));
}

#[tokio::test]
async fn t12_two_admins_at_once_have_one_winner() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let (one, two) = (site.admin(0).await, site.admin(1).await);
    let view = review(&site, &one, &number).await;

    let presses = (0..20).map(|n| {
        let (who, choice) = if n % 2 == 0 { (&one, Choice::Approve) } else { (&two, Choice::Reject) };
        decide(&site.desk, who, &number, form(&view, choice))
    });
    let answers = futures::future::join_all(presses).await;

    let done =
        |parity: usize| answers.iter().skip(parity).step_by(2).filter(|a| matches!(a, DecisionAnswer::Done)).count();
    assert!(matches!((done(0), done(1)), (10, 0) | (0, 10)), "{} and {}", done(0), done(1));
    assert!(answers.iter().all(|a| matches!(a, DecisionAnswer::Done | DecisionAnswer::Already(_))));
    site.settle().await;
    let decisions = site.case(&number).await.decisions.len();
    assert_eq!(decisions, usize::from(done(0) == 10));
}

#[tokio::test]
async fn t13_a_draft_edited_after_the_page_was_opened_voids_what_was_seen() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let (admin, other) = site.admins_of(&number).await;
    let link = site.token(admin.address.as_str(), "tautan");
    let seen = review(&site, &admin, &number).await;
    let draft = seen.drafts.iter().find(|d| d.choice == Choice::Reject).unwrap().body.clone();
    let save = |who, body: String| {
        let draft = DraftForm { choice: Choice::Reject, proposal_hash: seen.proposal.hash.clone(), body };
        site.desk.save_draft(who, &number, draft)
    };

    assert!(matches!(save(&other, format!("{draft}\n\nTerima kasih.")).await.unwrap(), DecisionAnswer::Done));
    assert!(matches!(save(&other, format!("{draft}\n\nTerima kasih.")).await.unwrap(), DecisionAnswer::Done));

    match decide(&site.desk, &admin, &number, form(&seen, Choice::Approve)).await {
        DecisionAnswer::Changed { what, .. } => assert_eq!(what, format!("{} menyunting konsep surat", other.name)),
        _ => panic!("the admin saw another draft"),
    }
    assert!(matches!(save(&admin, format!("{draft}\n\nLain.")).await.unwrap(), DecisionAnswer::Changed { .. }));
    site.settle().await;
    assert!(site.desk.lock_view(&link, Language::Id).await.unwrap().is_none(), "the old link is gone");
    let fresh = review(&site, &admin, &number).await;
    assert!(fresh.changed.as_ref().is_some_and(|(_, what)| what.contains(&other.name)));
    let edited = fresh.drafts.iter().find(|d| d.choice == Choice::Reject).unwrap();
    assert!(edited.edited && edited.body.ends_with("Terima kasih."));
    assert!(matches!(decide(&site.desk, &admin, &number, form(&fresh, Choice::Reject)).await, DecisionAnswer::Done));
    site.settle().await;
    assert!(site.last_to(people::RINA.email).unwrap().body.trim_end().ends_with("Terima kasih."));
}

#[tokio::test]
async fn an_edited_letter_keeps_its_places_and_gives_nothing_away() {
    let site = Site::start().await;
    let number = site.deliver("completed_later").await;
    let (admin, _) = site.admins_of(&number).await;
    let view = review(&site, &admin, &number).await;
    let draft = view.drafts.iter().find(|d| d.choice == Choice::Complete).unwrap().body.clone();
    let save = |choice, body: String| {
        let draft = DraftForm { choice, proposal_hash: view.proposal.hash.clone(), body };
        site.desk.save_draft(&admin, &number, draft)
    };

    for told in ["NIP 19930822 201902 1 942", "User ID Saudara HD.AGUNGPN.", "Telepon 0840-0000-7942"] {
        let answer = save(Choice::Complete, format!("{draft}\n\n{told}")).await.unwrap();
        let forbidden = |errors: &[FieldError]| matches!(errors, [FieldError { why: Why::Forbidden, .. }]);
        assert!(matches!(&answer, DecisionAnswer::Invalid(errors) if forbidden(errors)), "{told}");
    }
    match save(Choice::Complete, draft.replace("[batas waktu]", "kapan saja")).await.unwrap() {
        DecisionAnswer::Refused(why) => assert!(why.contains("[batas waktu]"), "{why}"),
        _ => panic!("the deadline belongs to the letter"),
    }
    assert!(matches!(save(Choice::Complete, format!("{draft}\n{{{{x}}}}")).await.unwrap(), DecisionAnswer::Refused(_)));
    assert!(matches!(save(Choice::Approve, "Hasil".to_owned()).await.unwrap(), DecisionAnswer::Refused(_)));
    assert_eq!(review(&site, &admin, &number).await.proposal.hash, view.proposal.hash, "nothing was kept");
}

/// Added after the letter was checked, an addition went to the applicant as it was.
#[tokio::test]
async fn an_addition_to_a_letter_gives_nothing_away_either() {
    let site = Site::start().await;
    let number = site.deliver("completed_later").await;
    let (admin, _) = site.admins_of(&number).await;
    let view = review(&site, &admin, &number).await;
    let draft = view.drafts.iter().find(|d| d.choice == Choice::Complete).unwrap().body.clone();
    let with = |letter: Option<&String>, note: &str| DecisionForm {
        letter: letter.cloned(),
        note: note.to_owned(),
        ..form(&view, Choice::Complete)
    };

    for letter in [None, Some(&draft)] {
        for told in ["NIP 19930822 201902 1 942", "User ID Saudara HD.AGUNGPN.", "Telepon 0840-0000-7942"] {
            let answer = decide(&site.desk, &admin, &number, with(letter, told)).await;
            let forbidden = [FieldError { field: Field::Note, why: Why::Forbidden }];
            assert!(matches!(&answer, DecisionAnswer::Invalid(errors) if *errors == forbidden), "{told}");
        }
        let answer = decide(&site.desk, &admin, &number, with(letter, "Lihat {{link:reveal}}")).await;
        assert!(matches!(answer, DecisionAnswer::Refused(_)), "what is not filled in cannot be sent");
    }
    assert_eq!(review(&site, &admin, &number).await.proposal.hash, view.proposal.hash, "nothing was decided");
    let answer = decide(&site.desk, &admin, &number, with(None, "Mohon dipindai ulang.")).await;
    site.settle().await;

    assert!(matches!(answer, DecisionAnswer::Done));
    assert!(site.last_to(people::AGUNG.email).unwrap().body.contains("Mohon dipindai ulang."));
}

#[tokio::test]
async fn what_overrides_a_finding_asks_for_a_reason_a_call_and_a_fresh_code() {
    let site = Site::start().await;
    let number = site.deliver("nip_differs").await;
    let (admin, _) = site.admins_of(&number).await;
    let view = review(&site, &admin, &number).await;
    assert_eq!(view.proposal.choice, Choice::Reject);
    assert!(view.proposal.grounds.iter().any(|g| g.chosen), "the ground that is proposed is chosen");
    let row = view.checks.iter().find(|r| r.check.item == "confirmed_with_applicant").expect("a call is asked for");
    assert_eq!(row.check.finding, loket::sop::checklist::Finding::Missing);
    assert!(view.confirmation.required && !view.confirmation.satisfied);
    assert!(view.confirmation.because.contains("NIP pada surat berbeda"), "{}", view.confirmation.because);
    let answer = decide(&site.desk, &admin, &number, form(&view, Choice::Approve)).await;
    assert!(
        matches!(answer, DecisionAnswer::NeedsConfirmation | DecisionAnswer::Refused(_)),
        "nothing is approved before the call"
    );

    let confirm = |result| {
        let proposal_hash = view.proposal.hash.clone();
        let (method, spoken_with) = (ConfirmMethod::Phone, "Melati".to_owned());
        site.desk.confirm(
            &admin,
            &number,
            ConfirmForm { proposal_hash, method, result, spoken_with, note: String::new() },
        )
    };
    assert!(matches!(confirm(ConfirmResult::Unreached).await.unwrap(), ConfirmAnswer::Done { code: None }));
    let ConfirmAnswer::Done { code: Some(code) } = confirm(ConfirmResult::Genuine).await.unwrap() else {
        panic!("a code to read out")
    };
    assert!(code.expose().len() == 6 && code.expose().bytes().all(|b| b.is_ascii_digit()));
    let confirmed = review(&site, &admin, &number).await;
    assert!(confirmed.confirmation.satisfied);
    assert_eq!(confirmed.confirmation.done.len(), 2);
    let row = confirmed.checks.iter().find(|r| r.check.item == "confirmed_with_applicant").unwrap();
    assert_eq!(row.check.finding, loket::sop::checklist::Finding::Met);
}

#[tokio::test]
async fn a_person_whose_rights_were_taken_sees_and_opens_nothing() {
    let site = Site::start().await;
    site.enrol("arsip@lembayungraya.example", "Sari Arsiparis", EngineRole::Archivist).await;
    let archivist = site.person("arsip@lembayungraya.example").await;
    let number = site.deliver("complete").await;
    let view = review(&site, &archivist, &number).await;

    site.engine.revoke(&archivist.address).await.unwrap();

    let answer = decide(&site.desk, &archivist, &number, form(&view, Choice::Approve)).await;
    assert!(matches!(answer, DecisionAnswer::Gone));
    assert!(site.desk.case_page(&archivist, &number, Language::Id).await.unwrap().is_none(), "revoked");
    assert!(matches!(site.desk.sign_in(&archivist.address, &Typed::new("123456")).await.unwrap(), SignInAnswer::Wrong));
}

#[tokio::test]
async fn a_case_handed_over_is_the_colleagues_and_its_old_links_die() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let (admin, other) = site.admins_of(&number).await;
    let link = site.token(admin.address.as_str(), "tautan");
    let view = review(&site, &admin, &number).await;
    let hand = |to: &str| {
        let mut form = form(&view, Choice::HandOver);
        form.to_admin = Some(to.to_owned());
        form.reason = "Cuti.".to_owned();
        form
    };

    for nobody in ["orang.luar@lain.example", "bukan alamat", admin.address.as_str()] {
        let answer = decide(&site.desk, &admin, &number, hand(nobody)).await;
        assert!(matches!(answer, DecisionAnswer::Invalid(_)), "{nobody}");
    }
    let answer = decide(&site.desk, &admin, &number, hand(other.address.as_str())).await;
    assert!(matches!(answer, DecisionAnswer::Done));
    site.settle().await;

    assert!(site.desk.lock_view(&link, Language::Id).await.unwrap().is_none());
    let told = outcome(&site, &admin, &number).await;
    assert_eq!(told.headline, Headline::HandedOver { to: other.name.clone() });
    let theirs = site.token(other.address.as_str(), "tautan");
    assert!(site.desk.lock_view(&theirs, Language::Id).await.unwrap().is_some());
    approve(&site, &other, &number).await;
}

#[tokio::test]
async fn five_wrong_codes_lock_and_a_repeated_code_is_no_guess() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    let link = site.token(admin.address.as_str(), "tautan");
    let code = site.code_of(&admin).await;

    assert!(matches!(site.desk.unlock(&link, &code).await.unwrap(), UnlockAnswer::Opened { .. }));
    for _ in 0..8 {
        let again = site.desk.unlock(&link, &code).await.unwrap();
        assert!(matches!(again, UnlockAnswer::Wrong { left: 5 }), "a used code opens nothing and locks nobody out");
    }
    for left in (1..5).rev() {
        let wrong = site.desk.unlock(&link, &Typed::new("000000")).await.unwrap();
        assert!(matches!(wrong, UnlockAnswer::Wrong { left: l } if l == left));
    }
    assert!(matches!(site.desk.unlock(&link, &Typed::new("000000")).await.unwrap(), UnlockAnswer::LockedOut));
    let right = site.code_of(&admin).await;
    assert!(matches!(site.desk.unlock(&link, &right).await.unwrap(), UnlockAnswer::LockedOut));
}

#[tokio::test]
async fn an_expired_request_is_rejected_with_the_ground_of_the_deadline() {
    let site = Site::start().await;
    let number = site.deliver("stranger").await;
    let (admin, _) = site.admins_of(&number).await;
    let view = review(&site, &admin, &number).await;
    assert!(matches!(decide(&site.desk, &admin, &number, form(&view, Choice::Complete)).await, DecisionAnswer::Done));
    site.settle().await;

    site.forward(chrono::TimeDelta::days(5));
    site.settle().await;
    let late = review(&site, &admin, &number).await;
    assert!(late.proposal.grounds.iter().any(|g| g.code == "R06" && g.chosen));
    let mut expired = form(&late, Choice::Reject);
    expired.reason_code = Some("R06".to_owned());
    assert!(matches!(decide(&site.desk, &admin, &number, expired).await, DecisionAnswer::Done));

    assert!(matches!(site.case(&number).await.phase, Phase::Closed { outcome: Outcome::Expired, .. }));
}
