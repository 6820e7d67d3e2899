//! From a signer's certificate to a trusted root. The time of verification is none of this room's business: it finds the
//! days on which the whole chain is in force, and [`crate::dossier::electronic`] judges the day.

use std::time::Duration;

use chrono::{DateTime, NaiveDate};
use der::{Decode, Encode};
use rustls::pki_types::{CertificateDer, UnixTime};
use webpki::{
    ALL_VERIFICATION_ALGS, EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeIdIter,
    RequiredEkuNotFoundContext, VerifiedPath,
};
use x509_cert::Certificate;
use x509_cert::ext::pkix::{KeyUsage, KeyUsages};

use super::Roots;
use super::envelope::plain_name;
use crate::dossier::electronic::Doubt;

/// From when to when a certificate is in force, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    from: u64,
    until: u64,
}

impl Period {
    pub fn of(certificate: &Certificate) -> Self {
        let validity = &certificate.tbs_certificate.validity;
        let from = validity.not_before.to_unix_duration().as_secs();
        Self { from, until: validity.not_after.to_unix_duration().as_secs() }
    }

    fn and(self, other: Self) -> Self {
        Self { from: self.from.max(other.from), until: self.until.min(other.until) }
    }

    /// Its last day (UTC).
    pub fn end(self) -> NaiveDate {
        day(self.until)
    }

    fn days(self) -> Option<(NaiveDate, NaiveDate)> {
        (self.from <= self.until).then(|| (day(self.from), day(self.until)))
    }
}

fn day(seconds: u64) -> NaiveDate {
    let at = i64::try_from(seconds).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    at.map_or(NaiveDate::MAX, |at| at.date_naive())
}

/// A chain that holds.
pub struct Path {
    pub subject: String,
    pub issuer: String,
    /// First and last day (UTC) on which all of it is in force.
    pub period: (NaiveDate, NaiveDate),
}

/// Looks for a chain that is in force at some time. It is asked for at each moment when one of the certificates begins:
/// if there is such a time at all, one of these is it.
pub fn trace(signer: &Certificate, others: &[Certificate], roots: &Roots) -> Result<Path, Doubt> {
    if !may_sign(signer) {
        return Err(Doubt::Purpose);
    }
    let encoded = |certificate: &Certificate| certificate.to_der().map(CertificateDer::from);
    let leaf = encoded(signer).map_err(|_| Doubt::Unreadable)?;
    let others: Vec<CertificateDer<'_>> =
        others.iter().map(encoded).collect::<Result<_, _>>().map_err(|_| Doubt::Unreadable)?;
    let entity = EndEntityCert::try_from(&leaf).map_err(|_| Doubt::Unreadable)?;
    let mut moments: Vec<u64> =
        others.iter().filter_map(|der| Certificate::from_der(der).ok()).map(|c| begin(&c)).collect();
    moments.extend(roots.periods.iter().map(|period| period.from));
    moments.push(begin(signer));
    let own = Period::of(signer);
    moments.retain(|moment| (own.from..=own.until).contains(moment));
    // The latest first: of two chains, the younger one.
    moments.sort_unstable_by(|a, b| b.cmp(a));
    moments.dedup();
    let mut doubt = Doubt::UnknownIssuer;
    for moment in moments {
        let time = UnixTime::since_unix_epoch(Duration::from_secs(moment));
        match entity.verify_for_usage(ALL_VERIFICATION_ALGS, &roots.anchors, &others, time, Documents, None, None) {
            Ok(path) => match period(signer, &path, roots) {
                Some(period) => {
                    let tbs = &signer.tbs_certificate;
                    return Ok(Path { subject: plain_name(&tbs.subject), issuer: plain_name(&tbs.issuer), period });
                }
                None => doubt = Doubt::OutOfForce,
            },
            Err(Error::CertExpired { .. } | Error::CertNotValidYet { .. }) => {
                doubt = if doubt == Doubt::UnknownIssuer { Doubt::OutOfForce } else { doubt };
            }
            Err(Error::RequiredEkuNotFoundContext(_)) => doubt = Doubt::Purpose,
            Err(_) => {}
        }
    }
    Err(doubt)
}

fn begin(certificate: &Certificate) -> u64 {
    Period::of(certificate).from
}

/// The days the chain is in force, its root included, which webpki does not look at. Also that each authority may issue.
fn period(signer: &Certificate, path: &VerifiedPath<'_>, roots: &Roots) -> Option<(NaiveDate, NaiveDate)> {
    let anchor = path.anchor();
    let root = roots.anchors.iter().position(|a| a == anchor)?;
    let mut period = Period::of(signer).and(roots.periods[root]);
    for authority in path.intermediate_certificates() {
        let authority = Certificate::from_der(&authority.der()).ok()?;
        if !uses(&authority).is_none_or(|uses| uses.0.contains(KeyUsages::KeyCertSign)) {
            return None;
        }
        period = period.and(Period::of(&authority));
    }
    period.days()
}

fn uses(certificate: &Certificate) -> Option<KeyUsage> {
    certificate.tbs_certificate.get::<KeyUsage>().ok().flatten().map(|(_, usage)| usage)
}

/// Whether the key may sign at all (RFC 5280, 4.2.1.3).
fn may_sign(certificate: &Certificate) -> bool {
    let signs = [KeyUsages::DigitalSignature, KeyUsages::NonRepudiation];
    uses(certificate).is_none_or(|usage| signs.iter().any(|sign| usage.0.contains(*sign)))
}

/// Purposes of a person's certificate: signing documents (RFC 9336, and the older ones of Microsoft and Adobe), mail, log-in,
/// or any (RFC 5280, 4.2.1.12). One for web servers, programs or time stamps is no person's. No purpose at all is fine.
struct Documents;

impl Documents {
    const PURPOSES: [&str; 6] = [
        "1.3.6.1.5.5.7.3.36",
        "1.3.6.1.4.1.311.10.3.12",
        "1.2.840.113583.1.1.5",
        "1.3.6.1.5.5.7.3.4",
        "1.3.6.1.5.5.7.3.2",
        "2.5.29.37.0",
    ];
}

impl ExtendedKeyUsageValidator for Documents {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        let mut present = Vec::new();
        for purpose in purposes {
            present.push(purpose?.to_decoded_oid());
        }
        let dotted = |oid: &Vec<usize>| oid.iter().map(usize::to_string).collect::<Vec<_>>().join(".");
        if present.is_empty() || present.iter().any(|oid| Self::PURPOSES.contains(&dotted(oid).as_str())) {
            return Ok(());
        }
        let required = webpki::KeyUsage::required_if_present(&[]);
        Err(Error::RequiredEkuNotFoundContext(RequiredEkuNotFoundContext { required, present }))
    }
}
