//! A flipped byte or a cut file is noticed and named, and what is whole is still served.

use std::collections::BTreeSet;
use std::path::Path;

use loket::engine::archive::{Archive, ArchiveDossier, Destruction, Kinship};
use loket::engine::port::FaultKind;
use loket::engine::store::{Damage, Store};
use loket::sop::names::CaseNumber;
use loket::store::archive::{RedbArchive, verify_file};

use redb::{ReadableTable, TableDefinition};

use crate::archive_fixture::{day, dossier, noise, open};
use crate::store_damage::flip;
use crate::store_fixture::{key, step};

const DOSSIERS: u32 = 4;

async fn filed(folder: &Path) -> Vec<ArchiveDossier> {
    let archive = open(folder, None);
    let given: Vec<_> = (1..=DOSSIERS).map(|serial| dossier(serial, day(2026, 11, 9))).collect();
    for dossier in &given {
        archive.keep(dossier.clone()).await.unwrap();
    }
    given
}

/// Changes a file behind the archive's back.
fn altered(file: &Path, change: impl FnOnce(&redb::WriteTransaction)) {
    let database = redb::Database::open(file).unwrap();
    let transaction = database.begin_write().unwrap();
    change(&transaction);
    transaction.commit().unwrap();
}

/// Sets what a file says of itself.
fn says(file: &Path, name: &str, bytes: &[u8]) {
    const ABOUT: TableDefinition<&str, Bytes> = TableDefinition::new("about");
    altered(file, |transaction| {
        transaction.open_table(ABOUT).unwrap().insert(name, bytes).unwrap();
    });
}

/// The dossiers that are served whole.
async fn served(archive: &RedbArchive, given: &[ArchiveDossier]) -> BTreeSet<u32> {
    let mut whole = BTreeSet::new();
    for dossier in given {
        let number = &dossier.key.number;
        let Ok(Some(shown)) = archive.show(number).await else { continue };
        let mut all = shown.metadata == dossier.metadata && shown.line.register == dossier.register;
        for item in &dossier.items {
            let bytes = archive.item(number, &item.name).await;
            // Either the very bytes or an error; never other bytes.
            if let Ok(Some(bytes)) = &bytes {
                assert!(*bytes == item.bytes, "{number} served altered bytes");
            }
            all &= bytes.is_ok_and(|bytes| bytes.is_some());
        }
        if all {
            whole.insert(number.serial());
        }
    }
    whole
}

/// The dossiers that are called sound when they are looked at one by one.
async fn sound(archive: &RedbArchive, given: &[ArchiveDossier]) -> BTreeSet<u32> {
    let mut sound = BTreeSet::new();
    for dossier in given {
        let number = &dossier.key.number;
        if let Ok(Some(examined)) = archive.examine(number).await
            && examined.flaws.is_empty()
        {
            sound.insert(number.serial());
        }
    }
    sound
}

