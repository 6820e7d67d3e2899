//! What somebody who writes about another person's account learns and gains: nothing.

use loket::demo::samples::Stamp;
use loket::demo::samples::papers::{Decree, Letter, decree_pdf, letter_pdf};
use loket::demo::samples::people::{MAIL_SERVER, RINA};
use loket::demo::samples::post::{Mail, PDF};
use loket::engine::port::{Folder, Outgoing};
use loket::mail::courier::compose::{Copies, Sender, compose};
use loket::sop::checklist::Finding;
use loket::sop::names::{CaseNumber, Service};
use loket::web::answer::DecisionAnswer;
use loket::web::view::Choice;

use crate::desk_walk::{decide, form, review};
use crate::kit::Site;
use crate::kit::samples::address;

const STRANGER: (&str, &str) = ("Orang Lain", "orang@dinas-lain.example");

fn mail<'a>(site: &Site, from: (&'a str, &'a str), id: &str, words: &str) -> Mail<'a> {
    Mail {
        from,
        subject: "Permohonan reset password".to_owned(),
        text: words.to_owned(),
        enclosed: Vec::new(),
        message_id: format!("{id}.{}", from.1),
        at: site.now(),
        answers: None,
        automatic: false,
        authentic: true,
    }
}

fn stamped(mail: &Mail<'_>) -> Vec<u8> {
    mail.bytes(Some(Stamp { server: MAIL_SERVER }))
}

/// The acknowledgement that answers a stranger's request about this user ID, and the case's number.
async fn answer(site: &Site, user_id: &str) -> (Outgoing, CaseNumber) {
    let words = format!("Mohon reset password akun Helpdesk. User ID: {user_id}");
    site.take_in(stamped(&mail(site, STRANGER, &user_id.len().to_string(), &words))).await;
    let number = site.numbers().await.pop().expect("the mail opens a case");
    let to_them =
        |l: &Outgoing| l.to.iter().any(|to| to.as_str() == STRANGER.1) && l.subject.contains(&number.to_string());
    (site.letters().into_iter().find(to_them).expect("the sender is answered"), number)
}

#[tokio::test]
async fn t21_an_answer_to_a_stranger_does_not_tell_whether_the_account_is_known_nor_whose_it_is() {
    let site = Site::start().await;
    let (known, first) = answer(&site, RINA.user_id).await;
    let (unknown, second) = answer(&site, "TIDAKADA").await;

    let plain = |letter: &Outgoing, number: &CaseNumber| {
        (letter.subject.replace(&number.to_string(), "#"), letter.body.replace(&number.to_string(), "#"))
    };
    assert_eq!(plain(&known, &first), plain(&unknown, &second));
    assert_eq!(known.bcc, [address(RINA.email)], "the owner hears of it");
    let sender = Sender { address: address("loket@lembayungraya.example"), display_name: "Loket".to_owned() };
    let message = compose(&sender, &known, Copies::Hidden).expect("it can be composed");
    let (sent, envelope) = (String::from_utf8_lossy(&message.formatted()).into_owned(), message.envelope());
    assert!(!sent.contains(RINA.email) && !sent.contains(RINA.name) && !sent.contains(RINA.user_id), "{sent}");
    assert!(envelope.to().iter().any(|to| to.to_string() == RINA.email), "the copy goes out");
}

#[tokio::test]
async fn t06_what_the_owner_writes_in_a_strangers_thread_spares_nobody_the_call() {
    let site = Site::start().await;
    let day = site.now().date_naive();
    let services = &[Service::ResetPassword];
    let letter = letter_pdf(&Letter {
        applicant: &RINA,
        services,
        number: "000.3/5003/BPLPSE",
        date: day,
        nip: None,
        signed: true,
        pad_to: None,
    });
    let words = format!("Mohon reset password akun Helpdesk. User ID: {}", RINA.user_id);
    let enclosed = vec![("Surat.pdf", PDF, letter), ("SK.pdf", PDF, decree_pdf(&Decree::of_year(day)))];
    site.take_in(stamped(&Mail { enclosed, ..mail(&site, STRANGER, "satu", &words) })).await;
    let number = site.numbers().await.pop().expect("the mail opens a case");
    let told = site.last_to(STRANGER.1).expect("the sender is answered");
    let from_owner = (RINA.name, RINA.email);
    let protest = Mail {
        subject: format!("Re: {}", told.subject),
        answers: Some(&told.message_id),
        ..mail(&site, from_owner, "dua", "Ini bukan dari saya.")
    };

    site.take_in(stamped(&protest)).await;

    let case = site.case(&number).await;
    assert_eq!(case.mails.len(), 2, "the owner's word is on record");
    assert!(case.understanding.check("sender_registered").is_some_and(|check| check.finding != Finding::Met));
    let (admin, _) = site.admins_of(&number).await;
    let view = review(&site, &admin, &number).await;
    let answer = decide(&site.desk, &admin, &number, form(&view, Choice::Approve)).await;
    assert!(matches!(answer, DecisionAnswer::NeedsConfirmation));
}

