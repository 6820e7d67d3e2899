//! The CMS blob of a signature (RFC 5652, 5): one signer, signed attributes, a detached content. Digests of SHA-2 only,
//! signatures by RSA (PKCS #1 1.5 and PSS) and ECDSA through ring.

use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use der::asn1::{ObjectIdentifier, OctetString};
use der::{Any, Decode, Encode, Sequence};
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use sha2::{Digest, Sha256, Sha384, Sha512};
use webpki::{EndEntityCert, Error, ring};
use x509_cert::Certificate;
use x509_cert::ext::pkix::SubjectKeyIdentifier;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::Fault;
use crate::dossier::electronic::{Doubt, Flaw};
use crate::reading::cms::is_modest;

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
const PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");

/// Certificates enclosed beside the signer's.
const CERTIFICATES: usize = 16;

/// A signature taken out of its envelope, with the certificates beside it.
pub struct Sealed {
    info: SignerInfo,
    pub signer: Certificate,
    pub others: Vec<Certificate>,
}

impl Sealed {
    pub fn open(envelope: &[u8]) -> Result<Self, Fault> {
        let data = is_modest(envelope).then(|| signed_data(envelope)).flatten().ok_or(Doubt::Unreadable)?;
        let detached = data.encap_content_info.econtent_type == DATA && data.encap_content_info.econtent.is_none();
        let [info] = data.signer_infos.0.as_slice() else { return Err(Doubt::Unreadable.into()) };
        if !detached {
            return Err(Doubt::Unreadable.into());
        }
        let enclosed = data.certificates.iter().flat_map(|set| set.0.iter()).filter_map(|choice| match choice {
            CertificateChoices::Certificate(certificate) => Some(certificate.clone()),
            CertificateChoices::Other(_) => None,
        });
        let (mut own, others): (Vec<_>, Vec<_>) = enclosed.partition(|certificate| is_of(certificate, &info.sid));
        match own.pop() {
            Some(signer) if own.is_empty() && others.len() <= CERTIFICATES => {
                Ok(Self { info: info.clone(), signer, others })
            }
            _ => Err(Doubt::Unreadable.into()),
        }
    }

    /// Whether it is these bytes that were signed, and with the key of the signer's certificate.
    pub fn covers(&self, parts: &[&[u8]]) -> Result<(), Fault> {
        let digest = DigestKind::of(&self.info.digest_alg.oid)?;
        let Some(kind) = self.attribute(CONTENT_TYPE) else { return Err(Doubt::Unreadable.into()) };
        if kind.decode_as::<ObjectIdentifier>() != Ok(DATA) {
            return Err(Doubt::Unreadable.into());
        }
        let stated = self.attribute(MESSAGE_DIGEST).and_then(|value| value.decode_as::<OctetString>().ok());
        if stated.ok_or(Doubt::Unreadable)?.as_bytes() != digest.of_parts(parts) {
            return Err(Flaw::Digest.into());
        }
        self.names_its_certificate()?;
        self.is_signed(digest)
    }

    /// The one value of a signed attribute (RFC 5652, 5.3). Twice the same attribute is none.
    fn attribute(&self, kind: ObjectIdentifier) -> Option<&Any> {
        let mut found = self.info.signed_attrs.as_ref()?.iter().filter(|attribute| attribute.oid == kind);
        let (attribute, further) = (found.next()?, found.next());
        let [value] = attribute.values.as_slice() else { return None };
        further.is_none().then_some(value)
    }

    /// The signer binds the certificate, so that no other for the same key can take its place (RFC 5035, 3).
    fn names_its_certificate(&self) -> Result<(), Fault> {
        let Some(value) = self.attribute(SIGNING_CERTIFICATE_V2) else { return Ok(()) };
        let named = value.to_der().and_then(|der| SigningCertificateV2::from_der(&der)).ok();
        let first = named.as_ref().and_then(|named| named.certs.first()).ok_or(Doubt::Unreadable)?;
        let digest = match &first.hash_algorithm {
            Some(algorithm) => DigestKind::of(&algorithm.oid)?,
            None => DigestKind::Sha256,
        };
        let own = self.signer.to_der().map_err(|_| Doubt::Unreadable)?;
        if digest.of_parts(&[&own]) == first.cert_hash.as_bytes() { Ok(()) } else { Err(Flaw::Forged.into()) }
    }

