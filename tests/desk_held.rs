//! Held mails at the desk: looked at, admitted or dropped, with the reason on record; and the enrolment of a person.

use loket::demo::samples::post::Mail;
use loket::demo::samples::{Stamp, people};
use loket::engine::admins::Role;
use loket::sop::event::Event;
use loket::sop::names::Language;
use loket::sop::phase::{Outcome, Phase};
use loket::web::answer::*;
use loket::web::counter::Counter;
use loket::web::view::Choice;

use crate::desk_walk::{decide, form, review};
use crate::kit::Site;
use crate::kit::site::address;

#[tokio::test]
async fn a_held_mail_is_dropped_without_an_answer_and_with_its_reason() {
    let site = Site::start().await;
    let number = site.deliver("forged").await;
    let (admin, other) = site.admins_of(&number).await;
    let id = number.to_string();
    let link = site.token(admin.address.as_str(), "tautan");
    let lock = site.desk.lock_view(&link, Language::Id).await.unwrap().expect("the link is good");
    assert_eq!(lock.number, None, "a held mail is no request yet");
    let UnlockAnswer::Opened { place, .. } = site.desk.unlock(&link, &site.code_of(&admin).await).await.unwrap() else {
        panic!("the code opens it")
    };
    assert_eq!(place, Place::Held(id.clone()));
    let view = site.desk.held_view(&admin, &id, Language::Id).await.unwrap().expect("it is held");
    let [mail] = view.mails.as_slice() else { panic!("one mail") };
    assert_eq!((view.reason.as_str(), mail.attachments.len()), ("unauthenticated", 2));
    assert!(mail.body.contains("hari ini juga") && view.calls);
    assert!(site.desk.case_page(&admin, &number, Language::Id).await.unwrap().is_none());

    let form = |reason: &str| HeldForm { choice: HeldChoice::Drop, reason: reason.to_owned(), seen: view.seen.clone() };
    let drop = |who, reason: &str| site.desk.settle_held(who, &id, form(reason));
    assert!(matches!(drop(&admin, " ").await.unwrap(), HeldAnswer::Invalid(_)));
    assert!(matches!(drop(&admin, "Palsu.").await.unwrap(), HeldAnswer::Done(None)));
    assert!(matches!(drop(&admin, "Palsu.").await.unwrap(), HeldAnswer::Done(None)));
    assert!(matches!(drop(&other, "Palsu.").await.unwrap(), HeldAnswer::Already(earlier) if earlier.by == admin.name));
    site.settle().await;

    assert!(matches!(site.case(&number).await.phase, Phase::Closed { outcome: Outcome::Dropped { .. }, .. }));
    assert!(site.last_to(people::WULAN.email).is_none(), "nobody forged is answered");
    let events = site.engine.events(&site.engine.key(&number)).await.unwrap();
    let on_record = |e: &Event| matches!(e, Event::Assigned { reason, .. } if reason == "Palsu.");
    assert!(events.iter().any(|recorded| on_record(&recorded.event)));
    assert!(site.desk.lock_view(&link, Language::Id).await.unwrap().is_none());
}

#[tokio::test]
async fn an_admitted_mail_becomes_a_request_like_any_other() {
    let site = Site::start().await;
    let number = site.deliver("forged").await;
    let (admin, other) = site.admins_of(&number).await;
    let id = number.to_string();
    let seen = site.desk.held_view(&admin, &id, Language::Id).await.unwrap().expect("it is held").seen;
    let settled = |choice| HeldForm { choice, reason: "Ditelepon, benar.".to_owned(), seen: seen.clone() };
    let admit = |who| site.desk.settle_held(who, &id, settled(HeldChoice::Admit));

    assert!(matches!(admit(&admin).await.unwrap(), HeldAnswer::Done(Some(n)) if n == number));
    assert!(matches!(admit(&admin).await.unwrap(), HeldAnswer::Done(Some(_))));
    assert!(matches!(admit(&other).await.unwrap(), HeldAnswer::Already(_)));
    site.settle().await;

    let view = review(&site, &admin, &number).await;
    assert!(view.sender.authenticity.contains(&admin.name));
    assert!(view.confirmation.required && view.confirmation.because.contains("keaslian pengirim tidak terbukti"));
    let bare = decide(&site.desk, &admin, &number, form(&view, Choice::Approve)).await;
    assert!(matches!(bare, DecisionAnswer::NeedsConfirmation), "who let it in proved no sender");
    assert!(site.last_to(people::WULAN.email).is_some_and(|letter| letter.subject.contains(&id)));
    assert!(site.desk.held_view(&admin, &id, Language::Id).await.unwrap().is_none());
    assert!(matches!(
        site.desk.settle_held(&admin, "LPSE-2026-9999", settled(HeldChoice::Drop)).await.unwrap(),
        HeldAnswer::Gone
    ));
}

