//! Every interleaving of a bounded case, checked by stateright: applicant, admins, dispatchers, account system, wake-ups
//! and crashes around the real `sop::decide`, under the laws of [`super::hold`] and those named here.
//!
//! [`state`] is the case with the dispatcher's hands and what is left to happen, [`acts`] what may happen next. The graph
//! that the checker walks is kept, and walked backwards from the closed cases: from every state a way leads to the end.

mod acts;
mod state;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use loket::sop::command::OpeningVerdict;
use loket::sop::event::Event;
use loket::sop::phase::{HeldReason, Phase};
use stateright::{Checker, Model, Property};

use self::acts::Act;
use self::state::{Budget, State};
use super::office::{Office, admin, tuesday_at_nine};
use super::papers::Papers;
use super::walk::Walk;

/// How far the small model must reach; it must not shrink unseen.
const FLOOR: usize = 30_000;

/// From each state to those that follow, by fingerprint.
#[derive(Clone, Default)]
struct Graph(Arc<Mutex<HashMap<u64, Vec<u64>>>>);

struct Cases {
    opened: Vec<State>,
    graph: Graph,
    /// States from which the case is closed, and events that were ever recorded.
    closed: Arc<Mutex<HashSet<u64>>>,
    reached: Arc<Mutex<BTreeSet<String>>>,
}

fn fingerprint(state: &State) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(state)
}

impl Model for Cases {
    type State = State;
    type Action = Act;

    fn init_states(&self) -> Vec<State> {
        self.opened.clone()
    }

    fn actions(&self, state: &State, acts: &mut Vec<Act>) {
        let here = fingerprint(state);
        self.graph.0.lock().expect("no panic under the lock").entry(here).or_default();
        if state.walk.case.phase.is_closed() {
            self.closed.lock().expect("no panic under the lock").insert(here);
        }
        if state.broken.is_none() {
            acts.extend(acts::possible(state));
        }
    }

