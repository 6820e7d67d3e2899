//! Placeholders. A rendered letter holds `{{link:reveal}}` where a link will stand and `{{time:expires_at:moment:id}}`
//! where a time is not known yet; both are filled at the moment of sending and nowhere else, so that no draft and no
//! archived letter holds a token.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::calendar;
use super::facts::Text;
use super::render::LetterError;
use crate::sop::names::Language;

/// What stands in for the placeholders of one letter.
pub struct Fillings {
    /// By link name: `reveal`, `confirm`, `approve`, … Whole addresses, from the configured base URL.
    pub links: BTreeMap<String, String>,
    /// By fact: `done_at`, `expires_at`, `deadline`.
    pub times: BTreeMap<String, DateTime<Utc>>,
    pub zone: Tz,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Clone)]
enum Placeholder {
    Link(String),
    Time { fact: String, form: Form, language: Language },
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
pub(super) enum Form {
    Date,
    WeekdayDate,
    Clock,
    Moment,
}

impl Form {
    pub fn name(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::WeekdayDate => "weekday_date",
            Self::Clock => "clock",
            Self::Moment => "moment",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Date, Self::WeekdayDate, Self::Clock, Self::Moment].into_iter().find(|form| form.name() == text)
    }

    pub fn write(self, at: DateTime<Utc>, zone: Tz, language: Language) -> String {
        match self {
            Self::Date => calendar::date(at, zone, language),
            Self::WeekdayDate => calendar::weekday_date(at, zone, language),
            Self::Clock => calendar::clock(at, zone, language),
            Self::Moment => calendar::moment(at, zone, language),
        }
    }
}

pub(super) fn link(name: &str) -> String {
    format!("{{{{link:{name}}}}}")
}

pub(super) fn time(fact: &str, form: Form, language: Language) -> String {
    format!("{{{{time:{fact}:{}:{}}}}}", form.name(), language.code())
}

impl Placeholder {
    fn parse(inside: &str) -> Option<Self> {
        let mut parts = inside.split(':');
        let kind = parts.next()?;
        let name = parts.next().filter(|name| {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        })?;
        let found = match kind {
            "link" => Self::Link(name.to_owned()),
            "time" => {
                let form = Form::parse(parts.next()?)?;
                let code = parts.next()?;
                let language = [Language::Id, Language::En].into_iter().find(|language| language.code() == code)?;
                Self::Time { fact: name.to_owned(), form, language }
            }
            _ => return None,
        };
        parts.next().is_none().then_some(found)
    }
}

/// Replaces every placeholder through `write`; whatever else stands between double braces is an error.
fn replace<E>(
    text: &str,
    mut write: impl FnMut(Result<Placeholder, String>) -> Result<String, E>,
) -> Result<String, E> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        filled.push_str(&rest[..start]);
        let after = &rest[start + 2..];
        let (inside, next) = after.split_once("}}").unwrap_or((after, ""));
        filled.push_str(&write(Placeholder::parse(inside).ok_or_else(|| inside.chars().take(40).collect()))?);
        rest = next;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// Puts links and times in. Afterwards no placeholder is left.
///
/// # Errors
/// [`LetterError::Placeholder`] where a placeholder has no filling, is none of ours, or a link stands in the subject.
pub fn fill(text: &Text, fillings: &Fillings) -> Result<Text, LetterError> {
    let unfilled = |name: &str| LetterError::Placeholder { name: name.to_owned() };
    let time = |fact: &str, form: Form, language| {
        let at = fillings.times.get(fact).ok_or_else(|| unfilled(fact))?;
        Ok(form.write(*at, fillings.zone, language))
    };
    let subject = replace(&text.subject, |found| match found {
        Ok(Placeholder::Time { fact, form, language }) => time(&fact, form, language),
        Ok(Placeholder::Link(name)) | Err(name) => Err(unfilled(&name)),
    })?;
    let body = replace(&text.body, |found| match found {
        Ok(Placeholder::Time { fact, form, language }) => time(&fact, form, language),
        Ok(Placeholder::Link(name)) => fillings.links.get(&name).cloned().ok_or_else(|| unfilled(&name)),
        Err(name) => Err(unfilled(&name)),
    })?;
    Ok(Text { subject, body })
}

