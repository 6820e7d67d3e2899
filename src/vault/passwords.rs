//! What a person has to type: temporary passwords and codes read out by phone.

use super::{Random, Secret};

/// No 0/O/o, 1/l/I/i, and nothing else that is misread in print or misheard on the phone.
const UPPER: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
const LOWER: &[u8] = b"abcdefghjkmnpqrstuvwxyz";
const DIGITS: &[u8] = b"23456789";
const GROUP: usize = 4;
/// Fewer characters than this are too few (THREATS, temporary password), whatever was asked for.
const LEAST: usize = 15;

/// Draws a temporary password of so many characters out of 55 unambiguous ones, in groups of four joined by hyphens, with at
/// least one capital, one small letter and one digit. Sixteen give over 90 bits.
pub fn temporary_password(random: &dyn Random, characters: usize) -> Secret<String> {
    let alphabet = [UPPER, LOWER, DIGITS].concat();
    let characters = characters.max(LEAST);
    loop {
        let mut text = String::with_capacity(characters + characters / GROUP);
        for place in 0..characters {
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
    fn a_temporary_password_has_as_many_characters_as_are_asked_for_and_fifteen_at_least() {
        let random = SeededRandom::new(4);
        for (asked, has, groups) in [(3, 15, 4), (15, 15, 4), (16, 16, 4), (17, 17, 5), (64, 64, 16)] {
            let password = temporary_password(&random, asked);
            let parts: Vec<&str> = password.expose().split('-').collect();

            assert_eq!(parts.len(), groups);
            assert_eq!(parts.concat().len(), has);
            assert!(parts.iter().all(|part| (1..=4).contains(&part.len())));
        }
    }

    #[test]
    fn a_temporary_password_is_four_groups_of_four_unambiguous_characters_of_each_class() {
        let random = SeededRandom::new(1);
        let mut drawn = BTreeSet::new();

        for _ in 0..2000 {
            let password = temporary_password(&random, 16);
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
