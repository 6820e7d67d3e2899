//! The IMAP inbox against servers that misbehave.

use std::time::Duration;

use loket::engine::port::{Arrival, ArrivalBody, Folder, Inbox, Origin};
use loket::mail::inbox::Patience;
use loket::mail::inbox::imap::{ImapInbox, ImapSettings};
use loket::mail::tls::Security;

use crate::kit::impostor::{Impostor, Manners};
use crate::kit::samples::{mail, mail_of};
use crate::kit::wait::in_time;

/// A mailbox on a loopback port, without TLS.
pub fn settings(port: u16) -> ImapSettings {
    ImapSettings {
        name: "helpdesk".to_owned(),
        host: "127.0.0.1".to_owned(),
        port,
        security: Security::Plain,
        user: "helpdesk".to_owned(),
        login: "rahasia".to_owned().into(),
        ca_file: None,
        inbox_folder: "INBOX".to_owned(),
        processed_folder: "Diproses".to_owned(),
        refused_folder: "Ditolak".to_owned(),
        poll_interval: Duration::from_millis(20),
        command_deadline: Duration::from_millis(500),
        max_mail_bytes: 30 * 1024 * 1024,
        batch: 10,
    }
}

/// An inbox that comes back at once after a failure.
fn open(impostor: &Impostor) -> ImapInbox {
    let patience = Patience {
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(1),
        idle_end: Duration::from_millis(200),
    };
    ImapInbox::with_patience(settings(impostor.port()), patience).expect("sound settings")
}

/// Asks until `count` mails came, through however many failures.
async fn gather(inbox: &ImapInbox, count: usize) -> Vec<Arrival> {
    in_time("the mails", async {
        let mut gathered = Vec::new();
        while gathered.len() < count {
            gathered.extend(inbox.next(100).await.unwrap_or_default());
        }
        gathered
    })
    .await
}

/// Asks until so many mails count as withheld; nothing may come meanwhile.
async fn until_withheld(inbox: &ImapInbox, count: usize) {
    in_time("the mails that do not come", async {
        while inbox.withheld() < count {
            assert!(inbox.next(100).await.unwrap_or_default().is_empty());
        }
    })
    .await
}

fn is_whole(arrival: &Arrival) -> bool {
    matches!(arrival.body, ArrivalBody::Raw(_))
}

#[tokio::test]
async fn t33_a_connection_cut_at_any_byte_loses_and_doubles_nothing() {
    let mails: Vec<Vec<u8>> = (1..=3).map(mail).collect();
    let mut all_said = 0;
    for cut in 0.. {
        let impostor =
            Impostor::start(Manners { capabilities: "MOVE", cut_after: Some((cut, 1)), ..Manners::default() }, &mails)
                .await;
        let inbox = open(&impostor);

        let arrivals = gather(&inbox, 3).await;
        let filing: Vec<(Origin, Folder)> = arrivals.iter().map(|a| (a.origin.clone(), Folder::Processed)).collect();
        inbox.file(&filing).await.expect("the second connection is whole");

        let mut bodies: Vec<&[u8]> = arrivals
            .iter()
            .map(|a| match &a.body {
                ArrivalBody::Raw(bytes) => bytes.as_slice(),
                other => panic!("cut after {cut} bytes: {other:?}"),
            })
            .collect();
        bodies.sort_unstable();
        assert_eq!(bodies, mails, "cut after {cut} bytes");
        assert_eq!(impostor.filed().len(), 3, "cut after {cut} bytes");
        // Reading and filing on two connections that were never cut: every byte of the conversation had its turn.
        if impostor.connections() == 2 {
            all_said = cut;
            break;
        }
    }
    assert!(all_said > 700, "the conversation was cut at {all_said} places");
}

