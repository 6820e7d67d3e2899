//! The master key changes while work goes on, killed at any seal; afterwards the old one opens nothing (THREATS 48).

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use loket::engine::archive::Archive;
use loket::engine::store::{Damage, DocumentWrite, Outcome, SecretChange, Store};
use loket::store::archive::RedbArchive;
use loket::store::redb::{RedbStore, Resealed};
use loket::store::{StateFolder, StoreError};
use loket::vault::{Keyring, MasterKey, OsRandom, Random, Secret, TokenNonce};
use redb::{ReadableDatabase, ReadableTable, TableDefinition};

use crate::archive_fixture::{day, dossier};
use crate::store_fixture::{Dying, at, key, keyring, office, step, tag};

const FOLDER: &str = "LOKET_KEYS_FOLDER";
const DIES_AT: &str = "LOKET_KEYS_DIES_AT";
/// More than one transaction renews, so that a change is cut between and within them.
const CASES: u32 = 150;
const FILED: [(u32, i32); 4] = [(201, 2025), (202, 2025), (203, 2026), (204, 2026)];

fn old() -> MasterKey {
    MasterKey::parse(&[7u8; 32]).unwrap()
}

fn new() -> MasterKey {
    MasterKey::parse(&[8u8; 32]).unwrap()
}

fn both() -> Keyring {
    Keyring::following(&new(), Some(&old()))
}

fn open_with(state: &Path, keyring: Keyring, random: Arc<dyn Random>) -> Result<(RedbStore, RedbArchive), StoreError> {
    let store = RedbStore::open(Arc::new(StateFolder::take(state)?), keyring, random.clone())?;
    let archive = RedbArchive::open(state.join("archive"), store.keyring(), random, Some(&store))?;
    Ok((store, archive))
}

fn open(state: &Path, keyring: Keyring) -> Result<(RedbStore, RedbArchive), StoreError> {
    open_with(state, keyring, Arc::new(OsRandom))
}

fn password(serial: u32) -> Secret<String> {
    Secret::new(format!("Abcd-{serial:04}-Efgh"))
}

/// Cases with a secret each, documents, and dossiers in two archive files.
async fn lived_in(state: &Path) -> RedbStore {
    let (store, archive) = open(state, keyring()).unwrap();
    let batches = (1..=CASES).map(|serial| {
        let mut batch = step(serial, 0);
        let sealed = keyring().passwords.seal(&OsRandom, &key(serial).number.to_string(), "1", &password(serial));
        batch.secrets = vec![SecretChange::Put { id: "1".to_owned(), sealed, expires: at(900) }];
        batch.tags = vec![tag("account", &format!("AKUN{serial}"), true)];
        batch.documents = vec![document(serial)];
        batch
    });
    let outcomes = store.commit(batches.collect()).await.unwrap();
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Committed { .. })));
    for (serial, year) in FILED {
        archive.keep(dossier(serial, day(year, 11, 9))).await.unwrap();
    }
    store
}

fn document(serial: u32) -> DocumentWrite {
    DocumentWrite {
        office: office(),
        family: "admin".to_owned(),
        id: format!("admin-{serial}"),
        expected_version: None,
        bytes: Some(format!("seed of {serial}").into_bytes()),
    }
}

/// Everything that was put in opens with this keyring.
async fn all_opens(store: &RedbStore, archive: &RedbArchive) {
    for serial in 1..=CASES {
        let number = key(serial).number.to_string();
        assert_eq!(store.load(&key(serial)).await.unwrap().unwrap().snapshot, step(serial, 0).snapshot);
        let sealed = store.secret(&key(serial), "1").await.unwrap().unwrap().sealed;
        assert!(store.keyring().passwords.open(&number, "1", &sealed).unwrap().expose() == password(serial).expose());
        let found = store.find(&office(), "account", &format!("AKUN{serial}")).await.unwrap();
        assert_eq!(found, [key(serial)], "the index is as it was");
    }
    let documents = store.documents(&office(), "admin").await.unwrap();
    assert_eq!(documents.len(), CASES as usize);
    assert!(documents.iter().flatten().any(|document| document.bytes == b"seed of 17"));
    for (serial, _) in FILED {
        assert!(archive.item(&key(serial).number, "surat-masuk.eml").await.unwrap().is_some());
    }
    assert_eq!(store.verify().await.unwrap(), Vec::<Damage>::new());
    assert_eq!(archive.verify().await.unwrap(), Vec::<Damage>::new());
}

