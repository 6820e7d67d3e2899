//! The one place that reads the machine's clock, and how far the daemon believes it (THREATS row 42). Deadlines, expiries and
//! codes all go by this time, so a clock that is set wrong must not let them run out at once.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rustix::time::{ClockId, clock_gettime};

use crate::engine::Engine;
use crate::engine::port::{Clock, Fault, FaultKind};
use crate::engine::store::{DocumentWrite, TIME_SEEN};

/// A difference by which a clock is steered (NTP); more is a jump.
const STEERED: TimeDelta = TimeDelta::minutes(2);
/// How long a clock that has jumped must stand before it is believed; until then time goes on as it did.
const PROBATION: Duration = Duration::from_secs(600);
/// How long it must stand where nobody could be told of it: an office whose second channel is deaf must open all the same.
const UNTOLD: Duration = Duration::from_secs(3600);
/// That time went back is told for so long.
const REMEMBERED: Duration = Duration::from_secs(86_400);
/// The longest an office is thought to be switched off.
const ABSENCE: TimeDelta = TimeDelta::days(31);
/// Between two looks at a clock that is not believed yet.
const LOOK: Duration = Duration::from_secs(5);
/// Between two notes of the time.
const NOTED: Duration = Duration::from_secs(600);

/// The document of [`TIME_SEEN`] that holds the time last believed.
const ID: &str = "seen";

/// The machine's wall clock, in UTC.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// How long the machine has run. Unlike `Instant`, this goes on while it is suspended, so coming back is no jump (clock_gettime(2)).
fn uptime() -> Duration {
    clock_gettime(ClockId::Boottime).try_into().unwrap_or_default()
}

/// What is odd about the machine's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    /// How far it stands, or stood, from the time that was believed; below zero: behind it.
    pub by: TimeDelta,
    /// Time went back with it, since it stood by its jump.
    pub believed: bool,
}

/// The machine's clock as far as it is believed: a jump, ahead or back, counts after somebody was told and it has stood for ten minutes,
/// and otherwise time never goes back.
pub struct SaneClock {
    begun: Duration,
    belief: Mutex<Belief>,
}

impl SaneClock {
    pub fn new() -> Self {
        let belief = Mutex::new(Belief::begin(SystemClock.now()));
        Self { begun: uptime(), belief }
    }

    /// Goes on from the time an office noted last, where the machine's clock cannot be right.
    pub async fn resume(&self, engine: &Engine) -> Result<(), Fault> {
        let kept = engine.memo(TIME_SEEN, ID).await?;
        let millis = kept.and_then(|document| document.bytes.try_into().ok()).map(i64::from_be_bytes);
        if let Some(last) = millis.and_then(DateTime::from_timestamp_millis) {
            let (elapsed, wall) = (self.elapsed(), SystemClock.now());
            let mut belief = self.belief.lock().unwrap_or_else(PoisonError::into_inner);
            *belief = Belief::resume(last, wall, elapsed);
        }
        Ok(())
    }

    /// Waits until the machine's clock is believed: at once, but where it cannot be right. What came in meanwhile would count
    /// from a time that is long over.
    pub async fn settled(&self) {
        while self.is_in_doubt() {
            tokio::time::sleep(LOOK).await;
        }
    }

    fn is_in_doubt(&self) -> bool {
        self.doubt().is_some_and(|doubt| !doubt.believed)
    }

    /// What a person should look at; for a day after time went back, too.
    pub fn doubt(&self) -> Option<Doubt> {
        self.now();
        self.belief.lock().unwrap_or_else(PoisonError::into_inner).doubt()
    }

    /// Somebody was told that the clock stands `by` off, and had a chance to set it right.
    pub fn told(&self, by: TimeDelta) {
        self.belief.lock().unwrap_or_else(PoisonError::into_inner).told(by);
    }

    fn elapsed(&self) -> Duration {
        uptime().saturating_sub(self.begun)
    }

    /// Notes the time now and then, until the future is dropped or nothing can be written down any more.
    pub async fn keep(&self, engine: &Engine) -> Fault {
        loop {
            let write = DocumentWrite {
                office: engine.office.id.clone(),
                family: TIME_SEEN.to_owned(),
                id: ID.to_owned(),
                expected_version: None,
                bytes: Some(self.now().timestamp_millis().to_be_bytes().to_vec()),
            };
            match engine.store.write_documents(vec![write]).await {
                // A disk that is full for the moment.
                Err(fault) if fault.kind == FaultKind::Transient => tracing::warn!("the time cannot be noted: {fault}"),
                Err(fault) => return fault,
                Ok(_) => {}
            }
            tokio::time::sleep(NOTED).await;
        }
    }
}

