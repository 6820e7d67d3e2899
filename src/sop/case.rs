//! One request from its first mail to its archive: everything the procedure knows of it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::account::Account;
use super::checklist::Understanding;
use super::names::{Address, CaseNumber, Language, Nip, OfficeId, Service, Sha256Hex, UserId};
use super::phase::{AdminId, Outcome, Phase, Reveal};
use super::timesheet::TimeSheet;

/// One request under its number, as the events so far made it ([`Case::evolve`]); the live store keeps it beside them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    pub number: CaseNumber,
    pub office: OfficeId,
    pub procedure: ProcedurePin,
    pub language: Language,
    /// When the first mail reached the mailbox.
    pub opened_at: DateTime<Utc>,
    /// The closed case this one continues.
    pub linked_to: Option<CaseNumber>,
    pub mails: Vec<MailRef>,
    pub understanding: Understanding,
    /// The account's record as it stood at the last check.
    pub account: Option<Account>,
    /// When another case of the same account was last approved, as known at the last check.
    #[serde(default)]
    pub last_approved: Option<DateTime<Utc>>,
    /// The Admin PPE whose work this is.
    pub assigned: Option<AdminId>,
    pub confirmations: Vec<Confirmation>,
    /// What the last successful confirmation answered; it counts only while it is still about the same things.
    #[serde(default)]
    pub settled: Option<Settlement>,
    /// Completion rounds asked for so far.
    pub rounds: u8,
    /// Proposals made so far; each voids the links of the one before.
    pub revisions: u32,
    /// Decisions that allowed a reset, so far.
    pub decisions: Vec<DecisionRecord>,
    /// The first of two, where two must approve; void with the proposal.
    pub first_approval: Option<DecisionRecord>,
    /// The result that a running re-issue replaces; the case returns to it should the re-issue fail.
    #[serde(default)]
    pub replaced: Option<Reveal>,
    pub times: TimeSheet,
    pub letters: Vec<LetterRecord>,
    /// Mails by which admins decided.
    #[serde(default)]
    pub replies: Vec<Sha256Hex>,
    pub phase: Phase,
}

/// The procedure a case is worked under, pinned for its life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcedurePin {
    pub id: String,
    pub hash: Sha256Hex,
}

/// A mail of the case: where its bytes are and what the procedure needs of its header.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MailRef {
    /// Hash of the raw bytes; names the sealed content file.
    pub sha256: Sha256Hex,
    pub received_at: DateTime<Utc>,
    /// Without angle brackets.
    pub message_id: Option<String>,
    pub references: Vec<String>,
    pub subject: String,
    pub from: Option<Address>,
    pub from_name: Option<String>,
    pub authenticity: Authenticity,
    /// Attachment names and hashes, for the page and the manifest.
    pub attachments: Vec<Attachment>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    pub name: String,
    pub sha256: Sha256Hex,
    /// Bytes.
    pub size: u64,
}

/// What proves the sender (RFC 8601, RFC 3848).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "authenticity", rename_all = "snake_case")]
pub enum Authenticity {
    Proven {
        how: String,
    },
    /// An admin admitted the mail.
    VouchedFor {
        by: AdminId,
    },
    Unproven {
        why: String,
    },
}

impl Authenticity {
    /// How a sender is believed in an office that asks for no proof.
    pub const NOT_REQUIRED: &str = "not_required";

    /// By something that no sentence of an admin replaces, or because the office asks for nothing.
    pub fn is_proven(&self) -> bool {
        matches!(self, Self::Proven { .. })
    }

    /// Whether somebody whose word counts says who sent it. An admin who lets a held mail in does not: they say that it is worth
    /// working on. Nor does an office that asks for no proof.
    pub fn is_authenticated(&self) -> bool {
        matches!(self, Self::Proven { how } if how != Self::NOT_REQUIRED)
    }

    /// Proven, or let in: good enough to be worked on, and to be answered where no registered address is known.
    pub fn is_trusted(&self) -> bool {
        !matches!(self, Self::Unproven { .. })
    }
}

/// A call or meeting with the applicant (SOP step 5, item 2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    pub by: AdminId,
    pub at: DateTime<Utc>,
    pub method: ConfirmationMethod,
    /// The registered number that was called; never one from the mail.
    pub number_called: Option<String>,
    pub spoke_with: String,
    pub result: ConfirmationResult,
    pub note: String,
    /// Keyed hash of the code read out by phone; the code itself is shown once and kept nowhere.
    pub code_tag: Option<Sha256Hex>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfirmationMethod {
    Telephone,
    InPerson,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfirmationResult {
    Confirmed,
    Denied,
    NotReached,
}

/// What a confirmation settled, and whom and what it was about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    pub triggers: Vec<String>,
    pub subject: Subject,
}

/// What a person on the telephone says yes to: this account, reached so, for these services, asked for by this person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    pub user_id: Option<UserId>,
    pub nip: Option<Nip>,
    pub email: Option<Address>,
    pub phone: Option<String>,
    pub services: Vec<Service>,
    pub letter_nip: Option<Nip>,
    pub letter_user_id: Option<String>,
}

