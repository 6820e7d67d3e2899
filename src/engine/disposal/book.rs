//! The book of destruction: who proposed, who approved under which record, and when the last key was gone, in the
//! journal like everything else. One a year, kept like a case of its own series; a proposal is committed with its entry.
//! Since a restore takes back what was written after its backup, the archive is asked then what was destroyed.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};

use super::{Disposal, FAMILY, NoDisposal};
use crate::engine::Engine;
use crate::engine::archive::Destruction;
use crate::engine::books::With;
use crate::engine::codec;
use crate::engine::port::Fault;
use crate::engine::store::{Document, DocumentWrite};
use crate::engine::weave::family;
use crate::sop::names::{Address, CaseNumber};

/// Prefix of the book's series.
pub const PREFIX: &str = "DISPOSAL";

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub at: DateTime<Utc>,
    /// The proposal.
    pub id: String,
    #[serde(flatten)]
    pub what: Happened,
}

/// What happened to a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "happened", rename_all = "snake_case")]
pub enum Happened {
    Proposed {
        by: Address,
        dossiers: Vec<CaseNumber>,
    },
    Approved {
        by: Address,
        record: String,
    },
    /// The last key is gone.
    Destroyed,
    /// The archive told of the destruction, which a restore had taken out of the store.
    Found {
        destruction: Destruction,
    },
}

impl Engine {
    /// Writes a proposal as it stands, with the entry that says why. A conflict where somebody else wrote it first.
    pub(super) async fn write_disposal(
        &self,
        disposal: &Disposal,
        expected_version: u64,
        what: Happened,
    ) -> Result<(), NoDisposal> {
        let now = self.clock.now();
        let book = CaseNumber::new(PREFIX, now.with_timezone(&self.office.zone).year(), 1);
        let write = DocumentWrite {
            office: self.office.id.clone(),
            family: FAMILY.to_owned(),
            id: disposal.id.clone(),
            expected_version: Some(expected_version),
            bytes: Some(codec::encode(disposal)),
        };
        let entry = Entry { at: now, id: disposal.id.clone(), what };
        let with = With { documents: vec![write], ..With::default() };
        match self.enter(&book, now, &entry, with, &format!("proposal {}", disposal.id)).await? {
            true => Ok(()),
            false => Err(NoDisposal::Conflict),
        }
    }

    /// The book's entries of a year, oldest first.
    pub async fn disposal_entries(&self, year: i32) -> Result<Vec<Entry>, Fault> {
        self.entries_of(&CaseNumber::new(PREFIX, year, 1), "an entry of the book of destruction").await
    }

    /// After a restore: closes the proposals whose dossiers the archive knows to be destroyed, and forgets again what was
    /// remembered of the letters of every destroyed dossier.
    pub(in crate::engine) async fn settle_disposals(&self) -> Result<(), Fault> {
        let lines = self.archive.list().await?;
        let gone: BTreeMap<CaseNumber, Destruction> =
            lines.into_iter().filter_map(|line| Some((line.register.number, line.destroyed?))).collect();
        if gone.is_empty() {
            return Ok(());
        }
        self.store.write_documents(gone.keys().map(|number| self.without_letters(number)).collect()).await?;
        for document in self.office_documents(FAMILY).await? {
            self.settle_disposal(&document, &gone).await?;
        }
        Ok(())
    }

    async fn settle_disposal(
        &self,
        document: &Document,
        gone: &BTreeMap<CaseNumber, Destruction>,
    ) -> Result<(), Fault> {
        let mut disposal: Disposal = match codec::decode(&document.bytes, "a disposal") {
            Ok(disposal) => disposal,
            Err(fault) => {
                tracing::error!("{fault}; the others go on without it");
                return Ok(());
            }
        };
        let ends: Option<Vec<&Destruction>> = disposal.dossiers.iter().map(|number| gone.get(number)).collect();
        let Some(last) = ends.and_then(|ends| ends.into_iter().max_by_key(|end| end.at)) else { return Ok(()) };
        if disposal.destroyed_at.is_some() {
            return Ok(());
        }
        disposal.destroyed_at = Some(last.at);
        if disposal.approval.is_none() {
            disposal.found = Some(last.clone());
        }
        let found = Happened::Found { destruction: last.clone() };
        match self.write_disposal(&disposal, document.version, found).await {
            Ok(()) => tracing::info!(record = %last.record, "{} is closed: its dossiers are destroyed", disposal.id),
            Err(NoDisposal::Fault(fault)) => return Err(fault),
            Err(why) => tracing::error!("{} was not closed: {why}", disposal.id),
        }
        Ok(())
    }

    /// Takes out what is remembered of a dossier's letters.
    pub(super) fn without_letters(&self, number: &CaseNumber) -> DocumentWrite {
        self.office_document(family::LETTER, number.to_string(), None)
    }
}
