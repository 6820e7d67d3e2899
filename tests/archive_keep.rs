//! What is filed in the archive is there, whole, findable, and the same for ever.

use loket::engine::archive::{Archive, Destruction, Flaw};
use loket::engine::port::FaultKind;
use loket::engine::store::{Damage, Store};
use loket::store::archive::verify_file;

use crate::archive_fixture::{day, dossier, item, open};
use crate::store_fixture::{files, key, step};

#[tokio::test]
async fn a_filed_dossier_is_shown_as_it_was_handed_in() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path(), None);
    let given = dossier(1, day(2026, 11, 9));

    let receipt = archive.keep(given.clone()).await.unwrap();

    assert_eq!((receipt.file.as_str(), receipt.position, receipt.items), ("archive-2026.redb", 1, 3));
    assert_eq!(archive.receipt(&key(1).number).await.unwrap().as_ref(), Some(&receipt));
    let shown = archive.show(&key(1).number).await.unwrap().unwrap();
    assert_eq!(shown.metadata, given.metadata);
    assert_eq!(shown.line.register, given.register);
    for item in &given.items {
        assert!(archive.item(&key(1).number, &item.name).await.unwrap().as_deref() == Some(item.bytes.as_slice()));
    }
    assert!(archive.item(&key(1).number, "lain").await.unwrap().is_none());
    assert!(archive.show(&key(2).number).await.unwrap().is_none());
    assert_eq!(archive.verify().await.unwrap(), Vec::<Damage>::new());
}

/// Regression: a daemon killed between making the year's file and its first commit left an empty file, which was taken for
/// a damaged archive from then on.
#[tokio::test]
async fn a_file_that_a_killed_daemon_had_only_begun_is_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("archive-2026.redb.new"), b"half a file").unwrap();
    let archive = open(folder.path(), None);

    archive.keep(dossier(1, day(2026, 11, 9))).await.unwrap();

    assert_eq!(files(folder.path()), [folder.path().join("archive-2026.redb")]);
    assert_eq!(archive.verify().await.unwrap(), Vec::<Damage>::new());
}

#[tokio::test]
async fn the_same_dossier_again_gives_the_same_receipt_and_another_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path(), None);
    let given = dossier(1, day(2026, 11, 9));
    let receipt = archive.keep(given.clone()).await.unwrap();

    let mut later = given.clone();
    later.at = day(2027, 1, 4);
    let again = archive.keep(later).await.unwrap();
    let mut changed = given.clone();
    changed.items[0].bytes[0] ^= 1;
    let mut retitled = given.clone();
    retitled.metadata = serde_json::json!({ "title": "lain" });
    let mut reclassified = given;
    reclassified.register.outcome = "rejected".to_owned();

    assert_eq!(again, receipt);
    for other in [changed, retitled, reclassified] {
        let fault = archive.keep(other).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Permanent);
        assert!(fault.message.contains("LPSE-2026-0001"), "{fault}");
    }
    assert_eq!(archive.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn dossiers_are_found_by_every_word_of_number_title_or_item() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path(), None);
    for serial in 1..=3 {
        archive.keep(dossier(serial, day(2026, 11, 9))).await.unwrap();
    }
    let numbers = async |words: &str| -> Vec<u32> {
        let lines = archive.search(words).await.unwrap();
        lines.iter().map(|line| line.register.number.serial()).collect()
    };

    assert_eq!(numbers("WIRATAMA putra").await, [1, 2, 3]);
    assert_eq!(numbers("lpse-2026-0002").await, [2]);
    assert_eq!(numbers("applicant").await, Vec::<u32>::new(), "a field's name is no word of the dossier");
    assert_eq!(numbers("putra 3.pdf").await, [3]);
    assert_eq!(numbers("wiratama pontianak").await, Vec::<u32>::new());
}

#[tokio::test]
async fn each_year_has_its_file_and_the_chain_goes_through() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path(), None);
    archive.keep(dossier(1, day(2026, 12, 30))).await.unwrap();
    archive.keep(dossier(2, day(2027, 1, 4))).await.unwrap();
    archive.keep(dossier(3, day(2027, 1, 5))).await.unwrap();
    let whole = archive.verify().await.unwrap();

    // Somebody files 2026 anew, without what was in it.
    std::fs::remove_file(folder.path().join("archive-2026.redb")).unwrap();
    archive.keep(dossier(4, day(2026, 12, 31))).await.unwrap();
    let forged = archive.verify().await.unwrap();

    let first = archive.examine(&dossier(2, day(2027, 1, 4)).key.number).await.unwrap().expect("it is there");
    let second = archive.examine(&dossier(3, day(2027, 1, 5)).key.number).await.unwrap().expect("it is there");

    assert_eq!(whole, Vec::<Damage>::new());
    assert_eq!(forged.len(), 1);
    assert_eq!(forged[0].thing, "archive-2027.redb");
    assert_eq!((first.flaws, second.flaws), (vec![Flaw::Chain], vec![]));
}

#[tokio::test]
async fn nothing_personal_stands_readable_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path(), None);
    let mut given = dossier(1, day(2026, 11, 9));
    given.items.push(item("kanari.txt", "Kanari", b"NIP 199203152019031904"));
    archive.keep(given).await.unwrap();

    let bytes = std::fs::read(folder.path().join("archive-2026.redb")).unwrap();

    for canary in ["Wiratama", "199203152019031904", "kanari", "Surel permohonan"] {
        assert!(!bytes.windows(canary.len()).any(|part| part == canary.as_bytes()), "{canary}");
    }
}

