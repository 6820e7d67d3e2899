//! Which passphrases are too easily guessed: those with little left of them without the words that everybody here knows, and
//! those that `zxcvbn` finds among usual passwords, English words, names, dates, runs along the keyboard and repetitions.
//! Length is judged by whoever asks.

use zxcvbn::{Score, zxcvbn};

/// Words of the trade that a stranger tries first; whoever asks adds the person's and the office's.
const KNOWN: [&str; 18] = [
    "loket",
    "lpse",
    "spse",
    "helpdesk",
    "password",
    "passphrase",
    "sandi",
    "frasa",
    "rahasia",
    "admin",
    "masuk",
    "login",
    "selamat",
    "datang",
    "indonesia",
    "welcome",
    "letmein",
    "iloveyou",
];
/// A word that is shorter counts as chance.
const NOTICED: usize = 4;
/// Characters that must be left.
const LEFT: usize = 10;

/// Whether it falls to fewer than 10^10 guesses; `known` are words about the person and the office, in any case.
pub fn is_guessable(phrase: &str, known: &[&str]) -> bool {
    let words = known.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    let mut words: Vec<String> = words.chain(KNOWN).map(str::to_lowercase).collect();
    words.retain(|word| word.chars().count() >= NOTICED);
    // The longest first: else the rest of one would stand for a word of its own.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let told = words.iter().fold(phrase.to_lowercase(), |rest, word| rest.replace(word, ""));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    told.chars().filter(|c| c.is_alphanumeric()).count() < LEFT || zxcvbn(phrase, &words).score() < Score::Four
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN_HERE: [&str; 3] = ["sekar.wangi@lembayungraya.example", "Sekar Wangi", "LPSE Lembayung Raya"];

    #[test]
    fn what_a_stranger_tries_first_is_guessable() {
        for phrase in [
            "passwordpassword",
            "123456789012345678",
            "qwertyuiopasdfghjkl",
            "1qaz2wsx3edc4rfv5tgb",
            "aaaaaaaaaaaaaaaaaaaa",
            "abcabcabcabcabcabc",
            "kudakudakudakudakuda",
            "Sekar Wangi 12345678",
            "LPSE Lembayung Raya 2026",
            "loket rahasia admin loket",
            "selamat datang di LPSE!",
            "zyxwvutsrqponmlkjihg",
            "     .....     -----     ",
            "P@ssw0rd12345678",
            "football baseball",
        ] {
            assert!(is_guessable(phrase, &KNOWN_HERE), "{phrase}");
        }
    }

    #[test]
    fn words_that_have_nothing_to_do_with_each_other_are_not() {
        for phrase in [
            "kuda lumping di pasar pagi",
            "jeruk tua menyala perlahan",
            "hujan 7 payung merah retak",
            "correct horse battery staple",
            "Sekar Wangi makan durian di perahu bocor",
            "天気は晴れ時々曇りのち雨でしょう",
        ] {
            assert!(!is_guessable(phrase, &KNOWN_HERE), "{phrase}");
        }
    }
}
