//! The IMAP inbox against a real Dovecot.

use std::time::Duration;

use loket::engine::port::{Arrival, ArrivalBody, FaultKind, Folder, Inbox, Origin};
use loket::mail::inbox::Refetch;
use loket::mail::inbox::imap::{ImapInbox, ImapSettings};
use loket::mail::tls::Security;

use crate::kit::samples::{mail, mail_of};
use crate::kit::wait::in_time;
use crate::kit::{Dovecot, wait_for};

const USER: &str = "helpdesk@lpse.karangmulia.example";

fn open(settings: ImapSettings) -> ImapInbox {
    ImapInbox::new(settings).expect("settings of the kit are sound")
}

/// Asks until at least `count` mails came, as the engine does.
async fn gather(inbox: &ImapInbox, count: usize) -> Vec<Arrival> {
    in_time("the mails", async {
        let mut gathered = Vec::new();
        while gathered.len() < count {
            gathered.extend(inbox.next(100).await.expect("the server is well"));
        }
        gathered
    })
    .await
}

fn raw(arrival: &Arrival) -> &[u8] {
    match &arrival.body {
        ArrivalBody::Raw(bytes) => bytes,
        other => panic!("expected a whole mail, got {other:?}"),
    }
}

fn to(folder: Folder, arrivals: &[Arrival]) -> Vec<(Origin, Folder)> {
    arrivals.iter().map(|arrival| (arrival.origin.clone(), folder)).collect()
}

fn holds(arrival: &Arrival, number: usize) -> bool {
    String::from_utf8_lossy(raw(arrival)).contains(&format!("<mail-{number}@"))
}

#[tokio::test]
async fn waiting_mail_comes_oldest_first_once_and_is_filed_where_it_belongs() {
    let dovecot = Dovecot::start().await;
    let mails: Vec<Vec<u8>> = (0..120).map(mail).collect();
    dovecot.lay(USER, &mails);
    let inbox = open(dovecot.settings(USER));

    let arrivals = gather(&inbox, 120).await;
    let (refused, processed) = arrivals.split_at(3);
    let mut filing = to(Folder::Refused, refused);
    filing.extend(to(Folder::Processed, processed));
    in_time("filing", inbox.file(&filing)).await.expect("the server files");

    assert_eq!(arrivals.len(), 120);
    assert!(arrivals.iter().zip(0..).all(|(arrival, number)| holds(arrival, number)));
    assert_eq!(raw(&arrivals[7]), mails[7]);
    assert_eq!(dovecot.messages(USER, "Ditolak").len(), 3);
    assert_eq!(dovecot.messages(USER, "Diproses").len(), 117);
    assert!(dovecot.messages(USER, "INBOX").is_empty());
    let seen =
        |file: &std::path::PathBuf| file.to_string_lossy().rsplit(",").next().is_some_and(|flags| flags.contains('S'));
    assert!(!dovecot.files(USER, "Diproses").iter().any(seen), "reading and filing set no flag");
}

#[tokio::test]
async fn a_mail_that_is_asked_for_again_comes_once_more_behind_the_others() {
    let dovecot = Dovecot::start().await;
    dovecot.lay(USER, &[mail(1), mail(2), mail(3)]);
    let mut settings = dovecot.settings(USER);
    (settings.batch, settings.poll_interval) = (1, Duration::from_millis(100));
    let inbox = open(settings);
    let first = gather(&inbox, 1).await;
    let origin = first[0].origin.clone();

    inbox.refetch(std::slice::from_ref(&origin));
    let rest = gather(&inbox, 3).await;
    let no_more = in_time("the interval", inbox.next(10)).await.expect("the server is well");
    let there = inbox.holds(&origin);
    in_time("filing", inbox.file(&to(Folder::Processed, &first))).await.expect("the server files");

    assert!(holds(&first[0], 1) && rest.len() == 3 && no_more.is_empty());
    assert!(rest.iter().zip([2, 3, 1]).all(|(arrival, number)| holds(arrival, number)), "behind the others");
    assert!(there && !inbox.holds(&origin), "it is there until it was filed");
}

