//! The store in memory stands for the redb store in the simulation. So both are given the same calls, whatever they are, and
//! must give the same answers and hold the same. Named leases are no part of it: the simulated daemons have none.

use loket::engine::port::Fault;
use loket::engine::store::*;
use loket::sop::names::Sha256Hex;
use loket::store::redb::RedbStore;
use loket::vault::{HashedToken, sha256_hex};
use proptest::prelude::*;

use super::memory::{Kept, MemoryStore};
use crate::store_fixture::{at, key, office, open, row, step, tag};

/// Few of everything, so that calls meet.
const CASES: u32 = 3;
const IDS: u8 = 4;
const MARKS: u8 = 12;

#[derive(Debug, Clone)]
enum Call {
    Commit(Vec<Step>),
    Settle(Vec<(u32, u8, How)>),
    Lease {
        now: i64,
        lasts: i64,
        limit: usize,
        kind: Option<u8>,
        in_hand: Vec<(u32, u8)>,
    },
    Documents(Vec<Write>),
    Remove {
        serial: u32,
        stale: bool,
    },
    Expire {
        now: i64,
    },
    /// The process ends and starts again.
    Restart,
}

#[derive(Debug, Clone)]
struct Step {
    serial: u32,
    /// Decided on a version that no longer stands, or not yet.
    stale: bool,
    events: usize,
    rows: Vec<(u8, u8, i64)>,
    settle: Vec<(u8, How)>,
    cancel: Option<(u8, u8)>,
    seen: Option<u8>,
    tags: Vec<(u8, bool)>,
    links: Links,
    secrets: Vec<(u8, Option<i64>)>,
    content: Option<u8>,
    documents: Vec<Write>,
}

/// Whether a new one is added, one to use up, and the decision whose links die.
type Links = (Option<u8>, Option<u8>, Option<u8>);

#[derive(Debug, Clone, Copy)]
enum How {
    Done,
    Again(i64),
    Sooner(i64),
    Dead,
    Held,
    Replaced(u8, i64),
}

#[derive(Debug, Clone)]
struct Write {
    id: u8,
    expected: Option<u64>,
    bytes: Option<u8>,
}

fn how() -> impl Strategy<Value = How> {
    let again = (0..60i64).prop_map(How::Again);
    let sooner = (0..60i64).prop_map(How::Sooner);
    let replaced = (0..IDS, 0..60i64).prop_map(|(n, due)| How::Replaced(n, due));
    prop_oneof![Just(How::Done), again, sooner, Just(How::Dead), Just(How::Held), replaced]
}

