//! Decisions by reply, with a clock that is moved by hand: when a code counts, and whose letter may be answered. Whole walks on
//! real servers are in `e2e_reply`.

use chrono::{DateTime, TimeDelta, Utc};
use loket::demo::samples::papers::letter_pdf;
use loket::demo::samples::people::{AGUNG, MAIL_SERVER, Person, RINA};
use loket::demo::samples::{Stamp, post::Mail};
use loket::sop::names::CaseNumber;
use loket::sop::phase::Phase;
use loket::web::answer::{SignInAnswer, Typed};
use loket::web::counter::Counter;
use loket::web::view::Admin;

use crate::desk_factor::answer;
use crate::kit::Site;
use crate::kit::site::Plan;
use crate::t17_letters::{day, letter, send};

/// The admin's answer to their letter, which our server took in at this moment.
fn received(site: &Site, admin: &Admin, words: &str, at: DateTime<Utc>) -> Vec<u8> {
    let asked = site.last_to(admin.address.as_str()).expect("the admin was asked").message_id;
    let mail = Mail {
        from: (&admin.name, admin.address.as_str()),
        subject: "Re: TINDAKAN".into(),
        text: words.into(),
        enclosed: Vec::new(),
        message_id: format!("jawab.{}@x.example", at.timestamp()),
        at,
        answers: Some(&asked),
        automatic: false,
        authentic: true,
    };
    mail.bytes(Some(Stamp { server: MAIL_SERVER }))
}

/// The code the admin's app shows at a moment.
async fn code(site: &Site, admin: &Admin, at: DateTime<Utc>) -> String {
    let (_, record) = site.engine.admin(&admin.address).await.unwrap().expect("is registered");
    record.factor().expect("a factor").code(at)
}

async fn asked() -> (Site, CaseNumber, Admin, Admin) {
    asked_under(Plan::default()).await
}

async fn asked_under(plan: Plan) -> (Site, CaseNumber, Admin, Admin) {
    let site = Site::planned(plan).await;
    let number = site.deliver("complete").await;
    let (admin, other) = site.admins_of(&number).await;
    site.forward(TimeDelta::minutes(30));
    (site, number, admin, other)
}

/// Mail may lie at the server for a while: the code is judged by when it came in there.
#[tokio::test]
async fn a_code_counts_as_of_its_mails_arrival_up_to_ten_minutes_ago() {
    for (seconds_ago, counts) in [(0, true), (599, true), (600, true), (601, false), (86_400, false)] {
        let (site, number, admin, _) = asked().await;
        let arrived = site.now() - TimeDelta::seconds(seconds_ago);
        let words = format!("SETUJU {}", code(&site, &admin, arrived).await);

        site.take_in(received(&site, &admin, &words, arrived)).await;

        assert_eq!(site.case(&number).await.decisions.len(), usize::from(counts), "{seconds_ago} s");
        let refused = site.letters().iter().any(|letter| letter.subject.contains("tidak dapat dilaksanakan"));
        assert_eq!(refused, !counts, "{seconds_ago} s: the admin hears that it was not followed");
    }
}

#[tokio::test]
async fn a_code_of_another_time_than_its_mails_arrival_does_not_count() {
    for minutes in [-2, 2, 9] {
        let (site, number, admin, _) = asked().await;
        let arrived = site.now() - TimeDelta::minutes(5);
        let words = format!("SETUJU {}", code(&site, &admin, arrived + TimeDelta::minutes(minutes)).await);

        site.take_in(received(&site, &admin, &words, arrived)).await;

        assert!(site.case(&number).await.decisions.is_empty(), "{minutes} minutes off");
        let record = site.engine.admin(&admin.address).await.unwrap().expect("is registered").1;
        assert_eq!(record.tries_left(), 4, "it is a wrong code");
    }
}

