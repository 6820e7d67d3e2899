//! A mail that cannot be worked on for the moment holds up no other, and nothing of it is lost.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use loket::demo::samples::people::{AGUNG, MAILBOX, RINA};

use crate::kit::office::{PROCESSED, now};
use crate::kit::{Daemon, Office, wait_for};
use crate::mail_flood::letter;

/// Answers for every account but Rina's, who is known by user ID or address, while the office's folder holds a file `away`.
const SCRIPT: &str = r#"#!/bin/sh
cd "$(dirname "$0")"
request=$(cat)
case "$request" in
  *ID*|*ADDRESS*) [ -e away ] && exit 1 ;;
esac
case "$request" in
  *look_up*) echo '{"accounts":[]}' ;;
  *) echo '{"outcome":"failed","why":"none"}' ;;
esac
"#;

/// An office with that script, and the file.
async fn failing() -> (Office, PathBuf) {
    let office =
        Office::open_with("driver = \"command\"\n[accounts.command]\nprogram = \"@/reset\"\nlook_up = true\n").await;
    let program = office.write("reset", &SCRIPT.replace("ID", RINA.user_id).replace("ADDRESS", RINA.email));
    std::fs::set_permissions(program, PermissionsExt::from_mode(0o755)).expect("the file is ours");
    let away = office.write("away", "");
    (office, away)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_system_that_fails_for_one_mail_holds_up_no_other_and_the_mail_waits_in_the_inbox() {
    let (office, away) = failing().await;
    let daemon = Daemon::start(&office).await;
    let samples = office.samples();
    let of = |sender: &str| samples.iter().find(|s| s.sender == sender).expect("there is such a sample");
    let (stuck, other) = (of(RINA.email), of(AGUNG.email));

    office.send_sample(stuck).await;
    daemon.tells("a mail stays in the inbox for now", 1).await;
    office.send_sample(other).await;
    office.number_given_to(&other.sender).await;
    wait_for("the other mail's place", || async {
        let files = |folder| office.dovecot.files(MAILBOX, folder).len();
        (files("INBOX") == 1 && files(PROCESSED) == 1).then_some(())
    })
    .await;

    std::fs::remove_file(away).expect("it is there");
    office.number_given_to(&stuck.sender).await;
    assert_eq!(office.handled(2).await, 0, "neither was refused");
}

/// The shelf took 32 mails and let none go: with one more that failed for good the mailbox was closed for everybody, and
/// whoever found what the account system fails on could send them.
#[tokio::test(flavor = "multi_thread")]
async fn mails_that_fail_for_good_close_the_mailbox_for_nobody_and_are_fetched_again() {
    const FAILING: u32 = 33;
    let (office, away) = failing().await;
    let daemon = Daemon::start(&office).await;
    let samples = office.samples();
    let good = samples.iter().find(|sample| sample.sender == AGUNG.email).expect("there is such a sample");

    for nth in 0..FAILING {
        let request = letter((RINA.name, RINA.email), nth, now());
        office.send(RINA.email, &request.bytes(None)).await;
    }
    daemon.tells("a mail stays in the inbox for now", FAILING as usize).await;
    office.send_sample(good).await;
    office.number_given_to(&good.sender).await;
    let waiting = office.dovecot.files(MAILBOX, "INBOX").len();
    std::fs::remove_file(away).expect("it is there");
    office.number_given_to(RINA.email).await;

    assert!(waiting >= FAILING as usize, "they stay in the inbox: {waiting}");
    assert_eq!(office.handled(FAILING as usize + 1).await, 0, "all of them came once more, and none was refused");
}
