//! Storage that loses, tears or refuses what was not yet flushed: at every flush of a run, and again while the next start
//! recovers from it. What was acknowledged stands; what was not is whole or absent; nothing is done once a flush has failed.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use loket::accounts::directory::PasswordState;
use loket::demo::samples::people::RINA;
use loket::engine::port::FaultKind;
use loket::engine::store::{Batch, Damage, DocumentWrite, LeaseRequest, Outcome, Settled, Settlement, Store};
use loket::sop::names::UserId;
use loket::store::StateFolder;
use loket::store::redb::{RedbStore, SPACE_TO_BEGIN};
use loket::vault::OsRandom;
use loket::web::answer::DecisionAnswer;
use loket::web::view::Choice;
use redb::{Database, StorageBackend};

use crate::archive_fixture::noise;
use crate::desk_walk::{decide, form, review};
use crate::kit::site::Plan;
use crate::kit::{Site, SmallDisk};
use crate::store_fixture::{at, key, keyring, office, row, step, tag, try_open};

/// Disks write sectors whole.
const SECTOR: usize = 512;
const ROUNDS: u32 = 6;

enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

/// What lies on the platter, and what is still in the cache.
#[derive(Default)]
pub struct Disk {
    platter: Vec<u8>,
    cache: Vec<Change>,
    /// As the program sees it.
    seen: Vec<u8>,
    pub flushes: usize,
    /// The flush that fails, and everything after it.
    pub fails_at: Option<usize>,
    broken: bool,
}

#[derive(Clone)]
pub struct Storage(Arc<Mutex<Disk>>);

impl std::fmt::Debug for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Storage")
    }
}

impl Storage {
    pub fn holding(platter: Vec<u8>, fails_at: Option<usize>) -> Self {
        Self(Arc::new(Mutex::new(Disk { seen: platter.clone(), platter, fails_at, ..Disk::default() })))
    }

    pub fn disk(&self) -> std::sync::MutexGuard<'_, Disk> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// What a power failure leaves: of everything in the cache, each sector written or not, in any order.
    fn after_the_cut(&self, seed: u64) -> Vec<u8> {
        let disk = self.disk();
        let mut left = disk.platter.clone();
        let sectors: usize = disk.cache.iter().map(sectors).sum();
        let mut lots = noise(seed, sectors.max(1)).into_iter();
        let mut kept = || lots.next().is_some_and(|lot| lot % 2 == 0);
        for change in &disk.cache {
            match change {
                Change::Length(length) => {
                    if kept() {
                        left.resize(*length, 0);
                    }
                }
                Change::Write(place, bytes) => {
                    for (index, sector) in bytes.chunks(SECTOR).enumerate() {
                        let start = place + index * SECTOR;
                        if kept() {
                            left.resize(left.len().max(start + sector.len()), 0);
                            left[start..start + sector.len()].copy_from_slice(sector);
                        }
                    }
                }
            }
        }
        left
    }
}

fn sectors(change: &Change) -> usize {
    match change {
        Change::Write(_, bytes) => bytes.len().div_ceil(SECTOR),
        Change::Length(_) => 1,
    }
}

impl Disk {
    fn answers(&self) -> Result<(), io::Error> {
        if self.broken { Err(io::Error::from_raw_os_error(5)) } else { Ok(()) }
    }
}

