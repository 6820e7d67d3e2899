//! The few plain-text lines before a STARTTLS handshake (RFC 9051 §6.2.1, RFC 3207). Read here and not by the protocol
//! crates, so that nothing a meddler sends before the handshake is still in a buffer after it.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::remark::remark;
use super::tls::Dialect;
use crate::engine::port::Fault;

const LONGEST_LINE: usize = 8 * 1024;
const MOST_LINES: usize = 100;

/// Asks for the upgrade and returns the bare stream, ready for the handshake.
pub(super) async fn ask(stream: TcpStream, dialect: &Dialect, server: &str) -> Result<TcpStream, Fault> {
    let mut talk = Talk { stream, unread: Vec::new(), server };
    match dialect {
        Dialect::Imap => talk.imap().await?,
        Dialect::Smtp(hello) => talk.smtp(hello).await?,
    }
    // Whatever follows the consent in plain text was put there by somebody in between (CVE-2011-0411 and its kin).
    if !talk.unread.is_empty() {
        return Err(Fault::permanent(format_args!(
            "{server} sent more before the TLS handshake; the connection is not trusted"
        )));
    }
    Ok(talk.stream)
}

struct Talk<'a> {
    stream: TcpStream,
    unread: Vec<u8>,
    server: &'a str,
}

impl Talk<'_> {
    async fn imap(&mut self) -> Result<(), Fault> {
        let greeting = self.line().await?;
        // PREAUTH would skip the login and with it the upgrade: a known way to strip TLS.
        if !greeting.to_ascii_uppercase().starts_with("* OK") {
            return Err(Fault::transient(format_args!("{} did not greet us: {}", self.server, remark(&greeting))));
        }
        self.say("T1 STARTTLS\r\n").await?;
        for _ in 0..MOST_LINES {
            let line = self.line().await?;
            if line.to_ascii_uppercase().starts_with("T1 OK") {
                return Ok(());
            }
            if line.starts_with("T1 ") {
                return Err(self.not_offered(&line));
            }
        }
        Err(self.endless())
    }

    async fn smtp(&mut self, hello: &str) -> Result<(), Fault> {
        let greeting = self.reply().await?;
        if !greeting[0].starts_with("220") {
            return Err(Fault::transient(format_args!("{} did not greet us: {}", self.server, remark(&greeting[0]))));
        }
        self.say(&format!("EHLO {hello}\r\n")).await?;
        let offers = self.reply().await?;
        let offered = |line: &String| line.get(4..).is_some_and(|word| word.trim().eq_ignore_ascii_case("STARTTLS"));
        if !offers[0].starts_with("250") || !offers.iter().any(offered) {
            return Err(self.not_offered(&offers[0]));
        }
        self.say("STARTTLS\r\n").await?;
        let answer = self.reply().await?;
        if answer[0].starts_with("220") { Ok(()) } else { Err(self.not_offered(&answer[0])) }
    }

    /// One SMTP reply: at least one line, the last without the hyphen.
    async fn reply(&mut self) -> Result<Vec<String>, Fault> {
        let mut lines = Vec::new();
        while lines.len() < MOST_LINES {
            let line = self.line().await?;
            let more = line.as_bytes().get(3) == Some(&b'-');
            lines.push(line);
            if !more {
                return Ok(lines);
            }
        }
        Err(self.endless())
    }

    async fn line(&mut self) -> Result<String, Fault> {
        loop {
            if let Some(end) = self.unread.iter().position(|&b| b == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            if self.unread.len() > LONGEST_LINE {
                return Err(self.endless());
            }
            match self.stream.read_buf(&mut self.unread).await {
                Ok(0) => {
                    return Err(Fault::transient(format_args!("{} hung up before the TLS handshake", self.server)));
                }
                Ok(_) => {}
                Err(e) => {
                    return Err(Fault::transient(format_args!("Lost {} before the TLS handshake: {e}", self.server)));
                }
            }
        }
    }

    async fn say(&mut self, words: &str) -> Result<(), Fault> {
        self.stream
            .write_all(words.as_bytes())
            .await
            .map_err(|e| Fault::transient(format_args!("Lost {} before the TLS handshake: {e}", self.server)))
    }

    fn not_offered(&self, said: &str) -> Fault {
        Fault::permanent(format_args!(
            "{} does not offer STARTTLS ({}); refusing to log in without encryption. Use `tls` or repair the server",
            self.server,
            remark(said)
        ))
    }

    fn endless(&self) -> Fault {
        Fault::transient(format_args!("{} sends without end before the TLS handshake", self.server))
    }
}
