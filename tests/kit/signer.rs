//! A domain that signs its mail (DKIM) or seals what it forwards (ARC), with a key of its own.

use std::io::Write as _;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_auth::arc::ArcSealer;
use mail_auth::common::crypto::{Ed25519Key, SigningKey as _};
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::DkimSigner;
use mail_auth::{ArcOutput, AuthenticatedMessage, AuthenticationResults, DkimOutput};

const SELECTOR: &str = "s1";

pub struct Signer {
    domain: String,
    key: Vec<u8>,
}

impl Signer {
    pub fn new(domain: &str) -> Self {
        Self { domain: domain.to_owned(), key: Ed25519Key::generate_pkcs8().expect("ring makes keys") }
    }

    fn key(&self) -> Ed25519Key {
        Ed25519Key::from_pkcs8_der(&self.key).expect("a key of ours")
    }

    /// The record others find its key by.
    pub fn record(&self) -> (String, String) {
        let public = STANDARD.encode(self.key().public_key());
        (format!("{SELECTOR}._domainkey.{}", self.domain), format!("v=DKIM1; k=ed25519; p={public}"))
    }

    /// The mail with the usual fields signed.
    pub fn sign(&self, mail: &[u8]) -> Vec<u8> {
        self.sign_fields(mail, &["From", "To", "Subject", "Date", "MIME-Version"])
    }

    pub fn sign_fields(&self, mail: &[u8], fields: &[&str]) -> Vec<u8> {
        let signer = DkimSigner::from_key(self.key()).domain(&*self.domain).selector(SELECTOR).headers(fields.to_vec());
        above(&signer.sign(mail).expect("a whole mail").to_header(), mail)
    }

    /// Signed with `l=`, so that anything may be appended.
    pub fn sign_length(&self, mail: &[u8]) -> Vec<u8> {
        let signer = DkimSigner::from_key(self.key()).domain(&*self.domain).selector(SELECTOR);
        let signer = signer.headers(["From", "To", "Subject", "Date"]).body_length(true);
        above(&signer.sign(mail).expect("a whole mail").to_header(), mail)
    }

    /// Sealed by a forwarder that saw the mail signed by `by`.
    pub fn seal(&self, mail: &[u8], by: &str) -> Vec<u8> {
        self.seal_fields(mail, by, &["From", "To", "Subject", "Date"])
    }

    pub fn seal_fields(&self, mail: &[u8], by: &str, fields: &[&str]) -> Vec<u8> {
        let parsed = AuthenticatedMessage::parse(mail).expect("a whole mail");
        let seen = mail_auth::dkim::Signature { d: by.to_owned(), ..Default::default() };
        let results = AuthenticationResults::new(&self.domain)
            .with_dkim_result(&DkimOutput::pass().with_signature(&seen), &format!("x@{by}"));
        let sealer = ArcSealer::from_key(self.key()).domain(&*self.domain).selector(SELECTOR);
        let sealer = sealer.headers(fields.to_vec());
        let set = sealer.seal(&parsed, &results, &ArcOutput::default()).expect("a first seal");
        above(&set.to_header(), mail)
    }
}

impl Signer {
    /// The mail under what one sealer says it saw, the message signature of another, and a seal of this one over both (RFC 8617,
    /// 5.1.1), as no library writes it.
    pub fn seal_over(&self, says: &[u8], signs: &[u8], mail: &[u8]) -> Vec<u8> {
        let says = field(says, "ARC-Authentication-Results");
        let signs = field(signs, "ARC-Message-Signature");
        let seal = format!("ARC-Seal: i=1; a=ed25519-sha256; s={SELECTOR}; d={}; cv=none; b=", self.domain);
        let sealed = format!("{}\r\n{}\r\n{}", relaxed(&says), relaxed(&signs), relaxed(&seal));
        let by = self.key().sign(sealed.as_bytes()).expect("a key of ours signs");
        above(&format!("{seal}{}\r\n{signs}{says}", STANDARD.encode(by)), mail)
    }
}

/// A domain with an RSA key, that signs with the hash it is told to (`sha1`, `sha256`). OpenSSL does it: no library of today
/// signs with SHA-1.
pub struct RsaSigner {
    domain: String,
    folder: tempfile::TempDir,
}

impl RsaSigner {
    pub fn new(domain: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("loket-rsa-").tempdir().expect("a temporary folder");
        let signer = Self { domain: domain.to_owned(), folder };
        signer.openssl(&["genrsa", "-out", "key.pem", "2048"], b"");
        signer
    }

    pub fn record(&self) -> (String, String) {
        let public = self.openssl(&["rsa", "-in", "key.pem", "-pubout", "-outform", "DER"], b"");
        (format!("{SELECTOR}._domainkey.{}", self.domain), format!("v=DKIM1; k=rsa; p={}", STANDARD.encode(public)))
    }

    /// The mail with the usual fields signed, its body as it is (RFC 6376, 3.7): `mail` ends with one line break.
    pub fn sign(&self, hash: &str, mail: &[u8]) -> Vec<u8> {
        let text = String::from_utf8(mail.to_vec()).expect("the test's mails are text");
        let (_, body) = text.split_once("\r\n\r\n").expect("a mail has a body");
        let digest = self.openssl(&["dgst", &format!("-{hash}"), "-binary"], body.as_bytes());
        let signature = format!(
            "DKIM-Signature: v=1; a=rsa-{hash}; c=relaxed/simple; d={}; s={SELECTOR}; h=From:To:Subject:Date; bh={}; b=",
            self.domain,
            STANDARD.encode(digest)
        );
        let fields = ["From", "To", "Subject", "Date"].map(|name| relaxed(&field(mail, name)) + "\r\n");
        let signed = fields.concat() + &relaxed(&signature);
        let by = self.openssl(&["dgst", &format!("-{hash}"), "-sign", "key.pem"], signed.as_bytes());
        above(&format!("{signature}{}\r\n", STANDARD.encode(by)), mail)
    }

    fn openssl(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let mut command = Command::new("openssl");
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.stderr(Stdio::null()).spawn().expect("openssl starts");
        process.stdin.take().expect("a pipe").write_all(input).expect("it reads");
        let output = process.wait_with_output().expect("it ends");
        assert!(output.status.success(), "openssl {arguments:?} failed");
        output.stdout
    }
}

/// The first field of this name with its folded lines and the line break at its end.
fn field(mail: &[u8], name: &str) -> String {
    let text = std::str::from_utf8(mail).expect("the test's mails are text");
    let lines = text.split_inclusive("\r\n").skip_while(|line| !line.starts_with(&format!("{name}:")));
    let mut lines = lines.peekable();
    let mut field = lines.next().expect("the field is there").to_owned();
    while let Some(more) = lines.next_if(|line| line.starts_with([' ', '\t'])) {
        field.push_str(more);
    }
    field
}

/// RFC 6376, 3.4.2, without the line break at the end.
fn relaxed(field: &str) -> String {
    let (name, value) = field.split_once(':').expect("a field has a name");
    format!("{}:{}", name.to_ascii_lowercase(), value.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn above(header: &str, mail: &[u8]) -> Vec<u8> {
    [header.as_bytes(), mail].concat()
}
