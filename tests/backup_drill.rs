//! Restore drills with the real program (THREATS 47): a machine that is gone, an archive that went on, a file that is another
//! one, and a backup of an earlier Loket.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::cli_fixture::{Site, http};
use crate::kit::wait_for;

/// An office whose master key lies outside its state folder.
fn office() -> Site {
    let site = Site::with("*/1 * * * * *");
    std::fs::write(site.path("kunci"), STANDARD.encode([7u8; 32])).unwrap();
    std::fs::set_permissions(site.path("kunci"), PermissionsExt::from_mode(0o600)).unwrap();
    site.change("[log]", "[keys]\nmaster_key_file = \"kunci\"\n[log]");
    site.import().well();
    site
}

async fn filed(site: &Site, count: usize) {
    wait_for("dossiers in the archive", || async {
        let filed = site.loket(&["archive", "list", "--json"]).json();
        (filed.as_array().map(Vec::len) == Some(count)).then_some(())
    })
    .await;
}

async fn cases(site: &Site, count: usize) {
    wait_for("the cases", || async {
        let cases = site.loket(&["cases", "list", "--json"]).json();
        (cases.as_array().map(Vec::len) == Some(count)).then_some(())
    })
    .await;
}

/// The path of a printed link, and whether the desk opens it.
async fn opens(site: &Site, link: &str) -> bool {
    let path = link.trim().split_once(&format!(":{}", site.port)).expect("a link to the desk").1;
    let page = http(site.port, path).await.expect("the desk answers");
    page.starts_with("HTTP/1.1 200") && page.contains("class=\"secret\"")
}

fn letters(site: &Site) -> usize {
    std::fs::read_dir(site.path("outbox/new")).map_or(0, Iterator::count)
}

