//! In which language a person wrote: the little words of each, counted.

use crate::sop::names::Language;

const INDONESIAN: [&str; 16] = [
    "dan",
    "yang",
    "dengan",
    "untuk",
    "saya",
    "kami",
    "mohon",
    "terlampir",
    "pada",
    "ini",
    "dari",
    "bersama",
    "hormat",
    "terima",
    "kasih",
    "permohonan",
];
const ENGLISH: [&str; 16] = [
    "the", "and", "with", "for", "please", "my", "is", "to", "of", "i", "attached", "have", "this", "dear", "regards",
    "request",
];

/// English only where English words clearly prevail; else the office's own language.
pub fn of(body: &str, usual: Language) -> Language {
    let lower = body.to_lowercase();
    let count = |words: &[&str]| {
        lower.split(|c: char| !c.is_alphanumeric()).take(400).filter(|word| words.contains(word)).count()
    };
    let (indonesian, english) = (count(&INDONESIAN), count(&ENGLISH));
    if english >= 3 && english > 2 * indonesian { Language::En } else { usual }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_alone_does_not_change_the_language() {
        assert_eq!(of("Dear Admin, mohon reset password akun saya dan terima kasih", Language::Id), Language::Id);
        assert_eq!(of("", Language::Id), Language::Id);
    }

    #[test]
    fn an_english_mail_is_answered_in_english_too() {
        assert_eq!(
            of("Dear Admin, please reset the password of my account. I have attached the letter.", Language::Id),
            Language::En
        );
    }
}