#[tokio::test]
async fn new_mail_wakes_the_inbox_from_idle() {
    let dovecot = Dovecot::start().await;
    dovecot.deliver(USER, &mail(1)).await;
    let mut settings = dovecot.settings(USER);
    // Only IDLE can bring the mail within the test's deadline.
    settings.poll_interval = Duration::from_secs(3600);
    let inbox = std::sync::Arc::new(open(settings));
    gather(&inbox, 1).await;
    let waiting = tokio::spawn({
        let inbox = std::sync::Arc::clone(&inbox);
        async move { gather(&inbox, 1).await }
    });

    dovecot.deliver(USER, &mail(2)).await;
    let arrivals = in_time("word of the mail", waiting).await.expect("the task does not panic");

    assert_eq!(arrivals.len(), 1);
    assert!(holds(&arrivals[0], 2));
}

#[tokio::test]
async fn filing_does_not_wait_for_the_connection_that_idles() {
    let dovecot = Dovecot::start().await;
    dovecot.deliver(USER, &mail(1)).await;
    let inbox = std::sync::Arc::new(open(dovecot.settings(USER)));
    let arrivals = gather(&inbox, 1).await;
    let waiting = tokio::spawn({
        let inbox = std::sync::Arc::clone(&inbox);
        async move { gather(&inbox, 1).await }
    });

    in_time("filing", inbox.file(&to(Folder::Processed, &arrivals))).await.expect("the server files");

    assert_eq!(dovecot.messages(USER, "Diproses").len(), 1);
    assert!(!waiting.is_finished(), "the removal of a mail is no new mail");
    dovecot.deliver(USER, &mail(2)).await;
    in_time("the next mail", waiting).await.expect("the task does not panic");
}

/// The filing connection was opened with the first mail, and no server tells it of later ones unasked: a MOVE of theirs
/// did nothing, succeeded, and left every mail after the first in the inbox.
#[tokio::test]
async fn mail_that_came_after_the_first_filing_is_filed_too() {
    let dovecot = Dovecot::start().await;
    let inbox = open(dovecot.settings(USER));

    for number in 0..3 {
        dovecot.deliver(USER, &mail(number)).await;
        let arrivals = gather(&inbox, 1).await;
        in_time("filing", inbox.file(&to(Folder::Processed, &arrivals))).await.expect("the server files");
    }

    assert_eq!(dovecot.messages(USER, "Diproses").len(), 3);
    assert!(dovecot.messages(USER, "INBOX").is_empty());
}

#[tokio::test]
async fn an_empty_inbox_answers_after_the_poll_interval() {
    let dovecot = Dovecot::start().await;
    let mut settings = dovecot.settings(USER);
    settings.poll_interval = Duration::from_millis(100);
    let inbox = open(settings);

    let arrivals = in_time("the interval", inbox.next(10)).await.expect("the server is well");

    assert!(arrivals.is_empty());
}

#[tokio::test]
async fn a_server_without_idle_and_move_is_polled_and_filed_by_copy() {
    let dovecot = Dovecot::start_with("imap_capability = IMAP4rev1 UIDPLUS LITERAL+\n").await;
    dovecot.deliver(USER, &mail(1)).await;
    let mut settings = dovecot.settings(USER);
    settings.poll_interval = Duration::from_millis(50);
    let inbox = open(settings);
    let first = gather(&inbox, 1).await;

    dovecot.deliver(USER, &mail(2)).await;
    let second = gather(&inbox, 1).await;
    in_time("filing", inbox.file(&to(Folder::Processed, &first))).await.expect("the server files");

    assert!(holds(&second[0], 2));
    assert_eq!(dovecot.messages(USER, "Diproses").len(), 1);
    assert_eq!(dovecot.messages(USER, "INBOX").len(), 1);
}

#[tokio::test]
async fn starttls_and_plain_loopback_bring_the_same_mail() {
    let dovecot = Dovecot::start().await;
    dovecot.deliver(USER, &mail(1)).await;
    for security in [Security::StartTls, Security::Plain] {
        let mut settings = dovecot.settings(USER);
        settings.security = security;
        settings.port = dovecot.ports().imap;

        let arrivals = gather(&open(settings), 1).await;

        assert_eq!(arrivals.len(), 1, "{security:?}");
    }
}

