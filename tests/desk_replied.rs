//! What an admin's answer to a letter leaves behind: the decision with its ground or its items, the mail itself once, and word
//! of what changed meanwhile. When an answer counts at all stands in `desk_reply`.

use chrono::TimeDelta;
use loket::demo::samples::people::AGUNG;
use loket::engine::port::Outgoing;
use loket::sop::names::CaseNumber;
use loket::sop::phase::{Outcome, Phase, Recommendation};
use loket::vault::sha256_hex;
use loket::web::answer::{ConfirmForm, ConfirmMethod, ConfirmResult};
use loket::web::counter::Counter;
use loket::web::view::Admin;

use crate::desk_factor::answer;
use crate::desk_walk::{approve, review};
use crate::kit::Site;
use crate::sender_intake::two_at_once;

/// What this person was asked about this case, in the order it came.
fn asked(site: &Site, who: &Admin, number: &CaseNumber) -> Vec<Outgoing> {
    let about = |letter: &Outgoing| letter.subject.contains("TINDAKAN") && letter.body.contains(&number.to_string());
    site.letters().into_iter().filter(|letter| letter.to.contains(&who.address) && about(letter)).collect()
}

/// Letters that tell this person of a dossier that changed.
fn told_of_a_change(site: &Site, who: &Admin, number: &CaseNumber) -> usize {
    asked(site, who, number).iter().filter(|letter| letter.subject.contains("berkas berubah")).count()
}

#[tokio::test]
async fn what_is_missing_is_asked_for_by_one_word_and_the_answer_is_kept_once() {
    let site = Site::start().await;
    let number = site.deliver("completed_later").await;
    let (admin, _) = site.admins_of(&number).await;
    let case = site.case(&number).await;
    let Some(Recommendation::Complete { items: missing }) = case.phase.proposal().map(|p| p.recommendation.clone())
    else {
        panic!("something is missing: {:?}", case.phase.name())
    };
    let letter = asked(&site, &admin, &number).pop().expect("the admin was asked").message_id;
    let mail = answer(&site, &admin, &letter, "LENGKAPI", "lengkapi@x.example");

    site.take_in(mail.clone()).await;
    let (case, letters) = (site.case(&number).await, site.letters().len());
    site.forward(TimeDelta::hours(2));
    site.take_in(mail.clone()).await;

    assert!(matches!(&case.phase, Phase::Incomplete { items, .. } if *items == missing && !missing.is_empty()));
    assert_eq!(case.replies, [sha256_hex(&mail)], "the mail is on record with what it decided");
    assert_eq!(site.case(&number).await.replies.len(), 1);
    let told = site.last_to(AGUNG.email).expect("the applicant is asked");
    assert!(told.subject.contains("Permintaan kelengkapan"), "{}", told.subject);
    assert_eq!(site.letters().len(), letters, "the same mail once more is followed by nothing");
}

/// It lies in the inbox once more, after the limit of what is answered.
#[tokio::test]
async fn words_that_are_not_understood_are_answered_once() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    let letter = asked(&site, &admin, &number).pop().expect("the admin was asked").message_id;
    let mail = answer(&site, &admin, &letter, "Nanti saya lihat.", "nanti@x.example");

    site.take_in(mail.clone()).await;
    site.forward(TimeDelta::days(2));
    site.take_in(mail).await;

    let case = site.case(&number).await;
    assert_eq!(case.letters.iter().filter(|letter| letter.kind == "reply_not_understood").count(), 1);
}

#[tokio::test]
async fn words_of_the_admin_stand_beside_what_is_missing() {
    let mut letters = Vec::new();
    for words in ["LENGKAPI", "LENGKAPI mohon dipindai ulang"] {
        let site = Site::start().await;
        let number = site.deliver("completed_later").await;
        let (admin, _) = site.admins_of(&number).await;
        let letter = asked(&site, &admin, &number).pop().expect("the admin was asked").message_id;
        site.take_in(answer(&site, &admin, &letter, words, "lengkapi@x.example")).await;
        letters.push(site.last_to(AGUNG.email).expect("the applicant is asked").body);
    }

    let missing = |letter: &str| letter.lines().filter(|l| l.trim_start().starts_with("1.")).count();
    assert!(letters.iter().all(|letter| missing(letter) == 1), "{letters:#?}");
    assert!(letters[1].contains("mohon dipindai ulang"), "{}", letters[1]);
}