impl Default for SaneClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SaneClock {
    fn now(&self) -> DateTime<Utc> {
        let (elapsed, wall) = (self.elapsed(), SystemClock.now());
        let mut belief = self.belief.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, news) = belief.look(wall, elapsed);
        drop(belief);
        match news {
            Some(News::Jumped(by)) => tracing::warn!(
                seconds = by.num_seconds(),
                "the machine's clock has jumped; time goes on as it did until the new one has stood for ten minutes and an alarm told it"
            ),
            Some(News::Believed(by)) => {
                tracing::warn!(seconds = by.num_seconds(), "the machine's clock stands by its jump and is believed");
            }
            None => {}
        }
        now
    }
}

/// What is believed: a time, and how long the program had run then.
#[derive(Debug)]
struct Belief {
    at: DateTime<Utc>,
    elapsed: Duration,
    jump: Option<Jump>,
    /// The last one that took time back.
    back: Option<Jump>,
}

/// A clock that stands this far from what is believed, and since when.
#[derive(Debug, Clone, Copy)]
struct Jump {
    by: TimeDelta,
    since: Duration,
    told: bool,
}

#[derive(Debug, PartialEq)]
enum News {
    Jumped(TimeDelta),
    Believed(TimeDelta),
}

impl Belief {
    fn begin(wall: DateTime<Utc>) -> Self {
        Self { at: wall, elapsed: Duration::ZERO, jump: None, back: None }
    }

    /// A clock before the time noted last is wrong, as after a battery has failed; one far behind it may be.
    fn resume(last: DateTime<Utc>, wall: DateTime<Utc>, elapsed: Duration) -> Self {
        let is_likely = wall >= last - STEERED && wall <= last + ABSENCE;
        Self { at: if is_likely { wall.max(last) } else { last }, elapsed, jump: None, back: None }
    }

    fn look(&mut self, wall: DateTime<Utc>, elapsed: Duration) -> (DateTime<Utc>, Option<News>) {
        let gone = elapsed.saturating_sub(self.elapsed);
        let expected = self.at + TimeDelta::from_std(gone).unwrap_or_default();
        let by = wall - expected;
        if by.abs() <= STEERED {
            *self = Self { at: wall.max(self.at), elapsed, jump: None, back: self.back };
            return (self.at, None);
        }
        (self.at, self.elapsed) = (expected, elapsed);
        match self.jump.filter(|jump| jump.stands(by)) {
            None => {
                self.jump = Some(Jump { by, since: elapsed, told: false });
                (expected, Some(News::Jumped(by)))
            }
            Some(jump) if elapsed.saturating_sub(jump.since) < jump.probation() => (expected, None),
            // Back, too: a clock that was ahead was wrong before.
            Some(jump) => {
                let back = (by < TimeDelta::zero()).then_some(Jump { since: elapsed, ..jump });
                *self = Self { at: wall, elapsed, jump: None, back };
                (wall, Some(News::Believed(by)))
            }
        }
    }

    fn doubt(&self) -> Option<Doubt> {
        let back = self.back.filter(|back| self.elapsed.saturating_sub(back.since) < REMEMBERED);
        let now = self.jump.map(|jump| Doubt { by: jump.by, believed: false });
        now.or(back.map(|back| Doubt { by: back.by, believed: true }))
    }

    fn told(&mut self, by: TimeDelta) {
        if let Some(jump) = self.jump.as_mut().filter(|jump| jump.stands(by)) {
            jump.told = true;
        }
    }
}

impl Jump {
    /// Whether a clock that is so far off is still the one that jumped.
    fn stands(&self, by: TimeDelta) -> bool {
        (self.by - by).abs() <= STEERED
    }

    fn probation(&self) -> Duration {
        if self.told { PROBATION } else { UNTOLD }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("a time")
    }