    fn is_signed(&self, digest: DigestKind) -> Result<(), Fault> {
        let attributes = self.info.signed_attrs.as_ref().ok_or(Doubt::Unreadable)?;
        // What is signed is the SET itself, not the tag it has in the envelope (RFC 5652, 5.4).
        let message = attributes.to_der().map_err(|_| Doubt::Unreadable)?;
        let certificate = CertificateDer::from(self.signer.to_der().map_err(|_| Doubt::Unreadable)?);
        let signer = EndEntityCert::try_from(&certificate).map_err(|_| Doubt::Unreadable)?;
        for algorithm in algorithms(&self.info.signature_algorithm, digest)? {
            match signer.verify_signature(algorithm, &message, self.info.signature.as_bytes()) {
                Ok(()) => return Ok(()),
                Err(Error::InvalidSignatureForPublicKey) => return Err(Flaw::Forged.into()),
                // An algorithm for keys of another kind.
                Err(_) => {}
            }
        }
        Err(Doubt::Algorithm.into())
    }
}

fn signed_data(envelope: &[u8]) -> Option<SignedData> {
    let info = ContentInfo::from_der(envelope).ok().filter(|info| info.content_type == SIGNED_DATA)?;
    info.content.decode_as::<SignedData>().ok()
}

fn is_of(certificate: &Certificate, signer: &SignerIdentifier) -> bool {
    let tbs = &certificate.tbs_certificate;
    match signer {
        SignerIdentifier::IssuerAndSerialNumber(id) => tbs.issuer == id.issuer && tbs.serial_number == id.serial_number,
        SignerIdentifier::SubjectKeyIdentifier(id) => {
            tbs.get::<SubjectKeyIdentifier>().ok().flatten().is_some_and(|(_, own)| own == *id)
        }
    }
}

#[derive(Sequence)]
struct SigningCertificateV2 {
    certs: Vec<EssCertId>,
    #[asn1(optional = "true")]
    policies: Option<Any>,
}

#[derive(Sequence)]
struct EssCertId {
    /// SHA-256 where it is left out.
    #[asn1(optional = "true")]
    hash_algorithm: Option<AlgorithmIdentifierOwned>,
    cert_hash: OctetString,
    #[asn1(optional = "true")]
    issuer_serial: Option<Any>,
}

/// The digests that count; SHA-1 and MD5 do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DigestKind {
    Sha256,
    Sha384,
    Sha512,
}

impl DigestKind {
    fn of(oid: &ObjectIdentifier) -> Result<Self, Doubt> {
        match oid.to_string().as_str() {
            "2.16.840.1.101.3.4.2.1" => Ok(Self::Sha256),
            "2.16.840.1.101.3.4.2.2" => Ok(Self::Sha384),
            "2.16.840.1.101.3.4.2.3" => Ok(Self::Sha512),
            _ => Err(Doubt::Algorithm),
        }
    }