#[tokio::test]
async fn t33_a_silent_server_is_given_up_at_the_deadline() {
    for silent_at in ["LOGIN", "CAPABILITY", "EXAMINE", "RFC822.SIZE", "BODY"] {
        let impostor = Impostor::start(Manners { silent_at: Some(silent_at), ..Manners::default() }, &[mail(1)]).await;
        let inbox = open(&impostor);

        let fault = in_time("the deadline", inbox.next(10)).await.expect_err("no answer comes");

        assert!(fault.message.contains("did not answer within"), "{silent_at}: {fault}");
    }
}

#[tokio::test]
async fn t33_an_idle_that_never_ends_is_given_up() {
    // Takes IDLE and then hears nothing more, not even DONE.
    let manners = Manners {
        capabilities: "IDLE",
        instead: Some(("IDLE", "+ waiting\r\n* OK still here\r\n")),
        ..Manners::default()
    };
    let impostor = Impostor::start(manners, &[]).await;
    let inbox = open(&impostor);

    let fault = inbox.next(10).await.expect_err("DONE is not answered");

    assert!(fault.message.contains("did not answer within"), "{fault}");
}

#[tokio::test]
async fn a_failing_server_is_left_alone_for_longer_and_longer() {
    let impostor = Impostor::start(
        Manners { instead: Some(("LOGIN", "{tag} NO [UNAVAILABLE] later\r\n")), ..Manners::default() },
        &[],
    )
    .await;
    let patience = Patience {
        first_pause: Duration::from_millis(10),
        longest_pause: Duration::from_secs(1),
        ..Patience::default()
    };
    let inbox = ImapInbox::with_patience(settings(impostor.port()), patience).expect("sound settings");
    let start = tokio::time::Instant::now();

    for _ in 0..8 {
        inbox.next(10).await.expect_err("nobody can log in");
    }

    // 5 + 10 + 20 + 40 + 80 + 160 + 320 milliseconds at least lie between eight attempts.
    assert!(start.elapsed() >= Duration::from_millis(635), "{:?}", start.elapsed());
    assert_eq!(impostor.connections(), 8);
}

#[tokio::test]
async fn a_mail_that_does_not_come_stays_and_is_told_of_until_somebody_takes_it_away_and_the_others_go_on() {
    let refused = Manners { withheld: Some(2), ..Manners::default() };
    let breaking = Manners { garbled: Some(2), ..Manners::default() };
    // It was asked for first again after each break, and the others never came.
    let silent_about_it = Manners { withheld: Some(2), silent_at: Some("(UID)"), ..Manners::default() };
    for manners in [refused, breaking, silent_about_it] {
        let impostor = Impostor::start(manners, &(1..=4).map(mail).collect::<Vec<_>>()).await;
        let inbox = open(&impostor);

        let arrivals = gather(&inbox, 3).await;

        let uids: Vec<u32> = arrivals.iter().map(|a| a.origin.uid).collect();
        assert_eq!(uids, [1, 3, 4]);
        assert!(arrivals.iter().all(is_whole));
        until_withheld(&inbox, 1).await;
        impostor.take_away(2);
        in_time("the end of the telling", async {
            while inbox.withheld() > 0 {
                assert!(inbox.next(100).await.unwrap_or_default().is_empty());
            }
        })
        .await;
    }
}

#[tokio::test]
async fn t33_a_server_that_refuses_every_mail_for_a_while_loses_none() {
    let manners = Manners { instead: Some(("BODY", "{tag} NO [UNAVAILABLE] later\r\n")), ..Manners::default() };
    let impostor = Impostor::start(manners, &(1..=4).map(mail).collect::<Vec<_>>()).await;
    let inbox = open(&impostor);
    until_withheld(&inbox, 4).await;

    impostor.behave();
    let arrivals = gather(&inbox, 4).await;

    assert!(arrivals.iter().all(is_whole));
    assert_eq!(inbox.withheld(), 0);
}

