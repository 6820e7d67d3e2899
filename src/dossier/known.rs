//! What the daemon knows beside the papers. `inspect` knows little of it, and leaves the items that need it out.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::reuse::Marks;
use crate::sop::account::Account;
use crate::sop::names::CaseNumber;

/// Facts from outside the dossier; `None` means that nobody looked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// All records that could be meant. `None`: no account source, and no finding of step 5.
    pub accounts: Option<&'a [Account]>,
    /// Letters of other cases that were there before, for `letter_not_reused`.
    pub earlier_letters: Option<&'a [EarlierLetter]>,
    /// Decrees that an admin approved on; those of this number, and those that name this applicant.
    pub decrees: &'a [ApprovedDecree],
    pub confirmed: Option<&'a Confirmation>,
}

/// A letter that was sent in an earlier case.
#[derive(Debug, Clone)]
pub struct EarlierLetter {
    pub case: CaseNumber,
    pub standing: Standing,
    pub marks: Marks,
}

/// What became of the case a letter was sent in. The order is how much it weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Taken back, or never completed: nothing was decided on the letter.
    GivenUp,
    Rejected,
    /// Still worked on.
    Open,
    /// An admin approved on it.
    Granted,
}

/// A decree as it stood in a case in which an admin approved on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovedDecree {
    pub case: CaseNumber,
    pub number: String,
    pub valid_from: Option<NaiveDate>,
    pub valid_until: Option<NaiveDate>,
    /// Whether it gave its applicant the procedure's role; `None`: it named no role.
    pub own_role: Option<bool>,
    /// Whether its applicant is this one.
    #[serde(skip)]
    pub same_applicant: bool,
}

/// How a confirmation by telephone or in person stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmation {
    /// Called for, and why, in Indonesian.
    Wanted(String),
    Given,
    Denied,
}