fn write() -> impl Strategy<Value = Write> {
    let expected = prop_oneof![2 => Just(None), 3 => (0..3u64).prop_map(Some)];
    (0..2u8, expected, proptest::option::weighted(0.8, any::<u8>())).prop_map(|(id, expected, bytes)| Write {
        id,
        expected,
        bytes,
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let few = |most: usize| 0..=most;
    let first = (
        1..=CASES,
        proptest::bool::weighted(0.15),
        0..3usize,
        proptest::collection::vec((0..IDS, 0..2u8, 0..60i64), few(2)),
        proptest::collection::vec((0..IDS, how()), few(2)),
        proptest::option::weighted(0.2, (0..3u8, 0..IDS)),
    );
    let second = (
        proptest::option::weighted(0.2, 0..6u8),
        proptest::collection::vec((0..3u8, any::<bool>()), few(2)),
        (
            proptest::option::weighted(0.4, 0..3u8),
            proptest::option::weighted(0.15, 0..MARKS),
            proptest::option::weighted(0.2, 0..3u8),
        ),
        proptest::collection::vec((0..2u8, proptest::option::weighted(0.7, 0..60i64)), few(2)),
        proptest::option::weighted(0.3, 0..4u8),
        proptest::collection::vec(write(), few(1)),
    );
    let step = (first, second).prop_map(|((serial, stale, events, rows, settle, cancel), more)| {
        let (seen, tags, links, secrets, content, documents) = more;
        Step { serial, stale, events, rows, settle, cancel, seen, tags, links, secrets, content, documents }
    });
    proptest::collection::vec(step, 1..5)
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let in_hand = proptest::collection::vec((1..=CASES, 0..IDS), 0..3);
    let lease = (0..60i64, 1..30i64, 0..4usize, proptest::option::of(0..2u8), in_hand)
        .prop_map(|(now, lasts, limit, kind, in_hand)| Call::Lease { now, lasts, limit, kind, in_hand });
    let call = prop_oneof![
        8 => steps().prop_map(Call::Commit),
        3 => proptest::collection::vec((1..=CASES, 0..IDS, how()), 1..3).prop_map(Call::Settle),
        4 => lease,
        1 => proptest::collection::vec(write(), 1..3).prop_map(Call::Documents),
        1 => (1..=CASES, any::<bool>()).prop_map(|(serial, stale)| Call::Remove { serial, stale }),
        1 => (0..60i64).prop_map(|now| Call::Expire { now }),
        1 => Just(Call::Restart),
    ];
    proptest::collection::vec(call, 1..16)
}

fn id(n: u8) -> String {
    ["ack", "letter/1", "letter/2", "wake"][usize::from(n % IDS)].to_owned()
}

fn kind(n: u8) -> String {
    ["letter", "wake"][usize::from(n)].to_owned()
}

fn mark(n: u8) -> HashedToken {
    HashedToken::from_bytes([n; 32])
}

fn settled(how: How) -> Settled {
    match how {
        How::Done => Settled::Done,
        How::Again(due) => Settled::RetryAt { due: at(due), attempts: 3, error: Some("451".to_owned()) },
        How::Sooner(due) => Settled::DueBy { due: at(due) },
        How::Dead => Settled::Dead { error: "550".to_owned() },
        How::Held => Settled::Held { why: "dipulihkan".to_owned() },
        How::Replaced(n, due) => {
            let row = NewRow { id: id(n), kind: kind(n % 2), due: at(due), payload: b"instead".to_vec() };
            Settled::Replaced { by: vec![row] }
        }
    }
}

fn settlement((row, how): &(u8, How)) -> Settlement {
    Settlement { id: id(*row), how: settled(*how) }
}

fn written(write: &Write) -> DocumentWrite {
    DocumentWrite {
        office: office(),
        family: "admin".to_owned(),
        id: format!("admin-{}", write.id),
        expected_version: write.expected,
        bytes: write.bytes.map(|byte| vec![byte]),
    }
}

fn content(serial: u32, n: u8) -> Vec<u8> {
    format!("surat {n} of case {serial}").into_bytes()
}

struct Twins {
    folder: tempfile::TempDir,
    redb: Option<RedbStore>,
    memory: MemoryStore,
    /// Links have hashes of their own.
    links: u8,
}

impl Twins {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let redb = Some(open(folder.path()));
        Self { folder, redb, memory: MemoryStore::default(), links: 0 }
    }

    fn redb(&self) -> &RedbStore {
        self.redb.as_ref().expect("it is open between two calls")
    }

    async fn both<'a, T, F>(&'a self, ask: impl Fn(&'a dyn Store) -> F) -> (T, T)
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let redb = ask(self.redb()).await.expect("the storage is sound");
        (redb, ask(&self.memory).await.expect("the storage is sound"))
    }

    fn version(&self, serial: u32) -> u64 {
        let key = key(serial);
        self.memory.kept(|kept| {
            kept.cases.get(&key).map(|case| case.version).or_else(|| kept.gone.get(&key).copied()).unwrap_or(0)
        })
    }

    fn batch(&mut self, play: &Step, expected: u64) -> Batch {
        let mut batch = step(play.serial, expected);
        let text = |n| format!("{}/{expected}/{n}", play.serial).into_bytes();
        batch.events = (0..play.events).map(text).collect();
        let new = |(row_id, row_kind, due): &(u8, u8, i64)| NewRow { kind: kind(*row_kind), ..row(&id(*row_id), *due) };
        batch.outbox = play.rows.iter().map(new).collect();
        batch.settle = play.settle.iter().map(settlement).collect();
        let cancel = |(by, n): &(u8, u8)| match by {
            0 => Cancel::Row(id(*n)),
            1 => Cancel::Kind(kind(n % 2)),
            _ => Cancel::IdPrefix("letter/".to_owned()),
        };
        batch.cancel = play.cancel.iter().map(cancel).collect();
        batch.seen = play.seen.iter().map(|n| format!("seen {n}")).collect();
        batch.tags = play.tags.iter().map(|(value, set)| tag("t", &value.to_string(), *set)).collect();
        let (new, spend, void) = play.links;
        if let Some(decision) = new.filter(|_| self.links < MARKS) {
            let scope = format!("decision/{decision}/a");
            batch.links = vec![NewLink { hash: mark(self.links), scope, record: vec![decision], expires: at(900) }];
            self.links += 1;
        }
        batch.spend_links = spend.iter().map(|n| mark(*n)).collect();
        batch.void_links = void.iter().map(|n| format!("decision/{n}/")).collect();
        let secret = |(n, until): &(u8, Option<i64>)| match until {
            Some(until) => SecretChange::Put { id: n.to_string(), sealed: vec![*n; 9], expires: at(*until) },
            None => SecretChange::Destroy { id: n.to_string() },
        };
        batch.secrets = play.secrets.iter().map(secret).collect();
        batch.contents = play.content.iter().map(|n| sha256_hex(&content(play.serial, *n))).collect();
        batch.documents = play.documents.iter().map(written).collect();
        batch
    }

    async fn commit(&mut self, steps: &[Step]) {
        let mut batches = Vec::new();
        for (nth, play) in steps.iter().enumerate() {
            let before = steps[..nth].iter().filter(|earlier| earlier.serial == play.serial).count() as u64;
            let expected = self.version(play.serial) + before + u64::from(play.stale);
            batches.push(self.batch(play, expected));
            if let Some(n) = play.content {
                let put = vec![(key(play.serial), content(play.serial, n))];
                let (redb, memory) = self.both(|store| store.put_contents(put.clone())).await;
                assert_eq!(redb, memory);
            }
        }
        let (redb, memory) = self.both(|store| store.commit(batches.clone())).await;
        assert_eq!(redb, memory);
    }

    async fn play(&mut self, call: &Call) {
        match call {
            Call::Commit(steps) => self.commit(steps).await,
            Call::Settle(rows) => {
                let rows: Vec<_> = rows.iter().map(|(of, n, how)| (key(*of), settlement(&(*n, *how)))).collect();
                self.both(|store| store.settle(rows.clone())).await;
            }
            Call::Lease { now, lasts, limit, kind: of, in_hand } => {
                let kinds: Vec<String> = of.iter().map(|n| kind(*n)).collect();
                let in_hand = in_hand.iter().map(|(of, n)| (key(*of), id(*n))).collect();
                let wanted = LeaseRequest { kinds, now: at(*now), until: at(now + lasts), limit: *limit, in_hand };
                let (redb, memory) = self.both(|store| store.lease_due(wanted.clone())).await;
                assert!(redb == memory, "rows handed out");
            }
            Call::Documents(writes) => {
                let writes: Vec<DocumentWrite> = writes.iter().map(written).collect();
                let (redb, memory) = self.both(|store| store.write_documents(writes.clone())).await;
                assert_eq!(redb, memory);
            }
            Call::Remove { serial, stale } => {
                let (key, version) = (key(*serial), self.version(*serial) + u64::from(*stale));
                let redb = self.redb().remove_case(&key, version).await.expect("the storage is sound");
                let memory = self.memory.remove_case(&key, version).await.expect("the storage is sound");
                assert_eq!(redb, memory);
            }
            Call::Expire { now } => {
                let (redb, memory) = self.both(|store| store.destroy_expired_secrets(at(*now))).await;
                assert_eq!(redb, memory);
            }
            Call::Restart => {
                drop(self.redb.take());
                self.redb = Some(open(self.folder.path()));
                self.memory.kept(Kept::restart);
                assert_eq!(self.redb().verify().await.expect("the storage is sound"), [], "the store verifies");
            }
        }
    }

    /// Whether both hold the same, as far as anybody can ask.
    async fn alike(&self) {
        for serial in 1..=CASES {
            self.case_alike(serial).await;
        }
        let office = office();
        let seen: Vec<String> = (0..6).map(|n| format!("seen {n}")).collect();
        same(self.redb().seen(&office, &seen).await, self.memory.seen(&office, &seen).await, "seen keys");
        for value in ["0", "1", "2"] {
            same(self.redb().find(&office, "t", value).await, self.memory.find(&office, "t", value).await, "a tag");
        }
        for n in 0..MARKS {
            same(self.redb().link(&mark(n)).await, self.memory.link(&mark(n)).await, "a link");
        }
        for kinds in [vec![], vec![kind(0)], vec![kind(1)]] {
            same(self.redb().next_due(&kinds).await, self.memory.next_due(&kinds).await, "what is due next");
        }
        let rows = |stuck: Vec<StuckRow>| -> Vec<Row> {
            stuck.into_iter().map(|(_, row)| row.expect("the storage is sound")).collect()
        };
        let (redb, memory) = (self.redb().stuck_rows(&office).await, self.memory.stuck_rows(&office).await);
        same(redb.map(rows), memory.map(rows), "rows that wait for people");
        same(self.redb().outbox_tally(&office).await, self.memory.outbox_tally(&office).await, "the count of rows");
        let whole = |cases: Vec<(CaseKey, Result<Stored, Fault>)>| -> Vec<(CaseKey, Stored)> {
            cases.into_iter().map(|(key, stored)| (key, stored.expect("the storage is sound"))).collect()
        };
        let (redb, memory) = (self.redb().scan(&office, None, 2).await, self.memory.scan(&office, None, 2).await);
        same(redb.map(whole), memory.map(whole), "the live cases");
        let (redb, memory) = (self.redb(), &self.memory);
        same(redb.last_number(&office, "LPSE", 2026).await, memory.last_number(&office, "LPSE", 2026).await, "numbers");
        let whole = |documents: Result<Vec<Result<Document, Fault>>, Fault>| {
            documents
                .map(|documents| documents.into_iter().map(|one| one.expect("nothing is damaged")).collect::<Vec<_>>())
        };
        let (ours, theirs) = (redb.documents(&office, "admin").await, memory.documents(&office, "admin").await);
        same(whole(ours), whole(theirs), "documents");
        let (redb, memory) = (redb.journal_head(&office).await, memory.journal_head(&office).await);
        same(redb.map(|head| head.position), memory.map(|head| head.position), "the journal's end");
    }

    async fn case_alike(&self, serial: u32) {
        let (redb, memory, key) = (self.redb(), &self.memory, key(serial));
        same(redb.load(&key).await, memory.load(&key).await, "a case");
        same(redb.events(&key).await, memory.events(&key).await, "a case's events");
        same(redb.rows_of(&key).await, memory.rows_of(&key).await, "a case's rows");
        for n in ["0", "1"] {
            same(redb.secret(&key, n).await, memory.secret(&key, n).await, "a secret");
        }
        for n in 0..4 {
            let hash: Sha256Hex = sha256_hex(&content(serial, n));
            same(redb.content(&key, &hash).await, memory.content(&key, &hash).await, "a content");
        }
    }
}

fn same<T: PartialEq>(redb: Result<T, Fault>, memory: Result<T, Fault>, what: &str) {
    let (redb, memory) = (redb.expect("the storage is sound"), memory.expect("the storage is sound"));
    assert!(redb == memory, "the two stores differ in {what}");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("LOKET_TWINS").ok().and_then(|n| n.parse().ok()).unwrap_or(96),
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_store_in_memory_does_what_the_redb_store_does(calls in calls()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut twins = Twins::start();
            for call in &calls {
                twins.play(call).await;
                twins.alike().await;
            }
            assert_eq!(twins.redb().verify().await.unwrap(), Vec::<Damage>::new());
        });
    }
}
