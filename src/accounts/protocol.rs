//! What goes to and comes from the office's script: one JSON object each way. Told to operators in
//! `config/accounts/README.md`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::engine::port::{Fate, ResetOutcome};
use crate::sop::account::Account;

pub(super) const VERSION: u32 = 1;

#[derive(Serialize)]
pub(super) struct Request<'a> {
    pub version: u32,
    #[serde(flatten)]
    pub asked: Asked<'a>,
}

#[derive(Serialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub(super) enum Asked<'a> {
    LookUp { user_id: Option<&'a str>, nip: Option<&'a str>, email: Option<&'a str>, name: Option<&'a str> },
    Reset { idempotency_key: &'a str, user_id: &'a str, temporary_password: &'a str, expires_at: DateTime<Utc> },
    ReadBack { idempotency_key: &'a str, user_id: &'a str },
    Probe {},
}

#[derive(Deserialize)]
pub(super) struct Accounts {
    pub accounts: Vec<Account>,
}

#[derive(Deserialize)]
pub(super) struct Outcome {
    outcome: Word,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Done,
    SystemSentLink,
    NotFound,
}

impl From<Outcome> for ResetOutcome {
    fn from(answer: Outcome) -> Self {
        match answer.outcome {
            Word::Done => Self::Done,
            Word::SystemSentLink => Self::SystemSentLink,
            Word::NotFound => Self::NotFound,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Effect {
    took_effect: Option<bool>,
    /// What the reset would have answered; where it is missing the password is set.
    outcome: Option<Word>,
}

impl Effect {
    /// `None` where the script cannot tell, or says two things.
    pub(super) fn fate(&self) -> Option<Fate> {
        match (self.took_effect?, &self.outcome) {
            (false, None | Some(Word::NotFound)) => Some(Fate::NeverHappened),
            (true, None | Some(Word::Done)) => Some(Fate::Done),
            (true, Some(Word::SystemSentLink)) => Some(Fate::SystemSentLink),
            (false, _) | (true, Some(Word::NotFound)) => None,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Ready {
    pub ready: String,
}