impl StorageBackend for Storage {
    fn len(&self) -> Result<u64, io::Error> {
        let disk = self.disk();
        disk.answers().map(|()| disk.seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        let disk = self.disk();
        disk.answers()?;
        let start = offset as usize;
        let found = disk.seen.get(start..start + out.len());
        out.copy_from_slice(found.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        let mut disk = self.disk();
        disk.answers()?;
        disk.seen.resize(len as usize, 0);
        disk.cache.push(Change::Length(len as usize));
        Ok(())
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        let mut disk = self.disk();
        disk.answers()?;
        disk.flushes += 1;
        if disk.fails_at == Some(disk.flushes) {
            disk.broken = true;
            return disk.answers();
        }
        disk.platter = disk.seen.clone();
        disk.cache.clear();
        Ok(())
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), io::Error> {
        let mut disk = self.disk();
        disk.answers()?;
        let start = offset as usize;
        disk.seen[start..start + bytes.len()].copy_from_slice(bytes);
        disk.cache.push(Change::Write(start, bytes.to_vec()));
        Ok(())
    }
}

fn start(state: &Path, storage: &Storage) -> Result<RedbStore, String> {
    let folder = Arc::new(StateFolder::take(state).map_err(|error| error.to_string())?);
    let storage = storage.clone();
    let database = std::panic::catch_unwind(|| Database::builder().create_with_backend(storage));
    let database = database.map_err(|_| "the database panicked")?.map_err(|error| error.to_string())?;
    RedbStore::on(database, folder, keyring(), Arc::new(OsRandom)).map_err(|error| error.to_string())
}

/// One round of everything a store is asked for; how many steps were acknowledged before it failed.
async fn work(store: &RedbStore) -> u32 {
    for serial in 1..=ROUNDS {
        let mut batch = step(serial, 0);
        batch.snapshot = noise(u64::from(serial), 6_000);
        batch.seen = vec![format!("seen {serial}")];
        batch.outbox = vec![row("ack", 0)];
        batch.tags = vec![tag("open", "", true)];
        batch.documents = vec![DocumentWrite {
            office: office(),
            family: "cursor".to_owned(),
            id: "inbox".to_owned(),
            expected_version: None,
            bytes: Some(serial.to_be_bytes().to_vec()),
        }];
        let done = Settlement { id: "ack".to_owned(), how: Settled::Done };
        let second = Batch { settle: vec![done], ..step(serial, 1) };
        match store.commit(vec![batch]).await {
            Ok(outcomes) => assert_eq!(outcomes, [Outcome::Committed { version: 1 }]),
            Err(_) => return (serial - 1) * 2,
        }
        match store.commit(vec![second]).await {
            Ok(outcomes) => assert_eq!(outcomes, [Outcome::Committed { version: 2 }]),
            Err(_) => return (serial - 1) * 2 + 1,
        }
    }
    ROUNDS * 2
}

/// Everything acknowledged is there, the step in hand whole or absent, nothing else.
async fn stands(store: &RedbStore, acknowledged: u32, told: &str) {
    assert_eq!(store.verify().await.unwrap(), Vec::<Damage>::new(), "{told}");
    let mut steps = 0;
    for serial in 1..=ROUNDS {
        let version = store.load(&key(serial)).await.unwrap().map_or(0, |case| case.version as u32);
        assert_eq!(store.events(&key(serial)).await.unwrap().len(), version as usize, "{told}");
        assert_eq!(store.rows_of(&key(serial)).await.unwrap().len(), usize::from(version == 1), "{told}");
        let seen = store.seen(&office(), &[format!("seen {serial}")]).await.unwrap();
        assert_eq!(seen.len(), usize::from(version > 0), "{told}");
        assert!(version == 2 || steps == (serial - 1) * 2 || version == 0, "{told}: a step was skipped");
        steps += version;
    }
    assert!(steps == acknowledged || steps == acknowledged + 1, "{told}: {steps} steps, {acknowledged} acknowledged");
}

#[tokio::test]
async fn t40_a_power_cut_at_any_flush_and_again_while_recovering_leaves_every_step_whole() {
    let whole = Storage::holding(Vec::new(), None);
    let folder = tempfile::tempdir().unwrap();
    let store = start(folder.path(), &whole).unwrap();
    let opened = whole.disk().flushes;
    assert_eq!(work(&store).await, ROUNDS * 2);
    let flushes = whole.disk().flushes;
    drop(store);
    let (mut cuts, mut again) = (0, 0);

    for flush in opened + 1..=flushes {
        for seed in 0..3 {
            let told = format!("cut at flush {flush} of {flushes}, seed {seed}");
            let folder = tempfile::tempdir().unwrap();
            let storage = Storage::holding(Vec::new(), Some(flush));
            let store = start(folder.path(), &storage).unwrap();
            let acknowledged = work(&store).await;
            drop(store);
            let left = storage.after_the_cut(seed);
            cuts += 1;
            let mut image = left.clone();
            for second in 1.. {
                let storage = Storage::holding(left.clone(), Some(second));
                match start(folder.path(), &storage) {
                    Ok(store) => drop(store),
                    Err(_) => again += 1,
                }
                if !storage.disk().broken {
                    break;
                }
                image = storage.after_the_cut(seed + 100);
            }

            let recovered = start(folder.path(), &Storage::holding(image, None)).expect(&told);

            stands(&recovered, acknowledged, &told).await;
        }
    }
    println!("{cuts} cuts at {} flushes, {again} more while recovering", flushes - opened);
    assert!(cuts > 30 && again > 0, "{cuts} cuts, {again} while recovering");
}

#[tokio::test]
async fn t41_once_a_flush_has_failed_nothing_is_taken_in_or_handed_out() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::holding(Vec::new(), None);
    let store = start(folder.path(), &storage).unwrap();
    let mut first = step(1, 0);
    first.outbox = vec![row("reset", 0)];
    store.commit(vec![first]).await.unwrap();
    let failing = storage.disk().flushes + 1;
    storage.disk().fails_at = Some(failing);

    assert!(store.commit(vec![step(2, 0)]).await.is_err());
    storage.disk().broken = false;

    store.failed().await;
    assert!(store.commit(vec![step(3, 0)]).await.is_err(), "the disk answers again, but what it holds is not known");
    let due = LeaseRequest { kinds: Vec::new(), now: at(60), until: at(600), limit: 9, in_hand: Vec::new() };
    assert!(store.lease_due(due).await.is_err(), "no row is handed out, so no driver is called");
    assert!(store.put_contents(vec![(key(4), noise(1, 100))]).await.is_err(), "no mail is taken in");
    drop(store);
    let again = start(folder.path(), &Storage::holding(storage.after_the_cut(1), None)).expect("a clean start");
    assert_eq!(again.verify().await.unwrap(), Vec::<Damage>::new());
    assert_eq!(again.load(&key(1)).await.unwrap().map(|case| case.version), Some(1));
    assert!(again.load(&key(3)).await.unwrap().is_none());
}

/// The step that says "begun" is flushed before the account system is asked.
#[tokio::test(flavor = "multi_thread")]
async fn t41_when_the_flush_before_a_reset_fails_the_account_system_is_never_called() {
    for fails in [false, true] {
        let storage = Storage::holding(Vec::new(), None);
        let database = Database::builder().create_with_backend(storage.clone()).unwrap();
        let site = Site::planned(Plan { database: Some(database), ..Plan::default() }).await;
        let number = site.deliver("complete").await;
        let (admin, _) = site.admins_of(&number).await;
        let view = review(&site, &admin, &number).await;
        let answer = decide(&site.desk, &admin, &number, form(&view, Choice::Approve)).await;
        assert!(matches!(answer, DecisionAnswer::Done), "the approval is taken");
        let password = || site.directory.show(&UserId(RINA.user_id.to_owned())).unwrap().unwrap().password;
        assert!(matches!(password(), PasswordState::Unset));

        if !fails {
            site.settle().await;
            assert!(matches!(password(), PasswordState::Temporary { .. }), "the reset is due");
            continue;
        }
        let failing = storage.disk().flushes + 1;
        storage.disk().fails_at = Some(failing);
        assert!(site.engine.dispatch_due().await.is_err());
        storage.disk().broken = false;
        assert!(site.engine.dispatch_due().await.is_err(), "the disk answers again, but what it holds is not known");

        assert!(matches!(password(), PasswordState::Unset), "a reset that nothing is on record of");
    }
}

#[tokio::test]
async fn t41_on_a_full_disk_nothing_is_half_written_and_more_space_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    let disk = SmallDisk::over(folder.path(), "48m");
    let state = folder.path().join("state");
    let store = try_open(&state).unwrap();
    disk.fill_up_to(SPACE_TO_BEGIN + 3_000_000);
    let mut acknowledged = 0;

