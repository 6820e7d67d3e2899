//! What a person asks for on a page, already parsed, and what the counter answers. Codes and passwords travel as
//! [`Typed`], which nothing prints.

use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

use super::view::{Admin, Choice, RevealedView};
use crate::sop::names::CaseNumber;

/// Something secret that a person typed or is shown: a code, a NIP, a password. No `Debug`, wiped when dropped.
#[derive(Clone)]
pub struct Typed(Zeroizing<String>);

impl Typed {
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself; never for a log, an error or an address.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Where an unlocked link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A case, scrolled to the choice the link was about.
    Case(CaseNumber, Option<Choice>),
    /// A held mail, by its id.
    Held(String),
}

pub enum UnlockAnswer {
    Opened {
        admin: Admin,
        place: Place,
    },
    /// `left`: tries before the account is locked.
    Wrong {
        left: u8,
    },
    /// Too many failures; another admin must take over or the operator enrols anew.
    LockedOut,
    Gone,
}

/// An unknown address answers `Wrong` like a wrong code.
pub enum SignInAnswer {
    Opened(Admin),
    Wrong,
    LockedOut,
}

/// A decision as the form carries it.
pub struct DecisionForm {
    pub choice: Choice,
    /// The proposal the person saw ([`super::view::ProposalView::hash`]).
    pub proposal_hash: String,
    /// The draft the person saw, if it had been edited.
    pub letter: Option<String>,
    /// Why (approving despite a contradiction, handing over). Empty where nothing was asked.
    pub reason: String,
    /// Ground of a rejection, `R04`.
    pub reason_code: Option<String>,
    /// Keys of [`super::view::CompletionItem`].
    pub items: Vec<String>,
    /// Addition to the applicant's letter (completion) or a note for the archive (rejection).
    pub note: String,
    /// The colleague's address, when handing over.
    pub to_admin: Option<String>,
    /// The code typed again, where the proposal asks for it.
    pub code: Option<Typed>,
}

/// What somebody is about to do who is asked for the factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Decide(Choice),
    Reissue,
    HandInPerson,
}

/// An edited letter.
pub struct DraftForm {
    pub choice: Choice,
    pub proposal_hash: String,
    pub body: String,
}

/// Somebody was faster.
#[derive(Debug, Clone)]
pub struct Earlier {
    /// Name of who decided.
    pub by: String,
    pub at: DateTime<Utc>,
    /// What was decided, one sentence.
    pub what: String,
}

pub enum DecisionAnswer {
    /// Recorded (a draft: kept). The same decision sent twice by the same person is `Done` twice.
    Done,
    /// A second, different admin must approve too.
    AwaitsSecond,
    Already(Earlier),
    /// The dossier or draft is another than the one seen; `what` says what changed, one sentence.
    Changed {
        what: String,
        at: DateTime<Utc>,
    },
    /// Approving needs a recorded confirmation first.
    NeedsConfirmation,
    /// The code was missing or wrong.
    NeedsFactor {
        left: u8,
    },
    /// Too many wrong codes: the session ends.
    LockedOut,
    Invalid(Vec<FieldError>),
    /// Refused for a reason the person should read.
    Refused(String),
    /// No such case, or not for this person.
    Gone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmMethod {
    /// A call to the registered number.
    Phone,
    InPerson,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmResult {
    /// It is the applicant, and the request is theirs.
    Genuine,
    /// Denied, or somebody else.
    Denied,
    Unreached,
}

pub struct ConfirmForm {
    pub proposal_hash: String,
    pub method: ConfirmMethod,
    pub result: ConfirmResult,
    pub spoken_with: String,
    pub note: String,
}

pub enum ConfirmAnswer {
    /// Recorded. `code`: six digits the admin reads out, with which the applicant collects the result.
    Done {
        code: Option<Typed>,
    },
    Changed {
        what: String,
        at: DateTime<Utc>,
    },
    Already(Earlier),
    Invalid(Vec<FieldError>),
    Refused(String),
    Gone,
}

/// What a person did in SPSE.
pub enum ManualOutcome {
    /// Typed in twice alike; to be sealed at once.
    ResetDone {
        password: Typed,
    },
    SystemSentLink,
    UserIdFound {
        user_id: String,
    },
    NotFound {
        searched: String,
    },
    /// Failed, or not certain.
    Failed {
        what: String,
    },
}

/// What a person found out about an attempt of unknown outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    Happened,
    DidNotHappen,
    /// It happened, and the result was given to the person at the counter.
    HandedInPerson,
}

pub enum TaskAnswer {
    Done,
    Already(Earlier),
    Changed { what: String, at: DateTime<Utc> },
    NeedsFactor { left: u8 },
    LockedOut,
    Invalid(Vec<FieldError>),
    Refused(String),
    Gone,
}

/// The result a page showed: a press on it means this one, and no later issue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeenResult {
    pub proposal_hash: String,
    pub issue: String,
}

