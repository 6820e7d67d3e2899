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
    let slash_at = |n: usize| words.get(n).is_some_and(|w| w.starts_with('/'));
    let mut taken: Vec<&str> = Vec::new();
    for (i, word) in words.iter().enumerate() {
        let joins = taken.last().is_none_or(|last| {
            last.ends_with('/')
                || word.starts_with('/')
                || (is_abbreviated(last) && (word.contains('/') || slash_at(i + 1)))
                || (word.chars().all(is_filler) && slash_at(i + 1))
                || (*word == "-" && words.get(i + 1).is_some_and(|next| is_figure_and_slash(next)))
                || (*last == "-" && is_figure_and_slash(word))
        });
        let year_form = (word.eq_ignore_ascii_case("tahun") && is_year(words.get(i + 1)))
            || (taken.last().is_some_and(|last| ends_in_tahun(last)) && is_year(Some(word)));
        if !(joins || year_form) {
            break;
        }
        taken.push(word);
    }
    taken.join(" ")
}

/// A number as recognition read it: a Roman month before the year with a stroke taken for a figure, `/X1/2026`.
pub fn recognised(number: &str) -> String {
    const MONTHS: [&str; 12] = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];
    let mut parts: Vec<String> = number.split('/').map(str::to_owned).collect();
    if let [.., month, year] = &mut parts[..] {
        let strokes = month.replace(['1', 'l', '|'], "I");
        // Figures alone may be meant: `/11/2026`.
        let roman = month.contains(['X', 'V', 'I']) && MONTHS.contains(&strokes.as_str());
        if roman && is_year(Some(&year.as_str())) {
            *month = strokes;
        }
    }
    parts.join("/")
}

/// `K.`, `188/KEP.`: an abbreviation that a space parts from what it abbreviates for.
fn is_abbreviated(word: &str) -> bool {
    let stem = word.trim_end_matches(['.', '-']);
    word.len() > stem.len() && stem.ends_with(char::is_alphabetic)
}

/// `123/SET/2026` behind `B -`.
fn is_figure_and_slash(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('/')
}

/// `TAHUN` alone, or as the last part of `027/45/TAHUN 2026`.
fn ends_in_tahun(word: &str) -> bool {
    word.rsplit('/').next().is_some_and(|last| last.eq_ignore_ascii_case("tahun"))
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
        assert_eq!(given("027/45/TAHUN 2026"), "027/45/TAHUN 2026");
        assert_eq!(given("821 / KEP. 45 / 2026 Sifat : Biasa"), "821/KEP. 45/2026");
        assert_eq!(given("Kep. 12/I/2026"), "Kep. 12/I/2026");
        assert_eq!(given("B - 123/SET/2026"), "B - 123/SET/2026");
        assert_eq!(given("12/A/2026. Sifat/Derajat : biasa"), "12/A/2026");
    }

    #[test]
    fn a_roman_month_is_mended_where_a_figure_cannot_be_meant() {
        assert_eq!(recognised("027/431/PBJ/X1/2026"), "027/431/PBJ/XI/2026");
        assert_eq!(recognised("027/431/PBJ/VIl1/2026"), "027/431/PBJ/VIII/2026");
        for kept in ["Sprin/17/1/2026", "027/X1/PBJ", "12/IIII/2026", "027/11/2026", "45 TAHUN 2026"] {
            assert_eq!(recognised(kept), kept);
        }
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
