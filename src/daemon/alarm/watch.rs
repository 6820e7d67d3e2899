//! The loop that looks, judges, raises and tells; and what it last saw, for whoever asks.

use std::pin::pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

use super::Alarm;
use super::bell::Bell;
use super::board::{Board, Changes};
use super::facts::{Facts, Sources};
use super::judge::{Limits, crashing, judge};
use crate::config::Config;
use crate::daemon::clock::SaneClock;
use crate::sop::names::Language;

/// Facts of the last look, shared.
#[derive(Clone, Default)]
pub struct LastFacts(Arc<RwLock<Facts>>);

impl LastFacts {
    pub fn get(&self) -> Facts {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, facts: Facts) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = facts;
    }
}

/// Watches over one office.
pub struct Watch {
    pub sources: Sources,
    pub board: Board,
    pub seen: LastFacts,
    pub bell: Option<Bell>,
}

impl Watch {
    /// Looks until `stop`. What cannot be looked at is logged; the store's own failure ends the daemon elsewhere.
    pub async fn keep(&self, stop: &CancellationToken) {
        let config = &self.sources.config;
        let limits = limits(config);
        let mut round = tokio::time::interval(Duration::from_secs(config.alarms.look_seconds.into()));
        round.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut deaf = false;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = round.tick() => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.look(&limits, &mut deaf) => {}
            }
        }
    }

    /// Tells that the machine's clock is in doubt until it is settled. Meanwhile nothing else is looked at, and no alarm is over.
    pub async fn until_settled(&self, clock: &SaneClock) {
        let mut settled = pin!(clock.settled());
        let mut round = tokio::time::interval(Duration::from_secs(self.sources.config.alarms.look_seconds.into()));
        round.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut deaf = false;
        loop {
            tokio::select! {
                biased;
                () = &mut settled => return,
                _ = round.tick() => {}
            }
            let Some(doubt) = clock.doubt() else { continue };
            let changes = self.board.beside(doubt.into(), self.sources.engine.clock.now());
            tokio::select! {
                () = &mut settled => return,
                () = self.announce(&changes, &mut deaf) => {}
            }
        }
    }

    /// Tells that the program crashes again and again, before anything is begun that may bring it down once more: no look may come of
    /// this life.
    pub async fn tell_of_crashes(&self) {
        let now = self.sources.engine.clock.now();
        let Some(alarm) = crashing(self.sources.crashes(now)) else { return };
        let key = alarm.key();
        let changes = self.board.beside(alarm, now);
        if self.sources.lives.as_ref().is_some_and(|lives| lives.are_told()) {
            self.board
                .untold()
                .iter()
                .filter(|untold| untold.alarm.key() == key && !untold.grown)
                .for_each(|it| self.board.told(it));
        }
        self.announce(&changes, &mut false).await;
    }

    async fn look(&self, limits: &Limits, deaf: &mut bool) {
        let changes = match self.sources.gather().await {
            Ok(facts) => {
                let changes = self.board.step(judge(&facts, limits), facts.at);
                self.seen.set(facts);
                changes
            }
            Err(fault) => {
                tracing::warn!("the office cannot be looked at: {fault}");
                self.board.unseen(self.sources.engine.clock.now())
            }
        };
        self.announce(&changes, deaf).await;
    }

    /// To the log, the second channel, the store, and the clock that waits for it.
    async fn announce(&self, changes: &Changes, deaf: &mut bool) {
        for alarm in &changes.raised {
            tracing::error!(alarm = alarm.key(), "ALARM: {}", alarm.say(Language::En));
        }
        for alarm in &changes.cleared {
            tracing::info!(alarm = alarm.key(), "an alarm is over: {}", alarm.say(Language::En));
        }
        let told = self.tell(deaf).await;
        if (told || !changes.is_empty())
            && let Err(fault) = self.board.save(&self.sources.engine).await
        {
            tracing::warn!("the alarms cannot be kept: {fault}");
        }
        let Some(clock) = &self.sources.clock else { return };
        for standing in self.board.raised().iter().filter(|standing| standing.told && !standing.grown) {
            if let Alarm::ClockInDoubt { seconds, .. } = standing.alarm {
                clock.told(TimeDelta::seconds(seconds));
            }
        }
    }

    /// Tells the second channel what it does not know, until it fails. True: something was told.
    async fn tell(&self, deaf: &mut bool) -> bool {
        let mut told = false;
        for standing in self.board.untold() {
            let rung = match &self.bell {
                Some(bell) => bell.ring(&standing).await,
                None => Ok(()),
            };
            match rung {
                Ok(()) => {
                    self.board.told(&standing);
                    (told, *deaf) = (true, false);
                }
                Err(fault) => {
                    if !std::mem::replace(deaf, true) {
                        tracing::error!("{fault}. It is told again at each look");
                    }
                    return told;
                }
            }
        }
        told
    }
}

fn limits(config: &Config) -> Limits {
    Limits {
        fetch_failures: config.limits.alarm_after_failures,
        outbox_tries: config.alarms.outbox_tries,
        certificate: TimeDelta::days(config.alarms.certificate_days.into()),
        disk_free_mb: config.alarms.disk_free_mb.into(),
    }
}
