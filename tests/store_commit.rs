//! A step is committed whole or refused whole, however many share the transaction.

use std::collections::BTreeMap;

use loket::engine::store::{Batch, Damage, DocumentWrite, LinkState, NewLink, Outcome, SecretChange, Store};
use loket::store::redb::RedbStore;
use loket::vault::HashedToken;
use proptest::prelude::*;

use crate::store_fixture::{at, key, office, open, row, step, tag};

fn committed(version: u64) -> Outcome {
    Outcome::Committed { version }
}

fn link(mark: u8, scope: &str) -> NewLink {
    let hash = HashedToken::from_bytes([mark; 32]);
    NewLink { hash, scope: scope.to_owned(), record: vec![mark], expires: at(3600) }
}

async fn one(store: &RedbStore, batch: Batch) -> Outcome {
    store.commit(vec![batch]).await.unwrap().remove(0)
}

#[tokio::test]
async fn a_step_is_read_back_with_its_events() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());

    let outcomes = store.commit(vec![step(1, 0), step(1, 1), step(2, 0)]).await.unwrap();

    assert_eq!(outcomes, [committed(1), committed(2), committed(1)]);
    let stored = store.load(&key(1)).await.unwrap().unwrap();
    assert_eq!((stored.version, stored.snapshot), (2, b"case 1 at 2".to_vec()));
    let events = store.events(&key(1)).await.unwrap();
    let seqs: Vec<(u64, u64)> = events.iter().map(|event| (event.seq, event.position)).collect();
    assert_eq!(seqs, [(1, 1), (2, 2)]);
    assert_eq!(events[1].bytes, b"case 1 at 2");
    assert_eq!(events[1].at, at(0));
    assert!(store.load(&key(3)).await.unwrap().is_none());
    assert_eq!(store.last_number(&office(), "LPSE", 2026).await.unwrap(), 2);
    assert_eq!(store.last_number(&office(), "LPSE", 2027).await.unwrap(), 0);
}

#[tokio::test]
async fn everything_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut batch = step(1, 0);
    batch.outbox = vec![row("ack", 0)];
    batch.links = vec![link(1, "decision/1/")];
    batch.tags = vec![tag("account", "DIMASWP", true)];
    batch.seen = vec!["<a@x>".to_owned()];
    one(&store, batch).await;
    drop(store);

    let store = open(folder.path());

    assert_eq!(store.load(&key(1)).await.unwrap().unwrap().version, 1);
    assert!(store.rows_of(&key(1)).await.unwrap()[0].payload == b"payload of ack");
    assert!(store.link(&HashedToken::from_bytes([1; 32])).await.unwrap().unwrap().record == [1]);
    assert_eq!(store.find(&office(), "account", "DIMASWP").await.unwrap(), [key(1)]);
    assert_eq!(store.seen(&office(), &["<a@x>".to_owned()]).await.unwrap().len(), 1);
    assert_eq!(store.verify().await.unwrap(), Vec::<Damage>::new());
}

#[tokio::test]
async fn a_refused_step_leaves_nothing_although_its_neighbours_are_committed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut first = step(1, 0);
    first.seen = vec!["<a@x>".to_owned()];
    let mut doubled = step(2, 0);
    doubled.seen = vec!["<b@x>".to_owned(), "<a@x>".to_owned()];
    doubled.tags = vec![tag("open", "", true)];
    doubled.outbox = vec![row("ack", 0)];
    let third = step(1, 1);

    let outcomes = store.commit(vec![first, doubled, third]).await.unwrap();

    let seen = Outcome::Seen { key: "<a@x>".to_owned(), by: key(1).number };
    assert_eq!(outcomes, [committed(1), seen, committed(2)]);
    assert!(store.load(&key(2)).await.unwrap().is_none());
    assert!(store.find(&office(), "open", "").await.unwrap().is_empty());
    assert!(store.rows_of(&key(2)).await.unwrap().is_empty());
    assert!(store.seen(&office(), &["<b@x>".to_owned()]).await.unwrap().is_empty());
    assert_eq!(store.journal_head(&office()).await.unwrap().position, 2);
}

