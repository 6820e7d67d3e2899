//! The restore drill: what a backup brings back, what it deliberately does not, and what it refuses to overwrite.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use loket::engine::intake::DAYBOOK;
use loket::engine::store::{
    Batch, CaseKey, Damage, DocumentWrite, LinkState, NewLink, Outcome, RowState, SecretChange, Store, TIME_SEEN,
};
use loket::sop::names::CaseNumber;
use loket::store::redb::RedbStore;
use loket::store::{RestoreReport, Restoring, StateFolder, StoreError, restore};
use loket::vault::{HashedToken, Keyring, MasterKey, OsRandom};

use crate::archive_fixture::noise;
use crate::store_fixture::{at, files, key, keyring, office, open, row, step, tag};

pub fn restore_with(state: &Path, keyring: &Keyring, file: &Path, force: bool) -> Result<RestoreReport, StoreError> {
    restore(
        &StateFolder::take(state)?,
        &Restoring { keyring, random: &OsRandom, file, force, year: 2026, series: None },
    )
}

fn restored(state: &Path, file: &Path, force: bool) -> Result<RestoreReport, StoreError> {
    restore_with(state, &keyring(), file, force)
}

/// Case 1 with one of everything, case 2 archived, case 3 plain.
async fn lived_in(state: &Path) -> RedbStore {
    let store = open(state);
    let contents = store.put_contents(vec![(key(1), noise(1, 200_000)), (key(1), noise(2, 10))]).await.unwrap();
    let hash = HashedToken::from_bytes([1; 32]);
    let mut batch = step(1, 0);
    batch.contents = contents;
    batch.outbox = vec![row("ack", 0), row("remind", 500)];
    batch.seen = vec!["<a@x>".to_owned()];
    batch.tags = vec![tag("account", "DIMASWP", true)];
    batch.links = vec![NewLink { hash, scope: "reveal/1".to_owned(), record: vec![9], expires: at(900) }];
    batch.secrets = vec![SecretChange::Put { id: "s".to_owned(), sealed: vec![1, 2, 3], expires: at(900) }];
    let document = |family: &str, id: &str| DocumentWrite {
        office: office(),
        family: family.to_owned(),
        id: id.to_owned(),
        expected_version: None,
        bytes: Some(family.as_bytes().to_vec()),
    };
    batch.documents = vec![document("admin", "ratna"), document(TIME_SEEN, "seen")];
    store.commit(vec![batch, step(2, 0), step(3, 0), step(1, 1)]).await.unwrap();
    assert_eq!(store.remove_case(&key(2), 1).await.unwrap(), Outcome::Committed { version: 1 });
    store
}

