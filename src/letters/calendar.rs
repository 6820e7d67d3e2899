//! Dates and times as an office writes them: `Selasa, 10 November 2026 pukul 14.05 WITA`.

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use chrono_tz::Tz;

use crate::sop::names::Language;

const MONTHS: [[&str; 12]; 2] = [
    [
        "Januari",
        "Februari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "November",
        "Desember",
    ],
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
];

const DAYS: [[&str; 7]; 2] = [
    ["Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"],
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
];

/// `9 November 2026` in both languages.
pub fn date(at: DateTime<Utc>, zone: Tz, language: Language) -> String {
    day(at.with_timezone(&zone).date_naive(), language)
}

/// `9 November 2026` of a day that stands on paper.
pub fn day(day: NaiveDate, language: Language) -> String {
    format!("{} {} {}", day.day(), MONTHS[language as usize][day.month0() as usize], day.year())
}

/// `Senin, 9 November 2026`.
pub fn weekday_date(at: DateTime<Utc>, zone: Tz, language: Language) -> String {
    let day = at.with_timezone(&zone).weekday().num_days_from_monday() as usize;
    format!("{}, {}", DAYS[language as usize][day], date(at, zone, language))
}

/// `pukul 14.05 WITA`, in English `14:05 WITA`.
pub fn clock(at: DateTime<Utc>, zone: Tz, language: Language) -> String {
    let local = at.with_timezone(&zone);
    let (hour, minute, label) = (local.hour(), local.minute(), zone_label(at, zone));
    match language {
        Language::Id => format!("pukul {hour:02}.{minute:02} {label}"),
        Language::En => format!("{hour:02}:{minute:02} {label}"),
    }
}

/// `Senin, 9 November 2026 pukul 14.05 WITA`.
pub fn moment(at: DateTime<Utc>, zone: Tz, language: Language) -> String {
    let joint = match language {
        Language::Id => " ",
        Language::En => ", ",
    };
    format!("{}{joint}{}", weekday_date(at, zone, language), clock(at, zone, language))
}

/// WIB, WITA or WIT; elsewhere the zone's own abbreviation.
pub fn zone_label(at: DateTime<Utc>, zone: Tz) -> String {
    match zone {
        Tz::Asia__Jakarta | Tz::Asia__Pontianak => "WIB".to_owned(),
        Tz::Asia__Makassar | Tz::Asia__Ujung_Pandang => "WITA".to_owned(),
        Tz::Asia__Jayapura => "WIT".to_owned(),
        _ => at.with_timezone(&zone).format("%Z").to_string(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[test]
    fn a_moment_reads_as_an_office_writes_it() {
        let at = Utc.with_ymd_and_hms(2026, 11, 9, 6, 5, 59).unwrap();

        assert_eq!(moment(at, Tz::Asia__Makassar, Language::Id), "Senin, 9 November 2026 pukul 14.05 WITA");
        assert_eq!(moment(at, Tz::Asia__Jakarta, Language::En), "Monday, 9 November 2026, 13:05 WIB");
        assert_eq!(date(at, Tz::Asia__Jayapura, Language::Id), "9 November 2026");
    }

    #[test]
    fn the_day_is_the_offices_day() {
        let late = Utc.with_ymd_and_hms(2026, 12, 31, 16, 30, 0).unwrap();

        assert_eq!(moment(late, Tz::Asia__Makassar, Language::Id), "Jumat, 1 Januari 2027 pukul 00.30 WITA");
    }
}
