//! A backup is one moment of a running store, verified, without secrets; a restore begins a new epoch.

use loket::engine::store::{Damage, LinkState, NewLink, RowState, SecretChange, Store};
use loket::store::redb::RedbStore;
use loket::store::{RestoreReport, StateFolder, StoreError, restore};
use loket::vault::{HashedToken, OsRandom, Secret};

use crate::archive_fixture::noise;
use crate::store_fixture::{at, files, key, keyring, office, open, row, step, tag};

fn put_back(state: &std::path::Path, file: &std::path::Path, force: bool) -> Result<RestoreReport, StoreError> {
    restore(&StateFolder::take(state)?, &keyring(), &OsRandom, file, force)
}

async fn filled(store: &RedbStore) {
    let hashes = store.put_contents(vec![(key(1), noise(1, 300_000)), (key(1), b"small".to_vec())]).await.unwrap();
    let sealed = keyring().passwords.seal(&OsRandom, "x", "s", &Secret::new("Abcd-2345-Efgh-6789".to_owned()));
    let mut batch = step(1, 0);
    batch.contents = hashes;
    batch.outbox = vec![row("letter", 0)];
    batch.tags = vec![tag("account", "DIMASWP", true)];
    batch.seen = vec!["<a@x>".to_owned()];
    batch.secrets = vec![SecretChange::Put { id: "s".to_owned(), sealed, expires: at(9_000) }];
    batch.links = vec![NewLink {
        hash: HashedToken::from_bytes([1; 32]),
        scope: "decision/1/".to_owned(),
        record: vec![1],
        expires: at(9_000),
    }];
    store.commit(vec![batch, step(2, 0)]).await.unwrap();
}

