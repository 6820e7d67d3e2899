//! Outbox rows go to one hand at a time, at their time, and none is lost or done twice.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use loket::engine::casebook::{Along, Answer};
use loket::engine::store::{Batch, Cancel, LeaseRequest, Outcome, Row, RowState, Settled, Settlement, Store};
use loket::sop::command::Command;
use loket::store::redb::RedbStore;

use crate::kit::Site;
use crate::store_fixture::{at, key, office, open, row, step};

const ROWS: redb::TableDefinition<(&str, &str, &str), &[u8]> = redb::TableDefinition::new("rows");

fn wanted(now: i64, limit: usize) -> LeaseRequest {
    LeaseRequest { kinds: Vec::new(), now: at(now), until: at(now + 60), limit, in_hand: Vec::new() }
}

async fn lease(store: &RedbStore, now: i64) -> Vec<Row> {
    store.lease_due(wanted(now, 100)).await.unwrap()
}

fn ids(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| row.id.as_str()).collect()
}

fn done(id: &str) -> Settlement {
    Settlement { id: id.to_owned(), how: Settled::Done }
}

fn again(due: i64) -> Settled {
    Settled::RetryAt { due: at(due), attempts: 1, error: None }
}

async fn store_with_rows(folder: &std::path::Path) -> RedbStore {
    let store = open(folder);
    let mut batch = step(1, 0);
    batch.outbox = vec![row("later", 50), row("now", 10), row("first", 0)];
    batch.outbox[0].kind = "wake".to_owned();
    store.commit(vec![batch]).await.unwrap();
    store
}

#[tokio::test]
async fn due_rows_are_handed_out_oldest_first_and_once_until_the_lease_ends() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_with_rows(folder.path()).await;

    let first = lease(&store, 10).await;
    let second = lease(&store, 20).await;
    let third = lease(&store, 70).await;

    assert_eq!(ids(&first), ["first", "now"]);
    assert!(first[0].payload == b"payload of first");
    assert!(second.is_empty());
    assert_eq!(ids(&third), ["first", "now", "later"]);
}

#[tokio::test]
async fn the_lease_of_a_row_in_hand_goes_on_and_ends_with_its_settlement() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_with_rows(folder.path()).await;
    lease(&store, 10).await;
    let in_hand = vec![(key(1), "first".to_owned())];

    let others = store.lease_due(LeaseRequest { in_hand: in_hand.clone(), ..wanted(80, 100) }).await.unwrap();
    store.settle(vec![(key(1), Settlement { id: "first".to_owned(), how: again(90) })]).await.unwrap();
    let settled = store.lease_due(LeaseRequest { in_hand, ..wanted(90, 100) }).await.unwrap();

    assert_eq!(ids(&others), ["now", "later"]);
    assert_eq!(ids(&settled), ["first"]);
}

#[tokio::test]
async fn t43_a_damaged_row_hides_no_other_of_its_case() {
    let folder = tempfile::tempdir().unwrap();
    drop(store_with_rows(folder.path()).await);
    crate::store_damage::flip(&folder.path().join("live/loket.redb"), ROWS, false, |length| length - 1);
    let store = open(folder.path());

    let rows = store.each_row(&key(1)).await.unwrap();

    let read: Vec<Option<&str>> = rows.iter().map(|row| row.as_ref().ok().map(|row| row.id.as_str())).collect();
    assert_eq!(read, [None, Some("later"), Some("now")]);
    assert!(store.rows_of(&key(1)).await.is_err());
    let tally = store.outbox_tally(&office()).await.unwrap();
    assert_eq!((tally.waiting, tally.damaged), (2, 1), "counted, so that an alarm rings");
    let stuck = store.stuck_rows(&office()).await.unwrap();
    assert!(matches!(stuck.as_slice(), [(of, Err(_))] if *of == key(1)), "listed for whoever looks what is stuck");
}