/// The dossiers that `verify` calls damaged.
fn named(damage: &[Damage]) -> BTreeSet<u32> {
    let serial = |serial: &u32| damage.iter().any(|damage| damage.thing.contains(&format!("LPSE-2026-{serial:04}")));
    (1..=DOSSIERS).filter(serial).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_is_never_served_and_whatever_it_takes_away_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let given = filed(&folder.path().join("whole")).await;
    let bytes = std::fs::read(folder.path().join("whole/archive-2026.redb")).unwrap();
    let broken = folder.path().join("broken");
    let archive = open(&broken, None);
    let file = broken.join("archive-2026.redb");
    let mut single = 0;
    let all: BTreeSet<u32> = (1..=DOSSIERS).collect();
    assert_eq!(sound(&open(&folder.path().join("whole"), None), &given).await, all);
    let places = noise(42, 8 * 80);

    for place in places.as_chunks::<8>().0 {
        let place = (u64::from_le_bytes(*place) % bytes.len() as u64) as usize;
        let mut flipped = bytes.clone();
        flipped[place] ^= 0x10;
        std::fs::write(&file, &flipped).unwrap();

        let whole = served(&archive, &given).await;
        let damage = verify_file(&file).unwrap();
        let sound = sound(&archive, &given).await;

        assert!(sound.is_subset(&whole), "byte {place}: {sound:?} are called sound, and served are {whole:?}");
        assert!(std::fs::read(&file).unwrap() == flipped, "byte {place}: looking at the file changed it");
        let lost: BTreeSet<u32> = (1..=DOSSIERS).filter(|serial| !whole.contains(serial)).collect();
        if !lost.is_empty() {
            assert!(!damage.is_empty(), "byte {place}: dossiers {lost:?} are lost and nothing is said");
        }
        if !whole.is_empty() {
            assert!(lost.is_subset(&named(&damage)), "byte {place}: {lost:?} lost, but named is {damage:?}");
        }
        if named(&damage).len() == 1 && whole.len() == DOSSIERS as usize - 1 {
            single += 1;
        }
    }

    assert!(single > 20, "only {single} flips were pinned to one dossier");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_truncated_file_the_rest_is_served_and_the_loss_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let given = filed(&folder.path().join("whole")).await;
    let bytes = std::fs::read(folder.path().join("whole/archive-2026.redb")).unwrap();
    let broken = folder.path().join("broken");
    let archive = open(&broken, None);
    let file = broken.join("archive-2026.redb");
    let mut partly = 0;

    for cut in [0, 1, 100, 5_000, bytes.len() / 4, bytes.len() / 2, bytes.len() * 3 / 4, bytes.len() - 1] {
        std::fs::write(&file, &bytes[..cut]).unwrap();

        let damage = verify_file(&file).unwrap();
        let whole = served(&archive, &given).await;

        assert!(!damage.is_empty(), "cut at {cut}: nothing is said");
        let lost: BTreeSet<u32> = (1..=DOSSIERS).filter(|serial| !whole.contains(serial)).collect();
        if !whole.is_empty() {
            assert!(lost.is_subset(&named(&damage)), "cut at {cut}: {lost:?} lost, named is {damage:?}");
            partly += 1;
        }
    }

    assert!(partly > 0, "no cut left anything to be served");
}

#[tokio::test(flavor = "multi_thread")]
async fn t43_a_year_that_cannot_be_read_keeps_no_later_one_from_being_filed() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path(), None);
    archive.keep(dossier(1, day(2026, 11, 9))).await.unwrap();
    std::fs::write(folder.path().join("archive-2024.redb"), b"garbled").unwrap();

    let new = dossier(2, day(2026, 11, 9));
    let receipt = archive.keep(new.clone()).await.unwrap();

    assert_eq!(receipt.number, new.key.number);
    let unknown = CaseNumber::new("LPSE", 2024, 7);
    assert_eq!(
        archive.receipt(&unknown).await.unwrap_err().kind,
        FaultKind::Permanent,
        "it is not known to be missing"
    );
    assert!(archive.receipt(&CaseNumber::new("LPSE", 2026, 7)).await.unwrap().is_none());
}

type Bytes = &'static [u8];
type Flip = Box<dyn Fn(&Path)>;

