//! The archive as the command line reads it. Nothing here changes a dossier, and who looked into one is on record.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Answer, Operations, Staging};
use crate::engine::access::{Access, Seen};
use crate::engine::archive::{ArchiveLine, ArchivedItem};
use crate::engine::evidence::Heads;
use crate::sop::names::CaseNumber;

/// A dossier with the list of what is in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DossierView {
    #[serde(flatten)]
    pub line: ArchiveLine,
    pub metadata: Value,
    pub contents: Vec<ArchivedItem>,
    pub journal_entries: usize,
    /// Who saw it, before this look.
    #[serde(default)]
    pub accesses: Vec<Access>,
}

/// An item's bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ItemView {
    pub name: String,
    pub base64: String,
}

/// A dossier's folder that waits to be taken away.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Exported {
    pub folder: PathBuf,
}

/// What a check of everything found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct VerifyView {
    pub dossiers: usize,
    /// Of these, those whose keys were destroyed under an official record.
    #[serde(default)]
    pub destroyed: usize,
    pub files: usize,
    pub damage: Vec<DamageView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DamageView {
    pub thing: String,
    pub what: String,
}

/// Where journal and archive end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HeadsView {
    #[serde(flatten)]
    pub heads: Heads,
    /// Public key, in base64.
    pub key: String,
    /// The text to print or keep, with its signature where one was asked for.
    pub text: String,
}

impl Operations {
    pub(super) async fn list_archive(&self, who: &str) -> Result<Answer, Answer> {
        self.listed(who, self.engine.archive.list().await?).await
    }

    pub(super) async fn search_archive(&self, who: &str, words: &str) -> Result<Answer, Answer> {
        self.listed(who, self.engine.archive.search(words).await?).await
    }

    async fn listed(&self, who: &str, lines: Vec<ArchiveLine>) -> Result<Answer, Answer> {
        self.engine.record_access(who, None, Seen::Queue { shown: lines.len() }).await?;
        Ok(Answer::done(&lines))
    }

    pub(super) async fn show_dossier(&self, who: &str, number: &CaseNumber) -> Result<Answer, Answer> {
        let found = self.engine.archive.show(number).await?.ok_or_else(|| not_archived(number))?;
        let accesses = self.engine.accesses(number, found.line.register.opened).await?;
        self.engine.record_access(who, Some(number), Seen::Dossier).await?;
        Ok(Answer::done(&DossierView {
            line: found.line,
            metadata: found.metadata,
            contents: found.items,
            journal_entries: found.journal_entries,
            accesses,
        }))
    }

    pub(super) async fn read_item(&self, who: &str, number: &CaseNumber, name: &str) -> Result<Answer, Answer> {
        if self.engine.archive.receipt(number).await?.is_none() {
            return Err(not_archived(number));
        }
        let Some(bytes) = self.engine.archive.item(number, name).await? else {
            return Err(Answer::negative(format!(
                "Dossier {number} has no item `{name}`. `loket archive show {number}` lists its items"
            )));
        };
        self.engine.record_access(who, Some(number), Seen::Item { name: name.to_owned() }).await?;
        Ok(Answer::done(&ItemView { name: name.to_owned(), base64: STANDARD.encode(bytes) }))
    }

    pub(super) async fn export(&self, who: &str, number: &CaseNumber) -> Result<Answer, Answer> {
        if self.engine.archive.receipt(number).await?.is_none() {
            return Err(not_archived(number));
        }
        self.engine.record_access(who, Some(number), Seen::Export).await?;
        let place = self.staging.place(&*self.engine.random)?;
        self.engine.archive.export(number, &place).await.inspect_err(|_| Staging::clear(&place))?;
        Ok(Answer::done(&Exported { folder: place.join(number.to_string()) }))
    }

    /// The archive's files and the live store's journal and contents, and whether they go on from these heads.
    pub(super) async fn verify_all(&self, heads: Option<&Heads>) -> Result<Answer, Answer> {
        let office = &self.engine.office.id.0;
        if let Some(heads) = heads.filter(|heads| heads.office != *office) {
            return Err(Answer::negative(format!(
                "The head is of the office `{}`, and this one is `{office}`. Name a head of this office",
                heads.office
            )));
        }
        let mut damage = self.engine.look_through().await?;
        let lines = self.engine.archive.list().await?;
        if let Some(heads) = heads {
            damage.extend(self.engine.departures(heads, &lines).await?);
        }
        let mut files: Vec<&str> = lines.iter().map(|line| line.file.as_str()).collect();
        files.dedup();
        let damage = damage.into_iter().map(|d| DamageView { thing: d.thing, what: d.what }).collect();
        let destroyed = lines.iter().filter(|line| line.destroyed.is_some()).count();
        Ok(Answer::done(&VerifyView { dossiers: lines.len(), destroyed, files: files.len(), damage }))
    }

    pub(super) async fn show_heads(&self, sign: bool) -> Result<Answer, Answer> {
        let heads = self.engine.heads().await?;
        let text = if sign { self.engine.signed(&heads) } else { heads.text() };
        Ok(Answer::done(&HeadsView { heads, key: self.engine.evidence_key(), text }))
    }
}

fn not_archived(number: &CaseNumber) -> Answer {
    Answer::negative(format!("No dossier {number} is in the archive. `loket archive list` shows those that are"))
}
