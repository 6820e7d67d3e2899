//! Absences: an admin who is away names another, who gets their letters too and decides for them. Whoever decides is one
//! person, for however many they stand in; the journal says for whom.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::AdminRecord;
use super::roll::Happened;
use crate::engine::Engine;
use crate::engine::casebook::Along;
use crate::engine::port::Fault;
use crate::sop::command::Command;
use crate::sop::names::Address;

/// The longest absence; a longer one is an admin less.
const LONGEST: TimeDelta = TimeDelta::days(92);

/// Who stands in, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absence {
    pub delegate: Address,
    pub since: DateTime<Utc>,
    pub until: DateTime<Utc>,
}

/// Why nobody was named.
#[derive(Debug, thiserror::Error)]
pub enum NoAbsence {
    #[error("{0} is no enrolled admin. `loket admins list` shows who is")]
    NotAnAdmin(Address),
    #[error("Nobody stands in for themselves. Name another admin")]
    SamePerson,
    #[error("The absence would end before it begins. Name a day that is still to come")]
    Over,
    #[error("An absence lasts 92 days at most. Revoke an admin who is away for longer, and enrol them again later")]
    TooLong,
    #[error("{0} has named nobody, so there is nothing to end")]
    Nobody(Address),
    #[error("The record of {0} changed in the meantime. Repeat the command")]
    Conflict(Address),
    #[error("{0}")]
    Fault(Fault),
}

impl From<Fault> for NoAbsence {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl AdminRecord {
    /// The absence at this moment.
    pub fn absence(&self, now: DateTime<Utc>) -> Option<&Absence> {
        self.absence.as_ref().filter(|absence| absence.since <= now && now < absence.until)
    }
}

impl Engine {
    /// Lets `delegate` stand in for `absent` from now on until then, and tells them what waits.
    pub async fn delegate(
        &self,
        absent: &Address,
        delegate: &Address,
        until: DateTime<Utc>,
    ) -> Result<AdminRecord, NoAbsence> {
        let since = self.clock.now();
        let (version, mut record) = self.acting(absent).await?;
        let (_, other) = self.acting(delegate).await?;
        if absent.same_mailbox(delegate) {
            return Err(NoAbsence::SamePerson);
        }
        if until <= since {
            return Err(NoAbsence::Over);
        }
        if until - since > LONGEST {
            return Err(NoAbsence::TooLong);
        }
        let delegate = other.address;
        record.absence = Some(Absence { delegate: delegate.clone(), since, until });
        let happened = Happened::Delegated { to: delegate.clone(), until };
        if !self.keep(&record, Some(version), Some(happened)).await? {
            return Err(NoAbsence::Conflict(absent.clone()));
        }
        for case in self.live_cases().await?.into_iter().filter(|case| case.assigned.as_ref() == Some(&record.address))
        {
            let brief = Command::Brief { to: delegate.clone() };
            self.apply(&self.key(&case.number), brief, Along::default()).await?;
        }
        Ok(record)
    }

    /// The absent admin is back.
    pub async fn end_absence(&self, absent: &Address) -> Result<AdminRecord, NoAbsence> {
        let (version, mut record) = self.acting(absent).await?;
        if record.absence(self.clock.now()).is_none() {
            return Err(NoAbsence::Nobody(absent.clone()));
        }
        record.absence = None;
        if !self.keep(&record, Some(version), Some(Happened::Back)).await? {
            return Err(NoAbsence::Conflict(absent.clone()));
        }
        Ok(record)
    }

    async fn acting(&self, address: &Address) -> Result<(u64, AdminRecord), NoAbsence> {
        let known = self.admin(address).await?.filter(|(_, record)| record.acts());
        known.ok_or_else(|| NoAbsence::NotAnAdmin(address.clone()))
    }
}
