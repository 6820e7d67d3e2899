//! The SOP's times, rounds, people, secrets and retention. Every field says its unit; defaults are the office's proposal.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::sop::checklist::Understanding;
use crate::sop::worktime::Calendar;

/// A step's time standard in working minutes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeStandard {
    pub step: u8,
    pub minutes: u32,
    pub origin: Origin,
}

/// Where a limit comes from. A proposed limit is never reported as a breach of the SOP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    Sop,
    Proposed,
}

/// Whom a running clock reminds, in percent of the step's standard.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Overrun {
    pub remind_at_percent: Vec<u32>,
    /// The configured superior is told at this point; 0: never.
    pub superior_at_percent: u32,
}

impl Default for Overrun {
    fn default() -> Self {
        Self { remind_at_percent: vec![50, 100], superior_at_percent: 150 }
    }
}

/// Steps 3 and 4: asking for what is missing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Completion {
    /// How often an applicant may be asked before a rejection is proposed.
    pub max_rounds: u32,
    pub deadline_working_days: u32,
    /// Counted from the request to complete; 0: no reminder.
    pub reminder_after_working_days: u32,
    /// Requests to complete go out without an admin's release.
    pub auto_release: bool,
}

impl Default for Completion {
    fn default() -> Self {
        Self { max_rounds: 2, deadline_working_days: 3, reminder_after_working_days: 2, auto_release: false }
    }
}

/// When a confirmation by phone or in person must come before approval (SOP step 5, "jika perlu").
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Confirmation {
    pub triggers: Vec<Trigger>,
    pub second_reset_within_days: u32,
    pub free_mail_domains: Vec<String>,
    /// An admin may approve without one, with a reason that is recorded as a deviation.
    pub waivable: bool,
}

impl Confirmation {
    pub fn triggers(&self, trigger: Trigger) -> bool {
        self.triggers.contains(&trigger)
    }

    /// Puts the alert of a second reset on findings whose account was last approved then.
    pub fn note_repeat(&self, findings: &mut Understanding, last: Option<DateTime<Utc>>, now: DateTime<Utc>) {
        let within = TimeDelta::days(i64::from(self.second_reset_within_days));
        let name = Trigger::SecondReset.key();
        if last.is_some_and(|last| now - last < within) && !findings.alerts.iter().any(|alert| alert == name) {
            findings.alerts.push(name.to_owned());
            findings.alerts.sort();
        }
    }

    pub fn is_free_mail(&self, domain: &str) -> bool {
        self.free_mail_domains.iter().any(|d| d.eq_ignore_ascii_case(domain))
    }
}

impl Default for Confirmation {
    fn default() -> Self {
        Self {
            triggers: Trigger::ALL.to_vec(),
            second_reset_within_days: 30,
            free_mail_domains: Vec::new(),
            waivable: false,
        }
    }
}

/// A circumstance that calls for a confirmation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The mail came from another address than the registered one.
    SenderNotRegistered,
    FreeMailDomain,
    /// SPF, DKIM or DMARC failed, or nothing trusted vouches for the sender.
    AuthenticationFailed,
    NameDiffers,
    NipMismatch,
    WorkUnitDiffers,
    /// The letter brings a new telephone number or mail address.
    AddressChangeRequested,
    /// The letter asks for the result by another channel, such as WhatsApp.
    OtherChannelRequested,
    TteUnverifiable,
    /// Read from a picture with doubt.
    PoorlyLegible,
    /// The decree is not certainly in force: ended, within the days of grace or beyond, or of a validity that could not be read.
    DecreeInGrace,
    SecondReset,
}

impl Trigger {
    pub const ALL: [Self; 12] = [
        Self::SenderNotRegistered,
        Self::FreeMailDomain,
        Self::AuthenticationFailed,
        Self::NameDiffers,
        Self::NipMismatch,
        Self::WorkUnitDiffers,
        Self::AddressChangeRequested,
        Self::OtherChannelRequested,
        Self::TteUnverifiable,
        Self::PoorlyLegible,
        Self::DecreeInGrace,
        Self::SecondReset,
    ];

    /// The name in the procedure file.
    pub fn key(self) -> &'static str {
        match self {
            Self::SenderNotRegistered => "sender_not_registered",
            Self::FreeMailDomain => "free_mail_domain",
            Self::AuthenticationFailed => "authentication_failed",
            Self::NameDiffers => "name_differs",
            Self::NipMismatch => "nip_mismatch",
            Self::WorkUnitDiffers => "work_unit_differs",
            Self::AddressChangeRequested => "address_change_requested",
            Self::OtherChannelRequested => "other_channel_requested",
            Self::TteUnverifiable => "tte_unverifiable",
            Self::PoorlyLegible => "poorly_legible",
            Self::DecreeInGrace => "decree_in_grace",
            Self::SecondReset => "second_reset",
        }
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// Who may decide, and when two must.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Approval {
    pub roles: Vec<String>,
    /// Nobody decides on his or her own account. A file can only say so, not otherwise.
    pub not_own_account: bool,
    /// Every approval needs two different admins.
    pub two_for_every_approval: bool,
    /// An approval of a case with a confirmation trigger needs two different admins.
    pub two_after_trigger: bool,
    /// Issuing a lost secret again, or handing a result over in person, needs two different admins; it does anyway where the
    /// request itself needed two.
    pub two_for_reissue: bool,
    /// The first request of an account that is approved here.
    pub two_for_first_request: bool,
    /// The sender's address is not the registered one.
    pub two_for_unregistered_sender: bool,
    /// A mail of the request came in while the office was closed.
    pub two_outside_hours: bool,
    /// Days after an approval in which a further request for the same account needs two; 0: never.
    pub two_for_repeat_within_days: u32,
    /// Roles in the register whose accounts always need two.
    pub two_for_roles: Vec<String>,
}