/// A mail server whose clock is ahead must not make codes of the future count.
#[tokio::test]
async fn a_code_of_a_mail_that_says_it_comes_later_than_now_does_not_count() {
    let (site, number, admin, _) = asked().await;
    let arrived = site.now() + TimeDelta::minutes(11);
    let words = format!("SETUJU {}", code(&site, &admin, arrived).await);

    site.take_in(received(&site, &admin, &words, arrived)).await;

    assert!(site.case(&number).await.decisions.is_empty());
    let present = Typed::new(code(&site, &admin, site.now()).await);
    assert!(matches!(site.desk.sign_in(&admin.address, &present).await.unwrap(), SignInAnswer::Opened(_)));
}

/// A colleague's letter, forwarded or read over the shoulder: their own code and their own mailbox do not make it theirs.
#[tokio::test]
async fn another_admin_may_not_answer_a_colleagues_letter() {
    for words in ["SETUJU", "TOLAK", "LENGKAPI"] {
        let (site, number, admin, other) = asked().await;
        let letter = site.last_to(admin.address.as_str()).expect("the admin was asked").message_id;
        let own = code(&site, &other, site.now()).await;
        let words = if words == "SETUJU" { format!("SETUJU {own}") } else { words.to_owned() };

        site.take_in(answer(&site, &other, &letter, &words, "rekan@x.example")).await;

        let case = site.case(&number).await;
        assert!(case.decisions.is_empty() && matches!(case.phase, Phase::UnderReview { .. }), "{words}");
        assert_eq!(case.assigned.as_ref(), Some(&admin.address), "{words}: it is whose it was");
        let unspent = site.desk.sign_in(&other.address, &Typed::new(own)).await.unwrap();
        assert!(matches!(unspent, SignInAnswer::Opened(_)), "{words}: the code was not even looked at");
    }
}

/// Whether the code stands in a letter or in the case's journal.
async fn tells(site: &Site, number: &CaseNumber, code: &str) -> bool {
    let events = site.engine.events(&site.engine.key(number)).await.expect("on record");
    let letters = site.letters().into_iter().map(|letter| letter.body);
    letters.chain(events.iter().map(|recorded| format!("{:?}", recorded.event))).any(|text| text.contains(code))
}

const WORDS: [(&str, &str, &str); 2] =
    [("TOLAK", "reject_needs_code = true", "closed"), ("LENGKAPI", "complete_needs_code = true", "incomplete")];

/// No reply could ever do what the procedure asks a code for: only SETUJU took one.
#[tokio::test]
async fn rejecting_and_asking_to_complete_take_a_code_where_the_procedure_wants_one() {
    for (word, rule, then) in WORDS {
        let site = Site::planned(Plan { rules: vec![("reply", rule)], ..Plan::default() }).await;
        let number = site.deliver("complete").await;
        let (admin, _) = site.admins_of(&number).await;
        let asked = site.last_to(admin.address.as_str()).expect("the admin was asked");
        assert!(asked.body.contains(&format!("  {word} 123456 – ")), "{}", asked.body);

        site.take_in(answer(&site, &admin, &asked.message_id, &format!("{word} NIP berbeda."), "satu@x.example")).await;

        assert!(matches!(site.case(&number).await.phase, Phase::UnderReview { .. }), "{word}");
        let told = site.last_to(admin.address.as_str()).expect("the admin is told").body;
        assert!(told.contains("memerlukan kode 6 angka") && told.contains(&format!("  {word} 123456 – ")), "{told}");
        let code = code(&site, &admin, site.now()).await;
        let words = format!("{word} {code} NIP berbeda.");
        site.take_in(answer(&site, &admin, &asked.message_id, &words, "dua@x.example")).await;
        assert_eq!(site.case(&number).await.phase.name(), then);
        assert!(!tells(&site, &number, &code).await, "{word}");
    }
}

