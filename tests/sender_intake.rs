//! What becomes of a mail by what proves its sender: taken in, held, or waiting. And what a proven sender still may not do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::TimeDelta;
use futures::future::BoxFuture;
use loket::demo::samples::papers::{Decree, Letter, decree_pdf, letter_pdf};
use loket::demo::samples::people::{AGUNG, JOHANNES, MAIL_SERVER, MELATI, Person, RINA};
use loket::demo::samples::post::{Mail, PDF, Stamp};
use loket::engine::intake::{DayLimits, Mailbox, Patience};
use loket::engine::port::{Arrival, ArrivalBody, Fault, Folder, Origin, Witness};
use loket::mail::authenticity::{How, Trust};
use loket::mail::message::Reception;
use loket::mail::proof::{Question, Said, SenderProof};
use loket::sop::names::{CaseNumber, Service};
use loket::sop::phase::{HeldReason, Phase};
use loket::web::answer::*;
use loket::web::counter::Counter;
use loket::web::view::Choice;

use crate::desk_walk::{approve, decide, form, review};
use crate::kit::Site;
use crate::kit::names::NameServer;
use crate::kit::signer::Signer;
use crate::kit::site::Plan;

const DOMAIN: &str = "lembayungraya.example";

/// A site that demands such proof, the name server it asks, and the sample people's domain.
async fn demanding(proof: SenderProof) -> (Site, NameServer, Signer) {
    let domain = Signer::new(DOMAIN);
    let server = NameServer::start(&[domain.record()]).await;
    let trust = Trust { proof, ..Trust::default() };
    let site = Site::planned(Plan { trust, witness: Some(server.witness()), ..Plan::default() }).await;
    (site, server, domain)
}

async fn phase(site: &Site, number: &CaseNumber) -> Phase {
    site.case(number).await.phase
}

fn is_held(phase: &Phase) -> bool {
    matches!(phase, Phase::Held { reason: HeldReason::Unauthenticated })
}

/// A request with its papers, as it lies in the mailbox; our server vouches for the sender.
fn request(
    site: &Site,
    from: &Person,
    about: &Person,
    letter: &str,
    words: &str,
    answers: Option<(&str, &str)>,
) -> Vec<u8> {
    let day = site.now().date_naive();
    let services = [Service::ResetPassword];
    let written = Letter {
        applicant: about,
        services: &services,
        number: letter,
        date: day,
        nip: None,
        signed: true,
        pad_to: None,
    };
    let mail = Mail {
        from: (from.name, from.email),
        subject: answers.map_or("Permohonan reset password".to_owned(), |(subject, _)| format!("Re: {subject}")),
        text: words.to_owned(),
        enclosed: vec![
            ("Surat Permohonan.pdf", PDF, letter_pdf(&written)),
            ("SK Helpdesk.pdf", PDF, decree_pdf(&Decree::of_year(day))),
        ],
        message_id: format!("{}@{DOMAIN}", letter.replace('/', ".")),
        at: site.now(),
        answers: answers.map(|(_, id)| id),
        automatic: false,
        authentic: true,
    };
    mail.bytes(Some(Stamp { server: MAIL_SERVER }))
}

#[tokio::test]
async fn t01_mail_without_the_demanded_proof_is_held_and_never_answered() {
    for (proof, signed_passes, unsigned_passes) in [
        (SenderProof::Server, true, true),
        (SenderProof::Dkim, true, false),
        (SenderProof::Either, true, true),
        (SenderProof::Both, true, false),
    ] {
        for (sign, passes) in [(true, signed_passes), (false, unsigned_passes)] {
            let (site, _server, domain) = demanding(proof).await;
            let plain = site.sample("complete").raw;
            let raw = if sign { domain.sign(&plain) } else { plain };

            let folder = site.take_in(raw).await;

            let number = site.numbers().await.pop().expect("a case or a held mail");
            let held = is_held(&phase(&site, &number).await);
            assert_eq!(held, !passes, "{proof:?}, signed: {sign}");
            assert_eq!(folder, [if held { Folder::Refused } else { Folder::Processed }]);
            assert_eq!(site.last_to(RINA.email).is_none(), held, "{proof:?}: a held mail is not answered");
        }
    }
}

