//! The user ID as the letter gives it, byte for byte. It is never corrected; letters of other scripts and invisible
//! characters in it are told, because they make two accounts look like one (UTS 39).

/// Words that stand in the field when the applicant does not know it.
const UNKNOWN: [&str; 14] = [
    "lupa",
    "tidak",
    "belum",
    "tdk",
    "unknown",
    "forgotten",
    "kosong",
    "nihil",
    "terlupa",
    "forgot",
    "n/a",
    "na",
    "none",
    "sebagaimana",
];

/// What is odd about the characters of a user ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oddity {
    Invisible,
    /// Letters that are not ASCII: look-alikes of other scripts.
    MixedScript,
}

/// Reads the value of the labelled field: its first word, without brackets and full stops round it.
pub fn read(value: &str) -> Option<String> {
    let word = value.split_whitespace().find(|w| w.chars().any(|c| c.is_alphanumeric()))?;
    let word = word.trim_matches(|c: char| {
        matches!(c, '(' | ')' | '"' | '“' | '”' | '\'' | ',' | ';' | '.' | ':' | '<' | '>' | '*')
    });
    let known = !UNKNOWN.contains(&word.to_lowercase().as_str());
    (known && word.chars().count() <= 64 && !word.is_empty()).then(|| word.to_owned())
}

/// A user ID in running text: after `akun` or `user ID`, a word that no sentence would write so.
pub fn in_prose(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.windows(2).find_map(|pair| {
        let lead = crate::dossier::fold::fold(pair[0]);
        let cue = matches!(lead.as_str(), "id" | "akun" | "username" | "userid" | "user" | "pengguna" | "account");
        let word = read(pair[1])?;
        let shaped = word.len() >= 4
            && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-'))
            && word.chars().any(|c| c.is_ascii_digit() || matches!(c, '.' | '_'));
        let named = matches!(lead.as_str(), "id" | "username" | "userid");
        let inner = word.trim_matches(|c: char| !c.is_alphanumeric());
        let odd = word.len() >= 4 && inner.contains(|c: char| c.is_ascii_digit() || matches!(c, '.' | '_'));
        ((cue && shaped) || (named && odd && word.is_ascii())).then_some(word)
    })
}

pub fn oddity(user_id: &str) -> Option<Oddity> {
    if user_id.chars().any(is_invisible) {
        return Some(Oddity::Invisible);
    }
    (!user_id.is_ascii()).then_some(Oddity::MixedScript)
}

/// Characters that take no room or turn the direction of writing.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{180e}')
        || c.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_is_taken_byte_for_byte() {
        assert_eq!(read("dimaswp (huruf kecil)").as_deref(), Some("dimaswp"));
        assert_eq!(read(" HD.NURFR.").as_deref(), Some("HD.NURFR"));
        assert_eq!(read("199203152019031904").as_deref(), Some("199203152019031904"));
    }

    #[test]
    fn an_unknown_user_id_is_none() {
        for value in ["", "-", "(lupa)", "Lupa", "tidak ingat", "........", "belum diketahui"] {
            assert_eq!(read(value), None, "{value}");
        }
    }

    #[test]
    fn look_alikes_and_invisible_characters_are_told() {
        assert_eq!(oddity("DIMASWP"), None);
        assert_eq!(oddity("DIM\u{410}SWP"), Some(Oddity::MixedScript));
        assert_eq!(oddity("DIM\u{200b}ASWP"), Some(Oddity::Invisible));
    }

    #[test]
    fn prose_gives_only_what_no_sentence_would_write() {
        assert_eq!(in_prose("mohon reset akun HD.NURFR sekarang").as_deref(), Some("HD.NURFR"));
        assert_eq!(in_prose("mohon reset akun Helpdesk pada SPSE"), None);
        assert_eq!(in_prose("RESET PASSWORD AKUN HELPDESK"), None);
    }
}
