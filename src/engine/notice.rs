//! Letters to the office's own people that are about no case: who is locked out, what was put aside.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Engine;
use super::codec;
use super::dispatch::LETTER_TRIES;
use super::port::{Fault, FaultKind, Outgoing};
use super::store::{NewRow, Row, Settled, Settlement, of_epoch};
use super::weave::Task;
use crate::letters::{LetterFacts, LetterKind};
use crate::sop::names::Address;
use crate::vault::sha256_hex;

pub(super) struct Notice {
    pub to: Address,
    pub kind: LetterKind,
    pub facts: LetterFacts,
}

/// A notice to one person, written once: what it tells may read otherwise at the next try.
#[derive(Serialize, Deserialize)]
pub(super) struct PendingNotice {
    to: Address,
    message_id: String,
    subject: String,
    body: String,
    date: DateTime<Utc>,
}

impl Engine {
    /// Puts a row for each person in the place of the row that tells all of them, so that nobody waits for another, or is told again
    /// because another could not be.
    pub(super) async fn send_notices(
        &self,
        row: &Row,
        at: DateTime<Utc>,
        series: &str,
        notices: Vec<Notice>,
    ) -> Result<(), Fault> {
        let epoch = self.store.epoch().await?;
        let by = notices.into_iter().map(|notice| self.addressed(row, at, series, notice, epoch));
        let how = Settled::Replaced { by: by.collect::<Result<_, Fault>>()? };
        self.store.settle(vec![(row.key.clone(), Settlement { id: row.id.clone(), how })]).await
    }

    fn addressed(
        &self,
        row: &Row,
        at: DateTime<Utc>,
        series: &str,
        notice: Notice,
        epoch: u64,
    ) -> Result<NewRow, Fault> {
        let Notice { to, kind, facts } = notice;
        let text = self.letters.render(kind, self.office.language, &facts).map_err(Fault::permanent)?;
        // Rows and Message-IDs are seen by others: the address stays out of them.
        let letter = sha256_hex(format!("{}\n{}\n{}", to.as_str(), text.subject, text.body).as_bytes()).0;
        let id = of_epoch(format!("{}-{}", row.id, &letter[..12]), "-e", epoch);
        let named = id.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "-");
        let message_id = self.message_id(series, &named);
        let letter = PendingNotice { to, message_id, subject: text.subject, body: text.body, date: at };
        let task = Task::Notice { letter: Box::new(letter) };
        Ok(NewRow { id, kind: task.kind().to_owned(), due: self.clock.now(), payload: codec::encode(&task) })
    }

    /// A person whose server refuses the letter, or defers it for too long, goes without: nobody can be told of that by mail.
    pub(super) async fn send_notice(&self, row: &Row, letter: PendingNotice) -> Result<(), Fault> {
        let letter = Outgoing {
            message_id: letter.message_id,
            to: vec![letter.to],
            bcc: Vec::new(),
            waits_for_copies: false,
            subject: letter.subject,
            body: letter.body,
            in_reply_to: None,
            references: Vec::new(),
            auto_submitted: true,
            date: letter.date,
            enclosures: Vec::new(),
        };
        match self.courier.send(&letter).await {
            Err(fault) if fault.kind != FaultKind::Permanent && self.tries(row) < LETTER_TRIES => return Err(fault),
            Err(fault) => {
                tracing::warn!(effect = row.kind, "a notice to the office's own people is given up: {fault}");
            }
            Ok(()) => {}
        }
        self.settle_done(row).await
    }
}
