//! Mail hygiene: loops, returned letters, recipients and headers (THREATS rows 19 to 22).

use chrono::{DateTime, TimeDelta, Utc};
use loket::demo::samples::Stamp;
use loket::demo::samples::people::{MAIL_SERVER, RINA};
use loket::demo::samples::post::Mail;
use loket::engine::intake::{DAYBOOK, DayLimits};
use loket::engine::port::{Courier, Folder, Outgoing};
use loket::mail::courier::compose::{Copies, Sender, compose};
use loket::mail::courier::smtp::SmtpCourier;
use loket::sop::case::LetterState;
use loket::sop::names::{Address, CaseNumber};
use mail_parser::MessageParser;
use proptest::prelude::*;

use crate::engine_filing::rejected;
use crate::kit::postfix::NOWHERE;
use crate::kit::site::{Plan, address};
use crate::kit::{Dovecot, Postfix, Site};
use crate::mail_flood::{digests, letter, limited, request};

const STAMP: Stamp = Stamp { server: MAIL_SERVER };
/// How either of two offices that face each other knows the other one.
const TWIN: &str = "loket@kembar.example";

fn count(site: &Site, who: &str) -> usize {
    site.letters().iter().filter(|letter| letter.to.contains(&address(who))).count()
}

/// What a gateway does to a letter of ours: nothing, it gets another Message-ID, or it loses every mark of a machine and reads as
/// a new request, which is the worst that another machine can do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Plain,
    Renamed,
    Bare,
}

/// A letter of ours as the other office receives it.
fn arriving(letter: &Outgoing, nth: usize, at: DateTime<Utc>, way: Way) -> Vec<u8> {
    let bare = way == Way::Bare;
    let mail = Mail {
        from: ("Loket Kembar", TWIN),
        subject: if bare { format!("Permohonan reset password {nth}") } else { letter.subject.clone() },
        text: if bare { "Mohon reset password akun Helpdesk saya.".to_owned() } else { letter.body.clone() },
        enclosed: Vec::new(),
        message_id: if way == Way::Plain { letter.message_id.clone() } else { format!("gw{nth}@kembar.example") },
        at,
        answers: letter.in_reply_to.as_deref().filter(|_| !bare),
        automatic: letter.auto_submitted && !bare,
        authentic: true,
    };
    mail.bytes(Some(STAMP))
}

/// Carries letters to and fro for so many hours; how many there were.
async fn facing(sides: [&Site; 2], hours: u32, way: Way) -> usize {
    let (mut carried, mut read) = (0, [0, 0]);
    for _ in 0..hours {
        // An exchange within the hour that would never end has long passed any limit.
        for turn in 0..100 {
            let (from, to) = (turn % 2, (turn + 1) % 2);
            let letters = sides[from].letters();
            for letter in letters[read[from]..].iter().filter(|letter| letter.to.contains(&address(TWIN))) {
                carried += 1;
                sides[to].take_in(arriving(letter, carried, sides[to].now(), way)).await;
            }
            read[from] = letters.len();
        }
        for side in sides {
            side.forward(TimeDelta::minutes(61));
            side.settle().await;
        }
    }
    carried
}

/// `Auto-Submitted` alone must do where the Message-ID is not ours any more.
#[tokio::test]
async fn t19_two_of_us_facing_each_other_fall_silent_at_once() {
    for way in [Way::Plain, Way::Renamed] {
        let (one, other) = (Site::start().await, Site::start().await);
        one.take_in(request(("Loket Kembar", TWIN), 1, one.now())).await;
        let answers = count(&one, TWIN);
        assert!(answers > 0, "the first mail looks like a person's and is answered");
        assert!(one.letters().iter().all(|letter| letter.auto_submitted), "whoever it goes to");

        let carried = facing([&one, &other], 1, way).await;

        assert_eq!(carried, answers, "those answers arrive, and nothing comes back");
        assert_eq!((count(&other, TWIN), other.numbers().await.len()), (0, 0));
    }
}

