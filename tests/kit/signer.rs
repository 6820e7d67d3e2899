//! A domain that signs its mail (DKIM) or seals what it forwards (ARC), with a key of its own.

use base64::Engine as _;
use mail_auth::arc::ArcSealer;
use mail_auth::common::crypto::Ed25519Key;
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
        let public = base64::engine::general_purpose::STANDARD.encode(self.key().public_key());
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

fn above(header: &str, mail: &[u8]) -> Vec<u8> {
    [header.as_bytes(), mail].concat()
}
