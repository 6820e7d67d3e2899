//! What every page of a case shows, and the pages of its phases outside the review.

use chrono::{DateTime, Utc};

use super::review::{ReviewView, TwoView};
use crate::sop::names::{CaseNumber, Nip, Service};
use crate::web::answer::SeenResult;

/// One of the four decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Choice {
    Approve,
    Complete,
    Reject,
    HandOver,
}

/// How many findings of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub met: usize,
    pub contradicted: usize,
    pub unclear: usize,
    pub missing: usize,
}

/// Where a time standard comes from; a proposed one is never shown as a breach of the SOP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Sop,
    Proposed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockState {
    /// Working minutes left (negative: over) until `due`.
    Running { left: i64, due: DateTime<Utc> },
    /// Waiting for the applicant, at the latest until `until`.
    Stopped { until: Option<DateTime<Utc>> },
}

/// The clock of the current step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepClock {
    pub state: ClockState,
    /// Working minutes.
    pub standard: u32,
    pub origin: Origin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    Done,
    Skipped,
    Current,
    Next,
}

/// What stands above every page of a case.
#[derive(Debug, Clone)]
pub struct CaseHead {
    pub number: CaseNumber,
    pub services: Vec<Service>,
    /// The applicant's name as the letter gives it; empty where none was found.
    pub name: String,
    pub user_id: Option<String>,
    pub work_unit: Option<String>,
    pub received: DateTime<Utc>,
    /// Steps 1 to 9.
    pub steps: [StepState; 9],
    pub clock: Option<StepClock>,
    /// A year whose holidays are not installed: the clock is provisional.
    pub holidays_missing: Option<i32>,
    /// A letter that bounced.
    pub undelivered: Option<Undelivered>,
    /// Overruns whose reason is still to be entered.
    pub deviations: Vec<DeviationView>,
}

#[derive(Debug, Clone)]
pub struct Undelivered {
    /// The letter's subject.
    pub letter: String,
    pub to: String,
    pub at: DateTime<Utc>,
    pub why: String,
}

#[derive(Debug, Clone)]
pub struct DeviationView {
    pub id: String,
    pub step: u8,
    /// Working minutes spent.
    pub spent: u32,
    pub standard: u32,
    pub origin: Origin,
    /// Name of the admin accountable.
    pub actor: String,
}

/// The page of a case in its phase.
pub enum CasePage {
    Review(Box<ReviewView>),
    Task(Box<TaskView>),
    Unknown(Box<UnknownView>),
    Outcome(Box<OutcomeView>),
}

/// Work a person does in SPSE.
pub struct TaskView {
    pub head: CaseHead,
    pub nip: Option<Nip>,
    pub approved_by: String,
    pub approved_at: DateTime<Utc>,
    /// Binds the outcome to this attempt.
    pub attempt: String,
}

/// An attempt nobody knows the outcome of.
pub struct UnknownView {
    pub head: CaseHead,
    pub attempt: String,
    pub since: DateTime<Utc>,
    /// What was tried and how it ended, one sentence.
    pub what: String,
}

/// What the page of a decided case says first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Headline {
    /// Approved; the account system is at work.
    Executing,
    /// Approved and waiting for a second admin.
    AwaitsSecond,
    PasswordReset,
    UserIdSent,
    CompletionAsked,
    Rejected,
    HandedOver {
        to: String,
    },
    /// The applicant opened the result.
    Revealed,
    ChangeConfirmed,
    Withdrawn,
    Expired,
    OutOfScope,
    Archived,
    /// The account system refused; what to do stands in `next`.
    Failed,
}

/// What was done, and what follows.
pub struct OutcomeView {
    pub head: CaseHead,
    pub headline: Headline,
    /// How long the link works, where one was sent.
    pub link_until: Option<DateTime<Utc>>,
    /// What happened, oldest first, one sentence each.
    pub history: Vec<(DateTime<Utc>, String)>,
    pub times: Vec<StepTime>,
    /// What happens next and whether the reader must act, one or two sentences.
    pub next: String,
    /// What either of the following means; empty where neither is offered.
    pub seen: SeenResult,
    /// A new secret and link can be issued.
    pub can_reissue: bool,
    pub can_hand_in_person: bool,
    /// Where either takes two people.
    pub two: Option<TwoView>,
}

#[derive(Debug, Clone, Copy)]
pub struct StepTime {
    pub step: u8,
    /// Working minutes.
    pub spent: u32,
    pub standard: u32,
    pub origin: Origin,
}
