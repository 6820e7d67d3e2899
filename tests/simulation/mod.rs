//! The whole engine on simulated time: inbox, post, account system, archive, store, clock and chance from one seed, two
//! daemons, and something going wrong at every boundary. [`judge`] holds the promises after every commit and effect, and
//! all of them once the faults end and everybody has done their part.
//!
//! `LOKET_SEED=17 cargo nextest run simulation --no-capture` plays one seed and tells what happened, the same each time;
//! `LOKET_SEEDS=1000000 cargo nextest run simulation --no-capture` plays so many, `LOKET_SEEDS=10001-20000 …` a part of them.
//! Papers are short and read once for all seeds ([`papers`]); most of a seed is the engine's own work on cases and letters, which
//! an unoptimized build does slowly.

mod accounts;
mod counts;
mod deeds;
mod end;
mod judge;
pub mod lot;
mod memory;
mod office;
mod papers;
mod people;
mod play;
mod ports;
mod refused;
mod restore;
mod storage;
mod told;
mod twin;
mod world;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use loket::engine::port::FaultKind;
use loket::engine::store::Store;

use self::counts::Counts;
use self::deeds::{give, reject};
use self::office::Stage;
use self::play::{Play, archive, intake, live};
use self::world::{DAEMONS, alone};

/// Seeds that every run plays.
const SEEDS: u64 = 10_000;

/// The faults end; everybody does their part until all is in the archive.
fn to_the_end(stage: &Stage) {
    let engine = &stage.engines[0];
    let well = "nothing fails any more";
    for _ in 0..300 {
        while refused::comes_back(&mut stage.world.lock()) {}
        alone(restore::release(stage, 0)).expect(well);
        alone(intake(stage, 0)).expect(well);
        while alone(engine.dispatch_due()).expect(well) > 0 {}
        let cases = live(stage);
        let mut moved = false;
        for case in &cases {
            let who = &stage.admins[0];
            let helped = people::help(case, who, &mut stage.world.lock());
            let Some(command) = helped else { continue };
            moved |= alone(give(stage, 0, case, command)).expect(well) || reject(stage, case);
        }
        alone(archive(stage, 0)).expect(well);
        if moved {
            continue;
        }
        let lies = stage.world.lock().mailbox.iter().any(|mail| mail.filed.is_none());
        let next = alone(stage.world.store.next_due(&[])).expect(well);
        match next {
            Some(due) => {
                let mut inside = stage.world.lock();
                inside.now = inside.now.max(due);
            }
            None if cases.is_empty() && !lies && stage.world.lock().returning.is_empty() => return,
            None => {}
        }
    }
}

/// One seed from the first morning to the last case in the archive.
fn play(stage: &Stage, seed: u64, tells: bool) -> Counts {
    stage.reset(seed);
    {
        let mut inside = stage.world.lock();
        inside.tells = tells;
        // One in eight seeds meets no fault at all: then nothing may happen twice.
        inside.faults = !inside.lot.one_in(8);
        inside.knows = inside.lot.one_in(2);
        people::request(&mut inside);
    }
    let daemons = 1 + stage.world.lock().lot.below(DAEMONS);
    let mut play = Play::begins(stage, daemons);
    let breaths = 60 + play.draw(120);
    let mut loss = stage.world.lock().plans_a_loss(breaths);
    for breath in 0..breaths {
        play.suffers(&mut loss, breath);
        if play.under_way.is_empty() || play.draw(6) == 0 {
            play.something();
        }
        play.breath();
        if play.draw(12) == 0 {
            stage.world.land();
            refused::comes_back(&mut stage.world.lock());
        }
    }
    // To stop now is to kill what is under way. Where nothing goes wrong, it comes to its end instead.
    while !stage.world.lock().faults && !play.under_way.is_empty() {
        play.breath();
    }
    (0..daemons).for_each(|daemon| play.restart(daemon));
    while !stage.world.lock().on_their_way.is_empty() {
        stage.world.land();
    }
    {
        let mut inside = stage.world.lock();
        inside.faults = false;
        inside.calm_since = inside.now;
        inside.daemons = Default::default();
        stage.world.store.kept(memory::Kept::restart);
    }
    to_the_end(stage);
    end::the_end(&stage.world);
    stage.world.lock().counts
}

/// Seeds that may fail before a run stops.
const MOST_FAILURES: usize = 4;
/// How much is told of each of them.
const LAST_LINES: usize = 120;

