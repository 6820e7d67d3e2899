//! `loket archive`: a closed case is found, read, exported and verified; a flipped byte is named with its dossier.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::Datelike;
use loket::daemon::clock::SystemClock;
use loket::engine::archive::{Archive, ArchiveDossier};
use loket::engine::port::Clock;
use loket::store::archive::RedbArchive;
use loket::vault::{Keyring, MasterKey, OsRandom};

use crate::archive_fixture::{day, dossier, open};
use crate::cli_fixture::{Ended, Site, program};
use crate::kit::wait_for;

/// An archive file with three dossiers.
async fn filed(folder: &Path) -> PathBuf {
    let archive = open(folder, None);
    for serial in 1..=3 {
        archive.keep(dossier(serial, day(2026, 11, 9))).await.unwrap();
    }
    folder.join("archive-2026.redb")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_verified_without_configuration_or_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = filed(folder.path()).await;
    let verify = |json: bool| {
        let mut command = program();
        command.args(["archive", "verify", file.to_str().unwrap()]);
        if json {
            command.arg("--json");
        }
        command.output().unwrap()
    };

    let sound = verify(false);
    let bytes = std::fs::read(&file).unwrap();
    // Somewhere in the sealed bytes of the second dossier's first item.
    let needle = sealed_place(&bytes);
    let mut flipped = bytes.clone();
    flipped[needle] ^= 1;
    std::fs::write(&file, &flipped).unwrap();
    let broken = verify(false);
    let told = verify(true);

    assert_eq!(sound.status.code(), Some(0), "{}", String::from_utf8_lossy(&sound.stderr));
    assert_eq!(broken.status.code(), Some(1));
    let table = String::from_utf8_lossy(&broken.stdout).into_owned();
    assert!(table.contains("dossier LPSE-2026-000"), "{table}");
    let sentence = String::from_utf8_lossy(&broken.stderr).into_owned();
    assert!(sentence.starts_with("Not sound: ") && sentence.contains("LPSE-2026-000"), "{sentence}");
    assert_eq!(sentence.lines().count(), 1, "{sentence}");
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    assert!(told[0]["damage"][0]["thing"].as_str().unwrap().contains("LPSE-2026-000"), "{told}");
    assert_eq!(std::fs::read(&file).unwrap(), flipped, "looking changes nothing");
}

/// A place in the middle of the longest stretch without zero bytes: sealed bytes, not the pages around them.
fn sealed_place(bytes: &[u8]) -> usize {
    let mut best = (0, 0);
    let mut start = 0;
    for (place, window) in bytes.windows(4).enumerate() {
        if window == [0; 4] {
            start = place + 4;
        } else if place - start.min(place) > best.1 {
            best = (start, place - start);
        }
    }
    best.0 + best.1 / 2
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let ended = program().args(["archive", "verify", "/nonexistent.redb"]).output().unwrap();

    assert_eq!(ended.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("/nonexistent.redb"));
}

/// "There is no archive file at …", it said of one in a folder that this user may not enter.
#[test]
fn a_file_that_cannot_be_looked_at_is_not_called_missing() {
    let folder = tempfile::tempdir().unwrap();
    // As with a folder that others may not enter, whether the file is there cannot be told.
    std::fs::write(folder.path().join("archive"), "").unwrap();
    let file = folder.path().join("archive/archive-2026.redb");

    let ended = Ended(program().args(["archive", "verify", file.to_str().unwrap()]).output().unwrap());

    let told = ended.refused(1);
    assert!(told.starts_with("Cannot look at ") && told.contains("archive-2026.redb"), "{told}");
}

