//! The time sheet: which step ran when, for whom, and where it ran over (SOP *mutu baku*, *peringatan* 2).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::phase::AdminId;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeSheet {
    pub spans: Vec<Span>,
    pub deviations: Vec<Deviation>,
}

/// One person's stay in a step. Whoever takes a case over gets a stay of their own, so that each accounts for their own
/// time. Steps 1 and 4 are the applicant's: they name no actor and have no clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub step: u8,
    pub actor: Option<AdminId>,
    pub from: DateTime<Utc>,
    pub to: Option<DateTime<Utc>>,
}

/// A standard that was overrun, and what its executor says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deviation {
    pub step: u8,
    pub actor: Option<AdminId>,
    /// Working minutes allowed and taken; a minute that has begun counts as taken.
    pub standard: u32,
    pub taken: u32,
    /// Whether the limit is the SOP's own (`sop`) or the office's (`proposed`).
    pub origin: String,
    /// A year without a holiday file was involved.
    pub provisional: bool,
    pub explained: Option<Explanation>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    pub by: AdminId,
    pub at: DateTime<Utc>,
    pub reason: String,
}

impl TimeSheet {
    pub fn open_span(&self) -> Option<&Span> {
        self.spans.last().filter(|s| s.to.is_none())
    }

    /// Closes the open span at `at` and opens one for `step`; never before what is already on the sheet.
    pub fn enter(&mut self, step: u8, actor: Option<AdminId>, at: DateTime<Utc>) {
        let from = self.not_before(at);
        self.leave(from);
        self.spans.push(Span { step, actor, from, to: None });
    }

    /// `at`, or the end of what is on the sheet where a clock or a mail's date lies before it.
    pub fn not_before(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        self.spans.last().map_or(at, |last| at.max(last.to.unwrap_or(last.from)))
    }

    pub fn leave(&mut self, at: DateTime<Utc>) {
        if let Some(span) = self.spans.last_mut().filter(|s| s.to.is_none()) {
            span.to = Some(at.max(span.from));
        }
    }

    pub fn has_done(&self, step: u8) -> bool {
        self.spans.iter().any(|s| s.step == step && s.to.is_some())
    }
}
