//! The stream the SMTP crate talks through. It brings our own TLS, gives back the greeting that was read before STARTTLS,
//! and ends an answer that has no end.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::mail::tls::Wire;

/// Far above any reply, far below what would hurt.
const LONGEST_ANSWER: usize = 256 * 1024;
/// The crate reads a reply from its beginning with every line of it, which would take minutes for a hundred thousand.
const MOST_LINES: usize = 1000;

#[derive(Debug)]
pub(super) struct Peer {
    wire: Wire,
    /// What the reader still gets before the wire's own bytes.
    greeting: &'static [u8],
    answered: usize,
    lines: usize,
}

impl Peer {
    /// `greeted`: the greeting was read before the handshake, and the SMTP crate waits for one.
    pub fn new(wire: Wire, greeted: bool) -> Self {
        Self { wire, greeting: if greeted { b"220 ready\r\n" } else { b"" }, answered: 0, lines: 0 }
    }
}

impl AsyncTokioStream for Peer {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.wire.peer_addr()
    }
}

impl AsyncRead for Peer {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.greeting.is_empty() {
            let (now, later) = this.greeting.split_at(this.greeting.len().min(buf.remaining()));
            buf.put_slice(now);
            this.greeting = later;
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.wire).poll_read(cx, buf))?;
        let arrived = &buf.filled()[before..];
        this.answered += arrived.len();
        this.lines += arrived.iter().filter(|&&byte| byte == b'\n').count();
        if this.answered > LONGEST_ANSWER || this.lines > MOST_LINES {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "the answer has no end")));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Peer {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        (this.answered, this.lines) = (0, 0);
        Pin::new(&mut this.wire).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().wire).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().wire).poll_shutdown(cx)
    }
}