    fn after(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn t42_a_clock_that_jumps_moves_no_deadline_until_it_has_stood_for_ten_minutes() {
        let year = 365 * 86_400;
        for jump in [year, -year, 3600, -3600] {
            let mut belief = Belief::begin(at(0));

            assert_eq!(belief.look(at(60), after(60)), (at(60), None));
            let (now, news) = belief.look(at(61 + jump), after(61));
            assert_eq!((now, news), (at(61), Some(News::Jumped(TimeDelta::seconds(jump)))));
            belief.told(TimeDelta::seconds(jump));
            assert_eq!(belief.look(at(600 + jump), after(600)), (at(600), None));
            let (now, news) = belief.look(at(661 + jump), after(661));
            assert_eq!((now, news), (at(661 + jump), Some(News::Believed(TimeDelta::seconds(jump)))));
        }
    }

    #[test]
    fn t42_a_jump_that_is_taken_back_leaves_nothing_behind() {
        let mut belief = Belief::begin(at(0));
        belief.look(at(90_000), after(10));
        belief.told(TimeDelta::seconds(90_000 - 10));

        assert_eq!(belief.look(at(20), after(20)), (at(20), None));
        assert_eq!(belief.doubt(), None);
        assert_eq!(belief.look(at(90_700), after(700)).0, at(700), "its ten minutes begin again");
    }

    #[test]
    fn t42_after_a_long_absence_a_clock_is_in_doubt_until_it_has_stood_for_ten_minutes() {
        let mut belief = Belief::resume(at(0), at(40 * 86_400), Duration::ZERO);
        let mut doubted = |elapsed: u64| {
            belief.look(at(40 * 86_400 + elapsed as i64), after(elapsed));
            belief.told(TimeDelta::days(40));
            belief.doubt().is_some()
        };

        assert_eq!([doubted(0), doubted(300), doubted(601)], [true, true, false]);
    }

    /// One set years back was believed after ten minutes, and nobody but the log had heard of it.
    #[test]
    fn t42_a_clock_that_nobody_was_told_of_is_believed_after_an_hour_alone() {
        for jump in [90_000, -90_000] {
            let believed_after = |seconds: u64, told: i64| {
                let mut belief = Belief::begin(at(0));
                belief.look(at(jump), after(0));
                belief.told(TimeDelta::seconds(told));
                matches!(belief.look(at(jump + seconds as i64), after(seconds)).1, Some(News::Believed(_)))
            };

            assert_eq!([599, 600].map(|seconds| believed_after(seconds, jump)), [false, true]);
            assert_eq!([601, 3599, 3600].map(|seconds| believed_after(seconds, 0)), [false, false, true]);
            assert!(!believed_after(601, -jump), "they were told of another jump");
        }
    }

    #[test]
    fn t42_that_time_went_back_is_told_for_a_day_and_that_it_went_ahead_until_it_is_believed() {
        let doubts = |jump: i64| {
            let mut belief = Belief::begin(at(0));
            [1, 300, 700, 80_000, 87_200].map(|seconds: u64| {
                belief.look(at(jump + seconds as i64), after(seconds));
                belief.told(TimeDelta::seconds(jump));
                belief.doubt().map(|doubt| (doubt.by.num_seconds(), doubt.believed))
            })
        };

        let (ahead, back) = (Some((90_000, false)), Some((-90_000, false)));
        assert_eq!(doubts(90_000), [ahead, ahead, None, None, None]);
        assert_eq!(doubts(-90_000), [back, back, Some((-90_000, true)), Some((-90_000, true)), None]);
    }

    #[test]
    fn t42_a_clock_that_cannot_be_right_at_start_goes_on_from_the_time_noted_last() {
        let resumed = |wall| Belief::resume(at(0), wall, Duration::ZERO).look(wall, after(1)).0;

        assert_eq!(resumed(at(8 * 3600)), at(8 * 3600), "a night");
        assert_eq!(resumed(at(-60)), at(0), "a clock is steered");
        assert_eq!(resumed(at(-20 * 365 * 86_400)), at(1), "its battery is empty");
        assert_eq!(resumed(at(400 * 86_400)), at(1), "a year ahead");
    }

    proptest! {
        /// Whatever a clock does, time stands still or goes on, but for what has stood for ten minutes.
        #[test]
        fn t42_time_does_not_go_back(looks in proptest::collection::vec((0u64..300, -90_000i64..90_000), 1..60)) {
            let (mut belief, mut elapsed, mut last) = (Belief::begin(at(0)), 0, at(0));
            for (gone, off) in looks {
                elapsed += gone;
                let (now, news) = belief.look(at(elapsed as i64 + off), after(elapsed));
                if !matches!(news, Some(News::Believed(_))) {
                    prop_assert!(now >= last && now <= last + TimeDelta::seconds(gone as i64) + STEERED);
                }
                last = now;
            }
        }
    }
}
