//! Rows 33, 38, 39 and 45: every byte of a whole dialogue, in both directions, is once the last one, once the one after which
//! nothing more comes, and once the first of a drip. Deadlines hold, nothing is lost or doubled, and the next attempt is clean.
//!
//! A part of the bytes takes its turn in each run; `LOKET_WIRE=1` gives every one its turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::StreamExt;
use loket::engine::port::{ArrivalBody, Courier, FaultKind, Folder, Inbox, Origin};
use loket::mail::courier::smtp::{SmtpCourier, SmtpSettings};
use loket::mail::inbox::Patience;
use loket::mail::inbox::imap::{ImapInbox, ImapSettings};
use loket::mail::tls::Security;
use tokio::time::Instant;

use crate::inbox_faults::{resident_kib, settings};
use crate::kit::SmtpSink;
use crate::kit::gremlin::{Gremlin, Mischief, Plan, Way};
use crate::kit::impostor::{Impostor, Manners};
use crate::kit::samples::{letter, mail, sender};
use crate::kit::wait::in_time;

/// Dialogues under way at once.
const AT_ONCE: usize = 32;
/// For each command. A busy machine may miss it, which costs another attempt and proves no less.
const DEADLINE: Duration = Duration::from_millis(250);
/// No call takes longer, whatever the server does: it knows a handful of deadlines, and the machine may be busy.
const LONGEST: Duration = Duration::from_secs(20);
const DRIP: Mischief = Mischief::Drip(Duration::from_millis(40));

/// Every place where a dialogue of these lengths can go wrong, or each `stride`-th of them from a place that differs by run.
fn places(lengths: &[[usize; 2]], stride: usize) -> Vec<Plan> {
    let mut all = Vec::new();
    for (connection, [asked, answered]) in lengths.iter().enumerate() {
        for (way, length) in [(Way::Asked, *asked), (Way::Answered, *answered)] {
            for after in 0..=length {
                let what = [Mischief::Cut, Mischief::Stall, DRIP];
                all.extend(what.map(|what| Plan { connection, way, after, what }));
            }
        }
    }
    let stride = if std::env::var_os("LOKET_WIRE").is_some() { 1 } else { stride };
    let from = getrandom::u32().expect("the system has randomness") as usize % stride;
    println!("{} places of {}, from the {from}th in steps of {stride}", all.len().div_ceil(stride), all.len());
    all.into_iter().skip(from).step_by(stride).collect()
}

fn inbox(port: u16) -> ImapInbox {
    let settings = ImapSettings {
        poll_interval: Duration::from_millis(5),
        command_deadline: DEADLINE,
        max_mail_bytes: 1024 * 1024,
        ..settings(port)
    };
    let pause = Duration::from_millis(1);
    let patience = Patience { first_pause: pause, longest_pause: pause, idle_end: DEADLINE };
    ImapInbox::with_patience(settings, patience).expect("sound settings")
}

async fn bounded<T>(plan: Option<Plan>, call: impl Future<Output = T>) -> T {
    let start = Instant::now();
    let outcome = in_time("a deadline", call).await;
    assert!(start.elapsed() < LONGEST, "{plan:?}: {:?}", start.elapsed());
    outcome
}

/// Fetches two mails, files them, and waits in IDLE once; through as many failures as come.
async fn read_and_file(plan: Option<Plan>, mails: &[Vec<u8>]) -> Vec<[usize; 2]> {
    let impostor = Impostor::start(Manners { capabilities: "IDLE MOVE", ..Manners::default() }, mails).await;
    let gremlin = Gremlin::before(impostor.port(), plan).await;
    let inbox = inbox(gremlin.port());
    let mut arrivals = Vec::new();
    while arrivals.len() < mails.len() {
        arrivals.extend(bounded(plan, inbox.next(10)).await.unwrap_or_default());
    }
    let filing: Vec<(Origin, Folder)> = arrivals.iter().map(|a| (a.origin.clone(), Folder::Processed)).collect();
    while bounded(plan, inbox.file(&filing)).await.is_err() {}
    while bounded(plan, inbox.next(10)).await.map(|more| assert!(more.is_empty(), "{plan:?}: {more:?}")).is_err() {}

    let body = |arrival: &loket::engine::port::Arrival| match &arrival.body {
        ArrivalBody::Raw(raw) => raw.clone(),
        other => panic!("{plan:?}: {other:?}"),
    };
    let mut bodies: Vec<Vec<u8>> = arrivals.iter().map(body).collect();
    bodies.sort_unstable();
    assert_eq!(bodies, mails, "{plan:?}");
    let mut filed: Vec<u32> = impostor.filed().iter().map(|(uid, _)| *uid).collect();
    filed.sort_unstable();
    assert_eq!(filed, [1, 2], "{plan:?}");
    gremlin.passed()
}

