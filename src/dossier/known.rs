//! What the daemon knows beside the papers. `inspect` knows little of it, and leaves the items that need it out.

use chrono::NaiveDate;

use crate::sop::account::Account;
use crate::sop::names::{CaseNumber, Sha256Hex};

/// Facts from outside the dossier; `None` means that nobody looked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// All records that could be meant. `None`: no account source, and no finding of step 5.
    pub accounts: Option<&'a [Account]>,
    /// Letters of earlier cases, for `letter_not_reused`.
    pub earlier_letters: Option<&'a [EarlierLetter]>,
    pub confirmed: Option<&'a Confirmation>,
}

/// A letter that was used in an earlier case.
#[derive(Debug, Clone)]
pub struct EarlierLetter {
    pub case: CaseNumber,
    pub number: Option<String>,
    pub date: Option<NaiveDate>,
    pub sha256: Option<Sha256Hex>,
}

/// How a confirmation by telephone or in person stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmation {
    /// Called for, and why, in Indonesian.
    Wanted(String),
    Given,
    Denied,
}