/// Plays `seeds` seeds from `first` on as many threads as there are cores; those that fail are named, and played again to be
/// told of.
fn play_all(first: u64, seeds: u64) {
    let began = Instant::now();
    let papers = Arc::new(papers::Papers::read(office::first_morning()));
    let next = AtomicU64::new(first);
    let (sum, failed) = (Mutex::new(Counts::default()), Mutex::new(BTreeSet::new()));
    let threads = std::thread::available_parallelism().map_or(2, usize::from).min(8);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut stage = Stage::set(&papers);
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + seeds || failed.lock().expect("no panic under the lock").len() >= MOST_FAILURES {
                        return;
                    }
                    match catch_unwind(AssertUnwindSafe(|| play(&stage, seed, seeds == 1))) {
                        Ok(counts) => sum.lock().expect("no panic under the lock").add(&counts),
                        Err(_) => {
                            failed.lock().expect("no panic under the lock").insert(seed);
                            stage = Stage::set(&papers);
                        }
                    }
                    if seeds == 1 {
                        println!("{}", stage.world.lock().trace.join("\n"));
                    }
                }
            });
        }
    });
    let took = began.elapsed().as_secs_f64();
    let counts = *sum.lock().expect("no panic under the lock");
    println!("{seeds} seeds in {took:.1} s, {:.0} a second: {counts:?}", seeds as f64 / took);
    let failed = failed.into_inner().expect("no panic under the lock");
    for seed in &failed {
        tell(&papers, *seed);
    }
    assert!(
        failed.is_empty(),
        "seeds {failed:?} fail; play one again with LOKET_SEED=… cargo nextest run simulation --no-capture"
    );
    if seeds >= SEEDS {
        let Counts { kills, cuts, lost_answers, stalls, jumps, store_failures, .. } = counts;
        let Counts { bounces, renumbered, admitted, refused, returned, denied, by_hand, links, restores, .. } = counts;
        let mail = [bounces, renumbered, admitted, refused, returned];
        let met = [kills, cuts, lost_answers, stalls, jumps, store_failures, denied, by_hand, links, restores];
        let met = [mail.as_slice(), &met].concat();
        assert!(met.iter().all(|n| *n > 0) && counts.resets > 0 && counts.archived > 0, "a fault was never met");
    }
}

/// How a seed that fails comes to its end.
fn tell(papers: &Arc<papers::Papers>, seed: u64) {
    let stage = Stage::set(papers);
    let _failed = catch_unwind(AssertUnwindSafe(|| play(&stage, seed, true)));
    let trace = &stage.world.lock().trace;
    println!("seed {seed}:\n{}", trace[trace.len().saturating_sub(LAST_LINES)..].join("\n"));
}

#[test]
fn t40_whatever_goes_wrong_no_mail_is_lost_and_nothing_happens_twice() {
    let number = |text: &str| text.parse::<u64>().expect("a seed is a number");
    match (std::env::var("LOKET_SEED"), std::env::var("LOKET_SEEDS")) {
        (Ok(seed), _) => play_all(number(&seed), 1),
        (_, Ok(seeds)) => match seeds.split_once('-') {
            Some((first, last)) => play_all(number(first), number(last) + 1 - number(first)),
            None => play_all(1, number(&seeds)),
        },
        _ => play_all(1, SEEDS),
    }
}

/// It was taken for a mail whose sender's domain is silent: it was asked about every minute for ever, and nobody heard of it.
#[test]
fn t43_a_mail_that_loses_every_commit_is_a_failure_and_none_that_waits() {
    let stage = Stage::set(&Arc::new(papers::Papers::read(office::first_morning())));
    // The first seed whose second mail is not the first one delivered once more.
    let differ = |seed: &u64| {
        stage.reset(*seed);
        let mut inside = stage.world.lock();
        (0..2).for_each(|_| people::request(&mut inside));
        inside.mailbox[0].raw != inside.mailbox[1].raw
    };
    stage.reset((1..100).find(differ).expect("four in five are"));
    people::request(&mut stage.world.lock());
    alone(intake(&stage, 0)).expect("the first one is on record");
    // The number that comes next is taken.
    stage.world.store.kept(memory::Kept::forget_numbers);
    people::request(&mut stage.world.lock());

    let fault = alone(intake(&stage, 0)).expect_err("the other one is not");

    assert_eq!(fault.kind, FaultKind::Transient);
    assert!(fault.message.contains("refused its step 5 times"), "{fault}");
    let inbox = stage.world.lock().mailbox.iter().filter(|mail| mail.filed.is_none()).count();
    assert_eq!(inbox, 1);
}
