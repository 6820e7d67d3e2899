//! Word from the kernel that a directory has changed (inotify). Where it has none to give, the caller polls.

use std::io;
use std::path::Path;

use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
use tokio::net::unix::pipe::Receiver;

pub(super) struct Notice {
    /// The inotify descriptor, read like the reading end of a pipe.
    events: Receiver,
}

impl Notice {
    /// Watches a directory for files that appear in it by rename, link or creation.
    pub fn of(directory: &Path) -> io::Result<Self> {
        let inotify = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        add_watch(&inotify, directory, WatchFlags::MOVED_TO | WatchFlags::CREATE | WatchFlags::CLOSE_WRITE)?;
        Ok(Self { events: Receiver::from_owned_fd_unchecked(inotify)? })
    }

    /// Returns once something has appeared since the last call. What it was is found by looking into the directory.
    pub async fn wait(&self) -> io::Result<()> {
        let mut events = [0_u8; 4096];
        let mut told = false;
        while !told {
            self.events.readable().await?;
            loop {
                match self.events.try_read(&mut events) {
                    Ok(_) => told = true,
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                    Err(e) => return Err(e),
                }
            }
        }
        Ok(())
    }
}
