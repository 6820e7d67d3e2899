//! Employee numbers (NIP, NIPPPK) and citizen numbers (NIK): found in text, and looked at for structure (DOMAIN §3).
//! Structure never proves that a number exists; a digit is never repaired here.

use std::ops::Range;

use chrono::{Datelike, NaiveDate};

use crate::dossier::page::Rect;
use crate::dossier::sheet::{Piece, Sheet, share_width};
use crate::sop::names::Nip;

/// A run of digits, perhaps grouped, found in text. `at` counts bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Digits {
    pub digits: String,
    pub at: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Pns,
    Pppk,
}

/// What is odd about a number of 18 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    BirthDate,
    Appointment,
    Sex,
    Serial,
}

/// All employee numbers in a text: 18 digits, unspaced or grouped with single spaces, dots or hyphens.
pub fn find(text: &str) -> Vec<(Nip, Range<usize>)> {
    runs(text).into_iter().filter_map(|run| Nip::parse(&run.digits).map(|nip| (nip, run.at))).collect()
}

/// What a value that is no employee number would be with letters read as the digits they look like: `1992O315 2019O3 1 9O4`.
/// Only ever shown to a person as a suggestion; it is never taken for the number.
pub fn suggested(text: &str) -> Option<Nip> {
    let digit = |c: char| match c {
        'O' | 'o' | 'Q' | 'D' => Some('0'),
        'I' | 'l' | 'i' | '|' | '!' => Some('1'),
        'Z' | 'z' => Some('2'),
        'S' | 's' => Some('5'),
        'G' => Some('6'),
        'B' => Some('8'),
        c if c.is_ascii_digit() => Some(c),
        _ => None,
    };
    let like_a_number = |word: &&str| {
        let separated = |c: char| digit(c).is_some() || matches!(c, '.' | '-');
        word.chars().any(|c| digit(c).is_some()) && word.chars().all(separated)
    };
    let words: Vec<&str> = text.split_whitespace().take_while(like_a_number).collect();
    let figures = words.concat().chars().filter(char::is_ascii_digit).count();
    // More letters than digits were never a number.
    (figures >= 12).then(|| Nip::parse(&words.concat().chars().filter_map(digit).collect::<String>())).flatten()
}

/// How many employee numbers stand inside a box of a sheet.
pub fn find_count(sheet: &Sheet, block: Rect) -> usize {
    let inside = |p: &Piece| share_width(p.at, block) && p.middle() > block.y && p.middle() < block.y + block.h;
    sheet.pieces().filter(|(_, p)| inside(p)).map(|(_, p)| find(&p.text).len()).sum()
}

/// The digits right after a label such as `NIP.`, whatever their count: a number with a digit too few is still seen.
pub fn first_run(text: &str) -> Option<Digits> {
    runs(text).into_iter().find(|run| run.digits.len() >= 9)
}

fn runs(text: &str) -> Vec<Digits> {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let mut found = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        if !chars[i].1.is_ascii_digit() {
            i += 1;
            continue;
        }
        let start = chars[i].0;
        let (digits, next, end) = run_from(&chars, i);
        found.push(Digits { digits, at: start..end });
        i = next;
    }
    found
}

/// Collects digits from `i` on. A separator is kept inside the run only while fewer than 18 digits were read.
fn run_from(chars: &[(usize, char)], mut i: usize) -> (String, usize, usize) {
    let mut digits = String::new();
    let mut end = chars[i].0;
    while i < chars.len() {
        let (at, c) = chars[i];
        if c.is_ascii_digit() {
            digits.push(c);
            end = at + 1;
            i += 1;
            continue;
        }
        let separates = matches!(c, ' ' | '\u{a0}' | '.' | '-');
        let group = chars[i + 1..].iter().take_while(|(_, n)| n.is_ascii_digit()).count();
        if !separates || group == 0 || group > 8 || digits.len() >= 18 {
            break;
        }
        i += 1;
    }
    (digits, i, end)
}

/// Looks at the structure on a given day: birth date, appointment, sex, serial.
pub fn structure(nip: &Nip, day: NaiveDate) -> Result<Kind, Flaw> {
    let d = nip.digits();
    let part = |r: Range<usize>| d[r].parse::<u32>().unwrap_or(0);
    let birth = NaiveDate::from_ymd_opt(part(0..4) as i32, part(4..6), part(6..8)).ok_or(Flaw::BirthDate)?;
    if birth.year() < 1920 || birth > day {
        return Err(Flaw::BirthDate);
    }
    let (year, code) = (part(8..12) as i32, part(12..14));
    let kind = match code {
        1..=12 => Kind::Pns,
        21..=29 => Kind::Pppk,
        _ => return Err(Flaw::Appointment),
    };
    if year <= birth.year() || year > day.year() {
        return Err(Flaw::Appointment);
    }
    if !matches!(&d[14..15], "1" | "2") {
        return Err(Flaw::Sex);
    }
    if part(15..18) == 0 { Err(Flaw::Serial) } else { Ok(kind) }
}