/// In each table of an archive file the first entry's value or key.
fn flips() -> Vec<(&'static str, Flip)> {
    const ABOUT: TableDefinition<&str, Bytes> = TableDefinition::new("about");
    const DOSSIERS: TableDefinition<u64, Bytes> = TableDefinition::new("dossiers");
    const NUMBERS: TableDefinition<&str, u64> = TableDefinition::new("numbers");
    const KEYS: TableDefinition<u64, Bytes> = TableDefinition::new("keys");
    const DESTROYED: TableDefinition<u64, Bytes> = TableDefinition::new("destroyed");
    const PARTS: TableDefinition<(u64, u32, u32), Bytes> = TableDefinition::new("parts");
    let mut flips: Vec<(&'static str, Flip)> = Vec::new();
    macro_rules! flip {
        ($($table:ident: $key:expr, $($place:expr),+;)*) => {
            $($(flips.push((stringify!($table), Box::new(|file| flip(file, $table, $key, $place))));)+)*
        };
    }
    flip! {
        ABOUT: false, |_| 0;
        DOSSIERS: false, |_| 0, |length| length / 2, |length| length - 1;
        NUMBERS: false, |_| 0;
        KEYS: false, |_| 0, |length| length / 2, |length| length - 1;
        DESTROYED: false, |_| 0;
        PARTS: false, |_| 0, |length| length / 2, |length| length - 1;
        ABOUT: true, |_| 0;
        DOSSIERS: true, |_| 7;
        NUMBERS: true, |length| length - 1;
        KEYS: true, |_| 7;
        DESTROYED: true, |_| 7;
        PARTS: true, |_| 0;
    }
    flips
}

#[tokio::test(flavor = "multi_thread")]
async fn t43_a_byte_flipped_in_any_table_of_an_archive_is_named_and_the_other_dossiers_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let given = filed(&whole).await;
    let why = Destruction { at: day(2040, 1, 2), record: "BA.1".to_owned() };
    open(&whole, None).destroy(&given[3].key.number, &why).await.unwrap();
    let name = "archive-2026.redb";
    let flipped: BTreeSet<String> = flips().iter().map(|(table, _)| table.to_lowercase()).collect();
    assert_eq!(crate::store_damage::tables(&whole.join(name)), flipped, "a table is left out");

    for (round, (table, flip)) in flips().into_iter().enumerate() {
        let broken = folder.path().join(round.to_string());
        std::fs::create_dir(&broken).unwrap();
        std::fs::copy(whole.join(name), broken.join(name)).unwrap();
        flip(&broken.join(name));
        let archive = open(&broken, None);

        let damage = archive.verify().await.unwrap();
        let whole = served(&archive, &given).await;

        assert!(!damage.is_empty(), "flip {round} in {table}: nothing is said");
        let lost: BTreeSet<u32> = (1..DOSSIERS).filter(|serial| !whole.contains(serial)).collect();
        let most = usize::from(table != "NUMBERS");
        assert!(lost.len() <= most, "flip {round} in {table} takes away {lost:?}: {damage:?}");
        assert!(lost.is_subset(&named(&damage)), "flip {round} in {table}: {lost:?} lost, named is {damage:?}");
    }
}

/// What can be wrong with the end of a file, and the dossiers it takes away.
fn ends() -> Vec<(&'static str, Flip, &'static [u32])> {
    const DOSSIERS: TableDefinition<u64, Bytes> = TableDefinition::new("dossiers");
    let set = |name: &'static str, bytes: Vec<u8>| -> Flip { Box::new(move |file| says(file, name, &bytes)) };
    let last = |put: Option<u64>, flips: bool| -> Flip {
        Box::new(move |file| {
            altered(file, |transaction| {
                let mut table = transaction.open_table(DOSSIERS).unwrap();
                let (position, mut record) = {
                    let (position, record) = table.pop_last().unwrap().expect("there is one");
                    (position.value(), record.value().to_vec())
                };
                let middle = record.len() / 2;
                record[middle] ^= u8::from(flips);
                put.map(|by| table.insert(position + by, record.as_slice()).unwrap().is_none());
            });
        })
    };
    vec![
        ("counts fewer", set("count", 3_u64.to_be_bytes().to_vec()), &[]),
        ("counts more", set("count", 5_u64.to_be_bytes().to_vec()), &[]),
        ("counts nothing", set("count", b"none".to_vec()), &[]),
        ("ends elsewhere", set("head", vec![7; 32]), &[]),
        ("ends nowhere", set("head", Vec::new()), &[]),
        ("last record damaged", last(Some(0), true), &[4]),
        ("last record moved", last(Some(5), false), &[4]),
        ("last record gone", last(None, false), &[4]),
    ]
}

