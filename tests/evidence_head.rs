//! A signed head anchors archive and journal off the machine: whoever holds it, the public key and the files can tell whether
//! the archive still goes on from there, and nothing else is needed; where the office is, the journal too.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use loket::engine::archive::Archive;
use loket::store::archive::RedbArchive;
use loket::vault::{Keyring, MasterKey, OsRandom};

use crate::archive_fixture::{day, dossier};
use crate::cli_fixture::{Ended, Site, program};

/// An office whose archive holds dossiers of these numbers, filed by another hand.
async fn site(numbers: &[u32]) -> Site {
    let site = Site::new();
    let key = site.path("key");
    std::fs::write(&key, [7u8; 32]).unwrap();
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    site.change("[reading]\n", "[keys]\nmaster_key_file = \"key\"\n[reading]\n");
    file(&site, numbers).await;
    site
}

async fn file(site: &Site, numbers: &[u32]) {
    let keys = Keyring::new(&MasterKey::parse(&[7u8; 32]).unwrap());
    let archive = RedbArchive::open(site.path("state/archive"), keys, Arc::new(OsRandom), None).unwrap();
    for serial in numbers {
        archive.keep(dossier(*serial, day(2026, 11, 9))).await.unwrap();
    }
}

/// Verifies a file with public material alone: no configuration, no key of the office.
fn verify(file: &Path, head: &Path, key: &str) -> Ended {
    let mut command = program();
    command.args(["archive", "verify"]).arg(file).arg("--head").arg(head).args(["--key", key]);
    Ended(command.output().expect("the program runs"))
}

/// Verifies the whole office, its journal too.
fn whole(site: &Site, head: &Path, key: &str) -> Ended {
    site.loket(&["archive", "verify", "--head", head.to_str().expect("a plain path"), "--key", key])
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_goes_on_from_a_signed_head_is_sound_and_one_that_was_written_anew_is_not() {
    let site = site(&[1, 2]).await;
    let (archive, head): (PathBuf, PathBuf) = (site.path("state/archive/archive-2026.redb"), site.path("head.txt"));
    std::fs::write(&head, site.loket(&["archive", "head", "--sign"]).well()).unwrap();
    let key = site.loket(&["archive", "head", "--key"]).well();
    let key = key.trim();

    assert!(verify(&archive, &head, key).well().contains("goes on from the head"));
    file(&site, &[3]).await;
    assert!(verify(&archive, &head, key).well().contains("goes on from the head"));

    // The same dossiers filed once more: sound in itself, and another archive.
    std::fs::remove_file(&archive).unwrap();
    file(&site, &[1, 2, 3]).await;
    let anew = verify(&archive, &head, key);
    assert_eq!((anew.status(), anew.out().contains("dossier 2 of it is another one")), (1, true), "{}", anew.out());
    std::fs::remove_file(&archive).unwrap();
    file(&site, &[1]).await;
    let shorter = verify(&archive, &head, key);
    assert_eq!((shorter.status(), shorter.out().contains("it held 2 dossiers")), (1, true), "{}", shorter.out());
}

/// Nothing held the journal against the head that anchors it: cut or written anew, it was sound.
#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_was_written_anew_or_cut_since_the_head_is_named() {
    let site = site(&[1]).await;
    let (live, head) = (site.path("state/live"), site.path("head.txt"));
    // Each look at the list is an entry of the journal.
    let look = |times: u32| (0..times).for_each(|_| drop(site.loket(&["archive", "list"]).well()));
    look(2);
    std::fs::write(&head, site.loket(&["archive", "head", "--sign"]).well()).unwrap();
    let key = site.loket(&["archive", "head", "--key"]).well().trim().to_owned();
    let verify = || whole(&site, &head, &key);

    let same = verify().well();
    look(1);
    let later = verify().well();
    std::fs::remove_dir_all(&live).unwrap();
    look(3);
    let unanchored = site.loket(&["archive", "verify"]).well();
    let anew = verify();
    std::fs::remove_dir_all(&live).unwrap();
    look(1);
    let cut = verify();

    for sound in [same, later] {
        assert!(sound.contains("journal and archive go on from the head"), "{sound}");
    }
    assert!(unanchored.starts_with("Sound"), "no chain tells of it: {unanchored}");
    assert_eq!((anew.status(), anew.out().contains("entry 2 of it is another one")), (1, true), "{}", anew.out());
    assert_eq!((cut.status(), cut.out().contains("it held 2 entries")), (1, true), "{}", cut.out());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_archive_is_held_against_a_head_of_the_same_office() {
    let site = site(&[1]).await;
    let (archive, head) = (site.path("state/archive/archive-2026.redb"), site.path("head.txt"));
    std::fs::write(&head, site.loket(&["archive", "head", "--sign"]).well()).unwrap();
    let key = site.loket(&["archive", "head", "--key"]).well().trim().to_owned();

    std::fs::remove_file(&archive).unwrap();
    file(&site, &[1]).await;
    let anew = whole(&site, &head, &key);
    std::fs::remove_file(&archive).unwrap();
    let gone = whole(&site, &head, &key);
    site.change(&format!("id = {:?}", site.office.id), "id = \"lain\"");
    let other = whole(&site, &head, &key).refused(1);

    assert_eq!((anew.status(), anew.out().contains("dossier 1 of it is another one")), (1, true), "{}", anew.out());
    assert_eq!((gone.status(), gone.out().contains("it held 1 dossiers")), (1, true), "{}", gone.out());
    assert!(other.contains("is of the office"), "{other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_was_altered_or_signed_by_another_or_not_at_all_is_not_trusted() {
    let site = site(&[1]).await;
    let (archive, head): (PathBuf, PathBuf) = (site.path("state/archive/archive-2026.redb"), site.path("head.txt"));
    let signed = site.loket(&["archive", "head", "--sign"]).well();
    let key = site.loket(&["archive", "head", "--key"]).well().trim().to_owned();
    let told = |text: &str, key: &str| {
        std::fs::write(&head, text).unwrap();
        verify(&archive, &head, key).refused(1)
    };

    assert!(told(&signed.replace("office ", "office x"), &key).contains("altered"));
    assert!(told(&signed, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").contains("another key"));
    assert!(told(&site.loket(&["archive", "head"]).well(), &key).contains("not signed"));
    assert!(told("halo", &key).contains("not a head"));
    assert!(told(&signed, "abc").contains("no public key"));
    let other = site.path("archive-2019.redb");
    std::fs::copy(&archive, &other).unwrap();
    std::fs::write(&head, &signed).unwrap();
    assert!(verify(&other, &head, &key).refused(1).contains("says nothing of"));
    let json = site.loket(&["archive", "head", "--json"]).json();
    assert_eq!((json["archive"][0]["dossiers"].as_u64(), json["key"].as_str()), (Some(1), Some(key.as_str())));
}
