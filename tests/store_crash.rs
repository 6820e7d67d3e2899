//! What was acknowledged survives kill -9; what was not leaves no half state. The test starts itself as a second
//! process that commits as fast as it can, and kills it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use loket::engine::store::{Damage, Outcome, Store};

use crate::archive_fixture::noise;
use crate::store_fixture::{key, open, row, step, tag, try_open};

const FOLDER: &str = "LOKET_CRASH_FOLDER";

/// Opens three cases a round, each with a content, a seen key, a row and a tag, and prints what was acknowledged.
async fn commit_until_killed(folder: &std::path::Path) {
    let store = open(folder);
    let mut serial = store.last_number(&crate::store_fixture::office(), "LPSE", 2026).await.unwrap();
    loop {
        let serials = [serial + 1, serial + 2, serial + 3];
        let contents = serials.map(|serial| (key(serial), noise(u64::from(serial), 3_000)));
        let hashes = store.put_contents(contents.to_vec()).await.unwrap();
        let batches = serials.iter().zip(hashes).map(|(serial, hash)| {
            let mut batch = step(*serial, 0);
            batch.contents = vec![hash];
            batch.seen = vec![format!("seen {serial}")];
            batch.outbox = vec![row("ack", 0)];
            batch.tags = vec![tag("open", "", true)];
            batch
        });
        let outcomes = store.commit(batches.collect()).await.unwrap();
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Committed { version: 1 })));
        serial += 3;
        let mut out = std::io::stdout().lock();
        writeln!(out, "acknowledged {serial}").and_then(|()| out.flush()).expect("the parent listens");
    }
}

#[test]
fn what_was_acknowledged_survives_kill_9_and_the_rest_is_whole_or_absent() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if let Some(folder) = std::env::var_os(FOLDER) {
        runtime.block_on(commit_until_killed(folder.as_ref()));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    for rounds in [1, 3, 7, 20, 11] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "store_crash::what_was_acknowledged_survives_kill_9_and_the_rest_is_whole_or_absent",
                "--nocapture",
            ])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let told =
            lines.map_while(Result::ok).filter_map(|line| line.split_once("acknowledged ").map(|(_, n)| n.to_owned()));
        for serial in told.take(rounds) {
            acknowledged = serial.parse().unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();

        runtime.block_on(async {
            let store = open(folder.path());
            let last = store.last_number(&crate::store_fixture::office(), "LPSE", 2026).await.unwrap();
            assert!(last >= acknowledged, "{last} < {acknowledged}");
            assert_eq!(last % 3, 0, "a transaction was cut in half");
            for serial in 1..=last {
                assert_eq!(store.load(&key(serial)).await.unwrap().unwrap().version, 1);
                let mail = noise(u64::from(serial), 3_000);
                let kept = store.content(&key(serial), &loket::vault::sha256_hex(&mail)).await.unwrap();
                assert!(kept.as_ref() == Some(&mail));
                assert_eq!(store.rows_of(&key(serial)).await.unwrap().len(), 1);
            }
            assert!(store.load(&key(last + 1)).await.unwrap().is_none());
            assert_eq!(store.verify().await.unwrap(), Vec::<Damage>::new());
        });
    }
    assert!(acknowledged > 0);
}

#[test]
fn a_store_of_another_master_key_or_a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));

    let foreign = loket::vault::Keyring::new(&loket::vault::MasterKey::parse(&[8u8; 32]).unwrap());
    let taken = std::sync::Arc::new(loket::store::StateFolder::take(folder.path()).unwrap());
    let other = loket::store::redb::RedbStore::open(taken, foreign, std::sync::Arc::new(loket::vault::OsRandom));
    let other = other.err().unwrap().to_string();
    const META: redb::TableDefinition<&str, &[u8]> = redb::TableDefinition::new("meta");
    {
        let database = redb::Database::open(folder.path().join("live/loket.redb")).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction.open_table(META).unwrap().insert("schema", 99u64.to_be_bytes().as_slice()).unwrap();
        transaction.commit().unwrap();
    }
    let newer = try_open(folder.path()).err().unwrap().to_string();

    assert!(other.contains("another master key"), "{other}");
    assert!(newer.contains("newer Loket"), "{newer}");
}

#[test]
fn the_second_process_on_a_state_folder_is_told_which_one_holds_it() {
    let folder = tempfile::tempdir().unwrap();
    let _store = open(folder.path());

    let second = try_open(folder.path()).err().unwrap().to_string();

    assert!(second.contains(&format!("process {}", std::process::id())), "{second}");
}

/// A daemon was killed while it started a reading worker. The child held the lock until it became the worker, and the next
/// daemon, started at once, was refused by a process that was gone.
#[test]
fn t40_a_lock_that_a_killed_daemon_left_to_its_child_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let mut gone = Command::new("/bin/true").spawn().unwrap();
    gone.wait().unwrap();
    let mut lock = std::fs::File::options().write(true).truncate(true).open(folder.path().join("lock")).unwrap();
    writeln!(lock, "{}", gone.id()).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive).unwrap();

    let (tell, told) = std::sync::mpsc::channel();
    let place = folder.path().to_owned();
    std::thread::spawn(move || tell.send(loket::store::StateFolder::take(&place).map(drop)));
    let early = told.recv_timeout(std::time::Duration::from_millis(100));
    drop(lock);
    let taken = told.recv_timeout(crate::kit::wait::DEADLINE).expect("it does not wait for ever");

    assert!(early.is_err(), "it waits while the child has the lock");
    assert!(taken.is_ok(), "{:?}", taken.err().map(|error| error.to_string()));
}
