//! The monthly report.

use chrono::{DateTime, Utc};

use crate::engine::register::Report;

/// A month, as it stands in an address: `2026-11`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    pub year: i32,
    /// From 1.
    pub month: u32,
}

impl Month {
    /// Reads `2026-11`; `None` where the text has another shape.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let digits = |s: &str, n: usize| s.len() == n && s.bytes().all(|b| b.is_ascii_digit());
        let month = month.parse().ok().filter(|n| (1..=12).contains(n) && digits(month, 2))?;
        Some(Self { year: year.parse().ok().filter(|_| digits(year, 4))?, month })
    }

    /// Whether a link may lead to it while this month is the present one.
    pub fn is_offered_in(self, present: Self) -> bool {
        self <= present && Self::parse(&self.to_string()) == Some(self)
    }

    pub fn before(self) -> Self {
        match self.month {
            1 => Self { year: self.year - 1, month: 12 },
            month => Self { month: month - 1, ..self },
        }
    }

    pub fn after(self) -> Self {
        match self.month {
            12 => Self { year: self.year + 1, month: 1 },
            month => Self { month: month + 1, ..self },
        }
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// A month's report; its admins are named by name.
pub struct ReportView {
    pub report: Report,
    /// When it was made.
    pub at: DateTime<Utc>,
}

/// A form of the report to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportForm {
    Csv,
    Json,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_read_as_it_is_written_and_has_neighbours() {
        let month = Month::parse("2026-01").expect("a month");

        assert_eq!((month.before().to_string(), month.after().to_string()), ("2025-12".into(), "2026-02".into()));
        assert_eq!(month.before().after(), month);
        let (first, last) = (Month { year: 0, month: 1 }, Month { year: 9999, month: 12 });
        assert!(month.is_offered_in(month) && !month.after().is_offered_in(month), "none that has not begun");
        assert!(
            first.is_offered_in(month) && !first.before().is_offered_in(month) && !last.after().is_offered_in(last)
        );
        for wrong in ["2026-1", "2026-13", "2026-00", "26-01", "2026", "2026-01-01", "+026-01", "2026-+1", ""] {
            assert_eq!(Month::parse(wrong), None, "{wrong}");
        }
    }
}
