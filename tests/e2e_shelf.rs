//! A mail that cannot be worked on for the moment holds up no other, and nothing of it is lost.

use std::os::unix::fs::PermissionsExt;

use loket::demo::samples::people::{AGUNG, MAILBOX, RINA};

use crate::kit::office::PROCESSED;
use crate::kit::{Daemon, Office, wait_for};

/// Answers for every account but Rina's, while the office's folder holds a file `away`.
const SCRIPT: &str = r#"#!/bin/sh
cd "$(dirname "$0")"
request=$(cat)
case "$request" in
  *ID*) [ -e away ] && exit 1 ;;
esac
case "$request" in
  *look_up*) echo '{"accounts":[]}' ;;
  *) echo '{"outcome":"failed","why":"none"}' ;;
esac
"#;

#[tokio::test(flavor = "multi_thread")]
async fn an_account_system_that_fails_for_one_mail_holds_up_no_other_and_the_mail_waits_in_the_inbox() {
    let office =
        Office::open_with("driver = \"command\"\n[accounts.command]\nprogram = \"@/reset\"\nlook_up = true\n").await;
    let program = office.write("reset", &SCRIPT.replace("ID", RINA.user_id));
    std::fs::set_permissions(program, PermissionsExt::from_mode(0o755)).expect("the file is ours");
    let away = office.write("away", "");
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