/// [`fill`] for a letter all of whose times are known.
///
/// # Errors
/// As [`fill`].
pub fn fill_links(text: &Text, links: &BTreeMap<String, String>) -> Result<Text, LetterError> {
    fill(text, &Fillings { links: links.clone(), times: BTreeMap::new(), zone: Tz::UTC })
}

/// The names a letter waits for: links first, then times, as `link:reveal` and `time:expires_at`.
pub fn placeholders(text: &Text) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for part in [&text.subject, &text.body] {
        let _: Result<String, std::convert::Infallible> = replace(part, |found| {
            match found {
                Ok(Placeholder::Link(name)) => names.insert(format!("link:{name}")),
                Ok(Placeholder::Time { fact, .. }) => names.insert(format!("time:{fact}")),
                Err(other) => names.insert(other),
            };
            Ok(String::new())
        });
    }
    names
}

/// Shows a draft to a person: words in place of the placeholders.
pub(super) fn shown(text: &str, link: &str, time: &str) -> String {
    let shown: Result<String, std::convert::Infallible> = replace(text, |found| {
        Ok(match found {
            Ok(Placeholder::Link(_)) => link.to_owned(),
            Ok(Placeholder::Time { .. }) => time.to_owned(),
            Err(other) => other,
        })
    });
    shown.unwrap_or_default()
}

/// What is wrong with a letter that an admin edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EditFault {
    Empty,
    /// More than 20,000 characters.
    TooLong,
    /// The subject has more than one line, or lost the case number.
    Subject,
    /// A link or time that the letter needs was taken out: `link:reveal`.
    PlaceholderLost(String),
    /// Double braces that stand for nothing.
    PlaceholderUnknown(String),
    /// A whole NIP or NIK; letters never hold one.
    PersonalNumber,
}

impl fmt::Display for EditFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the letter is empty"),
            Self::TooLong => f.write_str("the letter is longer than 20,000 characters"),
            Self::Subject => f.write_str("the subject must be one line and keep the case number"),
            Self::PlaceholderLost(name) => write!(f, "the letter needs its placeholder {name}"),
            Self::PlaceholderUnknown(name) => write!(f, "the placeholder {name} stands for nothing"),
            Self::PersonalNumber => f.write_str("the letter holds a whole NIP or NIK"),
        }
    }
}

/// Checks a letter as an admin edited it against the draft it came from. Line ends become `\n`.
///
/// # Errors
/// Every [`EditFault`] found, in the order of the text.
pub fn check_edited(draft: &Text, edited: &Text) -> Result<Text, Vec<EditFault>> {
    let text = Text { subject: edited.subject.trim().to_owned(), body: edited.body.replace("\r\n", "\n") };
    let mut faults = Vec::new();
    let tag = draft.subject.split_once(']').filter(|(tag, _)| tag.starts_with('[')).map(|(tag, _)| format!("{tag}]"));
    if text.subject.is_empty()
        || text.subject.chars().any(char::is_control)
        || tag.is_some_and(|tag| !text.subject.starts_with(&tag))
    {
        faults.push(EditFault::Subject);
    }
    if text.body.trim().is_empty() {
        faults.push(EditFault::Empty);
    }
    if text.body.chars().count() > 20_000 {
        faults.push(EditFault::TooLong);
    }
    let (needed, there) = (placeholders(draft), placeholders(&text));
    faults.extend(needed.difference(&there).cloned().map(EditFault::PlaceholderLost));
    faults.extend(there.difference(&needed).cloned().map(EditFault::PlaceholderUnknown));
    if holds_personal_number(&text.subject) || holds_personal_number(&text.body) {
        faults.push(EditFault::PersonalNumber);
    }
    if faults.is_empty() { Ok(text) } else { Err(faults) }
}

