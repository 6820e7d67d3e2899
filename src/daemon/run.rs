//! What runs once everything is put together: a loop a mailbox, the dispatcher, the archive schedule, the desk. A
//! failure of the store stops all of it; everything else is logged where it happens and tried again.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use tokio_util::sync::CancellationToken;

use super::assembly::Assembly;
use super::intake::{self, Watch};
use super::watchdog;
use crate::config::schedule::ArchiveSchedule;
use crate::engine::Engine;
use crate::engine::port::Fault;

/// Between two looks at the clock while the archive schedule waits.
const NAP: TimeDelta = TimeDelta::seconds(60);

/// Runs every loop until `stop`, finishing what is in hand. Fails only when nothing can be written down any more.
pub async fn run(assembly: Assembly, schedule: ArchiveSchedule, stop: CancellationToken) -> Result<(), Fault> {
    let Assembly { engine, mailboxes, inboxes, pulses, canary, store, pool, .. } = assembly;
    let mut loops = tokio::task::JoinSet::new();
    for ((mailbox, inbox), pulse) in mailboxes.into_iter().zip(inboxes).zip(pulses) {
        let (name, canary) = (mailbox.name.clone(), canary.clone());
        let watch = Watch { inbox, name, pulse, canary };
        loops.spawn(intake::serve(engine.clone(), pool.clone(), mailbox, watch, stop.clone()));
    }
    loops.spawn({
        let (engine, stop) = (engine.clone(), stop.clone());
        async move { engine.dispatch(&stop).await }
    });
    loops.spawn(keep_archiving(engine.clone(), schedule, stop.clone()));
    if let Some(canary) = canary.clone() {
        let stop = stop.clone();
        loops.spawn(async move {
            canary.keep(&stop).await;
            Ok(())
        });
    }
    loops.spawn({
        let (engine, stop) = (engine.clone(), stop.clone());
        async move {
            watchdog::stroke(&engine, canary.as_deref(), &stop).await;
            Ok(())
        }
    });
    watchdog::ready("taking in mail");
    let mut ended = Ok(());
    tokio::select! {
        () = stop.cancelled() => {}
        fault = crate::engine::store::Store::failed(&*store) => ended = Err(fault),
        Some(first) = loops.join_next() => {
            ended = match first {
                Ok(Err(fault)) => Err(fault),
                Ok(Ok(())) if stop.is_cancelled() => Ok(()),
                Ok(Ok(())) => Err(by_itself("nobody told it to")),
                Err(why) => Err(by_itself(why)),
            };
        }
    }
    watchdog::stopping();
    stop.cancel();
    while let Some(done) = loops.join_next().await {
        match (done, &ended) {
            (Ok(Err(fault)), Ok(())) => ended = Err(fault),
            (Err(why), Ok(())) => ended = Err(by_itself(why)),
            _ => {}
        }
    }
    ended
}

/// A part of the daemon is over, and nobody told it to be.
pub(super) fn by_itself(why: impl std::fmt::Display) -> Fault {
    Fault::transient(format_args!("A part of the daemon ended by itself: {why}"))
}

/// The schedule's next moment. One that was `known` may be far off, if the clock was ahead when it was told: then an earlier
/// one comes first. `None` if the schedule's years are over.
fn next_moment(
    schedule: &ArchiveSchedule,
    zone: Tz,
    known: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    known.into_iter().chain(schedule.next_after(zone, now)).min()
}

/// Step 9 on its schedule, in the office's zone, and before it a look whether all that was filed is still as it was.
async fn keep_archiving(engine: Arc<Engine>, schedule: ArchiveSchedule, stop: CancellationToken) -> Result<(), Fault> {
    let zone: Tz = engine.office.zone;
    loop {
        let mut next = None;
        // Short naps, so that a clock that jumps is noticed.
        loop {
            let now = engine.clock.now();
            next = next_moment(&schedule, zone, next, now);
            let left = next.map_or(NAP, |next| (next - now).min(NAP));
            if left <= TimeDelta::zero() {
                break;
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(left.to_std().unwrap_or(Duration::ZERO)) => {}
            }
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = look_through(&engine) => {}
        }
        // What cannot be done now is tried on the next day of the schedule; a store that is gone ends the daemon elsewhere.
        if let Err(fault) = engine.store.destroy_expired_secrets(engine.clock.now()).await {
            tracing::error!("expired passwords cannot be destroyed: {fault}");
        }
        // What leaves the live store must first lie in the archive.
        if engine.store.space().is_err() {
            continue;
        }
        match engine.file_closed().await {
            Ok(filed) if filed.archived.is_empty() && filed.failed.is_empty() => {}
            Ok(filed) => tracing::info!(
                archived = filed.archived.len(),
                waiting = filed.waiting,
                failed = filed.failed.len(),
                "archive schedule"
            ),
            Err(fault) => tracing::error!("nothing can be archived: {fault}"),
        }
    }
}

/// So much damage is named in the log; `loket archive verify` names all of it.
const NAMED: usize = 20;

/// Damage is named in the log and raises an alarm, until a later look finds none.
async fn look_through(engine: &Engine) {
    match engine.look_through_daily().await {
        Ok(None) => {}
        Ok(Some(damage)) => {
            damage.iter().take(NAMED).for_each(|found| tracing::error!("damaged: {}: {}", found.thing, found.what));
            tracing::info!(damaged = damage.len(), "archive and live store were read through");
        }
        Err(fault) => tracing::error!("archive and live store cannot be read through: {fault}"),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    /// The next moment was told once, and the clock was ahead by years: nothing was archived until then.
    #[test]
    fn t42_a_schedule_that_was_read_while_the_clock_was_ahead_comes_when_it_is_right_again() {
        let (schedule, zone) = (ArchiveSchedule::usual(), Tz::Asia__Makassar);
        let at = |year, hour, minute| Utc.with_ymd_and_hms(year, 11, 10, hour, minute, 0).unwrap();
        let five = at(2026, 9, 0);

        let ahead = next_moment(&schedule, zone, None, at(2036, 2, 0));
        let right = next_moment(&schedule, zone, ahead, at(2026, 2, 0));
        let late = next_moment(&schedule, zone, right, at(2026, 9, 1));

        assert!(ahead > Some(at(2036, 2, 0)));
        assert_eq!(right, Some(five), "17.00 WITA on that Tuesday");
        assert_eq!(late, Some(five), "a moment that came is not put off");
    }
}
