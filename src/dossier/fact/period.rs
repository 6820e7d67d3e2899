//! How long a decree is in force: as it states itself, else its budget year, else from its enactment on (DOMAIN §2, 11).
//! Only the operative clauses and the title count; considerations speak of other decrees.

use chrono::{Datelike, NaiveDate};

use super::{date, duration};
use crate::dossier::fold::fold;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Period {
    pub from: Option<NaiveDate>,
    /// Last day in force. `None`: until it is replaced.
    pub until: Option<NaiveDate>,
}

const SPEAKS_OF_TIME: [&str; 10] = [
    "berlaku",
    "terhitung",
    "jangka waktu",
    "masa tugas",
    "masa kerja",
    "masa bakti",
    "periode",
    "tmt",
    "effective",
    "valid",
];

/// Reads the period from the operative text and the title; `enacted` is the decree's own date.
pub fn read(operative: &str, title: &str, enacted: Option<NaiveDate>) -> Period {
    let mut period = Period::default();
    for sentence in clauses(operative) {
        let sentence = &of_itself(sentence);
        let folded = fold(sentence);
        if !SPEAKS_OF_TIME.iter().any(|w| folded.contains(w)) {
            continue;
        }
        let mut here = stated(sentence, enacted);
        if here.until.is_none() {
            here.until = duration::end(&folded, here.from.or(enacted)).or_else(|| throughout(&folded));
        }
        period.from = period.from.or(here.from);
        period.until = period.until.or(here.until);
    }
    let year = years(title);
    Period {
        from: period.from.or_else(|| match (enacted, year) {
            (Some(day), _) => Some(day),
            (None, Some((first, _))) => NaiveDate::from_ymd_opt(first, 1, 1),
            (None, None) => None,
        }),
        until: period.until.or_else(|| year.and_then(|(_, last)| NaiveDate::from_ymd_opt(last, 12, 31))),
    }
}

/// What a clause says of its own decree: one that lapses another decree may quote how long that one was to last.
fn of_itself(sentence: &str) -> String {
    const LAPSES: [&str; 5] = ["dicabut", "mencabut", "dinyatakan tidak", "tidak berlaku", "tidak lagi berlaku"];
    let words: Vec<&str> = sentence.split_whitespace().collect();
    let folded: Vec<String> = words.iter().map(|w| fold(w)).collect();
    let joined = folded.join(" ");
    if !LAPSES.iter().any(|w| joined.contains(w)) {
        return sentence.to_owned();
    }
    let mut own = false;
    let mut kept = Vec::new();
    for (n, word) in words.iter().enumerate() {
        if matches!(folded[n].as_str(), "keputusan" | "sk") {
            own = names_itself(&folded[n + 1..]);
        }
        if own {
            kept.push(*word);
        }
    }
    kept.join(" ")
}

/// `Keputusan ini`, `Keputusan Kepala Biro ini`, and not `Keputusan Kepala Biro Nomor …`.
fn names_itself(after: &[String]) -> bool {
    const OTHERS: [&str; 8] = ["nomor", "no", "tentang", "tanggal", "tertanggal", "tahun", "yang", "keputusan"];
    after.iter().take(10).take_while(|w| !OTHERS.contains(&w.as_str())).any(|w| w == "ini")
}

/// Sentences of the operative part; a full stop inside `s.d.` or a date ends none.
fn clauses(text: &str) -> impl Iterator<Item = &str> {
    text.split(';').flat_map(|part| {
        let mut ends = vec![0];
        for (i, _) in part.match_indices(". ") {
            let before = part[..i].rsplit(' ').next().unwrap_or("");
            let after = part[i + 2..].chars().next();
            let begins = after.is_some_and(char::is_uppercase);
            if begins && before.chars().count() > 3 && !before.contains('.') {
                ends.push(i + 2);
            }
        }
        ends.push(part.len());
        ends.windows(2).map(|w| &part[w[0]..w[1]]).collect::<Vec<_>>()
    })
}

/// `terhitung mulai tanggal A sampai dengan tanggal B`.
fn stated(sentence: &str, enacted: Option<NaiveDate>) -> Period {
    let lower = sentence.to_lowercase();
    let mut period = Period::default();
    if let Some((at, len)) = first_of(
        &lower,
        &[
            "sampai dengan",
            "sampai tanggal",
            "sampai pada",
            "s.d.",
            "s/d",
            "s.d ",
            "hingga",
            "sampai ",
            "berakhir",
            "until",
            " to ",
        ],
    ) {
        period.until = end(&sentence[clamp(sentence, at + len)..]);
        period.from = start(&sentence[..clamp(sentence, at)], period.until, enacted);
    } else {
        period.from = start(sentence, None, enacted);
    }
    period
}

