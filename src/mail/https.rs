//! One POST to an HTTPS address, or a handshake alone: for the few that Loket speaks to by itself. The certificate is checked as a mail server's
//! is; plain HTTP is for this machine alone. Nothing is followed, and an answer is bounded in size and time.

use std::path::PathBuf;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::uri::Scheme;
use axum::http::{Request, Uri, header};
use chrono::{DateTime, Utc};
use hyper_util::rt::TokioIo;

use super::tls::{Dialect, Endpoint, Security, is_loopback};
use crate::engine::port::Fault;

/// An answer longer than this is no answer to anything asked here.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Where to post. Never shown as a whole: its path may hold a token.
pub struct Address {
    endpoint: Endpoint,
    authority: String,
    path: String,
}

pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Address {
    /// Reads `https://host[:port]/path`, or `http://` to a loopback address.
    ///
    /// # Errors
    /// Permanent, naming host and port alone: not such an address, an unreadable `ca_file`.
    pub fn parse(text: &str, ca_file: Option<&PathBuf>) -> Result<Self, Fault> {
        let shape = || Fault::permanent("it is no address of the form https://host/path");
        let uri: Uri = text.trim().parse().map_err(|_| shape())?;
        let authority = uri.authority().filter(|a| !a.as_str().contains('@')).ok_or_else(shape)?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let secure = uri.scheme() == Some(&Scheme::HTTPS);
        if !secure && (uri.scheme() != Some(&Scheme::HTTP) || !is_loopback(host)) {
            return Err(Fault::permanent("it must begin with https://"));
        }
        let (security, usual) = if secure { (Security::ImplicitTls, 443) } else { (Security::Plain, 80) };
        let endpoint = Endpoint::new(host, authority.port_u16().unwrap_or(usual), security, ca_file)?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { endpoint, authority: authority.to_string(), path })
    }

    /// `host:port`, for sentences.
    pub fn name(&self) -> String {
        self.endpoint.name()
    }

    /// Without brackets where it is an IPv6 address.
    pub fn host(&self) -> &str {
        self.endpoint.host()
    }

    /// When the certificate that the server last showed ends; `None`: none was seen.
    pub fn certificate_until(&self) -> Option<DateTime<Utc>> {
        self.endpoint.certificate_until()
    }

    /// Connects, shakes hands within `deadline` and hangs up, for the sake of the certificate.
    ///
    /// # Errors
    /// Transient where the network or the server fails, permanent where the server cannot be trusted.
    pub async fn greet(&self, deadline: Duration) -> Result<(), Fault> {
        // Without STARTTLS no dialect is spoken before the handshake.
        self.endpoint.open(&Dialect::Imap, deadline).await.map(drop)
    }

    /// Posts `body` and reads the answer, all within `deadline`.
    ///
    /// # Errors
    /// Transient where the network or the server fails, permanent where the server cannot be trusted.
    pub async fn post(&self, kind: &str, body: Vec<u8>, deadline: Duration) -> Result<Answer, Fault> {
        match tokio::time::timeout(deadline, self.exchange(kind, body, deadline)).await {
            Ok(answer) => answer,
            Err(_) => {
                let seconds = deadline.as_secs();
                Err(Fault::transient(format_args!("{} did not answer within {seconds} s", self.name())))
            }
        }
    }

    async fn exchange(&self, kind: &str, body: Vec<u8>, deadline: Duration) -> Result<Answer, Fault> {
        // The hyper crate's own texts name no more than the kind of failure.
        let lost = |why: &dyn std::fmt::Display| Fault::transient(format_args!("Lost {}: {why}", self.name()));
        // Without STARTTLS no dialect is spoken before the handshake.
        let wire = self.endpoint.open(&Dialect::Imap, deadline).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(wire)).await.map_err(|why| lost(&why))?;
        let request = Request::post(&self.path)
            .header(header::HOST, &self.authority)
            .header(header::CONTENT_TYPE, kind)
            .header(header::ACCEPT, "application/json")
            .header(header::CONNECTION, "close")
            .body(Body::from(body))
            .map_err(|_| Fault::permanent(format_args!("No request can be made to {}", self.name())))?;
        let asking = async {
            let answer = sender.send_request(request).await.map_err(|why| lost(&why))?;
            let status = answer.status().as_u16();
            let body = to_bytes(Body::new(answer.into_body()), LONGEST_ANSWER).await;
            let body = body.map_err(|_| lost(&"its answer broke off or has no end"))?;
            Ok(Answer { status, body: body.to_vec() })
        };
        tokio::pin!(asking);
        tokio::pin!(connection);
        // The connection must be driven for the answer to come; where it ends first, the answer tells why.
        tokio::select! {
            answer = &mut asking => answer,
            _ = &mut connection => asking.await,
        }
    }
}
