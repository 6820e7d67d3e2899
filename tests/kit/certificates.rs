//! An authority made for one test, and the certificates it signs for loopback.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_ED25519, SignatureAlgorithm, date_time_ymd,
};

/// PEM files of one authority and one server certificate.
pub struct Certificates {
    pub ca_file: PathBuf,
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Certificates {
    /// A certificate for `localhost` and `127.0.0.1`.
    pub fn for_loopback(folder: &Path) -> Self {
        Self::for_names(folder, &["localhost", "127.0.0.1"], false)
    }

    /// As [`Certificates::for_loopback`], with keys whose signatures are all of one length (Ed25519): so is every handshake.
    pub fn of_even_length(folder: &Path) -> Self {
        Self::made(folder, &["localhost", "127.0.0.1"], false, &PKCS_ED25519)
    }

    /// A certificate for `names`; `expired` ones ended in 2001.
    pub fn for_names(folder: &Path, names: &[&str], expired: bool) -> Self {
        Self::made(folder, names, expired, &PKCS_ECDSA_P256_SHA256)
    }

    fn made(folder: &Path, names: &[&str], expired: bool, keys: &'static SignatureAlgorithm) -> Self {
        let key = || KeyPair::generate_for(keys).expect("a key");
        let mut authority = CertificateParams::new(Vec::new()).expect("no names to refuse");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority = CertifiedIssuer::self_signed(authority, key()).expect("an authority");
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut server = CertificateParams::new(names).expect("names of a server");
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        if expired {
            server.not_before = date_time_ymd(2000, 1, 1);
            server.not_after = date_time_ymd(2001, 1, 1);
        }
        let key = key();
        let certificate = server.signed_by(&key, &authority).expect("a certificate");
        let paths = Self {
            ca_file: folder.join("ca.pem"),
            certificate: folder.join("server.pem"),
            key: folder.join("server.key"),
        };
        std::fs::write(&paths.ca_file, authority.pem()).expect("the folder is ours");
        std::fs::write(&paths.certificate, certificate.pem()).expect("the folder is ours");
        std::fs::write(&paths.key, key.serialize_pem()).expect("the folder is ours");
        paths
    }
}