/// Every value of a state folder that is sealed under the master key, as it stands in the files.
fn sealed_values(state: &Path) -> Vec<Vec<u8>> {
    const WRAPPED: TableDefinition<(&str, &str), &[u8]> = TableDefinition::new("keys");
    const SECRETS: TableDefinition<(&str, &str, &str), &[u8]> = TableDefinition::new("secrets");
    const DOCUMENTS: TableDefinition<(&str, &str, &str), &[u8]> = TableDefinition::new("documents");
    const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
    const FILED: TableDefinition<u64, &[u8]> = TableDefinition::new("keys");
    let mut values = Vec::new();
    let live = redb::Database::open(state.join("live/loket.redb")).unwrap();
    let reading = live.begin_read().unwrap();
    values.push(reading.open_table(META).unwrap().get("lasting").unwrap().unwrap().value().to_vec());
    values.extend(reading.open_table(WRAPPED).unwrap().iter().unwrap().map(|e| e.unwrap().1.value().to_vec()));
    for table in [SECRETS, DOCUMENTS] {
        values.extend(reading.open_table(table).unwrap().iter().unwrap().map(|e| e.unwrap().1.value().to_vec()));
    }
    for year in [2025, 2026] {
        let file = redb::Database::open(state.join(format!("archive/archive-{year}.redb"))).unwrap();
        let reading = file.begin_read().unwrap();
        values.extend(reading.open_table(FILED).unwrap().iter().unwrap().map(|e| e.unwrap().1.value().to_vec()));
    }
    values
}

/// How many of these values still stand anywhere in the files, also on pages that were freed. The last 40 bytes of a value
/// are ciphertext and tag, or a checksum over them.
fn still_standing(state: &Path, values: &[Vec<u8>]) -> usize {
    let files = ["live/loket.redb", "archive/archive-2025.redb", "archive/archive-2026.redb"];
    let bytes: Vec<Vec<u8>> = files.iter().map(|file| std::fs::read(state.join(file)).unwrap()).collect();
    let windows: std::collections::HashSet<&[u8]> = bytes.iter().flat_map(|bytes| bytes.windows(40)).collect();
    values.iter().filter(|value| windows.contains(&value[value.len() - 40..])).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn t48_the_master_key_changes_while_work_goes_on_and_afterwards_the_old_one_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path();
    let store = lived_in(state).await;
    let before = store.keyring();
    drop(store);
    let values = sealed_values(state);
    assert_eq!(values.len(), 1 + 3 * CASES as usize + FILED.len());
    assert_eq!(still_standing(state, &values), values.len(), "the search finds what is there");

    let (store, archive) = open(state, both()).unwrap();
    all_opens(&store, &archive).await;
    assert!(store.is_resealing().unwrap());
    let work = async {
        let mut committed = 0;
        for serial in 301..=330 {
            committed += store.commit(vec![step(serial, 0)]).await.unwrap().len();
        }
        committed
    };
    let (renewed, committed) = tokio::join!(store.reseal(), work);
    let mut renewed = renewed.unwrap();
    renewed.add(archive.reseal().await.unwrap());
    store.finish_resealing().await.unwrap();
    let once_more = store.reseal().await.unwrap();
    drop((store, archive));

    assert_eq!((renewed.renewed, renewed.unopened), (values.len() as u64, 0));
    assert_eq!(once_more, Resealed { renewed: 0, stood: 1 + 3 * u64::from(CASES) + 30, unopened: 0 });
    assert_eq!(committed, 30);
    let refused = open(state, Keyring::new(&old())).err().unwrap().to_string();
    assert!(refused.contains("another master key"), "{refused}");
    let (store, archive) = open(state, Keyring::new(&new())).unwrap();
    all_opens(&store, &archive).await;
    assert!(!store.is_resealing().unwrap());
    let after = store.keyring();
    drop((store, archive));
    assert_eq!(still_standing(state, &values), 0, "not on freed pages either");
    let nonce = TokenNonce::generate(&OsRandom);
    assert!(after.links.token(1, &nonce, "x").hashed() == before.links.token(1, &nonce, "x").hashed());
    assert_eq!(after.evidence.public(), before.evidence.public(), "heads signed before still verify");
    assert_eq!(after.messages.mark("s", "l"), before.messages.mark("s", "l"), "bounces are still known");
    assert_ne!(Keyring::new(&old()).evidence.public(), after.evidence.public(), "no master key gives it away");
}

