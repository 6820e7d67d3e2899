//! `loket inspect` as scripts use it: keys, order, exit status.

use std::path::Path;
use std::process::{Command, Output};

const MAIL: &str = "From: Wayan <wayan@kab-tirta.example>\r\nTo: lpse@kab-tirta.example\r\nSubject: lupa password\r\n\
    Date: Mon, 16 Nov 2026 10:00:00 +0800\r\nMessage-ID: <1@kab-tirta.example>\r\n\r\nMohon reset password SPSE saya.\r\n";

fn loket(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_loket")).arg("inspect").args(arguments).output().expect("the program starts")
}

fn written(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(name);
    std::fs::write(&file, text).expect("a file in a fresh folder can be written");
    file.to_string_lossy().into_owned()
}

#[test]
fn every_key_is_there_in_the_order_of_the_contract() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mail = written(folder.path(), "satu.eml", MAIL);

    let output = loket(&["--json", &mail, &mail]);

    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    assert_eq!(text.lines().count(), 2);
    let first = text.lines().next().unwrap_or_default();
    let keys = ["file", "verdict", "reason", "services", "applicant", "documents", "checklist", "complete", "alerts"];
    let places: Vec<usize> = keys.iter().map(|k| first.find(&format!("\"{k}\":")).expect(k)).collect();
    assert!(places.is_sorted(), "{first}");
    let json: serde_json::Value = serde_json::from_str(first).expect("one object a line");
    assert_eq!(json["verdict"], "request");
    assert_eq!(json["services"], serde_json::json!(["reset_password"]));
    assert!(json["reason"].is_null() && json["applicant"].get("nip").is_some_and(serde_json::Value::is_null));
}

#[test]
fn a_mail_beyond_the_limit_is_refused_by_its_size() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mail = written(folder.path(), "besar.eml", &format!("{MAIL}{}", "isi panjang\r\n".repeat(2_000_000)));

    let output = loket(&["--json", &mail]);

    assert_eq!(output.status.code(), Some(0));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one object");
    assert_eq!((&json["verdict"], &json["reason"]), (&"refused".into(), &"too_large".into()));
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mail = written(folder.path(), "satu.eml", MAIL);

    let output = loket(&["--json", "tidak-ada.eml", &mail]);

    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("tidak-ada.eml"));
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1);
}

#[test]
fn a_wrong_accounts_file_is_named_by_line_and_column() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mail = written(folder.path(), "satu.eml", MAIL);
    let accounts = written(folder.path(), "akun.csv", "user_id,name,email\nA,B,bukan-alamat\n");

    let output = loket(&["--json", "--accounts", &accounts, &mail]);

    assert_eq!(output.status.code(), Some(1), "as `accounts import` ends");
    assert!(String::from_utf8_lossy(&output.stderr).contains("Line 2, column `email`"));
    assert!(output.stdout.is_empty());
}

#[test]
fn people_get_a_table_that_no_mail_can_make_jump() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mail = written(folder.path(), "satu.eml", &MAIL.replace("lupa password", "lupa \u{1b}[2J password"));

    let output = loket(&[&mail]);

    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("verdict    request") && text.contains("appointment_decree"), "{text}");
    assert!(!text.contains('\u{1b}'));
}

/// A reader that had seen enough counted as a failure here alone.
#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mail = written(folder.path(), "satu.eml", MAIL);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);

    let mut inspect = Command::new(env!("CARGO_BIN_EXE_loket"));
    let ended = inspect.args(["inspect", "--json", &mail]).stdout(writer).status().expect("the program starts");

    assert_eq!(ended.code(), Some(0));
}
