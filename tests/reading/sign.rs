//! An authority, the people it certifies, and PDFs that they sign: written byte by byte, so that each part can be wrong.

use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use der::asn1::{Any, ObjectIdentifier, OctetString, SetOfVec};
use der::{Decode, Encode};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SigningKey, date_time_ymd,
};
use sha2::{Digest, Sha256};
use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::spki::AlgorithmIdentifierOwned;

/// Room for a signature, in hexadecimal digits.
const ROOM: usize = 6000;

pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub root: Vec<u8>,
}

pub struct Person {
    key: KeyPair,
    certificate: Vec<u8>,
}

fn named(name: &str, from: i32, until: i32) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = named(name, 2020, 2050);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().expect("a key");
        let root = params.self_signed(&key).expect("a certificate").der().to_vec();
        Self { issuer: Issuer::new(params, key), root }
    }

    /// A person whose certificate lasts through 2026.
    pub fn person(&self, name: &str) -> Person {
        self.certified(named(name, 2026, 2027), ExtendedKeyUsagePurpose::EmailProtection)
    }

    pub fn person_for(&self, name: &str, purpose: ExtendedKeyUsagePurpose) -> Person {
        self.certified(named(name, 2026, 2027), purpose)
    }

    fn certified(&self, mut params: CertificateParams, purpose: ExtendedKeyUsagePurpose) -> Person {
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![purpose];
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate").der().to_vec();
        Person { key, certificate }
    }
}

/// A signature dictionary whose range and contents are still to be filled in.
pub fn dictionary() -> Vec<u8> {
    let range = ["0000000000"; 4].join(" ");
    let format = "/Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/M(D:20261111091430+08'00')";
    format!("<<{format}/ByteRange[{range}]/Contents<{}>>>", "0".repeat(ROOM)).into_bytes()
}

/// Signs the whole of a PDF whose last signature dictionary is empty.
pub fn sign(pdf: Vec<u8>, person: &Person) -> Vec<u8> {
    sign_as(pdf, |covered| person.envelope(&Sha256::digest(covered)))
}

/// As [`sign`], with whatever envelope is made of the covered bytes.
pub fn sign_as(mut pdf: Vec<u8>, envelope: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let gap = gap(&pdf);
    let range = format!("{:010} {:010} {:010} {:010}", 0, gap.start, gap.end, pdf.len() - gap.end);
    let at = find_last(&pdf, b"/ByteRange[") + b"/ByteRange[".len();
    pdf[at..at + range.len()].copy_from_slice(range.as_bytes());
    let digits: String =
        envelope(&[&pdf[..gap.start], &pdf[gap.end..]].concat()).iter().map(|b| format!("{b:02x}")).collect();
    pdf[gap.start + 1..gap.start + 1 + digits.len()].copy_from_slice(digits.as_bytes());
    pdf
}

/// Where the last signature lies, its brackets included.
pub fn gap(pdf: &[u8]) -> std::ops::Range<usize> {
    let start = find_last(pdf, b"/Contents<") + b"/Contents".len();
    start..start + ROOM + 2
}

fn find_last(pdf: &[u8], what: &[u8]) -> usize {
    pdf.windows(what.len()).rposition(|window| window == what).expect("it is there")
}

/// Appends objects to a PDF, as an incremental update (ISO 32000-2, 7.5.6).
pub fn update(mut pdf: Vec<u8>, objects: &[(usize, Vec<u8>)]) -> Vec<u8> {
    let at = find_last(&pdf, b"startxref\n") + b"startxref\n".len();
    let before: String = pdf[at..].iter().take_while(|b| b.is_ascii_digit()).map(|b| char::from(*b)).collect();
    let mut table = String::new();
    for (id, body) in objects {
        table += &format!("{id} 1\n{:010} 00000 n \n", pdf.len());
        pdf.extend(format!("{id} 0 obj\n").as_bytes());
        pdf.extend(body);
        pdf.extend(b"\nendobj\n");
    }
    let start = pdf.len();
    let trailer = format!("trailer\n<</Size 100/Root 1 0 R/Prev {before}>>\nstartxref\n{start}\n%%EOF\n");
    pdf.extend(format!("xref\n{table}{trailer}").as_bytes());
    pdf
}

fn algorithm(oid: &str) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid: ObjectIdentifier::new_unwrap(oid), parameters: None }
}

fn attribute(oid: &str, value: Any) -> Attribute {
    let values = SetOfVec::try_from(vec![value]).expect("one value");
    Attribute { oid: ObjectIdentifier::new_unwrap(oid), values }
}

impl Person {
    /// A CMS blob over this digest by SHA-256, signed by ECDSA (RFC 5652, 5).
    pub fn envelope(&self, digest: &[u8]) -> Vec<u8> {
        self.envelope_signed_by(self, digest)
    }

    /// The same in this person's name, with another's key.
    pub fn envelope_signed_by(&self, other: &Person, digest: &[u8]) -> Vec<u8> {
        let data = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
        let sha256 = algorithm("2.16.840.1.101.3.4.2.1");
        let digest = OctetString::new(digest).expect("a digest");
        let attributes = SetOfVec::try_from(vec![
            attribute("1.2.840.113549.1.9.3", Any::encode_from(&data).expect("an OID")),
            attribute("1.2.840.113549.1.9.4", Any::encode_from(&digest).expect("a digest")),
        ])
        .expect("two attributes");
        let signature = other.key.sign(&attributes.to_der().expect("DER")).expect("a signature");
        let certificate = Certificate::from_der(&self.certificate).expect("a certificate");
        let tbs = certificate.tbs_certificate.clone();
        let id = IssuerAndSerialNumber { issuer: tbs.issuer, serial_number: tbs.serial_number };
        let info = SignerInfo {
            version: CmsVersion::V1,
            sid: SignerIdentifier::IssuerAndSerialNumber(id),
            digest_alg: sha256.clone(),
            signed_attrs: Some(attributes),
            signature_algorithm: algorithm("1.2.840.10045.4.3.2"),
            signature: OctetString::new(signature).expect("a signature"),
            unsigned_attrs: None,
        };
        let certificates = SetOfVec::try_from(vec![CertificateChoices::Certificate(certificate)]).expect("one");
        let signed = SignedData {
            version: CmsVersion::V1,
            digest_algorithms: SetOfVec::try_from(vec![sha256]).expect("one"),
            encap_content_info: EncapsulatedContentInfo { econtent_type: data, econtent: None },
            certificates: Some(CertificateSet(certificates)),
            crls: None,
            signer_infos: SignerInfos(SetOfVec::try_from(vec![info]).expect("one")),
        };
        let content_type = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
        ContentInfo { content_type, content: Any::encode_from(&signed).expect("DER") }.to_der().expect("DER")
    }
}
