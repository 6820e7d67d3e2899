//! A request letter counts once (THREATS row 17), and a decree that was approved on is remembered. Letters with text of their
//! own; scans are in `t17_scans`.

use chrono::{NaiveDate, TimeDelta};
use loket::demo::samples::Thread;
use loket::demo::samples::papers::{Decree, Letter, decree_pdf, letter_pdf};
use loket::demo::samples::people::{AGUNG, MAIL_SERVER, Person, RINA};
use loket::demo::samples::post::{Enclosed, Mail, PDF, Stamp};
use loket::sop::checklist::{Check, Finding};
use loket::sop::names::{CaseNumber, Language, Service};
use loket::sop::phase::Phase;
use loket::web::answer::{HeldAnswer, HeldChoice, HeldForm};
use loket::web::counter::Counter;
use loket::web::view::Choice;

use crate::desk_walk::{approve, decide, form, review};
use crate::kit::Site;

pub fn day(d: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, d).expect("a day of November")
}

pub fn letter<'a>(applicant: &'a Person, number: &'a str, date: NaiveDate) -> Letter<'a> {
    let services = &[Service::ResetPassword];
    Letter { applicant, services, number, date, nip: None, signed: true, pad_to: None }
}

pub fn decree() -> Enclosed {
    ("SK.pdf", PDF, decree_pdf(&Decree::of_year(day(10))))
}

/// A mail of this person, a minute after the last one.
pub fn mail(site: &Site, from: &Person, subject: &str, text: &str, enclosed: Vec<Enclosed>) -> Mail<'static> {
    site.forward(TimeDelta::minutes(1));
    let at = site.now();
    Mail {
        from: (from.name, from.email),
        subject: subject.to_owned(),
        text: text.to_owned(),
        enclosed,
        message_id: format!("t17.{}@lembayungraya.example", at.timestamp()),
        at,
        answers: None,
        automatic: false,
        authentic: true,
    }
}

pub fn request(site: &Site, from: &Person, enclosed: Vec<Enclosed>) -> Vec<u8> {
    let text = "Terlampir surat permohonan reset password dan SK pengangkatan.";
    mail(site, from, "Permohonan reset password", text, enclosed).bytes(Some(Stamp { server: MAIL_SERVER }))
}

/// Sends a request with this letter; the case it opens.
pub async fn send(site: &Site, from: &Person, letter: Vec<u8>) -> CaseNumber {
    let raw = request(site, from, vec![("Surat.pdf", PDF, letter), decree()]);
    take(site, raw).await
}

pub async fn take(site: &Site, raw: Vec<u8>) -> CaseNumber {
    let before = site.numbers().await;
    site.take_in(raw).await;
    site.numbers().await.into_iter().find(|number| !before.contains(number)).expect("the mail opens a case")
}

pub async fn check(site: &Site, number: &CaseNumber, item: &str) -> Check {
    let case = site.case(number).await;
    case.understanding.check(item).unwrap_or_else(|| panic!("`{item}` is judged")).clone()
}

/// Asserts what `letter_not_reused` finds, and whether it names the earlier case.
#[track_caller]
pub fn expect(found: &Check, finding: Finding, earlier: Option<&CaseNumber>) {
    assert_eq!(found.finding, finding, "{}", found.because);
    if let Some(earlier) = earlier {
        assert!(found.because.contains(&earlier.to_string()), "{}", found.because);
        assert!(!found.evidence.is_empty(), "{}", found.because);
    } else {
        assert!(!found.because.contains("LPSE-"), "{}", found.because);
    }
}

const REUSED: &str = "letter_not_reused";
const NUMBER: &str = "000.3/0951/BLPE/B.PBJ";