impl Default for Approval {
    fn default() -> Self {
        Self {
            roles: vec!["admin".into()],
            not_own_account: true,
            two_for_every_approval: false,
            two_after_trigger: false,
            two_for_reissue: false,
            two_for_first_request: false,
            two_for_unregistered_sender: false,
            two_outside_hours: false,
            two_for_repeat_within_days: 0,
            two_for_roles: Vec::new(),
        }
    }
}

/// Decisions by mail reply. Approving always needs the admin's code.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reply {
    pub allowed: bool,
    /// How far from the topmost trusted `Received` the code's time may lie.
    pub code_window_minutes: u32,
    pub reject_needs_code: bool,
    pub complete_needs_code: bool,
}

impl Default for Reply {
    fn default() -> Self {
        Self { allowed: true, code_window_minutes: 10, reject_needs_code: false, complete_needs_code: false }
    }
}

/// Links to admins.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LinkRules {
    /// Life of a decision link, counted on working days only.
    pub hours_of_working_days: u32,
    /// How long a code opens the desk on a device; the shortest of a desk's procedures holds.
    pub unlocked_minutes: u32,
}

impl Default for LinkRules {
    fn default() -> Self {
        Self { hours_of_working_days: 24, unlocked_minutes: 10 }
    }
}

/// The temporary password and the page that reveals it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SecretRules {
    /// Characters, from an alphabet without look-alikes; at least 15.
    pub length: u32,
    /// Hours of the clock that a secret lives at least.
    pub hours: u32,
    /// A secret lives at least until noon of the next working day.
    pub until_noon_of_next_working_day: bool,
    /// Hours of the clock that a secret lives at most.
    pub max_hours: u32,
}

impl Default for SecretRules {
    fn default() -> Self {
        Self { length: 16, hours: 24, until_noon_of_next_working_day: true, max_hours: 96 }
    }
}

impl SecretRules {
    /// When a secret issued at `issued` is destroyed.
    pub fn expires_at(&self, calendar: &Calendar, issued: DateTime<Utc>) -> DateTime<Utc> {
        let after = |hours: u32| issued + TimeDelta::hours(i64::from(hours));
        let noon = self.until_noon_of_next_working_day.then(|| calendar.noon_of_next_working_day(issued));
        noon.map_or(after(self.hours), |noon| noon.max(after(self.hours))).min(after(self.max_hours))
    }

    pub(super) fn flaws(&self, flaw: &mut impl FnMut(String, String)) {
        if !(15..=64).contains(&self.length) {
            flaw("secret.length".into(), format!("is {}; a temporary password has 15 to 64 characters", self.length));
        }
        if self.hours == 0 || self.hours > self.max_hours {
            flaw(
                "secret.hours".into(),
                format!("is {}; it must lie between 1 and `secret.max_hours` ({})", self.hours, self.max_hours),
            );
        }
        if self.max_hours > 96 {
            flaw(
                "secret.max_hours".into(),
                format!("is {}; a temporary password lives 96 hours at most", self.max_hours),
            );
        }
    }
}

/// Asking for the confirmation that the password was changed (SOP step 8, remark).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChangeReminders {
    /// Working days from the reveal to the first reminder, and between reminders.
    pub remind_after_working_days: u32,
    pub remind_every_working_days: u32,
    /// 0: no reminders.
    pub reminders: u32,
    /// The case closes as unconfirmed so many working days after the reveal.
    pub close_after_working_days: u32,
}

impl Default for ChangeReminders {
    fn default() -> Self {
        Self { remind_after_working_days: 1, remind_every_working_days: 2, reminders: 3, close_after_working_days: 7 }
    }
}

/// What the archive is told about a dossier (Permendagri 83/2022, the office's JRA).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    pub code: String,
    pub class: String,
    /// Who may read it, such as "terbatas".
    pub access: String,
    pub active_years: u32,
    pub inactive_years: u32,
    pub fate: Fate,
    pub origin: Origin,
}

/// What happens when the retention has passed; never without an approval on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Musnah.
    Destroy,
    /// Permanen.
    Keep,
    /// Dinilai kembali.
    Reassess,
}
