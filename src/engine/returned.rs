//! Letters that come back after their case was archived. The dossier stays as it is; the admins are told, once a letter.

use chrono::{DateTime, Utc};

use super::Engine;
use super::admins::AdminRecord;
use super::codec;
use super::notice::Notice;
use super::port::{Fault, FaultKind};
use super::store::{NewRow, Row};
use super::weave::Task;
use crate::letters::{LetterFacts, LetterKind};
use crate::sop::event::{Event, Recorded};
use crate::sop::names::CaseNumber;

/// Stands beside the seen keys of the first report, so that another one tells nobody again.
pub(super) fn seen_key(number: &CaseNumber, letter: &str) -> String {
    format!("returned:{number}:{letter}")
}

pub(super) fn row(number: &CaseNumber, letter: &str, now: DateTime<Utc>) -> NewRow {
    let task = Task::Returned { number: number.clone(), letter: letter.to_owned(), at: now };
    NewRow { id: seen_key(number, letter), kind: task.kind().to_owned(), due: now, payload: codec::encode(&task) }
}

impl Engine {
    /// Tells every admin which letter did not arrive.
    pub(super) async fn send_returned(
        &self,
        row: &Row,
        at: DateTime<Utc>,
        number: &CaseNumber,
        letter: &str,
    ) -> Result<(), Fault> {
        // Of a dossier that was destroyed, or cannot be read now, the number must do.
        let events = match self.archive.item(number, "peristiwa.json").await {
            Err(fault) if fault.kind == FaultKind::Permanent => {
                tracing::warn!(case = %number, "what an archived letter was about cannot be read: {fault}");
                None
            }
            told => told?,
        };
        let events: Vec<Recorded> = events.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        let queued = events.iter().find_map(|recorded| match &recorded.event {
            Event::LetterQueued { letter: queued, subject, .. } if queued.id == letter => Some((queued, subject)),
            _ => None,
        });
        let admins = self.admins().await?.into_iter().filter(AdminRecord::acts);
        let notices = admins.map(|admin| Notice {
            to: admin.address,
            kind: LetterKind::ReturnedLate,
            facts: LetterFacts {
                number: number.to_string(),
                admin: Some(admin.name),
                about_subject: queued.map(|(_, subject)| subject.clone()),
                recipient: queued.and_then(|(queued, _)| queued.to.first()).map(|to| to.masked()),
                ..LetterFacts::default()
            },
        });
        self.send_notices(row, at, "returned", notices.collect()).await
    }
}
