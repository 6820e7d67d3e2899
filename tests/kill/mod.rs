//! The kill matrix (THREATS 40): the real program, behind a real Dovecot and Postfix, is killed by SIGKILL at every moment that
//! [`loket::engine::peril`] names, and then at any; started again in the same folder; and driven to the end. What went in is then held
//! against what came of it.

mod house;
mod judge;
mod people;
mod soak;
mod writers;

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::resume_unwind;
use std::time::{Duration, Instant};

use loket::engine::peril::Moment;

use self::house::{ACCOUNTS, End, House, PATIENCE};
use self::judge::{Verdict, judge};
use crate::kit::Office;
use crate::layers;
use crate::simulation::lot::Lot;

/// Kills, all in all; the environment asks for more, such as 10000.
const KILLS: usize = 200;
/// Requests of an office that is left in peace.
const REQUESTS: usize = 24;
/// Of one office, about; then another begins, so that many kills are not all of one that grows.
const KILLS_OF_AN_OFFICE: usize = 150;
/// Offices side by side, each on a thread of its own: while one waits for its mail server or is judged, another goes on.
const HOUSES: usize = 3;
/// Of ten kills, so many come at named moments.
const NAMED_OF_TEN: usize = 6;

/// The moments in an order in which each can come: the archive's file is named once in an office's life, so what precedes it goes
/// first, and only a reset that was cut off is ever looked up.
fn walk() -> Vec<Moment> {
    use Moment::{ArchiveNamed, DossierCommitted, DossierWritten, ReadBackAnswered, ReadBackDue, ResetStarted};
    let first = [DossierWritten, DossierCommitted, ArchiveNamed];
    let mut walk = first.to_vec();
    for moment in Moment::ALL {
        match moment {
            ReadBackDue | ReadBackAnswered => walk.extend([ResetStarted, *moment]),
            ArchiveNamed => {}
            other => walk.push(*other),
        }
    }
    walk
}

/// Which time a moment is to end the program: one that comes often is met at another place each time.
fn time_of(moment: Moment, lot: &mut Lot) -> u32 {
    use Moment::{CommitDue, CommitDurable, LetterAccepted, LetterOffered, LetterRecorded, LetterTakenUp, RowsLeased};
    let often = match moment {
        CommitDue | CommitDurable => 12,
        LetterTakenUp | LetterOffered | LetterAccepted | LetterRecorded | RowsLeased => 4,
        _ => 1,
    };
    1 + lot.below(often) as u32
}

/// Kills one office's program so many times, drives it to the end and judges it.
async fn matrix(seed: u64, kills: usize) -> (BTreeMap<&'static str, usize>, Verdict) {
    let mut house = House::open(seed, 200 + kills * 4).await;
    house.kill();
    let mut counts = BTreeMap::new();
    let walk = walk();
    // Every moment at least once, whatever number was asked for; then in turns.
    let named = walk.len().max(kills * NAMED_OF_TEN / 10);
    let again: Vec<Moment> = walk.iter().copied().filter(|moment| *moment != Moment::ArchiveNamed).collect();
    for moment in walk.iter().chain(again.iter().cycle()).take(named) {
        let nth = time_of(*moment, &mut house.lot);
        house.live(End::At(*moment, nth)).await;
        *counts.entry(moment.name()).or_default() += 1;
    }
    for _ in named..kills {
        let age = Duration::from_millis(house.lot.below(2000) as u64);
        house.live(End::After(age)).await;
        *counts.entry("at random").or_default() += 1;
    }
    house.rest(PATIENCE).await;
    assert!(house.daemon.stop().await.success(), "the program drains and ends well");
    let verdict = judge(&mut house, 0).await;
    (counts, verdict)
}

