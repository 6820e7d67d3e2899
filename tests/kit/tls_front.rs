//! Ends TLS before a server of the kit that speaks in the clear, from the first byte or after STARTTLS. An end of the server's
//! is told as TLS has it, by close_notify; where a connection is cut, nothing tells of an end.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::certificates::Certificates;

/// What is said in the clear before the handshake, each but the first after a line was heard.
pub type Prelude = &'static [&'static str];

pub const AT_ONCE: Prelude = &[];
pub const IMAP: Prelude = &["* OK here\r\n", "T1 OK begin\r\n"];
pub const SMTP: Prelude = &["220 here\r\n", "250-here\r\n250 STARTTLS\r\n", "220 go on\r\n"];

pub struct TlsFront {
    port: u16,
    listening: tokio::task::JoinHandle<()>,
}

impl TlsFront {
    /// Listens in front of the server on `port` of this machine.
    pub async fn before(port: u16, certificates: &Certificates, prelude: Prelude) -> Self {
        let acceptor = acceptor(certificates);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let own = listener.local_addr().expect("a bound listener has an address").port();
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, acceptor.clone(), port, prelude));
            }
        });
        Self { port: own, listening }
    }

    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

fn acceptor(certificates: &Certificates) -> TlsAcceptor {
    let chain = CertificateDer::pem_file_iter(&certificates.certificate).expect("the kit wrote it");
    let chain = chain.map(|certificate| certificate.expect("PEM")).collect();
    let key = PrivateKeyDer::from_pem_file(&certificates.key).expect("the kit wrote it");
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .expect("a sound certificate");
    TlsAcceptor::from(Arc::new(config))
}

/// Ends when either side does.
async fn forward(client: TcpStream, acceptor: TlsAcceptor, port: u16, prelude: Prelude) -> Option<()> {
    client.set_nodelay(true).ok()?;
    let mut client = BufReader::new(client);
    for (index, words) in prelude.iter().enumerate() {
        if index > 0 {
            let mut line = String::new();
            client.read_line(&mut line).await.ok()?;
            // A line that is cut off is no command.
            line.ends_with('\n').then_some(())?;
        }
        client.write_all(words.as_bytes()).await.ok()?;
    }
    // Nobody speaks before the consent, so nothing is left in the buffer.
    let mut client = acceptor.accept(client.into_inner()).await.ok()?;
    let server = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    server.set_nodelay(true).ok()?;
    let mut server = BufReader::new(server);
    if !prelude.is_empty() {
        // The client was greeted in the clear.
        server.read_line(&mut String::new()).await.ok()?;
    }
    copy_bidirectional(&mut client, &mut server).await.ok().map(|_| ())
}
