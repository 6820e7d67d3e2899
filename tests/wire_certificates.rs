//! Row 36: eleven certificates that nobody should trust, each shown at once and after STARTTLS, to the reader and to the courier.
//! Whoever shows one hears nothing from us; a sound one, shown the same way, hears the login begin.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use loket::engine::port::{Fault, FaultKind};
use loket::mail::tls::Security;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, ExtendedKeyUsagePurpose, GeneralSubtree,
    IsCa, KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::inbox_trust::{look_in, write_to};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    /// The control: trusted.
    None,
    UnknownAuthority,
    AnotherName,
    Ended,
    NotYetBegun,
    SelfSigned,
    ForClientsAlone,
    WithoutIntermediate,
    IssuedByAServer,
    Tampered,
    UnknownCriticalExtension,
    OutsideItsAuthoritysNames,
}

const FLAWS: [Flaw; 12] = [
    Flaw::None,
    Flaw::UnknownAuthority,
    Flaw::AnotherName,
    Flaw::Ended,
    Flaw::NotYetBegun,
    Flaw::SelfSigned,
    Flaw::ForClientsAlone,
    Flaw::WithoutIntermediate,
    Flaw::IssuedByAServer,
    Flaw::Tampered,
    Flaw::UnknownCriticalExtension,
    Flaw::OutsideItsAuthoritysNames,
];

/// What a server shows, and the authority its clients trust.
struct Shown {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    ca_file: PathBuf,
}

fn authority(name: &str, flaw: Flaw) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).expect("no names to refuse");
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    if flaw == Flaw::OutsideItsAuthoritysNames {
        let permitted_subtrees = vec![GeneralSubtree::DnsName("kantor-lain.example".to_owned())];
        params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    }
    params
}

fn server(flaw: Flaw) -> CertificateParams {
    let name = if flaw == Flaw::AnotherName { "mail.example" } else { "localhost" };
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    params.extended_key_usages = vec![match flaw {
        Flaw::ForClientsAlone => ExtendedKeyUsagePurpose::ClientAuth,
        _ => ExtendedKeyUsagePurpose::ServerAuth,
    }];
    match flaw {
        Flaw::Ended => (params.not_before, params.not_after) = (date_time_ymd(2000, 1, 1), date_time_ymd(2001, 1, 1)),
        Flaw::NotYetBegun => params.not_before = date_time_ymd(4000, 1, 1),
        Flaw::UnknownCriticalExtension => {
            let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 7], vec![5, 0]);
            extension.set_criticality(true);
            params.custom_extensions.push(extension);
        }
        _ => {}
    }
    params
}

fn shown(folder: &Path, flaw: Flaw) -> Shown {
    let key = || KeyPair::generate().expect("a key");
    let root = CertifiedIssuer::self_signed(authority("akar", flaw), key()).expect("an authority");
    let stranger = CertifiedIssuer::self_signed(authority("asing", flaw), key()).expect("an authority");
    let between = CertifiedIssuer::signed_by(authority("antara", flaw), key(), &root).expect("an intermediate");
    // A server's own certificate, with which it signs another one.
    let presumptuous = CertifiedIssuer::signed_by(server(Flaw::None), key(), &root).expect("a certificate");
    let own = key();
    let params = server(flaw);
    let certificate = match flaw {
        Flaw::UnknownAuthority => params.signed_by(&own, &stranger),
        Flaw::SelfSigned => params.self_signed(&own),
        Flaw::WithoutIntermediate => params.signed_by(&own, &between),
        Flaw::IssuedByAServer => params.signed_by(&own, &presumptuous),
        _ => params.signed_by(&own, &root),
    };
    let mut leaf = certificate.expect("a certificate").der().to_vec();
    if flaw == Flaw::Tampered {
        *leaf.last_mut().expect("not empty") ^= 1;
    }
    let mut chain = vec![CertificateDer::from(leaf)];
    if flaw == Flaw::IssuedByAServer {
        chain.push(presumptuous.as_ref().der().clone());
    }
    let ca_file = folder.join(format!("{flaw:?}.pem"));
    std::fs::write(&ca_file, root.pem()).expect("the folder is ours");
    Shown { chain, key: PrivateKeyDer::try_from(own.serialize_der()).expect("a key"), ca_file }
}

