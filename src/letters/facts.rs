//! What a letter may say: plain values, no secret among them. A fact that is absent is `None` or empty, and a text
//! that needs it anyway is an error, never a letter with a hole.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::sop::checklist::Finding;
use crate::sop::names::Service;
use crate::sop::phase::Outcome;
use crate::sop::procedure::papers::{Phrase, RejectReason};

/// The office as its letters name it; from the configuration, the same for every letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Office {
    /// `LPSE Provinsi …`.
    pub name: String,
    pub unit: String,
    /// The line letters are signed with: `Admin PPE – LPSE Provinsi …, Biro …`.
    pub signature: String,
    pub phone: String,
    /// Service hours in words, Indonesian and English.
    pub hours_id: String,
    pub hours_en: String,
    /// The account system: `SPSE`.
    pub system: String,
    /// IANA zone, `Asia/Makassar`.
    pub zone: String,
}

/// Everything a text can name. Each letter uses a part of it; `..LetterFacts::default()` fills the rest.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LetterFacts {
    /// The case number; empty where no case was opened. Stands in brackets before the subject.
    pub number: String,
    /// The applicant; a degree after the first comma is left out of the salutation.
    pub name: Option<String>,
    /// The admin or superior a letter to the office is addressed to.
    pub admin: Option<String>,
    pub services: Vec<Service>,
    /// The role profile of the procedure: `Helpdesk`.
    pub role: String,
    pub sop_number: String,
    pub received_at: Option<DateTime<Utc>>,
    /// Set when the mail came outside service hours: when checking starts.
    pub checking_starts: Option<DateTime<Utc>>,
    /// The closed case this request follows on.
    pub earlier: Option<String>,

    /// What is to be sent, in the order of the checklist.
    pub missing: Vec<Lack>,
    /// Attachments that could not be read and that `missing` does not name.
    pub unopened: Vec<Lack>,
    /// Papers that need not be sent again.
    pub present: Vec<Received>,
    /// Set where a form of the request letter goes along: what its writer said of themselves.
    pub form: Option<Form>,
    /// Words the admin added for the applicant; in a held or failed matter, what happened.
    pub note: Option<String>,
    pub deadline: Option<DateTime<Utc>>,
    pub size_limit_mb: Option<u32>,

    pub reasons: Vec<RejectReason>,
    /// Who serves requests that are out of scope.
    pub turn_to: Option<Phrase>,

    pub done_at: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
    pub unlock: Option<Unlock>,
    pub ending: Option<Ending>,
    pub classification: Option<String>,

    /// Of the applicant, masked by [`crate::sop::names::Nip::masked`].
    pub nip_masked: Option<String>,
    pub work_unit: Option<String>,
    pub sender: Option<String>,
    pub sender_registered: Option<bool>,
    pub findings: Vec<FindingRow>,
    /// Machine names, as `inspect --json` gives them.
    pub alerts: Vec<String>,
    /// Why the applicant must be called, in words; empty where no call is needed.
    pub confirmation: Vec<String>,
    /// The letter that goes out if the admin releases the proposal.
    pub draft: Option<Text>,
    /// Names of the files that go out with the draft.
    pub draft_files: Vec<String>,
    /// What the system proposes.
    pub proposal: Option<LetterProposal>,
    /// Items that a person must look at on the way to an approval.
    pub look: Vec<String>,
    /// The absent admin in whose place the reader gets this.
    pub in_place_of: Option<String>,
    /// The admin who already approved, where two must.
    pub first_approver: Option<String>,
    /// Minutes in which a reply with a code must arrive.
    pub reply_window: Option<u32>,
    /// Whether a reply that rejects, or asks to complete, must hold a code.
    pub reject_needs_code: bool,
    pub complete_needs_code: bool,
    /// Working minutes left of the step's standard.
    pub minutes_left: Option<i64>,
    /// Working minutes used and allowed, of SOP step `step`.
    pub minutes_used: Option<i64>,
    pub standard_minutes: Option<u32>,
    pub standard_origin: Option<Origin>,
    pub step: Option<u8>,
    pub due_at: Option<DateTime<Utc>>,

    pub decided_by: Option<String>,
    pub decided_at: Option<DateTime<Utc>>,
    /// What was decided, as [`Ending`] or as the proposal taken.
    pub decision: Option<LetterProposal>,
    /// Machine name of why a mail is held: `malformed`, `dangerous_attachment`, `unauthenticated`.
    pub held: Option<String>,
    /// Subject of the mail or letter a notice speaks of.
    pub about_subject: Option<String>,
    /// A masked address.
    pub recipient: Option<String>,
    pub count: Option<u32>,
    /// Machines' mails that were only counted.
    pub passed_over: Option<u32>,
    pub until: Option<DateTime<Utc>>,
}