#[tokio::test]
async fn a_restored_store_has_all_but_secrets_and_does_nothing_before_a_person_looked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("loket.backup");
    let store = lived_in(&folder.path().join("first")).await;
    let (head, epoch) = (store.journal_head(&office()).await.unwrap(), store.epoch().await.unwrap());
    let report = store.backup(&file).await.unwrap();
    drop(store);

    let second = folder.path().join("second");
    let done = restored(&second, &file, false).unwrap();
    let store = open(&second);

    assert_eq!((report.cases, report.contents, report.bytes), (2, 2, file.metadata().unwrap().len()));
    assert_eq!((done.cases, done.contents, done.links_voided, done.rows_held), (2, 2, 1, 2));
    assert!(done.epoch > epoch && done.replaced.is_none());
    assert_eq!(store.epoch().await.unwrap(), done.epoch);
    assert!(store.load(&key(1)).await.unwrap().is_some_and(|case| case.version == 2));
    assert_eq!(store.events(&key(1)).await.unwrap().len(), 2);
    for (seed, length) in [(1, 200_000), (2, 10)] {
        let hash = loket::vault::sha256_hex(&noise(seed, length));
        assert!(store.content(&key(1), &hash).await.unwrap() == Some(noise(seed, length)));
    }
    assert_eq!(store.find(&office(), "account", "DIMASWP").await.unwrap(), [key(1)]);
    assert_eq!(store.seen(&office(), &["<a@x>".to_owned()]).await.unwrap().len(), 1);
    assert!(store.document(&office(), "admin", "ratna").await.unwrap().is_some_and(|found| found.bytes == b"admin"));
    assert!(store.document(&office(), TIME_SEEN, "seen").await.unwrap().is_none(), "a backup may be of any age");
    assert_eq!(store.journal_head(&office()).await.unwrap(), head);
    let last = store.last_number(&office(), "LPSE", 2026).await.unwrap();
    assert!(last > 1000 && done.numbers["LPSE-2026"] == last, "nobody knows what was given out since");
    assert_eq!(store.commit(vec![step(2, 0)]).await.unwrap(), [Outcome::Stale { version: 1 }]);

    assert!(store.secret(&key(1), "s").await.unwrap().is_none());
    let link = store.link(&HashedToken::from_bytes([1; 32])).await.unwrap().unwrap();
    assert!(link.state == LinkState::Void && link.record == [9]);
    assert_eq!(store.next_due(&[]).await.unwrap(), None);
    let rows = store.stuck_rows(&office()).await.unwrap();
    let rows: Vec<_> = rows.into_iter().map(|(_, row)| row.unwrap()).collect();
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row.state == RowState::Held && row.note.is_some()));
    assert_eq!(store.verify().await.unwrap(), Vec::<Damage>::new());
    assert_eq!(store.commit(vec![step(1, 2)]).await.unwrap(), [Outcome::Committed { version: 3 }]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_of_one_moment_while_work_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("loket.backup");
    let store = Arc::new(open(&folder.path().join("first")));
    let (begun, backup_may_start) = tokio::sync::oneshot::channel();
    let (done, mut backup_done) = tokio::sync::oneshot::channel::<()>();
    let busy = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let mut begun = Some(begun);
            let mut version = 0;
            // Both cases always move in one transaction, with a content each.
            while backup_done.try_recv().is_err() {
                let mut batches = vec![step(1, version), step(2, version)];
                for batch in &mut batches {
                    let bytes = format!("surat {version}").into_bytes();
                    batch.contents = store.put_contents(vec![(batch.key.clone(), bytes)]).await.unwrap();
                }
                store.commit(batches).await.unwrap();
                version += 1;
                // A third case comes and goes, its content file too.
                let gone = 100 + version as u32;
                let mut batch = step(gone, 0);
                batch.contents = store.put_contents(vec![(key(gone), noise(version, 5_000))]).await.unwrap();
                store.commit(vec![batch]).await.unwrap();
                store.remove_case(&key(gone), 1).await.unwrap();
                if let Some(begun) = begun.take() {
                    begun.send(()).unwrap();
                }
            }
            version
        })
    };
    backup_may_start.await.unwrap();

    store.backup(&file).await.unwrap();
    done.send(()).unwrap();
    let last = busy.await.unwrap();
    restored(&folder.path().join("second"), &file, false).unwrap();

    let copy = open(&folder.path().join("second"));
    let version = copy.load(&key(1)).await.unwrap().unwrap().version;
    assert_eq!(copy.load(&key(2)).await.unwrap().unwrap().version, version);
    assert!((1..=last).contains(&version));
    let latest = loket::vault::sha256_hex(format!("surat {}", version - 1).as_bytes());
    assert!(copy.content(&key(1), &latest).await.unwrap().is_some());
    assert_eq!(copy.verify().await.unwrap(), Vec::<Damage>::new());
    assert_eq!(store.verify().await.unwrap(), Vec::<Damage>::new());
}

#[tokio::test]
async fn newer_and_other_stores_are_overwritten_only_by_force_and_then_kept_aside() {
    let folder = tempfile::tempdir().unwrap();
    let (first, file) = (folder.path().join("first"), folder.path().join("loket.backup"));
    let store = lived_in(&first).await;
    store.backup(&file).await.unwrap();
    store.commit(vec![step(4, 0)]).await.unwrap();
    let held = restored(&first, &file, true).unwrap_err().to_string();
    drop(store);
    let other = folder.path().join("other");
    open(&other).commit(vec![step(9, 0)]).await.unwrap();
    let empty = folder.path().join("empty");
    drop(open(&empty));

    let newer = restored(&first, &file, false).unwrap_err().to_string();
    let foreign = restored(&other, &file, false).unwrap_err().to_string();
    let over_nothing = restored(&empty, &file, false).unwrap();
    let untouched = open(&first).load(&key(4)).await.unwrap().is_some();
    let forced = restored(&first, &file, true).unwrap();

    assert!(held.contains("in use"), "{held}");
    assert!(newer.contains("newer than the backup by 1 commit"), "{newer}");
    assert!(foreign.contains("another one"), "{foreign}");
    assert!(untouched);
    assert_eq!(over_nothing.cases, 2);
    let store = open(&first);
    assert!(store.load(&key(4)).await.unwrap().is_none());
    let aside = forced.replaced.unwrap();
    assert!(aside.join("loket.redb").is_file());
    drop(store);
    // What was put aside can be put back.
    std::fs::rename(first.join("live"), folder.path().join("wrong")).unwrap();
    std::fs::rename(aside, first.join("live")).unwrap();
    assert!(open(&first).load(&key(4)).await.unwrap().is_some());
}

