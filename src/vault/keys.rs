//! The keys and what is derived from what. One master key stands outside the database; every other key is derived from
//! it by HMAC-SHA256 with a label, or random and wrapped under one that is. Destroying a dossier's wrapped key destroys
//! the dossier; destroying the master key destroys all of them, so the operator keeps a copy in a safe.

use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::evidence::EvidenceKey;
use super::seal::{Binding, SealingKey, Unopened};
use super::tokens::{LinkKey, MessageKey};
use super::{Random, Secret};

/// Name of the systemd credential that holds the master key (`LoadCredentialEncrypted=loket.master:…`).
const CREDENTIAL: &str = "loket.master";
/// The environment variable that holds it, in base64.
const VARIABLE: &str = "LOKET_MASTER_KEY";

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
    #[error("The master key in {place} is not 32 bytes, raw or in base64. Create one with `openssl rand -base64 32`")]
    Malformed { place: String },
    #[error("The master key file {place} can be read by others (mode {mode:o}). Run `chmod 600` on it")]
    Exposed { place: String, mode: u32 },
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

    /// Finds the key where the operator put it: the configured file, else the systemd credential `loket.master`, else
    /// `LOKET_MASTER_KEY`, else `<state>/master.key`, which is created on first start. `variables` looks up an
    /// environment variable. Returns the key and where it lies, for the operator's log.
    pub fn find(
        configured: Option<&Path>,
        state: &Path,
        variables: &dyn Fn(&str) -> Option<String>,
        random: &dyn Random,
    ) -> Result<(Self, PathBuf), KeyError> {
        if let Some(file) = configured {
            return Ok((Self::read(file)?, file.to_owned()));
        }
        if let Some(folder) = variables("CREDENTIALS_DIRECTORY") {
            let file = Path::new(&folder).join(CREDENTIAL);
            if file.exists() {
                return Ok((Self::read(&file)?, file));
            }
        }
        if let Some(text) = variables(VARIABLE).map(Zeroizing::new) {
            let key = Self::parse(text.as_bytes()).ok_or(KeyError::Malformed { place: VARIABLE.to_owned() })?;
            return Ok((key, PathBuf::from(format!("${VARIABLE}"))));
        }
        let file = state.join("master.key");
        match Self::read(&file) {
            Ok(key) => Ok((key, file)),
            Err(KeyError::Unreadable { .. }) if !file.exists() => Self::create(&file, random).map(|key| (key, file)),
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

    fn derive(&self, label: &str) -> [u8; 32] {
        hmac_sha256(&self.0, &[b"loket/1", label.as_bytes()])
    }
}

/// Everything derived from the master key, each for one use.
#[derive(Clone)]
pub struct Keyring {
    wrapping: SealingKey,
    /// Seals what belongs to the office and no dossier.
    pub office: SealingKey,
    /// Makes index values unreadable at rest.
    pub index: IndexKey,
    /// Makes the tokens of links.
    pub links: LinkKey,
    /// Makes Message-IDs that cannot be guessed.
    pub messages: MessageKey,
    /// Seals temporary passwords and other one-time secrets.
    pub passwords: PasswordKey,
    /// Signs heads of the record.
    pub evidence: EvidenceKey,
}

impl Keyring {
    pub fn new(master: &MasterKey) -> Self {
        Self {
            wrapping: SealingKey::from_bytes(master.derive("wrap dossier keys")),
            office: SealingKey::from_bytes(master.derive("office documents")),
            index: IndexKey(SealingKey::from_bytes(master.derive("index"))),
            links: LinkKey::from_bytes(master.derive("links")),
            messages: MessageKey::from_bytes(master.derive("message ids")),
            passwords: PasswordKey(SealingKey::from_bytes(master.derive("temporary passwords"))),
            evidence: EvidenceKey::from_bytes(master.derive("evidence signing")),
        }
    }

    /// Seals a dossier's key for keeping; `owner` is the case it belongs to.
    pub fn wrap(&self, random: &dyn Random, owner: &[&[u8]], key: &DossierKey) -> Vec<u8> {
        self.wrapping.seal(random, &owned_by(owner), key.0.bytes())
    }

    pub fn unwrap(&self, owner: &[&[u8]], wrapped: &[u8]) -> Result<DossierKey, Unopened> {
        let bytes = Zeroizing::new(self.wrapping.open(&owned_by(owner), wrapped)?);
        let bytes = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| Unopened)?;
        Ok(DossierKey(SealingKey::from_bytes(bytes)))
    }

    /// A value that tells whether two stores were sealed under one master key, and nothing else.
    pub fn fingerprint(&self) -> [u8; 32] {
        hmac_sha256(self.wrapping.bytes(), &[b"fingerprint"])
    }
}

fn owned_by(owner: &[&[u8]]) -> Binding {
    Binding::of(&[&[b"dossier key".as_slice()], owner].concat())
}

/// A dossier's own key: random, born before the first byte of the case is written.
#[derive(Clone)]
pub struct DossierKey(SealingKey);

impl DossierKey {
    pub fn generate(random: &dyn Random) -> Self {
        Self(SealingKey::generate(random))
    }

