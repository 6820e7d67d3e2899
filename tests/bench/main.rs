//! Measures the daemon against a real Dovecot and an SMTP sink on loopback, beside a hand-written script that does the
//! fetching, reading, answering and filing part of the job. Figures are printed, never asserted: machines differ, the
//! ratio within one run does not.
//!
//!     cargo bench [-- --mails 500]

#[path = "../kit/mod.rs"]
mod kit;
mod measure;
mod office;

use std::time::Instant;

use kit::{Dovecot, SmtpSink};
use measure::{Footprint, Relay};
use office::{Daemon, MAILBOX};

#[tokio::main]
async fn main() {
    let mails = argument("--mails").unwrap_or(500);
    let dovecot = Dovecot::start().await;
    let sink = SmtpSink::start().await;
    let relay = Relay::to(dovecot.ports().imap).await;
    let mut daemon = Daemon::prepare(relay.port(), &sink);

    println!("preparing {mails} mails with two text PDFs of 80 and 150 KB each");
    let waiting = office::mails(mails);

    daemon.start().await;
    let idle = Footprint::of(daemon.pid());
    println!("idle: {:.1} MiB in the daemon, {:.1} MiB with its reading workers", idle.own_mib, idle.all_mib);

    let mut latencies = measure::latencies(&dovecot, &sink, &relay, office::few(21)).await;
    latencies.sort_by(f64::total_cmp);
    println!(
        "from Dovecot's IDLE notice to the acknowledgement accepted: median {:.0} ms, best {:.0} ms, worst {:.0} ms",
        latencies[latencies.len() / 2],
        latencies[0],
        latencies[latencies.len() - 1]
    );
    daemon.stop().await;

    daemon.configure(dovecot.ports().imap, &sink);
    let before = (sink.taken().len(), dovecot.files(MAILBOX, "Diproses").len());
    dovecot.lay(MAILBOX, &waiting);
    let begun = Instant::now();
    daemon.start().await;
    sink.wait_for(before.0 + mails).await;
    let answered = begun.elapsed().as_secs_f64();
    dovecot.wait_for_messages(MAILBOX, "Diproses", before.1 + mails).await;
    let filed = begun.elapsed().as_secs_f64();
    let after = Footprint::of(daemon.pid());
    println!(
        "{mails} waiting, fetched, read, on record, acknowledged and filed: {filed:.2} s, {:.0} mails/s (acknowledged after {answered:.2} s)",
        mails as f64 / filed
    );
    println!(
        "CPU {:.1} ms a mail (daemon {:.1}, reading {:.1}); at most {:.0} MiB in the daemon, {:.0} MiB with its workers",
        after.cpu_seconds * 1000.0 / mails as f64,
        after.own_cpu_seconds * 1000.0 / mails as f64,
        (after.cpu_seconds - after.own_cpu_seconds) * 1000.0 / mails as f64,
        after.peak_mib,
        after.all_mib
    );
    daemon.stop().await;

    let some = mails.min(100);
    dovecot.lay("tangan@lembayungraya.example", &waiting[..some]);
    match measure::by_hand(&dovecot, &sink, "tangan@lembayungraya.example") {
        Ok(seconds) => {
            let rate = some as f64 / seconds;
            println!("a script with pdftotext, same run: {rate:.0} mails/s; ratio {:.1}", mails as f64 / filed / rate);
        }
        Err(why) => println!("the script for comparison did not run: {why}"),
    }
}

fn argument(name: &str) -> Option<usize> {
    let mut arguments = std::env::args().skip_while(|a| a != name).skip(1);
    arguments.next()?.parse().ok()
}
