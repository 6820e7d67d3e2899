//! Content files are sealed, durable before they are named, and gone when nobody names them.

use loket::engine::store::{Damage, Store};
use loket::store::redb::RedbStore;

use crate::archive_fixture::noise;
use crate::store_fixture::{files, key, open, step, try_open};

async fn put(store: &RedbStore, serial: u32, bytes: &[u8]) -> loket::sop::names::Sha256Hex {
    store.put_contents(vec![(key(serial), bytes.to_vec())]).await.unwrap().remove(0)
}

#[tokio::test]
async fn a_content_is_read_back_once_a_step_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mail = noise(1, 400_000);
    let hash = put(&store, 1, &mail).await;
    let unnamed = store.content(&key(1), &hash).await.unwrap();
    let mut batch = step(1, 0);
    batch.contents = vec![hash.clone()];
    store.commit(vec![batch]).await.unwrap();
    drop(store);

    let store = open(folder.path());

    assert!(unnamed.is_none());
    assert!(store.content(&key(1), &hash).await.unwrap().as_ref() == Some(&mail));
    assert!(store.content(&key(2), &hash).await.unwrap().is_none());
    let contents = files(&folder.path().join("live/contents"));
    assert_eq!(contents.len(), 1);
    let sealed = std::fs::read(&contents[0]).unwrap();
    assert!(!sealed.windows(64).any(|part| part == &mail[1000..1064]));
}

#[tokio::test]
async fn the_same_bytes_put_twice_are_one_file_and_other_cases_have_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());

    let hashes = store
        .put_contents(vec![
            (key(1), b"a".to_vec()),
            (key(1), b"a".to_vec()),
            (key(2), b"a".to_vec()),
            (key(1), b"b".to_vec()),
        ])
        .await
        .unwrap();
    let again = put(&store, 1, b"a").await;

    assert_eq!((&hashes[0], &hashes[1], &hashes[2]), (&again, &again, &again));
    assert_eq!(files(&folder.path().join("live/contents")).len(), 3);
}

#[tokio::test]
async fn a_step_that_names_a_content_never_put_is_a_fault_and_its_neighbours_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut wrong = step(1, 0);
    wrong.contents = vec![loket::vault::sha256_hex(b"never put")];

    let (fault, good) = tokio::join!(store.commit(vec![wrong]), store.commit(vec![step(2, 0)]));

    assert!(fault.unwrap_err().message.contains("was not put before"));
    assert!(good.is_ok());
    assert!(store.load(&key(1)).await.unwrap().is_none());
    assert_eq!(store.load(&key(2)).await.unwrap().unwrap().version, 1);
}

#[tokio::test]
async fn what_no_step_named_is_swept_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let kept = put(&store, 1, b"kept").await;
    put(&store, 1, b"orphan of an open case").await;
    put(&store, 2, b"orphan of a case that never opened").await;
    let mut batch = step(1, 0);
    batch.contents = vec![kept.clone()];
    store.commit(vec![batch]).await.unwrap();
    std::fs::write(folder.path().join("live/contents/bpbj/LPSE-2026-000000001/part-7"), b"half").unwrap();
    drop(store);

    let store = open(folder.path());

    assert_eq!(files(&folder.path().join("live/contents")).len(), 1);
    assert!(store.content(&key(1), &kept).await.unwrap().as_deref() == Some(b"kept"));
}

/// No record named the mail's file any more, and the start took it for left over: a byte that could be mended cost the mail.
#[tokio::test]
async fn t43_a_mail_whose_record_changed_its_name_keeps_its_file() {
    const CONTENTS: redb::TableDefinition<(&str, &str, &str), &[u8]> = redb::TableDefinition::new("contents");
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let kept = put(&store, 1, b"kept").await;
    put(&store, 1, b"left over").await;
    let mut batch = step(1, 0);
    batch.contents = vec![kept.clone()];
    store.commit(vec![batch]).await.unwrap();
    std::fs::write(folder.path().join("live/contents/bpbj/LPSE-2026-000000001/part-7"), b"half").unwrap();
    drop(store);
    let database = folder.path().join("live/loket.redb");
    let flip = || crate::store_damage::flip(&database, CONTENTS, true, |length| length - 1);
    let count = || files(&folder.path().join("live/contents")).len();

    flip();
    drop(open(folder.path()));
    let with_a_lost_name = count();
    flip();
    let store = open(folder.path());

    assert_eq!(with_a_lost_name, 1, "what no name may mean goes all the same");
    assert_eq!(count(), 1);
    assert!(store.content(&key(1), &kept).await.unwrap().as_deref() == Some(b"kept"));
}

