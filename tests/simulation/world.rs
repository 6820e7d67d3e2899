//! Everything outside the engine, in one place and under one seed: the clock, the mailbox, the post, the account system, the
//! archive, the store, and what goes wrong between them and the daemons.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use chrono::{DateTime, TimeDelta, Utc};
use loket::engine::archive::ArchiveDossier;
use loket::engine::port::{Fault, Folder, Outgoing};
use loket::sop::names::CaseNumber;

use super::lot::Lot;
use super::memory::MemoryStore;

pub const DAEMONS: usize = 2;

/// A mail on the server.
#[derive(Clone)]
pub struct Lying {
    pub uid: u32,
    pub raw: Arc<Vec<u8>>,
    /// Where it was filed.
    pub filed: Option<Folder>,
}

#[derive(Default)]
pub struct Daemon {
    /// Counts starts. Whatever an earlier start still holds is dead.
    pub killed: bool,
    /// The storage failed under it: it must stop.
    pub failed: bool,
    pub skew: TimeDelta,
    /// UIDs handed out in this session.
    pub handed: BTreeSet<u32>,
}

pub struct Inside {
    pub lot: Lot,
    pub now: DateTime<Utc>,
    /// Off at the end, when everything must come right.
    pub faults: bool,
    pub mailbox: Vec<Lying>,
    /// Letters that a next server took, by Message-ID, with how often.
    pub post: BTreeMap<String, (Outgoing, u32)>,
    /// A letter may have gone twice only if its sender could not know.
    pub unsure: BTreeSet<String>,
    /// What the account system did, by key.
    pub resets: BTreeMap<String, u32>,
    /// When the password of an ordered reset ends.
    pub ordered: BTreeMap<String, DateTime<Utc>>,
    /// Calls whose dispatcher is gone; they may still land.
    pub on_their_way: Vec<String>,
    pub archive: BTreeMap<CaseNumber, ArchiveDossier>,
    pub daemons: [Daemon; DAEMONS],
    pub counts: Counts,
    /// What happened, kept where one seed is played alone.
    pub tells: bool,
    pub trace: Vec<String>,
}

/// What a run met, so that a run that meets nothing is noticed.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    pub kills: u64,
    pub cuts: u64,
    pub lost_answers: u64,
    pub stalls: u64,
    pub jumps: u64,
    pub store_failures: u64,
    pub resets: u64,
    pub unknown: u64,
    pub letters: u64,
    pub twice: u64,
    pub mails: u64,
    pub archived: u64,
}

impl Counts {
    /// Whether nothing has gone wrong.
    pub fn calm(&self) -> bool {
        self.kills + self.cuts + self.lost_answers + self.stalls + self.jumps + self.store_failures == 0
    }

    pub fn add(&mut self, o: &Self) {
        let pairs = [
            (&mut self.kills, o.kills),
            (&mut self.cuts, o.cuts),
            (&mut self.lost_answers, o.lost_answers),
            (&mut self.stalls, o.stalls),
            (&mut self.jumps, o.jumps),
            (&mut self.store_failures, o.store_failures),
            (&mut self.resets, o.resets),
            (&mut self.unknown, o.unknown),
            (&mut self.letters, o.letters),
            (&mut self.twice, o.twice),
            (&mut self.mails, o.mails),
            (&mut self.archived, o.archived),
        ];
        pairs.into_iter().for_each(|(sum, n)| *sum += n);
    }
}

pub struct World {
    inside: Mutex<Inside>,
    pub store: MemoryStore,
}

/// What a boundary does with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Luck {
    Well,
    /// Nothing happened, and the caller is told so.
    Cut,
    /// It happened, and the answer is lost.
    LostAnswer,
    /// The caller is killed before it.
    KilledBefore,
    /// The caller is killed after it.
    KilledAfter,
}

impl World {
    pub fn new(seed: u64, now: DateTime<Utc>) -> Self {
        Self { inside: Mutex::new(Self::inside(seed, now)), store: MemoryStore::default() }
    }

    pub fn inside(seed: u64, now: DateTime<Utc>) -> Inside {
        Inside {
            lot: Lot::of(seed),
            now,
            faults: false,
            mailbox: Vec::new(),
            post: BTreeMap::new(),
            unsure: BTreeSet::new(),
            resets: BTreeMap::new(),
            ordered: BTreeMap::new(),
            on_their_way: Vec::new(),
            archive: BTreeMap::new(),
            daemons: Default::default(),
            counts: Counts::default(),
            tells: false,
            trace: Vec::new(),
        }
    }

    pub fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// One call at one boundary: waits its turn, and tells what luck it has.
    pub async fn turn(&self, daemon: usize, what: &str) -> Luck {
        let waits = {
            let mut inside = self.lock();
            if inside.faults { inside.lot.below(3) } else { 0 }
        };
        for _ in 0..waits {
            breathe().await;
        }
        let luck = self.lock().luck(daemon, what);
        if luck == Luck::KilledBefore {
            std::future::pending::<()>().await;
        }
        luck
    }

    /// After the effect: whoever was to be killed then is, and never returns.
    pub async fn done(&self, daemon: usize, luck: Luck) {
        if luck == Luck::KilledAfter {
            self.lock().daemons[daemon].killed = true;
            std::future::pending::<()>().await;
        }
    }
}

impl Inside {
    pub fn tell(&mut self, what: impl FnOnce() -> String) {
        if self.tells {
            let line = format!("{} {}", self.now.format("%d %H:%M:%S"), what());
            self.trace.push(line);
        }
    }

    fn luck(&mut self, daemon: usize, what: &str) -> Luck {
        if !self.faults || !self.lot.one_in(24) {
            return Luck::Well;
        }
        let luck = self.bad_luck(daemon);
        self.tell(|| format!("daemon {daemon}: {what}: {luck:?}"));
        luck
    }

    fn bad_luck(&mut self, daemon: usize) -> Luck {
        match self.lot.below(8) {
            0 | 1 => {
                self.counts.cuts += 1;
                Luck::Cut
            }
            2 | 3 => {
                self.counts.lost_answers += 1;
                Luck::LostAnswer
            }
            4 => {
                self.counts.kills += 1;
                self.daemons[daemon].killed = true;
                Luck::KilledBefore
            }
            5 => {
                self.counts.kills += 1;
                Luck::KilledAfter
            }
            6 => {
                self.counts.jumps += 1;
                let minutes = self.lot.below(180) as i64 - 60;
                self.daemons[daemon].skew = TimeDelta::minutes(minutes);
                Luck::Well
            }
            _ => {
                self.counts.stalls += 1;
                let stall = self.lot.below(1500) as i64;
                self.now += TimeDelta::seconds(stall);
                Luck::Well
            }
        }
    }
}

/// Runs what nobody interferes with.
pub fn alone<T>(doing: impl Future<Output = T>) -> T {
    futures::FutureExt::now_or_never(doing).expect("without faults nothing is waited for")
}

/// Lets others go first, once.
pub async fn breathe() {
    let mut waited = false;
    std::future::poll_fn(move |cx| {
        if std::mem::replace(&mut waited, true) {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

pub fn cut() -> Fault {
    Fault::transient("the connection was cut")
}
