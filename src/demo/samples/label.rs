//! What must come of a sample: how its mail is understood, what the people in it do, and how its case ends.

use crate::sop::checklist::Finding;
use crate::sop::names::Service;

/// A sample's label. `demo --once` plays `plays` in order and compares.
#[derive(Debug, Clone)]
pub struct Label {
    /// Machine name: `complete`.
    pub id: &'static str,
    /// For the table: what the mail is.
    pub title: &'static str,
    pub title_en: &'static str,
    /// Of the first mail.
    pub verdict: Verdict,
    pub services: Vec<Service>,
    /// Of the first mail: whether no step-2 item is missing or contradicted; `None` where no dossier is opened.
    pub complete: Option<bool>,
    /// Checklist items of the first mail that make the difference, each with the findings that are right.
    pub findings: Vec<(&'static str, &'static [Finding])>,
    pub plays: Vec<Play>,
    pub fate: Fate,
}

/// As `inspect --json` says it, with the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Request,
    Ignored(&'static str),
    Refused(&'static str),
}

/// What somebody does, or time does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Play {
    /// The admin asks the applicant to complete.
    AskToComplete,
    /// The applicant answers with the sample's second mail.
    FollowUp,
    /// Nobody answers; the deadline of the completion passes.
    LetDeadlinePass,
    Approve,
    /// For the reason of this code.
    Reject(&'static str),
    /// The admin drops a held mail.
    DropHeld,
    /// The applicant opens the one-time page and types the NIP.
    Reveal {
        nip: &'static str,
    },
    /// The applicant confirms the changed password.
    ConfirmChange,
}

/// How it must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    ResetConfirmed,
    UserIdGiven,
    Rejected(&'static str),
    /// Not completed in time.
    Expired,
    Withdrawn,
    OutOfScope,
    /// A held mail that an admin dropped.
    Dropped,
    /// No case, no answer.
    Ignored,
}
