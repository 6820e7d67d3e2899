//! The laws of a letter that was sent before (THREATS row 17), and of a decree that was approved on.

use loket::dossier::reuse::{Marks, Sameness};
use loket::dossier::{ApprovedDecree, EarlierLetter, Known, MailFacts, Recognition, Standing, understand};
use loket::sop::checklist::{Finding, Understanding};
use loket::sop::look::Look;
use loket::sop::names::{CaseNumber, Sha256Hex};
use proptest::prelude::*;

use super::decrees::BUPATI;
use super::letters::SHORT;
use super::set::{accounts, day, expect, mail, paper, today};

fn case(serial: u32) -> CaseNumber {
    CaseNumber::new("LPSE", 2026, serial)
}

fn one_of<T: Clone + std::fmt::Debug + 'static>(values: Vec<T>) -> impl Strategy<Value = Option<T>> {
    prop::option::of(prop::sample::select(values))
}

/// Marks out of so few values that they often meet.
fn marks() -> impl Strategy<Value = Marks> {
    let hash = |values: [&str; 2]| one_of(values.map(|v| Sha256Hex(v.to_owned())).to_vec());
    let looks: Vec<Look> = [[0u8; 32], [0xff; 32]].iter().filter_map(|bits| Look::of(bits)).collect();
    let numbers = vec!["1/a".to_owned(), "2/a".to_owned()];
    let who = (hash(["nip 1", "nip 2"]), hash(["name 1", "name 2"]));
    let what = (one_of(numbers), one_of(vec![day(2026, 1, 1), day(2026, 1, 2)]));
    (who, what, hash(["file 1", "file 2"]), hash(["text 1", "text 2"]), one_of(looks))
        .prop_map(|((nip, name), (number, date), file, text, look)| Marks { number, date, nip, name, file, text, look })
}

fn hash(text: &str) -> Option<Sha256Hex> {
    Some(Sha256Hex(text.to_owned()))
}

proptest! {
    #[test]
    fn two_letters_are_the_same_either_way_round(a in marks(), b in marks()) {
        prop_assert_eq!(a.sameness(&b), b.sameness(&a));
    }

    #[test]
    fn what_another_person_sent_is_never_the_same_letter_even_in_one_file(a in marks(), b in marks()) {
        let a = Marks { nip: hash("nip 1"), ..a };
        let b = Marks { nip: hash("nip 2"), name: hash("another name"), ..b };

        prop_assert_eq!(a.sameness(&b), None);
    }

    #[test]
    fn one_misread_digit_of_the_person_is_doubt_and_no_more(a in marks(), b in marks()) {
        let b = Marks { name: hash("name 1"), nip: hash("nip 2"), file: hash("another file"), ..b };
        let a = Marks { name: hash("name 1"), nip: hash("nip 1"), ..a };

        prop_assert_ne!(a.sameness(&b), Some(Sameness::Sure));
    }

    #[test]
    fn a_new_number_and_other_words_make_a_new_letter_however_it_looks(a in marks(), b in marks()) {
        let a = Marks { number: Some("1/a".into()), ..a };
        let b = Marks { number: Some("2/a".into()), file: hash("another file"), text: hash("other words"), ..b };

        prop_assert_eq!(a.sameness(&b), None);
    }

    #[test]
    fn a_look_alone_accuses_nobody(a in marks(), b in marks()) {
        let bare = |m: &Marks| Marks { look: m.look.clone(), ..Marks::default() };

        prop_assert_eq!(bare(&a).sameness(&bare(&b)), None);
        prop_assert_ne!(Marks { file: None, text: None, number: None, ..a }.sameness(&b), Some(Sameness::Sure));
    }

    #[test]
    fn the_same_file_and_the_same_number_day_and_person_are_the_same_letter(a in marks(), b in marks()) {
        let sent_again = Marks { file: a.file.clone(), nip: a.nip.clone(), name: a.name.clone(), ..b.clone() };
        let rewritten = Marks { number: a.number.clone(), date: a.date, nip: a.nip.clone(), ..b };

        if a.file.is_some() {
            prop_assert_eq!(a.sameness(&sent_again), Some(Sameness::Sure));
        }
        if a.number.is_some() && a.date.is_some() && a.nip.is_some() {
            prop_assert_eq!(a.sameness(&rewritten), Some(Sameness::Sure));
        }
    }
}

/// The two sheets farthest apart, and those on either side of what was measured (DESIGN, the look).
#[test]
fn t17_sheets_of_one_person_that_look_otherwise_are_not_the_same_letter() {
    let sheet = |dark: usize| {
        let mut bits = [0; 32];
        (0..dark).for_each(|bit| bits[bit / 8] |= 1 << (bit % 8));
        Marks { nip: hash("nip 1"), look: Look::of(&bits), ..Marks::default() }
    };

    for (dark, sameness) in [(0, Some(Sameness::Likely)), (30, Some(Sameness::Likely)), (31, None), (256, None)] {
        assert_eq!(sheet(0).sameness(&sheet(dark)), sameness, "{dark} bits apart");
    }
}

