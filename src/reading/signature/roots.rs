//! The roots that an office trusts for signatures on paper. They are not those of TLS: whoever may name a web server
//! cannot name a person.

use der::Decode;
use rustls::pki_types::{CertificateDer, TrustAnchor};
use webpki::anchor_from_trusted_cert;
use x509_cert::Certificate;

use super::chain::Period;
use super::envelope::plain_name;

/// Trusted certificates, ready to be asked. Usually roots; an intermediate one serves where signers leave it out.
#[derive(Default)]
pub struct Roots {
    pub(super) anchors: Vec<TrustAnchor<'static>>,
    pub(super) periods: Vec<Period>,
}

impl Roots {
    /// From certificates in DER. Says of one that cannot be used why.
    pub fn new(certificates: &[Vec<u8>]) -> Result<Self, String> {
        let mut roots = Self::default();
        for der in certificates {
            let (anchor, period) = root(der)?;
            roots.anchors.push(anchor);
            roots.periods.push(period);
        }
        Ok(roots)
    }

    pub fn is_empty(&self) -> bool {
        self.anchors.is_empty()
    }
}

fn root(der: &[u8]) -> Result<(TrustAnchor<'static>, Period), String> {
    let parsed = Certificate::from_der(der).map_err(|why| why.to_string())?;
    let anchor = anchor_from_trusted_cert(&CertificateDer::from(der))
        .map_err(|why| format!("“{}”: {why}", plain_name(&parsed.tbs_certificate.subject)))?
        .to_owned();
    Ok((anchor, Period::of(&parsed)))
}

/// Names of certificates, with the day each ends, for the operator.
pub fn names(certificates: &[Vec<u8>]) -> Vec<String> {
    let parsed = certificates.iter().filter_map(|der| Certificate::from_der(der).ok());
    parsed.map(|c| format!("“{}” (until {})", plain_name(&c.tbs_certificate.subject), Period::of(&c).end())).collect()
}