/// The next dossier was once written over the last one, and over its only key; then a damaged end kept all later ones out.
#[tokio::test]
async fn t43_a_file_with_a_damaged_end_takes_the_next_dossier_after_all_that_it_holds() {
    for (what, damages, lost) in ends() {
        let folder = tempfile::tempdir().unwrap();
        let mut given = filed(folder.path()).await;
        damages(&folder.path().join("archive-2026.redb"));
        let archive = open(folder.path(), None);
        given.push(dossier(DOSSIERS + 1, day(2026, 11, 9)));

        let damage = archive.verify().await.unwrap();
        let receipt = archive.keep(given[4].clone()).await.unwrap_or_else(|fault| panic!("{what}: {fault}"));

        assert!(!damage.is_empty(), "{what}: nothing is said");
        assert!(receipt.position > u64::from(DOSSIERS), "{what}: it is written at {}", receipt.position);
        let left: BTreeSet<u32> = (1..=DOSSIERS + 1).filter(|serial| !lost.contains(serial)).collect();
        assert_eq!(served(&archive, &given).await, left, "{what}");
        let still = archive.verify().await.unwrap();
        assert_eq!(named(&still), lost.iter().copied().collect(), "{what}");
        assert!(!lost.is_empty() || still.is_empty(), "{what}: {still:?}");
    }
}

/// Nothing that could be read before is lost by filing, and what is refused is refused with a sentence.
#[tokio::test(flavor = "multi_thread")]
async fn t43_whatever_byte_is_flipped_the_next_dossier_is_filed_or_refused_and_takes_no_other_away() {
    let folder = tempfile::tempdir().unwrap();
    let mut given = filed(&folder.path().join("whole")).await;
    let bytes = std::fs::read(folder.path().join("whole/archive-2026.redb")).unwrap();
    given.push(dossier(DOSSIERS + 1, day(2026, 11, 9)));
    // Heads of pages, where a byte does most harm.
    let used: Vec<usize> = (0..bytes.len()).step_by(4096).filter(|page| bytes[*page..][..64] != [0; 64]).collect();
    let (mut kept, mut refused) = (0, 0);

    for (round, lot) in noise(7, 60).into_iter().enumerate() {
        let place = used[round * used.len() / 60] + usize::from(lot % 64);
        let broken = folder.path().join(round.to_string());
        let archive = open(&broken, None);
        let mut flipped = bytes.clone();
        flipped[place] ^= 0x10;
        std::fs::write(broken.join("archive-2026.redb"), &flipped).unwrap();
        let before = served(&archive, &given).await;

        match archive.keep(given[4].clone()).await {
            Ok(_) => kept += 1,
            Err(fault) => {
                assert!(fault.kind == FaultKind::Permanent || !fault.message.contains("thread"), "{place}: {fault}");
                refused += 1;
            }
        }

        let after = served(&archive, &given).await;
        assert!(before.is_subset(&after), "byte {place}: {before:?} were served, then {after:?}");
        std::fs::remove_dir_all(broken).unwrap();
    }

    assert!(kept > 30, "{kept} were filed, {refused} were not");
}

/// Puts other bytes in the place of these, on the disk alone: no library sees to the order of what is there then.
fn on_disk(file: &Path, from: &[u8], to: &[u8]) {
    let mut bytes = std::fs::read(file).unwrap();
    let places: Vec<usize> = memchr::memmem::find_iter(&bytes, from).collect();
    assert!(!places.is_empty(), "it is on the disk");
    for place in places {
        bytes[place..place + to.len()].copy_from_slice(to);
    }
    std::fs::write(file, bytes).unwrap();
}

/// Numbers behind one that is out of order are not found, though they stand in the table: they were not in the archive, and filed
/// twice.
#[tokio::test]
async fn t43_a_number_out_of_order_hides_no_other_and_none_is_filed_twice() {
    let folder = tempfile::tempdir().unwrap();
    let mut given = filed(folder.path()).await;
    let (pair, flipped) = (b"LPSE-2026-000000002LPSE-2026-000000003", b"MPSE-2026-000000002LPSE-2026-000000003");
    on_disk(&folder.path().join("archive-2026.redb"), pair, flipped);
    let archive = open(folder.path(), None);

    for serial in DOSSIERS + 1..DOSSIERS + 4 {
        given.push(dossier(serial, day(2026, 11, 9)));
        archive.keep(given.last().unwrap().clone()).await.unwrap();
    }
    for dossier in &given {
        archive.keep(dossier.clone()).await.unwrap();
    }

    assert_eq!(served(&archive, &given).await, (1..DOSSIERS + 4).collect());
    assert_eq!(listed(&archive).await, [1, 2, 3, 4, 5, 6, 7]);
    assert!(named(&archive.verify().await.unwrap()).contains(&2));
}