#[tokio::test]
async fn t19_two_of_us_whose_marks_a_gateway_takes_away_stay_bounded() {
    let limits = DayLimits { answers_per_address: 4, ..DayLimits::default() };
    let (one, other) = (Site::planned(limited(limits)).await, Site::planned(limited(limits)).await);
    one.take_in(request(("Loket Kembar", TWIN), 1, one.now())).await;

    let carried = facing([&one, &other], 12, Way::Bare).await;

    assert!(carried > 2, "they do talk");
    assert!(carried <= 2 * 4, "{carried} letters in a day, by either at most its answers");
}

#[tokio::test]
async fn t19_the_same_letter_of_a_case_goes_to_an_address_once_an_hour() {
    let rules = vec![("completion", "auto_release = true")];
    let site = Site::planned(Plan { rules, ..Plan::default() }).await;
    let number = site.deliver("completed_later").await;
    let to = site.case(&number).await.mails[0].from.clone().expect("the sample has a sender");
    let asked = |site: &Site| {
        site.letters()
            .iter()
            .filter(|l| l.to.contains(&to) && l.subject.to_lowercase().contains("kelengkapan berkas"))
            .count()
    };
    assert_eq!(asked(&site), 1, "the applicant is asked to complete");

    let subject = format!("Re: [{number}] Permohonan reset password");
    let text = "Mohon reset password, berkas menyusul.".to_owned();
    let again = Mail { subject, text, ..letter(("Pemohon", to.as_str()), 1, site.now()) };
    site.take_in(again.bytes(Some(STAMP))).await;
    assert_eq!(asked(&site), 1, "not again within the hour");
    assert_eq!(site.case(&number).await.phase.name(), "incomplete");

    site.forward(TimeDelta::minutes(61));
    site.settle().await;

    assert_eq!(asked(&site), 2, "they hear of it as soon as the hour is over");
}

/// Mail that says a machine wrote it had no limit: each took a line of the journal, and nobody heard of it.
#[tokio::test]
async fn t19_a_flood_of_automatic_mail_leaves_one_line_is_told_once_and_hides_no_returned_letter() {
    let limits = DayLimits { automatic_per_day: 3, ..DayLimits::default() };
    let site = Site::planned(limited(limits)).await;
    let number = site.deliver("complete").await;
    let letter = site.last_to(RINA.email).expect("the request is acknowledged");
    let lines = async || {
        let key = site.engine.key(&CaseNumber::new(DAYBOOK, 2026, 1));
        site.engine.store.load(&key).await.expect("the store answers").map_or(0, |stored| stored.version)
    };
    for nth in 0..10 {
        let raw = String::from_utf8(request(("Mesin", "mesin@ramai.example"), nth, site.now())).expect("plain");
        assert_eq!(
            site.take_in(format!("Auto-Submitted: auto-replied\r\n{raw}").into_bytes()).await,
            [Folder::Processed]
        );
    }
    assert_eq!(lines().await, 3 + 1, "the one more stands for all that follow");

    let bounce = report("failed", &format!("Message-Id:\r\n <{}>", letter.message_id));
    site.take_in(bounce.clone()).await;
    assert_eq!(undelivered(&site, &number).await.len(), 1);
    assert_eq!(lines().await, 5);
    site.take_in([b"X-Lagi: 1\r\nMessage-ID: <lain@mail.example>\r\n".to_vec(), bounce].concat()).await;
    assert_eq!(lines().await, 5, "what it tells is known");

    site.forward(TimeDelta::minutes(61));
    site.settle().await;
    let told = digests(&site);
    assert_eq!(told.len(), site.office.admins.len());
    assert!(told[0].subject.contains("8 surel otomatis hanya dihitung"), "{}", told[0].subject);
    assert!(!told[0].body.contains("disisihkan"), "{}", told[0].body);
}

