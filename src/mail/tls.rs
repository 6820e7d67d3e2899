//! The way to a mail server, for reading and for sending alike: implicit TLS, STARTTLS, or plain to this machine alone
//! (RFC 8314). Fails closed: no STARTTLS, an untrusted certificate or a byte smuggled in before the handshake end the
//! connection before any password is sent. Trust is the system's roots, or `ca_file` alone where it is set.
//! What is said over the wire afterwards belongs to the adapters.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use chrono::{DateTime, Utc};
use der::Decode;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::starttls;
use crate::engine::port::Fault;

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (ports 993 and 465).
    ImplicitTls,
    /// Plain text upgraded before the login; a server that does not offer it is refused (ports 143 and 587).
    StartTls,
    /// No protection; only to a loopback address.
    Plain,
}

/// The words spoken before a STARTTLS handshake.
#[derive(Debug, Clone)]
pub(in crate::mail) enum Dialect {
    Imap,
    /// With the name we greet with.
    Smtp(String),
}

/// A server and how to reach it, with its trust anchors loaded.
pub(in crate::mail) struct Endpoint {
    host: String,
    port: u16,
    security: Security,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    /// When the certificate of the last handshake ends, in seconds since 1970; 0: none was seen.
    certificate_until: AtomicI64,
}

impl Endpoint {
    /// Loads the trust anchors once.
    ///
    /// # Errors
    /// Permanent: plain text to another machine, an unreadable `ca_file`, no roots, or a host that is no name.
    pub fn new(host: &str, port: u16, security: Security, ca_file: Option<&PathBuf>) -> Result<Self, Fault> {
        let tls = match security {
            Security::Plain if !is_loopback(host) => {
                return Err(Fault::permanent(format_args!(
                    "Refusing to talk to {host}:{port} without encryption: plain text is for loopback alone. Use `tls` or `starttls`"
                )));
            }
            Security::Plain => None,
            Security::ImplicitTls | Security::StartTls => {
                let name = ServerName::try_from(host.to_owned())
                    .map_err(|_| Fault::permanent(format_args!("{host:?} is no host name or address")))?;
                Some((TlsConnector::from(Arc::new(client_config(ca_file.map(PathBuf::as_path))?)), name))
            }
        };
        Ok(Self { host: host.to_owned(), port, security, tls, certificate_until: AtomicI64::new(0) })
    }

    /// `mail.example:993`, for sentences.
    pub fn name(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn security(&self) -> Security {
        self.security
    }

    /// When the certificate that the server last showed ends.
    pub fn certificate_until(&self) -> Option<DateTime<Utc>> {
        let seconds = self.certificate_until.load(Ordering::Relaxed);
        DateTime::from_timestamp(seconds, 0).filter(|_| seconds > 0)
    }

    /// Connects and, unless plain, shakes hands. After [`Security::StartTls`] the server's greeting is already read.
    ///
    /// # Errors
    /// Transient where the network fails, permanent where the server cannot be trusted.
    pub async fn open(&self, dialect: &Dialect, deadline: Duration) -> Result<Wire, Fault> {
        match tokio::time::timeout(deadline, self.reach(dialect)).await {
            Ok(wire) => wire,
            Err(_) => Err(Fault::transient(format_args!(
                "{} did not finish the greeting within {} s",
                self.name(),
                deadline.as_secs()
            ))),
        }
    }

    async fn reach(&self, dialect: &Dialect) -> Result<Wire, Fault> {
        let stream = TcpStream::connect((self.host.as_str(), self.port))
            .await
            .map_err(|e| Fault::transient(format_args!("Cannot connect to {}: {e}", self.name())))?;
        let unset = |e| Fault::transient(format_args!("Cannot set up the connection to {}: {e}", self.name()));
        stream.set_nodelay(true).map_err(unset)?;
        let Some((connector, server)) = &self.tls else {
            // A name such as `localhost` is only as local as the resolver says.
            if !stream.peer_addr().map_err(unset)?.ip().is_loopback() {
                return Err(Fault::permanent(format_args!(
                    "{} is not on this machine; plain text is refused",
                    self.name()
                )));
            }
            return Ok(Wire::Plain(stream));
        };
        let stream = match self.security {
            Security::StartTls => starttls::ask(stream, dialect, &self.name()).await?,
            _ => stream,
        };
        let wire = connector.connect(server.clone(), stream).await.map_err(|e| self.handshake_fault(&e))?;
        let shown = wire.get_ref().1.peer_certificates().and_then(|chain| chain.first());
        if let Some(until) = shown.and_then(|certificate| valid_until(certificate)) {
            self.certificate_until.store(until.timestamp(), Ordering::Relaxed);
        }
        Ok(Wire::Tls(Box::new(wire)))
    }

    fn handshake_fault(&self, error: &io::Error) -> Fault {
        let name = self.name();
        match error.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::InvalidCertificate(why)) => Fault::permanent(format_args!(
                "The certificate of {name} is not trusted ({why}). Renew it, or name the authority's certificate in `ca_file`"
            )),
            Some(why) => Fault::transient(format_args!("The TLS handshake with {name} failed: {why}")),
            None => Fault::transient(format_args!("The TLS handshake with {name} broke off: {error}")),
        }
    }
}

