//! Dates as Indonesian offices write them: day, month, year, in figures, names or words (DOMAIN §3). A Roman month inside
//! a letter number is no date, and a figure that hangs on a slash or a letter belongs to something else.

use std::ops::Range;

use chrono::NaiveDate;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub date: NaiveDate,
    /// Bytes of the text.
    pub at: Range<usize>,
}

/// A word of the text with its place in bytes.
#[derive(Debug, Clone)]
struct Token<'a> {
    text: &'a str,
    at: Range<usize>,
}

/// All dates in a text, in order.
pub fn find(text: &str) -> Vec<Found> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        match date_at(&tokens, i) {
            Some((date, used)) => {
                found.push(Found { date, at: tokens[i].at.start..tokens[i + used - 1].at.end });
                i += used;
            }
            None => i += 1,
        }
    }
    found
}

pub fn first(text: &str) -> Option<NaiveDate> {
    find(text).first().map(|f| f.date)
}

/// The month a word names, in Indonesian with its variants, or in English.
pub fn month(word: &str) -> Option<u32> {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    Some(match word.as_str() {
        "januari" | "jan" | "january" => 1,
        "februari" | "pebruari" | "feb" | "peb" | "february" => 2,
        "maret" | "mar" | "mrt" | "march" => 3,
        "april" | "apr" => 4,
        "mei" | "may" => 5,
        "juni" | "jun" | "june" => 6,
        "juli" | "jul" | "july" => 7,
        "agustus" | "agust" | "agt" | "ags" | "agu" | "aug" | "august" => 8,
        "september" | "sept" | "sep" => 9,
        "oktober" | "okt" | "october" | "oct" => 10,
        "november" | "nopember" | "nov" | "nop" => 11,
        "desember" | "des" | "december" | "dec" => 12,
        _ => return None,
    })
}

