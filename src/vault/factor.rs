//! The admin's factor: a TOTP code (RFC 6238: SHA-1, six digits, 30 s, one step either side) or a passphrase hashed
//! with argon2id. Which step was used last is the caller's to keep: a code counts once.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use chrono::{DateTime, Utc};
use qrcode::QrCode;
use qrcode::render::svg;
use serde::{Deserialize, Serialize};
use totp_rs::{Algorithm, Builder, Totp};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{Random, Secret};

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FactorError {
    #[error("a TOTP secret has 20 bytes")]
    SecretLength,
    #[error("the passphrase could not be hashed")]
    Hash,
    #[error("the address and issuer are too long for a QR code")]
    TooLong,
}

/// An admin's TOTP secret, 160 bits. No `Debug`, `Display` or `Serialize`: it is stored sealed, through `expose`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct TotpSecret([u8; 20]);

impl TotpSecret {
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = [0u8; 20];
        random.fill(&mut bytes);
        Self(bytes)
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FactorError> {
        bytes.try_into().map(Self).map_err(|_| FactorError::SecretLength)
    }

    /// The raw secret, to be sealed.
    pub fn expose(&self) -> &[u8; 20] {
        &self.0
    }

    /// The step whose code this is, at most one from `at`'s; `None` where it is none. The caller refuses a step that
    /// is not later than the last one used. White space in the code is allowed.
    pub fn check(&self, code: &str, at: DateTime<Utc>) -> Option<u64> {
        let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        self.totp().check(&digits, u64::try_from(at.timestamp()).ok()?)
    }

    /// The code of a moment: for the demo, which plays the admin.
    pub fn code(&self, at: DateTime<Utc>) -> String {
        self.totp().generate(u64::try_from(at.timestamp()).unwrap_or(0)).to_string()
    }

    /// The secret in base32 in groups of four, to be typed where no camera is at hand.
    pub fn typed(&self) -> Secret<String> {
        let text = Secret::new(base32(&self.0));
        let groups: Vec<&str> =
            text.expose().as_bytes().chunks(4).map(|g| std::str::from_utf8(g).unwrap_or("")).collect();
        Secret::new(groups.join(" "))
    }

    /// The `otpauth://` address that authenticator apps read.
    pub fn otpauth(&self, issuer: &str, account: &str) -> Secret<String> {
        let (issuer, account) = (percent(issuer), percent(account));
        let secret = Secret::new(base32(&self.0));
        Secret::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period=30",
            secret.expose()
        ))
    }

    /// The same address as a QR code, a standalone SVG picture.
    pub fn qr_svg(&self, issuer: &str, account: &str) -> Result<Secret<String>, FactorError> {
        let address = self.otpauth(issuer, account);
        let code = QrCode::new(address.expose().as_bytes()).map_err(|_| FactorError::TooLong)?;
        Ok(Secret::new(code.render::<svg::Color<'_>>().min_dimensions(220, 220).quiet_zone(true).build()))
    }

    fn totp(&self) -> Totp {
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(6)
            .with_skew(1)
            .with_step_duration(30)
            .with_secret(self.0)
            .build()
            .expect("six digits, 30 s and 160 bits are what RFC 6238 and RFC 4226 ask for")
    }
}

/// RFC 4648 §6, without padding; 20 bytes are a whole number of groups.
fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for group in bytes.chunks(5) {
        let mut wide = [0u8; 8];
        wide[3..3 + group.len()].copy_from_slice(group);
        let bits = u64::from_be_bytes(wide);
        for place in 0..(group.len() * 8).div_ceil(5) {
            let five = (bits >> (35 - 5 * place)) & 31;
            text.push(char::from(ALPHABET[five as usize]));
        }
    }
    text
}

/// RFC 3986 §2.1: all but the unreserved characters.
fn percent(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(b).to_string(),
            _ => format!("%{b:02X}"),
        })
        .collect()
}