/// Two mailboxes got the same mail, and the number that one of them kept ready for it was left out of the register.
#[tokio::test]
async fn no_case_is_opened_beyond_a_number_that_was_refused_in_the_same_call() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let seen = |serial, mail: &str| Batch { seen: vec![mail.to_owned()], ..step(serial, 0) };
    store.commit(vec![seen(1, "<a@x>")]).await.unwrap();

    let outcomes = store.commit(vec![seen(2, "<a@x>"), seen(3, "<b@x>"), step(1, 1)]).await.unwrap();

    assert!(matches!(outcomes[0], Outcome::Seen { .. }));
    assert_eq!(outcomes[1..], [Outcome::Stale { version: 0 }, committed(2)]);
    assert_eq!(one(&store, seen(2, "<b@x>")).await, committed(1), "the next one has the number");
}

/// Somebody decides between an intake's look and its commit: what it built on its refused step must not pass.
#[tokio::test]
async fn a_step_on_top_of_a_refused_one_is_refused_although_its_version_fits() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.commit(vec![step(1, 0)]).await.unwrap();
    assert_eq!(one(&store, step(1, 1)).await, committed(2));

    let outcomes = store.commit(vec![step(1, 1), step(1, 2), step(2, 0)]).await.unwrap();

    assert!(outcomes[..2].iter().all(|outcome| matches!(outcome, Outcome::Stale { .. })), "{outcomes:?}");
    assert_eq!(outcomes[2], committed(1));
    assert_eq!(store.load(&key(1)).await.unwrap().unwrap().version, 2);
}

/// A report of a letter that came back is an entry of a book and a step of the letter's case. Were the entry kept without the step,
/// the report would be known and forgotten.
#[tokio::test]
async fn a_step_that_tells_of_another_cases_refused_step_is_refused_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.commit(vec![step(1, 0), step(1, 1), step(2, 0)]).await.unwrap();
    let entry = |version| Batch { after: vec![key(1)], seen: vec!["<report@x>".to_owned()], ..step(2, version) };

    let refused = store.commit(vec![step(1, 1), entry(1)]).await.unwrap();

    assert_eq!(refused, [Outcome::Stale { version: 2 }, Outcome::Stale { version: 1 }]);
    assert!(store.seen(&office(), &["<report@x>".to_owned()]).await.unwrap().is_empty());
    let again = store.commit(vec![step(1, 2), entry(1)]).await.unwrap();
    assert_eq!(again, [committed(3), committed(2)]);
}

#[tokio::test]
async fn who_decided_on_an_older_version_is_told_the_present_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.commit(vec![step(1, 0), step(1, 1)]).await.unwrap();

    assert_eq!(one(&store, step(1, 1)).await, Outcome::Stale { version: 2 });
    assert_eq!(one(&store, step(1, 0)).await, Outcome::Stale { version: 2 });
    assert_eq!(one(&store, step(9, 3)).await, Outcome::Stale { version: 0 });
}

#[tokio::test]
async fn of_a_hundred_who_decide_at_once_one_wins() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    one(&store, step(1, 0)).await;

    let races = (0..100).map(|_| one(&store, step(1, 1)));
    let outcomes = futures::future::join_all(races).await;

    assert_eq!(outcomes.iter().filter(|outcome| **outcome == committed(2)).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Stale { version: 2 }).count(), 99);
}

#[tokio::test]
async fn links_die_by_scope_and_are_spent_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut batch = step(1, 0);
    batch.links = vec![link(1, "decision/1/a"), link(2, "decision/1/b"), link(3, "reveal/1")];
    one(&store, batch).await;

    let mut superseding = step(1, 1);
    superseding.void_links = vec!["decision/1/".to_owned()];
    superseding.links = vec![link(4, "decision/1/a")];
    one(&store, superseding).await;
    let mut spending = step(1, 2);
    spending.spend_links = vec![HashedToken::from_bytes([3; 32])];
    let spent = one(&store, spending).await;
    let mut again = step(1, 3);
    again.spend_links = vec![HashedToken::from_bytes([3; 32])];
    let refused = one(&store, again).await;
    let mut voided = step(1, 3);
    voided.spend_links = vec![HashedToken::from_bytes([1; 32])];

    assert_eq!(spent, committed(3));
    assert_eq!(refused, Outcome::LinkSpent);
    assert_eq!(one(&store, voided).await, Outcome::LinkSpent);
    let mut states = Vec::new();
    for mark in 1..=4 {
        states.push(store.link(&HashedToken::from_bytes([mark; 32])).await.unwrap().unwrap().state);
    }
    assert_eq!(states, [LinkState::Void, LinkState::Void, LinkState::Spent, LinkState::Live]);
    assert!(store.link(&HashedToken::from_bytes([9; 32])).await.unwrap().is_none());
}