/// An office that had written in a book of its own and opened no case counted one: its backup said so, and none could be put in
/// its place unasked.
#[tokio::test]
async fn the_offices_own_books_are_no_cases() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let file = place("loket.backup");
    lived_in(&place("first")).await.backup(&file).await.unwrap();
    let fresh = open(&place("fresh"));
    let book = CaseKey { office: office(), number: CaseNumber::new(DAYBOOK, 2026, 1) };
    let noted = Batch { events: vec![b"noted".to_vec()], ..Batch::new(book, 0, at(0), b"daybook".to_vec()) };
    fresh.commit(vec![noted]).await.unwrap();
    let report = fresh.backup(&place("fresh.backup")).await.unwrap();
    drop(fresh);
    let filed = open(&place("filed"));
    filed.commit(vec![step(9, 0)]).await.unwrap();
    filed.remove_case(&key(9), 1).await.unwrap();
    drop(filed);

    let over_books = restored(&place("fresh"), &file, false).unwrap();
    let over_what_was_filed = restored(&place("filed"), &file, false).unwrap_err().to_string();

    assert_eq!((report.cases, over_books.cases), (0, 2));
    assert!(over_what_was_filed.contains("another one, and cases were opened in it"), "{over_what_was_filed}");
}

/// Brought back from an older backup, it counted its commits from there: work of weeks was put aside as if it were older.
#[tokio::test]
async fn t47_a_store_that_went_on_from_an_older_backup_is_overwritten_only_by_force() {
    let folder = tempfile::tempdir().unwrap();
    let (first, older, newer) = (folder.path().join("first"), folder.path().join("older"), folder.path().join("newer"));
    let store = lived_in(&first).await;
    store.backup(&older).await.unwrap();
    for serial in 4..=6 {
        store.commit(vec![step(serial, 0)]).await.unwrap();
    }
    store.backup(&newer).await.unwrap();
    drop(store);
    restored(&first, &older, true).unwrap();
    open(&first).commit(vec![step(7, 0)]).await.unwrap();

    let refused = restored(&first, &newer, false).unwrap_err().to_string();
    let untouched = open(&first).load(&key(7)).await.unwrap().is_some();
    let forced = restored(&first, &newer, true).unwrap();

    assert!(refused.contains("restored after the backup was taken") && refused.contains("--force"), "{refused}");
    assert!(untouched && forced.replaced.is_some());
    assert!(open(&first).load(&key(6)).await.unwrap().is_some());
}

#[tokio::test]
async fn each_restore_begins_an_epoch_of_its_own_and_needs_no_force_where_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let (first, file) = (folder.path().join("first"), folder.path().join("loket.backup"));
    lived_in(&first).await.backup(&file).await.unwrap();

    let epochs: Vec<u64> = (0..3).map(|_| restored(&first, &file, false).unwrap().epoch).collect();

    assert!(epochs[0] > 1 && epochs.is_sorted_by(|one, next| one < next), "{epochs:?}");
    assert_eq!(open(&first).epoch().await.unwrap(), epochs[2]);
}

/// What the first machine gave out before it was lost too was given out again by the second, under the same names.
#[tokio::test]
async fn two_machines_from_one_backup_give_out_other_names_and_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("loket.backup");
    lived_in(&folder.path().join("first")).await.backup(&file).await.unwrap();

    let done: Vec<_> = (0..8).map(|n| restored(&folder.path().join(n.to_string()), &file, false).unwrap()).collect();

    let epochs: BTreeSet<u64> = done.iter().map(|report| report.epoch).collect();
    let numbers: BTreeSet<u32> = done.iter().map(|report| report.numbers["LPSE-2026"]).collect();
    assert!(epochs.len() > 1 && epochs.iter().all(|epoch| (2..=1001).contains(epoch)), "{epochs:?}");
    let in_thousands = |last: &u32| (1003..=9003).contains(last) && last % 1000 == 3;
    assert!(numbers.len() > 1 && numbers.iter().all(in_thousands), "{numbers:?}");
}

