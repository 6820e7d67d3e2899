//! Rows 33, 35 and 38: mail servers that answer, and lie. Each lie ends in a fault or in sound mail within its deadline, takes
//! little memory, and the next connection is clean.

use std::time::Duration;

use loket::engine::port::{Arrival, ArrivalBody, Courier, FaultKind, Inbox};
use loket::mail::courier::smtp::{SmtpCourier, SmtpSettings};
use loket::mail::inbox::Patience;
use loket::mail::inbox::imap::{ImapInbox, ImapSettings};
use loket::mail::tls::Security;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use crate::inbox_faults::{resident_kib, settings};
use crate::kit::impostor::{Impostor, Manners};
use crate::kit::samples::{letter, mail, sender};
use crate::kit::wait::in_time;

/// More than this no lie may cost.
const MOST_KIB: u64 = 64 * 1024;

fn open(port: u16) -> ImapInbox {
    let pause = Duration::from_millis(1);
    let patience = Patience { first_pause: pause, longest_pause: pause, idle_end: Duration::from_millis(300) };
    let settings = ImapSettings {
        poll_interval: Duration::from_millis(5),
        command_deadline: Duration::from_millis(400),
        max_mail_bytes: 1024 * 1024,
        ..settings(port)
    };
    ImapInbox::with_patience(settings, patience).expect("sound settings")
}

/// Asks a few times, as the daemon would; what came, and whether any call failed.
async fn ask(inbox: &ImapInbox) -> (Vec<Arrival>, usize) {
    let (mut arrivals, mut failures) = (Vec::new(), 0);
    for _ in 0..2 {
        match in_time("a deadline", inbox.next(10)).await {
            Ok(more) => arrivals.extend(more),
            Err(fault) => {
                failures += 1;
                assert!(fault.message.len() < 600 && !fault.message.contains("Perihal"), "{fault}");
            }
        }
    }
    (arrivals, failures)
}

