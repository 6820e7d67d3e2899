//! Service hours in words: days with the same hours are named together.

use chrono::Weekday;
use chrono_tz::Tz;

use crate::sop::hours::{DayHours, Week};

const DAYS: [(Weekday, &str, &str); 7] = [
    (Weekday::Mon, "Senin", "Monday"),
    (Weekday::Tue, "Selasa", "Tuesday"),
    (Weekday::Wed, "Rabu", "Wednesday"),
    (Weekday::Thu, "Kamis", "Thursday"),
    (Weekday::Fri, "Jumat", "Friday"),
    (Weekday::Sat, "Sabtu", "Saturday"),
    (Weekday::Sun, "Minggu", "Sunday"),
];

/// `Senin sampai Kamis pukul 07.30–16.00, Jumat pukul 07.30–16.30 WITA`, and the same in English. From the first
/// opening to the last closing of a day; breaks are not named.
pub fn in_words(week: &Week, zone: Tz) -> (String, String) {
    let label = super::zone_label(chrono::DateTime::UNIX_EPOCH, zone);
    let mut runs: Vec<(usize, usize, (u16, u16))> = Vec::new();
    for (index, (day, ..)) in DAYS.iter().enumerate() {
        let Some(open) = bounds(week.day(*day)) else { continue };
        match runs.last_mut() {
            Some((_, last, hours)) if *last + 1 == index && *hours == open => *last = index,
            _ => runs.push((index, index, open)),
        }
    }
    let id = runs.iter().map(|(a, b, (from, to))| {
        let days = if a == b { DAYS[*a].1.to_owned() } else { format!("{} sampai {}", DAYS[*a].1, DAYS[*b].1) };
        format!("{days} pukul {}–{}", clock(*from, '.'), clock(*to, '.'))
    });
    let en = runs.iter().map(|(a, b, (from, to))| {
        let days = if a == b { DAYS[*a].2.to_owned() } else { format!("{} to {}", DAYS[*a].2, DAYS[*b].2) };
        format!("{days} {}–{}", clock(*from, ':'), clock(*to, ':'))
    });
    let join = |parts: Vec<String>| format!("{} {label}", parts.join(", "));
    (join(id.collect()), join(en.collect()))
}

/// Minutes after midnight of the first opening and the last closing.
fn bounds(day: &DayHours) -> Option<(u16, u16)> {
    Some((day.spans().first()?.from(), day.spans().last()?.until()))
}

fn clock(minutes: u16, mark: char) -> String {
    format!("{:02}{mark}{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sop::procedure::Procedure;

    #[test]
    fn days_with_the_same_hours_are_named_together() {
        let (id, en) = in_words(&Procedure::helpdesk().hours.week, chrono_tz::Asia::Makassar);

        assert_eq!(id, "Senin sampai Kamis pukul 07.30–16.00, Jumat pukul 07.30–16.30 WITA");
        assert_eq!(en, "Monday to Thursday 07:30–16:00, Friday 07:30–16:30 WITA");
    }
}
