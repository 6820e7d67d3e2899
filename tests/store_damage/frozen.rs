//! What one changed entry may not keep a case, or all of them, from.

use loket::engine::archive::Archive;
use loket::engine::store::{Batch, Damage, NewLink, Outcome, Store};
use redb::{Database, TableDefinition};

use super::{Bytes, CASES, Hash, Text, flip, lived_in};
use crate::archive_fixture::{day, dossier};
use crate::store_fixture::{at, key, office, open, step};

/// Each new request was refused: the number that it was given existed already.
#[tokio::test]
async fn t43_a_series_that_counts_too_few_gives_no_number_out_twice() {
    const SERIES: TableDefinition<(Text, Text), u32> = TableDefinition::new("series");
    let folder = tempfile::tempdir().unwrap();
    lived_in(folder.path()).await;
    flip(&folder.path().join("live/loket.redb"), SERIES, false, |_| 0);
    let store = open(folder.path());
    let last = async || store.last_number(&office(), "LPSE", 2026).await.unwrap();

    let beside_live = last().await;
    store.remove_case(&key(CASES), 1).await.unwrap();
    let beside_filed = last().await;
    let next = store.commit(vec![step(CASES + 1, 0)]).await.unwrap();

    assert_eq!((beside_live, beside_filed), (CASES, CASES));
    assert_eq!(next, [Outcome::Committed { version: 1 }]);
    assert_eq!(last().await, CASES + 1);
    assert_eq!(store.verify().await.unwrap(), Vec::<Damage>::new(), "it counts again");
}

/// Each proposal and each decision voids links, so its case stood still for good.
#[tokio::test]
async fn t43_a_link_that_does_not_read_keeps_its_case_from_no_step() {
    const LINKS: TableDefinition<Hash, Bytes> = TableDefinition::new("links");
    let folder = tempfile::tempdir().unwrap();
    lived_in(folder.path()).await;
    flip(&folder.path().join("live/loket.redb"), LINKS, false, |length| length - 1);
    let store = open(folder.path());
    let fresh = NewLink { hash: super::link(77), scope: "reveal/2".to_owned(), record: vec![8], expires: at(900) };

    let proposed = Batch { void_links: vec!["reveal/".to_owned()], links: vec![fresh], ..step(1, 1) };
    let outcomes = store.commit(vec![proposed]).await.unwrap();

    assert_eq!(outcomes, [Outcome::Committed { version: 2 }]);
    assert!(store.link(&super::link(1)).await.unwrap().is_none());
    assert!(store.link(&super::link(77)).await.unwrap().is_some_and(|link| link.record == [8]));
    assert_eq!(store.verify().await.unwrap(), Vec::<Damage>::new());
}

/// What was listed was taken for the whole: half a history was shown to who decides, and half of it was filed.
#[tokio::test]
async fn t43_a_case_whose_journal_is_not_whole_is_neither_shown_nor_filed() {
    const EVENTS: TableDefinition<(Text, Text, u64), u64> = TableDefinition::new("events");
    const NUMBER: &str = "LPSE-2026-000000001";

    for changed in 1..=4u64 {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        open(&state).commit(vec![step(1, 0), step(1, 1), step(1, 2), step(2, 0)]).await.unwrap();
        let database = Database::open(state.join("live/loket.redb")).unwrap();
        let transaction = database.begin_write().unwrap();
        {
            let mut events = transaction.open_table(EVENTS).unwrap();
            match changed {
                // The first event of the other case.
                4 => drop(events.insert(("bpbj", NUMBER, 1), 4u64).unwrap()),
                lost => drop(events.remove(("bpbj", NUMBER, lost)).unwrap()),
            }
        }
        transaction.commit().unwrap();
        drop(database);
        let store = open(&state);
        let archive = crate::archive_fixture::open(&folder.path().join("archive"), Some(&store));

        let shown = store.events(&key(1)).await.err().expect("it is not whole").message;
        let filed = archive.keep(dossier(1, day(2026, 11, 9))).await.expect_err("it is not whole").message;

        assert!(shown.contains("the journal of case LPSE-2026-0001 is damaged"), "change {changed}: {shown}");
        assert_eq!(filed, shown);
        assert_eq!(store.events(&key(2)).await.unwrap().len(), 1, "change {changed}");
    }
}

/// The archive has the events; of the case itself nothing counts them any more.
#[tokio::test]
async fn a_case_that_was_filed_still_lists_its_entries_for_the_archive() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("state"));
    let archive = crate::archive_fixture::open(&folder.path().join("archive"), Some(&store));
    store.commit(vec![step(1, 0), step(1, 1)]).await.unwrap();
    archive.keep(dossier(1, day(2026, 11, 9))).await.unwrap();
    store.remove_case(&key(1), 2).await.unwrap();

    let ahead = archive.ahead(&office()).await.unwrap();

    assert!(ahead.dossiers.is_empty(), "the store knows it to be filed: {:?}", ahead.dossiers);
}
