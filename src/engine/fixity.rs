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
    /// When it ended.
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
        let mut damage = self.archive.verify().await?;
        damage.extend(self.store.verify().await?);
        let found = Fixity { at: self.clock.now(), damaged: damage.len() };
        let note = self.office_document(FIXITY, FIXITY.to_owned(), Some(codec::encode(&found)));
        self.store.write_documents(vec![note]).await?;
        Ok(damage)
    }

    /// [`Engine::look_through`], where the last look is not of today.
    pub async fn look_through_daily(&self) -> Result<Vec<Damage>, Fault> {
        let age = self.fixity().await?.map(|last| self.clock.now() - last.at);
        // A clock that was ahead does not put it off.
        match age {
            Some(age) if age >= TimeDelta::zero() && age < YOUNG => Ok(Vec::new()),
            _ => self.look_through().await,
        }
    }

    /// `None` before the first look.
    pub async fn fixity(&self) -> Result<Option<Fixity>, Fault> {
        let kept = self.memo(FIXITY, FIXITY).await?;
        kept.map(|kept| codec::decode(&kept.bytes, "the last look through the archive")).transpose()
    }
}
