//! `loket run` as a process: it opens, answers the command line while it works, keeps others out, and ends when told.

use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use chrono::Datelike;
use loket::daemon::clock::SystemClock;
use loket::engine::port::Clock;

use crate::cli_fixture::{Site, http, program};
use crate::kit::wait_for;

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_becomes_a_case_that_the_command_line_shows_with_and_without_the_daemon() {
    let site = Site::new();
    site.import().well();
    site.deliver("1.complete", &site.sample("complete"));

    let daemon = site.run().await;
    let listed = wait_for("the case", || async {
        let cases = site.loket(&["cases", "list", "--json"]).json();
        cases.as_array().is_some_and(|cases| !cases.is_empty()).then_some(cases)
    })
    .await;
    let number = listed[0]["number"].as_str().unwrap().to_owned();
    let running = site.loket(&["cases", "show", &number, "--json"]).json();
    let ended = daemon.stop().await;
    let alone = site.loket(&["cases", "show", &number, "--json"]).json();

    assert_eq!(ended, Some(0), "{}", daemon.said());
    assert_eq!(running["phase"], "under_review");
    assert_eq!(alone["checklist"], running["checklist"]);
    assert_eq!(alone["number"], listed[0]["number"]);
    assert!(running["history"][0]["event"] == "opened" && running["letters"][0]["kind"] == "acknowledgement");
    let text = site.loket(&["cases", "show", &number]).well();
    assert!(text.contains("request_letter") && text.contains("met"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_socket_is_its_owners_alone_and_gone_with_the_daemon() {
    let site = Site::new();
    let daemon = site.run().await;
    let socket = site.path("state/loket.sock");

    let about = std::fs::metadata(&socket).unwrap();
    let folder = std::fs::metadata(site.path("state")).unwrap();
    let health = http(site.port, "/healthz").await.unwrap();
    let ended = daemon.stop().await;

    assert!(about.file_type().is_socket());
    assert_eq!((about.mode() & 0o777, folder.mode() & 0o777), (0o600, 0o700));
    assert!(health.starts_with("HTTP/1.1 200"), "{health}");
    assert_eq!(ended, Some(0));
    assert!(!socket.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn t44_a_second_daemon_on_the_same_folder_names_the_first_and_ends() {
    let site = Site::new();
    let (program_told, kept) = (site.path("alarm"), site.path("told"));
    std::fs::write(&program_told, format!("#!/bin/sh\ncat >> {}\n", kept.display())).unwrap();
    std::fs::set_permissions(&program_told, PermissionsExt::from_mode(0o755)).unwrap();
    site.change("[log]", &format!("[alarms]\nprogram = \"{}\"\n[log]", program_told.display()));
    let daemon = site.run().await;
    let second = site.path("second.toml");
    let text = std::fs::read_to_string(&site.config).unwrap();
    let port = crate::kit::offspring::free_port();
    std::fs::write(&second, text.replace(&site.port.to_string(), &port.to_string())).unwrap();

    let ended = program().args(["run", "--config", second.to_str().unwrap()]).output().unwrap();

    let told = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(75), "{told}");
    assert!(told.contains(&format!("process {}", daemon.pid())), "{told}");
    assert!(daemon.lives() && site.path("state/loket.sock").exists());
    let alarms = std::fs::read_to_string(&kept).unwrap_or_default();
    assert!(!alarms.contains("office_closed"), "the office is open: {alarms}");
    site.loket(&["cases", "list"]).well();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_command_line_changes_the_running_daemon_knows() {
    let site = Site::new();
    let daemon = site.run().await;

    site.import().well();
    let link = site.loket(&["admins", "enroll", "teguh@lembayungraya.example", "--name", "Teguh"]).well();
    let path = link.trim().strip_prefix(&format!("http://127.0.0.1:{}", site.port)).expect("the desk's own address");
    let page = http(site.port, path).await.unwrap();
    let unknown = http(site.port, "/daftar/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await.unwrap();

    assert!(page.starts_with("HTTP/1.1 200") && page.contains("teguh@lembayungraya.example"), "{page}");
    assert!(!unknown.starts_with("HTTP/1.1 200"), "{unknown}");
    assert!(!daemon.said().contains(path.rsplit('/').next().unwrap()), "a token is never logged");
    assert!(!daemon.said().contains("teguh@"), "an address is never logged");
    assert_eq!(daemon.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_whose_port_is_taken_is_worth_retrying() {
    let site = Site::new();
    let _taken = std::net::TcpListener::bind(("127.0.0.1", site.port)).unwrap();

    let ended = site.loket(&["run"]);

    assert_eq!(ended.status(), 75, "{}", ended.err());
    // It was told twice: as the log's last line, and as the command's one sentence.
    let told = ended.err();
    assert_eq!(told.lines().filter(|line| line.contains(&format!("127.0.0.1:{}", site.port))).count(), 1, "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_without_holidays_raises_an_alarm_and_the_service_goes_on() {
    let site = Site::new();
    let year = SystemClock.now().year();
    site.change(&format!("\"holidays-{year}.toml\", "), "");
    site.import().well();
    site.deliver("1.complete", &site.sample("complete"));

    let daemon = site.run().await;
    wait_for("the case", || async {
        let cases = site.loket(&["cases", "list", "--json"]).json();
        cases.as_array().is_some_and(|cases| !cases.is_empty()).then_some(())
    })
    .await;

    assert!(daemon.said().contains("ALARM") && daemon.said().contains("holidays.files"), "{}", daemon.said());
    assert_eq!(daemon.stop().await, Some(0));
}

/// "File exists (os error 17)" was called temporary: the service manager tried for ever, and every verb for ten seconds.
#[test]
fn a_file_in_the_place_of_the_state_folder_is_a_mistake_in_the_configuration() {
    let site = Site::new();
    std::fs::write(site.path("state"), "").unwrap();

    let ran = site.loket(&["run"]);
    let asked = site.loket(&["cases", "list"]).refused(78);
    site.change("directory = \"state\"", "directory = \"state\"\nsocket = \"loket.sock\"");
    let begun = site.import().refused(78);

    assert_eq!(ran.status(), 78, "{}", ran.err());
    for told in [ran.err(), asked, begun] {
        assert!(told.contains("`state.directory`"), "{told}");
    }
}

/// Whoever may not look into the state folder was told to try again. Root may, so only another user sees it.
#[test]
fn another_user_is_told_what_to_change_and_not_to_try_again() {
    const NOBODY: u32 = 65534;
    if !crate::kit::offspring::is_root() {
        return;
    }
    let site = Site::new();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/sop/helpdesk.toml");
    std::fs::copy(&shipped, site.path("helpdesk.toml")).unwrap();
    site.change(&format!("{:?}", shipped.display().to_string()), "\"helpdesk.toml\"");
    site.import().well();
    std::fs::copy(env!("CARGO_BIN_EXE_loket"), site.path("loket")).unwrap();
    std::fs::set_permissions(site.path("."), PermissionsExt::from_mode(0o755)).unwrap();
    let (csv, backup) = (site.path("accounts.csv"), site.path("backup.loket"));
    let (csv, backup) = (csv.to_str().unwrap(), backup.to_str().unwrap());

    for verb in [&["cases", "list"][..], &["backup", backup], &["accounts", "import", csv], &["run"]] {
        let mut command = Command::new(site.path("loket"));
        command.args(verb).uid(NOBODY).gid(NOBODY).env_clear().env("LOKET_CONFIG", &site.config);
        let ended = command.output().unwrap();

        let told = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(78), "{verb:?}: {told}");
        assert!(told.contains("Permission denied") && told.contains("`state.directory`"), "{verb:?}: {told}");
    }
}

/// The shipped configuration without its credentials founded an office under a key of its own, which the key that the operator
/// then gave did not open.
#[test]
fn an_office_whose_secrets_are_not_there_is_not_founded() {
    let imap = "kind = \"imap\"\nhost = \"localhost\"\nsecurity = \"plain\"\nuser = \"permohonan\"\npassword_file = \"rahasia\"";
    let figures = "[metrics]\nlisten = \"127.0.0.1:9421\"\ntoken_file = \"rahasia\"\n[log]";
    let key = "[keys]\nmaster_key_file = \"rahasia\"\n[log]";

    for (named, from, to) in [
        ("`mailbox[0].password`", "kind = \"maildir\"\ndirectory = \"inbox\"", imap),
        ("`metrics.token`", "[log]", figures),
        ("rahasia", "[log]", key),
    ] {
        let site = Site::new();
        site.change(from, to);

        let ended = site.loket(&["run"]);

        assert_eq!(ended.status(), 78, "{}", ended.err());
        assert!(ended.err().contains(named), "{}", ended.err());
        assert!(!site.path("state").exists(), "{named}: nothing is made");
    }
}