#[tokio::test]
async fn t17_the_same_letter_is_flagged_whichever_copy_comes_first() {
    let plain = letter_pdf(&letter(&RINA, NUMBER, day(9)));
    let repacked = letter_pdf(&Letter { pad_to: Some(60_000), ..letter(&RINA, NUMBER, day(9)) });
    let reworded = letter_pdf(&Letter { services: &[Service::UserIdInfo], ..letter(&RINA, NUMBER, day(9)) });
    for [first, second] in [[&plain, &plain], [&plain, &repacked], [&repacked, &plain], [&reworded, &plain]] {
        let site = Site::start().await;

        let one = send(&site, &RINA, first.clone()).await;
        let two = send(&site, &RINA, second.clone()).await;

        expect(&check(&site, &one, REUSED).await, Finding::Met, None);
        expect(&check(&site, &two, REUSED).await, Finding::Contradicted, Some(&one));
    }
}

#[tokio::test]
async fn t17_of_two_copies_that_arrive_together_one_is_flagged() {
    let site = Site::start().await;
    let copy = || vec![("Surat.pdf", PDF, letter_pdf(&letter(&RINA, NUMBER, day(9)))), decree()];
    let mails = vec![request(&site, &RINA, copy()), request(&site, &RINA, copy())];

    site.take_in_together(mails).await;

    let numbers = site.numbers().await;
    assert_eq!(numbers.len(), 2);
    expect(&check(&site, &numbers[0], REUSED).await, Finding::Met, None);
    expect(&check(&site, &numbers[1], REUSED).await, Finding::Contradicted, Some(&numbers[0]));
}

#[tokio::test]
async fn t17_a_new_letter_of_the_same_person_and_the_number_of_another_are_not_flagged() {
    let site = Site::start().await;
    send(&site, &RINA, letter_pdf(&letter(&RINA, NUMBER, day(9)))).await;

    let new = send(&site, &RINA, letter_pdf(&letter(&RINA, "000.3/0952/BLPE/B.PBJ", day(10)))).await;
    let other = send(&site, &AGUNG, letter_pdf(&letter(&AGUNG, NUMBER, day(9)))).await;

    expect(&check(&site, &new, REUSED).await, Finding::Met, None);
    expect(&check(&site, &other, REUSED).await, Finding::Met, None);
}

#[tokio::test]
async fn t17_a_number_that_comes_back_under_another_day_is_put_before_a_person() {
    let site = Site::start().await;
    let one = send(&site, &RINA, letter_pdf(&letter(&RINA, NUMBER, day(2)))).await;

    let two = send(&site, &RINA, letter_pdf(&letter(&RINA, NUMBER, day(9)))).await;

    expect(&check(&site, &two, REUSED).await, Finding::Unclear, Some(&one));
}

#[tokio::test]
async fn t17_a_completion_round_is_not_held_against_its_own_case() {
    let site = Site::start().await;
    let number = site.deliver("completed_later").await;
    let (admin, _) = site.admins_of(&number).await;
    let view = review(&site, &admin, &number).await;
    decide(&site.desk, &admin, &number, form(&view, Choice::Complete)).await;
    site.settle().await;
    let sample = site.sample("completed_later");
    let asked = site.last_to(&sample.sender).expect("the applicant was written to");
    let (case_number, at) = (number.to_string(), site.now());
    let thread = Thread { case_number: &case_number, message_id: &asked.message_id, subject: &asked.subject, at };
    let completion = sample.follow_up(thread).expect("the sample has a second mail");
    // Meanwhile the same unsigned letter comes as a request of its own.
    let copy = String::from_utf8(sample.raw).expect("base64 is ASCII");
    let copy = take(&site, copy.replacen("Message-ID: <", "Message-ID: <salinan.", 1).into_bytes()).await;
    expect(&check(&site, &copy, REUSED).await, Finding::Contradicted, Some(&number));

    site.take_in(completion).await;

    assert_eq!(site.case(&number).await.mails.len(), 2);
    expect(&check(&site, &number, REUSED).await, Finding::Met, None);
}