/// A second table was begun under the name, and once it was put right the first was lost with the next destruction.
#[tokio::test]
async fn t43_a_file_of_which_a_table_is_not_found_takes_no_dossier_and_is_not_written_anew() {
    for (name, flipped) in [("keys", "{eys"), ("numbers", "oumbers"), ("parts", "qarts"), ("dossiers", "eossiers")] {
        let folder = tempfile::tempdir().unwrap();
        let given = filed(folder.path()).await;
        let file = folder.path().join("archive-2026.redb");
        on_disk(&file, name.as_bytes(), flipped.as_bytes());
        let archive = open(folder.path(), None);
        let why = Destruction { at: day(2040, 1, 2), record: "BA.1".to_owned() };

        let kept = archive.keep(dossier(DOSSIERS + 1, day(2026, 11, 9))).await;
        let destroyed = archive.destroy(&given[0].key.number, &why).await;
        on_disk(&file, flipped.as_bytes(), name.as_bytes());

        assert!(kept.is_err() && destroyed.is_err(), "{name}: {kept:?}, {destroyed:?}");
        assert_eq!(served(&archive, &given).await, (1..=DOSSIERS).collect(), "{name}");
        assert_eq!(archive.verify().await.unwrap(), Vec::<Damage>::new(), "{name}");
    }
}

/// A record that lies elsewhere has no key there: it was called destroyed, and destroyed it was while its key stayed.
#[tokio::test]
async fn t43_a_dossier_that_lost_its_key_is_damaged_and_none_that_was_destroyed() {
    const KEYS: TableDefinition<u64, Bytes> = TableDefinition::new("keys");
    let folder = tempfile::tempdir().unwrap();
    let given = filed(folder.path()).await;
    altered(&folder.path().join("archive-2026.redb"), |transaction| {
        assert!(transaction.open_table(KEYS).unwrap().remove(2).unwrap().is_some());
    });
    let archive = open(folder.path(), None);
    let second = &given[1].key.number;
    let why = Destruction { at: day(2040, 1, 2), record: "BA.1".to_owned() };

    let shown = archive.show(second).await.err().expect("it does not open");
    let destroyed = archive.destroy(second, &why).await.expect_err("its key is elsewhere");

    assert!(shown.message.contains("dossier LPSE-2026-0002 is damaged: its key is gone"), "{shown}");
    assert!(destroyed.message.contains("is damaged: it is not there"), "{destroyed}");
    assert!(archive.list().await.unwrap().iter().all(|line| line.destroyed.is_none()));
}

/// Nothing more was filed until somebody had mended a file of years ago; and where the chain began anew it was damaged for ever.
#[tokio::test]
async fn t43_a_year_that_does_not_read_keeps_no_case_of_a_later_one_from_being_filed() {
    let folder = tempfile::tempdir().unwrap();
    filed(folder.path()).await;
    let file = folder.path().join("archive-2026.redb");
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, b"garbled").unwrap();
    let archive = open(folder.path(), None);
    let mut later = dossier(1, day(2028, 1, 4));
    later.key.number = CaseNumber::new("LPSE", 2028, 1);
    later.register.number = later.key.number.clone();

    archive.keep(later.clone()).await.unwrap();
    let meanwhile = archive.verify().await.unwrap();
    std::fs::write(&file, whole).unwrap();

    assert!(meanwhile.len() == 1 && meanwhile[0].thing.ends_with("archive-2026.redb"), "{meanwhile:?}");
    assert_eq!(archive.verify().await.unwrap(), Vec::<Damage>::new());
    let examined = archive.examine(&later.key.number).await.unwrap().expect("it is there");
    assert!(examined.flaws.is_empty(), "{:?}", examined.flaws);
}

