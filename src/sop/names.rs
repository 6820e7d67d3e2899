//! Newtypes for what must not be mixed up. Parsed once at the edge, then trusted.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The office a key belongs to; every stored key carries it, even where there is one office.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OfficeId(pub String);

/// The register number of a request, `PREFIX-YYYY-NNNN` (four digits or more).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CaseNumber {
    prefix: String,
    year: i32,
    serial: u32,
}

impl CaseNumber {
    pub fn new(prefix: &str, year: i32, serial: u32) -> Self {
        Self { prefix: prefix.to_owned(), year, serial }
    }

    /// Reads `LPSE-2026-0047`; `None` where the text has another shape.
    pub fn parse(text: &str) -> Option<Self> {
        let (rest, serial) = text.rsplit_once('-')?;
        let (prefix, year) = rest.rsplit_once('-')?;
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        let shaped = year.len() == 4 && digits(year) && (4..=9).contains(&serial.len()) && digits(serial);
        let named = !prefix.is_empty()
            && prefix.len() <= 16
            && prefix.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        (shaped && named).then(|| Self::new(prefix, year.parse().unwrap_or(0), serial.parse().unwrap_or(0)))
    }

    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    pub fn year(&self) -> i32 {
        self.year
    }

    pub fn serial(&self) -> u32 {
        self.serial
    }
}

impl fmt::Display for CaseNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:04}-{:04}", self.prefix, self.year, self.serial)
    }
}

impl fmt::Debug for CaseNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for CaseNumber {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("{text:?} is not a case number such as LPSE-2026-0047"))
    }
}

impl From<CaseNumber> for String {
    fn from(number: CaseNumber) -> String {
        number.to_string()
    }
}

/// The name an account logs in with: shown as stored, compared after ASCII case folding (SPSE's `peg_namauser`).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(pub String);

impl UserId {
    pub fn folded(&self) -> String {
        self.0.trim().to_ascii_uppercase()
    }
}

impl PartialEq for UserId {
    fn eq(&self, other: &Self) -> bool {
        self.folded() == other.folded()
    }
}

impl Eq for UserId {}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An employee number of 18 digits (NIP or NIPPPK). Personal data: no `Debug` or `Display` of the whole number.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Nip(String);

impl TryFrom<String> for Nip {
    type Error = &'static str;

    /// What an account system says may be anything.
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("a NIP has 18 digits")
    }
}

impl From<Nip> for String {
    fn from(nip: Nip) -> Self {
        nip.0
    }
}

impl Nip {
    /// Keeps the digits of `text`; `None` unless there are exactly 18.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        (digits.len() == 18).then_some(Self(digits))
    }

    /// The 18 digits, for comparison and for the desk; never for a log or a letter.
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// First eight digits hidden, as letters to admins show it: `••••••••201903••••`.
    pub fn masked(&self) -> String {
        format!("••••••••{}••••", &self.0[8..14])
    }
}

impl fmt::Debug for Nip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nip(…)")
    }
}

/// A mail address with its domain in lower case; compared exactly in A-label form (THREATS row 3).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Address(String);

impl Address {
    /// Accepts `local@domain` without spaces, controls, brackets or a second `@`. An international domain is kept as the
    /// A-labels it is registered under (RFC 5890), so that what looks alike and is not the same never compares equal.
    pub fn parse(text: &str) -> Option<Self> {
        let (local, written) = text.trim().rsplit_once('@')?;
        let domain =
            if written.is_ascii() { written.to_owned() } else { idna::domain_to_ascii_strict(written).ok()? };
        let clean = |s: &str| {
            !s.is_empty() && !s.contains(|c: char| c.is_whitespace() || c.is_control() || "<>@,;:\"\\()[]".contains(c))
        };
        (clean(local) && clean(&domain) && text.len() <= 254)
            .then(|| Self(format!("{local}@{}", domain.to_lowercase())))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Equality for the register: local part folded in ASCII, domain exact.
    pub fn same_mailbox(&self, other: &Address) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }

    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// `d…@karangmulia.example`, for logs.
    pub fn masked(&self) -> String {
        let first: String = self.0.chars().take(1).collect();
        format!("{first}…@{}", self.domain())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The language a case is answered in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    #[default]
    Id,
    En,
}

impl Language {
    pub fn code(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::En => "en",
        }
    }
}

/// What an applicant may ask for (SOP title: a new password, or the user ID).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    ResetPassword,
    UserIdInfo,
}

/// SHA-256 in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sha256Hex(pub String);

impl fmt::Display for Sha256Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
