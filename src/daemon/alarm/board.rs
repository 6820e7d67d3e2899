//! Which alarms are raised, since when, and whether the second channel knows. Kept as an office document, so that a
//! restart neither tells an alarm again nor forgets to tell that it is over. One that goes on is told anew once it weighs ten
//! times what was told: one stuck letter must not hide two hundred.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Alarm;
use super::judge::Judgement;
use crate::engine::Engine;
use crate::engine::codec;
use crate::engine::port::Fault;
use crate::engine::store::DocumentWrite;
use crate::sop::names::Language;

const FAMILY: &str = "alarm";
const ID: &str = "board";

/// An alarm that is raised, or over and not yet told so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    #[serde(flatten)]
    pub alarm: Alarm,
    pub since: DateTime<Utc>,
    /// The second channel knows that it was raised.
    pub told: bool,
    #[serde(default)]
    pub over: bool,
    /// What the alarm weighed when the log told it last. `None`: it has no weight, or an earlier program kept it.
    #[serde(default)]
    pub weighed: Option<u64>,
    /// The second channel knows that it was raised, and not how far it has grown.
    #[serde(default)]
    pub grown: bool,
}

/// An alarm is told anew once it weighs so many times what was told.
const FAR_WORSE: u64 = 10;

impl Standing {
    /// An alarm that was just raised and is told to nobody yet.
    pub fn new(alarm: Alarm, since: DateTime<Utc>) -> Self {
        let weighed = alarm.weight();
        Self { alarm, since, told: false, over: false, weighed, grown: false }
    }

    /// Takes new figures in. True: the alarm is far worse than was told.
    fn go_on(&mut self, alarm: Alarm) -> bool {
        let (weighs, weighed) = (alarm.weight(), self.weighed);
        self.alarm = alarm;
        let grows = weighs.zip(weighed).is_some_and(|(now, then)| now >= then.saturating_mul(FAR_WORSE));
        if grows || weighed.is_none() {
            self.weighed = weighs;
        }
        self.grown |= grows && self.told;
        grows
    }
}

/// Shared by whoever raises and whoever shows.
#[derive(Clone, Default)]
pub struct Board(Arc<Mutex<BTreeMap<String, Standing>>>);

/// What changed at one look.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub raised: Vec<Alarm>,
    pub cleared: Vec<Alarm>,
}

impl Changes {
    pub fn is_empty(&self) -> bool {
        self.raised.is_empty() && self.cleared.is_empty()
    }
}

impl Board {
    fn standings(&self) -> MutexGuard<'_, BTreeMap<String, Standing>> {
        // Nothing panics while the board is held; should it, its entries are still whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The board as it was last kept; an empty one where there is none that this program can read.
    pub async fn load(engine: &Engine) -> Result<Self, Fault> {
        let kept = engine.memo(FAMILY, ID).await?;
        let standings = kept.and_then(|document| codec::decode(&document.bytes, "the alarms").ok());
        Ok(Self(Arc::new(Mutex::new(standings.unwrap_or_default()))))
    }

    pub async fn save(&self, engine: &Engine) -> Result<(), Fault> {
        let write = DocumentWrite {
            office: engine.office.id.clone(),
            family: FAMILY.to_owned(),
            id: ID.to_owned(),
            expected_version: None,
            bytes: Some(codec::encode(&*self.standings())),
        };
        engine.store.write_documents(vec![write]).await.map(|_| ())
    }

    /// Takes a judgement up. An alarm that goes on changes its figures and tells nobody, unless it has grown tenfold.
    pub fn step(&self, judgement: Judgement, now: DateTime<Utc>) -> Changes {
        let mut board = self.standings();
        let mut changes = Changes::default();
        let mut going_on = judgement.keep;
        for alarm in judgement.raise {
            going_on.insert(alarm.key());
            match board.get_mut(&alarm.key()).filter(|standing| !standing.over) {
                Some(standing) => {
                    if standing.go_on(alarm.clone()) {
                        changes.raised.push(alarm);
                    }
                }
                None => {
                    board.insert(alarm.key(), Standing::new(alarm.clone(), now));
                    changes.raised.push(alarm);
                }
            }
        }
        for (_, standing) in board.iter_mut().filter(|(key, standing)| !standing.over && !going_on.contains(*key)) {
            standing.over = true;
            changes.cleared.push(standing.alarm.clone());
        }
        // Nobody was told that it began, so nobody need be told that it is over.
        board.retain(|_, standing| standing.told || !standing.over);
        changes
    }

