//! The letters there are: those the procedure sends, and those that answer the office itself. A kind says to whom it goes,
//! which links and late times it may hold, and where its text lies. Who exactly receives it is decided by the procedure
//! (THREATS row 21).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::sop::effect::{Letter, LetterName, Recipient};

/// One outgoing letter of the procedure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterKind {
    /// T1: received, registered under a number; also says when checking starts if the office is closed.
    Acknowledgement,
    /// More papers arrived for an open case.
    CompletionReceived,
    /// T2, SOP step 3.
    CompletionRequest,
    /// T6a.
    CompletionReminder,
    /// T3, SOP step 7.
    Rejected,
    /// T4, SOP step 8: a one-time link to the temporary password.
    ResultReset,
    /// The account system mailed its own link.
    ResultSystemLink,
    /// T5: a one-time link to the user ID.
    ResultUserId,
    /// Both services in one letter.
    ResultBoth,
    /// T6b.
    ChangeReminder,
    /// The one-time result was not fetched in time and is destroyed; how to get a new one.
    SecretExpired,
    /// The result was handed over in person; a record for the applicant.
    HandedInPerson,
    /// T7.
    Closed,
    /// Not this procedure's business: where to turn.
    OutOfScope,
    TooLarge,
    /// The applicant took the request back.
    Withdrawn,
    /// T8: a decision is due.
    ActionNeeded,
    /// A result is to be issued anew or handed over, one person approved that, and a second is needed.
    SecondNeeded,
    /// The proposal changed: earlier links are void, here is the fresh one.
    FreshProposal,
    /// Work to do by hand in the account system (SOP step 6).
    ManualTask,
    /// A mail is held: admit it or drop it.
    HeldMail,
    /// Half of a time standard is used up.
    StandardHalf,
    /// The whole of a time standard is used up, to the admin.
    StandardOverdue,
    /// The same, to the configured superior: no links.
    OverdueSuperior,
    /// A reset may or may not have happened; a person must look.
    OutcomeUnknown,
    /// The account system refused.
    DriverFailed,
    /// What came of the admin's decision.
    DecisionDone,
    /// Somebody else decided first.
    AlreadyDecided,
    /// A reply held no command that could be followed.
    ReplyNotUnderstood,
    /// One of our letters could not be delivered.
    LetterUndelivered,
    /// A one-time result was not fetched in time, or the applicant asks for a fresh link.
    NewLinkAsked,
    /// A mail came while the account was being worked on; nothing was checked anew.
    MailWaiting,
    /// Too many wrong codes.
    FactorLocked,
    /// Too many wrong codes of somebody else.
    ColleagueLocked,
    /// The person's passphrase was changed.
    PassphraseChanged,
    /// More mail than the limits allow, told once in a digest.
    Flood,
    /// One of our letters came back after its case was archived.
    ReturnedLate,
}

use LetterKind::*;

impl LetterKind {
    pub const ALL: [LetterKind; 37] = [
        Acknowledgement,
        CompletionReceived,
        CompletionRequest,
        CompletionReminder,
        Rejected,
        ResultReset,
        ResultSystemLink,
        ResultUserId,
        ResultBoth,
        ChangeReminder,
        SecretExpired,
        HandedInPerson,
        Closed,
        OutOfScope,
        TooLarge,
        Withdrawn,
        ActionNeeded,
        SecondNeeded,
        FreshProposal,
        ManualTask,
        HeldMail,
        StandardHalf,
        StandardOverdue,
        OverdueSuperior,
        OutcomeUnknown,
        DriverFailed,
        DecisionDone,
        AlreadyDecided,
        ReplyNotUnderstood,
        LetterUndelivered,
        NewLinkAsked,
        MailWaiting,
        FactorLocked,
        ColleagueLocked,
        PassphraseChanged,
        Flood,
        ReturnedLate,
    ];