/// When a certificate in DER ends; `None` where it cannot be read.
pub fn valid_until(certificate: &[u8]) -> Option<DateTime<Utc>> {
    let certificate = x509_cert::Certificate::from_der(certificate).ok()?;
    let seconds = certificate.tbs_certificate.validity.not_after.to_unix_duration().as_secs();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, 0)
}

/// Whether a configured host means this machine: `localhost`, `127.0.0.0/8` or `::1`.
pub fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn client_config(ca_file: Option<&Path>) -> Result<ClientConfig, Fault> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| Fault::permanent(format_args!("TLS cannot be set up: {e}")))?;
    Ok(builder.with_root_certificates(trusted_roots(ca_file)?).with_no_client_auth())
}

fn trusted_roots(ca_file: Option<&Path>) -> Result<RootCertStore, Fault> {
    let mut roots = RootCertStore::empty();
    let Some(path) = ca_file else {
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            return Err(Fault::permanent(
                "The system trusts no certificate authority. Install ca-certificates or set `ca_file`",
            ));
        }
        return Ok(roots);
    };
    let unreadable =
        |e: &dyn std::fmt::Display| Fault::permanent(format_args!("Cannot read `ca_file` {}: {e}", path.display()));
    for certificate in CertificateDer::pem_file_iter(path).map_err(|e| unreadable(&e))? {
        roots.add(certificate.map_err(|e| unreadable(&e))?).map_err(|e| unreadable(&e))?;
    }
    if roots.is_empty() {
        return Err(unreadable(&"it holds no certificate"));
    }
    Ok(roots)
}

/// An open connection, encrypted or local.
#[derive(Debug)]
pub(in crate::mail) enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Wire {
    pub fn peer_addr(&self) -> io::Result<std::net::SocketAddr> {
        match self {
            Self::Plain(stream) => stream.peer_addr(),
            Self::Tls(stream) => stream.get_ref().0.peer_addr(),
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::port::FaultKind;

    #[test]
    fn plain_text_is_for_this_machine_alone() {
        for host in ["localhost", "127.0.0.1", "127.8.8.8", "::1"] {
            assert!(Endpoint::new(host, 143, Security::Plain, None).is_ok(), "{host}");
        }
        for host in ["mail.example", "10.0.0.1", "localhost.mail.example", "::ffff:10.0.0.1"] {
            let fault = Endpoint::new(host, 143, Security::Plain, None).err().expect("another machine is refused");
            assert_eq!(fault.kind, FaultKind::Permanent);
        }
    }

    #[test]
    fn a_ca_file_without_a_certificate_is_named() {
        let file = PathBuf::from("Cargo.toml");

        let fault =
            Endpoint::new("mail.example", 993, Security::ImplicitTls, Some(&file)).err().expect("no certificate");

        assert!(fault.message.contains("`ca_file` Cargo.toml"), "{fault}");
    }
}