/// A run of 16 or 18 digits, also in groups parted by spaces, dots or dashes as a NIP is printed. An 18-digit run
/// stays one when other characters follow; longer runs are some other number.
fn holds_personal_number(text: &str) -> bool {
    let mut digits = 0;
    let mut parted = false;
    for character in text.chars().chain(['\n']) {
        if character.is_ascii_digit() {
            digits += 1;
            parted = false;
        } else if digits > 0 && !parted && matches!(character, ' ' | '.' | '-' | '\u{a0}') {
            parted = true;
        } else {
            if digits == 16 || digits == 18 {
                return true;
            }
            (digits, parted) = (0, false);
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use proptest::prelude::*;

    use super::*;

    fn text(body: &str) -> Text {
        Text { subject: "[LPSE-2026-0001] Hasil".into(), body: body.into() }
    }

    fn links(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, url)| ((*name).to_owned(), (*url).to_owned())).collect()
    }

    #[test]
    fn a_link_without_its_address_is_an_error_and_not_a_letter() {
        let letter = text("Buka {{link:reveal}} lalu {{link:confirm}}.");

        let filled = fill_links(&letter, &links(&[("reveal", "https://desk.example/a")]));

        assert!(matches!(filled, Err(LetterError::Placeholder { name }) if name == "confirm"));
    }

    #[test]
    fn a_late_time_is_written_in_its_own_language_and_form() {
        let at = Utc.with_ymd_and_hms(2026, 11, 11, 4, 0, 0).unwrap();
        let letter = text("{{time:expires_at:moment:id}} | {{time:expires_at:date:en}}");
        let fillings = Fillings {
            links: BTreeMap::new(),
            times: [("expires_at".to_owned(), at)].into(),
            zone: Tz::Asia__Makassar,
        };

        let filled = fill(&letter, &fillings).unwrap();

        assert_eq!(filled.body, "Rabu, 11 November 2026 pukul 12.00 WITA | 11 November 2026");
    }

    #[test]
    fn a_link_in_a_subject_is_refused() {
        let letter = Text { subject: "{{link:reveal}}".into(), body: String::new() };

        assert!(fill_links(&letter, &links(&[("reveal", "https://desk.example/a")])).is_err());
    }

    #[test]
    fn an_edited_letter_keeps_its_links_and_gains_none() {
        let draft = text("Buka {{link:reveal}}.");

        assert!(check_edited(&draft, &text("Silakan buka {{link:reveal}}.\r\nTerima kasih.")).is_ok());
        assert_eq!(
            check_edited(&draft, &text("Silakan datang. {{link:approve}}")).unwrap_err(),
            [EditFault::PlaceholderLost("link:reveal".into()), EditFault::PlaceholderUnknown("link:approve".into())]
        );
    }

    #[test]
    fn an_edited_letter_may_not_hold_a_whole_nip() {
        let draft = text("Yth.");

        for body in ["NIP 19870612 201101 2 931 benar", "NIP. 198706122011012931", "NIK 6472055206870001."] {
            assert_eq!(check_edited(&draft, &text(body)).unwrap_err(), [EditFault::PersonalNumber], "{body}");
        }
        assert!(check_edited(&draft, &text("Nomor 000.3/0104/LPSE, telepon (0599) 445566, 10 November 2026")).is_ok());
    }

    #[test]
    fn an_edited_subject_keeps_the_number_on_one_line() {
        let draft = text("isi");
        let with = |subject: &str| Text { subject: subject.into(), body: "isi".into() };

        assert!(check_edited(&draft, &with("[LPSE-2026-0001] Lainnya")).is_ok());
        for subject in ["Lainnya", "", "[LPSE-2026-0001] a\r\nBcc: x@y.example"] {
            assert_eq!(check_edited(&draft, &with(subject)).unwrap_err(), [EditFault::Subject], "{subject:?}");
        }
    }

    proptest! {
        #[test]
        fn filling_never_panics_and_never_leaves_double_braces(body in "(\\{|\\}|link:|time:|a|b|:| |reveal){0,30}") {
            if let Ok(filled) = fill_links(&text(&body), &links(&[("reveal", "https://desk.example/a"), ("a", "u")])) {
                prop_assert!(!filled.body.contains("{{"));
            }
        }
    }
}
