//! The desk on a real socket: TLS with a certificate that is replaced while it runs, plain HTTP on loopback alone,
//! slow peers cut off, and a clean end.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use loket::web::certificate::Certificates;
use loket::web::router;
use loket::web::serve::{Listening, ServeError};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::web_fake::{Fake, SetClock, now, site};

const SOON: Duration = Duration::from_secs(10);

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn desk(base_url: &str) -> axum::Router {
    let clock = Arc::new(SetClock(Mutex::new(now())));
    router(site(Arc::new(Fake::default()), clock, base_url))
}

async fn ask<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.expect("the desk reads");
    let mut answer = Vec::new();
    // A peer that closes TLS without saying so still answered.
    let _ = timeout(SOON, stream.read_to_end(&mut answer)).await.expect("the desk answers and closes");
    String::from_utf8_lossy(&answer).into_owned()
}

fn write_pair(folder: &Path) -> CertificateDer<'static> {
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("rcgen signs for any host name");
    std::fs::write(folder.join("key.pem"), pair.signing_key.serialize_pem()).expect("a temporary folder takes files");
    std::fs::write(folder.join("chain.pem"), pair.cert.pem()).expect("a temporary folder takes files");
    CertificateDer::from_pem_slice(pair.cert.pem().as_bytes()).expect("rcgen writes PEM")
}

async fn ask_over_tls(address: SocketAddr, trusted: CertificateDer<'static>) -> Result<String, std::io::Error> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(trusted).expect("a self-signed certificate is its own root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a host name");
    let stream = TcpStream::connect(address).await?;
    let stream = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    Ok(ask(stream, "GET /masuk HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await)
}

#[tokio::test]
async fn plain_http_off_loopback_is_refused() {
    let refused = Listening::bind(SocketAddr::from(([0, 0, 0, 0], 0)), None).await.err();

    assert!(matches!(refused, Some(ServeError::PlainOffLoopback(_))));
}

#[tokio::test]
async fn a_renewed_certificate_is_served_and_a_stop_ends_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let first = write_pair(folder.path());
    let certificates = Certificates::load(&folder.path().join("chain.pem"), &folder.path().join("key.pem"));
    let certificates = Arc::new(certificates.expect("a good pair"));
    let listening = Listening::bind(loopback(), Some(Arc::clone(&certificates))).await.expect("a free port");
    let (address, stop) = (listening.address(), CancellationToken::new());
    let serving = tokio::spawn(listening.serve(desk("https://localhost"), stop.clone()));

    let before = ask_over_tls(address, first.clone()).await.expect("the first certificate is served");
    let second = write_pair(folder.path());
    assert!(certificates.refresh());
    let after = ask_over_tls(address, second).await.expect("the second certificate is served");
    assert!(ask_over_tls(address, first).await.is_err());
    stop.cancel();
    timeout(SOON, serving).await.expect("it ends soon").expect("it ends without a panic");

    assert!(before.starts_with("HTTP/1.1 200") && after.contains("Masuk ke meja"));
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_handshake_that_fails_is_logged_with_the_address_it_came_from() {
    let log = crate::desk_threats::Log::default();
    let _listening = log.listen();
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_pair(folder.path());
    let certificates = Certificates::load(&folder.path().join("chain.pem"), &folder.path().join("key.pem"));
    let listening = Listening::bind(loopback(), Some(Arc::new(certificates.expect("a good pair")))).await;
    let (listening, stop) = (listening.expect("a free port"), CancellationToken::new());
    let address = listening.address();
    let serving = tokio::spawn(listening.serve(desk("https://localhost"), stop.clone()));

    let plain = TcpStream::connect(address).await.expect("the desk listens");
    let answer = ask(plain, "GET /masuk HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    stop.cancel();
    timeout(SOON, serving).await.expect("it ends soon").expect("it ends without a panic");

    assert!(!answer.contains("HTTP/1.1"), "{answer}");
    let told = log.text();
    let line = told.lines().find(|line| line.contains("security=\"tls\"")).expect("it is logged");
    assert!(line.contains("INFO") && line.contains("from=127.0.0.1"), "{line}");
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut_off_and_others_are_served() {
    let listening = Listening::bind(loopback(), None).await.expect("a free port");
    let (address, stop) = (listening.address(), CancellationToken::new());
    let base = format!("http://{address}");
    let serving = tokio::spawn(listening.serve(desk(&base), stop.clone()));
    let mut slow = TcpStream::connect(address).await.expect("the desk listens");
    slow.write_all(b"GET /masuk HTTP/1.1\r\nX-Slow: ").await.expect("the desk reads");

    let other = TcpStream::connect(address).await.expect("the desk listens");
    let answer = ask(other, &format!("GET /masuk HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")).await;
    let mut rest = Vec::new();
    let cut = timeout(Duration::from_secs(25), slow.read_to_end(&mut rest)).await;
    stop.cancel();
    timeout(SOON, serving).await.expect("it ends soon").expect("it ends without a panic");

    assert!(answer.starts_with("HTTP/1.1 200"));
    assert!(cut.is_ok(), "the slow head is cut off");
}