/// It kept its case from every step that cancels anything.
#[tokio::test]
async fn t43_a_damaged_row_goes_with_a_step_that_cancels_it_and_hinders_no_other() {
    let folder = tempfile::tempdir().unwrap();
    drop(store_with_rows(folder.path()).await);
    crate::store_damage::flip(&folder.path().join("live/loket.redb"), ROWS, false, |length| length - 1);
    let store = open(folder.path());
    let cancelling = |version, cancel| vec![Batch { cancel: vec![cancel], ..step(1, version) }];

    let other = store.commit(cancelling(1, Cancel::Kind("wake".to_owned()))).await.unwrap();
    let damaged = store.outbox_tally(&office()).await.unwrap().damaged;
    let own = store.commit(cancelling(2, Cancel::IdPrefix("fir".to_owned()))).await.unwrap();

    assert_eq!((other, own), (vec![Outcome::Committed { version: 2 }], vec![Outcome::Committed { version: 3 }]));
    assert_eq!(damaged, 1, "what no step cancels stays, and is named");
    assert_eq!(ids(&lease(&store, 90).await), ["now"]);
    assert_eq!(store.verify().await.unwrap(), vec![]);
}

/// Such a row was never carried out, nor was it listed for anybody to retry or drop.
#[tokio::test]
async fn t43_a_row_whose_index_entry_changed_is_due_again_after_a_start() {
    const DUE: redb::TableDefinition<(i64, &str, &str, &str), &str> = redb::TableDefinition::new("due");
    // Whose office is how long, the highest byte of the time, the row's id, its kind.
    type Place = fn(usize) -> usize;
    let places: [(bool, Place); 4] = [(true, |_| 0), (true, |_| 9), (true, |length| length - 1), (false, |_| 0)];

    for (round, (in_key, place)) in places.into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        drop(store_with_rows(folder.path()).await);
        crate::store_damage::flip(&folder.path().join("live/loket.redb"), DUE, in_key, place);
        let store = open(folder.path());

        let kinds = vec!["letter".to_owned(), "wake".to_owned()];
        let rows = store.lease_due(LeaseRequest { kinds, ..wanted(50, 9) }).await.unwrap();

        assert_eq!(ids(&rows), ["first", "now", "later"], "flip {round}");
        assert_eq!(store.verify().await.unwrap(), vec![], "flip {round}");
    }
}

#[tokio::test]
async fn t43_a_held_row_whose_index_entry_changed_waits_for_a_person_again_after_a_start() {
    const STUCK: redb::TableDefinition<(&str, &str, &str), ()> = redb::TableDefinition::new("stuck");
    let folder = tempfile::tempdir().unwrap();
    let store = store_with_rows(folder.path()).await;
    let held = Settlement { id: "first".to_owned(), how: Settled::Held { why: "menunggu".to_owned() } };
    store.settle(vec![(key(1), held)]).await.unwrap();
    drop(store);
    crate::store_damage::flip(&folder.path().join("live/loket.redb"), STUCK, true, |length| length - 1);

    let store = open(folder.path());

    let stuck = store.stuck_rows(&office()).await.unwrap();
    assert!(matches!(stuck.as_slice(), [(_, Ok(row))] if row.id == "first"));
    assert_eq!(store.verify().await.unwrap(), vec![]);
}

/// The alarm rang that nothing due is carried out, and a second channel was told, on account of one case that cannot be opened.
#[tokio::test]
async fn t43_rows_of_a_case_whose_key_does_not_open_are_damaged_and_not_due() {
    const KEYS: redb::TableDefinition<(&str, &str), &[u8]> = redb::TableDefinition::new("keys");
    let folder = tempfile::tempdir().unwrap();
    let store = store_with_rows(folder.path()).await;
    let mut other = step(2, 0);
    other.outbox = vec![row("other", 70)];
    store.commit(vec![other]).await.unwrap();
    drop(store);
    crate::store_damage::flip(&folder.path().join("live/loket.redb"), KEYS, false, |length| length - 1);

    let tally = open(folder.path()).outbox_tally(&office()).await.unwrap();

    assert_eq!((tally.waiting, tally.damaged, tally.due_since), (1, 3, Some(at(70))));
}

#[tokio::test]
async fn rows_are_counted_by_how_they_stand() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_with_rows(folder.path()).await;
    let settle = |id: &str, how| store.settle(vec![(key(1), Settlement { id: id.to_owned(), how })]);
    let error = || Some("451".to_owned());
    settle("first", Settled::RetryAt { due: at(90), attempts: 4, error: error() }).await.unwrap();

    let waiting = store.outbox_tally(&office()).await.unwrap();
    settle("now", Settled::Dead { error: "550".to_owned() }).await.unwrap();
    settle("later", Settled::Held { why: "dipulihkan".to_owned() }).await.unwrap();
    let stuck = store.outbox_tally(&office()).await.unwrap();

    assert_eq!((waiting.waiting, waiting.failing, waiting.most_attempts), (3, 1, 4));
    assert_eq!((waiting.due_since, waiting.held, waiting.dead), (Some(at(10)), 0, 0));
    assert_eq!((stuck.waiting, stuck.held, stuck.dead, stuck.due_since), (1, 1, 1, Some(at(90))));
}

