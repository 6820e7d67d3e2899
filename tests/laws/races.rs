//! Row 12: approve, reject and an approval by mail at the same moment, on a store that takes the first of one version, as the
//! casebook has it: load, decide, commit, and on a conflict load and decide again.

use std::sync::{Barrier, Mutex};

use loket::sop::case::{Case, Channel};
use loket::sop::command::{Choice, Command, Decision, Factor, OpeningVerdict};
use loket::sop::decide::{Refused, decide};

use super::office::{Office, admin_id, tuesday_at_nine};
use super::papers::Papers;
use super::walk::Walk;

const RACES: usize = 10_000;

/// A version and the case at it.
type Stored = Mutex<(u64, Case)>;

/// What a racer is told in the end.
fn race(walk: &Walk, stored: &Stored, command: &Command) -> Result<(), Refused> {
    loop {
        let (version, case) = stored.lock().expect("no racer panics").clone();
        let ruling = walk.office.ask(walk.now, |ctx| decide(&case, command.clone(), ctx))?;
        let mut stored = stored.lock().expect("no racer panics");
        if stored.0 == version {
            *stored = (version + 1, ruling.case);
            return Ok(());
        }
    }
}

#[test]
fn t12_in_ten_thousand_races_one_decision_wins_and_the_others_hear_whose() {
    let walk = Walk::begin(Office::shipped(), Papers::Complete, OpeningVerdict::Request, tuesday_at_nine());
    let reject = Choice::Reject { code: "R04".into(), note: String::new(), letter: None };
    let by_mail = Command::Decide(Decision {
        by: admin_id(1),
        proposal: walk.current(),
        channel: Channel::Reply,
        factor: Factor::Fresh,
        choice: Choice::Approve { reason: String::new() },
    });
    let commands = [walk.approval(0), walk.decision(1, reject), by_mail];
    let stored = Mutex::new((0, walk.case.clone()));
    let answers = Mutex::new(Vec::new());
    let (start, end) = (Barrier::new(commands.len() + 1), Barrier::new(commands.len() + 1));
    let mut wins = [0usize; 3];

    std::thread::scope(|threads| {
        for (racer, command) in commands.iter().enumerate() {
            let (walk, stored, answers, start, end) = (&walk, &stored, &answers, &start, &end);
            threads.spawn(move || {
                for _ in 0..RACES {
                    start.wait();
                    let answer = race(walk, stored, command);
                    answers.lock().expect("no racer panics").push((racer, answer));
                    end.wait();
                }
            });
        }
        for _ in 0..RACES {
            *stored.lock().expect("no racer panics") = (0, walk.case.clone());
            start.wait();
            end.wait();
            let told = std::mem::take(&mut *answers.lock().expect("no racer panics"));
            let (version, case) = stored.lock().expect("no racer panics").clone();
            let winners: Vec<usize> = told.iter().filter(|(_, told)| told.is_ok()).map(|(racer, _)| *racer).collect();
            assert_eq!((winners.len(), version), (1, 1), "{told:?}");
            wins[winners[0]] += 1;
            let winner = if winners[0] == 0 { admin_id(0) } else { admin_id(1) };
            for (_, told) in told {
                let hears = match told {
                    Ok(()) => true,
                    Err(Refused::AlreadyDecided { by, at, .. }) => by == Some(winner.clone()) && at == Some(walk.now),
                    Err(_) => false,
                };
                assert!(hears, "{}", case.phase.name());
            }
        }
    });

    assert_eq!(wins.iter().sum::<usize>(), RACES);
}
