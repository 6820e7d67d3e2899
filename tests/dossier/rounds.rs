//! Later rounds: the papers of all mails of a case, merged.

use loket::dossier::page::Paper;
use loket::dossier::reuse::Marks;
use loket::dossier::{Confirmation, EarlierLetter, Known, Recognition, Standing, understand};
use loket::sop::checklist::{Finding, Method};
use loket::sop::names::CaseNumber;

use super::decrees::BUPATI;
use super::letters::SHORT;
use super::set::{accounts, expect, mail, paper, seen, today};

#[test]
fn an_old_good_paper_stays_valid_beside_a_new_one() {
    let first = mail("Permohonan", "", vec![paper("surat.pdf", &[SHORT])]);
    let second = mail("Re: [LPSE-2026-0001]", "susulan SK", vec![paper("sk.pdf", &BUPATI)]);

    expect(
        &seen(std::slice::from_ref(&first)),
        &[("request_letter", Finding::Met), ("appointment_decree", Finding::Missing)],
    );
    expect(&seen(&[first, second]), &[("request_letter", Finding::Met), ("decree_names_applicant", Finding::Met)]);
}

#[test]
fn a_signed_letter_replaces_the_unsigned_one_and_not_the_other_way_round() {
    let unsigned = SHORT.replace("ttd\n", "\n\n");
    let without = || mail("Permohonan", "", vec![paper("surat.pdf", &[&unsigned])]);
    let with = || mail("Permohonan", "", vec![paper("surat ttd.pdf", &[SHORT])]);

    expect(&seen(&[without()]), &[("request_letter_signed", Finding::Missing)]);
    expect(&seen(&[without(), with()]), &[("request_letter_signed", Finding::Met)]);
    expect(&seen(&[with(), without()]), &[("request_letter_signed", Finding::Met)]);
}

#[test]
fn a_decree_in_force_replaces_an_ended_one() {
    let ended = BUPATI[0].replace("TAHUN 2026", "TAHUN 2024");
    let first = mail("Permohonan", "", vec![paper("surat.pdf", &[SHORT]), paper("sk lama.pdf", &[&ended, BUPATI[1]])]);
    let second = mail("Re: [LPSE-2026-0001]", "", vec![paper("sk baru.pdf", &BUPATI)]);

    expect(&seen(std::slice::from_ref(&first)), &[("decree_in_force", Finding::Missing)]);
    expect(&seen(&[first, second]), &[("decree_in_force", Finding::Met)]);
}

#[test]
fn next_years_decree_does_not_replace_the_one_in_force() {
    let next = BUPATI.map(|page| page.replace("TAHUN 2026", "TAHUN 2027"));
    let both = vec![
        paper("surat.pdf", &[SHORT]),
        paper("sk 2026.pdf", &BUPATI),
        paper("sk 2027.pdf", &[next[0].as_str(), next[1].as_str()]),
    ];

    expect(&seen(&[mail("Permohonan", "", both)]), &[("decree_in_force", Finding::Met)]);
}

#[test]
fn each_document_of_a_file_says_how_it_was_read() {
    let mut file = paper("semua.pdf", &[SHORT, BUPATI[0], BUPATI[1]]);
    file.method = Method::Ocr;
    let scanned = file.pages.iter_mut().skip(1).flat_map(|page| &mut page.lines).flat_map(|line| &mut line.words);
    scanned.for_each(|word| word.confidence = Some(93));

    let methods: Vec<Method> = seen(&[mail("Permohonan", "", vec![file])]).documents.iter().map(|d| d.method).collect();

    assert_eq!(methods, [Method::Text, Method::Ocr]);
}

#[test]
fn a_second_locked_file_is_not_taken_for_the_first() {
    let locked = |name: &str| {
        let paper = paper(name, &[]);
        Paper { sha256: String::new(), method: Method::None, encrypted: true, ..paper }
    };
    let rounds =
        [mail("Permohonan", "", vec![locked("surat.pdf")]), mail("Re", "", vec![locked("surat permohonan 2.pdf")])];

    assert_eq!(seen(&rounds).documents.len(), 2);
}

#[test]
fn a_letter_of_another_person_in_a_later_round_is_put_before_a_person() {
    let other = SHORT
        .replace("I Wayan Sudana, S.Kom.", "Ni Kadek Ayu Lestari, A.Md.")
        .replace("198805122015031901", "199507252023212902");
    let rounds =
        [mail("Permohonan", "", vec![paper("a.pdf", &[SHORT])]), mail("Re", "", vec![paper("b.pdf", &[&other])])];

    expect(&seen(&rounds), &[("applicant_identified", Finding::Unclear)]);
}

#[test]
fn the_same_bytes_sent_again_count_once() {
    let rounds =
        [mail("Permohonan", "", vec![paper("a.pdf", &[SHORT])]), mail("Re", "", vec![paper("a.pdf", &[SHORT])])];

    assert_eq!(seen(&rounds).documents.len(), 1);
}

#[test]
fn items_that_need_memory_appear_only_with_it() {
    let mails = [mail("Permohonan", "", vec![paper("a.pdf", &[SHORT])])];
    let accounts = accounts();
    let marks = Marks { number: Some("027/455/pbj/2026".into()), date: Some(today()), ..Marks::default() };
    let earlier = [EarlierLetter { case: CaseNumber::new("LPSE", 2026, 7), standing: Standing::Granted, marks }];
    let confirmed = Confirmation::Given;
    let (accounts, earlier_letters) = (Some(&accounts[..]), Some(&earlier[..]));
    let known = Known { accounts, earlier_letters, confirmed: Some(&confirmed), ..Known::default() };

    let with = understand(&mails, &known, &Recognition::helpdesk(), today());
    let without = seen(&mails);

    expect(&with, &[("letter_not_reused", Finding::Contradicted), ("confirmed_with_applicant", Finding::Met)]);
    assert!(without.check("letter_not_reused").is_none() && without.check("sender_authenticated").is_none());
}

#[test]
fn without_an_account_source_nothing_of_step_five_is_found() {
    let mails = [mail("Permohonan", "", vec![paper("a.pdf", &[SHORT])])];

    let found = understand(&mails, &Known::default(), &Recognition::helpdesk(), today());

    assert!(found.checklist.iter().all(|c| c.step == 2));
}
