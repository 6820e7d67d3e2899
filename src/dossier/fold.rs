//! Folding: text made comparable. Case, accents, apostrophes, punctuation and spacing stop mattering; nothing folded is
//! ever shown or stored, because folding loses what was written.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Words in lower case without accents and apostrophes, one space between them: `Nur'aini, S.E.` → `nuraini s e`.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return fold_ascii(text);
    }
    fold_chars(text.nfkd())
}

fn fold_ascii(text: &str) -> String {
    let mut folded = Vec::with_capacity(text.len());
    let mut gap = false;
    for b in text.bytes().filter(|b| !matches!(b, b'\'' | b'`')) {
        if !b.is_ascii_alphanumeric() {
            gap = true;
            continue;
        }
        if gap && !folded.is_empty() {
            folded.push(b' ');
        }
        gap = false;
        folded.push(b.to_ascii_lowercase());
    }
    String::from_utf8(folded).expect("ASCII stays ASCII")
}

fn fold_chars(chars: impl Iterator<Item = char>) -> String {
    let mut folded = String::new();
    let mut gap = false;
    for c in chars {
        if is_combining_mark(c) || matches!(c, '\'' | '’' | '‘' | '`' | '´' | 'ʼ' | 'ʻ' | '′' | '\u{ad}') {
            continue;
        }
        if c.is_alphanumeric() {
            if gap && !folded.is_empty() {
                folded.push(' ');
            }
            gap = false;
            folded.extend(c.to_lowercase());
        } else {
            gap = true;
        }
    }
    folded
}

/// Folded words with a space on either side and the clitic `-nya` taken off, so that a phrase is found with its borders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gist(String);

impl Gist {
    pub fn of(text: &str) -> Self {
        let folded = fold(text);
        let mut padded = String::with_capacity(folded.len() + 2);
        padded.push(' ');
        for word in folded.split(' ').filter(|w| !w.is_empty()) {
            padded.push_str(without_clitic(word));
            padded.push(' ');
        }
        Self(padded)
    }

    /// Whether the phrase stands in the text as whole words.
    pub fn has(&self, phrase: &Phrase) -> bool {
        self.0.contains(&phrase.0)
    }

    pub fn has_any(&self, phrases: &[Phrase]) -> bool {
        phrases.iter().any(|p| self.has(p))
    }

    pub fn starts_with_any(&self, phrases: &[Phrase]) -> bool {
        phrases.iter().any(|p| self.0.starts_with(&p.0))
    }

    pub fn is(&self, phrase: &Phrase) -> bool {
        self.0 == phrase.0
    }

    pub fn words(&self) -> Vec<&str> {
        self.0.split(' ').filter(|w| !w.is_empty()).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.0.trim().is_empty()
    }
}

/// Words to look for, folded once when the procedure file is read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(from = "String")]
pub struct Phrase(String);

impl Phrase {
    /// Whether the words begin with those of the phrase. How many those are; `None`: they do not.
    pub fn opens(&self, stream: &[&str]) -> Option<usize> {
        // Asked at every word of a text for every phrase of a list, and most phrases begin otherwise.
        if !stream.first().is_some_and(|first| self.0[1..].starts_with(first)) {
            return None;
        }
        let mut count = 0;
        for word in self.0.split(' ').filter(|w| !w.is_empty()) {
            if stream.get(count) != Some(&word) {
                return None;
            }
            count += 1;
        }
        (count > 0).then_some(count)
    }

    pub fn words(&self) -> Vec<&str> {
        self.0.split(' ').filter(|w| !w.is_empty()).collect()
    }
}

impl Phrase {
    /// The phrase without the words it ends with, if it ends with them and is longer.
    pub fn without_tail(&self, tail: &Self) -> Option<Self> {
        let stem = self.0.strip_suffix(&tail.0)?;
        (!stem.trim().is_empty()).then(|| Self(format!("{stem} ")))
    }
}

impl From<String> for Phrase {
    fn from(text: String) -> Self {
        Self(Gist::of(&text).0)
    }
}

impl From<&str> for Phrase {
    fn from(text: &str) -> Self {
        Self(Gist::of(text).0)
    }
}

fn without_clitic(word: &str) -> &str {
    match word.strip_suffix("nya") {
        Some(stem) if stem.len() >= 4 => stem,
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accents_apostrophes_and_punctuation_stop_mattering() {
        assert_eq!(fold("Nur’aini  Hasanàh, S.AP."), "nuraini hasanah s ap");
        assert_eq!(fold("USER-ID / Pass-word"), "user id pass word");
    }

    #[test]
    fn a_phrase_is_found_with_its_borders_and_without_the_clitic() {
        let gist = Gist::of("Tolong passwordnya direset, spse.");

        assert!(gist.has(&"password".into()));
        assert!(!gist.has(&"pass".into()));
        assert!(gist.has(&"direset spse".into()));
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,60}") {
            let once = fold(&text);

            prop_assert_eq!(fold(&once), once);
        }
    }
}
