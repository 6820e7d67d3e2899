//! The desk's certificate and key, read again when the files change, so that a renewal needs no restart. A new pair
//! that cannot be read is logged and the old one stays.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::time::Instant;

/// The files are looked at no more often than this.
const LOOK: Duration = Duration::from_secs(5);

/// Why a certificate cannot be used; never holds key material.
#[derive(Debug, thiserror::Error)]
#[error("Cannot use `{}`: {why}. {what_to_do}", path.display())]
pub struct CertificateError {
    path: PathBuf,
    why: String,
    what_to_do: &'static str,
}

/// A certificate chain and its key, from two PEM files.
pub struct Certificates {
    chain: PathBuf,
    key: PathBuf,
    state: Mutex<State>,
}

struct State {
    config: Arc<ServerConfig>,
    stamp: Stamp,
    looked: Instant,
}

/// Tells whether files changed: time and size of both.
type Stamp = [Option<(SystemTime, u64)>; 2];

impl Certificates {
    /// Reads both files; the key must belong to the certificate.
    pub fn load(chain: &Path, key: &Path) -> Result<Self, CertificateError> {
        let stamp = stamp(chain, key);
        let config = read(chain, key)?;
        let state = Mutex::new(State { config, stamp, looked: Instant::now() });
        Ok(Self { chain: chain.to_owned(), key: key.to_owned(), state })
    }

    /// The pair for the next handshake, as new as the files.
    pub fn current(&self) -> Arc<ServerConfig> {
        let due = self.state().looked.elapsed() >= LOOK;
        if due {
            self.refresh();
        }
        Arc::clone(&self.state().config)
    }

    /// Looks at the files now. True when a new pair was taken.
    pub fn refresh(&self) -> bool {
        let stamp = stamp(&self.chain, &self.key);
        {
            let mut state = self.state();
            state.looked = Instant::now();
            if state.stamp == stamp {
                return false;
            }
        }
        match read(&self.chain, &self.key) {
            Ok(config) => {
                let mut state = self.state();
                (state.config, state.stamp) = (config, stamp);
                tracing::info!("The desk's certificate was read again");
                true
            }
            Err(cause) => {
                // A renewal replaces two files one after the other; the next look may find both.
                tracing::warn!(%cause, "The desk keeps its old certificate");
                false
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stamp(chain: &Path, key: &Path) -> Stamp {
    [chain, key].map(|path| {
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    })
}

fn read(chain: &Path, key: &Path) -> Result<Arc<ServerConfig>, CertificateError> {
    let failed = |path: &Path, why: String, what_to_do| CertificateError { path: path.to_owned(), why, what_to_do };
    let certificates: Vec<CertificateDer<'static>> =
        CertificateDer::pem_file_iter(chain)
            .and_then(Iterator::collect)
            .map_err(|e| failed(chain, e.to_string(), "Give the PEM file with the certificate and its chain"))?;
    if certificates.is_empty() {
        let what_to_do = "Give the PEM file with the certificate and its chain";
        return Err(failed(chain, "it holds no certificate".into(), what_to_do));
    }
    let private = PrivateKeyDer::from_pem_file(key)
        .map_err(|e| failed(key, e.to_string(), "Give the PEM file with the unencrypted private key"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(certificates, private))
        .map_err(|e| failed(key, e.to_string(), "Check that the key belongs to the certificate"))?;
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write_pair(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
        let pair = rcgen::generate_simple_self_signed([name.to_owned()]).expect("rcgen signs for any host name");
        let (chain, key) = (folder.join("chain.pem"), folder.join("key.pem"));
        std::fs::write(&chain, pair.cert.pem()).expect("the temporary folder takes files");
        std::fs::write(&key, pair.signing_key.serialize_pem()).expect("the temporary folder takes files");
        (chain, key)
    }

    #[test]
    fn a_renewed_pair_is_taken_and_a_broken_one_is_not() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (chain, key) = write_pair(folder.path(), "satu.example");
        let certificates = Certificates::load(&chain, &key).expect("a good pair");
        let first = certificates.current();

        assert!(!certificates.refresh());
        std::fs::write(&chain, "rusak").expect("the temporary folder takes files");
        assert!(!certificates.refresh());
        assert!(Arc::ptr_eq(&first, &certificates.current()));
        write_pair(folder.path(), "dua-yang-lebih-panjang.example");
        assert!(certificates.refresh());
        assert!(!Arc::ptr_eq(&first, &certificates.current()));
    }

    #[test]
    fn a_key_of_another_certificate_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let other = tempfile::tempdir().expect("a temporary folder");
        let (chain, _) = write_pair(folder.path(), "satu.example");
        let (_, key) = write_pair(other.path(), "dua.example");

        let refused = Certificates::load(&chain, &key).err().expect("the key is another's");

        assert!(refused.to_string().contains("key.pem"));
    }
}