#[tokio::test]
async fn t20_a_real_bounce_shows_the_letter_as_undelivered_and_opens_nothing() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let letter = site.last_to(RINA.email).expect("the request is acknowledged");
    let dovecot = Dovecot::start().await;
    let postfix = Postfix::start(&dovecot).await;
    let courier = SmtpCourier::new(postfix.settings()).expect("sound settings");
    let lost = Outgoing { to: vec![address(&format!("siapa@{NOWHERE}"))], ..letter.clone() };
    courier.send(&lost).await.expect("the submission port takes it and bounces later");
    let bounce = dovecot.wait_for_messages("helpdesk@lpse.karangmulia.example", "INBOX", 1).await.remove(0);
    let before = site.case(&number).await;

    site.take_in(bounce.clone()).await;
    site.take_in([b"X-Again: 1\r\n".to_vec(), bounce].concat()).await;

    let after = site.case(&number).await;
    assert_eq!(site.numbers().await, std::slice::from_ref(&number), "no new case");
    assert_eq!((after.phase.name(), after.mails.len()), (before.phase.name(), before.mails.len()));
    assert_eq!(undelivered(&site, &number).await, ["acknowledgement"]);
    let told = site.letters().into_iter().filter(|l| l.subject.contains("Surat tidak sampai")).count();
    assert_eq!(told, 1, "the admin is told, once");
}

#[tokio::test]
async fn t20_a_letter_that_comes_back_after_its_case_was_archived_is_told_of_once() {
    let site = Site::start().await;
    let number = rejected(&site).await;
    let letter = site.last_to(RINA.email).expect("the applicant was written to");
    assert_eq!(site.engine.file_closed().await.unwrap().archived, std::slice::from_ref(&number));
    let before = site.letters().len();

    let header = format!("Message-ID: <{}>", letter.message_id);
    site.take_in(report("failed", &header)).await;
    site.take_in(report("failed", &format!("X-Again: 1\r\n{header}"))).await;
    site.settle().await;

    let told = site.letters().split_off(before);
    let admins: Vec<Address> = told.iter().flat_map(|letter| letter.to.clone()).collect();
    assert_eq!(admins.len(), site.office.admins.len(), "every admin, once: {admins:?}");
    let mut missing = site.office.admins.iter().filter(|(_, admin)| !admins.contains(&address(admin)));
    assert!(missing.next().is_none());
    assert!(told.iter().all(|l| l.subject.contains(&number.to_string()) && l.body.contains(&letter.subject)));
    assert!(site.numbers().await.is_empty() && site.engine.archive.verify().await.unwrap().is_empty());
}

#[tokio::test]
async fn t20_reports_of_a_delay_or_of_nothing_of_ours_change_nothing() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let letter = site.last_to(RINA.email).expect("the request is acknowledged");
    let before = site.case(&number).await;
    let (known, mark) = letter.message_id.split_once('@').and_then(|(local, _)| local.rsplit_once('.')).unwrap();
    assert!(mark.len() == 20 && known.ends_with(&before.letters[0].id), "{known}");
    let domain = "lembayungraya.example";

    for (action, header) in [
        ("delayed", format!("Message-ID: <{}>", letter.message_id)),
        // Whoever knows case and letter, but never saw it.
        ("failed", format!("Message-ID: <{known}@{domain}>")),
        ("failed", format!("Message-ID: <{known}.{}@{domain}>", "0".repeat(20))),
        ("failed", format!("Message-ID: <{known}.{mark}@elsewhere.example>")),
        // Another mail came back, which answered this letter.
        ("failed", format!("Message-ID: <x@y.example>\r\nReferences: <{}>", letter.message_id)),
    ] {
        site.take_in(report(action, &header)).await;
    }

    assert!(site.case(&number).await == before);
    assert_eq!(site.numbers().await, std::slice::from_ref(&number));
    site.take_in(report("failed", &format!("Message-Id:\r\n <{}>", letter.message_id))).await;
    assert_eq!(undelivered(&site, &number).await.len(), 1, "a true one counts");
}

async fn undelivered(site: &Site, number: &CaseNumber) -> Vec<String> {
    let letters = site.case(number).await.letters.into_iter();
    letters.filter(|l| matches!(l.state, LetterState::Undelivered { .. })).map(|l| l.kind).collect()
}

