//! The people who may act, as the command line registers and lists them. A factor never passes through here: it is
//! shown to its owner alone, behind the enrolment link.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Answer, Operations};
use crate::engine::admins::{Absence, AdminRecord, NoAbsence, Role, Standing};
use crate::sop::names::Address;

/// The one-time link of a new admin.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EnrolmentView {
    pub email: Address,
    pub role: Role,
    pub link: String,
}

/// A registered person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AdminView {
    pub email: Address,
    pub name: String,
    pub role: Role,
    /// `invited`, `active` or `revoked`.
    pub standing: String,
    /// Since when, or until when an invitation is good.
    pub at: DateTime<Utc>,
    /// Too many wrong codes: shut out until then, unless enrolled anew before.
    pub locked_until: Option<DateTime<Utc>>,
    /// Who stands in at this moment, and until when.
    pub absence: Option<Absence>,
}

impl AdminView {
    fn of(record: AdminRecord, now: DateTime<Utc>) -> Self {
        let (standing, at) = match &record.standing {
            Standing::Invited { expires, .. } => ("invited", *expires),
            Standing::Active { since, .. } => ("active", *since),
            Standing::Revoked { at } => ("revoked", *at),
        };
        let locked_until = record.locked_until(now);
        let absence = record.absence(now).cloned();
        let standing = standing.to_owned();
        Self { email: record.address, name: record.name, role: record.role, standing, at, locked_until, absence }
    }
}

impl Operations {
    pub(super) async fn enroll_admin(
        &self,
        address: &Address,
        name: Option<String>,
        role: Role,
    ) -> Result<Answer, Answer> {
        let known = self.engine.admin(address).await?.map(|(_, record)| record.name);
        let name = name.or(known).unwrap_or_else(|| address.to_string());
        let link = self.engine.enroll(address, &name, role).await?;
        Ok(Answer::done(&EnrolmentView { email: address.clone(), role, link }))
    }

    pub(super) async fn list_admins(&self) -> Result<Answer, Answer> {
        let admins = self.engine.admins().await?;
        let now = self.engine.clock.now();
        Ok(Answer::done(&admins.into_iter().map(|record| AdminView::of(record, now)).collect::<Vec<_>>()))
    }

    pub(super) async fn delegate(&self, absent: &Address, to: &Address, until: NaiveDate) -> Result<Answer, Answer> {
        let midnight = until.succ_opt().map(|next| next.and_time(NaiveTime::MIN));
        let end = midnight.and_then(|end| end.and_local_timezone(self.engine.office.zone).earliest());
        let until =
            end.map(|end| end.to_utc()).ok_or_else(|| Answer::negative("There is no such day. Name another"))?;
        let record = self.engine.delegate(absent, to, until).await?;
        Ok(Answer::done(&AdminView::of(record, self.engine.clock.now())))
    }

    pub(super) async fn end_absence(&self, absent: &Address) -> Result<Answer, Answer> {
        let record = self.engine.end_absence(absent).await?;
        Ok(Answer::done(&AdminView::of(record, self.engine.clock.now())))
    }

    pub(super) async fn revoke_admin(&self, address: &Address) -> Result<Answer, Answer> {
        let unknown =
            || Answer::negative(format!("Nobody is registered as {address}. `loket admins list` shows those who are"));
        let registered = self.engine.admin(address).await?.ok_or_else(unknown)?;
        if !self.engine.revoke(address).await? {
            return Err(Answer::Failed {
                sentence: format!("The record of {address} changed in the meantime. Repeat the command"),
                worth_retrying: true,
            });
        }
        let now = self.engine.admin(address).await?.unwrap_or(registered);
        Ok(Answer::done(&AdminView::of(now.1, self.engine.clock.now())))
    }
}

impl From<NoAbsence> for Answer {
    fn from(why: NoAbsence) -> Self {
        match why {
            NoAbsence::Fault(fault) => fault.into(),
            NoAbsence::Conflict(_) => Self::Failed { sentence: why.to_string(), worth_retrying: true },
            other => Self::negative(other.to_string()),
        }
    }
}
