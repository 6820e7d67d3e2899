//! What the admins are told of a flood: one letter an hour after it began, and one after the day's end if it went on.

use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};

use super::Engine;
use super::admins::AdminRecord;
use super::codec;
use super::intake::Mailbox;
use super::intake::tally::{self, DIGEST_AFTER, DayLimits};
use super::notice::Notice;
use super::port::Fault;
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
        let task = Task::Digest { day: day.clone(), limits: mailbox.limits, closing, at: Some(due) };
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
    /// Tells every admin how many mails of a day were put aside, and how many of machines passed over.
    pub(super) async fn send_digest(
        &self,
        row: &Row,
        at: Option<DateTime<Utc>>,
        day: &str,
        limits: &DayLimits,
        closing: bool,
    ) -> Result<(), Fault> {
        let (_, tally) = tally::load(self, day).await?;
        if closing && tally.late == 0 {
            return self.settle_done(row).await;
        }
        let loudest = tally.loudest(limits).and_then(|sender| Address::parse(&sender)).map(|sender| sender.masked());
        let admins = self.admins().await?.into_iter().filter(AdminRecord::acts);
        let notices = admins.map(|admin| Notice {
            to: admin.address,
            kind: LetterKind::Flood,
            facts: LetterFacts {
                admin: Some(admin.name),
                count: Some(tally.beyond),
                passed_over: Some(tally.passed_over).filter(|count| *count > 0),
                sender: loudest.clone(),
                ..LetterFacts::default()
            },
        });
        self.send_notices(row, at.unwrap_or(row.due), "flood", notices.collect()).await
    }
}