#[tokio::test]
async fn a_restored_store_holds_the_cases_voids_the_links_and_holds_the_outbox() {
    let folder = tempfile::tempdir().unwrap();
    let (state, file) = (folder.path().join("state"), folder.path().join("loket.cadangan"));
    let store = open(&state);
    filled(&store).await;
    let head = store.journal_head(&office()).await.unwrap();
    let epoch = store.epoch().await.unwrap();
    let report = store.backup(&file).await.unwrap();
    drop(store);
    std::fs::remove_dir_all(state.join("live")).unwrap();

    let restored = put_back(&state, &file, false).unwrap();

    assert_eq!((report.cases, report.contents), (2, 2));
    assert_eq!(report.bytes, file.metadata().unwrap().len());
    assert_eq!((restored.cases, restored.contents, restored.links_voided, restored.rows_held), (2, 2, 1, 1));
    let store = open(&state);
    assert!(store.epoch().await.unwrap() > epoch);
    assert_eq!(store.journal_head(&office()).await.unwrap(), head);
    assert_eq!(store.verify().await.unwrap(), Vec::<Damage>::new());
    let link = store.link(&HashedToken::from_bytes([1; 32])).await.unwrap().unwrap();
    assert_eq!(link.state, LinkState::Void);
    assert_eq!(store.next_due(&[]).await.unwrap(), None);
    let stuck = store.stuck_rows(&office()).await.unwrap();
    assert_eq!((stuck[0].id.as_str(), stuck[0].state), ("letter", RowState::Held));
    assert!(stuck[0].note.as_deref().unwrap().contains("restore"));
    assert!(store.secret(&key(1), "s").await.unwrap().is_none());
    let mail = noise(1, 300_000);
    assert!(store.content(&key(1), &loket::vault::sha256_hex(&mail)).await.unwrap() == Some(mail));
    assert_eq!(store.find(&office(), "account", "DIMASWP").await.unwrap(), [key(1)]);
    assert_eq!(store.seen(&office(), &["<a@x>".to_owned()]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_restore_over_newer_or_foreign_data_is_refused_unless_forced_and_keeps_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let (state, file) = (folder.path().join("state"), folder.path().join("loket.cadangan"));
    let store = open(&state);
    filled(&store).await;
    store.backup(&file).await.unwrap();
    store.commit(vec![step(3, 0)]).await.unwrap();
    drop(store);
    let foreign = folder.path().join("other");
    let other = open(&foreign);
    other.commit(vec![step(1, 0)]).await.unwrap();
    drop(other);

    let newer = put_back(&state, &file, false).err().unwrap().to_string();
    let another = put_back(&foreign, &file, false).err().unwrap().to_string();
    let still = open(&state);
    let kept = still.load(&key(3)).await.unwrap().is_some();
    drop(still);
    let forced = put_back(&state, &file, true).unwrap();

    assert!(newer.contains("newer than the backup by 1 commits") && newer.contains("--force"), "{newer}");
    assert!(another.contains("another one, with 1 cases"), "{another}");
    assert!(kept);
    assert!(forced.replaced.unwrap().join("loket.redb").exists());
    assert!(open(&state).load(&key(3)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_store_that_has_not_moved_since_the_backup_is_replaced_without_force() {
    let folder = tempfile::tempdir().unwrap();
    let (state, file) = (folder.path().join("state"), folder.path().join("loket.cadangan"));
    let store = open(&state);
    filled(&store).await;
    store.backup(&file).await.unwrap();
    drop(store);

    assert!(put_back(&state, &file, false).is_ok());
}

#[tokio::test]
async fn a_damaged_backup_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (state, file) = (folder.path().join("state"), folder.path().join("loket.cadangan"));
    let store = open(&state);
    filled(&store).await;
    store.backup(&file).await.unwrap();
    drop(store);
    let mut bytes = std::fs::read(&file).unwrap();
    let mail = std::fs::read(
        files(&state.join("live/contents")).into_iter().max_by_key(|f| f.metadata().unwrap().len()).unwrap(),
    );
    let part = &mail.unwrap()[1000..1032];
    let place = bytes.windows(32).position(|window| window == part).unwrap();
    bytes[place] ^= 1;
    std::fs::write(&file, bytes).unwrap();

    let refused = put_back(&state, &file, true).err().unwrap().to_string();

    assert!(refused.contains("damaged") && refused.contains("LPSE-2026"), "{refused}");
    assert!(open(&state).load(&key(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_restore_cut_between_its_renames_is_completed_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let (state, file) = (folder.path().join("state"), folder.path().join("loket.cadangan"));
    let store = open(&state);
    filled(&store).await;
    store.backup(&file).await.unwrap();
    drop(store);
    put_back(&state, &file, false).unwrap();
    // What a crash after the first rename leaves.
    std::fs::rename(state.join("live"), state.join("restoring")).unwrap();

    let store = open(&state);

    assert!(store.load(&key(1)).await.unwrap().is_some());
    drop(store);
    // What a crash while the new store is built leaves.
    std::fs::create_dir(state.join("restoring")).unwrap();
    assert!(open(&state).load(&key(1)).await.unwrap().is_some());
    assert!(!state.join("restoring").exists());
}

#[tokio::test]
async fn a_backup_never_replaces_a_file_and_leaves_no_half_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("state"));
    filled(&store).await;
    let file = folder.path().join("ada");
    std::fs::write(&file, b"penting").unwrap();

    let refused = store.backup(&file).await;
    let nowhere = store.backup(&folder.path().join("no/such/folder/x")).await;

    assert!(refused.is_err() && nowhere.is_err());
    assert_eq!(std::fs::read(&file).unwrap(), b"penting");
    assert!(store.load(&key(1)).await.is_ok(), "a failed backup stops nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_of_one_moment_while_work_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (state, file) = (folder.path().join("state"), folder.path().join("loket.cadangan"));
    let store = std::sync::Arc::new(open(&state));
    filled(&store).await;
    let working = std::sync::Arc::clone(&store);
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    let work = tokio::spawn(async move {
        let mut serial = 10;
        while stopped.try_recv().is_err() {
            let hash = working.put_contents(vec![(key(serial), noise(u64::from(serial), 20_000))]).await.unwrap();
            let mut batch = step(serial, 0);
            batch.contents = hash;
            working.commit(vec![batch]).await.unwrap();
            if serial % 2 == 0 {
                working.remove_case(&key(serial), 1).await.unwrap();
            }
            serial += 1;
        }
    });

    let backups: Vec<_> = (0..4).map(|n| file.with_extension(n.to_string())).collect();
    for backup in &backups {
        store.backup(backup).await.unwrap();
    }
    stop.send(()).unwrap();
    work.await.unwrap();
    drop(store);

    put_back(&state, &backups[3], true).unwrap();
    assert_eq!(open(&state).verify().await.unwrap(), Vec::<Damage>::new());
}

#[tokio::test]
async fn no_secret_and_nothing_personal_stands_readable_in_any_file() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let canaries = ["Abcd-2345-Efgh-6789", "DIMASWP", "Dimas Wiratama", "199203152019031904", "<rahasia@x.example>"];
    let store = open(&state);
    let all = canaries.join(" ").into_bytes();
    let hash = store.put_contents(vec![(key(1), all.clone())]).await.unwrap();
    let mut batch = step(1, 0);
    (batch.snapshot, batch.events, batch.contents) = (all.clone(), vec![all.clone()], hash);
    batch.outbox = vec![row("letter", 0)];
    batch.outbox[0].payload = all.clone();
    batch.tags = canaries.iter().map(|canary| tag("account", canary, true)).collect();
    batch.seen = canaries.iter().map(|canary| (*canary).to_owned()).collect();
    batch.links = vec![NewLink {
        hash: HashedToken::from_bytes([1; 32]),
        scope: "decision/1/".to_owned(),
        record: all.clone(),
        expires: at(9),
    }];
    let sealed = keyring().passwords.seal(&OsRandom, "x", "s", &Secret::new(canaries[0].to_owned()));
    batch.secrets = vec![SecretChange::Put { id: "s".to_owned(), sealed: sealed.clone(), expires: at(9) }];
    batch.documents = vec![loket::engine::store::DocumentWrite {
        office: office(),
        family: "admin".to_owned(),
        id: "a1".to_owned(),
        expected_version: None,
        bytes: Some(all),
    }];
    store.commit(vec![batch]).await.unwrap();
    let note = loket::engine::store::Settled::Dead { error: canaries.join(" ") };
    let settlement = loket::engine::store::Settlement { id: "letter".to_owned(), how: note };
    store.settle(vec![(key(1), settlement)]).await.unwrap();
    let backup = state.join("cadangan");
    store.backup(&backup).await.unwrap();
    drop(store);

    for file in files(&state) {
        let bytes = std::fs::read(&file).unwrap();
        for canary in canaries {
            let found = bytes.windows(canary.len()).any(|part| part == canary.as_bytes());
            assert!(!found, "a canary stands in {}", file.display());
        }
    }
    let bytes = std::fs::read(&backup).unwrap();
    assert!(!bytes.windows(sealed.len()).any(|part| part == sealed), "a sealed secret is in the backup");
}
