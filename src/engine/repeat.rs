//! When an account was last approved to be reset, over all its cases: by this a repeated request is known. It is asked when a
//! dossier is checked and again when somebody approves, since another case may have been approved in between.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Engine;
use super::casebook::{Along, Answer};
use super::codec;
use super::port::Fault;
use super::store::{CaseKey, DocumentWrite};
use crate::sop::account::Account;
use crate::sop::case::Case;
use crate::sop::command::Command;
use crate::sop::decide::{Refused, Ruling};
use crate::sop::event::Event;
use crate::sop::names::{CaseNumber, Sha256Hex};

/// Documents by folded user ID.
pub(super) const FAMILY: &str = "last_reset";

#[derive(Clone, Serialize, Deserialize)]
struct LastReset {
    at: DateTime<Utc>,
    case: CaseNumber,
    /// When another case was, before this one.
    #[serde(default)]
    before: Option<DateTime<Utc>>,
}

/// What stands on record of an account's approvals.
pub(super) struct Approvals {
    id: String,
    version: u64,
    last: Option<LastReset>,
}

impl Approvals {
    /// When another case than this one was last approved.
    pub fn elsewhere(&self, number: Option<&CaseNumber>) -> Option<DateTime<Utc>> {
        let last = self.last.as_ref()?;
        if number == Some(&last.case) { last.before } else { Some(last.at) }
    }

    /// [`Approvals::elsewhere`], where the case was checked before that.
    fn unknown_to(&self, case: &Case) -> Option<DateTime<Utc>> {
        self.elsewhere(Some(&case.number)).filter(|at| case.last_approved.is_none_or(|known| known < *at))
    }
}

impl Engine {
    pub(super) async fn approvals(&self, account: &Account) -> Result<Approvals, Fault> {
        let id = account.user_id.folded();
        let document = self.store.document(&self.office.id, FAMILY, &id).await?;
        let version = document.as_ref().map_or(0, |document| document.version);
        let last = document.map(|document| codec::decode(&document.bytes, "the record of a reset")).transpose()?;
        Ok(Approvals { id, version, last })
    }

    /// What a ruling that approves must be held against; `None` where it approves nothing.
    pub(super) async fn approvals_of(&self, case: &Case, ruling: &Ruling) -> Result<Option<Approvals>, Fault> {
        let approves = |event: &Event| matches!(event, Event::Approved { .. } | Event::FirstApproved { .. });
        match &case.account {
            Some(account) if ruling.events.iter().any(approves) => Ok(Some(self.approvals(account).await?)),
            _ => Ok(None),
        }
    }

    /// What keeps an approval for the account's next request; a second one at the same moment makes it stale.
    pub(super) fn approved(&self, known: &Approvals, ruling: &Ruling) -> Option<DocumentWrite> {
        ruling.events.iter().find(|event| matches!(event, Event::Approved { .. }))?;
        Some(DocumentWrite {
            expected_version: Some(known.version),
            ..self.approved_at(known, &ruling.case.number, self.clock.now())
        })
    }

    /// As [`Engine::approved`], of a case that was approved and archived after the backup that this store was restored from.
    pub(super) fn recalled(&self, known: &Approvals, case: &CaseNumber, at: DateTime<Utc>) -> Option<DocumentWrite> {
        let is_news = known.last.as_ref().is_none_or(|last| last.at < at);
        is_news.then(|| self.approved_at(known, case, at))
    }

    fn approved_at(&self, known: &Approvals, case: &CaseNumber, at: DateTime<Utc>) -> DocumentWrite {
        let last = LastReset { at, before: known.elsewhere(Some(case)), case: case.clone() };
        DocumentWrite {
            office: self.office.id.clone(),
            family: FAMILY.to_owned(),
            id: known.id.clone(),
            expected_version: None,
            bytes: Some(codec::encode(&last)),
        }
    }

    /// An undecided case that was checked before another one of its account was approved is put before its admin again, and
    /// nobody can decide on what was shown before. `None` where nothing came in between.
    pub(super) async fn outdated(
        &self,
        key: &CaseKey,
        case: &Case,
        known: Option<&Approvals>,
    ) -> Result<Option<Answer>, Fault> {
        let Some(at) = known.filter(|_| case.phase.is_undecided()).and_then(|known| known.unknown_to(case)) else {
            return Ok(None);
        };
        tracing::info!(case = %key.number, "checked again: another request for the account was approved meanwhile");
        let again = Box::pin(self.apply(key, Command::NoteApproval { at }, Along::default())).await?;
        Ok(Some(match again {
            Answer::Done(case) => {
                let current = case.phase.proposal().map(|proposal| proposal.hash.clone());
                let current = current.unwrap_or_else(|| Sha256Hex(String::new()));
                Answer::Refused(Refused::Changed { current }, case)
            }
            other => other,
        }))
    }
}
