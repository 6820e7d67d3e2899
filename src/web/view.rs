//! What the pages show: plain values without an engine behind them. Text from mails is raw here; the templates escape
//! it and make control and bidi characters visible. Times are UTC; the pages show them in the office's zone.

use chrono::{DateTime, Utc};

use super::answer::{ConfirmMethod, ConfirmResult, Typed};
use crate::dossier::page::Page;
use crate::sop::checklist::{Check, DocumentKind};
use crate::sop::names::{Address, CaseNumber, Language, Nip, Service};

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
}

/// One of the four decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Choice {
    Approve,
    Complete,
    Reject,
    HandOver,
}

/// How many findings of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub met: usize,
    pub contradicted: usize,
    pub unclear: usize,
    pub missing: usize,
}

/// Where a time standard comes from; a proposed one is never shown as a breach of the SOP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Sop,
    Proposed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockState {
    /// Working minutes left (negative: over) until `due`.
    Running { left: i64, due: DateTime<Utc> },
    /// Waiting for the applicant, at the latest until `until`.
    Stopped { until: Option<DateTime<Utc>> },
}

/// The clock of the current step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepClock {
    pub state: ClockState,
    /// Working minutes.
    pub standard: u32,
    pub origin: Origin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    Done,
    Skipped,
    Current,
    Next,
}

/// What stands above every page of a case.
#[derive(Debug, Clone)]
pub struct CaseHead {
    pub number: CaseNumber,
    pub services: Vec<Service>,
    /// The applicant's name as the letter gives it; empty where none was found.
    pub name: String,
    pub user_id: Option<String>,
    pub work_unit: Option<String>,
    pub received: DateTime<Utc>,
    /// Steps 1 to 9.
    pub steps: [StepState; 9],
    pub clock: Option<StepClock>,
    /// A year whose holidays are not installed: the clock is provisional.
    pub holidays_missing: Option<i32>,
    /// A letter that bounced.
    pub undelivered: Option<Undelivered>,
    /// Overruns whose reason is still to be entered.
    pub deviations: Vec<DeviationView>,
}

#[derive(Debug, Clone)]
pub struct Undelivered {
    /// The letter's subject.
    pub letter: String,
    pub to: String,
    pub at: DateTime<Utc>,
    pub why: String,
}

#[derive(Debug, Clone)]
pub struct DeviationView {
    pub id: String,
    pub step: u8,
    /// Working minutes spent.
    pub spent: u32,
    pub standard: u32,
    pub origin: Origin,
    /// Name of the admin accountable.
    pub actor: String,
}

/// The page of a case in its phase.
pub enum CasePage {
    Review(Box<ReviewView>),
    Task(Box<TaskView>),
    Unknown(Box<UnknownView>),
    Outcome(Box<OutcomeView>),
}

/// What an admin's link shows before the code.
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

/// Everything an admin decides on.
pub struct ReviewView {
    pub head: CaseHead,
    pub checks: Vec<CheckRow>,
    /// Machine names such as `instruction_in_text`.
    pub alerts: Vec<String>,
    pub papers: Vec<PaperView>,
    pub sender: SenderView,
    pub confirmation: ConfirmationView,
    /// At most one for each choice that sends a letter.
    pub drafts: Vec<DraftView>,
    pub proposal: ProposalView,
    /// When the dossier changed after it was first proposed, and by what, one sentence.
    pub changed: Option<(DateTime<Utc>, String)>,
    /// Who approved first, where two must.
    pub first_approval: Option<(String, DateTime<Utc>)>,
}

#[derive(Debug, Clone)]
pub struct CheckRow {
    pub check: Check,
    /// The noun of the row where the procedure file gives one; else the page's own word for the item.
    pub title: Option<String>,
}

/// One attachment as the viewer shows it.
#[derive(Debug, Clone)]
pub struct PaperView {
    /// Names the paper in addresses; unique within the case.
    pub index: u32,
    pub attachment: String,
    /// Bytes.
    pub size: u64,
    pub pages: Vec<PageView>,
    /// Why there is nothing to see, one sentence.
    pub unreadable: Option<String>,
}