    fn of_parts(self, parts: &[&[u8]]) -> Vec<u8> {
        fn all<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
            parts.iter().fold(D::new(), |digest, part| digest.chain_update(part)).finalize().to_vec()
        }
        match self {
            Self::Sha256 => all::<Sha256>(parts),
            Self::Sha384 => all::<Sha384>(parts),
            Self::Sha512 => all::<Sha512>(parts),
        }
    }

    /// Its length in bytes.
    fn length(self) -> u8 {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

type Algorithm = &'static dyn SignatureVerificationAlgorithm;

/// What may have made the signature. The digest of the attributes must be that of the content.
fn algorithms(stated: &AlgorithmIdentifierOwned, digest: DigestKind) -> Result<Vec<Algorithm>, Doubt> {
    use DigestKind::{Sha256, Sha384, Sha512};
    const RSA: &str = "1.2.840.113549.1.1.1";
    let oid = stated.oid.to_string();
    Ok(match (oid.as_str(), digest) {
        (RSA | "1.2.840.113549.1.1.11", Sha256) => vec![ring::RSA_PKCS1_2048_8192_SHA256],
        (RSA | "1.2.840.113549.1.1.12", Sha384) => vec![ring::RSA_PKCS1_2048_8192_SHA384],
        (RSA | "1.2.840.113549.1.1.13", Sha512) => vec![ring::RSA_PKCS1_2048_8192_SHA512],
        ("1.2.840.10045.4.3.2", Sha256) => vec![ring::ECDSA_P256_SHA256, ring::ECDSA_P384_SHA256],
        ("1.2.840.10045.4.3.3", Sha384) => vec![ring::ECDSA_P256_SHA384, ring::ECDSA_P384_SHA384],
        _ if stated.oid == PSS && is_usual_pss(stated, digest) => match digest {
            Sha256 => vec![ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY],
            Sha384 => vec![ring::RSA_PSS_2048_8192_SHA384_LEGACY_KEY],
            Sha512 => vec![ring::RSA_PSS_2048_8192_SHA512_LEGACY_KEY],
        },
        _ => return Err(Doubt::Algorithm),
    })
}

/// RFC 4055, 3.1. What is left out would mean SHA-1 or a salt of 20 bytes.
#[derive(Sequence)]
struct PssParameters {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    hash: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    mask: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    salt: Option<u8>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    trailer: Option<u8>,
}

/// One digest throughout, and a salt as long as it: what ring verifies.
fn is_usual_pss(stated: &AlgorithmIdentifierOwned, digest: DigestKind) -> bool {
    let parameters = stated.parameters.as_ref().and_then(|any| any.decode_as::<PssParameters>().ok());
    let Some(PssParameters { hash: Some(hash), mask: Some(mask), salt, trailer }) = parameters else { return false };
    let of_mask = mask.parameters.as_ref().and_then(|any| any.decode_as::<AlgorithmIdentifierOwned>().ok());
    let same = |algorithm: &AlgorithmIdentifierOwned| DigestKind::of(&algorithm.oid) == Ok(digest);
    same(&hash) && of_mask.is_some_and(|m| same(&m)) && salt == Some(digest.length()) && trailer.is_none_or(|t| t == 1)
}

/// A name as people write it: the common name, else the organisation. Without control characters, and not endless.
pub fn plain_name(name: &x509_cert::name::Name) -> String {
    use x509_cert::der::asn1::{BmpString, PrintableStringRef, TeletexStringRef, Utf8StringRef};
    let of = |kind: &str| {
        let all = name.0.iter().flat_map(|rdn| rdn.0.iter()).filter(|part| part.oid.to_string() == kind);
        all.filter_map(|part| {
            let value = &part.value;
            let utf8 = value.decode_as::<Utf8StringRef<'_>>().map(|s| s.as_str().to_owned());
            let printable = || value.decode_as::<PrintableStringRef<'_>>().map(|s| s.as_str().to_owned());
            let teletex = || value.decode_as::<TeletexStringRef<'_>>().map(|s| s.as_str().to_owned());
            let bmp = || value.decode_as::<BmpString>().map(|s| s.to_string());
            utf8.or_else(|_| printable()).or_else(|_| teletex()).or_else(|_| bmp()).ok()
        })
        .next_back()
    };
    let full = of("2.5.4.3").or_else(|| of("2.5.4.10")).unwrap_or_default();
    let seen: String = full.chars().map(|c| if c.is_control() { ' ' } else { c }).take(120).collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}
