//! People and the pages in front of the desk: admins, locks, applicants, the office itself.

use chrono::{DateTime, Utc};

use super::case::{StepClock, Tally};
use crate::sop::names::{Address, CaseNumber, Language, Service};
use crate::web::answer::Typed;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Admin,
    Archivist,
    Auditor,
}

/// A person whose factor was proven on this device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    pub address: Address,
    pub name: String,
    pub role: Role,
    /// Names the enrolment that was proven here; any later change of it ends what this device may do.
    pub enrolment: String,
}

/// What an admin's link shows before the code: nothing of the applicant.
#[derive(Debug, Clone)]
pub struct LockView {
    /// `None` for a held mail.
    pub number: Option<CaseNumber>,
    pub services: Vec<Service>,
    pub tally: Tally,
    pub clock: Option<StepClock>,
    /// Name of the admin whose code opens it.
    pub admin: String,
    /// The current code, in the demo alone.
    pub demo_code: Option<String>,
}

/// What an applicant proves themselves with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevealAsk {
    Nip,
    /// The code an admin read out.
    Code,
    Either,
}

#[derive(Debug, Clone)]
pub struct RevealView {
    pub services: Vec<Service>,
    pub ask: RevealAsk,
    pub until: DateTime<Utc>,
}

/// The result itself, on its way to the person.
pub struct RevealedView {
    pub user_id: Option<String>,
    pub password: Option<Typed>,
    /// Until when the temporary password works.
    pub until: Option<DateTime<Utc>>,
    /// Confirms the change ([`super::counter::Counter::change_confirmed`]).
    pub change_token: Option<Typed>,
}

#[derive(Debug, Clone)]
pub struct ChangeView {
    /// Confirmed before.
    pub done: bool,
}

/// A new factor, shown to its owner alone.
pub struct EnrolView {
    pub address: Address,
    /// Base32.
    pub secret: Typed,
    /// `otpauth://…`, for the picture.
    pub uri: Typed,
    /// Passkeys enrolled so far.
    pub passkeys: usize,
}

/// The office as the pages name it.
#[derive(Debug, Clone)]
pub struct Office {
    /// Minutes for which a code opens a device.
    pub open_minutes: u32,
    /// `LPSE Karang Mulia`.
    pub name: String,
    pub sop_number: String,
    /// As written for people: `(0599) 123456`.
    pub phone: String,
    /// As a telephone dials it: `+62599123456`.
    pub phone_dial: String,
    /// Service hours in words, for each language.
    pub hours_id: String,
    pub hours_en: String,
    pub zone: chrono_tz::Tz,
    /// `WITA`.
    pub zone_name: String,
    /// Where applicants log in; the only foreign address on any page.
    pub system_url: Option<String>,
    /// `SPSE`.
    pub system_name: String,
    pub default_language: Language,
    /// The demo: sandbox in the navigation.
    pub demo: bool,
}