impl fmt::Debug for LetterFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LetterFacts({})", self.number)
    }
}

/// One thing to be sent, and what was wrong with what came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lack {
    /// A key of the checklist: `appointment_decree`.
    pub item: String,
    pub problem: Problem,
    /// The attachment the problem is about.
    #[serde(default)]
    pub file: Option<String>,
    /// Pages of that attachment.
    #[serde(default)]
    pub pages: Vec<u32>,
    /// When a decree ran out.
    #[serde(default)]
    pub until: Option<NaiveDate>,
    /// How the procedure asks for it; without, the phrases do.
    #[serde(default)]
    pub ask: Option<Phrase>,
}

impl Lack {
    pub fn of(item: &str, problem: Problem, file: Option<&String>) -> Self {
        Self { item: item.to_owned(), problem, file: file.cloned(), pages: Vec::new(), until: None, ask: None }
    }
}

/// A paper that came and was recognised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// A key of the checklist: `appointment_decree`.
    pub item: String,
    pub file: Option<String>,
    /// Number and day as the paper states them.
    pub number: Option<String>,
    pub date: Option<NaiveDate>,
}

/// What a form of the request letter is filled with: the applicant's own words and nothing of the register. There is no
/// field for the NIP: it opens the result page, so it is never mailed.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    pub name: Option<String>,
    pub position: Option<String>,
    pub work_unit: Option<String>,
    pub user_id: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// Nothing of the kind was sent.
    Absent,
    /// Locked with a password.
    Encrypted,
    /// RAR, 7z and the like: please PDF or ZIP.
    ArchiveFormat,
    /// `winmail.dat`.
    OutlookPacket,
    /// An office file that is not read here: please PDF.
    OfficeFormat,
    /// The virus scanner found something.
    Infected,
    /// The virus scanner could not look into it.
    Unscanned,
    Unreadable,
    /// Some pages of a document cannot be read.
    PagesUnreadable,
    /// A decree no longer in force.
    Expired,
    /// The page of the decree that holds the names is not there.
    AnnexPageMissing,
    Unsigned,
    /// A link to a file share instead of the file.
    LinkOnly,
    /// There, but a part of it is unclear or wrong in form; the item's own words say what to send.
    Incomplete,
}

/// What the reveal page asks for; never something that stands in the mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unlock {
    Nip,
    /// A code the admin reads out by phone.
    SpokenCode,
}

/// How a case ended, in the words of the closing letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    PasswordReset,
    ResetUnconfirmed,
    NotFetched,
    UserIdGiven,
    BothGiven,
    SystemLinkSent,
    HandedOver,
    Rejected,
    Expired,
    Withdrawn,
    OutOfScope,
    TooLarge,
    Dropped,
}

impl From<&Outcome> for Ending {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::ResetConfirmed => Self::PasswordReset,
            Outcome::ResetUnconfirmed => Self::ResetUnconfirmed,
            Outcome::UserIdGiven => Self::UserIdGiven,
            Outcome::NotFetched => Self::NotFetched,
            Outcome::Rejected { .. } => Self::Rejected,
            Outcome::Expired => Self::Expired,
            Outcome::Withdrawn => Self::Withdrawn,
            Outcome::OutOfScope => Self::OutOfScope,
            Outcome::TooLarge => Self::TooLarge,
            Outcome::Dropped { .. } => Self::Dropped,
        }
    }
}

