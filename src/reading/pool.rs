//! The daemon's side of the workers: lends one to each mail, kills one that stalls, replaces one that died, recycles each
//! after a while. A mail that brings its worker down is reported with its papers unread; the others never notice.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Semaphore;

use super::frame::{self, Hello};
use super::limits::Limits;
use super::worker;
use crate::dossier::page::Contents;

/// How workers are started and how long they may take.
#[derive(Debug, Clone)]
pub struct PoolConfig {
    /// The program to start; this one, except in tests.
    pub program: PathBuf,
    pub arguments: Vec<String>,
    /// Workers at work at the same time.
    pub workers: usize,
    /// Wall-clock time for one mail.
    pub deadline: Duration,
    /// Mails after which a worker is replaced.
    pub lifetime: u32,
}

impl PoolConfig {
    /// As many workers of `program` as there are processors.
    pub fn new(program: PathBuf) -> Self {
        let workers = std::thread::available_parallelism().map_or(2, usize::from);
        let arguments = vec![worker::VERB.to_owned()];
        Self { program, arguments, workers, deadline: Duration::from_secs(20), lifetime: 1000 }
    }
}

/// Why documents cannot be read at all. A single bad mail is never a fault.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadingFault {
    #[error("Cannot start the reading worker {program}: {why}. Check that the program file is still there")]
    CannotStart { program: String, why: String },
    #[error("The reading worker has no walls, so no document is read: it {why}. Check the limits of the service")]
    NoSandbox { why: String },
}

/// What the pool has done since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolCounts {
    pub started: u64,
    pub stalled: u64,
    pub crashed: u64,
}

pub struct Pool {
    config: PoolConfig,
    limits: Limits,
    turns: Semaphore,
    idle: Mutex<Vec<Worker>>,
    started: AtomicU64,
    stalled: AtomicU64,
    crashed: AtomicU64,
}

struct Worker {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    served: u32,
}

/// How a mail left its worker.
enum Ended {
    Answered(Contents),
    Stalled,
    Crashed,
}

impl Pool {
    pub fn new(config: PoolConfig) -> Self {
        let turns = Semaphore::new(config.workers.max(1));
        let idle = Mutex::new(Vec::new());
        let (started, stalled, crashed) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        Self { config, limits: Limits::default(), turns, idle, started, stalled, crashed }
    }

    /// Starts one worker and sees that its walls stand. The daemon calls this before it takes in mail.
    pub async fn probe(&self) -> Result<(), ReadingFault> {
        let worker = self.borrow().await?;
        self.give_back(worker);
        Ok(())
    }

    /// Takes a mail apart in a worker. Waits for a free one. Fails only when there can be no worker at all.
    pub async fn read(&self, raw: &[u8]) -> Result<Contents, ReadingFault> {
        if raw.len() > frame::REQUEST {
            return Ok(self.outline(raw));
        }
        let _turn = self.turns.acquire().await.expect("the semaphore is never closed");
        let mut worker = self.borrow().await?;
        let aged = worker.served > 0;
        let mut ended = self.ask(&mut worker, raw).await;
        // A worker that worked before may have died of something else (the system was short of memory): once more, fresh.
        if matches!(ended, Ended::Crashed) && aged {
            worker = self.start().await?;
            ended = self.ask(&mut worker, raw).await;
        }
        match ended {
            Ended::Answered(contents) => {
                self.give_back(worker);
                Ok(contents)
            }
            Ended::Stalled => {
                tracing::warn!(
                    size = raw.len(),
                    "a mail held its reading worker too long; its papers count as unreadable"
                );
                Ok(self.outline(raw))
            }
            Ended::Crashed => {
                tracing::warn!(
                    size = raw.len(),
                    "a mail brought its reading worker down; its papers count as unreadable"
                );
                Ok(self.outline(raw))
            }
        }
    }

    pub fn counts(&self) -> PoolCounts {
        let value = |count: &AtomicU64| count.load(Ordering::Relaxed);
        PoolCounts { started: value(&self.started), stalled: value(&self.stalled), crashed: value(&self.crashed) }
    }

    /// Process numbers of the workers that wait for mail.
    pub fn idle_workers(&self) -> Vec<u32> {
        self.lock().iter().filter_map(|w| w.child.id()).collect()
    }

    fn outline(&self, raw: &[u8]) -> Contents {
        let outline = || super::outline(raw, &self.limits);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(outline))
            .unwrap_or_else(|_| Contents { alerts: vec!["unreadable_document".to_owned()], ..Contents::default() })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Worker>> {
        self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    async fn borrow(&self) -> Result<Worker, ReadingFault> {
        let waiting = self.lock().pop();
        match waiting {
            Some(worker) => Ok(worker),
            None => self.start().await,
        }
    }

    /// Dropping a worker kills it.
    fn give_back(&self, worker: Worker) {
        if worker.served < self.config.lifetime {
            self.lock().push(worker);
        }
    }

    async fn start(&self) -> Result<Worker, ReadingFault> {
        let program = self.config.program.display().to_string();
        let fault = |why: String| ReadingFault::CannotStart { program: program.clone(), why };
        let mut child = Command::new(&self.config.program)
            .args(&self.config.arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|why| fault(why.to_string()))?;
        self.started.fetch_add(1, Ordering::Relaxed);
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(fault("it has no pipes".to_owned()));
        };
        let mut worker = Worker { child, input, output, served: 0 };
        let hello = tokio::time::timeout(self.config.deadline, worker.receive()).await;
        let hello = hello.ok().flatten().and_then(|bytes| serde_json::from_slice::<Hello>(&bytes).ok());
        match hello {
            None => Err(fault("it does not greet".to_owned())),
            Some(Hello { sandbox: Some(why), .. }) => Err(ReadingFault::NoSandbox { why }),
            Some(hello) if hello.version != env!("CARGO_PKG_VERSION") => {
                Err(fault(format!("it is of version {}; restart the service", hello.version)))
            }
            Some(hello) => {
                tracing::debug!(walls = hello.walls, "a reading worker stands within its walls");
                Ok(worker)
            }
        }
    }

    async fn ask(&self, worker: &mut Worker, raw: &[u8]) -> Ended {
        worker.served += 1;
        match tokio::time::timeout(self.config.deadline, worker.exchange(raw)).await {
            Ok(Some(contents)) => Ended::Answered(contents),
            Ok(None) => {
                self.crashed.fetch_add(1, Ordering::Relaxed);
                worker.end();
                Ended::Crashed
            }
            Err(_) => {
                self.stalled.fetch_add(1, Ordering::Relaxed);
                worker.end();
                Ended::Stalled
            }
        }
    }
}

impl Worker {
    /// One mail in, its contents out; `None`: the worker is gone or talks nonsense.
    async fn exchange(&mut self, raw: &[u8]) -> Option<Contents> {
        let head = frame::head(raw.len()).ok().filter(|_| raw.len() <= frame::REQUEST)?;
        self.input.write_all(&head).await.ok()?;
        self.input.write_all(raw).await.ok()?;
        self.input.flush().await.ok()?;
        let answer = self.receive().await?;
        serde_json::from_slice(&answer).ok()
    }

    async fn receive(&mut self) -> Option<Vec<u8>> {
        let mut head = [0u8; 4];
        self.output.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes(head) as usize;
        if length > frame::ANSWER {
            return None;
        }
        let mut answer = vec![0; length];
        self.output.read_exact(&mut answer).await.ok()?;
        Some(answer)
    }

    /// Killed; the runtime collects what is left of it.
    fn end(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.child.start_kill();
    }
}