/// Nothing need speak for a sender there, but nothing may speak against them.
#[tokio::test]
async fn t01_an_office_that_demands_no_proof_still_holds_what_is_disowned_or_names_two_senders() {
    let proven = String::from_utf8(Site::start().await.sample("complete").raw).expect("mails are ASCII");
    let unproven = proven.split_once("Message-ID").map(|(_, mail)| format!("Message-ID{mail}")).expect("a mail");
    let disowned = proven.replace("=pass", "=fail");
    let two = unproven.replacen("From: ", "From: lain@jahat.example\r\nFrom: ", 1);

    for (what, mail, holds) in [("unproven", unproven, false), ("disowned", disowned, true), ("two senders", two, true)]
    {
        let site = Site::planned(Plan { takes_unproven: true, ..Plan::default() }).await;

        site.take_in(mail.into_bytes()).await;

        let number = site.numbers().await.pop().expect("a case or a held mail");
        assert_eq!(is_held(&phase(&site, &number).await), holds, "{what}");
        assert_eq!(site.last_to(RINA.email).is_none(), holds, "{what}: a held mail is not answered");
    }
}

/// Whoever wrote in the name of a registered address was approved there without the call that the configuration promises.
#[tokio::test]
async fn t01_an_office_that_names_no_server_and_demands_no_proof_calls_every_sender() {
    let mut site = Site::planned(Plan { takes_unproven: true, ..Plan::default() }).await;
    let reception = Reception { trust: Trust::default(), ..site.mailbox.reception.clone() };
    site.mailbox = Arc::new(Mailbox { reception, ..(*site.mailbox).clone() });

    let number = site.deliver("complete").await;

    let Phase::AwaitingConfirmation { triggers, .. } = phase(&site, &number).await else { panic!("nobody is called") };
    assert_eq!(triggers, ["authentication_failed"]);
    let (admin, _) = site.admins_of(&number).await;
    let view = review(&site, &admin, &number).await;
    let answer = decide(&site.desk, &admin, &number, form(&view, Choice::Approve)).await;
    assert!(matches!(answer, DecisionAnswer::NeedsConfirmation));
}

#[tokio::test]
async fn t02_a_verdict_the_sender_wrote_counts_for_nothing() {
    let site = Site::start().await;
    let forged = String::from_utf8_lossy(&site.sample("complete").raw).into_owned();
    // The sample's own stamp, moved below a stranger's trace line: it came with the mail.
    let trace = "Received: from x by relay.jahat.example with SMTP; Tue, 10 Nov 2026 02:00:00 +0000\r\n";

    site.take_in(format!("{trace}{forged}").into_bytes()).await;

    let number = site.numbers().await.pop().expect("a held mail");
    assert!(is_held(&phase(&site, &number).await));
    assert!(site.last_to(RINA.email).is_none());
}

#[tokio::test]
async fn t04_a_signed_mail_replayed_a_hundred_times_makes_one_case() {
    let (site, _server, domain) = demanding(SenderProof::Dkim).await;
    let signed = String::from_utf8(domain.sign(&site.sample("complete").raw)).expect("mails are ASCII");
    let id = site.sample("complete").message_id;

    for n in 0..100 {
        // What no signature covers is the sender's to change: a new Message-ID, a new trace, another recipient.
        let trace = format!("Received: from a by {MAIL_SERVER} with ESMTP id {n}; Tue, 10 Nov 2026 02:00:00 +0000\r\n");
        let replay = format!("{trace}{}", signed.replace(&id, &format!("ulang-{n}@{DOMAIN}")));
        assert_eq!(site.take_in(replay.into_bytes()).await, [Folder::Processed]);
        site.forward(TimeDelta::minutes(1));
    }

    assert_eq!(site.numbers().await.len(), 1);
    let to_rina = site.letters().into_iter().filter(|l| l.to.iter().any(|to| to.as_str() == RINA.email)).count();
    assert_eq!(to_rina, 1, "one acknowledgement");
}