#[tokio::test]
async fn where_nothing_is_killed_no_letter_comes_twice() {
    // A script that a busy machine ends in the middle would be one that was cut off.
    let office = Office::open_with(&ACCOUNTS.replace("deadline_seconds = 3", "deadline_seconds = 60")).await;
    let mut house = House::open_over(office, seed(), 60).await;
    house.kill();
    house.undisturbed(REQUESTS).await;
    assert!(house.daemon.stop().await.success(), "the program drains and ends well");

    let verdict = judge(&mut house, 0).await;

    assert!(verdict.requests >= REQUESTS && verdict.letters > 0);
    assert_eq!((verdict.again, verdict.found), (0, (0, 0)), "nothing came again, and no reset was cut off");
}

#[test]
fn t40_killed_at_every_moment_and_at_any_nothing_is_lost_and_nothing_happens_twice() {
    let asked = std::env::var("LOKET_KILLS").ok();
    let kills = asked.map_or(KILLS, |text| text.parse().expect("LOKET_KILLS is a number"));
    let seed = seed();
    println!("LOKET_SEED={seed} plays the same ages and moments again; the machine's own timing differs");
    let begun = Instant::now();

    let houses: Vec<_> = std::thread::scope(|all| {
        let rounds = kills.div_ceil(HOUSES * KILLS_OF_AN_OFFICE);
        let lives = |nth: usize| {
            let round = move |round: usize| {
                let share = (kills / rounds + nth) / HOUSES + usize::from(round < kills % rounds);
                let ended = block_on(matrix(seed + (round * HOUSES + nth) as u64, share));
                println!("{share} kills of office {} of {}: all well", round * HOUSES + nth + 1, rounds * HOUSES);
                ended
            };
            all.spawn(move || (0..rounds).map(round).collect::<Vec<_>>())
        };
        let under_way: Vec<_> = (0..HOUSES).map(lives).collect();
        under_way.into_iter().flat_map(|house| house.join().unwrap_or_else(|why| resume_unwind(why))).collect()
    });

    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (moment, count) in houses.iter().flat_map(|(counts, _)| counts) {
        *counts.entry(moment).or_default() += count;
    }
    for moment in Moment::ALL {
        assert!(counts.contains_key(moment.name()), "nothing was killed at {}", moment.name());
    }
    let (total, seconds) = (counts.values().sum::<usize>(), begun.elapsed().as_secs_f64());
    assert!(total >= kills, "{total} of {kills} kills");
    println!("{total} kills in {seconds:.0} s, {:.1} a second", total as f64 / seconds);
    println!("{}", counts.iter().map(|(moment, count)| format!("{moment} {count}")).collect::<Vec<_>>().join(" · "));
    let sum = |of: fn(&Verdict) -> usize| houses.iter().map(|(_, verdict)| of(verdict)).sum::<usize>();
    println!(
        "{} requests, {} letters ({} came again), {} resets; cut-off resets found done {}, found not done {}",
        sum(|v| v.requests),
        sum(|v| v.letters),
        sum(|v| v.again),
        sum(|v| v.resets),
        sum(|v| v.found.0),
        sum(|v| v.found.1),
    );
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("the system gives what a runtime needs").block_on(work)
}

/// The one asked for, or another each time.
fn seed() -> u64 {
    match std::env::var("LOKET_SEED") {
        Ok(text) => text.parse().expect("LOKET_SEED is a number"),
        Err(_) => getrandom::u64().expect("the system has randomness") >> 32,
    }
}

#[test]
fn no_variable_ends_a_release() {
    let told: Vec<String> =
        layers::files().into_iter().filter(|file| layers::code(file).contains("LOKET_DIE_AT")).collect();
    let room = include_str!("../../src/engine/peril.rs");
    let (always, armed) = room.split_once("#[cfg(debug_assertions)]\nmod armed {").expect("the room that kills");

    assert_eq!(told, ["engine/peril.rs"]);
    assert!(armed.contains("std::env") && armed.contains("kill_process"));
    assert!(!always.contains("std::env") && !always.contains("kill_process"), "outside of it nothing listens or kills");
    assert!(!include_str!("../../Cargo.toml").contains("debug-assertions"), "no profile turns them on by itself");
}