/// Nothing named the second mail's file any more, and no name was without its own: the start took it for left over.
#[tokio::test]
async fn t43_two_names_that_became_one_cost_no_mail() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (one, two) = (put(&store, 1, b"one").await, put(&store, 1, b"two").await);
    let mut batch = step(1, 0);
    batch.contents = vec![one.clone(), two.clone()];
    store.commit(vec![batch]).await.unwrap();
    drop(store);
    let database = folder.path().join("live/loket.redb");
    let whole = std::fs::read(&database).unwrap();
    let (mut changed, mut places) = (whole.clone(), 0);
    for place in 0..whole.len() - 64 {
        if whole[place..place + 64] == *two.0.as_bytes() {
            changed[place..place + 64].copy_from_slice(one.0.as_bytes());
            places += 1;
        }
    }
    std::fs::write(&database, changed).unwrap();

    let opened = try_open(folder.path()).map(drop);
    std::fs::write(&database, whole).unwrap();

    assert!(places > 0 && opened.is_ok(), "{places} places, {opened:?}");
    assert!(open(folder.path()).content(&key(1), &two).await.unwrap().as_deref() == Some(b"two"));
}

/// A lost file kept whatever was left over, for ever.
#[tokio::test]
async fn t43_a_lost_file_keeps_nothing_that_is_left_over_unless_its_record_does_not_read() {
    const CONTENTS: redb::TableDefinition<(&str, &str, &str), &[u8]> = redb::TableDefinition::new("contents");
    for (damaged, left) in [(false, 0), (true, 1)] {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        let kept = put(&store, 1, b"kept").await;
        let mut batch = step(1, 0);
        batch.contents = vec![kept.clone()];
        store.commit(vec![batch]).await.unwrap();
        let contents = folder.path().join("live/contents");
        std::fs::remove_file(files(&contents).pop().expect("it is there")).unwrap();
        put(&store, 1, b"left over").await;
        drop(store);
        if damaged {
            crate::store_damage::flip(&folder.path().join("live/loket.redb"), CONTENTS, false, |length| length / 2);
        }

        drop(open(folder.path()));

        assert_eq!(files(&contents).len(), left, "damaged: {damaged}");
    }
}

#[tokio::test]
async fn two_intakes_that_take_the_same_number_lose_no_mail() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (one, two) = tokio::join!(put(&store, 1, b"one"), put(&store, 1, b"two"));
    let named = |serial, hash: &loket::sop::names::Sha256Hex| {
        let mut batch = step(serial, 0);
        batch.contents = vec![hash.clone()];
        batch
    };

    store.commit(vec![named(1, &one), named(1, &two)]).await.unwrap();
    let two = put(&store, 2, b"two").await;
    store.commit(vec![named(2, &two)]).await.unwrap();

    assert!(store.content(&key(1), &one).await.unwrap().as_deref() == Some(b"one"));
    assert!(store.content(&key(2), &two).await.unwrap().as_deref() == Some(b"two"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_content_put_by_many_at_once_is_kept_once_and_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let bytes = noise(3, 50_000);

    let puts = (0..16).map(|_| store.put_contents(vec![(key(1), bytes.clone()), (key(1), bytes.clone())]));
    let hashes: Vec<_> = futures::future::join_all(puts).await.into_iter().map(|put| put.unwrap()).collect();
    let mut batch = step(1, 0);
    batch.contents = vec![hashes[0][0].clone()];
    store.commit(vec![batch]).await.unwrap();
    let late = store.put_contents(vec![(key(1), bytes.clone())]).await.unwrap();

    assert!(hashes.iter().flatten().chain(&late).all(|hash| *hash == hashes[0][0]));
    assert!(store.content(&key(1), &late[0]).await.unwrap() == Some(bytes));
    assert_eq!(files(&folder.path().join("live/contents")).len(), 1);
    assert_eq!(store.verify().await.unwrap(), Vec::<Damage>::new());
}
