//! Processes that a test starts, and their end, by process group.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;

use super::wait::DEADLINE;

/// A server and everything it starts. Dropping it ends them all at once.
pub struct Offspring {
    child: Option<Child>,
    pid: Pid,
}

impl Offspring {
    /// Starts `command` as the leader of a new process group. Built with [`mortal`], it also ends with the test that
    /// is killed before it can drop anything.
    pub fn start(command: &mut Command) -> Self {
        let child = command.process_group(0).spawn().unwrap_or_else(|e| panic!("cannot start {command:?}: {e}"));
        let pid = Pid::from_child(&child);
        Self { child: Some(child), pid }
    }

    pub fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Whether the leader still runs.
    pub fn lives(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// How the leader ended; `None` while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.as_mut().and_then(|child| child.try_wait().ok().flatten())
    }

    /// Waits until every port greets with a line.
    ///
    /// # Panics
    /// When the deadline passes or the leader ends before, with what `log` holds.
    pub async fn greets(&mut self, what: &str, ports: &[u16], log: &Path) {
        let said = || std::fs::read_to_string(log).unwrap_or_default();
        for port in ports {
            let mut tick = tokio::time::interval(Duration::from_millis(10));
            let greeting = async {
                while line_of(*port).await.is_none() {
                    assert!(self.lives(), "{what} ended at once: {}", said());
                    tick.tick().await;
                }
            };
            let greeted = tokio::time::timeout(DEADLINE, greeting).await;
            assert!(greeted.is_ok(), "{what} does not greet on port {port}: {}", said());
        }
        assert!(self.lives(), "{what} ended at once: {}", said());
    }

    /// Ends the leader at once, as a power cut would, and nothing else: what it started must see to its own end.
    pub fn kill(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        kill_process(self.pid, Signal::KILL).ok();
        child.wait().ok();
    }

    /// Asks the leader to end and waits for what it says; `None` where it does not within the deadline.
    pub async fn finish(&mut self) -> Option<ExitStatus> {
        let mut child = self.child.take()?;
        kill_process(self.pid, Signal::TERM).ok();
        let mut tick = tokio::time::interval(Duration::from_millis(10));
        let ending = async {
            loop {
                tick.tick().await;
                if let Ok(Some(status)) = child.try_wait() {
                    return status;
                }
            }
        };
        let ended = tokio::time::timeout(DEADLINE, ending).await.ok();
        if ended.is_none() {
            self.child = Some(child);
        }
        ended
    }

    /// Asks the leader to end, as an operator would, forces its group, and waits for it.
    pub fn end(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        kill_process(self.pid, Signal::TERM).ok();
        let (gone, waiting) = std::sync::mpsc::channel();
        let reaper = std::thread::spawn(move || {
            child.wait().ok();
            gone.send(()).ok();
        });
        if waiting.recv_timeout(Duration::from_secs(5)).is_err() {
            kill_process(self.pid, Signal::KILL).ok();
        }
        // The leader's children may outlive it for a moment; they are in its group.
        kill_process_group(self.pid, Signal::KILL).ok();
        reaper.join().ok();
    }
}

impl Drop for Offspring {
    /// Without asking: what the servers hold is the test's own and goes with it.
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        kill_process_group(self.pid, Signal::KILL).ok();
        child.wait().ok();
    }
}

async fn line_of(port: u16) -> Option<String> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await.ok().filter(|&read| read > 0)?;
    Some(line)
}

/// A command that is told to end when the thread that starts it is gone.
pub fn mortal(program: &str) -> Command {
    let mut command = Command::new("/usr/bin/setpriv");
    command.args(["--pdeathsig", "TERM", program]);
    command
}

/// A port nobody listens on, kept for this process until it ends: below the range the kernel gives to callers, and
/// locked against other tests by a file of its number.
pub fn free_port() -> u16 {
    let folder = std::env::temp_dir().join(format!("loket-ports-{}", rustix::process::geteuid().as_raw()));
    std::fs::create_dir_all(&folder).expect("the temporary folder is writable");
    let start = getrandom::u32().expect("the system has randomness") % 10_000;
    for step in 0..10_000 {
        let port = 20_000 + u16::try_from((start + step) % 10_000).expect("below 10,000");
        let Ok(lock) = std::fs::File::create(folder.join(port.to_string())) else { continue };
        let ours = rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive).is_ok();
        if ours && std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            // Held open, and so locked, until the process ends.
            std::mem::forget(lock);
            return port;
        }
    }
    panic!("no free port between 20000 and 30000")
}

/// Whether the kit runs as root and may give files to other users.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
