//! How the desk says times, days, durations and sizes, in both languages (DESK.md, "Wording").

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};

use super::view::{Office, Origin};
use crate::sop::names::{Language, Service};

/// A language and an office's zone.
#[derive(Debug, Clone, Copy)]
pub struct Say<'a> {
    pub lang: Language,
    pub office: &'a Office,
}

const DAYS_ID: [&str; 7] = ["Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"];
const DAYS_EN: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS_ID: [&str; 12] = [
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
];
const MONTHS_EN: [&str; 12] = [
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
];

impl Say<'_> {
    /// `Selasa, 10 November 2026`.
    pub fn day(&self, at: &DateTime<Utc>) -> String {
        let local = at.with_timezone(&self.office.zone);
        format!("{}, {}", self.weekday(&local), self.date(local.date_naive()))
    }

    /// `10 November 2026`.
    pub fn date(&self, date: NaiveDate) -> String {
        format!("{} {} {}", date.day(), self.month_name(date.month0()), date.year())
    }

    /// The same of a moment's day.
    pub fn date_of(&self, at: &DateTime<Utc>) -> String {
        self.date(at.with_timezone(&self.office.zone).date_naive())
    }

    /// `November 2026`; the month counted from 1.
    pub fn month(&self, year: i32, month: u32) -> String {
        format!("{} {year}", self.month_name(month.saturating_sub(1)))
    }

    fn month_name(&self, month0: u32) -> &'static str {
        let months = match self.lang {
            Language::Id => &MONTHS_ID,
            Language::En => &MONTHS_EN,
        };
        months.get(month0 as usize).copied().unwrap_or_default()
    }

    fn weekday(&self, local: &impl Datelike) -> &'static str {
        let days = match self.lang {
            Language::Id => &DAYS_ID,
            Language::En => &DAYS_EN,
        };
        days[local.weekday().num_days_from_monday() as usize]
    }

    /// `10.42`, or `Rabu 08.02` where that is not the day of `now`: for narrow places, and times within the week.
    pub fn near(&self, at: &DateTime<Utc>, now: &DateTime<Utc>) -> String {
        let (zone, hour) = (self.office.zone, self.hour(at));
        let local = at.with_timezone(&zone);
        match local.date_naive() == now.with_timezone(&zone).date_naive() {
            true => hour,
            false => format!("{} {hour}", self.weekday(&local)),
        }
    }

    /// `10.42`, for narrow places.
    pub fn hour(&self, at: &DateTime<Utc>) -> String {
        let local = at.with_timezone(&self.office.zone);
        match self.lang {
            Language::Id => format!("{:02}.{:02}", local.hour(), local.minute()),
            Language::En => format!("{:02}:{:02}", local.hour(), local.minute()),
        }
    }

    /// `10.42 WITA`.
    pub fn hour_zone(&self, at: &DateTime<Utc>) -> String {
        format!("{} {}", self.hour(at), self.office.zone_name)
    }

    /// `pukul 10.42 WITA`; in English `at 10:42 WITA`.
    pub fn time(&self, at: &DateTime<Utc>) -> String {
        let word = self.pick("pukul", "at");
        format!("{word} {}", self.hour_zone(at))
    }

    /// The same after "sampai" and "until": `pukul 10.42 WITA`; in English `10:42 WITA`.
    pub fn until(&self, at: &DateTime<Utc>) -> String {
        match self.lang {
            Language::Id => self.time(at),
            Language::En => self.hour_zone(at),
        }
    }

    /// `Selasa, 10 November 2026 pukul 10.42 WITA`.
    pub fn moment(&self, at: &DateTime<Utc>) -> String {
        format!("{} {}", self.day(at), self.time(at))
    }

    /// `9 menit kerja`.
    pub fn working(&self, minutes: i64) -> String {
        match self.lang {
            Language::Id => format!("{minutes} menit kerja"),
            Language::En if minutes == 1 => "1 working minute".to_owned(),
            Language::En => format!("{minutes} working minutes"),
        }
    }

    /// `9 menit`.
    pub fn minutes(&self, minutes: u32) -> String {
        match self.lang {
            Language::Id => format!("{minutes} menit"),
            Language::En if minutes == 1 => "1 minute".to_owned(),
            Language::En => format!("{minutes} minutes"),
        }
    }

    /// Whose time standard it is: `SOP` or `usulan kantor`.
    pub fn origin(&self, origin: Origin) -> &'static str {
        match origin {
            Origin::Sop => "SOP",
            Origin::Proposed => self.pick("usulan kantor", "proposed by the office"),
        }
    }

    /// `148 KB`.
    pub fn size(&self, bytes: u64) -> String {
        match bytes {
            0..1_024 => format!("{bytes} B"),
            1_024..1_048_576 => format!("{} KB", bytes / 1_024),
            _ => {
                let tenths = bytes * 10 / 1_048_576;
                let mark = self.pick(",", ".");
                format!("{}{mark}{} MB", tenths / 10, tenths % 10)
            }
        }
    }

    /// `Reset password dan informasi user ID`.
    pub fn services(&self, services: &[Service]) -> String {
        let reset = services.contains(&Service::ResetPassword);
        let user_id = services.contains(&Service::UserIdInfo);
        match (reset, user_id) {
            (true, true) => self.pick("Reset password dan informasi user ID", "Password reset and user ID information"),
            (true, false) => self.pick("Reset password", "Password reset"),
            (false, true) => self.pick("Informasi user ID", "User ID information"),
            (false, false) => self.pick("Layanan belum jelas", "Service not clear"),
        }
        .to_owned()
    }

    /// One of two words, by language.
    pub fn pick<'t>(&self, id: &'t str, en: &'t str) -> &'t str {
        match self.lang {
            Language::Id => id,
            Language::En => en,
        }
    }
}

/// A sentence with one value set apart (a user ID, a NIP): stretches of text, true where the value stands.
pub fn around(sentence: &str, value: &str) -> Vec<(String, bool)> {
    match sentence.split_once("{0}") {
        Some((before, after)) => {
            vec![(before.to_owned(), false), (value.to_owned(), true), (after.to_owned(), false)]
        }
        None => vec![(sentence.to_owned(), false)],
    }
}

/// Puts `values` in the places `{0}`, `{1}`, … of a sentence from the catalogue. A value is never looked at again.
pub fn fill(sentence: &str, values: &[&str]) -> String {
    let mut out = String::with_capacity(sentence.len() + 32);
    let mut rest = sentence;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let digit = rest.as_bytes().get(open + 1).copied().unwrap_or(0);
        let closed = rest.as_bytes().get(open + 2) == Some(&b'}');
        match values.get(usize::from(digit.wrapping_sub(b'0'))) {
            Some(value) if closed => {
                out.push_str(value);
                rest = one_stop(&out, &rest[open + 3..]);
            }
            _ => {
                out.push('{');
                rest = &rest[open + 1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// What follows a value: its own full stop, as a degree has one (`S.Kom.`), ends the sentence too.
pub fn one_stop<'r>(before: &str, rest: &'r str) -> &'r str {
    let ends = before.ends_with('.') && rest.starts_with('.') && !rest.starts_with("..");
    if ends { &rest[1..] } else { rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_filled_in_once() {
        assert_eq!(fill("{0} dan {1}, {0}", &["{1}", "b"]), "{1} dan b, {1}");
        assert_eq!(fill("{9} { {0", &["a"]), "{9} { {0");
    }
}