/// The keys were renewed and their file not yet written anew: nothing was left to renew at the next start, and the old seals
/// stood on freed pages for good.
#[tokio::test(flavor = "multi_thread")]
async fn t48_an_archive_that_was_not_yet_written_anew_is_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path();
    drop(lived_in(state).await);
    let values = sealed_values(state);
    let in_the_way = ["2025", "2026"].map(|year| state.join(format!("archive/archive-{year}.redb.new")));
    let (store, archive) = open(state, both()).unwrap();
    store.reseal().await.unwrap();
    for folder in &in_the_way {
        std::fs::create_dir(folder).unwrap();
    }
    let cut = archive.reseal().await;
    assert!(cut.is_err(), "a file could not be begun");
    for folder in &in_the_way {
        std::fs::remove_dir(folder).unwrap();
    }
    drop((store, archive));

    let (store, archive) = open(state, both()).unwrap();
    store.reseal().await.unwrap();
    archive.reseal().await.unwrap();
    store.finish_resealing().await.unwrap();
    drop((store, archive));
    let (store, archive) = open(state, Keyring::new(&new())).unwrap();
    all_opens(&store, &archive).await;
    drop((store, archive));

    assert_eq!(still_standing(state, &values), 0);
}

#[test]
fn t48_a_change_of_the_master_key_killed_at_any_step_goes_on_at_the_next_start() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if let (Some(state), Ok(dies_at)) = (std::env::var_os(FOLDER), std::env::var(DIES_AT)) {
        let dying = Arc::new(Dying::at(dies_at.parse().unwrap()));
        runtime.block_on(async {
            let (store, archive) = open_with(state.as_ref(), both(), dying).unwrap();
            store.reseal().await.unwrap();
            archive.reseal().await.unwrap();
            store.finish_resealing().await.unwrap();
        });
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    drop(runtime.block_on(lived_in(folder.path())));
    let mut kills = 0;
    // Each seal of a round that is cut is done again in the next: it comes a step further, at most two transactions.
    for dies_at in [1, 2, 30, 64, 65, 66, 90, 64, 65, 128, 64, 65, 66, 2, 1, 3, 3, 3, 4, 1000] {
        let died = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "keys_change::t48_a_change_of_the_master_key_killed_at_any_step_goes_on_at_the_next_start",
            ])
            .env(FOLDER, folder.path())
            .env(DIES_AT, dies_at.to_string())
            .output()
            .unwrap();
        let killed = died.status.signal() == Some(9);
        assert!(killed || died.status.success(), "{}", String::from_utf8_lossy(&died.stderr));
        if !killed {
            break;
        }
        kills += 1;
        for (one, what) in [(old(), "old"), (new(), "new")] {
            let refused = open(folder.path(), Keyring::new(&one)).err().map(|error| error.to_string());
            assert!(refused.is_some_and(|why| why.contains("previous_key")), "the {what} key alone, kill {kills}");
        }
        let (store, archive) = open(folder.path(), both()).unwrap();
        runtime.block_on(all_opens(&store, &archive));
    }

    assert!(kills >= 12, "the change was over after {kills} kills");
    assert!(open(folder.path(), Keyring::new(&old())).is_err());
    let (store, archive) = open(folder.path(), Keyring::new(&new())).expect("the change is carried through");
    runtime.block_on(all_opens(&store, &archive));
}

/// A damaged dossier must not keep the others under the old key.
#[tokio::test]
async fn what_opens_under_no_key_is_counted_and_the_rest_is_renewed() {
    let folder = tempfile::tempdir().unwrap();
    drop(lived_in(folder.path()).await);
    const WRAPPED: TableDefinition<(&str, &str), &[u8]> = TableDefinition::new("keys");
    {
        let live = redb::Database::open(folder.path().join("live/loket.redb")).unwrap();
        let writing = live.begin_write().unwrap();
        writing.open_table(WRAPPED).unwrap().insert(("bpbj", "LPSE-2026-000000003"), [1u8; 73].as_slice()).unwrap();
        writing.commit().unwrap();
    }

    let (store, _archive) = open(folder.path(), both()).unwrap();
    let done = store.reseal().await.unwrap();

    assert_eq!((done.unopened, done.renewed), (1, 3 * u64::from(CASES)));
    assert!(store.load(&key(4)).await.unwrap().is_some());
    assert_eq!(store.verify().await.unwrap().len(), 1);
}
