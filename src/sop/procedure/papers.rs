//! What the SOP asks of an applicant: its legal standing, the role it is for, checklist, reasons to reject.

use serde::{Deserialize, Serialize};

use crate::sop::checklist::Finding;
use crate::sop::names::Language;

/// Reject reasons that the procedure gives by itself, without a finding: the records say otherwise, deadline passed, out of
/// scope, confirmation failed, account not found.
pub const REASONS_IN_USE: [&str; 5] = [UNLIKE_THE_RECORDS, "R06", "R08", "R09", "R10"];
/// The ground where none was named: the letter does not agree with the records.
pub const UNLIKE_THE_RECORDS: &str = "R04";

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

/// The kind of account the procedure is for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The role as the register and the decree name it; also the default of the accounts file.
    pub role: String,
}

/// A sentence in the languages of the letters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// What the letter asks for when the item is missing, and what the box at the desk says; without, the letters' own phrase.
    #[serde(default)]
    pub ask: Option<Phrase>,
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RejectReason {
    /// `R01`, as the desk shows it.
    pub code: String,
    pub text: Phrase,
    /// What must be true before a new request can succeed; the letter says "setelah …", "once …".
    pub remedy: Phrase,
}

/// What a request for another role's account is answered with.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutOfScope {
    /// Who serves which accounts; the letter says it after a colon.
    pub turn_to: Phrase,
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