/// Lower-casing may change lengths in exotic scripts; a place is moved to the next border of the original.
fn clamp(text: &str, at: usize) -> usize {
    (at.min(text.len())..=text.len()).find(|i| text.is_char_boundary(*i)).unwrap_or(text.len())
}

fn first_of(text: &str, marks: &[&str]) -> Option<(usize, usize)> {
    marks.iter().filter_map(|m| text.find(m).map(|at| (at, m.len()))).min()
}

/// The end of a period right behind its mark: a day, `31 Desember`, a month, or `akhir Tahun Anggaran 2026`.
fn end(text: &str) -> Option<NaiveDate> {
    let near: String = text.split_whitespace().take(9).collect::<Vec<_>>().join(" ");
    if let Some(found) = date::find(&near).first() {
        return Some(found.date);
    }
    let words: Vec<&str> = near.split(' ').collect();
    let month = words.windows(2).find_map(|w| Some((date::month(w[0])?, year(w[1])?)));
    if let Some((month, year)) = month {
        return date::end_of_month(year, month);
    }
    let folded = fold(&near);
    let closes =
        ["tahun anggaran", "akhir tahun", "berakhir tahun", "ta ", "tahun "].iter().any(|w| folded.contains(w));
    let year = words.iter().find_map(|w| year(w))?;
    if closes { NaiveDate::from_ymd_opt(year, 12, 31) } else { None }
}

