//! Signing what anchors the office's record off the machine (Ed25519, RFC 8032). The key is derived from the master key
//! like every other; its public half is no secret, and all that a check needs.

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use zeroize::Zeroizing;

use super::seal::SealingKey;

/// Signs heads of the journal and the archive.
#[derive(Clone)]
pub struct EvidenceKey(SealingKey);

impl EvidenceKey {
    pub(super) fn from_bytes(seed: [u8; 32]) -> Self {
        Self(SealingKey::from_bytes(seed))
    }

    fn pair(&self) -> Ed25519KeyPair {
        let seed = Zeroizing::new(*self.0.bytes());
        Ed25519KeyPair::from_seed_unchecked(&*seed).expect("every 32 bytes are an Ed25519 seed (RFC 8032, 5.1.5)")
    }

    /// What a check needs.
    pub fn public(&self) -> [u8; 32] {
        let pair = self.pair();
        pair.public_key().as_ref().try_into().expect("an Ed25519 public key has 32 bytes")
    }

    pub fn sign(&self, text: &[u8]) -> [u8; 64] {
        self.pair().sign(text).as_ref().try_into().expect("an Ed25519 signature has 64 bytes")
    }
}

/// Whether the holder of the key signed exactly this text.
pub fn is_signed(text: &[u8], public: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public).verify(text, signature).is_ok()
}
