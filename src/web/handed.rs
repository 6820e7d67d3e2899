//! Files that leave the desk: never shown in the browser, and few at a time, as each is whole in memory until it is gone.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::oops::Oops;

/// So many at a time.
const AT_ONCE: usize = 2;
/// So long one waits for its turn; then the person is asked to try again.
const TURN: Duration = Duration::from_secs(10);
/// Seconds after which.
const AGAIN: u64 = 20;
const PIECE: usize = 64 * 1024;

/// Nothing in the file may act, wherever it is opened.
const FILE_POLICY: &str = "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The turns of files on their way out.
pub struct Turns {
    free: Arc<Semaphore>,
    patience: Duration,
}

impl Default for Turns {
    fn default() -> Self {
        Self { free: Arc::new(Semaphore::new(AT_ONCE)), patience: TURN }
    }
}

/// A file's turn; over when it is dropped.
pub struct Turn(#[expect(dead_code, reason = "held until the file is gone")] OwnedSemaphorePermit);

impl Turns {
    /// Waits for a turn, to be taken before the file is read.
    pub async fn next(&self) -> Result<Turn, Oops> {
        match tokio::time::timeout(self.patience, Arc::clone(&self.free).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Turn(permit)),
            _ => Err(Oops::Busy(AGAIN)),
        }
    }
}

/// A file to be saved under this name; `turn` ends with its last byte.
pub fn handed(name: &str, media_type: &'static str, bytes: Vec<u8>, turn: Turn) -> Result<Response, Oops> {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = name.chars().map(plain).collect();
    let saved_as = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")).map_err(|_| Oops::Trouble)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_DISPOSITION, saved_as),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(FILE_POLICY)),
        (header::CONTENT_LENGTH, HeaderValue::from(bytes.len())),
    ];
    let pieces = stream::unfold((Bytes::from(bytes), turn), |(mut rest, turn)| async move {
        if rest.is_empty() {
            return None;
        }
        let piece = rest.split_to(rest.len().min(PIECE));
        Some((Ok::<_, Infallible>(piece), (rest, turn)))
    });
    Ok((headers, Body::from_stream(pieces)).into_response())
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
            files.push(handed("a\"b\r\n.zip", "application/zip", vec![7; PIECE + 1], turn).expect("a file"));
        }

        assert!(matches!(turns.next().await, Err(Oops::Busy(_))), "no third file at once");
        let file = files.pop().expect("two files");
        assert_eq!(file.headers()[header::CONTENT_DISPOSITION], "attachment; filename=\"a-b--.zip\"");
        let bytes = axum::body::to_bytes(file.into_body(), usize::MAX).await.expect("it comes as a whole");
        assert_eq!(bytes.len(), PIECE + 1);
        assert!(turns.next().await.is_ok(), "it is gone");
    }
}
