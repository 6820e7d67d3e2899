//! `loket check`: one row a thing, the bad key by its name, and the contract's exit statuses.

use std::os::unix::fs::PermissionsExt;

use chrono::Datelike;
use loket::daemon::clock::SystemClock;
use loket::engine::port::Clock;

use crate::cli_fixture::{Site, program};

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