fn report(action: &str, header: &str) -> Vec<u8> {
    format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mail.example\r\nTo: loket@x.example\r\nSubject: Undelivered\r\n\
         Message-ID: <{action}.{}.{}@mail.example>\r\nDate: Tue, 10 Nov 2026 10:00:00 +0800\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nSorry.\r\n--b\r\n\
         Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.example\r\n\r\n\
         Final-Recipient: rfc822; a@b.example\r\nAction: {action}\r\nStatus: 4.4.1\r\n--b\r\n\
         Content-Type: text/rfc822-headers\r\n\r\n{header}\r\n--b--\r\n",
        header.len(),
        header.bytes().map(u32::from).sum::<u32>(),
    )
    .into_bytes()
}

#[tokio::test]
async fn t21_reply_to_and_copies_never_choose_who_is_written_to() {
    let site = Site::start().await;
    let raw = String::from_utf8(site.sample("complete").raw).unwrap();
    let elsewhere = "Reply-To: lain@jahat.example\r\nCc: dua@jahat.example\r\nBcc: tiga@jahat.example\r\nSubject: ";

    site.take_in(raw.replacen("Subject: ", elsewhere, 1).into_bytes()).await;

    let mut known: Vec<Address> = site.office.admins.iter().map(|(_, admin)| address(admin)).collect();
    known.push(address(RINA.email));
    let letters = site.letters();
    assert!(letters.iter().any(|letter| letter.to.contains(&address(RINA.email))));
    for to in letters.iter().flat_map(|letter| letter.to.iter().chain(&letter.bcc)) {
        assert!(known.contains(to), "{}", to.as_str());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Round trip: whatever a stranger writes into the subject, as encoded words too, the letters that answer them carry
    /// the same headers as those that answer a plain mail.
    #[test]
    fn t22_nothing_a_stranger_writes_adds_a_header_to_the_letters_that_answer(
        subject in hostile(), name in hostile(), file in hostile(), id in hostile(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let plain = answered("Permohonan", "Rina", "surat.pdf", "LR-1").await;
            let wild = answered(&subject, &name, &file, &id).await;
            prop_assert!(!plain.is_empty() && !wild.is_empty());
            for letter in wild.iter() {
                prop_assert!(plain.iter().any(|known| known == letter), "{letter:?}");
            }
            Ok(())
        })?;
    }
}

fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "\r\n",
        "\n",
        "\r",
        "\0",
        "\r\n\r\n",
        "Bcc: x@jahat.example",
        ": ",
        "a",
        "é",
        "\"",
        "<",
    ]);
    prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
}

/// The header names of every letter that answers a mail of these, composed as it would leave.
async fn answered(subject: &str, name: &str, file: &str, id: &str) -> Vec<Vec<String>> {
    let site = Site::planned(Plan::default()).await;
    let word = |text: &str| {
        use base64::Engine;
        format!("=?utf-8?B?{}?=", base64::engine::general_purpose::STANDARD.encode(text))
    };
    let domain = RINA.email.split_once('@').expect("an address").1;
    let raw = format!(
        "Authentication-Results: {MAIL_SERVER}; dmarc=pass header.from={domain}\r\n\
         From: {} <{}>\r\nTo: helpdesk@x.example\r\nSubject: {}\r\nMessage-ID: <uji@{domain}>\r\n\
         Date: Tue, 10 Nov 2026 10:00:00 +0800\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nMohon reset password Helpdesk.\r\nUser ID: {id}\r\n\
         --b\r\nContent-Type: text/plain; name=\"{}\"\r\nContent-Disposition: attachment\r\n\r\nisi\r\n--b--\r\n",
        word(name),
        RINA.email,
        word(subject),
        word(file),
    );
    site.take_in(raw.into_bytes()).await;
    let sender = Sender { address: address("loket@lembayungraya.example"), display_name: "Loket".to_owned() };
    let names = |letter: &Outgoing| {
        let raw = compose(&sender, letter, Copies::Hidden).expect("a letter of ours can be composed").formatted();
        let mail = MessageParser::default().parse(&raw).expect("a mail");
        mail.headers().iter().map(|header| header.name().to_owned()).collect()
    };
    site.letters().iter().map(names).collect()
}
