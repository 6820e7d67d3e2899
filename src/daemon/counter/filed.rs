//! What the archive adds to the figures of a day: cases that were closed and lie there already. It is looked through only when
//! it went on, on a task of its own, and no page waits long for it: it may be large, or at work on something else.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::Desk;
use crate::engine::archive::Archive;
use crate::engine::evidence::FileHead;
use crate::engine::port::Fault;
use crate::sop::names::CaseNumber;

/// So long a page waits for the archive. Then it shows what was known before.
const PATIENCE: Duration = Duration::from_secs(2);

/// The archive as it was looked through last.
#[derive(Default)]
pub(super) struct Filed {
    known: Mutex<Known>,
    /// One look at a time.
    turn: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct Known {
    /// Where the archive ended, and from which day on everything is in `closed`; `None` before the first look.
    seen: Option<(Vec<FileHead>, NaiveDate)>,
    closed: Vec<(NaiveDate, CaseNumber)>,
}

impl Filed {
    async fn look(&self, archive: &dyn Archive, zone: Tz, day: NaiveDate) -> Result<(), Fault> {
        let heads = archive.heads().await?;
        if self.known().seen.as_ref().is_some_and(|(seen, since)| *seen == heads && *since <= day) {
            return Ok(());
        }
        let registers = archive.list().await?.into_iter().map(|line| line.register);
        let closed = registers.map(|register| (register.closed.with_timezone(&zone).date_naive(), register.number));
        let closed = closed.filter(|(closed, _)| *closed >= day).collect();
        *self.known() = Known { seen: Some((heads, day)), closed };
        Ok(())
    }

    fn of(&self, day: NaiveDate) -> BTreeSet<CaseNumber> {
        let known = self.known();
        known.closed.iter().filter(|(closed, _)| *closed == day).map(|(_, number)| number.clone()).collect()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    /// Cases that were closed on this day, in the office's zone, and are in the archive.
    pub(super) async fn filed_of(&self, day: NaiveDate) -> BTreeSet<CaseNumber> {
        if let Ok(turn) = Arc::clone(&self.filed.turn).try_lock_owned() {
            let (engine, filed) = (self.engine.clone(), self.filed.clone());
            let looking = tokio::spawn(async move {
                if let Err(fault) = filed.look(&*engine.archive, engine.office.zone, day).await {
                    tracing::debug!("the archive cannot be looked through for the desk: {fault}");
                }
                drop(turn);
            });
            // A look that takes longer is for the next page.
            let _ = tokio::time::timeout(PATIENCE, looking).await;
        }
        self.filed.of(day)
    }
}
