//! `loket backup` and `restore`: taken from a running daemon, put back only where nothing newer is lost unasked.

use std::os::unix::fs::PermissionsExt;

use loket::engine::archive::Archive;
use redb::ReadableTable;

use crate::cli_fixture::Site;
use crate::kit::wait_for;

async fn cases(site: &Site, count: usize) -> serde_json::Value {
    wait_for("the cases", || async {
        let cases = site.loket(&["cases", "list", "--json"]).json();
        (cases.as_array().map(Vec::len) == Some(count)).then_some(cases)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_running_daemon_is_put_back_only_over_older_data_unless_forced() {
    let site = Site::new();
    site.import().well();
    let daemon = site.run().await;
    site.deliver("1.complete", &site.sample("complete"));
    cases(&site, 1).await;
    let file = site.path("backup.loket");
    let name = file.to_str().unwrap();

    let taken = site.loket(&["backup", name, "--json"]).json();
    let twice = site.loket(&["backup", name]).refused(1);
    let busy = site.loket(&["restore", name]).refused(75);
    site.deliver("2.nip", &site.sample("nip_differs"));
    cases(&site, 2).await;
    assert_eq!(daemon.stop().await, Some(0), "{}", daemon.said());
    let newer = site.loket(&["restore", name]).refused(1);
    let still = site.loket(&["cases", "list", "--json"]).json();
    let forced = site.loket(&["restore", name, "--force", "--json"]).json();
    let after = site.loket(&["cases", "list", "--json"]).json();

    assert_eq!(taken["cases"], 1);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(file.is_file() && twice.contains("exists already"), "{twice}");
    assert!(busy.contains(&format!("process {}", daemon.pid())), "{busy}");
    assert!(newer.contains("--force"), "{newer}");
    assert_eq!(still.as_array().map(Vec::len), Some(2));
    assert_eq!(forced["cases"], 1);
    assert_eq!(after.as_array().map(Vec::len), Some(1));
    assert!(std::path::Path::new(forced["replaced"].as_str().unwrap()).is_dir(), "what was there is kept");
}

/// An office put back from a backup, with one request whose effects are held.
async fn restored() -> (Site, String) {
    let site = Site::new();
    site.import().well();
    let daemon = site.run().await;
    site.deliver("1.complete", &site.sample("complete"));
    let listed = cases(&site, 1).await;
    let number = listed[0]["number"].as_str().unwrap().to_owned();
    let file = site.path("backup.loket");
    site.loket(&["backup", file.to_str().unwrap()]).well();
    daemon.stop().await;
    site.loket(&["restore", file.to_str().unwrap(), "--force"]).well();
    (site, number)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_restore_holds_back_is_retried_by_hand() {
    let (site, number) = restored().await;

    let held = site.loket(&["cases", "list", "--stuck", "--json"]).json();
    let again = site.loket(&["cases", "retry", &number, "--json"]).json();
    let rest = site.loket(&["cases", "list", "--stuck", "--json"]).json();
    let once_more = site.loket(&["cases", "retry", &number]).refused(1);

    let stuck = held[0]["stuck"].as_u64().unwrap();
    assert!(stuck > 0, "deadlines at least were waiting: {held}");
    assert_eq!(again["retried"].as_array().map(|rows| rows.len() as u64), Some(stuck));
    assert_eq!(rest, serde_json::json!([]));
    assert!(once_more.contains("nothing to retry"), "{once_more}");
}

/// It kept all others of its case from whoever wanted to show, retry or drop them.
#[tokio::test(flavor = "multi_thread")]
async fn t43_a_damaged_effect_keeps_no_other_of_its_case_from_being_retried() {
    const ROWS: redb::TableDefinition<(&str, &str, &str), &[u8]> = redb::TableDefinition::new("rows");
    let (site, number) = restored().await;
    let stuck = |listed: &serde_json::Value| listed[0]["stuck"].as_u64().unwrap_or_default();
    let before = stuck(&site.loket(&["cases", "list", "--stuck", "--json"]).json());

    crate::store_damage::flip(&site.path("state/live/loket.redb"), ROWS, false, |length| length - 1);
    let shown = site.loket(&["cases", "show", &number, "--json"]).json();
    let retried = site.loket(&["cases", "retry", &number, "--json"]).json();
    let rest = stuck(&site.loket(&["cases", "list", "--stuck", "--json"]).json());
    let once_more = site.loket(&["cases", "retry", &number]).refused(1);

    assert!(before > 1, "there are others");
    assert_eq!(shown["stuck"].as_u64(), Some(before), "{shown}");
    assert_eq!(retried["retried"].as_array().map(|rows| rows.len() as u64), Some(before - 1), "{retried}");
    assert_eq!(rest, 1);
    assert!(once_more.contains("is damaged: its bytes changed"), "{once_more}");
}

/// With `| head` it ended with 0, and nobody heard what is damaged in the copy.
#[tokio::test(flavor = "multi_thread")]
async fn t43_what_is_damaged_in_a_backup_is_told_although_nobody_reads_the_output() {
    const ROWS: redb::TableDefinition<(&str, &str, &str), &[u8]> = redb::TableDefinition::new("rows");
    let (site, _) = restored().await;
    crate::store_damage::flip(&site.path("state/live/loket.redb"), ROWS, false, |length| length - 1);
    let file = site.path("lagi.loket");

    let ended = site.unheard(&["backup", file.to_str().unwrap()]);

    assert_eq!(ended.status(), 1, "{}", ended.err());
    assert!(ended.err().contains("The copy has it so") && file.is_file(), "{}", ended.err());
}

/// The files were copied byte for byte, and "all well" was said of a copy in which a dossier did not open.
#[tokio::test(flavor = "multi_thread")]
async fn t43_a_dossier_that_is_damaged_in_the_archive_is_named_and_the_backup_is_made_all_the_same() {
    const PARTS: redb::TableDefinition<(u64, u32, u32), &[u8]> = redb::TableDefinition::new("parts");
    let site = Site::new();
    std::fs::write(site.path("key"), [7u8; 32]).unwrap();
    std::fs::set_permissions(site.path("key"), std::fs::Permissions::from_mode(0o600)).unwrap();
    site.change("[reading]\n", "[keys]\nmaster_key_file = \"key\"\n[reading]\n");
    site.import().well();
    let archive = crate::archive_fixture::open(&site.path("state/archive"), None);
    for serial in [1, 2] {
        let at = crate::archive_fixture::day(2026, 11, 9);
        archive.keep(crate::archive_fixture::dossier(serial, at)).await.unwrap();
    }
    drop(archive);
    let (whole, file) = (site.path("utuh.loket"), site.path("rusak.loket"));

    site.loket(&["backup", whole.to_str().unwrap()]).well();
    crate::store_damage::flip(&site.path("state/archive/archive-2026.redb"), PARTS, false, |length| length / 2);
    let told = site.loket(&["backup", file.to_str().unwrap()]).refused(1);
    let again = site.loket(&["backup", site.path("lagi.loket").to_str().unwrap(), "--json"]);
    std::fs::remove_dir_all(site.path("state/archive")).unwrap();
    site.loket(&["restore", file.to_str().unwrap(), "--force"]).well();
    let verified = site.loket(&["archive", "verify", site.path("state/archive/archive-2026.redb").to_str().unwrap()]);

    assert!(told.starts_with("dossier LPSE-2026-0001 in archive-2026.redb is damaged: "), "{told}");
    assert!(told.contains("The copy has it so"), "{told}");
    let json: serde_json::Value = serde_json::from_str(&again.out()).unwrap();
    assert_eq!((again.status(), json["damaged"].as_array().map(Vec::len)), (1, Some(1)), "{json}");
    let verified = verified.refused(1);
    assert!(verified.contains("LPSE-2026-0001") && !verified.contains("LPSE-2026-0002"), "{verified}");
}

/// A backup of hours was made first, and there was no place for it.
#[test]
fn a_backup_looks_first_where_it_may_write() {
    let site = Site::new();
    std::fs::write(site.path("berkas"), "").unwrap();

    for name in ["tidak-ada/b.loket", "berkas/b.loket"] {
        let told = site.loket(&["backup", site.path(name).to_str().unwrap()]).refused(1);

        assert!(told.starts_with("Cannot write into ") && told.contains("Make the folder"), "{told}");
    }
}

/// The mail server was away and the alarm named `cases list --stuck`, which showed only what was held or given up: "There are
/// no cases", while `retry` said that nothing was stuck.
#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_is_tried_in_vain_is_listed_and_tried_at_once_by_hand() {
    let site = Site::new();
    site.import().well();
    let daemon = site.run().await;
    std::fs::rename(site.path("outbox"), site.path("away")).unwrap();
    site.deliver("1.complete", &site.sample("complete"));
    let stuck = || site.loket(&["cases", "list", "--stuck", "--json"]).json();
    let listed =
        wait_for("a letter to fail", || async { Some(stuck()).filter(|list| list[0]["stuck"].is_u64()) }).await;
    let number = listed[0]["number"].as_str().unwrap();
    let shown = site.loket(&["cases", "show", number, "--json"]).json();
    let failed = |effect: &&serde_json::Value| effect["attempts"].as_u64() > Some(0);
    let row = shown["effects"].as_array().unwrap().iter().find(failed).unwrap()["id"].as_str().unwrap();

    let kept = site.loket(&["cases", "drop", number, "--row", row]).refused(1);
    std::fs::rename(site.path("away"), site.path("outbox")).unwrap();
    let again = site.loket(&["cases", "retry", number, "--json"]).json();

    assert!(kept.contains("is still being tried"), "{kept}");
    let retried = again["retried"].as_array().unwrap();
    assert!(retried.iter().any(|effect| effect["id"] == row && effect["state"] == "waiting"), "{again}");
    wait_for("the letter to go", || async { (stuck() == serde_json::json!([])).then_some(()) }).await;
    daemon.stop().await;
}

/// An office put back from a backup, with effects held of a request and of a book, in which a digest waited.
async fn restored_after_a_flood() -> (Site, String) {
    let site = Site::new();
    site.change("[log]", "[limits]\nper_sender_a_day = 1\n[log]");
    site.import().well();
    let daemon = site.run().await;
    let mail = String::from_utf8(site.sample("complete")).unwrap();
    site.deliver("1.complete", mail.as_bytes());
    let listed = cases(&site, 1).await;
    let number = listed[0]["number"].as_str().unwrap().to_owned();
    site.deliver("2.lagi", mail.replace("Message-ID: <", "Message-ID: <lagi-").as_bytes());
    wait_for("the flood to be put aside", || async {
        let refused = std::fs::read_dir(site.path("inbox/.refused/cur")).ok()?;
        (refused.count() == 1).then_some(())
    })
    .await;
    let file = site.path("backup.loket");
    site.loket(&["backup", file.to_str().unwrap()]).well();
    daemon.stop().await;
    site.loket(&["restore", file.to_str().unwrap(), "--force"]).well();
    (site, number)
}

/// A held digest kept the alarm ringing, and the list that the alarm names did not show it.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_restore_holds_back_of_the_offices_own_books_is_listed_and_retried_too() {
    let (site, number) = restored_after_a_flood().await;

    let held = site.loket(&["cases", "list", "--stuck", "--json"]).json();
    let all = site.loket(&["cases", "list", "--json"]).json();
    let book = held.as_array().unwrap().iter().find(|line| line["phase"] == "book").expect("a book is among them");
    let name = book["number"].as_str().unwrap();
    let shown = site.loket(&["cases", "show", name, "--json"]).json();
    let row = shown["effects"][0]["id"].as_str().unwrap();
    let wake = site.loket(&["cases", "show", &number, "--json"]).json();
    let deadline = wake["effects"].as_array().unwrap().iter().find(|effect| effect["kind"] == "wake").unwrap();
    let deadline = deadline["id"].as_str().unwrap().to_owned();
    let kept = site.loket(&["cases", "drop", &number, "--row", &deadline]).refused(1);
    let absent = site.loket(&["cases", "retry", &number, "--row", "v999999-00"]).refused(1);
    let dropped = site.loket(&["cases", "drop", name, "--row", row, "--json"]).json();
    let one = site.loket(&["cases", "retry", &number, "--row", &deadline, "--json"]).json();
    let rest = site.loket(&["cases", "retry", name]).well();
    let after = site.loket(&["cases", "list", "--stuck", "--json"]).json();

    assert!(all.as_array().unwrap().iter().all(|line| line["phase"] != "book"), "a book is no case: {all}");
    assert_eq!((book["stuck"].as_u64(), shown["effects"].as_array().map(Vec::len)), (Some(2), Some(2)));
    assert!(kept.contains("is a deadline") && absent.contains("no stuck effect v999999-00"), "{kept} {absent}");
    assert_eq!((&dropped["dropped"]["state"], &dropped["dropped"]["kind"]), (&"dropped".into(), &"digest".into()));
    assert_eq!(one["retried"].as_array().map(Vec::len), Some(1));
    assert!(rest.contains("tried again: digest"), "{rest}");
    assert!(after.as_array().unwrap().iter().all(|line| line["phase"] != "book"), "{after}");
}

/// The damaged effects of a book, and all that was stuck of a case that cannot be read, kept the alarm ringing and stood in no
/// line of the list that it names.
#[tokio::test(flavor = "multi_thread")]
async fn t43_what_is_stuck_is_listed_also_where_nothing_else_of_it_can_be_read() {
    let (site, number) = restored_after_a_flood().await;
    let stuck = |listed: &serde_json::Value| -> Vec<(String, u64)> {
        let lines = listed.as_array().unwrap().iter();
        let mut stuck: Vec<_> =
            lines.map(|line| (line["number"].as_str().unwrap().to_owned(), line["stuck"].as_u64().unwrap())).collect();
        stuck.sort();
        stuck
    };
    let before = site.loket(&["cases", "list", "--stuck", "--json"]).json();
    let series = format!("{}-", number.split_once('-').unwrap().0);

    harm(&site, &series);
    let after = site.loket(&["cases", "list", "--stuck", "--json"]).json();

    assert_eq!(stuck(&before).len(), 2, "a case and a book: {before}");
    assert_eq!(stuck(&after), stuck(&before));
    assert!(after.as_array().unwrap().iter().all(|line| line["phase"] == "hidden"), "{after}");
}

/// Changes a byte of each case of this series, and of each effect of all that is no such case.
fn harm(site: &Site, series: &str) {
    const CASES: redb::TableDefinition<(&str, &str), &[u8]> = redb::TableDefinition::new("cases");
    const ROWS: redb::TableDefinition<(&str, &str, &str), &[u8]> = redb::TableDefinition::new("rows");
    let changed = |value: &[u8]| {
        let mut value = value.to_vec();
        *value.last_mut().unwrap() ^= 1;
        value
    };
    let database = redb::Database::open(site.path("state/live/loket.redb")).unwrap();
    let writing = database.begin_write().unwrap();
    {
        let (mut cases, mut rows) = (writing.open_table(CASES).unwrap(), writing.open_table(ROWS).unwrap());
        let mut harmed = Vec::new();
        for entry in cases.iter().unwrap() {
            let (key, value) = entry.unwrap();
            let (office, number) = key.value();
            harmed.push((office.to_owned(), number.to_owned(), changed(value.value())));
        }
        for (office, number, value) in harmed.iter().filter(|(_, number, _)| number.starts_with(series)) {
            cases.insert((office.as_str(), number.as_str()), value.as_slice()).unwrap();
        }
        let mut harmed = Vec::new();
        for entry in rows.iter().unwrap() {
            let (key, value) = entry.unwrap();
            let (office, number, row) = key.value();
            harmed.push((office.to_owned(), number.to_owned(), row.to_owned(), changed(value.value())));
        }
        for (office, number, row, value) in harmed.iter().filter(|(_, number, ..)| !number.starts_with(series)) {
            rows.insert((office.as_str(), number.as_str(), row.as_str()), value.as_slice()).unwrap();
        }
    }
    writing.commit().unwrap();
}

/// On a new machine a restore made a key of its own, and refused the backup for it.
#[test]
fn a_restore_makes_no_key_and_goes_on_with_the_one_the_backup_was_made_under() {
    let site = Site::new();
    site.import().well();
    let file = site.path("backup.loket");
    let name = file.to_str().unwrap();
    site.loket(&["backup", name]).well();
    let key = std::fs::read(site.path("state/master.key")).unwrap();
    std::fs::remove_dir_all(site.path("state")).unwrap();

    let refused = site.loket(&["restore", name]).refused(78);
    let made = site.path("state").exists();
    std::fs::create_dir(site.path("state")).unwrap();
    std::fs::write(site.path("state/master.key"), key).unwrap();
    std::fs::set_permissions(site.path("state/master.key"), PermissionsExt::from_mode(0o600)).unwrap();
    site.loket(&["restore", name]).well();

    assert!(refused.contains("There is no master key at") && refused.contains("master.key"), "{refused}");
    assert!(!made, "nothing is made without the key");
    assert!(site.loket(&["accounts", "list"]).well().contains("RINA"), "the accounts are back");
}

/// The access book of an office that had just begun was told as "1 case", and kept a backup from being put in its place.
#[test]
fn an_office_without_a_case_says_so_and_is_in_nobodys_way() {
    let site = Site::new();
    site.import().well();
    site.loket(&["accounts", "list"]).well();
    let file = site.path("backup.loket");
    let name = file.to_str().unwrap();
    let taken = site.loket(&["backup", name, "--json"]).json();
    std::fs::remove_dir_all(site.path("state/live")).unwrap();
    site.import().well();
    site.loket(&["accounts", "list"]).well();

    let restored = site.loket(&["restore", name, "--json"]).json();

    assert_eq!((taken["cases"].as_u64(), restored["cases"].as_u64()), (Some(0), Some(0)));
    assert!(restored["replaced"].is_string(), "{restored}");
}

#[test]
fn a_backup_that_is_not_there_is_named() {
    let site = Site::new();

    assert!(site.loket(&["restore", "/nonexistent.loket"]).refused(1).contains("/nonexistent.loket"));
    assert!(!site.path("state").exists(), "nothing is made for a file that is not there");
}

/// Whatever was no sealed backup was opened as a database: an empty file became one, an archive file was written to, and the
/// disk was blamed.
#[tokio::test]
async fn a_file_that_is_no_backup_is_refused_and_not_touched() {
    let site = Site::new();
    site.import().well();
    let archive = crate::archive_fixture::open(&site.path("elsewhere"), None);
    archive.keep(crate::archive_fixture::dossier(1, crate::archive_fixture::day(2026, 11, 9))).await.unwrap();
    drop(archive);
    let filed = std::fs::read(site.path("elsewhere/archive-2026.redb")).unwrap();

    for (name, bytes) in [("empty.loket", b"".as_slice()), ("hello.loket", b"hello"), ("archive.loket", &filed)] {
        let file = site.path(name);
        std::fs::write(&file, bytes).unwrap();
        for force in [&[][..], &["--force"]] {
            let told = site.loket(&[&["restore", file.to_str().unwrap()], force].concat()).refused(1);

            assert!(told.contains(&format!("{name} is no backup of Loket. Name another file")), "{told}");
            assert!(std::fs::read(&file).unwrap() == bytes, "{name} is written to");
        }
    }
}
