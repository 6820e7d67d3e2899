//! What is read off: a process and its workers in /proc, the moment of an IDLE notice, a script's time.

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

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

/// Milliseconds from the notice the daemon gets in IDLE to the acknowledgement in the sink, a mail at a time.
pub async fn latencies(dovecot: &Dovecot, sink: &SmtpSink, relay: &Relay, mails: Vec<Vec<u8>>) -> Vec<f64> {
    let mut taken = Vec::new();
    for (n, mail) in mails.into_iter().enumerate() {
        let (answered, filed) = (sink.taken().len() + 1, n + 1);
        relay.forget();
        dovecot.deliver(MAILBOX, &mail).await;
        sink.wait_for(answered).await;
        let answered = Instant::now();
        let noticed = relay.noticed().expect("the daemon learned of the mail from Dovecot");
        taken.push(answered.saturating_duration_since(noticed).as_secs_f64() * 1000.0);
        dovecot.wait_for_messages(MAILBOX, "Diproses", filed).await;
    }
    taken
}

/// Passes bytes between the daemon and Dovecot, and notes when Dovecot first tells of a mail.
pub struct Relay {
    port: u16,
    noticed: Arc<Mutex<Option<Instant>>>,
}

impl Relay {
    pub async fn to(imap: u16) -> Self {
        let door = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let port = door.local_addr().expect("the door is open").port();
        let noticed = Arc::new(Mutex::new(None));
        let note = noticed.clone();
        tokio::spawn(async move {
            while let Ok((daemon, _)) = door.accept().await {
                let Ok(server) = TcpStream::connect(("127.0.0.1", imap)).await else { return };
                tokio::spawn(pass(daemon, server, note.clone()));
            }
        });
        Self { port, noticed }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    fn forget(&self) {
        *self.noticed.lock().expect("no thread panics with it") = None;
    }

    fn noticed(&self) -> Option<Instant> {
        *self.noticed.lock().expect("no thread panics with it")
    }
}

async fn pass(daemon: TcpStream, server: TcpStream, note: Arc<Mutex<Option<Instant>>>) {
    let (mut asks, mut hears) = daemon.into_split();
    let (mut answers, mut listens) = server.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut asks, &mut listens).await });
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(length) = answers.read(&mut bytes).await {
        if length == 0 {
            return;
        }
        if memchr::memmem::find(&bytes[..length], b" EXISTS\r\n").is_some() {
            note.lock().expect("no thread panics with it").get_or_insert_with(Instant::now);
        }
        if hears.write_all(&bytes[..length]).await.is_err() {
            return;
        }
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
