//! Where a secret is kept: a systemd credential, a file, or an environment variable. Never the configuration itself.

use std::fmt;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// No secret is larger; a device or a wrong file is not read to its end.
const LARGEST: u64 = 64 * 1024;
/// Credentials of `loket.service` while it runs (systemd.exec(5)); only root and the daemon's user can look there.
const UNIT_CREDENTIALS: &str = "/run/credentials/loket.service";

/// The place of one secret. Shown freely: it names the place, never the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// A name given to `LoadCredential=` or `SetCredential=` of the unit.
    Credential(String),
    File(PathBuf),
    Environment(String),
}

/// Why a secret could not be read, in a sentence without the secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SecretError(String);

impl SecretSource {
    /// Reads a secret text, such as a password; a line break at its end is left out.
    pub fn read_text(&self) -> Result<Zeroizing<String>, SecretError> {
        let bytes = self.read_bytes()?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| SecretError(format!("{self} is not text in UTF-8; write the password alone")))?;
        let text = text.strip_suffix('\n').map_or(text, |t| t.strip_suffix('\r').unwrap_or(t));
        if text.is_empty() {
            return Err(SecretError(format!("{self} is empty; write the password into it")));
        }
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// Reads a secret as it is, such as a key.
    pub fn read_bytes(&self) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        match self {
            Self::Credential(name) => match credentials() {
                Some(directory) => self.read_file(&directory.join(name)),
                None => Err(SecretError(format!(
                    "{self} cannot be read: systemd gave this process no credentials. They are there while the unit runs: start it, \
                     or run this through `systemd-run --pipe --wait -p LoadCredential={name}:…`; the unit itself needs that line too"
                ))),
            },
            Self::File(path) => {
                self.refuse_open_file(path)?;
                self.read_file(path)
            }
            Self::Environment(name) => match std::env::var(name) {
                Ok(value) => Ok(Zeroizing::new(value.into_bytes())),
                Err(_) => Err(SecretError(format!("{self} is not set, or not text; set it for the daemon"))),
            },
        }
    }

    fn read_file(&self, path: &Path) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        let failed = |why: std::io::Error| {
            let remedy = match why.kind() {
                ErrorKind::NotFound => "Create it or correct the key",
                ErrorKind::PermissionDenied => "Let the daemon's user read it",
                _ => "Give a file that can be read",
            };
            SecretError(format!("{self} cannot be read: {why}. {remedy}"))
        };
        let file = std::fs::File::open(path).map_err(failed)?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
        file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > LARGEST {
            return Err(SecretError(format!("{self} is larger than 64 KiB, which no secret is; correct the key")));
        }
        Ok(bytes)
    }

    fn refuse_open_file(&self, path: &Path) -> Result<(), SecretError> {
        let mode = std::fs::metadata(path).map_or(0, |m| m.permissions().mode());
        if mode & 0o007 == 0 {
            return Ok(());
        }
        Err(SecretError(format!(
            "{self} is open to every user of this machine (mode {:03o}); run chmod 600 on it",
            mode & 0o777
        )))
    }
}

/// Where systemd put this process's credentials; else, for root at the command line, those of the running unit.
fn credentials() -> Option<PathBuf> {
    let own = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    own.or_else(|| Some(PathBuf::from(UNIT_CREDENTIALS)).filter(|directory| directory.is_dir()))
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credential(name) => write!(f, "the credential `{name}`"),
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Environment(name) => write!(f, "the environment variable `{name}`"),
        }
    }
}