    /// Nobody could look: every alarm goes on, and that is one more.
    pub fn unseen(&self, now: DateTime<Utc>) -> Changes {
        self.beside(Alarm::OfficeUnseen, now)
    }

    /// Every alarm goes on, and this is one more.
    pub fn beside(&self, alarm: Alarm, now: DateTime<Utc>) -> Changes {
        let keep = self.raised().iter().map(|standing| standing.alarm.key()).collect();
        self.step(Judgement { raise: vec![alarm], keep }, now)
    }

    /// What the second channel does not know yet.
    pub fn untold(&self) -> Vec<Standing> {
        let is_untold = |s: &&Standing| s.told == s.over || (s.grown && !s.over);
        self.standings().values().filter(is_untold).cloned().collect()
    }

    /// The second channel took this.
    pub fn told(&self, standing: &Standing) {
        let mut board = self.standings();
        let key = standing.alarm.key();
        let Some(known) = board.get_mut(&key).filter(|known| known.since == standing.since) else { return };
        known.told = true;
        known.grown &= known.weighed != standing.weighed;
        if standing.over {
            board.remove(&key);
        }
    }

    /// Alarms that are raised, by key.
    pub fn raised(&self) -> Vec<Standing> {
        self.standings().values().filter(|standing| !standing.over).cloned().collect()
    }

    pub fn sentences(&self, lang: Language) -> Vec<String> {
        self.raised().iter().map(|standing| standing.alarm.say(lang)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + minute * 60, 0).unwrap()
    }

    fn stuck(rows: usize) -> Judgement {
        Judgement { raise: vec![Alarm::EffectStuck { rows }], ..Judgement::default() }
    }

    fn keeping() -> Judgement {
        Judgement { keep: ["effect_stuck".to_owned()].into(), ..Judgement::default() }
    }

    #[test]
    fn where_nobody_can_look_no_alarm_is_over() {
        let board = Board::default();
        board.step(stuck(1), at(0));

        assert_eq!(board.unseen(at(1)).raised, [Alarm::OfficeUnseen]);
        assert!(board.unseen(at(2)).is_empty());
        assert_eq!(board.raised().len(), 2);
        assert!(board.step(stuck(1), at(3)).cleared == [Alarm::OfficeUnseen]);
    }

    #[test]
    fn an_alarm_is_raised_once_and_cleared_once() {
        let board = Board::default();

        assert_eq!(board.step(stuck(1), at(0)).raised, [Alarm::EffectStuck { rows: 1 }]);
        assert!(board.step(stuck(2), at(1)).is_empty());
        assert!(board.step(keeping(), at(2)).is_empty());
        assert_eq!(board.raised()[0].since, at(0));
        board.told(&board.untold()[0]);
        assert_eq!(board.step(Judgement::default(), at(3)).cleared, [Alarm::EffectStuck { rows: 2 }]);
        assert!(board.step(keeping(), at(4)).is_empty(), "what is not raised cannot be kept");
        assert!(board.raised().is_empty());
    }

    #[test]
    fn the_channel_is_told_of_the_beginning_and_then_of_the_end() {
        let board = Board::default();
        board.step(stuck(1), at(0));

        let begins = board.untold();
        board.told(&begins[0]);
        assert!(board.untold().is_empty());
        board.step(Judgement::default(), at(1));
        let ends = board.untold();
        board.told(&ends[0]);

        assert_eq!((begins.len(), begins[0].over, ends.len(), ends[0].over), (1, false, 1, true));
        assert!(board.untold().is_empty());
    }

    #[test]
    fn an_alarm_that_was_over_before_the_channel_heard_of_it_is_not_told() {
        let board = Board::default();
        board.step(stuck(1), at(0));
        let late = board.untold();

        board.step(Judgement::default(), at(1));
        board.told(&late[0]);

        assert!(board.untold().is_empty() && board.raised().is_empty());
    }

    /// What a restart finds of a board.
    fn restarted(board: &Board) -> Board {
        let kept = codec::encode(&*board.standings());
        Board(Arc::new(Mutex::new(codec::decode(&kept, "the alarms").expect("it was just kept"))))
    }

