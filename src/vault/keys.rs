//! The master key: 32 bytes that stand outside the database, and where the operator puts them. Destroying it destroys
//! every dossier, so the operator keeps a copy in a safe. What hangs on it is in [`super::keyring`].

use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::Random;

pub(super) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(&(part.len() as u32).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Why there is no master key, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error(
        "Cannot read the master key from {place}: {why}. Put 32 bytes there, raw or in base64, readable by the service alone"
    )]
    Unreadable { place: String, why: String },
    #[error("Cannot look at the master key {place}: {why}. Run this as root or as the daemon's user")]
    Hidden { place: String, why: String },
    #[error(
        "The master key in {place} is not 32 bytes, raw or in base64. Put back the one that the state is sealed under; for a new office make one with `openssl rand -base64 32`"
    )]
    Malformed { place: String },
    #[error("The master key file {place} can be read by others (mode {mode:o}). Run `chmod 600` on it")]
    Exposed { place: String, mode: u32 },
    /// Where none may be made.
    #[error(
        "There is no master key at {place}. Put the key there that the state, or the backup, is sealed under, or name its place in the configuration"
    )]
    Missing { place: String },
}

/// The key everything hangs on: 32 bytes, kept outside the database.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = [0u8; 32];
        random.fill(&mut bytes);
        Self(bytes)
    }

    /// Reads 32 raw bytes or their base64 (padded or not, standard or URL alphabet), white space around it allowed.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        if let Ok(raw) = <[u8; 32]>::try_from(bytes) {
            return Some(Self(raw));
        }
        let text = std::str::from_utf8(bytes).ok()?.trim();
        [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD].iter().find_map(|alphabet| {
            let decoded = Zeroizing::new(alphabet.decode(text).ok()?);
            <[u8; 32]>::try_from(decoded.as_slice()).ok().map(Self)
        })
    }

    /// Finds the key of an office that configured none: `<state>/master.key`, which is created on first start; without `random`
    /// none is. Returns the key and where it lies, for the operator's log.
    pub fn find(state: &Path, random: Option<&dyn Random>) -> Result<(Self, PathBuf), KeyError> {
        let file = state.join("master.key");
        match Self::read(&file) {
            Ok(key) => Ok((key, file)),
            Err(KeyError::Unreadable { place, why }) => match (file.try_exists(), random) {
                (Ok(false), Some(random)) => Self::create(&file, random).map(|key| (key, file)),
                (Ok(false), None) => Err(KeyError::Missing { place }),
                (Ok(true), _) => Err(KeyError::Unreadable { place, why }),
                (Err(_), _) => Err(KeyError::Hidden { place, why }),
            },
            Err(error) => Err(error),
        }
    }

    fn read(file: &Path) -> Result<Self, KeyError> {
        let place = file.display().to_string();
        let unreadable = |error: std::io::Error| KeyError::Unreadable { place: place.clone(), why: error.to_string() };
        let mode = std::fs::metadata(file).map_err(unreadable)?.permissions().mode() & 0o777;
        if mode & 0o007 != 0 {
            return Err(KeyError::Exposed { place, mode });
        }
        let bytes = Zeroizing::new(std::fs::read(file).map_err(unreadable)?);
        Self::parse(&bytes).ok_or(KeyError::Malformed { place })
    }

    /// Writes a new key beside its final name and links it there, so that a crash leaves a whole key or none and a key
    /// that is there is never replaced.
    fn create(file: &Path, random: &dyn Random) -> Result<Self, KeyError> {
        let place = file.display().to_string();
        let unreadable = |error: std::io::Error| KeyError::Unreadable { place: place.clone(), why: error.to_string() };
        let key = Self::generate(random);
        let text = Zeroizing::new(format!("{}\n", STANDARD.encode(key.0)));
        let part = file.with_extension("key.part");
        match std::fs::remove_file(&part) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(unreadable(error)),
            _ => {}
        }
        let mut out =
            std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part).map_err(unreadable)?;
        out.write_all(text.as_bytes()).and_then(|()| out.sync_all()).map_err(unreadable)?;
        std::fs::hard_link(&part, file).map_err(unreadable)?;
        std::fs::remove_file(&part).map_err(unreadable)?;
        if let Some(folder) = file.parent() {
            std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(unreadable)?;
        }
        Ok(key)
    }

    pub(super) fn derive(&self, label: &str) -> [u8; 32] {
        hmac_sha256(&self.0, &[b"loket/1", label.as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::SeededRandom;

    #[test]
    fn a_master_key_is_read_raw_or_in_base64_and_nothing_else() {
        let raw = [7u8; 32];
        let text = STANDARD.encode(raw);

        assert!(MasterKey::parse(&raw).is_some_and(|key| key.0 == raw));
        assert!(MasterKey::parse(format!(" {text}\n").as_bytes()).is_some_and(|key| key.0 == raw));
        assert!(MasterKey::parse(text.trim_end_matches('=').as_bytes()).is_some_and(|key| key.0 == raw));
        assert!(MasterKey::parse(b"too short").is_none());
        assert!(MasterKey::parse(&[7u8; 31]).is_none());
    }

    #[test]
    fn the_first_start_makes_a_key_that_the_second_start_finds() {
        let folder = tempfile::tempdir().unwrap();
        let random = SeededRandom::new(2);

        let (made, place) = MasterKey::find(folder.path(), Some(&random)).unwrap();
        let (found, _) = MasterKey::find(folder.path(), Some(&random)).unwrap();

        assert!(made.0 == found.0);
        assert_eq!(std::fs::metadata(place).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_key_that_is_missing_is_not_made_without_randomness() {
        let folder = tempfile::tempdir().unwrap();

        let missing = MasterKey::find(folder.path(), None);

        assert!(matches!(missing, Err(KeyError::Missing { .. })));
        assert!(!folder.path().join("master.key").exists());
    }

    /// It was called missing, and the operator told to put one there.
    #[test]
    fn a_key_that_cannot_be_looked_at_is_not_called_missing() {
        let folder = tempfile::tempdir().unwrap();
        let no_folder = folder.path().join("state");
        std::fs::write(&no_folder, "").unwrap();

        let told = MasterKey::find(&no_folder, None).err().unwrap().to_string();

        assert!(told.starts_with("Cannot look at the master key"), "{told}");
    }

    #[test]
    fn a_key_that_is_malformed_or_open_to_others_is_an_error_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let random = SeededRandom::new(3);
        let file = folder.path().join("master.key");
        let written = |text: &str, mode| {
            std::fs::write(&file, text).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            MasterKey::find(folder.path(), Some(&random))
        };

        let malformed = written("kunci", 0o600);
        let exposed = written(&STANDARD.encode([1u8; 32]), 0o644);

        assert!(matches!(malformed, Err(KeyError::Malformed { .. })));
        assert!(matches!(exposed, Err(KeyError::Exposed { mode: 0o644, .. })));
    }
}