/// The border server passed the true signature; the others, written above it anew each time, were all that was remembered.
#[tokio::test]
async fn t04_a_mail_replayed_under_ever_new_signatures_makes_one_case() {
    let site = Site::start().await;
    let signed = String::from_utf8(Signer::new(DOMAIN).sign(&site.sample("complete").raw)).expect("mails are ASCII");
    let id = site.sample("complete").message_id;

    for n in 0..10 {
        let other = |k| format!("DKIM-Signature: v=1; d={DOMAIN}; h=From:Subject:Date; b=Q{n:03}{k:04}\r\n");
        let others: String = (0..20).map(other).collect();
        let replay = format!("{others}{}", signed.replace(&id, &format!("ulang-{n}@{DOMAIN}")));
        assert_eq!(site.take_in(replay.into_bytes()).await, [Folder::Processed]);
        site.forward(TimeDelta::minutes(1));
    }

    assert_eq!(site.numbers().await.len(), 1);
}

#[tokio::test]
async fn t04_a_mail_that_came_without_proof_does_not_shut_out_the_proven_one() {
    let (site, _server, domain) = demanding(SenderProof::Dkim).await;
    let plain = String::from_utf8(site.sample("complete").raw).expect("mails are ASCII");
    let signed = String::from_utf8(domain.sign(plain.as_bytes())).expect("mails are ASCII");
    let (signature, _) = signed.split_once(&plain[..40]).expect("the signature stands above");
    let id = site.sample("complete").message_id;
    // A stranger who saw the signature puts it above words of their own first.
    let copied = format!("{signature}{}", plain.replace(&id, "lain@jahat.example").replace("Yth", "Hai"));

    site.take_in(copied.into_bytes()).await;
    site.take_in(signed.into_bytes()).await;

    let mut phases = Vec::new();
    for number in site.numbers().await {
        phases.push(is_held(&phase(&site, &number).await));
    }
    assert_eq!(phases, [true, false]);
}

/// Without a Message-ID only its bytes tell that it is the same.
#[tokio::test]
async fn t04_a_mail_without_a_message_id_is_known_again_by_its_bytes() {
    for passes in [true, false] {
        let site = Site::start().await;
        let sample = site.sample("complete");
        let raw = String::from_utf8(sample.raw).expect("mails are ASCII");
        let line = format!("Message-ID: <{}>\r\n", sample.message_id);
        assert!(raw.contains(&line), "{raw:.600}");
        let raw = raw.replacen(&line, "", 1).replace("=pass", if passes { "=pass" } else { "=fail" });

        let folders = [site.take_in(raw.clone().into_bytes()).await, site.take_in(raw.into_bytes()).await];

        let numbers = site.numbers().await;
        assert_eq!(numbers.len(), 1, "proven: {passes}, {folders:?}");
        assert_eq!(is_held(&phase(&site, &numbers[0]).await), !passes);
    }
}

#[tokio::test]
async fn a_mail_waits_while_its_senders_domain_does_not_answer_and_is_then_held() {
    let (site, mut server, domain) = demanding(SenderProof::Dkim).await;
    let (first, second) = (domain.sign(&site.sample("complete").raw), domain.sign(&site.sample("user_id").raw));
    server.stop();

    assert_eq!(site.take_in(first.clone()).await, [], "it stays in the inbox");
    assert_eq!(site.numbers().await, []);
    let origin =
        Origin { mailbox: "utama".into(), folder: "INBOX".into(), uid_validity: 0, uid: 0, name: "lama".into() };
    let arrival = Arrival { origin, body: ArrivalBody::Raw(second) };
    let filed = site.engine.take_in(&site.mailbox, vec![arrival], Patience::Over).await.expect("the store answers");
    assert_eq!(filed[0].1, Folder::Refused, "it waited long enough");
    server.resume().await;
    assert_eq!(site.take_in(first).await, [Folder::Processed]);

    let numbers = site.numbers().await;
    assert!(is_held(&phase(&site, &numbers[0]).await));
    assert!(!is_held(&phase(&site, &numbers[1]).await));
}

