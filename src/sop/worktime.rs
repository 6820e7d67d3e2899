//! Working time: how much of a stretch of time the office was open, and when so much of it will have passed.
//!
//! The SOP's time standards count only inside open hours (DOMAIN §6): a mail of Friday 16.28 with a standard of ten
//! minutes is due on Monday 07.38. Moments are UTC, days and hours those of the office's zone. Counting is in whole
//! seconds, so that lengths add up exactly. No clock is read here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Add;

use chrono::{DateTime, Datelike, Days, MappedLocalTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::hours::{DayHours, Hours, Span, Week, YearDates};

/// A length of working time: set in minutes by the SOP, counted and stored in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Minutes {
    seconds: u64,
}

impl Minutes {
    pub const ZERO: Self = Self { seconds: 0 };

    pub const fn of(minutes: u32) -> Self {
        Self { seconds: minutes as u64 * 60 }
    }

    pub const fn of_seconds(seconds: u64) -> Self {
        Self { seconds }
    }

    pub fn seconds(self) -> u64 {
        self.seconds
    }

    /// Whole minutes that have passed.
    pub fn whole(self) -> u64 {
        self.seconds / 60
    }

    /// What is left of a standard, zero once it is used up.
    pub fn saturating_sub(self, other: Self) -> Self {
        Self { seconds: self.seconds.saturating_sub(other.seconds) }
    }

    /// The given part of this length, rounded down to a second.
    pub fn percent(self, percent: u32) -> Self {
        Self { seconds: (u128::from(self.seconds) * u128::from(percent) / 100).try_into().unwrap_or(u64::MAX) }
    }
}

impl Add for Minutes {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { seconds: self.seconds.saturating_add(other.seconds) }
    }
}

impl fmt::Display for Minutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} min", self.whole())
    }
}

/// When the office is open. Built from a procedure's hours and the years' dates; always open at some time.
#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    zone: Tz,
    week: Week,
    /// Both days inclusive; the first that fits applies.
    seasons: Vec<(NaiveDate, NaiveDate, Week)>,
    closed: BTreeMap<NaiveDate, String>,
    open: BTreeMap<NaiveDate, DayHours>,
    years: BTreeSet<i32>,
}

impl Calendar {
    /// Joins hours and dates. Refuses a week without open hours and a season that the hours do not name.
    pub fn new(zone: Tz, hours: &Hours, years: &[YearDates]) -> Result<Self, String> {
        if hours.week.is_always_closed() {
            return Err(
                "`hours.week` has no open hours, so no deadline could ever be reached; open at least one day".into()
            );
        }
        let mut named =
            years.iter().flat_map(|dates| dates.season.iter().map(move |season| (dates.year, &season.hours)));
        if let Some((year, season)) = named.find(|(_, season)| !hours.seasons.contains_key(*season)) {
            return Err(format!("the dates of {year} name the season `{season}`, which `hours.seasons` lacks"));
        }
        Ok(Self::as_far_as_known(zone, hours, years))
    }

    /// As [`Calendar::new`], of hours that were accepted earlier: a season they do not name has the plain week.
    pub fn as_far_as_known(zone: Tz, hours: &Hours, years: &[YearDates]) -> Self {
        let mut calendar = Self::weekly(zone, hours.week.clone());
        for dates in years {
            calendar.years.insert(dates.year);
            calendar.closed.extend(dates.closed.iter().map(|c| (c.date, c.name.clone())));
            calendar.open.extend(dates.open.iter().map(|o| (o.date, o.hours.clone())));
            for season in &dates.season {
                if let Some(week) = hours.seasons.get(&season.hours) {
                    calendar.seasons.push((season.from, season.until, week.clone()));
                }
            }
        }
        calendar
    }

    fn weekly(zone: Tz, week: Week) -> Self {
        let (seasons, closed, open, years) = Default::default();
        Self { zone, week, seasons, closed, open, years }
    }

    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The years whose holidays are known.
    pub fn years(&self) -> &BTreeSet<i32> {
        &self.years
    }

    /// The moment on the office's clock.
    pub fn local(&self, t: DateTime<Utc>) -> DateTime<Tz> {
        t.with_timezone(&self.zone)
    }

    pub fn local_date(&self, t: DateTime<Utc>) -> NaiveDate {
        self.local(t).date_naive()
    }

    /// Whether the holidays of the year of `t` are missing: clocks go on and are marked.
    pub fn is_provisional(&self, t: DateTime<Utc>) -> bool {
        !self.years.contains(&self.local_date(t).year())
    }

    /// The name of the holiday on this day, if the office is closed for one.
    pub fn holiday(&self, day: NaiveDate) -> Option<&str> {
        if self.open.contains_key(&day) { None } else { self.closed.get(&day).map(String::as_str) }
    }

    /// The open hours of a day: an extra open date goes before a closed one, that before a season, that before the week.
    pub fn hours_on(&self, day: NaiveDate) -> DayHours {
        if let Some(hours) = self.open.get(&day) {
            return hours.clone();
        }
        if self.closed.contains_key(&day) {
            return DayHours::default();
        }
        let season = self.seasons.iter().find(|(from, until, _)| (*from..=*until).contains(&day));
        season.map_or(&self.week, |(_, _, week)| week).day(day.weekday()).clone()
    }

    pub fn is_working_day(&self, day: NaiveDate) -> bool {
        !self.hours_on(day).is_closed()
    }