#[tokio::test]
async fn t35_a_monstrous_literal_is_refused_before_it_is_allocated() {
    let monster = "* 1 FETCH (UID 1 BODY[]<0> {500000000}\r\n";
    let impostor =
        Impostor::start(Manners { instead: Some(("BODY", monster)), ..Manners::default() }, &[mail(1)]).await;
    let before = resident_kib();

    let fault = in_time("the refusal", open(&impostor).next(10)).await.expect_err("no such mail was asked for");

    assert!(fault.message.contains("larger piece than was asked for"), "{fault}");
    assert!(resident_kib() < before + 256 * 1024, "{} KiB after {before}", resident_kib());
}

#[tokio::test]
async fn t35_untagged_data_without_end_is_refused() {
    let flood: &'static str =
        Box::leak("* OK still counting the mails of this folder\r\n".repeat(1_000_000).into_boxed_str());
    let impostor =
        Impostor::start(Manners { instead: Some(("RFC822.SIZE", flood)), ..Manners::default() }, &[mail(1)]).await;
    let mut settings = settings(impostor.port());
    settings.command_deadline = Duration::from_secs(50);
    let inbox = ImapInbox::new(settings).expect("sound settings");

    let fault = in_time("the refusal", inbox.next(10)).await.expect_err("the answer has no end");

    assert!(fault.message.contains("more than was asked for"), "{fault}");
}

#[tokio::test]
async fn a_mail_larger_than_the_server_says_is_still_held_to_the_limit() {
    let lie = "* 1 FETCH (UID 1 RFC822.SIZE 10)\r\n{tag} OK done\r\n";
    let impostor = Impostor::start(
        Manners { instead: Some(("RFC822.SIZE", lie)), ..Manners::default() },
        &[mail_of(1, 4_000_000)],
    )
    .await;
    let mut settings = settings(impostor.port());
    (settings.max_mail_bytes, settings.command_deadline) = (3_000_000, Duration::from_secs(20));
    let inbox = ImapInbox::new(settings).expect("sound settings");

    let arrivals = gather(&inbox, 1).await;

    let ArrivalBody::TooLarge { size, header } = &arrivals[0].body else { panic!("{:?}", arrivals[0].body) };
    assert!(*size > 3_000_000 && header.len() < 1000);
}

#[tokio::test]
async fn a_missing_folder_is_made_and_the_mail_filed() {
    let manners = Manners {
        capabilities: "MOVE",
        instead: Some(("MOVE", "{tag} NO [TRYCREATE] no such folder\r\n")),
        ..Manners::default()
    };
    let impostor = Impostor::start(manners, &[mail(1)]).await;
    let inbox = open(&impostor);
    let arrivals = gather(&inbox, 1).await;

    let fault =
        inbox.file(&[(arrivals[0].origin.clone(), Folder::Processed)]).await.expect_err("this server refuses for ever");

    let heard = impostor.heard();
    assert!(heard.contains(&"CREATE \"Diproses\"".to_owned()), "{heard:?}");
    assert_eq!(heard.iter().filter(|line| line.contains("MOVE")).count(), 2);
    assert!(fault.why.message.contains("no such folder"), "{fault}");
}

/// A NO to one set ended the whole attempt, and the same set was tried again each minute: one mail that the server would not
/// move kept all others in the inbox, and those for the other folder were never tried.
#[tokio::test]
async fn a_mail_that_the_server_does_not_move_keeps_no_other_in_the_inbox() {
    for capabilities in ["MOVE", "UIDPLUS"] {
        let manners = Manners { capabilities, immovable: &[3], ..Manners::default() };
        let impostor = Impostor::start(manners, &(1..=7).map(mail).collect::<Vec<_>>()).await;
        let inbox = open(&impostor);
        let arrivals = gather(&inbox, 7).await;
        let folder = |uid| if uid < 6 { Folder::Processed } else { Folder::Refused };
        let filing: Vec<_> = arrivals.iter().map(|a| (a.origin.clone(), folder(a.origin.uid))).collect();

        let left = inbox.file(&filing).await.expect_err("one stays");
        let mut filed = impostor.filed();
        let heard = impostor.heard().len();
        let again = inbox.file(&left.mails).await.expect_err("it is refused again");
        let asked = impostor.heard().split_off(heard);
        impostor.behave();
        let at_last = inbox.file(&again.mails).await;

        filed.sort();
        let expected =
            [(1, "Diproses"), (2, "Diproses"), (4, "Diproses"), (5, "Diproses"), (6, "Ditolak"), (7, "Ditolak")];
        assert_eq!(filed, expected.map(|(uid, folder)| (uid, folder.to_owned())), "{capabilities}");
        assert!(left.why.message.contains("over quota"), "{left}");
        let uids: Vec<u32> = left.mails.iter().map(|(origin, _)| origin.uid).collect();
        assert_eq!(uids, [3]);
        assert!(asked.len() <= 2, "the refused one alone is asked for again: {asked:?}");
        at_last.expect("the server is honest again");
        assert_eq!(impostor.filed().len(), 7, "{capabilities}: each once");
    }
}