/// What an admin is proposed to do, or did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterProposal {
    Approve,
    Complete,
    Reject,
    HandOver,
    Reissue,
    HandInPerson,
}

/// Where a time standard comes from; a proposed one is never shown as a breach of the SOP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    Sop,
    Proposed,
}

/// One line of the checklist as the admin's mail shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRow {
    pub item: String,
    pub step: u8,
    pub finding: Finding,
    /// One sentence without whole NIP or register value.
    pub because: String,
}

/// A letter's subject and body, with placeholders where links and late times will stand.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// One line.
    pub subject: String,
    /// Plain text with `\n` line ends.
    pub body: String,
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} characters)", self.body.chars().count())
    }
}

/// Facts with everything filled in, invented, for trying every text at start.
pub(super) fn specimen() -> LetterFacts {
    let at = DateTime::<Utc>::from_timestamp(1_794_204_000, 0);
    let some = |text: &str| Some(text.to_owned());
    let phrase = || Phrase { id: "contoh".to_owned(), en: "example".to_owned() };
    LetterFacts {
        number: "LPSE-2026-0047".to_owned(),
        name: some("Contoh Pemohon"),
        admin: some("Contoh Admin"),
        services: vec![Service::ResetPassword],
        role: "Helpdesk".to_owned(),
        sop_number: "000.3/0620".to_owned(),
        received_at: at,
        checking_starts: at,
        earlier: some("LPSE-2026-0031"),
        missing: vec![Lack::of("appointment_decree", Problem::Absent, None)],
        unopened: vec![Lack::of("attachment", Problem::ArchiveFormat, Some(&"contoh.rar".to_owned()))],
        present: vec![Received {
            item: "request_letter".to_owned(),
            file: some("contoh.pdf"),
            number: some("000.3/1"),
            date: at.map(|at| at.date_naive()),
        }],
        form: Some(Form {
            name: some("Contoh Pemohon, S.E."),
            position: some("Contoh Jabatan"),
            work_unit: some("Contoh Unit"),
            user_id: some("CONTOH"),
            email: some("contoh@kantor.example"),
            phone: some("0840"),
        }),
        note: some("Contoh catatan."),
        deadline: at,
        size_limit_mb: Some(25),
        reasons: vec![RejectReason { code: "R01".to_owned(), text: phrase(), remedy: phrase() }],
        turn_to: Some(phrase()),
        done_at: at,
        expires_at: at,
        unlock: Some(Unlock::Nip),
        ending: Some(Ending::PasswordReset),
        classification: some("000.3"),
        nip_masked: some("••••••••201101••••"),
        work_unit: some("Contoh Unit"),
        sender: some("contoh@kantor.example"),
        sender_registered: Some(true),
        findings: vec![
            FindingRow { item: "request_letter".to_owned(), step: 2, finding: Finding::Met, because: "ada".to_owned() },
            FindingRow { item: "nip_matches".to_owned(), step: 5, finding: Finding::Met, because: "sama".to_owned() },
        ],
        alerts: vec!["number_blank".to_owned()],
        confirmation: vec!["contoh alasan".to_owned()],
        draft: Some(Text { subject: "Contoh".to_owned(), body: "Contoh".to_owned() }),
        draft_files: vec!["contoh.pdf".to_owned()],
        proposal: Some(LetterProposal::Approve),
        look: vec!["signature_valid".to_owned()],
        in_place_of: some("Contoh Admin Cuti"),
        first_approver: some("Contoh Admin Lain"),
        reply_window: Some(10),
        reject_needs_code: true,
        complete_needs_code: true,
        minutes_left: Some(9),
        minutes_used: Some(17),
        standard_minutes: Some(15),
        standard_origin: Some(Origin::Proposed),
        step: Some(5),
        due_at: at,
        decided_by: some("Contoh Admin"),
        decided_at: at,
        decision: Some(LetterProposal::Approve),
        held: some("unauthenticated"),
        about_subject: some("Contoh subjek"),
        recipient: some("c…@kantor.example"),
        count: Some(5),
        passed_over: Some(7),
        until: at,
    }
}
