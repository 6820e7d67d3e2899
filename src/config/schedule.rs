//! The archive's schedule: a cron expression with seconds, day names required, read in the office's zone.
//!
//! Bare weekday numbers are refused: cron dialects disagree whether 1 is Sunday or Monday, and nobody would notice.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use cron::Schedule;

/// A checked expression.
#[derive(Clone)]
pub struct ArchiveSchedule {
    text: String,
    schedule: Schedule,
}

impl ArchiveSchedule {
    /// Every working day at the end of office hours.
    pub const USUAL: &'static str = "0 0 17 * * Mon-Fri";

    pub fn usual() -> Self {
        Self::parse(Self::USUAL).expect("the default schedule is held valid by a test")
    }

    /// Reads `second minute hour day month weekday [year]`. The error says what to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let form = "write `second minute hour day month weekday`, and a year if wanted, such as \"0 0 17 * * Mon-Fri\"";
        match fields.len() {
            6 | 7 => {}
            5 => {
                return Err(format!(
                    "is {text:?} with five fields, so the seconds are missing; put a 0 in front: \"0 {text}\""
                ));
            }
            n => return Err(format!("is {text:?} with {n} fields; {form}")),
        }
        if fields[5].bytes().any(|b| b.is_ascii_digit()) {
            let weekday = fields[5];
            return Err(format!(
                "names the weekday by number ({weekday}), which cron dialects read differently; write names, such as Mon-Fri"
            ));
        }
        let schedule =
            Schedule::from_str(text).map_err(|why| format!("is {text:?}, which cannot be read: {why}; {form}"))?;
        if schedule.after(&DateTime::<Utc>::UNIX_EPOCH).next().is_none() {
            return Err(format!("is {text:?}, a moment that never comes; {form}"));
        }
        Ok(Self { text: text.to_owned(), schedule })
    }

    /// The next moment after `t`; `None` if the expression's years are over.
    pub fn next_after(&self, zone: Tz, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // In an hour that comes twice, the library also tells moments of its first round.
        self.schedule.after(&t.with_timezone(&zone)).map(|next| next.to_utc()).find(|next| *next > t)
    }
}

impl fmt::Display for ArchiveSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for ArchiveSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ArchiveSchedule({:?})", self.text)
    }
}