/// A passphrase as argon2id keeps it (PHC string).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PassphraseHash(String);

impl PassphraseHash {
    /// Characters of a passphrase at least (NIST SP 800-63B-4, of one that may stand alone).
    pub const LEAST: usize = 15;
    /// And at most, so that nobody makes us hash a book.
    pub const MOST: usize = 200;

    /// Hashes with argon2id, 19 MiB, two passes. Takes tens of milliseconds: callers use a blocking thread and limit
    /// how many run at once.
    pub fn of(passphrase: &Secret<String>, random: &dyn Random) -> Result<Self, FactorError> {
        let mut salt = [0u8; 16];
        random.fill(&mut salt);
        let hash: PasswordHash = Argon2::default()
            .hash_password_with_salt(passphrase.expose().as_bytes(), &salt)
            .map_err(|_| FactorError::Hash)?;
        Ok(Self(hash.to_string()))
    }

    /// Whether this is the passphrase. As slow as hashing it. A stored text that is no hash matches nothing.
    pub fn matches(&self, passphrase: &Secret<String>) -> bool {
        PasswordHash::new(&self.0)
            .is_ok_and(|hash| Argon2::default().verify_password(passphrase.expose().as_bytes(), &hash).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::SeededRandom;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn the_codes_are_those_of_rfc_6238_appendix_b() {
        let secret = TotpSecret::from_bytes(b"12345678901234567890").unwrap();

        // The last six of the RFC's eight digits.
        assert_eq!(secret.check("287082", at(59)), Some(1));
        assert_eq!(secret.check("081804", at(1_111_111_109)), Some(37_037_036));
        assert_eq!(secret.check("353 130", at(20_000_000_000)), Some(666_666_666));
        assert_eq!(secret.code(at(1_234_567_890)), "005924");
    }

    #[test]
    fn a_code_counts_one_step_either_side_and_no_further() {
        let secret = TotpSecret::generate(&SeededRandom::new(1));
        let code = secret.code(at(3000));

        assert_eq!(secret.check(&code, at(2970)), Some(100));
        assert_eq!(secret.check(&code, at(3059)), Some(100));
        assert_eq!(secret.check(&code, at(3060)), None);
        assert_eq!(secret.check(&code, at(2969)), None);
        assert_eq!(secret.check("", at(3000)), None);
        assert_eq!(secret.check("１２３４５６", at(3000)), None);
    }

    #[test]
    fn the_address_names_issuer_and_account_and_draws_as_a_picture() {
        let secret = TotpSecret::from_bytes(b"12345678901234567890").unwrap();

        let address = secret.otpauth("Loket LPSE", "admin@karangmulia.example");

        assert_eq!(
            address.expose(),
            "otpauth://totp/Loket%20LPSE:admin%40karangmulia.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Loket%20LPSE&algorithm=SHA1&digits=6&period=30"
        );
        assert_eq!(secret.typed().expose(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        assert_eq!(secret.expose(), b"12345678901234567890", "what is kept is what was shown");
        assert!(secret.qr_svg("Loket LPSE", "admin@karangmulia.example").unwrap().expose().contains("<svg"));
        assert_eq!(secret.qr_svg("x", &"y".repeat(5000)).err(), Some(FactorError::TooLong));
    }

    #[test]
    fn a_passphrase_matches_its_own_salted_hash_alone() {
        let random = SeededRandom::new(2);
        let passphrase = Secret::new("kuda lumping di pasar pagi".to_owned());

        let hash = PassphraseHash::of(&passphrase, &random).unwrap();

        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(hash.matches(&passphrase));
        assert!(!hash.matches(&Secret::new("kuda lumping di pasar sore".to_owned())));
        assert!(hash.0 != PassphraseHash::of(&passphrase, &random).unwrap().0);
        assert!(!PassphraseHash("not a hash".to_owned()).matches(&passphrase));
    }
}
