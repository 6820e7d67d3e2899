use super::*;
use crate::sop::case::{LetterState, ProcedurePin};
use crate::sop::checklist::Understanding;
use crate::sop::names::{CaseNumber, Language, OfficeId, Sha256Hex};
use crate::sop::phase::Phase;
use crate::sop::timesheet::TimeSheet;

const PROVEN: Standing = Standing::Proven(Domain::Office);
const UNPROVEN: Standing = Standing::Unproven(Domain::Office);

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_794_000_000 + 60 * minute, 0).expect("the test's minutes are in range")
}

fn address(text: &str) -> Address {
    Address::parse(text).expect("a plain address")
}

/// A case from which this letter went to these people.
fn written(kind: &str, to: &[&str], queued_at: DateTime<Utc>) -> Case {
    let letter = LetterRecord {
        id: "a1".to_owned(),
        kind: kind.to_owned(),
        to: to.iter().map(|to| address(to)).collect(),
        queued_at,
        state: LetterState::Queued,
        about: None,
        sha256: Sha256Hex(String::new()),
        enclosures: Vec::new(),
    };
    Case {
        number: CaseNumber::new("LPSE", 2026, 1),
        office: OfficeId("kantor".to_owned()),
        procedure: ProcedurePin { id: "helpdesk".to_owned(), hash: Sha256Hex(String::new()) },
        language: Language::Id,
        opened_at: queued_at,
        linked_to: None,
        mails: Vec::new(),
        understanding: Understanding::default(),
        account: None,
        last_approved: None,
        assigned: None,
        confirmations: Vec::new(),
        settled: None,
        rounds: 0,
        revisions: 0,
        decisions: Vec::new(),
        first_approval: None,
        replaced: None,
        times: TimeSheet::default(),
        letters: vec![letter],
        replies: Vec::new(),
        phase: Phase::Received,
    }
}

#[test]
fn t19_the_same_letter_of_a_case_waits_for_a_whole_hour() {
    let case = written("acknowledgement", &["budi@dinas.example", "rina@dinas.example"], at(0));
    let limits = DayLimits::default();
    let again = |kind: &str, to: &str, now| Tally::default().may_answer(&case, kind, &address(to), now, &limits);

    for minute in [0, 1, 59] {
        assert_eq!(again("acknowledgement", "Rina@Dinas.example", at(minute)), Err(at(60)), "{minute} minutes later");
    }
    assert_eq!(again("acknowledgement", "rina@dinas.example", at(60) - TimeDelta::seconds(1)), Err(at(60)));
    assert_eq!(again("acknowledgement", "rina@dinas.example", at(60)), Ok(()));
    assert_eq!(again("rejected", "rina@dinas.example", at(1)), Ok(()), "another letter");
    assert_eq!(again("acknowledgement", "agung@dinas.example", at(1)), Ok(()), "another person");
}

#[test]
fn t19_of_several_letters_the_last_one_counts() {
    let mut case = written("acknowledgement", &["rina@dinas.example"], at(0));
    case.letters.insert(0, written("acknowledgement", &["rina@dinas.example"], at(30)).letters.remove(0));
    let to = address("rina@dinas.example");

    assert_eq!(Tally::default().may_answer(&case, "acknowledgement", &to, at(61), &DayLimits::default()), Err(at(90)));
}

#[test]
fn t19_an_address_has_one_share_of_answers_however_it_is_written() {
    let (mut day, case) = (Tally::default(), written("rejected", &["rina@dinas.example"], at(-600)));
    let limits = DayLimits { answers_per_address: 2, ..DayLimits::default() };
    let mut answers = |to: &str, now| day.may_answer(&case, "acknowledgement", &address(to), now, &limits);

    assert_eq!(answers("Rina@dinas.example", at(0)), Ok(()));
    assert_eq!(answers("rina@DINAS.example", at(0)), Ok(()));
    assert_eq!(answers("RINA@dinas.example", at(0)), Err(at(24 * 60)), "tomorrow");
    assert_eq!(answers("agung@dinas.example", at(0)), Ok(()));
}

/// What is withheld is no answer, and takes up nothing of the share.
#[test]
fn t19_an_answer_that_waits_is_not_counted() {
    let (mut day, case) = (Tally::default(), written("acknowledgement", &["rina@dinas.example"], at(0)));
    let limits = DayLimits { answers_per_address: 1, ..DayLimits::default() };
    let to = address("rina@dinas.example");

    assert_eq!(day.may_answer(&case, "acknowledgement", &to, at(1), &limits), Err(at(60)));
    assert_eq!(day.may_answer(&case, "acknowledgement", &to, at(60), &limits), Ok(()));
}

#[test]
fn t18_an_account_and_one_that_does_not_exist_have_equal_shares() {
    let limits = DayLimits { per_account: 2, ..DayLimits::default() };
    let account = |id: &str| About::Account(UserId(id.to_owned()));
    let nobody = |asked: &str| About::Nobody(asked.to_owned());
    let mut day = Tally::default();
    let mut admitted = |about: About, own| (0..4).filter(|_| day.admits_about(&about, own, &limits)).count();

    assert_eq!(admitted(account("RINAPL"), false), 2);
    assert_eq!(admitted(account("rinapl"), false), 0, "however it is written");
    assert_eq!(admitted(account("RINAPL"), true), 2, "its owner has a share of their own");
    assert_eq!(admitted(nobody("RINAPL"), false), 2, "and takes nothing from what only looks alike");
    assert_eq!(admitted(nobody("0a1b"), false), 2);
    let unlimited = DayLimits { per_account: 0, ..limits };
    assert!((0..9).all(|_| day.admits_about(&nobody("0a1b"), false, &unlimited)));
}

