//! A reading worker spoken to without the pool, so that what it costs is seen: the real program, its own protocol.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Longer than the pool is patient with.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Worker {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
}

/// How a worker failed a request.
#[derive(Debug)]
pub enum Failed {
    Hung,
    Died,
}

impl Worker {
    /// Starts a worker and hears its greeting.
    pub async fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_loket"))
            .arg("__reading-worker")
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the program is there");
        let (input, output) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        let mut worker = Self { child, input, output };
        let hello = worker.frame().await.expect("a worker greets");
        assert!(String::from_utf8_lossy(&hello).contains("\"sandbox\":null"), "it stands within its walls");
        worker
    }

    /// Has a mail taken apart. `Ok(false)`: it was, but something panicked on the way and was caught.
    pub async fn read(&mut self, raw: &[u8]) -> Result<bool, Failed> {
        self.send(b'R', raw).await?;
        self.answer().await.map(|answer| answer[0] == 0)
    }

    /// Has a page drawn, as [`Worker::read`].
    pub async fn draw(&mut self, raw: &[u8], paper: &str) -> Result<bool, Failed> {
        let page =
            format!("{{\"paper\":{{\"Named\":\"{paper}\"}},\"page\":1,\"purpose\":{{\"View\":{{\"width\":200}}}}}}");
        self.send(b'H', raw).await?;
        self.send(b'P', page.as_bytes()).await?;
        self.answer().await.map(|answer| answer[0] == 0)
    }

    /// The most memory it ever had, in MiB.
    pub fn peak(&self) -> u64 {
        peak(&self.child.id().expect("it lives").to_string())
    }

    async fn send(&mut self, letter: u8, bytes: &[u8]) -> Result<(), Failed> {
        let head = [&(bytes.len() as u32 + 1).to_be_bytes()[..], &[letter]].concat();
        self.input.write_all(&head).await.map_err(|_| Failed::Died)?;
        self.input.write_all(bytes).await.map_err(|_| Failed::Died)
    }

    async fn answer(&mut self) -> Result<Vec<u8>, Failed> {
        let answer = tokio::time::timeout(PATIENCE, self.frame()).await.map_err(|_| Failed::Hung)?;
        answer.filter(|answer| !answer.is_empty()).ok_or(Failed::Died)
    }

    async fn frame(&mut self) -> Option<Vec<u8>> {
        let length = self.output.read_u32().await.ok()?;
        let mut frame = vec![0; length as usize];
        self.output.read_exact(&mut frame).await.ok()?;
        Some(frame)
    }
}

/// The most memory a process ever had, in MiB.
pub fn peak(process: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("the process lives");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the kernel tells");
    peak.split_whitespace().next().and_then(|kb| kb.parse::<u64>().ok()).expect("a number") / 1024
}