/// THREATS row 21: who lets a mail in proves no sender, so that nothing about somebody's account goes to an address that nobody proved.
#[tokio::test]
async fn t21_a_mail_that_was_let_in_is_answered_at_the_registered_address_alone() {
    let site = Site::start().await;
    let mut forged = String::from_utf8(site.sample("forged").raw).expect("mails are ASCII");
    forged = forged.replacen(people::WULAN.email, "wulan@tempat-lain.example", 1);
    assert!(forged.contains("wulan@tempat-lain.example"));
    let from = forged.lines().find(|line| line.starts_with("From:")).expect("a sender").to_owned();
    let forged = forged.replacen(&from, "From: Wulan <wulan@tempat-lain.example>", 1);
    site.take_in(forged.into_bytes()).await;
    let number = site.numbers().await.pop().expect("a held mail");
    let (admin, _) = site.admins_of(&number).await;
    let id = number.to_string();
    let seen = site.desk.held_view(&admin, &id, Language::Id).await.unwrap().expect("it is held").seen;

    let form = HeldForm { choice: HeldChoice::Admit, reason: "Ditelepon, benar.".to_owned(), seen };
    assert!(matches!(site.desk.settle_held(&admin, &id, form).await.unwrap(), HeldAnswer::Done(Some(_))));
    site.settle().await;

    assert!(site.last_to(people::WULAN.email).is_some_and(|letter| letter.subject.contains(&id)), "the owner hears");
    let elsewhere = |letter: &loket::engine::port::Outgoing| {
        letter.to.iter().chain(&letter.bcc).any(|to| to.as_str().contains("tempat-lain"))
    };
    assert!(!site.letters().iter().any(elsewhere), "and nobody else");
}

/// THREATS row 13. The form once named no mail: whatever had come by the time it was sent was admitted with the rest, and the
/// page showed the last one alone.
#[tokio::test]
async fn t13_what_is_admitted_is_what_was_read() {
    let site = Site::start().await;
    let number = site.deliver("forged").await;
    let (admin, _) = site.admins_of(&number).await;
    let id = number.to_string();
    let view = async || site.desk.held_view(&admin, &id, Language::Id).await.unwrap().expect("it is held");
    let settle = async |choice, seen: &str| {
        let form = HeldForm { choice, reason: "Ditelepon, benar.".to_owned(), seen: seen.to_owned() };
        site.desk.settle_held(&admin, &id, form).await.unwrap()
    };
    let before = view().await;

    // The person in whose name it was written says so.
    let denial = Mail {
        from: (people::WULAN.name, people::WULAN.email),
        subject: format!("Re: [{number}] Permohonan"),
        text: "Permohonan itu bukan dari saya.".into(),
        enclosed: Vec::new(),
        message_id: "bukan-saya@lembayungraya.example".into(),
        at: site.now(),
        answers: None,
        automatic: false,
        authentic: true,
    };
    site.take_in(denial.bytes(Some(Stamp { server: people::MAIL_SERVER }))).await;

    assert_eq!(site.case(&number).await.mails.len(), 2, "the further mail is of this case");
    for choice in [HeldChoice::Admit, HeldChoice::Drop] {
        for seen in [before.seen.as_str(), ""] {
            assert!(matches!(settle(choice, seen).await, HeldAnswer::Refused(why) if why.contains("surel lain")));
        }
    }
    let both = view().await;
    assert_eq!(both.mails.len(), 2, "both are shown");
    assert_eq!(both.mails[0].subject, before.mails[0].subject);
    assert!(both.mails[1].body.contains("bukan dari saya"));
    assert!(matches!(settle(HeldChoice::Admit, &both.seen).await, HeldAnswer::Done(Some(_))));
}

#[tokio::test]
async fn a_person_is_enrolled_by_their_link_and_the_first_code() {
    let site = Site::start().await;
    let who = address("baru@lembayungraya.example");
    let link = site.engine.enroll(&who, "Admin Baru", Role::Admin).await.unwrap();
    let token = link.rsplit('/').next().unwrap();

    let view = site.desk.enrol_view(token).await.unwrap().expect("the link is good");
    let again = site.desk.enrol_view(token).await.unwrap().expect("and stays so");
    assert_eq!(view.secret.expose(), again.secret.expose());
    assert!(view.secret.expose().len() == 32 && view.uri.expose().starts_with("otpauth://totp/LPSE"));
    assert!(matches!(
        site.desk.enrol_confirm(token, &Typed::new("000000"), None).await.unwrap(),
        EnrolAnswer::Wrong { left: 4 }
    ));
    let (_, record) = site.engine.invited(token).await.unwrap().unwrap();
    let code = Typed::new(record.next_code(site.now()).unwrap().unwrap());
    assert!(matches!(site.desk.enrol_confirm(token, &code, None).await.unwrap(), EnrolAnswer::Done));

    assert!(matches!(site.desk.enrol_confirm(token, &code, None).await.unwrap(), EnrolAnswer::Gone));
    assert!(site.desk.enrol_view(token).await.unwrap().is_none());
    assert!(matches!(site.desk.sign_in(&who, &code).await.unwrap(), SignInAnswer::Wrong), "each code counts once");
    let next = site.code_of(&site.person(who.as_str()).await).await;
    assert!(matches!(site.desk.sign_in(&who, &next).await.unwrap(), SignInAnswer::Opened(_)));
    assert!(matches!(
        site.desk.sign_in(&address("tak.dikenal@lain.example"), &next).await.unwrap(),
        SignInAnswer::Wrong
    ));
}
