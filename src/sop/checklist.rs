//! The checklist of SOP steps 2 and 5: items, findings, and the evidence each finding stands on.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::look::Look;
use super::names::{Nip, Service, Sha256Hex};

/// What a check found. The order is the order of severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    Met,
    /// Read, but doubtful: a person must look.
    Unclear,
    /// Curable: the applicant is asked to complete (SOP step 3).
    Missing,
    /// False or conflicting: a ground for rejection (SOP step 7).
    Contradicted,
}

/// One line of the checklist. `item` is a key of the procedure file, such as `nip_matches`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    pub item: String,
    /// SOP step 2 (completeness) or 5 (validity).
    pub step: u8,
    pub finding: Finding,
    /// One sentence in Indonesian for the admin. Holds no whole NIP.
    pub because: String,
    pub evidence: Vec<Evidence>,
    /// The value in the documents and the value in the register, side by side; for the desk alone.
    #[serde(default)]
    pub pair: Option<Pair>,
}

/// How many rows at the top tell that letter, mail and sender name different people (THREATS row 16). They stand before the
/// SOP's own order, which begins with the papers, and are to be shown before everything else.
pub fn told_first<'a>(rows: impl IntoIterator<Item = (&'a str, Finding)>) -> usize {
    let tells = |(item, finding): &(&str, Finding)| {
        matches!(*item, "applicant_identified" | "sender_registered") && *finding != Finding::Met
    };
    rows.into_iter().take_while(tells).count()
}

/// Where in the papers a fact stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    pub attachment: String,
    /// Hash of the attachment's bytes: papers of one name come with every round of completion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256Hex>,
    /// Counted from 1 within the attachment.
    pub page: u32,
    pub quote: String,
    /// Place on the page in per mille of its width and height: x, y, width, height.
    #[serde(default)]
    pub place: Option<[u16; 4]>,
}

impl Eq for Evidence {}

/// A document's value beside the register's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    pub document: String,
    pub register: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    RequestLetter,
    AppointmentDecree,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The document's own text.
    Text,
    Ocr,
    /// Could not be read.
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signature {
    /// No block, or one whose space shows neither ink, stamp, picture nor "ttd".
    None,
    /// A block with one of these; not machine-checkable.
    Block,
    ElectronicValid,
    ElectronicInvalid,
    ElectronicUnverifiable,
}

/// Why nothing could be read of a document; each asks for something else to be sent instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// Locked with a password.
    Encrypted,
    /// RAR, 7z and the like.
    ArchiveFormat,
    /// `winmail.dat` (TNEF).
    OutlookPacket,
    /// An office file of before 2007, or of a kind that is not read.
    OfficeFormat,
    /// The virus scanner found something in it.
    Infected,
    /// The virus scanner could not say whether there is something in it.
    Unscanned,
    /// Damaged, blank, or too poor a picture.
    Unreadable,
}

/// One document of a dossier, as `inspect --json` names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    pub attachment: String,
    /// `1`, `1-2` or `1-2,5`.
    pub pages: String,
    pub kind: DocumentKind,
    pub method: Method,
    pub number: Option<String>,
    pub date: Option<NaiveDate>,
    pub valid_from: Option<NaiveDate>,
    pub valid_until: Option<NaiveDate>,
    pub signature: Signature,
    /// Hash of the attachment's bytes (for several images: of the first).
    #[serde(default)]
    pub sha256: Option<Sha256Hex>,
    /// Hash of its words without regard to case, spacing and punctuation; `None`: too few to tell it from another.
    #[serde(default)]
    pub text: Option<Sha256Hex>,
    /// How the first page looks, of a scan.
    #[serde(default)]
    pub look: Option<Look>,
    /// Set where `method` is [`Method::None`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
    /// Pages of its file, beside those that were read, on which something stands that could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread_pages: Vec<u32>,
}

impl Document {
    /// Whether the place lies in it. Evidence names one file, a document over several pictures all of them.
    pub fn bears(&self, evidence: &Evidence) -> bool {
        let mut files = self.attachment.split(" + ");
        let alone = !self.attachment.contains(" + ");
        let within = |span: &str| {
            let (first, last) = span.split_once('-').unwrap_or((span, span));
            first.parse().is_ok_and(|first: u32| first <= evidence.page)
                && last.parse().is_ok_and(|last: u32| evidence.page <= last)
        };
        files.any(|file| file == evidence.attachment) && (!alone || self.pages.split(',').any(within))
    }
}

/// Who asks, as the letter says (not as the mail says), SOP step 1.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applicant {
    pub name: Option<String>,
    pub nip: Option<Nip>,
    pub user_id: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub work_unit: Option<String>,
    pub position: Option<String>,
}

/// All that was understood of one dossier: the merged papers of a case, or one mail for `inspect`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Understanding {
    pub services: Vec<Service>,
    pub applicant: Applicant,
    pub documents: Vec<Document>,
    pub checklist: Vec<Check>,
    /// Machine names such as `number_blank`, sorted, without repetition.
    pub alerts: Vec<String>,
}

impl Understanding {
    /// True when no step-2 item is missing or contradicted.
    pub fn is_complete(&self) -> bool {
        !self.checklist.iter().any(|c| c.step == 2 && matches!(c.finding, Finding::Missing | Finding::Contradicted))
    }

    pub fn worst(&self, step: u8) -> Finding {
        self.checklist.iter().filter(|c| c.step == step).map(|c| c.finding).max().unwrap_or(Finding::Met)
    }

    pub fn check(&self, item: &str) -> Option<&Check> {
        self.checklist.iter().find(|c| c.item == item)
    }
}