#[tokio::test]
async fn rows_are_chosen_by_kind_and_number() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_with_rows(folder.path()).await;
    let mut wakes = wanted(100, 9);
    wakes.kinds = vec!["wake".to_owned()];

    let woken = store.lease_due(wakes).await.unwrap();
    let one = store.lease_due(wanted(100, 1)).await.unwrap();

    assert_eq!(ids(&woken), ["later"]);
    assert_eq!(ids(&one), ["first"]);
}

#[tokio::test]
async fn the_next_due_time_knows_kinds_and_leases() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_with_rows(folder.path()).await;
    let wakes = ["wake".to_owned()];
    async fn next(store: &RedbStore, kinds: &[String]) -> Option<DateTime<Utc>> {
        store.next_due(kinds).await.unwrap()
    }

    assert_eq!(next(&store, &[]).await, Some(at(0)));
    assert_eq!(next(&store, &wakes).await, Some(at(50)));
    lease(&store, 10).await;
    assert_eq!(next(&store, &[]).await, Some(at(50)));
    lease(&store, 50).await;
    assert_eq!(next(&store, &[]).await, Some(at(70)));
}

#[tokio::test]
async fn a_settled_row_is_gone_retried_held_or_dead() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_with_rows(folder.path()).await;
    lease(&store, 100).await;
    let retry = Settled::RetryAt { due: at(200), attempts: 1, error: Some("451 coba lagi".to_owned()) };
    let mut batch = step(1, 1);
    batch.settle = vec![done("first"), Settlement { id: "now".to_owned(), how: retry }];
    store.commit(vec![batch]).await.unwrap();
    let dead = Settlement { id: "later".to_owned(), how: Settled::Dead { error: "550".to_owned() } };
    store.settle(vec![(key(1), dead)]).await.unwrap();

    let rows = store.rows_of(&key(1)).await.unwrap();
    let stuck = store.stuck_rows(&office()).await.unwrap();
    let stuck: Vec<_> = stuck.into_iter().map(|(_, row)| row.unwrap()).collect();
    let due = lease(&store, 200).await;

    let states: Vec<(&str, RowState)> = rows.iter().map(|row| (row.id.as_str(), row.state)).collect();
    assert_eq!(states, [("later", RowState::Dead), ("now", RowState::Waiting)]);
    assert_eq!(rows[1].note.as_deref(), Some("451 coba lagi"));
    assert_eq!(ids(&stuck), ["later", "now"], "given up, and tried in vain");
    assert_eq!(ids(&due), ["now"]);
    assert_eq!(due[0].attempts, 1);
}

#[tokio::test]
async fn a_person_can_set_a_stuck_row_going_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_with_rows(folder.path()).await;
    let held = Settlement { id: "first".to_owned(), how: Settled::Held { why: "menunggu".to_owned() } };
    store.settle(vec![(key(1), held)]).await.unwrap();
    assert_eq!(ids(&lease(&store, 5).await), Vec::<&str>::new());

    let again = Settled::RetryAt { due: at(6), attempts: 0, error: None };
    store.settle(vec![(key(1), Settlement { id: "first".to_owned(), how: again })]).await.unwrap();

    assert!(store.stuck_rows(&office()).await.unwrap().is_empty());
    assert_eq!(ids(&lease(&store, 6).await), ["first"]);
}

#[tokio::test]
async fn a_row_that_is_made_due_sooner_stays_with_whoever_holds_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_with_rows(folder.path()).await;
    let settle = |id: &str, how| store.settle(vec![(key(1), Settlement { id: id.to_owned(), how })]);
    let failed = |due| Settled::RetryAt { due: at(due), attempts: 1, error: Some("451".to_owned()) };
    settle("first", failed(500)).await.unwrap();
    settle("later", failed(30)).await.unwrap();
    assert_eq!(ids(&lease(&store, 31).await), ["now", "later"]);

    for id in ["first", "later"] {
        settle(id, Settled::DueBy { due: at(20) }).await.unwrap();
    }
    let free = lease(&store, 32).await;
    settle("later", failed(600)).await.unwrap();

    assert_eq!(ids(&free), ["first"]);
    assert_eq!((free[0].attempts, free[0].note.as_deref()), (0, Some("451")), "with all its tries again");
    let later = store.rows_of(&key(1)).await.unwrap().into_iter().find(|row| row.id == "later").unwrap();
    assert_eq!(later.due, at(600), "whoever held it settles the same row");
}