/// The dossier was copied, and its export put on record, before anybody looked where it was to go.
#[test]
fn an_export_looks_first_where_it_may_write_and_leaves_no_folder_without_a_dossier() {
    let site = Site::new();
    site.import().well();
    std::fs::write(site.path("berkas"), "").unwrap();
    let (file, folder) = (site.path("berkas/keluar"), site.path("keluar/lagi"));
    let export = |to: &Path| site.loket(&["archive", "export", "LPSE-2026-0001", "--to", to.to_str().unwrap()]);

    let nowhere = export(&file).refused(1);
    let unknown = export(&folder).refused(1);

    assert!(nowhere.starts_with("Cannot write ") && nowhere.contains("berkas/keluar"), "{nowhere}");
    assert!(unknown.contains("LPSE-2026-0001") && !unknown.contains("Cannot write"), "{unknown}");
    assert!(!site.path("keluar").exists(), "nothing came of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_that_closes_goes_to_the_archive_and_is_read_from_there() {
    let site = Site::with("* * * * * *");
    site.import().well();
    site.deliver("1.vendor", &site.sample("vendor"));

    let daemon = site.run().await;
    let listed = wait_for("the dossier", || async {
        let lines = site.loket(&["archive", "list", "--json"]).json();
        lines.as_array().is_some_and(|lines| !lines.is_empty()).then_some(lines)
    })
    .await;
    let number = listed[0]["number"].as_str().unwrap().to_owned();
    let shown = site.loket(&["archive", "show", &number, "--json"]).json();
    let mail = site.loket(&["archive", "show", &number, "--item", "surel/01.eml"]);
    let found = site.loket(&["archive", "search", "out_of_scope", &number, "--json"]).json();
    let nothing = site.loket(&["archive", "search", "zzz", "--json"]).json();
    let to = site.path("exports");
    let exported = site.loket(&["archive", "export", &number, "--to", to.to_str().unwrap()]).well();
    let again = site.loket(&["archive", "export", &number, "--to", to.to_str().unwrap()]).refused(1);
    let sound = site.loket(&["archive", "verify"]).well();
    let disposal = site.loket(&["archive", "disposal", "--json"]).json();
    let now = SystemClock.now();
    let month = format!("{:04}-{:02}", now.year(), now.month());
    let report = site.loket(&["report", "--month", &month, "--json"]).json();
    let csv = site.loket(&["report", "--month", &month, "--format", "csv"]).well();
    let gone = site.loket(&["cases", "show", &number]).refused(1);
    let seen = site.loket(&["archive", "show", &number, "--json"]).json()["accesses"].clone();

    assert_eq!(shown["outcome"], "out_of_scope");
    assert_eq!(shown["accesses"], serde_json::json!([]), "before the first look");
    let looks = seen.as_array().expect("a list").iter();
    let looks: Vec<_> = looks.map(|look| look["what"]["seen"].as_str().expect("what was seen")).collect();
    assert_eq!(looks[..3], ["dossier", "item", "export"]);
    let user = format!("uid {}", rustix::process::getuid().as_raw());
    assert!(seen.as_array().is_some_and(|looks| looks.iter().all(|look| look["who"] == user.as_str())), "{seen}");
    assert_eq!(mail.0.stdout, std::fs::read(find(&site.path("inbox"), "1.vendor")).unwrap(), "byte for byte");
    assert_eq!((found.as_array().map(Vec::len), nothing.as_array().map(Vec::len)), (Some(1), Some(0)));
    assert_eq!(Path::new(exported.trim()), to.join(&number));
    assert!(to.join(&number).join("bagit.txt").is_file() && to.join(&number).join("manifest-sha256.txt").is_file());
    assert!(again.contains(&number), "{again}");
    assert!(sound.contains("Sound: 1 dossier in 1 archive file,"), "{sound}");
    assert_eq!(disposal, serde_json::json!([]), "its years have not passed");
    assert_eq!(report["lines"][0]["number"].as_str(), Some(number.as_str()));
    assert!(csv.contains(&number) && csv.contains("Di luar ruang lingkup SOP"), "{csv}");
    assert!(gone.contains("archive show"), "{gone}");
    assert_eq!(daemon.stop().await, Some(0), "{}", daemon.said());
    assert!(!site.path("state/outgoing").read_dir().is_ok_and(|mut left| left.next().is_some()), "nothing lies about");
    assert_eq!(site.loket(&["archive", "list", "--json"]).json(), listed, "the same without the daemon");
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_at_a_live_case_and_at_lists_are_on_record_by_user() {
    let site = Site::new();
    site.import().well();
    site.deliver("1.lengkap", &site.sample("complete"));
    let daemon = site.run().await;
    let number = wait_for("the case", || async {
        let cases = site.loket(&["cases", "list", "--json"]).json();
        cases[0]["number"].as_str().map(str::to_owned)
    })
    .await;
    assert_eq!(daemon.stop().await, Some(0), "{}", daemon.said());
    let entries = || {
        let head = site.loket(&["archive", "head"]).well();
        let journal = head.lines().find_map(|line| line.strip_prefix("journal ")).expect("the journal's end");
        journal.split(' ').next().and_then(|count| count.parse::<u64>().ok()).expect("a count")
    };
    let looks = |verb: &[&str]| {
        let before = entries();
        site.loket(verb).well();
        entries() - before
    };

    let first = site.loket(&["cases", "show", &number, "--json"]).json();
    let second = site.loket(&["cases", "show", &number, "--json"]).json();

    assert_eq!(first["accesses"], serde_json::json!([]));
    let user = format!("uid {}", rustix::process::getuid().as_raw());
    assert_eq!(second["accesses"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&second["accesses"][0]["who"], &second["accesses"][0]["what"]["seen"]),
        (&user.into(), &"summary".into())
    );
    for list in [&["archive", "list"][..], &["archive", "search", "zzz"]] {
        assert_eq!(looks(list), 1, "{list:?}");
    }
    assert_eq!(looks(&["cases", "list"]), 0, "what helps with a full disk writes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dossier_whose_retention_has_passed_is_proposed_and_stays() {
    let site = Site::new();
    let key = site.path("key");
    std::fs::write(&key, [7u8; 32]).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    site.change("[reading]\n", "[keys]\nmaster_key_file = \"key\"\n[reading]\n");
    let keys = Keyring::new(&MasterKey::parse(&[7u8; 32]).unwrap());
    let archive = RedbArchive::open(site.path("state/archive"), keys, Arc::new(OsRandom), None).unwrap();
    let years = |active: u32| serde_json::json!({ "title": "Permohonan", "active_years": active, "inactive_years": 2 });
    for (serial, year, active) in [(1, 2012, 1), (2, 2012, 80), (3, 2012, 2)] {
        let metadata = years(active);
        archive.keep(ArchiveDossier { metadata, ..dossier(serial, day(year, 3, 1)) }).await.unwrap();
    }
    drop(archive);

    let proposed = site.loket(&["archive", "disposal", "--json"]).json();
    let table = site.loket(&["archive", "disposal"]).well();
    let listed = site.loket(&["archive", "list", "--json"]).json();

    let numbers: Vec<&str> = proposed.as_array().unwrap().iter().map(|line| line["number"].as_str().unwrap()).collect();
    assert_eq!(numbers, ["LPSE-2026-0001", "LPSE-2026-0003"]);
    assert_eq!((proposed[0]["years"].as_u64(), proposed[0]["retained_until"].as_str()), (Some(3), Some("2015-02-28")));
    assert!(table.contains("LPSE-2026-0001") && !table.contains("LPSE-2026-0002"), "{table}");
    assert_eq!(listed.as_array().map(Vec::len), Some(3), "nothing is destroyed by proposing it");
}

/// A mail of this name, wherever in the Maildir it was filed.
fn find(folder: &Path, name: &str) -> PathBuf {
    let mut waiting = vec![folder.to_owned()];
    while let Some(place) = waiting.pop() {
        for entry in std::fs::read_dir(&place).unwrap().flatten() {
            if entry.path().is_dir() {
                waiting.push(entry.path());
            } else if entry.file_name().to_string_lossy().starts_with(name) {
                return entry.path();
            }
        }
    }
    panic!("{name} is nowhere in {}", folder.display())
}

/// Standard error held "thread 'main' panicked at …/redb-…".
#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_file_is_told_without_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let file = filed(folder.path()).await;
    let bytes = std::fs::read(&file).unwrap();

    for share in [8, 5, 3, 2] {
        std::fs::write(&file, &bytes[..bytes.len() / share]).unwrap();
        let ended = program().args(["archive", "verify", file.to_str().unwrap()]).output().unwrap();

        let ended = Ended(ended);
        assert!(ended.refused(1).starts_with("Not sound: "), "{}", ended.err());
    }
}

/// A mistyped folder read as an empty and sound office, and got a key and a store of its own.
#[test]
fn a_verb_that_reads_begins_no_office() {
    let site = Site::new();
    let copy = site.path("x.loket");
    for verb in [
        &["cases", "list"][..],
        &["cases", "show", "LPSE-2026-0001"],
        &["archive", "list"],
        &["archive", "verify"],
        &["archive", "head"],
        &["accounts", "list"],
        &["admins", "list"],
        &["keys", "show"],
        &["keys", "rotate"],
        &["report", "--month", "2026-11"],
        &["backup", copy.to_str().unwrap()],
    ] {
        let told = site.loket(verb).refused(1);

        assert!(told.starts_with("There is no office in ") && told.contains("state yet."), "{verb:?}: {told}");
        assert!(!site.path("state").exists(), "{verb:?}");
    }
    assert!(!site.loket(&["archive", "verify"]).out().contains("Sound"));
    site.import().well();
    site.loket(&["cases", "list"]).well();
}