/// Numbers of cases that the backup does not know were given out again, to other people.
#[tokio::test]
async fn numbers_go_on_from_what_stood_here_and_after_a_gap_where_nobody_can_tell() {
    let folder = tempfile::tempdir().unwrap();
    let (first, file) = (folder.path().join("first"), folder.path().join("loket.backup"));
    let store = lived_in(&first).await;
    store.backup(&file).await.unwrap();
    store.commit(vec![step(47, 0)]).await.unwrap();
    drop(store);
    let last = async |state: &Path, year| open(state).last_number(&office(), "LPSE", year).await.unwrap();

    let known = restored(&first, &file, true).unwrap().numbers;
    let goes_on = last(&first, 2026).await;
    std::fs::write(first.join("live/loket.redb"), b"no store").unwrap();
    let unknown = restored(&first, &file, true).unwrap().numbers;
    let after_a_gap = last(&first, 2026).await;
    let second = folder.path().join("second");
    let keys = keyring();
    let restoring =
        Restoring { keyring: &keys, random: &OsRandom, file: &file, force: false, year: 2027, series: None };
    restore(&StateFolder::take(&second).unwrap(), &restoring).unwrap();

    assert_eq!((known.len(), goes_on), (0, 47));
    assert_eq!(unknown.into_iter().collect::<Vec<_>>(), [("LPSE-2026".to_owned(), after_a_gap)]);
    let (this_year, next_year) = (last(&second, 2026).await, last(&second, 2027).await);
    assert!(after_a_gap > 1000 && next_year >= 1000, "{after_a_gap} {next_year}");
    assert_eq!(this_year, 3 + next_year, "the same gap in both");
}

#[tokio::test]
async fn a_backup_that_is_damaged_or_under_another_key_touches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (first, file) = (folder.path().join("first"), folder.path().join("loket.backup"));
    lived_in(&first).await.backup(&file).await.unwrap();
    let whole = std::fs::read(&file).unwrap();
    let stands = || std::fs::read(first.join("live/loket.redb")).unwrap();
    let before = stands();

    let other = Keyring::new(&MasterKey::parse(&[8u8; 32]).unwrap());
    let wrong_key = restore_with(&first, &other, &file, true).unwrap_err().to_string();
    // A byte in the middle of the mail: 200 000 bytes of the file are its parts.
    let sealed = files(&first.join("live/contents")).into_iter().map(|path| std::fs::read(path).unwrap());
    let mail = sealed.max_by_key(Vec::len).unwrap();
    let place = whole.windows(64).position(|part| part == &mail[1000..1064]).unwrap();
    let mut flipped = whole.clone();
    flipped[place] ^= 1;
    std::fs::write(&file, &flipped).unwrap();
    let altered = restored(&first, &file, true).unwrap_err().to_string();
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let cut = restored(&first, &file, true);
    let missing = restored(&first, &folder.path().join("tidak-ada"), true).unwrap_err().to_string();

    assert!(wrong_key.contains("master key"), "{wrong_key}");
    assert!(altered.contains("LPSE-2026") && altered.contains("another hash"), "{altered}");
    assert!(cut.is_err());
    assert!(missing.contains("no backup"), "{missing}");
    assert!(stands() == before);
    assert_eq!(open(&first).verify().await.unwrap(), Vec::<Damage>::new());
}

#[tokio::test]
async fn a_restore_cut_between_its_two_renames_is_completed_and_one_cut_before_is_undone() {
    let folder = tempfile::tempdir().unwrap();
    let (first, file) = (folder.path().join("first"), folder.path().join("loket.backup"));
    lived_in(&first).await.backup(&file).await.unwrap();
    let epoch = restored(&first, &file, true).unwrap().epoch;

    // The power failed after the old store went aside.
    std::fs::rename(first.join("live"), first.join("restoring")).unwrap();
    let completed = open(&first).epoch().await.unwrap();
    // The power failed while the new store was built.
    std::fs::create_dir_all(first.join("restoring/contents/bpbj")).unwrap();
    std::fs::write(first.join("restoring/loket.redb"), b"half").unwrap();
    let undone = open(&first).load(&key(1)).await.unwrap();

    assert_eq!(completed, epoch);
    assert!(undone.is_some_and(|case| case.version == 2));
    assert!(!first.join("restoring").exists());
}

#[tokio::test]
async fn a_backup_never_overwrites_and_never_leaves_half_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let (first, file) = (folder.path().join("first"), folder.path().join("loket.backup"));
    let store = lived_in(&first).await;
    store.backup(&file).await.unwrap();
    let before = std::fs::read(&file).unwrap();

    let again = store.backup(&file).await.unwrap_err().to_string();
    let content = files(&first.join("live/contents")).remove(0);
    std::fs::remove_file(&content).unwrap();
    let incomplete = store.backup(&folder.path().join("later")).await.unwrap_err().to_string();

    let nowhere = store.backup(&folder.path().join("no/such/folder/x")).await;

    assert!(nowhere.is_err());
    assert!(again.contains("exists already"), "{again}");
    assert!(std::fs::read(&file).unwrap() == before);
    assert!(incomplete.contains("its file is missing"), "{incomplete}");
    let mut left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["first", "loket.backup"]);
    // The store itself goes on.
    let batch: Batch = step(5, 0);
    assert_eq!(store.commit(vec![batch]).await.unwrap(), [Outcome::Committed { version: 1 }]);
}
