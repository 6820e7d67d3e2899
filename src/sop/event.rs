//! What has happened, in the past tense: the journal's entries. `evolve` rebuilds a case from them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::account::Account;
use super::case::{Channel, Confirmation, DecisionRecord, LetterRecord, MailRef, ProcedurePin};
use super::checklist::Understanding;
use super::command::DraftKind;
use super::names::{CaseNumber, Language, OfficeId, Sha256Hex};
use super::phase::{AdminId, Attempt, HeldReason, Outcome, Proposal, Reveal};
use super::timesheet::Deviation;

/// One thing that happened to a case; what is on record is never changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    Opened(Box<Opened>),
    MailAdded {
        mail: Box<MailRef>,
    },
    /// The merged dossier was checked (SOP steps 2 and 5).
    Checked {
        understanding: Box<Understanding>,
        account: Option<Box<Account>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_approved: Option<DateTime<Utc>>,
    },
    Held {
        reason: HeldReason,
    },
    Admitted {
        by: AdminId,
    },
    /// A proposal was made, and every link to an earlier one is void.
    Proposed {
        proposal: Box<Proposal>,
        triggers: Vec<String>,
    },
    Assigned {
        to: AdminId,
        by: Option<AdminId>,
        reason: String,
    },
    /// What follows in the same step was done for an admin who is away.
    StoodIn {
        by: AdminId,
        absent: AdminId,
    },
    CompletionAsked {
        by: Option<AdminId>,
        channel: Channel,
        round: u8,
        deadline: DateTime<Utc>,
        items: Vec<String>,
    },
    ConfirmationRecorded {
        confirmation: Confirmation,
    },
    /// What the recorded confirmation answered.
    TriggersSettled {
        triggers: Vec<String>,
    },
    /// Approved without the confirmation that was called for, as the procedure allows: a deviation to account for.
    ConfirmationWaived {
        by: AdminId,
        triggers: Vec<String>,
        reason: String,
    },
    /// The phone settled what a trigger asked: the same proposal may be approved.
    ReviewResumed,
    /// Where two must approve, the first of them.
    FirstApproved {
        decision: DecisionRecord,
    },
    Approved {
        decision: DecisionRecord,
    },
    ExecutionIntended {
        attempt: Attempt,
    },
    ExecutionStarted {
        decision: u32,
    },
    ExecutionPostponed {
        decision: u32,
    },
    ExecutionHandedToPerson {
        decision: u32,
    },
    ExecutionFailed {
        decision: u32,
        by: Option<AdminId>,
        why: String,
    },
    ExecutionUnknown {
        decision: u32,
        why: String,
    },
    ExecutionDone {
        decision: u32,
        by: Option<AdminId>,
    },
    ResultReady {
        reveal: Reveal,
        proposal: Box<Proposal>,
    },
    /// A re-issue surely did not happen: the earlier result stands as it was, except that its unseen secret is gone.
    DeliveryResumed {
        proposal: Box<Proposal>,
    },
    Revealed {
        issue: u32,
    },
    SecretExpired {
        issue: u32,
    },
    SecretVoided {
        issue: u32,
    },
    HandedInPerson {
        issue: u32,
        by: AdminId,
        note: String,
        /// Who approved it first, where two had to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        first: Option<AdminId>,
    },
    NewLinkAsked {
        issue: u32,
    },
    /// The applicant was reminded to change the password, or the admin of a result that is owed.
    ChangeReminded {
        issue: u32,
        nth: u8,
    },
    ChangeConfirmed {
        issue: u32,
    },
    Rejected {
        by: AdminId,
        channel: Channel,
        code: String,
        note: String,
        letter: Sha256Hex,
    },
    Withdrawn,
    Closed {
        outcome: Outcome,
    },
    StepEntered {
        step: u8,
        actor: Option<AdminId>,
        from: DateTime<Utc>,
    },
    StepLeft,
    /// The mail by which an admin decided is kept with the dossier.
    ReplyKept {
        by: AdminId,
        sha256: Sha256Hex,
    },
    DraftSaved {
        by: AdminId,
        draft: DraftKind,
    },
    StandardOverrun {
        deviation: Deviation,
    },
    DeviationExplained {
        index: usize,
        by: AdminId,
        reason: String,
    },
    /// The text without its links, which no record holds.
    LetterQueued {
        letter: LetterRecord,
        subject: String,
        body: String,
    },
    LetterSent {
        id: String,
    },
    LetterUndelivered {
        id: String,
        why: String,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    pub number: CaseNumber,
    pub office: OfficeId,
    pub procedure: ProcedurePin,
    pub language: Language,
    pub linked_to: Option<CaseNumber>,
}

/// An event as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    pub at: DateTime<Utc>,
    #[serde(flatten)]
    pub event: Event,
}

/// The subject a letter was written under.
pub fn letter_subject(events: &[Recorded], id: &str) -> Option<String> {
    events.iter().rev().find_map(|recorded| match &recorded.event {
        Event::LetterQueued { letter, subject, .. } if letter.id == id => Some(subject.clone()),
        _ => None,
    })
}
