//! Everything outside the engine, in one place and under one seed: the clock, the mailbox, the post, the account system, the
//! archive, the store, and what goes wrong between them and the daemons.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use chrono::{DateTime, TimeDelta, Utc};
use loket::engine::archive::ArchiveDossier;
use loket::engine::port::{Fault, Folder, Outgoing};
use loket::engine::store::{CaseKey, StoredEvent};
use loket::sop::names::{Address, CaseNumber, Sha256Hex, UserId};
use loket::vault::Keyring;

use super::counts::Counts;
use super::deeds::Deed;
use super::lot::Lot;
use super::memory::MemoryStore;
use super::refused::{Gone, Returning, Stance};
use super::restore::Forgotten;

pub const DAEMONS: usize = 2;
/// How far behind a daemon's clock may be; it may be twice as far ahead.
const MINUTES_WRONG: usize = 600;

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
    /// Outbox rows it has taken and not settled.
    pub in_hand: BTreeSet<(CaseKey, String)>,
    /// Letters it has sent, by name, that are not on record as sent.
    pub unrecorded: Vec<String>,
}

/// What the account system was told of a reset.
#[derive(Clone)]
pub struct Ordered {
    pub user_id: UserId,
    pub password: Sha256Hex,
    /// When the password ends.
    pub until: DateTime<Utc>,
}

pub struct Inside {
    pub lot: Lot,
    pub now: DateTime<Utc>,
    /// Off at the end, when everything must come right.
    pub faults: bool,
    pub mailbox: Vec<Lying>,
    /// Letters that a next server took, by Message-ID, with how often.
    pub post: BTreeMap<String, (Outgoing, u32)>,
    /// Letters, by name, that came back.
    pub bounced: BTreeSet<String>,
    /// Mailboxes that are gone.
    pub gone: BTreeMap<String, Gone>,
    /// Letters, by name, that a next server refused for good.
    pub refused: BTreeSet<String>,
    /// Letters that were taken and are on their way back.
    pub returning: Vec<Returning>,
    /// Grows when the mailbox is made anew.
    pub uid_validity: u32,
    /// How often a letter, by name, may have gone once more, because its sender could not know.
    pub excuses: BTreeMap<String, u32>,
    /// How often a letter, by name, was offered to a next server.
    pub offers: BTreeMap<String, u32>,
    /// What the account system did, by key.
    pub resets: BTreeMap<String, u32>,
    /// The key ordered last for a decision: after a restore decisions are counted anew.
    pub keys: BTreeMap<(CaseNumber, u32), String>,
    /// The reset ordered last under a key.
    pub ordered: BTreeMap<String, Ordered>,
    /// Calls whose dispatcher is gone; they may still land.
    pub on_their_way: Vec<String>,
    /// Whether the account system knows of a call before it lands. One that does not says no for as long.
    pub knows: bool,
    /// Keys of which the account system said for good that nothing happened: it lets them happen no more.
    pub fenced: BTreeSet<String>,
    /// What the account system does with an account in the place of setting its password.
    pub stances: BTreeMap<String, Stance>,
    /// Keys under which the account system mailed a link of its own: their passwords are nobody's.
    pub linked: BTreeSet<String>,
    /// Keys that it left to a person. What a person does bears no key.
    pub handed: BTreeSet<String>,
    /// What people did of that.
    pub by_hand: BTreeMap<String, Deed>,
    pub archive: BTreeMap<CaseNumber, ArchiveDossier>,
    /// The journals that the dossiers were filed with, where a restore is to come.
    pub journals: BTreeMap<CaseNumber, Vec<StoredEvent>>,
    /// Whether the office is to lose its store.
    pub loses_its_store: bool,
    pub forgotten: Forgotten,
    /// Every number that was given out.
    pub given: BTreeSet<CaseNumber>,
    pub daemons: [Daemon; DAEMONS],
    /// Results that were opened and found true, sealed as they were.
    pub opened: BTreeMap<String, Vec<u8>>,
    /// When the faults ended.
    pub calm_since: DateTime<Utc>,
    /// How far ahead of the world's a daemon's clock was at most.
    pub ahead: TimeDelta,
    pub counts: Counts,
    /// What happened, kept where one seed is played alone.
    pub tells: bool,
    pub trace: Vec<String>,
}

