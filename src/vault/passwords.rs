//! What a person has to type: temporary passwords and codes read out by phone.

use super::{Random, Secret};

/// No 0/O/o, 1/l/I/i, and nothing else that is misread in print or misheard on the phone.
const UPPER: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
const LOWER: &[u8] = b"abcdefghjkmnpqrstuvwxyz";
const DIGITS: &[u8] = b"23456789";
const GROUPS: usize = 4;
const GROUP: usize = 4;

/// Draws a temporary password: four groups of four from 55 unambiguous characters, joined by hyphens (19 characters,
/// over 90 bits), with at least one capital, one small letter and one digit.
pub fn temporary_password(random: &dyn Random) -> Secret<String> {
    let alphabet = [UPPER, LOWER, DIGITS].concat();
    loop {
        let mut text = String::with_capacity(GROUPS * (GROUP + 1));
        for place in 0..GROUPS * GROUP {
            if place > 0 && place % GROUP == 0 {
                text.push('-');
            }
            text.push(char::from(alphabet[usize::from(below(random, alphabet.len() as u8))]));
        }
        let has = |class: &[u8]| text.bytes().any(|b| class.contains(&b));
        if has(UPPER) && has(LOWER) && has(DIGITS) {
            return Secret::new(text);
        }
        drop(Secret::new(text));
    }
}

/// Draws a code of six digits, to be read out by phone.
pub fn short_code(random: &dyn Random) -> Secret<String> {
    Secret::new((0..6).map(|_| char::from(b'0' + below(random, 10))).collect())
}

/// A number below `limit`, each equally likely: bytes past the last whole multiple are drawn again.
fn below(random: &dyn Random, limit: u8) -> u8 {
    let fair = (256 / u16::from(limit)) * u16::from(limit);
    loop {
        let mut byte = [0u8; 1];
        random.fill(&mut byte);
        if u16::from(byte[0]) < fair {
            return byte[0] % limit;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::vault::SeededRandom;

    #[test]
    fn a_temporary_password_is_four_groups_of_four_unambiguous_characters_of_each_class() {
        let random = SeededRandom::new(1);
        let mut drawn = BTreeSet::new();

        for _ in 0..2000 {
            let password = temporary_password(&random);
            let text = password.expose();
            let groups: Vec<&str> = text.split('-').collect();
            assert_eq!(groups.len(), 4);
            assert!(groups.iter().all(|group| group.len() == 4));
            assert!(text.chars().any(|c| c.is_ascii_uppercase()));
            assert!(text.chars().any(|c| c.is_ascii_lowercase()));
            assert!(text.chars().any(|c| c.is_ascii_digit()));
            assert!(!text.contains(['0', 'O', 'o', '1', 'l', 'I', 'i']));
            drawn.insert(text.clone());
        }

        assert_eq!(drawn.len(), 2000);
    }

    #[test]
    fn every_digit_of_a_code_is_about_equally_frequent() {
        let random = SeededRandom::new(2);
        let mut counts: BTreeMap<char, u32> = BTreeMap::new();

        for _ in 0..10_000 {
            let code = short_code(&random);
            assert_eq!(code.expose().len(), 6);
            code.expose().chars().for_each(|digit| *counts.entry(digit).or_default() += 1);
        }

        assert_eq!(counts.len(), 10);
        assert!(counts.values().all(|count| (5600..6400).contains(count)), "{counts:?}");
    }
}