#[tokio::test]
async fn t04_a_forged_mail_under_the_senders_message_id_does_not_shut_their_own_out() {
    let site = Site::start().await;
    let owner = (RINA.name, RINA.email);
    let forged = Mail { authentic: false, ..mail(&site, owner, "sama", "Mohon reset password sekarang juga.") };

    site.take_in(stamped(&forged)).await;
    let genuine = mail(&site, owner, "sama", "Mohon reset password akun Helpdesk saya.");
    assert_eq!(site.take_in(stamped(&genuine)).await, [Folder::Processed]);

    let numbers = site.numbers().await;
    assert_eq!(numbers.len(), 2);
    assert_eq!(site.case(&numbers[0]).await.phase.name(), "held");
    assert_ne!(site.case(&numbers[1]).await.phase.name(), "held");
    assert!(site.last_to(RINA.email).is_some(), "the sender is answered");
}

/// What answers a letter of a closed case begins anew only where it asks for something or brings papers.
#[tokio::test]
async fn thanks_for_a_case_that_is_closed_open_none_and_a_request_or_papers_do() {
    let site = Site::start().await;
    let closed = crate::engine_filing::rejected(&site).await;
    let letter = site.last_to(RINA.email).expect("a letter");
    let day = site.now().date_naive();
    let further = |id: &str, words: &str, enclosed| {
        let subject = format!("Re: [{closed}] Terima kasih");
        let answers = Some(letter.message_id.as_str());
        stamped(&Mail { subject, answers, enclosed, ..mail(&site, (RINA.name, RINA.email), id, words) })
    };
    let decree = vec![("SK Helpdesk.pdf", PDF, decree_pdf(&Decree::of_year(day)))];
    let mut opened = Vec::new();

    for (id, words, enclosed) in [
        ("terima.kasih", "Terima kasih atas penjelasannya.", Vec::new()),
        ("mohon", "Mohon reset password akun Helpdesk saya. User ID: RINAPL", Vec::new()),
        ("berkas", "Terlampir.", decree),
    ] {
        site.take_in(further(id, words, enclosed)).await;
        opened.push(site.numbers().await.len());
    }

    assert_eq!(opened, [1, 2, 3]);
    for number in site.numbers().await.iter().filter(|number| **number != closed) {
        assert_eq!(site.case(number).await.linked_to.as_ref(), Some(&closed));
    }
}

#[tokio::test]
async fn a_mail_about_a_filed_case_is_linked_to_it_and_one_about_a_number_that_never_was_to_none() {
    let site = Site::start().await;
    let filed = crate::engine_filing::rejected(&site).await;
    site.engine.file_closed().await.expect("the archive takes it");
    assert!(site.numbers().await.is_empty());
    let never = CaseNumber::new("LPSE", 2026, 999);
    let mut linked = Vec::new();

    for number in [&filed, &never] {
        let subject = format!("Re: [{number}] Permohonan reset password");
        let words = "Mohon reset password akun Helpdesk saya. User ID: RINAPL";
        let mail = Mail { subject, ..mail(&site, (RINA.name, RINA.email), &number.to_string(), words) };
        site.take_in(stamped(&mail)).await;
        let opened = site.numbers().await.pop().expect("a case of its own");
        linked.push(site.case(&opened).await.linked_to.clone());
    }

    assert_eq!(linked, [Some(filed), None]);
}
