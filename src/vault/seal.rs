//! Sealing: XChaCha20-Poly1305 with a random 24-byte nonce. What the bytes are (table, key, version) is bound in as
//! associated data, so that a sealed value moved to another place does not open there.
//!
//! Sealed bytes: `1` (format) ‖ nonce (24) ‖ ciphertext ‖ tag (16).

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::Random;

const FORMAT: u8 = 1;
const NONCE: usize = 24;
const TAG: usize = 16;

/// Sealed bytes that do not open: the wrong key, the wrong place, or damage. Which of these cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed bytes do not open with this key in this place")]
pub struct Unopened;

/// What sealed bytes are bound to: parts in order, each with its length, so that no two lists read alike.
pub struct Binding(Vec<u8>);

impl Binding {
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u32).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        Self(bytes)
    }
}

/// A key that seals and opens.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SealingKey([u8; 32]);

impl SealingKey {
    pub(super) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = [0u8; 32];
        random.fill(&mut bytes);
        Self(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub fn seal(&self, random: &dyn Random, binding: &Binding, plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0u8; NONCE];
        random.fill(&mut nonce);
        let mut sealed = Vec::with_capacity(1 + NONCE + plain.len() + TAG);
        sealed.push(FORMAT);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let tag = self
            .cipher()
            .encrypt_inout_detached(&XNonce::from(nonce), &binding.0, (&mut sealed[1 + NONCE..]).into())
            .expect("a message shorter than 256 GiB, which is all XChaCha20-Poly1305 asks");
        sealed.extend_from_slice(&tag);
        sealed
    }

    pub fn open(&self, binding: &Binding, sealed: &[u8]) -> Result<Vec<u8>, Unopened> {
        let (&FORMAT, rest) = sealed.split_first().ok_or(Unopened)? else { return Err(Unopened) };
        let (nonce, rest) = rest.split_first_chunk::<NONCE>().ok_or(Unopened)?;
        let (body, tag) = rest.split_last_chunk::<TAG>().ok_or(Unopened)?;
        let mut plain = body.to_vec();
        self.cipher()
            .decrypt_inout_detached(&XNonce::from(*nonce), &binding.0, plain.as_mut_slice().into(), &(*tag).into())
            .map_err(|_| Unopened)?;
        Ok(plain)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.0.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::SeededRandom;

    #[test]
    fn what_was_sealed_opens_only_with_its_key_and_in_its_place() {
        let random = SeededRandom::new(1);
        let key = SealingKey::generate(&random);
        let other = SealingKey::generate(&random);
        let place = Binding::of(&[b"cases", b"LPSE-2026-0001"]);

        let sealed = key.seal(&random, &place, b"berkas");

        assert_eq!(key.open(&place, &sealed).unwrap(), b"berkas");
        assert!(other.open(&place, &sealed).is_err());
        assert!(key.open(&Binding::of(&[b"cases", b"LPSE-2026-0002"]), &sealed).is_err());
        assert!(key.open(&Binding::of(&[b"case", b"sLPSE-2026-0001"]), &sealed).is_err());
    }

    #[test]
    fn every_flipped_byte_and_every_truncation_is_refused() {
        let random = SeededRandom::new(2);
        let key = SealingKey::generate(&random);
        let place = Binding::of(&[b"x"]);
        let sealed = key.seal(&random, &place, b"berkas");

        for at in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[at] ^= 1;
            assert!(key.open(&place, &flipped).is_err(), "byte {at}");
            assert!(key.open(&place, &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn the_same_bytes_never_look_the_same_twice() {
        let random = SeededRandom::new(3);
        let key = SealingKey::generate(&random);
        let place = Binding::of(&[b"x"]);

        assert_ne!(key.seal(&random, &place, b"a"), key.seal(&random, &place, b"a"));
    }
}
