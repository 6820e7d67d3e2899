//! The virus scanner: clamd over its socket, one `INSTREAM` an attachment (clamd(8)). Clean is what it calls clean in so many
//! words, and nothing else. Own code because its answer must be bounded in length and time: what is scanned is written by
//! anyone, and the scanner takes it apart.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

/// Bytes of the largest file it is asked about: one that is larger than `MaxFileSize`, as clamd is shipped, it calls clean unseen.
pub const LARGEST: usize = 25 * 1024 * 1024;
/// What its finding begins with where it stopped at a limit of its own and was told to say so (`AlertExceedsMax`).
const STOPPED: &str = "Heuristics.Limits.Exceeded";
/// Longest answer: a path we never send and a signature's name.
const ANSWER: u64 = 4096;
const CHUNK: usize = 64 * 1024;
/// For an answer to `PING`.
const PONG: Duration = Duration::from_secs(5);

/// Where clamd listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClamdPlace {
    Socket(PathBuf),
    Address(SocketAddr),
}

impl fmt::Display for ClamdPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => write!(f, "{}", path.display()),
            Self::Address(address) => write!(f, "{address}"),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClamdConfig {
    pub place: ClamdPlace,
    /// Wall-clock time for one attachment.
    pub deadline: Duration,
}

/// What the scanner says of an attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scanned {
    Clean,
    /// With the signature's name.
    Infected(String),
    /// It answers, but not about this one, which counts as not clean.
    Unscanned(String),
}

/// The scanner cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "The virus scanner at {place} {why}. Mail waits in the inbox until it answers; start clamd or correct `virus_scan`"
)]
pub struct Away {
    place: String,
    why: String,
}

pub struct Clamd {
    config: ClamdConfig,
    away: AtomicBool,
}

impl Clamd {
    pub fn new(config: ClamdConfig) -> Self {
        Self { config, away: AtomicBool::new(false) }
    }

    /// Wall-clock time for one question.
    pub fn deadline(&self) -> Duration {
        self.config.deadline
    }

    /// Whether the last question found nobody to answer it.
    pub fn is_away(&self) -> bool {
        self.away.load(Ordering::Relaxed)
    }

    /// Whether it answers at all, for `loket check --online`.
    pub async fn probe(&self) -> Result<String, Away> {
        match self.pong().await {
            Ok(()) => Ok(format!("clamd answers at {}", self.config.place)),
            Err(why) => Err(self.away(&why)),
        }
    }

    /// Scans the bytes of one attachment. What goes wrong with a scanner that otherwise answers is this attachment's fault
    /// after a second try; it must not hold up the mail behind it.
    pub async fn scan(&self, bytes: &[u8]) -> Result<Scanned, Away> {
        if bytes.len() > LARGEST {
            return Ok(Scanned::Unscanned("would call a file of more than 25 MiB clean without a look".to_owned()));
        }
        let mut why = String::new();
        for _ in 0..2 {
            match timeout(self.config.deadline, self.stream(bytes)).await {
                Ok(Ok(answer)) => match read(&answer) {
                    Some(scanned) => {
                        self.away.store(false, Ordering::Relaxed);
                        return Ok(scanned);
                    }
                    None => why = format!("answers {:?}, which says nothing", shown(&answer)),
                },
                Ok(Err(error)) => why = format!("cannot be asked: {error}"),
                Err(_) => why = format!("does not answer within {} s", self.config.deadline.as_secs()),
            }
            if self.pong().await.is_err() {
                return Err(self.away(&why));
            }
        }
        Ok(Scanned::Unscanned(why))
    }

    fn away(&self, why: &str) -> Away {
        self.away.store(true, Ordering::Relaxed);
        Away { place: self.config.place.to_string(), why: why.to_owned() }
    }

    async fn stream(&self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut line = self.connect().await?;
        let sent = async {
            line.write_all(b"zINSTREAM\0").await?;
            for chunk in bytes.chunks(CHUNK) {
                line.write_all(&(chunk.len() as u32).to_be_bytes()).await?;
                line.write_all(chunk).await?;
            }
            line.write_all(&0u32.to_be_bytes()).await
        }
        .await;
        // It may have said its word and hung up before it heard all: what it said counts then.
        match answer(&mut line).await {
            Ok(said) if !said.is_empty() => Ok(said),
            other => sent.and(other),
        }
    }

    async fn pong(&self) -> Result<(), String> {
        let asked = timeout(PONG.min(self.config.deadline), async {
            let mut line = self.connect().await?;
            line.write_all(b"zPING\0").await?;
            answer(&mut line).await
        });
        match asked.await {
            Ok(Ok(said)) if said == b"PONG\0" => Ok(()),
            Ok(Ok(said)) => Err(format!("answers {:?}, as clamd would not", shown(&said))),
            Ok(Err(error)) => Err(format!("cannot be asked: {error}")),
            Err(_) => Err("does not answer".to_owned()),
        }
    }

    async fn connect(&self) -> io::Result<Box<dyn Line>> {
        Ok(match &self.config.place {
            ClamdPlace::Socket(path) => Box::new(UnixStream::connect(path).await?),
            ClamdPlace::Address(address) => Box::new(TcpStream::connect(address).await?),
        })
    }
}

trait Line: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Line for T {}

async fn answer(line: &mut Box<dyn Line>) -> io::Result<Vec<u8>> {
    let mut said = Vec::new();
    line.take(ANSWER).read_to_end(&mut said).await?;
    Ok(said)
}

/// Reads an answer to the letter. `None`: it says nothing about the attachment.
fn read(answer: &[u8]) -> Option<Scanned> {
    let text = std::str::from_utf8(answer).ok()?.strip_suffix('\0')?;
    if text == "stream: OK" {
        return Some(Scanned::Clean);
    }
    if let Some(name) = text.strip_prefix("stream: ").and_then(|rest| rest.strip_suffix(" FOUND")) {
        let name = shown(name.as_bytes());
        return Some(match name.starts_with(STOPPED) {
            true => Scanned::Unscanned(format!("stopped at a limit of its own ({name})")),
            false => Scanned::Infected(name),
        });
    }
    let too_large = text == "INSTREAM size limit exceeded. ERROR";
    too_large.then(|| Scanned::Unscanned("is larger than the scanner takes (StreamMaxLength in clamd.conf)".to_owned()))
}

/// What another program said, fit for a log.
fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_control()).take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_is_what_is_called_clean_to_the_letter() {
        assert_eq!(read(b"stream: OK\0"), Some(Scanned::Clean));
        assert_eq!(read(b"stream: Eicar-Test FOUND\0"), Some(Scanned::Infected("Eicar-Test".to_owned())));
        assert!(matches!(read(b"INSTREAM size limit exceeded. ERROR\0"), Some(Scanned::Unscanned(_))));
        let stopped = b"stream: Heuristics.Limits.Exceeded.MaxRecursion FOUND\0";
        assert!(matches!(read(stopped), Some(Scanned::Unscanned(_))), "it looked no further");
        for other in [
            "",
            "\0",
            "stream: OK",
            "OK\0",
            "stream: ok\0",
            " stream: OK\0",
            "stream: OK \0",
            "stream: OK\n\0",
            "stream: OK\0stream: OK\0",
            "stream: Can't allocate memory ERROR\0",
            "stream: OK FOUND",
            "/x: OK\0",
        ] {
            assert_eq!(read(other.as_bytes()), None, "{other:?}");
        }
    }
}