#[tokio::test]
async fn t17_a_strangers_copy_does_not_use_up_the_letter_until_it_is_admitted() {
    let site = Site::start().await;
    let paper = || vec![("Surat.pdf", PDF, letter_pdf(&letter(&RINA, NUMBER, day(9)))), decree()];
    let forged = Mail { authentic: false, ..mail(&site, &RINA, "Permohonan reset password", "Terlampir.", paper()) };
    let held = take(&site, forged.bytes(Some(Stamp { server: MAIL_SERVER }))).await;
    assert!(matches!(site.case(&held).await.phase, Phase::Held { .. }));

    let real = take(&site, request(&site, &RINA, paper())).await;
    expect(&check(&site, &real, REUSED).await, Finding::Met, None);

    let (admin, _) = site.admins_of(&held).await;
    let view = site.desk.held_view(&admin, &held.to_string(), Language::Id).await.unwrap().expect("it is held");
    let form = HeldForm { choice: HeldChoice::Admit, reason: "Asli.".to_owned(), seen: view.seen };
    assert!(matches!(site.desk.settle_held(&admin, &held.to_string(), form).await.unwrap(), HeldAnswer::Done(_)));
    expect(&check(&site, &held, REUSED).await, Finding::Contradicted, Some(&real));
}

#[tokio::test]
async fn t17_a_letter_that_nothing_was_granted_on_may_be_sent_again() {
    let site = Site::start().await;
    let paper = || letter_pdf(&letter(&RINA, NUMBER, day(9)));
    let rejected = send(&site, &RINA, paper()).await;
    let (admin, _) = site.admins_of(&rejected).await;
    let view = review(&site, &admin, &rejected).await;
    decide(&site.desk, &admin, &rejected, form(&view, Choice::Reject)).await;
    site.settle().await;
    site.forward(TimeDelta::days(1));
    assert_eq!(site.engine.file_closed().await.unwrap().archived, std::slice::from_ref(&rejected));

    // The archive is remembered.
    let again = send(&site, &RINA, paper()).await;
    expect(&check(&site, &again, REUSED).await, Finding::Unclear, Some(&rejected));

    let other = || letter_pdf(&letter(&AGUNG, "000.3/0960/BLPE/B.PBJ", day(9)));
    let withdrawn = send(&site, &AGUNG, other()).await;
    let subject = format!("Re: [{withdrawn}] Permohonan");
    let batal = mail(&site, &AGUNG, &subject, "BATAL", Vec::new()).bytes(Some(Stamp { server: MAIL_SERVER }));
    site.take_in(batal).await;
    assert!(site.case(&withdrawn).await.phase.is_closed());
    let anew = send(&site, &AGUNG, other()).await;
    expect(&check(&site, &anew, REUSED).await, Finding::Met, Some(&withdrawn));
}

#[tokio::test]
async fn t17_a_letter_that_was_granted_stays_used_and_its_decree_is_remembered() {
    let site = Site::start().await;
    let granted = send(&site, &RINA, letter_pdf(&letter(&RINA, NUMBER, day(9)))).await;
    let (admin, _) = site.admins_of(&granted).await;
    approve(&site, &admin, &granted).await;

    let again = send(&site, &RINA, letter_pdf(&letter(&RINA, NUMBER, day(9)))).await;
    expect(&check(&site, &again, REUSED).await, Finding::Contradicted, Some(&granted));

    // Without its decree, the admin is told of the one that was approved on; whoever is not in it gains nothing.
    let alone = |paper| vec![("Surat.pdf", PDF, paper)];
    let new = letter_pdf(&letter(&RINA, "000.3/0970/BLPE/B.PBJ", day(10)));
    let known = take(&site, request(&site, &RINA, alone(new))).await;
    let told = check(&site, &known, "appointment_decree").await;
    assert_eq!(told.finding, Finding::Missing);
    assert!(told.because.contains(&granted.to_string()), "{}", told.because);
    let new = letter_pdf(&letter(&AGUNG, "000.3/0971/BLPE/B.PBJ", day(10)));
    let stranger = take(&site, request(&site, &AGUNG, alone(new))).await;
    let told = check(&site, &stranger, "appointment_decree").await;
    assert!(!told.because.contains(&granted.to_string()), "{}", told.because);
}
