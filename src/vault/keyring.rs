//! What hangs on the master key. Three keys are derived from it by HMAC-SHA256 with a label: one wraps the dossiers' own
//! random keys, one seals the office's documents, one seals one-time secrets. When the master key changes, what they
//! sealed is renewed. Four more outlast every change, since what they made stands in letters, indexes and signed heads:
//! they are random, and lie in the store sealed under the master key.

use zeroize::Zeroizing;

use super::evidence::EvidenceKey;
use super::keys::{MasterKey, hmac_sha256};
use super::seal::{Binding, SealingKey, Unopened};
use super::succession::Succession;
use super::tokens::{LinkKey, MessageKey};
use super::{Random, Secret};

/// Every key, each for one use.
#[derive(Clone)]
pub struct Keyring {
    wrapping: Succession,
    /// Seals what belongs to the office and no dossier.
    pub office: Succession,
    /// Seals temporary passwords and other one-time secrets.
    pub passwords: PasswordKey,
    /// Makes index values unreadable at rest.
    pub index: IndexKey,
    /// Makes the tokens of links.
    pub links: LinkKey,
    /// Makes Message-IDs that cannot be guessed.
    pub messages: MessageKey,
    /// Signs heads of the record.
    pub evidence: EvidenceKey,
    /// Of each master key, the newest first: its fingerprint and the lasting keys that schema 1 derived from it.
    masters: Vec<([u8; 32], LastingKeys)>,
}

/// Index, links, Message-IDs and evidence, 32 bytes each.
#[derive(Clone)]
pub struct LastingKeys([SealingKey; 4]);

impl LastingKeys {
    pub fn generate(random: &dyn Random) -> Self {
        Self(std::array::from_fn(|_| SealingKey::generate(random)))
    }

    fn derived(master: &MasterKey) -> Self {
        Self(
            ["index", "links", "message ids", "evidence signing"]
                .map(|label| SealingKey::from_bytes(master.derive(label))),
        )
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (parts, []) = bytes.as_chunks::<32>() else { return None };
        let parts: &[[u8; 32]; 4] = parts.try_into().ok()?;
        Some(Self(parts.map(SealingKey::from_bytes)))
    }

    fn write(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.iter().flat_map(|key| *key.bytes()).collect())
    }
}

impl Keyring {
    pub fn new(master: &MasterKey) -> Self {
        Self::following(master, None)
    }

    /// With the master key that stood before, whose seals still open. The lasting keys are those of a store that knew
    /// none of its own; a store that has some puts them in with [`Keyring::with_lasting`].
    pub fn following(master: &MasterKey, previous: Option<&MasterKey>) -> Self {
        let key = |master: &MasterKey, label: &str| SealingKey::from_bytes(master.derive(label));
        let succession = |label: &str| {
            Succession::new(key(master, label), previous.map(|previous| key(previous, label)).into_iter().collect())
        };
        let wrapping = "wrap dossier keys";
        let masters = std::iter::once(master).chain(previous).map(|master| {
            (hmac_sha256(key(master, wrapping).bytes(), &[b"fingerprint"]), LastingKeys::derived(master))
        });
        Self {
            wrapping: succession(wrapping),
            office: succession("office documents"),
            passwords: PasswordKey(succession("temporary passwords")),
            index: IndexKey(key(master, "index")),
            links: LinkKey::from_bytes(master.derive("links")),
            messages: MessageKey::from_bytes(master.derive("message ids")),
            evidence: EvidenceKey::from_bytes(master.derive("evidence signing")),
            masters: masters.collect(),
        }
    }

    pub fn with_lasting(mut self, lasting: &LastingKeys) -> Self {
        let [index, links, messages, evidence] = &lasting.0;
        self.index = IndexKey(index.clone());
        self.links = LinkKey::from_bytes(*links.bytes());
        self.messages = MessageKey::from_bytes(*messages.bytes());
        self.evidence = EvidenceKey::from_bytes(*evidence.bytes());
        self
    }

    pub fn seal_lasting(&self, random: &dyn Random, lasting: &LastingKeys) -> Vec<u8> {
        self.wrapping.seal(random, &Self::lasting_place(), &lasting.write())
    }

    pub fn open_lasting(&self, sealed: &[u8]) -> Result<LastingKeys, Unopened> {
        let bytes = Zeroizing::new(self.wrapping.open(&Self::lasting_place(), sealed)?);
        LastingKeys::read(&bytes).ok_or(Unopened)
    }

    pub fn renew_lasting(&self, random: &dyn Random, sealed: &[u8]) -> Result<Option<Vec<u8>>, Unopened> {
        self.wrapping.renew(random, &Self::lasting_place(), sealed)
    }

    /// The lasting keys of a store of schema 1, which derived them from the master key of this fingerprint.
    pub fn derived_lasting(&self, fingerprint: &[u8]) -> Option<&LastingKeys> {
        self.masters.iter().find(|(of, _)| of == fingerprint).map(|(_, lasting)| lasting)
    }