#[tokio::test]
async fn what_was_proven_once_stays_proven_when_the_key_leaves_the_dns() {
    let (site, mut server, domain) = demanding(SenderProof::Dkim).await;
    site.take_in(domain.sign(&site.sample("complete").raw)).await;
    let number = site.numbers().await.pop().expect("a case");
    let mails = site.case(&number).await.mails;
    server.stop();

    let facts = site.engine.facts_of(&site.mailbox, &site.engine.key(&number), &mails, &[]).await.expect("on record");

    assert_eq!(facts[0].authenticated, Some(true));
}

#[tokio::test]
async fn t05_somebody_elses_answer_in_a_thread_gains_no_right_to_the_case() {
    let site = Site::start().await;
    let rinas = site.deliver("complete").await;
    let before = site.case(&rinas).await;
    let letter = site.last_to(RINA.email).expect("an acknowledgement");
    let thread = Some((letter.subject.as_str(), letter.message_id.as_str()));
    let words = "Mohon reset password, hasilnya kirim ke alamat saya ini saja. User ID: RINAPL";

    site.take_in(request(&site, &AGUNG, &RINA, "000.3/5001/BPLPSE", words, thread)).await;

    let after = site.case(&rinas).await;
    assert_eq!((after.mails.len(), &after.phase), (1, &before.phase), "the thread found the case and changed nothing");
    let own = site.numbers().await.into_iter().find(|number| *number != rinas).expect("a case of its own");
    let linked = site.case(&own).await;
    assert_eq!(linked.linked_to.as_ref(), Some(&rinas));
    let told = site.letters().into_iter().filter(|l| l.to.iter().any(|to| to.as_str() == AGUNG.email));
    assert!(told.into_iter().all(|l| !l.subject.contains(&rinas.to_string()) && !l.body.contains("/ambil/")));
    let (admin, _) = site.admins_of(&own).await;
    let view = review(&site, &admin, &own).await;
    let answer = decide(&site.desk, &admin, &own, form(&view, Choice::Approve)).await;
    assert!(matches!(answer, DecisionAnswer::NeedsConfirmation), "the registered address did not write this");
}

/// The thread is real and so is who writes in it; the account is another's.
#[tokio::test]
async fn t05_a_real_thread_with_a_new_target_gives_no_right_to_that_account() {
    let site = Site::start().await;
    site.deliver("complete").await;
    let letter = site.last_to(RINA.email).expect("an acknowledgement");
    let thread = Some((letter.subject.as_str(), letter.message_id.as_str()));
    let words = "Mohon sekalian reset password rekan saya. User ID: AGUNGW";

    site.take_in(request(&site, &RINA, &AGUNG, "000.3/5003/BPLPSE", words, thread)).await;

    for number in site.numbers().await {
        let (admin, _) = site.admins_of(&number).await;
        let view = review(&site, &admin, &number).await;
        let own = site.case(&number).await.account.is_some_and(|account| account.email.as_str() == RINA.email);
        let answer = decide(&site.desk, &admin, &number, form(&view, Choice::Approve)).await;
        assert!(own || !matches!(answer, DecisionAnswer::Done), "{number}: {:?}", view.checks.len());
        site.settle().await;
    }
    let results = site.letters().into_iter().filter(|letter| letter.body.contains("/ambil/"));
    for result in results {
        assert!(result.to.iter().all(|to| to.as_str() == RINA.email), "nothing of another's account is given out");
    }
}

