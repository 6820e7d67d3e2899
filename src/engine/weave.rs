//! Turns a ruling into one batch: events, snapshot, outbox rows, links and index entries that stand or fall together.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Engine;
use super::casebook::Along;
use super::codec;
use super::correspondence::{PendingLetter, Written};
use super::intake::tally::DayLimits;
use super::notice::PendingNotice;
use super::port::Fault;
use super::store::{Batch, CaseKey, NewLink, NewRow, SecretChange, Tag, of_epoch};
use crate::sop::case::Case;
use crate::sop::command::Alarm;
use crate::sop::decide::Ruling;
use crate::sop::effect::Effect;
use crate::sop::event::{Event, Recorded};
use crate::sop::names::{Address, CaseNumber};
use crate::sop::phase::Phase;

/// A step ready to commit, and the case as it then stands.
pub(super) struct Woven {
    pub case: Case,
    pub batch: Batch,
}

/// What an outbox row asks the dispatcher to do.
#[derive(Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
pub(super) enum Task {
    Letter {
        letter: Box<PendingLetter>,
    },
    Driver {
        decision: u32,
    },
    ReadBack {
        decision: u32,
    },
    Wake {
        alarm: Alarm,
    },
    /// One person's letter of one of the next four, as it will go out at each try.
    Notice {
        letter: Box<PendingNotice>,
    },
    /// Tell the admins of mail put aside that day; `closing`: only if more was put aside since they were told.
    Digest {
        day: String,
        limits: DayLimits,
        closing: bool,
        /// The letters' date, the same at each try.
        #[serde(default)]
        at: Option<DateTime<Utc>>,
    },
    /// Tell that somebody's factor is locked.
    Locked {
        who: Address,
        until: DateTime<Utc>,
        #[serde(default)]
        at: Option<DateTime<Utc>>,
    },
    /// Tell somebody that their passphrase was changed.
    PassphraseChanged {
        who: Address,
        at: DateTime<Utc>,
    },
    /// Tell that a letter of an archived case came back.
    Returned {
        number: CaseNumber,
        letter: String,
        at: DateTime<Utc>,
    },
}

impl Task {
    /// The row's kind, by which the dispatcher leases.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Letter { .. } => "letter",
            Self::Driver { .. } => "driver",
            Self::ReadBack { .. } => "read_back",
            Self::Wake { .. } => "wake",
            Self::Notice { .. } => "notice",
            Self::Digest { .. } => "digest",
            Self::Locked { .. } => "locked",
            Self::PassphraseChanged { .. } => "passphrase_changed",
            Self::Returned { .. } => "returned",
        }
    }
}

/// The index families that find a case.
pub mod family {
    /// Message-IDs of a case's mails and letters.
    pub const MESSAGE: &str = "message";
    /// File, words and number of a request letter; also the documents that hold its marks.
    pub const LETTER: &str = "letter";
}

impl Engine {
    pub(super) async fn weave(
        &self,
        key: &CaseKey,
        version: u64,
        ruling: Ruling,
        along: Along,
    ) -> Result<Woven, Fault> {
        let epoch = self.store.epoch().await?;
        let Ruling { mut case, mut events, effects, at: now } = ruling;
        let mut batch = Batch::new(key.clone(), version, now, Vec::new());
        for (index, effect) in effects.into_iter().enumerate() {
            // After a restore the versions since the backup are written anew, and their letters are others.
            let id = of_epoch(format!("v{:06}-{index:02}", version + 1), "e", epoch);
            let mut woven = Weaving { batch: &mut batch, now, id };
            match effect {
                Effect::Send { letter } => {
                    let about = self.failed_subject(key, &letter).await?;
                    let written = self.write_letter(key, &case, &letter, about, &woven.id, epoch)?;
                    let Some(written) = written else { continue };
                    let Written { pending, links, record, files } = written;
                    let files = files.into_iter().map(|bytes| (key.clone(), bytes)).collect::<Vec<_>>();
                    if !files.is_empty() {
                        woven.batch.contents.extend(self.store.put_contents(files).await?);
                    }
                    let queued = Event::LetterQueued {
                        letter: record,
                        subject: pending.subject.clone(),
                        body: pending.body.clone(),
                    };
                    case.evolve(&queued, now);
                    events.push(queued);
                    woven.tag(family::MESSAGE, &pending.message_id);
                    woven.links(links);
                    woven.row(&Task::Letter { letter: Box::new(pending) }, now);
                }
                Effect::CallDriver { decision } => woven.row(&Task::Driver { decision }, now),
                Effect::ReadBack { decision } => woven.row(&Task::ReadBack { decision }, now),
                Effect::Wake { alarm, at } => woven.row(&Task::Wake { alarm }, at),
                // Where a result waits, its link stays good: only the admins' links are about what was decided.
                Effect::VoidLinks if matches!(case.phase, Phase::Delivered { .. }) => woven.void_links("admin/"),
                Effect::VoidLinks => woven.void_links(""),
                Effect::DestroySecret { issue } => {
                    woven.batch.secrets.push(SecretChange::Destroy { id: issue.to_string() });
                }
            }
        }
        if let Some(reply) = along.reply {
            batch.contents.push(reply.sha256.clone());
            let kept = Event::ReplyKept { by: reply.by, sha256: reply.sha256 };
            case.evolve(&kept, now);
            events.push(kept);
        }
        batch.tags.extend(message_ids(&events));
        self.remember(&case, &events, &mut batch).await?;
        batch.events = events.into_iter().map(|event| codec::encode(&Recorded { at: now, event })).collect();
        batch.snapshot = codec::encode(&case);
        batch.settle = along.settle;
        batch.secrets.extend(along.secrets);
        batch.documents.extend(along.documents);
        batch.seen.extend(along.seen);
        batch.links.extend(along.links);
        Ok(Woven { case, batch })
    }
}

/// The Message-IDs of the mails a step adds.
fn message_ids(events: &[Event]) -> impl Iterator<Item = Tag> {
    let added = events.iter().filter_map(|event| match event {
        Event::MailAdded { mail } => mail.message_id.clone(),
        _ => None,
    });
    added.map(|value| Tag { family: family::MESSAGE.to_owned(), value, set: true })
}

struct Weaving<'a> {
    batch: &'a mut Batch,
    now: DateTime<Utc>,
    id: String,
}

impl Weaving<'_> {
    fn row(&mut self, task: &Task, due: DateTime<Utc>) {
        let row = NewRow {
            id: self.id.clone(),
            kind: task.kind().to_owned(),
            due: due.max(self.now),
            payload: codec::encode(task),
        };
        self.batch.outbox.push(row);
    }

    fn tag(&mut self, family: &str, value: &str) {
        self.batch.tags.push(Tag { family: family.to_owned(), value: value.to_owned(), set: true });
    }

    /// Links of this step are made after the old ones died, wherever in the ruling the order stands.
    fn void_links(&mut self, scope: &str) {
        if !self.batch.void_links.iter().any(|known| known == scope) {
            self.batch.void_links.push(scope.to_owned());
        }
    }

    fn links(&mut self, links: Vec<NewLink>) {
        self.batch.links.extend(links);
    }
}