/// Digits that nobody asked for went into the reason, and with it to the applicant, while they still opened the desk.
#[tokio::test]
async fn a_code_that_nobody_asked_for_is_proven_all_the_same_and_told_to_nobody() {
    for (word, _, then) in WORDS {
        let (site, number, admin, _) = asked().await;
        let letter = site.last_to(admin.address.as_str()).expect("the admin was asked").message_id;
        site.take_in(answer(&site, &admin, &letter, &format!("{word} 000000 NIP berbeda."), "satu@x.example")).await;
        assert!(matches!(site.case(&number).await.phase, Phase::UnderReview { .. }), "{word}: a wrong code");
        let code = code(&site, &admin, site.now()).await;

        let words = format!("{word} {code} NIP berbeda.");
        site.take_in(answer(&site, &admin, &letter, &words, "dua@x.example")).await;

        assert_eq!(site.case(&number).await.phase.name(), then);
        assert!(!tells(&site, &number, &code).await, "{word}");
        let spent = site.desk.sign_in(&admin.address, &Typed::new(code)).await.unwrap();
        assert!(!matches!(spent, SignInAnswer::Opened(_)), "{word}: each code counts once");
    }
}

/// Where the office demands no proof of applicants, it does of admins.
#[tokio::test]
async fn t01_an_office_that_demands_no_proof_follows_no_unproven_answer() {
    let site = Site::planned(Plan { takes_unproven: true, ..Plan::default() }).await;
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    let proven = String::from_utf8(received(&site, &admin, "TOLAK", site.now())).expect("plain");
    let unstamped = proven.split_once("Message-ID").map(|(_, mail)| format!("Message-ID{mail}")).expect("a mail");
    let refused = proven.replace("=pass", "=fail");

    for forged in [unstamped, refused] {
        site.take_in(forged.into_bytes()).await;

        assert!(matches!(site.case(&number).await.phase, Phase::UnderReview { .. }));
    }
    site.take_in(proven.into_bytes()).await;
    assert_eq!(site.case(&number).await.phase.name(), "closed", "the same words with proof");
}

/// The letter invited a reply all the same, and the reply was taken for a mail of the applicant.
#[tokio::test]
async fn an_office_that_takes_no_replies_invites_none_and_tells_an_admin_who_replies() {
    for words in ["TOLAK R04", "Terima kasih, akan saya periksa."] {
        let plan = Plan { rules: vec![("reply", "allowed = false")], ..Plan::default() };
        let (site, number, admin, _) = asked_under(plan).await;
        let asked = site.last_to(admin.address.as_str()).expect("the admin was asked").body;

        site.take_in(received(&site, &admin, words, site.now())).await;

        assert!(asked.contains("Setujui: http") && !asked.contains("membalas surel ini"), "{asked}");
        let sent = site.letters();
        let told = sent.iter().find(|letter| letter.subject.contains("Balasan tidak dapat dilaksanakan"));
        let body = &told.expect("the admin is answered").body;
        assert!(body.contains("tidak menerima keputusan melalui balasan surel"), "{words}: {body}");
        assert!(!body.contains("SETUJU 123456"), "{words}: {body}");
        let case = site.case(&number).await;
        assert!(matches!(case.phase, Phase::UnderReview { .. }) && case.mails.len() == 1, "{words}");
        assert_eq!(site.numbers().await, [number], "{words}");
    }
}

/// The second copy of Rina's letter, which contradicts itself by that, in the mail of this person.
async fn copied(plan: Plan, sender: &Person) -> (Site, CaseNumber, Admin) {
    let site = Site::planned(plan).await;
    let copy = letter_pdf(&letter(&RINA, "000.3/0951/BLPE/B.PBJ", day(9)));
    send(&site, &RINA, copy.clone()).await;
    let number = send(&site, sender, copy).await;
    let (admin, _) = site.admins_of(&number).await;
    (site, number, admin)
}

/// What somebody was told of replies that could not be followed.
fn told(site: &Site, to: &Admin) -> Vec<String> {
    let letters = site.letters().into_iter().filter(|letter| letter.to.contains(&to.address));
    letters.filter(|l| l.subject.contains("Balasan tidak dapat dilaksanakan")).map(|l| l.body).collect()
}