/// The number in a subject is as easily written as a thread.
#[tokio::test]
async fn t05_a_number_in_the_subject_gains_a_stranger_nothing() {
    let site = Site::start().await;
    let number = site.deliver("completed_later").await;
    let before = site.case(&number).await;
    let words = "Melengkapi permohonan, hasilnya kirim ke saya. User ID: AGUNGW";
    let raw = request(&site, &RINA, &AGUNG, "000.3/5004/BPLPSE", words, None);
    let raw = String::from_utf8(raw).expect("a sample mail is ASCII");

    site.take_in(raw.replacen("Subject: ", &format!("Subject: [{number}] "), 1).into_bytes()).await;

    let after = site.case(&number).await;
    assert_eq!((after.mails.len(), &after.phase), (before.mails.len(), &before.phase));
    for word in ["BATAL", "Saya tarik kembali permohonan ini."] {
        let subject = format!("[{number}] Permohonan");
        let mail = Mail { subject, text: word.to_owned(), enclosed: Vec::new(), ..plain(&site, &RINA) };
        site.take_in(mail.bytes(Some(Stamp { server: MAIL_SERVER }))).await;
    }
    assert_eq!(site.case(&number).await.phase, before.phase, "nor does a stranger take it back");
}

/// A mail of somebody the server vouches for, without papers.
fn plain(site: &Site, from: &Person) -> Mail<'static> {
    Mail {
        from: (from.name, from.email),
        subject: String::new(),
        text: String::new(),
        enclosed: Vec::new(),
        message_id: format!("biasa.{}@{DOMAIN}", site.letters().len()),
        at: site.now(),
        answers: None,
        automatic: false,
        authentic: true,
    }
}

/// A domain that vouches for Rina alone, and counts how often it is asked.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Witness for Counting {
    fn ask<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Result<Said, Fault>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let said = if question.sender.as_str() == RINA.email { Said::Proven(How::Dkim) } else { Said::Nothing };
        Box::pin(async move { Ok(said) })
    }

    fn probe(&self) -> BoxFuture<'_, Result<String, Fault>> {
        Box::pin(async { Ok("nobody".to_owned()) })
    }
}

/// A silent domain costs two and a half seconds of intake: a flood beyond the limits was asked about mail by mail.
#[tokio::test]
async fn t18_no_domain_is_asked_where_neither_what_is_proven_nor_what_is_not_has_room() {
    let domain = Arc::new(Counting::default());
    let limits = DayLimits { per_day: 1, unproven_per_day: 1, ..DayLimits::default() };
    let trust = Trust { proof: SenderProof::Dkim, ..Trust::default() };
    let site = Site::planned(Plan { trust, limits, witness: Some(domain.clone()), ..Plan::default() }).await;
    let written = |from, nth| crate::mail_flood::request(from, nth, site.now());
    let stranger = ("Warga", "warga@ramai.example");
    site.take_in(written((RINA.name, RINA.email), 1)).await;
    site.take_in(written(stranger, 2)).await;
    assert_eq!(domain.0.load(Ordering::Relaxed), 2, "both have room at first");

    let mut folders = Vec::new();
    for nth in 3..6 {
        folders.extend(site.take_in(written(stranger, nth)).await);
        folders.extend(site.take_in(written((RINA.name, RINA.email), nth)).await);
    }

    assert_eq!(folders, [Folder::Refused; 6]);
    assert_eq!(domain.0.load(Ordering::Relaxed), 2);
    site.forward(TimeDelta::days(1));
    assert_eq!(site.take_in(written((RINA.name, RINA.email), 3)).await, [Folder::Processed], "another day has room");
}

/// However much is asked for from an officer's mailbox, a day has an end, and it is not another's day.
#[tokio::test]
async fn t06_a_mailbox_in_other_hands_asks_only_so_often_a_day_for_one_account_or_for_many() {
    let limits = DayLimits { per_account: 2, per_sender: 4, ..DayLimits::default() };
    let site = Site::planned(Plan { limits, ..Plan::default() }).await;
    let mut nth = 5100;
    let mut asks = async |about: &Person| {
        nth += 1;
        let words = format!("Mohon reset password. User ID: {}", about.user_id);
        let before = site.numbers().await.len();
        site.take_in(request(&site, &RINA, about, &format!("000.3/{nth}/BPLPSE"), &words, None)).await;
        site.numbers().await.len() - before
    };

    let mut own = Vec::new();
    for _ in 0..3 {
        own.push(asks(&RINA).await);
    }
    let mut others = Vec::new();
    for about in [&AGUNG, &MELATI, &JOHANNES] {
        others.push(asks(about).await);
    }

    assert_eq!(own, [1, 1, 0], "two a day about one account");
    assert_eq!(others, [1, 0, 0], "four mails a day from one mailbox");
    let told = site.letters().into_iter().filter(|letter| letter.body.contains("/ambil/")).count();
    assert_eq!(told, 0, "and nothing was given out without a person");
}