    /// Whether the office is open; the minute of closing counts as closed.
    pub fn is_open(&self, t: DateTime<Utc>) -> bool {
        self.spans_on(self.local_date(t)).iter().any(|(from, until)| (*from..*until).contains(&t.timestamp()))
    }

    /// `t` itself while open, else the next opening.
    pub fn next_opening(&self, t: DateTime<Utc>) -> DateTime<Utc> {
        let second = t.timestamp();
        let next = self.spans_from(t).find(|(_, until)| *until > second);
        next.filter(|(from, _)| *from > second).map_or(t, |(from, _)| moment(from, t))
    }

    /// Open time between two moments; zero when `to` is not after `from`.
    pub fn working_minutes(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Minutes {
        let (start, end) = (from.timestamp(), to.timestamp());
        let within = self.spans_from(from).take_while(|(opening, _)| *opening < end);
        let seconds: i64 = within.map(|(opening, closing)| (closing.min(end) - opening.max(start)).max(0)).sum();
        Minutes::of_seconds(seconds.unsigned_abs())
    }

    /// The first moment at which so much working time has passed since `from`; `from` itself for none.
    pub fn add_working(&self, from: DateTime<Utc>, time: Minutes) -> DateTime<Utc> {
        pass(from, time.seconds, self.spans_from(from))
    }

    /// The first moment at which so many hours have passed, night hours of working days included, other days left out.
    /// Links to admins live so long (THREATS, tokens).
    pub fn add_hours_of_working_days(&self, from: DateTime<Utc>, hours: u32) -> DateTime<Utc> {
        let days = self.days_from(from).filter(|day| self.is_working_day(*day));
        pass(
            from,
            u64::from(hours) * 3600,
            days.map(|day| (self.at(day, 0, Side::Opening), self.at(day, 1440, Side::Closing))),
        )
    }

    /// The closing of the `n`th working day after the day of `t`; of the day of `t` itself, or the next working day, for 0.
    pub fn add_working_days(&self, t: DateTime<Utc>, n: u32) -> DateTime<Utc> {
        let skipped = usize::try_from(n).unwrap_or(usize::MAX);
        let days = self.days_from(t).skip(usize::from(n > 0)).filter(|day| self.is_working_day(*day));
        let last = days.map(|day| self.spans_on(day)).nth(skipped.saturating_sub(1));
        last.and_then(|spans| spans.last().copied()).map_or(t, |(_, closing)| moment(closing, t))
    }

    /// 12.00 of the first working day after the day of `t`.
    pub fn noon_of_next_working_day(&self, t: DateTime<Utc>) -> DateTime<Utc> {
        let next = self.days_from(t).skip(1).find(|day| self.is_working_day(*day));
        next.map_or(t, |day| moment(self.at(day, 720, Side::Opening), t))
    }

    /// The office's days from the day of `t` on, without end.
    fn days_from(&self, t: DateTime<Utc>) -> impl Iterator<Item = NaiveDate> + use<> {
        let mut next = Some(self.local_date(t));
        std::iter::from_fn(move || {
            let day = next?;
            next = day.checked_add_days(Days::new(1));
            Some(day)
        })
    }

    /// Open stretches in seconds of UTC, in order, from the day of `t` on.
    fn spans_from(&self, t: DateTime<Utc>) -> impl Iterator<Item = (i64, i64)> + '_ {
        self.days_from(t).flat_map(|day| self.spans_on(day))
    }

    fn spans_on(&self, day: NaiveDate) -> Vec<(i64, i64)> {
        let mut closed_until = i64::MIN;
        let clip = |span: &Span| {
            let opening = self.at(day, span.from(), Side::Opening).max(closed_until);
            let closing = self.at(day, span.until(), Side::Closing);
            closed_until = closing.max(closed_until);
            (opening < closing).then_some((opening, closing))
        };
        self.hours_on(day).spans().iter().filter_map(clip).collect()
    }

    /// The second of UTC at which the office's clock shows this minute of the day. Where a change of offset repeats the
    /// minute, an opening takes the first and a closing the last; where it skips the minute, the first that exists after.
    fn at(&self, day: NaiveDate, minute: u16, side: Side) -> i64 {
        let wanted = day.and_time(NaiveTime::MIN) + TimeDelta::minutes(i64::from(minute));
        let tries =
            (0..=104).map(|quarter| self.zone.from_local_datetime(&(wanted + TimeDelta::minutes(quarter * 15))));
        let found = tries.filter_map(|mapped| match mapped {
            MappedLocalTime::Single(t) => Some(t.timestamp()),
            MappedLocalTime::Ambiguous(first, last) => {
                Some(if side == Side::Opening { first } else { last }.timestamp())
            }
            MappedLocalTime::None => None,
        });
        found.take(1).next().unwrap_or_else(|| wanted.and_utc().timestamp())
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Opening,
    Closing,
}

/// Walks along stretches of time until `seconds` of them have passed.
fn pass(from: DateTime<Utc>, seconds: u64, spans: impl Iterator<Item = (i64, i64)>) -> DateTime<Utc> {
    let (start, mut left) = (from.timestamp(), i64::try_from(seconds).unwrap_or(i64::MAX));
    if left == 0 {
        return from;
    }
    for (opening, closing) in spans {
        let opening = opening.max(start);
        let here = (closing - opening).max(0);
        if here >= left {
            return moment(opening + left, from);
        }
        left -= here;
    }
    DateTime::<Utc>::MAX_UTC
}

fn moment(second: i64, otherwise: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap_or(otherwise)
}