/// Answers the letter about this case with a good code and these words below it; what the admin is told then, and the code.
async fn approved_with(site: &Site, number: &CaseNumber, admin: &Admin, below: &str) -> (String, String) {
    // The same answer goes to an address once an hour.
    site.forward(TimeDelta::minutes(61));
    let about = |letter: &loket::engine::port::Outgoing| {
        letter.to.contains(&admin.address) && letter.body.contains(&number.to_string())
    };
    let asked = site.letters().into_iter().find(about).expect("the admin was asked").message_id;
    let code = code(site, admin, site.now()).await;
    let id = format!("alasan.{}@x.example", site.now().timestamp());

    site.take_in(answer(site, admin, &asked, &format!("SETUJU {code}{below}"), &id)).await;

    (told(site, admin).pop().unwrap_or_default(), code)
}

/// The names under a mail were the reason on record for approving papers that do not agree, though none was given.
#[tokio::test]
async fn the_names_under_a_reply_are_no_reason_to_approve_what_differs() {
    let (site, number, admin) = copied(Plan::default(), &RINA).await;
    for below in ["\n\nSalam,\nTeguh\nLPSE", "\nTeguh", "\n\nALASAN:\n\nSalam,\nTeguh", "\n\nSalam, ALASAN: tidak ada"]
    {
        let (told, _) = approved_with(&site, &number, &admin, below).await;

        assert!(site.case(&number).await.decisions.is_empty(), "{below}");
        assert!(told.contains("tulis alasan persetujuan"), "{below}: {told}");
    }

    let (_, code) =
        approved_with(&site, &number, &admin, "\n\nAlasan: salinan dari\nsurat yang sama.\n\nSalam,\nTeguh").await;

    let decisions = site.case(&number).await.decisions;
    let reasons: Vec<&str> = decisions.iter().map(|decision| decision.reason.as_str()).collect();
    assert_eq!(reasons, ["salinan dari\nsurat yang sama."]);
    assert!(!tells(&site, &number, &code).await);
}

#[tokio::test]
async fn the_names_under_a_reply_waive_no_call() {
    let plan = Plan { rules: vec![("confirmation", "waivable = true")], ..Plan::default() };
    let (site, number, admin) = copied(plan, &AGUNG).await;

    let (told, _) = approved_with(&site, &number, &admin, "\n\nSalam,\nTeguh\nLPSE").await;
    assert!(site.case(&number).await.decisions.is_empty());
    assert!(told.contains("pemohon harus ditelepon"), "{told}");

    approved_with(&site, &number, &admin, "\nALASAN: pemohon datang sendiri").await;
    assert_eq!(site.case(&number).await.decisions.len(), 1);
}

/// The machine of an admin who is away may answer like a person.
#[tokio::test]
async fn t19_an_admin_whose_replies_are_not_understood_hears_so_once_an_hour() {
    let (site, number, admin, _) = asked().await;
    let letter = site.last_to(admin.address.as_str()).expect("the admin was asked").message_id;
    for (minutes, often) in [(0, 1), (1, 1), (58, 1), (2, 2)] {
        site.forward(TimeDelta::minutes(minutes));
        let id = format!("cuti.{}@x.example", site.now().timestamp());

        site.take_in(answer(&site, &admin, &letter, "Saya sedang cuti.", &id)).await;

        assert_eq!(told(&site, &admin).len(), often, "{minutes} minutes later");
    }
    assert!(matches!(site.case(&number).await.phase, Phase::UnderReview { .. }));
}

#[tokio::test]
async fn an_admin_who_was_revoked_decides_nothing_and_is_told_nothing() {
    for words in ["TOLAK R04", "SETUJU 123456"] {
        let (site, number, admin, _) = asked().await;
        let letter = site.last_to(admin.address.as_str()).expect("the admin was asked").message_id;
        site.engine.revoke(&admin.address).await.expect("the store answers");

        site.take_in(answer(&site, &admin, &letter, words, "bekas@x.example")).await;

        assert!(matches!(site.case(&number).await.phase, Phase::UnderReview { .. }), "{words}");
        assert!(told(&site, &admin).is_empty(), "{words}");
    }
}
