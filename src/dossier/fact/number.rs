//! Letter and decree numbers, kept as written. A running number that was never filled in makes the whole number void.

/// What stands behind `Nomor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Number {
    /// As written, without the spaces round slashes.
    Given(String),
    /// The running number was left open: `000.3/      /BPLPSE/2026`, or nothing at all.
    Blank,
}

/// Reads the number at the beginning of what follows the label. `None`: it says that there is none (`-`).
pub fn read(after_label: &str) -> Option<Number> {
    let text = after_label.trim().trim_start_matches([':', '.']).trim();
    if text.is_empty() || text.chars().all(|c| is_filler(c) && c != '-' && c != '–') {
        return Some(Number::Blank);
    }
    let written = number_words(text);
    if written.is_empty() || written.chars().all(|c| matches!(c, '-' | '–')) {
        return None;
    }
    let parts: Vec<&str> = written.split('/').map(str::trim).collect();
    let open = |part: &str| part.chars().all(is_filler);
    let inner_open = parts.len() > 1 && parts[..parts.len() - 1].iter().any(|p| open(p));
    if inner_open || (parts.len() > 2 && parts.last().is_some_and(|p| open(p))) {
        return Some(Number::Blank);
    }
    if !written.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let tidy = parts.join("/");
    Some(Number::Given(tidy.trim_end_matches([',', ';', '.']).to_owned()))
}

fn is_filler(c: char) -> bool {
    c.is_whitespace() || matches!(c, '.' | '…' | '_' | '-' | '–')
}

/// The words that belong to the number: those joined by slashes, and `12 Tahun 2026`.
fn number_words(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut taken: Vec<&str> = Vec::new();
    for (i, word) in words.iter().enumerate() {
        let joins = taken.last().is_none_or(|last| {
            last.ends_with('/')
                || word.starts_with('/')
                || (last.contains('/') && last.ends_with(['.', '-']) && word.contains('/'))
                || (word.chars().all(is_filler) && words.get(i + 1).is_some_and(|w| w.starts_with('/')))
        });
        let year_form = (word.eq_ignore_ascii_case("tahun") && is_year(words.get(i + 1)))
            || (taken.last().is_some_and(|t| t.eq_ignore_ascii_case("tahun")) && is_year(Some(word)));
        if !(joins || year_form) {
            break;
        }
        taken.push(word);
    }
    taken.join(" ")
}

fn is_year(word: Option<&&str>) -> bool {
    word.is_some_and(|w| {
        let w = w.trim_end_matches(['.', ',', ';']);
        w.len() == 4 && w.bytes().all(|b| b.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn given(text: &str) -> String {
        match read(text) {
            Some(Number::Given(number)) => number,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn numbers_are_kept_as_written() {
        assert_eq!(given("000.3/1187/BPLPSE/B.PBJ"), "000.3/1187/BPLPSE/B.PBJ");
        assert_eq!(given(": 027 / 45 / LPSE / 2021"), "027/45/LPSE/2021");
        assert_eq!(given("188/15/K. Setda/2026"), "188/15/K. Setda/2026");
        assert_eq!(given("45 TAHUN 2026"), "45 TAHUN 2026");
        assert_eq!(given("B-123/LPSE.05/11/2026  Tanjung Seraya, 9 November 2026"), "B-123/LPSE.05/11/2026");
        assert_eq!(given("100.3.3.2/K.15/2026;"), "100.3.3.2/K.15/2026");
    }

    #[test]
    fn an_open_running_number_is_blank() {
        for text in [
            "000.3/        /BPLPSE/2026",
            "000.3/......./BPLPSE",
            "",
            "000.3/ ____ /B.PBJ",
            "........",
            "/LPSE/2026",
            "000.3/…/UKPBJ/2026",
        ] {
            assert_eq!(read(text), Some(Number::Blank), "{text:?}");
        }
    }

    #[test]
    fn a_dash_says_that_there_is_no_number() {
        assert_eq!(read("-"), None);
        assert_eq!(read("Segera"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,60}") {
            read(&text);
        }

        #[test]
        fn a_filled_number_is_given_back_without_spaces(a in "[0-9]{3}", b in "[1-9][0-9]{0,3}", c in "[A-Z]{2,6}") {
            prop_assert_eq!(given(&format!("{a} / {b}/ {c}/2026 Sifat")), format!("{a}/{b}/{c}/2026"));
        }
    }
}
