//! Row 41 over the whole program: the state folder's disk fills up while people write and decide. Nothing ends, nothing is begun that
//! could not be written down, and once there is space again all of it is worked off, each thing once.

use std::collections::BTreeSet;
use std::path::Path;

use loket::demo::samples::people::{AGUNG, JOHANNES, MAILBOX, MELATI, RINA};
use loket::demo::samples::{Sample, Stamp, mails};
use loket::store::redb::SPACE_TO_BEGIN;

use crate::e2e_people::{asked, collect, press};
use crate::kit::office::{ACKNOWLEDGED, now};
use crate::kit::offspring::free_port;
use crate::kit::postfix::AUTHSERV_ID;
use crate::kit::{Daemon, Office, SmallDisk, Visitor, wait_for};

const TEGUH: &str = "teguh.anggoro@lembayungraya.example";

/// An account system that writes each reset down, beside the disk that fills up.
const BOOKS: &str = r#"
asked=$(cat)
key=$(printf %s "$asked" | sed -n 's/.*"idempotency_key":"\([^"]*\)".*/\1/p')
case $asked in
*'"request":"reset"'*) printf '%s\n' "$key" >>"$1/resets"; echo '{"outcome": "done"}' ;;
*) echo '{"ready": "siap"}' ;;
esac
"#;

/// An office whose state lies on a small disk, and the port of its figures.
async fn cramped() -> (Office, SmallDisk, u16) {
    let accounts =
        "driver = \"command\"\n[accounts.command]\nprogram = \"/bin/sh\"\narguments = [\"@/books.sh\", \"@\"]\n";
    let office = Office::open_with(accounts).await;
    office.write("books.sh", BOOKS);
    let figures = free_port();
    let text = std::fs::read_to_string(office.configuration_file()).expect("the kit wrote it");
    let watched = format!(
        "[alarms]\nlook_seconds = 1\ndisk_free_mb = 1\n[metrics]\nlisten = \"127.0.0.1:{figures}\"\n[limits]\n"
    );
    office.write("loket.toml", &text.replacen("[limits]\n", &watched, 1));
    std::fs::create_dir(office.state()).expect("the folder is ours");
    let disk = SmallDisk::over(&office.state(), "64m");
    (office, disk, figures)
}

fn sample<'s>(samples: &'s [Sample], id: &str) -> &'s Sample {
    samples.iter().find(|sample| sample.label.id == id).expect("a sample of this name")
}

async fn status(url: &str) -> u16 {
    Visitor::default().get(url).await.status
}

async fn answers(url: &str, awaited: u16) {
    wait_for(&format!("{url} to answer {awaited}"), || async { (status(url).await == awaited).then_some(()) }).await;
}

/// For how long the longest due letter or other effect has been due.
async fn due_for(figures: u16) -> u64 {
    let page = Visitor::default().get(&format!("http://127.0.0.1:{figures}/metrics")).await;
    let age = page.body.lines().find_map(|line| line.strip_prefix("loket_outbox_due_age_seconds "));
    age.and_then(|age| age.trim().parse().ok()).expect("the figure is told")
}

fn resets(folder: &Path) -> usize {
    std::fs::read_to_string(folder.join("resets")).unwrap_or_default().lines().count()
}

/// That somebody was told once that their request came in, and has no letter twice.
fn acknowledged_once(office: &Office, address: &str) {
    let letters = office.letters(address);
    let acknowledged = letters.iter().filter(|letter| letter.subject.contains(ACKNOWLEDGED)).count();
    let ids: BTreeSet<_> = letters.iter().map(|letter| &letter.message_id).collect();
    assert_eq!((acknowledged, ids.len()), (1, letters.len()), "{address}");
}