/// A new secret and link in place of those that the page told of.
pub struct ReissueForm {
    pub seen: SeenResult,
    pub reason: String,
    pub code: Typed,
}

/// The result given to a person at the counter.
pub struct HandForm {
    pub seen: SeenResult,
    /// How the person was recognised, such as the kind of card shown.
    pub identified_by: String,
    pub note: String,
    pub code: Typed,
}

pub enum HandAnswer {
    /// Shown once, on this screen, to the person standing there.
    Show(RevealedView),
    /// A second, different admin must approve too, and sees it then; nothing is shown to the first.
    AwaitsSecond,
    NeedsFactor {
        left: u8,
    },
    LockedOut,
    Invalid(Vec<FieldError>),
    Refused(String),
    Gone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldChoice {
    Admit,
    Drop,
}

pub struct HeldForm {
    pub choice: HeldChoice,
    pub reason: String,
    /// [`HeldView::seen`](crate::web::view::HeldView::seen) of the page it was sent from.
    pub seen: String,
}

pub enum HeldAnswer {
    /// Settled; an admitted mail has its number.
    Done(Option<CaseNumber>),
    Already(Earlier),
    Invalid(Vec<FieldError>),
    Refused(String),
    Gone,
}

/// What the applicant typed to prove themselves.
pub enum RevealTyped {
    /// As typed, spaces and all.
    Nip(Typed),
    Code(Typed),
}

pub enum RevealAnswer {
    Revealed(RevealedView),
    Wrong,
    Gone,
}

pub enum ChangeAnswer {
    /// Recorded now or before.
    Done,
    Gone,
}

pub enum EnrolAnswer {
    Done,
    /// The passphrase cannot be kept.
    Unfit(Why),
    Wrong {
        left: u8,
    },
    Gone,
}

pub enum PhraseAnswer {
    Done,
    /// The passphrase cannot be kept.
    Unfit(Why),
    /// Neither the code nor the passphrase of now; tries left.
    Wrong {
        left: u8,
    },
    /// Too many wrong ones: the session ends.
    LockedOut,
    /// Not for this person any more.
    Gone,
}

/// A field of a form, by what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    Reason,
    ReasonCode,
    Code,
    Items,
    Letter,
    Note,
    ToAdmin,
    Method,
    Result,
    SpokenWith,
    Password,
    PasswordAgain,
    UserId,
    Searched,
    What,
    IdentifiedBy,
}

/// Why a field cannot be taken as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    Missing,
    /// Fewer characters than `0`.
    TooShort(usize),
    TooLong(usize),
    /// Not one of the values offered.
    NotOffered,
    /// The two entries differ.
    Different,
    /// A code that does not match; tries left.
    Wrong(u8),
    /// A passphrase that a stranger would try.
    Guessable,
    /// A letter, or words to be added to one, that hold what a letter must not hold (a password, a whole NIP, a register value).
    Forbidden,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    pub field: Field,
    pub why: Why,
}
