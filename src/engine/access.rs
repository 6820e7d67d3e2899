//! Who saw what: every look at a dossier, at the desk or on the command line, and every opening of the desk, is on record before it is answered. One book
//! a month, kept like a case of its own series, so that it stands in the same journal and verifies with it.

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};

use super::Engine;
use super::books::With;
use super::port::Fault;
use crate::sop::names::{CaseNumber, UserId};

/// Prefix of the books' series.
pub const PREFIX: &str = "ACCESS";

/// One look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    pub at: DateTime<Utc>,
    /// A person's address, or `uid N` of whoever ran a command on this machine.
    pub who: String,
    /// `None` of what shows many at once.
    pub number: Option<CaseNumber>,
    pub what: Seen,
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "seen", rename_all = "snake_case")]
pub enum Seen {
    /// Nothing yet: the person proved themselves and opened the desk on a device.
    Entered,
    /// The page of a live case.
    Case,
    /// A held mail.
    Held,
    /// A page of a paper, both counted as the desk counts them.
    Page { paper: u32, page: u32 },
    /// A file that would go out with a letter, filled in for the applicant.
    Enclosure { index: u32 },
    /// The desk's list or one of the archive, with so many requests on it.
    Queue { shown: usize },
    /// A month's report at the desk, or a file of it; the month as `2026-11`.
    Report { month: String },
    /// All of the account register, so many accounts.
    Register { shown: usize },
    /// One account of it.
    Account { user_id: UserId },
    /// What the command line tells of a live case, without its papers.
    Summary,
    /// The register, metadata and contents list of an archived dossier.
    Dossier,
    /// One file of an archived dossier.
    Item { name: String },
    /// A whole archived dossier, taken out.
    Export,
}

impl Engine {
    /// Puts a look on record. Whoever asks shows nothing where this fails.
    pub async fn record_access(&self, who: &str, number: Option<&CaseNumber>, what: Seen) -> Result<(), Fault> {
        let now = self.clock.now();
        let entry = Access { at: now, who: who.to_owned(), number: number.cloned(), what };
        let whose = number.map_or_else(|| "the list".to_owned(), ToString::to_string);
        let told = format!("who looks at {whose}");
        self.enter(&self.access_book(now), now, &entry, With::default(), &told).await.map(drop)
    }

    /// Every look at a dossier since `from`, oldest first.
    pub async fn accesses(&self, number: &CaseNumber, from: DateTime<Utc>) -> Result<Vec<Access>, Fault> {
        let mut found = Vec::new();
        for book in self.access_books(from, self.clock.now()) {
            let entries: Vec<Access> = self.entries_of(&book, "an entry of the access book").await?;
            found.extend(entries.into_iter().filter(|access| access.number.as_ref() == Some(number)));
        }
        Ok(found)
    }

    /// The last `most` looks at a dossier since `from`, the last first. Books of before are not read.
    pub async fn last_accesses(
        &self,
        number: &CaseNumber,
        from: DateTime<Utc>,
        most: usize,
    ) -> Result<Vec<Access>, Fault> {
        let mut found = Vec::new();
        for book in self.access_books(from, self.clock.now()).into_iter().rev() {
            let entries: Vec<Access> = self.entries_of(&book, "an entry of the access book").await?;
            found.extend(entries.into_iter().rev().filter(|access| access.number.as_ref() == Some(number)));
            if found.len() >= most {
                break;
            }
        }
        found.truncate(most);
        Ok(found)
    }

    fn access_book(&self, at: DateTime<Utc>) -> CaseNumber {
        let local = at.with_timezone(&self.office.zone);
        CaseNumber::new(PREFIX, local.year(), local.month())
    }

    fn access_books(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<CaseNumber> {
        let month = |at: DateTime<Utc>| {
            let local = at.with_timezone(&self.office.zone);
            local.year() * 12 + local.month0() as i32
        };
        let book = |month: i32| CaseNumber::new(PREFIX, month.div_euclid(12), month.rem_euclid(12) as u32 + 1);
        (month(from)..=month(to)).map(book).collect()
    }
}