#[tokio::test]
async fn mails_refused_earlier_come_last_and_spoil_no_set_of_others() {
    let manners = Manners { capabilities: "MOVE", immovable: &[1], ..Manners::default() };
    let impostor = Impostor::start(manners, &(1..=4).map(mail).collect::<Vec<_>>()).await;
    let inbox = open(&impostor);
    let arrivals = gather(&inbox, 4).await;
    let filing: Vec<_> = arrivals.iter().map(|a| (a.origin.clone(), Folder::Processed)).collect();
    inbox.file(&filing[..1]).await.expect_err("it is refused");

    inbox.file(&filing).await.expect_err("one stays");

    let moves: Vec<String> = impostor.heard().into_iter().filter(|line| line.contains("MOVE")).collect();
    assert_eq!(moves, ["UID MOVE 1 \"Diproses\"", "UID MOVE 2:4 \"Diproses\"", "UID MOVE 1 \"Diproses\""]);
}

/// A folder over its quota refuses everything: 1,000 mails would be asked for one by one, each minute.
#[tokio::test]
async fn a_folder_that_takes_nothing_is_left_alone_after_a_while_and_the_other_one_is_filed_into() {
    let manners = Manners {
        capabilities: "MOVE",
        instead: Some(("\"Diproses\"", "{tag} NO over quota\r\n")),
        ..Manners::default()
    };
    let impostor = Impostor::start(manners, &(1..=301).map(mail).collect::<Vec<_>>()).await;
    let inbox = open(&impostor);
    let arrivals = gather(&inbox, 301).await;
    let folder = |uid| if uid <= 300 { Folder::Processed } else { Folder::Refused };
    let filing: Vec<_> = arrivals.iter().map(|a| (a.origin.clone(), folder(a.origin.uid))).collect();

    let left = inbox.file(&filing).await.expect_err("most stay");

    assert_eq!((left.mails.len(), impostor.filed()), (300, vec![(301, "Ditolak".to_owned())]));
    let moves = impostor.heard().iter().filter(|line| line.contains("MOVE")).count();
    assert!(moves < 100, "{moves} commands");
}

#[tokio::test]
async fn a_refused_flag_change_is_not_taken_for_filed() {
    // The protocol crate itself lets a NO to STORE pass as success.
    let manners =
        Manners { capabilities: "UIDPLUS", instead: Some(("STORE", "{tag} NO read-only\r\n")), ..Manners::default() };
    let impostor = Impostor::start(manners, &[mail(1)]).await;
    let inbox = open(&impostor);
    let arrivals = gather(&inbox, 1).await;

    let filed = inbox.file(&[(arrivals[0].origin.clone(), Folder::Processed)]).await;

    assert!(filed.is_err_and(|left| left.why.message.contains("read-only")));
    assert!(!impostor.heard().iter().any(|line| line.contains("EXPUNGE")), "nothing is removed that was not marked");
}

/// Memory of this process, in KiB.
pub fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells of its processes");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS is always told");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number of KiB")
}
