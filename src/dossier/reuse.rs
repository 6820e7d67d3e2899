//! Whether a request letter was sent before (THREATS row 17). What is kept of a letter are its marks, none of which gives
//! away who wrote it. A false accusation is worse than a miss: how a page looks counts only for the same applicant, and
//! never against a number or a day that was read and differs, because letters of one office look alike.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::case_file::CaseFile;
use super::fact::name;
use super::fold::fold;
use super::known::{EarlierLetter, Known, Standing};
use super::sheet::Sheet;
use super::validity::{finding, with};
use super::wording;
use crate::sop::checklist::{Applicant, Check, Document, Evidence, Finding};
use crate::sop::look::Look;
use crate::sop::names::Sha256Hex;

/// Letters and digits below which a text may be that of any letter.
const TELLING: usize = 150;
/// Bits of 256 in which two looks of one sheet may differ. Measured on letters of one letterhead: other wording differs in 32
/// and more; a sheet packed again, cropped or laid half a degree askew in up to 26, a whole degree askew under shadow in
/// 24 at the median.
const NEAR: u32 = 30;

/// What tells one letter from another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// In lower case and without spaces.
    pub number: Option<String>,
    pub date: Option<NaiveDate>,
    /// Hashes of the applicant's number and of the words of the name.
    pub nip: Option<Sha256Hex>,
    pub name: Option<Sha256Hex>,
    /// Hash of the file.
    pub file: Option<Sha256Hex>,
    /// Hash of the words.
    pub text: Option<Sha256Hex>,
    pub look: Option<Look>,
}

/// How surely a letter is the one that was sent before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sameness {
    /// It looks like it, or bears its number.
    Likely,
    Sure,
}

impl Marks {
    pub fn of(letter: &Document, applicant: &Applicant) -> Self {
        Self {
            number: letter.number.as_deref().and_then(plain_number),
            date: letter.date,
            file: letter.sha256.clone(),
            text: letter.text.clone(),
            look: letter.look.clone(),
            ..Self::of_person(applicant)
        }
    }

    /// The marks of who asks alone.
    pub fn of_person(applicant: &Applicant) -> Self {
        let words = |name: &String| Some(name::bare(name).concat()).filter(|words| !words.is_empty());
        Self {
            nip: applicant.nip.as_ref().map(|nip| hash(nip.digits())),
            name: applicant.name.as_ref().and_then(words).map(|words| hash(&words)),
            ..Self::default()
        }
    }

    /// Whether this is the letter that `other` was.
    pub fn sameness(&self, other: &Self) -> Option<Sameness> {
        let equal = |a: &Option<Sha256Hex>, b: &Option<Sha256Hex>| a.is_some() && a == b;
        let (nip, name) = (same(&self.nip, &other.nip), same(&self.name, &other.name));
        // One digit misread makes another number under the same name: enough for doubt, and never for more.
        let misread = nip == Some(false) && name == Some(true);
        let person = nip.or(name);
        if person == Some(false) && !misread {
            return None;
        }
        if equal(&self.file, &other.file) {
            return Some(Sameness::Sure);
        }
        let (number, date) = (same(&self.number, &other.number), same(&self.date, &other.date));
        if equal(&self.text, &other.text) {
            let is_dated = [self, other].iter().any(|m| m.number.is_some() || m.date.is_some());
            return Some(if is_dated && !misread { Sameness::Sure } else { Sameness::Likely });
        }
        match (number, date) {
            (Some(true), Some(true)) if misread => Some(Sameness::Likely),
            (Some(true), Some(true)) => Some(Sameness::Sure),
            (Some(false), _) | (None, Some(false)) => None,
            (Some(true), Some(false)) => (person == Some(true)).then_some(Sameness::Likely),
            _ => (person == Some(true) && self.looks_like(other)).then_some(Sameness::Likely),
        }
    }

    fn looks_like(&self, other: &Self) -> bool {
        self.look.as_ref().zip(other.look.as_ref()).is_some_and(|(a, b)| a.distance(b) <= NEAR)
    }
}