#[tokio::test]
async fn a_mail_over_the_limit_is_handed_over_as_its_header_and_the_queue_goes_on() {
    let dovecot = Dovecot::start().await;
    dovecot.lay(USER, &[mail(1), mail_of(2, 300_000), mail(3)]);
    let mut settings = dovecot.settings(USER);
    settings.max_mail_bytes = 200_000;
    let inbox = open(settings);

    let arrivals = gather(&inbox, 3).await;

    assert!(holds(&arrivals[0], 1) && holds(&arrivals[2], 3));
    let ArrivalBody::TooLarge { size, header } = &arrivals[1].body else { panic!("{:?}", arrivals[1].body) };
    let header = String::from_utf8_lossy(header);
    assert!(*size >= 300_000);
    assert!(header.contains("<mail-2@") && header.ends_with("\r\n\r\n"), "the header section and no more");
}

#[tokio::test]
async fn a_mail_longer_than_one_piece_arrives_whole() {
    let dovecot = Dovecot::start().await;
    let long = mail_of(1, 5 * 1024 * 1024 + 17);
    // Exactly one piece: where the mail ends shows only in the next, empty piece.
    let mut even = mail_of(2, 1024 * 1024);
    even.truncate(1024 * 1024);
    dovecot.lay(USER, &[long.clone(), even.clone()]);
    let inbox = open(dovecot.settings(USER));

    let arrivals = gather(&inbox, 2).await;

    // Dovecot shows a file's line ends as CRLF, so only the even one may differ, by its cut last line.
    assert!(raw(&arrivals[0]) == long, "{} of {} bytes", raw(&arrivals[0]).len(), long.len());
    assert!(raw(&arrivals[1]) == even, "{} of {} bytes", raw(&arrivals[1]).len(), even.len());
}

#[tokio::test]
async fn t32_a_recreated_mailbox_is_looked_at_anew() {
    let mut dovecot = Dovecot::start().await;
    dovecot.lay(USER, &[mail(1), mail(2)]);
    let inbox = open(dovecot.settings(USER));
    let before = gather(&inbox, 2).await;
    dovecot.stop();
    // Without its list of UIDs the mailbox is another one, with the same mails in it.
    let maildir = dovecot.maildir(USER, "INBOX");
    for entry in std::fs::read_dir(&maildir).expect("the user has mail").flatten() {
        if entry.file_name().to_string_lossy().starts_with("dovecot") {
            std::fs::remove_file(entry.path()).expect("the folder is ours");
        }
    }
    std::fs::write(maildir.join("dovecot-uidlist"), "3 V1234567 N1 G0123456789abcdef0123456789abcdef\n")
        .expect("the folder is ours");
    dovecot.resume().await;

    let mut after = Vec::new();
    while after.len() < 2 {
        // The first call tells of the lost connection.
        after.extend(in_time("mail", inbox.next(10)).await.unwrap_or_default());
    }
    in_time("filing", inbox.file(&to(Folder::Refused, &before))).await.expect("numbers without meaning are let be");

    assert_ne!(before[0].origin.uid_validity, after[0].origin.uid_validity);
    assert_eq!(after[0].origin.uid_validity, 1_234_567);
    assert_eq!(dovecot.messages(USER, "INBOX").len(), 2, "old numbers move no mail of the new mailbox");
    in_time("filing", inbox.file(&to(Folder::Processed, &after))).await.expect("the server files");
    assert_eq!(dovecot.messages(USER, "Diproses").len(), 2);
}

