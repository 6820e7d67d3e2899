//! The SOP as data: everything that differs between offices, read from one procedure file.
//!
//! A case pins the procedure it began under by id and hash of the file's bytes. What the rules mean for a case is
//! decided elsewhere; here they are only read, checked against each other and named. Read [`papers`] for what is
//! asked of an applicant and [`rules`] for times, people and secrets. The tables under `[recognition]` belong to
//! `dossier` and pass through unread.

use std::fmt;

use chrono_tz::Tz;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::hours::{Hours, YearDates};
use super::names::{Language, Sha256Hex};
use super::worktime::{Calendar, Minutes};

pub mod papers;
mod retired;
pub mod rules;

use papers::{Basis, CheckRule, OutOfScope, Profile, RejectReason};
use rules::{
    Approval, ChangeReminders, Completion, Confirmation, LinkRules, Overrun, Reply, Retention, SecretRules,
    TimeStandard,
};

/// One procedure file, read and checked.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Procedure {
    id: String,
    #[serde(skip, default = "unhashed")]
    hash: Sha256Hex,
    #[serde(skip)]
    source: Source,
    #[serde(default)]
    pub language: Language,
    pub sop: Basis,
    pub profile: Profile,
    #[serde(rename = "check")]
    pub checks: Vec<CheckRule>,
    #[serde(rename = "reject_reason")]
    pub reject_reasons: Vec<RejectReason>,
    pub out_of_scope: OutOfScope,
    #[serde(rename = "time")]
    pub times: Vec<TimeStandard>,
    #[serde(default)]
    pub overrun: Overrun,
    #[serde(default)]
    pub completion: Completion,
    #[serde(default)]
    pub confirmation: Confirmation,
    #[serde(default)]
    pub approval: Approval,
    #[serde(default)]
    pub reply: Reply,
    #[serde(default)]
    pub link: LinkRules,
    #[serde(default)]
    pub secret: SecretRules,
    #[serde(default)]
    pub change: ChangeReminders,
    pub retention: Retention,
    pub hours: Hours,
    /// Words by which papers and requests are recognised; `dossier` reads them.
    #[serde(default)]
    pub recognition: toml::Table,
}

/// A file's text, left out of debug output.
#[derive(Clone, Default, PartialEq)]
struct Source(String);

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source(…)")
    }
}

/// Roles that decide nothing, whatever an office writes.
const READS_ONLY: [&str; 2] = ["archivist", "auditor"];
/// The role of enrolled persons that decides.
const DECIDES: &str = "admin";

/// What is wrong with a procedure file: the key, and a sentence that says what and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}`: {message}")]
pub struct Flaw {
    pub key: String,
    pub message: String,
}

impl Procedure {
    /// Reads a procedure file. A text that is not TOML, an unknown key or a wrong type gives one flaw; a file that
    /// reads but contradicts itself gives all of them.
    pub fn parse(text: &str) -> Result<Self, Vec<Flaw>> {
        let unread = |e: toml::de::Error| {
            let key = e.span().map_or_else(|| "file".to_owned(), |s| format!("line {}", line_of(text, s.start)));
            vec![Flaw { key, message: message(&e) }]
        };
        let retired = retired::take_out(&mut toml::from_str(text).map_err(unread)?);
        if !retired.is_empty() {
            return Err(retired);
        }
        let procedure = toml::from_str::<Self>(text).map_err(unread)?.read_from(text);
        let flaws = procedure.flaws();
        if flaws.is_empty() { Ok(procedure) } else { Err(flaws) }
    }

    /// Reads a file that was in force before, so that a case begun under it can end under it: retired keys are passed over,
    /// and what an earlier version accepted is not questioned.
    pub fn read_kept(text: &str) -> Result<Self, Flaw> {
        let unread = |e: toml::de::Error| Flaw { key: "file".to_owned(), message: message(&e) };
        let mut file: toml::Table = toml::from_str(text).map_err(unread)?;
        retired::take_out(&mut file);
        Ok(file.try_into::<Self>().map_err(unread)?.read_from(text))
    }

    fn read_from(self, text: &str) -> Self {
        let hash = Sha256Hex(Sha256::digest(text).iter().map(|b| format!("{b:02x}")).collect());
        Self { hash, source: Source(text.to_owned()), ..self }
    }

