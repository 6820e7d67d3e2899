//! `[signatures]`: whose certificates an electronic signature on a paper must lead to.

use der::Decode;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_cert::Certificate;
use x509_cert::ext::pkix::BasicConstraints;

use super::section::Section;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignaturesConfig {
    /// Certificates of authorities, each as DER. None: no electronic signature can be tested.
    pub roots: Vec<Vec<u8>>,
}

impl SignaturesConfig {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let mut roots = Vec::new();
        for (index, path) in section.paths("roots").into_iter().enumerate() {
            let name = format!("roots[{index}]");
            let what = "certificates of an authority, in PEM or DER";
            let Some(file) = section.bytes(&name, &path, what) else { continue };
            match certificates(&file) {
                Ok(found) => roots.extend(found),
                Err(why) => section.find(&name, format!("names {}, which {why}. It must hold {what}", path.display())),
            }
        }
        section.finish();
        Self { roots }
    }
}

/// The certificates of a file, PEM (one or several) or DER, each as DER. Says what is wrong with it.
fn certificates(file: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
    let found: Vec<Vec<u8>> = if memchr::memmem::find(file, b"-----BEGIN ").is_some() {
        let each = CertificateDer::pem_slice_iter(file).map(|one| one.map(|der| der.to_vec()));
        each.collect::<Result<_, _>>().map_err(|_| "is damaged PEM")?
    } else {
        vec![file.to_vec()]
    };
    if found.is_empty() {
        return Err("holds no certificate");
    }
    for der in &found {
        let certificate = Certificate::from_der(der).map_err(|_| "holds no certificate that can be read")?;
        let basic = certificate.tbs_certificate.get::<BasicConstraints>().ok().flatten();
        if !basic.is_some_and(|(_, basic)| basic.ca) {
            return Err("holds a certificate that may not issue others");
        }
    }
    Ok(found)
}