#[tokio::test]
async fn t33_the_inbox_comes_back_after_the_server_did() {
    let mut dovecot = Dovecot::start().await;
    dovecot.deliver(USER, &mail(1)).await;
    let inbox = open(dovecot.settings(USER));
    let first = gather(&inbox, 1).await;

    dovecot.stop();
    let fault = in_time("the loss", inbox.next(10)).await.expect_err("the server is gone");
    dovecot.resume().await;
    dovecot.deliver(USER, &mail(2)).await;
    let mut second = Vec::new();
    while second.is_empty() {
        second.extend(in_time("mail", inbox.next(10)).await.unwrap_or_default());
    }
    in_time("filing", inbox.file(&to(Folder::Processed, &first))).await.expect("a closed connection is opened again");

    assert_eq!(fault.kind, FaultKind::Transient);
    assert!(second.len() == 1 && holds(&second[0], 2), "the first mail is not handed out again");
    assert_eq!(dovecot.messages(USER, "Diproses").len(), 1);
}

#[tokio::test]
async fn t34_what_another_client_does_to_mail_is_no_failure() {
    let dovecot = Dovecot::start().await;
    dovecot.lay(USER, &(1..=6).map(mail).collect::<Vec<_>>());
    let mut settings = dovecot.settings(USER);
    settings.batch = 2;
    let inbox = open(settings);
    let first = gather(&inbox, 2).await;

    // Listed and not yet fetched: one is expunged, one flagged. Handed out and not yet filed: one expunged.
    dovecot.doveadm(&[
        "expunge",
        "-u",
        USER,
        "mailbox",
        "INBOX",
        "header",
        "message-id",
        "<mail-3@karangmulia.example>",
    ]);
    dovecot.doveadm(&[
        "flags",
        "add",
        "-u",
        USER,
        "\\Seen \\Deleted",
        "mailbox",
        "INBOX",
        "header",
        "message-id",
        "<mail-4@karangmulia.example>",
    ]);
    dovecot.doveadm(&[
        "expunge",
        "-u",
        USER,
        "mailbox",
        "INBOX",
        "header",
        "message-id",
        "<mail-1@karangmulia.example>",
    ]);
    let rest = gather(&inbox, 3).await;
    let all: Vec<Arrival> = first.into_iter().chain(rest).collect();
    in_time("filing", inbox.file(&to(Folder::Processed, &all))).await.expect("a mail that is gone counts as filed");

    let numbers: Vec<usize> = all.iter().map(|a| (1..=6).find(|n| holds(a, *n)).expect("one of ours")).collect();
    assert_eq!(numbers, [1, 2, 4, 5, 6]);
    wait_for("the filed mails", || async { (dovecot.messages(USER, "Diproses").len() == 4).then_some(()) }).await;
}

#[tokio::test]
async fn a_wrong_password_and_a_missing_folder_are_named() {
    let dovecot = Dovecot::start().await;
    let mut settings = dovecot.settings(USER);
    settings.login = "salah-sekali".to_owned().into();
    let login = in_time("an answer", open(settings).probe()).await.expect_err("a wrong password");
    let mut settings = dovecot.settings(USER);
    settings.inbox_folder = "Permohonan".to_owned();
    let folder = in_time("an answer", open(settings).probe()).await.expect_err("no such folder");

    assert_eq!((login.kind, folder.kind), (FaultKind::Permanent, FaultKind::Permanent));
    assert!(login.message.contains("password") && !login.message.contains("salah"), "{login}");
    assert!(folder.message.contains("Permohonan") && folder.message.contains("`inbox_folder`"), "{folder}");
}

#[tokio::test]
async fn folders_and_passwords_beyond_ascii_work() {
    let dovecot = Dovecot::start_with("passdb {\n driver = static\n args = password=sandí-ø\n}\n").await;
    dovecot.deliver(USER, &mail(1)).await;
    let mut settings = dovecot.settings(USER);
    settings.login = "sandí-ø".to_owned().into();
    settings.processed_folder = "Sudah & selesai – 完".to_owned();
    let inbox = open(settings);

    let arrivals = gather(&inbox, 1).await;
    in_time("filing", inbox.file(&to(Folder::Processed, &arrivals))).await.expect("the folder is made");

    let names = dovecot.doveadm(&["mailbox", "list", "-u", USER]);
    assert!(names.contains("Sudah & selesai – 完"), "{names}");
}
