//! Every schema that was ever released opens with this program, as it lay on a disk (THREATS 48). The files of
//! `fixtures/state-schema-N.tar.gz` were written by the program of that time under the master key of 32 times 7: one open
//! case with its mail, one dossier in the archive, accounts, people, a signed head. Who writes them: [`crate::store_schema_walk`].

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loket::accounts::directory::{Directory, DirectoryError};
use loket::engine::archive::Archive;
use loket::engine::store::{CaseKey, Damage, Store};
use loket::sop::names::{CaseNumber, OfficeId};
use loket::store::StateFolder;
use loket::store::redb::RedbStore;
use loket::vault::{Keyring, MasterKey, OsRandom};
use redb::{ReadableDatabase, TableDefinition};

use crate::store_backup::restore_with;
use crate::store_fixture::{Dying, keyring, office, open, try_open};

const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
pub const RELEASED: [u64; 2] = [1, 2];
const FOLDER: &str = "LOKET_SCHEMA_FOLDER";
/// The public key of signed heads, beside what a program of schema 2 or later left.
pub const PUBLIC_KEY: &str = "public-key";
/// Of the head that the program of schema 1 signed.
const SIGNED_BY: &str = "sF62fJvrhdSEImbVwn1zP7IENyyenKBxEfLPjoKVlt0=";

pub fn lay_out(schema: u64, state: &Path) {
    let file = format!("{}/tests/fixtures/state-schema-{schema}.tar.gz", env!("CARGO_MANIFEST_DIR"));
    std::fs::create_dir_all(state).unwrap();
    let laid = Command::new("tar").arg("-xzf").arg(file).arg("-C").arg(state).status().unwrap();
    assert!(laid.success());
}

pub fn schema(state: &Path) -> u64 {
    let database = redb::Database::open(state.join("live/loket.redb")).unwrap();
    let reading = database.begin_read().unwrap();
    let value = reading.open_table(META).unwrap().get("schema").unwrap().unwrap().value().to_vec();
    u64::from_be_bytes(value.try_into().unwrap())
}

/// The schema that this program writes.
pub fn present() -> u64 {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    schema(folder.path())
}

/// Whose office a fixture is of, and how many people decide there. Schema 1 was written before there was an office of samples.
fn whose(schema: u64) -> (OfficeId, usize) {
    match schema {
        1 => (office(), 1),
        _ => (OfficeId("lembayung-raya".to_owned()), 2),
    }
}

/// Whether everything of the fixture is there.
async fn whole(released: u64, state: &Path) {
    let (office, people) = whose(released);
    let signed_by = std::fs::read_to_string(state.join(PUBLIC_KEY)).unwrap_or_else(|_| SIGNED_BY.to_owned());
    let store = open(state);
    let archive = crate::archive_fixture::open(&state.join("archive"), Some(&store));
    let case = CaseKey { office: office.clone(), number: CaseNumber::new("LPSE", 2026, 2) };
    assert!(store.load(&case).await.unwrap().is_some());
    assert!(!store.events(&case).await.unwrap().is_empty());
    assert_eq!(store.documents(&office, "admin").await.unwrap().len(), people);
    assert!(archive.show(&CaseNumber::new("LPSE", 2026, 1)).await.unwrap().is_some());
    assert_eq!(store.verify().await.unwrap(), Vec::<Damage>::new());
    assert_eq!(archive.verify().await.unwrap(), Vec::<Damage>::new());
    assert_eq!(STANDARD.encode(store.keyring().evidence.public()), signed_by, "what it signed still verifies");
    assert_eq!(store.epoch().await.unwrap(), 1, "its links are good as they were");
}

#[tokio::test]
async fn t48_every_released_schema_is_brought_up_and_everything_in_it_opens() {
    for released in RELEASED {
        let folder = tempfile::tempdir().unwrap();
        lay_out(released, folder.path());
        assert_eq!(schema(folder.path()), released);

        whole(released, folder.path()).await;

        assert_eq!(schema(folder.path()), present(), "from schema {released}");
        whole(released, folder.path()).await;
    }
}

/// Schema 2 came, and the newest file that was kept was of schema 1.
#[test]
fn t48_the_schema_that_this_program_writes_is_among_those_kept() {
    assert_eq!(RELEASED.last(), Some(&present()), "how a file of it is written stands in store_schema_walk.rs");
}

