//! How the program's lives ended, as far as the next start can tell. A crash (a signal, the kernel short of memory, the service
//! manager's watchdog) leaves nobody to tell of it, and the program is started again: where that goes on and on, only the starts
//! can count it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::engine::codec;
use crate::engine::port::Fault;
use crate::engine::store::DocumentWrite;

/// Family and id of the document that is kept of them.
const LIVES: &str = "lives";
/// A crash is counted for so long, and a life as long as this is a sound one.
const HOUR: TimeDelta = TimeDelta::hours(1);
/// So many crashes within an hour are an alarm. One may have been a power cut, and a second somebody's hurry to try something; a third
/// has a cause that is still there.
pub const TOO_MANY: usize = 3;
/// As many as an hour can hold, where the service manager waits for 15 seconds between two starts.
const MOST: usize = 240;

/// What is kept of them.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    /// When the life began that has not ended as it was told to: the present one, or the last.
    begun: Option<DateTime<Utc>>,
    /// Starts that found the life before them so, of the hour before the last start.
    crashes: Vec<DateTime<Utc>>,
}

impl Kept {
    fn begin(&mut self, now: DateTime<Utc>) {
        if self.begun.replace(now).is_some() {
            self.crashes.push(now);
        }
        // Nor what a clock that was ahead noted.
        self.crashes.retain(|at| *at <= now && now - *at < HOUR);
        let surplus = self.crashes.len().saturating_sub(MOST);
        self.crashes.drain(..surplus);
    }

    fn end(&mut self) {
        self.begun = None;
    }
}

/// The present life of one office's program, and what is known of those before.
pub struct Lives {
    born: DateTime<Utc>,
    kept: Mutex<Kept>,
}

impl Lives {
    /// Notes that a life begins. A note of the lives before that does not read tells of none.
    ///
    /// # Errors
    /// The store's own failure. That nothing can be written for the moment keeps nobody from opening.
    pub async fn begin(engine: &Engine) -> Result<Self, Fault> {
        let kept = engine.memo(LIVES, LIVES).await?;
        let kept = kept.and_then(|kept| codec::decode::<Kept>(&kept.bytes, "the program's lives").ok());
        let (mut kept, born) = (kept.unwrap_or_default(), engine.clock.now());
        kept.begin(born);
        let lives = Self { born, kept: Mutex::new(kept) };
        lives.note(engine).await;
        Ok(lives)
    }

    /// Notes that this life ended as it was told to.
    pub async fn end(&self, engine: &Engine) {
        self.kept().end();
        self.note(engine).await;
    }

    /// The crashes within an hour before this life and with it, none once it has lasted for an hour.
    pub fn crashes(&self, now: DateTime<Utc>) -> usize {
        if now - self.born < HOUR { self.kept().crashes.len() } else { 0 }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn note(&self, engine: &Engine) {
        let bytes = Some(codec::encode(&*self.kept()));
        let (office, family, id) = (engine.office.id.clone(), LIVES.to_owned(), LIVES.to_owned());
        let write = DocumentWrite { office, family, id, expected_version: None, bytes };
        if let Err(fault) = engine.store.write_documents(vec![write]).await {
            tracing::warn!("how the program's lives end cannot be noted: {fault}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + minute * 60, 0).expect("a time")
    }

    /// What lives that begin at these minutes, and crash, leave to the last of them.
    fn crashed(minutes: &[i64]) -> usize {
        let mut kept = Kept::default();
        minutes.iter().for_each(|minute| kept.begin(at(*minute)));
        kept.crashes.len()
    }

    #[test]
    fn a_start_after_a_crash_is_counted_for_an_hour() {
        assert_eq!(crashed(&[0]), 0, "nothing was before it");
        assert_eq!([&[0, 1, 2, 3][..], &[0, 1, 2, 60], &[0, 1, 2, 61], &[0, 1, 2, 62]].map(crashed), [3, 3, 2, 1]);
    }

    #[test]
    fn a_life_that_ends_as_it_was_told_to_is_no_crash() {
        let mut kept = Kept::default();
        for minute in 0..9 {
            kept.begin(at(minute));
            kept.end();
        }
        kept.begin(at(9));

        assert!(kept.crashes.is_empty());
    }

    #[test]
    fn crashes_are_told_of_until_a_life_has_lasted_for_an_hour() {
        let mut kept = Kept::default();
        [0, 1, 2, 3].into_iter().for_each(|minute| kept.begin(at(minute)));
        let lives = Lives { born: at(3), kept: Mutex::new(kept) };

        assert_eq!([3, 62, 63].map(|minute| lives.crashes(at(minute))), [3, 3, 0]);
    }

    #[test]
    fn t42_what_a_clock_ahead_noted_is_not_counted() {
        assert_eq!(crashed(&[0, 500_000, 500_001, 5]), 1, "the last start alone");
    }

    #[test]
    fn no_more_is_kept_than_an_hour_holds() {
        assert_eq!(crashed(&[0; 1000]), MOST);
    }
}