    let refused = loop {
        let serial = acknowledged + 1;
        if let Err(fault) = store.space_for(300_000) {
            break fault;
        }
        let contents = vec![(key(serial), noise(u64::from(serial), 300_000))];
        let hashes = match store.put_contents(contents).await {
            Ok(hashes) => hashes,
            Err(fault) => break fault,
        };
        let batch = Batch { contents: hashes, ..step(serial, 0) };
        match store.commit(vec![batch]).await {
            Ok(_) => acknowledged = serial,
            Err(fault) => break fault,
        }
        assert!(acknowledged < 50, "the disk is never full");
    };

    assert!(acknowledged > 0);
    assert!(refused.message.contains("full") && refused.kind == FaultKind::Transient, "it says why: {refused}");
    let next = acknowledged + 1;
    // A letter's enclosure and a decision by reply were refused as new mail is.
    let in_hand = store.put_contents(vec![(key(next), noise(u64::from(next), 300_000))]).await;
    let in_hand = Batch { contents: in_hand.expect("room is kept for it"), ..step(next, 0) };
    let written = store.commit(vec![in_hand]).await.unwrap();
    assert_eq!(written, [Outcome::Committed { version: 1 }], "what was begun can be written down");
    disk.fill_up_to(0);
    let opens = |serial| store.commit(vec![step(serial, 0)]);
    let unwritten = store.put_contents(vec![(key(next + 1), noise(99, 300_000))]).await.unwrap_err();
    assert_eq!(unwritten.kind, FaultKind::Transient, "{unwritten}");
    let full = opens(next + 1).await.unwrap_err();
    assert_eq!(full.kind, FaultKind::Transient, "{full}");
    assert!(store.load(&key(next + 1)).await.unwrap().is_none());
    disk.empty();
    assert_eq!(opens(next + 1).await.unwrap(), [Outcome::Committed { version: 1 }], "in the same store");
    drop(store);
    let store = try_open(&state).expect("a clean start");
    assert_eq!(store.verify().await.unwrap(), Vec::<Damage>::new());
    for serial in 1..=next {
        let mail = noise(u64::from(serial), 300_000);
        let kept = store.content(&key(serial), &loket::vault::sha256_hex(&mail)).await.unwrap();
        assert!(kept.as_ref() == Some(&mail), "mail {serial}");
    }
}

/// A write that failed for want of space closed the file: the office ended, was started again, sent what it could not write down
/// once more, and ended.
#[tokio::test]
async fn t41_whoever_asks_a_full_disk_for_space_is_told_why_and_has_it_once_there_is_some() {
    let folder = tempfile::tempdir().unwrap();
    let disk = SmallDisk::over(folder.path(), "48m");
    let store = try_open(&folder.path().join("state")).unwrap();
    assert!(store.space().is_ok());

    disk.fill_up_to(SPACE_TO_BEGIN + 1_000_000);
    let (begun, large) = (store.space(), store.space_for(2_000_000));
    disk.fill_up_to(SPACE_TO_BEGIN - 1);
    let none = store.space().unwrap_err();
    disk.empty();

    assert!(begun.is_ok() && large.is_err(), "something may be begun, and nothing large");
    assert!(none.message.contains("the disk is full (16 MB are free, 17 MB are needed)"), "{none}");
    assert!(store.space_for(2_000_000).is_ok());
}