/// Words of a reply went into the applicant's letter unchecked, unlike those that are written at the desk.
#[tokio::test]
async fn words_that_would_give_something_away_reach_no_applicant() {
    for words in [
        "LENGKAPI NIP Saudara 19930822 201902 1 942",
        "LENGKAPI User ID Saudara hd.agungpn, mohon dicek.",
        "LENGKAPI lihat {{link:reveal}}",
        "TOLAK telepon 0840-0000-7942 bukan milik Saudara",
    ] {
        let site = Site::start().await;
        let number = site.deliver("completed_later").await;
        let (admin, _) = site.admins_of(&number).await;
        let letter = asked(&site, &admin, &number).pop().expect("the admin was asked").message_id;
        let before = site.last_to(AGUNG.email).map(|letter| letter.message_id);

        site.take_in(answer(&site, &admin, &letter, words, "bocor@x.example")).await;

        assert_eq!(site.case(&number).await.phase.name(), "under_review", "{words}");
        assert_eq!(site.last_to(AGUNG.email).map(|letter| letter.message_id), before, "{words}");
        let told = site.last_to(admin.address.as_str()).expect("the admin is told").body;
        assert!(told.contains("tidak boleh dikirim kepada pemohon"), "{words}: {told}");
    }
}

#[tokio::test]
async fn an_answer_to_what_is_no_longer_proposed_brings_what_is() {
    let site = Site::start().await;
    let number = site.deliver("completed_later").await;
    let (admin, _) = site.admins_of(&number).await;
    let old = asked(&site, &admin, &number).pop().expect("the admin was asked").message_id;
    site.follow_up("completed_later", &number).await;
    let before = told_of_a_change(&site, &admin, &number);

    site.take_in(answer(&site, &admin, &old, "LENGKAPI", "lama@x.example")).await;

    assert_eq!(told_of_a_change(&site, &admin, &number), before + 1);
    assert!(site.case(&number).await.phase.proposal().is_some(), "and decides nothing");
}

/// A request approved meanwhile changes what stands here: whoever has the case is told of that, and not once more for the answer.
#[tokio::test]
async fn what_an_answer_brings_to_light_is_told_once() {
    let site = Site::start().await;
    let (first, second) = two_at_once(&site).await;
    let (holder, _) = site.admins_of(&first).await;
    let (admin, _) = site.admins_of(&second).await;
    let letter = asked(&site, &admin, &second).pop().expect("the admin was asked").message_id;
    approve(&site, &holder, &first).await;
    let code = site.code_of(&admin).await;

    let words = format!("SETUJU {}", code.expose());
    site.take_in(answer(&site, &admin, &letter, &words, "setuju@x.example")).await;
    site.settle().await;

    assert_eq!(told_of_a_change(&site, &admin, &second), 1);
    let case = site.case(&second).await;
    assert_eq!((case.phase.name(), case.decisions.len()), ("awaiting_confirmation", 0));
}

/// Rejects with these words, in answer to the newest letter; the ground on record, and what the applicant is told.
async fn rejected(site: &Site, number: &CaseNumber, words: &str) -> (String, String) {
    let (admin, _) = site.admins_of(number).await;
    let letter = asked(site, &admin, number).pop().expect("the admin was asked").message_id;
    site.take_in(answer(site, &admin, &letter, words, &format!("tolak.{number}@x.example"))).await;
    let case = site.case(number).await;
    let Phase::Closed { outcome: Outcome::Rejected { code }, .. } = case.phase else {
        panic!("{words} rejects, not {}", case.phase.name())
    };
    let told = |letter: &Outgoing| letter.subject.contains("ditolak") && letter.subject.contains(&number.to_string());
    (code, site.letters().into_iter().rfind(told).expect("the applicant is told").body)
}

#[tokio::test]
async fn a_rejection_has_the_ground_that_was_named_else_the_one_proposed_else_that_the_records_differ() {
    let site = Site::start().await;
    let named = site.deliver("complete").await;
    let bare = site.deliver("user_id").await;
    let denied = site.deliver("both").await;
    let (admin, _) = site.admins_of(&denied).await;
    let seen = review(&site, &admin, &denied).await;
    let call = ConfirmForm {
        proposal_hash: seen.proposal.hash.clone(),
        method: ConfirmMethod::Phone,
        result: ConfirmResult::Denied,
        spoken_with: "Orang lain".to_owned(),
        note: String::new(),
    };
    site.desk.confirm(&admin, &denied, call).await.expect("the engine answers");
    site.settle().await;

    for (number, words, ground, note) in [
        (named, "TOLAK r02 bukan petugas lagi", "R02", Some("bukan petugas lagi")),
        (bare, "TOLAK", "R04", None),
        (denied, "TOLAK bukan beliau", "R09", Some("bukan beliau")),
    ] {
        let (code, letter) = rejected(&site, &number, words).await;
        assert_eq!(code, ground, "{words}");
        assert!(note.is_none_or(|note| letter.contains(note)) && !letter.contains("r02"), "{words}: {letter}");
    }
}
