//! What the electronic signatures inside a paper (TTE, as PAdES) are worth. The reading worker finds what does not depend
//! on the day; this file judges the day and says it in words. No signature is valid unless everything about it is known
//! to be sound: what cannot be tested is unverifiable, and a person must look.

use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::{Deserialize, Serialize};

use super::wording;
use crate::sop::checklist::Signature;

/// What was found of all signatures of a paper together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Electronic {
    /// The paper holds none.
    #[default]
    None,
    /// Every one of them is sound, leads to a trusted root, and the last covers all that is shown. Oldest first.
    Valid { signers: Vec<Signer> },
    /// At least one of them is false: the paper is not what was signed.
    Invalid { why: Flaw },
    /// At least one of them cannot be tested.
    Unverifiable { why: Doubt },
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signer {
    pub name: String,
    /// Who certified the name.
    pub issuer: String,
    /// When, at the signer's own clock and time zone.
    pub at: Option<DateTime<FixedOffset>>,
    /// First and last day (UTC) on which every certificate up to the root is in force.
    pub period: (NaiveDate, NaiveDate),
}

/// What is false about a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flaw {
    /// Its range leaves out more than the signature itself.
    Range,
    /// Something was added or changed afterwards.
    Appended,
    /// The bytes are not those that were signed.
    Digest,
    /// The signature does not fit the key in its certificate.
    Forged,
}

/// Why a signature cannot be tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// The office trusts no root yet.
    NoRoots,
    /// No chain of certificates leads to a trusted root.
    UnknownIssuer,
    /// A certificate was not in force on the day that counts.
    OutOfForce,
    /// The certificate is not meant for signing documents.
    Purpose,
    /// SHA-1, MD5, or something unknown.
    Algorithm,
    /// No signature could be made out of the bytes.
    Unreadable,
    /// More than anybody puts on one paper.
    TooMany,
    /// The document is spread over files that do not bear the same signatures.
    Apart,
}

impl Electronic {
    pub fn is_some(&self) -> bool {
        *self != Self::None
    }

    pub fn signers(&self) -> &[Signer] {
        match self {
            Self::Valid { signers } => signers,
            _ => &[],
        }
    }

    /// The same signatures on the day the paper was received. The time in a signature is its signer's own claim and counts
    /// for nothing, so the certificates must be in force on that day.
    pub fn received_on(self, day: NaiveDate) -> Self {
        let in_force = |s: &Signer| s.period.0 <= day && day <= s.period.1;
        if self.signers().iter().all(in_force) { self } else { Self::Unverifiable { why: Doubt::OutOfForce } }
    }

    /// The signatures of two files that make one document: each signs its own bytes and none the other's.
    pub fn beside(self, other: Self) -> Self {
        match (self, other) {
            (one, other) if one == other => one,
            (invalid @ Self::Invalid { .. }, _) | (_, invalid @ Self::Invalid { .. }) => invalid,
            _ => Self::Unverifiable { why: Doubt::Apart },
        }
    }

    pub fn kind(&self) -> Signature {
        match self {
            Self::None => Signature::None,
            Self::Valid { .. } => Signature::ElectronicValid,
            Self::Invalid { .. } => Signature::ElectronicInvalid,
            Self::Unverifiable { .. } => Signature::ElectronicUnverifiable,
        }
    }

    /// What was found, as one sentence for the admin; `None`: there is no signature.
    pub fn in_words(&self) -> Option<String> {
        Some(match self {
            Self::None => return None,
            Self::Valid { signers } => {
                let all: Vec<String> = signers.iter().map(Signer::in_words).collect();
                format!("Tanda tangan elektronik sah: {}.", all.join("; "))
            }
            Self::Invalid { why } => format!("Tanda tangan elektronik tidak sah: {}.", why.in_words()),
            Self::Unverifiable { why } => format!("Tanda tangan elektronik tidak dapat diuji: {}.", why.in_words()),
        })
    }
}

impl Signer {
    fn in_words(&self) -> String {
        let at = self.at.map(|at| format!(", {}", moment(at))).unwrap_or_default();
        format!("{}{at} (sertifikat dari {})", self.name, self.issuer)
    }
}

impl Flaw {
    fn in_words(self) -> &'static str {
        match self {
            Self::Range => "tanda tangan tidak mencakup seluruh berkas",
            Self::Appended => "berkas ditambah atau diubah setelah ditandatangani",
            Self::Digest => "isi berkas berbeda dari yang ditandatangani",
            Self::Forged => "tanda tangan tidak cocok dengan sertifikatnya",
        }
    }
}

impl Doubt {
    fn in_words(self) -> &'static str {
        match self {
            Self::NoRoots => "belum ada sertifikat induk yang dipercaya dalam konfigurasi",
            Self::UnknownIssuer => "sertifikat penanda tangan tidak berasal dari penerbit yang dipercaya",
            Self::OutOfForce => "sertifikat penanda tangan tidak berlaku pada hari surat diterima",
            Self::Purpose => "sertifikat penanda tangan bukan untuk menandatangani dokumen",
            Self::Algorithm => "algoritmanya usang atau tidak dikenal",
            Self::Unreadable => "isi tanda tangan tidak terbaca",
            Self::TooMany => "jumlah tanda tangan melebihi batas",
            Self::Apart => "dokumen tersebar pada beberapa berkas yang tanda tangannya tidak sama",
        }
    }
}

/// `11 November 2026 pukul 09.14 WITA`.
fn moment(at: DateTime<FixedOffset>) -> String {
    let zone = match at.offset().local_minus_utc() {
        25_200 => "WIB".to_owned(),
        28_800 => "WITA".to_owned(),
        32_400 => "WIT".to_owned(),
        0 => "UTC".to_owned(),
        _ => format!("UTC{}", at.format("%:z")),
    };
    format!("{} pukul {} {zone}", wording::day(at.date_naive()), at.format("%H.%M"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(period: (NaiveDate, NaiveDate)) -> Electronic {
        let at = DateTime::parse_from_rfc3339("2026-11-11T09:14:30+08:00").ok();
        Electronic::Valid { signers: vec![Signer { name: "Budi".into(), issuer: "BSrE".into(), at, period }] }
    }

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
    }

    #[test]
    fn a_certificate_must_be_in_force_on_the_day_of_receipt() {
        let lasting = signed((day(10), day(20)));

        assert!([day(10), day(20)].iter().all(|d| lasting.clone().received_on(*d) == lasting));
        for outside in [day(9), day(21)] {
            let judged = lasting.clone().received_on(outside);
            assert_eq!(judged, Electronic::Unverifiable { why: Doubt::OutOfForce });
        }
    }

    #[test]
    fn signer_and_time_are_told_in_words() {
        let words = signed((day(1), day(30))).in_words().unwrap();

        assert_eq!(
            words,
            "Tanda tangan elektronik sah: Budi, 11 November 2026 pukul 09.14 WITA (sertifikat dari BSrE)."
        );
    }
}