fn seen(mails: &[MailFacts], known: Known<'_>) -> Understanding {
    let accounts = accounts();
    understand(mails, &Known { accounts: Some(&accounts), ..known }, &Recognition::helpdesk(), today())
}

#[test]
fn what_became_of_the_earlier_case_decides_what_a_letter_sent_again_is_worth() {
    let mails = [mail("Permohonan", "", vec![paper("surat.pdf", &[SHORT])])];
    let first = seen(&mails, Known::default());
    let marks = Marks::of(&first.documents[0], &first.applicant);
    let earlier = |standing, serial| EarlierLetter { case: case(serial), standing, marks: marks.clone() };
    let judged = |earlier: &[EarlierLetter]| {
        let found = seen(&mails, Known { earlier_letters: Some(earlier), ..Known::default() });
        let check = found.check("letter_not_reused").expect("somebody looked").clone();
        (check.finding, check.because, check.evidence)
    };

    for (standing, finding) in [
        (Standing::Granted, Finding::Contradicted),
        (Standing::Open, Finding::Contradicted),
        (Standing::Rejected, Finding::Unclear),
        (Standing::GivenUp, Finding::Met),
    ] {
        let (found, because, evidence) = judged(&[earlier(standing, 7)]);

        assert_eq!(found, finding, "{because}");
        assert!(because.contains("LPSE-2026-0007"), "{because}");
        assert!(evidence[0].quote.contains("027/455/PBJ/2026"), "{evidence:?}");
    }
    let both = [earlier(Standing::GivenUp, 3), earlier(Standing::Granted, 4), earlier(Standing::Granted, 5)];
    assert!(judged(&both).1.contains("LPSE-2026-0004"), "the heaviest, and of equals the first");
    assert_eq!(judged(&[]).0, Finding::Met);
}

fn approved(until: (i32, u32, u32), own_role: bool, same_applicant: bool) -> ApprovedDecree {
    let (y, m, d) = until;
    ApprovedDecree {
        case: case(9),
        number: "100.3.3.2/88/HK/2026".into(),
        valid_from: Some(day(2026, 1, 12)),
        valid_until: Some(day(y, m, d)),
        own_role: Some(own_role),
        same_applicant,
    }
}

#[test]
fn a_decree_that_differs_from_the_approved_one_of_its_number_is_put_before_a_person() {
    let mails = [mail("Permohonan", "", vec![paper("surat.pdf", &[SHORT]), paper("sk.pdf", &BUPATI)])];
    let with = |decree: ApprovedDecree| seen(&mails, Known { decrees: &[decree], ..Known::default() });

    let same = with(approved((2026, 12, 31), true, true));
    let shorter = with(approved((2026, 6, 30), true, false));
    let other_role = with(approved((2026, 12, 31), false, true));
    let other_person = with(approved((2026, 12, 31), false, false));

    expect(&same, &[("decree_in_force", Finding::Met), ("role_matches", Finding::Met)]);
    expect(&shorter, &[("decree_in_force", Finding::Unclear), ("role_matches", Finding::Met)]);
    let because = &shorter.check("decree_in_force").unwrap().because;
    assert!(because.contains("30 Juni 2026") && because.contains("LPSE-2026-0009"), "{because}");
    expect(&other_role, &[("decree_in_force", Finding::Met), ("role_matches", Finding::Unclear)]);
    expect(&other_person, &[("role_matches", Finding::Met)]);
}

#[test]
fn of_a_decree_without_its_annex_the_admin_is_told_what_was_seen_before() {
    let mails = [mail("Permohonan", "", vec![paper("surat.pdf", &[SHORT]), paper("sk.pdf", &BUPATI[..1])])];
    let because = |decree: ApprovedDecree| {
        let found = seen(&mails, Known { decrees: &[decree], ..Known::default() });
        let check = found.check("decree_names_applicant").expect("a decree is there").clone();
        assert_eq!(check.finding, Finding::Missing, "memory cures nothing");
        check.because
    };

    assert!(because(approved((2026, 12, 31), true, true)).contains("LPSE-2026-0009"));
    assert!(!because(approved((2026, 12, 31), true, false)).contains("LPSE-2026-0009"), "it named somebody else");
    assert!(!because(approved((2026, 3, 31), true, true)).contains("memuat pemohon"), "it has ended");
}

#[test]
fn a_decree_that_ends_soon_is_warned_of() {
    let warned = |on| {
        let mails = [mail("Permohonan", "", vec![paper("surat.pdf", &[SHORT]), paper("sk.pdf", &BUPATI)])];
        let accounts = accounts();
        let known = Known { accounts: Some(&accounts), ..Known::default() };
        let found = understand(&mails, &known, &Recognition::helpdesk(), on);
        expect(&found, &[("decree_in_force", Finding::Met)]);
        let because = found.check("decree_in_force").expect("a decree is there").because.clone();
        found.alerts.contains(&"decree_ends_soon".to_owned()).then_some(because)
    };

    assert_eq!(warned(day(2026, 12, 1)), None);
    assert!(warned(day(2026, 12, 2)).is_some_and(|because| because.contains("tersisa 29 hari")));
    assert!(warned(day(2026, 12, 31)).is_some_and(|because| because.contains("hari ini hari terakhir")));
}
