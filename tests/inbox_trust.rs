//! Row 36: a server that cannot be trusted gets no password, whichever way it tries.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use loket::engine::port::{Courier, Fault, FaultKind, Inbox};
use loket::mail::courier::smtp::{SmtpCourier, SmtpSettings};
use loket::mail::inbox::imap::{ImapInbox, ImapSettings};
use loket::mail::tls::Security;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio_rustls::TlsAcceptor;

use crate::kit::certificates::Certificates;
use crate::kit::samples;
use crate::kit::wait::in_time;

const PASSWORD: &str = "jangan-bocor";

/// What a server heard from us in the clear or after a handshake that should not have succeeded.
type Heard = Arc<Mutex<Vec<u8>>>;

/// What a look at a server that is not to be trusted comes to.
pub async fn look_in(host: &str, port: u16, security: Security, ca_file: Option<PathBuf>) -> Fault {
    let inbox = ImapInbox::new(ImapSettings {
        name: "helpdesk".to_owned(),
        host: host.to_owned(),
        port,
        security,
        user: "helpdesk".to_owned(),
        login: PASSWORD.to_owned().into(),
        ca_file,
        inbox_folder: "INBOX".to_owned(),
        processed_folder: "Diproses".to_owned(),
        refused_folder: "Ditolak".to_owned(),
        poll_interval: Duration::from_secs(1),
        command_deadline: Duration::from_secs(5),
        max_mail_bytes: 1_000_000,
        batch: 10,
    });
    in_time("the refusal", inbox.expect("sound settings").probe()).await.expect_err("the server is not to be trusted")
}

/// As [`look_in`], of a letter.
pub async fn write_to(host: &str, port: u16, security: Security, ca_file: Option<PathBuf>) -> Fault {
    let courier = SmtpCourier::new(SmtpSettings {
        host: host.to_owned(),
        port,
        security,
        login: Some(("helpdesk".to_owned(), PASSWORD.to_owned().into())),
        ca_file,
        sender: samples::sender(),
        hello_name: Some("loket.example".to_owned()),
        command_deadline: Duration::from_secs(5),
        answer_deadline: Duration::from_secs(5),
        connections: 1,
    });
    in_time("the refusal", courier.expect("sound settings").probe()).await.expect_err("the server is not to be trusted")
}

/// Accepts TLS with a certificate, and keeps what comes after the handshake.
async fn tls_server(certificates: &Certificates) -> (u16, Heard) {
    let chain =
        CertificateDer::pem_file_iter(&certificates.certificate).expect("the kit wrote it").map(|c| c.expect("PEM"));
    let key = PrivateKeyDer::from_pem_file(&certificates.key).expect("the kit wrote it");
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain.collect(), key))
        .expect("a sound certificate");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    serve(move |stream, heard| {
        let acceptor = acceptor.clone();
        async move {
            let mut stream = acceptor.accept(stream).await?;
            stream.write_all(b"* OK here\r\n").await?;
            keep(&mut stream, &heard).await
        }
    })
    .await
}

/// Says `lines` one by one, each after something was heard, and keeps all it hears.
async fn script(lines: &'static [&'static str]) -> (u16, Heard) {
    serve(move |mut stream, heard| async move {
        for line in lines {
            stream.write_all(line.as_bytes()).await?;
            let mut words = [0; 1024];
            let read = stream.read(&mut words).await?;
            heard.lock().await.extend_from_slice(&words[..read]);
        }
        keep(&mut stream, &heard).await
    })
    .await
}

async fn serve<F, W>(talk: F) -> (u16, Heard)
where
    F: Fn(TcpStream, Heard) -> W + Send + 'static,
    W: Future<Output = std::io::Result<()>> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let port = listener.local_addr().expect("a bound listener has an address").port();
    let heard = Heard::default();
    let kept = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            talk(stream, Arc::clone(&kept)).await.ok();
        }
    });
    (port, heard)
}

async fn keep(stream: &mut (impl AsyncReadExt + Unpin), heard: &Heard) -> std::io::Result<()> {
    let mut words = Vec::new();
    stream.read_to_end(&mut words).await.ok();
    heard.lock().await.extend_from_slice(&words);
    Ok(())
}

