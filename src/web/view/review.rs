//! Everything an admin decides on.

use axum::body::Bytes;
use chrono::{DateTime, Utc};

use super::case::{CaseHead, Choice};
use crate::dossier::page::Page;
use crate::sop::case::Deed;
use crate::sop::checklist::{Check, DocumentKind};
use crate::sop::names::Address;
use crate::web::answer::{ConfirmMethod, ConfirmResult};

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
    /// Where two different admins must approve.
    pub two: Option<TwoView>,
}

/// Why one approval is not enough here, and how far it is.
#[derive(Debug, Clone)]
pub struct TwoView {
    /// Clauses without a full stop.
    pub because: Vec<String>,
    /// Who approved first, when, and what.
    pub first: Option<(String, DateTime<Utc>, Deed)>,
    /// The reader is the one who approved first: the second must be another person.
    pub yours: bool,
    /// Names of those who could be the other one of the two.
    pub others: Vec<String>,
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
    /// Of its bytes; evidence names its paper by it.
    pub sha256: String,
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
    /// Drawing it was tried and failed.
    pub failed: bool,
}

/// A page to look at.
pub struct Picture {
    /// The words that were read on it, and their places.
    pub page: Page,
    pub drawing: Drawing,
}

/// What a page looks like.
pub enum Drawing {
    /// A PNG that the reading worker drew. The bytes of the paper itself never reach a browser.
    Png(Bytes),
    /// There is nothing but words: DOCX, ODT, text.
    WordsAlone,
    /// There should be a picture, and it could not be drawn within the limits of size and time.
    Failed,
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
    /// Files that go out with it: name and bytes.
    pub enclosures: Vec<(String, u64)>,
}

/// A file that goes out with a letter.
pub struct EnclosedFile {
    pub name: String,
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
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
    /// A person does the work in the account system and enters its outcome, before any link is sent.
    pub by_hand: bool,
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
