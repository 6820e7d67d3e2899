//! An SMTP server inside the test, for what a real one cannot be made to do: refuse, stall, hang up at a given moment.
//! Also a quick sink for measurements. Speaks plain SMTP on loopback.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::tokens::Porter;

/// What goes wrong, once, with the next connection or letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Answers the command that begins so (`MAIL`, `RCPT TO:<arsip@`, `DATA`, or `.` for the final dot) with this line.
    Answer { at: &'static str, line: &'static str },
    /// Hangs up when this command arrives, without an answer. At `.` the letter is kept first.
    HangUp { at: &'static str },
    /// Never answers this command.
    Stall { at: &'static str },
    /// Agrees to this command only when the next one arrives.
    Late { at: &'static str },
    /// Hangs up after so many bytes of the letter.
    HangUpAfter { bytes: usize },
}

#[derive(Default)]
struct Shared {
    /// Without one everybody is let in.
    porter: Option<Porter>,
    taken: Mutex<Vec<Vec<u8>>>,
    faults: Mutex<VecDeque<Fault>>,
    connections: AtomicUsize,
    arrived: Notify,
}

pub struct SmtpSink {
    port: u16,
    shared: Arc<Shared>,
    listening: tokio::task::JoinHandle<()>,
}

impl SmtpSink {
    pub async fn start() -> Self {
        Self::start_behind(None).await
    }

    /// As [`SmtpSink::start`]; with a porter only who shows a good token may send.
    pub async fn start_behind(porter: Option<Porter>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let shared = Arc::new(Shared { porter, ..Shared::default() });
        let inner = Arc::clone(&shared);
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                inner.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, Arc::clone(&inner)));
            }
        });
        Self { port, shared, listening }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Queues a fault; each happens once, in the order they were queued.
    pub fn fail(&self, fault: Fault) {
        self.shared.faults.lock().expect("nothing panics holding it").push_back(fault);
    }

    /// The letters taken so far.
    pub fn taken(&self) -> Vec<Vec<u8>> {
        self.shared.taken.lock().expect("nothing panics holding it").clone()
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Returns once `count` letters are taken; without polling, so that it can measure.
    pub async fn wait_for(&self, count: usize) {
        loop {
            let arrived = self.shared.arrived.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            if self.shared.taken.lock().expect("nothing panics holding it").len() >= count {
                return;
            }
            arrived.await;
        }
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Shared {
    /// The queued fault, if its moment is `at`.
    fn fault_at(&self, at: &str) -> Option<Fault> {
        let mut faults = self.faults.lock().expect("nothing panics holding it");
        let due = match faults.front()? {
            Fault::Answer { at: moment, .. }
            | Fault::HangUp { at: moment }
            | Fault::Stall { at: moment }
            | Fault::Late { at: moment } => at.to_ascii_uppercase().starts_with(&moment.to_ascii_uppercase()),
            Fault::HangUpAfter { .. } => at == "body",
        };
        if due { faults.pop_front() } else { None }
    }

    fn take(&self, letter: Vec<u8>) {
        self.taken.lock().expect("nothing panics holding it").push(letter);
        self.arrived.notify_waiters();
    }
}

/// One connection; ends at the first thing out of order.
async fn serve(stream: TcpStream, shared: Arc<Shared>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut talk = BufReader::new(stream);
    talk.write_all(b"220 sink\r\n").await.ok()?;
    let mut held_back = String::new();
    let mut inside = shared.porter.is_none();
    loop {
        let mut line = String::new();
        talk.read_line(&mut line).await.ok()?;
        // A line that is cut off is no command.
        line.ends_with('\n').then_some(())?;
        let verb = line.split([' ', '\r']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match shared.fault_at(&line) {
            Some(Fault::Answer { line, .. }) => format!("{line}\r\n"),
            Some(Fault::Stall { .. }) => return std::future::pending().await,
            Some(Fault::Late { .. }) => {
                held_back.push_str("250 ok\r\n");
                continue;
            }
            Some(_) => return None,
            None => match verb.as_str() {
                "EHLO" if shared.porter.is_some() => {
                    "250-sink\r\n250-8BITMIME\r\n250-AUTH XOAUTH2\r\n250 SIZE\r\n".to_owned()
                }
                "AUTH" if let_in(&shared, &line) => {
                    inside = true;
                    "235 come in\r\n".to_owned()
                }
                "AUTH" => {
                    talk.write_all(format!("334 {}\r\n", Porter::CHALLENGE).as_bytes()).await.ok()?;
                    talk.read_line(&mut String::new()).await.ok()?;
                    "535 5.7.8 not this one\r\n".to_owned()
                }
                "MAIL" if !inside => "530 5.7.0 log in first\r\n".to_owned(),
                "EHLO" => "250-sink\r\n250-8BITMIME\r\n250 SIZE\r\n".to_owned(),
                "DATA" => "354 go on\r\n".to_owned(),
                "QUIT" => "221 bye\r\n".to_owned(),
                _ => "250 ok\r\n".to_owned(),
            },
        };
        talk.write_all((std::mem::take(&mut held_back) + &answer).as_bytes()).await.ok()?;
        if answer.starts_with("354") {
            let letter = letter(&mut talk, &shared).await?;
            let answer = match shared.fault_at(".") {
                Some(Fault::Answer { line, .. }) => format!("{line}\r\n"),
                Some(fault) => {
                    shared.take(letter);
                    if matches!(fault, Fault::Stall { .. }) {
                        return std::future::pending().await;
                    }
                    return None;
                }
                None => {
                    shared.take(letter);
                    "250 taken\r\n".to_owned()
                }
            };
            talk.write_all(answer.as_bytes()).await.ok()?;
        }
    }
}

fn let_in(shared: &Shared, line: &str) -> bool {
    let shown = line.split(' ').nth(2).unwrap_or_default();
    shared.porter.as_ref().is_none_or(|porter| porter.admits(shown))
}

/// The letter without its dot-stuffing; `None` where the connection was cut on purpose.
async fn letter(talk: &mut BufReader<TcpStream>, shared: &Shared) -> Option<Vec<u8>> {
    if let Some(Fault::HangUpAfter { bytes }) = shared.fault_at("body") {
        let mut part = vec![0; bytes];
        talk.read_exact(&mut part).await.ok();
        return None;
    }
    let mut letter = Vec::new();
    loop {
        let start = letter.len();
        talk.read_until(b'\n', &mut letter).await.ok().filter(|&read| read > 0)?;
        if letter[start..] == *b".\r\n" {
            letter.truncate(start);
            return Some(letter);
        }
        if letter[start] == b'.' {
            letter.remove(start);
        }
    }
}
