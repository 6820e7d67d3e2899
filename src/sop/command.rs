//! Everything that can happen to a request. One file, so that nothing happens unnamed.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::account::Account;
use super::case::{Channel, Confirmation, MailRef};
use super::checklist::Understanding;
use super::effect::{LetterName, Recipient};
use super::names::{CaseNumber, Language, OfficeId, Sha256Hex};
use super::phase::{AdminId, HeldReason};

/// A mail that opens a case.
#[derive(Debug, Clone)]
pub struct Opening {
    pub number: CaseNumber,
    pub office: OfficeId,
    pub language: Language,
    pub linked_to: Option<CaseNumber>,
    pub dossier: Dossier,
    pub verdict: OpeningVerdict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpeningVerdict {
    Request,
    OutOfScope,
    TooLarge { limit: u64 },
    Held(HeldReason),
}

/// The merged papers of a case, understood, with the record they were checked against.
#[derive(Debug, Clone)]
pub struct Dossier {
    pub mail: MailRef,
    pub understanding: Understanding,
    pub account: Option<Account>,
    /// When another case of the same account was last approved.
    pub last_approved: Option<DateTime<Utc>>,
}

/// What somebody asks of a case that is there: an applicant, an admin, the clock, or the dispatcher with what it learnt.
#[derive(Debug, Clone)]
pub enum Command {
    /// A further mail of the applicant, with the whole dossier checked anew.
    AddMail(Box<Dossier>),
    /// `BATAL` in the first unquoted line.
    Withdraw(Box<MailRef>),
    /// An admin lets a held mail in; the dossier is checked as if it had been trusted, and its sender is still to be confirmed.
    Admit {
        by: AdminId,
        reason: String,
        dossier: Box<Dossier>,
    },
    Drop {
        by: AdminId,
        reason: String,
    },
    Decide(Decision),
    Confirm(Confirmation),
    /// Another case of the account was approved at that time, after this one was checked.
    NoteApproval {
        at: DateTime<Utc>,
    },
    /// A draft edited and kept without deciding.
    SaveDraft {
        by: AdminId,
        draft: DraftKind,
        text: String,
    },
    /// The dispatcher is about to call the driver.
    StartExecution {
        decision: u32,
    },
    ReportExecution {
        decision: u32,
        report: Report,
    },
    Reveal {
        issue: u32,
    },
    ConfirmChange {
        issue: u32,
    },
    /// A wake-up that was asked for came due.
    Wake(Alarm),
    LetterSent {
        id: String,
    },
    /// Given up by the courier, or returned by a later server (RFC 3464).
    LetterFailed {
        id: String,
        why: String,
    },
    /// The archive takes up the closed dossier: step 9 and its clock begin.
    StartArchiving,
    /// Tells somebody how the case stands; changes nothing else. `code`: why, where the letter says why.
    Notify {
        kind: LetterName,
        to: Recipient,
        code: &'static str,
    },
    /// Tells whoever stands in for the absent admin of this case, or could approve as the second, what waits; changes nothing
    /// else.
    Brief {
        to: AdminId,
    },
    /// Step 9 is done: the dossier stands in the archive.
    FinishArchiving,
    ExplainDeviation {
        by: AdminId,
        index: usize,
        reason: String,
    },
}

/// A person's decision on exactly one proposal.
#[derive(Debug, Clone)]
pub struct Decision {
    pub by: AdminId,
    /// The proposal the person saw.
    pub proposal: Sha256Hex,
    pub channel: Channel,
    /// What the second factor showed.
    pub factor: Factor,
    pub choice: Choice,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    None,
    /// A session unlocked within ten minutes.
    Session,
    /// A code given with this very decision.
    Fresh,
}

#[derive(Debug, Clone)]
pub enum Choice {
    Approve {
        reason: String,
    },
    Complete {
        items: Vec<String>,
        letter: Option<String>,
    },
    Reject {
        code: String,
        note: String,
        letter: Option<String>,
    },
    HandOver {
        to: AdminId,
        reason: String,
    },
    /// Void the old secret and make a new one, on the same dossier.
    Reissue {
        reason: String,
    },
    /// The secret is handed over face to face, on record.
    HandInPerson {
        note: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DraftKind {
    Completion,
    Rejection,
}

/// What is learnt of an attempt, from the driver or from the admin who worked by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "report", rename_all = "snake_case")]
pub enum Report {
    /// The result is sealed under this issue (= decision) and can be revealed.
    Done {
        user_id: Option<String>,
        by: Option<AdminId>,
        /// When what was sealed ends, as the account system was told; nobody is promised it for longer.
        until: DateTime<Utc>,
    },
    SystemSentLink {
        by: Option<AdminId>,
    },
    HandedToPerson,
    /// It happened, and the person at the counter was given the result there: no link goes out.
    HandedOver {
        by: AdminId,
        note: String,
    },
    NotFound {
        by: Option<AdminId>,
        note: String,
    },
    /// It surely did not happen.
    Failed {
        by: Option<AdminId>,
        why: String,
    },
    /// It surely did not happen, and the same attempt is tried again.
    Postponed,
    Unknown {
        why: String,
    },
}

/// What a wake-up is for. One that no longer fits the phase changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "alarm", rename_all = "snake_case")]
pub enum Alarm {
    /// Half of a time standard has gone by (`span` is the index in the time sheet).
    StandardHalf {
        span: usize,
    },
    StandardWhole {
        span: usize,
    },
    /// The superior is told.
    StandardEscalation {
        span: usize,
    },
    CompletionReminder {
        round: u8,
    },
    CompletionDeadline {
        round: u8,
    },
    SecretExpiry {
        issue: u32,
    },
    ChangeReminder {
        issue: u32,
        nth: u8,
    },
    /// No admin could be named when the proposal was made.
    Assign {
        revision: u32,
    },
}

/// Passed in with every command; the only things a decision may depend on besides the case.
pub struct Context<'a> {
    pub now: DateTime<Utc>,
    pub procedure: &'a super::procedure::Procedure,
    pub calendar: &'a super::worktime::Calendar,
    /// Admins that may decide, in the order they are named in turn.
    pub admins: &'a [Admin],
    pub drafting: &'a (dyn Drafting + Sync),
    /// SHA-256.
    pub digest: &'a (dyn Fn(&[u8]) -> Sha256Hex + Sync),
    /// The record's; another one after each restore, from 1.
    pub epoch: u64,
}

/// A registered person who may decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admin {
    pub id: AdminId,
    pub name: String,
    /// Who stands in at this moment, while this person is away.
    #[serde(default)]
    pub delegate: Option<AdminId>,
}

/// Writes the letters an admin may edit; implemented over the letters room.
pub trait Drafting {
    fn draft(&self, kind: DraftKind, case: &super::case::Case, items: &[String], code: &str) -> String;

    /// The files that go out with the completion request for these items.
    fn enclosures(&self, case: &super::case::Case, items: &[String]) -> Vec<super::case::Attachment>;
}