/// The step and the number it leads to are one transaction. What a power failure lets through of one is `store_torn`'s
/// business.
#[test]
fn t48_a_schema_upgrade_that_is_killed_in_its_middle_is_done_again_at_the_next_start() {
    if let Some(state) = std::env::var_os(FOLDER) {
        let taken = Arc::new(StateFolder::take(state.as_ref()).unwrap());
        RedbStore::open(taken, keyring(), Arc::new(Dying::at(1))).expect("it never comes so far");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    lay_out(1, folder.path());

    let test = "store_schema::t48_a_schema_upgrade_that_is_killed_in_its_middle_is_done_again_at_the_next_start";
    let mut again = Command::new(std::env::current_exe().unwrap());
    let died = again.args(["--exact", test]).env(FOLDER, folder.path()).output().unwrap();

    assert_eq!(died.status.signal(), Some(9), "{}", String::from_utf8_lossy(&died.stderr));
    assert_eq!(schema(folder.path()), 1, "it has not happened");
    tokio::runtime::Runtime::new().unwrap().block_on(whole(1, folder.path()));
}

#[tokio::test]
async fn t48_a_change_of_the_master_key_may_begin_on_an_older_schema() {
    let folder = tempfile::tempdir().unwrap();
    lay_out(1, folder.path());
    let key = |byte| MasterKey::parse(&[byte; 32]).unwrap();
    let taken = Arc::new(StateFolder::take(folder.path()).unwrap());

    let store = RedbStore::open(taken, Keyring::following(&key(8), Some(&key(7))), Arc::new(OsRandom)).unwrap();

    assert_eq!(STANDARD.encode(store.keyring().evidence.public()), SIGNED_BY);
    assert_eq!(store.keyring().index.blind(&["seen", "x"]), keyring().index.blind(&["seen", "x"]), "known mails");
}

#[test]
fn t48_a_newer_file_is_refused_in_one_sentence_that_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    lay_out(1, folder.path());
    {
        let database = redb::Database::open(folder.path().join("live/loket.redb")).unwrap();
        let writing = database.begin_write().unwrap();
        writing.open_table(META).unwrap().insert("schema", 99u64.to_be_bytes().as_slice()).unwrap();
        writing.commit().unwrap();
    }

    let refused = try_open(folder.path()).err().unwrap().to_string();

    assert!(refused.contains("newer Loket (schema 99") && refused.contains("Run the newer program"), "{refused}");
    assert_eq!(schema(folder.path()), 99, "and left as it is");
}

/// Writes a number into a table of a file, as a later program would.
fn number<V: redb::Value + 'static>(
    file: &Path,
    table: TableDefinition<&'static str, V>,
    name: &str,
    value: V::SelfType<'_>,
) {
    let database = redb::Database::open(file).unwrap();
    let writing = database.begin_write().unwrap();
    writing.open_table(table).unwrap().insert(name, value).unwrap();
    writing.commit().unwrap();
}

#[tokio::test]
async fn t48_a_newer_archive_file_is_neither_read_nor_added_to() {
    let folder = tempfile::tempdir().unwrap();
    lay_out(1, folder.path());
    let file = folder.path().join("archive/archive-2026.redb");
    number(&file, TableDefinition::<&str, &[u8]>::new("about"), "schema", 99u64.to_be_bytes().as_slice());
    let before = std::fs::read(&file).unwrap();
    let archive = crate::archive_fixture::open(&folder.path().join("archive"), None);

    let read = archive.show(&CaseNumber::new("LPSE", 2026, 1)).await.err().unwrap().message;
    let day = crate::archive_fixture::day(2026, 12, 1);
    let added = archive.keep(crate::archive_fixture::dossier(9, day)).await.err().unwrap().message;

    for refused in [read, added] {
        assert!(refused.contains("newer Loket (schema 99)"), "{refused}");
    }
    assert!(std::fs::read(&file).unwrap() == before, "and left as it is");
}

#[tokio::test]
async fn t48_a_newer_backup_is_not_brought_back() {
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("cadangan.redb");
    open(&folder.path().join("lama")).backup(&backup).await.unwrap();
    number(&backup, META, "schema", 99u64.to_be_bytes().as_slice());

    let refused = restore_with(&folder.path().join("baru"), &keyring(), &backup, true).unwrap_err().to_string();

    assert!(refused.contains("newer Loket"), "{refused}");
    assert!(!folder.path().join("baru/live/loket.redb").exists());
}

#[tokio::test]
async fn t48_the_accounts_of_a_released_schema_open_and_newer_ones_do_not() {
    let folder = tempfile::tempdir().unwrap();
    lay_out(1, folder.path());
    let file = folder.path().join("accounts.redb");

    assert_eq!(Directory::open(&file, Arc::new(OsRandom)).unwrap().list().len(), 1);

    number(&file, TableDefinition::<&str, u64>::new("format"), "version", 99);
    let refused = Directory::open(&file, Arc::new(OsRandom)).err().unwrap();
    assert!(matches!(refused, DirectoryError::Newer { version: 99, .. }), "{refused}");
}
