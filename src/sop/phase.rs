//! Where a request stands. Each phase carries what only it may know, so that an impossible state cannot be written.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::case::Attachment;
use super::names::{Address, Service, Sha256Hex, UserId};

/// The register address of a person who may act, which names them in the journal.
pub type AdminId = Address;

/// What a case waits for, with what it may know only while it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// On record, and checked within the same transaction; never stored.
    Received,
    /// Not worked on until an admin admits or drops it.
    Held { reason: HeldReason },
    /// Step 4: the applicant completes; the clock stands still.
    Incomplete { round: u8, deadline: DateTime<Utc>, items: Vec<String> },
    /// Steps 2, 3, 5 or 7: a proposal waits for a named admin.
    UnderReview { proposal: Proposal },
    /// Step 5: a trigger asks for a call or a meeting before approval.
    AwaitingConfirmation { proposal: Proposal, triggers: Vec<String> },
    /// Step 6: one decision, one attempt.
    Executing { attempt: Attempt },
    /// The reset may or may not have happened; a person must look.
    Unknown { attempt: Attempt, why: String },
    /// Step 8: the result waits to be fetched, then to be confirmed.
    Delivered { reveal: Reveal, proposal: Proposal },
    /// The end: archived in step 9, whatever the outcome.
    Closed { outcome: Outcome, at: DateTime<Utc> },
}

/// Why a mail waits for an admin (CONTRACT `reason`, and a reply by somebody else).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldReason {
    Malformed,
    DangerousAttachment,
    Unauthenticated,
    /// Answers another person's case.
    ForeignReply,
}

/// Exactly what an admin decides on. Its hash is in the link and in the POST.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    pub revision: u32,
    pub user_id: Option<UserId>,
    pub services: Vec<Service>,
    /// Hashes of the mails and papers the findings stand on, sorted.
    pub attachments: Vec<Sha256Hex>,
    pub recommendation: Recommendation,
    pub drafts: Drafts,
    pub hash: Sha256Hex,
}

/// What the system proposes. It decides nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "recommend", rename_all = "snake_case")]
pub enum Recommendation {
    Approve,
    Complete {
        items: Vec<String>,
    },
    Reject {
        code: String,
    },
    /// Findings that only a person can settle.
    Look {
        items: Vec<String>,
    },
}

/// The letters an admin may release, before any edit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drafts {
    pub completion: String,
    pub rejection: String,
    /// Files that go out with the completion request.
    #[serde(default)]
    pub enclosures: Vec<Attachment>,
}

/// One try at the account, named by the decision it carries out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Counts decisions that allow a reset, from 1. One decision, one key, one effect.
    pub decision: u32,
    /// In which epoch of the record it was counted: a restore forgets decisions, and a later one has the same count.
    #[serde(default)]
    pub epoch: u64,
    pub by: AdminId,
    pub user_id: Option<UserId>,
    pub services: Vec<Service>,
    pub state: AttemptState,
    /// The proposal as approved; a failure leads back to it.
    pub proposal: Box<Proposal>,
}

/// The driver's ledger. `Started` found without an outcome is unknown, never repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptState {
    Intended,
    Started,
    ByHand,
}

/// A result on its way to the applicant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reveal {
    /// Names the sealed secret and its link; one per decision.
    pub issue: u32,
    pub what: RevealKind,
    pub expires_at: DateTime<Utc>,
    pub state: RevealState,
    /// Reminders to change the password sent so far.
    pub reminders: u8,
    /// The applicant asked for a new link, or the letter came back.
    pub asked_again: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevealKind {
    Password,
    UserId,
    Both,
    /// The account system sent its own link: nothing to show here, but a change to confirm.
    SystemLink,
}

impl RevealKind {
    /// Whether the applicant must change a password and say so (SOP step 8).
    pub fn must_change(self) -> bool {
        self != Self::UserId
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevealState {
    Waiting,
    Revealed {
        at: DateTime<Utc>,
    },
    /// Destroyed unseen.
    Expired,
    HandedOver {
        at: DateTime<Utc>,
    },
}

/// How a case ended; register and archive keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    ResetConfirmed,
    /// Reset done, but the change was never confirmed in spite of reminders.
    ResetUnconfirmed,
    UserIdGiven,
    /// The result was never fetched, in spite of reminders.
    NotFetched,
    Rejected {
        code: String,
    },
    /// Not completed in time (reason R06).
    Expired,
    Withdrawn,
    OutOfScope,
    TooLarge,
    Dropped {
        reason: HeldReason,
    },
}

impl Phase {
    pub fn proposal(&self) -> Option<&Proposal> {
        match self {
            Self::UnderReview { proposal }
            | Self::AwaitingConfirmation { proposal, .. }
            | Self::Delivered { proposal, .. } => Some(proposal),
            _ => None,
        }
    }

    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed { .. })
    }

    /// Whether the dossier may still change what is decided.
    pub fn is_undecided(&self) -> bool {
        matches!(
            self,
            Self::Held { .. } | Self::Incomplete { .. } | Self::UnderReview { .. } | Self::AwaitingConfirmation { .. }
        )
    }

    /// The machine name, as `loket cases list` prints it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Held { .. } => "held",
            Self::Incomplete { .. } => "incomplete",
            Self::UnderReview { .. } => "under_review",
            Self::AwaitingConfirmation { .. } => "awaiting_confirmation",
            Self::Executing { .. } => "executing",
            Self::Unknown { .. } => "unknown",
            Self::Delivered { .. } => "delivered",
            Self::Closed { .. } => "closed",
        }
    }
}

impl Outcome {
    /// The machine name, as register and archive keep it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ResetConfirmed => "reset_confirmed",
            Self::ResetUnconfirmed => "reset_unconfirmed",
            Self::UserIdGiven => "user_id_given",
            Self::NotFetched => "not_fetched",
            Self::Rejected { .. } => "rejected",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::OutOfScope => "out_of_scope",
            Self::TooLarge => "too_large",
            Self::Dropped { .. } => "dropped",
        }
    }
}
