//! Opening hours as data: the regular week and named seasons (procedure file), and one file of dates per year.
//!
//! Perpres 21/2023 sets weekly hours and breaks, each office its own table; holidays come from the yearly joint decree
//! (SKB 3 Menteri) and are never computed. Nothing here does arithmetic with time: read [`super::worktime`] next.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{Datelike, NaiveDate, Weekday};
use serde::{Deserialize, Deserializer, Serialize};

/// A stretch of one day, in minutes after local midnight; `until` is exclusive and at most 1440. Written `07.30-12.00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span {
    from: u16,
    until: u16,
}

impl Span {
    pub fn from(self) -> u16 {
        self.from
    }

    pub fn until(self) -> u16 {
        self.until
    }
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a stretch of the day such as \"07.30-12.00\"");
        let (from, until) = text.split_once(['-', '–']).ok_or_else(wrong)?;
        let (from, until) = (minute_of_day(from).ok_or_else(wrong)?, minute_of_day(until).ok_or_else(wrong)?);
        if from >= until {
            return Err(format!("{text:?} ends before it begins; write two stretches for hours over midnight"));
        }
        Ok(Self { from, until })
    }
}

impl From<Span> for String {
    fn from(span: Span) -> String {
        span.to_string()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, until) = (self.from, self.until);
        write!(f, "{:02}.{:02}-{:02}.{:02}", from / 60, from % 60, until / 60, until % 60)
    }
}

/// Reads `07.30` or `07:30`, up to `24.00`.
fn minute_of_day(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(['.', ':'])?;
    let number =
        |s: &str| (s.len() <= 2 && s.bytes().all(|b| b.is_ascii_digit())).then(|| s.parse::<u16>().ok()).flatten();
    let (hour, minute) = (number(hour)?, number(minute)?);
    (minute < 60 && hour * 60 + minute <= 1440).then_some(hour * 60 + minute)
}

/// The open stretches of one day, in order and apart; empty when the office is closed. A break is a gap.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Span>", into = "Vec<Span>")]
pub struct DayHours(Vec<Span>);

impl DayHours {
    pub fn spans(&self) -> &[Span] {
        &self.0
    }

    pub fn is_closed(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<Vec<Span>> for DayHours {
    type Error = String;

    fn try_from(spans: Vec<Span>) -> Result<Self, String> {
        match spans.windows(2).find(|pair| pair[0].until > pair[1].from) {
            Some(pair) => Err(format!("\"{}\" and \"{}\" overlap or stand in the wrong order", pair[0], pair[1])),
            None => Ok(Self(spans)),
        }
    }
}

impl From<DayHours> for Vec<Span> {
    fn from(day: DayHours) -> Vec<Span> {
        day.0
    }
}

/// Open hours per weekday; a weekday that is left out is closed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Week {
    pub monday: DayHours,
    pub tuesday: DayHours,
    pub wednesday: DayHours,
    pub thursday: DayHours,
    pub friday: DayHours,
    pub saturday: DayHours,
    pub sunday: DayHours,
}

impl Week {
    pub fn day(&self, weekday: Weekday) -> &DayHours {
        match weekday {
            Weekday::Mon => &self.monday,
            Weekday::Tue => &self.tuesday,
            Weekday::Wed => &self.wednesday,
            Weekday::Thu => &self.thursday,
            Weekday::Fri => &self.friday,
            Weekday::Sat => &self.saturday,
            Weekday::Sun => &self.sunday,
        }
    }

    pub fn is_always_closed(&self) -> bool {
        let mut weekday = Weekday::Mon;
        (0..7).all(|_| {
            weekday = weekday.succ();
            self.day(weekday).is_closed()
        })
    }
}

/// The `[hours]` of a procedure: the regular week, and weeks for seasons that a year's file dates (Ramadan).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    pub week: Week,
    #[serde(default)]
    pub seasons: BTreeMap<String, Week>,
}

/// One file of `holidays/`: the dates of one year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct YearDates {
    pub year: i32,
    /// The decree the dates were taken from.
    pub source: String,
    #[serde(default)]
    pub closed: Vec<ClosedDate>,
    #[serde(default)]
    pub open: Vec<OpenDate>,
    #[serde(default)]
    pub season: Vec<Season>,
}

/// A day on which the office is closed whatever the week says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClosedDate {
    #[serde(deserialize_with = "date")]
    pub date: NaiveDate,
    pub name: String,
    pub kind: ClosedKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosedKind {
    /// Hari libur nasional.
    National,
    /// Cuti bersama.
    CollectiveLeave,
    /// A day of the region or the office itself.
    Regional,
}

/// A day on which the office is open although the week or a holiday says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenDate {
    #[serde(deserialize_with = "date")]
    pub date: NaiveDate,
    pub name: String,
    pub hours: DayHours,
}

/// The dates, both inclusive, on which the hours of a season apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Season {
    /// A key of the procedure's `[hours.seasons]`.
    pub hours: String,
    #[serde(deserialize_with = "date")]
    pub from: NaiveDate,
    #[serde(deserialize_with = "date")]
    pub until: NaiveDate,
}

impl YearDates {
    /// Reads one year's file. The error is one sentence with the line it stands on.
    pub fn parse(text: &str) -> Result<Self, String> {
        let year: Self = toml::from_str(text).map_err(|e| super::procedure::sentence(&e, text))?;
        year.flaw().map_or(Ok(year), Err)
    }

    /// The first date that belongs to another year, stands twice, or runs backwards.
    fn flaw(&self) -> Option<String> {
        let single = self.closed.iter().map(|c| ("closed", c.date)).chain(self.open.iter().map(|o| ("open", o.date)));
        let mut seen = Vec::new();
        for (list, date) in single {
            if date.year() != self.year {
                return Some(format!(
                    "`{list}` names {date}, which is not in {}; move it to that year's file",
                    self.year
                ));
            }
            if seen.contains(&(list, date)) {
                return Some(format!("`{list}` names {date} twice; keep one"));
            }
            seen.push((list, date));
        }
        let backwards = self.season.iter().find(|s| s.from > s.until)?;
        Some(format!("`season` \"{}\" ends before it begins; exchange `from` and `until`", backwards.hours))
    }
}

/// Accepts a TOML date and a date in quotes.
pub(super) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Bare(toml::value::Datetime),
        Quoted(String),
    }
    let text = match Written::deserialize(deserializer)? {
        Written::Bare(date) => date.to_string(),
        Written::Quoted(text) => text,
    };
    text.parse().map_err(|_| serde::de::Error::custom(format!("{text:?} is not a date such as 2026-11-09")))
}
