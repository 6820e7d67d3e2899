//! The archive as the command line reads it. Nothing here changes or removes a dossier: `disposal` proposes, and a person
//! with an official record decides (THREATS, "Retention").

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Months, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Answer, Operations, Staging};
use crate::engine::archive::{ArchiveLine, ArchivedItem};
use crate::sop::names::{CaseNumber, Sha256Hex};

/// A dossier with the list of what is in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DossierView {
    #[serde(flatten)]
    pub line: ArchiveLine,
    pub metadata: Value,
    pub contents: Vec<ArchivedItem>,
    pub journal_entries: usize,
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
    pub files: usize,
    pub damage: Vec<DamageView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DamageView {
    pub thing: String,
    pub what: String,
}

/// A dossier whose retention has passed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DisposalLine {
    pub number: CaseNumber,
    pub classification: String,
    pub retention_class: String,
    pub outcome: String,
    pub closed: DateTime<Utc>,
    /// Years of active and inactive keeping.
    pub years: u32,
    /// The day the retention passed.
    pub retained_until: NaiveDate,
    /// `destroy` or `reassess`, as the procedure says; `null` where that procedure is no longer known.
    pub fate: Option<String>,
}

impl Operations {
    pub(super) async fn list_archive(&self) -> Result<Answer, Answer> {
        Ok(Answer::done(&self.engine.archive.list().await?))
    }

    pub(super) async fn search_archive(&self, words: &str) -> Result<Answer, Answer> {
        Ok(Answer::done(&self.engine.archive.search(words).await?))
    }

    pub(super) async fn show_dossier(&self, number: &CaseNumber) -> Result<Answer, Answer> {
        let found = self.engine.archive.show(number).await?.ok_or_else(|| not_archived(number))?;
        Ok(Answer::done(&DossierView {
            line: found.line,
            metadata: found.metadata,
            contents: found.items,
            journal_entries: found.journal_entries,
        }))
    }

    pub(super) async fn read_item(&self, number: &CaseNumber, name: &str) -> Result<Answer, Answer> {
        if self.engine.archive.receipt(number).await?.is_none() {
            return Err(not_archived(number));
        }
        let Some(bytes) = self.engine.archive.item(number, name).await? else {
            return Err(Answer::negative(format!(
                "Dossier {number} has no item `{name}`. `loket archive show {number}` lists its items"
            )));
        };
        Ok(Answer::done(&ItemView { name: name.to_owned(), base64: STANDARD.encode(bytes) }))
    }

    pub(super) async fn export(&self, number: &CaseNumber) -> Result<Answer, Answer> {
        if self.engine.archive.receipt(number).await?.is_none() {
            return Err(not_archived(number));
        }
        let place = self.staging.place(&*self.engine.random)?;
        self.engine.archive.export(number, &place).await.inspect_err(|_| Staging::clear(&place))?;
        Ok(Answer::done(&Exported { folder: place.join(number.to_string()) }))
    }

    /// The archive's files and the live store's journal and contents.
    pub(super) async fn verify_all(&self) -> Result<Answer, Answer> {
        let mut damage = self.engine.archive.verify().await?;
        damage.extend(self.engine.store.verify().await?);
        let lines = self.engine.archive.list().await?;
        let mut files: Vec<&str> = lines.iter().map(|line| line.file.as_str()).collect();
        files.dedup();
        let damage = damage.into_iter().map(|d| DamageView { thing: d.thing, what: d.what }).collect();
        Ok(Answer::done(&VerifyView { dossiers: lines.len(), files: files.len(), damage }))
    }

    pub(super) async fn propose_disposal(&self) -> Result<Answer, Answer> {
        let engine = &self.engine;
        let today = engine.clock.now().with_timezone(&engine.office.zone).date_naive();
        let mut proposed = Vec::new();
        for line in engine.archive.list().await? {
            // A destroyed dossier cannot be opened any more, and need not be proposed again.
            let Ok(Some(dossier)) = engine.archive.show(&line.register.number).await else { continue };
            let years = |name: &str| dossier.metadata[name].as_u64().and_then(|n| u32::try_from(n).ok());
            let (Some(active), Some(inactive)) = (years("active_years"), years("inactive_years")) else { continue };
            let closed_on = line.register.closed.with_timezone(&engine.office.zone).date_naive();
            let kept = active.saturating_add(inactive);
            let Some(until) = closed_on.checked_add_months(Months::new(kept.saturating_mul(12))) else { continue };
            let fate = self.fate(&dossier.metadata);
            if until > today || fate.as_deref() == Some("keep") {
                continue;
            }
            proposed.push(DisposalLine {
                number: line.register.number,
                classification: line.register.classification,
                retention_class: line.register.retention_class,
                outcome: line.register.outcome,
                closed: line.register.closed,
                years: kept,
                retained_until: until,
                fate,
            });
        }
        Ok(Answer::done(&proposed))
    }

    fn fate(&self, metadata: &Value) -> Option<String> {
        let hash = Sha256Hex(metadata["procedure"].as_str()?.to_owned());
        let worked = self.engine.procedures.get(&hash).ok()?;
        json!(worked.procedure.retention.fate).as_str().map(str::to_owned)
    }
}

fn not_archived(number: &CaseNumber) -> Answer {
    Answer::negative(format!("No dossier {number} is in the archive. `loket archive list` shows those that are"))
}
