//! The canary: what Loket sends to itself comes back through real servers, opens no case, and is missed when it does not.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::TimeDelta;
use loket::config::alarms::CanaryConfig;
use loket::daemon::canary::Canary;
use loket::demo::samples::people;
use loket::engine::port::{Arrival, ArrivalBody, Origin, Outgoing};
use loket::sop::names::Address;

use crate::kit::office::{PROCESSED, REFUSED};
use crate::kit::offspring::free_port;
use crate::kit::{Daemon, Office, Site, Visitor, wait_for};

fn canary_of(site: &Site) -> Canary {
    canary_into(site, Vec::new())
}

/// `mailboxes`: names, with the addresses that each is known to receive.
fn canary_into(site: &Site, mailboxes: Vec<(String, Vec<Address>)>) -> Canary {
    let config = CanaryConfig { every_seconds: 900, within_seconds: 300, address: None, fail_watchdog: true };
    Canary::new(site.engine.clone(), &config, &office(), mailboxes)
}

fn office() -> Address {
    Address::parse(people::MAILBOX).expect("an address")
}

fn arrival(mailbox: &str, header: &str) -> Arrival {
    let raw = format!("{header}\r\n\r\nuji\r\n");
    let origin =
        Origin { mailbox: mailbox.into(), folder: "INBOX".into(), uid_validity: 1, uid: 1, name: String::new() };
    Arrival { origin, body: ArrivalBody::Raw(raw.into_bytes()) }
}

/// Whether a mail with this header, which arrives in this mailbox, is taken out.
fn takes(canary: &Canary, mailbox: &str, header: &str) -> bool {
    let (rest, back) = canary.pick(vec![arrival(mailbox, header)]);
    assert_eq!(rest.len() + back.len(), 1, "no mail is lost");
    rest.is_empty()
}

fn is_taken(canary: &Canary, subject: &str) -> bool {
    takes(canary, "utama", &format!("From: <{0}>\r\nTo: <{0}>\r\nSubject: {subject}", people::MAILBOX))
}

#[tokio::test]
async fn only_an_awaited_canary_of_our_own_mark_is_taken_out_of_the_mail() {
    let site = Site::start().await;
    let canary = canary_of(&site);
    let sent: Outgoing = canary.release();
    let (opening, mark) = sent.subject.rsplit_once('.').expect("nonce and mark");

    assert!(!is_taken(&canary, &format!("{opening}.{}]", "0".repeat(20))), "a forged mark: {mark}");
    assert!(!is_taken(&canary, "Permohonan reset password"));
    assert!(!is_taken(&canary_of(&site), &sent.subject), "nobody awaits it");
    assert!(is_taken(&canary, &sent.subject), "a server gave it a Message-ID of its own, or none");
    assert!(!is_taken(&canary, &sent.subject), "it comes back once");
}

#[tokio::test]
async fn a_canary_with_our_message_id_is_known_under_a_gateways_words() {
    let site = Site::start().await;
    let canary = canary_of(&site);
    let sent = canary.release();
    let ours = |id: &str| {
        format!("From: LPSE <{}>\r\nMessage-ID: <{id}>\r\nSubject: [EKSTERNAL] {}", people::MAILBOX, sent.subject)
    };

    assert!(!takes(&canary, "utama", &ours("gateway.1@kantor.example")));
    assert!(takes(&canary, "utama", &ours(&sent.message_id)));
}

/// Whatever quoted a canary's subject was deleted from the inbox, and told that mail flows: so did the very report that it could
/// not be delivered, and a mail that a colleague forwarded to ask what it is.
#[tokio::test]
async fn what_quotes_a_canary_is_ordinary_mail_and_tells_nothing() {
    let site = Site::start().await;
    let canary = canary_of(&site);
    let Outgoing { subject, message_id, .. } = canary.release();
    let own = format!("From: <{}>", people::MAILBOX);
    let from_server = "Return-Path: <>\r\nFrom: MAILER-DAEMON@mail.karangmulia.example";

    for header in [
        format!("{from_server}\r\nSubject: Undeliverable: {subject}"),
        format!("{from_server}\r\nSubject: {subject}"),
        format!("From: budi@karangmulia.example\r\nSubject: Fwd: {subject}"),
        format!("From: budi@karangmulia.example\r\nSubject: {subject}"),
        format!("From: budi@karangmulia.example\r\nMessage-ID: <{message_id}>\r\nSubject: {subject}"),
        format!("{own}, <budi@karangmulia.example>\r\nSubject: {subject}"),
        format!("{own}\r\nSubject: Fwd: {subject}"),
        format!("{own}\r\nSubject: Balasan otomatis: {subject}"),
        format!("{own}\r\nIn-Reply-To: <{message_id}>\r\nSubject: {subject}"),
        format!("Return-Path: <>\r\n{own}\r\nSubject: {subject}"),
        format!("{own}\r\nContent-Type: Multipart/Report; report-type=delivery-status\r\nSubject: {subject}"),
    ] {
        assert!(!takes(&canary, "utama", &header), "{header}");
    }
    site.forward(TimeDelta::seconds(301));
    assert!(canary.facts().lost_since.is_some() && canary.facts().back_at.is_none());
    assert!(is_taken(&canary, &subject), "it is awaited still");
}

