//! What is read off: a process and its workers in /proc, the moment of an IDLE notice, a script's time.

use std::process::Command;
use std::time::Instant;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::kit::dovecot::PASSWORD;
use crate::kit::{Dovecot, SmtpSink};
use crate::office::MAILBOX;

/// Memory and CPU of a process and its children, from /proc.
pub struct Footprint {
    /// Resident now, the process alone.
    pub own_mib: f64,
    /// Proportional share of process and children.
    pub all_mib: f64,
    /// The process's largest resident size.
    pub peak_mib: f64,
    pub own_cpu_seconds: f64,
    pub cpu_seconds: f64,
}

impl Footprint {
    pub fn of(pid: u32) -> Self {
        let children = children(pid);
        let all = std::iter::once(pid).chain(children.iter().copied());
        Self {
            own_mib: status(pid, "VmRSS:"),
            peak_mib: status(pid, "VmHWM:"),
            all_mib: all.clone().map(share).sum(),
            own_cpu_seconds: cpu(pid),
            cpu_seconds: all.map(cpu).sum(),
        }
    }
}

fn children(pid: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(|p| p.parse().ok()).collect::<Vec<_>>()).collect()
}

fn kib(text: &str, key: &str) -> f64 {
    let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|n| n.parse::<f64>().ok()).unwrap_or_default() / 1024.0
}

fn status(pid: u32, key: &str) -> f64 {
    kib(&std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default(), key)
}

fn share(pid: u32) -> f64 {
    kib(&std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default(), "Pss:")
}

fn cpu(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|t| t.parse::<f64>().ok()).unwrap_or_default();
    (ticks(11) + ticks(12)) / 100.0
}

/// Milliseconds from the notice another IDLE client gets to the acknowledgement in the sink, a mail at a time.
pub async fn latencies(dovecot: &Dovecot, sink: &SmtpSink, mails: Vec<Vec<u8>>) -> Vec<f64> {
    let mut watch = Watch::open(dovecot.ports().imap).await;
    let mut taken = Vec::new();
    for mail in mails {
        let before = sink.taken().len();
        dovecot.lay(MAILBOX, &[mail]);
        let (noticed, answered) = tokio::join!(watch.notice(), async {
            sink.wait_for(before + 1).await;
            Instant::now()
        });
        taken.push(answered.saturating_duration_since(noticed).as_secs_f64() * 1000.0);
    }
    taken
}

/// A client that does nothing but IDLE.
struct Watch(BufReader<TcpStream>);

impl Watch {
    async fn open(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("Dovecot listens");
        let mut watch = Self(BufReader::new(stream));
        watch.until("* OK").await;
        for (command, answer) in [
            (format!("a LOGIN {MAILBOX} {PASSWORD}\r\n"), "a OK"),
            ("b SELECT INBOX\r\n".to_owned(), "b OK"),
            ("c IDLE\r\n".to_owned(), "+"),
        ] {
            watch.0.get_mut().write_all(command.as_bytes()).await.expect("Dovecot listens");
            watch.until(answer).await;
        }
        watch
    }

    async fn notice(&mut self) -> Instant {
        loop {
            let line = self.line().await;
            if line.contains("EXISTS") {
                return Instant::now();
            }
        }
    }

    async fn until(&mut self, start: &str) {
        while !self.line().await.starts_with(start) {}
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).await.expect("Dovecot goes on");
        assert!(!line.is_empty(), "Dovecot closed the watching connection");
        line
    }
}

/// Seconds the hand-written script takes for a mailbox.
pub fn by_hand(dovecot: &Dovecot, sink: &SmtpSink, user: &str) -> Result<f64, String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/by_hand.py");
    let (imap, smtp) = (dovecot.ports().imap.to_string(), sink.port().to_string());
    let begun = Instant::now();
    let ended =
        Command::new("python3").args([script, &imap, &smtp, user, PASSWORD]).output().map_err(|e| e.to_string())?;
    if !ended.status.success() {
        return Err(String::from_utf8_lossy(&ended.stderr).lines().last().unwrap_or_default().to_owned());
    }
    Ok(begun.elapsed().as_secs_f64())
}