/// The first run of 16 digits.
pub fn citizen_number(text: &str) -> Option<String> {
    runs(text).into_iter().map(|run| run.digits).find(|digits| digits.len() == 16)
}

/// Whether a NIK and an employee number tell of two people: another day of birth, or another sex. The registry never corrects a
/// NIK, so a difference is a warning and no more (DOMAIN §3).
pub fn disagrees(nik: &str, nip: &Nip) -> bool {
    let digits = nip.digits();
    let Some(day) = nik.get(6..8).and_then(|d| d.parse::<u32>().ok()).filter(|_| is_nik(nik)) else { return false };
    let (day, woman) = if day > 40 { (day - 40, true) } else { (day, false) };
    let born = format!("{}{}{day:02}", &nik[10..12], &nik[8..10]);
    born != digits[2..8] || woman != (&digits[14..15] == "2")
}

/// Whether 16 digits could be a NIK: day of birth, with 40 added for women, month, and a serial that is not 0000.
pub fn is_nik(digits: &str) -> bool {
    if digits.len() != 16 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    let part = |r: Range<usize>| digits[r].parse::<u32>().unwrap_or(0);
    let day = part(6..8);
    let day = if day > 40 { day - 40 } else { day };
    (1..=31).contains(&day) && (1..=12).contains(&part(8..10)) && part(12..16) > 0 && part(0..2) >= 11
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 9).expect("a calendar day")
    }

    fn only(text: &str) -> String {
        find(text).first().map(|(nip, _)| nip.digits().to_owned()).unwrap_or_default()
    }

    #[test]
    fn printed_forms_of_a_number_are_one() {
        for text in [
            "NIP. 19920315 201903 1 904",
            "NIP : 199203152019031904",
            "NIP.19920315.201903.1.904",
            "(19920315 201903 1 904)",
        ] {
            assert_eq!(only(text), "199203152019031904", "{text}");
        }
    }

    #[test]
    fn a_telephone_number_or_a_date_is_no_employee_number() {
        assert!(find("HP 0840-0000-1904, 12-11-2026").is_empty());
        assert!(find("1992031520190319045").is_empty());
    }

    #[test]
    fn a_contract_employee_has_no_month_in_the_fourteenth_digit() {
        let pppk = Nip::parse("199505102022211907").expect("18 digits");
        let pns = Nip::parse("199203152019031904").expect("18 digits");
        let odd = Nip::parse("199203152019151904").expect("18 digits");
        let born = Nip::parse("199213152019031904").expect("18 digits");

        assert_eq!(structure(&pppk, day()), Ok(Kind::Pppk));
        assert_eq!(structure(&pns, day()), Ok(Kind::Pns));
        assert_eq!(structure(&odd, day()), Err(Flaw::Appointment));
        assert_eq!(structure(&born, day()), Err(Flaw::BirthDate));
    }

    #[test]
    fn letters_among_digits_only_suggest_a_number() {
        let meant = Nip::parse("199203152019031904");

        assert_eq!(suggested("1992O315 2019O3 1 9O4"), meant);
        assert_eq!(suggested("l99203l52019031904"), meant);
        assert!(find("1992O315 2019O3 1 9O4").is_empty());
        assert_eq!(suggested("1992O315 2019O3 1 9O"), None);
        assert_eq!(suggested("SOLO BOS"), None);
    }

    #[test]
    fn a_citizen_number_is_compared_by_birth_and_sex() {
        let man = Nip::parse("199001012015031901").expect("18 digits");
        let woman = Nip::parse("199001072015032901").expect("18 digits");

        assert!(!disagrees("6401010101900001", &man));
        assert!(disagrees("6401014101900001", &man));
        assert!(!disagrees("6401014701900001", &woman));
        assert!(disagrees("6401010201900001", &man));
        assert!(!disagrees("not a number", &man));
        assert_eq!(citizen_number("NIK 64 0101 010190 0001").as_deref(), Some("6401010101900001"));
    }

    #[test]
    fn a_womans_day_of_birth_has_forty_added() {
        assert!(is_nik("6401014704900001"));
        assert!(!is_nik("6401017504900001"));
        assert!(!is_nik("6401010704900000"));
    }

    proptest! {
        #[test]
        fn grouping_never_changes_the_digits(digits in "[0-9]{18}") {
            let spaced = format!("NIP {} {} {} {}", &digits[..8], &digits[8..14], &digits[14..15], &digits[15..]);

            prop_assert_eq!(only(&spaced), digits);
        }

        #[test]
        fn any_text_is_searched_without_a_panic(text in "\\PC{0,80}") {
            find(&text);
            first_run(&text);
        }
    }
}