#[tokio::test]
async fn a_link_of_another_case_spends_nothing_here() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut batch = step(1, 0);
    batch.links = vec![link(1, "decision/1/")];
    store.commit(vec![batch, step(2, 0)]).await.unwrap();

    let mut foreign = step(2, 1);
    foreign.spend_links = vec![HashedToken::from_bytes([1; 32])];

    assert_eq!(one(&store, foreign).await, Outcome::LinkSpent);
}

#[tokio::test]
async fn a_secret_is_destroyed_by_a_step_or_by_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let put = |id: &str, until| SecretChange::Put { id: id.to_owned(), sealed: vec![1, 2], expires: at(until) };
    let mut batch = step(1, 0);
    batch.secrets = vec![put("first", 100), put("second", 100), put("third", 500)];
    one(&store, batch).await;
    let mut claiming = step(1, 1);
    claiming.secrets = vec![SecretChange::Destroy { id: "first".to_owned() }];
    one(&store, claiming).await;

    let before = store.destroy_expired_secrets(at(99)).await.unwrap();
    let after = store.destroy_expired_secrets(at(100)).await.unwrap();

    assert_eq!((before, after), (0, 1));
    assert!(store.secret(&key(1), "first").await.unwrap().is_none());
    assert!(store.secret(&key(1), "second").await.unwrap().is_none());
    assert!(store.secret(&key(1), "third").await.unwrap().unwrap().sealed == [1, 2]);
    assert!(store.secret(&key(2), "third").await.unwrap().is_none());
}

#[tokio::test]
async fn documents_are_written_together_and_only_from_the_version_that_was_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let write = |id: &str, expected: Option<u64>, bytes: Option<&[u8]>| DocumentWrite {
        office: office(),
        family: "admin".to_owned(),
        id: id.to_owned(),
        expected_version: expected,
        bytes: bytes.map(<[u8]>::to_vec),
    };
    let created = store.write_documents(vec![write("a", Some(0), Some(b"1"))]).await.unwrap();
    let stale = store.write_documents(vec![write("b", Some(0), Some(b"1")), write("a", Some(0), Some(b"2"))]).await;

    let mut batch = step(1, 0);
    batch.documents = vec![write("a", Some(9), Some(b"3"))];
    let refused = one(&store, batch.clone()).await;
    batch.documents = vec![write("a", Some(1), Some(b"3"))];
    let taken = one(&store, batch).await;

    assert_eq!(created, committed(1));
    let answer = |version| Outcome::DocumentStale { family: "admin".to_owned(), id: "a".to_owned(), version };
    assert_eq!(stale.unwrap(), answer(1));
    assert_eq!(refused, answer(1));
    assert_eq!(taken, committed(1));
    let all = store.documents(&office(), "admin").await.unwrap();
    assert!(all.len() == 1 && all[0].as_ref().is_ok_and(|only| only.version == 2 && only.bytes == b"3"));
    store.write_documents(vec![write("a", None, None)]).await.unwrap();
    assert!(store.document(&office(), "admin", "a").await.unwrap().is_none());
}