/// Where the server lies, and what it says there.
fn lies() -> Vec<(&'static str, &'static str, String)> {
    let lie = |what, at, words: &str| (what, at, words.to_owned());
    let mut lies = vec![
        lie("another's tag", "RFC822.SIZE", "* 1 FETCH (UID 1 RFC822.SIZE 40)\r\nX9 OK done\r\n"),
        lie("an empty tag", "EXAMINE", " OK done\r\n"),
        lie("a tag that is a number without end", "EXAMINE", &format!("{} OK done\r\n", "A".repeat(100_000))),
        lie("the end twice", "EXAMINE", "* 1 EXISTS\r\n* OK [UIDVALIDITY 77] x\r\n{tag} OK done\r\n{tag} OK done\r\n"),
        lie("BYE instead of an answer", "RFC822.SIZE", "* BYE nobody is here\r\n"),
        lie("a continuation nobody asked for", "RFC822.SIZE", "+ go on\r\n+ go on\r\n{tag} OK done\r\n"),
        lie("no UIDVALIDITY", "EXAMINE", "* 1 EXISTS\r\n{tag} OK done\r\n"),
        lie("UIDVALIDITY of nothing", "EXAMINE", "* 1 EXISTS\r\n* OK [UIDVALIDITY 0] x\r\n{tag} OK done\r\n"),
        lie("UIDVALIDITY beyond 32 bits", "EXAMINE", "* OK [UIDVALIDITY 99999999999999999999] x\r\n{tag} OK done\r\n"),
        lie(
            "four thousand million mails",
            "EXAMINE",
            "* 4294967295 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n{tag} OK done\r\n",
        ),
        lie("UIDs nobody asked for", "BODY", "* 9 FETCH (UID 4000000000 BODY[]<0> {3}\r\nabc)\r\n{tag} OK done\r\n"),
        lie("UID 0", "RFC822.SIZE", "* 1 FETCH (UID 0 RFC822.SIZE 5)\r\n{tag} OK done\r\n"),
        lie("a mail of 4 GB", "RFC822.SIZE", "* 1 FETCH (UID 1 RFC822.SIZE 4294967295)\r\n{tag} OK done\r\n"),
        lie("a literal of 4 GB", "BODY", "* 1 FETCH (UID 1 BODY[]<0> {4294967295}\r\n"),
        lie("a literal beyond 64 bits", "BODY", "* 1 FETCH (UID 1 BODY[]<0> {99999999999999999999999}\r\n"),
        lie("a literal below nothing", "BODY", "* 1 FETCH (UID 1 BODY[]<0> {-5}\r\nabc)\r\n{tag} OK done\r\n"),
        lie(
            "a literal that is shorter than it says",
            "BODY",
            "* 1 FETCH (UID 1 BODY[]<0> {500}\r\nabc)\r\n{tag} OK done\r\n",
        ),
        lie(
            "a literal that is longer than it says",
            "BODY",
            "* 1 FETCH (UID 1 BODY[]<0> {1}\r\nabcdef)\r\n{tag} OK done\r\n",
        ),
        lie("NUL and high bytes", "RFC822.SIZE", "* \0 FETCH (\u{fffd} \0)\r\n{tag} OK done\r\n"),
        lie("HTTP", "CAPABILITY", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        lie(
            "capabilities without end",
            "CAPABILITY",
            &format!("* CAPABILITY{}\r\n{{tag}} OK done\r\n", " X".repeat(400_000)),
        ),
        lie("a line without end", "RFC822.SIZE", &"*".repeat(3_000_000)),
    ];
    for (what, nested) in [
        ("a structure nested a hundred thousand times", format!("* 1 FETCH (BODYSTRUCTURE {}", "(".repeat(100_000))),
        ("a structure nested in whole", {
            let depth = 20_000;
            format!("* 1 FETCH (UID 1 BODYSTRUCTURE {}{})", "(".repeat(depth), ")".repeat(depth))
        }),
    ] {
        lies.push((what, "RFC822.SIZE", format!("{nested}\r\n{{tag}} OK done\r\n")));
    }
    lies
}

#[tokio::test(flavor = "multi_thread")]
async fn t33_t35_a_lie_of_an_imap_server_costs_little_and_the_next_attempt_is_clean() {
    let before = resident_kib();
    let lies = lies();
    let count = lies.len();
    for (what, at, words) in lies {
        let words: &'static str = Box::leak(words.into_boxed_str());
        let manners = Manners { instead: Some((at, words)), ..Manners::default() };
        let impostor = Impostor::start(manners, &[mail(1)]).await;
        let inbox = open(impostor.port());

        let start = tokio::time::Instant::now();
        let (arrivals, failures) = ask(&inbox).await;
        assert!(start.elapsed() < Duration::from_secs(20), "{what}: {:?}", start.elapsed());
        impostor.behave();
        let mut whole = Vec::new();
        for _ in 0..20 {
            whole.extend(in_time("the truth", inbox.next(10)).await.unwrap_or_default());
        }

        let bodies = |arrivals: &[Arrival]| {
            let raw = |arrival: &Arrival| match &arrival.body {
                ArrivalBody::Raw(raw) => Some(raw.clone()),
                _ => None,
            };
            arrivals.iter().filter_map(raw).collect::<Vec<_>>()
        };
        let told: Vec<Vec<u8>> = bodies(&arrivals).into_iter().chain(bodies(&whole)).collect();
        let given_up = arrivals.iter().chain(&whole).filter(|a| !matches!(a.body, ArrivalBody::Raw(_))).count();
        assert!(failures > 0 || !arrivals.is_empty() || !whole.is_empty(), "{what}: nothing came of it");
        assert!(
            told.contains(&mail(1)) || given_up > 0 || told.iter().any(|raw| raw.len() < 10),
            "{what}: the mail is neither there nor given up: {arrivals:?} {whole:?}"
        );
        let grown = resident_kib().saturating_sub(before);
        assert!(grown < MOST_KIB, "{what}: {grown} KiB more");
    }
    println!("IMAP: {count} lies, {} KiB more", resident_kib().saturating_sub(before));
}

#[tokio::test]
async fn t33_a_greeting_that_lies_or_never_ends_is_given_up() {
    for greeting in [
        "* BYE go away\r\n",
        "+OK POP3 here\r\n",
        "220 smtp here\r\n",
        "* OK",
        "\r\n",
        "* PREAUTH in\r\n",
        &"x".repeat(2_000_000),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let words = greeting.to_owned();
        let serving = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                stream.write_all(words.as_bytes()).await.ok();
                let mut heard = String::new();
                BufReader::new(stream).read_line(&mut heard).await.ok();
                assert!(!heard.contains("rahasia"), "nobody who greets like this is shown a password");
            }
        });

        let fault = in_time("a deadline", open(port).next(10)).await.expect_err("no IMAP server");

        assert!(fault.message.len() < 400, "{fault}");
        assert!(!serving.is_finished(), "the server was told a password");
        serving.abort();
    }
}

