//! Workers stall, crash and are replaced; the mails behind them are answered all the same.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use loket::dossier::page::Contents;
use loket::reading::pool::{Pool, PoolConfig, ReadingFault};
use loket::sop::checklist::Method;
use rustix::process::{Pid, Signal, kill_process};

use super::make::{letter, mail, pdf, zip};

fn config() -> PoolConfig {
    PoolConfig { workers: 2, ..PoolConfig::new(PathBuf::from(env!("CARGO_BIN_EXE_loket"))) }
}

fn request(nth: usize) -> Vec<u8> {
    let text = format!("Permohonan ke-{nth}");
    mail("Mohon reset.", &[("surat.pdf", "application/pdf", pdf(&[&letter(&[&text])]))])
}

fn words(contents: &Contents) -> String {
    contents.papers.iter().flat_map(|p| &p.pages).map(|p| p.text()).collect()
}

fn signal(pool: &Pool, signal: Signal) {
    for pid in pool.idle_workers() {
        let pid = Pid::from_raw(pid as i32).expect("a process has a number");
        kill_process(pid, signal).expect("the worker is ours");
    }
}

#[tokio::test]
async fn fifty_mails_at_once_are_all_answered() {
    let pool = Pool::new(config());
    let mails: Vec<_> = (0..50).map(request).collect();

    let answers = futures::future::join_all(mails.iter().map(|m| pool.read(m))).await;

    for (nth, answer) in answers.into_iter().enumerate() {
        assert_eq!(words(&answer.unwrap()), format!("Permohonan ke-{nth}"));
    }
    assert!(pool.counts().started <= 2, "two workers do");
}

#[tokio::test]
async fn a_stalled_worker_is_killed_in_time_and_the_next_mail_is_read() {
    let pool = Pool::new(PoolConfig { deadline: Duration::from_secs(2), ..config() });
    pool.probe().await.unwrap();
    signal(&pool, Signal::STOP);
    let begun = Instant::now();

    let stalled = pool.read(&request(1)).await.unwrap();

    assert!(begun.elapsed() < Duration::from_secs(20));
    assert_eq!(stalled.alerts, ["unreadable_document"]);
    assert_eq!((stalled.body.as_str(), stalled.papers[0].attachment.as_str()), ("Mohon reset.", "surat.pdf"));
    assert_eq!(stalled.papers[0].method, Method::None);
    assert_eq!(words(&pool.read(&request(2)).await.unwrap()), "Permohonan ke-2");
    assert_eq!(pool.counts().stalled, 1);
}

#[tokio::test]
async fn a_worker_that_died_while_waiting_costs_no_mail() {
    let pool = Pool::new(config());
    pool.read(&request(0)).await.unwrap();
    signal(&pool, Signal::KILL);

    let answer = pool.read(&request(1)).await.unwrap();

    assert_eq!(words(&answer), "Permohonan ke-1");
    assert_eq!(pool.counts().crashed, 1);
}

#[tokio::test]
async fn t25_a_mail_that_kills_its_worker_is_reported_unread() {
    // A stand-in for the worker that greets, takes the first byte and dies.
    let hello = format!("{{\"version\":\"{}\",\"sandbox\":null}}", env!("CARGO_PKG_VERSION"));
    let script = format!("printf '\\000\\000\\000\\{:03o}%s' '{hello}'; /usr/bin/head -c 1 >/dev/null", hello.len());
    let program = PathBuf::from("/bin/sh");
    let pool = Pool::new(PoolConfig { program, arguments: vec!["-c".into(), script], ..config() });

    let answer = pool.read(&request(1)).await.unwrap();

    assert_eq!(answer.alerts, ["unreadable_document"]);
    assert_eq!(answer.papers[0].attachment, "surat.pdf");
    assert_eq!(pool.counts().crashed, 1);
}

#[tokio::test]
async fn without_a_worker_there_is_a_clear_fault() {
    let missing = Pool::new(PoolConfig { program: "/nowhere/loket".into(), ..config() });
    let silent = Pool::new(PoolConfig { program: "/bin/true".into(), ..config() });

    assert!(matches!(missing.probe().await, Err(ReadingFault::CannotStart { .. })));
    assert!(matches!(silent.read(b"x").await, Err(ReadingFault::CannotStart { .. })));
}

#[tokio::test]
async fn workers_are_recycled_after_their_lifetime() {
    let pool = Pool::new(PoolConfig { workers: 1, lifetime: 3, ..config() });

    for nth in 0..7 {
        pool.read(&request(nth)).await.unwrap();
    }

    assert_eq!(pool.counts().started, 3);
}

#[tokio::test]
async fn t24_a_worker_stands_within_walls_and_holds_through_a_zip_bomb() {
    let pool = Pool::new(PoolConfig { workers: 1, ..config() });
    let zeros = vec![0u8; 200 * 1024 * 1024];
    let bomb = zip(&[("a.txt", &zeros)]);
    let packed = mail("bom", &[("a.zip", "application/zip", bomb)]);

    let answer = pool.read(&packed).await.unwrap();

    let pid = pool.idle_workers()[0];
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let wall = |name: &str| {
        let told = limits.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        let [soft, hard] = [0, 1].map(|nth| told.split_whitespace().nth(nth).unwrap());
        assert_eq!(soft, hard, "{name} holds for good");
        soft.to_owned()
    };
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.split_whitespace().next().unwrap().parse().unwrap();
    assert_eq!(answer.alerts, ["archive_bomb"]);
    assert_eq!(wall("Max address space"), "805306368");
    assert_eq!(wall("Max cpu time"), "300");
    for none in ["Max file size", "Max core file size"] {
        assert_eq!(wall(none), "0");
    }
    assert_eq!(wall("Max open files"), "16");
    assert!(peak < 64 * 1024, "{peak} kB for a bomb of 200 MB");
    assert!(std::fs::read(format!("/proc/{pid}/environ")).unwrap().is_empty());
}