/// The next year's chain began at what the file said of its end, and fitted no longer once that was put right.
#[tokio::test]
async fn t43_a_year_begins_where_the_last_dossier_of_the_one_before_ends_whatever_that_file_says() {
    let folder = tempfile::tempdir().unwrap();
    filed(folder.path()).await;
    let file = folder.path().join("archive-2026.redb");
    let whole = std::fs::read(&file).unwrap();
    says(&file, "head", &[7; 32]);
    let archive = open(folder.path(), None);

    archive.keep(dossier(DOSSIERS + 1, day(2027, 1, 4))).await.unwrap();
    std::fs::write(&file, whole).unwrap();

    assert_eq!(archive.verify().await.unwrap(), Vec::<Damage>::new());
}

#[tokio::test]
async fn t43_a_file_that_ends_with_nothing_that_reads_takes_no_dossier() {
    let folder = tempfile::tempdir().unwrap();
    let given = filed(folder.path()).await;
    for (what, damages, _) in ends() {
        if ["ends nowhere", "last record damaged"].contains(&what) {
            damages(&folder.path().join("archive-2026.redb"));
        }
    }
    let archive = open(folder.path(), None);

    let refused = archive.keep(dossier(DOSSIERS + 1, day(2026, 11, 9))).await.expect_err("it follows from nothing");

    assert_eq!(refused.kind, FaultKind::Permanent);
    assert!(refused.message.starts_with("the record at position 4 is damaged: "), "{refused}");
    assert_eq!(served(&archive, &given).await, (1..DOSSIERS).collect());
}

/// It was looked through for as many dossiers as it counted, for ever.
#[tokio::test]
async fn t43_a_file_that_counts_more_dossiers_than_it_holds_is_told_so_at_once() {
    let folder = tempfile::tempdir().unwrap();
    filed(folder.path()).await;
    let file = folder.path().join("archive-2026.redb");
    let counted = u64::from(DOSSIERS) | 1 << 56;
    says(&file, "count", &counted.to_be_bytes());
    let (told, hears) = std::sync::mpsc::channel();

    std::thread::spawn(move || told.send(verify_file(&file).unwrap()));
    let damage = hears.recv_timeout(std::time::Duration::from_secs(20)).expect("it comes to an end");

    let told: Vec<String> = damage.iter().map(|damage| format!("{}: {}", damage.thing, damage.what)).collect();
    assert_eq!(told, [format!("archive-2026.redb: it counts {counted} dossiers and holds {DOSSIERS}")]);
}

/// Another dossier was shown, exported and destroyed under that number, and its own was not missed.
#[tokio::test]
async fn t43_a_number_that_leads_to_the_record_of_another_is_found_by_its_own() {
    const NUMBERS: TableDefinition<&str, u64> = TableDefinition::new("numbers");
    let folder = tempfile::tempdir().unwrap();
    let given = filed(folder.path()).await;
    altered(&folder.path().join("archive-2026.redb"), |transaction| {
        let mut numbers = transaction.open_table(NUMBERS).unwrap();
        let second = numbers.iter().unwrap().flatten().find(|(_, position)| position.value() == 2).unwrap();
        let name = second.0.value().to_owned();
        drop(second);
        numbers.insert(name.as_str(), 3).unwrap();
    });
    let archive = open(folder.path(), None);
    let second = &given[1].key.number;

    let kept = archive.keep(given[1].clone()).await.unwrap();
    archive.export(second, &folder.path().join("out")).await.unwrap();

    assert_eq!(kept.position, 2);
    assert_eq!(served(&archive, &given).await, (1..=DOSSIERS).collect());
    assert_eq!(listed(&archive).await, [1, 2, 3, 4]);
    assert_eq!(named(&archive.verify().await.unwrap()), BTreeSet::from([2]));

    let why = Destruction { at: day(2040, 1, 2), record: "BA.1".to_owned() };
    archive.destroy(second, &why).await.unwrap();
    assert_eq!(served(&archive, &given).await, BTreeSet::from([1, 3, 4]));
}

async fn listed(archive: &RedbArchive) -> Vec<u32> {
    archive.list().await.unwrap().iter().map(|line| line.register.number.serial()).collect()
}

