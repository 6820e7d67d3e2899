//! Whatever uses a secret of the office's, in one room: keys, sealing, links, one-time secrets, signed heads, the admin's
//! factor. Other rooms name what they want sealed or checked; which algorithm does it is decided here alone. Nothing here
//! reads a clock or a database.
//!
//! Elsewhere stand SHA-256 without a key (papers, mails, copies), which any room computes where it needs it; signatures of
//! others, checked in `reading::signature` (PDF) and `mail::witness` (DKIM, ARC); and TLS, in `mail::tls` and `web`.
//!
//! Read [`keyring`] for what hangs on the master key, [`seal`] for how bytes are sealed, [`tokens`] for links.

mod evidence;
mod factor;
mod keyring;
mod keys;
pub mod passkey;
mod passwords;
mod phrase;
mod random;
mod seal;
mod secret;
mod succession;
mod tokens;

pub use evidence::{EvidenceKey, is_signed};
pub use factor::{FactorError, PassphraseHash, TotpSecret};
pub use keyring::{DossierKey, IndexKey, Keyring, LastingKeys, PasswordKey};
pub use keys::{KeyError, MasterKey};
pub use passkey::{AuthenticationResult, Passkey};
pub use passwords::{short_code, temporary_password};
pub use phrase::is_guessable;
pub use random::{OsRandom, Random, SeededRandom};
pub use seal::{Binding, SealingKey, Unopened};
pub use secret::Secret;
pub use succession::Succession;
pub use tokens::{HashedToken, LinkKey, MessageKey, PlainToken, TokenNonce};

use sha2::{Digest, Sha256};

use crate::sop::names::Sha256Hex;

/// SHA-256 of some bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// SHA-256 of some bytes, in hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> Sha256Hex {
    Sha256Hex(hex(&sha256(bytes)))
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |n: u8| char::from(DIGITS[usize::from(n)]);
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

/// The 32 bytes that 64 hexadecimal digits stand for.
pub fn unhex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0u8; 32];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[place * 2..place * 2 + 2], 16).ok()?;
    }
    Some(bytes)
}