    pub fn seal(&self, random: &dyn Random, binding: &Binding, plain: &[u8]) -> Vec<u8> {
        self.0.seal(random, binding, plain)
    }

    pub fn open(&self, binding: &Binding, sealed: &[u8]) -> Result<Vec<u8>, Unopened> {
        self.0.open(binding, sealed)
    }
}

/// Turns index values into ones that can be compared but not read.
#[derive(Clone)]
pub struct IndexKey(SealingKey);

impl IndexKey {
    pub fn blind(&self, parts: &[&str]) -> [u8; 32] {
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        hmac_sha256(self.0.bytes(), &parts)
    }
}

/// Seals one-time secrets. The key never lies in the database, so that a copy of it gives none away.
#[derive(Clone)]
pub struct PasswordKey(SealingKey);

impl PasswordKey {
    /// `case` and `id` say whose secret it is; it opens only there.
    pub fn seal(&self, random: &dyn Random, case: &str, id: &str, plain: &Secret<String>) -> Vec<u8> {
        self.0.seal(random, &Self::place(case, id), plain.expose().as_bytes())
    }

    pub fn open(&self, case: &str, id: &str, sealed: &[u8]) -> Result<Secret<String>, Unopened> {
        let plain = self.0.open(&Self::place(case, id), sealed)?;
        String::from_utf8(plain).map(Secret::new).map_err(|_| Unopened)
    }

    fn place(case: &str, id: &str) -> Binding {
        Binding::of(&[b"temporary password", case.as_bytes(), id.as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::SeededRandom;

    #[test]
    fn a_wrapped_key_opens_for_its_case_under_its_master_alone() {
        let random = SeededRandom::new(1);
        let ring = Keyring::new(&MasterKey::generate(&random));
        let other = Keyring::new(&MasterKey::generate(&random));
        let key = DossierKey::generate(&random);
        let wrapped = ring.wrap(&random, &[b"office", b"LPSE-2026-0001"], &key);

        let again = ring.unwrap(&[b"office", b"LPSE-2026-0001"], &wrapped).unwrap();

        let place = Binding::of(&[b"p"]);
        assert_eq!(again.open(&place, &key.seal(&random, &place, b"x")).unwrap(), b"x");
        assert!(ring.unwrap(&[b"office", b"LPSE-2026-0002"], &wrapped).is_err());
        assert!(other.unwrap(&[b"office", b"LPSE-2026-0001"], &wrapped).is_err());
        assert_ne!(ring.fingerprint(), other.fingerprint());
    }

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
        let nothing = |_: &str| None;

        let (made, place) = MasterKey::find(None, folder.path(), &nothing, &random).unwrap();
        let (found, _) = MasterKey::find(None, folder.path(), &nothing, &random).unwrap();

        assert!(made.0 == found.0);
        assert_eq!(std::fs::metadata(place).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_configured_key_that_is_missing_or_open_to_others_is_an_error_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let random = SeededRandom::new(3);
        let file = folder.path().join("kunci");

        let missing = MasterKey::find(Some(&file), folder.path(), &|_| None, &random);
        std::fs::write(&file, STANDARD.encode([1u8; 32])).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let exposed = MasterKey::find(Some(&file), folder.path(), &|_| None, &random);

        assert!(matches!(missing, Err(KeyError::Unreadable { .. })));
        assert!(matches!(exposed, Err(KeyError::Exposed { mode: 0o644, .. })));
    }

    #[test]
    fn the_environment_and_the_credential_come_before_the_state_folder() {
        let folder = tempfile::tempdir().unwrap();
        let random = SeededRandom::new(4);
        let variable = |name: &str| (name == VARIABLE).then(|| STANDARD.encode([9u8; 32]));
        let credentials = folder.path().to_str().unwrap().to_owned();
        let credential = |name: &str| (name == "CREDENTIALS_DIRECTORY").then(|| credentials.clone());

        let (from_variable, _) = MasterKey::find(None, folder.path(), &variable, &random).unwrap();
        std::fs::write(folder.path().join(CREDENTIAL), [8u8; 32]).unwrap();
        std::fs::set_permissions(folder.path().join(CREDENTIAL), std::fs::Permissions::from_mode(0o400)).unwrap();
        let (from_credential, _) = MasterKey::find(None, folder.path(), &credential, &random).unwrap();

        assert!(from_variable.0 == [9u8; 32]);
        assert!(from_credential.0 == [8u8; 32]);
        assert!(!folder.path().join("master.key").exists());
    }

    #[test]
    fn a_temporary_password_opens_for_its_own_case_alone() {
        let random = SeededRandom::new(5);
        let ring = Keyring::new(&MasterKey::generate(&random));
        let sealed = ring.passwords.seal(&random, "LPSE-2026-0001", "r1", &Secret::new("Abcd-2345".to_owned()));

        let opened = ring.passwords.open("LPSE-2026-0001", "r1", &sealed).unwrap();

        assert_eq!(opened.expose(), "Abcd-2345");
        assert!(ring.passwords.open("LPSE-2026-0002", "r1", &sealed).is_err());
        assert!(!sealed.windows(9).any(|part| part == b"Abcd-2345"));
    }
}