#[derive(Debug, Clone, Copy)]
pub struct PageView {
    /// Counted from 1 within the paper.
    pub number: u32,
    pub kind: DocumentKind,
    /// Points.
    pub width: f32,
    pub height: f32,
}

/// A page to look at.
pub enum Picture {
    /// Drawn from words and their places.
    Drawn(Page),
    /// A picture made by the reading worker.
    Raster { media_type: &'static str, bytes: Vec<u8> },
}

#[derive(Debug, Clone)]
pub struct SenderView {
    pub from: String,
    pub registered: bool,
    /// What proves the sender, one sentence.
    pub authenticity: String,
    pub subject: String,
    /// The mail's own words, bounded.
    pub body: String,
}

#[derive(Debug, Clone)]
pub struct ConfirmationView {
    pub required: bool,
    /// Why it is asked for, one sentence; empty where it is not.
    pub because: String,
    /// The number in the register, never the one in the mail.
    pub phone: Option<String>,
    pub done: Vec<Confirmed>,
    /// What the procedure asks for is on record.
    pub satisfied: bool,
}

#[derive(Debug, Clone)]
pub struct Confirmed {
    pub method: ConfirmMethod,
    pub result: ConfirmResult,
    pub spoken_with: String,
    pub note: String,
    pub by: String,
    pub at: DateTime<Utc>,
}

#[derive(Debug, Clone)]
pub struct DraftView {
    pub choice: Choice,
    pub to: Vec<String>,
    pub subject: String,
    /// Plain text; paragraphs parted by empty lines.
    pub body: String,
    pub edited: bool,
}

/// What the system proposes, and what each choice would do.
#[derive(Debug, Clone)]
pub struct ProposalView {
    /// Names exactly these bytes: attachments, account and drafts.
    pub hash: String,
    pub choice: Choice,
    /// Why, a clause without a full stop.
    pub because: String,
    /// The account to be reset or looked up, as the register writes it.
    pub account: Option<String>,
    /// Until when a link sent now would work.
    pub link_until: DateTime<Utc>,
    /// Approving asks for a reason, naming the items it overrides (`NIP`).
    pub override_of: Vec<String>,
    /// Choices that ask for the code again.
    pub code_for: Vec<Choice>,
    pub completion: Option<CompletionView>,
    pub grounds: Vec<Ground>,
    pub colleagues: Vec<Colleague>,
}

/// A round of completion; absent where no round is left.
#[derive(Debug, Clone)]
pub struct CompletionView {
    pub deadline: DateTime<Utc>,
    pub round: u8,
    pub rounds: u8,
    pub items: Vec<CompletionItem>,
}

#[derive(Debug, Clone)]
pub struct CompletionItem {
    pub key: String,
    pub label: String,
    pub chosen: bool,
}

/// A ground for rejection.
#[derive(Debug, Clone)]
pub struct Ground {
    pub code: String,
    pub text: String,
    pub chosen: bool,
}

#[derive(Debug, Clone)]
pub struct Colleague {
    pub address: Address,
    pub name: String,
    pub on_duty: bool,
}

/// Work a person does in SPSE.
pub struct TaskView {
    pub head: CaseHead,
    pub nip: Option<Nip>,
    pub approved_by: String,
    pub approved_at: DateTime<Utc>,
    /// Binds the outcome to this attempt.
    pub attempt: String,
}

/// An attempt nobody knows the outcome of.
pub struct UnknownView {
    pub head: CaseHead,
    pub attempt: String,
    pub since: DateTime<Utc>,
    /// What was tried and how it ended, one sentence.
    pub what: String,
}

/// What the page of a decided case says first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Headline {
    /// Approved; the account system is at work.
    Executing,
    /// Approved and waiting for a second admin.
    AwaitsSecond,
    PasswordReset,
    UserIdSent,
    CompletionAsked,
    Rejected,
    HandedOver {
        to: String,
    },
    /// The applicant opened the result.
    Revealed,
    ChangeConfirmed,
    Withdrawn,
    Expired,
    OutOfScope,
    Archived,
    /// The account system refused; what to do stands in `next`.
    Failed,
}

