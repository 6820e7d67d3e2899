//! Papers read from pictures: what is read badly proves nothing and accuses nobody.

use loket::dossier::page::Paper;
use loket::sop::checklist::{Finding, Understanding};
use proptest::prelude::*;

use super::decrees::BUPATI;
use super::letters::LABELS;
use super::noise::{Chance, noisy, scanned};
use super::set::{GOOD, expect, mail, paper, seen};

const NUMBER: &str = "19880512 201503 1 901";

fn read(letter: Paper) -> Understanding {
    seen(&[mail("Permohonan", "", vec![letter, scanned(paper("sk.pdf", &BUPATI))])])
}

fn letter(text: &str) -> Paper {
    scanned(paper("surat.pdf", &[text]))
}

/// The letter with the confidence of every word that contains `mark` set.
fn doubting(text: &str, mark: &str, confidence: u8) -> Paper {
    let mut paper = letter(text);
    for word in paper.pages.iter_mut().flat_map(|p| &mut p.lines).flat_map(|l| &mut l.words) {
        if word.text.contains(mark) {
            word.confidence = Some(confidence);
        }
    }
    paper
}

#[test]
fn a_clean_scan_is_as_good_as_text() {
    expect(&read(letter(LABELS)), &GOOD);
}

#[test]
fn a_number_that_would_be_right_after_repair_is_unclear_and_suggested() {
    let text = LABELS.replace(NUMBER, "1988O512 2O1503 l 9O1").replace("198805122015031901", "");

    let seen = read(letter(&text));

    expect(&seen, &[("nip_matches", Finding::Unclear), ("applicant_identified", Finding::Unclear)]);
    assert_eq!(seen.applicant.nip, None);
    let check = seen.check("nip_matches").expect("the item");
    assert!(check.because.contains("sama dengan register"), "{}", check.because);
    assert_eq!(check.pair.as_ref().map(|p| p.document.as_str()), Some("1988O512 2O1503 l 9O1"));
}

#[test]
fn a_number_that_would_be_wrong_even_after_repair_says_so() {
    let text = LABELS.replace(NUMBER, "1988O512 2O1503 l 9O2").replace("198805122015031901", "");

    let check = read(letter(&text)).check("nip_matches").cloned().expect("the item");

    assert!(check.finding == Finding::Unclear && check.because.contains("berbeda dari register"), "{}", check.because);
}

#[test]
fn another_digit_read_surely_contradicts_and_read_badly_is_unclear() {
    let text = LABELS.replace(NUMBER, "19880512 201503 1 907").replace("198805122015031901", "198805122015031907");

    expect(&read(letter(&text)), &[("nip_matches", Finding::Contradicted)]);
    expect(&read(doubting(&text, "907", 45)), &[("nip_matches", Finding::Unclear)]);
}

#[test]
fn digits_that_were_guessed_at_do_not_agree() {
    expect(&read(doubting(LABELS, "901", 20)), &[("nip_matches", Finding::Unclear)]);
}

#[test]
fn a_user_id_is_never_corrected_from_a_scan() {
    let seen = read(letter(&LABELS.replace("wayan_s", "wayan_5")));

    assert_eq!(seen.applicant.user_id.as_deref(), Some("wayan_5"));
    expect(&seen, &[("account_found", Finding::Unclear)]);
}

#[test]
fn a_form_is_known_by_its_build_though_its_words_are_misread() {
    let text = LABELS.replace("Perihal ", "Per1hal ").replace("Nomor ", "Nornor ").replace("NIP ", "N1P ");
    let decree = [
        BUPATI[0].replace("KEPUTUSAN", "KEPUTU5AN").replace("Menimbang", "Menlmbang"),
        BUPATI[1].replace("LAMPIRAN", "LAMP1RAN"),
    ];
    let decree = scanned(paper("sk.pdf", &[&decree[0], &decree[1]]));

    let seen = seen(&[mail("Permohonan", "", vec![letter(&text), decree])]);

    expect(&seen, &GOOD);
}

#[test]
fn a_table_whose_rules_were_read_as_bars_is_read_by_its_cells() {
    let annex = BUPATI[1]
        .replace("2     I Wayan Sudana, S.Kom.       ", "2 | I Wayan Sudana, S.Kom. |     ")
        .replace("Pranata Komputer       Helpdesk", "| Pranata Komputer | Helpdesk");

    let decree = scanned(paper("sk.pdf", &[BUPATI[0], &annex]));
    let seen = seen(&[mail("Permohonan", "", vec![letter(LABELS), decree])]);

    expect(&seen, &[("decree_names_applicant", Finding::Met), ("role_matches", Finding::Met)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn noise_never_makes_a_differing_value_agree(seed in any::<u64>(), rate in 0u64..30) {
        let text = LABELS.replace(NUMBER, "19880512 201503 1 907").replace("198805122015031901", "198805122015031907")
            .replace("wayan_s", "wayan_t").replace("I Wayan Sudana", "I Ketut Arsana");
        let mut chance = Chance(seed);

        let seen = read(noisy(paper("surat.pdf", &[&text]), &mut chance, rate));

        for item in ["nip_matches", "name_matches"] {
            let found = seen.check(item).map(|c| c.finding);
            prop_assert_ne!(found, Some(Finding::Met), "`{}`", item);
        }
        // Where no user ID could be read, the account is found by the sender's registered address.
        let found = seen.check("account_found").is_some_and(|c| c.finding == Finding::Met);
        prop_assert!(!found || seen.applicant.user_id.is_none_or(|id| id.eq_ignore_ascii_case("wayan_s")));
    }

    #[test]
    fn what_agrees_is_what_the_register_says(seed in any::<u64>(), rate in 0u64..40) {
        let mut chance = Chance(seed);

        let seen = read(noisy(paper("surat.pdf", &[LABELS]), &mut chance, rate));

        let met = |item: &str| seen.check(item).is_some_and(|c| c.finding == Finding::Met);
        let digits = seen.applicant.nip.as_ref().map(|n| n.digits());
        prop_assert!(!met("nip_matches") || digits == Some("198805122015031901"));
        let id = seen.applicant.user_id.as_deref();
        prop_assert!(!met("account_found") || id.is_none_or(|id| id.eq_ignore_ascii_case("wayan_s")));
        let accused = seen.check("nip_matches").is_some_and(|c| c.finding == Finding::Contradicted);
        prop_assert!(!accused, "doubtful digits accused");
    }

    #[test]
    fn noisy_decrees_are_read_without_a_panic_and_accuse_nobody(seed in any::<u64>(), rate in 0u64..60) {
        let mut chance = Chance(seed);
        let decree = noisy(paper("sk.pdf", &BUPATI), &mut chance, rate);

        let seen = seen(&[mail("Permohonan", "", vec![letter(LABELS), decree])]);

        for item in ["decree_names_applicant", "nip_matches"] {
            prop_assert_ne!(seen.check(item).map(|c| c.finding), Some(Finding::Contradicted), "`{}`", item);
        }
    }
}