/// The beginning of a period: a day, a day that shares the end's year (`2 Januari s.d. 31 Desember 2026`), or enactment.
fn start(text: &str, until: Option<NaiveDate>, enacted: Option<NaiveDate>) -> Option<NaiveDate> {
    if let Some(found) = date::find(text).last() {
        return Some(found.date);
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let short = words.iter().rev().zip(words.iter().rev().skip(1)).find_map(|(month, day)| {
        let day: u32 = day.parse().ok()?;
        NaiveDate::from_ymd_opt(until?.year(), date::month(month)?, day)
    });
    let folded = fold(text);
    let on_enactment =
        ["ditetapkan", "penetapan", "dikeluarkan", "ditandatangani", "pelantikan"].iter().any(|w| folded.contains(w));
    short.or(if on_enactment { enacted } else { None })
}

/// `berlaku untuk Tahun Anggaran 2026`.
fn throughout(folded: &str) -> Option<NaiveDate> {
    let words: Vec<&str> = folded.split(' ').collect();
    if words.iter().any(|w| matches!(*w, "biaya" | "dibebankan" | "pembiayaan")) {
        return None;
    }
    let for_a_year = |w: &&[&str]| {
        matches!(w[0], "untuk" | "selama" | "pada" | "dalam" | "sepanjang" | "for")
            && matches!(w[1], "tahun" | "ta" | "periode")
    };
    let at = words.windows(2).position(|w| for_a_year(&w))?;
    let found = words[at + 2..].iter().take(4).filter_map(|w| year(w)).next_back()?;
    NaiveDate::from_ymd_opt(found, 12, 31)
}

/// First and last year that a title names: `TAHUN ANGGARAN 2026`, `TAHUN 2025-2027`, `PERIODE 2025 S.D. 2027`.
fn years(title: &str) -> Option<(i32, i32)> {
    let folded = fold(title);
    let words: Vec<&str> = folded.split(' ').collect();
    let names =
        |i: &usize| matches!(words[*i], "tahun" | "anggaran" | "ta" | "periode" | "year") && !in_number(&words[..*i]);
    let at = (0..words.len()).rev().find(names)?;
    let found: Vec<i32> = words[at..].iter().take(6).filter_map(|w| year(w)).collect();
    Some((*found.first()?, *found.last()?))
}

/// `Nomor 45` in front of `Tahun 2025`: the number of another decree.
fn in_number(before: &[&str]) -> bool {
    let short = |w: &&&str| w.chars().count() <= 5 || w.contains(|c: char| c.is_ascii_digit());
    before.iter().rev().take(9).take_while(short).any(|w| matches!(*w, "nomor" | "no"))
}

fn year(word: &str) -> Option<i32> {
    let word = word.trim_matches(|c: char| !c.is_ascii_digit());
    (word.len() == 4).then(|| word.parse().ok()).flatten().filter(|y| (1990..2100).contains(y))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(y: i32, m: u32, d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(y, m, d).expect("a calendar day")
    }

    fn enacted() -> Option<NaiveDate> {
        Some(day(2026, 1, 5))
    }

    #[test]
    fn a_stated_period_is_read_in_its_many_forms() {
        let year = Period { from: Some(day(2026, 1, 2)), until: Some(day(2026, 12, 31)) };
        for text in [
            "Keputusan ini berlaku terhitung sejak 2 Januari 2026 s.d. 31 Desember 2026.",
            "Keputusan ini berlaku terhitung mulai tanggal 2 Januari sampai dengan 31 Desember 2026",
            "Masa tugas berlaku mulai tanggal 02-01-2026 sampai dengan tanggal 31-12-2026;",
            "Berlaku sejak 2 Januari 2026 hingga akhir Tahun Anggaran 2026",
            "Keputusan ini mulai berlaku pada tanggal 2 Januari 2026 sampai dengan Desember 2026",
        ] {
            assert_eq!(read(text, "", enacted()), year, "{text}");
        }
    }

    #[test]
    fn a_period_may_begin_with_the_enactment() {
        let text = "Keputusan ini mulai berlaku sejak tanggal ditetapkan sampai dengan tanggal 31 Desember 2026, dengan ketentuan apabila terdapat kekeliruan.";

        assert_eq!(read(text, "", enacted()), Period { from: enacted(), until: Some(day(2026, 12, 31)) });
    }

    #[test]
    fn a_duration_ends_on_the_day_before() {
        let text = "Keputusan ini berlaku untuk jangka waktu 1 (satu) tahun terhitung sejak tanggal ditetapkan.";

        assert_eq!(read(text, "", enacted()).until, Some(day(2027, 1, 4)));
    }

    #[test]
    fn what_a_clause_says_of_the_decree_it_lapses_is_not_said_of_its_own() {
        let earlier = "Keputusan Bupati Nomor 51 Tahun 2025 yang berlaku sampai dengan 31 Desember 2025 dicabut dan \
                       dinyatakan tidak berlaku";
        let begins = format!("Pada saat Keputusan Bupati ini mulai berlaku, {earlier}.");
        let ends = format!("Keputusan ini berlaku sampai dengan 30 Juni 2026 dan {earlier}.");

        assert_eq!(read(&begins, "", enacted()).until, None);
        assert_eq!(read(&ends, "", enacted()).until, Some(day(2026, 6, 30)));
    }

    #[test]
    fn what_is_not_in_force_is_another_decree_unless_it_is_this_one() {
        let earlier =
            "Keputusan Bupati Nomor 51 Tahun 2025 yang berlaku sampai dengan 31 Desember 2026 sudah tidak berlaku.";
        let own = "Keputusan ini berlaku sampai dengan 30 Juni 2026 dan sesudahnya tidak berlaku.";

        assert_eq!(read(earlier, "", enacted()).until, None);
        assert_eq!(read(own, "", enacted()).until, Some(day(2026, 6, 30)));
    }

    #[test]
    fn the_budget_year_of_the_title_ends_it_where_nothing_is_stated() {
        let text = "Keputusan ini mulai berlaku pada tanggal ditetapkan.";

        assert_eq!(read(text, "PENGANGKATAN PERSONIL TAHUN ANGGARAN 2026", enacted()).until, Some(day(2026, 12, 31)));
        assert_eq!(read(text, "TIM PENGELOLA LPSE TAHUN 2025-2027", enacted()).until, Some(day(2027, 12, 31)));
        assert_eq!(read(text, "PENGANGKATAN PERSONIL LPSE", enacted()), Period { from: enacted(), until: None });
    }

    #[test]
    fn durations_and_years_are_said_in_many_words() {
        let twelve =
            "Jangka waktu pelaksanaan tugas adalah 12 (dua belas) bulan terhitung mulai tanggal 1 Januari 2026.";
        let charged = "Biaya dibebankan pada Tahun Anggaran 2026 yang berlaku.";

        assert_eq!(read(twelve, "", enacted()).until, Some(day(2026, 12, 31)));
        assert_eq!(
            read("Keputusan ini berlaku selama Tahun Anggaran 2026.", "", enacted()).until,
            Some(day(2026, 12, 31))
        );
        assert_eq!(read(charged, "", enacted()).until, None);
        assert_eq!(read("", "PERUBAHAN ATAS KEPUTUSAN NOMOR 45 TAHUN 2025 TENTANG TIM LPSE", enacted()).until, None);
    }

    #[test]
    fn what_is_repealed_or_charged_is_no_period() {
        let text = "Keputusan yang berlaku sampai dengan 31 Desember 2025 dicabut dan dinyatakan tidak berlaku. \
                    Biaya dibebankan pada APBD sampai dengan 30 Juni 2026. Keputusan ini mulai berlaku pada tanggal ditetapkan.";

        assert_eq!(read(text, "", enacted()), Period { from: enacted(), until: None });
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,120}", title in "\\PC{0,40}") {
            read(&text, &title, None);
            read(&format!("berlaku {text} sampai dengan {title}"), &title, enacted());
        }
    }
}