fn courier(port: u16) -> SmtpCourier {
    SmtpCourier::new(SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port,
        security: Security::Plain,
        login: None,
        ca_file: None,
        sender: sender(),
        hello_name: Some("loket.example".to_owned()),
        command_deadline: Duration::from_secs(1),
        answer_deadline: Duration::from_secs(1),
        connections: 1,
    })
    .expect("sound settings")
}

/// An SMTP server that greets with the first of these and says one more after each line it hears.
async fn smtp(words: Vec<String>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut talk = BufReader::new(stream);
            let mut heard = String::new();
            for words in &words {
                if talk.write_all(words.as_bytes()).await.is_err() {
                    break;
                }
                heard.clear();
                if !matches!(talk.read_line(&mut heard).await, Ok(1..)) {
                    break;
                }
            }
            tokio::io::copy(&mut talk, &mut tokio::io::sink()).await.ok();
        }
    });
    port
}

#[tokio::test]
async fn t38_a_lie_of_an_smtp_server_leaves_the_letter_unsent() {
    let before = resident_kib();
    let (hello, ok) = ("250-here\r\n250 8BITMIME\r\n", "250 ok\r\n");
    let talk = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let lies = [
        ("an IMAP greeting", talk(&["* OK here\r\n"])),
        ("a greeting without end", talk(&[&"220-x\r\n".repeat(300_000)])),
        ("a line without end", talk(&[&"2".repeat(3_000_000)])),
        ("closed at once", talk(&["554 no\r\n"])),
        ("extensions without end", talk(&["220 here\r\n", &"250-X\r\n".repeat(300_000)])),
        ("codes that differ within a reply", talk(&["220 here\r\n", "250-here\r\n550 there\r\n"])),
        ("a code of no meaning", talk(&["220 here\r\n", hello, "999 what\r\n"])),
        ("no code", talk(&["220 here\r\n", hello, "ok\r\n"])),
        ("high bytes", talk(&["220 here\r\n", hello, "250 \u{fffd}\u{0}\r\n", "\u{fffd}\r\n"])),
        ("DATA agreed to without asking for it", talk(&["220 here\r\n", hello, ok, ok, ok, ok])),
        (
            "a reply of four gigabytes, one line at a time",
            talk(&["220 here\r\n", hello, &"250-ok\r\n".repeat(200_000)]),
        ),
    ];
    let count = lies.len();
    for (what, words) in lies {
        let port = smtp(words).await;

        let start = tokio::time::Instant::now();
        let fault = in_time("a deadline", courier(port).send(&letter(1))).await.expect_err(what);
        assert!(start.elapsed() < Duration::from_secs(10), "{what}: {:?}", start.elapsed());

        assert!(fault.kind != FaultKind::Unknown, "{what}: {fault}");
        assert!(fault.message.len() < 600, "{what}: {fault}");
        let grown = resident_kib().saturating_sub(before);
        assert!(grown < MOST_KIB, "{what}: {grown} KiB more");
    }
    println!("SMTP: {count} lies, {} KiB more", resident_kib().saturating_sub(before));
}
