//! A refusal is an answer, shown politely.

use chrono::{DateTime, Utc};

use crate::sop::names::Sha256Hex;
use crate::sop::phase::AdminId;

/// Why a command changes nothing; the case stays as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("this cannot be done while the request is {phase}")]
    WrongPhase { phase: &'static str },
    /// Somebody was faster.
    #[error("the request was already decided")]
    AlreadyDecided { by: Option<AdminId>, at: Option<DateTime<Utc>>, what: &'static str },
    /// The dossier or a draft changed after the person saw it (THREATS row 13).
    #[error("the dossier changed since it was shown")]
    Changed { current: Sha256Hex },
    #[error("only a registered admin may decide")]
    NotAnAdmin,
    #[error("nobody decides on their own account")]
    OwnAccount,
    #[error("the second factor is needed")]
    NeedsFactor,
    #[error("a fresh code is needed for this decision")]
    NeedsFreshFactor,
    #[error("the applicant must be called or met first")]
    NeedsConfirmation { triggers: Vec<String> },
    #[error("the dossier is not complete")]
    NotComplete { items: Vec<String> },
    #[error("a reason must be given")]
    NeedsReason,
    #[error("the procedure has no reject reason {code}")]
    UnknownReason { code: String },
    #[error("nothing was named that is to be completed")]
    NothingToComplete,
    #[error("the completion rounds are used up")]
    NoRoundLeft,
    #[error("no active account is known for this request")]
    NoAccount,
    #[error("{admin} is not an admin who may take this case")]
    CannotHandOver { admin: String },
    #[error("a second admin must approve too")]
    NeedsSecond,
    #[error("only the applicant may withdraw the request")]
    NotTheApplicant,
    /// Called were, or could be, only a number from the mail (THREATS row 6).
    #[error("only a call to the registered telephone number confirms anything")]
    NotTheRegisteredNumber,
    #[error("there is nothing to fetch here")]
    Gone,
    #[error("the dossier is filed, and stays as it is")]
    Filed,
    /// A restore brought the case back, and what became of it since does not read.
    #[error("the archive holds a dossier of this number, by which the request may have been decided already")]
    BesideItsDossier,
}
