//! Letters to the office's own people that are about no case: who is locked out, what was put aside.

use chrono::{DateTime, Utc};

use super::Engine;
use super::dispatch::LETTER_TRIES;
use super::port::{Fault, FaultKind, Outgoing};
use super::store::{Row, of_epoch};
use crate::letters::{LetterFacts, LetterKind};
use crate::sop::names::Address;
use crate::vault::sha256_hex;

pub(super) struct Notice {
    pub to: Address,
    pub kind: LetterKind,
    pub facts: LetterFacts,
}

impl Engine {
    /// Sends the notices of an outbox row and settles it. Sent again after a failure under the same Message-IDs; a person whose
    /// server refuses the letter keeps it from nobody else.
    pub(super) async fn send_notices(
        &self,
        row: &Row,
        at: DateTime<Utc>,
        series: &str,
        notices: Vec<Notice>,
    ) -> Result<(), Fault> {
        let mut failed = None;
        let epoch = self.store.epoch().await?;
        for notice in notices {
            let letter = Outgoing { date: at, ..self.noticed(row, series, notice, epoch)? };
            match self.courier.send(&letter).await {
                Ok(()) => {}
                Err(fault) if fault.kind == FaultKind::Permanent || row.attempts + 1 >= LETTER_TRIES => {
                    tracing::warn!(effect = row.kind, "a notice to the office's own people is given up: {fault}");
                }
                Err(fault) => failed = Some(fault),
            }
        }
        match failed {
            Some(fault) => Err(fault),
            None => self.settle_done(row).await,
        }
    }

    fn noticed(&self, row: &Row, series: &str, notice: Notice, epoch: u64) -> Result<Outgoing, Fault> {
        let Notice { to, kind, facts } = notice;
        let text = self.letters.render(kind, self.office.language, &facts).map_err(Fault::permanent)?;
        // People and figures may change between two tries: another letter has another Message-ID.
        let letter = format!("{}\n{}\n{}", to.as_str(), text.subject, text.body);
        let letter = &sha256_hex(letter.as_bytes()).0[..12];
        let id = of_epoch(format!("{}-{letter}", row.id), "-e", epoch);
        let id = id.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "-");
        Ok(Outgoing {
            message_id: self.message_id(series, &id),
            to: vec![to],
            bcc: Vec::new(),
            subject: text.subject,
            body: text.body,
            in_reply_to: None,
            references: Vec::new(),
            auto_submitted: true,
            date: row.due,
            enclosures: Vec::new(),
        })
    }
}
