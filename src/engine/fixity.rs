//! Fixity: archive and live store are read through on the archive's schedule, so that damage is told before somebody needs what
//! it took away (OAIS, ISO 14721, 4.2.1: fixity information).

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::Engine;
use super::codec;
use super::port::Fault;
use super::store::Damage;

/// Family and name of the document that tells of the last look.
const FIXITY: &str = "fixity";

/// A look that is younger is not repeated by itself: the schedule may come every minute, and the archive may be large.
const YOUNG: TimeDelta = TimeDelta::hours(20);

/// What the last look through everything found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fixity {
    /// When it began.
    pub at: DateTime<Utc>,
    /// Things that are damaged.
    pub damaged: usize,
}

impl Engine {
    /// Recomputes every hash and chain of archive and live store, and notes how many things are damaged.
    ///
    /// # Errors
    /// Where the archive's folder or the live store cannot be read at all; the earlier note stays.
    pub async fn look_through(&self) -> Result<Vec<Damage>, Fault> {
        let at = self.clock.now();
        let mut damage = self.damage().await?;
        if !damage.is_empty() {
            // A case that moves to the archive meanwhile is missed on one side; what is damaged is so again.
            let again = self.damage().await?;
            damage.retain(|found| again.contains(found));
        }
        let found = Fixity { at, damaged: damage.len() };
        let note = self.office_document(FIXITY, FIXITY.to_owned(), Some(codec::encode(&found)));
        if let Err(fault) = self.store.write_documents(vec![note]).await {
            tracing::error!("what a look through archive and live store found cannot be noted: {fault}");
        }
        Ok(damage)
    }

    async fn damage(&self) -> Result<Vec<Damage>, Fault> {
        let mut damage = self.archive.verify().await?;
        damage.extend(self.store.verify().await?);
        Ok(damage)
    }

    /// [`Engine::look_through`], where the last look is not of today; `None` where it is.
    pub async fn look_through_daily(&self) -> Result<Option<Vec<Damage>>, Fault> {
        let age = self.fixity().await?.map(|last| self.clock.now() - last.at);
        // A clock that was ahead does not put it off.
        match age {
            Some(age) if age >= TimeDelta::zero() && age < YOUNG => Ok(None),
            _ => self.look_through().await.map(Some),
        }
    }

    /// `None` before the first look.
    pub async fn fixity(&self) -> Result<Option<Fixity>, Fault> {
        let kept = self.memo(FIXITY, FIXITY).await?;
        kept.map(|kept| codec::decode(&kept.bytes, "the last look through the archive")).transpose()
    }
}