/// The words before a handshake and after it.
#[derive(Debug, Clone, Copy)]
struct Manner {
    security: Security,
    /// Said before the handshake, each but the first after a line was heard.
    before: &'static [&'static str],
    greeting: &'static str,
}

const READING: [Manner; 2] = [
    Manner { security: Security::ImplicitTls, before: &[], greeting: "* OK here\r\n" },
    Manner { security: Security::StartTls, before: &["* OK here\r\n", "T1 OK begin\r\n"], greeting: "" },
];
const WRITING: [Manner; 2] = [
    Manner { security: Security::ImplicitTls, before: &[], greeting: "220 here\r\n" },
    Manner {
        security: Security::StartTls,
        before: &["220 here\r\n", "250-here\r\n250 STARTTLS\r\n", "220 go on\r\n"],
        greeting: "",
    },
];

/// Serves one connection after the other; what was heard after a handshake.
async fn serve(shown: &Shown, manner: Manner) -> (u16, Arc<Mutex<Vec<u8>>>) {
    // Not `with_single_cert`, which would look at the certificate first.
    let key = any_supported_type(&shown.key).expect("a key that signs");
    let certified = CertifiedKey::new(shown.chain.clone(), key);
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring speaks TLS")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let port = listener.local_addr().expect("bound").port();
    let heard: Arc<Mutex<Vec<u8>>> = Arc::default();
    let kept = heard.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = converse(stream, &acceptor, manner, &kept).await;
        }
    });
    (port, heard)
}

async fn converse(
    stream: TcpStream,
    acceptor: &TlsAcceptor,
    manner: Manner,
    heard: &Mutex<Vec<u8>>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    for (index, words) in manner.before.iter().enumerate() {
        if index > 0 {
            stream.read_line(&mut String::new()).await?;
        }
        stream.write_all(words.as_bytes()).await?;
    }
    let stream = stream.into_inner();
    let mut stream = acceptor.accept(stream).await?;
    listen(&mut stream, manner, heard).await
}

async fn listen(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    manner: Manner,
    heard: &Mutex<Vec<u8>>,
) -> std::io::Result<()> {
    stream.write_all(manner.greeting.as_bytes()).await?;
    let mut words = [0; 256];
    let read = stream.read(&mut words).await?;
    heard.lock().expect("nothing panics holding it").extend_from_slice(&words[..read]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn t36_eleven_bad_certificates_are_shown_four_ways_and_none_is_trusted() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut refused = 0;
    for flaw in FLAWS {
        let shown = shown(folder.path(), flaw);
        let ca_file = || Some(shown.ca_file.clone());
        for manner in READING.into_iter().chain(WRITING) {
            let (port, heard) = serve(&shown, manner).await;
            let reads = manner.greeting.starts_with('*') || manner.before.first().is_some_and(|w| w.starts_with('*'));
            let fault: Fault = match reads {
                true => look_in("localhost", port, manner.security, ca_file()).await,
                false => write_to("localhost", port, manner.security, ca_file()).await,
            };
            let heard = heard.lock().expect("nothing panics holding it").len();
            if flaw == Flaw::None {
                assert!(heard > 0, "{manner:?}: a sound certificate is trusted: {fault}");
                continue;
            }
            refused += 1;
            assert_eq!(heard, 0, "{flaw:?} {manner:?}: we spoke");
            assert_eq!(fault.kind, FaultKind::Permanent, "{flaw:?} {manner:?}: {fault}");
            assert!(fault.message.contains("is not trusted"), "{flaw:?} {manner:?}: {fault}");
        }
    }
    println!("certificates: {refused} refused");
    assert_eq!(refused, 44);
}