    /// One letter that stood stuck for days hid that two hundred more were.
    #[test]
    fn an_alarm_that_goes_on_is_told_anew_once_it_has_grown_tenfold() {
        let board = Board::default();
        let look = |board: &Board, rows, minute| {
            let raised = board.step(stuck(rows), at(minute)).raised.len();
            let untold = board.untold();
            untold.iter().for_each(|standing| board.told(standing));
            (raised, untold.len())
        };

        assert_eq!([1, 2, 9].map(|rows| look(&board, rows, 0)), [(1, 1), (0, 0), (0, 0)]);
        assert_eq!(look(&board, 20, 1), (1, 1));
        assert_eq!([20, 1, 199].map(|rows| look(&board, rows, 2)), [(0, 0); 3], "it was told of twenty");
        let again = restarted(&board);
        assert_eq!([20, 199].map(|rows| look(&again, rows, 3)), [(0, 0); 2], "over a restart too");
        assert_eq!(look(&again, 200, 4), (1, 1));
        assert_eq!(again.raised()[0].since, at(0), "it is the same alarm");
    }

    #[test]
    fn what_the_channel_did_not_hear_of_an_alarms_growth_is_told_over_a_restart() {
        let board = Board::default();
        board.step(stuck(1), at(0));
        board.told(&board.untold()[0]);
        board.step(stuck(10), at(1));

        let again = restarted(&board);
        let grown = again.untold();
        again.step(stuck(100), at(2));
        again.told(&grown[0]);
        let further = again.untold();
        again.told(&further[0]);

        let heard = [&grown[0], &further[0]].map(|standing| (standing.alarm.clone(), standing.over));
        assert_eq!(heard, [10, 100].map(|rows| (Alarm::EffectStuck { rows }, false)));
        assert!(again.untold().is_empty());
    }

    #[test]
    fn an_alarm_that_grew_and_was_over_before_the_channel_heard_of_it_is_told_over() {
        let board = Board::default();
        board.step(stuck(1), at(0));
        board.told(&board.untold()[0]);
        board.step(stuck(50), at(1));

        board.step(Judgement::default(), at(2));
        let ends = board.untold();
        ends.iter().for_each(|standing| board.told(standing));

        assert_eq!((ends.len(), ends[0].over), (1, true));
        assert!(board.untold().is_empty() && board.raised().is_empty());
    }

    #[test]
    fn a_board_that_an_earlier_program_kept_tells_nothing_anew() {
        let kept = br#"{"effect_stuck":{"alarm":"effect_stuck","rows":3,"since":"2026-11-09T01:00:00Z","told":true}}"#;
        let board = Board(Arc::new(Mutex::new(serde_json::from_slice(kept).expect("its form"))));

        assert!(board.step(stuck(50), at(0)).is_empty() && board.untold().is_empty());
        assert_eq!(board.step(stuck(500), at(1)).raised, [Alarm::EffectStuck { rows: 500 }]);
    }

    #[test]
    fn room_that_shrinks_to_a_tenth_is_told_anew() {
        let board = Board::default();
        let look = |free_mb| {
            let raise = vec![Alarm::DiskAlmostFull { of: "state".to_owned(), free_mb }];
            board.step(Judgement { raise, ..Judgement::default() }, at(0)).raised.len()
        };

        assert_eq!([900, 500, 91, 90, 12, 9, 0].map(look), [1, 0, 0, 1, 0, 1, 0]);
    }

    proptest::proptest! {
        /// However a figure swings, an alarm that stands is told once for each tenfold growth and no more.
        #[test]
        fn an_alarm_that_stands_is_told_seldom(rows in proptest::collection::vec(1usize..5000, 1..80)) {
            let board = Board::default();
            let told: usize = rows.iter().map(|rows| board.step(stuck(*rows), at(0)).raised.len()).sum();
            proptest::prop_assert!((1..=4).contains(&told), "{told}");
        }
    }

    #[test]
    fn an_alarm_that_returns_before_its_end_was_told_is_told_anew() {
        let board = Board::default();
        board.step(stuck(1), at(0));
        board.told(&board.untold()[0]);
        board.step(Judgement::default(), at(1));

        board.step(stuck(3), at(2));

        let untold = board.untold();
        assert_eq!((untold.len(), untold[0].since, untold[0].over), (1, at(2), false));
    }
}
