//! What the SOP asks of an applicant: its legal standing, the role it is for, documents, checklist, reasons to reject.

use serde::Deserialize;

use crate::sop::checklist::{DocumentKind, Finding};
use crate::sop::names::{Language, Service};

/// Reject reasons that the procedure gives by itself, without a finding: deadline passed, someone else's account, out
/// of scope, confirmation failed, account not found.
pub const REASONS_IN_USE: [&str; 5] = ["R06", "R07", "R08", "R09", "R10"];

/// The SOP document's header.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    pub number: String,
    pub title: String,
    pub issuer: String,
    #[serde(default)]
    pub legal_basis: Vec<String>,
    /// SOPs this one refers to, such as the one on archiving.
    #[serde(default)]
    pub related: Vec<String>,
}

/// The kind of account the procedure is for, and what its people are called.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The role as the register and the decree name it; also the default of the accounts file.
    pub role: String,
    pub services: Vec<Service>,
    /// The step's executor, as letters name him or her.
    pub executor: String,
    pub applicant: String,
    #[serde(default)]
    pub signer: Signer,
}

/// Who must sign the request letter (DOMAIN §2, ambiguity 5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signer {
    #[default]
    Applicant,
    Superior,
    Both,
}

/// A sentence in the languages of the letters.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phrase {
    pub id: String,
    pub en: String,
}

impl Phrase {
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::Id => &self.id,
            Language::En => &self.en,
        }
    }
}

/// A document the SOP requires.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentRule {
    pub kind: DocumentKind,
    pub name: Phrase,
    #[serde(default = "yes")]
    pub required: bool,
    /// A good one may be taken from an earlier dossier of the same applicant (DOMAIN §4, mail 4).
    #[serde(default)]
    pub reusable: bool,
    /// Days after the end of validity in which the document is allowed with a confirmation and a deviation note; 0: none.
    #[serde(default)]
    pub grace_days: u32,
}

/// One item of the checklist.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckRule {
    /// The machine name, as `inspect --json` prints it.
    pub item: String,
    /// SOP step 2 or 5.
    pub step: u8,
    /// A noun for the desk: "NIP", never "NIP sama".
    pub name: Phrase,
    /// What the letter asks for when the item is missing.
    #[serde(default)]
    pub ask: Option<Phrase>,
    #[serde(default = "by_system")]
    pub answered_by: Vec<Answerer>,
    #[serde(default = "complete")]
    pub missing: Consequence,
    #[serde(default = "reject")]
    pub contradicted: Consequence,
    #[serde(default = "look")]
    pub unclear: Consequence,
    /// Code of the reject reason when the item leads to a rejection.
    #[serde(default)]
    pub reason: Option<String>,
}

impl CheckRule {
    pub fn may_answer(&self, who: Answerer) -> bool {
        self.answered_by.contains(&who)
    }

    /// What a finding of this item leads to.
    pub fn consequence(&self, finding: Finding) -> Consequence {
        match finding {
            Finding::Met => Consequence::Nothing,
            Finding::Missing => self.missing,
            Finding::Contradicted => self.contradicted,
            Finding::Unclear => self.unclear,
        }
    }
}

/// Who may give or change the finding of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answerer {
    System,
    Admin,
}

/// What a finding leads to. The order is the order of weight: the heaviest of all items is proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consequence {
    Nothing,
    /// Shown on top; the admin judges.
    Look,
    /// A confirmation by phone or in person comes before approval.
    Confirm,
    /// The applicant is asked to complete (SOP step 3).
    Complete,
    /// Rejection is proposed (SOP step 7).
    Reject,
}

/// One reason phrase of the rejection letter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RejectReason {
    /// `R01`, as the desk shows it.
    pub code: String,
    pub text: Phrase,
    /// What must be true before a new request can succeed; the letter says "after …".
    pub remedy: Phrase,
}

/// What a request for another role's account is answered with.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutOfScope {
    pub turn_to: Phrase,
}

fn yes() -> bool {
    true
}

fn by_system() -> Vec<Answerer> {
    vec![Answerer::System, Answerer::Admin]
}

fn complete() -> Consequence {
    Consequence::Complete
}

fn reject() -> Consequence {
    Consequence::Reject
}

fn look() -> Consequence {
    Consequence::Look
}
