//! Links. A token is 32 bytes in base64url, derived and not drawn, so that the dispatcher can make it again from what
//! the case knows, while the store keeps its SHA-256 alone. The epoch is part of it: a restored backup voids all links.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::keys::hmac_sha256;
use super::{Random, hex, sha256};

/// What the store keeps of a link: the SHA-256 of its token.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HashedToken([u8; 32]);

impl HashedToken {
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether this is the hash of that token, in constant time.
    pub fn is_of(&self, token: &PlainToken) -> bool {
        self.0.ct_eq(&token.hashed().0).into()
    }
}

impl fmt::Debug for HashedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HashedToken({}…)", hex(&self.0[..4]))
    }
}

/// A token as it stands in a link. No `Debug`, `Display` or `Serialize`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct PlainToken([u8; 32]);

impl PlainToken {
    /// Reads the 43 characters of a link; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        <[u8; 32]>::try_from(bytes.as_slice()).ok().map(Self)
    }

    pub fn hashed(&self) -> HashedToken {
        HashedToken(sha256(&self.0))
    }

    /// The 43 characters, for the letter or the cookie that carries it.
    pub fn reveal(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}

/// What makes one link's token differ from the next: random, and stored with the case. Worthless without the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenNonce([u8; 16]);

impl TokenNonce {
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = [0u8; 16];
        random.fill(&mut bytes);
        Self(bytes)
    }
}

/// Derives tokens.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct LinkKey([u8; 32]);

impl LinkKey {
    pub(super) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The token of this link in this epoch. `context` names case, purpose, round and recipient.
    pub fn token(&self, epoch: u64, nonce: &TokenNonce, context: &str) -> PlainToken {
        PlainToken(hmac_sha256(&self.0, &[b"link", &epoch.to_be_bytes(), &nonce.0, context.as_bytes()]))
    }
}

/// Makes the part of a letter's Message-ID that only who saw the letter knows, so that nobody else can report it returned.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MessageKey([u8; 32]);

impl MessageKey {
    pub(super) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// 80 bits in 20 hexadecimal digits; `series` is a case or another series of letters.
    pub fn mark(&self, series: &str, letter: &str) -> String {
        hex(&hmac_sha256(&self.0, &[b"message", series.as_bytes(), letter.as_bytes()])[..10])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::{Keyring, MasterKey, SeededRandom};

    #[test]
    fn a_token_is_made_again_from_the_same_parts_and_differs_with_each_of_them() {
        let random = SeededRandom::new(1);
        let links = Keyring::new(&MasterKey::generate(&random)).links;
        let foreign = Keyring::new(&MasterKey::generate(&random)).links;
        let (one, two) = (TokenNonce::generate(&random), TokenNonce::generate(&random));

        let token = links.token(1, &one, "LPSE-2026-0001 decide 1");

        assert!(token.hashed().is_of(&links.token(1, &one, "LPSE-2026-0001 decide 1")));
        for other in [
            links.token(2, &one, "LPSE-2026-0001 decide 1"),
            links.token(1, &two, "LPSE-2026-0001 decide 1"),
            links.token(1, &one, "LPSE-2026-0001 decide 2"),
            foreign.token(1, &one, "LPSE-2026-0001 decide 1"),
        ] {
            assert!(!token.hashed().is_of(&other));
        }
    }

    #[test]
    fn a_link_is_read_back_and_anything_else_is_none() {
        let random = SeededRandom::new(2);
        let links = Keyring::new(&MasterKey::generate(&random)).links;
        let token = links.token(1, &TokenNonce::generate(&random), "x");
        let text = token.reveal();

        assert_eq!(text.len(), 43);
        assert!(PlainToken::parse(&text).is_some_and(|again| token.hashed().is_of(&again)));
        assert!(PlainToken::parse(&text[1..]).is_none());
        assert!(PlainToken::parse(&format!("{text}A")).is_none());
        assert!(PlainToken::parse("../../etc/passwd").is_none());
        assert!(PlainToken::parse("").is_none());
    }

    #[test]
    fn a_hash_prints_only_its_beginning() {
        assert_eq!(format!("{:?}", HashedToken::from_bytes([0xab; 32])), "HashedToken(abababab…)");
    }
}
