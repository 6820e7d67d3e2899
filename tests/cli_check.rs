//! `loket check`: one row a thing, the bad key by its name, and the contract's exit statuses.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use chrono::Datelike;
use loket::daemon::clock::SystemClock;
use loket::engine::port::Clock;

use crate::cli_fixture::{Site, closed, program};

#[test]
fn a_good_configuration_passes_and_makes_nothing() {
    let site = Site::new();

    let told = site.loket(&["check"]).well();

    assert!(told.lines().skip(1).all(|line| line.starts_with("ok")), "{told}");
    assert!(!site.path("state").exists() && !site.path("outbox").exists());
}

#[test]
fn every_bad_key_is_named_on_a_row_of_its_own() {
    let site = Site::new();
    site.change("[desk]\n", "[desk]\nlissten = \"x\"\n");
    site.change("phone = \"(0598) 440120\"\n", "");

    let check = site.loket(&["check"]);
    let rows = site.loket(&["check", "--json"]);
    let run = site.loket(&["run"]);

    let told = check.refused(78);
    assert!(told.contains("`desk.lissten`") && told.contains("`office.phone`"), "{told}");
    assert!(check.out().contains("desk.lissten") && check.out().contains("`listen`"), "{}", check.out());
    let rows: serde_json::Value = serde_json::from_str(&rows.out()).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 2);
    assert_eq!((&rows[0]["ok"], rows[0]["key"].as_str()), (&serde_json::Value::Bool(false), Some("office.phone")));
    assert_eq!(run.status(), 78);
    assert_eq!(run.err().lines().count(), 2, "{}", run.err());
    assert_eq!(run.out(), "");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let ended = program().args(["check", "--config", "/nonexistent/loket.toml"]).output().unwrap();

    assert_eq!(ended.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("/nonexistent/loket.toml"));
}

#[test]
fn a_year_without_holidays_fails_the_check_and_not_the_service() {
    let site = Site::new();
    let year = SystemClock.now().year();
    site.change(&format!("\"holidays-{year}.toml\", "), "");

    let told = site.loket(&["check"]).refused(1);

    assert!(told.contains("holidays.files"), "{told}");
    site.import().well();
    assert_eq!(site.loket(&["cases", "list", "--json"]).json(), serde_json::json!([]));
}

#[test]
fn a_secret_that_others_can_read_is_refused() {
    let site = Site::new();
    let key = site.path("key");
    std::fs::write(&key, [7u8; 32]).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    site.change("[reading]\n", "[keys]\nmaster_key_file = \"key\"\n[reading]\n");

    let exposed = site.loket(&["check"]);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let closed = site.loket(&["check"]);

    assert!(exposed.refused(1).contains("keys.master_key"));
    assert!(exposed.out().contains("chmod 600"), "{}", exposed.out());
    closed.well();
}

#[test]
fn online_it_tries_mail_reading_and_accounts() {
    let site = Site::new();
    site.import().well();

    let told = site.loket(&["check", "--online"]).well();

    for key in ["mailbox[0] ", "courier ", "reading ", "reading.scans ", "accounts.driver "] {
        assert!(told.lines().any(|line| line.starts_with("ok") && line.contains(key)), "{key}: {told}");
    }
}

#[test]
fn online_an_empty_directory_of_accounts_is_a_finding() {
    let site = Site::new();
    site.loket(&["admins", "enroll", "retno@karangmulia.example"]).well();

    let check = site.loket(&["check", "--online"]);

    assert!(check.refused(1).contains("accounts.driver"));
    assert!(check.out().contains("loket accounts import"), "{}", check.out());
}

#[test]
fn online_a_server_that_is_not_there_may_come_back() {
    let site = Site::new();
    site.import().well();
    let port = crate::kit::offspring::free_port();
    site.change("kind = \"maildir\"\nfrom_address", "kind = \"smtp\"\nfrom_address");
    site.change(
        "[courier.maildir]",
        &format!("[courier.smtp]\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"plain\"\n[courier.maildir]"),
    );

    let told = site.loket(&["check", "--online"]).refused(75);

    assert!(told.contains("`courier`"), "{told}");
}

/// A key that the operator's own user may not look at was said to be made at the first start.
#[test]
fn a_key_that_cannot_be_looked_at_is_not_called_missing() {
    let site = Site::new();
    // As with a folder that others may not enter, whether the key is there cannot be told.
    std::fs::write(site.path("state"), "").unwrap();

    let check = site.loket(&["check"]);

    assert!(check.refused(1).contains("`keys.master_key`"), "{}", check.out());
    assert!(!check.out().contains("first start in"), "{}", check.out());
}

