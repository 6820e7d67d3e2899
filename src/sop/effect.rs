//! What must be done to the world, written down before it is done. The dispatcher carries these out.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::command::Alarm;
use super::names::Sha256Hex;
use super::phase::AdminId;

/// One deed that a decision asks for, committed together with the events that ask for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    Send {
        letter: Letter,
    },
    CallDriver {
        decision: u32,
    },
    /// Ask the account system whether the attempt took effect.
    ReadBack {
        decision: u32,
    },
    Wake {
        alarm: Alarm,
        at: DateTime<Utc>,
    },
    /// Links of all earlier proposals die.
    VoidLinks,
    DestroySecret {
        issue: u32,
    },
}

/// A letter to write. Who may receive what is THREATS row 21.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Letter {
    pub kind: LetterName,
    pub to: Recipient,
    /// The text a person released, instead of the drafted one.
    pub text: Option<String>,
    pub items: Vec<String>,
    /// A reject reason, the id of a letter, or another short code the text needs.
    pub code: String,
    /// A moment the text names: a deadline or an expiry.
    pub until: Option<DateTime<Utc>>,
    /// A sentence the text quotes: a reason, an error.
    pub remark: String,
    /// The proposal whose links the letter carries.
    pub links_to: Option<Sha256Hex>,
    /// The result whose link the letter carries.
    pub issue: Option<u32>,
    /// The absent admin in whose place the reader gets it.
    #[serde(default)]
    pub in_place_of: Option<AdminId>,
    /// Who did what the letter tells of, where the case itself does not say.
    #[serde(default)]
    pub by: Option<AdminId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "recipient", rename_all = "snake_case")]
pub enum Recipient {
    /// The proven sender, with a copy to the registered address; of a mail that was let in the registered address alone (THREATS
    /// row 21).
    Correspondent,
    /// The registered address alone: results and whatever concerns them.
    Registered,
    Admin {
        id: AdminId,
    },
    /// The configured superior.
    Superior,
}

/// Every letter the procedure knows. The letters room has a text for each, in each language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterName {
    Acknowledgement,
    /// What was asked for has arrived.
    CompletionReceived,
    CompletionRequest,
    CompletionReminder,
    Rejected,
    ResultReset,
    ResultUserId,
    ResultBoth,
    ResultSystemLink,
    SecretExpired,
    ChangeReminder,
    HandedInPerson,
    Closed,
    OutOfScope,
    TooLarge,
    Withdrawn,
    ActionNeeded,
    /// To whoever could be the second: a result is to be issued anew or handed over, and one person approved that.
    SecondNeeded,
    ManualTask,
    HeldMail,
    StandardHalf,
    StandardOverdue,
    OutcomeUnknown,
    DriverFailed,
    DecisionDone,
    NewLinkAsked,
    /// To the admin: a mail came while the account was being worked on; nothing was checked anew.
    MailWaiting,
    LetterUndelivered,
    FreshProposal,
    AlreadyDecided,
    ReplyNotUnderstood,
}

impl LetterName {
    /// Letters that tell an applicant their result and carry its link.
    pub const RESULTS: [Self; 4] = [Self::ResultReset, Self::ResultUserId, Self::ResultBoth, Self::ResultSystemLink];

    /// The machine name, as [`LetterRecord::kind`](super::case::LetterRecord) keeps it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Acknowledgement => "acknowledgement",
            Self::CompletionReceived => "completion_received",
            Self::CompletionRequest => "completion_request",
            Self::CompletionReminder => "completion_reminder",
            Self::Rejected => "rejected",
            Self::ResultReset => "result_reset",
            Self::ResultUserId => "result_user_id",
            Self::ResultBoth => "result_both",
            Self::ResultSystemLink => "result_system_link",
            Self::SecretExpired => "secret_expired",
            Self::ChangeReminder => "change_reminder",
            Self::HandedInPerson => "handed_in_person",
            Self::Closed => "closed",
            Self::OutOfScope => "out_of_scope",
            Self::TooLarge => "too_large",
            Self::Withdrawn => "withdrawn",
            Self::ActionNeeded => "action_needed",
            Self::SecondNeeded => "second_needed",
            Self::ManualTask => "manual_task",
            Self::HeldMail => "held_mail",
            Self::StandardHalf => "standard_half",
            Self::StandardOverdue => "standard_overdue",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::DriverFailed => "driver_failed",
            Self::DecisionDone => "decision_done",
            Self::NewLinkAsked => "new_link_asked",
            Self::MailWaiting => "mail_waiting",
            Self::LetterUndelivered => "letter_undelivered",
            Self::FreshProposal => "fresh_proposal",
            Self::AlreadyDecided => "already_decided",
            Self::ReplyNotUnderstood => "reply_not_understood",
        }
    }
}

impl Letter {
    pub fn new(kind: LetterName, to: Recipient) -> Self {
        Self {
            kind,
            to,
            text: None,
            items: Vec::new(),
            code: String::new(),
            until: None,
            remark: String::new(),
            links_to: None,
            issue: None,
            in_place_of: None,
            by: None,
        }
    }

    pub fn until(mut self, at: DateTime<Utc>) -> Self {
        self.until = Some(at);
        self
    }

    pub fn items(mut self, items: Vec<String>) -> Self {
        self.items = items;
        self
    }

    pub fn code(mut self, code: &str) -> Self {
        code.clone_into(&mut self.code);
        self
    }

    pub fn remark(mut self, remark: &str) -> Self {
        remark.clone_into(&mut self.remark);
        self
    }

    pub fn text(mut self, text: Option<String>) -> Self {
        self.text = text;
        self
    }

    pub fn links_to(mut self, proposal: &Sha256Hex) -> Self {
        self.links_to = Some(proposal.clone());
        self
    }

    pub fn issue(mut self, issue: u32) -> Self {
        self.issue = Some(issue);
        self
    }
}
