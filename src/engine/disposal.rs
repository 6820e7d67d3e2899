//! Destruction, the only way a dossier ends: one admin proposes dossiers whose retention has passed, another approves with
//! the number of the official record, and only then are their keys destroyed (THREATS, "Retention"). What was decided is
//! written down first, with who decided it, in a [`book`] of the journal; an approval that was interrupted is finished by
//! giving it again.

mod book;

use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Engine;
use super::admins::{AdminRecord, Matter, Proof};
use super::archive::{ArchivedDossier, Destruction};
use super::codec;
use super::port::Fault;
use super::store::of_epoch;
use crate::sop::names::{Address, CaseNumber, Sha256Hex};
use crate::sop::procedure::rules::Fate;

pub use book::{Entry, Happened, PREFIX};

const FAMILY: &str = "disposal";
/// Longest number of an official record.
const RECORD: usize = 120;

/// A dossier whose retention has passed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DueDossier {
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

/// How long a dossier is kept, in days of the office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    pub active_years: u32,
    pub inactive_years: u32,
    /// The day on which active keeping ends.
    pub active_until: NaiveDate,
    /// The day on which all of it has passed.
    pub until: NaiveDate,
    /// `None` where its procedure is no longer known.
    pub fate: Option<Fate>,
}

/// A proposal to destroy dossiers, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disposal {
    /// `MUSNAH-2026-01`; after a restore with the epoch, `MUSNAH-2026-02-e457`: none is given out twice.
    pub id: String,
    pub dossiers: Vec<CaseNumber>,
    pub proposed_by: Address,
    pub proposed_at: DateTime<Utc>,
    pub approval: Option<Approval>,
    /// What the archive told of the destruction, where a restore took back who approved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<Destruction>,
    /// When the last key was gone.
    pub destroyed_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub by: Address,
    pub at: DateTime<Utc>,
    /// Number of the official record (berita acara pemusnahan).
    pub record: String,
}

/// Why a disposal is not taken.
#[derive(Debug, thiserror::Error)]
pub enum NoDisposal {
    #[error("{0} is no active person of the desk. `loket admins list` shows who is")]
    NotAllowed(Address),
    #[error("{0} is enrolled as {1}, who only reads. Ask an admin")]
    ReadsOnly(Address, &'static str),
    #[error("The code is wrong or was used before. Wait for the next one; five wrong ones lock the factor")]
    WrongCode,
    #[error(
        "The retention of {0} has not passed, or it is no dossier of the archive. `loket archive disposal` lists those that may go"
    )]
    NotDue(CaseNumber),
    #[error("{0} is part of proposal {1} already")]
    ProposedAlready(CaseNumber, String),
    #[error("There is no proposal {0}. `loket archive disposal list` shows them")]
    Unknown(String),
    #[error("Whoever proposed a disposal does not approve it. Ask another person")]
    SamePerson,
    #[error("Proposal {0} was approved under record {1} and stays so")]
    ApprovedAlready(String, String),
    #[error("{0} was destroyed under record {1} already. Approve the rest of its proposal under the same")]
    DestroyedAlready(CaseNumber, String),
    #[error("Write the number of the official record, at most 120 characters on one line")]
    NoRecord,
    #[error("Somebody else changed this proposal at the same time. Look at it again")]
    Conflict,
    #[error("{0}")]
    Fault(Fault),
}

impl From<Fault> for NoDisposal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Engine {
    /// The dossiers whose retention has passed.
    pub async fn due_for_disposal(&self) -> Result<Vec<DueDossier>, Fault> {
        let today = self.clock.now().with_timezone(&self.office.zone).date_naive();
        let mut due = Vec::new();
        for line in self.archive.list().await? {
            if line.destroyed.is_some() {
                continue;
            }
            // What cannot be opened is damage, and damage is no reason to destroy.
            let Ok(Some(dossier)) = self.archive.show(&line.register.number).await else { continue };
            let Some(term) = self.term(&dossier) else { continue };
            if term.until > today || term.fate == Some(Fate::Keep) {
                continue;
            }
            due.push(DueDossier {
                number: line.register.number,
                classification: line.register.classification,
                retention_class: line.register.retention_class,
                outcome: line.register.outcome,
                closed: line.register.closed,
                years: term.active_years.saturating_add(term.inactive_years),
                retained_until: term.until,
                fate: term.fate.and_then(|fate| json!(fate).as_str().map(str::to_owned)),
            });
        }
        Ok(due)
    }

    /// How long a dossier is kept, and what then becomes of it; `None` where its metadata do not say.
    pub fn term(&self, dossier: &ArchivedDossier) -> Option<Term> {
        let years = |name: &str| dossier.metadata[name].as_u64().and_then(|n| u32::try_from(n).ok());
        let (active_years, inactive_years) = (years("active_years")?, years("inactive_years")?);
        let closed_on = dossier.line.register.closed.with_timezone(&self.office.zone).date_naive();
        let after = |years: u32| closed_on.checked_add_months(Months::new(years.saturating_mul(12)));
        let active_until = after(active_years)?;
        let until = after(active_years.saturating_add(inactive_years))?;
        Some(Term { active_years, inactive_years, active_until, until, fate: self.fate(&dossier.metadata) })
    }

    fn fate(&self, metadata: &Value) -> Option<Fate> {
        let hash = Sha256Hex(metadata["procedure"].as_str()?.to_owned());
        let worked = self.procedures.get(&hash).ok()?;
        Some(worked.procedure.retention.fate)
    }

    /// All proposals, by id: the register of destroyed dossiers.
    pub async fn disposals(&self) -> Result<Vec<Disposal>, Fault> {
        let documents = self.store.documents(&self.office.id, FAMILY).await?;
        // A register that leaves one out without a word would be none.
        documents.into_iter().map(|document| codec::decode(&document?.bytes, "a disposal")).collect()
    }