#[tokio::test]
async fn an_archived_case_leaves_its_number_its_seen_keys_its_tags_and_an_unbroken_journal() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let hashes = store.put_contents(vec![(key(1), b"surat".to_vec())]).await.unwrap();
    let mut batch = step(1, 0);
    batch.contents = hashes.clone();
    batch.seen = vec!["<a@x>".to_owned()];
    batch.tags = vec![tag("letter", "000.3/1187", true)];
    batch.outbox = vec![row("ack", 0)];
    batch.links = vec![link(1, "x")];
    batch.secrets = vec![SecretChange::Put { id: "s".to_owned(), sealed: vec![1], expires: at(9) }];
    store.commit(vec![batch, step(2, 0)]).await.unwrap();
    let head = store.journal_head(&office()).await.unwrap();

    let early = store.remove_case(&key(1), 7).await.unwrap();
    let removed = store.remove_case(&key(1), 1).await.unwrap();
    let again = store.remove_case(&key(1), 1).await.unwrap();

    assert_eq!((early, removed, again), (Outcome::Stale { version: 1 }, committed(1), committed(1)));
    assert!(store.load(&key(1)).await.unwrap().is_none());
    assert!(store.events(&key(1)).await.unwrap().is_empty());
    assert!(store.content(&key(1), &hashes[0]).await.unwrap().is_none());
    assert!(store.link(&HashedToken::from_bytes([1; 32])).await.unwrap().is_none());
    assert!(store.secret(&key(1), "s").await.unwrap().is_none());
    assert!(store.rows_of(&key(1)).await.unwrap().is_empty());
    assert_eq!(store.next_due(&[]).await.unwrap(), None);
    assert_eq!(one(&store, step(1, 0)).await, Outcome::Stale { version: 1 });
    assert_eq!(one(&store, step(1, 1)).await, Outcome::Stale { version: 1 });
    assert_eq!(store.find(&office(), "letter", "000.3/1187").await.unwrap(), [key(1)]);
    assert_eq!(store.seen(&office(), &["<a@x>".to_owned()]).await.unwrap()[0].1, key(1).number);
    assert_eq!(store.last_number(&office(), "LPSE", 2026).await.unwrap(), 2);
    assert_eq!(store.journal_head(&office()).await.unwrap(), head);
    assert_eq!(store.verify().await.unwrap(), Vec::<Damage>::new());
    assert!(!folder.path().join("live/contents/bpbj/LPSE-2026-000000001").exists());
}

#[tokio::test]
async fn a_scan_walks_the_live_cases_in_order_of_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.commit(vec![step(10_000, 0), step(9_999, 0), step(3, 0), step(4, 0)]).await.unwrap();
    store.remove_case(&key(4), 1).await.unwrap();

    let first = store.scan(&office(), None, 2).await.unwrap();
    let rest = store.scan(&office(), Some(&first[1].0.number), 10).await.unwrap();

    let numbers = |cases: &[loket::engine::store::Scanned]| -> Vec<u32> {
        cases.iter().map(|(key, stored)| stored.as_ref().map(|_| key.number.serial()).expect("it is whole")).collect()
    };
    assert_eq!(numbers(&first), [3, 9_999]);
    assert_eq!(numbers(&rest), [10_000]);
    assert!(store.scan(&loket::sop::names::OfficeId("lain".to_owned()), None, 9).await.unwrap().is_empty());
}

/// What the store should hold, kept in plain maps.
#[derive(Default)]
struct Model {
    cases: BTreeMap<u32, (u64, Vec<Vec<u8>>)>,
    seen: BTreeMap<String, u32>,
    tags: BTreeMap<(u8, u32), ()>,
    rows: BTreeMap<(u32, String), ()>,
}

#[derive(Debug, Clone)]
struct Move {
    serial: u32,
    /// Added to the true version: 0 is right, 1 is stale.
    off: u64,
    events: usize,
    seen: Option<u8>,
    tag: Option<(u8, bool)>,
    add: Option<u8>,
    settle: Option<u8>,
}

impl Model {
    /// `refused`: an earlier step that this one stands on was, in the same call.
    fn apply(&mut self, play: &Move, refused: bool) -> (Batch, Outcome) {
        let version = self.cases.get(&play.serial).map_or(0, |case| case.0);
        let mut batch = step(play.serial, version + play.off);
        batch.events = (0..play.events).map(|n| format!("{}/{version}/{n}", play.serial).into_bytes()).collect();
        batch.seen = play.seen.iter().map(|n| format!("seen {n}")).collect();
        batch.tags = play.tag.iter().map(|(value, set)| tag("t", &value.to_string(), *set)).collect();
        batch.outbox = play.add.iter().map(|n| row(&format!("r{n}"), i64::from(*n))).collect();
        batch.settle = play
            .settle
            .iter()
            .map(|n| loket::engine::store::Settlement { id: format!("r{n}"), how: loket::engine::store::Settled::Done })
            .collect();
        if refused {
            let version = batch.expected_version;
            return (batch, Outcome::Stale { version });
        }
        if play.off > 0 {
            return (batch, Outcome::Stale { version });
        }
        if let Some((key, by)) = batch.seen.iter().find_map(|key| self.seen.get(key).map(|by| (key.clone(), *by))) {
            return (batch, Outcome::Seen { key, by: crate::store_fixture::key(by).number });
        }
        let case = self.cases.entry(play.serial).or_default();
        case.0 += 1;
        case.1.extend(batch.events.iter().cloned());
        self.seen.extend(batch.seen.iter().map(|key| (key.clone(), play.serial)));
        if let Some((value, set)) = play.tag {
            if set {
                self.tags.insert((value, play.serial), ());
            } else {
                self.tags.remove(&(value, play.serial));
            }
        }
        if let Some(n) = play.settle {
            self.rows.remove(&(play.serial, format!("r{n}")));
        }
        if let Some(n) = play.add {
            self.rows.insert((play.serial, format!("r{n}")), ());
        }
        (batch, Outcome::Committed { version: version + 1 })
    }