/// `check | head -1` ended with 0 whatever was wrong, and on a full disk with 1 instead of 78.
#[test]
fn a_verdict_stands_where_nobody_reads_the_output_or_it_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).display().to_string();
    let (config, archive, mail, absent) = (place("nope.toml"), place("bukan.redb"), place("ok.eml"), place("nope.eml"));
    std::fs::write(&archive, "bukan arsip").unwrap();
    std::fs::write(&mail, "From: a@x.example\r\nTo: b@x.example\r\nSubject: halo\r\n\r\nisi\r\n").unwrap();
    let full = || Stdio::from(std::fs::File::options().write(true).open("/dev/full").unwrap());

    for (arguments, status) in [
        (vec!["check", "--config", config.as_str()], 78),
        (vec!["check", "--config", config.as_str(), "--json"], 78),
        (vec!["archive", "verify", archive.as_str()], 1),
        (vec!["archive", "verify", archive.as_str(), "--json"], 1),
        (vec!["inspect", "--json", mail.as_str(), absent.as_str()], 1),
    ] {
        for (out, where_to) in [(closed(), "a closed pipe"), (full(), "a full disk")] {
            let ended = program().args(&arguments).stdout(out).output().unwrap();

            let told = String::from_utf8_lossy(&ended.stderr);
            assert_eq!(ended.status.code(), Some(status), "{arguments:?} to {where_to}: {told}");
            assert!(told.lines().next().is_some_and(|line| line.contains("nope") || line.contains("bukan")), "{told}");
            assert!(!told.contains("panicked"), "{told}");
        }
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure_and_a_full_disk_is_one() {
    let site = Site::new();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();

    let enough = program().args(["completions", "bash"]).stdout(closed()).output().unwrap();
    let checked = site.unheard(&["check"]);
    let cut = program().args(["completions", "bash"]).stdout(full).output().unwrap();

    assert_eq!((enough.status.code(), enough.stderr.as_slice()), (Some(0), b"".as_slice()));
    assert_eq!((checked.status(), checked.err()), (0, String::new()));
    assert_eq!(cut.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&cut.stderr).starts_with("Cannot write to standard output: "));
}

/// The check said that a key would be made, or that it was there, where the daemon ended with 78.
#[test]
fn a_key_that_is_gone_or_malformed_is_bad_where_something_is_sealed_under_it() {
    let site = Site::new();
    site.import().well();
    let key = site.path("state/master.key");
    let right = std::fs::read(&key).unwrap();

    std::fs::write(&key, "abc").unwrap();
    let malformed = (site.loket(&["check"]), site.loket(&["run"]).status());
    std::fs::remove_file(&key).unwrap();
    let gone = (site.loket(&["check"]), site.loket(&["run"]).status());
    std::fs::write(&key, right).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();

    for (check, run) in [malformed, gone] {
        assert!(check.refused(1).contains("`keys.master_key`"), "{}", check.out());
        assert!(check.out().contains("Put the right one back") && !check.out().contains("openssl"), "{}", check.out());
        assert_eq!(run, 78);
    }
    assert!(!site.loket(&["check"]).well().contains("will be made"));
}

#[test]
fn a_malformed_key_of_a_new_office_is_bad_and_may_be_made_anew() {
    let site = Site::new();
    std::fs::create_dir(site.path("state")).unwrap();
    std::fs::set_permissions(site.path("state"), std::fs::Permissions::from_mode(0o700)).unwrap();
    std::fs::write(site.path("state/master.key"), "abc").unwrap();
    std::fs::set_permissions(site.path("state/master.key"), std::fs::Permissions::from_mode(0o600)).unwrap();

    let check = site.loket(&["check"]);

    assert!(check.refused(1).contains("`keys.master_key`"));
    assert!(check.out().contains("openssl rand -base64 32"), "{}", check.out());
}

/// `check` ended with 1 where `run` ended with 78, and neither said in which line.
#[test]
fn a_mistake_in_the_words_of_recognition_is_one_of_the_configuration() {
    let site = Site::new();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/sop/helpdesk.toml");
    let text = std::fs::read_to_string(&shipped).unwrap();
    let wrong = text.replacen("[[recognition.services]]", "[[recognition.servises]]", 1);
    let line = wrong.lines().position(|line| line == "[[recognition.servises]]").expect("the mistake") + 1;
    std::fs::write(site.path("helpdesk.toml"), &wrong).unwrap();
    site.change(&format!("{:?}", shipped.display().to_string()), "\"helpdesk.toml\"");

    let check = site.loket(&["check"]);
    let run = site.loket(&["run"]);

    let told = format!("helpdesk.toml: `line {line}`: unknown key `servises`; the nearest known one is `services`");
    assert!(check.refused(78).contains("`mailbox[0].procedure`"));
    assert!(check.out().contains(&told), "{}", check.out());
    assert!(run.refused(78).contains(&told), "{}", run.err());
}