#[tokio::test]
async fn rows_are_cancelled_by_id_kind_or_prefix() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut batch = step(1, 0);
    batch.outbox = ["a", "remind/1", "remind/2", "w", "stay"].iter().map(|id| row(id, 0)).collect();
    batch.outbox[3].kind = "wake".to_owned();
    store.commit(vec![batch, step(2, 0)]).await.unwrap();

    let mut other = step(2, 1);
    other.cancel = vec![Cancel::IdPrefix(String::new())];
    let mut batch = step(1, 1);
    batch.cancel =
        vec![Cancel::Row("a".to_owned()), Cancel::IdPrefix("remind/".to_owned()), Cancel::Kind("wake".to_owned())];
    batch.outbox = vec![row("remind/1", 9)];
    store.commit(vec![other, batch]).await.unwrap();

    let rows = store.rows_of(&key(1)).await.unwrap();
    assert_eq!(ids(&rows), ["remind/1", "stay"]);
    assert_eq!(rows[0].due, at(9));
    assert_eq!(ids(&lease(&store, 1).await), ["stay"]);
}

/// A reminder is on its way while the case sets a new one under the same id. Were settlements to go by id alone, the
/// new one would vanish with the old, and the applicant would never be reminded.
#[tokio::test]
async fn settling_a_row_that_was_replaced_meanwhile_leaves_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_with_rows(folder.path()).await;
    lease(&store, 5).await;
    let mut batch = step(1, 1);
    batch.outbox = vec![row("first", 30)];
    store.commit(vec![batch]).await.unwrap();

    store.settle(vec![(key(1), done("first"))]).await.unwrap();

    let rows = store.rows_of(&key(1)).await.unwrap();
    assert!(rows.iter().any(|row| row.id == "first" && row.due == at(30)));
    assert!(ids(&lease(&store, 30).await).contains(&"first"));
}

#[tokio::test]
async fn leases_end_with_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_with_rows(folder.path()).await;
    assert_eq!(lease(&store, 10).await.len(), 2);
    drop(store);

    let store = open(folder.path());

    assert_eq!(lease(&store, 10).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_hands_take_every_row_exactly_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = std::sync::Arc::new(open(folder.path()));
    let batches = (1..=40).map(|serial| {
        let mut batch = step(serial, 0);
        batch.outbox = (0..5).map(|n| row(&format!("r{n}"), 0)).collect();
        batch
    });
    store.commit(batches.collect()).await.unwrap();

    let hands = (0..8).map(|_| {
        let store = std::sync::Arc::clone(&store);
        tokio::spawn(async move {
            let mut taken = Vec::new();
            loop {
                let rows = store.lease_due(wanted(1, 3)).await.unwrap();
                if rows.is_empty() {
                    return taken;
                }
                for row in rows {
                    store.settle(vec![(row.key.clone(), done(&row.id))]).await.unwrap();
                    taken.push((row.key, row.id));
                }
            }
        })
    });
    let taken: Vec<_> = futures::future::join_all(hands).await.into_iter().flat_map(Result::unwrap).collect();

    assert_eq!(taken.len(), 200);
    assert_eq!(taken.iter().collect::<BTreeSet<_>>().len(), 200);
    assert_eq!(store.next_due(&[]).await.unwrap(), None);
}

/// Twelve conflicts once gave a step up, and sixteen letters of a case leave side by side: the last four were sent again.
#[tokio::test]
async fn t39_as_many_hands_as_there_are_may_be_at_one_case_and_each_step_is_recorded() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let key = site.engine.key(&number);
    let sent = || Command::LetterSent { id: "of another time".to_owned() };

    let steps = (0..24).map(|_| site.engine.apply(&key, sent(), Along::default()));
    let answers = futures::future::join_all(steps).await;

    for answer in answers {
        assert!(matches!(answer, Ok(Answer::Done(_))), "{:?}", answer.err());
    }
}