/// A write for which the disk had no block closed the live store, so that the daemon ended; started again each 15 seconds, it sent
/// each time what was due, could not write that down, and ended.
#[tokio::test(flavor = "multi_thread")]
async fn t41_while_the_disk_is_full_mail_waits_nothing_is_begun_and_all_is_worked_off_once_there_is_space() {
    let (mut office, disk, figures) = cramped().await;
    let (mut daemon, mut admins) = Daemon::open(&office, &[TEGUH]).await;
    let samples = office.samples();
    let (ready, health) = (format!("{}/readyz", office.base_url()), format!("http://127.0.0.1:{figures}/sehat"));
    office.send_sample(sample(&samples, "complete")).await;
    let complete = office.number_given_to(RINA.email).await;
    let (_, mail) = asked(&office, &admins, &complete).await;
    answers(&health, 200).await;
    office.postfix.stop();
    let delivered = mails(now(), Some(Stamp { server: AUTHSERV_ID }));
    office.dovecot.deliver(MAILBOX, &sample(&delivered, "completed_later").raw).await;
    office.handled(2).await;
    daemon.tells("effect=\"letter\"", 1).await;

    // What is in hand can still be written down, and so can a decision.
    disk.fill_up_to(8 << 20);
    press(&office, &mut admins[0], &mail, "setujui").await;
    daemon.tells("nothing that falls due is begun", 2).await;
    disk.fill_up_to(0);
    office.postfix.resume().await;
    office.send_sample(sample(&samples, "nip_differs")).await;
    office.send_sample(sample(&samples, "user_id")).await;
    daemon.tells("no mail is taken in", 1).await;
    answers(&ready, 503).await;
    answers(&health, 503).await;
    wait_for("letters and the reset to be overdue", || async { (due_for(figures).await >= 8).then_some(()) }).await;

    let told = Visitor::default().get(&health).await.body;
    assert!(told.contains("disk_almost_full/state") && told.contains("0 MB"), "{told}");
    assert!(daemon.ended().is_none(), "it waits");
    assert_eq!(status(&format!("{}/masuk", office.base_url())).await, 200, "the desk stays open");
    wait_for("both mails", || async { (office.dovecot.files(MAILBOX, "INBOX").len() == 2).then_some(()) }).await;
    assert_eq!(resets(office.folder.path()), 0, "what comes of a reset could not be written down");
    assert_eq!(office.letters(AGUNG.email).len(), 0, "that a letter left could not be written down");

    disk.empty();
    answers(&ready, 200).await;
    for person in [&AGUNG, &MELATI, &JOHANNES] {
        office.number_given_to(person.email).await;
    }
    assert_eq!(office.handled(4).await, 0, "none was refused");
    assert_eq!(collect(&office, &RINA, &complete).await.len(), 2, "user ID and password");
    answers(&health, 200).await;
    for person in [&RINA, &AGUNG, &MELATI, &JOHANNES] {
        acknowledged_once(&office, person.email);
    }
    assert_eq!(resets(office.folder.path()), 1);
    daemon.cli(&["archive", "verify"]);
    assert!(!daemon.log().contains("the store cannot go on"));
    assert!(daemon.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn t41_whoever_stops_on_a_full_disk_ends_well_starts_once_there_is_space_and_has_lost_nothing() {
    let (office, disk, _) = cramped().await;
    let (mut daemon, _) = Daemon::open(&office, &[TEGUH]).await;
    disk.fill_up_to(0);
    office.send_sample(sample(&office.samples(), "complete")).await;
    daemon.tells("no mail is taken in", 1).await;

    let stopped = daemon.stop().await;
    daemon.restart_unready();
    let full = wait_for("the end of the daemon", || std::future::ready(daemon.ended())).await;
    let waiting = office.dovecot.files(MAILBOX, "INBOX").len();
    disk.empty();
    daemon.resume().await;
    office.number_given_to(RINA.email).await;

    assert!(stopped.success(), "{stopped}");
    assert_eq!(full.code(), Some(75), "a later start may do better");
    assert_eq!((waiting, office.handled(1).await), (1, 0), "it waits in the inbox, and is then taken in");
    acknowledged_once(&office, RINA.email);
}

/// There was space to begin something, and not for this: it was put by as a mail that is itself at fault.
#[tokio::test(flavor = "multi_thread")]
async fn t41_a_mail_that_is_larger_than_the_space_left_waits_and_is_none_at_fault() {
    let (office, disk, _) = cramped().await;
    let (mut daemon, _) = Daemon::open(&office, &[TEGUH]).await;
    let delivered = mails(now(), Some(Stamp { server: AUTHSERV_ID }));
    let mut large = sample(&delivered, "complete").raw.clone();
    // What stands behind the last part is nobody's text, and is kept all the same.
    (0..60_000).for_each(|_| large.extend_from_slice(b"=========================================================\r\n"));
    disk.fill_up_to(SPACE_TO_BEGIN + 1_500_000);

    office.dovecot.deliver(MAILBOX, &large).await;
    daemon.tells("no mail is taken in", 1).await;
    let waiting = office.dovecot.files(MAILBOX, "INBOX").len();
    disk.empty();
    office.handled(1).await;

    assert_eq!(waiting, 1);
    assert!(!daemon.log().contains("a mail stays in the inbox for now"));
    assert!(daemon.stop().await.success());
}