/// It was in no list, and its number was said to be none of the archive.
#[tokio::test]
async fn t43_a_dossier_that_no_number_leads_to_is_found_by_its_record() {
    const NUMBERS: TableDefinition<&str, u64> = TableDefinition::new("numbers");
    for all in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let given = filed(folder.path()).await;
        altered(&folder.path().join("archive-2026.redb"), |transaction| {
            transaction.open_table(NUMBERS).unwrap().retain(|_, position| !all && position != 2).unwrap();
        });
        let archive = open(folder.path(), None);

        assert_eq!(served(&archive, &given).await, (1..=DOSSIERS).collect());
        assert_eq!(listed(&archive).await, [1, 2, 3, 4]);
        assert_eq!(archive.keep(given[1].clone()).await.unwrap().position, 2);
        assert!(named(&archive.verify().await.unwrap()).contains(&2));
    }
}

/// Each look at the archive read all of it aside, until a dossier was filed.
#[tokio::test]
async fn a_file_that_a_killed_daemon_left_open_is_put_right_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let (before, after) = (folder.path().join("before"), folder.path().join("after"));
    let given = filed(&before).await;
    let (from, to) = (before.join("archive-2026.redb"), after.join("archive-2026.redb"));
    std::fs::create_dir(&after).unwrap();
    let database = redb::Database::open(&from).unwrap();
    database.begin_write().unwrap().commit().unwrap();
    std::fs::copy(&from, &to).unwrap();
    drop(database);
    let as_it_lies = || redb::ReadOnlyDatabase::open(&to).map(drop);
    let left_open = as_it_lies();

    let store = crate::store_fixture::open(&folder.path().join("state"));
    let archive = open(&after, Some(&store));

    assert!(left_open.is_err() && as_it_lies().is_ok(), "{left_open:?}");
    assert_eq!(served(&archive, &given).await, (1..=DOSSIERS).collect());
}

/// Each live case was named as one whose dossier is damaged, and nobody could decide on any.
#[tokio::test]
async fn t43_a_table_of_numbers_that_does_not_read_speaks_for_no_live_case() {
    const NUMBERS: TableDefinition<&str, u64> = TableDefinition::new("numbers");
    let folder = tempfile::tempdir().unwrap();
    let store = crate::store_fixture::open(&folder.path().join("state"));
    let archive = open(&folder.path().join("archive"), Some(&store));
    store.commit(vec![step(1, 0), step(2, 0)]).await.unwrap();
    archive.keep(dossier(1, day(2026, 11, 9))).await.unwrap();
    let live = || vec![key(1), key(2)];

    let whole = archive.kinships(live()).await.unwrap();
    altered(&folder.path().join("archive/archive-2026.redb"), |transaction| {
        assert!(transaction.delete_table(NUMBERS).unwrap(), "it is there");
    });
    let unread = archive.kinships(live()).await.unwrap();

    assert!(
        matches!(whole.stands.as_slice(), [(case, Ok(Kinship::Whole))] if *case == key(1)),
        "the one that was filed"
    );
    let named: Vec<_> = unread.stands.into_iter().map(|(case, _)| case).collect();
    assert!(named.is_empty(), "{named:?}");
    assert!(unread.in_part && !whole.in_part);
}

#[tokio::test]
async fn a_dossier_taken_out_is_missed() {
    let folder = tempfile::tempdir().unwrap();
    filed(folder.path()).await;
    let file = folder.path().join("archive-2026.redb");
    const RECORDS: TableDefinition<u64, &[u8]> = TableDefinition::new("dossiers");
    {
        let database = redb::Database::open(&file).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction.open_table(RECORDS).unwrap().remove(2).unwrap();
        transaction.commit().unwrap();
    }

    let damage = verify_file(&file).unwrap();

    assert_eq!(named(&damage), BTreeSet::from([2]));
}

#[test]
fn a_file_that_is_no_archive_is_named_and_one_that_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("archive-2026.redb");
    let missing = verify_file(&file);
    std::fs::write(&file, b"bukan arsip").unwrap();

    let damage = verify_file(&file).unwrap();

    assert!(missing.is_err());
    assert_eq!(damage.len(), 1);
}
