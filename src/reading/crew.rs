//! Worker processes of one kind: started when needed, lent out one at a time, killed when they stall, replaced when they
//! died, recycled after a while. What is asked of them is [`super::pool`]'s business.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::clamd::Away;
use super::frame::{self, Answer, Hello};

/// A program that just starts and puts up its walls may take this long on a busy machine, however little time a mail has.
const GREETING: Duration = Duration::from_secs(10);

/// How the workers of a crew are started and how long they may take.
#[derive(Debug, Clone)]
pub struct CrewConfig {
    pub program: PathBuf,
    pub arguments: Vec<String>,
    /// Wall-clock time for one answer.
    pub deadline: Duration,
    /// Answers after which a worker is replaced.
    pub lifetime: u32,
    /// A request without an answer, the first that each worker gets.
    pub briefing: Option<(u8, Vec<u8>)>,
}

/// Why documents cannot be read at all. A single bad mail is never a fault.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadingFault {
    #[error("Cannot start the reading worker {program}: {why}. Check that the program file is still there")]
    CannotStart { program: String, why: String },
    #[error("The reading worker has no walls, so no document is read: it {why}. Check the limits of the service")]
    NoSandbox { why: String },
    #[error(transparent)]
    Unscanned(#[from] Away),
    /// Only scans stay unread.
    #[error("Scans and photographs cannot be read: {why}")]
    NoRecognition { why: String },
}

/// What a crew has done since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolCounts {
    pub started: u64,
    pub stalled: u64,
    pub crashed: u64,
}

/// How a worker was lost over a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    Stalled,
    Crashed,
}

/// A request: its letter and the parts that follow it.
pub type Request<'a> = (u8, &'a [&'a [u8]]);

pub struct Crew {
    config: CrewConfig,
    idle: Mutex<Vec<Worker>>,
    started: AtomicU64,
    stalled: AtomicU64,
    crashed: AtomicU64,
}

/// A worker process. Dropping it kills it, and whatever it has started.
pub struct Worker {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    served: u32,
}

impl Crew {
    pub fn new(config: CrewConfig) -> Self {
        let (started, stalled, crashed) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        Self { config, idle: Mutex::new(Vec::new()), started, stalled, crashed }
    }

    /// Starts a worker, if none is idle, and sees that it is able.
    pub async fn probe(&self) -> Result<(), ReadingFault> {
        let worker = self.borrow().await?;
        self.give_back(worker);
        Ok(())
    }

    /// Sends requests of which the last is answered. A worker that worked before may be found dead of something else
    /// (the system was short of memory): then once more with a fresh one.
    pub async fn ask(&self, requests: &[Request<'_>]) -> Result<Result<Answer, Lost>, ReadingFault> {
        let mut worker = self.borrow().await?;
        let aged = worker.served > 0;
        let mut answer = self.exchange(&mut worker, requests).await;
        if answer.as_ref().is_err_and(|lost| *lost == Lost::Crashed) && aged {
            worker = self.start().await?;
            answer = self.exchange(&mut worker, requests).await;
        }
        if answer.as_ref().is_ok_and(Answer::is_well) {
            self.give_back(worker);
        }
        Ok(answer)
    }

    pub fn counts(&self) -> PoolCounts {
        let value = |count: &AtomicU64| count.load(Ordering::Relaxed);
        PoolCounts { started: value(&self.started), stalled: value(&self.stalled), crashed: value(&self.crashed) }
    }

    /// Process numbers of the workers that wait for work.
    pub fn idle(&self) -> Vec<u32> {
        self.lock().iter().filter_map(|w| w.child.id()).collect()
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
            // A group of its own, so that what it starts ends with it.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|why| fault(why.to_string()))?;
        self.started.fetch_add(1, Ordering::Relaxed);
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(fault("it has no pipes".to_owned()));
        };
        let mut worker = Worker { child, input, output, served: 0 };
        let hello = tokio::time::timeout(self.config.deadline.max(GREETING), worker.receive()).await;
        let hello = hello.ok().flatten().and_then(|bytes| serde_json::from_slice::<Hello>(&bytes).ok());
        match hello {
            None => Err(fault("it does not greet".to_owned())),
            Some(Hello { sandbox: Some(why), .. }) => Err(ReadingFault::NoSandbox { why }),
            Some(Hello { lacks: Some(why), .. }) => Err(ReadingFault::NoRecognition { why }),
            Some(hello) if hello.version != env!("CARGO_PKG_VERSION") => {
                Err(fault(format!("it is of version {}; restart the service", hello.version)))
            }
            Some(hello) => {
                tracing::debug!(walls = hello.walls, "a reading worker stands within its walls");
                self.brief(&mut worker).await.ok_or_else(|| fault("it does not listen".to_owned()))?;
                Ok(worker)
            }
        }
    }

    async fn brief(&self, worker: &mut Worker) -> Option<()> {
        let Some((letter, rest)) = &self.config.briefing else { return Some(()) };
        tokio::time::timeout(self.config.deadline, worker.send(*letter, &[rest])).await.ok()?
    }

    async fn exchange(&self, worker: &mut Worker, requests: &[Request<'_>]) -> Result<Answer, Lost> {
        worker.served += 1;
        match tokio::time::timeout(self.config.deadline, worker.exchange(requests)).await {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => {
                self.crashed.fetch_add(1, Ordering::Relaxed);
                worker.end();
                Err(Lost::Crashed)
            }
            Err(_) => {
                self.stalled.fetch_add(1, Ordering::Relaxed);
                worker.end();
                Err(Lost::Stalled)
            }
        }
    }
}

impl Worker {
    /// Requests in, the answer out; `None`: the worker is gone or talks nonsense.
    async fn exchange(&mut self, requests: &[Request<'_>]) -> Option<Answer> {
        for (letter, parts) in requests {
            self.send(*letter, parts).await?;
        }
        Answer::read(self.receive().await?)
    }

    async fn send(&mut self, letter: u8, parts: &[&[u8]]) -> Option<()> {
        let length = parts.iter().map(|part| part.len()).sum::<usize>();
        let [a, b, c, d] = frame::head(length + 1).ok()?;
        self.input.write_all(&[a, b, c, d, letter]).await.ok()?;
        for part in parts {
            self.input.write_all(part).await.ok()?;
        }
        self.input.flush().await.ok()
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

    /// Killed with its group; the runtime collects what is left of it.
    fn end(&mut self) {
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        // It may have ended by itself, which is as good.
        if let Some(pid) = pid {
            let _ = kill_process_group(pid, Signal::KILL);
        }
        let _ = self.child.start_kill();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end();
    }
}
