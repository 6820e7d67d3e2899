//! How the program's lives ended, as far as the next start can tell. A crash (a signal, the kernel short of memory, the service
//! manager's watchdog) leaves nobody to tell of it, and the program is started again: where that goes on and on, only the starts
//! can count it. What brings it down may be the opening of the store, so it is kept in a small [`Note`] beside it, which no backup
//! brings back either.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::note::Note;
use crate::store::StateFolder;

/// The file of the state folder that keeps them.
const FILE: &str = "lives";
/// A crash is counted for so long, and a life as long as this is a sound one.
const HOUR: TimeDelta = TimeDelta::hours(1);
/// So many crashes within an hour are an alarm. One may have been a power cut, and a second somebody's hurry to try something; a third
/// has a cause that is still there.
pub const TOO_MANY: usize = 3;
/// As many as an hour can hold, where the service manager waits for 15 seconds between two starts.
const MOST: usize = 240;

/// What is kept of them. It fits into the room that is set apart for a note.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    /// When the life began whose end nobody told of: the present one, or the last.
    begun: Option<DateTime<Utc>>,
    /// It came so far that the board of alarms could tell of those before.
    opened: bool,
    /// The second channel heard of these crashes without the board.
    told: bool,
    /// Starts that found the life before them so, of the hour before the last start, in Unix seconds.
    crashes: Vec<i64>,
}

impl Kept {
    /// True: there are too many, and the last of them left nobody to tell of those before.
    fn begin(&mut self, now: DateTime<Utc>) -> bool {
        let second = now.timestamp();
        let crashed = self.begun.replace(now).is_some();
        let opened = std::mem::take(&mut self.opened);
        if crashed {
            self.crashes.push(second);
        }
        // Nor what a clock that was ahead noted.
        self.crashes.retain(|at| *at <= second && *at > second - HOUR.num_seconds());
        let surplus = self.crashes.len().saturating_sub(MOST);
        self.crashes.drain(..surplus);
        self.told &= self.crashes.len() >= TOO_MANY;
        crashed && !opened && self.crashes.len() >= TOO_MANY
    }

    fn end(&mut self) {
        self.begun = None;
    }
}

/// The present life, and what is known of those before.
struct Known {
    born: DateTime<Utc>,
    /// Whether the life before this one ended too early to tell that there are too many.
    blind: bool,
    kept: Kept,
}

/// The lives of the program in one state folder, which it holds as long as it may note anything there.
pub struct Lives {
    known: Mutex<Known>,
    note: Note,
    _folder: Arc<StateFolder>,
}

impl Lives {
    /// Notes that a life begins. A note of the lives before that is missing or does not read tells of none, and that none can be
    /// written for the moment keeps nobody from opening.
    pub fn begin(folder: Arc<StateFolder>, now: DateTime<Utc>) -> Self {
        let note = Note::at(folder.path().join(FILE));
        let mut kept = note.read::<Kept>().unwrap_or_default();
        let blind = kept.begin(now);
        let lives = Self { known: Mutex::new(Known { born: now, blind, kept }), note, _folder: folder };
        lives.write(&lives.known().kept);
        lives
    }

    /// Takes the present life to begin now, by a clock that has learnt from the store what time it is.
    pub fn born(&self, now: DateTime<Utc>) {
        self.known().born = now;
    }

    /// The crashes, where there are too many and they may go on until no life comes so far as to open the store, which keeps the
    /// board of alarms; none once they were told of.
    pub fn untold(&self) -> Option<usize> {
        let known = self.known();
        (known.blind && !known.kept.told).then_some(known.kept.crashes.len())
    }

    /// Notes that what is [`Lives::untold`] was told.
    pub fn tell(&self) {
        let mut known = self.known();
        known.kept.told = true;
        self.write(&known.kept);
    }

    /// Whether the second channel heard of these crashes before the store was open.
    pub fn are_told(&self) -> bool {
        self.known().kept.told
    }

    /// Notes that the board of alarms tells of them from here on.
    pub fn opened(&self) {
        let mut known = self.known();
        known.kept.opened = true;
        self.write(&known.kept);
    }

    /// Notes that this life ended as it was told to, or by an error that was told of.
    pub fn end(&self) {
        let mut known = self.known();
        known.kept.end();
        self.write(&known.kept);
    }

    /// The crashes within an hour before this life and with it, none once it has lasted for an hour.
    pub fn crashes(&self, now: DateTime<Utc>) -> usize {
        let known = self.known();
        if now - known.born < HOUR { known.kept.crashes.len() } else { 0 }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, kept: &Kept) {
        if let Err(why) = self.note.write(kept) {
            tracing::warn!(file = %self.note.place(), "how the program's lives end cannot be noted: {why}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::note::ROOM;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + minute * 60, 0).expect("a time")
    }

    /// What lives that begin at these minutes, and crash, leave to the last of them.
    fn crashed(minutes: &[i64]) -> usize {
        let mut kept = Kept::default();
        for minute in minutes {
            kept.begin(at(*minute));
        }
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
        let folder = tempfile::tempdir().unwrap();
        let begin = |minute| {
            let taken = StateFolder::take(folder.path()).expect("nobody holds it");
            Lives::begin(Arc::new(taken), at(minute))
        };
        [0, 1, 2].into_iter().for_each(|minute| drop(begin(minute)));
        let lives = begin(3);

        assert_eq!([3, 62, 63].map(|minute| lives.crashes(at(minute))), [3, 3, 0]);
        lives.born(at(500));
        assert_eq!([500, 559, 560].map(|minute| lives.crashes(at(minute))), [3, 3, 0], "by the clock of the office");
    }

    #[test]
    fn crashes_of_lives_that_never_open_are_told_once_and_those_of_others_by_the_board() {
        let folder = tempfile::tempdir().unwrap();
        let mut untold = Vec::new();
        for (minute, opens) in [(0, true), (1, true), (2, true), (3, true), (4, false), (5, false), (6, false)] {
            let taken = StateFolder::take(folder.path()).expect("nobody holds it");
            let lives = Lives::begin(Arc::new(taken), at(minute));
            untold.push(lives.untold());
            if lives.untold().is_some() {
                lives.tell();
            }
            if opens {
                lives.opened();
            }
        }

        assert_eq!(untold, [None, None, None, None, None, Some(5), None]);
    }

    #[test]
    fn t42_what_a_clock_ahead_noted_is_not_counted() {
        assert_eq!(crashed(&[0, 500_000, 500_001, 5]), 1, "the last start alone");
    }

    #[test]
    fn no_more_is_kept_than_an_hour_holds_and_the_room_of_a_note() {
        let mut kept = Kept::default();
        for _ in 0..1000 {
            kept.begin(at(0));
        }

        assert_eq!(kept.crashes.len(), MOST);
        assert!(serde_json::to_vec(&kept).unwrap().len() <= ROOM);
    }
}