#[tokio::test]
async fn the_journal_moves_with_the_case_and_verifies_on_both_sides() {
    let folder = tempfile::tempdir().unwrap();
    let store = crate::store_fixture::open(folder.path());
    store.commit(vec![step(1, 0), step(2, 0), step(1, 1)]).await.unwrap();
    let archive = open(&folder.path().join("archive"), Some(&store));

    let receipt = archive.keep(dossier(1, day(2026, 11, 9))).await.unwrap();
    store.remove_case(&key(1), 2).await.unwrap();
    let again = archive.keep(dossier(1, day(2026, 11, 9))).await.unwrap();

    assert_eq!(again, receipt);
    assert_eq!(archive.show(&key(1).number).await.unwrap().unwrap().journal_entries, 2);
    assert_eq!(archive.verify().await.unwrap(), Vec::<Damage>::new());
    assert_eq!(store.verify().await.unwrap(), Vec::<Damage>::new());
    assert_eq!(verify_file(&folder.path().join("archive/archive-2026.redb")).unwrap(), Vec::<Damage>::new());
}

/// A kill came between the two files, and then another zone or a later program: the case was refused for ever.
#[tokio::test]
async fn a_dossier_of_the_same_journal_is_kept_however_it_is_written_and_one_of_another_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = crate::store_fixture::open(folder.path());
    store.commit(vec![step(1, 0)]).await.unwrap();
    let archive = open(&folder.path().join("archive"), Some(&store));
    let receipt = archive.keep(dossier(1, day(2026, 11, 9))).await.unwrap();
    let mut otherwise = dossier(1, day(2026, 11, 9));
    otherwise.items[0].bytes = b"written otherwise".to_vec();

    let again = archive.keep(otherwise.clone()).await.unwrap();
    store.commit(vec![step(1, 1)]).await.unwrap();
    let another = archive.keep(otherwise).await.unwrap_err();

    assert_eq!(again, receipt);
    assert!(another.message.contains("filed already"), "{another}");
}

#[tokio::test]
async fn an_export_is_a_bag_whose_manifests_name_every_file_with_its_hash() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(&folder.path().join("archive"), None);
    let mut given = dossier(1, day(2026, 11, 9));
    given.items.push(item("../../jahat.txt", "Nama yang keluar", b"x"));
    given.items.push(item("SURAT-MASUK.EML", "Nama yang sama", b"y"));
    given.items.push(item("diskon 50%\n.txt", "Persen", b"z"));
    archive.keep(given.clone()).await.unwrap();

    archive.export(&key(1).number, folder.path()).await.unwrap();
    let twice = archive.export(&key(1).number, folder.path()).await;

    let bag = folder.path().join("LPSE-2026-0001");
    assert!(twice.is_err());
    let payload = checked_manifest(&bag, "manifest-sha256.txt");
    let tags = checked_manifest(&bag, "tagmanifest-sha256.txt");
    let written: Vec<_> = files(&bag.join("data"));
    assert_eq!(payload.len(), written.len());
    assert_eq!(written.len(), given.items.len() + 2);
    assert_eq!(tags.len(), 3);
    let read = |name: &str| std::fs::read_to_string(bag.join(name)).unwrap();
    assert_eq!(read("bagit.txt"), "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n");
    let octets: u64 = written.iter().map(|path| path.metadata().unwrap().len()).sum();
    assert!(read("bag-info.txt").contains(&format!("Payload-Oxum: {octets}.{}\n", written.len())));
    assert!(read("data/daftar-isi.txt").contains("Nomor berkas      : LPSE-2026-0001\n"));
    assert!(read("data/daftar-isi.txt").contains("Surel permohonan"));
    assert!(std::fs::read(bag.join("data/surat-masuk.eml")).unwrap() == given.items[0].bytes);
    assert!(!folder.path().join("jahat.txt").exists() && bag.join("data/jahat.txt").exists());
}

/// Reads a manifest as RFC 8493 §2.1.3 says, hashes each file it names, and returns the names.
fn checked_manifest(bag: &std::path::Path, name: &str) -> Vec<String> {
    let manifest = std::fs::read_to_string(bag.join(name)).unwrap();
    let decoded = |path: &str| path.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%");
    let names = manifest.lines().map(|line| {
        let (hash, path) = line.split_once("  ").unwrap();
        let bytes = std::fs::read(bag.join(decoded(path))).unwrap();
        assert_eq!(loket::vault::sha256_hex(&bytes).0, hash, "{path}");
        path.to_owned()
    });
    names.collect()
}

/// Regression: redb frees the page a key stood on and leaves its bytes there, also when the file is compacted; with the
/// master key the dossier could still have been opened.
#[tokio::test]
async fn the_key_of_a_destroyed_dossier_stands_nowhere_in_the_file() {
    const KEYS: redb::TableDefinition<u64, &[u8]> = redb::TableDefinition::new("keys");
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path(), None);
    for serial in 1..=3 {
        archive.keep(dossier(serial, day(2026, 11, 9))).await.unwrap();
    }
    let file = folder.path().join("archive-2026.redb");
    let wrapped = {
        let database = redb::Database::open(&file).unwrap();
        let reading = redb::ReadableDatabase::begin_read(&database).unwrap();
        reading.open_table(KEYS).unwrap().get(2).unwrap().unwrap().value().to_vec()
    };
    let holds = || memchr::memmem::find(&std::fs::read(&file).unwrap(), &wrapped).is_some();
    assert!(holds());

    let why = Destruction { at: day(2040, 1, 2), record: "BA.1".to_owned() };
    archive.destroy(&key(2).number, &why).await.unwrap();

    assert!(!holds());
    assert!(
        archive.show(&key(1).number).await.unwrap().is_some() && archive.show(&key(3).number).await.unwrap().is_some()
    );
    assert_eq!(verify_file(&file).unwrap(), Vec::<Damage>::new());
}