    fn lasting_place() -> Binding {
        Binding::of(&[b"lasting keys"])
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

    /// The same dossier's key under the newest master key; `None` where it is already.
    pub fn rewrap(&self, random: &dyn Random, owner: &[&[u8]], wrapped: &[u8]) -> Result<Option<Vec<u8>>, Unopened> {
        self.wrapping.renew(random, &owned_by(owner), wrapped)
    }

    /// A value that tells whether two stores were sealed under one master key, and nothing else.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.masters[0].0
    }

    /// Those of all master keys that are at hand, the newest first.
    pub fn fingerprints(&self) -> Vec<[u8; 32]> {
        self.masters.iter().map(|(fingerprint, _)| *fingerprint).collect()
    }
}

fn owned_by(owner: &[&[u8]]) -> Binding {
    Binding::of(&[&[b"dossier key".as_slice()], owner].concat())
}

/// A dossier's own key: random, born before the first byte of the case is written. Destroying it destroys the dossier.
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
pub struct PasswordKey(Succession);

impl PasswordKey {
    /// `case` and `id` say whose secret it is; it opens only there.
    pub fn seal(&self, random: &dyn Random, case: &str, id: &str, plain: &Secret<String>) -> Vec<u8> {
        self.0.seal(random, &Self::place(case, id), plain.expose().as_bytes())
    }

    pub fn open(&self, case: &str, id: &str, sealed: &[u8]) -> Result<Secret<String>, Unopened> {
        let plain = self.0.open(&Self::place(case, id), sealed)?;
        String::from_utf8(plain).map(Secret::new).map_err(|_| Unopened)
    }

    /// The same secret under the newest key; `None` where it is already.
    pub fn renew(&self, random: &dyn Random, case: &str, id: &str, sealed: &[u8]) -> Result<Option<Vec<u8>>, Unopened> {
        self.0.renew(random, &Self::place(case, id), sealed)
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
    fn a_temporary_password_opens_for_its_own_case_alone() {
        let random = SeededRandom::new(5);
        let ring = Keyring::new(&MasterKey::generate(&random));
        let sealed = ring.passwords.seal(&random, "LPSE-2026-0001", "r1", &Secret::new("Abcd-2345".to_owned()));

        let opened = ring.passwords.open("LPSE-2026-0001", "r1", &sealed).unwrap();

        assert_eq!(opened.expose(), "Abcd-2345");
        assert!(ring.passwords.open("LPSE-2026-0002", "r1", &sealed).is_err());
        assert!(!sealed.windows(9).any(|part| part == b"Abcd-2345"));
    }

    #[test]
    fn what_the_previous_master_sealed_opens_until_it_is_renewed_and_then_under_the_new_one_alone() {
        let random = SeededRandom::new(6);
        let (old, new) = (MasterKey::generate(&random), MasterKey::generate(&random));
        let (before, between, after) = (Keyring::new(&old), Keyring::following(&new, Some(&old)), Keyring::new(&new));
        let wrapped = before.wrap(&random, &[b"o", b"1"], &DossierKey::generate(&random));
        let secret = before.passwords.seal(&random, "1", "r", &Secret::new("Abcd-2345".to_owned()));

        let rewrapped = between.rewrap(&random, &[b"o", b"1"], &wrapped).unwrap().unwrap();
        let renewed = between.passwords.renew(&random, "1", "r", &secret).unwrap().unwrap();

        assert!(between.unwrap(&[b"o", b"1"], &wrapped).is_ok() && after.unwrap(&[b"o", b"1"], &wrapped).is_err());
        assert!(after.unwrap(&[b"o", b"1"], &rewrapped).is_ok() && before.unwrap(&[b"o", b"1"], &rewrapped).is_err());
        assert!(after.passwords.open("1", "r", &renewed).is_ok() && before.passwords.open("1", "r", &renewed).is_err());
        assert_eq!(between.rewrap(&random, &[b"o", b"1"], &rewrapped), Ok(None), "once is enough");
        assert!(between.rewrap(&random, &[b"o", b"2"], &wrapped).is_err());
    }

    #[test]
    fn the_lasting_keys_are_the_same_after_the_master_key_has_changed() {
        let random = SeededRandom::new(7);
        let (old, new) = (MasterKey::generate(&random), MasterKey::generate(&random));
        let before = Keyring::new(&old);
        let lasting = LastingKeys::generate(&random);
        let sealed = before.seal_lasting(&random, &lasting);
        let before = before.with_lasting(&lasting);

        let between = Keyring::following(&new, Some(&old));
        let renewed = between.renew_lasting(&random, &sealed).unwrap().unwrap();
        let after = Keyring::new(&new);
        let after = after.clone().with_lasting(&after.open_lasting(&renewed).unwrap());

        assert_eq!(after.index.blind(&["tag", "x"]), before.index.blind(&["tag", "x"]));
        assert_eq!(after.evidence.public(), before.evidence.public());
        assert_eq!(after.messages.mark("s", "l"), before.messages.mark("s", "l"));
        assert_ne!(Keyring::new(&old).evidence.public(), before.evidence.public(), "no master key tells them");
        assert!(Keyring::new(&old).open_lasting(&renewed).is_err());
    }
}