#[tokio::test(flavor = "multi_thread")]
async fn t33_any_byte_of_reading_and_filing_may_be_the_last_or_the_slowest() {
    let mails: Vec<Vec<u8>> = (1..=2).map(mail).collect();
    let lengths = read_and_file(None, &mails).await;
    assert_eq!(lengths.len(), 2, "one connection reads and one files");
    let places = places(&lengths, 7);
    let (count, before, start) = (places.len(), resident_kib(), Instant::now());

    futures::stream::iter(places)
        .map(|plan| read_and_file(Some(plan), &mails))
        .buffer_unordered(AT_ONCE)
        .for_each(|_| std::future::ready(()))
        .await;

    let grown = resident_kib().saturating_sub(before);
    println!("IMAP: {count} faults in dialogues of {lengths:?} bytes, {:?}, {grown} KiB more", start.elapsed());
    assert!(lengths.iter().flatten().sum::<usize>() > 1200, "{lengths:?}");
    assert!(grown < 96 * 1024, "{grown} KiB");
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
        command_deadline: DEADLINE,
        answer_deadline: DEADLINE,
        connections: 1,
    })
    .expect("sound settings")
}

/// What the first attempt came to, and how the letter arrived in the end.
async fn send(plan: Option<Plan>, seen: &[AtomicUsize; 3]) -> Vec<[usize; 2]> {
    let sink = SmtpSink::start().await;
    let gremlin = Gremlin::before(sink.port(), plan).await;
    let courier = courier(gremlin.port());
    let letter = letter(1);
    let first = bounded(plan, courier.send(&letter)).await;
    let mut outcome = first.clone();
    let mut uncertain = 0;
    while let Err(fault) = outcome {
        assert!(fault.kind != FaultKind::Permanent, "{plan:?}: {fault}");
        uncertain += usize::from(fault.kind == FaultKind::Unknown);
        outcome = bounded(plan, courier.send(&letter)).await;
    }
    let taken = sink.taken();
    assert!((1..=1 + uncertain).contains(&taken.len()), "{plan:?}: {first:?}, then {} letters", taken.len());
    let ids = taken.iter().map(|raw| {
        let text = String::from_utf8_lossy(raw).into_owned();
        text.lines().find(|line| line.starts_with("Message-ID:")).map(str::to_owned)
    });
    assert!(ids.clone().all(|id| id.is_some_and(|id| id.contains("loket.1@"))), "{plan:?}");
    assert!(taken.iter().all(|raw| *raw == taken[0]), "{plan:?}: each copy is the same letter");
    let which = match first {
        Ok(()) => 0,
        Err(fault) if fault.kind == FaultKind::Unknown => 2,
        Err(_) => 1,
    };
    seen[which].fetch_add(1, Ordering::Relaxed);
    gremlin.passed()
}

#[tokio::test(flavor = "multi_thread")]
async fn t38_t39_any_byte_of_sending_may_be_the_last_or_the_slowest() {
    let seen: Arc<[AtomicUsize; 3]> = Arc::default();
    let lengths = send(None, &seen).await;
    let places = places(&lengths, 5);
    let (count, before, start) = (places.len(), resident_kib(), Instant::now());

    futures::stream::iter(places)
        .map(|plan| send(Some(plan), &seen))
        .buffer_unordered(AT_ONCE)
        .for_each(|_| std::future::ready(()))
        .await;

    let grown = resident_kib().saturating_sub(before);
    let [sent, unsent, perhaps] = [0, 1, 2].map(|which| seen[which].load(Ordering::Relaxed));
    println!(
        "SMTP: {count} faults in dialogues of {lengths:?} bytes, {:?}, {grown} KiB more; at first {sent} sent, {unsent} unsent, {perhaps} perhaps",
        start.elapsed()
    );
    assert!(lengths.iter().flatten().sum::<usize>() > 650, "{lengths:?}");
    assert!(unsent > 0 && perhaps > 0, "{unsent} unsent, {perhaps} perhaps");
    assert!(grown < 96 * 1024, "{grown} KiB");
}