/// The finding `letter_not_reused`; none where there is no letter, or nobody looked.
pub(super) fn check(file: &CaseFile<'_>, known: &Known<'_>) -> Option<Check> {
    let earlier = known.earlier_letters?;
    let letter = file.letter.map(|at| &file.read[at])?;
    let marks = Marks::of(&letter.document(), &file.applicant);
    let item = "letter_not_reused";
    let same = earlier.iter().filter_map(|e| Some((e.standing, marks.sameness(&e.marks)?, e)));
    // The heaviest counts; of equals the first.
    let heaviest =
        same.rev().max_by_key(|(standing, sameness, _)| (weight(*standing, *sameness), *sameness, *standing));
    let Some((standing, sameness, used)) = heaviest else {
        return Some(finding(item, Finding::Met, "Surat ini belum pernah dipakai."));
    };
    let number = marks.number.as_deref().and_then(|number| place_of(number, &letter.stack.sheets));
    let evidence = number.or_else(|| letter.letter.as_ref().and_then(|l| l.evidence.heading.clone()));
    let then = wording::numbered(used.marks.number.as_deref(), used.marks.date);
    let now = wording::numbered(marks.number.as_deref(), marks.date);
    let pair = Some((now.trim(), Some(then.trim()))).filter(|(now, _)| !now.is_empty());
    Some(with(finding(item, weight(standing, sameness), sentence(used, sameness)), evidence, pair))
}

/// What a letter that was sent before is worth. One that nothing was granted on may be sent again.
fn weight(standing: Standing, sameness: Sameness) -> Finding {
    match (standing, sameness) {
        (Standing::Granted | Standing::Open, Sameness::Sure) => Finding::Contradicted,
        (Standing::Granted | Standing::Open, Sameness::Likely) | (Standing::Rejected, Sameness::Sure) => {
            Finding::Unclear
        }
        (Standing::Rejected, Sameness::Likely) | (Standing::GivenUp, _) => Finding::Met,
    }
}

fn sentence(used: &EarlierLetter, sameness: Sameness) -> String {
    let what = match sameness {
        Sameness::Sure => "Surat yang sama",
        Sameness::Likely => "Surat yang tampaknya sama",
    };
    let case = &used.case;
    match used.standing {
        Standing::Granted => format!("{what} sudah dipakai pada permohonan {case}."),
        Standing::Open => format!("{what} sedang diproses pada permohonan {case}."),
        Standing::Rejected => format!("{what} pernah diajukan pada permohonan {case}, yang ditolak."),
        Standing::GivenUp => {
            format!(
                "{what} pernah diajukan pada permohonan {case}, yang ditarik atau tidak dilengkapi; belum pernah dipakai."
            )
        }
    }
}

/// Where the number stands.
fn place_of(number: &str, sheets: &[Sheet]) -> Option<Evidence> {
    let bears = |text: &str| plain_number(text).is_some_and(|text| text.contains(number));
    sheets.iter().find_map(|sheet| {
        let (_, piece) = sheet.pieces().find(|(_, piece)| bears(&piece.text))?;
        Some(sheet.evidence(&piece.text, piece.at))
    })
}

/// Equal, different, or `None` where one of them is not known.
fn same<T: PartialEq>(a: &Option<T>, b: &Option<T>) -> Option<bool> {
    Some(a.as_ref()? == b.as_ref()?)
}

/// A number as it is compared. One without a digit is none.
pub fn plain_number(number: &str) -> Option<String> {
    let plain: String = number.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    plain.chars().any(|c| c.is_ascii_digit()).then_some(plain)
}

/// Hash of all words of a document, run together.
pub(super) fn text_hash(sheets: &[Sheet]) -> Option<Sha256Hex> {
    let words: String = sheets.iter().map(|sheet| fold(&sheet.text()).replace(' ', "")).collect();
    (words.chars().count() >= TELLING).then(|| hash(&words))
}

fn hash(text: &str) -> Sha256Hex {
    Sha256Hex(Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect())
}