async fn told_nothing(heard: &Heard) -> bool {
    !String::from_utf8_lossy(&heard.lock().await).contains(PASSWORD)
}

#[tokio::test]
async fn t36_a_certificate_of_an_unknown_authority_another_name_or_a_past_year_is_refused() {
    let (ours, theirs) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let trusted = Certificates::for_loopback(ours.path());
    let cases = [
        ("another authority", Certificates::for_names(theirs.path(), &["127.0.0.1"], false), trusted.ca_file),
        {
            let other = tempfile::tempdir().expect("a folder").keep();
            let made = Certificates::for_names(&other, &["mail.example"], false);
            let ca = made.ca_file.clone();
            ("another name", made, ca)
        },
        {
            let past = tempfile::tempdir().expect("a folder").keep();
            let made = Certificates::for_names(&past, &["127.0.0.1"], true);
            let ca = made.ca_file.clone();
            ("a past year", made, ca)
        },
    ];
    for (why, certificates, ca_file) in cases {
        let (port, heard) = tls_server(&certificates).await;

        let reading = look_in("127.0.0.1", port, Security::ImplicitTls, Some(ca_file.clone())).await;
        let writing = write_to("127.0.0.1", port, Security::ImplicitTls, Some(ca_file)).await;

        assert_eq!((reading.kind, writing.kind), (FaultKind::Permanent, FaultKind::Permanent), "{why}");
        assert!(reading.message.contains("is not trusted"), "{why}: {reading}");
        assert!(told_nothing(&heard).await, "{why}");
        if why != "another authority" {
            std::fs::remove_dir_all(certificates.ca_file.parent().expect("a file lies in a folder"))
                .expect("the folder is ours");
        }
    }
}

#[tokio::test]
async fn t36_a_server_without_tls_gets_no_password() {
    let folder = tempfile::tempdir().expect("a folder");
    let ca = Certificates::for_loopback(folder.path()).ca_file;
    for security in [Security::ImplicitTls, Security::StartTls] {
        let (port, heard) = script(&["* OK here\r\n", "T1 BAD unknown command\r\n"]).await;
        let reading = look_in("127.0.0.1", port, security, Some(ca.clone())).await;
        assert!(told_nothing(&heard).await, "{reading}");

        let (port, heard) = script(&["220 here\r\n", "250 no extensions\r\n"]).await;
        let writing = write_to("127.0.0.1", port, security, Some(ca.clone())).await;
        assert!(told_nothing(&heard).await, "{writing}");

        if security == Security::StartTls {
            assert!(reading.message.contains("does not offer STARTTLS"), "{reading}");
            assert!(writing.message.contains("does not offer STARTTLS"), "{writing}");
        }
    }
}

#[tokio::test]
async fn t36_words_smuggled_in_before_the_handshake_end_the_connection() {
    let folder = tempfile::tempdir().expect("a folder");
    let ca = Certificates::for_loopback(folder.path()).ca_file;

    let (port, _) = script(&["* OK here\r\n", "T1 OK begin\r\n* CAPABILITY IMAP4rev1 AUTH=NONE\r\n"]).await;
    let reading = look_in("127.0.0.1", port, Security::StartTls, Some(ca.clone())).await;
    let (port, _) = script(&["220 here\r\n", "250-here\r\n250 STARTTLS\r\n", "220 go on\r\n250 smuggled\r\n"]).await;
    let writing = write_to("127.0.0.1", port, Security::StartTls, Some(ca)).await;

    assert!(reading.message.contains("before the TLS handshake"), "{reading}");
    assert!(writing.message.contains("before the TLS handshake"), "{writing}");
    assert_eq!((reading.kind, writing.kind), (FaultKind::Permanent, FaultKind::Permanent));
}

#[tokio::test]
async fn t36_a_greeting_that_skips_the_login_is_not_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let ca = Certificates::for_loopback(folder.path()).ca_file;
    let (port, heard) = script(&["* PREAUTH welcome\r\n"]).await;

    let fault = look_in("127.0.0.1", port, Security::StartTls, Some(ca)).await;

    assert!(fault.message.contains("did not greet us"), "{fault}");
    assert!(heard.lock().await.is_empty());
}
