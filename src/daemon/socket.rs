//! The Unix socket by which the command line talks to the running daemon: one JSON line asks, one answers, and the
//! connection ends. Only the daemon's user and root may open it (mode 0600, in a folder of mode 0700), so whoever can
//! ask could read the state folder as well. Lines and times are bounded all the same.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::operations::{Answer, Operations, Request};
use crate::store::is_lasting;

/// Longest request: an accounts file of a hundred thousand rows fits.
const LONGEST_REQUEST: u64 = 32 * 1024 * 1024;
/// Longest answer: the largest mail an archive holds, in base64, fits.
const LONGEST_ANSWER: u64 = 512 * 1024 * 1024;
/// Requests answered side by side; the others wait.
const AT_ONCE: usize = 8;
/// A request's line takes no longer to arrive, nor an answer's to be taken.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why the daemon cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Nobody listens: no daemon runs on this state folder.
    #[error("No daemon listens on {0}")]
    Nobody(PathBuf),
    #[error("Cannot ask the daemon: the question is longer than the 32 MiB that its socket takes")]
    TooLong,
    /// `lasting` where a person must change something first.
    #[error("Cannot use the socket {place}: {why}. {what_to_do}")]
    Unusable { place: PathBuf, why: String, what_to_do: &'static str, lasting: bool },
}

impl SocketError {
    fn unusable(place: &Path, why: impl std::fmt::Display, what_to_do: &'static str) -> Self {
        Self::Unusable { place: place.to_owned(), why: why.to_string(), what_to_do, lasting: false }
    }

    /// A failure of the file itself.
    fn file(place: &Path, why: &io::Error, what_to_do: &'static str) -> Self {
        Self::Unusable { place: place.to_owned(), why: why.to_string(), what_to_do, lasting: is_lasting(why) }
    }

    /// Whether trying again is in vain until a person has changed something.
    pub fn is_lasting(&self) -> bool {
        matches!(self, Self::Unusable { lasting: true, .. })
    }
}

/// A bound socket. Its file is removed when this is dropped.
pub struct Socket {
    listener: UnixListener,
    place: PathBuf,
}

impl Socket {
    /// Binds the socket. A file left over by a daemon that died is replaced: whoever calls holds the state folder, so
    /// nobody else can listen there.
    pub fn bind(place: &Path) -> Result<Self, SocketError> {
        let failed =
            |why: io::Error| SocketError::file(place, &why, "Check `state.socket` and who may write to its folder");
        match std::fs::remove_file(place) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(failed(why)),
            _ => {}
        }
        let listener = UnixListener::bind(place).map_err(failed)?;
        std::fs::set_permissions(place, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(Self { listener, place: place.to_owned() })
    }

    /// Answers until `stop`; answers under way are finished.
    pub async fn serve(self, operations: Arc<Operations>, stop: CancellationToken) {
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        loop {
            let Ok(turn) = Arc::clone(&turns).acquire_owned().await else { return };
            let stream = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(why) => {
                        tracing::warn!("the socket could not accept a connection: {why}");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                },
            };
            let operations = Arc::clone(&operations);
            tokio::spawn(async move {
                if let Err(why) = converse(stream, &operations).await {
                    tracing::debug!("a question on the socket ended early: {why}");
                }
                drop(turn);
            });
        }
        let _ = timeout(PATIENCE, turns.acquire_many(AT_ONCE as u32)).await;
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // A file that is gone already, or stays, harms nobody: the next daemon replaces it.
        let _ = std::fs::remove_file(&self.place);
    }
}

async fn converse(stream: UnixStream, operations: &Operations) -> io::Result<()> {
    let who = stream.peer_cred().map(|peer| format!("uid {}", peer.uid()))?;
    let (from, mut to) = stream.into_split();
    let mut line = Vec::new();
    let mut bounded = BufReader::new(from).take(LONGEST_REQUEST);
    let silent = || io::Error::from(io::ErrorKind::TimedOut);
    timeout(PATIENCE, bounded.read_until(b'\n', &mut line)).await.map_err(|_| silent())??;
    let answer = match serde_json::from_slice::<Request>(&line) {
        Ok(request) => operations.answer(&who, request).await,
        Err(_) => Answer::Failed {
            sentence: "The daemon does not understand this question: it is another version of Loket, or the question \
                       is too long. Restart the daemon with this program"
                .to_owned(),
            worth_retrying: false,
        },
    };
    let mut text = serde_json::to_vec(&answer)?;
    text.push(b'\n');
    timeout(PATIENCE, to.write_all(&text)).await.map_err(|_| silent())??;
    to.shutdown().await
}

/// Asks the daemon that listens there.
pub async fn ask(place: &Path, request: &Request) -> Result<Answer, SocketError> {
    let stream = UnixStream::connect(place).await.map_err(|why| match why.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => SocketError::Nobody(place.to_owned()),
        io::ErrorKind::PermissionDenied => {
            let what_to_do =
                "Run this command as root or as the daemon's user, or check `state.directory` and `state.socket`";
            SocketError::file(place, &why, what_to_do)
        }
        _ => SocketError::file(place, &why, "Check `state.directory` and `state.socket`"),
    })?;
    let ended =
        |why: &dyn std::fmt::Display| SocketError::unusable(place, why, "See the daemon's log, and repeat the command");
    let (from, mut to) = stream.into_split();
    let mut line = serde_json::to_vec(request).map_err(|why| ended(&why))?;
    line.push(b'\n');
    if line.len() as u64 > LONGEST_REQUEST {
        return Err(SocketError::TooLong);
    }
    to.write_all(&line).await.map_err(|why| ended(&why))?;
    let mut answer = Vec::new();
    let mut bounded = BufReader::new(from).take(LONGEST_ANSWER);
    bounded.read_until(b'\n', &mut answer).await.map_err(|why| ended(&why))?;
    if answer.is_empty() {
        return Err(ended(&"the daemon ended before it answered"));
    }
    serde_json::from_slice(&answer).map_err(|why| ended(&why))
}