    /// The folder of its text, and its name in logs: `completion_request`.
    pub fn key(self) -> &'static str {
        match self {
            Acknowledgement => "acknowledgement",
            CompletionReceived => "completion_received",
            CompletionRequest => "completion_request",
            CompletionReminder => "completion_reminder",
            Rejected => "rejected",
            ResultReset => "result_reset",
            ResultSystemLink => "result_system_link",
            ResultUserId => "result_user_id",
            ResultBoth => "result_both",
            ChangeReminder => "change_reminder",
            HandedInPerson => "handed_in_person",
            Closed => "closed",
            OutOfScope => "out_of_scope",
            TooLarge => "too_large",
            Withdrawn => "withdrawn",
            ActionNeeded => "action_needed",
            SecondNeeded => "second_needed",
            FreshProposal => "fresh_proposal",
            ManualTask => "manual_task",
            HeldMail => "held_mail",
            StandardHalf => "standard_half",
            StandardOverdue => "standard_overdue",
            OverdueSuperior => "overdue_superior",
            OutcomeUnknown => "outcome_unknown",
            DriverFailed => "driver_failed",
            DecisionDone => "decision_done",
            AlreadyDecided => "already_decided",
            ReplyNotUnderstood => "reply_not_understood",
            LetterUndelivered => "letter_undelivered",
            NewLinkAsked => "new_link_asked",
            MailWaiting => "mail_waiting",
            SecretExpired => "secret_expired",
            FactorLocked => "factor_locked",
            ColleagueLocked => "colleague_locked",
            PassphraseChanged => "passphrase_changed",
            Flood => "flood",
            ReturnedLate => "returned_late",
        }
    }

    /// True for letters to the office's own people; the others go to the applicant.
    pub fn to_admin(self) -> bool {
        self >= ActionNeeded
    }

    /// True for what may go to the registered address alone, without copies (THREATS row 21).
    pub fn registered_address_only(self) -> bool {
        matches!(
            self,
            ResultReset
                | ResultSystemLink
                | ResultUserId
                | ResultBoth
                | ChangeReminder
                | SecretExpired
                | HandedInPerson
        )
    }

    /// The links its text may hold. The names stand in the text as `{{ link("approve") }}`.
    pub fn links(self) -> &'static [&'static str] {
        match self {
            ResultReset | ResultBoth => &["reveal", "confirm"],
            ResultUserId => &["reveal"],
            ResultSystemLink | ChangeReminder => &["confirm"],
            ActionNeeded | FreshProposal => &["approve", "complete", "reject", "hand_over"],
            ManualTask => &["outcome"],
            HeldMail => &["held"],
            StandardHalf | StandardOverdue | ReplyNotUnderstood | LetterUndelivered | MailWaiting => &["review"],
            OutcomeUnknown | DriverFailed => &["resolve"],
            NewLinkAsked | SecondNeeded => &["reissue"],
            _ => &[],
        }
    }

    /// Times that a draft need not know yet: where the fact is absent, the text holds `{{time:…}}` until it is sent.
    pub fn late_times(self) -> &'static [&'static str] {
        match self {
            CompletionRequest => &["deadline"],
            ResultReset | ResultUserId | ResultBoth => &["done_at", "expires_at"],
            ResultSystemLink => &["done_at"],
            _ => &[],
        }
    }
}

impl LetterKind {
    /// The text for a letter of the procedure: of an overrun the superior is told in other words than the admin, who gets a
    /// link to act on.
    pub fn of(letter: &Letter) -> Self {
        match (letter.kind, &letter.to) {
            (LetterName::StandardOverdue, Recipient::Superior) => OverdueSuperior,
            (name, _) => name.into(),
        }
    }
}

impl From<LetterName> for LetterKind {
    fn from(name: LetterName) -> Self {
        match name {
            LetterName::Acknowledgement => Acknowledgement,
            LetterName::CompletionReceived => CompletionReceived,
            LetterName::CompletionRequest => CompletionRequest,
            LetterName::CompletionReminder => CompletionReminder,
            LetterName::Rejected => Rejected,
            LetterName::ResultReset => ResultReset,
            LetterName::ResultUserId => ResultUserId,
            LetterName::ResultBoth => ResultBoth,
            LetterName::ResultSystemLink => ResultSystemLink,
            LetterName::SecretExpired => SecretExpired,
            LetterName::ChangeReminder => ChangeReminder,
            LetterName::HandedInPerson => HandedInPerson,
            LetterName::Closed => Closed,
            LetterName::OutOfScope => OutOfScope,
            LetterName::TooLarge => TooLarge,
            LetterName::Withdrawn => Withdrawn,
            LetterName::ActionNeeded => ActionNeeded,
            LetterName::SecondNeeded => SecondNeeded,
            LetterName::ManualTask => ManualTask,
            LetterName::HeldMail => HeldMail,
            LetterName::StandardHalf => StandardHalf,
            LetterName::StandardOverdue => StandardOverdue,
            LetterName::OutcomeUnknown => OutcomeUnknown,
            LetterName::DriverFailed => DriverFailed,
            LetterName::DecisionDone => DecisionDone,
            LetterName::NewLinkAsked => NewLinkAsked,
            LetterName::LetterUndelivered => LetterUndelivered,
            LetterName::MailWaiting => MailWaiting,
            LetterName::FreshProposal => FreshProposal,
            LetterName::AlreadyDecided => AlreadyDecided,
            LetterName::ReplyNotUnderstood => ReplyNotUnderstood,
        }
    }
}

impl fmt::Display for LetterKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_listed_once_and_named_as_it_is_stored() {
        let keys: std::collections::BTreeSet<_> = LetterKind::ALL.iter().map(|kind| kind.key()).collect();

        assert_eq!(keys.len(), LetterKind::ALL.len());
        for kind in LetterKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.key());
        }
    }

    #[test]
    fn results_never_go_to_an_admin() {
        for kind in LetterKind::ALL {
            assert!(!(kind.to_admin() && kind.registered_address_only()), "{kind}");
        }
    }
}
