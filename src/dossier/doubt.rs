//! How sure recognition was of the words a finding stands on. A doubtful word proves nothing: what it would settle, and still more
//! what it would accuse of, is put before a person beside the picture of the page. No word is repaired here.

use super::case_file::CaseFile;
use super::letter::Letter;
use super::sheet::Sheet;
use super::wording;
use crate::sop::checklist::{Check, Finding};

/// Least confidence, 0 to 100, of each word that a finding of agreement stands on. Eighteen digits do not agree by chance.
/// Both floors are chosen, not measured: clean print lies near 90, and what they turn away goes to a person.
const AGREES: u8 = 40;
/// Least confidence of each word that a finding of conflict stands on: one misread stroke makes a conflict.
const CONFLICTS: u8 = 70;
/// Words that one value may be divided into.
const LONGEST: usize = 14;

/// Least confidence among the words of a value, where it was read best; 100 in a document's own text, 0 where it is not found.
pub fn sureness(sheets: &[Sheet], value: &str) -> u8 {
    let wanted = key(value);
    let recognised = sheets.iter().flat_map(Sheet::pieces).any(|(_, p)| p.words.iter().any(|w| w.confidence.is_some()));
    if wanted.is_empty() || !recognised {
        return 100;
    }
    sheets.iter().filter_map(|sheet| on_sheet(sheet, &wanted)).max().unwrap_or(0)
}

fn on_sheet(sheet: &Sheet, wanted: &str) -> Option<u8> {
    let words: Vec<(String, u8)> =
        sheet.pieces().flat_map(|(_, p)| &p.words).map(|w| (key(&w.text), w.confidence.unwrap_or(100))).collect();
    (0..words.len()).filter_map(|from| spelling(&words[from..], wanted)).max()
}

/// The words from here on that spell the value, and the least confidence among them.
fn spelling(words: &[(String, u8)], wanted: &str) -> Option<u8> {
    let (first, _) = words.first().filter(|(first, _)| !first.is_empty())?;
    if !wanted.starts_with(first.as_str()) && !first.contains(wanted) && !overlaps(first, wanted) {
        return None;
    }
    let mut spelt = String::new();
    let mut least = 100;
    for (word, sure) in words.iter().take(LONGEST) {
        spelt.push_str(word);
        least = least.min(*sure);
        if spelt.contains(wanted) {
            return Some(least);
        }
    }
    None
}

/// Whether a value begins inside a word: `NIP.19920315` before `201903 1 904`.
fn overlaps(word: &str, wanted: &str) -> bool {
    word.char_indices().any(|(at, _)| wanted.starts_with(&word[at..]))
}

fn key(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether all that an account is looked up by was read well.
pub fn is_firm(sheets: &[Sheet], letter: &Letter) -> bool {
    let a = &letter.applicant;
    let values = [a.nip.as_ref().map(|n| n.digits()), a.user_id.as_deref()];
    !letter.odd_nip && values.into_iter().flatten().all(|value| sureness(sheets, value) >= CONFLICTS)
}

/// Takes back findings that stand on doubtful words.
pub fn weigh(file: &CaseFile<'_>, checks: &mut [Check]) {
    for check in checks {
        let floor = match check.finding {
            Finding::Met => AGREES,
            Finding::Contradicted => CONFLICTS,
            Finding::Unclear | Finding::Missing => continue,
        };
        if sureness_of(file, check).is_some_and(|sure| sure < floor) {
            check.finding = Finding::Unclear;
            check.because.push_str(" Tulisannya terbaca kurang jelas; mohon dicocokkan dengan gambar halaman.");
        }
    }
}

/// How sure the words of a finding are; `None` where it stands on no single value.
fn sureness_of(file: &CaseFile<'_>, check: &Check) -> Option<u8> {
    let value = || check.pair.as_ref().map(|pair| pair.document.as_str()).filter(|v| *v != "-");
    let letter = || file.letter().map(|(stack, _)| stack.sheets.as_slice());
    match check.item.as_str() {
        "account_found" | "nip_matches" | "name_matches" | "work_unit_matches" => Some(sureness(letter()?, value()?)),
        "role_matches" => file.entry.as_ref().map(|entry| entry.sure),
        "decree_in_force" => {
            let (stack, decree) = file.decree()?;
            // The day that decides: the end, else the beginning. A budget year gives no day that could be found, only its year.
            let day = decree.period.until.or(decree.period.from)?;
            let year = day.format("%Y").to_string();
            Some(sureness(&stack.sheets, &wording::day(day)).max(sureness(&stack.sheets, &year)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dossier::page::{Line, Page, Rect, Word};

    fn sheet(words: &[(&str, u8)]) -> [Sheet; 1] {
        let word = |(n, (text, sure)): (usize, &(&str, u8))| {
            let at = Rect { x: 40.0 * n as f32, y: 10.0, w: 30.0, h: 10.0 };
            Word { text: (*text).into(), at, confidence: Some(*sure) }
        };
        let words = words.iter().enumerate().map(word).collect();
        [Sheet::of(
            "a.jpg",
            &Page { number: 1, width: 600.0, height: 800.0, lines: vec![Line { words }], ..Page::default() },
        )]
    }

    #[test]
    fn a_value_is_as_sure_as_its_least_sure_word() {
        let page = sheet(&[("NIP.19920315", 91), ("201903", 88), ("1", 34), ("904", 95)]);

        assert_eq!(sureness(&page, "199203152019031904"), 34);
        assert_eq!(sureness(&page, "201903"), 88);
        assert_eq!(sureness(&page, "198503092010011908"), 0);
    }

    #[test]
    fn the_best_reading_of_several_counts() {
        assert_eq!(sureness(&sheet(&[("DIMASWP", 20), ("atau", 90), ("DIMASWP", 93)]), "dimaswp"), 93);
        assert_eq!(sureness(&[Sheet::of_text("User ID : DIMASWP")], "DIMASWP"), 100);
    }
}
