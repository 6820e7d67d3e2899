//! The Maildir inbox.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use loket::engine::port::{Arrival, ArrivalBody, Folder, Inbox};
use loket::mail::inbox::Refetch;
use loket::mail::inbox::maildir::{MaildirInbox, MaildirSettings};
use tempfile::TempDir;

use crate::kit::samples::{mail, mail_of};
use crate::kit::wait::in_time;

fn open(folder: &Path) -> MaildirInbox {
    MaildirInbox::new(MaildirSettings {
        name: "helpdesk".to_owned(),
        path: folder.to_owned(),
        poll_interval: Duration::from_millis(50),
        max_mail_bytes: 100_000,
    })
    .expect("the folder is ours")
}

fn home() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Delivers as a mail server does: complete in `tmp`, then renamed into `new`.
fn deliver(folder: &Path, name: &str, raw: &[u8]) {
    std::fs::write(folder.join("tmp").join(name), raw).expect("the folder is ours");
    std::fs::rename(folder.join("tmp").join(name), folder.join("new").join(name)).expect("the folder is ours");
}

async fn next(inbox: &MaildirInbox, limit: usize) -> Vec<Arrival> {
    in_time("mail", inbox.next(limit)).await.expect("the folder can be read")
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn mail_comes_oldest_first_once_and_is_filed() {
    let home = home();
    let inbox = open(home.path());
    deliver(home.path(), "1780000002.M5P1.host", &mail(3));
    deliver(home.path(), "1780000001.M10P1.host", &mail(2));
    deliver(home.path(), "1780000001.M9P1.host", &mail(1));

    let first = next(&inbox, 2).await;
    let second = next(&inbox, 10).await;
    let third = next(&inbox, 10).await;
    let origins = [&first[..], &second[..]].concat().iter().map(|a| a.origin.clone()).collect::<Vec<_>>();
    let filing = [
        (origins[0].clone(), Folder::Processed),
        (origins[1].clone(), Folder::Refused),
        (origins[2].clone(), Folder::Processed),
    ];
    inbox.file(&filing).await.expect("the folder is ours");
    inbox.file(&filing).await.expect("what is no longer there counts as filed");

    let names: Vec<&str> = origins.iter().map(|o| o.name.as_str()).collect();
    assert_eq!(names, ["1780000001.M9P1.host", "1780000001.M10P1.host", "1780000002.M5P1.host"]);
    assert!(matches!(&first[0].body, ArrivalBody::Raw(raw) if *raw == mail(1)));
    assert!(third.is_empty());
    assert_eq!(files(&home.path().join(".processed/cur")), ["1780000001.M9P1.host:2,", "1780000002.M5P1.host:2,"]);
    assert_eq!(files(&home.path().join(".refused/cur")), ["1780000001.M10P1.host:2,"]);
    assert!(files(&home.path().join("cur")).is_empty() && files(&home.path().join("new")).is_empty());
}

/// The first that could not be moved ended the attempt; and where its folder was gone it counted as filed.
#[tokio::test]
async fn a_mail_whose_folder_is_gone_stays_and_keeps_no_other_in_the_inbox() {
    let home = home();
    let inbox = open(home.path());
    deliver(home.path(), "1.M1.host", &mail(1));
    deliver(home.path(), "2.M1.host", &mail(2));
    let origins: Vec<_> = next(&inbox, 10).await.into_iter().map(|arrival| arrival.origin).collect();
    let filing = [(origins[0].clone(), Folder::Refused), (origins[1].clone(), Folder::Processed)];
    std::fs::remove_dir(home.path().join(".refused/cur")).expect("the folder is ours");

    let left = inbox.file(&filing).await.expect_err("one stays");
    let held = (inbox.holds(&origins[0]), inbox.holds(&origins[1]));
    std::fs::create_dir(home.path().join(".refused/cur")).expect("the folder is ours");
    inbox.file(&left.mails).await.expect("the folder is there again");

    assert_eq!((left.mails, held), (filing[..1].to_vec(), (true, false)));
    assert_eq!(files(&home.path().join(".processed/cur")), ["2.M1.host:2,"]);
    assert_eq!(files(&home.path().join(".refused/cur")), ["1.M1.host:2,"]);
}

#[tokio::test]
async fn a_mail_that_is_asked_for_again_comes_once_more_behind_the_others_unless_it_is_gone() {
    let home = home();
    let inbox = open(home.path());
    deliver(home.path(), "1.M1.host", &mail(1));
    deliver(home.path(), "2.M1.host", &mail(2));
    let origins: Vec<_> = next(&inbox, 10).await.into_iter().map(|arrival| arrival.origin).collect();
    deliver(home.path(), "3.M1.host", &mail(3));

    inbox.refetch(&origins);
    std::fs::remove_file(home.path().join("cur/2.M1.host:2,")).expect("it was handed out");
    let again = next(&inbox, 10).await;
    let no_more = next(&inbox, 10).await;

    let names: Vec<&str> = again.iter().map(|arrival| arrival.origin.name.as_str()).collect();
    assert_eq!((names, no_more.len()), (vec!["3.M1.host", "1.M1.host"], 0));
    assert!(inbox.holds(&origins[0]) && !inbox.holds(&origins[1]), "somebody took the other away");
    inbox.file(&[(origins[0].clone(), Folder::Processed)]).await.expect("the folder is ours");
    assert!(!inbox.holds(&origins[0]));
}

#[tokio::test]
async fn new_mail_wakes_the_inbox() {
    let home = home();
    let inbox = Arc::new(
        MaildirInbox::new(MaildirSettings {
            name: "helpdesk".to_owned(),
            path: home.path().to_owned(),
            // Only the kernel's word can bring the mail within the test's deadline.
            poll_interval: Duration::from_secs(3600),
            max_mail_bytes: 100_000,
        })
        .expect("the folder is ours"),
    );
    deliver(home.path(), "1.M1.host", &mail(1));
    next(&inbox, 10).await;
    let waiting = tokio::spawn({
        let inbox = Arc::clone(&inbox);
        async move { next(&inbox, 10).await }
    });

    deliver(home.path(), "2.M1.host", &mail(2));
    let arrivals = in_time("word of the mail", waiting).await.expect("the task does not panic");

    assert!(matches!(&arrivals[0].body, ArrivalBody::Raw(raw) if *raw == mail(2)));
}

#[tokio::test]
async fn after_a_restart_mail_not_yet_filed_is_handed_out_again() {
    let home = home();
    deliver_into_fresh(home.path());
    let before = next(&open(home.path()), 10).await;

    let after = next(&open(home.path()), 10).await;

    assert_eq!(before.len(), 1);
    assert_eq!(after[0].origin, before[0].origin);
}

fn deliver_into_fresh(folder: &Path) {
    open(folder);
    deliver(folder, "1.M1.host", &mail(1));
}

#[tokio::test]
async fn t34_another_program_may_move_and_flag_the_mail() {
    let home = home();
    let inbox = open(home.path());
    deliver(home.path(), "1.M1.host", &mail(1));
    let arrivals = next(&inbox, 10).await;
    let cur = home.path().join("cur");

    std::fs::rename(cur.join("1.M1.host:2,"), cur.join("1.M1.host:2,RS")).expect("the folder is ours");
    let again = next(&inbox, 10).await;
    inbox.file(&[(arrivals[0].origin.clone(), Folder::Processed)]).await.expect("the folder is ours");

    assert!(again.is_empty(), "flags make no new mail");
    assert_eq!(files(&home.path().join(".processed/cur")), ["1.M1.host:2,RS"]);
}

#[tokio::test]
async fn an_unreadable_or_too_large_file_does_not_hold_up_the_others() {
    let home = home();
    let inbox = open(home.path());
    deliver(home.path(), "1.M1.host", &mail_of(1, 200_000));
    std::os::unix::fs::symlink("/etc/passwd", home.path().join("new/2.M1.host")).expect("the folder is ours");
    std::fs::create_dir(home.path().join("new/3.M1.host")).expect("the folder is ours");
    deliver(home.path(), "4.M1.host", &mail(4));

    let arrivals = next(&inbox, 10).await;
    let filing: Vec<_> = arrivals.iter().map(|a| (a.origin.clone(), Folder::Refused)).collect();
    inbox.file(&filing).await.expect("the folder is ours");

    let ArrivalBody::TooLarge { size, header } = &arrivals[0].body else { panic!("{:?}", arrivals[0].body) };
    assert!(*size >= 200_000 && header.ends_with(b"\r\n\r\n") && header.len() < 1000);
    assert!(matches!(arrivals[1].body, ArrivalBody::Raw(_)));
    assert_eq!(files(&home.path().join(".refused/cur")).len(), 2);
    let stays = files(&home.path().join("cur"));
    assert_eq!(stays, ["2.M1.host:2,", "3.M1.host:2,"], "a link is not followed, a folder is no mail: both stay");
}
