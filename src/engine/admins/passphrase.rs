//! A passphrase that its owner chooses later, or changes. They are told by mail, so that whoever did it in their name is noticed.

use chrono::{DateTime, Utc};

use super::roll::Happened;
use crate::engine::Engine;
use crate::engine::notice::Notice;
use crate::engine::port::Fault;
use crate::engine::store::Row;
use crate::letters::{LetterFacts, LetterKind};
use crate::sop::names::Address;
use crate::vault::Secret;

/// Conflicts after which a change is given up; each means that a proof of this person was counted meanwhile.
const TRIES: u32 = 64;

impl Engine {
    /// Keeps this passphrase in the place of the one there was, for somebody who proved themselves under this enrolment
    /// ([`AdminRecord::enrolment`](super::AdminRecord::enrolment)). False where that enrolment is over. Transient where others kept
    /// writing the record.
    pub async fn change_passphrase(
        &self,
        who: &Address,
        enrolment: &str,
        phrase: Secret<String>,
    ) -> Result<bool, Fault> {
        let hash = self.hashed(phrase).await?;
        for _ in 0..TRIES {
            let known = self.admin(who).await?.filter(|(_, record)| record.is_active());
            let Some((version, mut record)) = known.filter(|(_, record)| record.enrolment() == enrolment) else {
                return Ok(false);
            };
            record.passphrase = Some(hash.clone());
            if self.keep(&record, Some(version), Some(Happened::PassphraseChanged)).await? {
                tracing::info!(security = "passphrase_changed", admin = %who.masked(), "a person changed their passphrase");
                return Ok(true);
            }
        }
        Err(Fault::transient("Cannot change a passphrase: the same person kept being checked. Try again"))
    }

    /// Tells the person that their passphrase was changed, and when.
    pub(in crate::engine) async fn send_passphrase_changed(
        &self,
        row: &Row,
        who: &Address,
        at: DateTime<Utc>,
    ) -> Result<(), Fault> {
        let facts = LetterFacts { admin: Some(self.name_of(who)), done_at: Some(at), ..LetterFacts::default() };
        let notice = Notice { to: who.clone(), kind: LetterKind::PassphraseChanged, facts };
        self.send_notices(row, at, "passphrase", vec![notice]).await
    }
}