    /// The Helpdesk procedure as it is shipped, used where no file is configured.
    pub fn helpdesk() -> Self {
        Self::parse(include_str!("../../config/sop/helpdesk.toml"))
            .expect("the shipped procedure file is held valid by a test")
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// SHA-256 of the file's bytes.
    pub fn hash(&self) -> &Sha256Hex {
        &self.hash
    }

    /// The file's text, to be kept beside the hash for the cases that began under it.
    pub fn source(&self) -> &str {
        &self.source.0
    }

    pub fn check(&self, item: &str) -> Option<&CheckRule> {
        self.checks.iter().find(|c| c.item == item)
    }

    /// The items of one SOP step, in the order of the file.
    pub fn checks_of(&self, step: u8) -> impl Iterator<Item = &CheckRule> {
        self.checks.iter().filter(move |c| c.step == step)
    }

    /// The time standard of a step; `None` where the SOP gives the applicant the time (steps 1 and 4).
    pub fn time(&self, step: u8) -> Option<&TimeStandard> {
        self.times.iter().find(|t| t.step == step)
    }

    /// The limit of a step as working time.
    pub fn limit(&self, step: u8) -> Option<Minutes> {
        self.time(step).map(|t| Minutes::of(t.minutes))
    }

    pub fn reject_reason(&self, code: &str) -> Option<&RejectReason> {
        self.reject_reasons.iter().find(|r| r.code == code)
    }

    /// The office's calendar under this procedure's hours.
    pub fn calendar(&self, zone: Tz, years: &[YearDates]) -> Result<Calendar, String> {
        Calendar::new(zone, &self.hours, years)
    }

    /// The calendar of a file that was accepted earlier: seasons of later years that it does not know have its plain week.
    pub fn calendar_as_far_as_known(&self, zone: Tz, years: &[YearDates]) -> Calendar {
        Calendar::as_far_as_known(zone, &self.hours, years)
    }

    fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let mut flaw = |key: String, message: String| flaws.push(Flaw { key, message });
        if self.id.is_empty()
            || !self.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
        {
            flaw(
                "id".into(),
                "must be a short name of lower-case letters, digits, `_` and `-`; cases refer to it".into(),
            );
        }
        if self.hours.week.is_always_closed() {
            flaw(
                "hours.week".into(),
                "has no open hours, so no deadline could be reached; open at least one day".into(),
            );
        }
        for (index, time) in self.times.iter().enumerate() {
            if !matches!(time.step, 2 | 3 | 5..=9) {
                flaw(
                    format!("time[{index}].step"),
                    format!("is {}; only the office's steps 2, 3 and 5 to 9 have a standard", time.step),
                );
            }
            if self.times[..index].iter().any(|t| t.step == time.step) {
                flaw(
                    format!("time[{index}].step"),
                    format!("names step {} a second time; keep one standard a step", time.step),
                );
            }
            if time.minutes == 0 {
                flaw(
                    format!("time[{index}].minutes"),
                    "is 0, which every case would overrun; leave the entry out instead".into(),
                );
            }
        }
        self.check_flaws(&mut flaw);
        self.secret.flaws(&mut flaw);
        if self.overrun.remind_at_percent.iter().any(|p| *p == 0 || *p > 1000) {
            flaw("overrun.remind_at_percent".into(), "must hold percentages from 1 to 1000".into());
        }
        if self.approval.roles.is_empty() {
            flaw(
                "approval.roles".into(),
                "is empty, so nobody could decide; name at least one role, such as \"admin\"".into(),
            );
        }
        if !self.approval.not_own_account {
            flaw(
                "approval.not_own_account".into(),
                "is false; nobody decides on their own account, take it out".into(),
            );
        }
        for role in self.approval.roles.iter().filter(|role| READS_ONLY.contains(&role.as_str())) {
            flaw("approval.roles".into(), format!("names {role:?}, who only reads; take it out"));
        }
        if !self.approval.roles.is_empty() && !self.approval.roles.iter().any(|role| role == DECIDES) {
            let why = format!("does not name {DECIDES:?}, the only role that decides, so nobody could; add it");
            flaw("approval.roles".into(), why);
        }
        flaws
    }

    fn check_flaws(&self, flaw: &mut impl FnMut(String, String)) {
        for (index, check) in self.checks.iter().enumerate() {
            if !matches!(check.step, 2 | 5) {
                flaw(
                    format!("check[{index}].step"),
                    format!("is {}; items belong to step 2 (completeness) or 5 (validity)", check.step),
                );
            }
            if self.checks[..index].iter().any(|c| c.item == check.item) {
                flaw(format!("check[{index}].item"), format!("`{}` stands twice; keep one", check.item));
            }
            let reason = check.reason.as_deref().filter(|code| self.reject_reason(code).is_none());
            if let Some(code) = reason {
                flaw(
                    format!("check[{index}].reason"),
                    format!("`{code}` is not among the `[[reject_reason]]` entries; add it there"),
                );
            }
        }
        for (index, reason) in self.reject_reasons.iter().enumerate() {
            if self.reject_reasons[..index].iter().any(|r| r.code == reason.code) {
                flaw(format!("reject_reason[{index}].code"), format!("`{}` stands twice; keep one", reason.code));
            }
        }
        for code in papers::REASONS_IN_USE.iter().filter(|code| self.reject_reason(code).is_none()) {
            flaw(
                "reject_reason".into(),
                format!("lacks `{code}`, which the procedure itself uses; add an entry for it"),
            );
        }
    }
}

/// A reading error as one sentence with its line, for files of the procedure.
pub(super) fn sentence(error: &toml::de::Error, text: &str) -> String {
    let place = error.span().map_or_else(String::new, |span| format!("line {}: ", line_of(text, span.start)));
    format!("{place}{}", message(error))
}

/// The reader's message; where it complains of an unknown name, the nearest known one instead of the whole list.
fn message(error: &toml::de::Error) -> String {
    let raw = error.message().replace('\n', ", ");
    let quoted: Vec<&str> = raw.split('`').skip(1).step_by(2).collect();
    let Some((unknown, known)) = quoted.split_first().filter(|_| raw.starts_with("unknown ")) else { return raw };
    let nearest =
        known.iter().max_by(|a, b| strsim::jaro_winkler(unknown, a).total_cmp(&strsim::jaro_winkler(unknown, b)));
    let what = if raw.starts_with("unknown field") { "unknown key" } else { "unknown word" };
    nearest.map_or(raw.clone(), |near| format!("{what} `{unknown}`; the nearest known one is `{near}`"))
}

fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).map_or(1, |before| before.matches('\n').count() + 1)
}

fn unhashed() -> Sha256Hex {
    Sha256Hex(String::new())
}