/// Invented accounts would take up all the names that are counted one by one.
#[test]
fn t18_ever_new_invented_accounts_shut_nobody_out() {
    let limits = DayLimits { per_account: 1, ..DayLimits::default() };
    let mut day = Tally::default();
    let room = (0..NAMES + 5).filter(|n| day.admits_about(&About::Nobody(n.to_string()), false, &limits)).count();

    assert_eq!(room, NAMES + 1, "those beyond share one count");
    assert!(day.admits_about(&About::Account(UserId("RINAPL".to_owned())), false, &limits));
}

#[test]
fn t18_the_digests_begin_with_the_first_mail_and_count_what_comes_an_hour_later() {
    let mut day = Tally::default();

    assert!(day.put_aside(at(0)));
    assert!(!day.put_aside(at(59)) && !day.pass_over(at(59)));
    assert_eq!((day.beyond, day.passed_over, day.late), (2, 1, 0));
    assert!(!day.put_aside(at(60)) && !day.pass_over(at(61)));
    assert_eq!((day.beyond, day.passed_over, day.late), (3, 2, 2));
    assert!(Tally::default().pass_over(at(0)), "also where a machine's mail is the first");
}

#[test]
fn t18_machines_have_a_share_of_their_own() {
    let limits = DayLimits { automatic_per_day: 2, ..DayLimits::default() };
    let mut day = Tally::default();

    assert_eq!((0..5).filter(|_| day.admits_automatic(&limits)).count(), 2);
    let unlimited = DayLimits { automatic_per_day: 0, ..limits };
    assert!((0..5).all(|_| day.admits_automatic(&unlimited)));
}

#[test]
fn t18_the_loudest_is_named_without_its_mark_once_it_had_its_share() {
    let limits = DayLimits { per_sender: 2, ..DayLimits::default() };
    let mut day = Tally::default();
    assert_eq!(day.loudest(&limits), None);
    let (quiet, loud) = (address("agung@dinas.example"), address("Rina@Dinas.example"));
    assert!(day.admits(Some(&quiet), PROVEN, &limits) && day.admits(Some(&loud), UNPROVEN, &limits));
    assert_eq!(day.loudest(&limits), None);

    assert!(day.admits(Some(&loud), UNPROVEN, &limits));

    assert_eq!(day.loudest(&limits).as_deref(), Some("rina@dinas.example"));
    assert!(day.has_room(Some(&loud), PROVEN, &limits), "a forger uses up nothing of the owner's");
}

/// Where an office asks for no proof, twenty forged mails were the owner's share of the day.
#[test]
fn t18_mail_that_needs_no_proof_is_counted_under_no_owners_name_and_among_all_of_the_day() {
    let limits = DayLimits { per_sender: 2, per_domain: 3, per_day: 4, unproven_per_day: 1, ..DayLimits::default() };
    let (rina, agung) = (address("rina@dinas.example"), address("agung@dinas.example"));
    let unasked = Standing::Unasked(Domain::Office);
    let mut day = Tally::default();

    let taken = (0..5).filter(|_| day.admits(Some(&rina), unasked, &limits)).count();

    assert_eq!(taken, 2, "one name's share, and more than the unproven have");
    assert!(day.has_room(Some(&agung), UNPROVEN, &limits), "which is as it was");
    assert!(day.admits(Some(&rina), PROVEN, &limits), "nothing of it was hers");
    assert!(day.admits(Some(&agung), unasked, &limits));
    assert!(!day.has_room(Some(&agung), PROVEN, &limits), "the day is full of both");
    let full_domain = DayLimits { per_day: 0, ..limits };
    assert!(!day.has_room(Some(&agung), unasked, &full_domain) && day.has_room(Some(&agung), PROVEN, &full_domain));
}

/// Ten accounts of a free mail service shut out everybody else who has one.
#[test]
fn t18_people_of_a_free_mail_service_have_no_share_in_common() {
    let limits = DayLimits { per_sender: 2, per_domain: 3, ..DayLimits::default() };
    let of = |domain: fn(Domain) -> Standing| {
        let mut day = Tally::default();
        [Domain::Office, Domain::FreeMail].map(|whose| {
            let name = |nth: usize| address(&format!("warga{nth}@{whose:?}.example"));
            let taken: Vec<bool> = (0..5).map(|nth| day.admits(Some(&name(nth)), domain(whose), &limits)).collect();
            let again = (0..5).filter(|_| day.admits(Some(&name(4)), domain(whose), &limits)).count();
            (taken.iter().filter(|taken| **taken).count(), again)
        })
    };

    for standing in [Standing::Proven, Standing::Unasked, Standing::Unproven] {
        assert_eq!(of(standing), [(3, 0), (5, 1)], "five people, and then one of them alone");
    }
}

#[test]
fn t18_in_an_open_case_only_the_senders_own_share_counts() {
    let limits = DayLimits { per_sender: 2, per_domain: 1, per_day: 1, ..DayLimits::default() };
    let (one, other) = (address("rina@dinas.example"), address("agung@dinas.example"));
    let mut day = Tally::default();

    assert!(day.admits(Some(&one), Standing::AtHome, &limits));
    assert!(day.admits(Some(&other), PROVEN, &limits), "it took up no room of the others");
    assert!(!day.admits(Some(&one), PROVEN, &limits), "the day and the domain are full");
    assert!(day.admits(Some(&one), Standing::AtHome, &limits));
    assert!(!day.admits(Some(&one), Standing::AtHome, &limits), "their own share is full");
}
