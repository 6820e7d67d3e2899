//! Which passphrases are too easily guessed: what is left of them without words that everybody here knows, without runs along
//! the keyboard and without what is said twice. Length is judged by whoever asks; no list of leaked ones is compared.

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
/// Rows and columns of a keyboard, the alphabet, the digits.
const RUNS: [&str; 13] = [
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1qaz",
    "2wsx",
    "3edc",
    "4rfv",
    "5tgb",
    "6yhn",
    "7ujm",
    "8ik",
];
/// A run or a word that is shorter counts as chance.
const NOTICED: usize = 4;
/// Characters that must be left, and how many of them must differ.
const LEFT: usize = 10;
const DIFFERENT: usize = 7;

/// Whether little is left of it; `known` are words about the person and the office, in any case.
pub fn is_guessable(phrase: &str, known: &[&str]) -> bool {
    let mut rest: String = phrase.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    let words = known.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    let mut words: Vec<String> = words.chain(KNOWN).map(str::to_lowercase).collect();
    words.retain(|word| word.chars().count() >= NOTICED);
    // The longest first: else the rest of one would stand for a word of its own.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    for word in words {
        rest = rest.replace(&word, "");
    }
    let rest = once(&without_runs(&rest));
    let mut different = rest.clone();
    different.sort_unstable();
    different.dedup();
    rest.len() < LEFT || different.len() < DIFFERENT
}

/// The characters that stand in no run.
fn without_runs(text: &str) -> Vec<char> {
    let chars: Vec<char> = text.chars().collect();
    let mut left = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        match run(&chars[at..]) {
            long if long >= NOTICED => at += long,
            _ => {
                left.push(chars[at]);
                at += 1;
            }
        }
    }
    left
}

/// How far the text goes along one run, either way, or stands still.
fn run(text: &[char]) -> usize {
    let still = text.iter().take_while(|c| **c == text[0]).count();
    let along = |row: &[char]| {
        let starts = (0..row.len()).filter(|start| row[*start] == text[0]);
        starts.map(|start| row[start..].iter().zip(text).take_while(|(a, b)| a == b).count()).max().unwrap_or(0)
    };
    let both = |row: &&str| {
        let row: Vec<char> = row.chars().collect();
        let back: Vec<char> = row.iter().rev().copied().collect();
        along(&row).max(along(&back))
    };
    RUNS.iter().map(both).max().unwrap_or(0).max(still)
}

/// What is said over and over, said once.
fn once(text: &[char]) -> Vec<char> {
    let repeats = |period: &usize| text.iter().zip(text.iter().skip(*period)).all(|(a, b)| a == b);
    let period = (1..=text.len() / 2).find(repeats).unwrap_or(text.len());
    text[..period].to_vec()
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
