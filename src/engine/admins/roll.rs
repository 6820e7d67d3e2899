//! The roll: what became of the people who may act, in the journal like everything else. One book a year, kept like a case
//! of its own series; a person's record and what is told of it are committed with the entry.

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};

use super::{AdminRecord, FAILURES, FAMILY, Role};
use crate::engine::Engine;
use crate::engine::books::With;
use crate::engine::codec;
use crate::engine::notice::Notice;
use crate::engine::port::Fault;
use crate::engine::store::{DocumentWrite, NewRow, Outcome, Row};
use crate::engine::weave::Task;
use crate::letters::{LetterFacts, LetterKind};
use crate::sop::names::{Address, CaseNumber};

/// Prefix of the roll's series.
pub const PREFIX: &str = "ROLL";

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub at: DateTime<Utc>,
    pub who: Address,
    #[serde(flatten)]
    pub what: Happened,
}

/// What happened to a person's standing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "happened", rename_all = "snake_case")]
pub enum Happened {
    Invited {
        role: Role,
    },
    Enrolled {
        role: Role,
    },
    Revoked,
    Locked {
        until: DateTime<Utc>,
    },
    PasskeyAdded,
    PassphraseChanged,
    /// Somebody stands in until then.
    Delegated {
        to: Address,
        until: DateTime<Utc>,
    },
    /// Back before the absence was over.
    Back,
}

impl Engine {
    /// Writes a person's record, with an entry where something happened that the office should know later. False where
    /// somebody else wrote the record first.
    pub(super) async fn keep(
        &self,
        record: &AdminRecord,
        expected_version: Option<u64>,
        happened: Option<Happened>,
    ) -> Result<bool, Fault> {
        let write = DocumentWrite {
            office: self.office.id.clone(),
            family: FAMILY.to_owned(),
            id: record.address.as_str().to_lowercase(),
            expected_version,
            bytes: Some(codec::encode(record)),
        };
        let written = match happened {
            None => self.keep_alone(write).await?,
            Some(what) => match self.enter_in_roll(&record.address, &what, &write).await {
                // Whoever guesses is stopped, whatever becomes of the roll.
                Err(fault) if matches!(what, Happened::Locked { .. }) => {
                    let admin = record.address.masked();
                    tracing::error!(admin, "a lock is not in the roll, and nobody gets a letter about it: {fault}");
                    self.keep_alone(write).await?
                }
                entered => entered?,
            },
        };
        if written {
            let mut names = self.names.write().unwrap_or_else(std::sync::PoisonError::into_inner);
            names.insert(record.address.clone(), record.name.clone());
        }
        Ok(written)
    }

    async fn keep_alone(&self, write: DocumentWrite) -> Result<bool, Fault> {
        Ok(matches!(self.store.write_documents(vec![write]).await?, Outcome::Committed { .. }))
    }

    async fn enter_in_roll(&self, who: &Address, what: &Happened, write: &DocumentWrite) -> Result<bool, Fault> {
        let now = self.clock.now();
        let book = self.roll(now);
        let entry = Entry { at: now, who: who.clone(), what: what.clone() };
        let with = With { documents: vec![write.clone()], outbox: to_tell(who, what, now).into_iter().collect() };
        self.enter(&book, now, &entry, with, "what became of a person").await
    }

    /// The roll's entries of a year, oldest first.
    pub async fn roll_of(&self, year: i32) -> Result<Vec<Entry>, Fault> {
        self.entries_of(&CaseNumber::new(PREFIX, year, 1), "an entry of the roll").await
    }

    fn roll(&self, at: DateTime<Utc>) -> CaseNumber {
        CaseNumber::new(PREFIX, at.with_timezone(&self.office.zone).year(), 1)
    }

    /// Tells the person whose factor was locked, and every other admin, until when.
    pub(in crate::engine) async fn send_lock(
        &self,
        row: &Row,
        at: Option<DateTime<Utc>>,
        who: &Address,
        until: DateTime<Utc>,
    ) -> Result<(), Fault> {
        let facts = |admin: &AdminRecord| LetterFacts {
            admin: Some(admin.name.clone()),
            name: Some(self.name_of(who)),
            count: Some(u32::from(FAILURES)),
            until: Some(until),
            ..LetterFacts::default()
        };
        let people = self.admins().await?;
        let notices = people.iter().filter_map(|person| {
            let own = person.address.same_mailbox(who);
            let kind = if own { LetterKind::FactorLocked } else { LetterKind::ColleagueLocked };
            let told = own || person.acts();
            told.then(|| Notice { to: person.address.clone(), kind, facts: facts(person) })
        });
        self.send_notices(row, at.unwrap_or(row.due), "lock", notices.collect()).await
    }
}

/// The row for what people are told by mail.
fn to_tell(who: &Address, what: &Happened, now: DateTime<Utc>) -> Option<NewRow> {
    let (task, series, at) = match what {
        Happened::Locked { until } => {
            (Task::Locked { who: who.clone(), until: *until, at: Some(now) }, "lock", until.timestamp())
        }
        // By the microsecond: two changes in a second are told of one by one.
        Happened::PassphraseChanged => {
            (Task::PassphraseChanged { who: who.clone(), at: now }, "passphrase", now.timestamp_micros())
        }
        _ => return None,
    };
    // Rows and Message-IDs are seen by others: the address stays out of them.
    let person = crate::vault::sha256_hex(who.as_str().to_lowercase().as_bytes()).0;
    let id = format!("{series}:{}:{at}", &person[..12]);
    Some(NewRow { id, kind: task.kind().to_owned(), due: now, payload: codec::encode(&task) })
}
