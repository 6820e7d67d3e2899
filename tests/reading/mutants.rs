//! Mails that nobody wrote by hand: thousands of mutations of good ones, always the same for one seed. Nothing may panic, run
//! on or take more memory than it should. Papers go through real workers; what the daemon reads itself is read here.

use std::time::{Duration, Instant};

use loket::mail::message::{Inbound, Reception};
use loket::reading::{Limits, take_apart};

use super::make::mail;
use super::specimens::{papers, texts};
use super::worker::{Worker, peak as peak_of_process};

/// A small generator (xorshift), so that a failing round can be named and run again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

const WORDS: &[&[u8]] = &[
    b"/Kids",
    b"10 0 R",
    b"<<",
    b">>",
    b"[",
    b"(",
    b"\r\n\r\n",
    b"--batas",
    b"Content-Type: multipart/mixed; boundary=b\r\n",
    b"base64",
    b"PK\x01\x02",
    b"PK\x05\x06",
    b"\xff\xff\xff\xff",
    b"\0\0\0\0",
    b"<w:p>",
    b"]]>",
    b"&#x0;",
    b"endstream",
    b"-1",
    b"99999999999",
    b"Do ",
    b"1e400 0 0 1e400 0 0 cm ",
    b"<!DOCTYPE",
    b"\\u-1?",
    b"{\\pict ",
    b"\\bin99999999 ",
    b"\x30\x80",
];

fn mutate(dice: &mut Dice, bytes: &mut Vec<u8>) {
    for _ in 0..=dice.below(8) {
        if bytes.is_empty() {
            return;
        }
        let at = dice.below(bytes.len());
        match dice.below(6) {
            0 => bytes[at] = dice.below(256) as u8,
            1 => bytes[at] ^= 1 << dice.below(8),
            2 => drop(bytes.drain(at..(at + 1 + dice.below(40)).min(bytes.len()))),
            3 => drop(bytes.splice(at..at, WORDS[dice.below(WORDS.len())].iter().copied())),
            4 => {
                let piece = bytes[at..(at + dice.below(200)).min(bytes.len())].to_vec();
                let to = dice.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            _ if dice.below(10) == 0 => bytes.truncate(at),
            _ => {}
        }
    }
}

/// How many papers are tried: all that forty seconds allow, or as many as `LOKET_MUTANTS` says, however long it takes.
struct Measure {
    rounds: u64,
    until: Option<Instant>,
}

impl Measure {
    fn new() -> Self {
        match std::env::var("LOKET_MUTANTS").ok().and_then(|n| n.parse().ok()) {
            Some(rounds) => Self { rounds, until: None },
            None => Self { rounds: 20_000, until: Some(Instant::now() + Duration::from_secs(40)) },
        }
    }

    fn is_full(&self, round: u64) -> bool {
        round >= self.rounds || self.until.is_some_and(|until| Instant::now() >= until)
    }
}

/// What a worker's rounds have shown.
#[derive(Debug, Default)]
struct Seen {
    rounds: u64,
    caught: u64,
    slowest: Duration,
    peak: u64,
}

const FORMATS: usize = 18;
/// Files that a worker is given before it is replaced, as in the pool.
const LIFETIME: u64 = 1000;

/// Every second round, beginning with `first`: the paper is read, and at times drawn, by a worker of the real program.
async fn worn(first: u64, measure: &Measure) -> Seen {
    let papers = papers();
    let mut seen = Seen::default();
    let mut worker = Worker::start().await;
    let mut round = first;
    while !measure.is_full(round) {
        let (name, good) = &papers[(round / 2) as usize % papers.len()];
        let mut dice = Dice(0x10ce7 + round * 0x9e37_79b9);
        let mut bytes = good.clone();
        mutate(&mut dice, &mut bytes);
        let raw = mail("x", &[(name, "application/octet-stream", bytes)]);
        let begun = Instant::now();

        let read = worker.read(&raw).await.unwrap_or_else(|how| panic!("round {round} of {name}: {how:?}"));
        let drawn = match dice.below(4) {
            0 => worker.draw(&raw, name).await.unwrap_or_else(|how| panic!("round {round} of {name}, drawn: {how:?}")),
            _ => true,
        };

        seen.slowest = seen.slowest.max(begun.elapsed());
        seen.peak = seen.peak.max(worker.peak());
        seen.rounds += 1;
        round += 2;
        seen.caught += u64::from(!(read && drawn));
        if !(read && drawn) || seen.rounds.is_multiple_of(LIFETIME) {
            worker = Worker::start().await;
        }
    }
    seen
}

#[tokio::test]
async fn t25_mutated_papers_of_every_format_cost_no_worker_its_life_time_or_memory() {
    let measure = Measure::new();
    assert_eq!(papers().len(), FORMATS, "every format is tried");

    let (one, two) = tokio::join!(worn(0, &measure), worn(1, &measure));

    let (rounds, peak) = (one.rounds + two.rounds, one.peak.max(two.peak));
    let (slowest, own) = (one.slowest.max(two.slowest), peak_of_process("self"));
    let told = format!(
        "{rounds} papers, {} panics caught, {slowest:?} at most, worker {peak} MiB, this process {own} MiB",
        one.caught + two.caught
    );
    println!("{told}");
    assert!(rounds >= 2 * FORMATS as u64, "each at least twice: {told}");
    assert!(peak < 512, "{told}");
    assert!(own < 512, "{told}");
}

fn within(round: usize, what: &str, work: impl FnOnce()) {
    let begun = Instant::now();
    work();
    assert!(begun.elapsed() < Duration::from_secs(5), "round {round} of {what} took {:?}", begun.elapsed());
}

#[test]
fn mutated_mails_neither_panic_nor_run_on() {
    let limits = Limits::default();
    let good: Vec<u8> = {
        let files: Vec<_> =
            texts().into_iter().map(|(name, bytes)| (name, "application/octet-stream", bytes)).collect();
        mail("Mohon reset password.", &files)
    };
    let mut dice = Dice(0x5eed);
    for round in 0..1000 {
        let mut bytes = good.clone();
        for _ in 0..10 {
            mutate(&mut dice, &mut bytes);
        }

        within(round, "mails", || {
            take_apart(&bytes, &limits);
            Inbound::read(&bytes, &Reception { prefix: "LPSE".into(), ..Reception::default() });
        });
    }
}

#[test]
fn mutated_headers_keep_their_promises() {
    let good = mail("x", &[]);
    let mut dice = Dice(0xbeef);
    for _ in 0..4000 {
        let mut bytes = good.clone();
        mutate(&mut dice, &mut bytes);

        let read = Inbound::read(&bytes, &Reception { prefix: "LPSE".into(), ..Reception::default() });

        assert!(!read.subject.contains(['\r', '\n', '\0']) && read.subject.chars().count() <= 300);
        assert!(read.message_id.iter().chain(&read.references).all(|id| id.bytes().all(|b| b.is_ascii_graphic())));
        assert!(!read.authenticity.is_authenticated(), "nobody is trusted here");
    }
}
