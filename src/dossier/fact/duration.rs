//! How long something lasts, said as a count and a unit: `selama 1 (satu) tahun`, `masa tugas dua belas bulan`. When it began
//! is found in [`super::period`].

use chrono::{Datelike, Months, NaiveDate};

use super::date;

/// The last day of the stretch that a folded clause names, if it began on `from`.
pub fn end(folded: &str, from: Option<NaiveDate>) -> Option<NaiveDate> {
    let words: Vec<&str> = folded.split(' ').collect();
    let (count, unit) = (0..words.len()).find_map(|i| span_at(&words, i))?;
    let from = from?;
    match unit {
        Unit::Months(each) => from.checked_add_months(Months::new(count * each))?.pred_opt(),
        Unit::BudgetYears => NaiveDate::from_ymd_opt(from.year() + i32::try_from(count).ok()? - 1, 12, 31),
    }
}

enum Unit {
    Months(u32),
    BudgetYears,
}

/// A stretch of time that begins at word `i`; `Nomor 5 Tahun 2025` is none, nor what recurs, may be added, or bounds something
/// else: `masa kerja paling singkat 2 (dua) tahun`.
fn span_at(words: &[&str], i: usize) -> Option<(u32, Unit)> {
    const RECURS: [&str; 7] = ["setiap", "tiap", "per", "kali", "diperpanjang", "perpanjangan", "memperpanjang"];
    const BOUNDS: [&str; 8] = ["lambat", "singkat", "sedikit", "kurang", "sekurang", "setidak", "minimal", "minimum"];
    let bounds = |w: &str| BOUNDS.contains(&w.strip_suffix("nya").unwrap_or(w));
    const NAMES: [&str; 6] = ["nomor", "no", "pasal", "ayat", "tanggal", "tahun"];
    let goes_on = |w: &&str| {
        let counts = date::spelled_out(&[*w]).is_some() || matches!(*w, "puluh" | "belas" | "ratus" | "ribu");
        counts || w.bytes().all(|b| b.is_ascii_digit())
    };
    let before = &words[i.saturating_sub(3)..i];
    if before.iter().any(|w| RECURS.contains(w) || bounds(w))
        || before.last().is_some_and(|w| NAMES.contains(w) || goes_on(w))
    {
        return None;
    }
    let (count, used) = match words[i] {
        "setahun" => return (words.get(i + 1) != Some(&"sekali")).then_some((12, Unit::Months(1))),
        figure if figure.len() <= 3 && figure.bytes().all(|b| b.is_ascii_digit()) => (figure.parse().ok()?, 1),
        _ => date::spelled_out(&words[i..])?,
    };
    // The count in words follows in brackets: `6 (enam) bulan`.
    let again = date::spelled_out(&words[i + used..]).map_or(0, |(_, used)| used);
    let rest = &words[i + used + again..];
    let unit = match rest.first()? {
        &"bulan" | &"month" | &"months" => Unit::Months(1),
        &"tahun" if rest.get(1) == Some(&"anggaran") => Unit::BudgetYears,
        &"tahun" if rest.get(1).is_none_or(|w| !is_year(w)) => Unit::Months(12),
        &"year" | &"years" => Unit::Months(12),
        _ => return None,
    };
    let recurs = rest.get(1) == Some(&"sekali");
    ((1..=120).contains(&count) && !recurs).then_some((count, unit))
}

fn is_year(word: &str) -> bool {
    word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(clause: &str) -> Option<NaiveDate> {
        end(clause, NaiveDate::from_ymd_opt(2026, 1, 5))
    }

    #[test]
    fn a_stretch_ends_on_the_day_before_it_would_begin_again() {
        for (clause, until) in [
            ("masa tugas tim adalah 6 enam bulan terhitung mulai tanggal", (2026, 7, 4)),
            ("berlaku untuk masa 2 dua tahun terhitung mulai tanggal", (2028, 1, 4)),
            ("berlaku sejak tanggal ditetapkan selama 1 satu tahun", (2027, 1, 4)),
            ("berlaku dua belas bulan sejak tanggal ditetapkan", (2027, 1, 4)),
            ("berlaku setahun sejak tanggal ditetapkan", (2027, 1, 4)),
            ("valid for 1 year", (2027, 1, 4)),
            ("berlaku untuk 1 satu tahun anggaran", (2026, 12, 31)),
        ] {
            assert_eq!(ends(clause), NaiveDate::from_ymd_opt(until.0, until.1, until.2), "{clause}");
        }
    }

    #[test]
    fn what_is_said_behind_a_bound_counts_by_itself() {
        let clause = "masa kerja paling singkat 2 dua tahun dan masa tugas selama 1 satu tahun";

        assert_eq!(ends(clause), NaiveDate::from_ymd_opt(2027, 1, 4));
    }

    #[test]
    fn a_number_a_date_a_bound_and_what_recurs_are_no_stretch() {
        for clause in [
            "berlaku sesuai peraturan nomor 5 tahun 2025",
            "berlaku sejak tanggal dua puluh lima bulan februari",
            "berlaku sejak ditetapkan dan dapat diperpanjang 1 satu tahun",
            "melapor setiap 3 tiga bulan terhitung sejak ditetapkan",
            "melaporkan 6 enam bulan sekali terhitung sejak ditetapkan",
            "melaporkan setahun sekali terhitung sejak ditetapkan",
            "melaporkan 1 satu kali dalam 6 enam bulan terhitung sejak ditetapkan",
            "memiliki masa kerja paling singkat 2 dua tahun",
            "memiliki masa kerja sekurang kurangnya 2 dua tahun",
            "memiliki masa kerja minimal 1 satu tahun",
            "masa tugas tidak kurang dari 6 enam bulan",
            "melaporkan paling lambat 1 satu bulan terhitung sejak ditetapkan",
        ] {
            assert_eq!(ends(clause), None, "{clause}");
        }
    }
}