#[tokio::test]
async fn a_canary_counts_only_in_the_mailbox_that_it_was_sent_to() {
    let site = Site::start().await;
    let other = Address::parse("arsip@karangmulia.example").expect("an address");
    let known = vec![("arsip".to_owned(), vec![other.clone()]), ("utama".to_owned(), vec![office()])];
    let known = canary_into(&site, known);
    let unknown = canary_into(&site, vec![("arsip".to_owned(), vec![other]), ("utama".to_owned(), Vec::new())]);
    let header = |sent: &Outgoing| format!("From: <{}>\r\nSubject: {}", people::MAILBOX, sent.subject);
    let (first, second) = (header(&known.release()), header(&unknown.release()));

    assert_eq!(["arsip", "utama"].map(|mailbox| takes(&known, mailbox, &first)), [false, true]);
    assert!(takes(&unknown, "arsip", &second), "no mailbox is known to receive it: an alias may lead anywhere");
}

#[tokio::test]
async fn a_canary_is_lost_after_its_time_and_found_by_any_later_one() {
    let site = Site::start().await;
    let canary = canary_of(&site);
    let first = site.now();
    canary.release();

    site.forward(TimeDelta::seconds(300));
    assert_eq!((canary.facts().lost_since, canary.is_well()), (None, true));
    site.forward(TimeDelta::seconds(1));
    assert_eq!((canary.facts().lost_since, canary.is_well()), (Some(first), false));
    let later = (0..100).map(|_| canary.release()).last().expect("a hundred");
    assert_eq!(canary.facts().lost_since, Some(first), "the first is remembered however many are out");
    site.forward(TimeDelta::seconds(2));
    assert!(is_taken(&canary, &later.subject));

    let late = canary.release();
    let later = canary.release();
    assert!(is_taken(&canary, &later.subject) && is_taken(&canary, &late.subject), "one may overtake another");
    assert!(!is_taken(&canary, &late.subject));
    site.forward(TimeDelta::seconds(301));
    let facts = canary.facts();
    assert_eq!((facts.lost_since, facts.trip, canary.is_well()), (None, Some(TimeDelta::zero()), true));
}

/// A service manager: how often it was told that the daemon lives. It always listens, since whoever tells it waits for it.
struct Manager(Arc<AtomicUsize>);

impl Manager {
    fn on(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).expect("the folder is ours");
        let strokes = Arc::new(AtomicUsize::new(0));
        let count = strokes.clone();
        // Ends with the test's process.
        std::thread::spawn(move || {
            let mut words = [0; 4096];
            while let Ok(length) = socket.recv(&mut words) {
                let told = String::from_utf8_lossy(&words[..length]).matches("WATCHDOG=1").count();
                count.fetch_add(told, Ordering::SeqCst);
            }
        });
        Self(strokes)
    }

    fn strokes(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_flies_through_postfix_and_dovecot_and_is_missed_when_postfix_is_away() {
    let mut office = Office::open().await;
    let figures = free_port();
    let text = std::fs::read_to_string(office.configuration_file()).expect("the kit wrote it");
    let canary = format!(
        "[canary]\nsend = true\nevery_seconds = 1\nwithin_seconds = 3\n[alarms]\nlook_seconds = 1\n\
         [metrics]\nlisten = \"127.0.0.1:{figures}\"\n[limits]\n"
    );
    office.write("loket.toml", &text.replace("[limits]\n", &canary));
    let path = office.folder.path().join("notify");
    let manager = Manager::on(&path);
    let environment = vec![
        ("NOTIFY_SOCKET".to_owned(), path.display().to_string()),
        ("WATCHDOG_USEC".to_owned(), "200000".to_owned()),
    ];
    let mut daemon = Daemon::start_in(&office, environment).await;
    let told = |what: &'static str, is: Arc<dyn Fn(&str) -> bool + Send + Sync>| {
        wait_for(what, move || {
            let is = is.clone();
            async move {
                let page = Visitor::default().get(&format!("http://127.0.0.1:{figures}/metrics")).await;
                is(&page.body).then_some(page.body)
            }
        })
    };
    let figure = |text: &str, name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned));
        line.and_then(|value| value.parse::<i64>().ok())
    };

    let well = told("a canary to be back", Arc::new(|t| t.contains("loket_canary_back_timestamp_seconds "))).await;
    let stroked = manager.strokes();
    office.postfix.stop();
    let lost = told("a canary to be lost", Arc::new(|t| t.contains("alarm=\"canary_lost\""))).await;
    let last = figure(&lost, "loket_looked_at_timestamp_seconds").expect("a time");
    let at_loss = manager.strokes();
    // Two looks further on, ten strokes would have come.
    let two_looks_on = move |t: &str| figure(t, "loket_looked_at_timestamp_seconds").is_some_and(|at| at >= last + 2);
    told("two further looks", Arc::new(two_looks_on)).await;
    let still = manager.strokes();
    office.postfix.resume().await;
    told("a canary to be back again", Arc::new(|t| !t.contains("alarm=\"canary_lost\""))).await;
    wait_for("the watchdog to be stroked again", || {
        let again = manager.strokes();
        async move { (again > still + 3).then_some(()) }
    })
    .await;
    let cases = daemon.json(&["cases", "list", "--json"]);
    assert!(daemon.stop().await.success());

    assert!(well.contains("loket_canary_trip_milliseconds "), "{well}");
    assert!(stroked > 0 && still <= at_loss + 1, "{stroked} strokes, {at_loss} at the loss, then {still}");
    assert_eq!(cases, serde_json::json!([]), "a canary is no request");
    // Ended in the middle of a delivery, Postfix may repeat it: the second copy is nobody's canary, and filed.
    let filed = |folder| office.dovecot.files(people::MAILBOX, folder).len();
    assert!(filed(PROCESSED) <= 1 && filed(REFUSED) == 0, "canaries are taken away, not filed");
}