impl Subject {
    pub fn of(case: &Case) -> Self {
        let account = case.account.as_ref();
        Self {
            user_id: account.map(|a| a.user_id.clone()),
            nip: account.and_then(|a| a.nip.clone()),
            email: account.map(|a| a.email.clone()),
            phone: account.and_then(|a| a.phone.clone()),
            services: case.services().to_vec(),
            letter_nip: case.understanding.applicant.nip.clone(),
            letter_user_id: case.understanding.applicant.user_id.clone(),
        }
    }
}

/// A decision that let the account be touched, or a result be given again, or the first of two towards one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionRecord {
    pub by: AdminId,
    pub at: DateTime<Utc>,
    pub proposal: Sha256Hex,
    #[serde(default, skip_serializing_if = "Deed::is_grant")]
    pub deed: Deed,
    pub channel: Channel,
    pub reason: String,
    /// The absent admin for whom it was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acting_for: Option<AdminId>,
    /// Who approved first, where two had to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<AdminId>,
}

/// What is approved. Where two must, both approve the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// The request is carried out.
    #[default]
    Grant,
    /// The result is issued anew.
    Reissue,
    /// The result is shown at the counter.
    HandInPerson,
}

impl Deed {
    fn is_grant(&self) -> bool {
        *self == Self::Grant
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    Desk,
    Reply,
    /// The system, where the procedure lets it (completion requests, step 3).
    System,
}

/// A letter of the case and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterRecord {
    /// Outbox row and, with the office's domain, Message-ID.
    pub id: String,
    pub kind: String,
    pub to: Vec<Address>,
    pub queued_at: DateTime<Utc>,
    pub state: LetterState,
    /// The proposal an admin was written about; a reply decides that one or none.
    pub about: Option<Sha256Hex>,
    /// Hash of the sealed text, without links.
    pub sha256: Sha256Hex,
    /// Files that went out with it; their bytes are among the case's contents.
    #[serde(default)]
    pub enclosures: Vec<Attachment>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LetterState {
    Queued,
    /// Accepted by the next server.
    Sent {
        at: DateTime<Utc>,
    },
    Undelivered {
        at: DateTime<Utc>,
        why: String,
    },
}

impl Case {
    /// Step 9 is done, and not only handed to another admin: the dossier goes to the archive as it stands, so nothing may
    /// change it.
    pub fn is_filed(&self) -> bool {
        self.phase.is_closed() && self.times.has_done(9) && self.times.open_span().is_none()
    }

    /// The first of two approvals of what stands at this moment, while the second is missing.
    pub fn standing_first(&self) -> Option<&DecisionRecord> {
        let proposal = self.phase.proposal()?;
        self.first_approval.as_ref().filter(|first| first.proposal == proposal.hash)
    }

    /// Who decided on it last, and when; a request that ended by itself was decided by nobody.
    pub fn decided(&self) -> (Option<&AdminId>, Option<DateTime<Utc>>) {
        let granted = self.decisions.last();
        match &self.phase {
            Phase::Closed { outcome: Outcome::Rejected { .. } | Outcome::Expired | Outcome::Dropped { .. }, at } => {
                (self.assigned.as_ref(), Some(*at))
            }
            Phase::Closed { outcome: Outcome::Withdrawn | Outcome::OutOfScope | Outcome::TooLarge, at } => {
                (None, Some(*at))
            }
            Phase::Incomplete { .. } => (self.assigned.as_ref(), self.times.open_span().map(|span| span.from)),
            _ => (granted.map(|d| &d.by), granted.map(|d| d.at)),
        }
    }

    pub fn services(&self) -> &[Service] {
        &self.understanding.services
    }

    pub fn first_mail(&self) -> Option<&MailRef> {
        self.mails.first()
    }

    /// The mail that letters answer: the newest one.
    pub fn last_mail(&self) -> Option<&MailRef> {
        self.mails.last()
    }

    /// The confirmation that stands: the last one that reached anybody said yes, to what the case is about today.
    pub fn confirmed(&self) -> Option<&Confirmation> {
        self.settlement()?;
        self.last_reached().filter(|c| c.result == ConfirmationResult::Confirmed)
    }

    /// The applicant was reached and said that this is not their request.
    pub fn is_denied(&self) -> bool {
        self.last_reached().is_some_and(|c| c.result == ConfirmationResult::Denied)
    }

    pub fn settlement(&self) -> Option<&Settlement> {
        self.settled.as_ref().filter(|settled| settled.subject == Subject::of(self))
    }

    /// A call that nobody answers takes nothing back.
    fn last_reached(&self) -> Option<&Confirmation> {
        self.confirmations.iter().rev().find(|c| c.result != ConfirmationResult::NotReached)
    }

    /// Whose request it is: by the register, else by the letter, else by the mail.
    pub fn applicant_name(&self) -> String {
        self.account.as_ref().map_or_else(|| self.given_name(), |account| account.name.clone())
    }

    /// The applicant's name as the papers or the mail give it, which tells whoever wrote them nothing new.
    pub fn given_name(&self) -> String {
        let letter = self.understanding.applicant.name.clone();
        letter.or_else(|| self.first_mail().and_then(|m| m.from_name.clone())).unwrap_or_default()
    }
}
