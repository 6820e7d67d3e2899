//! The queue, held mails, and the demo's letters.

use chrono::{DateTime, Utc};

use crate::sop::names::{CaseNumber, Service};

/// What is held for a person: a mail, and whatever came to it since.
#[derive(Debug, Clone)]
pub struct HeldView {
    pub id: String,
    /// Stands for exactly these mails, so that what is settled is what was seen.
    pub seen: String,
    /// As they came; never empty.
    pub mails: Vec<HeldMail>,
    /// Machine name: `unauthenticated`, `dangerous_attachment`, `malformed`.
    pub reason: String,
    pub alerts: Vec<String>,
    /// Admitting it leads to a call, as its sender is not proven.
    pub calls: bool,
}

#[derive(Debug, Clone)]
pub struct HeldMail {
    pub received: DateTime<Utc>,
    pub from: String,
    pub subject: String,
    /// Names and bytes.
    pub attachments: Vec<(String, u64)>,
    /// The mail's own words, bounded.
    pub body: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// Working minutes over the standard.
    Over {
        by: u32,
    },
    Left {
        minutes: u32,
        due: DateTime<Utc>,
    },
    Stopped,
    Unclocked,
}

#[derive(Debug, Clone)]
pub enum RowSubject {
    Case { number: CaseNumber, services: Vec<Service>, name: String, step: u8 },
    Held { id: String, subject: String },
}

/// One line of the queue.
#[derive(Debug, Clone)]
pub struct DeskRow {
    pub waiting: Waiting,
    pub subject: RowSubject,
    /// What the reader should know, one line.
    pub detail: String,
    /// A reason for an overrun is still to be entered.
    pub owes_reason: bool,
}

/// What is looked for on the desk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeskFilter {
    pub words: String,
    pub step: Option<StepFilter>,
    pub mine: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepFilter {
    Step(u8),
    Held,
}

#[derive(Debug, Clone, Default)]
pub struct DeskView {
    pub open: usize,
    pub waiting_for_you: usize,
    pub overdue: usize,
    pub closed_today: usize,
    /// Working minutes; `None` before the first case.
    pub median_step_5: Option<u32>,
    /// When the mailbox was last looked at.
    pub looked_at: Option<DateTime<Utc>>,
    pub now: DateTime<Utc>,
    /// Alarms of the service itself, a sentence each.
    pub alarms: Vec<String>,
    /// Open requests by step, only those that are not empty.
    pub by_step: Vec<(StepFilter, usize)>,
    /// Sorted by due time, the filter applied.
    pub rows: Vec<DeskRow>,
}

/// The letters of the demo.
#[derive(Debug, Clone, Default)]
pub struct SandboxView {
    /// Newest first.
    pub letters: Vec<LetterRow>,
    pub chosen: Option<LetterView>,
    /// Names of the demo's admins and their current codes.
    pub codes: Vec<(String, String)>,
    /// Names of the demo's applicants and what their one-time pages ask for.
    pub applicants: Vec<(String, String)>,
    /// Things to start, by id and label.
    pub plays: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
pub struct LetterRow {
    pub id: String,
    pub at: DateTime<Utc>,
    pub to: String,
    /// Without the number's tag.
    pub subject: String,
    pub number: Option<CaseNumber>,
}

#[derive(Debug, Clone)]
pub struct LetterView {
    pub id: String,
    pub at: DateTime<Utc>,
    pub from: String,
    pub to: String,
    pub subject: String,
    /// Plain text; addresses of this desk become links.
    pub body: String,
}
