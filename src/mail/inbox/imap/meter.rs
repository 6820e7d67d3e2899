//! A gauge on the wire below the IMAP parser. The parser allocates what a literal claims, re-reads a long line from its
//! start, and goes down a call deeper with each parenthesis, so a hostile server could take memory, time and the stack: the
//! gauge reads along, and refuses a literal, a line, a nesting or a whole answer beyond what the command at hand can explain.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The largest piece of a mail asked for at once, in bytes; larger mails come in several pieces.
pub(super) const PIECE: u64 = 1024 * 1024;
const LONGEST_LITERAL: u64 = PIECE + 64 * 1024;
const LONGEST_LINE: usize = 1024 * 1024;
/// Parentheses within each other; the parser goes down one call deeper with each. Nothing asked for here needs more than four.
const DEEPEST: usize = 64;
/// `{4294967295+}` and the line end.
const TAIL: usize = 16;

#[derive(Debug)]
pub(super) struct Meter<S> {
    wire: S,
    /// Bytes the server may still send for the command at hand.
    allowance: u64,
    scan: Scan,
}

#[derive(Debug, Default)]
struct Scan {
    literal_left: u64,
    line_length: usize,
    depth: usize,
    tail: [u8; TAIL],
}

impl<S> Meter<S> {
    pub fn new(wire: S) -> Self {
        Self { wire, allowance: 0, scan: Scan::default() }
    }

    /// Sets how many bytes the next answer may have.
    pub fn allow(&mut self, bytes: u64) {
        self.allowance = bytes;
    }

    fn note(&mut self, arrived: &[u8]) -> io::Result<()> {
        self.allowance = self
            .allowance
            .checked_sub(arrived.len() as u64)
            .ok_or_else(|| refused("the server sends more than was asked for"))?;
        self.scan.read(arrived)
    }
}

impl Scan {
    fn read(&mut self, mut arrived: &[u8]) -> io::Result<()> {
        while !arrived.is_empty() {
            if self.literal_left > 0 {
                let skipped = arrived.len().min(usize::try_from(self.literal_left).unwrap_or(usize::MAX));
                self.literal_left -= skipped as u64;
                arrived = &arrived[skipped..];
                continue;
            }
            let end = arrived.iter().position(|&b| b == b'\n');
            let piece = &arrived[..end.map_or(arrived.len(), |at| at + 1)];
            self.line_length += piece.len();
            if self.line_length > LONGEST_LINE {
                return Err(refused("the server sends a line without end"));
            }
            self.nest(piece)?;
            self.remember(piece);
            arrived = &arrived[piece.len()..];
            if end.is_some() {
                self.literal_left = self.announced_literal();
                if self.literal_left > LONGEST_LITERAL {
                    return Err(refused("the server announces a larger piece than was asked for"));
                }
                (self.line_length, self.depth) = (0, 0);
                self.tail = [0; TAIL];
            }
        }
        Ok(())
    }

    fn nest(&mut self, piece: &[u8]) -> io::Result<()> {
        for byte in piece {
            match byte {
                b'(' => self.depth += 1,
                b')' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
            if self.depth > DEEPEST {
                return Err(refused("the server sends an answer nested without end"));
            }
        }
        Ok(())
    }

    fn remember(&mut self, piece: &[u8]) {
        let kept = &piece[piece.len().saturating_sub(TAIL)..];
        self.tail.rotate_left(kept.len());
        self.tail[TAIL - kept.len()..].copy_from_slice(kept);
    }

    /// `{123}` or `{123+}` at the end of the line just read (RFC 9051 §4.3). A number too long to hold counts as endless.
    fn announced_literal(&self) -> u64 {
        let Some(line) = self.tail.strip_suffix(b"}\r\n") else { return 0 };
        let line = line.strip_suffix(b"+").unwrap_or(line);
        let digits = line.iter().rev().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return 0;
        }
        let (before, number) = line.split_at(line.len() - digits);
        if before.last() != Some(&b'{') {
            return if before.is_empty() { u64::MAX } else { 0 };
        }
        std::str::from_utf8(number).ok().and_then(|n| n.parse().ok()).unwrap_or(u64::MAX)
    }
}

fn refused(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

impl<S: AsyncRead + Unpin> AsyncRead for Meter<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.wire).poll_read(cx, buf))?;
        Poll::Ready(this.note(&buf.filled()[before..]))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Meter<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().wire).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().wire).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().wire).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `bytes` in pieces of `step`, as a network might cut them.
    fn scan(bytes: &[u8], step: usize) -> io::Result<()> {
        let mut scan = Scan::default();
        bytes.chunks(step).try_for_each(|piece| scan.read(piece))
    }

    #[test]
    fn a_huge_literal_is_refused_however_the_line_is_cut() {
        let line = b"* 1 FETCH (UID 9 BODY[]<0> {500000000}\r\n";

        for step in 1..=line.len() {
            assert!(scan(line, step).is_err(), "cut every {step} bytes");
        }
        assert!(scan(b"* 1 FETCH (BODY[] {99999999999999999999999}\r\n", 7).is_err());
        assert!(scan(b"* 1 FETCH (BODY[] {500000000+}\r\n", 7).is_err());
    }

    #[test]
    fn an_answer_nested_without_end_is_refused_and_brackets_one_after_the_other_are_not() {
        assert!(scan(&b"(".repeat(DEEPEST + 1), 7).is_err());
        assert!(scan(&b"()".repeat(10_000), 7).is_ok());
        assert!(scan(&b"(((\r\n".repeat(1000), 7).is_ok());
    }

    #[test]
    fn what_stands_inside_a_literal_is_not_read_as_protocol() {
        let inner = b"x {500000000}\r\n";
        let mut answer = format!("* 1 FETCH (BODY[] {{{}}}\r\n", inner.len()).into_bytes();
        answer.extend_from_slice(inner);
        answer.extend_from_slice(b")\r\nA1 OK done\r\n");

        for step in 1..=answer.len() {
            assert!(scan(&answer, step).is_ok(), "cut every {step} bytes");
        }
    }

    #[test]
    fn a_line_without_end_is_refused() {
        assert!(scan(&vec![b'x'; LONGEST_LINE + 1], 4096).is_err());
    }
}
