//! Every place where a dialogue can go wrong, for the other files of `wire_*`: each byte, in both directions, is once the last
//! one, once the one after which nothing more comes, and once the first of a drip.
//!
//! A part of the bytes takes its turn in each run; `LOKET_WIRE=1` gives every one its turn.

use std::time::Duration;

use futures::StreamExt;
use loket::engine::port::{Fault, FaultKind};
use tokio::time::Instant;

use crate::inbox_faults::resident_kib;
use crate::kit::gremlin::{Mischief, Plan, Way};
use crate::kit::wait::in_time;

/// For each command. A busy machine may miss it, which costs another attempt and proves no less.
pub const DEADLINE: Duration = Duration::from_millis(250);
/// For each command of a dialogue that is left alone, to learn its lengths.
pub const UNHURRIED: Duration = Duration::from_secs(20);
/// No call takes longer, whatever the server does: it knows a handful of deadlines, and the machine may be busy.
const LONGEST: Duration = Duration::from_secs(20);
/// Dialogues under way at once.
const AT_ONCE: usize = 32;
/// More than this no number of faults may cost.
const MOST_KIB: u64 = 96 * 1024;
/// A dialogue has one fault, and each deadline that a busy machine misses is another.
const MOST_FAILURES: usize = 40;
const DRIP: Mischief = Mischief::Drip(Duration::from_millis(40));
/// Parts of what these dialogues keep secret, as it is and in base64.
const SECRETS: [&str; 5] = ["rahasia", "penyegar", "token-akses", "Bearer", "dXNlcj"];

/// Every place where a dialogue of these lengths can go wrong, or each `stride`-th of them from a place that differs by run.
pub fn places(lengths: &[[usize; 2]], stride: usize) -> Vec<Plan> {
    let mut all = Vec::new();
    for (connection, [asked, answered]) in lengths.iter().enumerate() {
        for (way, length) in [(Way::Asked, *asked), (Way::Answered, *answered)] {
            for after in 0..=length {
                let what = [Mischief::Cut, Mischief::Stall, DRIP];
                all.extend(what.map(|what| Plan { connection, way, after, what }));
            }
        }
    }
    let stride = if std::env::var_os("LOKET_WIRE").is_some() { 1 } else { stride };
    let from = getrandom::u32().expect("the system has randomness") as usize % stride;
    println!("{} places of {}, from the {from}th in steps of {stride}", all.len().div_ceil(stride), all.len());
    all.into_iter().skip(from).step_by(stride).collect()
}

/// Leads the dialogue once with each of these faults, many at once, and says what that took.
pub async fn lead<T, F: Future<Output = T>>(
    what: &str,
    lengths: &[[usize; 2]],
    places: Vec<Plan>,
    dialogue: impl Fn(Plan) -> F,
) {
    let (count, before, start) = (places.len(), resident_kib(), Instant::now());

    futures::stream::iter(places).map(dialogue).buffer_unordered(AT_ONCE).for_each(|_| std::future::ready(())).await;

    let grown = resident_kib().saturating_sub(before);
    println!("{what}: {count} faults in dialogues of {lengths:?} bytes, {:?}, {grown} KiB more", start.elapsed());
    assert!(grown < MOST_KIB, "{grown} KiB");
}

/// Awaits a call, which keeps its deadlines.
pub async fn bounded<T>(plan: Option<Plan>, call: impl Future<Output = T>) -> T {
    let start = Instant::now();
    let outcome = in_time("a deadline", call).await;
    assert!(start.elapsed() < LONGEST, "{plan:?}: {:?}", start.elapsed());
    outcome
}

/// What failed so far in a dialogue that goes on until it succeeds.
pub struct Failures {
    plan: Option<Plan>,
    count: usize,
}

impl Failures {
    pub fn of(plan: Option<Plan>) -> Self {
        Self { plan, count: 0 }
    }

    /// One more, which the next attempt gets over: nobody is asked to mend anything, and a sentence says what happened.
    pub fn note(&mut self, fault: &Fault) {
        self.count += 1;
        assert!(fault.kind != FaultKind::Permanent, "{:?}: {fault}", self.plan);
        assert!(self.count < MOST_FAILURES, "{:?}: it fails again and again: {fault}", self.plan);
        is_a_sentence(fault);
    }
}

/// A fault is told in a few words without control characters and without a secret.
pub fn is_a_sentence(fault: &Fault) {
    let Fault { message, .. } = fault;
    assert!(message.contains(' ') && message.len() < 600 && !message.contains(char::is_control), "{message:?}");
    for secret in SECRETS {
        assert!(!message.contains(secret), "a secret stands in {message:?}");
    }
}