    fn next_state(&self, state: &State, act: Act) -> Option<State> {
        let recorded = state.walk.journal.len();
        let next = state.after(&act)?;
        let mut graph = self.graph.0.lock().expect("no panic under the lock");
        graph.entry(fingerprint(state)).or_default().push(fingerprint(&next));
        let mut reached = self.reached.lock().expect("no panic under the lock");
        for (event, _) in next.walk.journal.get(recorded..).unwrap_or_default() {
            let name = format!("{event:?}");
            let name = name.split([' ', '(', '{']).next().unwrap_or_default();
            if !reached.contains(name) {
                reached.insert(name.to_owned());
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("the laws of the procedure hold", |_, state: &State| state.broken.is_none()),
            Property::sometimes("a change is confirmed", |_, s: &State| s.walk.outcome() == "reset_confirmed"),
            Property::sometimes("a result is never fetched", |_, s: &State| s.walk.outcome() == "not_fetched"),
            Property::sometimes("a case is withdrawn", |_, s: &State| s.walk.outcome() == "withdrawn"),
            Property::sometimes("a case expires", |_, s: &State| s.walk.outcome() == "expired"),
            Property::sometimes("a held mail is dropped", |_, s: &State| s.walk.outcome() == "dropped"),
            Property::sometimes("a reset is seen only after its outcome was unknown", |_, s: &State| {
                let unknown = s.walk.events(|e| matches!(e, Event::ExecutionUnknown { .. })) > 0;
                unknown
                    && matches!(&s.walk.case.phase, Phase::Delivered { reveal, .. } if s.walk.resets.contains_key(&reveal.issue))
            }),
            Property::sometimes("a reset lands after the program was killed", |_, s: &State| s.landed_late),
            Property::sometimes("a result is issued again", |_, s: &State| s.walk.resets.len() == 2),
            Property::sometimes("two decide", |_, s: &State| {
                s.walk.case.attempt().is_some() && s.walk.events(|e| matches!(e, Event::FirstApproved { .. })) > 0
            }),
        ]
    }
}

/// What a case may meet beyond its budget.
#[derive(Clone, Copy)]
enum Wider {
    No,
    Crash,
    Answer,
    WakeUp,
    /// Of a change that is not confirmed.
    Reminder,
}

/// One thing more at a time. With all of them at once, or with reminders of time standards, no end came in sight within a
/// million states.
const DEEP: [Wider; 4] = [Wider::Crash, Wider::Answer, Wider::WakeUp, Wider::Reminder];

/// The offices and requests that cases begin with, each with what may happen to it: mails, decisions, crashes, answers,
/// repeated wake-ups.
fn begun(wider: Wider) -> Vec<State> {
    let calm = |mut office: Office| {
        office.admins.push(admin(2));
        office.with(|p| {
            p.completion.max_rounds = 1;
            p.change.reminders = u32::from(matches!(wider, Wider::Reminder));
            p.overrun.remind_at_percent = Vec::new();
            p.overrun.superior_at_percent = 0;
        })
    };
    let shipped = || calm(Office::shipped());
    let two = || shipped().with(|p| (p.approval.two_for_every_approval, p.approval.two_for_reissue) = (true, true));
    let doubtful = || shipped().with(|p| p.approval.two_after_trigger = true);
    let (request, held) = (OpeningVerdict::Request, OpeningVerdict::Held(HeldReason::Unauthenticated));
    let cases = [
        (shipped(), Papers::Complete, request, [0, 1, 0, 1, 0]),
        (shipped(), Papers::Complete, request, [0, 1, 1, 0, 0]),
        (shipped(), Papers::Complete, request, [0, 2, 0, 0, 0]),
        (two(), Papers::Complete, request, [0, 2, 0, 0, 0]),
        (doubtful(), Papers::FromElsewhere, request, [0, 2, 0, 2, 0]),
        (shipped(), Papers::NoDecree, request, [1, 1, 0, 0, 0]),
        (shipped(), Papers::UserIdOnly, request, [0, 1, 1, 0, 0]),
        (shipped(), Papers::Complete, held, [0, 1, 0, 0, 0]),
    ];
    cases
        .into_iter()
        .map(|(office, papers, verdict, [mails, decisions, crashes, answers, again])| {
            let crashes = crashes + u8::from(matches!(wider, Wider::Crash));
            let answers = answers + u8::from(matches!(wider, Wider::Answer));
            let again = again + u8::from(matches!(wider, Wider::WakeUp));
            let budget = Budget { mails, decisions, crashes, answers, again };
            State::of(Walk::begin(office, papers, verdict, tuesday_at_nine()), budget)
        })
        .collect()
}

/// Events that a bounded case must come to, or the laws were never put to the test.
const MUST_HAPPEN: [&str; 24] = [
    "MailAdded",
    "Admitted",
    "Proposed",
    "Assigned",
    "CompletionAsked",
    "ConfirmationRecorded",
    "TriggersSettled",
    "FirstApproved",
    "Approved",
    "ExecutionStarted",
    "ExecutionPostponed",
    "ExecutionHandedToPerson",
    "ExecutionFailed",
    "ExecutionUnknown",
    "ExecutionDone",
    "DeliveryResumed",
    "Revealed",
    "SecretExpired",
    "SecretVoided",
    "HandedInPerson",
    "NewLinkAsked",
    "ChangeConfirmed",
    "Rejected",
    "Withdrawn",
];

#[test]
fn every_interleaving_of_a_bounded_case_keeps_the_laws_and_can_end() {
    let deep = std::env::var("LOKET_MODEL").is_ok_and(|bound| bound == "deep");
    let began = Instant::now();
    let opened = if deep { DEEP.into_iter().flat_map(begun).collect() } else { begun(Wider::No) };
    let model = Cases { opened, graph: Graph::default(), closed: Arc::default(), reached: Arc::default() };
    let (graph, closed, reached) = (model.graph.clone(), model.closed.clone(), model.reached.clone());

    let checker = model.checker().threads(2).spawn_dfs().join();

    println!(
        "{} states, {} transitions, depth {}, {:.1?}",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth(),
        began.elapsed()
    );
    checker.assert_properties();
    let graph = graph.0.lock().expect("nobody panicked");
    let stuck = without_an_end(&graph, &closed.lock().expect("nobody panicked"));
    assert_eq!(stuck, 0, "from so many states no way leads to a closed case");
    assert_eq!(graph.len(), checker.unique_state_count(), "the graph is the checker's");
    let reached = reached.lock().expect("nobody panicked");
    let missing: Vec<_> = MUST_HAPPEN.iter().filter(|name| !reached.contains(**name)).collect();
    assert!(missing.is_empty(), "no case came to {missing:?}");
    assert!(checker.unique_state_count() >= FLOOR, "the model shrank to {} states", checker.unique_state_count());
}

/// How many states cannot reach a closed one.
fn without_an_end(graph: &HashMap<u64, Vec<u64>>, closed: &HashSet<u64>) -> usize {
    let mut before: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for (from, next) in graph {
        next.iter().for_each(|to| before.entry(*to).or_default().push(*from));
    }
    let mut ends = closed.clone();
    let mut open: Vec<u64> = closed.iter().copied().collect();
    while let Some(state) = open.pop() {
        let new = before.get(&state).into_iter().flatten().filter(|from| ends.insert(**from));
        open.extend(new.copied().collect::<Vec<_>>());
    }
    graph.keys().filter(|state| !ends.contains(state)).count()
}