    async fn compare(&self, store: &RedbStore) {
        for serial in 1..=4 {
            let stored = store.load(&key(serial)).await.unwrap();
            assert_eq!(stored.map(|stored| stored.version), self.cases.get(&serial).map(|case| case.0));
            let events = store.events(&key(serial)).await.unwrap();
            let expected = self.cases.get(&serial).map(|case| case.1.clone()).unwrap_or_default();
            assert!(events.iter().map(|event| &event.bytes).eq(expected.iter()));
            let rows: Vec<String> = store.rows_of(&key(serial)).await.unwrap().into_iter().map(|row| row.id).collect();
            let expected: Vec<&String> =
                self.rows.keys().filter(|(owner, _)| *owner == serial).map(|(_, id)| id).collect();
            assert!(rows.iter().eq(expected));
        }
        for value in 0..3u8 {
            let found = store.find(&office(), "t", &value.to_string()).await.unwrap();
            let expected = self.tags.keys().filter(|(tag, _)| *tag == value).map(|(_, serial)| key(*serial));
            assert!(found.into_iter().eq(expected));
        }
        assert_eq!(store.verify().await.unwrap(), Vec::<Damage>::new());
    }
}

fn moves() -> impl Strategy<Value = Vec<Vec<Move>>> {
    let play = (
        1..=4u32,
        prop_oneof![4 => Just(0u64), 1 => Just(1u64)],
        0..3usize,
        proptest::option::of(0..6u8),
        proptest::option::of((0..3u8, any::<bool>())),
        proptest::option::of(0..3u8),
        proptest::option::of(0..3u8),
    )
        .prop_map(|(serial, off, events, seen, tag, add, settle)| Move {
            serial,
            off,
            events,
            seen,
            tag,
            add,
            settle,
        });
    proptest::collection::vec(proptest::collection::vec(play, 1..8), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Groups of any size give the same answers and the same store as one step after another, also over restarts.
    #[test]
    fn any_interleaving_of_steps_does_what_plain_maps_do(groups in moves(), together in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let mut store = open(folder.path());
            let mut model = Model::default();
            for (round, group) in groups.iter().enumerate() {
                let mut refused: Vec<(u32, bool)> = Vec::new();
                let play = |play: &Move| {
                    let opens = play.off == 0 && !model.cases.contains_key(&play.serial);
                    let stands_on =
                        |&(serial, opened): &(u32, bool)| serial == play.serial || (opened && opens && serial < play.serial);
                    let (batch, outcome) = model.apply(play, together && refused.iter().any(stands_on));
                    if !matches!(outcome, Outcome::Committed { .. }) {
                        refused.push((play.serial, opens));
                    }
                    (batch, outcome)
                };
                let (batches, expected): (Vec<Batch>, Vec<Outcome>) = group.iter().map(play).unzip();
                let outcomes = if together {
                    store.commit(batches).await.unwrap()
                } else {
                    // Asked for at once, in order: the writing thread groups them as it likes.
                    let asked = batches.into_iter().map(|batch| store.commit(vec![batch]));
                    futures::future::join_all(asked).await.into_iter().map(|answer| answer.unwrap().remove(0)).collect()
                };
                assert_eq!(outcomes, expected);
                if round % 3 == 2 {
                    drop(store);
                    store = open(folder.path());
                }
            }
            model.compare(&store).await;
        });
    }
}