pub struct World {
    inside: Mutex<Inside>,
    pub store: MemoryStore,
    /// With which the judge opens what waits for an applicant.
    pub keys: Keyring,
    pub admins: Vec<Address>,
    /// Everybody whom letters are written to.
    pub readers: Vec<Address>,
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
    pub fn new(now: DateTime<Utc>, keys: Keyring, admins: Vec<Address>, readers: Vec<Address>) -> Self {
        Self { inside: Mutex::new(Self::inside(0, now)), store: MemoryStore::default(), keys, admins, readers }
    }

    pub fn inside(seed: u64, now: DateTime<Utc>) -> Inside {
        Inside {
            lot: Lot::of(seed),
            now,
            faults: false,
            mailbox: Vec::new(),
            post: BTreeMap::new(),
            bounced: BTreeSet::new(),
            gone: BTreeMap::new(),
            refused: BTreeSet::new(),
            returning: Vec::new(),
            uid_validity: 1,
            excuses: BTreeMap::new(),
            offers: BTreeMap::new(),
            resets: BTreeMap::new(),
            keys: BTreeMap::new(),
            ordered: BTreeMap::new(),
            on_their_way: Vec::new(),
            knows: false,
            fenced: BTreeSet::new(),
            stances: BTreeMap::new(),
            linked: BTreeSet::new(),
            handed: BTreeSet::new(),
            by_hand: BTreeMap::new(),
            archive: BTreeMap::new(),
            journals: BTreeMap::new(),
            loses_its_store: false,
            forgotten: Forgotten::default(),
            given: BTreeSet::new(),
            daemons: Default::default(),
            opened: BTreeMap::new(),
            calm_since: now,
            ahead: TimeDelta::zero(),
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

/// A letter's name within its Message-ID: the case and the row, without the mark that nobody can guess, and without the epoch
/// in which it got other links.
pub fn name_of(message_id: &str) -> &str {
    let local = message_id.split_once('@').map_or(message_id, |(local, _)| local);
    let named = local.rsplit_once('.').map_or(local, |(named, _mark)| named);
    let named = named.strip_prefix("loket.").unwrap_or(named);
    let epoch = |epoch: &str| epoch.bytes().all(|byte| byte.is_ascii_digit());
    named.rsplit_once("-r").filter(|(_, renewed)| epoch(renewed)).map_or(named, |(name, _)| name)
}

impl Inside {
    /// Whether a next server took a letter of this name.
    pub fn took(&self, name: &str) -> bool {
        let id = format!("loket.{name}");
        let mut near = self.post.range(id.clone()..).take_while(|(taken, _)| taken.starts_with(&id));
        near.any(|(taken, _)| name_of(taken) == name)
    }

    /// A letter may go once more from here on.
    pub fn excuse(&mut self, letter: String) {
        *self.excuses.entry(letter).or_default() += 1;
    }

    /// A daemon takes rows of the outbox. A row that somebody alive still has in hand was in their hand for longer than a
    /// lease, and two of them may be at one letter.
    pub fn takes(&mut self, daemon: usize, rows: impl Iterator<Item = (CaseKey, String)>) {
        for row in rows {
            if self.daemons.iter().any(|daemon| daemon.in_hand.contains(&row)) {
                self.excuse(format!("{}.{}", row.0.number, row.1).to_lowercase());
            }
            self.daemons[daemon].in_hand.insert(row);
        }
    }

    /// A daemon ends. It sent letters of which nothing is on record.
    pub fn ends(&mut self, daemon: usize) {
        let ended = std::mem::take(&mut self.daemons[daemon]);
        self.daemons[daemon].skew = ended.skew;
        ended.unrecorded.into_iter().for_each(|letter| self.excuse(letter));
    }

    pub fn tell(&mut self, what: impl FnOnce() -> String) {
        if self.tells {
            let line = format!("{} {}", self.now.format("%d %H:%M:%S"), what());
            self.trace.push(line);
        }
    }

    fn luck(&mut self, daemon: usize, what: &str) -> Luck {
        // Of what comes seldom more goes wrong.
        let one_in = match what {
            "reset" => 3,
            "read back" | "archive" | "remove" => 8,
            _ => 24,
        };
        if !self.faults || !self.lot.one_in(one_in) {
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
                let minutes = self.lot.below(MINUTES_WRONG * 3) as i64 - MINUTES_WRONG as i64;
                self.daemons[daemon].skew = TimeDelta::minutes(minutes);
                self.ahead = self.ahead.max(TimeDelta::minutes(minutes));
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