    /// Puts a proposal on record. Nothing is destroyed.
    pub async fn propose_disposal(
        &self,
        by: &Address,
        code: &str,
        dossiers: Vec<CaseNumber>,
    ) -> Result<Disposal, NoDisposal> {
        self.proven(by, code).await?;
        let due = self.due_for_disposal().await?;
        let known = self.disposals().await?;
        for number in &dossiers {
            if let Some(other) = known.iter().find(|disposal| disposal.dossiers.contains(number)) {
                return Err(NoDisposal::ProposedAlready(number.clone(), other.id.clone()));
            }
            if !due.iter().any(|line| line.number == *number) {
                return Err(NoDisposal::NotDue(number.clone()));
            }
        }
        let now = self.clock.now();
        let serial = known.iter().filter_map(|disposal| serial(&disposal.id)).max().unwrap_or(0) + 1;
        let id = format!("MUSNAH-{}-{serial:02}", now.with_timezone(&self.office.zone).year());
        let disposal = Disposal {
            id: of_epoch(id, "-e", self.store.epoch().await?),
            dossiers,
            proposed_by: by.clone(),
            proposed_at: now,
            approval: None,
            found: None,
            destroyed_at: None,
        };
        let proposed = Happened::Proposed { by: by.clone(), dossiers: disposal.dossiers.clone() };
        self.write_disposal(&disposal, 0, proposed).await?;
        Ok(disposal)
    }

    /// Approves a proposal under the number of its official record, and destroys the dossiers' keys.
    pub async fn approve_disposal(
        &self,
        id: &str,
        by: &Address,
        code: &str,
        record: &str,
    ) -> Result<Disposal, NoDisposal> {
        let record = record.trim();
        if record.is_empty() || record.chars().count() > RECORD || record.chars().any(char::is_control) {
            return Err(NoDisposal::NoRecord);
        }
        let unknown = || NoDisposal::Unknown(id.to_owned());
        let document = self.store.document(&self.office.id, FAMILY, id).await?.ok_or_else(unknown)?;
        let mut disposal: Disposal = codec::decode(&document.bytes, "a disposal")?;
        if disposal.proposed_by.same_mailbox(by) {
            return Err(NoDisposal::SamePerson);
        }
        if let Some(approval) = disposal.approval.as_ref().filter(|approval| approval.record != record) {
            return Err(NoDisposal::ApprovedAlready(id.to_owned(), approval.record.clone()));
        }
        if let Some(found) = &disposal.found {
            return Err(NoDisposal::ApprovedAlready(id.to_owned(), found.record.clone()));
        }
        self.destroyed_otherwise(&disposal, record).await?;
        self.proven(by, code).await?;
        let mut version = document.version;
        if disposal.approval.is_none() {
            let approval = Approval { by: by.clone(), at: self.clock.now(), record: record.to_owned() };
            disposal.approval = Some(approval);
            let approved = Happened::Approved { by: by.clone(), record: record.to_owned() };
            self.write_disposal(&disposal, version, approved).await?;
            version += 1;
        }
        self.destroy(&mut disposal, version).await?;
        Ok(disposal)
    }

    /// Refuses where the archive has one of the dossiers under another record, as it may after a restore.
    async fn destroyed_otherwise(&self, disposal: &Disposal, record: &str) -> Result<(), NoDisposal> {
        for line in self.archive.list().await? {
            let Some(why) = line.destroyed.filter(|why| why.record != record) else { continue };
            if disposal.dossiers.contains(&line.register.number) {
                return Err(NoDisposal::DestroyedAlready(line.register.number, why.record));
            }
        }
        Ok(())
    }

    /// Carries an approved disposal out; every part of it can be repeated.
    async fn destroy(&self, disposal: &mut Disposal, version: u64) -> Result<(), NoDisposal> {
        let (Some(approval), None) = (&disposal.approval, disposal.destroyed_at) else { return Ok(()) };
        let destruction = Destruction { at: approval.at, record: approval.record.clone() };
        let mut left = None;
        for number in &disposal.dossiers {
            if let Err(fault) = self.archive.destroy(number, &destruction).await {
                tracing::error!(case = %number, "cannot be destroyed: {fault}");
                left = left.or(Some(fault));
                continue;
            }
            self.store.write_documents(vec![self.without_letters(number)]).await?;
            tracing::info!(case = %number, record = %destruction.record, "destroyed");
        }
        // One that is damaged keeps none of the others.
        if let Some(fault) = left {
            return Err(fault.into());
        }
        disposal.destroyed_at = Some(self.clock.now());
        self.write_disposal(disposal, version, Happened::Destroyed).await
    }

    /// Whether this is a person who may act, with a fresh code.
    async fn proven(&self, by: &Address, code: &str) -> Result<(), NoDisposal> {
        let known = self.admin(by).await?.map(|(_, record)| record).filter(AdminRecord::is_active);
        let Some(person) = known else { return Err(NoDisposal::NotAllowed(by.clone())) };
        if !person.role.acts() {
            return Err(NoDisposal::ReadsOnly(by.clone(), person.role.name()));
        }
        match self.prove(by, code, self.clock.now(), &Matter::CodeAlone).await? {
            Proof::Right => Ok(()),
            Proof::Wrong { .. } | Proof::Locked => Err(NoDisposal::WrongCode),
        }
    }
}

/// The number in `MUSNAH-2026-02` and `MUSNAH-2026-02-e457`.
fn serial(id: &str) -> Option<u32> {
    id.split('-').nth(2)?.parse().ok()
}