/// The first two requests of somebody, both checked before either was approved.
pub async fn two_at_once(site: &Site) -> (CaseNumber, CaseNumber) {
    let first = site.deliver("complete").await;
    let words = "Mohon reset password akun Helpdesk SPSE saya. User ID: RINAPL";
    site.take_in(request(site, &RINA, &RINA, "000.3/5002/BPLPSE", words, None)).await;
    let second = site.numbers().await.into_iter().find(|number| *number != first).expect("a second case");
    (first, second)
}

/// Whether a request repeats another was judged as it came in, and never again.
#[tokio::test]
async fn t06_of_two_requests_sent_together_only_one_is_approved_without_a_call() {
    let site = Site::start().await;
    let (first, second) = two_at_once(&site).await;
    let (holder, _) = site.admins_of(&first).await;
    let (admin, _) = site.admins_of(&second).await;
    let seen = review(&site, &admin, &second).await;
    assert_eq!(phase(&site, &second).await.name(), "under_review");
    approve(&site, &holder, &first).await;

    let answer = decide(&site.desk, &admin, &second, form(&seen, Choice::Approve)).await;

    let DecisionAnswer::Changed { what, .. } = answer else { panic!("the dossier changed") };
    assert_eq!(what, "Permohonan lain untuk akun ini disetujui");
    site.settle().await;
    let told = site.last_to(admin.address.as_str()).expect("the admin is told");
    assert!(
        told.body.contains("Yang berubah: permohonan lain untuk akun ini disetujui sementara itu"),
        "{}",
        told.body
    );
    let case = site.case(&second).await;
    assert_eq!((case.phase.name(), case.decisions.len()), ("awaiting_confirmation", 0));
    let fresh = review(&site, &admin, &second).await;
    let answer = decide(&site.desk, &admin, &second, form(&fresh, Choice::Approve)).await;
    assert!(matches!(answer, DecisionAnswer::NeedsConfirmation));
}

#[tokio::test]
async fn t06_of_two_requests_sent_together_the_second_takes_two_people_and_no_code_is_spent_on_what_changed() {
    let rules = vec![("approval", "two_for_repeat_within_days = 30"), ("confirmation", "triggers = []")];
    let site = Site::planned(Plan { rules, ..Plan::default() }).await;
    let (first, second) = two_at_once(&site).await;
    let (holder, _) = site.admins_of(&first).await;
    let (admin, _) = site.admins_of(&second).await;
    let seen = review(&site, &admin, &second).await;
    approve(&site, &holder, &first).await;

    let code = Some(site.code_of(&admin).await);
    let with_code = |view| DecisionForm { code: code.clone(), ..form(view, Choice::Approve) };
    let answer = decide(&site.desk, &admin, &second, with_code(&seen)).await;
    assert!(matches!(answer, DecisionAnswer::Changed { .. }));
    let fresh = review(&site, &admin, &second).await;
    let answer = decide(&site.desk, &admin, &second, with_code(&fresh)).await;

    assert!(matches!(answer, DecisionAnswer::AwaitsSecond), "the same code, and it is one of two");
    assert!(site.case(&second).await.decisions.is_empty());
}

#[tokio::test]
async fn t06_two_requests_approved_at_the_same_moment_are_not_both_approved() {
    let site = Site::start().await;
    let (first, second) = two_at_once(&site).await;
    let admins = (site.admins_of(&first).await.0, site.admins_of(&second).await.0);
    let views = (review(&site, &admins.0, &first).await, review(&site, &admins.1, &second).await);

    let answers = tokio::join!(
        decide(&site.desk, &admins.0, &first, form(&views.0, Choice::Approve)),
        decide(&site.desk, &admins.1, &second, form(&views.1, Choice::Approve)),
    );

    let done = [&answers.0, &answers.1].into_iter().filter(|answer| matches!(answer, DecisionAnswer::Done)).count();
    assert_eq!(done, 1);
    let decided = site.case(&first).await.decisions.len() + site.case(&second).await.decisions.len();
    assert_eq!(decided, 1);
}