/// What was done, and what follows.
pub struct OutcomeView {
    pub head: CaseHead,
    pub headline: Headline,
    /// How long the link works, where one was sent.
    pub link_until: Option<DateTime<Utc>>,
    /// What happened, oldest first, one sentence each.
    pub history: Vec<(DateTime<Utc>, String)>,
    pub times: Vec<StepTime>,
    /// What happens next and whether the reader must act, one or two sentences.
    pub next: String,
    /// A new secret and link can be issued.
    pub can_reissue: bool,
    pub can_hand_in_person: bool,
}

#[derive(Debug, Clone, Copy)]
pub struct StepTime {
    pub step: u8,
    /// Working minutes.
    pub spent: u32,
    pub standard: u32,
    pub origin: Origin,
}

/// A mail held for a person.
#[derive(Debug, Clone)]
pub struct HeldView {
    pub id: String,
    pub received: DateTime<Utc>,
    pub from: String,
    pub subject: String,
    /// Machine name: `unauthenticated`, `dangerous_attachment`, `malformed`.
    pub reason: String,
    pub alerts: Vec<String>,
    /// Names and bytes.
    pub attachments: Vec<(String, u64)>,
    /// The mail's own words, bounded.
    pub body: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// Working minutes over the standard.
    Over {
        by: u32,
    },
    Left {
        minutes: u32,
        due: DateTime<Utc>,
    },
    Stopped,
    Unclocked,
}

#[derive(Debug, Clone)]
pub enum RowSubject {
    Case { number: CaseNumber, services: Vec<Service>, name: String, step: u8 },
    Held { id: String, subject: String },
}

/// One line of the queue.
#[derive(Debug, Clone)]
pub struct DeskRow {
    pub waiting: Waiting,
    pub subject: RowSubject,
    /// What the reader should know, one line.
    pub detail: String,
    /// A reason for an overrun is still to be entered.
    pub owes_reason: bool,
}

/// What is looked for on the desk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeskFilter {
    pub words: String,
    pub step: Option<StepFilter>,
    pub mine: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepFilter {
    Step(u8),
    Held,
}

#[derive(Debug, Clone, Default)]
pub struct DeskView {
    pub open: usize,
    pub waiting_for_you: usize,
    pub overdue: usize,
    pub closed_today: usize,
    /// Working minutes; `None` before the first case.
    pub median_step_5: Option<u32>,
    /// When the mailbox was last looked at.
    pub looked_at: Option<DateTime<Utc>>,
    pub now: DateTime<Utc>,
    /// Open requests by step, only those that are not empty.
    pub by_step: Vec<(StepFilter, usize)>,
    /// Sorted by due time, the filter applied.
    pub rows: Vec<DeskRow>,
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
}

/// The letters of the demo.
#[derive(Debug, Clone, Default)]
pub struct SandboxView {
    /// Newest first.
    pub letters: Vec<LetterRow>,
    pub chosen: Option<LetterView>,
    /// Names of the demo's admins and their current codes.
    pub codes: Vec<(String, String)>,
    /// Things to start, by id and label.
    pub plays: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
pub struct LetterRow {
    pub id: String,
    pub at: DateTime<Utc>,
    pub to: String,
    /// Without the number's tag.
    pub subject: String,
    pub number: Option<CaseNumber>,
}

#[derive(Debug, Clone)]
pub struct LetterView {
    pub id: String,
    pub at: DateTime<Utc>,
    pub from: String,
    pub to: String,
    pub subject: String,
    /// Plain text; addresses of this desk become links.
    pub body: String,
}

/// The office as the pages name it.
#[derive(Debug, Clone)]
pub struct Office {
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
