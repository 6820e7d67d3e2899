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
    // `user ID saya adalah BUDIH`, `akun : BUDIH`: what joins the two says nothing.
    const JOINTS: [&str; 9] = [":", "=", "saya", "kami", "adalah", "yaitu", "yakni", "is", "dengan"];
    let words: Vec<&str> = text.split_whitespace().filter(|w| !JOINTS.contains(w)).collect();
    let before = |i: usize| i.checked_sub(1).map_or("", |n| words[n]);
    words.windows(2).enumerate().find_map(|(i, pair)| {
        let lead = crate::dossier::fold::fold(pair[0]);
        let cue = matches!(lead.as_str(), "id" | "akun" | "username" | "userid" | "user" | "pengguna" | "account");
        let word = read(pair[1])?;
        let shaped = word.len() >= 4
            && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-'))
            && word.contains(|c: char| c.is_ascii_uppercase())
            && word.contains(|c: char| c.is_ascii_digit() || matches!(c, '.' | '_'));
        let named = matches!(lead.as_str(), "id" | "username" | "userid");
        let inner = word.trim_matches(|c: char| !c.is_alphanumeric());
        let odd = word.len() >= 4 && inner.contains(|c: char| c.is_ascii_digit() || matches!(c, '.' | '_'));
        let capitals = named && stands_out(pair, before(i));
        ((cue && shaped) || (named && odd) || capitals).then_some(word)
    })
}

/// `user ID BUDIHARTO,` in a sentence of small letters: capitals that are no name of an office or a system.
fn stands_out(pair: &[&str], before: &str) -> bool {
    const NAMES: [&str; 22] = [
        "SPSE",
        "LPSE",
        "HELPDESK",
        "UKPBJ",
        "INAPROC",
        "SIKAP",
        "SIRUP",
        "LKPP",
        "ADMIN",
        "AGENCY",
        "PENYEDIA",
        "POKJA",
        "VERIFIKATOR",
        "AUDITOR",
        "SATKER",
        "SKPD",
        "RSUD",
        "UPTD",
        "SETDA",
        "BPBJ",
        "DINAS",
        "KANTOR",
    ];
    let bare = pair[1].trim_matches(|c: char| !c.is_alphanumeric());
    let small = |word: &str| word.chars().any(char::is_lowercase);
    let cue_in_sentence = small(pair[0]) || (pair[0].eq_ignore_ascii_case("id") && small(before));
    cue_in_sentence && bare.len() >= 5 && bare.bytes().all(|b| b.is_ascii_uppercase()) && !NAMES.contains(&bare)
}

pub fn oddity(user_id: &str) -> Option<Oddity> {
    if user_id.chars().any(is_invisible) {
        return Some(Oddity::Invisible);
    }
    (!user_id.is_ascii()).then_some(Oddity::MixedScript)
}

/// Whether two user IDs look the same and are not (UTS 39 skeletons of both, as written and in each case).
pub fn look_alike(one: &str, other: &str) -> bool {
    let bare = |id: &str| id.trim().to_ascii_uppercase();
    let skeleton = |id: &str| unicode_security::skeleton(id).collect::<String>();
    let cases = |id: &str| [skeleton(id), skeleton(&id.to_uppercase()), skeleton(&id.to_lowercase())];
    let (a, b) = (cases(one), cases(other));
    bare(one) != bare(other) && a.iter().any(|x| b.contains(x))
}

/// The odd characters of a user ID by their places and code points: `karakter ke-2 “а” (U+0430)`.
pub fn odd_points(id: &str) -> String {
    let odd = id.chars().enumerate().filter(|(_, c)| !c.is_ascii() || is_invisible(*c));
    odd.map(|(n, c)| point(n, c)).collect::<Vec<_>>().join(", ")
}

/// Where two user IDs of like shape differ, each side by its code point.
pub fn differing_points(id: &str, registered: &str) -> String {
    let differs = |(_, (a, b)): &(usize, (char, char))| !a.eq_ignore_ascii_case(b);
    let pairs = id.chars().zip(registered.chars()).enumerate().filter(differs);
    let told: Vec<String> =
        pairs.map(|(n, (a, b))| format!("{}, terdaftar “{b}” (U+{:04X})", point(n, a), u32::from(b))).collect();
    if told.is_empty() { "panjangnya berbeda".to_owned() } else { told.join("; ") }
}

fn point(n: usize, c: char) -> String {
    let shown = if is_invisible(c) { String::new() } else { format!("“{c}” ") };
    format!("karakter ke-{} {shown}(U+{:04X})", n + 1, u32::from(c))
}

/// The user ID with what cannot be seen written out.
pub fn visible(id: &str) -> String {
    id.chars().map(|c| if is_invisible(c) { format!("⟨U+{:04X}⟩", u32::from(c)) } else { c.to_string() }).collect()
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
    fn what_looks_like_another_user_id_is_told_by_its_code_points() {
        assert!(look_alike("D\u{406}MASWP", "DIMASWP"));
        assert!(look_alike("DlMASWP", "DIMASWP"));
        assert!(look_alike("DIM\u{200b}ASWP", "DIMASWP"));
        assert!(!look_alike("dimaswp", "DIMASWP"));
        assert!(!look_alike("DIMASWQ", "DIMASWP"));
        assert_eq!(differing_points("DlMASWP", "DIMASWP"), "karakter ke-2 “l” (U+006C), terdaftar “I” (U+0049)");
        assert_eq!(odd_points("DIM\u{200b}ASWP"), "karakter ke-4 (U+200B)");
        assert_eq!(visible("a\u{202e}b"), "a⟨U+202E⟩b");
    }

    #[test]
    fn prose_gives_only_what_no_sentence_would_write() {
        assert_eq!(in_prose("mohon reset akun HD.NURFR sekarang").as_deref(), Some("HD.NURFR"));
        assert_eq!(in_prose("mohon reset akun Helpdesk pada SPSE"), None);
        assert_eq!(in_prose("RESET PASSWORD AKUN HELPDESK"), None);
        assert_eq!(in_prose("dengan user ID BUDIHARTO, jabatan Helpdesk").as_deref(), Some("BUDIHARTO"));
        assert_eq!(in_prose("User ID saya adalah BUDIHARTO.").as_deref(), Some("BUDIHARTO"));
        assert_eq!(in_prose("dengan akun : RSUD.BUDI, NIP 1").as_deref(), Some("RSUD.BUDI"));
        assert_eq!(in_prose("PERMOHONAN INFORMASI USER ID PEGAWAI"), None);
        assert_eq!(in_prose("dibebankan pada akun 5.1.02.01"), None);
        assert_eq!(in_prose("mohon informasi user ID HELPDESK pada SPSE"), None);
    }
}