#[tokio::test]
async fn t06_an_approval_by_reply_is_held_against_what_was_approved_meanwhile() {
    let site = Site::start().await;
    let (first, second) = two_at_once(&site).await;
    let (holder, _) = site.admins_of(&first).await;
    let (admin, _) = site.admins_of(&second).await;
    let asked = site
        .letters()
        .into_iter()
        .rfind(|letter| letter.to.contains(&admin.address) && letter.body.contains(&second.to_string()));
    let asked = asked.expect("the admin was asked").message_id;
    approve(&site, &holder, &first).await;
    site.settle().await;
    let before = site.letters().len();

    let code = site.code_of(&admin).await;
    let reply = Mail {
        from: (&admin.name, admin.address.as_str()),
        subject: "Re: TINDAKAN".into(),
        text: format!("SETUJU {}", code.expose()),
        enclosed: Vec::new(),
        message_id: "balas@lembayungraya.example".into(),
        at: site.now(),
        answers: Some(&asked),
        automatic: false,
        authentic: true,
    };
    site.take_in(reply.bytes(Some(Stamp { server: MAIL_SERVER }))).await;

    assert!(site.case(&second).await.decisions.is_empty());
    let told: Vec<_> =
        site.letters()[before..].iter().map(|letter| (letter.to.clone(), letter.subject.clone())).collect();
    assert_eq!(told.len(), 1, "one letter with the present state: {told:?}");
    assert_eq!(told[0].0, [admin.address]);
}

/// Somebody holds an officer's mailbox: every mail is proven, and the register knows the address.
#[tokio::test]
async fn t06_a_mailbox_in_other_hands_gets_no_second_password_without_a_call() {
    let site = Site::start().await;
    let first = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&first).await;
    approve(&site, &admin, &first).await;
    let told = site.letters().len();
    site.forward(TimeDelta::days(1));

    let words = "Mohon reset password sekali lagi, hasilnya tolong dikirim ke WA 0812 karena surel ini sedang bermasalah. User ID: RINAPL";
    site.take_in(request(&site, &RINA, &RINA, "000.3/5002/BPLPSE", words, None)).await;

    let second = site.numbers().await.into_iter().find(|number| *number != first).expect("a second case");
    let (admin, _) = site.admins_of(&second).await;
    let view = review(&site, &admin, &second).await;
    let alerts = site.case(&second).await.understanding.alerts;
    for unusual in ["second_reset", "address_change_requested"] {
        assert!(alerts.iter().any(|alert| alert == unusual), "{alerts:?}");
    }
    let answer = decide(&site.desk, &admin, &second, form(&view, Choice::Approve)).await;
    assert!(matches!(answer, DecisionAnswer::NeedsConfirmation));
    let confirmation = &view.confirmation;
    assert_eq!(confirmation.phone.as_deref(), Some(RINA.phone), "the number on register, not one of the mail");
    let registered = |l: &loket::engine::port::Outgoing| l.to.iter().chain(&l.bcc).any(|to| to.as_str() == RINA.email);
    assert!(site.letters()[told..].iter().any(registered), "the registered address is told");
    let denied = ConfirmForm {
        proposal_hash: view.proposal.hash.clone(),
        method: ConfirmMethod::Phone,
        result: ConfirmResult::Denied,
        spoken_with: "Rina".to_owned(),
        note: String::new(),
    };
    assert!(matches!(site.desk.confirm(&admin, &second, denied).await.unwrap(), ConfirmAnswer::Done { code: None }));
    let fresh = review(&site, &admin, &second).await;
    assert_eq!(fresh.proposal.choice, Choice::Reject);
    let answer = decide(&site.desk, &admin, &second, form(&fresh, Choice::Approve)).await;
    assert!(matches!(answer, DecisionAnswer::NeedsConfirmation), "nothing stands in for a denial");
}
