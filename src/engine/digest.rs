//! What the admins are told of a flood: one letter an hour after it began, and one after the day's end if it went on.

use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};

use super::Engine;
use super::admins::AdminRecord;
use super::codec;
use super::dispatch::LETTER_TRIES;
use super::intake::Mailbox;
use super::intake::tally::{self, DIGEST_AFTER, DayLimits};
use super::port::{Fault, FaultKind, Outgoing};
use super::store::{NewRow, Row};
use super::weave::Task;
use crate::letters::{LetterFacts, LetterKind};
use crate::sop::names::Address;

/// After midnight no mail is counted in the day before.
const AFTER_MIDNIGHT: TimeDelta = TimeDelta::minutes(5);

/// The outbox rows of a flood that began at this moment.
pub(super) fn rows(engine: &Engine, mailbox: &Mailbox, now: DateTime<Utc>) -> Vec<NewRow> {
    let day = tally::day(engine, &mailbox.name, now);
    let row = |closing: bool, due: DateTime<Utc>| {
        let task = Task::Digest { day: day.clone(), limits: mailbox.limits, closing };
        let id = format!("digest:{day}:{}", if closing { "closing" } else { "first" });
        NewRow { id, kind: task.kind().to_owned(), due, payload: codec::encode(&task) }
    };
    let zone = engine.office.zone;
    let tomorrow = now.with_timezone(&zone).date_naive() + Days::new(1);
    let midnight = tomorrow.and_time(NaiveTime::MIN).and_local_timezone(zone).earliest();
    let end = midnight.map_or(now + TimeDelta::days(1), |at| at.to_utc()) + AFTER_MIDNIGHT;
    vec![row(false, now + DIGEST_AFTER), row(true, end.max(now + DIGEST_AFTER))]
}

impl Engine {
    /// Tells every admin how many mails of a day were put aside. Sent again after a failure under the same Message-IDs;
    /// an admin whose server refuses the letter keeps it from nobody else.
    pub(super) async fn send_digest(
        &self,
        row: &Row,
        day: &str,
        limits: &DayLimits,
        closing: bool,
    ) -> Result<(), Fault> {
        let (_, tally) = tally::load(self, day).await?;
        if closing && tally.late == 0 {
            return self.settle_done(row).await;
        }
        let loudest = tally.loudest(limits).and_then(|sender| Address::parse(&sender)).map(|sender| sender.masked());
        let mut failed = None;
        for (index, admin) in self.admins().await?.into_iter().filter(AdminRecord::acts).enumerate() {
            let facts = LetterFacts {
                admin: Some(admin.name),
                count: Some(tally.beyond),
                sender: loudest.clone(),
                ..LetterFacts::default()
            };
            let letter = self.digest_to(admin.address, &format!("{}-{index}", row.id), row.due, &facts)?;
            match self.courier.send(&letter).await {
                Ok(()) => {}
                Err(fault) if fault.kind == FaultKind::Permanent || row.attempts + 1 >= LETTER_TRIES => {
                    tracing::warn!("a digest of mail put aside is given up: {fault}");
                }
                Err(fault) => failed = Some(fault),
            }
        }
        match failed {
            Some(fault) => Err(fault),
            None => self.settle_done(row).await,
        }
    }

    fn digest_to(&self, to: Address, id: &str, date: DateTime<Utc>, facts: &LetterFacts) -> Result<Outgoing, Fault> {
        let text = self.letters.render(LetterKind::Flood, self.office.language, facts).map_err(Fault::permanent)?;
        let id = id.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "-");
        Ok(Outgoing {
            message_id: self.message_id("flood", &id),
            to: vec![to],
            cc: Vec::new(),
            subject: text.subject,
            body: text.body,
            in_reply_to: None,
            references: Vec::new(),
            auto_submitted: true,
            date,
            enclosures: Vec::new(),
        })
    }
}
