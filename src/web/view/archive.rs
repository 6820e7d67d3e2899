//! The archive: its list, one dossier, and what is taken out of it.

use chrono::{DateTime, NaiveDate, Utc};

use crate::engine::access::Seen;
use crate::engine::archive::{ArchivedItem, Destruction, Flaw, RegisterLine};
use crate::sop::names::{CaseNumber, Service, Sha256Hex};
use crate::sop::procedure::rules::Fate;

/// How requests ended, as the archive's list can be narrowed down to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    Done,
    Rejected,
    /// Never completed.
    Expired,
    Withdrawn,
    /// Done, and the result was never fetched.
    NotFetched,
    /// Outside the SOP, too large, dropped: nothing was decided on it.
    Apart,
    Destroyed,
}

impl Ending {
    /// In the order in which they are offered.
    pub const ALL: [Self; 7] =
        [Self::Done, Self::Rejected, Self::Expired, Self::Withdrawn, Self::NotFetched, Self::Apart, Self::Destroyed];

    /// What an outcome's machine name counts as.
    pub fn of(outcome: &str) -> Self {
        match outcome {
            "rejected" => Self::Rejected,
            "expired" => Self::Expired,
            "withdrawn" => Self::Withdrawn,
            "not_fetched" => Self::NotFetched,
            "out_of_scope" | "too_large" | "dropped" => Self::Apart,
            _ => Self::Done,
        }
    }
}

/// What is looked for in the archive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArchiveFilter {
    pub words: String,
    /// In which the request was closed, in the office's zone.
    pub year: Option<i32>,
    pub ending: Option<Ending>,
    /// From 0.
    pub page: usize,
}

/// Dossiers on one page of the list.
pub const PAGE: usize = 20;

/// A page of the archive's list.
#[derive(Debug, Clone, Default)]
pub struct ArchiveView {
    /// Dossiers in all of the archive that read.
    pub held: usize,
    /// Of these, what the filter leaves.
    pub found: usize,
    /// The page that `rows` are of, from 0.
    pub page: usize,
    /// The last closed first, at most [`PAGE`].
    pub rows: Vec<ArchiveRow>,
    /// Years in which something was closed, the last first.
    pub years: Vec<i32>,
    /// Archive files that cannot be read, by name.
    pub unread_files: Vec<String>,
    /// Dossiers whose record cannot be read.
    pub unread: Vec<CaseNumber>,
}

#[derive(Debug, Clone)]
pub struct ArchiveRow {
    pub number: CaseNumber,
    /// Machine name.
    pub outcome: String,
    pub closed: DateTime<Utc>,
    pub items: usize,
    pub kept: Kept,
}

/// What is left of a dossier in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    Whole {
        services: Vec<Service>,
        name: String,
    },
    Destroyed {
        record: String,
    },
    /// It does not open.
    Damaged,
}

/// Looks that are listed on a dossier's page; it may have been opened for decades.
pub const LOOKS: usize = 30;

/// One dossier, as it was found at this look.
#[derive(Debug, Clone)]
pub struct DossierView {
    pub number: CaseNumber,
    /// When it was looked through.
    pub at: DateTime<Utc>,
    /// Empty: every stored hash of it fits.
    pub flaws: Vec<Flaw>,
    /// `None`: not even its record reads.
    pub record: Option<RecordView>,
    /// Who looked before, the last first; more than [`LOOKS`] where there are more; `None`: that cannot be read now.
    pub looks: Option<Vec<LookView>>,
}

/// What can be read of a dossier without its key.
#[derive(Debug, Clone)]
pub struct RecordView {
    pub register: RegisterLine,
    pub archived: DateTime<Utc>,
    /// Archive file and place in it.
    pub place: String,
    /// Chain hash of the dossier.
    pub hash: Sha256Hex,
    pub destroyed: Option<Destruction>,
    /// `None`: it was destroyed, or does not open.
    pub opened: Option<OpenedView>,
}

/// What stands under the dossier's seal.
#[derive(Debug, Clone)]
pub struct OpenedView {
    pub applicant: String,
    pub user_id: Option<String>,
    pub work_unit: Option<String>,
    pub services: Vec<Service>,
    /// Name of who decided last or, where nobody did, of the admin who had the request; `None` where there was none either.
    pub admin: Option<String>,
    /// When that was decided; `None` too of dossiers that do not say.
    pub decided: Option<DateTime<Utc>>,
    pub term: Option<TermView>,
    pub items: Vec<ArchivedItem>,
    pub journal_entries: usize,
}

/// How long it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermView {
    pub active_until: NaiveDate,
    pub inactive_years: u32,
    pub until: NaiveDate,
    pub fate: Option<Fate>,
}

#[derive(Debug, Clone)]
pub struct LookView {
    pub at: DateTime<Utc>,
    pub who: Looker,
    pub what: Seen,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looker {
    /// By name.
    Person(String),
    /// Whoever ran a command on the machine, as `uid 0`.
    CommandLine(String),
}

/// What is taken out of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakenOut {
    /// The whole dossier as a BagIt bag in a ZIP archive.
    Bag(Vec<u8>),
    Item {
        /// As the dossier calls it, such as `surat/01-tanda-terima.txt`.
        name: String,
        bytes: Vec<u8>,
    },
    /// It was destroyed, or does not read as it was filed: nothing of it is given out.
    Unreadable,
}
