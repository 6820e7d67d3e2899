//! Measures reading alone: mails of text papers, and mails of the same papers as scans, through the pool and its worker
//! processes. Figures are printed, never asserted.
//!
//!     cargo bench --bench reading [-- --mails 6]

#[path = "../reading/make.rs"]
#[allow(dead_code, reason = "the tests make more kinds of papers")]
mod make;

use std::path::PathBuf;
use std::time::Instant;

use chrono::NaiveDate;
use loket::demo::samples::papers::{self, Decree, Letter};
use loket::demo::samples::people::PEOPLE;
use loket::reading::pool::{Pool, PoolConfig};
use loket::sop::checklist::Method;
use loket::sop::names::Service;
use make::{mail, scan, scanned};

/// Pixels across A4 at 200 dots per inch.
const WIDTH: u32 = 1654;
/// Pages of a mail: a letter, a decree and its annex.
const PAGES: usize = 3;

#[tokio::main]
async fn main() {
    let scans = argument("--mails").unwrap_or(6);
    let texts = 50 * scans;
    println!("preparing {texts} mails of text and {scans} of scans, {PAGES} pages each");
    let text: Vec<_> = (0..texts).map(|nth| request(nth, false)).collect();
    let scanned: Vec<_> = (0..scans).map(|nth| request(nth, true)).collect();

    for (what, mails, method) in [("text", &text, Method::Text), ("scans", &scanned, Method::Ocr)] {
        let pool = Pool::new(PoolConfig::new(PathBuf::from(env!("CARGO_BIN_EXE_loket"))));
        let begun = Instant::now();
        let alone = pool.read(&mails[0]).await.expect("a worker starts");
        let first = begun.elapsed().as_secs_f64() / PAGES as f64;
        assert!(alone.papers.iter().all(|paper| paper.method == method), "the papers are read as {what}");

        let begun = Instant::now();
        let rest = futures::future::join_all(mails[1..].iter().map(|mail| pool.read(mail))).await;
        let seconds = begun.elapsed().as_secs_f64();
        assert!(rest.iter().all(Result::is_ok), "every mail is answered");
        let pages = (rest.len() * PAGES) as f64;
        println!(
            "{what}: {first:.3} s a page alone, {:.3} s a page in a crowd, {:.0} pages a minute",
            seconds / pages,
            60.0 * pages / seconds
        );
        let largest = |workers: Vec<u32>| workers.into_iter().map(|pid| peak(&pid.to_string())).fold(0.0, f64::max);
        println!(
            "{what}: at most {:.0} MiB in a parsing worker, {:.0} MiB in a recognising one (beside tesseract), {:.0} MiB here",
            largest(pool.idle_workers()),
            largest(pool.idle_recognisers()),
            peak("self")
        );
    }
}

/// A complete request, no two alike.
fn request(nth: usize, as_scan: bool) -> Vec<u8> {
    let day = NaiveDate::from_ymd_opt(2026, 11, 9).expect("a day of the calendar");
    let number = format!("000.3/{}/B.PBJ", 1000 + nth);
    let letter = papers::letter_pdf(&Letter {
        applicant: &PEOPLE[nth % (PEOPLE.len() - 1)],
        services: &[Service::ResetPassword],
        number: &number,
        date: day,
        nip: None,
        signed: true,
        pad_to: None,
    });
    let decree = papers::decree_pdf(&Decree::of_year(day));
    let (letter, decree) = if as_scan {
        let pages = [scan(&decree, 1, WIDTH), scan(&decree, 2, WIDTH)];
        (scanned(&[&scan(&letter, 1, WIDTH)]), scanned(&[&pages[0], &pages[1]]))
    } else {
        (letter, decree)
    };
    let files = [("Surat.pdf", "application/pdf", letter), ("SK.pdf", "application/pdf", decree)];
    mail(&format!("Terlampir berkas {nth}."), &files)
}

/// The largest resident size a process has had, in MiB.
fn peak(pid: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).unwrap_or_default() / 1024.0
}

fn argument(name: &str) -> Option<usize> {
    let mut arguments = std::env::args().skip_while(|a| a != name).skip(1);
    arguments.next()?.parse().ok()
}
