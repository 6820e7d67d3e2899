//! The proof that the walls hold: a worker tries, once they are up, what it must not be able to do. A wall that the kernel
//! took without complaint and does not hold is found here, before the first mail.

use std::fs::{File, OpenOptions};
use std::io;
use std::net::UdpSocket;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use super::Profile;
use crate::reading::tool::TESSERACT;

/// Something to try within the walls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// Opens a file that everybody may read.
    Open,
    /// Lists a folder that everybody may list.
    List,
    /// Makes a file where everybody may make one.
    Write,
    /// Makes a socket of the Internet.
    Network,
    /// Makes a pair of local sockets.
    Local,
    /// Asks after another process with a signal that does nothing.
    Signal,
    /// Starts a thread.
    Thread,
    /// Starts a process.
    Fork,
    /// Starts a shell.
    Shell,
    /// Becomes another program.
    Become,
    /// Runs tesseract where Debian puts it, which a Tool worker must be able to do.
    Tesseract,
}

impl Attempt {
    /// Everything a Parse worker must fail at. [`Attempt::Become`] comes last: where it succeeds nobody is left to tell,
    /// and the worker that does not greet is refused for that.
    pub const PARSE: &[Self] = &[
        Self::Open,
        Self::List,
        Self::Write,
        Self::Network,
        Self::Local,
        Self::Signal,
        Self::Thread,
        Self::Fork,
        Self::Become,
    ];
    /// Everything a Tool worker must fail at.
    pub const TOOL: &[Self] =
        &[Self::Open, Self::List, Self::Write, Self::Network, Self::Local, Self::Signal, Self::Shell, Self::Become];

    /// Tries it for real. `Ok`: it succeeded.
    pub fn make(self) -> io::Result<()> {
        match self {
            Self::Open => File::open("/etc/passwd").map(drop),
            Self::List => std::fs::read_dir("/etc").map(drop),
            Self::Write => {
                let path = std::env::temp_dir().join(format!("loket-wall-{}", std::process::id()));
                OpenOptions::new().write(true).create_new(true).open(&path)?;
                std::fs::remove_file(path)
            }
            Self::Network => UdpSocket::bind("127.0.0.1:0").map(drop),
            Self::Local => UnixStream::pair().map(drop),
            Self::Signal => match rustix::process::getppid() {
                Some(parent) => Ok(rustix::process::test_kill_process(parent)?),
                None => Err(io::ErrorKind::NotFound.into()),
            },
            Self::Thread => std::thread::Builder::new().spawn(|| ()).map(drop),
            Self::Fork => started(&mut Command::new("/bin/true")),
            Self::Shell => started(Command::new("/bin/sh").args(["-c", "exit 0"])),
            Self::Tesseract => started(Command::new(TESSERACT).arg("--version")),
            Self::Become => Err(Command::new("/bin/true").exec()),
        }
    }
}

/// Starts a program without opening anything for it, and waits for its end.
fn started(command: &mut Command) -> io::Result<()> {
    let status = command.stdin(Stdio::inherit()).stdout(Stdio::inherit()).stderr(Stdio::inherit()).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(status.to_string())) }
}

/// Tries everything the profile forbids.
pub fn stand(profile: Profile) -> Result<(), String> {
    let attempts = match profile {
        Profile::Parse => Attempt::PARSE,
        Profile::Tool { .. } => Attempt::TOOL,
    };
    match attempts.iter().find(|attempt| attempt.make().is_ok()) {
        None => Ok(()),
        Some(attempt) => Err(format!("could {attempt:?} in spite of its walls").to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An attempt that fails anywhere proves nothing about walls.
    #[test]
    fn without_walls_every_attempt_succeeds() {
        for attempt in Attempt::PARSE.iter().chain(Attempt::TOOL) {
            // This process is still needed.
            if *attempt != Attempt::Become {
                attempt.make().unwrap_or_else(|why| panic!("{attempt:?}: {why}"));
            }
        }
    }
}
