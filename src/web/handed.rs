//! Files that leave the desk: never shown in the browser, and few at a time, as each is whole in memory until it is gone.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::oops::Oops;

/// So many at a time.
const AT_ONCE: usize = 2;
/// So long one waits for its turn; then the person is asked to try again.
const TURN: Duration = Duration::from_secs(10);
/// A piece that goes no further for so long ends its answer: who stopped reading keeps nobody waiting.
const STALL: Duration = Duration::from_secs(20);
/// Seconds after which.
const AGAIN: u64 = 20;
const PIECE: usize = 64 * 1024;

/// Nothing in the file may act, wherever it is opened.
const FILE_POLICY: &str = "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The turns of files on their way out.
pub struct Turns {
    free: Arc<Semaphore>,
    patience: Duration,
    stall: Duration,
}

impl Default for Turns {
    fn default() -> Self {
        Self { free: Arc::new(Semaphore::new(AT_ONCE)), patience: TURN, stall: STALL }
    }
}

/// A file's turn; over when it is dropped.
pub struct Turn {
    #[expect(dead_code, reason = "held until the file is gone")]
    permit: OwnedSemaphorePermit,
    stall: Duration,
}

impl Turns {
    /// Waits for a turn, to be taken before the file is read.
    pub async fn next(&self) -> Result<Turn, Oops> {
        match tokio::time::timeout(self.patience, Arc::clone(&self.free).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Turn { permit, stall: self.stall }),
            _ => Err(Oops::Busy(AGAIN)),
        }
    }
}

/// A file to be saved under this name; `turn` ends with its last piece. A small one that costs no memory has none.
pub fn handed(name: &str, media_type: &'static str, bytes: Vec<u8>, turn: Option<Turn>) -> Result<Response, Oops> {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = name.chars().map(plain).collect();
    let saved_as = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")).map_err(|_| Oops::Trouble)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_DISPOSITION, saved_as),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(FILE_POLICY)),
        (header::CONTENT_LENGTH, HeaderValue::from(bytes.len())),
    ];
    let body = match turn {
        Some(turn) => in_pieces(bytes.into(), turn),
        None => Body::from(bytes),
    };
    Ok((headers, body).into_response())
}

/// The server asks for no more while a client does not read, so that the wait is measured beside it.
fn in_pieces(mut rest: Bytes, turn: Turn) -> Body {
    let left = rest.len();
    let (pieces, taken) = mpsc::channel(1);
    tokio::spawn(async move {
        while !rest.is_empty() {
            let piece = rest.split_to(rest.len().min(PIECE));
            if pieces.send_timeout(piece, turn.stall).await.is_err() {
                break;
            }
        }
        // Before the channel closes: whoever has the file finds its turn free.
        drop((rest, turn));
    });
    Body::from_stream(stream::unfold((taken, left), |(mut taken, left)| async move {
        match taken.recv().await {
            Some(piece) => {
                let left = left.saturating_sub(piece.len());
                Some((Ok(piece), (taken, left)))
            }
            None if left == 0 => None,
            None => Some((Err(io::Error::from(io::ErrorKind::TimedOut)), (taken, 0))),
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_waits_for_its_turn_and_gives_it_back_when_it_is_gone() {
        let turns = Turns { patience: Duration::ZERO, ..Turns::default() };
        let mut files = Vec::new();
        for _ in 0..AT_ONCE {
            let turn = turns.next().await.expect("there is room");
            files.push(handed("a\"b\r\n.zip", "application/zip", vec![7; PIECE + 1], Some(turn)).expect("a file"));
        }

        assert!(matches!(turns.next().await, Err(Oops::Busy(_))), "no third file at once");
        let file = files.pop().expect("two files");
        assert_eq!(file.headers()[header::CONTENT_DISPOSITION], "attachment; filename=\"a-b--.zip\"");
        let bytes = axum::body::to_bytes(file.into_body(), usize::MAX).await.expect("it comes as a whole");
        assert_eq!(bytes.len(), PIECE + 1);
        assert!(turns.next().await.is_ok(), "it is gone");
    }

    /// Two clients that stopped reading kept everybody else from every download, for as long as their connections lived.
    #[tokio::test]
    async fn a_client_that_stops_reading_loses_its_turn_and_its_file_ends_as_broken() {
        let turns = Turns { stall: Duration::from_millis(20), ..Turns::default() };
        let mut stalled = Vec::new();
        for _ in 0..AT_ONCE {
            let turn = turns.next().await.expect("there is room");
            stalled.push(handed("a.zip", "application/zip", vec![7; 3 * PIECE], Some(turn)).expect("a file"));
        }

        let next = turns.next().await;

        assert!(next.is_ok(), "their turns are over");
        let file = stalled.pop().expect("two files");
        assert!(axum::body::to_bytes(file.into_body(), usize::MAX).await.is_err(), "never taken for a whole file");
    }

    #[tokio::test]
    async fn a_small_file_needs_no_turn() {
        let turns = Turns { patience: Duration::ZERO, ..Turns::default() };
        let (_one, _two) = (turns.next().await.expect("there is room"), turns.next().await.expect("there is room"));

        let file = handed("laporan.csv", "text/csv", b"a,b".to_vec(), None).expect("a file");

        assert_eq!(axum::body::to_bytes(file.into_body(), 9).await.expect("it comes"), b"a,b".as_slice());
    }
}