/// The last day of a month, for periods that end "sampai dengan Desember 2026".
pub fn end_of_month(year: i32, month: u32) -> Option<NaiveDate> {
    let (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    NaiveDate::from_ymd_opt(year, month, 1)?.pred_opt()
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut start = None;
    for (i, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (c.is_whitespace() || c == ',' || c == ';' || c == '(' || c == ')', start) {
            (false, None) => start = Some(i),
            (true, Some(s)) => {
                tokens.push(Token { text: &text[s..i], at: s..i });
                start = None;
            }
            _ => {}
        }
    }
    tokens
}

/// A date that begins at token `i`, and how many tokens it takes.
fn date_at(tokens: &[Token<'_>], i: usize) -> Option<(NaiveDate, usize)> {
    if let Some(date) = in_figures(tokens[i].text) {
        return Some((date, 1));
    }
    if let Some(hit) = day_month_year(tokens, i) {
        return Some(hit);
    }
    english(tokens, i).or_else(|| in_words(tokens, i))
}

/// `28-02-2023`, `28/2/23`, `28.02.2023`, `2023-02-28`, `12-Nov-2026`.
fn in_figures(token: &str) -> Option<NaiveDate> {
    let token = token.trim_end_matches(['.', ':']).trim_start_matches(':');
    for separator in ['-', '/', '.', '–'] {
        let parts: Vec<&str> = token.split(separator).collect();
        let [a, b, c] = parts[..] else { continue };
        let figure = |s: &str| s.len() <= 4 && !s.is_empty() && s.bytes().all(|x| x.is_ascii_digit());
        if figure(a) && a.len() == 4 && figure(b) && figure(c) && separator != '.' {
            return NaiveDate::from_ymd_opt(a.parse().ok()?, b.parse().ok()?, c.parse().ok()?);
        }
        if !(figure(a) && a.len() <= 2 && figure(c) && matches!(c.len(), 2 | 4)) {
            continue;
        }
        let named = if figure(b) && b.len() <= 2 { b.parse().ok() } else { month(b) };
        return NaiveDate::from_ymd_opt(full_year(c)?, named?, a.parse().ok()?);
    }
    None
}

fn full_year(text: &str) -> Option<i32> {
    let year: i32 = text.parse().ok()?;
    match text.len() {
        4 if (1900..=2199).contains(&year) => Some(year),
        2 => Some(2000 + year),
        _ => None,
    }
}

/// `28 Februari 2023`, `28 Feb. 2023`.
fn day_month_year(tokens: &[Token<'_>], i: usize) -> Option<(NaiveDate, usize)> {
    let day = tokens[i].text;
    if day.is_empty() || day.len() > 2 || !day.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let month = month(tokens.get(i + 1)?.text)?;
    let year = tokens.get(i + 2)?.text.trim_end_matches(|c: char| !c.is_alphanumeric());
    Some((NaiveDate::from_ymd_opt(full_year(year)?, month, day.parse().ok()?)?, 3))
}

/// `November 9, 2026`.
fn english(tokens: &[Token<'_>], i: usize) -> Option<(NaiveDate, usize)> {
    let month = month(tokens[i].text)?;
    let day = tokens.get(i + 1)?.text;
    let year = tokens.get(i + 2)?.text.trim_end_matches('.');
    let day = day.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    if day.len() > 2 || year.len() != 4 {
        return None;
    }
    Some((NaiveDate::from_ymd_opt(full_year(year)?, month, day.parse().ok()?)?, 3))
}

/// `dua puluh delapan (bulan) Februari (tahun) dua ribu dua puluh tiga`.
fn in_words(tokens: &[Token<'_>], i: usize) -> Option<(NaiveDate, usize)> {
    let (day, mut used) = spelled(tokens, i)?;
    used += usize::from(tokens.get(i + used).is_some_and(|t| t.text.eq_ignore_ascii_case("bulan")));
    let month = month(tokens.get(i + used)?.text)?;
    used += 1;
    used += usize::from(tokens.get(i + used).is_some_and(|t| t.text.eq_ignore_ascii_case("tahun")));
    let (year, more) = spelled(tokens, i + used)?;
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    (1900..2200).contains(&year).then_some((date, used + more))
}

/// A number in Indonesian words, with the count of words.
fn spelled(tokens: &[Token<'_>], from: usize) -> Option<(u32, usize)> {
    let (mut total, mut current, mut used) = (0u32, 0u32, 0);
    for token in tokens.get(from..)?.iter().take(9) {
        let word = token.text.to_lowercase();
        match word.trim_end_matches(|c: char| !c.is_alphanumeric()) {
            "ribu" => (total, current) = (total + current.max(1) * 1000, 0),
            "seribu" => (total, current) = (total + 1000, 0),
            "ratus" => current = current.max(1) * 100,
            "seratus" => current += 100,
            "puluh" => current = current / 10 * 10 + (current % 10) * 10,
            "belas" => current += 10,
            "sepuluh" => current += 10,
            "sebelas" => current += 11,
            other => match unit(other) {
                Some(n) => current += n,
                None => break,
            },
        }
        used += 1;
    }
    (used > 0 && total + current > 0).then_some((total + current, used))
}

/// A number in Indonesian words at the beginning of folded words, and how many words it takes.
pub fn spelled_out(words: &[&str]) -> Option<(u32, usize)> {
    spelled(&tokens(&words[..words.len().min(9)].join(" ")), 0)
}

fn unit(word: &str) -> Option<u32> {
    const UNITS: [&str; 9] = ["satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan"];
    UNITS.iter().position(|u| *u == word).and_then(|i| u32::try_from(i + 1).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(y: i32, m: u32, d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(y, m, d).expect("a calendar day")
    }

    #[test]
    fn every_spelling_of_a_day_is_read() {
        for text in [
            "28 Februari 2023",
            "28 Pebruari 2023",
            "28 Feb. 2023",
            "28-02-2023",
            "28/2/23",
            "28.02.2023",
            "2023-02-28",
            "Samarinda, 28 Februari 2023.",
            "dua puluh delapan Februari dua ribu dua puluh tiga",
            "February 28, 2023",
            "tanggal dua puluh delapan bulan Februari tahun dua ribu dua puluh tiga",
            "28-Feb-2023",
            "TANGGAL : 28 FEBRUARI 2023",
        ] {
            assert_eq!(first(text), Some(day(2023, 2, 28)), "{text}");
        }
        assert_eq!(first("sebelas Nopember dua ribu dua puluh enam"), Some(day(2026, 11, 11)));
        assert_eq!(first("tiga puluh satu Desember dua ribu dua puluh enam"), Some(day(2026, 12, 31)));
    }

    #[test]
    fn numbers_periods_and_blanks_are_no_dates() {
        for text in [
            "000.3/123/B.PBJ/XI/2026",
            "027/45/LPSE/2021",
            "November 2026",
            "Tahun 2026",
            "31 Februari 2026",
            "pukul 09.12",
            "1.2.3.4",
            "12/11/2026/LPSE",
        ] {
            assert_eq!(first(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_written_date_is_read_back(days in 0i32..60_000) {
            let date = day(1970, 1, 1) + chrono::Duration::days(i64::from(days));

            prop_assert_eq!(first(&date.format("pada %d-%m-%Y,").to_string()), Some(date));
            prop_assert_eq!(first(&date.format("%-d %b %Y").to_string()).is_some(), true);
        }

        #[test]
        fn any_text_is_searched_without_a_panic(text in "\\PC{0,80}") {
            find(&text);
        }
    }
}