fn names(list: &Value) -> Vec<String> {
    let paths = list.as_array().unwrap().iter().map(|path| Path::new(path.as_str().unwrap()));
    paths.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn t47_a_machine_that_is_gone_comes_back_with_accounts_and_archive_and_does_nothing_by_itself() {
    let site = office();
    site.deliver("1.complete", &site.sample("complete"));
    site.deliver("2.vendor", &site.sample("vendor"));
    let daemon = site.run().await;
    filed(&site, 1).await;
    cases(&site, 1).await;
    let link = site.loket(&["admins", "enroll", "retno@lembayungraya.example"]).well();
    let opened_before = opens(&site, &link).await;
    let file = site.path("backup.loket");
    let taken = site.loket(&["backup", file.to_str().unwrap(), "--json"]).json();
    let accounts = site.loket(&["accounts", "list", "--json"]).json();
    site.deliver("3.nip", &site.sample("nip_differs"));
    cases(&site, 2).await;
    daemon.stop().await;
    std::fs::remove_dir_all(site.path("state")).unwrap();

    let told = site.loket(&["restore", file.to_str().unwrap(), "--json"]).json();
    let sent = letters(&site);
    let daemon = site.run().await;
    let stuck = site.loket(&["cases", "list", "--stuck", "--json"]).json();
    let listed = site.loket(&["archive", "list", "--json"]).json();
    let number = listed[0]["number"].as_str().unwrap().to_owned();
    let dossier = site.loket(&["archive", "show", &number, "--json"]).json();
    let opened_after = opens(&site, &link).await;
    let fresh = site.loket(&["admins", "enroll", "retno@lembayungraya.example"]).well();
    let opened_anew = opens(&site, &fresh).await;

    assert!(opened_before && !opened_after && opened_anew, "{opened_before} {opened_after} {opened_anew}");
    assert_eq!((&told["cases"], &told["kept"]), (&taken["cases"], &json!([])));
    assert!(told["cases"].as_u64().is_some_and(|cases| cases > 0), "{told}");
    assert!(told["epoch"].as_u64().is_some_and(|epoch| epoch > 1), "{told}");
    let mut placed = names(&told["placed"]);
    placed.sort();
    assert!(placed.len() == 2 && placed[0] == "accounts.redb" && placed[1].starts_with("archive-"), "{placed:?}");
    assert_eq!(site.loket(&["accounts", "list", "--json"]).json(), accounts);
    assert!(dossier["contents"].as_array().is_some_and(|items| items.len() > 3), "{dossier}");
    assert_eq!(site.loket(&["archive", "verify", "--json"]).json()["damage"], json!([]));
    assert!(stuck[0]["stuck"].as_u64().is_some_and(|held| held > 0), "{stuck}");
    // The mail of after the backup is in the inbox no more: that it is lost is what the moment of a backup means.
    assert_eq!(letters(&site), sent, "nothing leaves before a person has looked");
    assert_eq!(daemon.stop().await, Some(0));
    let sealed = std::fs::read(&file).unwrap();
    for plain in ["LPSE-", "loket.redb", "RINA", "redb"] {
        assert!(memchr::memmem::find(&sealed[15..], plain.as_bytes()).is_none(), "{plain} stands in the backup");
    }
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn t47_an_archive_that_went_on_stays_and_another_one_is_replaced_by_force_alone() {
    let site = office();
    site.deliver("1.vendor", &site.sample("vendor"));
    let daemon = site.run().await;
    filed(&site, 1).await;
    let file = site.path("backup.loket");
    let name = file.to_str().unwrap();
    site.loket(&["backup", name]).well();
    let second = String::from_utf8(site.sample("vendor")).unwrap().replace("Message-ID: <", "Message-ID: <lagi-");
    site.deliver("2.vendor", second.as_bytes());
    filed(&site, 2).await;
    daemon.stop().await;

    let kept = site.loket(&["restore", name, "--force", "--json"]).json();
    let went_on = site.loket(&["archive", "list", "--json"]).json();
    let archive = std::fs::read_dir(site.path("state/archive")).unwrap().flatten().next().unwrap().path();
    std::fs::write(&archive, b"another file").unwrap();
    let refused = site.loket(&["restore", name]).refused(1);
    let forced = site.loket(&["restore", name, "--force", "--json"]).json();
    let back = site.loket(&["archive", "list", "--json"]).json();

    assert_eq!(went_on.as_array().map(Vec::len), Some(2), "what was filed since is not undone");
    assert!(names(&kept["kept"])[0].starts_with("archive-"), "{kept}");
    assert!(refused.contains("does not go on from the one in the backup") && refused.contains("--force"), "{refused}");
    assert_eq!(back.as_array().map(Vec::len), Some(1));
    let aside: Vec<String> = names(&forced["aside"]);
    assert!(aside.iter().any(|name| name.ends_with(".replaced-1")), "{aside:?}");
    assert_eq!(site.loket(&["archive", "verify", "--json"]).json()["damage"], json!([]));
    assert!(!site.path("state/incoming").exists());
}

/// The office opened on the restored store alone, knew nothing of what was filed, and began its register anew.
#[tokio::test(flavor = "multi_thread")]
async fn t47_an_office_whose_restore_was_cut_opens_when_it_has_been_finished() {
    let site = office();
    site.deliver("1.vendor", &site.sample("vendor"));
    let daemon = site.run().await;
    filed(&site, 1).await;
    let file = site.path("backup.loket");
    let name = file.to_str().unwrap();
    site.loket(&["backup", name]).well();
    daemon.stop().await;
    let archive = std::fs::read_dir(site.path("state/archive")).unwrap().flatten().next().unwrap().path();
    std::fs::remove_dir_all(site.path("state")).unwrap();
    // The archive's file cannot be written.
    let in_the_way = archive.with_extension("redb.new");
    std::fs::create_dir_all(&in_the_way).unwrap();

    let cut = site.loket(&["restore", name]);
    let opened = site.loket(&["cases", "list"]);
    std::fs::remove_dir(&in_the_way).unwrap();
    site.loket(&["restore", name]).well();
    let listed = site.loket(&["archive", "list", "--json"]).json();

    assert!(cut.status() != 0, "{}", cut.out());
    assert!(opened.refused(78).contains("was cut") && opened.err().contains("loket restore"), "{}", opened.err());
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    site.loket(&["cases", "list"]).well();
}

/// The first requests of the machine that was lost had numbers too, which were given out again.
#[test]
fn t47_a_backup_of_before_the_first_case_leaves_numbers_out_too() {
    let site = office();
    let file = site.path("backup.loket");
    let name = file.to_str().unwrap();
    site.loket(&["backup", name]).well();
    std::fs::remove_dir_all(site.path("state")).unwrap();

    let told = site.loket(&["restore", name, "--json"]).json();

    let numbers = told["numbers"].as_object().unwrap();
    let left_out = |(series, last): (&String, &Value)| series.starts_with("LPSE-") && last.as_u64() >= Some(1000);
    assert!(numbers.len() == 1 && numbers.iter().all(left_out), "{told}");
}

/// One damaged letter made every later backup one that could not be restored, and hid what else waited for a person.
#[tokio::test(flavor = "multi_thread")]
async fn t43_what_is_damaged_is_named_and_keeps_neither_backup_nor_restore_from_the_rest() {
    const ROWS: redb::TableDefinition<(&str, &str, &str), &[u8]> = redb::TableDefinition::new("rows");
    let site = office();
    site.deliver("1.complete", &site.sample("complete"));
    site.deliver("2.nip", &site.sample("nip_differs"));
    let daemon = site.run().await;
    cases(&site, 2).await;
    daemon.stop().await;
    crate::store_damage::flip(&site.path("state/live/loket.redb"), ROWS, false, |_| 0);
    let file = site.path("backup.loket");

    let taken = site.loket(&["backup", file.to_str().unwrap()]).refused(1);
    let restored = site.loket(&["restore", file.to_str().unwrap()]).refused(1);
    let stuck = site.loket(&["cases", "list", "--stuck", "--json"]).json();

    assert!(taken.contains("outbox row") && taken.contains("LPSE-2026-0001"), "{taken}");
    assert_eq!(taken, restored);
    let counts: Vec<u64> = stuck.as_array().unwrap().iter().filter_map(|case| case["stuck"].as_u64()).collect();
    assert!(counts.len() == 2 && counts.iter().all(|count| *count > 0), "{stuck}");
}

/// `fixtures/backup-schema-1.gz`: the live store alone, as a file of redb, under the master key of 32 times 7.
#[test]
fn t48_a_backup_of_an_earlier_loket_is_restored() {
    let site = office();
    site.change(&format!("id = {:?}", site.office.id), "id = \"bpbj\"");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/backup-schema-1.gz");
    let unpacked = Command::new("gzip").arg("-dc").arg(fixture).output().unwrap();
    let file = site.path("lama.loket");
    std::fs::write(&file, unpacked.stdout).unwrap();

    let told = site.loket(&["restore", file.to_str().unwrap(), "--json"]).json();
    let cases = site.loket(&["cases", "list", "--json"]).json();

    assert_eq!(told["cases"], json!(1));
    assert!(told["epoch"].as_u64().is_some_and(|epoch| epoch > 1), "{told}");
    assert_eq!(cases[0]["number"], "LPSE-2026-0002");
    let mut head = [0u8; 4];
    std::fs::File::open(&file).unwrap().read_exact(&mut head).unwrap();
    assert_eq!(&head, b"redb", "it is what it was");
}
